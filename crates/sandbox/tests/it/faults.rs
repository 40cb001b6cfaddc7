//! Requests that go wrong on purpose.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::json;
use tandem_sandbox::{
    Delivery,
    faults::{FaultAction, FaultMatcher, FaultRule},
};

use crate::client::Client;

fn on_create(action: FaultAction) -> FaultRule {
    FaultRule::once("POST", "/sobjects/Contact", action)
}

fn contacts(client: &Client) -> u64 {
    client.query("SELECT COUNT() FROM Contact")["totalSize"]
        .as_u64()
        .expect("a count")
}

/// Arms the fault, sends one create, and says what came back and how many contacts there are.
fn create_under(client: &Client, action: FaultAction) -> (crate::client::Got, u64) {
    client
        .sandbox
        .add_fault(on_create(action))
        .expect("a sound rule");
    let got = client.post("/sobjects/Contact", json!({ "LastName": "Kinsella" }));
    (got, contacts(client))
}

#[test]
fn rejections_do_nothing() {
    let client = Client::empty();
    let reject = FaultAction::Reject {
        status: 503,
        error_code: "SERVER_UNAVAILABLE".into(),
        message: "busy".into(),
    };
    let (got, count) = create_under(&client, reject);
    assert_eq!(
        (got.expect(503).code().as_str(), count),
        ("SERVER_UNAVAILABLE", 0)
    );
    let (got, count) = create_under(&client, FaultAction::RejectHtml { status: 502 });
    assert!(
        got.expect(502)
            .header("content-type")
            .starts_with("text/html")
    );
    let (garbage, _) = create_under(&client, FaultAction::Garbage);
    assert_eq!(
        (garbage.expect(200).json(), count),
        (serde_json::Value::Null, 0)
    );
    client.contact("Now it works");
}

#[test]
fn answers_get_lost_before_and_after_the_work() {
    let client = Client::empty();
    let (before, count) = create_under(&client, FaultAction::LoseBefore);
    assert_eq!((before.delivery, count), (Delivery::Lost, 0));
    let (after, count) = create_under(&client, FaultAction::DoThenLose);
    assert_eq!((after.delivery, count), (Delivery::Lost, 1));
    let (failed, count) = create_under(&client, FaultAction::DoThenFail);
    assert_eq!(
        (failed.expect(500).code().as_str(), count),
        ("UNKNOWN_EXCEPTION", 2)
    );
    let (slow, count) = create_under(&client, FaultAction::Slow { millis: 1_500 });
    assert_eq!(
        (slow.expect(201).delivery, count),
        (Delivery::After(Duration::from_millis(1_500)), 3)
    );
}

#[test]
fn a_held_create_happens_late() {
    let client = Client::empty();
    let (got, count) = create_under(&client, FaultAction::Hold { seconds: Some(30) });
    assert_eq!(
        (got.delivery, count, client.sandbox.held()),
        (Delivery::Lost, 0, 1)
    );
    client.sandbox.advance(SignedDuration::from_secs(29));
    assert_eq!(contacts(&client), 0);
    client.sandbox.advance(SignedDuration::from_secs(1));
    assert_eq!((contacts(&client), client.sandbox.held()), (1, 0));
    let (_, count) = create_under(&client, FaultAction::Hold { seconds: None });
    client.sandbox.advance(SignedDuration::from_hours(1));
    assert_eq!(
        (count, client.sandbox.release_held(), client.sandbox.held()),
        (1, 1, 0)
    );
    assert_eq!(contacts(&client), 2);
}

#[test]
fn throttles_and_outages_end() {
    let client = Client::empty();
    client
        .sandbox
        .strike(&FaultAction::Throttle {
            seconds: 60,
            concurrent: true,
        })
        .expect("a state");
    let got = client.get("/limits").expect(403);
    assert_eq!(got.code(), "REQUEST_LIMIT_EXCEEDED");
    assert!(
        got.json()[0]["message"]
            .as_str()
            .expect("text")
            .starts_with("ConcurrentRequests")
    );
    client.sandbox.advance(SignedDuration::from_secs(60));
    client.get("/limits").expect(200);
    client
        .sandbox
        .strike(&FaultAction::Outage { seconds: 60 })
        .expect("a state");
    assert!(client.get("/limits").expect(503).text.contains("<html>"));
    assert_eq!(client.anonymous("/services/oauth2/userinfo").status, 503);
    client.sandbox.clear_faults();
    client.get("/limits").expect(200);
}

#[test]
fn a_locked_row_frees_itself_after_some_tries() {
    let client = Client::empty();
    let (locked, free) = (client.contact("Locked"), client.contact("Free"));
    let record_id = Some(locked.parse().expect("an id"));
    client
        .sandbox
        .strike(&FaultAction::LockRows {
            record_id,
            times: 1,
        })
        .expect("a state");
    let change =
        |id: &str| json!({ "attributes": { "type": "Contact" }, "id": id, "LastName": "Changed" });
    let both = json!({ "records": [change(&locked), change(&free)] });
    let results = client
        .patch("/composite/sobjects", both.clone())
        .expect(200)
        .json();
    let error = &results[0]["errors"][0];
    assert_eq!(error["statusCode"], "UNABLE_TO_LOCK_ROW");
    let text = format!("unable to obtain exclusive access to this record or 1 records: {locked}");
    assert_eq!(
        (&error["message"], &results[1]["success"]),
        (&text.into(), &true.into())
    );
    assert_eq!(
        client.patch("/composite/sobjects", both).expect(200).json()[0]["success"],
        true
    );
}

#[test]
fn rules_can_wait_for_the_nth_request_with_a_certain_body() {
    let client = Client::empty();
    let matcher = FaultMatcher {
        body: Some("Navarro".into()),
        nth: Some(2),
        ..FaultMatcher::default()
    };
    let rule = FaultRule {
        matcher,
        times: None,
        action: FaultAction::DoThenFail,
    };
    let id = client.sandbox.add_fault(rule).expect("a sound rule");
    let send = |name: &str| {
        client
            .post("/sobjects/Contact", json!({ "LastName": name }))
            .status
            .as_u16()
    };
    assert_eq!(
        ["Navarro", "Iyer", "Navarro", "Navarro"].map(send),
        [201, 201, 500, 500]
    );
    assert_eq!(
        (
            client.sandbox.faults()[0].seen,
            client.sandbox.faults()[0].fired
        ),
        (3, 2)
    );
    assert!(client.sandbox.remove_fault(id));
    assert_eq!(send("Navarro"), 201);
}

#[test]
fn a_rule_can_expire_the_session_in_the_middle() {
    let client = Client::empty();
    client
        .sandbox
        .add_fault(FaultRule::once(
            "GET",
            "/query",
            FaultAction::ExpireAccessTokens,
        ))
        .expect("a sound rule");
    client.get("/limits").expect(200);
    assert_eq!(
        client
            .get("/query?q=SELECT+Id+FROM+Lead")
            .expect(401)
            .code(),
        "INVALID_SESSION_ID"
    );
}
