//! What the engine needs from the code that speaks a CRM's protocol.
//!
//! The contract, for every method:
//! - One call of a method is the fewest API calls that the platform allows for it; the reply says how
//!   many were spent, exactly, also when it failed ([`ConnectorError::calls`]). It is never more than
//!   [`Capabilities::calls_max`] says: so many are reserved before, and what would need more fails.
//! - No retry inside, except one repetition after a refreshed access token. Back-off is the engine's.
//! - The order of a reply's parts is the order of the request's parts.
//! - A failure whose class is [`ErrorClass::AnswerLost`] or [`ErrorClass::GarbledAnswer`] means *maybe
//!   done*; [`ErrorClass::NotSent`] means *certainly not done*. In doubt it is the former.
//! - Methods may be called concurrently. Dropping a future may leave its request done or not done.
//! - Nothing of a token, in any form, ever stands in a value, an error or a log line.

use crate::error::ErrorClass;
use crate::ids::{CrmId, CrmObject, IntentId};
use crate::record::CrmRecord;
use crate::schema::ObjectSchema;
use crate::value::Fields;
use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Durable progress of reading one object. Opaque but for its order, which never decreases.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Watermark {
    /// Grows with progress; the store refuses to go back.
    pub order: i64,
    /// What the connector needs to go on from here.
    pub token: String,
}

/// Where to go on within one pull; opaque.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PageToken(pub String);

/// What to read of one object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PullRequest {
    /// The object.
    pub object: CrmObject,
    /// CRM fields to read, beside id, revision and deletion, which always come.
    pub fields: Vec<String>,
    /// Where the last complete pull ended; `None` reads everything.
    pub watermark: Option<Watermark>,
    /// Set on every page of a pull but the first.
    pub page: Option<PageToken>,
    /// How far the pull goes back behind the watermark, in seconds, because rows become visible later than
    /// they are stamped. Of a pull's pages the first decides.
    pub back_seconds: u32,
    /// A row whose stamp is older than so many seconds is taken for visible; see [`PulledPage::begins`].
    pub settled_seconds: u32,
    /// Failures in a row of reading this object: ask for less at a time.
    pub failures: u32,
}

/// What follows a page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Next {
    /// More of the same pull.
    Page(PageToken),
    /// The pull is complete; the next one starts here.
    Done(Watermark),
}

/// One page of changed records: created, updated, deleted or undeleted, oldest change first. A record
/// may come again in a later pull though it did not change; it is never left out.
#[derive(Clone, PartialEq, Debug)]
pub struct PulledPage {
    /// The records.
    pub records: Vec<CrmRecord>,
    /// What follows.
    pub next: Next,
    /// Of records whose last change is older than the watermark, by how many seconds. If such a record is
    /// news it came late: the pull before went past it.
    pub behind_seconds: BTreeMap<CrmId, u32>,
    /// The pull counts as begun with this page, and its watermark will be of that time: there is none before it, or
    /// those before ended with rows that were settled ([`PullRequest::settled_seconds`]) when they were read. So a long
    /// pull ends as fresh as its last pages are, and the next one need not bring all its rows again.
    pub begins: bool,
}

/// What one pull brought.
#[derive(Clone, PartialEq, Debug)]
pub struct Pulled {
    /// A page for each request; a part fails alone.
    pub pages: Vec<Result<PulledPage, Failure>>,
    /// What the connected user sees of the objects asked for, of those where the connector can't tell that
    /// it is as it was told last. Also of one whose page failed.
    pub schemas: Vec<ObjectSchema>,
}

/// Asks for the deletions of one object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeletionsRequest {
    /// The object.
    pub object: CrmObject,
    /// Up to where they are known: the last answer's end, or that of a complete pull.
    pub since: Watermark,
}

/// Deletions of one object, as far as the CRM remembers them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Deletions {
    /// Records that were deleted, perhaps for good; some may have come back since.
    pub ids: Vec<CrmId>,
    /// The CRM vouches for everything before this; it is where the next request begins.
    pub covered: Watermark,
}

/// Asks for one page of the ids of all records of an object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RollRequest {
    /// The object.
    pub object: CrmObject,
    /// The last id of the page before.
    pub after: Option<CrmId>,
    /// Failures in a row of this request: ask for less at a time.
    pub failures: u32,
}

/// A record that exists, and its version's order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Present {
    /// Which one.
    pub id: CrmId,
    /// As in [`Revision::order`](crate::record::Revision::order).
    pub order: i64,
}

/// One page of the roll: every record after the page before, in the order of ids, up to its last one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RollPage {
    /// The records, without those in the recycle bin.
    pub present: Vec<Present>,
    /// Nothing comes after it.
    pub last: bool,
}

/// What to do with one record.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WriteOp {
    /// Make it. With a key (a *unique* external-id field and our value) it is an insert that carries the
    /// key, never an upsert: a repeat is refused as [`ErrorClass::DuplicateKey`] and changes nothing,
    /// where an upsert that arrives late would overwrite what people changed since.
    Create {
        /// The external-id field and our value for it, where the org has such a field.
        key: Option<(String, String)>,
    },
    /// Change the named fields of an existing record.
    Update {
        /// Which record.
        id: CrmId,
    },
}

/// One record of a write.
#[derive(Clone, PartialEq, Debug)]
pub struct WriteRequest {
    /// The intent that this carries out.
    pub intent: IntentId,
    /// Create or update.
    pub op: WriteOp,
    /// Values to set, by CRM field name; [`crate::value::Value::Null`] clears a field.
    pub fields: Fields,
    /// For an update: only if nobody changed the record after this time, by the CRM's clock. Kept for
    /// batches of up to [`Capabilities::conditional_records_max`]; larger ones are written all the
    /// same, and [`WriteOutcome::Applied`] shows what they met.
    pub unmodified_since: Option<Timestamp>,
}

/// How one record of a write ended.
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every outcome is the large one"
)]
#[derive(Clone, PartialEq, Debug)]
pub enum WriteOutcome {
    /// The CRM took it.
    Applied {
        /// The record's id.
        id: CrmId,
        /// As it stood just before, in the same request: shows edits that we had not seen.
        before: Option<CrmRecord>,
        /// As it stands after: what the CRM really stored.
        after: Option<CrmRecord>,
    },
    /// Somebody changed the record meanwhile; nothing was written.
    Stale {
        /// As it stands now, where the answer carried it.
        current: Option<CrmRecord>,
    },
    /// The CRM refused it, with every reason given.
    Rejected(Vec<Failure>),
    /// The CRM's answer about this record is missing or makes no sense.
    Unknown,
}

/// Asks whether a create whose answer was lost happened after all.
#[derive(Clone, PartialEq, Debug)]
pub struct CreateProbe {
    /// The key it was sent with, where there was one.
    pub key: Option<(String, String)>,
    /// When it was first sent, by our clock.
    pub sent_at: Timestamp,
    /// The values it was sent with.
    pub fields: Fields,
}

/// The answer to a [`CreateProbe`].
#[derive(Clone, PartialEq, Debug)]
pub enum ProbeAnswer {
    /// This record is the one.
    Found(CrmRecord),
    /// No such record is visible yet.
    Absent,
    /// Several records fit; a person must look.
    Several(Vec<CrmRecord>),
}

impl ProbeAnswer {
    /// The records that fit.
    pub fn records(&self) -> &[CrmRecord] {
        match self {
            Self::Found(record) => std::slice::from_ref(record),
            Self::Absent => &[],
            Self::Several(records) => records,
        }
    }

    /// What is left of the answer where some records are known to be others.
    #[must_use]
    pub fn without(self, others: &BTreeSet<CrmId>) -> Self {
        let mut left = match self {
            Self::Found(record) => vec![record],
            Self::Absent => Vec::new(),
            Self::Several(records) => records,
        };
        left.retain(|record| !others.contains(&record.id));
        match left.len() {
            1 => Self::Found(left.remove(0)),
            0 => Self::Absent,
            _ => Self::Several(left),
        }
    }
}

/// Asks for records by a text that they hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lookup {
    /// The CRM field.
    pub field: String,
    /// Any of these texts, whatever their case.
    pub texts: BTreeSet<String>,
}

/// One failure in the CRM's own words, classified.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
#[error("{}: {message}", class.title())]
pub struct Failure {
    /// What it means to us.
    pub class: ErrorClass,
    /// The CRM's code, such as `STRING_TOO_LONG`; empty where there is none.
    pub code: String,
    /// The CRM's message, without anything secret.
    pub message: String,
    /// CRM fields that it names.
    pub fields: Vec<String>,
    /// How long the CRM asks us to wait.
    pub retry_after_seconds: Option<u32>,
}

impl Failure {
    /// A failure of that class with a message and nothing else.
    pub fn new(class: ErrorClass, message: impl Into<String>) -> Self {
        Self {
            class,
            code: String::new(),
            message: message.into(),
            fields: Vec::new(),
            retry_after_seconds: None,
        }
    }
}

/// A whole request that failed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{failure}")]
pub struct ConnectorError {
    /// Why.
    pub failure: Failure,
    /// API calls spent on it, including those of parts that worked.
    pub calls: u32,
    /// Of them, those that the org did not answer: it may yet count them.
    pub lost: u32,
}

/// The org's own count of API calls in its 24-hour window. Approximate: it may jump back and forth.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OrgUsage {
    /// Calls used by all programs together.
    pub used: u64,
    /// Calls allowed.
    pub max: u64,
}

impl OrgUsage {
    /// What an org tells that refuses for its daily limit: no figures, but that nothing is left. As many
    /// used as any count can come to, so that no sum falls below the org's.
    pub const NONE_LEFT: Self = Self {
        used: u64::MAX >> 1,
        max: 0,
    };

    /// Whether nothing is left of an allowance whose figures are not known.
    pub fn is_none_left(self) -> bool {
        self.max == 0
    }
}

/// A reply and what it cost.
#[derive(Clone, PartialEq, Debug)]
pub struct Reply<T> {
    /// The answer.
    pub value: T,
    /// Metered API calls spent, exactly.
    pub calls: u32,
    /// Of them, those that the org did not answer: it may yet count them.
    pub lost: u32,
    /// The org's own count, where the answer carried it.
    pub usage: Option<OrgUsage>,
}

/// Who we are connected as, and to which org.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OrgIdentity {
    /// The org's id: a connection never silently moves to another.
    pub org_id: String,
    /// The org's name.
    pub org_name: String,
    /// The edition as the CRM names it.
    pub edition: String,
    /// A test org.
    pub sandbox: bool,
    /// The connected user's id.
    pub user_id: CrmId,
    /// The connected user's sign-in name.
    pub username: String,
    /// The connected user's e-mail address.
    pub email: String,
    /// The connected user's name.
    pub name: String,
}

/// A user of the CRM.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CrmUser {
    /// Its id.
    pub id: CrmId,
    /// Its name.
    pub name: String,
    /// Its e-mail address.
    pub email: String,
    /// May own records.
    pub active: bool,
}

/// What a platform allows, as data: the engine asks this, never which CRM it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Capabilities {
    /// Requests that one [`Connector::pull`] takes.
    pub pull_requests_max: usize,
    /// Records that one [`Connector::write`] takes.
    pub write_records_max: usize,
    /// Records that one [`Connector::write`] can update on condition that nobody changed them.
    pub conditional_records_max: usize,
    /// Ids that one [`Connector::read`] takes.
    pub read_ids_max: usize,
    /// Requests that one [`Connector::deletions`] takes; 0 where the CRM keeps no record of deletions.
    pub deletions_requests_max: usize,
    /// How long after it was sent a create may still appear, in seconds.
    pub create_horizon_seconds: u32,
    /// What one call of each method costs at most.
    pub calls_max: CallsMax,
}

/// The most metered API calls that one call of each method makes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CallsMax {
    /// Of [`Connector::identify`].
    pub identify: u32,
    /// Of [`Connector::users`].
    pub users: u32,
    /// Of [`Connector::describe`].
    pub describe: u32,
    /// Of [`Connector::pull`].
    pub pull: u32,
    /// Of [`Connector::read`].
    pub read: u32,
    /// Of [`Connector::deletions`].
    pub deletions: u32,
    /// Of [`Connector::roll`].
    pub roll: u32,
    /// Of [`Connector::write`].
    pub write: u32,
    /// Of [`Connector::find`], for as many creates as one write takes.
    pub find: u32,
    /// Of [`Connector::probe`].
    pub probe: u32,
    /// Of [`Connector::limits`].
    pub limits: u32,
}

/// The result of a connector's method.
pub type ConnectorResult<T> = Result<Reply<T>, ConnectorError>;

/// The code that speaks one CRM's protocol for one connection.
#[async_trait]
pub trait Connector: Send + Sync {
    /// What the platform allows.
    fn capabilities(&self) -> Capabilities;

    /// The CRM's name as people say it, for texts.
    fn label(&self) -> &'static str;

    /// The address of a record's page in the CRM.
    fn record_url(&self, object: &CrmObject, id: &CrmId) -> String;

    /// Who we are and where.
    async fn identify(&self) -> ConnectorResult<OrgIdentity>;

    /// The org's users, active and not.
    async fn users(&self) -> ConnectorResult<Vec<CrmUser>>;

    /// What the connected user sees of each object; a part fails alone.
    async fn describe(
        &self,
        objects: &[CrmObject],
    ) -> ConnectorResult<Vec<Result<ObjectSchema, Failure>>>;

    /// One page of changes of each of several objects, and how their schemas changed, where the platform
    /// tells that for nothing. `now` is our clock when the request is made and becomes the records'
    /// `observed_at`; their `look` is left to the engine.
    async fn pull(&self, requests: &[PullRequest], now: Timestamp) -> ConnectorResult<Pulled>;

    /// The named records as they stand now, deleted ones included and marked; absent ones are left
    /// out.
    async fn read(
        &self,
        object: &CrmObject,
        ids: &[CrmId],
        fields: &[String],
        now: Timestamp,
    ) -> ConnectorResult<Vec<CrmRecord>>;

    /// What was deleted of several objects since a time; a part fails alone. [`ErrorClass::CursorGone`] means
    /// that the CRM does not remember that far, or not that many: all ids must be compared.
    async fn deletions(
        &self,
        requests: &[DeletionsRequest],
        now: Timestamp,
    ) -> ConnectorResult<Vec<Result<Deletions, Failure>>>;

    /// One page of the ids of all records of an object. A page is complete in its range, or it fails.
    async fn roll(&self, request: &RollRequest) -> ConnectorResult<RollPage>;

    /// Writes records of one object and reads back `read_back` of each, before and after.
    async fn write(
        &self,
        object: &CrmObject,
        requests: &[WriteRequest],
        read_back: &[String],
        now: Timestamp,
    ) -> ConnectorResult<Vec<WriteOutcome>>;

    /// The records, not deleted, that fit any of the lookups. One that fits several comes once; the order
    /// is free.
    async fn find(
        &self,
        object: &CrmObject,
        lookups: &[Lookup],
        fields: &[String],
        now: Timestamp,
    ) -> ConnectorResult<Vec<CrmRecord>>;

    /// Whether creates whose answers were lost happened, in the order of the probes. Where a record fits several
    /// creates without keys, it is that of the one that it tells more of; of equal ones, of the one that comes first.
    async fn probe(
        &self,
        object: &CrmObject,
        probes: &[CreateProbe],
        fields: &[String],
        now: Timestamp,
    ) -> ConnectorResult<Vec<ProbeAnswer>>;

    /// The org's API allowance and its use.
    async fn limits(&self) -> ConnectorResult<OrgUsage>;
}
