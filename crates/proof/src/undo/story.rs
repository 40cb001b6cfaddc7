//! What happens, step by step; each ends when Tandem has nothing left to do.

use super::report::{Calls, Report};
use super::{Args, judge};
use crate::dice::Dice;
use crate::org::{Org, Others};
use crate::server::Server;
use anyhow::{Context as _, Result, bail, ensure};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use http::Method;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};
use tandem_server::demo::acts;
use tandem_server::demo::browser::Browser;
use tandem_server::demo::compare::{compare, rows};
use tokio::time::sleep;

/// Longest time of one step.
const STEP_LONGEST: Duration = Duration::from_secs(3_600);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Requests of a program at the same time.
const REQUESTS_AT_ONCE: usize = 8;
const MAPPING: &str = "/api/admin/mappings/Lead";
/// The version that does the harm.
const BAD_VERSION: &str = "2";

/// A lead on both sides.
#[derive(Clone)]
pub(super) struct Lead {
    /// The workspace record's number.
    pub(super) id: i64,
    /// The CRM record's id.
    pub(super) crm: String,
}

/// Everything that takes part.
pub(super) struct Story {
    org: Org,
    server: Server,
    /// A person at a browser.
    person: Browser,
    dice: Dice,
    edited_percent: usize,
    leads: Vec<Lead>,
    /// The titles that people typed since, by the CRM record's id.
    typed: BTreeMap<String, String>,
    report: Report,
}

impl Story {
    /// Sets the stage: an org, a server that is connected to it, every lead imported.
    pub(super) async fn begin(tandem: &Path, dir: &Path, args: &Args) -> Result<Self> {
        let org = Org::start(tandem, dir, args.records, Others::Few, args.seed)?;
        let mut server = Server::place(tandem, dir, &org)?;
        server.start()?;
        let mut person = Browser::new(server.url())?;
        server.ready(&person).await?;
        let password = SecretString::from("correct-horse-battery");
        person.sign_in(&password).await?;
        let (name, password) = (org.credential("username"), org.credential("password"));
        person.connect(name, password).await?;
        let on = json!({"enabled": true});
        let mut story = Self {
            org,
            server,
            person,
            dice: Dice::new(args.seed),
            edited_percent: args.edited_percent.into(),
            leads: Vec::new(),
            typed: BTreeMap::new(),
            report: Report::default(),
        };
        story
            .call(Method::PUT, "/api/admin/sync/enabled", &on)
            .await?;
        story.rest("imported", "").await?;
        story.leads = story
            .look()
            .await?
            .into_iter()
            .map(|(lead, _)| lead)
            .collect();
        let there = story.leads.len();
        ensure!(
            there == args.records,
            "{there} leads came, not {}",
            args.records
        );
        story.report.records = there as u64;
        Ok(story)
    }

    /// From the harm to its undo; what was found.
    pub(super) async fn tell(&mut self) -> Result<Report> {
        let before = self.org.dump("Lead").await?;
        let bad = json!({"workspace": "title", "direction": "both", "winner": "workspace"});
        self.publish(1, bad).await?;
        self.let_the_program_in().await?;
        self.approve_until_rest().await?;
        self.report.rewritten = judge::rewritten(&before, &self.org.dump("Lead").await?);
        self.edit("before the mapping is corrected").await?;
        self.publish(2, json!({"workspace": "title", "winner": "crm"}))
            .await?;
        self.edit("after it was corrected").await?;
        let preview = self.undo("previewed", false)?;
        self.carry_out().await?;
        self.report
            .faults
            .extend(judge::preview(&preview, &self.leads, &self.typed));
        self.compare(&before).await?;
        self.server.stop().and_then(|()| self.server.examine())?;
        self.report.judge();
        Ok(std::mem::take(&mut self.report))
    }

    async fn call(&self, method: Method, path: &str, body: &Value) -> Result<Value> {
        Ok(self.person.call(method, path, body).await?)
    }

    /// The leads as the workspace shows them, each with its title.
    async fn look(&self) -> Result<Vec<(Lead, String)>> {
        let people = rows(&self.person, "/api/admin/records/person").await?;
        let leads = people.into_iter().filter(|row| row["object"] == "Lead");
        let lead = |row: Value| {
            let id = row["id"].as_i64().context("a number")?;
            let crm = row["crm_id"].as_str().context("an id")?.to_owned();
            let title = row["fields"]["title"].as_str().unwrap_or_default();
            Ok((Lead { id, crm }, title.to_owned()))
        };
        leads.map(lead).collect()
    }

    /// A program that was refused until now writes its titles.
    async fn let_the_program_in(&mut self) -> Result<()> {
        let program = self.server.program()?;
        let edits = self.leads.iter();
        let edits = edits.map(|lead| title_edit(&program, lead, format!("Program {}", lead.id)));
        let edits = stream::iter(edits).buffer_unordered(REQUESTS_AT_ONCE);
        edits.try_collect::<Vec<()>>().await?;
        self.rest("written by a program, as far as the brake let it", "")
            .await
    }

    async fn publish(&mut self, version: u32, row: Value) -> Result<()> {
        let edit = json!({"version": version, "rows": [row]});
        self.call(Method::PATCH, MAPPING, &edit).await?;
        self.rest(&format!("decided by version {}", version + 1), "")
            .await
    }

    /// What the brake holds is approved by somebody who does not see the mistake.
    async fn approve_until_rest(&mut self) -> Result<()> {
        while let Some(plan) = self.open_plan().await? {
            let records = plan["records"].as_u64().unwrap_or_default();
            self.report.held += records;
            let path = format!("/api/admin/plans/{}/approve", plan["id"]);
            self.call(Method::POST, &path, &Value::Null).await?;
            self.rest(&format!("rewritten: {records} that the brake had held"), "")
                .await?;
        }
        Ok(())
    }

    async fn open_plan(&self) -> Result<Option<Value>> {
        let plans = self
            .call(Method::GET, "/api/admin/plans", &Value::Null)
            .await?;
        let mut plans = plans.as_array().into_iter().flatten();
        Ok(plans.find(|plan| plan["state"] == "open").cloned())
    }

    /// People edit a part of the titles, on both sides, and everything goes where it belongs.
    async fn edit(&mut self, when: &str) -> Result<()> {
        let count = self.leads.len() * self.edited_percent / 200;
        for number in 0..count {
            let lead = self.unedited()?;
            let title = format!("Typed {when} {number}");
            if number.is_multiple_of(2) {
                title_edit(&self.person, &lead, title.clone()).await?;
            } else {
                let path = format!("/control/records/Lead/{}", lead.crm);
                let edit = json!({"fields": {"Title": title}});
                self.org.steer("PATCH", &path, &edit).await?;
            }
            self.typed.insert(lead.crm, title);
        }
        self.report.edited = self.typed.len() as u64;
        self.read_all(&format!("edited by people {when}")).await
    }

    fn unedited(&mut self) -> Result<Lead> {
        loop {
            let lead = self.dice.pick(&self.leads).context("no lead")?;
            if !self.typed.contains_key(&lead.crm) {
                return Ok(lead.clone());
            }
        }
    }

    fn undo(&mut self, what: &str, apply: bool) -> Result<Value> {
        let began = Instant::now();
        let mut words = vec!["undo", "--object", "Lead", "--mapping", BAD_VERSION];
        words.extend(apply.then_some("--yes"));
        let said = self.server.command_line(&words)?;
        self.report
            .took(&format!("the undo {what}"), began.elapsed());
        Ok(said)
    }

    /// The undo, until its last value is written; then everything is read once more.
    async fn carry_out(&mut self) -> Result<()> {
        let before = self.meter().await?;
        let done = self.undo("carried out in the workspace", true)?;
        self.report.restored = done["records_restored"].as_u64().unwrap_or_default();
        self.rest("put back in the CRM", "").await?;
        let written = self.meter().await?;
        self.read_all("read back").await?;
        let all = self.meter().await?;
        self.report.calls = Calls::between(&before, &written, &all);
        match self.open_plan().await? {
            None => Ok(()),
            Some(plan) => bail!("the brake holds a part of the undo: {plan}"),
        }
    }

    /// Calls by kind, by the org's own meter.
    async fn meter(&self) -> Result<BTreeMap<String, u64>> {
        let reading = self
            .org
            .steer("GET", "/control/meter", &Value::Null)
            .await?;
        Ok(serde_json::from_value(reading["by_kind"].clone())?)
    }

    async fn compare(&mut self, before: &[Value]) -> Result<()> {
        let began = Instant::now();
        let there = self.org.dump("Lead").await?;
        let here = self.look().await?;
        let faults = judge::records(before, &there, &here, &self.typed);
        self.report.faults.extend(faults);
        let org = &self.org;
        let both = compare(&self.person, async |object: &str| org.dump(object).await).await?;
        self.report.fields = both.fields as u64;
        self.report.faults.extend(both.told);
        self.report.took("both sides compared", began.elapsed());
        Ok(())
    }

    /// Waits until everything was read again and nothing is left to do.
    async fn read_all(&mut self, what: &str) -> Result<()> {
        let asked_at = acts::ask_to_read(&self.person).await?;
        self.rest(what, &asked_at).await
    }

    /// Waits until nothing is left to do.
    async fn rest(&mut self, what: &str, read_after: &str) -> Result<()> {
        let began = Instant::now();
        loop {
            let sync = self
                .call(Method::GET, "/api/admin/sync", &Value::Null)
                .await?;
            if acts::is_quiet(&sync, read_after) {
                self.report.took(what, began.elapsed());
                return Ok(());
            }
            self.server.alive()?;
            if began.elapsed() > STEP_LONGEST {
                bail!("“{what}” did not end within an hour: {sync}");
            }
            sleep(LOOK_EVERY).await;
        }
    }
}

async fn title_edit(who: &Browser, lead: &Lead, title: String) -> Result<()> {
    let path = format!("/api/admin/records/person/{}", lead.id);
    let edit = json!({"fields": {"title": title}});
    who.call(Method::PATCH, &path, &edit).await?;
    Ok(())
}
