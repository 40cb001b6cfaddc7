//! Expiry, renewal and rotation, seen through a method of the connector.

use crate::http::{Transport, TransportError};
use crate::oauth::OAuthApp;
use crate::salesforce::testing::{Script, connector, grant, json_answer};
use crate::salesforce::{Salesforce, SalesforceConfig};
use crate::vault::{Grant, GrantVault, MemoryVault, Saved, VaultError};
use bytes::Bytes;
use http::{Request, Response};
use secrecy::ExposeSecret as _;
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use tandem_core::connector::Connector as _;
use tandem_core::error::ErrorClass;
use tandem_core::ids::{CrmId, CrmObject};

const EXPIRED: &str =
    r#"[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]"#;
const LIMITS: &str = r#"{"DailyApiRequests":{"Max":10,"Remaining":9}}"#;

fn expired() -> Result<Response<Bytes>, TransportError> {
    Ok(json_answer(401, EXPIRED))
}

fn limits() -> Result<Response<Bytes>, TransportError> {
    Ok(json_answer(200, LIMITS))
}

fn renewed(refresh_token: &str) -> Result<Response<Bytes>, TransportError> {
    let body = format!(
        r#"{{"access_token":"new","instance_url":"https://moved.example"{refresh_token}}}"#
    );
    Ok(json_answer(200, &body))
}

fn dead() -> Result<Response<Bytes>, TransportError> {
    let body = r#"{"error":"invalid_grant","error_description":"expired access/refresh token"}"#;
    Ok(json_answer(400, body))
}

/// Host and bearer token of each request.
fn journey(script: &Script) -> Vec<String> {
    let step = |request: http::Request<Bytes>| {
        let token = request.headers().get("authorization");
        let token = token.and_then(|value| value.to_str().ok()).unwrap_or("-");
        format!("{} {token}", request.uri().host().unwrap_or("-"))
    };
    script.sent().into_iter().map(step).collect()
}

#[tokio::test]
async fn an_expired_token_is_renewed_and_the_request_repeated_at_the_new_instance() {
    let (salesforce, script, vault) = connector([
        expired(),
        renewed(r#","refresh_token":"rotated""#),
        limits(),
        limits(),
    ]);
    let reply = salesforce.limits().await.expect("limits");
    // The 401 is not charged and renewals are not metered.
    assert_eq!(reply.calls, 1);
    salesforce.limits().await.expect("limits");
    assert_eq!(
        journey(&script),
        [
            "acme.example Bearer token-1",
            "login.example -",
            "moved.example Bearer new",
            "moved.example Bearer new",
        ]
    );
    let stored = vault.load().await.expect("a grant");
    assert_eq!(stored.version, 2);
    assert_eq!(stored.refresh_token.expose_secret(), "rotated");
    assert!(
        salesforce
            .record_url(&CrmObject::new("Lead"), &CrmId::new("x"))
            .starts_with("https://moved.example/")
    );
}

#[tokio::test]
async fn those_who_wait_take_the_new_token() {
    let (salesforce, script, _) = connector([
        expired(),
        expired(),
        expired(),
        renewed(""),
        limits(),
        limits(),
        limits(),
    ]);
    let all = tokio::join!(
        salesforce.limits(),
        salesforce.limits(),
        salesforce.limits()
    );
    for result in [all.0, all.1, all.2] {
        assert_eq!(result.expect("limits").calls, 1);
    }
    let renewals = journey(&script)
        .iter()
        .filter(|step| step.starts_with("login"))
        .count();
    assert_eq!(renewals, 1);
}

#[tokio::test]
async fn a_token_refused_twice_is_not_renewed_again() {
    let (salesforce, script, _) = connector([expired(), renewed(""), expired()]);
    let error = salesforce.limits().await.expect_err("refused");
    assert_eq!(
        (error.failure.class, error.calls),
        (ErrorClass::SessionExpired, 0)
    );
    assert_eq!(script.sent().len(), 3);
}

#[tokio::test]
async fn a_session_that_no_renewal_helps_is_not_renewed() {
    let body = r#"[{"message":"This session is not valid for use with the REST API","errorCode":"INVALID_SESSION_ID"}]"#;
    let (salesforce, script, _) = connector([Ok(json_answer(401, body))]);
    let error = salesforce.limits().await.expect_err("refused");
    assert_eq!(error.failure.class, ErrorClass::ConnectionRevoked);
    assert_eq!(script.sent().len(), 1);
}

#[tokio::test]
async fn a_dead_refresh_token_ends_the_connection_until_a_person_stores_another() {
    let (salesforce, script, vault) = connector([expired(), dead(), limits()]);
    let error = salesforce.limits().await.expect_err("revoked");
    assert_eq!(
        (error.failure.class, error.calls),
        (ErrorClass::ConnectionRevoked, 0)
    );
    let saved = vault
        .save(
            1,
            Grant {
                version: 2,
                ..grant(7)
            },
        )
        .await
        .expect("answered");
    assert!(matches!(saved, Saved::Saved));
    salesforce.limits().await.expect("limits");
    assert_eq!(journey(&script)[2], "acme.example Bearer token-7");
}

#[tokio::test]
async fn a_grant_renewed_by_another_process_is_taken_without_a_renewal() {
    let (salesforce, script, vault) = connector([limits(), expired(), limits()]);
    salesforce.limits().await.expect("limits");
    vault.save(1, grant(2)).await.expect("answered");
    salesforce.limits().await.expect("limits");
    assert_eq!(
        journey(&script)[1..],
        ["acme.example Bearer token-1", "acme.example Bearer token-2"]
    );
}

#[tokio::test]
async fn a_failed_renewal_leaves_the_request_certainly_unsent() {
    for (answer, class) in [
        (
            Err(TransportError::Lost("cut".into())),
            ErrorClass::Unavailable,
        ),
        (
            Err(TransportError::NotSent("no route".into())),
            ErrorClass::NotSent,
        ),
        (Ok(json_answer(200, "<html>")), ErrorClass::Unavailable),
        (Ok(json_answer(503, "<html>")), ErrorClass::Unavailable),
    ] {
        let (salesforce, ..) = connector([expired(), answer]);
        let error = salesforce.limits().await.expect_err("failed");
        assert_eq!((error.failure.class, error.calls), (class, 0));
    }
}

/// A vault that can't be written for a while.
struct StuckVault {
    inner: MemoryVault,
    failures_left: Mutex<u32>,
}

#[async_trait::async_trait]
impl GrantVault for StuckVault {
    async fn load(&self) -> Result<Grant, VaultError> {
        self.inner.load().await
    }

    async fn save(&self, expected_version: i64, grant: Grant) -> Result<Saved, VaultError> {
        let stuck = {
            let mut left = self.failures_left.lock().expect("no panic before");
            let stuck = *left > 0;
            *left = left.saturating_sub(1);
            stuck
        };
        if stuck {
            return Err(VaultError("the disk is full".into()));
        }
        self.inner.save(expected_version, grant).await
    }
}

#[tokio::test]
async fn a_grant_that_could_not_be_saved_is_not_used_but_kept_and_saved_later() {
    let rotated = r#","refresh_token":"rotated""#;
    let script = Arc::new(Script::new([expired(), renewed(rotated), limits()]));
    let vault = Arc::new(StuckVault {
        inner: MemoryVault::new(grant(1)),
        failures_left: Mutex::new(2),
    });
    let app = OAuthApp::new("https://login.example", "app-1", None).expect("an address");
    let config = SalesforceConfig::new(app);
    let salesforce = Salesforce::new(config, script.clone(), vault.clone());
    for _ in 0..2 {
        let error = salesforce.limits().await.expect_err("not saved");
        assert_eq!(error.failure.class, ErrorClass::NotSent);
        assert_eq!(
            script.sent().len(),
            2,
            "nothing is sent with a grant that is not stored"
        );
    }
    salesforce.limits().await.expect("limits");
    let stored = vault.load().await.expect("a grant");
    assert_eq!(
        (stored.version, stored.refresh_token.expose_secret()),
        (2, "rotated")
    );
}

/// Polls a future so many times, then drops it.
async fn poll_and_drop<T>(times: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = Box::pin(future);
    for _ in 0..times {
        let polled = poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await;
        if let Poll::Ready(value) = polled {
            return Some(value);
        }
    }
    None
}

/// Answers by what is asked: the first token is dead, a renewal gives a living one.
struct Server;

#[async_trait::async_trait]
impl Transport for Server {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        tokio::task::yield_now().await;
        let token = request.headers().get("authorization");
        match token.map(|value| value.as_bytes()) {
            None => renewed(""),
            Some(b"Bearer new") => limits(),
            Some(_) => expired(),
        }
    }
}

#[tokio::test]
async fn a_future_dropped_at_any_await_leaves_the_connector_usable() {
    let mut finished = Vec::new();
    for polls in 1..=4 {
        let app = OAuthApp::new("https://login.example", "app-1", None).expect("an address");
        let vault = Arc::new(MemoryVault::new(grant(1)));
        let config = SalesforceConfig::new(app);
        let salesforce = Salesforce::new(config, Arc::new(Server), vault.clone());
        let dropped = poll_and_drop(polls, salesforce.limits()).await;
        finished.push(dropped.is_some());
        let reply = salesforce.limits().await.expect("limits");
        assert_eq!(
            (reply.value.used, reply.calls),
            (1, 1),
            "dropped after {polls} polls"
        );
        assert_eq!(vault.load().await.expect("a grant").version, 2);
    }
    assert_eq!(
        finished,
        [false, false, false, true],
        "dropped at each of three requests"
    );
}
