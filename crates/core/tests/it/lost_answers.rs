//! Writes whose answer was lost: told, looked for, and found or not.

use crate::fixture::{at, fields, lead, text};
use crate::settle::{Case, DONE, answered, called, create, field, keyed, update};
use tandem_core::connector::{ProbeAnswer, WriteOutcome};
use tandem_core::error::ErrorClass;
use tandem_core::ids::CrmId;
use tandem_core::record::CrmRecord;
use tandem_core::settings::Guards;
use tandem_core::sync_log::{LogStatus, LogType};
use tandem_core::value::Value;
use tandem_core::write::{IntentState, may_still_be_sent};

#[test]
fn every_lost_answer_is_told_once_and_resolved_by_reading() {
    let mut case = Case::title(update());
    for (attempts, next) in [(0, "resolve in 2"), (1, "resolve in 4")] {
        case.intent.attempts = attempts;
        let settlement = case.settling().answered(&WriteOutcome::Unknown);
        assert_eq!(called(&settlement), next);
        let error = settlement.log[0].error.as_ref();
        assert_eq!(error.map(|one| one.class), Some(ErrorClass::AnswerLost));
    }
    case.intent.state = IntentState::Doubtful;
    let settlement = case.settling().answered(&WriteOutcome::Unknown);
    assert_eq!(called(&settlement), "resolve in 4");
    assert_eq!(settlement.log, []);
}

/// A process that was stopped after it had claimed a batch leaves it.
#[test]
fn a_batch_is_sent_only_while_its_claim_surely_holds() {
    for (waited, sent) in [
        (0, true),
        (240, true),
        (241, false),
        (800, false),
        (-90, true),
    ] {
        assert_eq!(
            may_still_be_sent(at(100), at(100 + waited), Guards::ALL),
            sent,
            "{waited} s"
        );
    }
}

/// A process that ended with its request says nothing: who looks for the record does.
#[test]
fn a_lost_answer_that_nobody_told_of_is_told_by_whoever_looks() {
    let mut case = Case::title(update());
    let found = lead(fields([("TITLE", text("A"))]));
    for (state, told) in [(IntentState::Sending, 1), (IntentState::Doubtful, 0)] {
        case.intent.state = state;
        let settlement = case.settling().read(Some(&found));
        assert_eq!(settlement.log.len(), told, "{state:?}");
        let errors = settlement.log.iter().filter_map(|one| one.error.as_ref());
        assert!(
            errors
                .into_iter()
                .all(|one| one.class == ErrorClass::AnswerLost)
        );
    }
}

#[test]
fn a_lost_update_that_stands_there_is_ours() {
    let case = Case::new(
        update(),
        vec![field("title", "A", "B"), field("city", "C", "D")],
    );
    let found = lead(fields([("TITLE", text("B")), ("CITY", text("E"))]));
    let settlement = case.settling().read(Some(&found));
    assert_eq!(settlement.next, DONE);
    assert_eq!(settlement.link.agreed.keys().collect::<Vec<_>>(), ["title"]);
    assert_eq!(settlement.link.revision.as_ref().map(|r| r.order), Some(10));
    assert_eq!(settlement.mirror, Some(answered(found)));
    assert_eq!(settlement.log.len(), 2, "the other field is decided again");
    assert_eq!(settlement.log[0].changes.len(), 1);
    let unclear = &settlement.log[1];
    assert_eq!(unclear.status, LogStatus::Failed);
    let change = &unclear.changes[0];
    assert_eq!((&change.before, &change.after), (&text("C"), &text("E")));
}

#[test]
fn a_lost_update_that_does_not_stand_there_is_decided_again() {
    let mut case = Case::title(update());
    case.intent.state = IntentState::Doubtful;
    for (found, ends) in [(fields([("TITLE", text("A"))]), true), (fields([]), false)] {
        let settlement = case.settling().read(Some(&lead(found)));
        assert_eq!(settlement.next, DONE);
        assert!(settlement.link.agreed.is_empty());
        assert_eq!(settlement.log, []);
        let doubted = &settlement.link.doubted["title"];
        assert_eq!(
            (&doubted.agreed.crm, &doubted.replaces),
            (&text("B"), &text("A"))
        );
        assert_eq!(
            doubted.until.is_some(),
            ends,
            "a field that was not seen is doubted until it is"
        );
    }
}

#[test]
fn a_lost_clear_that_stands_there_is_ours_but_an_unseen_field_is_not() {
    let case = Case::new(update(), vec![field("title", "A", "")]);
    let cleared = case
        .settling()
        .read(Some(&lead(fields([("TITLE", Value::Null)]))));
    assert!(cleared.link.agreed.contains_key("title"));
    let unseen = case.settling().read(Some(&lead(fields([]))));
    assert!(unseen.link.agreed.is_empty(), "F3: not seen is not cleared");
}

#[test]
fn an_update_whose_record_is_nowhere_is_parked() {
    let settlement = Case::title(update()).settling().read(None);
    assert_eq!(called(&settlement), "park record record-gone");
    assert_eq!(settlement.log[0].status, LogStatus::Failed);
}

#[test]
fn a_deleted_record_is_left_to_the_next_reconcile() {
    let mut gone = lead(fields([("TITLE", text("A"))]));
    gone.deleted = true;
    let settlement = Case::title(update()).settling().read(Some(&gone));
    assert_eq!(settlement.next, DONE);
    assert!(settlement.mirror.unwrap().deleted);
    assert_eq!(settlement.link.parked, None);
}

#[test]
fn a_lost_create_that_is_found_is_ours() {
    let found = lead(fields([("TITLE", text("B"))]));
    for op in [create(), keyed()] {
        let case = Case::title(op);
        let settlement = case.settling().probed(&ProbeAnswer::Found(found.clone()));
        assert_eq!(settlement.link.crm, Some(CrmId::new("00Q1")));
        assert!(settlement.link.agreed.contains_key("title"));
        assert_eq!(settlement.mirror, Some(answered(found.clone())));
        assert_eq!(settlement.next, DONE);
        assert_eq!(settlement.log[0].kind, LogType::Create);
    }
}

#[test]
fn a_lost_create_is_repeated_only_when_it_can_no_longer_appear() {
    let absent = |op, sent_at, horizon| {
        let mut case = Case::title(op);
        case.intent.sent_at = sent_at;
        case.intent.last_sent_at = sent_at;
        case.horizon_seconds = horizon;
        called(&case.settling().probed(&ProbeAnswer::Absent))
    };
    assert_eq!(absent(create(), Some(at(40)), 600), "resolve in 30");
    assert_eq!(absent(create(), Some(at(40)), 11), "resolve in 30");
    assert_eq!(absent(create(), Some(at(40)), 10), "retry in 0");
    assert_eq!(absent(create(), Some(at(40)), 0), "retry in 0");
    assert_eq!(absent(create(), None, 600), "resolve in 30");
    assert_eq!(
        absent(keyed(), Some(at(40)), 600),
        "retry in 0",
        "a key makes it harmless"
    );
}

#[test]
fn a_lost_create_that_fits_several_records_waits_for_a_person() {
    let one = lead(fields([]));
    let id = CrmId::new("00Q2");
    let several = vec![one.clone(), CrmRecord { id, ..one }];
    let settlement = Case::title(create())
        .settling()
        .probed(&ProbeAnswer::Several(several));
    assert_eq!(called(&settlement), "park record cannot-match");
    let parked = settlement.link.parked.unwrap();
    assert!(parked.message.contains("00Q1, 00Q2"));
}
