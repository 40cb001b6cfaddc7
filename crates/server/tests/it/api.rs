//! Signing in, who may do what, and the walls around it.

use crate::harness::{PASSWORD, Server, cookie};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};

#[tokio::test]
async fn the_first_person_sets_up_and_nobody_after() {
    let server = Server::new("").await;
    let cookie = server.set_up().await;
    let who = server
        .call(Method::GET, "/api/admin/session", &cookie, Value::Null)
        .await;
    assert_eq!(who.status, StatusCode::OK);
    assert_eq!(who.json()["email"], "ana@fjord.example");
    assert_eq!(who.json()["role"], "admin");
    let again = json!({"team": "x", "name": "x", "email": "x@x.example", "password": PASSWORD});
    let reply = server
        .call(Method::POST, "/api/admin/setup", "", again)
        .await;
    assert_eq!(reply.status, StatusCode::CONFLICT);
    assert_eq!(reply.json()["code"], "conflict");
}

#[tokio::test]
async fn a_bad_set_up_names_the_input() {
    let server = Server::new("").await;
    for (body, field) in [
        (
            json!({"team": " ", "name": "A", "email": "a@a.example", "password": PASSWORD}),
            "team",
        ),
        (
            json!({"team": "T", "name": "A", "email": "nobody", "password": PASSWORD}),
            "email",
        ),
        (
            json!({"team": "T", "name": "A", "email": "a@a.example", "password": "short"}),
            "password",
        ),
    ] {
        let reply = server
            .call(Method::POST, "/api/admin/setup", "", body)
            .await;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(reply.json()["field"], field);
    }
}

#[tokio::test]
async fn a_session_lasts_until_it_is_signed_out() {
    let server = Server::new("").await;
    server.set_up().await;
    let good = json!({"email": " ANA@fjord.example", "password": PASSWORD});
    let reply = server
        .call(Method::POST, "/api/admin/session", "", good)
        .await;
    assert_eq!(reply.status, StatusCode::NO_CONTENT);
    let set = reply.headers[header::SET_COOKIE]
        .to_str()
        .expect("text")
        .to_owned();
    for part in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(set.contains(part), "{set}");
    }
    let cookie = cookie(&reply);
    let out = server
        .call(Method::DELETE, "/api/admin/session", &cookie, Value::Null)
        .await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    let who = server
        .call(Method::GET, "/api/admin/session", &cookie, Value::Null)
        .await;
    assert_eq!(who.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn with_https_the_cookie_is_bound_to_the_host() {
    let server = Server::new("[server]\npublic_url = 'https://tandem.acme.example'").await;
    let cookie = server.set_up().await;
    assert!(cookie.starts_with("__Host-tandem="), "{cookie}");
}

#[tokio::test]
async fn guessing_is_slowed_down_without_telling_what_was_wrong() {
    let server = Server::new("[security]\nsign_in_failures_max = 3").await;
    server.set_up().await;
    let mut details = Vec::new();
    for (email, expected) in [
        ("ana@fjord.example", StatusCode::UNPROCESSABLE_ENTITY),
        ("nobody@fjord.example", StatusCode::UNPROCESSABLE_ENTITY),
        ("nobody@fjord.example", StatusCode::UNPROCESSABLE_ENTITY),
        ("ana@fjord.example", StatusCode::TOO_MANY_REQUESTS),
    ] {
        let body = json!({"email": email, "password": "wrong"});
        let reply = server
            .call(Method::POST, "/api/admin/session", "", body)
            .await;
        assert_eq!(reply.status, expected, "{email}");
        details.push(reply.json()["detail"].to_string());
    }
    assert_eq!(details[0], details[1]);
}

#[tokio::test]
async fn nothing_is_shown_to_nobody() {
    let server = Server::new("").await;
    for path in [
        "/api/admin/sync",
        "/api/admin/log",
        "/api/admin/records/person",
        "/api/admin/audit",
    ] {
        let reply = server.call(Method::GET, path, "", Value::Null).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{path}");
        let kind = reply.headers[header::CONTENT_TYPE].to_str().expect("text");
        assert_eq!(kind, "application/problem+json");
    }
    let token = Request::get("/api/admin/sync").header(header::AUTHORIZATION, "Bearer guess");
    let reply = server
        .send(token.body(Body::empty()).expect("a request"))
        .await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn another_site_can_not_act_through_the_browser() {
    let server = Server::new("").await;
    let cookie = server.set_up().await;
    for (name, value, expected) in [
        ("sec-fetch-site", "cross-site", StatusCode::FORBIDDEN),
        ("sec-fetch-site", "same-site", StatusCode::FORBIDDEN),
        ("origin", "https://evil.example", StatusCode::FORBIDDEN),
        ("origin", "null", StatusCode::FORBIDDEN),
        ("sec-fetch-site", "same-origin", StatusCode::CONFLICT),
        ("origin", "http://127.0.0.1:8080", StatusCode::CONFLICT),
    ] {
        let request = Request::post("/api/admin/sync/now")
            .header(header::COOKIE, &cookie)
            .header(name, value)
            .body(Body::empty())
            .expect("a request");
        assert_eq!(
            server.send(request).await.status,
            expected,
            "{name}: {value}"
        );
    }
}

#[tokio::test]
async fn every_answer_carries_the_security_headers_and_an_id() {
    let server = Server::new("").await;
    let reply = server.call(Method::GET, "/healthz", "", Value::Null).await;
    assert_eq!(reply.status, StatusCode::OK);
    for (name, part) in [
        ("content-security-policy", "default-src 'self'"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("cache-control", "no-store"),
        ("x-request-id", "-"),
    ] {
        let value = reply
            .headers
            .get(name)
            .unwrap_or_else(|| panic!("{name} is missing"));
        assert!(
            value.to_str().expect("text").contains(part),
            "{name}: {value:?}"
        );
    }
}

#[tokio::test]
async fn what_can_not_be_read_is_refused_with_a_reason() {
    let server = Server::new("").await;
    let cookie = server.set_up().await;
    for (path, body, status, code) in [
        (
            "/api/admin/sync/threshold",
            json!({"threshold_percent": 0}),
            422,
            "invalid",
        ),
        (
            "/api/admin/sync/threshold",
            json!({"threshold_percent": "x"}),
            422,
            "bad-body",
        ),
        (
            "/api/admin/sync/frequencies",
            json!({"Lead": 60}),
            422,
            "invalid",
        ),
    ] {
        let reply = server.call(Method::PUT, path, &cookie, body).await;
        assert_eq!(reply.status.as_u16(), status, "{}", reply.body);
        assert_eq!(reply.json()["code"], code, "{}", reply.body);
    }
    for (path, status) in [
        ("/api/admin/log?source=moon", 422),
        ("/api/admin/log?since=yesterday", 422),
        ("/api/admin/log?limit=x", 400),
        ("/api/admin/log/999", 404),
        ("/api/admin/records/planet", 404),
        ("/api/admin/records/person/1", 404),
        ("/api/admin/nothing", 404),
    ] {
        let reply = server.call(Method::GET, path, &cookie, Value::Null).await;
        assert_eq!(reply.status.as_u16(), status, "{path}: {}", reply.body);
        assert!(
            reply.json()["detail"]
                .as_str()
                .is_some_and(|text| !text.is_empty())
        );
    }
    let huge = Body::from("x".repeat(3 << 20));
    let request = Request::post("/api/admin/session")
        .header(header::CONTENT_TYPE, "application/json")
        .body(huge)
        .expect("a request");
    assert_eq!(
        server.send(request).await.status,
        StatusCode::PAYLOAD_TOO_LARGE
    );
}

#[tokio::test]
async fn a_cursor_that_no_page_gave_is_a_wrong_input() {
    let server = Server::new("").await;
    let cookie = server.set_up().await;
    for list in ["log", "records/person", "audit"] {
        let path = format!("/api/admin/{list}?cursor=elsewhere");
        let reply = server.call(Method::GET, &path, &cookie, Value::Null).await;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{list}");
        assert_eq!(reply.json()["field"], "cursor", "{list}");
    }
}

#[tokio::test]
async fn nothing_can_be_turned_on_before_a_connection() {
    let server = Server::new("").await;
    let cookie = server.set_up().await;
    let overview = server
        .call(Method::GET, "/api/admin/sync", &cookie, Value::Null)
        .await;
    assert_eq!(overview.json()["sync"]["state"], "not_connected");
    let on = json!({"enabled": true});
    let reply = server
        .call(Method::PUT, "/api/admin/sync/enabled", &cookie, on)
        .await;
    assert_eq!(reply.status, StatusCode::CONFLICT);
    assert!(reply.body.contains("connect first"));
    let reply = server
        .call(
            Method::POST,
            "/api/admin/connection/start",
            &cookie,
            Value::Null,
        )
        .await;
    assert!(
        reply.body.contains("salesforce.client_id"),
        "{}",
        reply.body
    );
}

#[tokio::test]
async fn what_a_person_does_stands_in_the_audit_trail() {
    let server = Server::new("").await;
    let cookie = server.set_up().await;
    let body = json!({"threshold_percent": 55});
    let reply = server
        .call(Method::PUT, "/api/admin/sync/threshold", &cookie, body)
        .await;
    assert_eq!(reply.status, StatusCode::NO_CONTENT);
    let audit = server
        .call(
            Method::GET,
            "/api/admin/audit?limit=1",
            &cookie,
            Value::Null,
        )
        .await;
    assert_eq!(audit.json()["rows"][0]["action"], "sync.threshold");
    assert!(audit.json()["next"].is_string());
    let overview = server
        .call(Method::GET, "/api/admin/sync", &cookie, Value::Null)
        .await;
    assert_eq!(overview.json()["api"]["threshold_percent"], 55);
}
