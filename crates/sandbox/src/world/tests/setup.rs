//! Custom objects and fields, and the standard schema.

use serde_json::{Value as Json, json};

use super::{Bench, world};
use crate::world::{NewField, NewObject};

#[test]
fn custom_objects_have_owners_names_and_children() {
    let mut bench = Bench::new();
    let object = NewObject {
        name: "Visit__c".into(),
        label: "Visit".into(),
        label_plural: "Visits".into(),
    };
    bench.world.add_object(object.clone()).unwrap();
    assert_eq!(
        bench.world.add_object(object).unwrap_err().to_string(),
        "object 'Visit__c' exists"
    );
    let field: NewField = serde_json::from_value(json!({
        "name": "Host__c", "label": "Host", "type": "reference", "to": "contact", "child_relationship": "Visits",
        "cascade_delete": true,
    }))
    .unwrap();
    bench.world.add_field("Visit__c", field).unwrap();
    let host = bench.create("Contact", json!({"LastName": "Orme"}));
    let visit = bench.create(
        "Visit__c",
        json!({"Name": "First", "Host__c": host.to_string()}),
    );
    assert!(visit.to_string().starts_with("a0"), "{visit}");
    let schema = bench.world.schema();
    let child = schema
        .child_relationships("Contact")
        .into_iter()
        .find(|child| child.child_object == "Visit__c");
    assert_eq!(
        child.map(|child| (child.field, child.relationship_name)),
        Some(("Host__c", Some("Visits__r")))
    );
    bench.delete("Contact", host).unwrap();
    assert_eq!(bench.world.count("Visit__c"), 0);
}

#[track_caller]
fn refused(field: Json, wanted: &str) {
    let field: NewField = serde_json::from_value(field).unwrap();
    assert_eq!(
        world().add_field("Account", field).unwrap_err().to_string(),
        wanted
    );
}

#[test]
fn fields_that_make_no_sense_are_refused() {
    let names = "is not a custom name: letters, digits and _, at most 40, then __c";
    refused(
        json!({"name": "Plain", "label": "x", "type": "date"}),
        &format!("'Plain' {names}"),
    );
    refused(
        json!({"name": "é__c", "label": "x", "type": "date"}),
        &format!("'é__c' {names}"),
    );
    refused(
        json!({"name": "extid__c", "label": "x", "type": "date"}),
        "field 'extid__c' exists on Account",
    );
    refused(
        json!({"name": "A__c", "label": "x", "type": "text", "length": 256}),
        "length must be 1 to 255, not 256",
    );
    refused(
        json!({"name": "A__c", "label": "x", "type": "number", "precision": 2, "scale": 3}),
        "scale must be 0 to 2, not 3",
    );
    refused(
        json!({"name": "A__c", "label": "x", "type": "picklist", "values": []}),
        "a picklist has 1 to 1000 values",
    );
    refused(
        json!({"name": "A__c", "label": "x", "type": "picklist", "values": ["a;b"]}),
        "'a;b' cannot be a picklist value",
    );
    refused(
        json!({"name": "A__c", "label": "x", "type": "reference", "to": "Nope"}),
        "no object 'Nope'",
    );
    refused(
        json!({"name": "A__c", "label": "x", "type": "checkbox", "required": true}),
        "a formula or checkbox cannot be required",
    );
    refused(
        json!({"name": "A__c", "label": "x", "type": "date", "external_id": true}),
        "only text, number and e-mail fields can be unique or an external id",
    );
}

#[test]
fn a_new_org_has_its_first_rows() {
    let bench = Bench::new();
    assert_eq!(
        bench.field("Organization", bench.world.org_id(), "Name"),
        "Brindle Works"
    );
    assert_eq!(
        bench.field("User", bench.world.admin_id(), "Username"),
        "admin@brindle.example"
    );
    assert_eq!(
        bench.field("User", bench.world.admin_id(), "IsActive"),
        true
    );
    assert!(bench.world.org_id().to_string().starts_with("00D"));
}

#[test]
fn fields_carry_what_a_describe_shows() {
    let world = world();
    let show = |object: &str, field: &str| {
        let field = world
            .schema()
            .object(object)
            .and_then(|object| object.field(field))
            .unwrap();
        let flags = [
            ('c', field.createable),
            ('u', field.updateable),
            ('n', field.nillable),
            ('D', field.defaulted_on_create),
            ('f', field.filterable()),
            ('s', field.sortable()),
            ('g', field.groupable()),
            ('a', field.aggregatable()),
            ('I', field.id_lookup),
            ('x', field.permissionable),
        ];
        let flags: String = flags
            .into_iter()
            .filter(|(_, on)| *on)
            .map(|(letter, _)| letter)
            .collect();
        format!(
            "{} {} {flags}",
            field.field_type.describe_name(),
            field.length
        )
    };
    assert_eq!(show("Contact", "LastName"), "string 80 cufsga");
    assert_eq!(show("Contact", "FirstName"), "string 40 cunfsga");
    assert_eq!(show("Contact", "Name"), "string 121 fsga");
    assert_eq!(show("contact", "email"), "email 80 cunfsgaIx");
    assert_eq!(show("Contact", "Description"), "textarea 32000 cunx");
    assert_eq!(show("Contact", "MailingLatitude"), "double 0 cunfsax");
    assert_eq!(show("Lead", "Status"), "picklist 255 cuDfsga");
    assert_eq!(show("Account", "OwnerId"), "reference 18 cuDfsga");
    assert_eq!(show("Account", "SystemModstamp"), "datetime 0 Dfsa");
    assert_eq!(show("Opportunity", "Amount"), "currency 0 cunfsax");
    assert_eq!(show("Opportunity", "Probability"), "percent 0 cunDfsax");
    assert_eq!(show("Opportunity", "StageName"), "picklist 255 cufsga");
    assert_eq!(show("Account", "IsDeleted"), "boolean 0 Dfsg");
}
