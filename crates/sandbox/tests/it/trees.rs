//! Trees and graphs: several records in one call, all or none.

use serde_json::{Value, json};

use crate::client::{BASE, Client};

fn account(reference: &str, name: &str, contacts: &[Value]) -> Value {
    let mut record = json!({
        "attributes": { "type": "Account", "referenceId": reference },
        "Name": name,
    });
    if !contacts.is_empty() {
        record["Contacts"] = json!({ "records": contacts });
    }
    record
}

fn contact(reference: &str, fields: Value) -> Value {
    let mut record = fields;
    record["attributes"] = json!({ "type": "Contact", "referenceId": reference });
    record
}

fn count(client: &Client, object: &str) -> Value {
    client.query(&format!("SELECT COUNT() FROM {object}"))["totalSize"].clone()
}

#[test]
fn a_tree_is_created_level_by_level() {
    let client = Client::empty();
    let first = account(
        "a",
        "Fenwick",
        &[contact("k", json!({ "LastName": "Kinsella" }))],
    );
    let records = json!({ "records": [first, account("b", "Orme & Co", &[])] });
    let got = client
        .post("/composite/tree/Account", records)
        .expect(201)
        .json();
    assert_eq!(got["hasErrors"], false);
    let results = got["results"].as_array().expect("a list");
    let names: Vec<&Value> = results
        .iter()
        .map(|result| &result["referenceId"])
        .collect();
    assert_eq!(names, ["a", "b", "k"]);
    let person = results[2]["id"].as_str().expect("an id");
    assert_eq!(
        client.field("Contact", person, "AccountId"),
        results[0]["id"]
    );
}

#[test]
fn a_failure_creates_nothing_and_is_told_alone() {
    let client = Client::empty();
    let people = [
        contact("good", json!({ "LastName": "Kinsella" })),
        contact("bad", json!({ "LastName": "Orme", "Email": "nowhere" })),
    ];
    let records = json!({ "records": [account("a", "Fenwick", &people)] });
    let got = client
        .post("/composite/tree/Account", records)
        .expect(400)
        .json();
    assert_eq!(
        (&got["hasErrors"], &got["results"][1]),
        (&json!(true), &Value::Null)
    );
    let result = &got["results"][0];
    assert_eq!(result["referenceId"], "bad");
    assert_eq!(result["errors"][0]["statusCode"], "INVALID_EMAIL_ADDRESS");
    assert!(result.get("id").is_none());
    assert_eq!(
        (count(&client, "Account"), count(&client, "Contact")),
        (json!(0), json!(0))
    );
}

#[test]
fn what_is_no_tree_is_refused() {
    let client = Client::empty();
    let many: Vec<Value> = (0..201)
        .map(|n| account(&n.to_string(), "F", &[]))
        .collect();
    let misfits = [
        (json!([]), "INVALID_INPUT"),
        (json!([{ "Name": "F" }]), "INVALID_INPUT"),
        (
            json!([account("a", "F", &[]), account("a", "G", &[])]),
            "INVALID_INPUT",
        ),
        (
            json!([contact("c", json!({ "LastName": "K" }))]),
            "INVALID_INPUT",
        ),
        (json!(many), "LIMIT_EXCEEDED"),
    ];
    for (records, code) in misfits {
        let got = client.post("/composite/tree/Account", json!({ "records": records }));
        let got = got.expect(400).json();
        assert_eq!(got["results"][0]["errors"][0]["statusCode"], code, "{got}");
    }
    client.get("/composite/tree/Account").expect(405);
    assert_eq!(count(&client, "Account"), 0);
}

fn graph(id: &str, contact: Value) -> Value {
    json!({ "graphId": id, "compositeRequest": [
        { "method": "POST", "url": format!("{BASE}/sobjects/Account"), "referenceId": "firm", "body": { "Name": id } },
        { "method": "POST", "url": format!("{BASE}/sobjects/Contact"), "referenceId": "person", "body": contact },
    ]})
}

#[test]
fn each_graph_is_all_or_none() {
    let client = Client::empty();
    let graphs = [
        graph(
            "good",
            json!({ "LastName": "Kinsella", "AccountId": "@{firm.id}" }),
        ),
        graph("bad", json!({ "AccountId": "@{firm.id}" })),
    ];
    let got = client
        .post("/composite/graph", json!({ "graphs": graphs }))
        .expect(200)
        .json();
    let graphs = got["graphs"].as_array().expect("a list");
    assert_eq!(
        (&graphs[0]["graphId"], &graphs[0]["isSuccessful"]),
        (&json!("good"), &json!(true))
    );
    assert_eq!(graphs[1]["isSuccessful"], false);
    let parts = &graphs[1]["graphResponse"]["compositeResponse"];
    assert_eq!(parts[0]["body"][0]["errorCode"], "PROCESSING_HALTED");
    assert_eq!(parts[1]["body"][0]["errorCode"], "REQUIRED_FIELD_MISSING");
    assert_eq!(
        client.query("SELECT Name FROM Account")["records"][0]["Name"],
        "good"
    );
    assert_eq!(count(&client, "Account"), 1);
}

#[test]
fn graphs_hold_records_only_and_within_bounds() {
    let client = Client::empty();
    let query = json!({ "graphId": "q", "compositeRequest": [
        { "method": "GET", "url": format!("{BASE}/query?q=SELECT Id FROM Account"), "referenceId": "q" },
    ]});
    let one = || graph("g", json!({ "LastName": "K" }));
    for graphs in [
        json!([query]),
        json!([one(), one()]),
        json!([{ "graphId": "e", "compositeRequest": [] }]),
        json!(
            (0..76)
                .map(|n| graph(&n.to_string(), json!({})))
                .collect::<Vec<_>>()
        ),
    ] {
        client
            .post("/composite/graph", json!({ "graphs": graphs }))
            .expect(400);
    }
    let path = "/services/data/v49.0/composite/graph";
    client.post(path, json!({ "graphs": [one()] })).expect(405);
    assert_eq!(count(&client, "Account"), 0);
}
