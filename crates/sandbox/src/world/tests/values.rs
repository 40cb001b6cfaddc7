//! Values: how they are kept and why they are refused.

use serde_json::{Value as Json, json};

use super::{Bench, show};
use crate::world::{FieldKind, NewField};

/// Creates a contact with a last name and `fields`; `wanted` are the errors, or empty when it is saved.
#[track_caller]
fn check(fields: Json, wanted: &str) {
    let mut bench = Bench::new();
    custom_fields(&mut bench);
    let mut all = json!({"LastName": "Orme"});
    for (name, value) in fields.as_object().unwrap() {
        all[name] = value.clone();
    }
    let outcome = bench.try_create("Contact", all).err().unwrap_or_default();
    assert_eq!(show(&outcome), wanted, "{fields}");
    assert_eq!(
        bench.world.count("Contact"),
        usize::from(outcome.is_empty())
    );
}

/// Creates a contact with one field set and reads the field back.
#[track_caller]
fn keeps(field: &str, given: Json, wanted: Json) {
    let mut bench = Bench::new();
    custom_fields(&mut bench);
    let id = bench.create("Contact", json!({"LastName": "Orme", field: given}));
    assert_eq!(
        bench.field("Contact", id, field),
        wanted,
        "{field}: {given}"
    );
}

fn custom_fields(bench: &mut Bench) {
    let kinds = [
        (
            "Score__c",
            json!({"type": "number", "precision": 5, "scale": 2}),
        ),
        (
            "Tier__c",
            json!({"type": "picklist", "values": ["Gold", "Silver"], "restricted": true}),
        ),
        (
            "Topics__c",
            json!({"type": "multipicklist", "values": ["Sales", "IT", "HR"]}),
        ),
        ("Seen__c", json!({"type": "datetime"})),
        ("Vip__c", json!({"type": "checkbox", "default": true})),
        ("Partner__c", json!({"type": "reference", "to": "Account"})),
        ("Notes__c", json!({"type": "long_text", "length": 1000})),
    ];
    for (name, kind) in kinds {
        let kind: FieldKind = serde_json::from_value(kind).unwrap();
        let label = name.trim_end_matches("__c").to_owned();
        let field = NewField {
            name: name.to_owned(),
            label,
            kind,
            required: false,
            unique: false,
            external_id: false,
            case_sensitive: false,
        };
        bench.world.add_field("Contact", field).unwrap();
    }
}

#[test]
fn values_are_normalised() {
    keeps("FirstName", json!("  Ada \n"), json!("Ada"));
    keeps("FirstName", json!("   "), json!(null));
    keeps("Notes__c", json!("one\r\ntwo"), json!("one\r\ntwo"));
    keeps("Department", json!(42), json!("42"));
    keeps("Score__c", json!(19.995), json!(20.0));
    keeps("Score__c", json!(-0.005), json!(-0.01));
    keeps("Score__c", json!("12.344"), json!(12.34));
    keeps("Score__c", json!(1e2), json!(100.0));
    keeps("Vip__c", json!(null), json!(true));
    keeps("Vip__c", json!("FALSE"), json!(false));
    keeps(
        "Seen__c",
        json!("2026-02-28T23:30:15.987+02:00"),
        json!("2026-02-28T21:30:15.000+0000"),
    );
    keeps(
        "Seen__c",
        json!("2026-02-28T21:30:15.000+0000"),
        json!("2026-02-28T21:30:15.000+0000"),
    );
    keeps("Birthdate", json!("1980-02-29"), json!("1980-02-29"));
    keeps("Topics__c", json!("HR; Sales;HR"), json!("Sales;HR"));
    keeps("LeadSource", json!("Pigeon"), json!("Pigeon"));
}

#[test]
fn wrong_values_are_refused_in_the_vendors_words() {
    check(json!({"Department": "x".repeat(80)}), "");
    check(
        json!({"FirstName": "x".repeat(41)}),
        &format!(
            "STRING_TOO_LONG First Name: data value too large: {} (max length=40) [\"FirstName\"]",
            "x".repeat(41)
        ),
    );
    check(
        json!({"Foo__c": 1}),
        "INVALID_FIELD No such column 'Foo__c' on sobject of type Contact []",
    );
    check(
        json!({"Email": "ann.example.com"}),
        "INVALID_EMAIL_ADDRESS Email: invalid email address: ann.example.com [\"Email\"]",
    );
    check(json!({"Email": "o'neil+x@sub.brindle.example"}), "");
    check(
        json!({"Email": "a@b@c.example"}),
        "INVALID_EMAIL_ADDRESS Email: invalid email address: a@b@c.example [\"Email\"]",
    );
    check(
        json!({"Tier__c": "Bronze"}),
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST Tier: bad value for restricted picklist field: Bronze [\"Tier__c\"]",
    );
    check(
        json!({"Score__c": 1000}),
        "NUMBER_OUTSIDE_VALID_RANGE Score: value outside of valid range on numeric field: 1000 [\"Score__c\"]",
    );
    check(
        json!({"Score__c": 999.999}),
        "NUMBER_OUTSIDE_VALID_RANGE Score: value outside of valid range on numeric field: 999.999 [\"Score__c\"]",
    );
    check(
        json!({"Score__c": "1e300"}),
        "NUMBER_OUTSIDE_VALID_RANGE Score: value outside of valid range on numeric field: 1e300 [\"Score__c\"]",
    );
    check(
        json!({"Score__c": "many"}),
        "JSON_PARSER_ERROR Cannot deserialize instance of double from VALUE_STRING value many or request may be \
         missing a required field [\"Score__c\"]",
    );
    check(
        json!({"Birthdate": "2026-02-30"}),
        "JSON_PARSER_ERROR Cannot deserialize instance of date from VALUE_STRING value 2026-02-30 or request may be \
         missing a required field [\"Birthdate\"]",
    );
    check(
        json!({"Birthdate": "1066-10-14"}),
        "FIELD_INTEGRITY_EXCEPTION Birthdate: invalid date: 1066-10-14 [\"Birthdate\"]",
    );
    check(
        json!({"Seen__c": "yesterday"}),
        "JSON_PARSER_ERROR Cannot deserialize instance of datetime from VALUE_STRING value yesterday or request may \
         be missing a required field [\"Seen__c\"]",
    );
    check(
        json!({"Vip__c": 1}),
        "JSON_PARSER_ERROR Cannot deserialize instance of boolean from VALUE_NUMBER_INT value 1 or request may be \
         missing a required field [\"Vip__c\"]",
    );
    check(
        json!({"Title": ["x"]}),
        "JSON_PARSER_ERROR Cannot deserialize instance of string from START_ARRAY value [ or request may be missing a \
         required field [\"Title\"]",
    );
}

#[test]
fn read_only_fields_are_listed_together() {
    check(
        json!({"CreatedDate": "2020-01-01T00:00:00Z", "MailingAddress": {"city": "Ulm"}, "Title": "x"}),
        "INVALID_FIELD_FOR_INSERT_UPDATE Unable to create/update fields: MailingAddress, CreatedDate. Please check \
         the security settings of this field and verify that it is read/write for your profile or permission set. \
         [\"MailingAddress\", \"CreatedDate\"]",
    );
    check(
        json!({"Id": "003000000000001AAA"}),
        "INVALID_FIELD_FOR_INSERT_UPDATE cannot specify Id in an insert call [\"Id\"]",
    );
}

#[test]
fn references_must_lead_to_a_record_of_the_right_object() {
    check(
        json!({"AccountId": "nonsense"}),
        "MALFORMED_ID Account ID: id value of incorrect type: nonsense [\"AccountId\"]",
    );
    check(
        json!({"AccountId": "003Td0000000001"}),
        "FIELD_INTEGRITY_EXCEPTION Account ID: id value of incorrect type: 003Td0000000001IAA [\"AccountId\"]",
    );
    check(
        json!({"AccountId": "001Td0000000009"}),
        "INVALID_CROSS_REFERENCE_KEY invalid cross reference id []",
    );
    check(
        json!({"IndividualId": "0PKTd0000000009"}),
        "INVALID_CROSS_REFERENCE_KEY invalid cross reference id []",
    );
}

#[test]
fn several_errors_come_required_first_and_one_of_each_kind() {
    let mut bench = Bench::new();
    let fields = json!({
        "FirstName": "x".repeat(41), "Email": "no", "Street": "y".repeat(256), "AccountNumber": 1,
    });
    let unknown = bench.try_create("Lead", fields.clone()).unwrap_err();
    assert_eq!(
        show(&unknown),
        "INVALID_FIELD No such column 'AccountNumber' on sobject of type Lead []"
    );
    let mut fields = fields;
    fields.as_object_mut().unwrap().remove("AccountNumber");
    let errors = bench.try_create("Lead", fields).unwrap_err();
    let codes: Vec<_> = errors
        .iter()
        .map(|error| (error.status_code, error.fields.join(",")))
        .collect();
    let wanted = [
        ("REQUIRED_FIELD_MISSING", "LastName,Company"),
        ("STRING_TOO_LONG", "FirstName"),
        ("INVALID_EMAIL_ADDRESS", "Email"),
    ];
    assert_eq!(
        codes,
        wanted.map(|(code, fields)| (code, fields.to_owned()))
    );
    assert_eq!(
        errors[0].message,
        "Required fields are missing: [LastName, Company]"
    );
}

#[test]
fn required_fields_cannot_be_emptied_and_optional_ones_can() {
    let mut bench = Bench::new();
    let id = bench.create("Contact", json!({"LastName": "Orme", "Title": "Cook"}));
    let error = bench
        .update("Contact", id, json!({"LastName": " ", "OwnerId": null}))
        .unwrap_err();
    assert_eq!(
        show(&error),
        "REQUIRED_FIELD_MISSING Required fields are missing: [LastName, OwnerId] [\"LastName\", \"OwnerId\"]"
    );
    bench.update("Contact", id, json!({"Title": null})).unwrap();
    assert_eq!(bench.field("Contact", id, "Title"), json!(null));
}
