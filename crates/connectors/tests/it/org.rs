//! One org and one connector to it, on a clock that only moves when told.

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use tandem_connectors::http::{Transport, TransportError};
use tandem_connectors::oauth::OAuthApp;
use tandem_connectors::salesforce::{Salesforce, SalesforceConfig};
use tandem_connectors::vault::{Grant, MemoryVault};
use tandem_core::connector::{
    Connector as _, ConnectorError, Next, PageToken, Present, PullRequest, PulledPage, Reply,
    RollRequest, Watermark, WriteOp, WriteOutcome, WriteRequest,
};
use tandem_core::horizon::SETTLED_SECONDS_MIN;
use tandem_core::ids::{CrmId, CrmObject, IntentId};
use tandem_core::record::CrmRecord;
use tandem_core::value::{Fields, Value};
use tandem_sandbox::faults::{FaultAction, FaultRule};
use tandem_sandbox::world::{Actor, DmlOptions, SfId};
use tandem_sandbox::{ClockMode, Delivery, Options, Sandbox};

/// Pages after which a pull is taken to run in a circle.
const PAGES_MAX: usize = 50;
/// How far the pulls of the tests go back.
const BACK_SECONDS: u32 = 300;
pub(crate) const ORIGIN: &str = "http://127.0.0.1:8443";

/// The way to the sandbox: a function call. Slow answers come at once, lost ones never.
pub(crate) struct Wire {
    sandbox: Arc<Sandbox>,
    /// By how many seconds the `Date` of answers differs from the org's time.
    pub(crate) date_off_seconds: AtomicI64,
}

impl Wire {
    pub(crate) fn new(sandbox: Arc<Sandbox>) -> Self {
        Self {
            sandbox,
            date_off_seconds: AtomicI64::new(0),
        }
    }

    fn date(&self) -> HeaderValue {
        let off = SignedDuration::from_secs(self.date_off_seconds.load(Ordering::Relaxed));
        let shown = self.sandbox.now().checked_add(off).expect("a time");
        let printer = jiff::fmt::rfc2822::DateTimePrinter::new();
        let text = printer.timestamp_to_rfc9110_string(&shown);
        HeaderValue::try_from(text.expect("a date")).expect("a header")
    }
}

#[async_trait]
impl Transport for Wire {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        // Gives way once each way, so that concurrent callers really interleave.
        tokio::task::yield_now().await;
        let mut reply = self.sandbox.handle(request);
        reply
            .response
            .headers_mut()
            .insert(header::DATE, self.date());
        tokio::task::yield_now().await;
        match reply.delivery {
            Delivery::Now | Delivery::After(_) => Ok(reply.response),
            Delivery::Lost => Err(TransportError::Lost("the line went dead".into())),
        }
    }
}

pub(crate) struct Org {
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) salesforce: Salesforce,
    pub(crate) vault: Arc<MemoryVault>,
    pub(crate) wire: Arc<Wire>,
    /// What the connector says that it spent.
    spent: AtomicU32,
}

/// Options of a small org whose clock only moves when told.
pub(crate) fn options() -> Options {
    Options {
        clock: ClockMode::Virtual,
        limit_jitter_calls: 0,
        call_limit_24h: 100_000,
        origin: ORIGIN.into(),
        ..Options::default()
    }
}

pub(crate) fn app() -> OAuthApp {
    let options = options();
    let secret = Some(options.client_secret.into());
    OAuthApp::new(ORIGIN, options.client_id, secret).expect("an address")
}

impl Org {
    pub(crate) fn new() -> Self {
        Self::with(options(), |_| {})
    }

    pub(crate) fn with(options: Options, change: impl FnOnce(&mut SalesforceConfig)) -> Self {
        let sandbox = Arc::new(Sandbox::new(options));
        let credentials = sandbox.credentials(ORIGIN);
        let grant = Grant {
            access_token: credentials.access_token.into(),
            refresh_token: credentials.refresh_token.into(),
            instance_url: ORIGIN.into(),
            version: 1,
        };
        Self::connected(sandbox, grant, change)
    }

    pub(crate) fn connected(
        sandbox: Arc<Sandbox>,
        grant: Grant,
        change: impl FnOnce(&mut SalesforceConfig),
    ) -> Self {
        let vault = Arc::new(MemoryVault::new(grant));
        let mut config = SalesforceConfig::new(app());
        change(&mut config);
        let wire = Arc::new(Wire::new(sandbox.clone()));
        Self {
            salesforce: Salesforce::new(config, wire.clone(), vault.clone()),
            wire,
            sandbox,
            vault,
            spent: AtomicU32::new(0),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.sandbox.now()
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.sandbox.advance(SignedDuration::from_secs(seconds));
    }

    /// A record made inside the org by its administrator.
    pub(crate) fn make(&self, object: &str, fields: &Json) -> CrmId {
        self.make_with(object, fields, &DmlOptions::default())
    }

    pub(crate) fn make_with(&self, object: &str, fields: &Json, options: &DmlOptions) -> CrmId {
        let fields = fields.as_object().expect("an object");
        let id = self.sandbox.world(|world| {
            let admin = Actor::system(world.admin_id());
            world.create(&admin, object, fields, options)
        });
        CrmId::new(id.expect("a sound record").to_string())
    }

    pub(crate) fn change(&self, object: &str, id: &CrmId, fields: &Json) {
        let fields = fields.as_object().expect("an object");
        let done = self.sandbox.world(|world| {
            let admin = Actor::system(world.admin_id());
            world.update(&admin, object, id.as_str(), fields, &DmlOptions::default())
        });
        done.expect("a sound change");
    }

    pub(crate) fn delete(&self, object: &str, id: &CrmId) {
        let done = self.sandbox.world(|world| {
            let admin = Actor::system(world.admin_id());
            world.delete(&admin, object, id.as_str(), &DmlOptions::default())
        });
        done.expect("deleted");
    }

    pub(crate) fn leads(&self, count: usize) -> Vec<CrmId> {
        (0..count)
            .map(|n| self.make("Lead", &lead_json(n)))
            .collect()
    }

    /// How many records of an object there are.
    pub(crate) fn count(&self, object: &str) -> usize {
        self.sandbox.world(|world| world.count(object))
    }

    /// Breaks the next composite request that says this.
    pub(crate) fn break_once(&self, action: FaultAction) {
        let rule = FaultRule::once("POST", "/composite", action);
        self.sandbox.add_fault(rule).expect("a sound rule");
    }

    pub(crate) fn strike(&self, action: &FaultAction) {
        self.sandbox.strike(action).expect("a state of the org");
    }

    pub(crate) fn connector_user(&self) -> SfId {
        self.sandbox.connector_user()
    }

    /// Takes note of what a call cost.
    pub(crate) fn pay<T>(
        &self,
        result: Result<Reply<T>, ConnectorError>,
    ) -> Result<T, ConnectorError> {
        let (calls, result) = match result {
            Ok(reply) => (reply.calls, Ok(reply.value)),
            Err(error) => (error.calls, Err(error)),
        };
        self.spent.fetch_add(calls, Ordering::Relaxed);
        result
    }

    /// What the connector says that it spent, after comparing it with the org's meter.
    #[track_caller]
    pub(crate) fn spent(&self) -> u32 {
        let spent = self.spent.load(Ordering::Relaxed);
        assert_eq!(
            u64::from(spent),
            self.sandbox.meter().total_calls,
            "said and metered"
        );
        spent
    }

    /// Starts to count anew.
    pub(crate) fn forget_spent(&self) {
        self.spent.store(0, Ordering::Relaxed);
        self.sandbox.reset_meter();
    }

    /// Teaches the connector what the fields of these objects hold.
    pub(crate) async fn describe(&self, objects: &[&str]) {
        let objects: Vec<CrmObject> = objects.iter().map(|name| CrmObject::new(*name)).collect();
        let schemas = self
            .pay(self.salesforce.describe(&objects).await)
            .expect("schemas");
        assert!(schemas.iter().all(Result::is_ok), "{schemas:?}");
    }

    /// One page of one object.
    pub(crate) async fn page(&self, request: PullRequest) -> PulledPage {
        let pages = self.pay(self.salesforce.pull(&[request], self.now()).await);
        let page = pages
            .expect("an answer")
            .pages
            .into_iter()
            .next()
            .expect("a part");
        page.expect("a page")
    }

    /// A whole pull of one object, page after page.
    pub(crate) async fn pull(
        &self,
        object: &str,
        watermark: Option<&Watermark>,
    ) -> (Vec<CrmRecord>, Watermark) {
        let mut records = Vec::new();
        let mut page = None;
        for _ in 0..PAGES_MAX {
            let request = request(object, watermark, page);
            let pulled = self.page(request).await;
            records.extend(pulled.records);
            match pulled.next {
                Next::Page(token) => page = Some(token),
                Next::Done(watermark) => return (records, watermark),
            }
        }
        panic!("a pull of {object} does not end");
    }

    /// The ids of all records of an object, page after page.
    pub(crate) async fn roll(&self, object: &str) -> Vec<Present> {
        let mut all: Vec<Present> = Vec::new();
        for _ in 0..PAGES_MAX {
            let request = RollRequest {
                object: CrmObject::new(object),
                after: all.last().map(|last| last.id.clone()),
                failures: 0,
            };
            let page = self
                .pay(self.salesforce.roll(&request).await)
                .expect("a page");
            all.extend(page.present);
            if page.last {
                return all;
            }
        }
        panic!("the roll of {object} does not end");
    }

    pub(crate) async fn write(
        &self,
        object: &str,
        requests: &[WriteRequest],
        read_back: &[&str],
    ) -> Result<Vec<WriteOutcome>, ConnectorError> {
        let read_back: Vec<String> = read_back.iter().map(ToString::to_string).collect();
        let object = CrmObject::new(object);
        self.pay(
            self.salesforce
                .write(&object, requests, &read_back, self.now())
                .await,
        )
    }
}

/// A pull request of the fields that the tests look at.
pub(crate) fn request(
    object: &str,
    watermark: Option<&Watermark>,
    page: Option<PageToken>,
) -> PullRequest {
    let fields: &[&str] = match object {
        "Account" | "Opportunity" => &["Name"],
        _ => &["LastName", "Email"],
    };
    PullRequest {
        object: CrmObject::new(object),
        fields: fields.iter().map(ToString::to_string).collect(),
        watermark: watermark.cloned(),
        page,
        back_seconds: BACK_SECONDS,
        settled_seconds: SETTLED_SECONDS_MIN,
        failures: 0,
    }
}

pub(crate) fn lead_json(number: usize) -> Json {
    json!({ "LastName": format!("Berg {number}"), "Company": "Halden" })
}

pub(crate) fn text_fields(fields: &[(&str, &str)]) -> Fields {
    let field = |(name, value): &(&str, &str)| ((*name).to_owned(), Value::text(*value));
    fields.iter().map(field).collect()
}

pub(crate) fn update(id: &CrmId, fields: &[(&str, &str)]) -> WriteRequest {
    WriteRequest {
        intent: IntentId(1),
        op: WriteOp::Update { id: id.clone() },
        fields: text_fields(fields),
        unmodified_since: None,
    }
}

/// A create of a lead, with a key or without.
pub(crate) fn create(key: Option<&str>, last_name: &str) -> WriteRequest {
    WriteRequest {
        intent: IntentId(1),
        op: WriteOp::Create {
            key: key.map(|key| ("ExtId__c".to_owned(), key.to_owned())),
        },
        fields: text_fields(&[("LastName", last_name), ("Company", "Halden")]),
        unmodified_since: None,
    }
}

pub(crate) fn ids(records: &[CrmRecord]) -> Vec<CrmId> {
    records.iter().map(|record| record.id.clone()).collect()
}
