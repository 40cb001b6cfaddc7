//! Duplicate rules and assignment rules, and the headers that steer them.

use http::Method;
use serde_json::{Value, json};
use tandem_sandbox::{Options, Sandbox, world::DuplicateRule};

use crate::{
    client::{BASE, Client, Got, options},
    soap::{call_with, first},
};

const INSIST: (&str, &str) = ("Sforce-Duplicate-Rule-Header", "allowSave=true");

fn with_rule(rule: Value) -> Client {
    let client = Client::empty();
    let rule: DuplicateRule = serde_json::from_value(rule).expect("a rule");
    client
        .sandbox
        .world(|world| world.set_duplicate_rule(rule))
        .expect("it makes sense");
    client
}

fn by_email(action: &str) -> Client {
    with_rule(
        json!({ "name": "same_email", "object": "Contact", "fields": ["Email"], "action": action }),
    )
}

fn post(client: &Client, email: &str, headers: &[(&str, &str)]) -> Got {
    let body = json!({ "LastName": "Orme", "Email": email });
    client.call(Method::POST, "/sobjects/Contact", Some(body), headers)
}

#[test]
fn an_alert_names_the_match_and_can_be_overridden() {
    let client = by_email("alert");
    let first = post(&client, "ada@fenwick.example", &[]).expect(201).json();
    let got = post(&client, "ADA@fenwick.example", &[]).expect(400);
    assert_eq!(got.code(), "DUPLICATES_DETECTED");
    let error = &got.json()[0];
    assert_eq!(error["message"], "Use one of these records?");
    let result = &error["duplicateResult"];
    assert_eq!(
        (&result["allowSave"], &result["duplicateRule"]),
        (&json!(true), &json!("same_email"))
    );
    let matches = &result["matchResults"][0];
    assert_eq!(
        (&matches["size"], &matches["entityType"]),
        (&json!(1), &json!("Contact"))
    );
    let id = first["id"].as_str().expect("an id");
    let url = format!("{BASE}/sobjects/Contact/{id}");
    let record = json!({ "attributes": { "type": "Contact", "url": url }, "Id": id });
    assert_eq!(matches["matchRecords"][0]["record"], record);
    post(&client, "ada@fenwick.example", &[INSIST]).expect(201);
    post(&client, "orme@fenwick.example", &[]).expect(201);
}

#[test]
fn details_of_the_matches_come_when_asked() {
    let client = by_email("alert");
    post(&client, "ada@fenwick.example", &[]).expect(201);
    let header = (
        "Sforce-Duplicate-Rule-Header",
        "allowSave=false; includeRecordDetails=true",
    );
    let got = post(&client, "ada@fenwick.example", &[header])
        .expect(400)
        .json();
    let record = &got[0]["duplicateResult"]["matchResults"][0]["matchRecords"][0]["record"];
    assert_eq!(record["LastName"], "Orme");
}

#[test]
fn soap_refuses_alike_and_can_be_told_to_save() {
    let client = by_email("alert");
    post(&client, "ada@fenwick.example", &[]).expect(201);
    let create = |header: &str| {
        let record =
            "<type>Contact</type><LastName>Orme</LastName><Email>ada@fenwick.example</Email>";
        let operation = format!("<u:create><u:sObjects>{record}</u:sObjects></u:create>");
        call_with(&client, header, &operation).expect(200)
    };
    assert_eq!(first(&create(""), "statusCode"), "DUPLICATES_DETECTED");
    let header = |allow: bool| {
        let allow = format!("<u:allowSave>{allow}</u:allowSave>");
        create(&format!(
            "<u:DuplicateRuleHeader>{allow}</u:DuplicateRuleHeader>"
        ))
    };
    assert_eq!(first(&header(false), "success"), "false");
    assert_eq!(first(&header(true), "success"), "true");
}

#[test]
fn a_block_cannot_be_overridden() {
    let client = by_email("block");
    post(&client, "ada@fenwick.example", &[]).expect(201);
    let got = post(&client, "ada@fenwick.example", &[INSIST])
        .expect(400)
        .json();
    assert_eq!(got[0]["duplicateResult"]["allowSave"], false);
}

#[test]
fn every_field_has_to_match_and_empty_ones_never_do() {
    let client = with_rule(json!({
        "name": "same_name", "object": "Lead", "fields": ["LastName", "Company"], "on": "create",
    }));
    let lead = |last: &str, company: &str| json!({ "LastName": last, "Company": company });
    let post = |body: Value| client.post("/sobjects/Lead", body);
    let id = post(lead("O'Hara", "Fenwick")).expect(201).json()["id"].clone();
    post(lead("O'Hara", "Orme")).expect(201);
    post(lead("O'Hara", "FENWICK")).expect(400);
    let path = format!("/sobjects/Lead/{}", id.as_str().expect("an id"));
    client.patch(&path, lead("O'Hara", "Orme")).expect(204);
    let contacts = by_email("block");
    contacts.contact("Kinsella");
    contacts.contact("Kinsella");
}

#[test]
fn collections_refuse_record_by_record() {
    let client = by_email("alert");
    post(&client, "ada@fenwick.example", &[]).expect(201);
    let record = |email: &str| json!({ "attributes": { "type": "Contact" }, "LastName": "K", "Email": email });
    let records =
        json!({ "records": [record("ada@fenwick.example"), record("new@fenwick.example")] });
    let got = client
        .post("/composite/sobjects", records.clone())
        .expect(200)
        .json();
    assert_eq!(got[0]["errors"][0]["statusCode"], "DUPLICATES_DETECTED");
    assert_eq!(got[1]["success"], true);
    let got = client
        .call(
            Method::POST,
            "/composite/sobjects",
            Some(records),
            &[INSIST],
        )
        .expect(200)
        .json();
    assert_eq!(
        (&got[0]["success"], &got[1]["success"]),
        (&json!(true), &json!(true))
    );
}

#[test]
fn a_rule_has_a_row_and_goes_with_it() {
    let client = by_email("block");
    let soql = "SELECT DeveloperName, SobjectType, IsActive FROM DuplicateRule";
    let row = &client.query(soql)["records"][0];
    assert_eq!(
        (&row["DeveloperName"], &row["IsActive"]),
        (&json!("same_email"), &json!(true))
    );
    assert!(
        client
            .sandbox
            .world(|world| world.remove_duplicate_rule("same_email"))
    );
    assert!(
        !client
            .sandbox
            .world(|world| world.remove_duplicate_rule("same_email"))
    );
    assert_eq!(client.query(soql)["totalSize"], 0);
    post(&client, "ada@fenwick.example", &[]).expect(201);
    post(&client, "ada@fenwick.example", &[]).expect(201);
}

#[test]
fn rules_that_make_no_sense_are_refused() {
    let client = Client::empty();
    for (object, fields) in [
        ("Nothing", json!(["Email"])),
        ("Contact", json!([])),
        ("Contact", json!(["Nothing"])),
        ("Contact", json!(["Birthdate"])),
        ("Contact", json!(["Description"])),
    ] {
        let rule = json!({ "name": "r", "object": object, "fields": fields });
        let rule: DuplicateRule = serde_json::from_value(rule).expect("a rule");
        assert!(
            client
                .sandbox
                .world(|world| world.set_duplicate_rule(rule))
                .is_err(),
            "{object} {fields}"
        );
    }
}

#[test]
fn the_assignment_rule_runs_unless_declined_and_can_be_named() {
    let client = Client::empty();
    let admin = client
        .sandbox
        .user("admin@haldenrobotics.example")
        .expect("a user");
    client.sandbox.set_lead_assignee(Some(admin));
    let owner = |headers: &[(&str, &str)]| {
        let body = json!({ "LastName": "K", "Company": "F" });
        let got = client
            .call(Method::POST, "/sobjects/Lead", Some(body), headers)
            .expect(201)
            .json();
        client.field("Lead", got["id"].as_str().expect("an id"), "OwnerId")
    };
    let (admin, own) = (
        admin.to_string(),
        client.sandbox.connector_user().to_string(),
    );
    assert_eq!(owner(&[]), admin);
    assert_eq!(owner(&[("Sforce-Auto-Assign", "TRUE")]), admin);
    assert_eq!(owner(&[("Sforce-Auto-Assign", "01QTd0000000001")]), admin);
    assert_eq!(owner(&[("Sforce-Auto-Assign", "FALSE")]), own);
    let body = json!({ "LastName": "K", "Company": "F" });
    let headers = [("Sforce-Auto-Assign", "01QTd0000000002")];
    let got = client.call(Method::POST, "/sobjects/Lead", Some(body), &headers);
    assert_eq!(got.code(), "INVALID_CROSS_REFERENCE_KEY");
}

#[test]
fn a_rule_outlives_the_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = || {
        let state = Some(folder.path().join("org"));
        Sandbox::open(Options { state, ..options() }).expect("an org")
    };
    let rule = json!({ "name": "same_email", "object": "Contact", "fields": ["Email"] });
    let rule: DuplicateRule = serde_json::from_value(rule).expect("a rule");
    let first = open();
    first
        .world(|world| world.set_duplicate_rule(rule.clone()))
        .expect("it makes sense");
    drop(first);
    let client = Client::of(open());
    let rules = client
        .sandbox
        .world(|world| world.duplicate_rules().cloned().collect::<Vec<_>>());
    assert_eq!(rules, [rule]);
    assert_eq!(client.query("SELECT Id FROM DuplicateRule")["totalSize"], 1);
}
