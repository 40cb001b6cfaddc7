//! A random walk: the same seeded story told to two stores must get the same answers.
//!
//! The cases say what must happen in situations that somebody thought of; the walk finds the others.
//! Workers claim, forget, come late and repeat themselves; records collide; decisions are made by
//! dice. Ids, versions and epochs are each store's own affair and are taken out of the transcript.

mod dice;
mod transcript;

use super::Subject;
use super::bench::{Bench, done, ended, more};
use super::samples::{KEY_FIELD, account_field, parked_field, parked_link, rules, user};
use super::samples::{at, create, crm, deleted, entry, fields, held_field, keep, object, update};
use dice::Dice;
use std::sync::Arc;
use tandem_core::budget::Spent;
use tandem_core::connector::{OrgUsage, WriteOp};
use tandem_core::ids::{CrmId, LinkId, RecordId, ReservationId};
use tandem_core::link::{Agreed, Lane, LinkState};
use tandem_core::reconcile::{Decision, RecordChange, external_key};
use tandem_core::record::Look;
use tandem_core::store::{
    Claim, ClaimedIntent, DecisionCommit, HoldResolution, LinkWork, StagePage, WorkspaceEdit,
};
use tandem_core::value::Value;
use tandem_core::workspace::Kind;
use tandem_core::write::{IntentNext, Settlement};
use transcript::Transcript;

const OBJECTS: [(Kind, &str); 4] = [
    (Kind::Account, "Account"),
    (Kind::Person, "Lead"),
    (Kind::Person, "Contact"),
    (Kind::Opportunity, "Opportunity"),
];

/// Walks that many steps and returns what the store answered, line by line.
///
/// # Panics
/// When the store refuses a call that is in order.
pub fn run<S: Subject + 'static>(subject: S, seed: u64, steps: u32) -> Vec<String> {
    let mut lines = Vec::new();
    super::block_on(async {
        let mut walk = Walk::new(Bench::new(Arc::new(subject)).await, seed);
        for _ in 0..steps {
            walk.step().await;
        }
        walk.tell_everything().await;
        lines = walk.transcript.into_lines();
    });
    lines
}

struct Walk {
    b: Bench,
    dice: Dice,
    second: i64,
    transcript: Transcript,
    records: Vec<(Kind, RecordId)>,
    work: Vec<LinkWork>,
    sent: Vec<ClaimedIntent>,
    pages: Vec<StagePage>,
    reservations: Vec<ReservationId>,
    created: u32,
}

impl Walk {
    fn new(b: Bench, seed: u64) -> Self {
        Self {
            b,
            dice: Dice::new(seed),
            second: 0,
            transcript: Transcript::default(),
            records: Vec::new(),
            work: Vec::new(),
            sent: Vec::new(),
            pages: Vec::new(),
            reservations: Vec::new(),
            created: 0,
        }
    }

    async fn step(&mut self) {
        self.second += self.dice.below(8);
        match self.dice.below(100) {
            0..20 => self.pull().await,
            20..35 => self.edit().await,
            35..45 => self.claim().await,
            45..65 => self.commit().await,
            65..75 => self.send().await,
            75..85 => self.settle().await,
            85..88 => self.doubt().await,
            88..90 => self.retry().await,
            90 => self.end_waits().await,
            91..94 => self.resolve().await,
            94..95 => self.publish().await,
            95..98 => self.spend().await,
            _ => self.look().await,
        }
    }

    fn name(&mut self) -> &'static str {
        self.dice.pick(&["", "Ada", "Bo", "Cy", "Dee"])
    }

    fn values(&mut self, kind: Kind, ours: bool) -> Vec<(&'static str, &'static str)> {
        let (name, mail, other) = (self.name(), self.name(), self.name());
        match (kind, ours) {
            (Kind::Person, true) => vec![("last_name", name), ("email", mail), ("phone", other)],
            (Kind::Person, false) => vec![("LastName", name), ("Email", mail), ("Phone", other)],
            (_, true) => vec![("name", name), ("website", mail), ("phone", other)],
            (_, false) => vec![("Name", name), ("Website", mail), ("Phone", other)],
        }
    }

    /// A page from where the object stands, or one that was delivered before.
    async fn pull(&mut self) {
        let again = self.dice.below(5) == 0;
        let page = match self.dice.pick_index(self.pages.len()) {
            Some(index) if again => self.pages[index].clone(),
            _ => self.new_page().await,
        };
        let report = self.b.stage(page.clone()).await;
        self.transcript.add("stage", &report);
        self.pages.push(page);
    }

    async fn new_page(&mut self) -> StagePage {
        let (kind, name) = self.dice.pick(&OBJECTS);
        let mut records = Vec::new();
        for _ in 0..1 + self.dice.below(3) {
            records.push(self.row(kind, name).await);
        }
        let mut page = self.b.page(self.second, name, records).await;
        page.import = self.dice.below(10) > 0;
        page.lane = self.dice.pick(&[Lane::Normal, Lane::Bulk]);
        page.next = match self.dice.below(4) {
            0 => more(&self.second.to_string()),
            _ => done(self.second - self.dice.below(5)),
        };
        page
    }

    async fn row(&mut self, kind: Kind, name: &str) -> tandem_core::record::CrmRecord {
        let id = format!("{name}-{}", self.dice.below(6));
        let values = self.values(kind, false);
        let mut record = crm(name, &id, self.second - self.dice.below(20), &values);
        let began = self.second - self.dice.below(10);
        record.observed_at = at(began);
        record.look = Look {
            began: ReservationId(began),
            ended: ReservationId(began + self.dice.below(3)),
        };
        if let (0, Some(index)) = (self.dice.below(4), self.dice.pick_late(self.records.len())) {
            let ours = self.records[index].1;
            let link = self.b.store().link_of(self.b.team, ours).await;
            let key = link.expect("link_of").map(|link| key_of(link.id));
            record
                .fields
                .extend(key.map(|key| (KEY_FIELD.into(), Value::text(key))));
        }
        if self.dice.below(12) == 0 {
            record = deleted(record);
        }
        record
    }

    async fn edit(&mut self) {
        let (kind, name) = self.dice.pick(&OBJECTS);
        let known = self.dice.pick_index(self.records.len());
        let (record, kind) = match known {
            Some(index) if self.dice.below(3) > 0 => {
                let (kind, id) = self.records[index];
                (Some(id), kind)
            }
            _ => (None, kind),
        };
        let mut patch = fields(&self.values(kind, true));
        let account = self
            .records
            .iter()
            .rev()
            .find(|(kind, _)| *kind == Kind::Account);
        if let (Kind::Opportunity, Some((_, account))) = (kind, account) {
            patch.extend(account_field(*account));
        }
        let edit = WorkspaceEdit {
            record,
            kind,
            patch,
            origin: user(),
            now: at(self.second),
            create_as: (record.is_none() && self.dice.below(2) == 0).then(|| object(name)),
        };
        let id = self.b.store().edit_record(self.b.team, edit).await;
        let id = id.expect("edit_record");
        self.transcript.add("edit", &id);
        self.learn(kind, id);
    }

    fn learn(&mut self, kind: Kind, id: RecordId) {
        if !self.records.contains(&(kind, id)) {
            self.records.push((kind, id));
        }
    }

    fn claim_now(&mut self) -> Claim {
        Claim {
            limit: 1 + usize::try_from(self.dice.below(4)).unwrap_or(0),
            lease_seconds: 20,
            ..self.b.claim_of("walker", self.second)
        }
    }

    async fn claim(&mut self) {
        let claim = self.claim_now();
        let work = self.b.store().claim_links(self.b.team, &claim).await;
        let work = work.expect("claim_links");
        self.transcript.add("claim", &work);
        for work in &work {
            if let Some(id) = work.link.record {
                self.learn(work.link.kind, id);
            }
        }
        self.work.extend(work);
    }

    /// Decides about something claimed, perhaps long ago, perhaps for the second time.
    async fn commit(&mut self) {
        let Some(index) = self.dice.pick_late(self.work.len()) else {
            return;
        };
        let work = self.work[index].clone();
        if self.dice.below(6) > 0 {
            self.work.remove(index);
        }
        let commit = DecisionCommit {
            link: work.link.id,
            version: work.link.version,
            decision: self.decide(&work),
            lane: work.lane,
            impacts: Default::default(),
        };
        let now = at(self.second);
        let report = self
            .b
            .store()
            .commit_decisions(self.b.team, vec![commit], now);
        let report = report.await.expect("commit_decisions");
        self.transcript.add("commit", &report);
    }

    fn decide(&mut self, work: &LinkWork) -> Decision {
        let mut decision = keep(&work.link);
        decision.log.push(entry("decided"));
        let first = work.candidates.iter().flatten().next();
        match (work.link.record, &work.link.crm) {
            (None, _) => {
                let values = self.values(work.link.kind, true);
                decision.record = match first {
                    Some(record) => RecordChange::Adopt(*record),
                    None => RecordChange::Create(fields(&values)),
                };
            }
            (Some(_), None) => {
                let key = key_of(work.link.id);
                decision.write = Some(create(Some(&key), "Phone", self.name()));
            }
            (Some(_), Some(crm)) => {
                let crm = crm.0.clone();
                self.merge(work, &crm, &mut decision);
            }
        }
        decision
    }

    fn merge(&mut self, work: &LinkWork, crm: &str, decision: &mut Decision) {
        let values = self.values(work.link.kind, true);
        match self.dice.below(8) {
            0 => decision.record = RecordChange::Patch(fields(&values)),
            1 => {
                let held = held_field(self.name(), self.name());
                decision.link.held_fields.insert("phone".into(), held);
            }
            2 => {
                let parked = parked_field(self.name());
                decision.link.parked_fields.insert("phone".into(), parked);
                decision.link.parked = Some(parked_link());
            }
            3 => decision.again_at = Some(at(self.second + self.dice.below(30))),
            4 if work.crm.as_ref().is_some_and(|crm| crm.deleted) => {
                decision.link.state = LinkState::Unlinked;
            }
            _ => {
                let mut draft = update(crm, "Phone", self.name());
                draft.lock_key = Some(format!("lock-{}", self.dice.below(2)));
                decision.write = Some(draft);
            }
        }
    }

    async fn send(&mut self) {
        let sendable = self.b.sendable(at(self.second)).await;
        self.transcript.add("sendable", &sendable);
        let Some((name, _)) = sendable.first() else {
            return;
        };
        let claim = self.claim_now();
        let object = object(name);
        let sent = self.b.store().claim_intents(self.b.team, &object, &claim);
        let sent = sent.await.expect("claim_intents");
        self.transcript.add("send", &sent);
        self.sent.extend(sent);
    }

    async fn doubt(&mut self) {
        let claim = self.claim_now();
        let doubtful = self.b.store().claim_doubtful(self.b.team, &claim).await;
        let doubtful = doubtful.expect("claim_doubtful");
        self.transcript.add("doubt", &doubtful);
        self.sent.extend(doubtful);
    }

    /// Settles something that was sent, perhaps given up since, perhaps for the second time.
    async fn settle(&mut self) {
        let Some(index) = self.dice.pick_late(self.sent.len()) else {
            return;
        };
        let claimed = self.sent[index].clone();
        if self.dice.below(4) > 0 {
            self.sent.remove(index);
        }
        let settlement = self.outcome(&claimed);
        let settled = self.b.settle(self.second, settlement).await;
        self.transcript.add("settle", &settled);
    }

    fn outcome(&mut self, claimed: &ClaimedIntent) -> Settlement {
        let later = at(self.second + self.dice.below(30));
        let next = match self.dice.below(6) {
            0 => IntentNext::Retry(later),
            1 => IntentNext::Resolve(later),
            2 => IntentNext::Done { recheck: false },
            _ => IntentNext::Done { recheck: true },
        };
        let finished = matches!(next, IntentNext::Done { .. });
        let mut settlement = ended(claimed.intent.id, claimed.epoch, next);
        settlement.log.push(entry("settled"));
        if finished {
            let id = self.written_id(claimed);
            let name = claimed.intent.object.0.clone();
            let values = self.values(claimed.intent.kind, false);
            let record = crm(&name, &id, self.second, &values);
            let value = Value::text(self.name());
            let agreed = Agreed {
                crm: value.clone(),
                workspace: value,
            };
            settlement.link.agreed.insert("phone".into(), agreed);
            settlement.link.crm = Some(CrmId::new(id));
            settlement.link.revision = Some(record.revision.clone());
            settlement.mirror = Some(record);
        }
        settlement
    }

    /// A create makes a new record, or turns out to be one that a pull may have seen.
    fn written_id(&mut self, claimed: &ClaimedIntent) -> String {
        match &claimed.intent.draft.op {
            WriteOp::Update { id } => id.0.clone(),
            WriteOp::Create { .. } if self.dice.below(2) == 0 => {
                format!("{}-{}", claimed.intent.object, self.dice.below(6))
            }
            WriteOp::Create { .. } => {
                self.created += 1;
                format!("new-{}", self.created)
            }
        }
    }

    async fn retry(&mut self) {
        let Some(index) = self.dice.pick_index(self.records.len()) else {
            return;
        };
        let link = self.b.find_link(self.records[index].1).await;
        let links: Vec<_> = link.iter().map(|link| link.id).collect();
        let retried = self
            .b
            .store()
            .retry_links(self.b.team, &links, at(self.second));
        let retried = retried.await.expect("retry_links");
        self.transcript.add("retry", &retried);
    }

    async fn resolve(&mut self) {
        for (_, record) in self.records.clone() {
            let Some(link) = self.b.find_link(record).await else {
                continue;
            };
            let Some((field, held)) = link.held_fields.first_key_value() else {
                continue;
            };
            let resolution = HoldResolution {
                link: link.id,
                field: field.clone(),
                value: Value::text(self.name()),
                seen_crm: held.crm.clone(),
                origin: user(),
                now: at(self.second),
            };
            let resolved = self.b.store().resolve_hold(self.b.team, resolution).await;
            resolved.expect("resolve_hold");
            self.transcript.add("resolve", &record);
            return;
        }
    }

    async fn end_waits(&mut self) {
        let ended = self.b.store().end_waits(self.b.team).await;
        ended.expect("end_waits");
        self.transcript.add("end waits", &());
    }

    async fn publish(&mut self) {
        let mut published = rules();
        for pair in &mut published.pairs {
            pair.version += u32::try_from(self.dice.below(3)).unwrap_or(0);
            pair.import = self.dice.below(4) > 0;
        }
        let put = self
            .b
            .store()
            .put_rules(self.b.team, published, at(self.second));
        put.await.expect("put_rules");
        self.transcript.add("publish", &());
    }

    async fn spend(&mut self) {
        let (store, team, now) = (self.b.store(), self.b.team, at(self.second));
        let lane = self.dice.pick(&[Lane::Live, Lane::Bulk]);
        let reserved = store.reserve_calls(team, 9, lane, now).await;
        let reserved = reserved.expect("reserve_calls");
        self.transcript.add("reserve", &reserved.is_ok());
        self.reservations.extend(reserved.ok());
        if let Some(index) = self.dice.pick_index(self.reservations.len()) {
            let id = self.reservations.remove(index);
            let usage = (self.dice.below(2) == 0).then(|| OrgUsage {
                used: self.dice.below(1000).unsigned_abs(),
                max: 1000,
            });
            let spent = Spent {
                calls: 3,
                lost: u32::from(self.dice.below(4) == 0),
                usage,
            };
            let spent = store.spend_calls(team, id, spent, now).await;
            spent.expect("spend_calls");
        }
        let question = store.reserve_question(team, now).await;
        let question = question.expect("reserve_question");
        self.transcript.add("question", &question.is_some());
        self.reservations.extend(question);
        let budget = store.budget(team, now).await.expect("budget");
        self.transcript.add("budget", &budget);
    }

    async fn look(&mut self) {
        let backlog = self.b.store().backlog(self.b.team, at(self.second)).await;
        self.transcript.add("backlog", &backlog.expect("backlog"));
    }

    /// Everything that can be seen from outside, at the end.
    async fn tell_everything(&mut self) {
        self.look().await;
        for (_, id) in self.records.clone() {
            let (record, link) = (self.b.record(id).await, self.b.find_link(id).await);
            self.transcript.add("record", &(record, link));
        }
        for (_, name) in OBJECTS {
            self.transcript
                .add("progress", &self.b.progress(name).await);
            for number in 0..6 {
                let id = format!("{name}-{number}");
                let mirrored = self.b.mirrored(name, &id).await;
                self.transcript.add("mirror", &mirrored);
            }
        }
        for told in self.b.log().await {
            self.transcript.add("log", &told);
        }
    }
}

/// Our key of a link's create.
fn key_of(link: LinkId) -> String {
    external_key("contract", link)
}
