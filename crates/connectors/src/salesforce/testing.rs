//! A transport that plays a script, for unit tests: canned answers in order, requests kept.

use super::{Salesforce, SalesforceConfig};
use crate::http::{Transport, TransportError};
use crate::oauth::OAuthApp;
use crate::vault::{Grant, MemoryVault};
use ::http::{Request, Response};
use async_trait::async_trait;
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

type Answer = Result<Response<Bytes>, TransportError>;

/// Plays answers in order; a request beyond the script is a test's failure.
pub(crate) struct Script {
    answers: Mutex<VecDeque<Answer>>,
    sent: Mutex<Vec<Request<Bytes>>>,
}

impl Script {
    pub(crate) fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self {
            answers: Mutex::new(answers.into_iter().collect()),
            sent: Mutex::default(),
        }
    }

    pub(crate) fn sent(&self) -> Vec<Request<Bytes>> {
        self.sent.lock().expect("no panic before").clone()
    }

    /// Bodies of the requests so far, as text.
    pub(crate) fn bodies(&self) -> Vec<String> {
        let text = |request: Request<Bytes>| String::from_utf8_lossy(request.body()).into_owned();
        self.sent().into_iter().map(text).collect()
    }
}

#[async_trait]
impl Transport for Script {
    async fn send(&self, request: Request<Bytes>) -> Answer {
        // Gives way once, so that concurrent callers really interleave.
        tokio::task::yield_now().await;
        self.sent.lock().expect("no panic before").push(request);
        let next = self.answers.lock().expect("no panic before").pop_front();
        next.expect("an answer in the script")
    }
}

pub(crate) fn json_answer(status: u16, body: &str) -> Response<Bytes> {
    Response::builder()
        .status(status)
        .header("content-type", "application/json;charset=UTF-8")
        .header("date", "Tue, 10 Mar 2026 09:00:00 GMT")
        .header("sforce-limit-info", "api-usage=18/15000")
        .body(Bytes::copy_from_slice(body.as_bytes()))
        .expect("a response")
}

/// A composite answer of these `(referenceId, status, body)` parts.
pub(crate) fn composite(parts: &[(&str, u16, &str)]) -> Answer {
    let part = |(reference, status, body): &(&str, u16, &str)| {
        format!(
            r#"{{"body":{body},"httpHeaders":{{}},"httpStatusCode":{status},"referenceId":"{reference}"}}"#
        )
    };
    let parts: Vec<String> = parts.iter().map(part).collect();
    let body = format!(r#"{{"compositeResponse":[{}]}}"#, parts.join(","));
    Ok(json_answer(200, &body))
}

pub(crate) fn grant(version: i64) -> Grant {
    Grant {
        access_token: format!("token-{version}").into(),
        refresh_token: format!("refresh-{version}").into(),
        instance_url: "https://acme.example".into(),
        version,
    }
}

/// A connector over a script.
pub(crate) fn connector(
    answers: impl IntoIterator<Item = Answer>,
) -> (Salesforce, Arc<Script>, Arc<MemoryVault>) {
    let script = Arc::new(Script::new(answers));
    let vault = Arc::new(MemoryVault::new(grant(1)));
    let app = OAuthApp::new("https://login.example", "app-1", None).expect("an address");
    let config = SalesforceConfig::new(app);
    let salesforce = Salesforce::new(config, script.clone(), vault.clone());
    (salesforce, script, vault)
}
