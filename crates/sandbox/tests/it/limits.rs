//! The meter, the daily limit and what the org tells about them.

use jiff::SignedDuration;
use serde_json::json;
use tandem_sandbox::Options;

use crate::client::{Client, options};

#[test]
fn calls_are_counted_by_kind_and_client() {
    let client = Client::empty();
    let headers = [("Sforce-Call-Options", "client=tandem, defaultNamespace=x")];
    client
        .call(http::Method::GET, "/limits", None, &headers)
        .expect(200);
    client.query("SELECT Id FROM Contact");
    client.contact("Kinsella");
    client.get("/nothing").expect(404);
    client.anonymous("/services/data/v62.0/limits").expect(401);
    let reading = client.sandbox.meter();
    assert_eq!((reading.total_calls, reading.used_calls_24h), (4, 4));
    assert_eq!(reading.by_client["tandem"], 1);
    assert_eq!(
        (
            reading.by_kind["query"],
            reading.by_kind["record"],
            reading.by_kind["limits"]
        ),
        (1, 1, 1)
    );
    let calls = client.sandbox.metered_calls();
    assert_eq!(
        (calls[0].client.as_str(), calls[2].method.as_str()),
        ("tandem", "POST")
    );
}

#[test]
fn the_daily_limit_refuses_until_the_window_has_moved() {
    let client = Client::new(Options {
        call_limit_24h: 3,
        ..options()
    });
    for used in 1..=3 {
        let got = client.get("/limits").expect(200);
        assert_eq!(
            got.header("sforce-limit-info"),
            format!("api-usage={used}/3")
        );
        assert_eq!(
            got.json()["DailyApiRequests"],
            json!({ "Max": 3, "Remaining": 3 - used })
        );
    }
    let got = client.get("/limits").expect(403);
    assert_eq!(
        (got.code().as_str(), &got.json()[0]["message"]),
        (
            "REQUEST_LIMIT_EXCEEDED",
            &"TotalRequests Limit exceeded.".into()
        )
    );
    assert_eq!(
        client.sandbox.meter().total_calls,
        3,
        "a refused call is not counted"
    );
    client.sandbox.advance(SignedDuration::from_hours(24));
    let token = client.sandbox.credentials("").access_token;
    let client = Client { token, ..client };
    client.get("/limits").expect(200);
}

#[test]
fn the_usage_header_is_near_the_truth_and_repeatable() {
    let usages = || {
        let client = Client::new(Options {
            limit_jitter_calls: 15,
            ..options()
        });
        let usage = |got: crate::client::Got| {
            let info = got
                .header("sforce-limit-info")
                .strip_prefix("api-usage=")
                .expect("a usage")
                .to_owned();
            info.split_once('/')
                .expect("a limit")
                .0
                .parse::<i64>()
                .expect("a number")
        };
        (1..=60)
            .map(|n| (n, usage(client.get("/limits"))))
            .collect::<Vec<_>>()
    };
    let seen = usages();
    assert!(
        seen.iter().all(|(truth, told)| (truth - told).abs() <= 15),
        "{seen:?}"
    );
    assert!(
        seen.windows(2).any(|pair| pair[1].1 < pair[0].1),
        "it is not monotonic"
    );
    assert_eq!(seen, usages());
}

#[test]
fn record_counts_leave_empty_objects_out() {
    let client = Client::empty();
    client.contact("Kinsella");
    let got = client
        .get("/limits/recordCount?sObjects=contact,Lead,Nothing")
        .expect(200)
        .json();
    assert_eq!(
        got,
        json!({ "sObjects": [{ "count": 1, "name": "Contact" }] })
    );
}

#[test]
fn answers_carry_the_orgs_time() {
    let client = Client::empty();
    client
        .sandbox
        .set_now("2026-03-10T09:00:05Z".parse().expect("a time"));
    let token = client.sandbox.credentials("").access_token;
    let client = Client { token, ..client };
    assert_eq!(
        client.get("/limits").expect(200).header("date"),
        "Tue, 10 Mar 2026 09:00:05 GMT"
    );
}

#[test]
fn the_resources_of_a_version_are_listed() {
    let client = Client::empty();
    let resources = client.get("/services/data/v58.0/").expect(200).json();
    assert_eq!(resources["sobjects"], "/services/data/v58.0/sobjects");
    let user = client.sandbox.connector_user().to_string();
    assert!(
        resources["identity"]
            .as_str()
            .expect("text")
            .ends_with(&user)
    );
    let head = client
        .call(http::Method::HEAD, "/sobjects", None, &[])
        .expect(200);
    assert_eq!(head.text, "");
}

#[test]
fn the_limits_are_those_of_a_developer_org() {
    let limits = Client::empty().get("/limits").expect(200).json();
    assert_eq!(limits["DataStorageMB"], json!({ "Max": 5, "Remaining": 5 }));
    let custom = &limits["PermissionSets"]["CreateCustom"];
    assert_eq!(custom, &json!({ "Max": 1_000, "Remaining": 1_000 }));
    let whole = |entry: &serde_json::Value| entry["Max"].is_u64() && entry["Remaining"].is_u64();
    assert!(limits.as_object().expect("a map").values().all(whole));
}

#[test]
fn too_long_addresses_and_headers_are_refused() {
    let client = Client::empty();
    let long = "x".repeat(16_000);
    client.get(&format!("/query?q={long}{long}")).expect(414);
    let headers = [("x-long", long.as_str())];
    let got = client.call(http::Method::GET, "/limits", None, &headers);
    got.expect(200);
    let headers = [("x-long", long.as_str()), ("x-more", &long[..500])];
    client
        .call(http::Method::GET, "/limits", None, &headers)
        .expect(431);
}
