//! Describes over canned answers.

use super::*;
use crate::salesforce::testing::{composite, connector};
use tandem_core::connector::Connector as _;
use tandem_core::error::ErrorClass;

/// What describe says => what we make of it.
const TYPES: &str = r#"
    {"type":"string","length":80} => Some(Text { max_chars: 80 })
    {"type":"encryptedstring","length":175} => Some(Text { max_chars: 175 })
    {"type":"id","length":18} => Some(Text { max_chars: 18 })
    {"type":"textarea","length":255} => Some(LongText { max_chars: 255 })
    {"type":"email","length":80} => Some(Email { max_chars: 80 })
    {"type":"phone","length":40} => Some(Phone { max_chars: 40 })
    {"type":"url","length":255} => Some(Url { max_chars: 255 })
    {"type":"int","digits":8} => Some(Number { precision: 8, scale: 0 })
    {"type":"double","precision":18,"scale":15} => Some(Number { precision: 18, scale: 15 })
    {"type":"currency","precision":18,"scale":2} => Some(Currency { precision: 18, scale: 2 })
    {"type":"percent","precision":3,"scale":0} => Some(Percent { precision: 3, scale: 0 })
    {"type":"date"} => Some(Date)
    {"type":"datetime"} => Some(DateTime)
    {"type":"boolean"} => Some(Checkbox)
    {"type":"picklist","restrictedPicklist":true,"picklistValues":[{"active":true,"value":"A"},{"active":false,"value":"B"}]} => Some(Picklist { restricted: true, values: ["A"] })
    {"type":"combobox","restrictedPicklist":true} => Some(Picklist { restricted: false, values: [] })
    {"type":"multipicklist"} => Some(MultiPicklist { restricted: false, values: [] })
    {"type":"reference","referenceTo":["Group","User"]} => Some(Reference { to: [CrmObject("Group"), CrmObject("User")] })
    {"type":"address"} => None
    {"type":"location"} => None
    {"type":"base64"} => None
    {"type":"anyType"} => None
    {"type":"time"} => None
"#;

#[test]
fn types_by_describe() {
    for line in TYPES.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (json, expected) = line.split_once(" => ").expect("two cells");
        let mut field = serde_json::from_str(json).expect("a field");
        assert_eq!(format!("{:?}", field_type(&mut field)), expected, "{json}");
    }
}

#[test]
fn required_is_what_the_platform_neither_defaults_nor_lets_be_empty() {
    for (createable, nillable, defaulted, required) in [
        (true, false, false, true),
        (true, true, false, false),
        (true, false, true, false),
        (false, false, false, false),
    ] {
        let field = field_schema(DescribeField {
            ty: "string".into(),
            createable,
            nillable,
            defaulted_on_create: defaulted,
            ..DescribeField::default()
        });
        assert_eq!(field.expect("a field").required, required);
    }
}

#[tokio::test]
async fn each_object_fails_alone() {
    let lead = r#"{"name":"Lead","label":"Lead","createable":true,"updateable":false,
        "fields":[{"name":"LastName","type":"string","length":80,"nillable":false,"createable":true}]}"#;
    let gone = r#"[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}]"#;
    let (salesforce, script, _) = connector([composite(&[
        ("describe0", 200, lead),
        ("describe1", 404, gone),
    ])]);
    let objects = ["Lead", "Nothing__c", "No Name"].map(CrmObject::new);
    let reply = salesforce.describe(&objects).await.expect("an answer");
    assert_eq!(reply.calls, 1);
    let classes: Vec<_> = reply
        .value
        .iter()
        .map(|r| r.as_ref().err().map(|f| f.class))
        .collect();
    assert_eq!(
        classes,
        [
            None,
            Some(ErrorClass::SchemaChanged),
            Some(ErrorClass::OurFault)
        ]
    );
    let schema = reply.value[0].as_ref().expect("a schema");
    assert!(schema.field("LastName").is_some_and(|field| field.required));
    assert!(script.bodies()[0].contains("/services/data/v62.0/sobjects/Lead/describe"));
}

#[tokio::test]
async fn no_objects_cost_nothing() {
    let (salesforce, script, _) = connector([]);
    let reply = salesforce.describe(&[]).await.expect("an answer");
    assert_eq!(
        (reply.value.len(), reply.calls, script.sent().len()),
        (0, 0, 0)
    );
}
