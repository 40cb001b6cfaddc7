//! Whatever is uploaded, a bulk job ends and gives results.

use bytes::Bytes;
use http::{Method, Request};
use proptest::prelude::*;
use serde_json::json;

use crate::client::{BASE, Client};

fn send(
    client: &Client,
    method: Method,
    path: &str,
    kind: &str,
    body: Vec<u8>,
) -> crate::client::Got {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {}", client.token))
        .header("content-type", kind);
    client.send(request.body(Bytes::from(body)).expect("a request"))
}

fn csv() -> impl Strategy<Value = Vec<u8>> {
    let names = [
        "Id",
        "LastName",
        "Birthdate",
        "Account.ExtId__c",
        "Owner:User.Email",
        "Nope",
        "DoNotCall",
    ];
    let header = prop::collection::vec(prop::sample::select(names.to_vec()), 1..4);
    let rows = prop::collection::vec("[a1\",;#N/A\n\r é-]{0,12}", 0..6);
    let text = (header, rows).prop_map(|(header, rows)| {
        format!("{}\n{}", header.join(","), rows.join("\n")).into_bytes()
    });
    prop_oneof![4 => text, 1 => prop::collection::vec(any::<u8>(), 0..60)]
}

#[test]
fn every_upload_comes_to_an_end() {
    let client = Client::empty();
    let operations = prop::sample::select(vec!["insert", "update", "delete", "hardDelete"]);
    proptest!(ProptestConfig::with_cases(200), |(csv in csv(), operation in operations)| {
        let order = json!({ "object": "Contact", "operation": operation });
        let job = client.post("/jobs/ingest", order).expect(200).json();
        let path = format!("{BASE}/jobs/ingest/{}", job["id"].as_str().expect("an id"));
        send(&client, Method::PUT, &format!("{path}/batches"), "text/csv", csv).expect(201);
        client.patch(&path, json!({ "state": "UploadComplete" })).expect(200);
        let state = client.get(&path).expect(200).json()["state"].clone();
        prop_assert!(state == "JobComplete" || state == "Failed", "{}", state);
        for part in ["successfulResults", "failedResults", "unprocessedrecords"] {
            let token = format!("Bearer {}", client.token);
            let request = Request::get(format!("{path}/{part}")).header("authorization", token);
            let reply = client.sandbox.handle(request.body(Bytes::new()).expect("a request"));
            prop_assert_eq!(reply.response.status(), 200);
        }
    });
}

#[test]
fn every_classic_request_gets_an_answer() {
    let client = Client::empty();
    let word = "(<sObjects>|<sObject>|</sObject>|</sObjects>|<a>|&amp;|&x;|\\[|\\]|\\{|\\}|\"LastName\"|:|\"x\"|,| |é){0,12}";
    let languages = prop::sample::select(vec![
        ("CSV", "text/csv"),
        ("JSON", "application/json"),
        ("XML", "application/xml"),
    ]);
    proptest!(ProptestConfig::with_cases(200), |(language in languages, body in word)| {
        let order = json!({ "object": "Contact", "operation": "insert", "contentType": language.0 });
        let json = "application/json";
        let job = send(&client, Method::POST, "/services/async/62.0/job", json, order.to_string().into()).expect(201);
        let path = format!("/services/async/62.0/job/{}", job.json()["id"].as_str().expect("an id"));
        let added = send(&client, Method::POST, &format!("{path}/batch"), language.1, body.clone().into());
        prop_assert!(matches!(added.status.as_u16(), 201 | 400), "{}", added.text);
        let list = send(&client, Method::GET, &format!("{path}/batch"), json, Vec::new()).expect(200).json();
        for batch in list["batchInfo"].as_array().expect("batches") {
            prop_assert!(batch["state"] == "Completed" || batch["state"] == "Failed", "{}", batch);
        }
        let order = send(&client, Method::POST, "/services/async/62.0/job", language.1, body.into());
        prop_assert_eq!(order.status.as_u16(), 400);
    });
}
