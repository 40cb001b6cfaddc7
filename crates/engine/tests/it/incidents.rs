//! 10,000 failures of one cause cost one call per try, and their release the least that is possible.

use crate::script::{Answer, Asked};
use crate::world::{World, applied, at, fields, lead, now, object, tick};
use tandem_core::budget::Spent;
use tandem_core::connector::{Failure, OrgUsage, WriteOutcome};
use tandem_core::error::ErrorClass;
use tandem_core::ids::{CrmId, RecordId};
use tandem_core::incident::{Attempt, Stage, Standing};
use tandem_core::link::{Lane, Lanes};
use tandem_core::record::CrmRecord;
use tandem_core::store::{Claim, SyncStore as _};
use tandem_engine::{Turn, WriteStep};

const LEADS: usize = 10_000;
/// What the scripted CRM takes in one request.
const BATCH: usize = 100;

fn id(number: usize) -> String {
    format!("00Q{number:05}")
}

fn seen(number: usize, name: &str, second: i64) -> CrmRecord {
    lead(&id(number), second, second, &[("LastName", name)])
}

/// Leads whose new name the CRM does not take, all set aside; the calls that this cost are forgotten.
fn refused(count: usize) -> World {
    let world = World::new();
    has_plenty(&world);
    let rows = (0..count).map(|number| seen(number, "Oak", 99)).collect();
    world.read_leads(100, rows);
    world.decide(100);
    for record in records(&world, count) {
        world.edit(101, Some(record), "A name that is too long");
    }
    world.decide(101);
    world.read_leads(101, Vec::new());
    let mut sent = 0;
    while sent < count {
        let batch = BATCH.min(count - sent);
        world.crm.will(Answer::Write(vec![too_long(); batch]));
        let step = world.write(102);
        assert!(
            matches!(step, WriteStep::Sent { records, .. } if records == batch),
            "{sent}: {step:?}"
        );
        sent += batch;
    }
    world.decide(103);
    world.crm.asked();
    world
}

/// The org has told its allowance, and it is large.
fn has_plenty(world: &World) {
    let reserved = now(world.store.reserve_calls(world.team, 1, Lane::Live, at(99)));
    let reservation = reserved.expect("the database").expect("nothing is spent");
    let spent = Spent {
        usage: Some(OrgUsage {
            used: 0,
            max: 1_000_000,
        }),
        ..Spent::default()
    };
    let spent = world
        .store
        .spend_calls(world.team, reservation, spent, at(99));
    now(spent).expect("the database");
}

fn records(world: &World, count: usize) -> Vec<RecordId> {
    let record = |number| world.link(&id(number)).record.expect("imported");
    // Leads were imported in order, so the first one's number leads to all.
    let first = record(0).0;
    let last = record(count - 1).0;
    let step = if count > 1 {
        (last - first) / (count as i64 - 1)
    } else {
        1
    };
    (0..count as i64)
        .map(|number| RecordId(first + number * step))
        .collect()
}

fn too_long() -> WriteOutcome {
    let mut failure = Failure::new(ErrorClass::TooLong, "Last Name: data value too large");
    failure.fields = vec!["LastName".into()];
    WriteOutcome::Rejected(vec![failure])
}

fn standing(world: &World) -> Option<Standing> {
    let mut all = now(world.store.incidents(world.team)).expect("incidents");
    assert!(all.len() < 2, "one cause is one incident: {all:#?}");
    all.pop()
}

fn try_it(world: &World, second: i64) {
    let incident = standing(world).expect("there is one").incident.id;
    let attempt = Attempt {
        fix: "Made the field longer".into(),
        by: None,
        now: at(second),
    };
    let tried = now(world.store.try_incident(world.team, incident, attempt));
    assert!(tried.expect("try_incident"));
}

/// Turns until nothing is left to do; returns the sizes of the batches that were written.
fn run(world: &World, second: i64) -> Vec<usize> {
    let mut written = Vec::new();
    loop {
        match now(world.engine.turn(tick(second), &[])).expect("a turn") {
            Turn::Idle { .. } => return written,
            Turn::Wrote(WriteStep::Sent { records, .. }) => written.push(records),
            _ => {}
        }
    }
}

#[test]
fn ten_thousand_failures_are_one_incident_and_a_failing_fix_costs_one_call() {
    let world = refused(LEADS);
    let before = standing(&world).expect("an incident");
    assert_eq!(before.records, LEADS as u64);
    assert_eq!(run(&world, 104), [0; 0], "nothing is sent again by itself");

    try_it(&world, 105);
    world.crm.will(Answer::Write(vec![too_long()]));
    assert_eq!(run(&world, 105), [1]);
    let calls = world.crm.asked();
    assert!(
        matches!(calls.as_slice(), [Asked::Write(one)] if one.len() == 1),
        "{calls:?}"
    );
    let after = standing(&world).expect("it is still there");
    assert_eq!(after.records, LEADS as u64);
    let stage = after.incident.trial.map(|trial| trial.stage);
    assert!(matches!(stage, Some(Stage::Refused { .. })), "{stage:?}");
}

#[test]
fn after_the_right_fix_all_are_written_with_the_fewest_calls() {
    let world = refused(LEADS);
    try_it(&world, 105);
    let taken = |number: usize, second| {
        let name = "A name that is too long";
        applied(seen(number, "Oak", 99), seen(number, name, second))
    };
    world.crm.will(Answer::Write(vec![taken(0, 105)]));
    for batch in 0..LEADS.div_ceil(BATCH) {
        let numbers = (batch * BATCH + 1)..((batch + 1) * BATCH + 1).min(LEADS);
        world.crm.will(Answer::Write(
            numbers.map(|number| taken(number, 106)).collect(),
        ));
    }
    let mut written = run(&world, 105);
    assert_eq!(written.remove(0), 1, "one is tried alone");
    assert_eq!(written.iter().sum::<usize>(), LEADS - 1);
    assert_eq!(
        written.len(),
        (LEADS - 1).div_ceil(BATCH),
        "every other request is full"
    );
    assert_eq!(world.crm.asked().len(), 1 + (LEADS - 1).div_ceil(BATCH));
    assert_eq!(standing(&world), None);
    assert_eq!(world.link(&id(LEADS - 1)).parked_fields.len(), 0);
}

#[test]
fn a_live_edit_passes_a_release() {
    let world = refused(300);
    try_it(&world, 105);
    let first = world.link(&id(0));
    world.crm.will(Answer::Write(vec![applied(
        seen(0, "Oak", 99),
        seen(0, "A name that is too long", 105),
    )]));
    while !matches!(now(world.engine.turn(tick(105), &[])).expect("a turn"), Turn::Released(report) if report.released > 0)
    {
    }
    world.decide(106);
    let other = world.link(&id(299)).record.expect("imported");
    world.edit(106, Some(other), "Short");
    world.decide(106);
    let next = now(world
        .store
        .sendable_objects(world.team, Lanes::All, at(106)))
    .expect("sendable");
    let claim = Claim {
        worker: "test".into(),
        now: at(106),
        lease_seconds: 60,
        limit: 1,
        lanes: Lanes::All,
    };
    assert_eq!(next[0].object, object("Lead"));
    let sent = now(world
        .store
        .claim_intents(world.team, &object("Lead"), &claim))
    .expect("an intent");
    assert_eq!(sent[0].intent.crm_id(), Some(&CrmId::new(id(299))));
    assert_eq!(sent[0].intent.payload(), fields(&[("LastName", "Short")]));
    assert_ne!(first.id, sent[0].intent.link);
}
