//! What follows when a CRM record is gone: it was deleted, it lost a merge, or it was converted.
//!
//! The link of such a record never moves anything again, unless the record comes back. What becomes of its
//! workspace record is decided here, link by link, from what the store found out about the records that
//! took each other's place ([`Kin`]):
//!
//! - The end of the chain is followed, never a step of it. One that was not read yet is asked for
//!   ([`Decision::look`]) and nothing happens before it was seen: a survivor is never guessed.
//! - One record goes over to the survivor's link ([`Move`]) with what its old link agreed on, so that the
//!   survivor's other values arrive as changes of the CRM and what we have not sent still goes out.
//! - Of several, one takes in the others ([`Absorb`]): the one that is linked to the survivor; else the one
//!   that a person edited last.
//! - Each entry names the link that was left ([`LogDraft::left`]), where the record belonged before, and what
//!   became of it ([`LogDraft::became`]): an undo needs no more.
//!
//! The row itself is the proof of a deletion. That a record is not to be seen is none.

use super::{Decision, Input, RecordChange, ancestor, entry, wait_until};
use crate::error::ErrorClass;
use crate::ids::{CrmId, CrmObject, LinkId, RecordId};
use crate::link::{Agreed, BaseVersion, LinkState, ParkedLink, RecordLink};
use crate::record::{Archived, CrmRecord, Origin, Succession, Successor, WorkspaceRecord};
use crate::settings::OnDeletion;
use crate::sync_log::{
    Became, FieldChange, LogDraft, LogError, LogSource, LogStatus, LogType, Rule,
};
use crate::value::{Fields, Value, same};
use crate::workspace::Kind;
use jiff::Timestamp;
use std::cmp::Reverse;

/// The workspace field that says that a person must not be mailed.
const OPT_OUT: &str = "do_not_email";

/// How far the CRM's clock and ours may be apart.
const CLOCKS_APART_SECONDS: i64 = 120;

/// CRM records that took each other's place, as far as they concern one link.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Kin {
    /// Where the chain of successors of the link's CRM record ends.
    pub heir: Option<Heir>,
    /// Workspace records of other active links whose chains end in the same record; or, for a half link,
    /// in its own.
    pub rivals: Vec<WorkspaceRecord>,
}

/// The end of a chain of successors.
#[derive(Clone, PartialEq, Debug)]
pub struct Heir {
    /// What it is.
    pub object: CrmObject,
    /// Which one.
    pub id: CrmId,
    /// A merge is among the steps to it.
    pub merged: bool,
    /// As last read; `None` if it never was.
    pub crm: Option<CrmRecord>,
    /// The link that has it.
    pub link: Option<RecordLink>,
    /// The workspace record of that link.
    pub record: Option<WorkspaceRecord>,
}

impl Heir {
    /// Whether it was gone itself and is back, and its own link has not taken that up: what became of its
    /// workspace record then is undone first.
    pub fn is_returning(&self) -> bool {
        let lives = self.crm.as_ref().is_some_and(CrmRecord::lives);
        lives && self.link.as_ref().is_some_and(|link| link.gone)
    }

    fn link_id(&self) -> Option<LinkId> {
        self.link.as_ref().map(|link| link.id)
    }
}

/// The workspace record goes over to the link of another CRM record, which is made where there is none.
#[derive(Clone, PartialEq, Debug)]
pub struct Move {
    /// The CRM record's object.
    pub object: CrmObject,
    /// The CRM record.
    pub id: CrmId,
    /// What counts as agreed with it.
    pub base: BaseVersion,
    /// The record that has the link now and is taken in.
    pub instead_of: Option<Absorb>,
}

/// One workspace record takes in another: what referred to that one refers to it, and that one is archived.
#[derive(Clone, PartialEq, Debug)]
pub struct Absorb {
    /// The one that is archived.
    pub loser: RecordId,
    /// The one that stays.
    pub survivor: RecordId,
    /// Fields of the survivor to set.
    pub patch: Fields,
    /// The entry that tells it of a record that referred to the loser; the store completes it.
    pub entry: LogDraft,
}

/// The link's CRM record is gone.
pub(super) fn part(
    input: &Input<'_>,
    crm: &CrmRecord,
    workspace: Option<&WorkspaceRecord>,
) -> Decision {
    let mut seen = Decision::keep(input);
    // Nobody looks at this record again: what became of a doubted write is told now, or never.
    if ancestor::take_up(input, crm, &mut seen) {
        return seen;
    }
    let Some(ours) = workspace else {
        return taken_apart(input, crm);
    };
    match (&crm.successor, &input.kin.heir) {
        (Some(step), Some(heir)) if is_followed(input, heir) => Case {
            input,
            crm,
            step,
            heir,
            ours,
        }
        .decide(),
        (Some(step), _) => unlink(input, crm, ours, &not_followed(crm, step)),
        (None, _) => deletion(input, crm, ours),
    }
}

/// The CRM record is back: the link is whole again, and the merge goes on from what was agreed on last.
pub(super) fn revive(
    input: &Input<'_>,
    crm: &CrmRecord,
    workspace: Option<&WorkspaceRecord>,
) -> Decision {
    let mut decision = Decision::keep(input);
    decision.link.state = LinkState::Active;
    decision.link.gone = false;
    decision.again_at = Some(input.now);
    if let Some(ours) = workspace {
        let summary = format!(
            "{} is back in the CRM; {} follows it again",
            crm.object,
            ours.display_name()
        );
        let log = entry(input, LogSource::Crm, LogType::Link, summary);
        decision.log.push(log);
        if ours.archived.is_some() {
            decision.record = RecordChange::Revive;
        }
    }
    decision
}

/// Whether a CRM record that nobody linked yet is about to get the workspace record of one whose place it
/// took: then none is made for it.
pub(super) fn is_awaited(input: &Input<'_>) -> bool {
    !input.kin.rivals.is_empty()
}

/// Whether the chain is followed to this end. A conversion always is; a merge only where that is wanted.
fn is_followed(input: &Input<'_>, heir: &Heir) -> bool {
    (input.settings.recognize_merges || !heir.merged) && input.heir_rules.is_some()
}

fn not_followed(crm: &CrmRecord, step: &Successor) -> String {
    match step.how {
        Succession::Merge => format!("{} was merged into {} in the CRM", crm.object, step.id),
        Succession::Conversion => format!(
            "{} became {} {} in the CRM, which is not followed",
            crm.object, step.object, step.id
        ),
    }
}

fn deletion(input: &Input<'_>, crm: &CrmRecord, ours: &WorkspaceRecord) -> Decision {
    let mut decision = unlink(
        input,
        crm,
        ours,
        &format!("{} was deleted in the CRM", crm.object),
    );
    let archives = input.settings.on_deletion == OnDeletion::Archive;
    if input.settings.recognize_deletions && archives {
        decision.record = RecordChange::Archive;
        for log in decision.log.iter_mut().filter(|log| log.left.is_some()) {
            log.became = Some(Became::Archived);
            log.summary = format!(
                "{} was deleted in the CRM; {} was put into the archive",
                crm.object,
                ours.display_name()
            );
        }
    }
    decision
}

fn unlink(input: &Input<'_>, crm: &CrmRecord, ours: &WorkspaceRecord, why: &str) -> Decision {
    let mut decision = taken_apart(input, crm);
    let summary = format!(
        "{why}; {} stays in the workspace and no longer follows it",
        ours.display_name()
    );
    let mut log = entry(input, LogSource::Crm, LogType::Unlink, summary);
    log.left = Some(input.link.id);
    log.became = Some(Became::Unlinked);
    decision.log.push(log);
    decision
}

fn taken_apart(input: &Input<'_>, crm: &CrmRecord) -> Decision {
    let mut decision = Decision::keep(input);
    decision.link.state = LinkState::Unlinked;
    decision.link.gone = true;
    decision.link.revision = Some(crm.revision.clone());
    decision.link.parked = None;
    decision
}

/// A record whose place another took, and that is followed.
struct Case<'a> {
    input: &'a Input<'a>,
    crm: &'a CrmRecord,
    step: &'a Successor,
    heir: &'a Heir,
    ours: &'a WorkspaceRecord,
}

impl Case<'_> {
    fn decide(&self) -> Decision {
        let Some(theirs) = &self.heir.crm else {
            return self.look();
        };
        if !theirs.lives() {
            return deletion(self.input, self.crm, self.ours);
        }
        match &self.heir.record {
            Some(other) if other.id == self.ours.id => taken_apart(self.input, self.crm),
            Some(other) if other.archived.is_some() => await_other(self.input),
            Some(other) if self.is_our_copy(other) => self.go_over(theirs, Some(other)),
            Some(other) => self.merge_into(other),
            None => match self.most_active() {
                Some(other) => self.merge_into(other),
                None => self.go_over(theirs, None),
            },
        }
    }

    /// The end of the chain was never read. While it can't be seen the record waits, with its cause.
    fn look(&self) -> Decision {
        let mut decision = Decision::keep(self.input);
        if self.input.link.parked.is_none() {
            decision.look = Some((self.heir.object.clone(), self.heir.id.clone()));
        }
        decision
    }

    /// Whether a conversion's result was imported before we knew where it came from: made by the sync
    /// after the conversion, and touched by nobody since.
    fn is_our_copy(&self, other: &WorkspaceRecord) -> bool {
        let only_sync = |record: &WorkspaceRecord| {
            let mut origins = record.provenance.values().map(|one| &one.origin);
            origins.all(|origin| *origin == Origin::Crm)
        };
        let converted = self.crm.modified_at.as_second() - CLOCKS_APART_SECONDS;
        self.step.how == Succession::Conversion
            && other.created_at.as_second() >= converted
            && other.created_at > self.ours.created_at
            && only_sync(other)
    }

    /// The rival that a person edited later than ours.
    fn most_active(&self) -> Option<&WorkspaceRecord> {
        let of_kind = |record: &&WorkspaceRecord| record.kind == self.ours.kind;
        let rivals = self.input.kin.rivals.iter().filter(of_kind);
        let best = rivals.max_by_key(|record| rank(record))?;
        (rank(best) > rank(self.ours)).then_some(best)
    }

    fn go_over(&self, theirs: &CrmRecord, instead_of: Option<&WorkspaceRecord>) -> Decision {
        let (input, heir) = (self.input, self.heir);
        let mut decision = taken_apart(input, self.crm);
        let summary = format!(
            "{}; {} follows {} {} from now on",
            self.what(),
            self.ours.display_name(),
            heir.object,
            heir.id
        );
        let mut told = self.entry(summary);
        told.became = Some(Became::Follows {
            object: heir.object.clone(),
            id: heir.id.clone(),
        });
        let absorb = instead_of.map(|copy| Absorb {
            loser: copy.id,
            survivor: self.ours.id,
            patch: Fields::new(),
            entry: self.told_of_reference(&told),
        });
        if let Some(copy) = instead_of {
            let summary = format!(
                "{} was made from {} {} before it was known whose it is; {} has its place",
                copy.display_name(),
                heir.object,
                heir.id,
                self.ours.display_name()
            );
            let mut log = self.entry(summary);
            log.record = Some((copy.kind, copy.id));
            log.left = heir.link_id();
            log.became = Some(Became::MergedInto(self.ours.id));
            decision.log.push(log);
        }
        decision.log.push(told);
        decision.record = RecordChange::Move(Box::new(Move {
            object: heir.object.clone(),
            id: heir.id.clone(),
            base: self.base_with(&decision.link.base, theirs),
            instead_of: absorb,
        }));
        decision
    }

    /// What the old link agreed on; of fields that the other mapping lacks, too: it may get them back. An opt-out
    /// counts as a change of ours, so that the other CRM record does not take it back.
    fn base_with(&self, agreed: &BaseVersion, theirs: &CrmRecord) -> BaseVersion {
        let mut base = agreed.clone();
        let rules = self.input.heir_rules;
        if self.heir.object != self.input.link.object {
            // Halves that differ by a rule of the other mapping mean nothing in this one.
            base.retain(|name, agreed| {
                let rule = rules.and_then(|rules| rules.by_workspace(name));
                match rule {
                    Some(rule) => same(&agreed.crm, &agreed.workspace, &rule.crm_type),
                    None => agreed.crm == agreed.workspace,
                }
            });
        }
        let rule = rules.and_then(|rules| rules.by_workspace(OPT_OUT));
        if opted_out(self.ours)
            && let Some(rule) = rule
            && let Some(crm) = theirs.fields.get(&rule.mapping.crm)
        {
            let agreed = Agreed {
                crm: crm.clone(),
                workspace: crm.clone(),
            };
            base.insert(OPT_OUT.to_owned(), agreed);
        }
        base
    }

    fn merge_into(&self, other: &WorkspaceRecord) -> Decision {
        let (input, heir) = (self.input, self.heir);
        let mut decision = taken_apart(input, self.crm);
        let summary = format!(
            "{}; {} was merged into {} (number {}) and put into the archive",
            self.what(),
            self.ours.display_name(),
            other.display_name(),
            other.id
        );
        let mut told = self.entry(summary);
        told.became = Some(Became::MergedInto(other.id));
        let opts_out = opted_out(self.ours) && !opted_out(other);
        let summary = format!(
            "{}; {} (number {}) was merged into this {}",
            self.what(),
            self.ours.display_name(),
            self.ours.id,
            other.kind
        );
        let mut of_survivor = self.entry(summary);
        of_survivor.record = Some((other.kind, other.id));
        of_survivor.crm = Some((heir.object.clone(), Some(heir.id.clone())));
        of_survivor.left = None;
        of_survivor.link = heir.link_id().or(of_survivor.link);
        let mut patch = Fields::new();
        if opts_out {
            patch.insert(OPT_OUT.to_owned(), Value::Bool(true));
            let before = other.fields.get(OPT_OUT).cloned().unwrap_or_default();
            of_survivor
                .changes
                .push(changed(OPT_OUT, before, Value::Bool(true)));
        }
        decision.record = RecordChange::Merge(Box::new(Absorb {
            loser: self.ours.id,
            survivor: other.id,
            patch,
            entry: self.told_of_reference(&told),
        }));
        decision.log.extend([of_survivor, told]);
        decision
    }

    fn entry(&self, summary: String) -> LogDraft {
        let kind = match self.step.how {
            Succession::Merge => LogType::Merge,
            Succession::Conversion => LogType::Convert,
        };
        let mut log = entry(self.input, LogSource::Crm, kind, summary);
        log.left = Some(self.input.link.id);
        log.step = Some(self.input.link.id);
        log
    }

    fn told_of_reference(&self, told: &LogDraft) -> LogDraft {
        LogDraft {
            link: None,
            record: None,
            crm: None,
            left: None,
            became: None,
            ..told.clone()
        }
    }

    fn what(&self) -> String {
        let (from, to) = (&self.crm.object, &self.heir.id);
        match self.step.how {
            Succession::Merge => format!("{from} {} was merged into {to} in the CRM", self.crm.id),
            Succession::Conversion => {
                let became = &self.heir.object;
                format!("{from} {} became {became} {to} in the CRM", self.crm.id)
            }
        }
    }
}

/// The later a person edited it the higher; of two that nobody touched the older.
fn rank(record: &WorkspaceRecord) -> (Option<Timestamp>, Reverse<RecordId>) {
    let by_people = record.provenance.values();
    let edits = by_people.filter(|one| matches!(one.origin, Origin::User(_)));
    (edits.map(|one| one.at).max(), Reverse(record.id))
}

fn opted_out(record: &WorkspaceRecord) -> bool {
    record.kind == Kind::Person && record.fields.get(OPT_OUT) == Some(&Value::Bool(true))
}

/// A value that was set along with a merge, as an entry tells it.
pub fn changed(field: &str, before: Value, after: Value) -> FieldChange {
    FieldChange {
        workspace: field.to_owned(),
        crm: String::new(),
        before,
        after,
        rule: Rule::Followed,
        rejected: Value::Null,
    }
}

/// Why an archived record is not edited, and the way out, for people.
pub fn refusal(kind: Kind, id: RecordId, archived: &Archived) -> String {
    use crate::record::ArchiveCause as Cause;
    match archived.cause {
        Cause::Deleted => format!(
            "{kind} {id} is archived because its CRM record was deleted; restore it in the CRM, and it comes back"
        ),
        Cause::MergedInto(other) => format!(
            "{kind} {id} is archived because it was merged into {kind} {other}; edit that one"
        ),
    }
}

/// A record that a link asked to see can't be seen: the link is set aside, and this entry tells it.
pub fn unseen(
    link: &RecordLink,
    asked: (&CrmObject, &CrmId),
    now: Timestamp,
) -> (ParkedLink, LogDraft) {
    let (object, id) = asked;
    let class = ErrorClass::RecordGone;
    let message = format!(
        "{object} {id} is needed to follow this record and can't be seen by the connected user: grant \
         access to it, then retry"
    );
    let parked = ParkedLink {
        class,
        message: message.clone(),
        since: now,
        log: None,
    };
    let mut log = LogDraft::new(now, LogSource::Tandem, LogType::Held, message.clone());
    log.status = LogStatus::Waiting;
    log.link = Some(link.id);
    log.error = Some(LogError {
        class,
        code: String::new(),
        message,
        fields: Vec::new(),
    });
    (parked, log)
}

/// How long until the safety net looks again, where a half link waits for another's record.
pub(super) fn await_other(input: &Input<'_>) -> Decision {
    let mut decision = Decision::keep(input);
    decision.again_at = Some(wait_until(input.now));
    decision
}
