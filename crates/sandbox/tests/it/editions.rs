//! What the customer bought, who may use the API, and how long answers take.

use std::time::Duration;

use serde_json::json;
use tandem_sandbox::{Delivery, Edition, Options};

use crate::client::{Client, options};

#[test]
fn without_the_api_every_call_is_refused() {
    let client = Client::new(Options {
        edition: Edition::Professional,
        ..options()
    });
    let got = client.get("/limits").expect(403);
    assert_eq!(got.code(), "API_DISABLED_FOR_ORG");
    client.anonymous("/services/data").expect(200);
}

#[test]
fn an_edition_shows_in_the_organization() {
    let client = Client::new(Options {
        edition: Edition::Enterprise,
        ..options()
    });
    let found = client.query("SELECT OrganizationType FROM Organization");
    assert_eq!(
        found["records"][0]["OrganizationType"],
        "Enterprise Edition"
    );
    assert_eq!(Edition::Enterprise.call_limit_24h(), 112_000);
}

#[test]
fn a_user_needs_a_permission_set_with_the_api() {
    let client = Client::empty();
    let connector = client.sandbox.connector_user().to_string();
    let profile = client.query(&format!(
        "SELECT Id, PermissionSetId FROM PermissionSetAssignment WHERE AssigneeId = '{connector}'"
    ));
    let set = profile["records"][0]["PermissionSetId"]
        .as_str()
        .expect("an id");
    let off = json!({ "PermissionsApiEnabled": false });
    let path = format!("/sobjects/PermissionSet/{set}");
    client
        .call(http::Method::PATCH, &path, Some(off), &[])
        .expect(204);
    let got = client.get("/limits").expect(403);
    assert_eq!(got.code(), "API_CURRENTLY_DISABLED");
}

#[test]
fn answers_take_as_long_as_they_were_told_to() {
    let client = Client::new(Options {
        latency_millis: (20, 80),
        ..options()
    });
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..50 {
        let Delivery::After(delay) = client.get("/limits").delivery else {
            panic!("the answer came at once");
        };
        let range = Duration::from_millis(20)..=Duration::from_millis(80);
        assert!(range.contains(&delay), "{delay:?}");
        seen.insert(delay);
    }
    assert!(seen.len() > 5, "{} different delays", seen.len());
}
