//! Refused picklist values against the sandbox over loopback: one incident, a fix that is tried on one record,
//! and calls counted by the org's own meter.

use crate::story::{Houses, houses};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use tandem_sandbox::world::Actor;

const REFUSED: &str = "bad value for restricted picklist field: Webinar";

impl Houses {
    /// Connected and synced, sources of leads both ways; the leads' numbers.
    async fn sourced() -> (Self, Vec<i64>) {
        let houses = houses().await;
        houses.connect().await;
        houses.turn_on().await;
        houses.work().await;
        let both = json!({"version": 1, "rows": [
            {"workspace": "source", "direction": "both", "winner": "workspace"}]});
        houses.edit_mapping("Lead", both).await;
        houses.work().await;
        let people = houses
            .json(Method::GET, "/api/admin/records/person", Value::Null)
            .await;
        let rows = people["rows"].as_array().expect("rows").iter();
        let leads = rows.filter(|row| row["object"] == "Lead");
        let ids = leads
            .map(|row| row["id"].as_i64().expect("a number"))
            .collect();
        (houses, ids)
    }

    async fn json(&self, method: Method, path: &str, body: Value) -> Value {
        let reply = self.call(method, path, body).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
        reply.json()
    }

    fn restrict(&self, restricted: bool) {
        let set = |world: &mut tandem_sandbox::world::World| {
            world.restrict_picklist("Lead", "LeadSource", restricted)
        };
        self.org.sandbox().world(set).expect("a picklist");
    }

    async fn type_sources(&self, leads: &[i64], source: &str) {
        for id in leads {
            let path = format!("/api/admin/records/person/{id}");
            let edit = json!({"fields": {"source": source}});
            let reply = self.call(Method::PATCH, &path, edit).await;
            assert_eq!(reply.status, StatusCode::NO_CONTENT, "{}", reply.body);
        }
    }

    /// What the CRM holds, over all leads.
    fn sources(&self) -> Vec<String> {
        let found = self.org.sandbox().world(|world| {
            let actor = Actor::system(world.admin_id());
            let scope = tandem_sandbox::soql::QueryScope::Live;
            let soql = "SELECT LeadSource FROM Lead";
            let found = world.query(&actor, soql, scope).expect("a query");
            world.render_rows(&found, 0..6, "")
        });
        let text = |row: &Value| row["LeadSource"].as_str().unwrap_or_default().to_owned();
        found.iter().map(text).collect()
    }

    /// What the workspace holds, over all leads.
    async fn sources_here(&self) -> Vec<String> {
        let path = "/api/admin/records/person";
        let people = self.json(Method::GET, path, Value::Null).await;
        let rows = people["rows"].as_array().expect("rows").iter();
        let leads = rows.filter(|row| row["object"] == "Lead");
        let text = |row: &Value| {
            row["fields"]["source"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        leads.map(text).collect()
    }

    async fn incidents(&self) -> Vec<Value> {
        let all = self
            .json(Method::GET, "/api/admin/incidents", Value::Null)
            .await;
        all.as_array().expect("incidents").clone()
    }

    /// API calls of a round of work, but for the one that reads every object as it begins.
    async fn work_costs(&self) -> u64 {
        let meter = || self.org.sandbox().meter().total_calls;
        let before = meter();
        self.work().await;
        meter() - before - 1
    }

    async fn fix(&self, id: &Value, body: Value) -> (StatusCode, Value) {
        let path = format!("/api/admin/incidents/{id}/fix");
        let reply = self.call(Method::POST, &path, body).await;
        (reply.status, reply.json())
    }
}

/// Pains 21 and 22: retried by cause, not by record, and offered a value map.
#[tokio::test]
async fn a_refused_value_is_mapped_tried_on_one_record_and_released_to_all() {
    let (houses, leads) = Houses::sourced().await;
    houses.restrict(true);
    houses.type_sources(&leads, "Webinar").await;
    assert_eq!(houses.work_costs().await, 1, "one request sent all six");
    assert_eq!(
        houses.work_costs().await,
        0,
        "nothing is sent again by itself"
    );
    let all = houses.incidents().await;
    assert_eq!(all.len(), 1, "six refusals of one cause: {all:#?}");
    let incident = &all[0];
    assert_eq!(
        (&incident["records"], &incident["thing"]),
        (&json!(6), &json!("Webinar"))
    );
    assert_eq!(incident["fixes"][0]["fix"], "map_value");
    assert!(incident["words"].as_str().expect("words").contains(REFUSED));
    let id = &incident["id"];

    // The read that followed noticed the narrower list.
    let (status, refused) = houses
        .fix(id, json!({"fix": "map_value", "crm_value": "Nowhere"}))
        .await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
    let tried = houses
        .json(
            Method::POST,
            &format!("/api/admin/incidents/{id}/retry"),
            Value::Null,
        )
        .await;
    assert_eq!(tried["outcome"], "trying");
    assert_eq!(
        houses.work_costs().await,
        0,
        "a retry that can't help sends nothing"
    );
    let all = houses.incidents().await;
    assert_eq!(all[0]["trial"]["stage"], "refused");
    assert_eq!(all[0]["records"], 6, "nothing else was tried");

    let (status, _) = houses
        .fix(id, json!({"fix": "map_value", "crm_value": "Web"}))
        .await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        houses.work_costs().await,
        2,
        "one record, then the five others"
    );
    assert_eq!(houses.sources(), ["Web"; 6]);
    assert_eq!(houses.incidents().await, [] as [Value; 0]);
    assert_eq!(
        houses.sources_here().await,
        ["Webinar"; 6],
        "each side keeps its own"
    );
    let one = houses
        .json(
            Method::GET,
            &format!("/api/admin/incidents/{id}"),
            Value::Null,
        )
        .await;
    assert_eq!(
        (&one["trial"]["stage"], &one["trial"]["released"]),
        (&json!("released"), &json!(6))
    );
    let audit = houses
        .json(Method::GET, "/api/admin/audit", Value::Null)
        .await;
    assert_eq!(audit["rows"][0]["action"], "incident.tried");
}

/// Pain 22: checked against live metadata before sending.
#[tokio::test]
async fn a_value_that_the_picklist_does_not_show_costs_no_call_and_goes_once_it_is_shown() {
    let (houses, leads) = Houses::sourced().await;
    houses.restrict(true);
    houses
        .json(Method::POST, "/api/admin/connection/check", Value::Null)
        .await;
    houses.work().await;
    houses.type_sources(&leads, "Webinar").await;
    assert_eq!(houses.work_costs().await, 0, "nothing was sent");
    let all = houses.incidents().await;
    assert_eq!(
        (&all[0]["class"], &all[0]["records"]),
        (&json!("picklist-refused"), &json!(6))
    );
    assert!(
        all[0]["crm_values"]
            .as_array()
            .expect("values")
            .contains(&json!("Web"))
    );
    let id = &all[0]["id"];
    let (status, refused) = houses
        .fix(id, json!({"fix": "map_value", "crm_value": "Nowhere"}))
        .await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused["detail"]
            .as_str()
            .expect("a reason")
            .contains("not on the picklist")
    );

    houses.restrict(false);
    let (status, _) = houses.fix(id, json!({"fix": "widen"})).await;
    assert_eq!(status, StatusCode::OK);
    houses.work().await;
    assert_eq!(houses.sources(), ["Webinar"; 6]);
    assert_eq!(houses.incidents().await, [] as [Value; 0]);
}

#[tokio::test]
async fn skipped_records_stay_until_somebody_tries_them() {
    let (houses, leads) = Houses::sourced().await;
    houses.restrict(true);
    houses.type_sources(&leads[..2], "Webinar").await;
    houses.work().await;
    let id = houses.incidents().await[0]["id"].clone();
    let (status, skipped) = houses.fix(&id, json!({"fix": "skip"})).await;
    assert_eq!(
        (status, &skipped["outcome"]),
        (StatusCode::OK, &json!("skipped"))
    );
    assert_eq!(houses.work_costs().await, 0);
    assert!(houses.incidents().await[0]["skipped_at"].is_string());
    houses.restrict(false);
    let path = format!("/api/admin/incidents/{id}/retry");
    houses.json(Method::POST, &path, Value::Null).await;
    houses.work().await;
    assert_eq!(houses.incidents().await, [] as [Value; 0]);
    let gone = houses.call(Method::POST, &path, Value::Null).await;
    assert_eq!(gone.status, StatusCode::CONFLICT, "nothing waits any more");
    let (status, offered) = houses.fix(&id, json!({"fix": "pray"})).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{offered}");
    let missing = houses
        .call(Method::GET, "/api/admin/incidents/99", Value::Null)
        .await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
}
