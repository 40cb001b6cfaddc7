//! Three versions of a record become one: what both sides agreed on last, what the CRM has now, what
//! the workspace has now. Pure; the heart of Tandem.
//!
//! [`reconcile`] looks at one link and returns a [`Decision`]: data that the store carries out in one
//! transaction, with no choice left. Field by field the rules are in [`field`].

pub mod field;

use crate::connector::WriteOp;
use crate::error::ErrorClass;
use crate::ids::{LinkId, RecordId};
use crate::link::{
    Agreed, BaseVersion, HeldField, LinkState, ParkedField, ParkedLink, PutBack, RecordLink,
};
use crate::mapping::{FieldRule, PairRules};
use crate::matching::{self, Match};
use crate::record::{CrmRecord, Revision, WorkspaceRecord};
use crate::settings::Guards;
use crate::sync_log::{FieldChange, LogDraft, LogError, LogSource, LogStatus, LogType, Rule};
use crate::value::{Fields, Reference, Value, canonical};
use crate::workspace::Kind;
use crate::write::{IntentField, WriteDraft};
use field::Verdict;
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
}

/// The new state of the link; replaces what was there.
#[derive(Clone, PartialEq, Debug)]
pub struct LinkOutcome {
    /// Whether anything moves from now on.
    pub state: LinkState,
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
    /// Prefix of our external-id keys.
    pub key_prefix: &'a str,
    /// Our clock.
    pub now: Timestamp,
    /// The switches of the simulation.
    pub guards: Guards,
}

/// How long a link waits for another one before it is looked at again, in seconds. Local work only:
/// no API call is spent on it.
const WAIT_SECONDS: i64 = 5;

/// Decides what happens to one link.
pub fn reconcile(input: &Input<'_>) -> Decision {
    match (input.link.state, input.crm, input.workspace) {
        (LinkState::Unlinked | LinkState::Ambiguous, _, _) => Decision::keep(input),
        (LinkState::Active, Some(crm), workspace) if crm.deleted => {
            unlink_deleted(input, crm, workspace)
        }
        (LinkState::Active, Some(crm), None) => first_link(input, crm),
        (LinkState::Active, None, Some(workspace)) if input.link.crm.is_none() => {
            create_in_crm(input, workspace)
        }
        (LinkState::Active, Some(crm), Some(workspace)) => merge(input, crm, workspace),
        (LinkState::Active, None, _) => Decision::keep(input),
    }
}

impl Decision {
    /// Nothing changes.
    fn keep(input: &Input<'_>) -> Self {
        let link = input.link;
        Self {
            record: RecordChange::None,
            link: LinkOutcome {
                state: link.state,
                base: link.base.clone(),
                revision: link.revision.clone(),
                parked_fields: link.parked_fields.clone(),
                held_fields: link.held_fields.clone(),
                put_back: link.put_back.clone(),
                parked: link.parked.clone(),
            },
            write: None,
            log: Vec::new(),
            again_at: None,
        }
    }
}

fn entry(input: &Input<'_>, source: LogSource, kind: LogType, summary: String) -> LogDraft {
    let mut entry = LogDraft::new(input.now, source, kind, summary);
    entry.link = Some(input.link.id);
    entry.record = input.link.record.map(|record| (input.link.kind, record));
    entry.crm = Some((input.link.object.clone(), input.link.crm.clone()));
    entry
}

/// The row itself says that it is deleted: that is the proof. The workspace record stays.
fn unlink_deleted(
    input: &Input<'_>,
    crm: &CrmRecord,
    workspace: Option<&WorkspaceRecord>,
) -> Decision {
    let mut decision = Decision::keep(input);
    decision.link.state = LinkState::Unlinked;
    decision.link.revision = Some(crm.revision.clone());
    if let Some(workspace) = workspace {
        let summary = format!(
            "{} was deleted in the CRM; {} stays in the workspace and no longer follows it",
            crm.object,
            workspace.display_name()
        );
        decision
            .log
            .push(entry(input, LogSource::Crm, LogType::Unlink, summary));
    }
    decision
}

/// A CRM record that nobody linked yet: match it, or make a workspace record of it.
fn first_link(input: &Input<'_>, crm: &CrmRecord) -> Decision {
    match matching::choose(input.candidates) {
        Match::One(record) => adopt(input, record),
        Match::Several(records) => ambiguous(input, &records),
        Match::None if input.rules.import => create_in_workspace(input, crm),
        Match::None => Decision::keep(input),
    }
}

fn adopt(input: &Input<'_>, record: RecordId) -> Decision {
    let mut decision = Decision::keep(input);
    decision.record = RecordChange::Adopt(record);
    let summary = format!("Linked to the {} by its match key", input.link.kind);
    let mut log = entry(input, LogSource::Crm, LogType::Link, summary);
    log.record = Some((input.link.kind, record));
    decision.log.push(log);
    decision
}

fn ambiguous(input: &Input<'_>, records: &[RecordId]) -> Decision {
    let mut decision = Decision::keep(input);
    decision.link.state = LinkState::Ambiguous;
    let ids: Vec<String> = records.iter().map(ToString::to_string).collect();
    let summary = format!(
        "Several workspace records match ({}); choose the one it belongs to",
        ids.join(", ")
    );
    let mut log = entry(input, LogSource::Crm, LogType::Held, summary);
    log.status = LogStatus::Waiting;
    decision.log.push(log);
    decision
}

fn create_in_workspace(input: &Input<'_>, crm: &CrmRecord) -> Decision {
    let mut decision = Decision::keep(input);
    let mut fields = Fields::new();
    let mut changes = Vec::new();
    let readable = input
        .rules
        .fields
        .iter()
        .filter(|rule| rule.mapping.direction.inbound());
    for rule in readable {
        let Some(theirs) = crm.fields.get(&rule.mapping.crm) else {
            continue;
        };
        let ours = canonical(theirs, &rule.workspace_type).unwrap_or_else(|_| theirs.clone());
        let agreed = Agreed {
            crm: theirs.clone(),
            workspace: ours.clone(),
        };
        decision
            .link
            .base
            .insert(rule.mapping.workspace.clone(), agreed);
        if !ours.is_null() {
            changes.push(change(
                rule,
                Value::Null,
                ours.clone(),
                Rule::NewRecord,
                Value::Null,
            ));
            fields.insert(rule.mapping.workspace.clone(), ours);
        }
    }
    decision.link.revision = Some(crm.revision.clone());
    let summary = format!("Imported from {}", crm.object);
    let mut log = entry(input, LogSource::Crm, LogType::Create, summary);
    log.changes = changes;
    decision.log.push(log);
    decision.record = RecordChange::Create(fields);
    decision
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

/// A workspace record that the CRM does not have yet.
fn create_in_crm(input: &Input<'_>, workspace: &WorkspaceRecord) -> Decision {
    let mut decision = Decision::keep(input);
    if !input.rules.create_in_crm || input.link.parked.is_some() {
        return decision;
    }
    let mut fields = Vec::new();
    let writable = |rule: &&FieldRule| rule.createable && rule.mapping.direction.outbound();
    for rule in input.rules.fields.iter().filter(writable) {
        let name = &rule.mapping.workspace;
        let ours = workspace.fields.get(name).unwrap_or(&Value::Null);
        if matches!(ours, Value::Reference(Reference::Workspace(..))) {
            decision.again_at = Some(wait_until(input.now));
            return decision;
        }
        let value = match canonical(ours, &rule.crm_type) {
            Ok(value) => value,
            Err(misfit) => {
                park_misfit(input, rule, ours, &misfit.to_string(), &mut decision);
                continue;
            }
        };
        let refused = input
            .link
            .parked_fields
            .get(name)
            .is_some_and(|p| p.value == value);
        if value.is_null() || refused {
            continue;
        }
        fields.push(intent_field(
            rule,
            value,
            ours,
            &Value::Null,
            workspace,
            Rule::NewRecord,
        ));
    }
    let key = input
        .rules
        .external_id
        .as_ref()
        .map(|field| (field.clone(), external_key(input.key_prefix, input.link.id)));
    let lock_key = lock_key(input, None, &fields);
    decision.write = Some(WriteDraft {
        op: WriteOp::Create { key },
        fields,
        lock_key,
    });
    decision
}

/// Our key of a create: the same for every try, different in every installation.
pub fn external_key(prefix: &str, link: LinkId) -> String {
    format!("{prefix}-{link}")
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

/// Both sides exist: merge field by field.
fn merge(input: &Input<'_>, crm: &CrmRecord, workspace: &WorkspaceRecord) -> Decision {
    let mut decision = Decision::keep(input);
    decision.link.revision = Some(crm.revision.clone());
    let mut merge = Merge::default();
    for rule in &input.rules.fields {
        let name = &rule.mapping.workspace;
        let ours = workspace.fields.get(name).unwrap_or(&Value::Null);
        let verdict = field::decide(&field::FieldInput {
            rule,
            base: input.link.base.get(name),
            crm: crm.fields.get(&rule.mapping.crm),
            workspace: ours,
            parked: input.link.parked_fields.get(name),
            held: input.link.held_fields.get(name),
            put_back: input.link.put_back.get(name),
            crm_changed_at: crm.modified_at,
            workspace_changed_at: workspace.provenance.get(name).map(|p| p.at),
            guards: input.guards,
        });
        merge.take(input, crm, workspace, rule, verdict, &mut decision);
    }
    merge.finish(input, crm, &mut decision);
    decision
}

/// What the fields' verdicts add up to.
#[derive(Default)]
struct Merge {
    patch: Fields,
    taken: Vec<FieldChange>,
    conflicts: Vec<FieldChange>,
    held: Vec<FieldChange>,
    kept: Vec<FieldChange>,
    write: Vec<IntentField>,
}

impl Merge {
    fn take(
        &mut self,
        input: &Input<'_>,
        crm: &CrmRecord,
        workspace: &WorkspaceRecord,
        rule: &FieldRule,
        verdict: Verdict,
        decision: &mut Decision,
    ) {
        let name = rule.mapping.workspace.clone();
        let ours = workspace.fields.get(&name).cloned().unwrap_or_default();
        let theirs = crm
            .fields
            .get(&rule.mapping.crm)
            .cloned()
            .unwrap_or_default();
        let link = &mut decision.link;
        if !matches!(verdict, Verdict::Parked | Verdict::Unfit(_) | Verdict::Keep) {
            link.parked_fields.remove(&name);
        }
        if !matches!(
            verdict,
            Verdict::ToCrm {
                rule: Rule::Overtaken,
                ..
            }
        ) {
            link.put_back.remove(&name);
            if !matches!(verdict, Verdict::Hold | Verdict::Keep) {
                link.held_fields.remove(&name);
            }
        }
        match verdict {
            Verdict::Keep | Verdict::Parked => {}
            Verdict::Agree => {
                link.base.insert(
                    name,
                    Agreed {
                        crm: theirs,
                        workspace: ours,
                    },
                );
            }
            Verdict::Consume {
                base,
                rule: why,
                rejected,
            } => {
                link.base.insert(name, base);
                self.kept
                    .push(change(rule, ours.clone(), ours, why, rejected));
            }
            Verdict::ToWorkspace {
                value,
                rule: why,
                rejected,
            } => {
                let agreed = Agreed {
                    crm: theirs,
                    workspace: value.clone(),
                };
                link.base.insert(name.clone(), agreed);
                let lost = !rejected.is_null() || is_conflict(why);
                let change = change(rule, ours, value.clone(), why, rejected);
                if lost {
                    self.conflicts.push(change)
                } else {
                    self.taken.push(change)
                }
                self.patch.insert(name, value);
            }
            Verdict::ToCrm {
                value,
                rule: why,
                rejected,
            } => {
                let mut field = intent_field(rule, value, &ours, &theirs, workspace, why);
                field.rejected = rejected;
                self.write.push(field);
            }
            Verdict::Hold => self.hold(input, rule, theirs, ours, link),
            Verdict::Wait => decision.again_at = Some(wait_until(input.now)),
            Verdict::Unfit(reason) => park_misfit(input, rule, &ours, &reason, decision),
        }
    }

    fn hold(
        &mut self,
        input: &Input<'_>,
        rule: &FieldRule,
        theirs: Value,
        ours: Value,
        link: &mut LinkOutcome,
    ) {
        let name = rule.mapping.workspace.clone();
        let since = link
            .held_fields
            .get(&name)
            .map_or(input.now, |held| held.since);
        if !link.held_fields.contains_key(&name) {
            self.held.push(change(
                rule,
                theirs.clone(),
                ours.clone(),
                Rule::Hold,
                Value::Null,
            ));
        }
        link.held_fields.insert(
            name,
            HeldField {
                crm: theirs,
                workspace: ours,
                since,
            },
        );
    }

    fn finish(self, input: &Input<'_>, crm: &CrmRecord, decision: &mut Decision) {
        let mut log = |changes: Vec<FieldChange>, kind, status, summary: String| {
            if !changes.is_empty() {
                let mut entry = entry(input, LogSource::Crm, kind, summary);
                entry.status = status;
                entry.changes = changes;
                decision.log.push(entry);
            }
        };
        let update = format!("Took over {}", fields_phrase(&self.taken));
        log(self.taken, LogType::Update, LogStatus::Success, update);
        let kept = format!("Kept {}: a blank never erases", fields_phrase(&self.kept));
        log(self.kept, LogType::Update, LogStatus::Success, kept);
        let conflict = format!(
            "Both sides changed {}; a rule decided",
            fields_phrase(&self.conflicts)
        );
        log(
            self.conflicts,
            LogType::Conflict,
            LogStatus::Success,
            conflict,
        );
        let held = format!(
            "Both sides changed {}; a person decides",
            fields_phrase(&self.held)
        );
        log(self.held, LogType::Held, LogStatus::Waiting, held);
        if !self.patch.is_empty() {
            decision.record = RecordChange::Patch(self.patch);
        }
        if !self.write.is_empty() && decision.link.parked.is_none() {
            let lock_key = lock_key(input, Some(crm), &self.write);
            let op = WriteOp::Update { id: crm.id.clone() };
            decision.write = Some(WriteDraft {
                op,
                fields: self.write,
                lock_key,
            });
        }
    }
}

/// Whether a rule stands for a decision between two people's values.
pub fn is_conflict(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::CrmWins | Rule::WorkspaceWins | Rule::MostRecent | Rule::OneWay | Rule::Overtaken
    )
}

fn fields_phrase(changes: &[FieldChange]) -> String {
    match changes {
        [one] => one.workspace.clone(),
        _ => format!("{} fields", changes.len()),
    }
}

/// Our own check, before a call is spent: the type alone can't hold the value.
fn park_misfit(
    input: &Input<'_>,
    rule: &FieldRule,
    value: &Value,
    reason: &str,
    decision: &mut Decision,
) {
    let name = rule.mapping.workspace.clone();
    let known = decision
        .link
        .parked_fields
        .get(&name)
        .is_some_and(|p| p.value == *value);
    if known {
        return;
    }
    decision.link.parked_fields.insert(
        name,
        ParkedField {
            value: value.clone(),
            class: ErrorClass::InvalidValue,
            message: reason.to_owned(),
            since: input.now,
        },
    );
    let summary = format!("{} was not sent: {reason}", rule.mapping.workspace);
    let mut log = entry(input, LogSource::Workspace, LogType::Update, summary);
    log.status = LogStatus::Failed;
    log.changes.push(change(
        rule,
        Value::Null,
        value.clone(),
        Rule::DoesNotFit,
        Value::Null,
    ));
    log.error = Some(LogError {
        class: ErrorClass::InvalidValue,
        code: String::new(),
        message: reason.to_owned(),
        fields: vec![rule.mapping.crm.clone()],
    });
    decision.log.push(log);
}
