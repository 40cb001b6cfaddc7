//! When each object is read, and what that costs.

use crate::world::{at, object, rules};
use tandem_core::budget::Pace;
use tandem_core::connector::{PageToken, Watermark};
use tandem_core::settings::SyncSettings;
use tandem_core::store::{ObjectProgress, PullPosition};
use tandem_engine::{calls_per_day, due_objects};

/// How an object stands at second 1000, when accounts are read every 600 seconds and leads every 60.
#[derive(Clone, Copy)]
enum Stands {
    Never,
    /// Its last complete pull began at this second.
    Read(i64),
    /// Likewise, and another is under way.
    Reading(i64),
    /// Likewise, and it is not to be read before that second.
    BacksOff(i64, i64),
}

use Stands::{BacksOff, Never, Read, Reading};

fn progress(name: &str, stands: Stands) -> Option<ObjectProgress> {
    let (read, page, not_before) = match stands {
        Never => return None,
        Read(read) => (read, None, None),
        Reading(read) => (read, Some(PageToken("next".into())), None),
        BacksOff(read, until) => (read, None, Some(at(until))),
    };
    let watermark = Watermark {
        order: read,
        token: read.to_string(),
    };
    Some(ObjectProgress {
        object: object(name),
        position: PullPosition {
            round: 0,
            watermark: Some(watermark),
            page,
        },
        complete_at: Some(at(read)),
        started_at: None,
        not_before,
        attempts: u32::from(not_before.is_some()),
        rows: 0,
        horizon: tandem_core::horizon::Horizon::default(),
        coverage: Default::default(),
    })
}

fn due(accounts: Stands, leads: Stands, wanted: &[&str], limit: usize) -> Vec<String> {
    let mut rules = rules(None);
    let frequency = &mut rules.settings.frequency_seconds;
    frequency.insert(object("Lead"), 60);
    let known = [progress("Account", accounts), progress("Lead", leads)];
    let known: Vec<_> = known.into_iter().flatten().collect();
    let wanted: Vec<_> = wanted.iter().map(|name| object(name)).collect();
    let due = due_objects(&rules, &known, &wanted, Pace::Full, at(1000), limit);
    due.into_iter().map(|object| object.0).collect()
}

#[test]
fn what_is_due_is_read_and_the_others_come_along() {
    let both = ["Account", "Lead"];
    let leads_first = ["Lead", "Account"];
    let table: [(&str, Stands, Stands, &[&str]); 9] = [
        ("never read", Never, Never, &both),
        ("just read", Read(999), Read(999), &[]),
        ("a second early", Read(401), Read(941), &[]),
        ("leads are due", Read(999), Read(940), &both),
        ("accounts are due", Read(400), Read(999), &both),
        ("under way", Read(999), Reading(999), &leads_first),
        ("backs off", BacksOff(400, 1001), Read(999), &[]),
        ("others go on", BacksOff(400, 1001), Read(940), &["Lead"]),
        ("it ends", BacksOff(400, 1000), Read(999), &both),
    ];
    for (case, accounts, leads, expected) in table {
        assert_eq!(due(accounts, leads, &[], 5), expected, "{case}");
    }
}

#[test]
fn what_is_wanted_is_due_unless_it_backs_off() {
    let both = ["Account", "Lead"];
    assert_eq!(due(Read(999), Read(999), &["Lead"], 5), both);
    let resting = BacksOff(999, 1001);
    assert!(due(Read(999), resting, &["Lead"], 5).is_empty());
    assert!(
        due(Read(999), Read(999), &["Case"], 5).is_empty(),
        "unmapped"
    );
}

#[test]
fn the_limit_of_a_request_leaves_out_the_last() {
    assert_eq!(due(Never, Never, &[], 1), ["Account"]);
    assert_eq!(
        due(Never, Reading(999), &[], 1),
        ["Lead"],
        "under way first"
    );
}

#[test]
fn a_quiet_day_costs_what_the_most_frequent_of_each_request_does() {
    let mut settings = SyncSettings::default();
    settings.frequency_seconds.insert(object("Lead"), 60);
    settings.frequency_seconds.insert(object("Contact"), 300);
    let objects = |names: &[&str]| names.iter().map(|name| object(name)).collect::<Vec<_>>();
    for (names, per_request, expected) in [
        (&[][..], 5, 0),
        (&["Account"], 5, 144),
        (&["Account", "Lead"], 5, 1440),
        (&["Account", "Lead", "Contact"], 5, 1440),
        (&["Account", "Lead", "Contact"], 2, 1440 + 144),
        (&["Account", "Lead", "Contact"], 1, 1440 + 288 + 144),
        (&["Account"], 0, 144),
    ] {
        let calls = calls_per_day(&settings, &objects(names), per_request);
        let feed = if names.is_empty() { 0 } else { 24 };
        assert_eq!(
            calls,
            expected + feed,
            "{names:?}, {per_request} in a request"
        );
    }
}
