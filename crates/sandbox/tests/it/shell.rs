//! The sandbox over real sockets.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use serde_json::Value;
use tandem_sandbox::{
    Options,
    faults::{FaultAction, FaultRule},
    shell::{Running, ServeOptions, serve},
};

/// Sends one request on a connection of its own and reads until the server closes it.
async fn exchange(url: &str, method: &str, path: &str, headers: &str, body: &str) -> String {
    let host = url.strip_prefix("http://").expect("plain HTTP");
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    );
    let host = host.to_owned();
    tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(host).expect("a connection");
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = Vec::new();
        // A cut connection ends with an error; what came before it is what the client got.
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8(answer).expect("UTF-8")
    })
    .await
    .expect("the exchange ran")
}

fn body(answer: &str) -> Value {
    let text = answer
        .split_once("\r\n\r\n")
        .expect("an answer with a body")
        .1;
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {answer}"))
}

async fn started() -> Running {
    serve(ServeOptions {
        org: Options::default(),
        port: 0,
        control_port: 0,
    })
    .await
    .expect("bound")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

#[tokio::test]
async fn a_client_refreshes_reads_and_loses_an_answer() {
    let running = started().await;
    let known = serde_json::to_value(running.credentials()).expect("serialises");
    let keys: Vec<&str> = known["salesforce"]
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        keys,
        [
            "access_token",
            "client_id",
            "client_secret",
            "org_id",
            "password",
            "refresh_token",
            "security_token",
            "url",
            "username",
        ]
    );
    let org = text(&known["salesforce"]["url"]);

    let form = format!(
        "grant_type=refresh_token&refresh_token={}&client_id={}&client_secret={}",
        text(&known["salesforce"]["refresh_token"]),
        text(&known["salesforce"]["client_id"]),
        text(&known["salesforce"]["client_secret"]),
    );
    let content = "Content-Type: application/x-www-form-urlencoded\r\n";
    let tokens = body(&exchange(org, "POST", "/services/oauth2/token", content, &form).await);
    assert_eq!(tokens["instance_url"], org);

    let session = format!(
        "Authorization: Bearer {}\r\n",
        text(&tokens["access_token"])
    );
    let limits = exchange(org, "GET", "/services/data/v62.0/limits", &session, "").await;
    assert!(limits.starts_with("HTTP/1.1 200 OK\r\n"), "{limits}");
    assert!(limits.contains("sforce-limit-info: api-usage="), "{limits}");

    running
        .sandbox()
        .add_fault(FaultRule::once("GET", "/limits", FaultAction::DoThenLose))
        .expect("a sound rule");
    let lost = exchange(org, "GET", "/services/data/v62.0/limits", &session, "").await;
    assert_eq!(lost, "");
    let slow = FaultRule::once("GET", "/limits", FaultAction::Slow { millis: 50 });
    running.sandbox().add_fault(slow).expect("a sound rule");
    let begun = std::time::Instant::now();
    exchange(org, "GET", "/services/data/v62.0/limits", &session, "").await;
    assert!(begun.elapsed() >= Duration::from_millis(50));

    let control = text(&known["control"]["url"]);
    let meter = body(&exchange(control, "GET", "/control/meter", "", "").await);
    assert_eq!(meter["total_calls"], 3);
    running.stop().await.expect("stopped");
    assert!(TcpStream::connect(org.strip_prefix("http://").expect("plain HTTP")).is_err());
}

#[tokio::test]
async fn the_org_lives_in_the_present_until_its_clock_is_stopped() {
    let running = started().await;
    let control = running.control_url();
    let now = || async {
        let clock = body(&exchange(control, "GET", "/control/clock", "", "").await);
        text(&clock["now"])
            .parse::<jiff::Timestamp>()
            .expect("a time")
    };
    assert!(
        now().await.duration_since(jiff::Timestamp::now()).abs()
            < jiff::SignedDuration::from_mins(5)
    );
    let stop = r#"{"mode":"virtual","now":"2026-05-01T00:00:00Z"}"#;
    exchange(control, "PUT", "/control/clock", "", stop).await;
    assert_eq!(now().await.to_string(), "2026-05-01T00:00:00Z");
    assert_eq!(now().await.to_string(), "2026-05-01T00:00:00Z");
    running.stop().await.expect("stopped");
}

#[tokio::test]
async fn a_bulk_job_is_done_while_nobody_asks() {
    let running = started().await;
    let credentials = running.credentials();
    let call = |method: &'static str, path: String, kind: &'static str, sent: String| {
        let headers = format!(
            "Authorization: Bearer {}\r\nContent-Type: {kind}\r\n",
            credentials.salesforce.access_token
        );
        let url = running.url().to_owned();
        async move { exchange(&url, method, &path, &headers, &sent).await }
    };
    let base = "/services/data/v62.0/jobs/ingest";
    let json = "application/json";
    let order = r#"{"object":"Contact","operation":"insert"}"#.to_owned();
    let job = body(&call("POST", base.to_owned(), json, order).await);
    let path = format!("{base}/{}", text(&job["id"]));
    let rows: String = (0..1_500).map(|n| format!("N{n}\n")).collect();
    call(
        "PUT",
        format!("{path}/batches"),
        "text/csv",
        format!("LastName\n{rows}"),
    )
    .await;
    call(
        "PATCH",
        path,
        json,
        r#"{"state":"UploadComplete"}"#.to_owned(),
    )
    .await;
    let all_there = async {
        while running.sandbox().world(|world| world.count("Contact")) < 1_500 {
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(60), all_there).await;
    waited.expect("the work is done by itself");
    running.stop().await.expect("a clean end");
}
