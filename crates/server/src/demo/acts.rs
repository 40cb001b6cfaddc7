//! What people do in the story, on both sides.

use super::browser::Browser;
use super::report::ConflictTold;
use super::stage::Stage;
use crate::cli::Failure;
use crate::cli::failure::Kind;
use axum::http::Method;
use serde_json::{Value, json};
use std::time::Duration;

/// A linked record, as the person sees it in a list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its kind.
    pub kind: &'static str,
    /// Its number.
    pub id: i64,
    /// What pages call it.
    pub name: String,
    /// The CRM object that it is linked to.
    pub object: String,
    /// The CRM record's id.
    pub crm_id: String,
}

/// Records that a list holds at most.
const LISTED_MAX: usize = 200;

/// Records of a kind that are linked to an object (to any if it is empty), latest change first.
///
/// # Errors
/// Tandem does not answer.
pub async fn list(
    browser: &Browser,
    kind: &'static str,
    object: &str,
    link: &str,
) -> Result<Vec<Listed>, Failure> {
    let mut found = Vec::new();
    let mut cursor = String::new();
    while found.len() < LISTED_MAX {
        let path = format!("/api/admin/records/{kind}?limit=200&link={link}{cursor}");
        let page = browser.call(Method::GET, &path, &Value::Null).await?;
        let rows = page["rows"].as_array().into_iter().flatten();
        let wanted = rows.filter(|row| object.is_empty() || row["object"] == object);
        found.extend(wanted.map(|row| listed(kind, row)));
        let Some(next) = page["next"].as_str() else {
            break;
        };
        let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
        cursor = format!("&cursor={next}");
    }
    found.truncate(LISTED_MAX);
    Ok(found)
}

fn listed(kind: &'static str, row: &Value) -> Listed {
    let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
    Listed {
        kind,
        id: row["id"].as_i64().unwrap_or_default(),
        name: text("name"),
        object: text("object"),
        crm_id: text("crm_id"),
    }
}

/// A person edits a record in the workspace.
///
/// # Errors
/// Tandem does not answer, or refuses.
pub async fn edit_here(browser: &Browser, record: &Listed, fields: Value) -> Result<(), Failure> {
    let path = format!("/api/admin/records/{}/{}", record.kind, record.id);
    let body = json!({ "fields": fields });
    browser.call(Method::PATCH, &path, &body).await.map(drop)
}

/// A person edits a record in the CRM.
pub(super) fn edit_there(stage: &Stage, record: &Listed, fields: Value) -> Result<(), Failure> {
    let path = format!("/control/records/{}/{}", record.object, record.crm_id);
    stage
        .org()
        .steer("PATCH", &path, &json!({ "fields": fields }))?;
    Ok(())
}

/// What the workspace holds now.
pub(super) async fn look(
    browser: &Browser,
    record: &Listed,
    field: &str,
) -> Result<Value, Failure> {
    let path = format!("/api/admin/records/{}/{}", record.kind, record.id);
    let page = browser.call(Method::GET, &path, &Value::Null).await?;
    let fields = page["fields"].as_array().into_iter().flatten();
    let found = fields
        .into_iter()
        .find(|view| view["name"] == field)
        .cloned();
    Ok(found.unwrap_or_default())
}

/// Everyday work: one field each of many records, on one side or the other.
pub(super) async fn everyday(stage: &Stage) -> Result<(), Failure> {
    let browser = stage.browser();
    let leads = list(browser, "person", "Lead", "linked").await?;
    let contacts = list(browser, "person", "Contact", "linked").await?;
    let accounts = list(browser, "account", "Account", "linked").await?;
    let deals = list(browser, "opportunity", "Opportunity", "linked").await?;
    for (n, lead) in leads.iter().take(40).enumerate() {
        if n % 2 == 0 {
            edit_there(
                stage,
                lead,
                json!({"Title": format!("Head of Operations {n}")}),
            )?;
        } else {
            edit_here(
                browser,
                lead,
                json!({"phone": format!("+47 22 00 10 {n:02}")}),
            )
            .await?;
        }
    }
    for (n, contact) in contacts.iter().take(20).enumerate() {
        edit_here(browser, contact, json!({"title": format!("Director {n}")})).await?;
    }
    for (n, account) in accounts.iter().take(20).enumerate() {
        edit_there(
            stage,
            account,
            json!({"Phone": format!("+46 8 000 20 {n:02}")}),
        )?;
    }
    for deal in deals.iter().take(10) {
        edit_here(
            browser,
            deal,
            json!({"next_step": "Send the revised offer"}),
        )
        .await?;
    }
    Ok(())
}

/// The same field of the same record on both sides, once for each rule; sync is off meanwhile, as if
/// the network were down. Gives what should come of it.
pub(super) async fn conflicts(stage: &Stage) -> Result<Vec<(Listed, ConflictTold)>, Failure> {
    let browser = stage.browser();
    let leads = list(browser, "person", "Lead", "linked").await?;
    let mut leads = leads.into_iter().skip(60);
    let time = stage.app().now().strftime("%H:%M:%S").to_string();
    let mut told = Vec::new();
    for case in &CASES {
        told.extend(leads.by_ref().take(3).map(|lead| (lead, case)));
    }
    for (lead, case) in &told {
        case.edit(stage, lead, case.crm_last, &time).await?;
    }
    // Both clocks tell seconds; “later” means a later second.
    tokio::time::sleep(Duration::from_millis(1_050)).await;
    for (lead, case) in &told {
        case.edit(stage, lead, !case.crm_last, &time).await?;
    }
    Ok(told
        .into_iter()
        .map(|(lead, case)| case.told(lead, &time))
        .collect())
}

struct Case {
    rule: &'static str,
    field: &'static str,
    crm_field: &'static str,
    word: &'static str,
    crm_last: bool,
    crm_wins: bool,
}

const CASES: [Case; 5] = [
    Case {
        rule: "CRM wins",
        field: "company",
        crm_field: "Company",
        word: "Company",
        crm_last: false,
        crm_wins: true,
    },
    Case {
        rule: "workspace wins",
        field: "phone",
        crm_field: "Phone",
        word: "Phone",
        crm_last: true,
        crm_wins: false,
    },
    Case {
        rule: "most recent",
        field: "title",
        crm_field: "Title",
        word: "Title",
        crm_last: true,
        crm_wins: true,
    },
    Case {
        rule: "most recent",
        field: "title",
        crm_field: "Title",
        word: "Title",
        crm_last: false,
        crm_wins: false,
    },
    Case {
        rule: "held",
        field: "description",
        crm_field: "Description",
        word: "Note",
        crm_last: false,
        crm_wins: false,
    },
];

impl Case {
    /// A record may have played its part before, when a story was cut off: the time makes it an edit again.
    fn values(&self, time: &str) -> (String, String) {
        let of = |side: &str| format!("{} of the {side}, {time}", self.word);
        (of("CRM"), of("workspace"))
    }

    async fn edit(
        &self,
        stage: &Stage,
        lead: &Listed,
        here: bool,
        time: &str,
    ) -> Result<(), Failure> {
        let (crm, workspace) = self.values(time);
        if here {
            let fields = json!({ self.field: workspace });
            edit_here(stage.browser(), lead, fields).await
        } else {
            edit_there(stage, lead, json!({ self.crm_field: crm }))
        }
    }

    fn told(&self, lead: Listed, time: &str) -> (Listed, ConflictTold) {
        let (crm, workspace) = self.values(time);
        let expected = if self.crm_wins { &crm } else { &workspace };
        let told = ConflictTold {
            record: lead.name.clone(),
            field: self.field.into(),
            rule: self.rule,
            expected: expected.clone(),
            crm,
            workspace,
            outcome: String::new(),
        };
        (lead, told)
    }
}

/// New people on both sides; the answer to the creation of one of ours is lost on the way.
pub(super) async fn newcomers(stage: &Stage) -> Result<(), Failure> {
    for n in 0..5 {
        let fields = json!({
            "FirstName": "Nova", "LastName": format!("Crmborn{n}"), "Company": "Northlight Freight",
            "Email": format!("nova{n}@northlight.example"),
        });
        let body = json!({ "fields": fields });
        stage.org().steer("POST", "/control/records/Lead", &body)?;
    }
    let fault = json!({
        "match": {"method": "POST", "path": "/composite", "body": "Workspaceborn"},
        "action": {"kind": "do_then_lose"},
    });
    stage.org().steer("POST", "/control/faults", &fault)?;
    for n in 0..5 {
        let body = json!({"create_as": "Lead", "fields": {
            "first_name": "Wes", "last_name": format!("Workspaceborn{n}"),
            "company": "Harbour & Hill", "email": format!("wes{n}@harbourhill.example"),
        }});
        let path = "/api/admin/records/person";
        stage.browser().call(Method::POST, path, &body).await?;
    }
    Ok(())
}

/// Values that the CRM does not take. The rest of each record goes through.
pub(super) async fn refusals(stage: &Stage) -> Result<(), Failure> {
    let browser = stage.browser();
    stage
        .org()
        .steer("POST", "/control/tokens/expire", &Value::Null)?;
    let leads = list(browser, "person", "Lead", "linked").await?;
    for lead in leads.iter().skip(100).take(3) {
        let title = "Chief of ".to_owned() + &"very ".repeat(30) + "long titles";
        let fields = json!({"title": title, "phone": "+47 22 00 99 99"});
        edit_here(browser, lead, fields).await?;
    }
    Ok(())
}

/// A person settles what waits for one, by the workspace's value.
///
/// # Errors
/// Tandem does not answer, or a value changed meanwhile.
pub async fn decide_all(browser: &Browser) -> Result<(), Failure> {
    for kind in ["account", "person", "opportunity"] {
        for record in list(browser, kind, "", "held").await? {
            decide(browser, &record).await?;
        }
    }
    Ok(())
}

/// A person settles what waits for one, and repairs what was refused. Answers how many were repaired.
pub(super) async fn tidy_up(browser: &Browser) -> Result<usize, Failure> {
    decide_all(browser).await?;
    let mut repaired = 0;
    for kind in ["account", "person", "opportunity"] {
        for record in list(browser, kind, "", "refused").await? {
            edit_here(browser, &record, json!({"title": "Chief of Staff"})).await?;
            repaired += 1;
        }
    }
    Ok(repaired)
}

/// Takes the workspace's value in every held field.
async fn decide(browser: &Browser, record: &Listed) -> Result<(), Failure> {
    let path = format!("/api/admin/records/{}/{}", record.kind, record.id);
    let page = browser.call(Method::GET, &path, &Value::Null).await?;
    for field in page["fields"].as_array().into_iter().flatten() {
        let (Some(name), Some(seen)) = (field["name"].as_str(), field["held_crm"].as_str()) else {
            continue;
        };
        let body = json!({"seen_crm": seen, "choice": "workspace"});
        let path = format!("{path}/held/{name}");
        browser.call(Method::POST, &path, &body).await?;
    }
    Ok(())
}

/// Waits until Tandem has read everything once more and nothing is left to do.
///
/// # Errors
/// Tandem does not answer, or took longer.
pub async fn settled(browser: &Browser, longest: Duration) -> Result<(), Failure> {
    let asked_at = ask_to_read(browser).await?;
    quiet(browser, longest, &asked_at, |_| ()).await
}

/// Asks that everything be read at once; gives the time, which [`is_quiet`] takes.
///
/// # Errors
/// Tandem does not answer.
pub async fn ask_to_read(browser: &Browser) -> Result<String, Failure> {
    let asked_at = tandem_core::Timestamp::now().to_string();
    browser
        .call(Method::POST, "/api/admin/sync/now", &Value::Null)
        .await?;
    Ok(asked_at)
}

/// Waits until everything was read at least once and nothing is left to do; tells `watch` meanwhile how
/// many records there are.
///
/// # Errors
/// Tandem does not answer, or took longer.
pub async fn read_once(
    browser: &Browser,
    longest: Duration,
    watch: impl Fn(u64),
) -> Result<(), Failure> {
    quiet(browser, longest, "", watch).await
}

async fn quiet(
    browser: &Browser,
    longest: Duration,
    read_after: &str,
    watch: impl Fn(u64),
) -> Result<(), Failure> {
    let began = std::time::Instant::now();
    loop {
        let sync = browser
            .call(Method::GET, "/api/admin/sync", &Value::Null)
            .await?;
        let kinds = sync["records"].as_array().into_iter().flatten();
        watch(kinds.filter_map(|kind| kind["records"].as_u64()).sum());
        if is_quiet(&sync, read_after) {
            return Ok(());
        }
        if began.elapsed() > longest {
            let text = format!(
                "Tandem did not finish within {} s: {sync}",
                longest.as_secs()
            );
            return Err(Failure::new(Kind::Failed, text));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Whether nothing is left to do, by the answer about the sync, and everything was read after that time.
pub fn is_quiet(sync: &Value, read_after: &str) -> bool {
    let waiting: u64 = ["decisions", "writes_pending", "writes_open"]
        .iter()
        .filter_map(|part| sync["backlog"][part].as_u64())
        .sum();
    let objects = sync["objects"].as_array().map_or(&[][..], Vec::as_slice);
    let read = |object: &Value| {
        object["fresh_at"]
            .as_str()
            .is_some_and(|at| at > read_after)
    };
    waiting == 0 && !objects.is_empty() && objects.iter().all(read)
}
