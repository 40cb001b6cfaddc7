//! A tiny two-sided world: one link between a workspace record and a CRM that rounds, cuts, rewrites
//! and refuses what it is given. It carries decisions and settlements out the way a store does, so
//! that properties can be said about whole histories.

use crate::fixture::{at, lead, link, person};
use tandem_core::connector::{Failure, ProbeAnswer, WriteOp, WriteOutcome};
use tandem_core::error::ErrorClass;
use tandem_core::ids::IntentId;
use tandem_core::link::{Agreed, Lane, RecordLink};
use tandem_core::mapping::{FieldRule, PairRules};
use tandem_core::reconcile::{Decision, Input, Kin, RecordChange, reconcile};
use tandem_core::record::{CrmRecord, Look, WorkspaceRecord};
use tandem_core::settings::{Guards, SyncSettings};
use tandem_core::settle::Settling;
use tandem_core::sync_log::{FieldChange, LogDraft};
use tandem_core::value::{Fields, Value, canonical, same};
use tandem_core::write::{IntentNext, IntentState, Settlement, WriteIntent};

/// What the CRM does to a text beside trimming it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Quirk {
    /// Nothing.
    Faithful,
    /// Cuts it to three characters.
    Cuts,
    /// An automation writes it in capitals.
    Capitals,
}

/// How sending ends.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Fate {
    /// The answer arrives.
    Answered,
    /// It is done and the answer is lost.
    DoneButLost,
    /// It never arrives, and nobody knows.
    Lost,
}

/// One thing that happens; fields by their position in the rules.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Event {
    /// Somebody types in the CRM.
    CrmEdit(usize, Value),
    /// Somebody types in the workspace.
    WorkspaceEdit(usize, Value),
    /// The CRM takes away or gives back the right to write a field.
    Refuse(usize, bool),
    /// A person settles a held field for the CRM's value, or else the workspace's.
    Decide(usize, bool),
    /// A person wants what was parked tried again.
    Retry,
    /// The CRM is read.
    Pull,
    /// The link is decided.
    Reconcile,
    /// The intent is sent.
    Write(Fate),
    /// A lost answer is looked for.
    Resolve,
}

/// Both sides, their link, and everything that was told.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct World {
    pub(crate) rules: PairRules,
    pub(crate) link: RecordLink,
    /// The record as it really is in the CRM.
    pub(crate) crm: Option<CrmRecord>,
    /// As last read.
    pub(crate) mirror: Option<CrmRecord>,
    pub(crate) workspace: WorkspaceRecord,
    pub(crate) intent: Option<WriteIntent>,
    pub(crate) log: Vec<LogDraft>,
    /// The last value that a person typed on a side: by side and field.
    pub(crate) typed: Vec<(Side, usize, Value)>,
    /// Writes are made on condition that nobody changed the record; large batches are not.
    pub(crate) conditional: bool,
    quirks: Vec<Quirk>,
    refusing: Vec<bool>,
    now: i64,
}

/// Where something was typed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Side {
    Crm,
    Workspace,
}

impl World {
    /// Blank records on both sides, linked and never agreed; or only a person, to be created.
    pub(crate) fn new(rules: PairRules, quirks: Vec<Quirk>, linked: bool) -> Self {
        let mut link = link();
        if !linked {
            link.crm = None;
        }
        let mut world = Self {
            refusing: vec![false; rules.fields.len()],
            rules,
            link,
            crm: None,
            mirror: None,
            workspace: person(Fields::new()),
            intent: None,
            log: Vec::new(),
            typed: Vec::new(),
            conditional: false,
            quirks,
            now: 100,
        };
        if linked {
            world.crm = Some(world.blank());
            world.mirror = world.crm.clone();
        }
        world
    }

    /// A record of the CRM as it is born: every field is there, checkboxes are false.
    fn blank(&self) -> CrmRecord {
        let empty = |rule: &FieldRule| {
            let value = canonical(&Value::Null, &rule.crm_type).unwrap_or_default();
            (rule.mapping.crm.clone(), value)
        };
        lead(self.rules.fields.iter().map(empty).collect())
    }

    /// Lets one thing happen. What can't happen now does not.
    pub(crate) fn happen(&mut self, event: &Event) {
        self.now += 1;
        match event {
            Event::CrmEdit(field, value) => self.crm_edit(*field, value),
            Event::WorkspaceEdit(field, value) => self.workspace_edit(*field, value.clone()),
            Event::Refuse(field, refuses) => self.refusing[*field] = *refuses,
            Event::Decide(field, for_crm) => self.decide(*field, *for_crm),
            Event::Retry => {
                self.link.parked = None;
                self.link.parked_fields.clear();
            }
            Event::Pull => self.pull(),
            Event::Reconcile => self.reconcile(),
            Event::Write(fate) => self.write(*fate),
            Event::Resolve => self.resolve(),
        }
    }

    /// Nobody types any more: every step runs, over and over, until nothing changes.
    ///
    /// # Panics
    /// When it does not come to rest.
    pub(crate) fn come_to_rest(&mut self) {
        for _ in 0..12 {
            let before = self.clone();
            for event in [
                Event::Resolve,
                Event::Pull,
                Event::Reconcile,
                Event::Write(Fate::Answered),
            ] {
                self.happen(&event);
            }
            self.now = before.now;
            if *self == before {
                return;
            }
            self.now += 10;
        }
        panic!("no rest after 12 rounds");
    }

    fn crm_edit(&mut self, field: usize, value: &Value) {
        let stored = self.stored(field, value);
        let name = self.rules.fields[field].mapping.crm.clone();
        let Some(crm) = &mut self.crm else { return };
        if crm.fields.insert(name, stored.clone()) != Some(stored.clone()) {
            crm.modified_at = at(self.now);
            crm.revision.order = self.now;
            self.note_typed(Side::Crm, field, stored);
        }
    }

    fn workspace_edit(&mut self, field: usize, value: Value) {
        let name = self.rules.fields[field].mapping.workspace.clone();
        self.link.parked = None;
        self.link.parked_fields.remove(&name);
        self.set_ours(name, value.clone());
        self.note_typed(Side::Workspace, field, value);
    }

    fn set_ours(&mut self, name: String, value: Value) {
        let mut typed = person([(name.clone(), value)].into());
        if let Some(provenance) = typed.provenance.get_mut(&name) {
            provenance.at = at(self.now);
        }
        self.workspace.fields.extend(typed.fields);
        self.workspace.provenance.extend(typed.provenance);
    }

    fn note_typed(&mut self, side: Side, field: usize, value: Value) {
        self.forget_typed(side, field);
        self.typed.push((side, field, value));
    }

    fn forget_typed(&mut self, side: Side, field: usize) {
        self.typed
            .retain(|(where_, which, _)| (*where_, *which) != (side, field));
    }

    /// What the CRM makes of a value; nothing of one that its type can't hold.
    pub(crate) fn stored(&self, field: usize, value: &Value) -> Value {
        let ty = &self.rules.fields[field].crm_type;
        let value = canonical(value, ty).unwrap_or_default();
        match (self.quirks[field], value) {
            (Quirk::Cuts, Value::Text(text)) => {
                let cut: String = text.chars().take(3).collect();
                Value::text(cut.trim_end())
            }
            (Quirk::Capitals, Value::Text(text)) => Value::text(text.to_uppercase()),
            (_, value) => value,
        }
    }

    fn decide(&mut self, field: usize, for_crm: bool) {
        let name = self.rules.fields[field].mapping.workspace.clone();
        let Some(held) = self.link.held_fields.remove(&name) else {
            return;
        };
        let agreed = Agreed {
            crm: held.crm.clone(),
            workspace: held.crm.clone(),
        };
        self.link.base.insert(name.clone(), agreed);
        let chosen = if for_crm { held.crm } else { held.workspace };
        // The person saw both values: what is given up here is not lost.
        self.forget_typed(Side::Workspace, field);
        self.forget_typed(Side::Crm, field);
        self.set_ours(name, chosen);
    }

    fn pull(&mut self) {
        let stamp = |record: &CrmRecord| (record.revision.clone(), record.fields.clone());
        if self.mirror.as_ref().map(stamp) != self.crm.as_ref().map(stamp) {
            self.mirror = self.seen();
            self.link.parked = None;
        }
    }

    /// The record as it is read now.
    fn seen(&self) -> Option<CrmRecord> {
        let mut record = self.crm.clone()?;
        record.observed_at = at(self.now);
        Some(record)
    }

    /// The decision about the link as it stands.
    pub(crate) fn decision(&self) -> Decision {
        reconcile(&Input {
            rules: &self.rules,
            link: &self.link,
            crm: self.mirror.as_ref().filter(|_| self.link.crm.is_some()),
            workspace: Some(&self.workspace),
            candidates: &[],
            kin: &Kin::default(),
            heir_rules: None,
            settings: &SyncSettings::default(),
            key_prefix: "team",
            now: at(self.now),
            guards: Guards::ALL,
        })
    }

    fn reconcile(&mut self) {
        let doubtful = |intent: &WriteIntent| intent.state != IntentState::Pending;
        if self.intent.as_ref().is_some_and(doubtful) {
            return;
        }
        let decision = self.decision();
        if let RecordChange::Patch(patch) = decision.record {
            for (name, value) in patch {
                self.set_ours(name, value);
            }
        }
        let outcome = decision.link;
        self.link.state = outcome.state;
        self.link.base = outcome.base;
        self.link.revision = outcome.revision;
        self.link.parked_fields = outcome.parked_fields;
        self.link.held_fields = outcome.held_fields;
        self.link.put_back = outcome.put_back;
        self.link.parked = outcome.parked;
        self.log.extend(decision.log);
        self.intent = decision.write.map(|draft| WriteIntent {
            id: IntentId(1),
            link: self.link.id,
            kind: self.link.kind,
            record: self.workspace.id,
            object: self.link.object.clone(),
            draft,
            lane: Lane::Live,
            state: IntentState::Pending,
            attempts: 0,
            refusals: 0,
            sent_at: None,
            last_sent_at: None,
        });
    }

    fn write(&mut self, fate: Fate) {
        let sendable = |intent: &WriteIntent| intent.state == IntentState::Pending;
        let Some(mut intent) = self.intent.clone().filter(sendable) else {
            return;
        };
        intent.state = IntentState::Sending;
        intent.sent_at.get_or_insert(at(self.now));
        intent.last_sent_at = Some(at(self.now));
        self.intent = Some(intent.clone());
        let outcome = match fate {
            Fate::Lost => WriteOutcome::Unknown,
            Fate::Answered => self.carry_out(&intent),
            Fate::DoneButLost => {
                let outcome = self.carry_out(&intent);
                self.forget_what_nobody_will_see(&intent, &outcome);
                WriteOutcome::Unknown
            }
        };
        let settlement = self.settling(&intent).answered(&outcome);
        self.settle(settlement);
    }

    /// The CRM's side of a write.
    fn carry_out(&mut self, intent: &WriteIntent) -> WriteOutcome {
        let since = intent.draft.unmodified_since.filter(|_| self.conditional);
        let modified = self.crm.as_ref().map(|crm| crm.modified_at);
        if since.is_some() && since < modified {
            return WriteOutcome::Stale {
                current: self.seen(),
            };
        }
        let payload: Vec<_> = (0..self.rules.fields.len())
            .filter_map(|field| {
                let name = self.rules.fields[field].mapping.crm.clone();
                let value = intent.payload().remove(&name)?;
                Some((field, name, value))
            })
            .collect();
        let refused = payload.iter().filter(|(field, ..)| self.refusing[*field]);
        let failures: Vec<_> = refused.map(|(_, name, _)| not_writable(name)).collect();
        if !failures.is_empty() {
            return WriteOutcome::Rejected(failures);
        }
        let creates = matches!(intent.draft.op, WriteOp::Create { .. });
        if creates && self.crm.is_some() {
            let twice = Failure::new(ErrorClass::DuplicateKey, "there is one with this key");
            return WriteOutcome::Rejected(vec![twice]);
        }
        let before = self.crm.clone();
        let mut after = before.clone().unwrap_or_else(|| self.blank());
        for (field, name, value) in payload {
            after.fields.insert(name, self.stored(field, &value));
        }
        after.modified_at = at(self.now);
        after.revision.order = self.now;
        after.observed_at = at(self.now);
        self.crm = Some(after.clone());
        WriteOutcome::Applied {
            id: after.id.clone(),
            before,
            after: Some(after),
        }
    }

    /// An unconditional write whose answer is lost may cover an edit that came after the last read.
    /// Nobody can see that edit again, and no engine can tell it.
    fn forget_what_nobody_will_see(&mut self, intent: &WriteIntent, outcome: &WriteOutcome) {
        let WriteOutcome::Applied {
            before: Some(before),
            ..
        } = outcome
        else {
            return;
        };
        for sent in &intent.draft.fields {
            let place = |rule: &FieldRule| rule.mapping.crm == sent.crm;
            let Some(field) = self.rules.fields.iter().position(place) else {
                continue;
            };
            let ty = &self.rules.fields[field].crm_type;
            let there = before.fields.get(&sent.crm);
            if there.is_some_and(|there| !same(there, &sent.expected, ty)) {
                self.forget_typed(Side::Crm, field);
            }
        }
    }

    fn resolve(&mut self) {
        let doubtful = |intent: &WriteIntent| intent.state == IntentState::Doubtful;
        let Some(intent) = self.intent.clone().filter(doubtful) else {
            return;
        };
        let settling = self.settling(&intent);
        let settlement = match (&intent.draft.op, &self.crm) {
            (WriteOp::Update { .. }, record) => settling.read(record.as_ref()),
            (_, Some(record)) => settling.probed(&ProbeAnswer::Found(record.clone())),
            (_, None) => settling.probed(&ProbeAnswer::Absent),
        };
        self.settle(settlement);
    }

    fn settling<'a>(&'a self, intent: &'a WriteIntent) -> Settling<'a> {
        Settling {
            intent,
            epoch: 1,
            rules: &self.rules,
            now: at(self.now),
            look: Look::default(),
            jitter: 0.5,
            calls_hundredths: 0,
            create_horizon_seconds: 0,
            guards: Guards::ALL,
        }
    }

    fn settle(&mut self, settlement: Settlement) {
        let patch = settlement.link;
        let link = &mut self.link;
        link.crm = patch.crm.or(link.crm.take());
        link.revision = patch.revision.or(link.revision.take());
        link.base.extend(patch.agreed);
        link.parked_fields.extend(patch.park);
        link.put_back.extend(patch.put_back);
        for field in &patch.returned {
            link.put_back.remove(field);
        }
        link.parked = patch.parked.or(link.parked.take());
        self.mirror = settlement.mirror.or(self.mirror.take());
        self.log.extend(settlement.log);
        let state = match settlement.next {
            IntentNext::Done { .. } => {
                self.intent = None;
                return;
            }
            IntentNext::Retry(_) => IntentState::Pending,
            IntentNext::Resolve(_) => IntentState::Doubtful,
        };
        if let Some(intent) = &mut self.intent {
            intent.state = state;
            intent.attempts += 1;
            intent.refusals += u32::from(settlement.refused);
        }
    }

    /// Both values of a field, as they really are.
    pub(crate) fn both(&self, rule: &FieldRule) -> (Value, Value) {
        let crm = self
            .crm
            .as_ref()
            .and_then(|crm| crm.fields.get(&rule.mapping.crm));
        let ours = self.workspace.fields.get(&rule.mapping.workspace);
        (
            crm.cloned().unwrap_or_default(),
            ours.cloned().unwrap_or_default(),
        )
    }

    /// Everything that the log tells about a field.
    pub(crate) fn told<'a>(&'a self, rule: &'a FieldRule) -> impl Iterator<Item = &'a FieldChange> {
        self.log
            .iter()
            .flat_map(|entry| &entry.changes)
            .filter(|change| change.workspace == rule.mapping.workspace)
    }
}

fn not_writable(field: &str) -> Failure {
    let mut failure = Failure::new(ErrorClass::FieldNotWritable, "you may not");
    failure.fields = vec![field.to_owned()];
    failure
}
