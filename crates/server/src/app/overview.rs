//! Sync Management at a glance: is it on, through whom, how fresh, what waits, what it costs.

use super::{Actor, App, AppResult};
use jiff::SignedDuration;
use serde::Serialize;
use tandem_core::Timestamp;
use tandem_core::budget::{Forecast, Pace, forecast, may_spend};
use tandem_core::error::ErrorClass;
use tandem_core::ids::CrmObject;
use tandem_core::link::Lane;
use tandem_core::mapping::PairRules;
use tandem_core::settings::{ConnectionState, TeamRules};
use tandem_core::store::{Backlog, ObjectProgress, SyncStore as _};
use tandem_core::watch::ObjectWatch;
use tandem_core::workspace::Kind;
use tandem_store::admin::ConnectionDetails;
use tandem_store::views::{ApiUsage, Cause, HourThroughput, LinkStatus, SyncCounts};
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
    /// Rows of the read from the beginning; 0 before the first.
    pub rows_read: u64,
    /// The oldest last change among them, by the CRM's clock. Everything from there to `fresh_at` was read: no
    /// start date leaves anything out.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub read_from: Option<Timestamp>,
    /// Mapped CRM fields that are not marked as calculated and change without their record's stamp all the same: read
    /// again every hour.
    pub unstamped: Vec<String>,
    /// A read is under way: rows so far.
    pub reading_rows: Option<u64>,
    /// Rows arrive up to so many seconds late, as learned; reading goes back farther than that. 0 where none
    /// was seen late.
    pub rows_late_seconds: u32,
    /// All ids are being compared with the CRM: records compared so far.
    pub comparing_records: Option<u64>,
    /// All records were known as of this moment, those deleted for good included: the first read, or the last
    /// time that all ids were compared.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub compared_at: Option<Timestamp>,
    /// Deletions are known up to this moment, by the CRM's clock.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub deletions_known_to: Option<Timestamp>,
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
    /// How fast scheduled reading goes.
    pub pace: Pace,
    /// What comes at the present rate; `None` before the first answer.
    pub outlook: Option<Forecast>,
    /// Ours, hour by hour.
    pub ours: ApiUsage,
}

impl App {
    /// The page. The faces ask again to keep it fresh; it costs no API call.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn overview(&self, actor: &Actor) -> AppResult<Overview> {
        let (store, team, now) = (self.store(), actor.team, self.now());
        let rules = store.rules(team).await?;
        let progress = store.progress(team).await?;
        let watches = store.watches(team).await?;
        let counts = store.counts(team).await?;
        let connection = self.main_connection(team).await?;
        Ok(Overview {
            state: self.sync_state(actor).await?,
            enabled: rules.settings.enabled,
            connector: connection.map(|connection| connector_view(connection.details)),
            objects: rules
                .pairs
                .iter()
                .map(|pair| {
                    let watch = watches.iter().find(|watch| watch.object == pair.object);
                    object_status(pair, &rules, &progress, watch, &counts, now)
                })
                .collect(),
            counts,
            backlog: store.backlog(team, now).await?,
            causes: store.causes(team).await?,
            api: self.api_summary(actor).await?,
            throughput: store.throughput(team, now).await?,
        })
    }

    /// Just the state, for the banner on every page.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn sync_state(&self, actor: &Actor) -> AppResult<SyncState> {
        let store = self.store();
        let connection = self.main_connection(actor.team).await?;
        let using = connection.map_or_else(String::new, |c| c.details.identity.username);
        Ok(match store.connection_state(actor.team).await? {
            ConnectionState::None => SyncState::NotConnected,
            ConnectionState::Lost {
                code,
                message,
                since,
            } => SyncState::ConnectionLost {
                using,
                hint: hint(&code),
                message,
                code,
                since,
            },
            ConnectionState::Connected if store.rules(actor.team).await?.settings.enabled => {
                SyncState::Enabled { using }
            }
            ConnectionState::Connected => SyncState::NotConfigured,
        })
    }

    /// API use against the allowance.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn api_summary(&self, actor: &Actor) -> AppResult<ApiSummary> {
        let (store, now) = (self.store(), self.now());
        let settings = store.rules(actor.team).await?.settings;
        let ours = store.api_usage(actor.team, now).await?;
        let (threshold, reserve) = (
            settings.api_threshold_percent,
            settings.live_reserve_percent,
        );
        let paused = may_spend(&ours.budget, 1, Lane::Normal, threshold, reserve).err();
        let outlook = forecast(&ours.budget, &ours.hours, threshold, reserve, now);
        let org = ours.budget.org;
        let figures = org.filter(|(org, _)| !org.is_none_left());
        Ok(ApiSummary {
            org_used: figures.map(|(org, _)| org.used.saturating_add(ours.budget.spent_since)),
            org_max: figures.map(|(org, _)| org.max),
            read_at: org.map(|(_, at)| at),
            threshold_percent: threshold,
            paused: paused.filter(|_| org.is_some()),
            pace: ours.budget.pace,
            outlook,
            ours,
        })
    }
}

fn connector_view(details: ConnectionDetails) -> ConnectorView {
    let identity = details.identity;
    ConnectorView {
        crm: "Salesforce".into(),
        name: identity.name,
        username: identity.username,
        email: identity.email,
        org_id: identity.org_id,
        org_name: identity.org_name,
        edition: identity.edition,
        sandbox: identity.sandbox,
        instance_url: details.instance_url,
        connected_at: details.connected_at,
    }
}

fn object_status(
    pair: &PairRules,
    rules: &TeamRules,
    progress: &[ObjectProgress],
    watch: Option<&ObjectWatch>,
    counts: &SyncCounts,
    now: Timestamp,
) -> ObjectStatus {
    let progress = progress.iter().find(|p| p.object == pair.object);
    let counts = counts.objects.iter().find(|c| c.object == pair.object);
    let with = |status: LinkStatus| {
        counts.map_or(0, |c| c.by_status.get(&status).copied().unwrap_or_default())
    };
    let frequency_seconds = rules.settings.frequency(&pair.object);
    ObjectStatus {
        object: pair.object.clone(),
        kind: pair.kind,
        frequency_seconds,
        linked: with(LinkStatus::Linked) + with(LinkStatus::Held) + with(LinkStatus::Refused),
        needs_attention: with(LinkStatus::Held) + with(LinkStatus::Refused),
        waiting: counts.map_or(0, |c| c.due + c.writes),
        fresh_at: progress.and_then(|p| p.complete_at),
        rows_read: progress.map_or(0, |p| p.coverage.rows),
        read_from: progress.and_then(|p| p.coverage.oldest),
        unstamped: watch.map_or_else(Vec::new, |w| unstamped(pair, w)),
        reading_rows: progress
            .filter(|p| p.position.page.is_some())
            .map(|p| p.rows),
        comparing_records: watch.and_then(|w| Some(w.roll_call.as_ref()?.present)),
        compared_at: watch.and_then(|w| w.known_at),
        deletions_known_to: watch
            .and_then(|w| Timestamp::from_millisecond(w.covered.as_ref()?.order).ok()),
        rows_late_seconds: progress.map_or(0, |p| p.horizon.late(now)),
        next_at: progress
            .filter(|_| rules.settings.enabled)
            .and_then(|p| next_read(p, frequency_seconds)),
        failures: progress.map_or(0, |p| p.attempts),
    }
}

fn unstamped(pair: &PairRules, watch: &ObjectWatch) -> Vec<String> {
    let mapped = |field: &&String| pair.by_crm(field).is_some();
    let found = watch.refresh.unstamped.iter().filter(mapped);
    found.cloned().collect()
}

fn next_read(progress: &ObjectProgress, frequency_seconds: u32) -> Option<Timestamp> {
    let wait = SignedDuration::from_secs(frequency_seconds.into());
    let scheduled = progress.complete_at?.checked_add(wait).ok()?;
    Some(
        progress
            .not_before
            .map_or(scheduled, |not_before| not_before.max(scheduled)),
    )
}

/// What to do about a lost connection.
fn hint(code: &str) -> String {
    ErrorClass::ALL
        .iter()
        .find(|class| class.code() == code)
        .unwrap_or(&ErrorClass::ConnectionRevoked)
        .hint()
        .into()
}
