//! Three versions of a record become one: what both sides agreed on last, what the CRM has now, what
//! the workspace has now. Pure; the heart of Tandem.
//!
//! [`reconcile`] looks at one link and returns a [`Decision`]: data that the store carries out in one
//! transaction, with no choice left. Field by field the rules are in [`field`].

mod ancestor;
pub mod field;
mod meet;
mod merge;
mod mirror;

pub use meet::{external_key, link_of_key};
pub use mirror::{Absorb, Heir, Kin, Move, changed, refusal, unseen};

use self::field::Unfit;
use crate::bounce::Flip;
use crate::ids::{CrmId, CrmObject, RecordId};
use crate::link::{
    BaseVersion, Doubted, HeldField, LinkState, ParkedField, ParkedLink, PutBack, RecordLink,
};
use crate::mapping::{Direction, FieldRule, PairRules, Winner};
use crate::record::{CrmRecord, Revision, WorkspaceRecord};
use crate::settings::{Guards, SyncSettings, TeamRules};
use crate::store::LinkWork;
use crate::sync_log::{FieldChange, LogDraft, LogError, LogSource, LogStatus, LogType, Rule};
use crate::value::{Fields, Reference, Value};
use crate::workspace::Kind;
use crate::write::{IntentField, WriteDraft};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// What happens to the workspace side.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum RecordChange {
    /// Nothing.
    #[default]
    None,
    /// A new record with these fields, linked.
    Create(Fields),
    /// These fields of the linked record are set.
    Patch(Fields),
    /// An existing record is linked; a half link of its own is absorbed, and the link stays due.
    Adopt(RecordId),
    /// The linked record is archived: its CRM record was deleted.
    Archive,
    /// The linked record is archived no more.
    Revive,
    /// The linked record goes over to another link.
    Move(Box<Move>),
    /// The linked record is taken in by another one.
    Merge(Box<Absorb>),
}

/// The new state of the link; replaces what was there.
#[derive(Clone, PartialEq, Debug)]
pub struct LinkOutcome {
    /// Whether anything moves from now on.
    pub state: LinkState,
    /// See [`RecordLink::gone`].
    pub gone: bool,
    /// The new base.
    pub base: BaseVersion,
    /// The CRM revision that was looked at.
    pub revision: Option<Revision>,
    /// Refused fields.
    pub parked_fields: BTreeMap<String, ParkedField>,
    /// Fields that wait for a person.
    pub held_fields: BTreeMap<String, HeldField>,
    /// Overwritten edits that are still to be put back.
    pub put_back: BTreeMap<String, PutBack>,
    /// Writes that may still turn up in the CRM.
    pub doubted: BTreeMap<String, Vec<Doubted>>,
    /// How values went to and fro lately.
    pub flips: BTreeMap<String, Vec<Flip>>,
    /// Set while the whole record is parked.
    pub parked: Option<ParkedLink>,
}

/// What reconcile returns. The store gives the log entries their link and record where they lack them.
#[derive(Clone, PartialEq, Debug)]
pub struct Decision {
    /// The workspace side.
    pub record: RecordChange,
    /// The link.
    pub link: LinkOutcome,
    /// What shall be written to the CRM; replaces an intent that was not sent yet, `None` withdraws it.
    pub write: Option<WriteDraft>,
    /// The entries that tell it.
    pub log: Vec<LogDraft>,
    /// Set when the link must be looked at again though nothing changes, because it waits for another.
    pub again_at: Option<Timestamp>,
    /// A CRM record that must be read before this link can be decided: it is asked for by its id, and the
    /// link is due again when it was seen.
    pub look: Option<(CrmObject, CrmId)>,
}

/// Everything that decides one link.
#[derive(Clone, Debug)]
pub struct Input<'a> {
    /// The rules of its pair.
    pub rules: &'a PairRules,
    /// The link as it stands.
    pub link: &'a RecordLink,
    /// The CRM side as last read.
    pub crm: Option<&'a CrmRecord>,
    /// The workspace side.
    pub workspace: Option<&'a WorkspaceRecord>,
    /// For a CRM half link: unlinked workspace records by match key, strongest first.
    pub candidates: &'a [Vec<RecordId>],
    /// CRM records that took each other's place.
    pub kin: &'a Kin,
    /// The rules of the pair that [`Kin::heir`] belongs to, where its object is mapped.
    pub heir_rules: Option<&'a PairRules>,
    /// The settings in force.
    pub settings: &'a SyncSettings,
    /// Prefix of our external-id keys.
    pub key_prefix: &'a str,
    /// Our clock.
    pub now: Timestamp,
    /// The switches of the simulation.
    pub guards: Guards,
}

impl<'a> Input<'a> {
    /// A claimed link with the rules in force; `None` while its object is not mapped.
    pub fn of(
        rules: &'a TeamRules,
        work: &'a LinkWork,
        now: Timestamp,
        guards: Guards,
    ) -> Option<Self> {
        let heir = work.kin.heir.as_ref();
        Some(Self {
            rules: rules.pair(&work.link.object)?,
            link: &work.link,
            crm: work.crm.as_ref(),
            workspace: work.workspace.as_ref(),
            candidates: &work.candidates,
            kin: &work.kin,
            heir_rules: heir.and_then(|heir| rules.pair(&heir.object)),
            settings: &rules.settings,
            key_prefix: &rules.key_prefix,
            now,
            guards,
        })
    }
}

/// How long a link waits for another one before it is looked at again, in seconds. The store wakes it as
/// soon as the other is linked; this is the safety net.
const WAIT_SECONDS: i64 = 3_600;

/// Decides what happens to one link.
pub fn reconcile(input: &Input<'_>) -> Decision {
    match (input.link.state, input.crm, input.workspace) {
        (LinkState::Unlinked, Some(crm), workspace) if input.link.gone && crm.lives() => {
            mirror::revive(input, crm, workspace)
        }
        (LinkState::Unlinked, ..) => Decision::keep(input),
        (_, Some(crm), workspace) if !crm.lives() => mirror::part(input, crm, workspace),
        (LinkState::Ambiguous, ..) => Decision::keep(input),
        (LinkState::Active, Some(_), None) if mirror::is_awaited(input) => {
            mirror::await_other(input)
        }
        (LinkState::Active, Some(crm), None) => meet::first_link(input, crm),
        (LinkState::Active, None, Some(workspace)) if input.link.crm.is_none() => {
            meet::create_in_crm(input, workspace)
        }
        (LinkState::Active, Some(crm), Some(workspace)) => merge::merge(input, crm, workspace),
        (LinkState::Active, None, _) => Decision::keep(input),
    }
}

impl Decision {
    /// Nothing changes, and nothing is left to do.
    pub fn nothing(link: &RecordLink) -> Self {
        Self {
            record: RecordChange::None,
            link: LinkOutcome {
                state: link.state,
                gone: link.gone,
                base: link.base.clone(),
                revision: link.revision.clone(),
                parked_fields: link.parked_fields.clone(),
                held_fields: link.held_fields.clone(),
                put_back: link.put_back.clone(),
                doubted: link.doubted.clone(),
                flips: link.flips.clone(),
                parked: link.parked.clone(),
            },
            write: None,
            log: Vec::new(),
            again_at: None,
            look: None,
        }
    }

    fn keep(input: &Input<'_>) -> Self {
        Self::nothing(input.link)
    }
}

fn entry(input: &Input<'_>, source: LogSource, kind: LogType, summary: String) -> LogDraft {
    let mut entry = LogDraft::new(input.now, source, kind, summary);
    entry.link = Some(input.link.id);
    entry.record = input.link.record.map(|record| (input.link.kind, record));
    entry.crm = Some((input.link.object.clone(), input.link.crm.clone()));
    entry
}

/// Whether a rule stands for a decision between two people's values.
pub fn is_conflict(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::CrmWins | Rule::WorkspaceWins | Rule::MostRecent | Rule::OneWay | Rule::Overtaken
    )
}

fn change(
    rule: &FieldRule,
    before: Value,
    after: Value,
    why: Rule,
    rejected: Value,
) -> FieldChange {
    FieldChange {
        workspace: rule.mapping.workspace.clone(),
        crm: rule.mapping.crm.clone(),
        before,
        after,
        rule: why,
        rejected,
    }
}

fn wait_until(now: Timestamp) -> Timestamp {
    now.checked_add(SignedDuration::from_secs(WAIT_SECONDS))
        .unwrap_or(now)
}

fn intent_field(
    rule: &FieldRule,
    value: Value,
    ours: &Value,
    expected: &Value,
    workspace: &WorkspaceRecord,
    why: Rule,
) -> IntentField {
    IntentField {
        workspace: rule.mapping.workspace.clone(),
        crm: rule.mapping.crm.clone(),
        value,
        workspace_value: ours.clone(),
        expected: expected.clone(),
        doubted: Vec::new(),
        changed_at: workspace
            .provenance
            .get(&rule.mapping.workspace)
            .map(|p| p.at),
        rule: why,
        rejected: Value::Null,
    }
}

/// The CRM locks a child's account along with the child.
fn lock_key(input: &Input<'_>, crm: Option<&CrmRecord>, sent: &[IntentField]) -> Option<String> {
    if input.link.kind == Kind::Account {
        return input.link.crm.as_ref().map(|id| id.0.clone());
    }
    let rule = input.rules.by_workspace("account")?;
    let sent = sent
        .iter()
        .find(|field| field.workspace == "account")
        .map(|field| &field.value);
    let value = sent.or_else(|| crm.and_then(|record| record.fields.get(&rule.mapping.crm)))?;
    match value {
        Value::Reference(Reference::Crm(id)) => Some(id.0.clone()),
        _ => None,
    }
}

/// Our own check, before a call is spent: the CRM would refuse the value.
fn park_unfit(
    input: &Input<'_>,
    rule: &FieldRule,
    ours: &Value,
    unfit: Unfit,
    decision: &mut Decision,
) {
    let name = rule.mapping.workspace.clone();
    let parked_fields = &mut decision.link.parked_fields;
    let known = |parked: &ParkedField| parked.unsent && field::stands_for(parked, rule, ours);
    if parked_fields.get(&name).is_some_and(known) {
        return;
    }
    let Unfit {
        class,
        value,
        reason,
    } = unfit;
    let summary = format!("{name} was not sent: {reason}");
    let parked = ParkedField {
        value: value.clone(),
        workspace: Some(ours.clone()),
        unsent: true,
        class,
        message: reason.clone(),
        since: input.now,
    };
    parked_fields.insert(name, parked);
    let mut log = entry(input, LogSource::Workspace, LogType::Update, summary);
    log.status = LogStatus::Failed;
    let why = Rule::DoesNotFit;
    log.changes
        .push(change(rule, Value::Null, value, why, Value::Null));
    log.error = Some(LogError {
        class,
        code: String::new(),
        message: reason,
        fields: vec![rule.mapping.crm.clone()],
    });
    decision.log.push(log);
}

/// What is set aside under a rule that is gone is nobody's to take up any more: a field that is not mapped,
/// is no longer sent, or no longer asks a person.
fn forget_unruled(rules: &PairRules, link: &mut LinkOutcome) {
    let mapping = |name: &str| rules.by_workspace(name).map(|rule| &rule.mapping);
    link.parked_fields
        .retain(|name, _| mapping(name).is_some_and(|row| row.direction.outbound()));
    link.held_fields.retain(|name, _| {
        mapping(name)
            .is_some_and(|row| row.direction == Direction::Both && row.winner == Winner::Hold)
    });
}
