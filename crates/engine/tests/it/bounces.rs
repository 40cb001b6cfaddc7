//! An automation in the CRM and a program here that undo each other: the calls that they may spend.

use crate::script::Answer;
use crate::world::{World, applied, at, fields, lead, now};
use tandem_core::error::ErrorClass;
use tandem_core::ids::RecordId;
use tandem_core::record::Origin;
use tandem_core::settings::Guards;
use tandem_core::store::{SyncStore, WorkspaceEdit};
use tandem_core::workspace::Kind;
use tandem_engine::WriteStep;

/// A program here sets the name.
fn program_sets(world: &World, second: i64, record: RecordId, name: &str) {
    let edit = WorkspaceEdit {
        record: Some(record),
        kind: Kind::Person,
        patch: fields(&[("last_name", name)]),
        origin: Origin::Api("enrich".into()),
        now: at(second),
        create_as: None,
    };
    now(world.store.edit_record(world.team, edit)).unwrap();
    world.decide(second);
}

/// Whenever the name becomes OAK here, the program writes Oak; whenever Oak arrives in the CRM, a flow
/// makes it OAK within the same save. Plays so many rounds, or until nothing is sent any more; returns the
/// writes that were made.
fn play(world: &World, record: RecordId, rounds: i64) -> i64 {
    for round in 0..rounds {
        let second = 100 + 10 * round;
        let before = lead("00Q1", second - 5, second, &[("LastName", "OAK")]);
        let after = lead("00Q1", second + 1, second + 1, &[("LastName", "OAK")]);
        program_sets(world, second, record, "Oak");
        world.crm.will(Answer::Write(vec![applied(before, after)]));
        if world.write(second + 1) == WriteStep::Idle {
            return round;
        }
        world.decide(second + 2);
    }
    rounds
}

fn shouted() -> (World, RecordId) {
    let world = World::new();
    world.read_leads(10, vec![lead("00Q1", 9, 10, &[("LastName", "OAK")])]);
    world.crm.asked();
    world.decide(10);
    let record = world.link("00Q1").record.unwrap();
    (world, record)
}

#[test]
fn a_pair_that_keeps_bouncing_is_stopped_after_three_writes() {
    let (world, record) = shouted();
    assert_eq!(play(&world, record, 50), 3);
    assert_eq!(world.crm.asked().len(), 3, "not a call more");
    let link = world.link_of(record);
    assert_eq!(link.parked_fields["last_name"].class, ErrorClass::Bouncing);
    let words = &link.parked_fields["last_name"].message;
    assert!(words.contains("program enrich"), "{words}");
    assert_eq!(world.intents(), []);
}

#[test]
fn a_program_does_not_take_the_field_up_but_a_person_and_a_retry_do() {
    let (world, record) = shouted();
    play(&world, record, 50);
    program_sets(&world, 1_000, record, "Elm");
    assert_eq!(world.intents(), [], "still set aside");
    world.rename(1_010, record, "Ash");
    assert_eq!(world.intents().len(), 1);
    assert!(world.link_of(record).parked_fields.is_empty());

    let (world, record) = shouted();
    play(&world, record, 50);
    let link = world.link_of(record).id;
    now(world.store.retry_links(world.team, &[link], at(1_000))).unwrap();
    world.decide(1_000);
    assert_eq!(world.intents().len(), 1);
}

#[test]
fn without_the_detector_they_spend_a_call_each_time() {
    let (mut world, record) = shouted();
    world.engine.guards = Guards {
        bounce: false,
        ..Guards::ALL
    };
    assert_eq!(play(&world, record, 50), 50);
}
