//! The control API.

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};

use crate::client::Client;

fn ask(client: &Client, method: Method, path: &str, body: Value) -> (u16, Value) {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let request = Request::builder()
        .method(method)
        .uri(format!("/control{path}"));
    let request = request.body(Bytes::from(body)).expect("a request");
    let response = tandem_sandbox::control::handle(&client.sandbox, &request);
    let status = response.status().as_u16();
    (
        status,
        serde_json::from_slice(response.body()).expect("JSON"),
    )
}

#[track_caller]
fn good(client: &Client, method: Method, path: &str, body: Value) -> Value {
    let (status, answer) = ask(client, method, path, body);
    assert_eq!(status, 200, "{path}: {answer}");
    answer
}

#[test]
fn the_clock_can_be_read_set_and_advanced() {
    let client = Client::empty();
    let set = good(
        &client,
        Method::PUT,
        "/clock",
        json!({ "now": "2026-05-01T00:00:00Z", "mode": "virtual" }),
    );
    assert_eq!(
        set,
        json!({ "now": "2026-05-01T00:00:00Z", "mode": "virtual" })
    );
    good(
        &client,
        Method::POST,
        "/clock/advance",
        json!({ "seconds": 90 }),
    );
    assert_eq!(
        good(&client, Method::GET, "/clock", Value::Null)["now"],
        "2026-05-01T00:01:30Z"
    );
}

#[test]
fn people_edit_records_in_the_ui() {
    let client = Client::empty();
    let seller = "imani.odhiambo@haldenrobotics.example";
    let created = good(
        &client,
        Method::POST,
        "/records/Lead",
        json!({
            "as": seller, "fields": { "LastName": "Navarro", "Company": "Fenwick Optics" },
        }),
    );
    let id = created["id"].as_str().expect("an id");
    let path = format!("/records/Lead/{id}");
    good(
        &client,
        Method::PATCH,
        &path,
        json!({ "as": seller, "fields": { "Title": "CEO" } }),
    );
    let dump = good(&client, Method::GET, "/records/Lead", Value::Null);
    let record = &dump["records"][0];
    let user = client.sandbox.user(seller).expect("a user").to_string();
    assert_eq!(
        (
            &dump["total"],
            &record["Title"],
            &record["LastModifiedById"]
        ),
        (&1.into(), &"CEO".into(), &user.into())
    );
    good(&client, Method::POST, &format!("{path}/touch"), Value::Null);
    good(
        &client,
        Method::DELETE,
        &format!("{path}?as={seller}"),
        Value::Null,
    );
    assert_eq!(
        good(&client, Method::GET, "/records/Lead", Value::Null)["total"],
        0
    );
    assert_eq!(
        good(
            &client,
            Method::GET,
            "/records/Lead?deleted=true",
            Value::Null
        )["total"],
        1
    );
    good(
        &client,
        Method::POST,
        &format!("{path}/undelete"),
        Value::Null,
    );
    assert_eq!(client.field("Lead", id, "Title"), "CEO");
}

#[test]
fn metadata_rights_and_rules_can_be_changed() {
    let client = Client::empty();
    good(
        &client,
        Method::POST,
        "/objects/Lead/fields",
        json!({ "name": "Tier__c", "label": "Tier", "type": "text", "length": 20 }),
    );
    good(
        &client,
        Method::POST,
        "/objects",
        json!({ "name": "Site__c", "label": "Site", "label_plural": "Sites" }),
    );
    good(
        &client,
        Method::PUT,
        "/automations",
        json!({
            "name": "tier", "object": "Lead", "when": "Company = 'Fenwick Optics'", "set": { "Tier__c": "gold" },
        }),
    );
    good(
        &client,
        Method::PUT,
        "/validation-rules",
        json!({
            "name": "no title", "object": "Lead", "refuse_when": "Title = 'None'", "message": "A title, please.", "field": "Title",
        }),
    );
    let lead =
        |title: &str| json!({ "LastName": "Navarro", "Company": "Fenwick Optics", "Title": title });
    let id = client.create("Lead", lead("CEO"));
    assert_eq!(client.field("Lead", &id, "Tier__c"), "gold");
    let refused = client.post("/sobjects/Lead", lead("None")).expect(400);
    assert_eq!(
        refused.json(),
        json!([{
            "message": "A title, please.", "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "fields": ["Title"],
        }])
    );
    good(
        &client,
        Method::DELETE,
        "/validation-rules/no%20title",
        Value::Null,
    );
    client.create("Lead", lead("None"));
    let connector = "connector@haldenrobotics.example";
    good(
        &client,
        Method::PUT,
        &format!("/permissions/{connector}/Lead/Tier__c"),
        json!({ "read": false, "edit": false }),
    );
    client.get("/query?q=SELECT+Tier__c+FROM+Lead").expect(400);
    good(
        &client,
        Method::PUT,
        &format!("/permissions/{connector}/Site__c"),
        json!({ "read": false }),
    );
    client.get("/sobjects/Site__c").expect(404);
}

#[test]
fn faults_meter_and_tokens() {
    let client = Client::empty();
    let rule = json!({
        "match": { "method": "GET", "path": "/limits" },
        "action": { "kind": "reject", "status": 500, "error_code": "UNKNOWN_EXCEPTION", "message": "x" },
    });
    let id = good(&client, Method::POST, "/faults", rule)["id"].clone();
    client.get("/limits").expect(500);
    let rules = good(&client, Method::GET, "/faults", Value::Null);
    assert_eq!(
        (
            &rules[0]["id"],
            &rules[0]["fired"],
            &rules[0]["action"]["kind"]
        ),
        (&id, &1.into(), &"reject".into())
    );
    good(
        &client,
        Method::DELETE,
        &format!("/faults/{id}"),
        Value::Null,
    );
    good(
        &client,
        Method::POST,
        "/faults/strike",
        json!({ "kind": "throttle", "seconds": 5 }),
    );
    client.get("/limits").expect(403);
    good(&client, Method::DELETE, "/faults", Value::Null);
    client.get("/limits").expect(200);
    assert_eq!(
        good(&client, Method::GET, "/meter", Value::Null)["total_calls"],
        1
    );
    assert_eq!(
        good(&client, Method::GET, "/meter/calls", Value::Null)[0]["kind"],
        "limits"
    );
    assert_eq!(
        good(&client, Method::DELETE, "/meter", Value::Null)["total_calls"],
        0
    );
    good(
        &client,
        Method::PUT,
        "/meter/limit",
        json!({ "calls_24h": 0 }),
    );
    client.get("/limits").expect(403);
    good(&client, Method::POST, "/tokens/expire", Value::Null);
    client.get("/limits").expect(401);
    good(&client, Method::POST, "/tokens/revoke", Value::Null);
}

#[test]
fn seeding_adds_records() {
    let client = Client::empty();
    good(
        &client,
        Method::POST,
        "/seed",
        json!({ "leads": 20, "accounts": 3, "seed": 9 }),
    );
    let state = good(&client, Method::GET, "/state", Value::Null);
    assert_eq!(
        (&state["records"]["Lead"], &state["records"]["Account"]),
        (&20.into(), &3.into())
    );
    assert_eq!(state["users"].as_array().expect("a list").len(), 12);
}

#[test]
fn people_merge_contacts_and_convert_leads() {
    let client = Client::empty();
    let (winner, loser) = (client.contact("Winner"), client.contact("Loser"));
    let path = format!("/records/Contact/{winner}/merge");
    good(
        &client,
        Method::POST,
        &path,
        json!({ "losers": [loser], "fields": { "Title": "CEO" } }),
    );
    assert_eq!(client.field("Contact", &winner, "Title"), "CEO");
    let soql = "SELECT+MasterRecordId+FROM+Contact+WHERE+IsDeleted=true";
    let lost = client
        .get(&format!("/queryAll?q={soql}"))
        .expect(200)
        .json();
    assert_eq!(lost["records"][0]["MasterRecordId"], winner.as_str());

    let lead = client.create(
        "Lead",
        json!({ "LastName": "Navarro", "Company": "Fenwick Optics" }),
    );
    let path = format!("/records/Lead/{lead}/convert");
    let made = good(
        &client,
        Method::POST,
        &path,
        json!({ "opportunity_name": "Pilot" }),
    );
    for (object, key) in [
        ("Account", "account_id"),
        ("Contact", "contact_id"),
        ("Opportunity", "opportunity_id"),
    ] {
        let id = made[key].as_str().expect("an id");
        assert_eq!(
            client.field("Lead", &lead, &format!("Converted{object}Id")),
            id
        );
    }
}

/// Request, body, status, and a part of the sentence that explains it.
const BAD_REQUESTS: &str = r#"
GET /nothing | | 404 | no route
POST /health | | 404 | no route
POST /clock/advance | {"minutes":1} | 400 | unknown field
POST /records/Lead | {"as":"nobody","fields":{}} | 404 | user 'nobody'
POST /records/Lead | {"fields":{}} | 400 | Required fields are missing
GET /records/Nothing | | 404 | object 'Nothing'
DELETE /faults/7 | | 404 | fault rule 7
POST /faults/strike | {"kind":"garbage"} | 400 | add it as a rule
POST /faults | {"action":{"kind":"explode"}} | 400 | explode
POST /faults | {"action":{"kind":"reject_html","status":200}} | 400 | error status
POST /objects/Lead/fields | {"name":"bad","label":"x","type":"date"} | 400 | bad
DELETE /automations/none | | 404 | rule of this name
POST /seed | {"leads":1000001} | 400 | 1000000
"#;

#[test]
fn bad_requests_are_explained() {
    let client = Client::empty();
    for line in BAD_REQUESTS.lines().filter(|line| !line.is_empty()) {
        let parts: Vec<&str> = line.split('|').map(str::trim).collect();
        let (method, path) = parts[0].split_once(' ').expect("method and path");
        let body = serde_json::from_str(parts[1]).unwrap_or_default();
        let (status, answer) = ask(&client, method.parse().expect("a method"), path, body);
        assert_eq!(status.to_string(), parts[2], "{line}: {answer}");
        let sentence = answer["error"].as_str().unwrap_or_default();
        assert!(sentence.contains(parts[3]), "{line}: {sentence}");
    }
}
