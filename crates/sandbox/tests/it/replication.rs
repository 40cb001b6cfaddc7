//! getUpdated and getDeleted.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tandem_sandbox::faults::FaultAction;

use crate::client::Client;

fn minutes(client: &Client, offset: i64) -> String {
    client
        .sandbox
        .now()
        .checked_add(SignedDuration::from_mins(offset))
        .expect("in range")
        .to_string()
}

fn ask(client: &Client, what: &str, from: i64, to: i64) -> crate::client::Got {
    client.get(&format!(
        "/sobjects/Contact/{what}/?start={}&end={}",
        minutes(client, from),
        minutes(client, to)
    ))
}

/// An org at ten seconds past a full minute.
fn client() -> Client {
    let client = Client::empty();
    client
        .sandbox
        .set_now("2026-03-10T10:00:10Z".parse().expect("a time"));
    let token = client.sandbox.credentials("").access_token;
    Client { token, ..client }
}

#[test]
fn updated_lists_changes_of_the_window_cut_to_minutes() {
    let client = client();
    let id = client.contact("Kinsella");
    client.sandbox.advance(SignedDuration::from_mins(2));
    let got = ask(&client, "updated", -10, 0).expect(200).json();
    assert_eq!(
        got,
        json!({ "ids": [id], "latestDateCovered": "2026-03-10T10:02:00.000+0000" })
    );
    client.sandbox.advance(SignedDuration::from_mins(1));
    let later = ask(&client, "updated", -2, 0).expect(200).json();
    assert_eq!(later["ids"], json!([]));
}

#[test]
fn deleted_lists_deletions_with_their_time() {
    let client = client();
    let id = client.contact("Kinsella");
    client
        .delete(&format!("/sobjects/Contact/{id}"))
        .expect(204);
    client.sandbox.advance(SignedDuration::from_mins(5));
    let got = ask(&client, "deleted", -10, 0).expect(200).json();
    assert_eq!(
        got,
        json!({
            "deletedRecords": [{ "id": id, "deletedDate": "2026-03-10T10:00:10.000+0000" }],
            "earliestDateAvailable": "2026-02-23T10:05:00.000+0000",
            "latestDateCovered": "2026-03-10T10:05:00.000+0000",
        })
    );
    assert_eq!(
        ask(&client, "updated", -10, 0).expect(200).json()["ids"],
        json!([])
    );
}

#[test]
fn what_was_removed_for_good_ends_the_reach_of_deletions() {
    let client = client();
    let id = client.contact("Kinsella");
    client
        .delete(&format!("/sobjects/Contact/{id}"))
        .expect(204);
    client.sandbox.advance(SignedDuration::from_mins(5));
    let window = |from| ask(&client, "deleted", from, 0);
    assert_eq!(
        window(-10).expect(200).json()["deletedRecords"][0]["id"],
        id.as_str()
    );
    client
        .sandbox
        .world(tandem_sandbox::world::World::empty_recycle_bin);
    assert_eq!(
        window(-10).expect(400).json()[0]["errorCode"],
        "INVALID_REPLICATION_DATE"
    );
    let since = window(-4).expect(200).json();
    assert_eq!(since["deletedRecords"], json!([]));
    assert_eq!(
        since["earliestDateAvailable"],
        "2026-03-10T10:00:00.000+0000"
    );
}

#[test]
fn windows_that_make_no_sense_are_refused() {
    let client = client();
    let day = 24 * 60;
    for (what, from, to) in [
        ("updated", 0, 0),
        ("updated", 5, 0),
        ("updated", -31 * day, 0),
        ("deleted", 0, 0),
        ("deleted", -16 * day, 0),
    ] {
        assert_eq!(
            ask(&client, what, from, to).expect(400).code(),
            "INVALID_REPLICATION_DATE",
            "{what} {from} {to}"
        );
    }
    ask(&client, "updated", -29 * day, 0).expect(200);
    ask(&client, "deleted", -1, 0).expect(200);
    let code = |query: &str| {
        client
            .get(&format!("/sobjects/Contact/updated?{query}"))
            .expect(400)
            .code()
    };
    assert_eq!(
        code("start=yesterday&end=2026-03-10T10:00:00Z"),
        "INVALID_REPLICATION_DATE"
    );
    assert_eq!(code("end=2026-03-10T10:00:00Z"), "MISSING_ARGUMENT");
}

#[test]
fn the_watermark_waits_for_a_late_commit() {
    let client = client();
    let start = client.sandbox.now();
    client
        .sandbox
        .strike(&FaultAction::CommitLate {
            changes: 1,
            seconds: 600,
        })
        .expect("a state");
    let id = client.contact("Late");
    client.sandbox.advance(SignedDuration::from_mins(5));
    let early = ask(&client, "updated", -30, 0).expect(200).json();
    assert_eq!(early["ids"], json!([]));
    let covered: Timestamp = time(&early["latestDateCovered"]);
    assert!(
        covered <= start,
        "{covered} is vouched for though a change from {start} is not visible"
    );
    assert_eq!(client.query("SELECT COUNT() FROM Contact")["totalSize"], 0);
    client.sandbox.advance(SignedDuration::from_mins(5));
    assert_eq!(
        ask(&client, "updated", -30, 0).expect(200).json()["ids"],
        json!([id])
    );
    assert_eq!(
        client.field("Contact", &id, "SystemModstamp"),
        "2026-03-10T10:00:10.000+0000"
    );
}

fn time(value: &Value) -> Timestamp {
    value.as_str().expect("text").parse().expect("a time")
}
