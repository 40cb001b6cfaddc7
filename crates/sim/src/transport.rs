//! The way between the connector and the sandbox: no socket, but everything that can happen on one.
//!
//! It also watches what only the wire shows: every record that is written has an intent that says so, every call was
//! reserved, no record is written twice at the same time, and no two writes lock one account.

use crate::chronicle::Chronicle;
use crate::claims::Purse;
use crate::clock::Dice;
use crate::executor::pause;
use crate::written::{Written, written};
use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tandem_connectors::http::{Transport, TransportError};
use tandem_core::Timestamp;
use tandem_core::ids::TeamId;
use tandem_core::value::{Reference, Value};
use tandem_core::write::IntentState;
use tandem_sandbox::Sandbox;
use tandem_sandbox::world::Actor;
use tandem_store::memory::{MemoryStore, View};

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
    /// A read by id shows nothing, as if the user had lost access: what is there is no longer to be seen.
    pub hidden: usize,
}

/// What the wire has seen, shared by all workers of a run.
#[derive(Clone)]
pub struct Wire {
    sandbox: Arc<Sandbox>,
    dice: Dice,
    shared: Arc<Mutex<Shared>>,
    chronicle: Chronicle,
    /// Whose end this is, where it is watched.
    worker: Option<Watched>,
}

/// The worker at this end of the wire.
#[derive(Clone)]
pub(crate) struct Watched {
    /// What it promised to do.
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) team: TeamId,
    /// What it may spend.
    pub(crate) purse: Purse,
}

#[derive(Default)]
struct Shared {
    mix: FaultMix,
    in_flight: BTreeSet<Mark>,
    on_the_way: usize,
    held: VecDeque<(Timestamp, Request<Bytes>)>,
    violations: Vec<String>,
    /// Nobody is told any more which account a record is under.
    accounts_hidden: bool,
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
            chronicle: Chronicle::default(),
            worker: None,
        }
    }

    /// The same wire, and what is sent over it is told there.
    pub(crate) fn told_in(self, chronicle: Chronicle) -> Self {
        Self { chronicle, ..self }
    }

    /// This worker's end of the same wire.
    pub(crate) fn of(&self, worker: Watched) -> Self {
        Self {
            worker: Some(worker),
            ..self.clone()
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on this goes wrong.
    pub fn set_mix(&self, mix: FaultMix) {
        self.lock().mix = mix;
    }

    /// Whether no request is on its way: none has left and not arrived, none waits for a sign-in.
    pub(crate) fn is_quiet(&self) -> bool {
        self.lock().on_the_way == 0
    }

    /// Whether everything that is there can be seen.
    pub(crate) fn hides_nothing(&self) -> bool {
        self.lock().mix.hidden == 0
    }

    /// From now on the rules don't say which account a record is under, so that nobody can keep its writes apart.
    pub(crate) fn hide_accounts(&self) {
        self.lock().accounts_hidden = true;
    }

    /// Lets one held request arrive; its client has long gone.
    pub fn release_one(&self) -> bool {
        let held = self.lock().held.pop_front();
        let reply = held.map(|(at, request)| {
            let reply = self.sandbox.handle(request).response;
            self.tell(|| format!("late (sent {at})"), &reply);
            reply
        });
        reply.is_some()
    }

    /// Puts an answer in words, and what became of it.
    fn tell(&self, fate: impl FnOnce() -> String, reply: &Response<Bytes>) {
        let body = || String::from_utf8_lossy(reply.body()).into_owned();
        let status = reply.status().as_u16();
        self.chronicle
            .note(|| format!("  {}: {status} {}", fate(), body()));
    }

    /// Lets every request arrive that was sent before this time: the platform works on none for longer
    /// than ten minutes.
    pub fn release_before(&self, sent: Timestamp) {
        while self.lock().held.front().is_some_and(|(at, _)| *at < sent) {
            self.release_one();
        }
    }

    /// The first thing that the wire saw and that must not be.
    pub fn violation(&self) -> Option<String> {
        self.lock().violations.first().cloned()
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

/// What is marked as under way until this is dropped, also by a crash.
struct InFlight<'a> {
    wire: &'a Wire,
    marks: Vec<Mark>,
}

/// Something that only one request may have under way.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Mark {
    /// A record that is written.
    Record(String),
    /// An account that the CRM locks along with it, or by itself.
    Account(String),
}

impl fmt::Display for Mark {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record(id) => write!(out, "two writes of {id} are under way at once"),
            Self::Account(id) => write!(
                out,
                "two writes that lock account {id} are under way at once"
            ),
        }
    }
}

impl<'a> InFlight<'a> {
    fn enter(wire: &'a Wire, written: &[Written]) -> Self {
        let records = written
            .iter()
            .filter_map(|record| record.id.clone())
            .map(Mark::Record);
        let accounts = written
            .iter()
            .filter_map(|record| wire.account_of(record))
            .map(Mark::Account);
        let mut marks: Vec<Mark> = records.chain(accounts).collect();
        marks.sort_unstable();
        marks.dedup();
        for mark in &marks {
            if !wire.lock().in_flight.insert(mark.clone()) {
                wire.broken(mark.to_string());
            }
        }
        Self { wire, marks }
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        let mut shared = self.wire.lock();
        for mark in &self.marks {
            shared.in_flight.remove(mark);
        }
    }
}

/// A request that has not arrived yet, or what goes before another one; also by a crash it is over.
struct OnTheWay<'a>(&'a Wire);

impl<'a> OnTheWay<'a> {
    fn enter(wire: &'a Wire) -> Self {
        wire.lock().on_the_way += 1;
        Self(wire)
    }
}

impl Drop for OnTheWay<'_> {
    fn drop(&mut self) {
        self.0.lock().on_the_way -= 1;
    }
}

/// Whether an org counts the request as a call: everything but signing in.
fn is_metered(request: &Request<Bytes>) -> bool {
    request.uri().path().starts_with("/services/data/")
}

impl Wire {
    fn broken(&self, what: String) {
        self.lock().violations.push(what);
    }

    /// What must be true of a request the moment it is sent.
    fn judge(&self, request: &Request<Bytes>, written: &[Written]) {
        let Some(worker) = &self.worker else {
            return;
        };
        if is_metered(request) && !worker.purse.take_out() {
            self.broken("a call is made that nobody reserved".into());
        }
        let unmarked = worker.see(|view| unmarked(view, written)).flatten();
        if let Some(what) = unmarked {
            self.broken(format!(
                "{what} is written and no intent says that it is being sent"
            ));
        }
    }

    /// The account that the CRM locks along with the record, as far as both we and the org know of the same.
    fn account_of(&self, written: &Written) -> Option<String> {
        if self.lock().accounts_hidden {
            return None;
        }
        let id = written.id.as_deref().unwrap_or_default();
        if id.starts_with(ACCOUNT_PREFIX) {
            return Some(id.to_owned());
        }
        if written.account.is_some() {
            return written.account.clone();
        }
        let known = self.worker.as_ref()?.see(|view| {
            let mirror = view.mirrors().find(|record| record.id.as_str() == id)?;
            match mirror.fields.get("AccountId") {
                Some(Value::Reference(Reference::Crm(account))) => {
                    Some((mirror.object.clone(), account.clone()))
                }
                _ => None,
            }
        });
        let (object, account) = known.flatten()?;
        let stands = self.sandbox.world(|world| {
            let admin = Actor::system(world.admin_id());
            let record = world.retrieve(&admin, object.as_str(), id, Some(&["AccountId"]), "");
            record.ok().flatten()
        })?;
        (stands["AccountId"] == account.as_str()).then_some(account.0)
    }
}

/// How ids of accounts begin.
const ACCOUNT_PREFIX: &str = "001";

impl Watched {
    fn see<R>(&self, look: impl FnOnce(View<'_>) -> R) -> Option<R> {
        self.store.inspect(self.team, look).ok()
    }
}

/// A record that is written though no intent is being sent for it; creates are only counted.
fn unmarked(view: View<'_>, written: &[Written]) -> Option<String> {
    let sending = || {
        view.intents()
            .filter(|intent| intent.state == IntentState::Sending)
    };
    let creates = written.iter().filter(|record| record.id.is_none()).count();
    if creates > sending().filter(|intent| intent.crm_id().is_none()).count() {
        return Some("a new record".into());
    }
    let mut ids = written.iter().filter_map(|record| record.id.clone());
    ids.find(|id| !sending().any(|intent| intent.crm_id().is_some_and(|crm| crm.as_str() == id)))
}

#[async_trait]
impl Transport for Wire {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        self.lock().requests += 1;
        let written = written(&request);
        let told = if written.is_empty() {
            String::new()
        } else {
            format!(" writes {written:?}")
        };
        self.chronicle.note(|| {
            format!(
                "  sent: {} {}{told} {}",
                request.method(),
                request.uri().path(),
                String::from_utf8_lossy(request.body())
            )
        });
        self.judge(&request, &written);
        let in_flight = InFlight::enter(self, &written);
        let signs_in = !is_metered(&request);
        let on_the_way = OnTheWay::enter(self);
        pause().await;
        if self.chance(|mix| mix.lost_before) {
            self.lock().lost += 1;
            self.chronicle.note(|| "  lost on the way there".to_owned());
            return Err(TransportError::Lost("the connection broke".into()));
        }
        if !written.is_empty() && self.chance(|mix| mix.held) {
            self.chronicle.note(|| "  held".to_owned());
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
        let signs_in = signs_in || reply.response.status() == StatusCode::UNAUTHORIZED;
        let signing_in = Some(on_the_way).filter(|_| signs_in);
        if let (StatusCode::UNAUTHORIZED, Some(worker)) = (reply.response.status(), &self.worker) {
            worker.purse.give_back();
        }
        pause().await;
        if self.chance(|mix| mix.lost_after) {
            self.lock().lost += 1;
            self.tell(|| "done, answer lost".to_owned(), &reply.response);
            return Err(TransportError::Lost("the connection broke".into()));
        }
        if self.chance(|mix| mix.garbage) {
            self.lock().lost += 1;
            self.tell(|| "done, garbage instead of".to_owned(), &reply.response);
            return Ok(page(200));
        }
        if reads_by_id(&reply.response) && self.chance(|mix| mix.hidden) {
            return Ok(emptied(reply.response));
        }
        self.tell(|| "answered".to_owned(), &reply.response);
        drop(signing_in);
        Ok(reply.response)
    }
}

fn reads_by_id(response: &Response<Bytes>) -> bool {
    let read = b"\"read0\"";
    let mut windows = response.body().windows(read.len());
    windows.any(|bytes| bytes == read)
}

/// The same answer without its records.
fn emptied(response: Response<Bytes>) -> Response<Bytes> {
    let (parts, body) = response.into_parts();
    let mut json: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    for part in json["compositeResponse"]
        .as_array_mut()
        .into_iter()
        .flatten()
    {
        if part["body"]["records"].is_array() {
            part["body"]["records"] = serde_json::json!([]);
            part["body"]["totalSize"] = serde_json::json!(0);
        }
    }
    Response::from_parts(parts, Bytes::from(json.to_string()))
}

fn answer(status: u16, kind: &'static str, body: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(body.as_bytes()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
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
