//! The document of the control API, held against the routes, the manual and the answers.

use std::{collections::BTreeSet, path::Path};

use bytes::Bytes;
use http::{Method, Request};
use serde_json::Value;

use tandem_sandbox::seed::SeedSize;

use crate::client::Client;

const MANUAL: &str = include_str!("../../../../docs/sandbox.md");

fn ask(client: &Client, method: &str, path: &str, body: &str) -> (u16, Value) {
    let method: Method = method.parse().expect("a method");
    let request = Request::builder().method(method).uri(path);
    let request = request
        .body(Bytes::from(body.to_owned()))
        .expect("a request");
    let response = tandem_sandbox::control::handle(&client.sandbox, &request);
    let answer = serde_json::from_slice(response.body()).expect("JSON");
    (response.status().as_u16(), answer)
}

fn document(client: &Client) -> Value {
    ask(client, "GET", "/control/openapi.json", "").1
}

/// The operations of the document as method, path and what is said of them.
fn operations(document: &Value) -> Vec<(String, String, &Value)> {
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("operations") {
            all.push((method.to_uppercase(), path.clone(), operation));
        }
    }
    all
}

fn fits(template: &str, path: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    let (template, path) = (template.split('/'), path.split('/'));
    template.clone().count() == path.clone().count()
        && template
            .zip(path)
            .all(|(wanted, given)| wanted.starts_with('{') || wanted == given)
}

/// Method, path and body of the manual's examples.
fn examples() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let (_, rest) = MANUAL.split_once("```control\n").expect("the examples");
    let (examples, _) = rest.split_once("```").expect("their end");
    examples.lines().map(|line| {
        let mut words = line.splitn(3, ' ');
        let mut word = || words.next().unwrap_or_default();
        (word(), word(), word())
    })
}

/// What a value has that its schema does not allow, in the keywords our schemas use.
fn violations(document: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    if let Some(name) = schema["$ref"].as_str() {
        let target = document
            .pointer(name.trim_start_matches('#'))
            .expect("a schema");
        return violations(document, target, value, at);
    }
    let mut found = Vec::new();
    let types = match &schema["type"] {
        Value::Array(types) => types.clone(),
        one => vec![one.clone()],
    };
    let is = |name: &Value| match name.as_str().expect("a type") {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "null" => value.is_null(),
        other => panic!("the schemas use a type the test does not know: {other}"),
    };
    if !types.iter().any(is) {
        found.push(format!("{at}: {value} is not of type {}", schema["type"]));
    }
    let listed = schema["enum"].as_array();
    if listed.is_some_and(|listed| !value.is_null() && !listed.contains(value)) {
        found.push(format!("{at}: {value} is not listed"));
    }
    for name in schema["required"].as_array().into_iter().flatten() {
        if value.get(name.as_str().expect("a name")).is_none() {
            found.push(format!("{at}: {name} is missing"));
        }
    }
    for (name, part) in value.as_object().into_iter().flatten() {
        let at = format!("{at}.{name}");
        match (
            schema["properties"].get(name),
            &schema["additionalProperties"],
        ) {
            (Some(schema), _) => found.extend(violations(document, schema, part, &at)),
            (None, Value::Bool(false)) => found.push(format!("{at} is not in the schema")),
            (None, Value::Object(_)) => {
                let schema = &schema["additionalProperties"];
                found.extend(violations(document, schema, part, &at));
            }
            (None, _) => {}
        }
    }
    for (number, item) in value.as_array().into_iter().flatten().enumerate() {
        let at = format!("{at}[{number}]");
        found.extend(violations(document, &schema["items"], item, &at));
    }
    found
}

#[test]
fn the_committed_description_is_current() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi/sandbox-control.json");
    let document = document(&Client::empty());
    let made = serde_json::to_string_pretty(&document).expect("JSON") + "\n";
    if std::env::var_os("TANDEM_WRITE_OPENAPI").is_some() {
        std::fs::write(&file, &made).expect("writes");
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        committed == made,
        "openapi/sandbox-control.json differs from the code; run this test with TANDEM_WRITE_OPENAPI=1 and look at \
         the difference"
    );
}

#[test]
fn every_reference_leads_to_a_schema_and_every_schema_is_used() {
    let document = document(&Client::empty());
    let text = document.to_string();
    let schemas = document["components"]["schemas"]
        .as_object()
        .expect("schemas");
    let known: BTreeSet<&str> = schemas.keys().map(String::as_str).collect();
    let start = "\"#/components/schemas/";
    let used: BTreeSet<&str> = text
        .split(start)
        .skip(1)
        .map(|rest| rest.split('"').next().expect("a name"))
        .collect();
    assert_eq!(used, known);
    let ids: Vec<&Value> = operations(&document)
        .iter()
        .map(|(_, _, said)| &said["operationId"])
        .collect();
    let different: BTreeSet<String> = ids.iter().map(|id| id.to_string()).collect();
    assert_eq!(ids.len(), different.len());
}

/// The document is made of the router's own table, so a route that is in it and does not answer is a mistake there.
#[test]
fn every_route_of_the_document_is_served_and_no_other() {
    let client = Client::empty();
    let document = document(&client);
    let missing = |method: &str, path: &str| {
        let (status, answer) = ask(&client, method, path, "");
        let sentence = answer["error"].as_str().unwrap_or_default();
        status == 404 && sentence.starts_with("there is no route")
    };
    let operations = operations(&document);
    assert!(operations.len() > 30);
    for (method, path, _) in &operations {
        let path = path.replace(['{', '}'], "");
        assert!(!missing(method, &path), "{method} {path}");
        assert!(missing(method, &format!("{path}/x/y/z")));
        assert!(missing("TRACE", &path));
    }
}

#[test]
fn the_examples_of_the_manual_show_every_operation_and_fit_the_schemas() {
    let size = SeedSize {
        accounts: 1,
        contacts: 2,
        leads: 1,
        opportunities: 0,
    };
    let client = Client::with_records(size);
    let document = document(&client);
    let operations = operations(&document);
    let mut shown = BTreeSet::new();
    for (method, path, body) in examples() {
        let number = operations
            .iter()
            .position(|(known, template, _)| known == method && fits(template, path));
        let number = number.unwrap_or_else(|| panic!("{method} {path} is not in the document"));
        let operation = operations[number].2;
        shown.insert(number);
        let schema = |content: &'_ Value| content["content"]["application/json"]["schema"].clone();
        let sent = schema(&operation["requestBody"]);
        if sent.is_null() {
            assert_eq!(body, "", "{method} {path} takes no body");
        } else {
            let value = serde_json::from_str(if body.is_empty() { "{}" } else { body });
            let wrong = violations(&document, &sent, &value.expect("JSON"), "body");
            assert!(wrong.is_empty(), "{method} {path}: {wrong:?}");
        }
        let (status, answer) = ask(&client, method, path, body);
        assert_eq!(status, 200, "{method} {path}: {answer}");
        let wanted = schema(&operation["responses"]["200"]);
        let wrong = violations(&document, &wanted, &answer, "answer");
        assert!(wrong.is_empty(), "{method} {path}: {wrong:?}");
    }
    let all: BTreeSet<usize> = (0..operations.len()).collect();
    let unseen: Vec<_> = all
        .difference(&shown)
        .map(|number| &operations[*number].1)
        .collect();
    assert!(unseen.is_empty(), "the manual has no example of {unseen:?}");
}

#[test]
fn a_value_that_does_not_fit_is_found() {
    let document = document(&Client::empty());
    let check = |schema: &str, value: Value| {
        let schema = serde_json::json!({ "$ref": format!("#/components/schemas/{schema}") });
        violations(&document, &schema, &value, "it").len()
    };
    assert_eq!(check("Advance", serde_json::json!({ "seconds": 1 })), 0);
    assert_eq!(check("Advance", serde_json::json!({ "seconds": "1" })), 1);
    assert_eq!(check("Advance", serde_json::json!({ "minutes": 1 })), 2);
    assert_eq!(
        check("FaultAction", serde_json::json!({ "kind": "explode" })),
        1
    );
    assert_eq!(check("MeteredCalls", serde_json::json!([{}])), 5);
}
