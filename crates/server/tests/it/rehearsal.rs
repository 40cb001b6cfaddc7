//! The rehearsal of the first run, against the sandbox over loopback: what it foretells happens, and until then nothing
//! does.

use crate::harness::Server;
use crate::story::{Houses, houses};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

const REHEARSAL: &str = "/api/admin/sync/rehearsal";

impl Houses {
    /// The e-mail addresses of the org's leads.
    fn lead_emails(&self) -> Vec<String> {
        let rows = self.rows("SELECT Email FROM Lead ORDER BY Id");
        let email = |row: &Value| Some(row["Email"].as_str()?.to_owned());
        rows.iter().filter_map(email).collect()
    }

    async fn add_person(&self, fields: Value, create_as: Option<&str>) {
        let body = json!({"fields": fields, "create_as": create_as});
        let reply = self
            .call(Method::POST, "/api/admin/records/person", body)
            .await;
        assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.body);
    }

    async fn rehearse(&self) -> Value {
        let reply = self.call(Method::POST, REHEARSAL, Value::Null).await;
        assert_eq!(reply.status, StatusCode::ACCEPTED, "{}", reply.body);
        let asked = self.call(Method::GET, REHEARSAL, Value::Null).await.json();
        assert!(asked["asked_at"].is_string(), "{asked}");
        let team = self.team().await;
        let app = &self.server.app;
        app.rehearse_if_asked(team).await.expect("rehearsed");
        let state = self.call(Method::GET, REHEARSAL, Value::Null).await.json();
        assert_eq!(
            (&state["asked_at"], &state["failed"]),
            (&Value::Null, &Value::Null),
            "{state}"
        );
        state["last"].clone()
    }

    /// Everything in the org and everybody here, to see that nothing moved.
    async fn everything(&self) -> (Vec<Value>, Value) {
        let leads = self.rows("SELECT FIELDS(ALL) FROM Lead ORDER BY Id LIMIT 200");
        let people = self.call(Method::GET, "/api/admin/records/person", Value::Null);
        (leads, people.await.json())
    }
}

fn leads(found: &Value) -> &Value {
    let objects = found["objects"].as_array().expect("objects");
    let leads = objects.iter().find(|one| one["object"] == "Lead");
    leads.expect("leads")
}

/// Connected, titles of leads go both ways and the workspace wins; here are one who is a lead, two who share the
/// address of another lead, and one whom the CRM does not know.
async fn with_people() -> Houses {
    let houses = houses().await;
    houses.connect().await;
    let both = json!({"version": 1, "create_in_crm": true, "rows": [
        {"workspace": "title", "direction": "both", "winner": "workspace"},
        {"workspace": "last_name", "direction": "both", "winner": "crm"},
        {"workspace": "company", "direction": "both", "winner": "crm"}]});
    houses.edit_mapping("Lead", both).await;
    let emails = houses.lead_emails();
    let known = json!({"last_name": "Oak", "email": emails[0], "title": "Keeper of the keys"});
    houses.add_person(known, None).await;
    for name in ["Ash", "Elm"] {
        let twin = json!({"last_name": name, "email": emails[1]});
        houses.add_person(twin, None).await;
    }
    let new = json!({"last_name": "Yew", "company": "Halden", "title": "Baker"});
    houses.add_person(new, Some("Lead")).await;
    houses
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_first_run_would_do_is_told_before_and_happens_then() {
    let houses = with_people().await;
    let (before, calls) = (
        houses.everything().await,
        houses.org.sandbox().meter().total_calls,
    );
    let found = houses.rehearse().await;
    assert_eq!(houses.everything().await, before, "nothing was written");
    let spent = houses.org.sandbox().meter().total_calls - calls;
    assert_eq!(found["calls"], spent, "metered: {found}");
    let of_leads = leads(&found);
    assert_eq!(
        (&of_leads["rows"], &of_leads["complete"]),
        (&json!(6), &json!(true))
    );
    assert_eq!(of_leads["keys"], json!({"email": 1}), "{of_leads}");
    let acts = json!({"link": 1, "choose": 1, "make_here": 4, "make_there": 1, "change_here": 1,
        "change_there": 1, "hold": 0, "refuse": 0});
    assert_eq!(of_leads["acts"], acts, "{of_leads}");
    let examples = of_leads["examples"].as_array().expect("examples");
    let there = examples.iter().find(|one| one["act"] == "change_there");
    let change = &there.expect("an example")["changes"][0];
    assert_eq!(
        (&change["field"], &change["after"]),
        (&json!("title"), &json!("Keeper of the keys"))
    );
    let copies = std::fs::read_dir(houses.server.dir().join("data")).expect("a directory");
    assert!(
        copies.flatten().all(|file| file.file_name() != "rehearsal"),
        "the copy is gone"
    );

    houses.turn_on().await;
    houses.work().await;
    assert_eq!(
        houses.rows("SELECT Id FROM Lead").len(),
        6 + 1,
        "one was created there"
    );
    let (leads, people) = houses.everything().await;
    let titles = leads
        .iter()
        .filter(|lead| lead["Title"] == "Keeper of the keys");
    assert_eq!(titles.count(), 1);
    let rows = people["rows"].as_array().expect("rows");
    let of_lead = |row: &&Value| row["object"] == "Lead";
    assert_eq!(
        rows.iter().filter(of_lead).count(),
        4 + 1 + 1,
        "made here, linked, made there"
    );
    let reply = houses.call(Method::POST, REHEARSAL, Value::Null).await;
    assert_eq!(
        reply.status,
        StatusCode::CONFLICT,
        "sync is on: {}",
        reply.body
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_org_that_does_not_answer_is_told_and_the_next_rehearsal_works() {
    let houses = with_people().await;
    let outage = tandem_sandbox::faults::FaultAction::Outage { seconds: 60 };
    let reply = houses.call(Method::POST, REHEARSAL, Value::Null).await;
    assert_eq!(reply.status, StatusCode::ACCEPTED, "{}", reply.body);
    houses.org.sandbox().strike(&outage).expect("a state");
    let (team, app) = (houses.team().await, &houses.server.app);
    app.rehearse_if_asked(team).await.expect("told");
    let state = houses
        .call(Method::GET, REHEARSAL, Value::Null)
        .await
        .json();
    assert!(
        state["failed"].is_string() && state["last"].is_null(),
        "{state}"
    );
    let page = houses
        .call(Method::GET, "/sync/rehearsal", Value::Null)
        .await;
    assert!(page.body.contains("found nothing"), "{}", page.body);
    houses.org.sandbox().clear_faults();
    assert_eq!(leads(&houses.rehearse().await)["rows"], 6);
}

#[tokio::test]
async fn nobody_rehearses_without_a_connection_or_a_session() {
    let server = Server::new("").await;
    let cookie = server.set_up().await;
    let reply = server
        .call(Method::POST, REHEARSAL, &cookie, Value::Null)
        .await;
    assert_eq!(reply.status, StatusCode::CONFLICT);
    assert!(reply.body.contains("connect first"), "{}", reply.body);
    for method in [Method::GET, Method::POST] {
        let reply = server.call(method, REHEARSAL, "", Value::Null).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    }
}
