//! What an outcome makes of an intent. Pure: every way a write can end becomes a [`Settlement`].

mod refused;

use crate::connector::{Failure, ProbeAnswer, WriteOp, WriteOutcome};
use crate::error::{Directive, ErrorClass};
use crate::ids::CrmId;
use crate::link::{Agreed, Doubted, PutBack};
use crate::mapping::{FieldRule, PairRules, Winner};
use crate::reconcile::is_conflict;
use crate::record::{CrmRecord, Look};
use crate::retry::next_attempt;
use crate::settings::Guards;
use crate::sync_log::{FieldChange, LogDraft, LogError, LogSource, LogStatus, LogType, Rule};
use crate::value::{Value, same};
use crate::write::{IntentField, IntentNext, IntentState, LinkPatch, Settlement, WriteIntent};
use jiff::{SignedDuration, Timestamp};

/// What the settling of one intent looks at, beside its outcome.
#[derive(Clone, Debug)]
pub struct Settling<'a> {
    /// The intent.
    pub intent: &'a WriteIntent,
    /// The epoch it was claimed with.
    pub epoch: i64,
    /// The rules of its pair.
    pub rules: &'a PairRules,
    /// Our clock, after the answer.
    pub now: Timestamp,
    /// The request as a look at the CRM.
    pub look: Look,
    /// In `0.0..1.0`, spreads the next try.
    pub jitter: f64,
    /// This intent's share of the calls spent, in hundredths.
    pub calls_hundredths: u32,
    /// How long after it was sent a create may still appear, in seconds.
    pub create_horizon_seconds: u32,
    /// The switches of the simulation.
    pub guards: Guards,
}

/// Seconds between two looks at a create that has not appeared yet.
const PROBE_SECONDS: i64 = 30;

impl Settling<'_> {
    fn settlement(&self, next: IntentNext) -> Settlement {
        Settlement {
            intent: self.intent.id,
            epoch: self.epoch,
            link: LinkPatch::default(),
            mirror: None,
            next,
            refused: false,
            log: Vec::new(),
        }
    }

    fn entry(&self, status: LogStatus, summary: String) -> LogDraft {
        let intent = self.intent;
        let kind = if self.creates() {
            LogType::Create
        } else {
            LogType::Update
        };
        let mut entry = LogDraft::new(self.now, LogSource::Workspace, kind, summary);
        entry.status = status;
        entry.link = Some(intent.link);
        entry.record = Some((intent.kind, intent.record));
        entry.crm = Some((intent.object.clone(), intent.crm_id().cloned()));
        entry.calls_hundredths = self.calls_hundredths;
        entry
    }

    fn creates(&self) -> bool {
        matches!(self.intent.draft.op, WriteOp::Create { .. })
    }

    fn again(&self, failure: Option<&Failure>) -> Timestamp {
        let asked = failure.and_then(|failure| failure.retry_after_seconds);
        next_attempt(self.now, self.intent.attempts + 1, asked, self.jitter)
    }

    /// The CRM answered about this record.
    pub fn answered(&self, outcome: &WriteOutcome) -> Settlement {
        match outcome {
            WriteOutcome::Applied { id, before, after } => {
                self.applied(id, before.as_ref(), after.as_ref())
            }
            WriteOutcome::Stale { current } => self.stale(current.as_ref()),
            WriteOutcome::Rejected(failures) => self.rejected(failures),
            WriteOutcome::Unknown => self.lost(&Failure::new(
                ErrorClass::AnswerLost,
                "the answer about this record is missing",
            )),
        }
    }

    /// The whole request failed.
    pub fn failed(&self, failure: &Failure) -> Settlement {
        match failure.class.directive() {
            Directive::Resolve => self.lost(failure),
            Directive::ParkField | Directive::ParkRecord => {
                self.park_record(std::slice::from_ref(failure), failure)
            }
            _ => self.settlement(IntentNext::Retry(self.again(Some(failure)))),
        }
    }

    /// Perhaps done: nothing is sent again before somebody has looked.
    fn lost(&self, failure: &Failure) -> Settlement {
        let next = if self.guards.intent {
            IntentNext::Resolve(self.again(Some(failure)))
        } else {
            IntentNext::Retry(self.now)
        };
        let mut settlement = self.settlement(next);
        if self.intent.state == IntentState::Sending {
            let summary = "The answer was lost; reading the record before anything is sent again";
            let mut entry = self.entry(LogStatus::Failed, summary.into());
            entry.error = Some(log_error(failure));
            settlement.log.push(entry);
        }
        settlement
    }

    /// A record of the answer that is being settled.
    fn seen(&self, record: &CrmRecord) -> CrmRecord {
        CrmRecord {
            look: self.look,
            ..record.clone()
        }
    }

    /// Somebody was faster: take their version in and decide again. If it can't be seen yet, because their
    /// change is not committed, the same decision would meet it again and again: it waits.
    fn stale(&self, current: Option<&CrmRecord>) -> Settlement {
        let next = match current {
            Some(record) if self.shows_news(record) => IntentNext::Done { recheck: true },
            Some(_) => IntentNext::Retry(self.again(None)),
            None => IntentNext::Resolve(self.now),
        };
        let mut settlement = self.settlement(next);
        settlement.mirror = current.map(|record| self.seen(record));
        settlement
    }

    /// Whether a record is another one than the write was decided on.
    fn shows_news(&self, record: &CrmRecord) -> bool {
        let decided_on = self.intent.draft.unmodified_since;
        !record.lives() || decided_on.is_none_or(|at| record.modified_at > at)
    }

    fn applied(
        &self,
        id: &CrmId,
        before: Option<&CrmRecord>,
        after: Option<&CrmRecord>,
    ) -> Settlement {
        let updates = matches!(self.intent.draft.op, WriteOp::Update { .. });
        if updates && after.is_none() {
            return self.settlement(IntentNext::Resolve(self.now));
        }
        let mut settlement = self.settlement(IntentNext::Done { recheck: true });
        let mut changes = Vec::new();
        for field in &self.intent.draft.fields {
            changes.push(self.settle_field(field, before, after, &mut settlement.link));
        }
        settlement.link.crm = Some(id.clone());
        settlement.link.revision = after.map(|record| record.revision.clone());
        settlement.mirror = after.map(|record| CrmRecord {
            edited_at: before.map(|before| before.modified_at),
            ..self.seen(record)
        });
        settlement.log.push(self.applied_entry(id, changes));
        settlement
    }

    fn applied_entry(&self, id: &CrmId, changes: Vec<FieldChange>) -> LogDraft {
        let conflict = changes.iter().any(|change| is_conflict(change.rule));
        let summary = match (&self.intent.draft.op, conflict) {
            (WriteOp::Create { .. }, _) => "Created in the CRM",
            (WriteOp::Update { .. }, true) => "Written to the CRM after both sides changed",
            (WriteOp::Update { .. }, false) => "Written to the CRM",
        };
        let mut entry = self.entry(LogStatus::Success, summary.into());
        if conflict {
            entry.kind = LogType::Conflict;
        }
        entry.crm = Some((self.intent.object.clone(), Some(id.clone())));
        entry.changes = changes;
        entry
    }

    /// Agrees on one written field, unless the write met an edit that we had not seen.
    ///
    /// Where the CRM's values come in, what was sent is agreed: the next reconcile then sees what the
    /// CRM made of it and takes it over. Where they don't, what it made of it is no change of anybody's.
    fn settle_field(
        &self,
        field: &IntentField,
        before: Option<&CrmRecord>,
        after: Option<&CrmRecord>,
        link: &mut LinkPatch,
    ) -> FieldChange {
        let left = after
            .and_then(|record| record.fields.get(&field.crm))
            .unwrap_or(&field.value);
        let met = before.and_then(|record| {
            let value = record.fields.get(&field.crm)?;
            self.overtakes(field, value)
                .then_some((value, record.modified_at))
        });
        let mut change = FieldChange {
            workspace: field.workspace.clone(),
            crm: field.crm.clone(),
            before: field.expected.clone(),
            after: field.value.clone(),
            rule: field.rule,
            rejected: field.rejected.clone(),
        };
        if let Some((value, modified_at)) = met {
            change.before = value.clone();
            change.rejected = value.clone();
            change.rule = Rule::Overtaken;
            if self.gives_back(field, modified_at) {
                let put_back = PutBack {
                    value: value.clone(),
                    sent: left.clone(),
                };
                link.put_back.insert(field.workspace.clone(), put_back);
                return change;
            }
        }
        if field.rule == Rule::Overtaken {
            link.returned.push(field.workspace.clone());
        } else if self.guards.base {
            let comes_in = |rule: &FieldRule| rule.mapping.direction.inbound();
            let inbound = self.rules.by_crm(&field.crm).is_none_or(comes_in);
            let agreed = Agreed {
                crm: if inbound { &field.value } else { left }.clone(),
                workspace: field.workspace_value.clone(),
            };
            link.agreed.insert(field.workspace.clone(), agreed);
        }
        change
    }

    fn overtakes(&self, field: &IntentField, found: &Value) -> bool {
        let Some(rule) = self.rules.by_crm(&field.crm) else {
            return false;
        };
        let known = [&field.expected, &field.value];
        let mut known = known.into_iter().chain(&field.doubted);
        !known.any(|value| same(found, value, &rule.crm_type))
    }

    /// Whether an overwritten edit could have won: then the three-way merge shall decide about it.
    fn gives_back(&self, field: &IntentField, modified_at: Timestamp) -> bool {
        let Some(rule) = self.rules.by_crm(&field.crm) else {
            return false;
        };
        let later = || {
            field
                .changed_at
                .is_none_or(|at| at.as_second() <= modified_at.as_second())
        };
        rule.mapping.direction.inbound()
            && match rule.mapping.winner {
                Winner::Crm | Winner::Hold => true,
                Winner::MostRecent => later(),
                Winner::Workspace => false,
            }
    }

    /// An update in doubt was read: what stands there as we sent it is ours.
    pub fn read(&self, record: Option<&CrmRecord>) -> Settlement {
        let Some(record) = record else {
            let gone = Failure::new(
                ErrorClass::RecordGone,
                "the CRM shows no record with this id to the connected user",
            );
            let mut settlement = self.park_record(std::slice::from_ref(&gone), &gone);
            for field in &self.intent.draft.fields {
                self.doubt(None, field, &mut settlement.link);
            }
            return settlement;
        };
        let mut settlement = self.settlement(IntentNext::Done { recheck: true });
        let mut written = Vec::new();
        let mut unclear = Vec::new();
        for field in &self.intent.draft.fields {
            if self.shows(record, field, &field.value) {
                written.push(self.settle_field(field, None, Some(record), &mut settlement.link));
                continue;
            }
            self.doubt(Some(record), field, &mut settlement.link);
            if !self.shows(record, field, &field.expected) {
                unclear.extend(unclear_change(record, field));
            }
        }
        if self.intent.refusals > 0 && record.lives() && written.is_empty() {
            self.park_references(&mut settlement);
        }
        settlement.link.revision = Some(record.revision.clone());
        settlement.mirror = Some(self.seen(record));
        settlement.log.extend(self.found_entry(record, written));
        settlement.log.extend(self.unclear_entry(unclear));
        let seen = "the CRM does not show what was sent";
        if settlement.log.is_empty() {
            settlement.log.extend(self.untold_entry(seen));
        }
        settlement
    }

    /// The CRM said that something is gone, and the record itself is there: so it is a record that this one
    /// refers to.
    fn park_references(&self, settlement: &mut Settlement) {
        let refers = |field: &&IntentField| matches!(field.value, Value::Reference(_));
        for field in self.intent.draft.fields.iter().filter(refers) {
            let message =
                "the record referred to is deleted or can't be seen by the connected user";
            let mut failure = Failure::new(ErrorClass::ReferenceRefused, message);
            failure.fields = vec![field.crm.clone()];
            settlement.link.doubted.remove(&field.workspace);
            self.park_field(field, &failure, settlement);
        }
    }

    /// What was sent is not there, or can't be seen: the platform may still carry it out.
    fn doubt(&self, record: Option<&CrmRecord>, field: &IntentField, link: &mut LinkPatch) {
        if field.rule == Rule::Overtaken || !self.guards.base {
            return;
        }
        let agreed = Agreed {
            crm: field.value.clone(),
            workspace: field.workspace_value.clone(),
        };
        let seen = record.is_none_or(|record| record.fields.contains_key(&field.crm));
        let until = seen.then(|| self.carried_out_until());
        let shown = record.and_then(|record| record.fields.get(&field.crm));
        let doubted = Doubted {
            agreed,
            replaces: shown.unwrap_or(&field.expected).clone(),
            until,
        };
        link.doubted.insert(field.workspace.clone(), doubted);
    }

    fn found_entry(&self, record: &CrmRecord, written: Vec<FieldChange>) -> Option<LogDraft> {
        if written.is_empty() {
            return None;
        }
        let mut entry = self.applied_entry(&record.id, written);
        entry.summary = "Found written in the CRM after the answer was lost".into();
        Some(entry)
    }

    /// Perhaps the CRM made something else of what was sent, perhaps somebody typed: the value that stood
    /// there before is named here, since nothing else may ever name it again.
    fn unclear_entry(&self, unclear: Vec<FieldChange>) -> Option<LogDraft> {
        if unclear.is_empty() {
            return None;
        }
        let message = "the CRM shows neither what was sent nor what stood there before";
        let mut entry = self.entry(LogStatus::Failed, format!("After a lost answer {message}"));
        let lost = Failure::new(ErrorClass::AnswerLost, message);
        entry.error = Some(log_error(&lost));
        entry.changes = unclear;
        Some(entry)
    }

    /// The sender ended before anybody could say that its answer is lost.
    fn untold_entry(&self, seen: &str) -> Option<LogDraft> {
        if self.intent.state != IntentState::Sending {
            return None;
        }
        let message = format!("Tandem ended before an answer came; {seen}");
        let mut entry = self.entry(LogStatus::Failed, message.clone());
        entry.error = Some(log_error(&Failure::new(ErrorClass::AnswerLost, message)));
        Some(entry)
    }

    /// Whether the record shows a value in a field; a field that can't be seen shows nothing.
    fn shows(&self, record: &CrmRecord, field: &IntentField, value: &Value) -> bool {
        let found = record.fields.get(&field.crm);
        let rule = self.rules.by_crm(&field.crm);
        matches!((found, rule), (Some(found), Some(rule)) if same(found, value, &rule.crm_type))
    }

    /// Before a create is sent the CRM was asked who carries its match key: these do. `None`: nobody; it
    /// is sent.
    pub fn matched(&self, found: &[&CrmRecord]) -> Option<Settlement> {
        match found {
            [] => None,
            [one] => Some(self.link_instead(one)),
            several => {
                let ids: Vec<&str> = several.iter().map(|record| record.id.as_str()).collect();
                let text = format!(
                    "several CRM records have the same match key: {}",
                    ids.join(", ")
                );
                let failure = Failure::new(ErrorClass::CannotMatch, text);
                Some(self.park_record(std::slice::from_ref(&failure), &failure))
            }
        }
    }

    /// Nothing is created: both records meet for the first time.
    fn link_instead(&self, record: &CrmRecord) -> Settlement {
        let mut settlement = self.settlement(IntentNext::Done { recheck: true });
        settlement.link.crm = Some(record.id.clone());
        settlement.mirror = Some(self.seen(record));
        let object = &self.intent.object;
        let summary = format!("Linked to the {object} with the same match key; none was created");
        let mut entry = self.entry(LogStatus::Success, summary);
        entry.kind = LogType::Link;
        entry.crm = Some((object.clone(), Some(record.id.clone())));
        settlement.log.push(entry);
        settlement
    }

    /// Nothing was sent, and nothing failed.
    pub fn unsent(&self) -> Settlement {
        self.settlement(IntentNext::Retry(self.now))
    }

    /// The question before a create failed: nothing was sent.
    pub fn not_asked(&self, failure: &Failure) -> Settlement {
        self.settlement(IntentNext::Retry(self.again(Some(failure))))
    }

    /// A create in doubt was looked for.
    pub fn probed(&self, answer: &ProbeAnswer) -> Settlement {
        match answer {
            ProbeAnswer::Found(record) => {
                let mut settlement = self.applied(&record.id, None, Some(record));
                for entry in &mut settlement.log {
                    entry.summary = "Found created in the CRM after the answer was lost".into();
                }
                settlement
            }
            ProbeAnswer::Absent => {
                let next = if self.may_still_appear() {
                    IntentNext::Resolve(self.in_seconds(PROBE_SECONDS))
                } else {
                    IntentNext::Retry(self.now)
                };
                let mut settlement = self.settlement(next);
                let seen = "the CRM does not show the record that was to be created";
                settlement.log.extend(self.untold_entry(seen));
                settlement
            }
            ProbeAnswer::Several(records) => {
                let ids: Vec<&str> = records.iter().map(|record| record.id.as_str()).collect();
                let failure = Failure::new(
                    ErrorClass::CannotMatch,
                    format!(
                        "several CRM records fit the lost create: {}",
                        ids.join(", ")
                    ),
                );
                self.park_record(std::slice::from_ref(&failure), &failure)
            }
        }
    }

    /// A create with a key may be repeated at once; one without waits until the CRM can no longer be
    /// working on the lost request.
    fn may_still_appear(&self) -> bool {
        let keyed = matches!(self.intent.draft.op, WriteOp::Create { key: Some(_) });
        !keyed && self.now.as_second() < self.carried_out_until().as_second()
    }

    /// Until when the CRM may be working on what was sent last.
    fn carried_out_until(&self) -> Timestamp {
        let horizon = SignedDuration::from_secs(self.create_horizon_seconds.into());
        let sent = self.intent.last_sent_at.or(self.intent.sent_at);
        let sent = sent.unwrap_or(self.now);
        sent.checked_add(horizon).unwrap_or(sent)
    }

    fn in_seconds(&self, seconds: i64) -> Timestamp {
        self.now
            .checked_add(SignedDuration::from_secs(seconds))
            .unwrap_or(self.now)
    }
}

fn unclear_change(record: &CrmRecord, field: &IntentField) -> Option<FieldChange> {
    Some(FieldChange {
        workspace: field.workspace.clone(),
        crm: field.crm.clone(),
        before: field.expected.clone(),
        after: record.fields.get(&field.crm)?.clone(),
        rule: field.rule,
        rejected: field.rejected.clone(),
    })
}

fn log_error(failure: &Failure) -> LogError {
    LogError {
        class: failure.class,
        code: failure.code.clone(),
        message: failure.message.clone(),
        fields: failure.fields.clone(),
    }
}
