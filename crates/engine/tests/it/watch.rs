//! Looking for what reading does not show: the deletion feed, the roll call, and the second look.

use crate::script::{Answer, Asked};
use crate::world::{World, at, lead, now, object, tick};
use tandem_core::connector::{Deletions, Failure, Present, RollPage, Watermark, WriteOutcome};
use tandem_core::error::ErrorClass;
use tandem_core::ids::CrmId;
use tandem_core::link::LinkState;
use tandem_core::store::SyncStore as _;
use tandem_core::sync_log::LogStatus;
use tandem_core::watch::{ObjectWatch, ROLL_CALL_EVERY_SECONDS, RollCallCause};
use tandem_engine::WatchOutcome;

fn watch(world: &World, second: i64) -> WatchOutcome {
    now(world.engine.watch(tick(second))).unwrap()
}

fn leads(world: &World) -> ObjectWatch {
    let watches = now(world.store.watches(world.team)).unwrap();
    watches
        .into_iter()
        .find(|one| one.object == object("Lead"))
        .unwrap()
}

/// What the feed says of accounts, nothing, and of leads.
fn feed(world: &World, covered: i64, deleted: &[&str]) {
    let part = |ids: &[&str]| {
        Ok(Deletions {
            ids: ids.iter().map(|id| CrmId::new(*id)).collect(),
            covered: mark(covered),
        })
    };
    world
        .crm
        .will(Answer::Deletions(vec![part(&[]), part(deleted)]));
}

fn mark(order: i64) -> Watermark {
    Watermark {
        order,
        token: order.to_string(),
    }
}

fn roll(world: &World, last: bool, ids: &[&str]) {
    let present = |id: &&str| Present {
        id: CrmId::new(*id),
        order: 9,
    };
    let present = ids.iter().map(present).collect();
    world.crm.will(Answer::Roll(RollPage { present, last }));
}

/// Three leads on both sides, watched from second 20 on.
fn watched() -> World {
    let world = World::new();
    world.import(10, &["00Q1", "00Q2", "00Q3"]);
    world.watch_from_now();
    feed(&world, 15, &[]);
    assert!(watch(&world, 20).asked);
    world.crm.asked();
    world
}

fn state(world: &World, id: &str) -> LinkState {
    world.decide(9_999_999);
    world.link(id).state
}

#[test]
fn the_feed_is_asked_once_an_hour_for_all_from_where_it_was_covered() {
    let world = World::new();
    world.import(10, &["00Q1"]);
    world.watch_from_now();
    for (second, since, covered) in [(20, 10, 15), (3_620, 15, 3_600), (7_220, 3_600, 7_000)] {
        feed(&world, covered, &[]);
        let outcome = watch(&world, second);
        assert_eq!((outcome.asked, outcome.calls), (true, 1));
        let asked = world.crm.asked();
        let [Asked::Deletions(requests)] = asked.as_slice() else {
            panic!("{asked:?}");
        };
        let asked: Vec<_> = requests
            .iter()
            .map(|r| (r.object.as_str(), r.since.order))
            .collect();
        assert_eq!(asked, [("Account", since), ("Lead", since)]);
        assert!(
            !watch(&world, second + 3_599).asked,
            "not before an hour has passed"
        );
    }
}

/// Deleted beyond the recycle bin: the feed names it, and it is not there when looked for by id.
#[test]
fn a_record_deleted_for_good_is_unlinked_after_a_second_look() {
    let world = watched();
    feed(&world, 3_600, &["00Q2", "00Q9"]);
    world.crm.will(Answer::Read(Vec::new()));
    let outcome = watch(&world, 3_700);
    assert_eq!((outcome.gone, outcome.calls), (1, 2));
    let looked = world.crm.asked().pop();
    assert_eq!(
        looked,
        Some(Asked::Read(vec![CrmId::new("00Q2")])),
        "strangers are not looked for"
    );
    assert_eq!(state(&world, "00Q2"), LinkState::Unlinked);
    assert_eq!(state(&world, "00Q1"), LinkState::Active);
    feed(&world, 7_000, &["00Q2"]);
    assert_eq!(watch(&world, 7_400).calls, 1, "it is known to be deleted");
}

/// Deleted for good between our create and the first look at it: no version of it was ever read.
#[test]
fn a_record_that_was_never_read_is_gone_as_well() {
    let world = watched();
    world.add_lead(21, "Elm");
    world.read_leads(22, Vec::new());
    world.crm.will(Answer::Write(vec![WriteOutcome::Applied {
        id: CrmId::new("00Q5"),
        before: None,
        after: None,
    }]));
    world.write(23);
    assert_eq!(state(&world, "00Q5"), LinkState::Active);
    feed(&world, 3_600, &["00Q5"]);
    world.crm.will(Answer::Read(Vec::new()));
    assert_eq!(watch(&world, 3_700).gone, 1);
    assert_eq!(state(&world, "00Q5"), LinkState::Unlinked);
}

/// Absence needs two proofs: what the feed says and the look by id.
#[test]
fn what_the_feed_names_and_the_second_look_shows_is_not_gone() {
    let world = watched();
    feed(&world, 3_600, &["00Q2"]);
    world.crm.will(Answer::Read(vec![lead(
        "00Q2",
        9,
        3_700,
        &[("LastName", "Oak")],
    )]));
    assert_eq!(watch(&world, 3_700).gone, 0);
    assert_eq!(state(&world, "00Q2"), LinkState::Active);
}

#[test]
fn a_look_that_failed_proves_nothing_and_is_made_again() {
    let world = watched();
    for second in [3_700, 3_701] {
        feed(&world, 3_600, &["00Q2"]);
        world.crm.will_fail(ErrorClass::Unavailable);
        let outcome = watch(&world, second);
        assert_eq!((outcome.gone, outcome.failures.len()), (0, 1));
    }
    assert_eq!(leads(&world).covered, Some(mark(15)), "nothing is covered");
    assert_eq!(state(&world, "00Q2"), LinkState::Active);
    let failed = world
        .log()
        .into_iter()
        .filter(|entry| entry.status == LogStatus::Failed);
    assert_eq!(failed.count(), 1, "it is told once");
    feed(&world, 3_600, &["00Q2"]);
    world.crm.will(Answer::Read(Vec::new()));
    assert_eq!(watch(&world, 3_800).gone, 1);
}

/// An outage longer than the feed reaches: all ids are compared, page by page, and reading goes on from here.
#[test]
fn a_feed_out_of_reach_compares_every_id() {
    let world = watched();
    let far = Failure::new(ErrorClass::CursorGone, "startDate is too old");
    let nothing = Deletions {
        ids: Vec::new(),
        covered: mark(3_600),
    };
    world
        .crm
        .will(Answer::Deletions(vec![Ok(nothing), Err(far)]));
    watch(&world, 3_700);
    let begun = leads(&world);
    assert_eq!(begun.covered, None);
    let cause = begun.roll_call.map(|roll_call| roll_call.cause);
    assert_eq!(cause, Some(RollCallCause::FeedOutOfReach));
    roll(&world, false, &["00Q1"]);
    assert_eq!(watch(&world, 3_701).gone, 0);
    // 00Q2 is gone for good, 00Q3 was changed unseen, 00Q4 is new.
    let mut changed = lead("00Q3", 30, 3_702, &[("LastName", "Ash")]);
    changed.revision.order = 30;
    roll(&world, true, &["00Q3", "00Q4"]);
    let found = vec![changed, lead("00Q4", 9, 3_702, &[("LastName", "Fir")])];
    world.crm.will(Answer::Read(found));
    let outcome = watch(&world, 3_702);
    assert_eq!((outcome.gone, outcome.missed), (1, 1));
    let done = leads(&world).last_roll_call.expect("it is complete");
    assert_eq!((done.present, done.gone, done.missed), (3, 1, 1));
    assert_eq!(state(&world, "00Q2"), LinkState::Unlinked);
    assert!(world.link("00Q4").record.is_some());
    let told: Vec<_> = world.log().into_iter().map(|entry| entry.summary).collect();
    assert!(
        told.iter()
            .any(|text| text.contains("no longer tells what was deleted")),
        "{told:#?}"
    );
    assert!(
        told.iter()
            .any(|text| text.contains("3 in all: 1 had been deleted for good")),
        "{told:#?}"
    );
}

#[test]
fn the_roll_is_called_every_week_and_goes_on_where_it_stood() {
    let world = watched();
    let week = 20 + ROLL_CALL_EVERY_SECONDS;
    feed(&world, week, &[]);
    watch(&world, week);
    world.crm.asked();
    // Accounts are due as well; each begins by itself.
    assert_eq!(watch(&world, week).calls, 0);
    roll(&world, true, &[]);
    watch(&world, week);
    watch(&world, week);
    roll(&world, false, &["00Q1", "00Q2"]);
    watch(&world, week);
    world.crm.will_fail(ErrorClass::TimedOut);
    watch(&world, week + 1);
    assert!(!watch(&world, week + 1).asked, "it backs off");
    roll(&world, true, &["00Q3"]);
    watch(&world, week + 3);
    let after: Vec<_> = world
        .crm
        .asked()
        .into_iter()
        .filter_map(|asked| match asked {
            Asked::Roll(request) if request.object == object("Lead") => Some(request),
            _ => None,
        })
        .map(|request| (request.after.map(|id| id.0), request.failures))
        .collect();
    let second = Some("00Q2".to_owned());
    assert_eq!(after, [(None, 0), (second.clone(), 0), (second, 1)]);
    assert_eq!(leads(&world).known_at, Some(at(week)));
}

#[test]
fn a_spent_allowance_puts_the_looks_off() {
    let world = watched();
    world.used(3_699, 73);
    let outcome = watch(&world, 3_700);
    assert!(!outcome.asked);
    assert!(
        outcome
            .refused
            .is_some_and(|words| words.contains("73 of 100"))
    );
    assert_eq!(world.crm.asked(), []);
}
