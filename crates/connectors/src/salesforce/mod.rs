//! The connector for Salesforce: REST, nearly all of it through composite requests.
//!
//! | module | what it does |
//! |---|---|
//! | [`config`] | what a connection is set up with |
//! | `client`, `session` | one request: token, renewal, counting |
//! | `wire`, `convert`, `ids`, `soql` | shapes, values, ids and queries as Salesforce writes them |
//! | `errors` | what each refusal means: one table |
//! | `schema`, `identity`, `limits` | what the org has, who we are, what we may spend |
//! | `notice` | how a schema changed, noticed along the way |
//! | `pull`, `read`, `find`, `write`, `probe` | records |
//! | `deletions`, `roll` | which records are there no more |
//!
//! Up to five queries and collections travel in one composite request, which is metered as one call:
//! that is where the few calls come from.
//!
//! Invariants: a watermark is the server's time and never decreases; paging goes by value
//! (`SystemModstamp`, `Id`), so that no list is kept on the server; deleted rows always come along;
//! a write is never repeated after an answer that does not prove that nothing was done.
//!
//! What it does not do: Bulk API, change events, merges, lead conversion, deletes.

mod client;
pub mod config;
mod convert;
mod deletions;
mod errors;
mod find;
mod identity;
mod ids;
mod limits;
mod notice;
mod probe;
mod pull;
mod read;
mod roll;
mod schema;
mod session;
mod soql;
#[cfg(test)]
pub(crate) mod testing;
mod vouch;
mod wire;
mod write;

pub use config::SalesforceConfig;
pub use ids::canonical_id;

use crate::http::Transport;
use crate::vault::GrantVault;
use async_trait::async_trait;
use client::{Client, Spend};
use convert::Shapes;
use jiff::Timestamp;
use std::sync::{Arc, Mutex};
use tandem_core::connector::{
    CallsMax, Capabilities, Connector, ConnectorResult, CreateProbe, CrmUser, Deletions,
    DeletionsRequest, Failure, Lookup, OrgIdentity, OrgUsage, ProbeAnswer, PullRequest, Pulled,
    RollPage, RollRequest, WriteOutcome, WriteRequest,
};
use tandem_core::error::ErrorClass;
use tandem_core::ids::{CrmId, CrmObject};
use tandem_core::record::CrmRecord;
use tandem_core::schema::ObjectSchema;

/// What each method costs at most. One call is usual for all of them but a write, which may take two.
const CALLS_MAX: CallsMax = CallsMax {
    identify: 1,
    users: identity::USER_PAGES_MAX,
    describe: schema::CALLS_MAX,
    pull: 1,
    read: read::CALLS_MAX,
    deletions: 1,
    roll: 1,
    write: write::CALLS_MAX,
    find: find::CALLS_MAX,
    probe: probe::CALLS_MAX,
    limits: 1,
};

/// One connection to one Salesforce org.
pub struct Salesforce {
    config: SalesforceConfig,
    client: Client,
    shapes: Shapes,
    notices: notice::Notices,
    /// The connected user, once somebody asked.
    user: Mutex<Option<CrmId>>,
}

impl Salesforce {
    /// A connector that uses the vault's grant. Nothing is sent before the first call.
    pub fn new(
        config: SalesforceConfig,
        transport: Arc<dyn Transport>,
        vault: Arc<dyn GrantVault>,
    ) -> Self {
        Self {
            client: Client::new(&config, transport, vault),
            config,
            shapes: Shapes::default(),
            notices: notice::Notices::default(),
            user: Mutex::default(),
        }
    }

    /// Tells the connector what the fields of some objects hold, as a describe would. Without that a
    /// date or a choice list is read as text, and each read brings the schema anew.
    #[must_use]
    pub fn with_schemas<'s>(self, schemas: impl IntoIterator<Item = &'s ObjectSchema>) -> Self {
        for schema in schemas {
            self.learn(schema);
        }
        self
    }

    /// Takes over a describe that somebody else made, in place of what was known of the object. Our
    /// own describes are taken over by themselves.
    pub fn learn(&self, schema: &ObjectSchema) {
        self.shapes.learn(schema);
        self.notices.learn(schema);
    }
}

/// Refuses more than one call of a method takes; see [`Capabilities`].
fn check_count(what: &str, count: usize, max: usize) -> Result<(), Failure> {
    if count <= max {
        return Ok(());
    }
    let message = format!("{count} {what} were given, one call takes {max}");
    Err(Failure::new(ErrorClass::OurFault, message))
}

#[async_trait]
impl Connector for Salesforce {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            pull_requests_max: pull::REQUESTS_MAX,
            write_records_max: write::RECORDS_MAX,
            conditional_records_max: self
                .config
                .conditional_records_max
                .min(write::CONDITIONAL_RECORDS_MAX),
            read_ids_max: read::IDS_MAX,
            deletions_requests_max: deletions::REQUESTS_MAX,
            create_horizon_seconds: self.config.create_horizon_seconds,
            calls_max: CALLS_MAX,
        }
    }

    fn label(&self) -> &'static str {
        "Salesforce"
    }

    fn record_url(&self, object: &CrmObject, id: &CrmId) -> String {
        format!(
            "{}/lightning/r/{object}/{id}/view",
            self.client.instance_url()
        )
    }

    async fn identify(&self) -> ConnectorResult<OrgIdentity> {
        let mut spend = Spend::up_to(CALLS_MAX.identify);
        let result = self.org_identity(&mut spend).await;
        spend.finish(result)
    }

    async fn users(&self) -> ConnectorResult<Vec<CrmUser>> {
        let mut spend = Spend::up_to(CALLS_MAX.users);
        let result = self.all_users(&mut spend).await;
        spend.finish(result)
    }

    async fn describe(
        &self,
        objects: &[CrmObject],
    ) -> ConnectorResult<Vec<Result<ObjectSchema, Failure>>> {
        let mut spend = Spend::up_to(CALLS_MAX.describe);
        let result = self.schemas(objects, &mut spend).await;
        spend.finish(result)
    }

    async fn pull(&self, requests: &[PullRequest], now: Timestamp) -> ConnectorResult<Pulled> {
        let mut spend = Spend::up_to(CALLS_MAX.pull);
        let result = self.pages(requests, now, &mut spend).await;
        spend.finish(result)
    }

    async fn read(
        &self,
        object: &CrmObject,
        ids: &[CrmId],
        fields: &[String],
        now: Timestamp,
    ) -> ConnectorResult<Vec<CrmRecord>> {
        let mut spend = Spend::up_to(CALLS_MAX.read);
        let result = self.records(object, ids, fields, now, &mut spend).await;
        spend.finish(result)
    }

    async fn deletions(
        &self,
        requests: &[DeletionsRequest],
        now: Timestamp,
    ) -> ConnectorResult<Vec<Result<Deletions, Failure>>> {
        let mut spend = Spend::up_to(CALLS_MAX.deletions);
        let result = self.deleted(requests, now, &mut spend).await;
        spend.finish(result)
    }

    async fn roll(&self, request: &RollRequest) -> ConnectorResult<RollPage> {
        let mut spend = Spend::up_to(CALLS_MAX.roll);
        let result = self.roll_page(request, &mut spend).await;
        spend.finish(result)
    }

    async fn write(
        &self,
        object: &CrmObject,
        requests: &[WriteRequest],
        read_back: &[String],
        now: Timestamp,
    ) -> ConnectorResult<Vec<WriteOutcome>> {
        let mut spend = Spend::up_to(CALLS_MAX.write);
        let result = self
            .outcomes(object, requests, read_back, now, &mut spend)
            .await;
        spend.finish(result)
    }

    async fn find(
        &self,
        object: &CrmObject,
        lookups: &[Lookup],
        fields: &[String],
        now: Timestamp,
    ) -> ConnectorResult<Vec<CrmRecord>> {
        let mut spend = Spend::up_to(find::CALLS_MAX);
        let result = self.holding(object, lookups, fields, now, &mut spend).await;
        spend.finish(result)
    }

    async fn probe(
        &self,
        object: &CrmObject,
        probes: &[CreateProbe],
        fields: &[String],
        now: Timestamp,
    ) -> ConnectorResult<Vec<ProbeAnswer>> {
        let mut spend = Spend::up_to(CALLS_MAX.probe);
        let result = self
            .probe_answers(object, probes, fields, now, &mut spend)
            .await;
        spend.finish(result)
    }

    async fn limits(&self) -> ConnectorResult<OrgUsage> {
        let mut spend = Spend::up_to(CALLS_MAX.limits);
        let result = self.allowance(&mut spend).await;
        spend.finish(result)
    }
}
