//! The sync at a glance.

use crate::app::overview::{ApiSummary, ConnectorView, ObjectStatus, Overview, SyncState};
use serde::Serialize;
use std::collections::BTreeMap;
use tandem_store::views::{Cause, KindCounts};
use utoipa::ToSchema;

/// State, freshness, backlog and cost of the sync.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct OverviewJson {
    /// On, off, or cut off.
    sync: SyncState,
    /// The toggle, also while the connection is lost.
    enabled: bool,
    /// The connection; null before the first one.
    connector: Option<ConnectorView>,
    /// Object by object.
    objects: Vec<ObjectStatus>,
    /// Records by kind.
    records: Vec<KindJson>,
    /// How much waits.
    backlog: BacklogJson,
    /// Reasons for which records are set aside.
    causes: Vec<CauseJson>,
    /// What the API costs.
    api: ApiJson,
}

/// Records of one kind.
#[derive(Serialize, ToSchema)]
struct KindJson {
    /// `person`, `account` or `opportunity`.
    kind: &'static str,
    /// All of them.
    records: u64,
    /// By how their links stand.
    by_status: BTreeMap<&'static str, u64>,
}

/// How much waits.
#[derive(Serialize, ToSchema)]
struct BacklogJson {
    /// Records to be decided.
    decisions: u64,
    /// Writes to be sent.
    writes_pending: u64,
    /// Writes being sent, or whose answer was lost.
    writes_open: u64,
    /// Set aside after a refusal.
    refused: u64,
    /// Waiting for a person.
    held: u64,
}

/// One reason.
#[derive(Serialize, ToSchema)]
struct CauseJson {
    /// The code of its help page.
    code: &'static str,
    /// What happened.
    title: &'static str,
    /// What to do.
    hint: &'static str,
    /// Records set aside for it.
    records: u64,
    /// Since when.
    since: String,
}

/// API use of the last 24 hours.
#[derive(Serialize, ToSchema)]
struct ApiJson {
    /// By all programs together; null before the CRM told it.
    org_used: Option<u64>,
    /// Allowed.
    org_max: Option<u64>,
    /// By Tandem.
    ours: u64,
    /// Percent at which scheduled sync pauses.
    threshold_percent: u8,
    /// Why sync pauses now, if it does.
    paused: Option<String>,
    /// How many times as long as set each interval of scheduled reading is now: 1, 2, 4 or 8.
    interval_factor: u32,
    /// Ours in the last sixty minutes.
    ours_last_hour: Option<u64>,
    /// When scheduled work will pause at this rate; null if not within 24 hours.
    runs_out_at: Option<String>,
}

impl From<Overview> for OverviewJson {
    fn from(overview: Overview) -> Self {
        let backlog = overview.backlog;
        Self {
            sync: overview.state,
            enabled: overview.enabled,
            connector: overview.connector,
            objects: overview.objects,
            records: overview
                .counts
                .kinds
                .into_iter()
                .map(KindJson::from)
                .collect(),
            backlog: BacklogJson {
                decisions: backlog.links_due,
                writes_pending: backlog.intents_pending,
                writes_open: backlog.intents_open,
                refused: backlog.parked,
                held: backlog.held,
            },
            causes: overview.causes.into_iter().map(CauseJson::from).collect(),
            api: overview.api.into(),
        }
    }
}

impl From<KindCounts> for KindJson {
    fn from(counts: KindCounts) -> Self {
        let named = counts
            .by_status
            .into_iter()
            .map(|(status, n)| (status.as_str(), n));
        Self {
            kind: counts.kind.as_str(),
            records: counts.records,
            by_status: named.collect(),
        }
    }
}

impl From<Cause> for CauseJson {
    fn from(cause: Cause) -> Self {
        Self {
            code: cause.class.code(),
            title: cause.class.title(),
            hint: cause.class.hint(),
            records: cause.links,
            since: cause.since.to_string(),
        }
    }
}

impl From<ApiSummary> for ApiJson {
    fn from(api: ApiSummary) -> Self {
        Self {
            org_used: api.org_used,
            org_max: api.org_max,
            ours: api.ours.spent,
            threshold_percent: api.threshold_percent,
            paused: api.paused,
            interval_factor: api.pace.factor(),
            ours_last_hour: api.outlook.map(|outlook| outlook.calls_per_hour),
            runs_out_at: api
                .outlook
                .and_then(|outlook| outlook.runs_out_at)
                .map(|at| at.to_string()),
        }
    }
}
