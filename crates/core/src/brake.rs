//! The blast-radius brake: what would touch far more records than normal waits for a person.
//!
//! Every decision is measured by its [`Impact`]s: what it does to records that somebody may miss, and on
//! which side. The store lets decisions pass while an impact stays within what is normal for the team
//! ([`Brake::rule`]); beyond that it holds their links in a [`Plan`] and carries out nothing of them, in
//! the transaction that would have. So a crash or a second process never lets more through.
//!
//! Normal is learned ([`normal_hour`]): the median over the last [`NORMAL_DAYS`] days of each day's busiest
//! hour. A job that erases three hundred values every night becomes normal; one bad morning does not.
//!
//! Not measured: what fills a blank or makes a record (nothing is lost), what a person typed in the
//! workspace (it was meant; undo works like that), and an edit of the CRM that is being put back.
//!
//! A held link stays held until its plan is approved or its decision no longer has that impact, because
//! the values came back. Keeping a plan leaves its links as they are and ends its taking up new ones.

use crate::ids::{CrmId, CrmObject, LinkId, PlanId, RecordId, UserId};
use crate::link::LinkState;
use crate::reconcile::{Decision, Input, RecordChange};
use crate::sync_log::{LogDraft, LogSource, LogStatus, LogType, Rule, named};
use crate::value::{Value, same};
use crate::workspace::Kind;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Days that normal is learned from.
pub const NORMAL_DAYS: usize = 28;
/// Hours that are counted as *now*: the current one and the one before.
pub const WINDOW_HOURS: i64 = 2;
/// The workspace field that says whose a record is.
const OWNER: &str = "owner";

named! {
    /// What is done to a record that somebody may miss. The most severe first.
    Effect {
        /// The record is deleted or archived.
        Delete = "delete", "Delete records";
        /// The record no longer follows the other side.
        Unlink = "unlink", "Unlink records";
        /// A value is erased.
        Blank = "blank", "Erase values";
        /// The record gets another owner.
        Owner = "owner", "Change owners";
        /// A value is overwritten.
        Change = "change", "Overwrite values";
    }
}

named! {
    /// The side that is acted on.
    Side {
        /// The CRM.
        Crm = "crm", "CRM";
        /// The workspace.
        Workspace = "workspace", "Workspace";
    }
}

/// An effect on one side: what is counted, and what a plan is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Impact {
    /// What is done.
    pub effect: Effect,
    /// To which side.
    pub side: Side,
}

/// One value that a decision would change.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ValueChange {
    /// Workspace field name.
    pub field: String,
    /// The value on the side that is acted on.
    pub before: Value,
    /// What would stand there.
    pub after: Value,
}

/// What one decision does, and to which values.
pub type Impacts = BTreeMap<Impact, Vec<ValueChange>>;

/// Measures a decision.
pub fn measure(input: &Input<'_>, decision: &Decision) -> Impacts {
    let mut impacts = Impacts::new();
    if !input.guards.brake {
        return impacts;
    }
    if let Some(effect) = parts(input, decision) {
        let side = Side::Workspace;
        impacts.insert(Impact { effect, side }, Vec::new());
    }
    if let RecordChange::Patch(fields) = &decision.record {
        for (field, after) in fields {
            let ours = input.workspace.and_then(|record| record.fields.get(field));
            note(input, Side::Workspace, field, ours, after, &mut impacts);
        }
    }
    for field in decision.write.iter().flat_map(|write| &write.fields) {
        if field.rule != Rule::Overtaken && !meant_by_a_person(input, &field.workspace) {
            let (name, theirs) = (&field.workspace, Some(&field.expected));
            note(input, Side::Crm, name, theirs, &field.value, &mut impacts);
        }
    }
    impacts
}

/// What the decision does to the record as a whole. A link with one side only has nothing to lose, and a
/// record that goes over to another link loses nothing.
fn parts(input: &Input<'_>, decision: &Decision) -> Option<Effect> {
    let whole = input.link.record.is_some() && input.link.crm.is_some();
    let state = (input.link.state, decision.link.state);
    match &decision.record {
        RecordChange::Archive | RecordChange::Merge(_) => Some(Effect::Delete),
        RecordChange::Move(_) => None,
        _ => (whole && state.0 != LinkState::Unlinked && state.1 == LinkState::Unlinked)
            .then_some(Effect::Unlink),
    }
}

fn meant_by_a_person(input: &Input<'_>, field: &str) -> bool {
    let provenance = input
        .workspace
        .and_then(|record| record.provenance.get(field));
    provenance.is_some_and(|one| one.origin.is_person())
}

/// Counts one value, unless nothing is lost by it: a blank is filled, or only the spelling differs.
fn note(
    input: &Input<'_>,
    side: Side,
    field: &str,
    before: Option<&Value>,
    after: &Value,
    impacts: &mut Impacts,
) {
    let Some(before) = before.filter(|before| !before.is_blank()) else {
        return;
    };
    let rule = input.rules.by_workspace(field);
    if rule.is_some_and(|rule| same(before, after, &rule.crm_type)) {
        return;
    }
    let effect = match after.is_blank() {
        true => Effect::Blank,
        false if field == OWNER => Effect::Owner,
        false => Effect::Change,
    };
    let changes = impacts.entry(Impact { effect, side }).or_default();
    changes.push(ValueChange {
        field: field.to_owned(),
        before: before.clone(),
        after: after.clone(),
    });
}

/// How much of one effect passes unasked: both must be exceeded, and [`BrakeSettings::times_normal`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Limit {
    /// So many records always pass.
    pub records: u32,
    /// So many percent of the linked records always pass.
    pub percent: u8,
}

/// What an administrator sets for the brake.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct BrakeSettings {
    /// Off, everything passes; what is held is decided anew as its records change.
    pub enabled: bool,
    /// How many times the normal hour passes.
    pub times_normal: u32,
    /// For [`Effect::Delete`].
    pub delete: Limit,
    /// For [`Effect::Unlink`].
    pub unlink: Limit,
    /// For [`Effect::Blank`].
    pub blank: Limit,
    /// For [`Effect::Owner`].
    pub owner: Limit,
    /// For [`Effect::Change`].
    pub change: Limit,
}

impl Default for BrakeSettings {
    fn default() -> Self {
        let limit = |records, percent| Limit { records, percent };
        Self {
            enabled: true,
            times_normal: 5,
            delete: limit(50, 2),
            unlink: limit(50, 2),
            blank: limit(200, 5),
            owner: limit(200, 5),
            change: limit(5_000, 20),
        }
    }
}

impl BrakeSettings {
    /// The limit of an effect.
    pub fn limit(&self, effect: Effect) -> Limit {
        match effect {
            Effect::Delete => self.delete,
            Effect::Unlink => self.unlink,
            Effect::Blank => self.blank,
            Effect::Owner => self.owner,
            Effect::Change => self.change,
        }
    }

    /// The limit of an effect, to be set.
    pub fn limit_mut(&mut self, effect: Effect) -> &mut Limit {
        match effect {
            Effect::Delete => &mut self.delete,
            Effect::Unlink => &mut self.unlink,
            Effect::Blank => &mut self.blank,
            Effect::Owner => &mut self.owner,
            Effect::Change => &mut self.change,
        }
    }

    /// Records that may pass within the window: the greatest of the three bounds.
    pub fn allowed(&self, effect: Effect, normal: u64, linked: u64) -> u64 {
        let limit = self.limit(effect);
        let share = linked.saturating_mul(limit.percent.into()) / 100;
        let usual = normal.saturating_mul(self.times_normal.into());
        u64::from(limit.records).max(share).max(usual)
    }
}

/// The learned normal: the median of each day's busiest hour. `busiest` names the days that had any;
/// the others had none.
pub fn normal_hour(mut busiest: Vec<u64>) -> u64 {
    busiest.resize(busiest.len().max(NORMAL_DAYS), 0);
    busiest.sort_unstable();
    // Of an even number of days the quieter one of the middle two.
    busiest[(busiest.len() - 1) / 2]
}

/// Start of the hour that a moment falls into: the key of what is counted.
pub fn hour_of(at: Timestamp) -> Timestamp {
    let second = at.as_second().div_euclid(3_600) * 3_600;
    Timestamp::from_second(second).unwrap_or(Timestamp::MIN)
}

/// Start of the first hour that counts as *now*.
pub fn window_start(now: Timestamp) -> Timestamp {
    let back = SignedDuration::from_hours(WINDOW_HOURS - 1);
    hour_of(now).checked_sub(back).unwrap_or(Timestamp::MIN)
}

/// Where one impact stands as a batch of decisions begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Gauge {
    /// Records that passed within the window, without those that a person approved.
    pub passed: u64,
    /// Records that may pass within the window.
    pub allowed: u64,
    /// The plan that takes up everything, where one is open.
    pub plan: Option<PlanId>,
}

/// What passed of one impact in a batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Passed {
    /// By itself.
    pub unasked: u64,
    /// Because a person approved it.
    pub approved: u64,
}

/// A plan that a link is in already.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mark {
    /// Which plan.
    pub plan: PlanId,
    /// What it is about.
    pub impact: Impact,
    /// It may pass.
    pub approved: bool,
}

/// An impact that may not pass, and the plan that the link is in or joins; `None` opens one.
pub type Hold = (Impact, Option<PlanId>);

/// The brake during one batch of decisions.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Brake {
    enabled: bool,
    gauges: BTreeMap<Impact, Gauge>,
    passed: BTreeMap<Impact, Passed>,
}

impl Brake {
    /// A brake with these gauges. An impact without one passes.
    pub fn new(enabled: bool, gauges: BTreeMap<Impact, Gauge>) -> Self {
        Self {
            enabled,
            gauges,
            passed: BTreeMap::new(),
        }
    }

    /// Lets a decision pass and counts it, or names what holds it: then nothing of it is carried out.
    pub fn rule(&mut self, impacts: &Impacts, marks: &[Mark]) -> Vec<Hold> {
        let mark = |impact| marks.iter().find(|mark| mark.impact == impact);
        let held = impacts.keys().filter_map(|impact| match mark(*impact) {
            Some(mark) if mark.approved => None,
            Some(mark) => Some((*impact, Some(mark.plan))),
            None => self.exceeds(*impact).map(|plan| (*impact, plan)),
        });
        let held: Vec<Hold> = held.filter(|_| self.enabled).collect();
        if held.is_empty() {
            for impact in impacts.keys() {
                let passed = self.passed.entry(*impact).or_default();
                match mark(*impact) {
                    Some(_) => passed.approved += 1,
                    None => passed.unasked += 1,
                }
            }
        }
        held
    }

    /// `None` if one more may pass.
    fn exceeds(&self, impact: Impact) -> Option<Option<PlanId>> {
        let gauge = self.gauges.get(&impact)?;
        let passed = gauge.passed + self.passed.get(&impact).map_or(0, |one| one.unasked);
        (gauge.plan.is_some() || passed >= gauge.allowed).then_some(gauge.plan)
    }

    /// A plan was opened for an impact: the rest of the batch joins it.
    pub fn opened(&mut self, impact: Impact, plan: PlanId) {
        self.gauges.entry(impact).or_default().plan = Some(plan);
    }

    /// Records that may pass of an impact.
    pub fn allowed(&self, impact: Impact) -> u64 {
        self.gauges.get(&impact).map_or(0, |gauge| gauge.allowed)
    }

    /// What passed in this batch.
    pub fn passed(&self) -> &BTreeMap<Impact, Passed> {
        &self.passed
    }
}

/// How far a plan is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum PlanState {
    /// It takes up whatever has its impact, and waits for a person.
    Open,
    /// Its links are carried out.
    Approved {
        /// Who said so; `None`: the operator at the command line.
        by: Option<UserId>,
        /// When.
        at: Timestamp,
    },
    /// Its links stay as they are; new ones are measured anew.
    Kept {
        /// Who said so; `None`: the operator at the command line.
        by: Option<UserId>,
        /// When.
        at: Timestamp,
    },
    /// Nothing is left to hold: the values came back.
    Dissolved {
        /// When.
        at: Timestamp,
    },
}

/// What a person says about a plan.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanChoice {
    /// Carry it out.
    Approve,
    /// Leave these records as they are.
    Keep,
}

impl PlanState {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Approved { .. } => "approved",
            Self::Kept { .. } => "kept",
            Self::Dissolved { .. } => "dissolved",
        }
    }

    /// It waits for a person.
    pub fn is_open(self) -> bool {
        self == Self::Open
    }

    /// Its links may pass.
    pub fn is_approved(self) -> bool {
        matches!(self, Self::Approved { .. })
    }

    /// What a choice makes of it; `None` where there is no choice any more. What was kept may still be
    /// approved.
    pub fn chosen(self, choice: PlanChoice, by: Option<UserId>, at: Timestamp) -> Option<Self> {
        match (self, choice) {
            (Self::Open | Self::Kept { .. }, PlanChoice::Approve) => {
                Some(Self::Approved { by, at })
            }
            (Self::Open, PlanChoice::Keep) => Some(Self::Kept { by, at }),
            _ => None,
        }
    }
}

/// Decisions of one impact that wait for a person.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// Which plan.
    pub id: PlanId,
    /// What it would do, and to which side.
    #[serde(flatten)]
    pub impact: Impact,
    /// How far it is.
    #[serde(flatten)]
    pub state: PlanState,
    /// When the first link was held.
    pub opened_at: Timestamp,
    /// Records that could pass before.
    pub allowed: u64,
    /// Records that wait in it now.
    pub records: u64,
}

/// One record of a plan.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PlannedRecord {
    /// Its link.
    pub link: LinkId,
    /// The workspace record.
    pub record: Option<(Kind, RecordId)>,
    /// The CRM's object.
    pub object: CrmObject,
    /// The CRM record.
    pub crm: Option<CrmId>,
    /// The values that would change; none where the record as a whole is meant.
    pub changes: Vec<ValueChange>,
}

impl Impact {
    /// What it does, as a phrase: “erase values in the workspace”.
    pub fn phrase(self) -> String {
        let side = match self.side {
            Side::Crm => "the CRM",
            Side::Workspace => "the workspace",
        };
        format!("{} in {side}", self.effect.label().to_lowercase())
    }
}

/// The entry that tells that a plan was opened.
pub fn opened_entry(plan: &Plan) -> LogDraft {
    let summary = format!(
        "The brake holds what would {} from now on: {} records passed within two hours, more than that \
         is not normal. Approve plan {} or keep the records as they are",
        plan.impact.phrase(),
        plan.allowed,
        plan.id
    );
    let mut entry = LogDraft::new(plan.opened_at, LogSource::Tandem, LogType::Held, summary);
    entry.status = LogStatus::Waiting;
    entry
}

/// The entry that tells how a plan ended; `None` while it is open.
pub fn ended_entry(plan: &Plan) -> Option<LogDraft> {
    let (id, records) = (plan.id, plan.records);
    let (at, by, summary) = match plan.state {
        PlanState::Open => return None,
        PlanState::Approved { by, at } => {
            let told = format!("Plan {id} was approved: {records} records are carried out");
            (at, by, told)
        }
        PlanState::Kept { by, at } => {
            let told = format!("Plan {id} was declined: {records} records stay as they are");
            (at, by, told)
        }
        PlanState::Dissolved { at } => {
            let told = format!("Plan {id} dissolved by itself: nothing is left of what it held");
            (at, None, told)
        }
    };
    let mut entry = LogDraft::new(at, LogSource::Tandem, LogType::Held, summary);
    entry.by = by;
    Some(entry)
}
