//! What is sent comes back the same, of every type.

use crate::org::{Org, text_fields};
use tandem_core::connector::{Connector as _, WriteOp, WriteOutcome, WriteRequest};
use tandem_core::ids::{CrmObject, IntentId};
use tandem_core::schema::ObjectSchema;
use tandem_core::value::{Fields, Value, canonical};

fn number(text: &str) -> Value {
    Value::Number(text.parse().expect("a number"))
}

async fn round_trip(org: &Org, object: &str, fields: Fields) -> Fields {
    let names: Vec<&str> = fields.keys().map(String::as_str).collect();
    let request = WriteRequest {
        intent: IntentId(1),
        op: WriteOp::Create { key: None },
        fields: fields.clone(),
        unmodified_since: None,
    };
    let outcomes = org
        .write(object, &[request], &names)
        .await
        .expect("an answer");
    match outcomes.into_iter().next() {
        Some(WriteOutcome::Applied {
            after: Some(record),
            ..
        }) => record.fields,
        other => panic!("{other:?}"),
    }
}

/// Both sides as the platform stores them.
fn stored(schema: &ObjectSchema, fields: &Fields) -> Fields {
    let value = |(name, value): (&String, &Value)| {
        let ty = &schema.field(name).expect("a field").ty;
        (name.clone(), canonical(value, ty).expect("it fits"))
    };
    fields.iter().map(value).collect()
}

#[tokio::test]
async fn an_opportunity_keeps_its_values() {
    let org = Org::new();
    org.describe(&["Opportunity"]).await;
    let account = org.make("Account", &serde_json::json!({ "Name": "Halden" }));
    let mut fields = text_fields(&[
        ("Name", "  Robots, 40 \"units\" \\ 'net' "),
        ("StageName", "Prospecting"),
        ("NextStep", "line one"),
        ("Description", "first\r\nsecond\nthird ünïcödé ✓"),
    ]);
    fields.insert(
        "CloseDate".into(),
        Value::Date(jiff::civil::date(2026, 2, 28)),
    );
    fields.insert("Amount".into(), number("1234567.895"));
    fields.insert("Probability".into(), number("35"));
    fields.insert("IsPrivate".into(), Value::Bool(true));
    fields.insert("AccountId".into(), Value::crm_ref(account.as_str()));
    let schemas = org.pay(
        org.salesforce
            .describe(&[CrmObject::new("Opportunity")])
            .await,
    );
    let schemas = schemas.expect("an answer");
    let schema = schemas[0].as_ref().expect("a schema");
    let back = round_trip(&org, "Opportunity", fields.clone()).await;
    assert_eq!(stored(schema, &back), stored(schema, &fields));
}

#[tokio::test]
async fn a_cleared_field_is_nothing_and_a_cleared_checkbox_is_false() {
    let org = Org::new();
    org.describe(&["Contact"]).await;
    let contact = org.make(
        "Contact",
        &serde_json::json!({ "LastName": "Berg", "Title": "CTO", "HasOptedOutOfEmail": true, "Birthdate": "1980-05-06" }),
    );
    let cleared = ["Title", "HasOptedOutOfEmail", "Birthdate"];
    let request = WriteRequest {
        intent: IntentId(1),
        op: WriteOp::Update { id: contact },
        fields: cleared.map(|name| (name.to_owned(), Value::Null)).into(),
        unmodified_since: None,
    };
    let outcomes = org
        .write("Contact", &[request], &cleared)
        .await
        .expect("an answer");
    let WriteOutcome::Applied {
        before: Some(before),
        after: Some(after),
        ..
    } = &outcomes[0]
    else {
        panic!("{outcomes:?}");
    };
    assert_eq!(
        before.fields["Birthdate"],
        Value::Date(jiff::civil::date(1980, 5, 6))
    );
    assert_eq!(before.fields["HasOptedOutOfEmail"], Value::Bool(true));
    assert_eq!(after.fields["Birthdate"], Value::Null);
    assert_eq!(after.fields["Title"], Value::Null);
    assert_eq!(after.fields["HasOptedOutOfEmail"], Value::Bool(false));
}
