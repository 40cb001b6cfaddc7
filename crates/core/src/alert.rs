//! What a person must be told of, and when: conditions, alerts, messages.
//!
//! A [`Condition`] is something that is wrong now; [`conditions`] finds them in what the store knows. An
//! [`Alert`] is a condition with a memory: opened once, kept up to date, resolved when the condition is gone
//! ([`review`]). What is due to be said of it on a [`Channel`] follows from what was said already
//! ([`Alert::next_message`]): at once, then every 48 hours, and once when it is over.
//!
//! Nothing here is sent: whoever sends notes the outcome ([`Alert::note`]). A crash between the two says it
//! again; nothing is left unsaid.

use crate::backlog::GROWS_SECONDS;
use crate::brake::Plan;
use crate::budget::{BudgetState, may_spend};
use crate::error::ErrorClass;
use crate::ids::{AlertId, CrmObject};
use crate::link::Lane;
use crate::schema::FieldType;
use crate::settings::{ConnectionState, TeamRules};
use crate::workspace::{Kind, standard_fields};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Seconds between two messages about an alert that stays open.
pub const REMIND_AFTER_SECONDS: i64 = 48 * 3_600;
/// A message that could not be sent about an alert that is over is given up after this long.
pub const GIVE_UP_AFTER_SECONDS: i64 = 7 * 86_400;
/// A paused sync goes on and pauses again as the allowance's window moves. Below the threshold for this
/// long it counts as over; otherwise every quarter of an hour would bring two mails.
const CALM_SECONDS: i64 = 3_600;
/// Lines of detail that one alert holds.
const DETAILS_MAX: usize = 10;
/// Characters of the CRM's own words in a line.
const WORDS_MAX: usize = 300;
/// Wait after a message that could not be sent, in seconds, by failures in a row.
const RESEND_SECONDS: [i64; 5] = [60, 300, 900, 1_800, 3_600];

/// What can be wrong. The name is stable: it stands in the database, the API and webhooks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// The main connector was cut off.
    ConnectorLost,
    /// The stand-by connector took over, and nobody stands by for it.
    StandbyTookOver,
    /// The org's API use reached the threshold.
    ApiThreshold,
    /// The brake holds what would touch far more records than normal.
    BrakeHeld,
    /// Values that a picklist of the CRM does not allow.
    PicklistValue,
    /// Picklist fields that can't be read or written.
    PicklistField,
    /// Other mapped fields that can't be read or written: the CRM or the user's rights changed.
    MappedField,
    /// Work comes in faster than it is done.
    BacklogGrowing,
}

impl AlertKind {
    /// Every kind, the most urgent first.
    pub const ALL: [Self; 8] = [
        Self::ConnectorLost,
        Self::StandbyTookOver,
        Self::ApiThreshold,
        Self::BrakeHeld,
        Self::PicklistValue,
        Self::PicklistField,
        Self::MappedField,
        Self::BacklogGrowing,
    ];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ConnectorLost => "connector_lost",
            Self::StandbyTookOver => "standby_took_over",
            Self::ApiThreshold => "api_threshold",
            Self::BrakeHeld => "brake_held",
            Self::PicklistValue => "picklist_value",
            Self::PicklistField => "picklist_field",
            Self::MappedField => "mapped_field",
            Self::BacklogGrowing => "backlog_growing",
        }
    }

    /// What is wrong, in a few words.
    pub fn title(self) -> &'static str {
        match self {
            Self::ConnectorLost => "Connection lost for Main CRM Connector",
            Self::StandbyTookOver => "The stand-by connector took over",
            Self::ApiThreshold => "API threshold reached: sync is paused",
            Self::BrakeHeld => "Too much at once: changes are held",
            Self::PicklistValue => "Picklist values are refused",
            Self::PicklistField => "Picklist fields can’t be synced",
            Self::MappedField => "Mapped fields can’t be synced",
            Self::BacklogGrowing => "The queue grows and nothing gets through",
        }
    }

    /// What it means and what to do.
    pub fn hint(self) -> &'static str {
        match self {
            Self::ConnectorLost => {
                "Nothing moves until the connection works again; every change waits in the queue. \
                 Reconnect, or choose another connector, in Sync Management."
            }
            Self::StandbyTookOver => {
                "The sync goes on through another connection, with that user’s rights, and nobody stands by for \
                 it. Connect again as the user who was cut off, or choose connectors, on the CRM connection page."
            }
            Self::ApiThreshold => {
                "Reading and writing wait and go on by themselves below the threshold; nothing is lost. \
                 If it happens often, read less often, raise the threshold, or ask for a higher allowance."
            }
            Self::BrakeHeld => {
                "The sync was about to touch far more records than it normally does. Look at the held plans: \
                 approve what is meant, keep the rest as it is. Everything else goes on."
            }
            Self::PicklistValue => {
                "The other fields of these records are in sync. Add the value to the picklist in the CRM, \
                 or change it in the workspace; then retry."
            }
            Self::PicklistField => {
                "Give the connected user access to the field in the CRM, or change its row in the field \
                 mapping; then retry."
            }
            Self::MappedField => {
                "The field was changed, removed or hidden in the CRM. The other fields of its records go on, and                  its values stay as they are on both sides. Give the connected user access to it, or change its                  row in the field mapping."
            }
            Self::BacklogGrowing => {
                "For half an hour more work came in than was done, and the oldest of it is still waiting. Look at the \
                 newest failures in the sync log and at the incidents: if one cause holds everything up, fix it there. If \
                 the CRM is only slow, or the first import is large, it catches up by itself; a longer sync frequency helps."
            }
        }
    }

    /// How long the condition must be gone before the alert is over.
    fn calm_seconds(self) -> i64 {
        match self {
            Self::ApiThreshold => CALM_SECONDS,
            // Whether it grows again is known only after that time.
            Self::BacklogGrowing => GROWS_SECONDS,
            Self::ConnectorLost
            | Self::StandbyTookOver
            | Self::BrakeHeld
            | Self::PicklistValue
            | Self::PicklistField
            | Self::MappedField => 0,
        }
    }
}

/// Fields of one name that the CRM refused for one reason.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RefusedField {
    /// The CRM object.
    pub object: CrmObject,
    /// The workspace field.
    pub field: String,
    /// Why.
    pub class: ErrorClass,
    /// How many records.
    pub records: u64,
    /// The CRM's own words about one of them.
    pub words: String,
}

/// A row of a mapping that does not work at present.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BrokenRow {
    /// The workspace side.
    pub kind: Kind,
    /// The CRM object.
    pub object: CrmObject,
    /// The workspace field.
    pub field: String,
    /// What is wrong and the way out.
    pub reason: String,
}

impl BrokenRow {
    fn is_picklist(&self) -> bool {
        let fields = standard_fields(self.kind);
        let ours = fields.iter().find(|field| field.name == self.field);
        ours.is_some_and(|field| is_picklist(&field.ty))
    }

    fn line(&self) -> String {
        format!("{} {}: {}", self.object, self.field, short(&self.reason))
    }
}

/// What the store knows of a team, as far as alerts depend on it.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Settings and compiled mappings.
    pub rules: TeamRules,
    /// The main connector.
    pub connection: ConnectionState,
    /// The stand-by took over and nobody chose since: from whom and why.
    pub took_over: Option<String>,
    /// The API allowance.
    pub budget: BudgetState,
    /// What the CRM refused.
    pub refused: Vec<RefusedField>,
    /// Plans of the brake.
    pub plans: Vec<Plan>,
    /// What the mappings can't do.
    pub broken: Vec<BrokenRow>,
    /// Queues that grow, a line each ([`crate::backlog::watch`]).
    pub growing: Vec<String>,
}

/// Something that is wrong now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Condition {
    /// What.
    pub kind: AlertKind,
    /// Where and how much, a line each.
    pub details: Vec<String>,
}

/// What is wrong now; `None` while sync is off: then nothing is watched.
pub fn conditions(facts: &Facts) -> Option<Vec<Condition>> {
    if !facts.rules.settings.enabled {
        return None;
    }
    let found = AlertKind::ALL.into_iter().map(|kind| Condition {
        details: cut(match kind {
            AlertKind::ConnectorLost => connector_lost(facts),
            AlertKind::StandbyTookOver => facts.took_over.iter().cloned().collect(),
            AlertKind::ApiThreshold => threshold_reached(facts),
            AlertKind::BrakeHeld => held_plans(facts),
            AlertKind::PicklistValue => refused_values(facts),
            AlertKind::PicklistField => broken_picklists(facts),
            AlertKind::MappedField => broken_fields(facts),
            AlertKind::BacklogGrowing => growing(facts),
        }),
        kind,
    });
    Some(found.filter(|found| !found.details.is_empty()).collect())
}

fn connector_lost(facts: &Facts) -> Vec<String> {
    match &facts.connection {
        ConnectionState::Lost { message, .. } => vec![format!("The CRM said: {}", short(message))],
        ConnectionState::None | ConnectionState::Connected => Vec::new(),
    }
}

/// Where everything waits for a reason that is told already, that it does is no news.
fn growing(facts: &Facts) -> Vec<String> {
    let told = !connector_lost(facts).is_empty() || !threshold_reached(facts).is_empty();
    if told {
        Vec::new()
    } else {
        facts.growing.clone()
    }
}

/// An allowance that nobody told yet is no threshold reached.
fn threshold_reached(facts: &Facts) -> Vec<String> {
    let settings = &facts.rules.settings;
    let (threshold, reserve) = (
        settings.api_threshold_percent,
        settings.live_reserve_percent,
    );
    let spent = may_spend(&facts.budget, 1, Lane::Normal, threshold, reserve);
    let reason = spent.err().filter(|_| facts.budget.org.is_some());
    reason.into_iter().collect()
}

fn held_plans(facts: &Facts) -> Vec<String> {
    let open = facts.plans.iter().filter(|plan| plan.state.is_open());
    let line = |plan: &Plan| {
        let (id, what, records) = (plan.id, plan.impact.phrase(), plan.records);
        format!("Plan {id} would {what}: {records} records wait")
    };
    open.map(line).collect()
}

fn refused_values(facts: &Facts) -> Vec<String> {
    let refused = facts.refused.iter();
    let values = refused.filter(|one| one.class == ErrorClass::PicklistRefused);
    values.map(refusal).collect()
}

fn broken_fields(facts: &Facts) -> Vec<String> {
    let rows = facts.broken.iter().filter(|row| !row.is_picklist());
    rows.map(BrokenRow::line).collect()
}

fn broken_picklists(facts: &Facts) -> Vec<String> {
    let rows = facts.broken.iter().filter(|row| row.is_picklist());
    let rows = rows.map(BrokenRow::line);
    let refused = facts.refused.iter().filter(|one| {
        one.class != ErrorClass::PicklistRefused && is_picklist_of(&facts.rules, one)
    });
    rows.chain(refused.map(refusal)).collect()
}

fn is_picklist_of(rules: &TeamRules, refused: &RefusedField) -> bool {
    let pair = rules.pair(&refused.object);
    let rule = pair.and_then(|pair| pair.by_workspace(&refused.field));
    rule.is_some_and(|rule| is_picklist(&rule.crm_type) || is_picklist(&rule.workspace_type))
}

fn is_picklist(ty: &FieldType) -> bool {
    matches!(
        ty,
        FieldType::Picklist { .. } | FieldType::MultiPicklist { .. }
    )
}

fn refusal(refused: &RefusedField) -> String {
    let records = match refused.records {
        1 => "1 record".to_owned(),
        many => format!("{many} records"),
    };
    format!(
        "{} {}: {records}, for example: {}",
        refused.object,
        refused.field,
        short(&refused.words)
    )
}

/// One line of at most [`WORDS_MAX`] characters, whatever the CRM said.
fn short(words: &str) -> String {
    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut: String = line.chars().take(WORDS_MAX).collect();
    if cut.len() < line.len() {
        format!("{cut}…")
    } else {
        cut
    }
}

fn cut(mut lines: Vec<String>) -> Vec<String> {
    let more = lines.len().saturating_sub(DETAILS_MAX);
    if more > 0 {
        lines.truncate(DETAILS_MAX);
        lines.push(format!("and {more} more"));
    }
    lines
}

/// A way on which people are told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// E-mail to the alert contact.
    Mail,
    /// A request to an address that the operator configured.
    Webhook,
}

impl Channel {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Webhook => "webhook",
        }
    }

    /// The name that people read.
    pub fn label(self) -> &'static str {
        match self {
            Self::Mail => "E-mail",
            Self::Webhook => "Webhook",
        }
    }
}

/// What a message says of an alert.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// It began.
    Opened,
    /// It lasts.
    Reminder,
    /// It is over.
    Recovered,
}

impl Message {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Reminder => "reminder",
            Self::Recovered => "recovered",
        }
    }
}

/// A message that was sent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Sent {
    /// What it said.
    pub message: Message,
    /// When it was sent.
    pub at: Timestamp,
    /// To whom.
    pub to: String,
}

/// What was said of an alert on one channel, and how the last try went.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Delivery {
    /// How many messages were sent.
    pub count: u32,
    /// The last of them.
    pub last: Option<Sent>,
    /// Failed tries since.
    pub failures: u32,
    /// Why the last try failed.
    pub error: Option<String>,
    /// Nothing is tried before then.
    pub not_before: Option<Timestamp>,
}

/// Why an alert ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The condition is gone.
    Resolved,
    /// Sync was turned off: nothing is watched.
    SyncOff,
}

/// A condition that a person is told of, open or over.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Alert {
    /// Which alert.
    pub id: AlertId,
    /// What is or was wrong.
    pub kind: AlertKind,
    /// Where and how much, as last seen.
    pub details: Vec<String>,
    /// When it was first seen.
    pub opened_at: Timestamp,
    /// The condition is gone since then, but not for long enough.
    pub gone_since: Option<Timestamp>,
    /// When and why it ended.
    pub ended: Option<(Timestamp, Ending)>,
    /// What was said, by channel; a channel that was never tried is absent.
    pub deliveries: BTreeMap<Channel, Delivery>,
}

/// What a review makes of the open alerts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// An alert that was not there; its id is given by the store.
    Open(Condition),
    /// An alert as it is now.
    Update(Alert),
}

/// Compares the open alerts (at most one of a kind) with what is wrong now.
pub fn review(open: &[Alert], seen: Option<&[Condition]>, now: Timestamp) -> Vec<Change> {
    let found = |kind| seen.and_then(|seen| seen.iter().find(|one| one.kind == kind));
    let known = open.iter().filter_map(|alert| {
        let mut next = alert.clone();
        match (found(alert.kind), seen) {
            (Some(condition), _) => next.persists(condition),
            (None, Some(_)) => next.is_gone(now),
            (None, None) => next.ended = Some((now, Ending::SyncOff)),
        }
        (next != *alert).then_some(Change::Update(next))
    });
    let is_new = |condition: &&Condition| !open.iter().any(|alert| alert.kind == condition.kind);
    let new = seen.unwrap_or_default().iter().filter(is_new);
    known.chain(new.cloned().map(Change::Open)).collect()
}

impl Alert {
    /// A condition that was not there before.
    pub fn open(id: AlertId, condition: Condition, now: Timestamp) -> Self {
        Self {
            id,
            kind: condition.kind,
            details: condition.details,
            opened_at: now,
            gone_since: None,
            ended: None,
            deliveries: BTreeMap::new(),
        }
    }

    fn persists(&mut self, condition: &Condition) {
        self.details.clone_from(&condition.details);
        self.gone_since = None;
    }

    fn is_gone(&mut self, now: Timestamp) {
        let since = *self.gone_since.get_or_insert(now);
        if now.duration_since(since).as_secs() >= self.kind.calm_seconds() {
            self.ended = Some((now, Ending::Resolved));
        }
    }

    /// What is to be said next on a channel, and when; `None` if nothing is left to say. Who was never told
    /// that it began is not told that it is over.
    pub fn next_message(&self, channel: Channel) -> Option<(Message, Timestamp)> {
        let delivery = self.deliveries.get(&channel);
        let last = delivery.and_then(|delivery| delivery.last.as_ref());
        let (message, at) = match (last, self.ended) {
            (None, None) => (Message::Opened, self.opened_at),
            (Some(last), None) => (Message::Reminder, after(last.at, REMIND_AFTER_SECONDS)),
            (Some(last), Some((at, _))) if last.message != Message::Recovered => {
                (Message::Recovered, at)
            }
            (_, Some(_)) => return None,
        };
        let not_before = delivery.and_then(|delivery| delivery.not_before);
        Some((
            message,
            not_before.map_or(at, |not_before| not_before.max(at)),
        ))
    }

    /// Notes how a try to say something ended: to whom it went, or why not.
    pub fn note(
        &mut self,
        channel: Channel,
        message: Message,
        outcome: Result<String, String>,
        now: Timestamp,
    ) {
        let delivery = self.deliveries.entry(channel).or_default();
        *delivery = match outcome {
            Ok(to) => Delivery {
                count: delivery.count.saturating_add(1),
                last: Some(Sent {
                    message,
                    at: now,
                    to,
                }),
                ..Delivery::default()
            },
            Err(error) => Delivery {
                failures: delivery.failures.saturating_add(1),
                error: Some(error),
                not_before: Some(after(now, resend_seconds(delivery.failures))),
                ..delivery.clone()
            },
        };
    }

    /// Names a message: the same for every try to send it, so that a receiver can tell a repetition.
    pub fn message_id(&self, channel: Channel) -> String {
        let count = self.deliveries.get(&channel).map_or(0, |one| one.count);
        format!("alert-{}-{}-{count}", self.id, self.opened_at.as_second())
    }
}

fn resend_seconds(failures: u32) -> i64 {
    let at = usize::try_from(failures).unwrap_or(usize::MAX);
    RESEND_SECONDS[at.min(RESEND_SECONDS.len() - 1)]
}

fn after(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(seconds))
        .unwrap_or(Timestamp::MAX)
}
