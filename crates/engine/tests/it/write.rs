//! Sending: what must be read first, what may go at once, and what an answer makes of it.

use crate::script::{Answer, Asked};
use crate::world::{World, applied, at, lead, object, page};
use tandem_core::connector::{Next, PageToken, PulledPage, WriteOp, WriteOutcome, WriteRequest};
use tandem_core::error::ErrorClass;
use tandem_core::ids::{CrmId, RecordId};
use tandem_core::record::CrmRecord;
use tandem_core::settings::ConnectionState;
use tandem_core::sync_log::Rule;
use tandem_core::value::Value;
use tandem_core::write::IntentState;
use tandem_engine::WriteStep;

/// A lead of this name, last changed at that second.
fn row(id: &str, changed: i64, seen: i64, name: &str) -> CrmRecord {
    lead(id, changed, seen, &[("LastName", name)])
}

fn writes(world: &World) -> Vec<WriteRequest> {
    let asked = world.crm.asked().into_iter().flat_map(|asked| match asked {
        Asked::Write(requests) => requests,
        other => panic!("only writing was expected: {other:?}"),
    });
    asked.collect()
}

fn sent(records: usize, applied: usize) -> WriteStep {
    WriteStep::Sent {
        object: object("Lead"),
        records,
        applied,
        calls: 1,
    }
}

fn needs_pull() -> WriteStep {
    WriteStep::NeedsPull(object("Lead"))
}

/// Leads read at second 10 and renamed to Elm at second 200, long after.
fn renamed(ids: &[&str]) -> (World, Vec<RecordId>) {
    let world = World::new();
    let records = world.import(10, ids);
    for record in &records {
        world.rename(200, *record, "Elm");
    }
    (world, records)
}

#[test]
fn one_update_goes_at_once_on_condition() {
    let (world, records) = renamed(&["00Q1"]);
    let taken = applied(row("00Q1", 9, 200, "Oak"), row("00Q1", 201, 200, "Elm"));
    world.crm.will(Answer::Write(vec![taken]));
    assert_eq!(world.write(201), sent(1, 1));
    let request = &writes(&world)[0];
    assert_eq!(request.unmodified_since, Some(at(9)));
    assert_eq!(request.fields["LastName"], Value::text("Elm"));
    assert_eq!(world.intents(), []);
    let base = &world.link_of(records[0]).base["last_name"];
    assert_eq!(
        (&base.crm, &base.workspace),
        (&Value::text("Elm"), &Value::text("Elm"))
    );
    world.decide(202);
    assert_eq!(world.write(202), WriteStep::Idle, "nothing is left to say");
}

#[test]
fn more_than_fits_a_condition_waits_for_a_look() {
    let (world, _) = renamed(&["00Q1", "00Q2"]);
    assert_eq!(world.write(200), needs_pull());
    assert_eq!(world.crm.asked(), []);
    world.read_leads(201, Vec::new());
    world.crm.asked();
    let taken = |id| applied(row(id, 9, 202, "Oak"), row(id, 202, 202, "Elm"));
    world
        .crm
        .will(Answer::Write(vec![taken("00Q1"), taken("00Q2")]));
    assert_eq!(world.write(231), sent(2, 2), "30 seconds after the look");
}

#[test]
fn a_look_grows_old() {
    let (world, _) = renamed(&["00Q1", "00Q2"]);
    world.read_leads(201, Vec::new());
    assert_eq!(world.write(232), needs_pull());
}

#[test]
fn a_create_has_no_condition_and_waits_for_a_look() {
    let world = World::new();
    world.import(10, &["00Q1"]);
    world.add_lead(200, "Ash");
    assert_eq!(world.write(200), needs_pull());
    world.read_leads(201, Vec::new());
    world.crm.asked();
    world.crm.will(Answer::Write(vec![WriteOutcome::Applied {
        id: CrmId::new("00Q2"),
        before: None,
        after: Some(row("00Q2", 202, 202, "Ash")),
    }]));
    assert_eq!(world.write(202), sent(1, 1));
    assert!(matches!(
        writes(&world)[0].op,
        WriteOp::Create { key: None }
    ));
    assert_eq!(world.name(world.link("00Q2").record.unwrap()), "Ash");
}

#[test]
fn nothing_is_sent_while_its_object_can_not_be_read() {
    let (world, _) = renamed(&["00Q1", "00Q2"]);
    world.crm.will_fail(ErrorClass::Unavailable);
    world.pull(200, &["Lead"]);
    world.crm.asked();
    assert_eq!(
        world.write(200),
        WriteStep::Idle,
        "it backs off for a second"
    );
    assert_eq!(world.crm.asked(), []);
    assert_eq!(world.write(201), needs_pull());
}

#[test]
fn a_long_read_under_way_keeps_nobody_waiting() {
    let (world, _) = renamed(&["00Q1", "00Q2"]);
    let more = PulledPage {
        records: Vec::new(),
        next: Next::Page(PageToken("p2".into())),
        behind_seconds: std::collections::BTreeMap::new(),
        begins: false,
    };
    let pages = vec![Ok(page(201, Vec::new())), Ok(more)];
    world.crm.will(Answer::Pull(pages));
    world.pull(201, &["Lead"]);
    world.crm.asked();
    let taken = |id| applied(row(id, 9, 400, "Oak"), row(id, 400, 400, "Elm"));
    world
        .crm
        .will(Answer::Write(vec![taken("00Q1"), taken("00Q2")]));
    assert_eq!(world.write(400), sent(2, 2));
}

#[test]
fn a_spent_allowance_leaves_the_intents_alone() {
    let (world, _) = renamed(&["00Q1"]);
    let before = world.intents();
    world.used(200, 79);
    let WriteStep::Refused(words) = world.write(200) else {
        panic!("two calls more would pass the 76 that are ours");
    };
    assert!(words.contains("79 of 100"), "{words}");
    assert_eq!(world.crm.asked(), []);
    assert_eq!(world.intents(), before);
}

#[test]
fn a_condition_that_fails_is_decided_anew_on_what_stands_there() {
    let (world, records) = renamed(&["00Q1"]);
    let current = Some(row("00Q1", 150, 201, "Fir"));
    world
        .crm
        .will(Answer::Write(vec![WriteOutcome::Stale { current }]));
    assert_eq!(world.write(201), sent(1, 0));
    assert_eq!(world.intents(), [], "that intent is over");
    world.decide(202);
    let intent = world.intents().remove(0);
    let field = &intent.draft.fields[0];
    assert_eq!(field.expected, Value::text("Fir"));
    assert_eq!(field.rejected, Value::text("Fir"), "ours is newer and wins");
    assert_eq!(field.rule, Rule::MostRecent);
    assert_eq!(intent.draft.unmodified_since, Some(at(150)));
    assert_eq!(world.name(records[0]), "Elm");
}

#[test]
fn a_condition_that_fails_may_show_the_newer_word() {
    let (world, records) = renamed(&["00Q1"]);
    let current = Some(row("00Q1", 220, 230, "Fir"));
    world
        .crm
        .will(Answer::Write(vec![WriteOutcome::Stale { current }]));
    world.write(230);
    world.decide(231);
    assert_eq!(world.intents(), []);
    assert_eq!(world.name(records[0]), "Fir");
}

#[test]
fn a_missing_part_of_an_answer_is_a_doubt() {
    let (world, _) = renamed(&["00Q1", "00Q2"]);
    world.read_leads(201, Vec::new());
    let taken = applied(row("00Q1", 9, 202, "Oak"), row("00Q1", 202, 202, "Elm"));
    world.crm.will(Answer::Write(vec![taken]));
    assert_eq!(world.write(202), sent(2, 1));
    let open = world.intents();
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].state, IntentState::Doubtful);
    assert_eq!(open[0].crm_id(), Some(&CrmId::new("00Q2")));
}

/// What becomes of the intent, and when it is sent again.
#[test]
fn a_failed_request_is_tried_again_or_looked_into() {
    for (class, state, again) in [
        (ErrorClass::Busy, IntentState::Pending, Some(202)),
        (ErrorClass::NotSent, IntentState::Pending, Some(202)),
        (ErrorClass::ApiLimit, IntentState::Pending, None),
        (ErrorClass::AnswerLost, IntentState::Doubtful, None),
        (ErrorClass::GarbledAnswer, IntentState::Doubtful, None),
    ] {
        let (world, _) = renamed(&["00Q1"]);
        world.crm.will_fail(class);
        assert_eq!(world.write(201), sent(1, 0), "{class:?}");
        let intent = &world.intents()[0];
        assert_eq!((intent.state, intent.attempts), (state, 1), "{class:?}");
        assert_eq!(world.write(201), WriteStep::Idle, "{class:?} at once");
        let Some(second) = again else {
            let later = world.write(1000);
            assert!(
                !matches!(later, WriteStep::Sent { .. }),
                "{class:?}: {later:?}"
            );
            continue;
        };
        let taken = applied(row("00Q1", 9, 202, "Oak"), row("00Q1", 202, 202, "Elm"));
        world.crm.will(Answer::Write(vec![taken]));
        assert_eq!(world.write(second), sent(1, 1), "{class:?}");
    }
}

#[test]
fn a_connection_lost_while_sending_keeps_the_write() {
    let (world, _) = renamed(&["00Q1"]);
    world.crm.will_fail(ErrorClass::ConnectionRevoked);
    world.write(201);
    assert!(matches!(world.connection(), ConnectionState::Lost { .. }));
    assert_eq!(world.write(300), WriteStep::Idle);
    world.set_connection(ConnectionState::Connected);
    let taken = applied(row("00Q1", 9, 302, "Oak"), row("00Q1", 302, 302, "Elm"));
    world.crm.will(Answer::Write(vec![taken]));
    assert_eq!(world.write(302), sent(1, 1));
}
