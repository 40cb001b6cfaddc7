//! Do both sides agree, and if not, where exactly and why?
//!
//! Two records agree when a reconcile of their link would find nothing left to do. So a link is judged by
//! asking [`reconcile`] what it would still move, without carrying anything out: every field is then the
//! same on both sides, different because a rule says so, on its way, waiting for a person, refused by the
//! CRM, or, what must never be, different without any of these ([`Standing::Unexplained`]).
//!
//! It judges what the store knows: the CRM as it was last read. Whether that is all that the CRM has is the
//! business of reading.

use crate::ids::{CrmId, CrmObject, LinkId, RecordId};
use crate::link::LinkState;
use crate::reconcile::{Decision, Input, RecordChange, reconcile};
use crate::settings::{Guards, TeamRules};
use crate::store::LinkWork;
use crate::value::Value;
use crate::workspace::Kind;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Differences that are kept by name, of each standing.
pub const NAMED_MAX: usize = 100;

/// How one field of a linked pair stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Both sides hold the same.
    Same,
    /// They differ, and the mapping says so: a one-way field, a blank that never erases, a field that the
    /// connected user can't see.
    ByRule,
    /// It is on its way: a decision or a write is waiting.
    Waiting,
    /// A person decides.
    Held,
    /// The CRM refused it; it is set aside with its cause.
    Refused,
    /// It would have to move, and nothing is on its way.
    Unexplained,
}

impl Standing {
    /// Every standing, from rest to alarm.
    pub const ALL: [Self; 6] = [
        Self::Same,
        Self::ByRule,
        Self::Waiting,
        Self::Held,
        Self::Refused,
        Self::Unexplained,
    ];

    /// The stable name: it stands in the API and in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::ByRule => "by_rule",
            Self::Waiting => "waiting",
            Self::Held => "held",
            Self::Refused => "refused",
            Self::Unexplained => "unexplained",
        }
    }

    /// What people read.
    pub fn label(self) -> &'static str {
        match self {
            Self::Same => "The same on both sides",
            Self::ByRule => "Different by a rule of the mapping",
            Self::Waiting => "On its way",
            Self::Held => "Waits for a person",
            Self::Refused => "Refused by the CRM",
            Self::Unexplained => "Different without a reason",
        }
    }

    /// Whether somebody who asks what differs wants to hear of it.
    fn is_named(self) -> bool {
        !matches!(self, Self::Same | Self::ByRule)
    }
}

/// A link with both sides, and whether it has anything to do.
#[derive(Clone, PartialEq, Debug)]
pub struct Pairing {
    /// The link and its sides. Candidates are not looked at.
    pub work: LinkWork,
    /// It is due, or a write of it is not finished.
    pub busy: bool,
}

/// One field that does not hold the same on both sides, or a record that only one side has.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Difference {
    /// The link.
    pub link: LinkId,
    /// The workspace record.
    pub record: Option<(Kind, RecordId)>,
    /// Its name.
    pub name: String,
    /// The CRM object.
    pub object: CrmObject,
    /// The CRM record.
    pub crm_id: Option<CrmId>,
    /// The workspace field; `None`: the record as a whole is on one side only.
    pub field: Option<String>,
    /// What the CRM holds.
    pub crm: Value,
    /// What the workspace holds.
    pub workspace: Value,
    /// How it stands.
    pub standing: Standing,
}

/// What judging every link of a team found.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Agreement {
    /// When it was looked at, by our clock; `None` for a sum that nobody has dated yet.
    pub at: Option<Timestamp>,
    /// Pairs with both sides.
    pub pairs: u64,
    /// Pairs of which no field waits, is held, refused or unexplained.
    pub agreed: u64,
    /// Records that only one side has, though both should.
    pub one_sided: u64,
    /// Links that were taken apart; nothing moves there.
    pub unlinked: u64,
    /// Fields by how they stand.
    pub fields: BTreeMap<Standing, u64>,
    /// The first differences of each standing that is not at rest.
    pub named: Vec<Difference>,
}

impl Agreement {
    /// Fields of that standing.
    pub fn count(&self, standing: Standing) -> u64 {
        self.fields.get(&standing).copied().unwrap_or_default()
    }

    /// All fields that were looked at.
    pub fn compared(&self) -> u64 {
        self.fields.values().sum()
    }

    /// The links of which something is unexplained, as far as they are named.
    pub fn unexplained(&self) -> impl Iterator<Item = LinkId> {
        let named = self.named.iter();
        named
            .filter(|one| one.standing == Standing::Unexplained)
            .map(|one| one.link)
    }

    /// Judges one link and adds it up. A link whose object is not mapped is nobody's business.
    pub fn add(&mut self, rules: &TeamRules, pairing: &Pairing, now: Timestamp) {
        let work = &pairing.work;
        let Some(input) = Input::of(rules, work, now, Guards::ALL) else {
            return;
        };
        if work.link.state == LinkState::Unlinked {
            self.unlinked += 1;
            return;
        }
        let judge = Judge {
            input: &input,
            decision: reconcile(&input),
            busy: pairing.busy,
        };
        match (&work.crm, &work.workspace) {
            (Some(crm), Some(_)) if crm.lives() => self.add_pair(&judge),
            _ => self.add_half(&judge),
        }
    }

    fn add_pair(&mut self, judge: &Judge<'_>) {
        self.pairs += 1;
        let mut agreed = true;
        for at in 0..judge.input.rules.fields.len() {
            let difference = judge.field(at);
            *self.fields.entry(difference.standing).or_default() += 1;
            agreed &= !difference.standing.is_named();
            self.name(difference);
        }
        self.agreed += u64::from(agreed);
    }

    /// A record that one side lacks counts only where the rules want it on both.
    fn add_half(&mut self, judge: &Judge<'_>) {
        let Some(standing) = judge.half() else { return };
        self.one_sided += 1;
        self.name(judge.difference(None, Value::Null, Value::Null, standing));
    }

    fn name(&mut self, difference: Difference) {
        let like = |one: &&Difference| one.standing == difference.standing;
        if difference.standing.is_named() && self.named.iter().filter(like).count() < NAMED_MAX {
            self.named.push(difference);
        }
    }
}

/// One link, and what a reconcile of it would do.
struct Judge<'a> {
    input: &'a Input<'a>,
    decision: Decision,
    busy: bool,
}

impl Judge<'_> {
    /// How the field of one row of the mapping stands.
    fn field(&self, at: usize) -> Difference {
        let rule = &self.input.rules.fields[at];
        let name = &rule.mapping.workspace;
        let theirs = self
            .input
            .crm
            .and_then(|crm| crm.fields.get(&rule.mapping.crm));
        let ours = self.input.workspace.and_then(|ours| ours.fields.get(name));
        let (crm, workspace) = (
            theirs.cloned().unwrap_or_default(),
            ours.cloned().unwrap_or_default(),
        );
        let equal = rule.agree(&crm, &workspace);
        let standing = match equal {
            true => Standing::Same,
            false => self.differing(name),
        };
        self.difference(Some(name.clone()), crm, workspace, standing)
    }

    /// Why a field that differs does so.
    fn differing(&self, name: &str) -> Standing {
        let link = &self.decision.link;
        let moves = match &self.decision.record {
            RecordChange::Patch(patch) => patch.contains_key(name),
            _ => false,
        };
        let sent = self
            .decision
            .write
            .iter()
            .flat_map(|write| &write.fields)
            .any(|field| field.workspace == name);
        if link.held_fields.contains_key(name) || self.is_braked() {
            Standing::Held
        } else if link.parked_fields.contains_key(name) || link.parked.is_some() {
            Standing::Refused
        } else if moves || sent {
            self.on_its_way()
        } else if self.decision.again_at.is_some() {
            Standing::Waiting
        } else {
            Standing::ByRule
        }
    }

    /// How a record stands that only one side has; `None` where that is as it should be.
    fn half(&self) -> Option<Standing> {
        let link = self.input.link;
        if link.state == LinkState::Ambiguous {
            return Some(Standing::Held);
        }
        let parked = link.parked.is_some() || self.decision.link.parked.is_some();
        match (self.input.crm, self.input.workspace) {
            (Some(crm), Some(_)) if !crm.lives() => Some(self.on_its_way()),
            (_, Some(_)) if parked => Some(Standing::Refused),
            (None, Some(_)) if self.decision.write.is_some() => Some(self.on_its_way()),
            (None, Some(_)) if self.decision.again_at.is_some() => Some(Standing::Waiting),
            (Some(crm), None) if crm.lives() && self.input.rules.import => Some(self.on_its_way()),
            _ => None,
        }
    }

    /// A plan of the brake holds the whole record.
    fn is_braked(&self) -> bool {
        !self.input.link.plans.is_empty()
    }

    fn on_its_way(&self) -> Standing {
        match self.busy {
            true => Standing::Waiting,
            false if self.is_braked() => Standing::Held,
            false => Standing::Unexplained,
        }
    }

    fn difference(
        &self,
        field: Option<String>,
        crm: Value,
        workspace: Value,
        standing: Standing,
    ) -> Difference {
        let link = self.input.link;
        let theirs = || link.crm.as_ref().map(ToString::to_string);
        let name = match self.input.workspace {
            Some(ours) => ours.display_name(),
            None => theirs().unwrap_or_default(),
        };
        Difference {
            link: link.id,
            record: link.record.map(|record| (link.kind, record)),
            name,
            object: link.object.clone(),
            crm_id: link.crm.clone(),
            field,
            crm,
            workspace,
            standing,
        }
    }
}
