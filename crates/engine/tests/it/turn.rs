//! What comes first when everything waits.

use crate::script::{Answer, Asked};
use crate::world::{World, applied, at, lead, object, page, rules};
use tandem_core::connector::OrgUsage;
use tandem_core::error::ErrorClass;
use tandem_core::record::CrmRecord;
use tandem_engine::Turn;

fn row(id: &str, changed: i64, name: &str) -> CrmRecord {
    lead(id, changed, 700, &[("LastName", name)])
}

/// A doubt, a decided write, an undecided edit, and both objects due for reading, at second 700.
fn everything_waits() -> World {
    let world = World::new();
    let records = world.import(10, &["00Q1", "00Q2", "00Q3"]);
    world.rename(20, records[0], "Elm");
    world.crm.will_fail(ErrorClass::AnswerLost);
    world.write(20);
    world.crm.asked();
    world.rename(20, records[1], "Elm");
    world.edit(20, Some(records[2]), "Elm");
    world
}

#[test]
fn doubts_then_decisions_then_writes_with_the_look_they_need() {
    let world = everything_waits();
    world.crm.will(Answer::Read(vec![row("00Q1", 20, "Elm")]));
    let Turn::Resolved(resolved) = world.turn(700) else {
        panic!("the doubt comes first");
    };
    assert_eq!((resolved.claimed, resolved.settled), (1, 1));
    let Turn::Reconciled(decided) = world.turn(700) else {
        panic!("then what costs nothing");
    };
    assert_eq!((decided.claimed, decided.report.intents), (2, 1));
    let pages = vec![Ok(page(700, Vec::new())), Ok(page(700, Vec::new()))];
    world.crm.will(Answer::Pull(pages));
    let Turn::Pulled(pulled) = world.turn(700) else {
        panic!("two writes need a look first");
    };
    assert_eq!(pulled.objects, [object("Account"), object("Lead")]);
    let taken = |id| applied(row(id, 9, "Oak"), row(id, 700, "Elm"));
    world
        .crm
        .will(Answer::Write(vec![taken("00Q2"), taken("00Q3")]));
    assert!(matches!(world.turn(700), Turn::Wrote(_)));
    assert!(matches!(world.turn(700), Turn::Reconciled(_)));
    let idle = Turn::Idle {
        until: Some(at(1300)),
        refused: None,
    };
    assert_eq!(world.turn(700), idle, "the next reading is due then");
    let kinds: Vec<_> = world.crm.asked();
    assert!(matches!(
        kinds.as_slice(),
        [Asked::Read(_), Asked::Pull(_), Asked::Write(_)]
    ));
}

#[test]
fn a_write_that_needs_no_look_goes_before_reading() {
    let (world, record) = World::with_lead(10);
    world.rename(20, record, "Elm");
    let taken = applied(row("00Q1", 9, "Oak"), row("00Q1", 700, "Elm"));
    world.crm.will(Answer::Write(vec![taken]));
    assert!(matches!(world.turn(700), Turn::Wrote(_)));
}

#[test]
fn a_turn_that_the_allowance_stops_says_why_and_when_to_come_again() {
    let world = everything_waits();
    world.used(699, 80);
    assert!(matches!(world.turn(700), Turn::Reconciled(_)), "no call");
    let Turn::Idle { until, refused } = world.turn(700) else {
        panic!("everything else costs calls");
    };
    assert!(refused.expect("a reason").contains("80 of 100"));
    assert!(until.is_some());
    assert_eq!(world.crm.asked(), []);
}

#[test]
fn a_paused_sync_asks_seldom_and_goes_on_by_itself() {
    let world = World::new();
    world.used(0, 99);
    for (second, asks) in [
        (899, false),
        (900, true),
        (930, false),
        // Of a hundred calls only four a day are set aside for that.
        (22_499, false),
        (22_500, true),
    ] {
        if asks {
            world.crm.will_fail(ErrorClass::Unavailable);
        }
        let asked = matches!(world.turn(second), Turn::Asked { calls: 1 });
        assert_eq!(asked, asks, "at second {second}");
    }
    let (used, max) = (5, 100);
    world.crm.will(Answer::Limits(OrgUsage { used, max }));
    assert_eq!(world.turn(44_100), Turn::Asked { calls: 1 });
    let pages = vec![Ok(page(44_100, Vec::new())), Ok(page(44_100, Vec::new()))];
    world.crm.will(Answer::Pull(pages));
    assert!(matches!(world.turn(44_100), Turn::Pulled(_)), "it goes on");
}

#[test]
fn a_team_whose_sync_is_off_waits_for_nothing() {
    let mut off = rules(None);
    off.settings.enabled = false;
    let idle = Turn::Idle {
        until: None,
        refused: None,
    };
    assert_eq!(World::with(off).turn(10), idle);
}
