//! Writes tell what became of every record.

use crate::org::{Org, create, update};
use serde_json::json;
use std::collections::BTreeMap;
use tandem_core::connector::WriteOutcome;
use tandem_core::error::ErrorClass;
use tandem_core::ids::CrmId;
use tandem_core::record::CrmRecord;
use tandem_core::value::Value;
use tandem_sandbox::faults::FaultAction;
use tandem_sandbox::soql::QueryScope;
use tandem_sandbox::world::{Actor, AutomationRule, Trigger, ValidationRule};

fn applied(outcome: &WriteOutcome) -> (&CrmId, Option<&CrmRecord>, Option<&CrmRecord>) {
    match outcome {
        WriteOutcome::Applied { id, before, after } => (id, before.as_ref(), after.as_ref()),
        other => panic!("{other:?}"),
    }
}

fn class(outcome: &WriteOutcome) -> Option<ErrorClass> {
    match outcome {
        WriteOutcome::Rejected(failures) => failures.first().map(|failure| failure.class),
        _ => None,
    }
}

fn last_name(record: Option<&CrmRecord>) -> Option<&Value> {
    record.and_then(|record| record.fields.get("LastName"))
}

#[tokio::test]
async fn an_update_sees_the_record_just_before_and_just_after() {
    let org = Org::new();
    let lead = org.leads(1).remove(0);
    org.change("Lead", &lead, &json!({ "LastName": "Somebody's edit" }));
    let requests = [update(&lead, &[("Email", "berg@halden.example")])];
    let outcomes = org
        .write("Lead", &requests, &["LastName", "Email"])
        .await
        .expect("an answer");
    let (id, before, after) = applied(&outcomes[0]);
    assert_eq!(*id, lead);
    assert_eq!(last_name(before), Some(&Value::text("Somebody's edit")));
    assert_eq!(
        before.and_then(|record| record.fields.get("Email")),
        Some(&Value::Null)
    );
    let email = after.and_then(|record| record.fields.get("Email"));
    assert_eq!(email, Some(&Value::text("berg@halden.example")));
    assert_eq!(org.spent(), 1);
}

#[tokio::test]
async fn what_the_org_makes_of_a_record_is_read_back() {
    let org = Org::new();
    let rule = AutomationRule {
        name: "Grow".into(),
        object: "Lead".into(),
        on: Trigger::CreateOrUpdate,
        when: String::new(),
        changed: vec![],
        set: BTreeMap::from([("Title".to_owned(), json!("Set by a flow"))]),
        set_formula: BTreeMap::new(),
    };
    org.sandbox
        .world(|world| world.set_automation(rule))
        .expect("a rule");
    let outcomes = org
        .write("Lead", &[create(None, "  Berg ")], &["LastName", "Title"])
        .await;
    let outcomes = outcomes.expect("an answer");
    let (_, before, after) = applied(&outcomes[0]);
    assert_eq!(before, None);
    assert_eq!(last_name(after), Some(&Value::text("Berg")));
    let title = after.and_then(|record| record.fields.get("Title"));
    assert_eq!(title, Some(&Value::text("Set by a flow")));
}

#[tokio::test]
async fn each_record_fails_for_its_own_reason() {
    let org = Org::new();
    let leads = org.leads(6);
    org.delete("Lead", &leads[4]);
    let rule = ValidationRule {
        name: "No_Jokes".into(),
        object: "Lead".into(),
        refuse_when: "LastName = 'Joke'".into(),
        message: "Jokes are no leads".into(),
        field: None,
    };
    org.sandbox
        .world(|world| world.set_validation_rule(rule))
        .expect("a rule");
    let long = "x".repeat(200);
    let requests = [
        update(&leads[0], &[("LastName", "Fine")]),
        update(&leads[1], &[("FirstName", &long)]),
        update(&leads[2], &[("Email", "no address")]),
        update(&leads[3], &[("LastName", "Joke")]),
        update(&leads[4], &[("LastName", "Gone")]),
        update(&leads[5], &[("IsConverted__x", "no such field")]),
        update(&CrmId::new("00Q000000000zzzAAA"), &[("LastName", "Nobody")]),
    ];
    let outcomes = org
        .write("Lead", &requests, &["LastName"])
        .await
        .expect("an answer");
    assert_eq!(
        last_name(applied(&outcomes[0]).2),
        Some(&Value::text("Fine"))
    );
    let classes: Vec<_> = outcomes[1..].iter().map(class).collect();
    assert_eq!(
        classes,
        [
            Some(ErrorClass::TooLong),
            Some(ErrorClass::InvalidEmail),
            Some(ErrorClass::ValidationRule),
            Some(ErrorClass::RecordGone),
            Some(ErrorClass::SchemaChanged),
            Some(ErrorClass::RecordGone),
        ]
    );
    let WriteOutcome::Rejected(failures) = &outcomes[1] else {
        panic!("refused");
    };
    assert_eq!(failures[0].fields, ["FirstName"]);
    assert_eq!(org.spent(), 1);
}

#[tokio::test]
async fn a_missing_required_field_and_a_locked_row() {
    let org = Org::new();
    let mut incomplete = create(None, "Berg");
    incomplete.fields.remove("Company");
    let outcomes = org
        .write("Lead", &[incomplete], &[])
        .await
        .expect("an answer");
    assert_eq!(class(&outcomes[0]), Some(ErrorClass::RequiredMissing));
    org.strike(&FaultAction::LockRows {
        record_id: None,
        times: 1,
    });
    let requests = [create(Some("k-1"), "First"), create(Some("k-2"), "Second")];
    let outcomes = org
        .write("Lead", &requests, &["LastName"])
        .await
        .expect("an answer");
    assert_eq!(class(&outcomes[0]), Some(ErrorClass::RowLocked));
    assert_eq!(
        last_name(applied(&outcomes[1]).2),
        Some(&Value::text("Second"))
    );
}

#[tokio::test]
async fn a_repeated_keyed_create_is_refused_and_changes_nothing() {
    let org = Org::new();
    let keyed = |name: &str| -> Vec<_> {
        (0..250)
            .map(|n| create(Some(&format!("t-{n}")), name))
            .collect()
    };
    let fields = ["LastName", "ExtId__c"];
    let first = org
        .write("Lead", &keyed("Berg"), &fields)
        .await
        .expect("an answer");
    for (n, outcome) in first.iter().enumerate() {
        let after = applied(outcome).2.expect("read back in the same call");
        assert_eq!(after.fields["ExtId__c"], Value::text(format!("t-{n}")));
    }
    let again = org
        .write("Lead", &keyed("Dal"), &fields)
        .await
        .expect("an answer");
    for outcome in &again {
        let WriteOutcome::Rejected(failures) = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(failures[0].class, ErrorClass::DuplicateKey);
    }
    assert_eq!(org.count("Lead"), 250);
    let untouched = org.sandbox.world(|world| {
        let soql = "SELECT COUNT() FROM Lead WHERE LastName = 'Berg'";
        let admin = Actor::system(world.admin_id());
        world
            .query(&admin, soql, QueryScope::Live)
            .expect("a query")
            .total_size()
    });
    assert_eq!(untouched, 250);
}

#[tokio::test]
async fn bare_creates_are_read_back_by_a_second_call() {
    let org = Org::new();
    let requests: Vec<_> = (0..30)
        .map(|n| create(None, &format!("Berg {n}")))
        .collect();
    let outcomes = org
        .write("Lead", &requests, &["LastName"])
        .await
        .expect("an answer");
    for (n, outcome) in outcomes.iter().enumerate() {
        let expected = Value::text(format!("Berg {n}"));
        assert_eq!(last_name(applied(outcome).2), Some(&expected));
    }
    assert_eq!(org.spent(), 2);
}

#[tokio::test]
async fn updates_and_creates_of_both_kinds_share_a_call() {
    let org = Org::new();
    let lead = org.leads(1).remove(0);
    let requests = [
        create(Some("k-1"), "Keyed"),
        update(&lead, &[("LastName", "Updated")]),
        create(None, "Bare"),
    ];
    let outcomes = org
        .write("Lead", &requests, &["LastName"])
        .await
        .expect("an answer");
    for (outcome, name) in outcomes.iter().zip(["Keyed", "Updated", "Bare"]) {
        assert_eq!(last_name(applied(outcome).2), Some(&Value::text(name)));
    }
    assert_eq!(org.spent(), 2);
}

#[tokio::test]
async fn assignment_rules_do_not_take_our_leads_away() {
    let org = Org::new();
    let other = org.sandbox.world(|world| world.admin_id());
    org.sandbox.set_lead_assignee(Some(other));
    let outcomes = org
        .write("Lead", &[create(None, "Berg")], &["OwnerId"])
        .await;
    let outcomes = outcomes.expect("an answer");
    let owner = applied(&outcomes[0])
        .2
        .and_then(|record| record.fields.get("OwnerId"));
    let ours = org.connector_user().to_string();
    assert_eq!(
        owner,
        Some(&Value::text(ours)),
        "without a schema an id is a text"
    );
}

#[tokio::test]
async fn a_key_field_that_is_not_there_rejects_its_records_only() {
    let org = Org::with(
        tandem_sandbox::Options {
            external_ids: false,
            ..crate::org::options()
        },
        |_| {},
    );
    let lead = org.leads(1).remove(0);
    let requests = [
        create(Some("k-1"), "Keyed"),
        update(&lead, &[("LastName", "Updated")]),
    ];
    let outcomes = org
        .write("Lead", &requests, &["LastName"])
        .await
        .expect("an answer");
    assert_eq!(class(&outcomes[0]), Some(ErrorClass::SchemaChanged));
    assert_eq!(*applied(&outcomes[1]).0, lead);
}

#[tokio::test]
async fn a_text_that_looks_like_a_reference_is_only_a_text() {
    let org = Org::new();
    let leads = org.leads(2);
    let requests = [
        update(&leads[0], &[("LastName", "@{write0[0].id}")]),
        update(&leads[1], &[("LastName", "Berg")]),
        create(Some("k-1"), "@{nothing}"),
    ];
    let outcomes = org
        .write("Lead", &requests, &["LastName"])
        .await
        .expect("an answer");
    for (outcome, name) in outcomes
        .iter()
        .zip(["@{write0[0].id}", "Berg", "@{nothing}"])
    {
        assert_eq!(last_name(applied(outcome).2), Some(&Value::text(name)));
    }
    assert!(applied(&outcomes[0]).1.is_some(), "seen before, too");
    org.spent();
}
