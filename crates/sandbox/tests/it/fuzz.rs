//! Whatever is sent, the org answers.

use bytes::Bytes;
use http::Request;
use proptest::prelude::*;
use serde_json::Value;

use crate::client::{BASE, Client};

const METHODS: [&str; 6] = ["GET", "POST", "PATCH", "DELETE", "PUT", "HEAD"];
const WORDS: [&str; 41] = [
    "tree",
    "graph",
    "search",
    "parameterizedSearch",
    "FIND {Orme*} RETURNING Contact(Id WHERE",
    "recent",
    "tooling",
    "listviews",
    "layouts",
    "compactLayouts",
    "Account",
    "Contacts",
    "tabs",
    "password",
    "User",
    "quickActions",
    "graphs",
    "sobjects",
    "Contact",
    "Lead",
    "describe",
    "updated",
    "deleted",
    "query",
    "queryAll",
    "composite",
    "batch",
    "limits",
    "recordCount",
    "Id",
    "ExtId__c",
    "Email",
    "003Td0000000001",
    "0r8Td0000000001AAA-5",
    "start",
    "end",
    "q",
    "ids",
    "fields",
    "SELECT Id FROM Contact",
    "@{a.id}",
];
const KEYS: [&str; 20] = [
    "graphs",
    "graphId",
    "sobjects",
    "q",
    "referenceId",
    "Contacts",
    "attributes",
    "type",
    "records",
    "allOrNone",
    "compositeRequest",
    "batchRequests",
    "method",
    "url",
    "referenceId",
    "body",
    "httpHeaders",
    "LastName",
    "id",
    "ids",
];

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(&WORDS[..]).prop_map(str::to_owned),
        1 => "\\PC{0,12}",
    ]
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        word().prop_map(Value::from),
        word().prop_map(|word| Value::from(format!("{BASE}/{word}"))),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let key = prop::sample::select(&KEYS[..]).prop_map(str::to_owned);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::hash_map(key, inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn encode(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn target() -> impl Strategy<Value = String> {
    let path = prop::collection::vec(word(), 0..5);
    let query = prop::collection::vec((word(), word()), 0..3);
    (path, query).prop_map(|(path, query)| {
        let path: Vec<String> = path.iter().map(|segment| encode(segment)).collect();
        let query: Vec<String> = query
            .iter()
            .map(|(k, v)| format!("{}={}", encode(k), encode(v)))
            .collect();
        format!("{BASE}/{}?{}", path.join("/"), query.join("&"))
    })
}

#[test]
fn every_request_gets_an_answer() {
    let client = Client::empty();
    client.contact("Kinsella");
    let method = prop::sample::select(&METHODS[..]);
    proptest!(ProptestConfig::with_cases(400), |(method in method, target in target(), body in json())| {
        let request = Request::builder()
            .method(method)
            .uri(&target)
            .header("authorization", format!("Bearer {}", client.token))
            .body(Bytes::from(body.to_string()));
        let got = client.send(request.expect("a request"));
        let status = got.status.as_u16();
        prop_assert!(status < 500, "{method} {target}: {status}");
        let silent = got.text.is_empty();
        prop_assert!(silent || got.json() != Value::Null, "{method} {target}: {}", got.text);
    });
}

#[test]
fn every_composite_gets_an_answer() {
    let client = Client::empty();
    let parts = prop::collection::vec((prop::sample::select(&METHODS[..]), target(), json()), 1..6);
    proptest!(ProptestConfig::with_cases(150), |(parts in parts, all_or_none in any::<bool>())| {
        let part = |(index, (method, url, body)): (usize, &(&str, String, Value))| serde_json::json!({
            "method": method, "url": url, "referenceId": format!("r{index}"), "body": body,
        });
        let parts: Vec<Value> = parts.iter().enumerate().map(part).collect();
        let body = serde_json::json!({ "allOrNone": all_or_none, "compositeRequest": parts });
        let got = client.post("/composite", body);
        let refused = got.status.as_u16() == 400;
        prop_assert!(refused || got.json()["compositeResponse"].as_array().expect("answers").len() == parts.len());
    });
}

const CONSOLE_WORDS: [&str; 24] = [
    "lightning",
    "o",
    "r",
    "Contact",
    "Opportunity",
    "User",
    "Nothing",
    "list",
    "new",
    "view",
    "edit",
    "delete",
    "undelete",
    "faults",
    "late",
    "lost",
    "rules",
    "add",
    "picklist",
    "meter",
    "limit",
    "sign-in",
    "003Td0000000001",
    "005Td0000000002IAA",
];
const CONSOLE_KEYS: [&str; 14] = [
    "q",
    "page",
    "bin",
    "done",
    "user",
    "back",
    "LastName",
    "was.Title",
    "Birthdate",
    "AccountId",
    "changes",
    "when",
    "object",
    "field",
];

#[test]
fn every_visit_gets_a_page() {
    let client = Client::empty();
    client.contact("Kinsella");
    let word = || prop_oneof![6 => prop::sample::select(&CONSOLE_WORDS[..]).prop_map(str::to_owned), 1 => "\\PC{0,12}"];
    let pairs = || {
        let key = prop::sample::select(&CONSOLE_KEYS[..]);
        prop::collection::vec((key, word()), 0..5).prop_map(|pairs| {
            url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(pairs)
                .finish()
        })
    };
    let path = prop::collection::vec(word(), 0..6);
    proptest!(ProptestConfig::with_cases(400), |(path in path, query in pairs(), form in pairs(), post in any::<bool>())| {
        let path: Vec<String> = path.iter().map(|segment| encode(segment)).collect();
        let request = Request::builder()
            .method(if post { "POST" } else { "GET" })
            .uri(format!("/{}?{query}", path.join("/")))
            .header("host", "127.0.0.1:1")
            .header("origin", "http://127.0.0.1:1")
            .body(Bytes::from(form));
        let got = client.send(request.expect("a request"));
        prop_assert!(got.status.as_u16() < 500, "{path:?}?{query}: {}", got.status);
        prop_assert!(!got.text.contains("<script"));
    });
}
