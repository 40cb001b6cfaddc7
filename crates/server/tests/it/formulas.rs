//! A formula of the CRM changes with another record: no stamp of its own record moves, and it comes all the same.

use crate::story::{Houses, houses_with};
use axum::http::Method;
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tandem_core::Timestamp;
use tandem_sandbox::world::{Actor, DmlOptions, FieldKind, NewField, Returns, World};

const HOUR_SECONDS: i64 = 3_600;

impl Houses {
    /// Contacts show which firm they belong to, by formula.
    fn add_formula(&self) {
        let field = NewField {
            name: "Firm__c".into(),
            label: "Firm".into(),
            kind: FieldKind::Formula {
                expression: "Account.Name".into(),
                returns: Returns::Text,
            },
            required: false,
            unique: false,
            external_id: false,
            case_sensitive: false,
        };
        let add = |world: &mut World| world.add_field("Contact", field);
        self.org.sandbox().world(add).expect("a field");
    }

    pub(crate) fn rows(&self, soql: &str) -> Vec<Value> {
        self.org.sandbox().world(|world| {
            let actor = Actor::system(world.admin_id());
            let scope = tandem_sandbox::soql::QueryScope::Live;
            let found = world.query(&actor, soql, scope).expect("a query");
            world.render_rows(&found, 0..found.total_size(), "")
        })
    }

    fn rename(&self, account: &str, name: &str) {
        let done = self.org.sandbox().world(|world| {
            let admin = Actor::system(world.admin_id());
            let fields = json!({ "Name": name });
            let fields = fields.as_object().expect("an object");
            world.update(&admin, "Account", account, fields, &DmlOptions::default())
        });
        done.expect("a sound change");
    }

    /// The workspace's titles of people who are contacts.
    async fn firms(&self) -> Vec<String> {
        let path = "/api/admin/records/person?limit=50";
        let people = self.call(Method::GET, path, Value::Null).await.json();
        let rows = people["rows"].as_array().expect("rows").iter();
        let contacts = rows.filter(|row| row["object"] == "Contact");
        let title = |row: &Value| Some(row["fields"]["title"].as_str()?.to_owned());
        contacts.filter_map(title).collect()
    }
}

#[tokio::test]
async fn a_formula_that_follows_another_record_is_read_again_within_the_hour() {
    let later = Arc::new(AtomicI64::new(0));
    let seconds = Arc::clone(&later);
    let clock = move || {
        let later = SignedDuration::from_secs(seconds.load(Ordering::Relaxed));
        Timestamp::now().checked_add(later).expect("a time")
    };
    let houses = houses_with(Arc::new(clock)).await;
    houses.add_formula();
    houses.connect().await;
    houses.turn_on().await;
    let row = json!({"workspace": "title", "crm": "Firm__c"});
    houses
        .edit_mapping("Contact", json!({"version": 1, "rows": [row]}))
        .await;
    houses.work().await;
    let contact = "SELECT Id, AccountId, SystemModstamp FROM Contact WHERE AccountId <> null";
    let before = houses.rows(contact);
    let account = before[0]["AccountId"].as_str().expect("an account");
    houses.rename(account, "Svalbard Instruments");
    houses.work().await;
    let renamed = async || {
        let titles = houses.firms().await;
        titles
            .iter()
            .filter(|title| *title == "Svalbard Instruments")
            .count()
    };
    assert_eq!(renamed().await, 0, "reading what changed does not bring it");
    later.store(HOUR_SECONDS, Ordering::Relaxed);
    let calls = houses.org.sandbox().meter().total_calls;
    houses.work().await;
    let calls = houses.org.sandbox().meter().total_calls - calls;
    let of_account = before.iter().filter(|row| row["AccountId"] == account);
    assert_eq!(renamed().await, of_account.count());
    assert_eq!(houses.rows(contact), before, "no stamp moved");
    assert_eq!(
        calls, 3,
        "reading, the deletion feed, and the contacts by id"
    );
}
