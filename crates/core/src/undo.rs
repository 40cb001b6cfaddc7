//! What an undo puts back: three-way, field by field.
//!
//! The entries of a field are walked from the newest to the oldest, beginning at the value that stands
//! now. An entry is undone only if that value is the one it left; then the value before it stands, and
//! the walk goes on. So a person's later edit ends the walk and survives.
//!
//! An undo is an edit of the workspace and travels as one: where the mapping lets the workspace write,
//! the CRM follows; where it doesn't, a value that came *in* is put back in the workspace alone, and one
//! that went *out* can't be undone. Records are neither deleted nor unlinked; one that the CRM took apart, merged or
//! converted goes back to where it belonged ([`place`]).

mod place;
mod restore;
mod rule;

pub use place::{Home, PLACE};
pub use restore::{By, Restore, entry, restore};
pub use rule::{NoWindow, RuleWindow};

use crate::ids::{LinkId, LogId, RecordId};
use crate::link::{LinkState, RecordLink};
use crate::mapping::{FieldRule, PairRules};
use crate::record::{Archived, CrmRecord, Origin, Provenance};
use crate::schema::FieldType;
use crate::sync_log::{FieldChange, LogDraft, LogSource, LogStatus, LogType, Rule};
use crate::value::{Fields, Value, canonical, same};
use crate::workspace::{Kind, standard_fields};
use jiff::Timestamp;
use serde::Serialize;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// The side that a value was put on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Ours.
    Workspace,
    /// Theirs.
    Crm,
}

/// Why a value is left alone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// It stands as it was before.
    AlreadySo,
    /// The workspace holds another value by now.
    WorkspaceChanged,
    /// The CRM holds another value by now.
    CrmChanged,
    /// The field waits for a person's decision.
    Held,
    /// The record is in the archive.
    Archived,
    /// The record is here; its CRM record is gone.
    Gone,
    /// The record went on to another place since.
    Elsewhere,
    /// Another workspace record has its CRM record by now.
    Taken,
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AlreadySo => "it stands as it was before",
            Self::WorkspaceChanged => "it was changed in the workspace since",
            Self::CrmChanged => "it was changed in the CRM since",
            Self::Held => "it waits for a person to choose between both sides; settle that first",
            Self::Archived => "the record is in the archive; undo what put it there first",
            Self::Gone => {
                "the record is here, and its CRM record is gone; restore that in the CRM, and they are linked again"
            }
            Self::Elsewhere => {
                "the record was linked, merged or archived anew since; undo that first"
            }
            Self::Taken => "its CRM record has another workspace record by now",
        })
    }
}

/// Why something can't be undone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cannot {
    /// The entry tells of something that moved no value.
    NothingMoved,
    /// A record was made.
    Create,
    /// Two records were linked.
    Link,
    /// A link was taken apart, and nothing tells what became of the record.
    Unlink,
    /// The workspace has no such field any more.
    NoField,
    /// The CRM's value was changed, and the record is not linked (any more).
    NotLinked,
    /// The CRM's value was changed, and the field is not mapped any more.
    NotMapped,
    /// The CRM's value was changed, and the mapping does not let the workspace write it.
    InboundOnly,
    /// The CRM's value was changed, and the connected user may not change it.
    NotWritable,
    /// It was blank in the CRM, and a blank never erases this field.
    BlankStays,
    /// The field's type can't hold the value from before.
    Misfit(String),
}

impl fmt::Display for Cannot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NothingMoved => "the entry changed no value",
            Self::Create => "a record was made, and an undo deletes none; delete it by hand",
            Self::Link => "two records were linked, and an undo takes no link apart",
            Self::Unlink => {
                "a link was taken apart, and the entry does not tell from where; link the record by hand"
            }
            Self::NoField => "the workspace has no such field any more",
            Self::NotLinked => "the CRM was changed, and the record is not linked to it now",
            Self::NotMapped => {
                "the CRM was changed, and the field is not mapped now; map it again first"
            }
            Self::InboundOnly => {
                "the CRM was changed, and the field comes from the CRM only; map it both ways first"
            }
            Self::NotWritable => {
                "the CRM was changed, and the connected user may not change the field; grant edit access first"
            }
            Self::BlankStays => {
                "it was blank in the CRM, and a blank never erases this field; clear it in the CRM"
            }
            Self::Misfit(reason) => {
                return write!(f, "the field can't hold the value from before: {reason}");
            }
        })
    }
}

/// What an undo does to one field.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The value from before is put back.
    Restore {
        /// In the workspace's form.
        value: Value,
        /// The CRM gets it, too.
        to_crm: bool,
    },
    /// The record goes back to where it belonged.
    Return {
        /// The link that it left.
        home: LinkId,
        /// How it will stand there, for people.
        place: String,
    },
    /// It is left alone.
    Kept(Kept),
    /// It can't be undone.
    Cannot(Cannot),
}

/// One field of an undo.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct FieldUndo {
    /// Workspace field.
    pub field: String,
    /// CRM field, as the newest entry names it.
    pub crm: String,
    /// What stands in the workspace now.
    pub now: Value,
    /// What happens.
    pub verdict: Verdict,
    /// The entries that are undone in this field, newest first.
    pub entries: Vec<LogId>,
}

/// A record as it stands.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Which one.
    pub record: RecordId,
    /// Its kind.
    pub kind: Kind,
    /// Set while it is archived.
    pub archived: Option<&'a Archived>,
    /// The rules in force.
    pub pairs: &'a [PairRules],
    /// The links that its entries say it left.
    pub homes: &'a BTreeMap<LinkId, Home>,
    /// Its link.
    pub link: Option<&'a RecordLink>,
    /// The CRM side as last read.
    pub crm: Option<&'a CrmRecord>,
    /// Our side, references resolved.
    pub workspace: &'a Fields,
    /// When our values were set, and through whom.
    pub provenance: &'a BTreeMap<String, Provenance>,
    /// What a person typed here from this time on stays, even if an entry to undo tells of it: set where not entries are
    /// undone but what a rule did.
    pub typed_since: Option<Timestamp>,
}

impl<'a> Subject<'a> {
    fn typed_since(&self, field: &str) -> bool {
        let set = self.provenance.get(field).zip(self.typed_since);
        set.is_some_and(|(set, since)| set.at >= since && matches!(set.origin, Origin::User(_)))
    }

    /// The rules in force for it, if it is linked and its object mapped.
    fn pair(&self) -> Option<&'a PairRules> {
        let object = &self.link?.object;
        self.pairs.iter().find(|pair| pair.object == *object)
    }
}

/// Why nothing of an entry can be undone; `None` where the record and its fields say.
pub fn cannot(entry: &LogDraft) -> Option<Cannot> {
    let follows = entry.became.is_some() || entry.step.is_some();
    if entry.status == LogStatus::Success && follows {
        return None;
    }
    if entry.status != LogStatus::Success || entry.changes.is_empty() && moves(entry.kind) {
        return Some(Cannot::NothingMoved);
    }
    irreversible(entry.kind)
}

fn moves(kind: LogType) -> bool {
    matches!(
        kind,
        LogType::Update | LogType::Conflict | LogType::Merge | LogType::Convert
    )
}

/// Why no success of this type can be undone; `None` where it moved values.
pub fn irreversible(kind: LogType) -> Option<Cannot> {
    match kind {
        LogType::Create => Some(Cannot::Create),
        LogType::Link => Some(Cannot::Link),
        LogType::Unlink => Some(Cannot::Unlink),
        kind => (!moves(kind)).then_some(Cannot::NothingMoved),
    }
}

/// The side that an entry's change was made on.
pub fn side(entry: &LogDraft, change: &FieldChange) -> Side {
    match (entry.source, change.rule) {
        (LogSource::Crm | LogSource::Tandem, _) | (_, Rule::PersonDecided | Rule::Undone) => {
            Side::Workspace
        }
        (LogSource::Workspace, _) => Side::Crm,
    }
}

/// Decides what undoing these entries of one record, newest first, does to each field that they name.
/// Entries that [`cannot`] be undone are passed over.
pub fn undo(subject: &Subject<'_>, entries: &[(LogId, LogDraft)]) -> Vec<FieldUndo> {
    let known = standard_fields(subject.kind);
    let place = place::decide(subject, entries);
    let entries = in_our_terms(subject.pair(), entries);
    let subject = &place::seen_at_home(subject, place.as_ref());
    let fields = steps(&entries).into_iter().map(|(name, steps)| {
        let now = subject.workspace.get(name).unwrap_or(&Value::Null);
        let ours = known.iter().find(|field| field.name == name);
        let mut undone = Vec::new();
        let verdict = match ours {
            Some(ours) => Field::of(subject, name, now, &ours.ty).decide(&steps, &mut undone),
            None => Verdict::Cannot(Cannot::NoField),
        };
        let newest = steps.first().map(|step| step.change.crm.clone());
        FieldUndo {
            field: name.to_owned(),
            crm: newest.unwrap_or_default(),
            now: now.clone(),
            verdict,
            entries: undone,
        }
    });
    place.into_iter().chain(fields).collect()
}

/// The entries with the CRM's values as the workspace would hold them, where a value map tells them apart.
fn in_our_terms<'a>(
    pair: Option<&PairRules>,
    entries: &'a [(LogId, LogDraft)],
) -> Cow<'a, [(LogId, LogDraft)]> {
    let mapped = |rule: &&FieldRule| !rule.mapping.value_map.is_empty();
    let rules: Vec<_> = pair
        .iter()
        .flat_map(|pair| pair.fields.iter().filter(mapped))
        .collect();
    let mut entries = Cow::Borrowed(entries);
    if rules.is_empty() {
        return entries;
    }
    for (_, entry) in entries.to_mut() {
        let mut changes = std::mem::take(&mut entry.changes);
        for change in changes
            .iter_mut()
            .filter(|change| side(entry, change) == Side::Crm)
        {
            let rule = rules
                .iter()
                .find(|rule| rule.mapping.workspace == change.workspace);
            if let Some(rule) = rule {
                change.before = rule.to_workspace(&change.before);
                change.after = rule.to_workspace(&change.after);
            }
        }
        entry.changes = changes;
    }
    entries
}

/// The changes of each field, in the order of the entries.
fn steps(entries: &[(LogId, LogDraft)]) -> BTreeMap<&str, Vec<Step<'_>>> {
    let mut fields: BTreeMap<&str, Vec<Step<'_>>> = BTreeMap::new();
    for (id, entry) in entries.iter().filter(|(_, entry)| cannot(entry).is_none()) {
        for change in &entry.changes {
            fields.entry(&change.workspace).or_default().push(Step {
                entry: *id,
                side: side(entry, change),
                change,
            });
        }
    }
    fields
}

/// One change of a field, as an entry tells it.
struct Step<'a> {
    entry: LogId,
    side: Side,
    change: &'a FieldChange,
}

/// A field as it stands.
struct Field<'a> {
    name: &'a str,
    now: &'a Value,
    rule: Option<&'a FieldRule>,
    link: Option<&'a RecordLink>,
    /// The CRM's value; `None` where there is none to be seen.
    crm: Option<&'a Value>,
    /// The CRM's type where the field is mapped: both sides are compared in it.
    compared_in: &'a FieldType,
    ours: &'a FieldType,
    /// Deleted in the CRM.
    gone: bool,
    /// A person typed it after the rule that is undone was made.
    typed: bool,
    archived: bool,
}

impl<'a> Field<'a> {
    fn of(subject: &Subject<'a>, name: &'a str, now: &'a Value, ours: &'a FieldType) -> Self {
        let rule = subject.pair().and_then(|pair| pair.by_workspace(name));
        let crm = rule
            .zip(subject.crm)
            .and_then(|(rule, crm)| crm.fields.get(&rule.mapping.crm));
        Self {
            name,
            now,
            rule,
            link: subject.link,
            crm,
            compared_in: rule.map_or(ours, |rule| &rule.crm_type),
            ours,
            gone: subject.crm.is_some_and(|crm| crm.deleted),
            typed: subject.typed_since(name),
            archived: subject.archived.is_some(),
        }
    }

    fn decide(&self, steps: &[Step<'_>], undone: &mut Vec<LogId>) -> Verdict {
        if self.archived {
            return Verdict::Kept(Kept::Archived);
        }
        let held = |link: &RecordLink| link.held_fields.contains_key(self.name);
        if self.link.is_some_and(held) {
            return Verdict::Kept(Kept::Held);
        }
        let moved = |step: &&Step<'_>| !self.same(&step.change.before, &step.change.after);
        let moved: Vec<&Step<'_>> = steps.iter().filter(moved).collect();
        let Some(newest) = moved.first() else {
            return Verdict::Cannot(Cannot::NothingMoved);
        };
        let reach = self.reach();
        if let (Side::Crm, Err(why)) = (newest.side, &reach) {
            return Verdict::Cannot(why.clone());
        }
        if newest.side == Side::Crm && self.elsewhere(newest.change) {
            return Verdict::Cannot(Cannot::NotMapped);
        }
        let typed = self.typed.then_some(Kept::WorkspaceChanged);
        if let Some(kept) = self.moved_on(&moved, reach.is_ok()).or(typed) {
            return Verdict::Kept(kept);
        }
        let goal = self.walk(&moved, reach.is_ok(), undone);
        let mut taken_back = moved.iter().take(undone.len());
        let touches_crm = taken_back.any(|step| step.side == Side::Crm);
        self.restore(goal, reach.is_ok(), touches_crm)
    }

    /// Whether another value than the one that was left stands on a side that the undo would change.
    fn moved_on(&self, moved: &[&Step<'_>], outbound: bool) -> Option<Kept> {
        let (newest, oldest) = (moved.first()?.change, moved.last()?.change);
        if self.same(self.now, &newest.after) {
            let stands = self.crm_stands(&newest.after)
                || self.elsewhere(newest) && self.crm_stands(&oldest.before);
            return (outbound && !stands).then_some(Kept::CrmChanged);
        }
        let back = [newest, oldest].map(|change| self.same(self.now, &change.before));
        Some(if back.contains(&true) {
            Kept::AlreadySo
        } else {
            Kept::WorkspaceChanged
        })
    }

    /// From the value that stands back to the one before the oldest change that can be undone.
    ///
    /// An edit of the workspace may be told twice: where it was made (an undo, a decision about a
    /// conflict), and where it was carried out to the CRM. The two are one change.
    fn walk<'v>(
        &'v self,
        steps: &[&'v Step<'v>],
        outbound: bool,
        undone: &mut Vec<LogId>,
    ) -> &'v Value {
        let mut stands = self.now;
        let mut carried: Option<&Value> = None;
        for step in steps {
            let change = step.change;
            let told_twice = step.side == Side::Workspace
                && carried.is_some_and(|value| self.same(value, &change.after));
            let out_of_reach = step.side == Side::Crm && (!outbound || self.elsewhere(change));
            if out_of_reach || !(told_twice || self.same(stands, &change.after)) {
                break;
            }
            carried = (step.side == Side::Crm).then_some(&change.after);
            stands = &change.before;
            undone.push(step.entry);
        }
        stands
    }

    fn restore(&self, goal: &Value, outbound: bool, touches_crm: bool) -> Verdict {
        if self.same(goal, self.now) {
            return Verdict::Kept(Kept::AlreadySo);
        }
        let never = |rule: &FieldRule| rule.mapping.blank_never_erases;
        let blank = canonical(goal, self.compared_in).is_ok_and(|value| value.is_null());
        let stays = blank && self.rule.is_some_and(never);
        if stays && touches_crm {
            return Verdict::Cannot(Cannot::BlankStays);
        }
        match canonical(goal, self.ours) {
            Ok(value) => Verdict::Restore {
                to_crm: outbound && !stays && !self.crm.is_some_and(|crm| self.crm_is(crm, &value)),
                value,
            },
            Err(misfit) => Verdict::Cannot(Cannot::Misfit(misfit.reason)),
        }
    }

    /// Whether the field is mapped to another CRM field by now: the one that is mapped now was never touched by the
    /// change, and the one that was can't be reached.
    fn elsewhere(&self, change: &FieldChange) -> bool {
        self.rule.is_some_and(|rule| rule.mapping.crm != change.crm)
    }

    /// Whether an edit of the workspace goes out to the CRM.
    fn reach(&self) -> Result<(), Cannot> {
        let linked = |link: &&RecordLink| link.state == LinkState::Active && link.crm.is_some();
        if self.gone || self.link.filter(linked).is_none() {
            return Err(Cannot::NotLinked);
        }
        let rule = self.rule.ok_or(Cannot::NotMapped)?;
        match (rule.mapping.direction.outbound(), rule.updateable) {
            (false, _) => Err(Cannot::InboundOnly),
            (true, false) => Err(Cannot::NotWritable),
            (true, true) => Ok(()),
        }
    }

    /// Whether nobody changed the CRM's value: it is what the entry left, or what both agreed on (then
    /// our write is still on its way).
    fn crm_stands(&self, left: &Value) -> bool {
        let base = self.link.and_then(|link| link.base.get(self.name));
        self.crm.is_none_or(|crm| {
            self.crm_is(crm, left) || base.is_some_and(|base| self.same(crm, &base.crm))
        })
    }

    /// Whether the CRM's value is what the workspace holds or would hold.
    fn crm_is(&self, crm: &Value, ours: &Value) -> bool {
        self.rule
            .map_or_else(|| self.same(crm, ours), |rule| rule.agree(crm, ours))
    }

    fn same(&self, a: &Value, b: &Value) -> bool {
        same(a, b, self.compared_in)
    }
}
