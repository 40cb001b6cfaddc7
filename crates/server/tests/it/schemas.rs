//! The CRM's fields change while sync runs: noticed by the next read, told, and the rules follow.

use crate::story::{Houses, houses};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use tandem_sandbox::world::{FieldKind, NewField, World};

impl Houses {
    fn change_org(&self, change: impl FnOnce(&mut World)) {
        self.org.sandbox().world(change);
    }

    /// Reads everything now: one call, whatever changed.
    async fn read_costs(&self) -> u64 {
        let before = self.org.sandbox().meter().total_calls;
        self.work().await;
        self.org.sandbox().meter().total_calls - before
    }

    /// What the sync log says of the CRM's schema, newest first.
    async fn drifts(&self) -> Vec<Value> {
        let path = "/api/admin/log?type=system&source=crm";
        let log = self.call(Method::GET, path, Value::Null).await;
        assert_eq!(log.status, StatusCode::OK, "{}", log.body);
        log.json()["rows"].as_array().expect("rows").clone()
    }

    async fn mapping_of_leads(&self) -> Value {
        let mappings = self.call(Method::GET, "/api/admin/mappings", Value::Null);
        let mappings = mappings.await.json();
        let all = mappings.as_array().expect("mappings");
        let lead = all.iter().find(|one| one["object"] == "Lead");
        lead.expect("a mapping").clone()
    }

    async fn title_row(&self) -> Value {
        let mapping = self.mapping_of_leads().await;
        let rows = mapping["rows"].as_array().expect("rows").clone();
        let title = rows.into_iter().find(|row| row["workspace"] == "title");
        title.expect("a row")
    }
}

async fn running() -> Houses {
    let houses = houses().await;
    houses.connect().await;
    houses.turn_on().await;
    houses.work().await;
    assert_eq!(
        houses.drifts().await,
        [] as [Value; 0],
        "nothing changed yet"
    );
    houses
}

#[tokio::test]
async fn a_new_field_is_known_after_the_next_read_and_can_be_mapped() {
    let houses = running().await;
    houses.change_org(|world| {
        let field = NewField {
            name: "Role__c".into(),
            label: "Role".into(),
            kind: FieldKind::Text { length: 80 },
            required: false,
            unique: false,
            external_id: false,
            case_sensitive: false,
        };
        world.add_field("Lead", field).expect("a field");
    });
    assert_eq!(houses.read_costs().await, 1, "it costs no call of its own");
    let told = houses.drifts().await;
    assert_eq!(told.len(), 1, "{told:#?}");
    let summary = "The CRM changed Lead: Role__c (Text, 80 characters) is new";
    assert_eq!(told[0]["summary"], summary);
    assert_eq!(told[0]["status"], "success");
    assert_eq!(
        houses.mapping_of_leads().await["version"],
        1,
        "no rule moved"
    );
    let row = json!({"workspace": "title", "crm": "Role__c"});
    houses
        .edit_mapping("Lead", json!({"version": 1, "rows": [row]}))
        .await;
    assert_eq!(houses.title_row().await["problem"], Value::Null);
    houses.work().await;
    assert_eq!(houses.drifts().await.len(), 1, "told once");
}

#[tokio::test]
async fn a_mapped_field_that_goes_and_comes_back_is_told_and_the_rules_follow() {
    let houses = running().await;
    houses.title_rights(false);
    assert_eq!(houses.read_costs().await, 1, "no describe of its own");
    houses.work().await;
    let failures = houses.state().await["objects"][2]["failures"].as_u64();
    assert_eq!(failures, Some(0), "what is left is read at once");
    let told = houses.drifts().await;
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!(
        told[0]["summary"],
        "The CRM changed Lead: Title was removed or hidden"
    );
    assert_eq!(told[0]["status"], "failed");
    let row = houses.title_row().await;
    let reason = "Lead.Title does not exist or the connected user may not read it";
    let problem = row["problem"].as_str().expect("a problem");
    assert!(problem.starts_with(reason), "{problem}");
    assert_eq!(houses.mapping_of_leads().await["version"], 2);
    let page = houses.call(Method::GET, "/mapping", Value::Null).await.body;
    assert!(page.contains("1 field does not work at present"), "{page}");
    houses
        .server
        .app
        .watch(houses.team().await)
        .await
        .expect("looks");
    let alerts = houses.call(Method::GET, "/alerts", Value::Null).await.body;
    assert!(alerts.contains("Mapped fields can’t be synced"), "{alerts}");
    houses.title_rights(true);
    houses.read_costs().await;
    let told = houses.drifts().await;
    let back = "The CRM changed Lead: Title (Text, 128 characters) is new";
    assert_eq!(told[0]["summary"], back);
    assert_eq!(houses.title_row().await["problem"], Value::Null);
    assert_eq!(houses.mapping_of_leads().await["version"], 3);
    let backlog = houses.state().await["backlog"]["decisions"].as_u64();
    assert_eq!(backlog, Some(0));
}

/// A list that takes no other values any more is another type of field.
#[tokio::test]
async fn a_mapped_field_of_another_type_compiles_to_other_rules() {
    let houses = running().await;
    houses.change_org(|world| {
        world
            .restrict_picklist("Lead", "Status", true)
            .expect("a picklist");
    });
    assert_eq!(houses.read_costs().await, 1);
    let told = houses.drifts().await;
    let summary = "The CRM changed Lead: Status is Picklist, listed values only now, not Picklist";
    assert_eq!(told[0]["summary"], summary);
    assert_eq!(houses.mapping_of_leads().await["version"], 2);
}
