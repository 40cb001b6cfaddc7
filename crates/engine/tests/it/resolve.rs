//! Writes whose answer was lost: what is found, and what then happens.

use crate::script::{Answer, Asked, CREATE_HORIZON_SECONDS};
use crate::world::{World, applied, at, lead, now, object};
use tandem_core::connector::{CreateProbe, Failure, ProbeAnswer, WriteOp, WriteOutcome};
use tandem_core::error::ErrorClass;
use tandem_core::ids::{CrmId, RecordId};
use tandem_core::link::Lanes;
use tandem_core::record::CrmRecord;
use tandem_core::store::{Claim, SyncStore as _};
use tandem_core::value::Value;
use tandem_core::write::{IntentState, WriteIntent};
use tandem_engine::{ResolveOutcome, WriteStep};

const KEY_FIELD: &str = "TandemId__c";

fn row(id: &str, changed: i64, seen: i64, name: &str) -> CrmRecord {
    lead(id, changed, seen, &[("LastName", name)])
}

/// A lead was renamed from Oak to Elm at second 20, and the answer was lost.
fn update_in_doubt() -> (World, RecordId) {
    let (world, record) = World::with_lead(10);
    world.rename(20, record, "Elm");
    lose_answer(&world, 20);
    (world, record)
}

/// A lead was to be created at second 20, and the answer was lost.
fn create_in_doubt(world: &World) -> RecordId {
    world.import(10, &["00Q1"]);
    let record = world.add_lead(20, "Ash");
    lose_answer(world, 20);
    record
}

fn lose_answer(world: &World, second: i64) {
    world.crm.will_fail(ErrorClass::AnswerLost);
    let step = world.write(second);
    assert!(
        matches!(step, WriteStep::Sent { applied: 0, .. }),
        "{step:?}"
    );
    world.crm.asked();
}

fn only_intent(world: &World) -> WriteIntent {
    let mut intents = world.intents();
    assert_eq!(intents.len(), 1, "{intents:#?}");
    intents.remove(0)
}

fn looked(claimed: usize, settled: usize, calls: u32) -> ResolveOutcome {
    ResolveOutcome {
        claimed,
        settled,
        calls,
        refused: None,
    }
}

#[test]
fn an_update_that_arrived_is_agreed_and_not_sent_again() {
    let (world, record) = update_in_doubt();
    world
        .crm
        .will(Answer::Read(vec![row("00Q1", 20, 21, "Elm")]));
    assert_eq!(world.resolve(21), looked(1, 1, 1));
    assert_eq!(world.crm.asked(), [Asked::Read(vec![CrmId::new("00Q1")])]);
    assert_eq!(
        world.link_of(record).base["last_name"].crm,
        Value::text("Elm")
    );
    world.decide(22);
    assert_eq!(world.intents(), []);
}

#[test]
fn an_update_that_did_not_arrive_is_decided_and_sent_again() {
    let (world, _) = update_in_doubt();
    world
        .crm
        .will(Answer::Read(vec![row("00Q1", 9, 21, "Oak")]));
    assert_eq!(world.resolve(21), looked(1, 1, 1));
    assert_eq!(world.intents(), []);
    world.decide(22);
    let taken = applied(row("00Q1", 9, 22, "Oak"), row("00Q1", 22, 22, "Elm"));
    world.crm.will(Answer::Write(vec![taken]));
    let step = world.write(22);
    assert!(
        matches!(step, WriteStep::Sent { applied: 1, .. }),
        "{step:?}"
    );
}

#[test]
fn an_update_of_something_gone_waits_for_a_person() {
    let (world, record) = update_in_doubt();
    world.crm.will(Answer::Read(Vec::new()));
    assert_eq!(world.resolve(21), looked(1, 1, 1));
    let parked = world.link_of(record).parked.expect("set aside");
    assert_eq!(parked.class, ErrorClass::RecordGone);
}

#[test]
fn a_doubt_has_its_time_and_a_look_that_fails_keeps_it() {
    let (world, _) = update_in_doubt();
    assert_eq!(world.resolve(20), looked(0, 0, 0), "a second too early");
    world.crm.will_fail(ErrorClass::Busy);
    assert_eq!(world.resolve(21), looked(1, 0, 1));
    assert_eq!(only_intent(&world).state, IntentState::Doubtful);
    assert_eq!(world.resolve(22), looked(0, 0, 0), "it waits longer");
    assert_eq!(
        world.write(22),
        WriteStep::Idle,
        "nothing is sent meanwhile"
    );
    world
        .crm
        .will(Answer::Read(vec![row("00Q1", 20, 23, "Elm")]));
    assert_eq!(world.resolve(23), looked(1, 1, 1));
}

#[test]
fn a_spent_allowance_keeps_the_doubt() {
    let (world, _) = update_in_doubt();
    world.used(20, 80);
    let outcome = world.resolve(21);
    assert_eq!((outcome.claimed, outcome.settled, outcome.calls), (1, 0, 0));
    let words = outcome.refused.expect("a reason");
    assert!(words.contains("80 of 100"), "{words}");
    assert_eq!(world.crm.asked(), []);
    assert_eq!(only_intent(&world).state, IntentState::Doubtful);
}

#[test]
fn a_create_that_arrived_is_linked() {
    let world = World::new();
    let record = create_in_doubt(&world);
    let found = ProbeAnswer::Found(row("00Q2", 20, 21, "Ash"));
    world.crm.will(Answer::Probe(vec![found]));
    assert_eq!(world.resolve(21), looked(1, 1, 1));
    let probe = CreateProbe {
        key: None,
        sent_at: at(20),
        fields: crate::world::fields(&[("LastName", "Ash")]),
    };
    assert_eq!(world.crm.asked(), [Asked::Probe(vec![probe])]);
    assert_eq!(world.link_of(record).crm, Some(CrmId::new("00Q2")));
    assert_eq!(world.intents(), []);
}

#[test]
fn a_create_without_a_key_waits_until_it_can_no_longer_appear() {
    let world = World::new();
    create_in_doubt(&world);
    world.crm.will(Answer::Probe(vec![ProbeAnswer::Absent]));
    assert_eq!(world.resolve(21), looked(1, 0, 1));
    assert_eq!(
        world.resolve(50),
        looked(0, 0, 0),
        "30 seconds between looks"
    );
    let over = 20 + i64::from(CREATE_HORIZON_SECONDS);
    for (second, state) in [
        (over - 1, IntentState::Doubtful),
        (over + 29, IntentState::Pending),
    ] {
        world.crm.will(Answer::Probe(vec![ProbeAnswer::Absent]));
        world.resolve(second);
        assert_eq!(only_intent(&world).state, state, "at second {second}");
    }
}

#[test]
fn a_create_with_a_key_goes_again_at_once() {
    let world = World::with_key(KEY_FIELD);
    create_in_doubt(&world);
    world.crm.will(Answer::Probe(vec![ProbeAnswer::Absent]));
    assert_eq!(world.resolve(21), looked(1, 1, 1));
    let again = only_intent(&world);
    assert_eq!(again.state, IntentState::Pending);
    let WriteOp::Create {
        key: Some((field, key)),
    } = again.draft.op
    else {
        panic!("it carries our key: {:?}", again.draft.op);
    };
    assert_eq!(
        (field.as_str(), key),
        (KEY_FIELD, format!("test-{}", again.link))
    );
}

/// The first try arrived, its answer did not; the CRM was busy for long; then it refuses the repeat.
#[test]
fn a_create_that_the_crm_already_has_is_adopted_however_long_it_was_busy() {
    let world = World::with_key(KEY_FIELD);
    world.import(10, &["00Q1"]);
    let record = world.add_lead(20, "Ash");
    let mut second = 20;
    for _ in 0..5 {
        world.read_leads(second, Vec::new());
        world.crm.will_fail(ErrorClass::Busy);
        world.write(second);
        second += 60;
    }
    assert_eq!(only_intent(&world).attempts, 5);
    world.read_leads(second, Vec::new());
    let refusal = Failure::new(ErrorClass::DuplicateKey, "the CRM's words");
    let refused = WriteOutcome::Rejected(vec![refusal]);
    world.crm.will(Answer::Write(vec![refused]));
    world.write(second);
    assert_eq!(only_intent(&world).state, IntentState::Doubtful);
    let found = ProbeAnswer::Found(row("00Q2", 20, second + 900, "Ash"));
    world.crm.will(Answer::Probe(vec![found]));
    assert_eq!(world.resolve(second + 900), looked(1, 1, 1));
    assert_eq!(world.link_of(record).crm, Some(CrmId::new("00Q2")));
}

#[test]
fn updates_and_creates_are_looked_into_together() {
    let world = World::new();
    let record = world.import(10, &["00Q1"])[0];
    world.rename(20, record, "Elm");
    world.add_lead(20, "Ash");
    lose_answer(&world, 20);
    assert_eq!(world.intents().len(), 2);
    world
        .crm
        .will(Answer::Read(vec![row("00Q1", 20, 21, "Elm")]));
    let found = ProbeAnswer::Found(row("00Q2", 20, 21, "Ash"));
    world.crm.will(Answer::Probe(vec![found]));
    assert_eq!(world.resolve(21), looked(2, 2, 2));
    assert_eq!(world.intents(), []);
}

#[test]
fn a_create_that_may_be_one_of_several_waits_for_a_person() {
    let world = World::new();
    let record = create_in_doubt(&world);
    let several = ["00Q2", "00Q3"].map(|id| row(id, 20, 21, "Ash")).into();
    let answer = ProbeAnswer::Several(several);
    world.crm.will(Answer::Probe(vec![answer]));
    assert_eq!(world.resolve(21), looked(1, 1, 1));
    let parked = world.link_of(record).parked.expect("set aside");
    assert_eq!(parked.class, ErrorClass::CannotMatch);
    assert!(parked.message.contains("00Q2, 00Q3"), "{}", parked.message);
}

/// What is sent without a key is known by its values alone, and those may fit what another create made.
#[test]
fn all_creates_under_way_are_asked_about_together() {
    let world = World::new();
    let record = create_in_doubt(&world);
    world.add_lead(21, "Elm");
    let claim = Claim {
        worker: "another".into(),
        now: at(21),
        lease_seconds: 60,
        limit: 10,
        lanes: Lanes::All,
    };
    let sent = now(world
        .store
        .claim_intents(world.team, &object("Lead"), &claim));
    assert_eq!(sent.expect("it can be sent").len(), 1);
    let answers = vec![
        ProbeAnswer::Found(row("00Q2", 21, 22, "Elm")),
        ProbeAnswer::Absent,
    ];
    world.crm.will(Answer::Probe(answers));
    assert_eq!(world.resolve(22), looked(1, 0, 1));
    let asked = world.crm.asked();
    let [Asked::Probe(probes)] = &asked[..] else {
        panic!("one question");
    };
    let sent: Vec<_> = probes.iter().map(|probe| probe.sent_at).collect();
    assert_eq!(
        sent,
        [at(21), at(20)],
        "whose answer is awaited comes first"
    );
    assert_eq!(world.link_of(record).crm, None);
    assert_eq!(
        world.intents().len(),
        2,
        "the other one waits for its own answer"
    );
}

#[test]
fn a_record_that_has_a_workspace_record_is_no_lost_create() {
    let world = World::new();
    let record = create_in_doubt(&world);
    let known = row("00Q1", 20, 21, "Ash");
    let answer = ProbeAnswer::Found(known.clone());
    world.crm.will(Answer::Probe(vec![answer]));
    assert_eq!(world.resolve(21), looked(1, 0, 1));
    let several = ProbeAnswer::Several(vec![known, row("00Q2", 20, 21, "Ash")]);
    world.crm.will(Answer::Probe(vec![several]));
    assert_eq!(world.resolve(60), looked(1, 1, 1));
    assert_eq!(world.link_of(record).crm, Some(CrmId::new("00Q2")));
}
