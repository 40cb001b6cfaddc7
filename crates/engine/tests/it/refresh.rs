//! Values that the CRM works out: read again round after round, and news of nothing but themselves.

use crate::script::{Answer, Asked};
use crate::world::{World, at, lead, now, object, rules, tick};
use tandem_core::error::ErrorClass;
use tandem_core::ids::CrmId;
use tandem_core::refresh::{LOOK_EVERY_SECONDS, REFRESH_EVERY_SECONDS, Refresh, Rounds};
use tandem_core::settings::TeamRules;
use tandem_core::store::SyncStore as _;
use tandem_core::sync_log::LogStatus;
use tandem_engine::{RefreshOutcome, refresh_calls_per_day};

/// The last names of leads are a formula.
fn formula() -> TeamRules {
    let mut rules = rules(None);
    for pair in &mut rules.pairs {
        let is_lead = pair.object == object("Lead");
        for field in &mut pair.fields {
            field.calculated = is_lead;
        }
    }
    rules
}

fn refresh(world: &World, second: i64) -> RefreshOutcome {
    now(world.engine.refresh(tick(second))).unwrap()
}

fn stands(world: &World) -> Refresh {
    let watches = now(world.store.watches(world.team)).unwrap();
    let found = watches.into_iter().find(|one| one.object == object("Lead"));
    found.map(|watch| watch.refresh).unwrap_or_default()
}

/// All leads were known at that second.
fn known_at(world: &World, second: i64) {
    let watches = now(world.store.watches(world.team)).unwrap();
    let found = watches.into_iter().find(|one| one.object == object("Lead"));
    let watch = tandem_core::watch::ObjectWatch {
        known_at: Some(at(second)),
        ..found.unwrap()
    };
    assert!(now(world.store.save_watch(world.team, watch, Vec::new())).unwrap());
}

fn read(world: &World) -> Vec<Vec<CrmId>> {
    let ids = |asked| match asked {
        Asked::Read(ids) => ids,
        other => panic!("only reading by id was expected: {other:?}"),
    };
    world.crm.asked().into_iter().map(ids).collect()
}

#[test]
fn a_formula_that_moved_no_stamp_is_news_of_that_field() {
    let world = World::with(formula());
    let records = world.import(10, &["00Q1", "00Q2"]);
    let same = |id, name| lead(id, 9, 20, &[("LastName", name)]);
    let answer = vec![same("00Q1", "Oak"), same("00Q2", "Elm")];
    world.crm.will(Answer::Read(answer));
    let outcome = refresh(&world, 20);
    assert_eq!((outcome.records, outcome.news, outcome.calls), (2, 1, 1));
    assert_eq!(read(&world), [["00Q1", "00Q2"].map(CrmId::new)]);
    world.decide(21);
    let name = |index: usize| {
        let record = now(world.store.record(world.team, records[index]));
        record.unwrap().unwrap().fields["last_name"].clone()
    };
    assert_eq!(name(0), tandem_core::value::Value::text("Oak"));
    assert_eq!(name(1), tandem_core::value::Value::text("Elm"));
    assert_eq!(stands(&world).known_at, Some(at(20)));
    assert!(!refresh(&world, 21).asked, "the next round is in an hour");
    world.crm.will(Answer::Read(Vec::new()));
    assert!(refresh(&world, 20 + REFRESH_EVERY_SECONDS).asked);
}

/// Batches go on where the last one ended; a failed one is made again, and told once.
#[test]
fn a_round_goes_on_in_batches_and_after_a_failure_where_it_stood() {
    let world = World::with(formula());
    let ids: Vec<String> = (0..130).map(|n| format!("00Q{n:03}")).collect();
    let names: Vec<&str> = ids.iter().map(String::as_str).collect();
    world.import(10, &names);
    world.crm.will(Answer::Read(Vec::new()));
    refresh(&world, 20);
    for second in [21, 40] {
        world.crm.will_fail(ErrorClass::Unavailable);
        let failed = refresh(&world, second);
        assert!(failed.failure.is_some());
        assert!(!refresh(&world, second).asked, "it waits");
    }
    world.crm.will(Answer::Read(Vec::new()));
    refresh(&world, 60);
    let sizes: Vec<usize> = read(&world).iter().map(Vec::len).collect();
    assert_eq!(sizes, [100, 30, 30, 30]);
    assert_eq!(stands(&world).known_at, Some(at(20)));
    let failed = world.log();
    let failed = failed
        .iter()
        .filter(|entry| entry.status == LogStatus::Failed);
    assert_eq!(failed.count(), 1);
}

/// A field that is not marked is looked at once a day; found to move without its stamp it is told, and read again every hour.
#[test]
fn a_field_that_behaves_like_a_formula_is_found_told_and_read_again_every_hour() {
    let world = World::new();
    world.import(1_000, &["00Q1", "00Q2"]);
    known_at(&world, 1_000);
    assert!(!refresh(&world, LOOK_EVERY_SECONDS).asked, "not a day yet");
    let day = 1_000 + LOOK_EVERY_SECONDS;
    let same = |id, second, name| lead(id, 999, second, &[("LastName", name)]);
    // Seen as they are, long after their stamp.
    let seen = vec![same("00Q1", day, "Oak"), same("00Q2", day, "Oak")];
    world.crm.will(Answer::Read(seen));
    assert_eq!(
        (refresh(&world, day).news, stands(&world).unstamped.len()),
        (0, 0)
    );
    let next = day + LOOK_EVERY_SECONDS;
    assert!(!refresh(&world, next - 1).asked, "once a day");
    let moved = vec![same("00Q1", next, "Oak"), same("00Q2", next, "Elm")];
    world.crm.will(Answer::Read(moved));
    assert_eq!(refresh(&world, next).news, 1);
    assert_eq!(stands(&world).unstamped, ["LastName".to_owned()].into());
    let told = |world: &World| {
        let log = world.log().into_iter();
        let told = log.filter(|entry| entry.summary.contains("LastName changes without"));
        told.count()
    };
    assert_eq!(told(&world), 1);
    let hour = next + REFRESH_EVERY_SECONDS;
    assert!(!refresh(&world, hour - 1).asked);
    let moved = vec![same("00Q1", hour, "Oak"), same("00Q2", hour, "Ash")];
    world.crm.will(Answer::Read(moved));
    assert_eq!(refresh(&world, hour).news, 1, "every hour from now on");
    assert_eq!(told(&world), 1, "told once");
}

#[test]
fn who_maps_no_formula_pays_a_look_a_day() {
    let world = World::new();
    world.import(10, &["00Q1"]);
    assert!(!refresh(&world, 20).asked);
    let mut outbound = formula();
    for field in &mut outbound.pairs[1].fields {
        field.mapping.direction = tandem_core::mapping::Direction::WorkspaceToCrm;
    }
    assert!(!outbound.pairs[1].has_calculated());
    assert_eq!(Refresh::default().rounds(&outbound.pairs[1]), None);
    for (rounds, records, calls) in [
        (Rounds::Hourly, 0, 0),
        (Rounds::Hourly, 10_000, 24),
        (Rounds::Hourly, 100_001, 264),
        (Rounds::Daily, 100_001, 11),
    ] {
        assert_eq!(refresh_calls_per_day(rounds, records, 10_000), calls);
    }
}
