//! What an outcome of a write makes of its intent.

use crate::fixture::{at, fields, lead, link, pair, rule, text};
use crate::table::{check, expect};
use std::cell::RefCell;
use std::collections::BTreeSet;
use tandem_core::connector::{Failure, WriteOp, WriteOutcome};
use tandem_core::error::{Directive, ErrorClass};
use tandem_core::ids::{CrmId, CrmObject, IntentId, ReservationId};
use tandem_core::link::{Agreed, Lane, PutBack};
use tandem_core::mapping::{Direction, PairRules, Winner};
use tandem_core::record::{CrmRecord, Look};
use tandem_core::settings::Guards;
use tandem_core::settle::Settling;
use tandem_core::sync_log::{LogStatus, LogType, Rule};
use tandem_core::value::Value;
use tandem_core::write::{
    IntentField, IntentNext, IntentState, LinkPatch, Settlement, WriteDraft, WriteIntent,
};

/// An intent with its rules, at second 50; it was sent at second 40.
pub(crate) struct Case {
    pub(crate) rules: PairRules,
    pub(crate) intent: WriteIntent,
    pub(crate) horizon_seconds: u32,
}

pub(crate) fn update() -> WriteOp {
    WriteOp::Update {
        id: CrmId::new("00Q1"),
    }
}

pub(crate) fn create() -> WriteOp {
    WriteOp::Create { key: None }
}

pub(crate) fn keyed() -> WriteOp {
    WriteOp::Create {
        key: Some(("TandemId__c".into(), "team-3".into())),
    }
}

/// The workspace's `typed` stands behind the sent value; the CRM was believed to hold `expected`.
pub(crate) fn field(name: &str, expected: &str, sent: &str) -> IntentField {
    IntentField {
        workspace: name.into(),
        crm: name.to_uppercase(),
        value: text(sent),
        workspace_value: text(&format!(" {sent} ")),
        expected: text(expected),
        doubted: Vec::new(),
        changed_at: Some(at(5)),
        rule: Rule::OnlyWorkspaceChanged,
        rejected: Value::Null,
    }
}

impl Case {
    pub(crate) fn new(op: WriteOp, fields: Vec<IntentField>) -> Self {
        let link = link();
        let rules = fields
            .iter()
            .map(|field| rule(&field.workspace, Winner::Crm));
        Self {
            rules: pair(rules.collect()),
            intent: WriteIntent {
                id: IntentId(8),
                link: link.id,
                kind: link.kind,
                record: link.record.expect("both sides"),
                object: link.object,
                draft: WriteDraft {
                    op,
                    fields,
                    lock_key: None,
                    unmodified_since: None,
                },
                lane: Lane::Live,
                state: IntentState::Sending,
                attempts: 0,
                refusals: 0,
                sent_at: Some(at(40)),
                last_sent_at: Some(at(40)),
            },
            horizon_seconds: 600,
        }
    }

    /// One title, "A" in the CRM, "B" sent.
    pub(crate) fn title(op: WriteOp) -> Self {
        Self::new(op, vec![field("title", "A", "B")])
    }

    pub(crate) fn settling(&self) -> Settling<'_> {
        Settling {
            intent: &self.intent,
            epoch: 2,
            rules: &self.rules,
            now: at(50),
            look: LOOK,
            jitter: 1.0,
            calls_hundredths: 25,
            create_horizon_seconds: self.horizon_seconds,
            guards: Guards::ALL,
        }
    }

    pub(crate) fn applied(&self, before: Option<&str>, after: Option<&str>) -> Settlement {
        let read = |title: &str| lead(fields([("TITLE", text(title))]));
        self.settling().answered(&WriteOutcome::Applied {
            id: CrmId::new("00Q1"),
            before: before.map(read),
            after: after.map(read),
        })
    }

    pub(crate) fn rejected(&self, failures: Vec<Failure>) -> Settlement {
        self.settling().answered(&WriteOutcome::Rejected(failures))
    }
}

fn failure(class: ErrorClass, fields: &[&str]) -> Failure {
    let mut failure = Failure::new(class, "the CRM's words");
    failure.code = "CODE".into();
    failure.fields = fields.iter().map(ToString::to_string).collect();
    failure
}

/// The request whose answer is settled.
const LOOK: Look = Look {
    began: ReservationId(3),
    ended: ReservationId(5),
};

/// The record of an answer, with the look that showed it.
pub(crate) fn answered(record: CrmRecord) -> CrmRecord {
    CrmRecord {
        look: LOOK,
        ..record
    }
}

pub(crate) const DONE: IntentNext = IntentNext::Done { recheck: true };

/// How a settlement is called in tables.
pub(crate) fn called(settlement: &Settlement) -> String {
    let parks = settlement.link.park.keys().cloned().collect::<Vec<_>>();
    match (&settlement.next, &settlement.link.parked) {
        (IntentNext::Done { recheck: true }, Some(parked)) => {
            format!("park record {}", parked.class.code())
        }
        (IntentNext::Done { recheck: true }, None) if !parks.is_empty() => {
            format!("park {}", parks.join(" "))
        }
        (IntentNext::Retry(next), None) => format!("retry in {}", in_seconds(*next)),
        (IntentNext::Resolve(next), None) => format!("resolve in {}", in_seconds(*next)),
        other => format!("{other:?}"),
    }
}

fn in_seconds(next: tandem_core::Timestamp) -> i64 {
    next.duration_since(at(50)).as_secs()
}

#[test]
fn what_was_sent_is_agreed_in_both_spellings() {
    let settlement = Case::title(update()).applied(Some("A"), Some("B"));
    let agreed = Agreed {
        crm: text("B"),
        workspace: Value::Text(" B ".into()),
    };
    assert_eq!(settlement.link.agreed["title"], agreed);
    assert_eq!(settlement.link.revision.as_ref().map(|r| r.order), Some(10));
    assert_eq!(settlement.next, DONE);
    assert_eq!((settlement.intent, settlement.epoch), (IntentId(8), 2));
    let entry = &settlement.log[0];
    assert_eq!(
        (entry.kind, entry.status),
        (LogType::Update, LogStatus::Success)
    );
    assert_eq!(entry.calls_hundredths, 25);
    let change = &entry.changes[0];
    assert_eq!((&change.before, &change.after), (&text("A"), &text("B")));
    assert_eq!(change.rule, Rule::OnlyWorkspaceChanged);
}

#[test]
fn what_the_crm_made_of_it_is_left_to_the_next_reconcile() {
    let settlement = Case::title(update()).applied(Some("A"), Some("B, cut"));
    assert_eq!(
        settlement.link.agreed["title"].crm,
        text("B"),
        "the base is what was sent"
    );
    let mirror = settlement.mirror.unwrap();
    assert_eq!(mirror.fields["TITLE"], text("B, cut"));
    assert_eq!(settlement.next, DONE);
}

#[test]
fn one_written_field_under_every_rule() {
    let table = include_str!("../tables/settled.txt");
    check(
        "settled.txt",
        table,
        |[policy, sent_by, found, left, wanted]| {
            let (direction, winner) = policy.split_once(' ').expect("direction and winner");
            let mut case = Case::title(update());
            let mapping = &mut case.rules.fields[0].mapping;
            if direction == "out" {
                mapping.direction = Direction::WorkspaceToCrm;
            }
            mapping.winner = match winner {
                "crm" => Winner::Crm,
                "workspace" => Winner::Workspace,
                "hold" => Winner::Hold,
                _ => Winner::MostRecent,
            };
            let sent = &mut case.intent.draft.fields[0];
            sent.rule = Rule::parse(sent_by).expect("a rule");
            // The CRM's record was changed at second 10.
            sent.changed_at = match winner {
                "unknown-time" => None,
                "later-workspace" => Some(at(11)),
                "same-second" => Some(at(10)),
                _ => Some(at(9)),
            };
            let settlement = case.applied(Some(found).filter(|found| *found != "?"), Some(left));
            expect(&wanted.to_owned(), &field_called(&settlement))
        },
    );
}

/// What became of the one field.
fn field_called(settlement: &Settlement) -> String {
    let mut said = Vec::new();
    if let Some(agreed) = settlement.link.agreed.get("title") {
        said.push(format!("agreed {}", agreed.crm));
    }
    if settlement.link.returned == ["title"] {
        said.push("returned".into());
    }
    if let Some(PutBack { value, sent }) = settlement.link.put_back.get("title") {
        said.push(format!("put back {value} over {sent}"));
    }
    let change = &settlement.log[0].changes[0];
    if !change.rejected.is_null() {
        said.push(format!(
            "{} rejects {}",
            change.rule.as_str(),
            change.rejected
        ));
    }
    said.join(", ")
}

#[test]
fn what_stood_there_before_tells_when_somebody_else_changed_it() {
    for (before, edited_at) in [(Some("A"), Some(at(10))), (None, None)] {
        let settlement = Case::title(update()).applied(before, Some("B"));
        let mirror = settlement.mirror.expect("it was read back");
        assert_eq!(mirror.edited_at, edited_at);
    }
}

#[test]
fn a_create_that_is_done_gives_the_link_its_record() {
    let settlement = Case::title(create()).applied(None, None);
    assert_eq!(settlement.link.crm, Some(CrmId::new("00Q1")));
    assert_eq!(settlement.mirror, None, "the next pull brings it");
    assert_eq!(settlement.next, DONE);
    let entry = &settlement.log[0];
    assert_eq!(
        (entry.kind, entry.status),
        (LogType::Create, LogStatus::Success)
    );
    let crm = Some((CrmObject::new("Lead"), Some(CrmId::new("00Q1"))));
    assert_eq!(entry.crm, crm);
}

#[test]
fn an_update_without_a_read_back_is_read_before_it_is_agreed() {
    let settlement = Case::title(update()).applied(Some("A"), None);
    assert_eq!(called(&settlement), "resolve in 0");
    assert!(settlement.link.agreed.is_empty());
    assert_eq!(settlement.log, []);
}

#[test]
fn every_class_of_refusal() {
    let seen = RefCell::new(BTreeSet::new());
    let table = include_str!("../tables/refused.txt");
    check(
        "refused.txt",
        table,
        |[class, named, updates, creates, worn_out]| {
            let class = ErrorClass::ALL.iter().find(|known| known.code() == class);
            let class = *class.ok_or("no such class")?;
            seen.borrow_mut().insert((class, named));
            let fields: &[&str] = if named == "named" { &["TITLE"] } else { &[] };
            let mut outcomes = Vec::new();
            for (op, refusals) in [(update(), 0), (create(), 0), (update(), 3)] {
                let mut case = Case::title(op);
                (case.intent.attempts, case.intent.refusals) = (refusals, refusals);
                outcomes.push(called(&case.rejected(vec![failure(class, fields)])));
            }
            let wanted = [updates, creates, worn_out].map(str::to_owned);
            expect(&wanted.to_vec(), &outcomes)
        },
    );
    assert_eq!(
        seen.borrow().len(),
        2 * ErrorClass::ALL.len(),
        "a class is missing"
    );
}

/// Tries and refusals before, and what the next refusal makes of it.
#[test]
fn only_refusals_wear_out_a_look() {
    for (attempts, refusals, wanted) in [
        (0, 0, "resolve in 2"),
        (40, 0, "resolve in 2"),
        (40, 2, "resolve in 8"),
        (3, 3, "park record duplicate-key"),
    ] {
        let mut case = Case::title(keyed());
        case.intent.attempts = attempts;
        case.intent.refusals = refusals;
        let settlement = case.rejected(vec![failure(ErrorClass::DuplicateKey, &[])]);
        let row = format!("{refusals} refusals in {attempts} tries");
        assert_eq!(called(&settlement), wanted, "{row}");
        assert_eq!(
            settlement.refused,
            settlement.link.parked.is_none(),
            "{row}"
        );
    }
    let busy = Case::title(keyed()).rejected(vec![failure(ErrorClass::RowLocked, &[])]);
    assert!(!busy.refused, "busy is no refusal");
}

#[test]
fn a_whole_request_that_failed() {
    for class in ErrorClass::ALL {
        let case = Case::title(update());
        let settlement = case.settling().failed(&failure(*class, &[]));
        let (wanted, told) = match class.directive() {
            Directive::Resolve => ("resolve in 2".to_owned(), 1),
            Directive::ParkField | Directive::ParkRecord => {
                (format!("park record {}", class.code()), 1)
            }
            _ => ("retry in 2".to_owned(), 0),
        };
        assert_eq!(called(&settlement), wanted, "{class:?}");
        assert_eq!(settlement.log.len(), told, "waiting is not told: {class:?}");
    }
}

#[test]
fn the_crms_wish_to_wait_is_heard() {
    let mut busy = failure(ErrorClass::Busy, &[]);
    busy.retry_after_seconds = Some(120);
    let case = Case::title(update());
    assert_eq!(called(&case.settling().failed(&busy)), "retry in 120");
    assert_eq!(called(&case.rejected(vec![busy])), "retry in 120");
}

#[test]
fn refused_fields_are_set_aside_one_by_one() {
    let rows = vec![
        field("title", "A", "B"),
        field("email", "", "x"),
        field("city", "", "c"),
    ];
    let case = Case::new(update(), rows);
    let settlement = case.rejected(vec![
        failure(ErrorClass::TooLong, &["TITLE"]),
        failure(ErrorClass::InvalidEmail, &["EMAIL"]),
    ]);
    assert_eq!(called(&settlement), "park email title");
    assert_eq!(
        settlement.link.park["email"].class,
        ErrorClass::InvalidEmail
    );
    assert_eq!(settlement.link.park["email"].value, text("x"));
    assert!(
        settlement.link.agreed.is_empty(),
        "nothing of the record was written"
    );
    assert_eq!(settlement.log.len(), 2);
    for entry in &settlement.log {
        assert_eq!(entry.status, LogStatus::Failed);
        assert_eq!(entry.changes[0].rule, Rule::Refused);
        assert_eq!(entry.changes[0].rejected, entry.changes[0].after);
        assert_eq!(entry.error.as_ref().unwrap().code, "CODE");
    }
}

#[test]
fn the_strongest_refusal_decides() {
    let case = Case::title(update());
    let named = failure(ErrorClass::TooLong, &["TITLE"]);
    let whole = failure(ErrorClass::Forbidden, &[]);
    let both = case.rejected(vec![named.clone(), whole]);
    assert_eq!(called(&both), "park record forbidden");
    assert_eq!(
        both.link.parked.unwrap().message,
        "the CRM's words; the CRM's words"
    );
    let locked = failure(ErrorClass::RowLocked, &[]);
    assert_eq!(called(&case.rejected(vec![named, locked])), "retry in 2");
}

#[test]
fn a_field_that_was_not_sent_cannot_be_left_out() {
    let stranger = failure(ErrorClass::TooLong, &["OTHER"]);
    let settlement = Case::title(update()).rejected(vec![stranger]);
    assert_eq!(called(&settlement), "park record too-long");
}

#[test]
fn a_refusal_without_a_reason_is_not_sent_again() {
    let settlement = Case::title(update()).rejected(Vec::new());
    assert_eq!(called(&settlement), "park record refused");
    assert_eq!(settlement.log.len(), 1);
}

#[test]
fn a_write_that_came_too_late_is_decided_again() {
    let case = Case::title(update());
    let found = lead(fields([("TITLE", text("X"))]));
    let current = Some(found.clone());
    let settlement = case.settling().answered(&WriteOutcome::Stale { current });
    assert_eq!(settlement.next, DONE);
    assert_eq!(settlement.mirror, Some(answered(found)));
    assert_eq!(settlement.link, LinkPatch::default(), "nothing was written");
    let unread = WriteOutcome::Stale { current: None };
    assert_eq!(called(&case.settling().answered(&unread)), "resolve in 0");
}

/// The CRM refuses because of a change that it does not show yet.
#[test]
fn a_change_that_can_not_be_seen_yet_is_waited_for() {
    let stale = |decided_on: i64, current: CrmRecord| {
        let mut case = Case::title(update());
        case.intent.draft.unmodified_since = Some(at(decided_on));
        let current = Some(current);
        called(&case.settling().answered(&WriteOutcome::Stale { current }))
    };
    let shown = lead(fields([("TITLE", text("A"))]));
    let gone = CrmRecord {
        deleted: true,
        ..shown.clone()
    };
    let decided_again = stale(9, shown.clone());
    assert_eq!(stale(9, gone.clone()), decided_again);
    assert_eq!(stale(10, gone), decided_again, "deleting moves no stamp");
    assert_ne!(stale(10, shown.clone()), decided_again);
    assert!(stale(10, shown).starts_with("retry in"));
}
