//! What the first run would do, seen before it is allowed to.
//!
//! A rehearsal makes the real steps over a copy of everything: what the CRM shows is read and staged, every link is
//! decided. Nothing is sent, and the copy is thrown away. What became of the links is added up here: which records met and
//! by which key, which would be made and where, which values would change on which side.
//!
//! It is the only first run that there is, so it foretells the real one as far as nothing changes in between. What the
//! CRM refuses only when it is asked (a validation rule, a duplicate rule) it can't know.

use crate::connector::WriteOp;
use crate::ids::{CrmId, CrmObject, RecordId};
use crate::link::LinkState;
use crate::mapping::PairRules;
use crate::matching::{keys, keys_of_crm};
use crate::reconcile::{Input, reconcile};
use crate::record::{CrmRecord, WorkspaceRecord};
use crate::settings::{Guards, TeamRules};
use crate::store::LinkWork;
use crate::sync_log::named;
use crate::value::Value;
use crate::workspace::Kind;
use crate::write::WriteDraft;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Examples that are kept of each act and object.
pub const EXAMPLES_MAX: usize = 5;
/// Values that one example shows.
const CHANGES_MAX: usize = 5;
/// Characters of a text that an example shows.
const TEXT_CHARS_MAX: usize = 200;

named! {
    /// What would happen to a record.
    Act {
        /// It would be linked to the record of the other side that carries its match key.
        Link = "link", "Linked by a match key";
        /// Several workspace records carry its match key: a person chooses.
        Choose = "choose", "Several match";
        /// It would be made in the workspace.
        MakeHere = "make_here", "Made in the workspace";
        /// It would be created in the CRM.
        MakeThere = "make_there", "Created in the CRM";
        /// Values of it would change in the workspace.
        ChangeHere = "change_here", "Changed in the workspace";
        /// Values of it would change in the CRM.
        ChangeThere = "change_there", "Changed in the CRM";
        /// Both sides hold different values, and the mapping asks a person.
        Hold = "hold", "A person decides";
        /// A value does not fit into its CRM field and would be set aside.
        Refuse = "refuse", "Values do not fit";
    }
}

/// A value that would change.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Change {
    /// The workspace field.
    pub field: String,
    /// What stands there now.
    pub before: Value,
    /// What would stand there.
    pub after: Value,
}

/// One record to which something would happen.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Example {
    /// What.
    pub act: Act,
    /// What people call the record.
    pub name: String,
    /// The workspace record, where there is one already.
    pub record: Option<(Kind, RecordId)>,
    /// The CRM record, where there is one.
    pub crm_id: Option<CrmId>,
    /// The match key that links it: `email`, `domain` or `name`.
    pub key: Option<String>,
    /// Some of its values.
    pub changes: Vec<Change>,
}

/// What would happen to the records of one CRM object and their workspace records.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ObjectRehearsal {
    /// The object.
    pub object: CrmObject,
    /// What its records are here.
    pub kind: Kind,
    /// Records that the CRM showed.
    pub rows: u64,
    /// It showed all; otherwise the figures are of those that changed longest ago.
    pub complete: bool,
    /// Of them, those that nothing would happen to, because the mapping does not import.
    pub left_there: u64,
    /// Records by what would happen to them; one may stand in several.
    pub acts: BTreeMap<Act, u64>,
    /// Linked records by match key.
    pub keys: BTreeMap<String, u64>,
    /// Values that would change in the workspace, of records that are there already.
    pub values_here: u64,
    /// Values that would change in the CRM, of records that are there already.
    pub values_there: u64,
    /// The first records of each act.
    pub examples: Vec<Example>,
}

/// What a rehearsal found.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Rehearsal {
    /// When it ended, by our clock.
    pub at: Option<Timestamp>,
    /// API calls that it cost.
    pub calls: u32,
    /// Object by object, parents before children.
    pub objects: Vec<ObjectRehearsal>,
}

/// One link as it stands after the rehearsal, and what its record was before.
#[derive(Clone, Copy, Debug)]
pub struct Rehearsed<'a> {
    /// The link and its sides afterwards.
    pub work: &'a LinkWork,
    /// The workspace record as it is really; `None` where the rehearsal made it.
    pub before: Option<&'a WorkspaceRecord>,
    /// The same record afterwards, its references as stored.
    pub after: Option<&'a WorkspaceRecord>,
    /// Both sides were linked before.
    pub was_linked: bool,
}

impl ObjectRehearsal {
    /// Nothing added up yet.
    pub fn new(pair: &PairRules) -> Self {
        Self {
            object: pair.object.clone(),
            kind: pair.kind,
            rows: 0,
            complete: false,
            left_there: 0,
            acts: BTreeMap::new(),
            keys: BTreeMap::new(),
            values_here: 0,
            values_there: 0,
            examples: Vec::new(),
        }
    }

    /// Records of an act.
    pub fn count(&self, act: Act) -> u64 {
        self.acts.get(&act).copied().unwrap_or_default()
    }

    /// Adds up one link of this object.
    pub fn add(&mut self, rules: &TeamRules, link: Rehearsed<'_>, now: Timestamp) {
        let work = link.work;
        let Some(input) = Input::of(rules, work, now, Guards::ALL) else {
            return;
        };
        match (work.link.state, &work.crm, &work.workspace) {
            (LinkState::Unlinked, ..) => return,
            (LinkState::Ambiguous, ..) => self.note(Act::Choose, link, None, Vec::new()),
            (LinkState::Active, Some(_), Some(_)) if link.before.is_none() => {
                self.note(Act::MakeHere, link, None, Vec::new());
            }
            (LinkState::Active, Some(crm), Some(_)) => self.add_met(input.rules, link, crm),
            _ => {}
        }
        let decision = reconcile(&input);
        let decided = &decision.link;
        if !decided.held_fields.is_empty() {
            self.note(Act::Hold, link, None, Vec::new());
        }
        if !decided.parked_fields.is_empty() || decided.parked.is_some() {
            self.note(Act::Refuse, link, None, Vec::new());
        }
        if let Some(write) = decision.write {
            self.add_write(write, link);
        }
    }

    /// A record that both sides have.
    fn add_met(&mut self, pair: &PairRules, link: Rehearsed<'_>, crm: &CrmRecord) {
        if !link.was_linked {
            let key = link.before.and_then(|ours| shared_key(pair, ours, crm));
            let name = key.clone().unwrap_or_else(|| "CRM id".to_owned());
            *self.keys.entry(name).or_default() += 1;
            self.note(Act::Link, link, key, Vec::new());
        }
        let changes = link
            .before
            .zip(link.after)
            .map_or_else(Vec::new, |(before, after)| changed(before, after));
        if !changes.is_empty() {
            self.values_here += changes.len() as u64;
            self.note(Act::ChangeHere, link, None, changes);
        }
    }

    /// What would be sent to the CRM.
    fn add_write(&mut self, write: WriteDraft, link: Rehearsed<'_>) {
        match write.op {
            WriteOp::Create { .. } => self.note(Act::MakeThere, link, None, Vec::new()),
            WriteOp::Update { .. } => {
                let sent = write.fields.into_iter().map(|field| Change {
                    field: field.workspace,
                    before: field.expected,
                    after: field.value,
                });
                let changes: Vec<Change> = sent.collect();
                self.values_there += changes.len() as u64;
                self.note(Act::ChangeThere, link, None, changes);
            }
        }
    }

    fn note(
        &mut self,
        act: Act,
        link: Rehearsed<'_>,
        key: Option<String>,
        mut changes: Vec<Change>,
    ) {
        *self.acts.entry(act).or_default() += 1;
        if self.examples.iter().filter(|one| one.act == act).count() >= EXAMPLES_MAX {
            return;
        }
        let crm_id = link.work.link.crm.clone();
        let ours = link.before.or(link.work.workspace.as_ref());
        let name = ours.map(WorkspaceRecord::display_name);
        let theirs = || crm_id.as_ref().map(ToString::to_string);
        changes.truncate(CHANGES_MAX);
        for change in &mut changes {
            cut(&mut change.before);
            cut(&mut change.after);
        }
        self.examples.push(Example {
            act,
            name: name.or_else(theirs).unwrap_or_default(),
            record: link.before.map(|ours| (ours.kind, ours.id)),
            crm_id,
            key,
            changes,
        });
    }
}

/// The strongest match key that both carry, by its name.
fn shared_key(pair: &PairRules, ours: &WorkspaceRecord, crm: &CrmRecord) -> Option<String> {
    let theirs = keys_of_crm(pair, &crm.fields);
    let mut of_ours = keys(ours.kind, &ours.fields).into_iter();
    let key = of_ours.find(|key| theirs.contains(key))?;
    Some(key.split(':').next().unwrap_or_default().to_owned())
}

/// Fields that hold another value than before, by name.
fn changed(before: &WorkspaceRecord, after: &WorkspaceRecord) -> Vec<Change> {
    let value = |record: &WorkspaceRecord, field: &str| {
        record.fields.get(field).cloned().unwrap_or_default()
    };
    let mut fields: Vec<&String> = before.fields.keys().chain(after.fields.keys()).collect();
    fields.sort();
    fields.dedup();
    let changes = fields.into_iter().map(|field| Change {
        field: field.clone(),
        before: value(before, field),
        after: value(after, field),
    });
    changes.filter(|one| one.before != one.after).collect()
}

fn cut(value: &mut Value) {
    if let Value::Text(text) = value
        && let Some((at, _)) = text.char_indices().nth(TEXT_CHARS_MAX)
    {
        text.truncate(at);
        text.push('…');
    }
}
