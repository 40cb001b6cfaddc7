//! The way between the connector and the sandbox: no socket, but everything that can happen on one.
//!
//! It also watches two invariants that only the wire shows: every record that is written has an intent
//! that says so, and no record is written twice at the same time.

use crate::clock::Dice;
use crate::executor::pause;
use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tandem_connectors::http::{Transport, TransportError};
use tandem_core::Timestamp;
use tandem_sandbox::Sandbox;

/// How often, in percent of requests, each thing goes wrong.
#[derive(Clone, Copy, Debug, Default)]
pub struct FaultMix {
    /// The request never arrives.
    pub lost_before: usize,
    /// It is done; the answer never arrives.
    pub lost_after: usize,
    /// A gateway answers instead, with a page.
    pub unavailable: usize,
    /// The answer is not what it should be; the request was done.
    pub garbage: usize,
    /// It arrives later than the client waits.
    pub held: usize,
    /// The CRM refuses for its limit on concurrent requests.
    pub throttled: usize,
}

/// What the wire has seen, shared by all workers of a run.
#[derive(Clone)]
pub struct Wire {
    sandbox: Arc<Sandbox>,
    dice: Dice,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    mix: FaultMix,
    in_flight: BTreeSet<String>,
    held: VecDeque<(Timestamp, Request<Bytes>)>,
    violations: Vec<String>,
    requests: u64,
    lost: u64,
}

impl Wire {
    /// A wire to this org.
    pub fn new(sandbox: Arc<Sandbox>, dice: Dice) -> Self {
        Self {
            sandbox,
            dice,
            shared: Arc::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on this goes wrong.
    pub fn set_mix(&self, mix: FaultMix) {
        self.lock().mix = mix;
    }

    /// Lets one held request arrive; its client has long gone.
    pub fn release_one(&self) -> bool {
        let held = self.lock().held.pop_front();
        held.map(|(_, request)| self.sandbox.handle(request))
            .is_some()
    }

    /// Lets every request arrive that was sent before this time: the platform works on none for longer
    /// than ten minutes.
    pub fn release_before(&self, sent: Timestamp) {
        while self.lock().held.front().is_some_and(|(at, _)| *at < sent) {
            self.release_one();
        }
    }

    /// What the wire saw that must not be.
    pub fn violations(&self) -> Vec<String> {
        self.lock().violations.clone()
    }

    /// Requests sent and answers lost.
    pub fn counts(&self) -> (u64, u64) {
        let shared = self.lock();
        (shared.requests, shared.lost)
    }

    fn chance(&self, fault: impl Fn(&FaultMix) -> usize) -> bool {
        let percent = fault(&self.lock().mix);
        percent > 0 && self.dice.percent(percent)
    }
}

/// Record ids that stay marked as being written until this is dropped, also by a crash.
struct InFlight<'a> {
    wire: &'a Wire,
    ids: Vec<String>,
}

impl<'a> InFlight<'a> {
    fn enter(wire: &'a Wire, request: &Request<Bytes>) -> Self {
        let ids = written_ids(request);
        let mut shared = wire.lock();
        for id in &ids {
            if !shared.in_flight.insert(id.clone()) {
                shared
                    .violations
                    .push(format!("two writes of {id} are in flight at once"));
            }
        }
        drop(shared);
        Self { wire, ids }
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        let mut shared = self.wire.lock();
        for id in &self.ids {
            shared.in_flight.remove(id);
        }
    }
}

/// The ids of records that a request updates.
fn written_ids(request: &Request<Bytes>) -> Vec<String> {
    let body: serde_json::Value = serde_json::from_slice(request.body()).unwrap_or_default();
    let parts = body["compositeRequest"].as_array();
    parts
        .into_iter()
        .flatten()
        .filter(|part| part["method"] == "PATCH")
        .flat_map(patched_ids)
        .collect()
}

/// The ids in a collection, or the one in the address of a single update.
fn patched_ids(part: &serde_json::Value) -> Vec<String> {
    let Some(records) = part["body"]["records"].as_array() else {
        let url = part["url"].as_str().unwrap_or_default();
        return url
            .rsplit('/')
            .next()
            .map(str::to_owned)
            .into_iter()
            .collect();
    };
    let id = |record: &serde_json::Value| Some(record.get("id")?.as_str()?.to_owned());
    records.iter().filter_map(id).collect()
}

/// Whether a request creates or changes records.
fn writes(request: &Request<Bytes>) -> bool {
    let body = String::from_utf8_lossy(request.body());
    body.contains("/composite/sobjects") || !written_ids(request).is_empty()
}

#[async_trait]
impl Transport for Wire {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        self.lock().requests += 1;
        let in_flight = InFlight::enter(self, &request);
        pause().await;
        if self.chance(|mix| mix.lost_before) {
            self.lock().lost += 1;
            return Err(TransportError::Lost("the connection broke".into()));
        }
        if writes(&request) && self.chance(|mix| mix.held) {
            let mut shared = self.lock();
            shared.lost += 1;
            shared.held.push_back((self.sandbox.now(), request));
            return Err(TransportError::Lost("no answer in time".into()));
        }
        if self.chance(|mix| mix.unavailable) {
            return Ok(page(503));
        }
        if self.chance(|mix| mix.throttled) {
            return Ok(throttled());
        }
        let reply = self.sandbox.handle(request);
        drop(in_flight);
        pause().await;
        if self.chance(|mix| mix.lost_after) {
            self.lock().lost += 1;
            return Err(TransportError::Lost("the connection broke".into()));
        }
        if self.chance(|mix| mix.garbage) {
            self.lock().lost += 1;
            return Ok(page(200));
        }
        Ok(reply.response)
    }
}

fn answer(status: u16, kind: &'static str, body: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(body.as_bytes()));
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
    response
        .headers_mut()
        .insert("content-type", http::HeaderValue::from_static(kind));
    response
}

fn page(status: u16) -> Response<Bytes> {
    answer(
        status,
        "text/html",
        "<html><body>Down for a moment</body></html>",
    )
}

fn throttled() -> Response<Bytes> {
    answer(
        403,
        "application/json;charset=UTF-8",
        r#"[{"message":"ConcurrentRequests (Concurrent API Requests) Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]"#,
    )
}
