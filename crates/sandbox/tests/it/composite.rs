//! Composite and batch requests.

use serde_json::{Value, json};

use crate::client::{BASE, Client};

fn part(method: &str, path: &str, id: &str) -> Value {
    json!({ "method": method, "url": format!("{BASE}{path}"), "referenceId": id })
}

fn with_body(mut part: Value, body: Value) -> Value {
    part["body"] = body;
    part
}

fn run(client: &Client, all_or_none: bool, parts: &[Value]) -> Value {
    let got = client
        .post(
            "/composite",
            json!({ "allOrNone": all_or_none, "compositeRequest": parts }),
        )
        .expect(200);
    got.json()["compositeResponse"].clone()
}

fn statuses(answers: &Value) -> Vec<u64> {
    let answers = answers.as_array().expect("a list").iter();
    answers
        .map(|answer| answer["httpStatusCode"].as_u64().expect("a status"))
        .collect()
}

#[test]
fn later_parts_use_what_earlier_ones_answered() {
    let client = Client::empty();
    let answers = run(
        &client,
        true,
        &[
            with_body(
                part("POST", "/sobjects/Account", "firm"),
                json!({ "Name": "Fenwick Optics" }),
            ),
            with_body(
                part("POST", "/sobjects/Contact", "person"),
                json!({ "LastName": "K", "AccountId": "@{firm.id}" }),
            ),
            part(
                "GET",
                "/query?q=SELECT Id, Name FROM Account WHERE Id = '@{firm.id}'",
                "found",
            ),
            part(
                "GET",
                "/sobjects/Contact/@{person.id}?fields=AccountId",
                "read",
            ),
            with_body(
                part("PATCH", "/sobjects/Contact/@{person.id}", "change"),
                json!({ "Title": "@{found.records[0].Name}" }),
            ),
        ],
    );
    assert_eq!(statuses(&answers), [201, 201, 200, 200, 204]);
    assert_eq!(answers[3]["body"]["AccountId"], answers[0]["body"]["id"]);
    assert_eq!(
        answers[4],
        json!({ "body": null, "httpHeaders": {}, "httpStatusCode": 204, "referenceId": "change" })
    );
    let person = answers[1]["body"]["id"].as_str().expect("an id");
    assert_eq!(
        answers[1]["httpHeaders"]["Location"],
        format!("{BASE}/sobjects/Contact/{person}")
    );
    assert_eq!(client.field("Contact", person, "Title"), "Fenwick Optics");
    assert_eq!(client.sandbox.meter().by_kind["composite"], 1);
}

#[test]
fn without_all_or_none_only_dependents_of_a_failure_are_halted() {
    let client = Client::empty();
    let answers = run(
        &client,
        false,
        &[
            with_body(part("POST", "/sobjects/Account", "bad"), json!({})),
            with_body(
                part("POST", "/sobjects/Contact", "dependent"),
                json!({ "LastName": "K", "AccountId": "@{bad.id}" }),
            ),
            with_body(
                part("POST", "/sobjects/Contact", "free"),
                json!({ "LastName": "K" }),
            ),
            part("GET", "/sobjects/Nothing", "unknown"),
        ],
    );
    assert_eq!(statuses(&answers), [400, 400, 201, 404]);
    assert_eq!(answers[1]["body"][0]["errorCode"], "PROCESSING_HALTED");
    let error =
        json!([{ "errorCode": "NOT_FOUND", "message": "The requested resource does not exist" }]);
    assert_eq!(answers[3]["body"], error);
    assert_eq!(client.query("SELECT COUNT() FROM Contact")["totalSize"], 1);
}

#[test]
fn with_all_or_none_a_failure_undoes_what_went_before() {
    let client = Client::empty();
    let answers = run(
        &client,
        true,
        &[
            with_body(
                part("POST", "/sobjects/Account", "good"),
                json!({ "Name": "Fenwick Optics" }),
            ),
            with_body(part("POST", "/sobjects/Contact", "bad"), json!({})),
            with_body(
                part("POST", "/sobjects/Contact", "never"),
                json!({ "LastName": "K" }),
            ),
        ],
    );
    assert_eq!(statuses(&answers), [400, 400, 400]);
    let halted = json!([{
        "errorCode": "PROCESSING_HALTED",
        "message": "The transaction was rolled back since another operation in the same transaction failed.",
    }]);
    assert_eq!(
        (&answers[0]["body"], &answers[2]["body"]),
        (&halted, &halted)
    );
    assert_eq!(answers[1]["body"][0]["errorCode"], "REQUIRED_FIELD_MISSING");
    assert_eq!(client.query("SELECT COUNT() FROM Account")["totalSize"], 0);
}

#[test]
fn parts_have_their_own_conditions() {
    let client = Client::empty();
    let id = client.contact("Kinsella");
    let describe = client.get("/sobjects/Contact/describe").expect(200);
    let (etag, modified) = (describe.header("etag"), describe.header("last-modified"));
    client.sandbox.advance(jiff::SignedDuration::from_secs(60));
    client
        .patch(
            &format!("/sobjects/Contact/{id}"),
            json!({ "LastName": "Ostberg" }),
        )
        .expect(204);
    let mut unchanged = part("GET", "/sobjects/Contact/describe", "describe");
    unchanged["httpHeaders"] = json!({ "If-Modified-Since": modified });
    let mut stale = with_body(
        part("PATCH", &format!("/sobjects/Contact/{id}"), "stale"),
        json!({ "LastName": "x" }),
    );
    stale["httpHeaders"] = json!({ "If-Unmodified-Since": modified });
    let answers = run(&client, false, &[unchanged, stale]);
    assert_eq!(
        answers[0],
        json!({
            "body": null,
            "httpHeaders": { "ETag": etag, "Last-Modified": modified },
            "httpStatusCode": 304,
            "referenceId": "describe",
        })
    );
    assert_eq!(
        (&answers[1]["httpStatusCode"], &answers[1]["body"]),
        (&412.into(), &Value::Null)
    );
}

#[test]
fn five_collections_fit_and_a_sixth_does_not() {
    let client = Client::empty();
    let records = json!({ "records": [{ "attributes": { "type": "Contact" }, "LastName": "K" }] });
    let parts: Vec<Value> = (0..6)
        .map(|n| {
            with_body(
                part("POST", "/composite/sobjects", &format!("r{n}")),
                records.clone(),
            )
        })
        .collect();
    assert_eq!(statuses(&run(&client, true, &parts[..5])), [200; 5]);
    let refuse = |parts: &[Value]| {
        client
            .post("/composite", json!({ "compositeRequest": parts }))
            .expect(400)
            .code()
    };
    assert_eq!(refuse(&parts), "LIMIT_EXCEEDED");
    let light: Vec<Value> = (0..26)
        .map(|n| part("GET", "/limits", &format!("l{n}")))
        .collect();
    assert_eq!(refuse(&light), "LIMIT_EXCEEDED");
    assert_eq!(refuse(&[]), "INVALID_INPUT");
    assert_eq!(
        refuse(&[light[0].clone(), light[0].clone()]),
        "INVALID_INPUT"
    );
    assert_eq!(
        statuses(&run(
            &client,
            false,
            &[part("POST", "/composite", "nested")]
        )),
        [400]
    );
}

#[test]
fn a_batch_runs_independent_parts_and_counts_each() {
    let client = Client::empty();
    let body = |halt: bool| {
        json!({ "haltOnError": halt, "batchRequests": [
            { "method": "GET", "url": "v62.0/limits" },
            { "method": "GET", "url": "v62.0/sobjects/Nothing" },
            { "method": "POST", "url": "v62.0/sobjects/Contact", "richInput": { "LastName": "K" } },
        ]})
    };
    let all = client
        .post("/composite/batch", body(false))
        .expect(200)
        .json();
    let statuses = |answer: &Value| {
        let results = answer["results"].as_array().expect("a list");
        results
            .iter()
            .map(|result| result["statusCode"].as_u64().expect("a status"))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (&all["hasErrors"], statuses(&all)),
        (&true.into(), vec![200, 404, 201])
    );
    assert_eq!(client.sandbox.meter().by_kind["batch"], 3);
    let halted = client
        .post("/composite/batch", body(true))
        .expect(200)
        .json();
    assert_eq!(statuses(&halted), [200, 404, 412]);
    assert_eq!(client.sandbox.meter().total_calls, 5);
}
