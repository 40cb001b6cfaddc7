//! Undo and why, against the sandbox over loopback: what is put back really stands on both sides.

use crate::story::{Houses, houses};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use tandem_sandbox::world::{Actor, DmlOptions};

/// A lead that is mapped both ways by its title.
struct Lead {
    id: i64,
    crm_id: String,
    title: String,
}

impl Houses {
    /// Connected and synced, titles of leads both ways; the leads.
    async fn titled() -> (Self, Vec<Lead>) {
        let houses = houses().await;
        houses.connect().await;
        houses.turn_on().await;
        houses.work().await;
        let both = json!({"version": 1, "rows": [
            {"workspace": "title", "direction": "both", "winner": "workspace"}]});
        houses.edit_mapping("Lead", both).await;
        houses.work().await;
        let people = houses.get("/api/admin/records/person").await;
        let rows = people["rows"].as_array().expect("rows").iter();
        let leads = rows.filter(|row| row["object"] == "Lead").map(|row| Lead {
            id: row["id"].as_i64().expect("a number"),
            crm_id: row["crm_id"].as_str().expect("an id").to_owned(),
            title: row["fields"]["title"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        });
        let leads = leads.collect();
        (houses, leads)
    }

    async fn get(&self, path: &str) -> Value {
        let reply = self.call(Method::GET, path, Value::Null).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
        reply.json()
    }

    async fn type_title(&self, lead: &Lead, title: &str) {
        self.only_type_title(lead, title).await;
        self.work().await;
    }

    /// Typed, and not sent yet.
    async fn only_type_title(&self, lead: &Lead, title: &str) {
        let path = format!("/api/admin/records/person/{}", lead.id);
        let edit = json!({"fields": {"title": title}});
        let reply = self.call(Method::PATCH, &path, edit).await;
        assert_eq!(reply.status, StatusCode::NO_CONTENT, "{}", reply.body);
    }

    /// Somebody in the CRM describes these leads.
    fn describe(&self, leads: &[Lead]) {
        self.org.sandbox().follow(tandem_core::Timestamp::now());
        self.org.sandbox().world(|world| {
            let actor = Actor::user(world.admin_id());
            for lead in leads {
                let text = format!("About {}", lead.id);
                let fields = serde_json::from_value(json!({"Description": text}));
                let fields = fields.expect("fields");
                let options = DmlOptions::default();
                world
                    .update(&actor, "Lead", &lead.crm_id, &fields, &options)
                    .expect("stored");
            }
        });
    }

    async fn undo(&self, body: Value) -> Value {
        let reply = self.call(Method::POST, "/api/admin/log/undo", body).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
        self.work().await;
        reply.json()
    }

    /// The newest entry of that source.
    async fn newest(&self, source: &str) -> Value {
        let page = self
            .get(&format!("/api/admin/log?limit=1&source={source}"))
            .await;
        page["rows"][0].clone()
    }

    /// The titles here and in the CRM.
    async fn titles(&self, lead: &Lead) -> (String, String) {
        let why = self.why(&lead.id.to_string()).await;
        let soql = format!("SELECT Title FROM Lead WHERE Id = '{}'", lead.crm_id);
        let found = self.org.sandbox().world(|world| {
            let actor = Actor::system(world.admin_id());
            let scope = tandem_sandbox::soql::QueryScope::Live;
            let found = world.query(&actor, &soql, scope).expect("a query");
            world.render_rows(&found, 0..1, "")
        });
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (text(&why["workspace"]), text(&found[0]["Title"]))
    }

    async fn why(&self, record: &str) -> Value {
        self.get(&format!("/api/admin/why?record={record}&field=title"))
            .await
    }
}

fn both(title: &str) -> (String, String) {
    (title.to_owned(), title.to_owned())
}

#[tokio::test]
async fn an_entry_is_previewed_undone_and_the_undo_is_undone() {
    let (houses, leads) = Houses::titled().await;
    let lead = &leads[0];
    houses.type_title(lead, "Bridge Builder").await;
    let entry = houses.newest("workspace").await["id"].clone();
    let preview = houses.undo(json!({"entry": entry})).await;
    assert_eq!(preview["applied"], false);
    assert_eq!(
        (&preview["restored"], &preview["to_crm"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(preview["api_calls"], 1);
    assert_eq!(preview["lines"][0]["value"], lead.title);
    assert_eq!(
        houses.titles(lead).await,
        both("Bridge Builder"),
        "a preview changes nothing"
    );

    houses.undo(json!({"entry": entry, "apply": true})).await;
    assert_eq!(houses.titles(lead).await, both(&lead.title));
    let told = houses.newest("tandem").await;
    assert_eq!(
        told["summary"],
        format!("Undid entry #{entry}: put back title")
    );
    assert_eq!(told["changes"][0]["rule"], "undone");
    let body = json!({"entry": entry, "apply": true});
    let again = houses.call(Method::POST, "/api/admin/log/undo", body).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(
        again.body.contains("it stands as it was before"),
        "{}",
        again.body
    );

    houses
        .undo(json!({"entry": told["id"], "apply": true}))
        .await;
    assert_eq!(houses.titles(lead).await, both("Bridge Builder"));
    let audit = houses.get("/api/admin/audit").await;
    assert_eq!(audit["rows"][0]["action"], "sync.undone");
}

#[tokio::test]
async fn a_window_is_undone_but_for_what_people_changed_since() {
    let (houses, leads) = Houses::titled().await;
    let since = houses.newest("crm").await["at"].clone();
    for lead in &leads[..3] {
        houses.type_title(lead, "Rewritten").await;
    }
    let until = tandem_core::Timestamp::now().to_string();
    houses.type_title(&leads[1], "Typed since").await;
    let window = json!({"since": since, "until": until, "source": "workspace", "apply": true});
    let report = houses.undo(window).await;
    assert_eq!(
        (&report["restored"], &report["records"]),
        (&json!(2), &json!(3))
    );
    assert_eq!(
        report["kept"][0]["reason"],
        "it was changed in the workspace since"
    );
    assert_eq!(report["next"], Value::Null);
    assert_eq!(houses.titles(&leads[0]).await, both(&leads[0].title));
    assert_eq!(houses.titles(&leads[1]).await, both("Typed since"));
    assert_eq!(houses.titles(&leads[2]).await, both(&leads[2].title));
    let record = json!({"record": leads[1].id});
    let preview = houses.undo(record).await;
    assert_eq!(
        preview["lines"][0]["value"], leads[1].title,
        "both edits are taken back"
    );
    assert_eq!(
        preview["lines"][0]["entries"].as_array().map(Vec::len),
        Some(2)
    );
    assert_eq!(
        preview["cannot"][0]["count"], 1,
        "the import made the record"
    );
}

#[tokio::test]
async fn what_went_out_is_not_undone_where_the_workspace_may_not_write_any_more() {
    let (houses, leads) = Houses::titled().await;
    let lead = &leads[0];
    houses.type_title(lead, "Bridge Builder").await;
    let inbound = json!({"version": 2, "rows": [
        {"workspace": "title", "direction": "crm_to_workspace", "winner": "crm"}]});
    houses.edit_mapping("Lead", inbound).await;
    let entry = houses.newest("workspace").await["id"].clone();
    let body = json!({"entry": entry, "apply": true});
    let refused = houses.call(Method::POST, "/api/admin/log/undo", body).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(
        refused.body.contains("map it both ways first"),
        "{}",
        refused.body
    );
    houses.work().await;
    assert_eq!(houses.titles(lead).await, both("Bridge Builder"));
}

#[tokio::test]
async fn a_wrong_undo_names_what_is_wrong() {
    let (houses, leads) = Houses::titled().await;
    for (body, status, named) in [
        (json!({}), 422, "since"),
        (json!({"since": "yesterday"}), 422, "since"),
        (
            json!({"since": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}),
            422,
            "until",
        ),
        (
            json!({"since": "2026-01-01T00:00:00Z", "source": "sky"}),
            422,
            "source",
        ),
    ] {
        let reply = houses.call(Method::POST, "/api/admin/log/undo", body).await;
        assert_eq!(reply.status.as_u16(), status, "{}", reply.body);
        assert_eq!(reply.json()["field"], named);
    }
    for body in [json!({"entry": 999_999}), json!({"record": 999_999})] {
        let reply = houses.call(Method::POST, "/api/admin/log/undo", body).await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND);
    }
    let made = houses
        .get(&format!(
            "/api/admin/log?record={}&type=create",
            leads[0].id
        ))
        .await;
    let report = houses.undo(json!({"entry": made["rows"][0]["id"]})).await;
    assert!(
        report["cannot"][0]["reason"]
            .as_str()
            .is_some_and(|why| why.contains("deletes none"))
    );
}

#[tokio::test]
async fn why_names_who_when_which_entry_and_what_comes_next() {
    let (houses, leads) = Houses::titled().await;
    let lead = &leads[0];
    houses.type_title(lead, "Bridge Builder").await;
    let entry = houses.newest("workspace").await["id"].clone();
    let by_number = houses.why(&lead.id.to_string()).await;
    assert_eq!(by_number["workspace"], "Bridge Builder");
    assert_eq!(
        (&by_number["set_by"], &by_number["entry"]),
        (&json!("Ana Lund"), &entry)
    );
    let newest = &by_number["past"][0];
    assert_eq!(
        (&newest["side"], &newest["before"]),
        (&json!("crm"), &json!(lead.title))
    );
    assert_eq!(by_number["next"]["stopped"], Value::Null);
    let both = by_number["next"]["both_change"]
        .as_str()
        .unwrap_or_default();
    assert!(both.contains("workspace wins"), "{both}");
    assert_eq!(houses.why(&lead.crm_id).await, by_number);
    assert_eq!(houses.why(&lead.crm_id[..15]).await, by_number);
    let theirs = format!("/api/admin/why?record={}&field=Title", lead.id);
    assert_eq!(houses.get(&theirs).await, by_number);
    for (query, status, part) in [
        ("record=999999&field=title", 404, "999999"),
        ("record=x&field=title", 404, "“x”"),
        (
            &format!("record={}&field=shoe_size", lead.id),
            422,
            "it has salutation",
        ),
    ] {
        let path = format!("/api/admin/why?{query}");
        let reply = houses.call(Method::GET, &path, Value::Null).await;
        assert_eq!(reply.status.as_u16(), status, "{}", reply.body);
        assert!(reply.body.contains(part), "{}", reply.body);
    }
}

/// Two fields swapped by mistake; then the mapping is put right, with the workspace as the master, so that the damage
/// stays where it is; then somebody types; then the version is undone.
#[tokio::test]
async fn what_a_version_of_a_mapping_moved_is_undone_and_nothing_else() {
    let (houses, leads) = Houses::titled().await;
    let leads = &leads[..3];
    houses.describe(leads);
    houses.work().await;
    let swapped = json!({"version": 2, "rows": [
        {"workspace": "title", "crm": "Description"}, {"workspace": "description", "crm": "Title"}]});
    houses.edit_mapping("Lead", swapped).await;
    houses.work().await;
    let bad = houses.titles(&leads[0]).await;
    assert_eq!(
        bad,
        (format!("About {}", leads[0].id), leads[0].title.clone())
    );

    let undo = json!({"object": "Lead", "mapping": 3});
    let refused = houses
        .call(Method::POST, "/api/admin/log/undo", undo.clone())
        .await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused.body.contains("correct the mapping first"),
        "{}",
        refused.body
    );

    let right = json!({"version": 3, "rows": [
        {"workspace": "title", "crm": "Title", "direction": "workspace_to_crm"},
        {"workspace": "description", "crm": "Description", "direction": "workspace_to_crm"}]});
    houses.edit_mapping("Lead", right).await;
    houses.work().await;
    houses.type_title(&leads[1], "Typed since").await;

    let preview = houses.undo(undo.clone()).await;
    let lines = preview["lines"].as_array().expect("lines");
    let kept: Vec<_> = lines
        .iter()
        .filter(|line| line["verdict"] == "kept")
        .collect();
    assert_eq!(kept.len(), 1, "{preview}");
    assert_eq!(kept[0]["record"], leads[1].id);
    assert_eq!(kept[0]["reason"], "it was changed in the workspace since");

    let apply = json!({"object": "Lead", "mapping": 3, "apply": true});
    let done = houses.undo(apply).await;
    assert_eq!(done["restored"], preview["restored"]);
    for lead in [&leads[0], &leads[2]] {
        assert_eq!(houses.titles(lead).await, both(&lead.title));
    }
    assert_eq!(houses.titles(&leads[1]).await, both("Typed since"));
    for (wrong, status) in [
        (json!({"mapping": 3}), StatusCode::UNPROCESSABLE_ENTITY),
        (
            json!({"object": "Lead", "mapping": 9}),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
    ] {
        let reply = houses
            .call(Method::POST, "/api/admin/log/undo", wrong)
            .await;
        assert_eq!(reply.status, status, "{}", reply.body);
    }
    let page = houses
        .call(Method::GET, "/logs/undo?object=Lead&mapping=3", Value::Null)
        .await;
    assert!(page.body.contains("Mapping version"), "{}", page.body);
}

/// What people typed while a version was in force was meant by them, though the version carried it on.
#[tokio::test]
async fn an_undo_of_a_version_leaves_what_people_typed_under_it_and_names_it() {
    let (houses, leads) = Houses::titled().await;
    let leads = &leads[..2];
    houses.describe(leads);
    houses.work().await;
    let swapped = json!({"version": 2, "rows": [
        {"workspace": "title", "crm": "Description"}, {"workspace": "description", "crm": "Title"}]});
    houses.edit_mapping("Lead", swapped).await;
    houses.work().await;
    houses.type_title(&leads[1], "Typed").await;
    let right = json!({"version": 3, "rows": [
        {"workspace": "title", "crm": "Title", "direction": "workspace_to_crm"},
        {"workspace": "description", "crm": "Description", "direction": "workspace_to_crm"}]});
    houses.edit_mapping("Lead", right).await;
    houses.work().await;

    let undo = json!({"object": "Lead", "mapping": 3, "apply": true});
    let done = houses.undo(undo).await;
    let lines = done["lines"].as_array().expect("lines").iter();
    let kept = lines.filter(|line| line["verdict"] == "kept");
    let kept: Vec<_> = kept.map(|line| (&line["record"], &line["field"])).collect();
    // What was typed went to the CRM's description: that is another by now, too.
    let (id, fields) = (
        json!(leads[1].id),
        ["description", "title"].map(|name| json!(name)),
    );
    assert_eq!(kept, [(&id, &fields[0]), (&id, &fields[1])], "{done}");
    assert_eq!(houses.titles(&leads[0]).await, both(&leads[0].title));
    assert_eq!(houses.titles(&leads[1]).await.0, "Typed");
}

#[tokio::test]
async fn a_run_is_listed_and_undone_as_one_and_so_is_its_undo() {
    let (houses, leads) = Houses::titled().await;
    for lead in &leads[..2] {
        houses.only_type_title(lead, "Bridge Builder").await;
    }
    houses.work().await;
    let run = houses.newest("workspace").await["run"].clone();
    houses.type_title(&leads[2], "Typed since").await;
    assert!(run.is_i64());
    assert_ne!(houses.newest("workspace").await["run"], run);
    let listed = houses.get(&format!("/api/admin/log?run={run}")).await;
    assert_eq!(listed["rows"].as_array().map(Vec::len), Some(2), "{listed}");

    let done = houses.undo(json!({"run": run, "apply": true})).await;
    assert_eq!(done["records_restored"], 2, "{done}");
    for lead in &leads[..2] {
        assert_eq!(houses.titles(lead).await, both(&lead.title));
    }
    assert_eq!(houses.titles(&leads[2]).await, both("Typed since"));
    houses
        .undo(json!({"run": done["run"], "apply": true}))
        .await;
    assert_eq!(houses.titles(&leads[0]).await, both("Bridge Builder"));

    let entry = houses.newest("workspace").await["id"].clone();
    for (path, part) in [
        (format!("/logs/{entry}"), "/logs?run="),
        (format!("/logs?run={run}"), "Undo this run"),
        (format!("/logs/undo?run={run}"), "Undo run"),
        ("/logs/undo?run=x".into(), "no run “x”"),
    ] {
        let page = houses.call(Method::GET, &path, Value::Null).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(page.body.contains(part), "{path} lacks {part}");
    }
}

#[tokio::test]
async fn the_pages_preview_undo_and_explain() {
    let (houses, leads) = Houses::titled().await;
    let lead = &leads[0];
    houses.type_title(lead, "Bridge Builder").await;
    let entry = houses.newest("workspace").await["id"].clone();
    for (path, parts) in [
        (
            format!("/logs/{entry}"),
            vec![format!("/logs/{entry}/undo")],
        ),
        (
            format!("/logs/{entry}/undo"),
            vec!["Put back 1 field".into(), lead.title.clone()],
        ),
        ("/logs/undo".into(), vec!["datetime-local".into()]),
        (
            format!("/logs/undo?record={}", lead.id),
            vec!["Both sides".into()],
        ),
        (
            "/logs/undo?since=2026-01-01T00:00".into(),
            vec!["Put back 1 field".into()],
        ),
        (
            "/logs/undo?since=nonsense".into(),
            vec!["not a time".into()],
        ),
        (
            format!("/people/{}", lead.id),
            vec![format!("/people/{}/why/title", lead.id)],
        ),
        (
            format!("/people/{}/why/title", lead.id),
            vec!["Ana Lund".into(), "workspace wins".into()],
        ),
    ] {
        let page = houses.call(Method::GET, &path, Value::Null).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        for part in parts {
            assert!(page.body.contains(&part), "{path} lacks {part}");
        }
    }
}

impl Houses {
    /// Merges are recognized, and somebody merges the second of these leads into the first.
    async fn merge(&self, leads: &[Lead]) {
        let switches = json!({"recognize_merges": true, "recognize_deletions": false, "on_deletion": "archive"});
        let path = "/api/admin/sync/mirroring";
        let reply = self.call(Method::PUT, path, switches).await;
        assert!(reply.status.is_success(), "{}", reply.body);
        self.org.sandbox().follow(tandem_core::Timestamp::now());
        self.org.sandbox().world(|world| {
            let actor = Actor::user(world.admin_id());
            let (master, loser) = (&leads[0].crm_id, leads[1].crm_id.as_str());
            let nothing = serde_json::Map::new();
            let merged = world.merge(&actor, "Lead", master, &[loser], &nothing);
            merged.expect("merged");
        });
        self.work().await;
    }

    /// The person's row among those that are listed, or among the archived ones.
    async fn listed(&self, lead: &Lead, archived: bool) -> Option<Value> {
        let path = format!("/api/admin/records/person?archived={archived}");
        let page = self.get(&path).await;
        let mut rows = page["rows"].as_array().expect("rows").iter();
        rows.find(|row| row["id"] == lead.id).cloned()
    }
}

#[tokio::test]
async fn a_merge_is_taken_back_as_a_whole_from_any_of_its_entries() {
    let (houses, leads) = Houses::titled().await;
    houses.merge(&leads).await;
    assert!(houses.listed(&leads[1], true).await.is_some(), "archived");
    let log = houses.get("/api/admin/log?type=merge").await;
    let entries: Vec<&Value> = log["rows"].as_array().expect("rows").iter().collect();
    assert_eq!(entries.len(), 2, "of the loser and of the survivor");
    let previews = [
        houses.undo(json!({"entry": entries[0]["id"]})).await,
        houses.undo(json!({"entry": entries[1]["id"]})).await,
    ];
    for preview in &previews {
        assert_eq!(preview["returned"], 1, "{preview}");
        let line = &preview["lines"][0];
        assert_eq!(
            (&line["field"], &line["verdict"], &line["record"]),
            (&json!("record"), &json!("return"), &json!(leads[1].id))
        );
    }
    let path = format!("/logs/{}/undo", entries[0]["id"]);
    let page = houses.call(Method::GET, &path, Value::Null).await.body;
    assert!(page.contains("Put back 1 record to its place"), "{page}");
    assert!(page.contains("Back to its place"));

    houses.type_title(&leads[0], "Bridge Builder").await;
    let body = json!({"entry": entries[0]["id"], "apply": true});
    houses.undo(body.clone()).await;
    let back = houses.listed(&leads[1], false).await.expect("it is back");
    assert_eq!(
        (&back["fields"]["title"], &back["link"]),
        (&json!(leads[1].title), &json!("unlinked"))
    );
    assert_eq!(
        houses.titles(&leads[0]).await,
        both("Bridge Builder"),
        "what a person changed since stays"
    );
    houses.work().await;
    assert!(houses.listed(&leads[1], false).await.is_some(), "for good");
    let again = houses.call(Method::POST, "/api/admin/log/undo", body).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(again.body.contains("as it was before"), "{}", again.body);
}
