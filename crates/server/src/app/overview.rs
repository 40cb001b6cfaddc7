//! Sync Management at a glance: is it on, through whom, how fresh, what waits, what it costs.

use super::{Actor, App, AppResult};
use serde::Serialize;
use tandem_core::Timestamp;
use tandem_core::ids::CrmObject;
use tandem_core::store::Backlog;
use tandem_core::workspace::Kind;
use tandem_store::views::{ApiUsage, Cause, HourThroughput, SyncCounts};
use utoipa::ToSchema;

/// Whether sync runs, in the words of the page.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum SyncState {
    /// No user is connected; sync can't be enabled.
    NotConnected,
    /// Connected but off: “Not configured in CRM Sync”.
    NotConfigured,
    /// On and healthy.
    Enabled {
        /// The connector: the CRM user's sign-in name.
        using: String,
    },
    /// “Connection lost for Main CRM Connector”: everything waits in the queue.
    ConnectionLost {
        /// The connector that was cut off.
        using: String,
        /// What happened, in the CRM's words.
        message: String,
        /// What to do.
        hint: String,
        /// The failure class's code.
        code: String,
        /// Since when.
        #[schema(value_type = String, format = DateTime)]
        since: Timestamp,
    },
}

/// The main connector and its org.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct ConnectorView {
    /// The CRM's name as people say it.
    pub crm: String,
    /// The connected CRM user's name.
    pub name: String,
    /// Their sign-in name.
    pub username: String,
    /// Their address.
    pub email: String,
    /// The org's id.
    pub org_id: String,
    /// The org's name.
    pub org_name: String,
    /// The edition as the CRM names it.
    pub edition: String,
    /// A test org.
    pub sandbox: bool,
    /// Where the org is.
    pub instance_url: String,
    /// When the connection was made.
    #[schema(value_type = String, format = DateTime)]
    pub connected_at: Timestamp,
}

/// How reading one CRM object goes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct ObjectStatus {
    /// The object.
    #[schema(value_type = String)]
    pub object: CrmObject,
    /// What its records are here.
    #[schema(value_type = String)]
    pub kind: Kind,
    /// Seconds between two reads.
    pub frequency_seconds: u32,
    /// Linked records.
    pub linked: u64,
    /// Links that something waits for: a person or a corrected value.
    pub needs_attention: u64,
    /// Links that are due, and writes that are not finished.
    pub waiting: u64,
    /// The CRM was read completely as of this moment; `None` before the first time.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub fresh_at: Option<Timestamp>,
    /// A read is under way: rows so far.
    pub reading_rows: Option<u64>,
    /// The next read, if it has a time.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_at: Option<Timestamp>,
    /// Failed reads since the last good one.
    pub failures: u32,
}

/// Everything on the page.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Overview {
    /// On, off, or cut off.
    pub state: SyncState,
    /// The toggle, also while the connection is lost.
    pub enabled: bool,
    /// Through whom; `None` before the first connection.
    pub connector: Option<ConnectorView>,
    /// Object by object, parents before children.
    pub objects: Vec<ObjectStatus>,
    /// Records by kind and link status.
    pub counts: SyncCounts,
    /// How much waits.
    pub backlog: Backlog,
    /// Reasons for which links are set aside, most links first.
    pub causes: Vec<Cause>,
    /// What the API costs.
    pub api: ApiSummary,
    /// What was done, hour by hour.
    pub throughput: Vec<HourThroughput>,
}

/// API use against the allowance.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ApiSummary {
    /// The org's use by all programs, with ours since it was read; `None` before the first answer.
    pub org_used: Option<u64>,
    /// Calls that the org allows in 24 hours.
    pub org_max: Option<u64>,
    /// When the org told it.
    pub read_at: Option<Timestamp>,
    /// Percent of the allowance at which scheduled sync pauses.
    pub threshold_percent: u8,
    /// Sync pauses now for this reason.
    pub paused: Option<String>,
    /// Ours, hour by hour.
    pub ours: ApiUsage,
}

impl App {
    /// The page. The faces ask again to keep it fresh; it costs no API call.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn overview(&self, _actor: &Actor) -> AppResult<Overview> {
        Err(self.not_ready())
    }

    /// Just the state, for the banner on every page.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn sync_state(&self, _actor: &Actor) -> AppResult<SyncState> {
        Err(self.not_ready())
    }

    /// API use against the allowance.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn api_summary(&self, _actor: &Actor) -> AppResult<ApiSummary> {
        Err(self.not_ready())
    }
}
