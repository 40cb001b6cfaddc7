//! Fields that go to and fro: when that is a loop, and what becomes of the field.

use crate::fixture::{at, fields, lead, link, pair, person, rule, text};
use crate::table::{check, expect};
use tandem_core::bounce::{self, Flip, TURNS_MAX};
use tandem_core::brake::Side;
use tandem_core::error::ErrorClass;
use tandem_core::ids::{CrmId, UserId};
use tandem_core::link::{Agreed, ParkedField, RecordLink};
use tandem_core::mapping::Winner;
use tandem_core::reconcile::{Decision, Input, Kin, RecordChange, reconcile};
use tandem_core::record::Origin;
use tandem_core::settings::{Guards, SyncSettings};
use tandem_core::sync_log::{LogStatus, LogType};

fn flip(side: &str, second: i64) -> Flip {
    let (from, value) = side.split_at(1);
    Flip {
        from: if from == "w" {
            Side::Workspace
        } else {
            Side::Crm
        },
        value: value.into(),
        at: at(second),
        by: String::new(),
    }
}

#[test]
fn turns_between_the_sides_are_a_loop_when_values_come_again() {
    check(
        "bounces.txt",
        include_str!("../tables/bounces.txt"),
        |[story, wanted]| {
            let (mut flips, mut second, mut told) = (Vec::new(), 0, 0);
            let mut found = None;
            for step in story.split(' ') {
                // A dot is a minute here: turns of a window lie within half an hour.
                if step.starts_with('.') {
                    second += 60 * i64::try_from(step.len()).expect("a few");
                    continue;
                }
                (second, told) = (second + 1, told + 1);
                if bounce::note(&mut flips, flip(step, second)) {
                    found.get_or_insert(told);
                }
            }
            let got = found.map_or("-".to_owned(), |at: i32| at.to_string());
            expect(&wanted.to_owned(), &got)
        },
    );
}

#[test]
fn no_more_is_remembered_than_a_loop_needs() {
    let mut flips = Vec::new();
    for second in 0..100 {
        bounce::note(&mut flips, flip("wA", 2 * second));
        bounce::note(&mut flips, flip(&format!("c{second}"), 2 * second + 1));
    }
    assert_eq!(flips.len(), 2 * TURNS_MAX + 2);
    let mut inbound = Vec::new();
    for second in 0..100 {
        bounce::note(&mut inbound, flip(&format!("c{second}"), second));
    }
    assert_eq!(inbound, [], "what only comes in costs nothing");
}

/// A link whose title went to and fro as often as is no loop yet: the next turn is the CRM's.
fn nearly() -> RecordLink {
    let mut link = link();
    let agreed = Agreed {
        crm: text("A"),
        workspace: text("A"),
    };
    link.base.insert("title".into(), agreed);
    let turns = ["wA", "cB", "wA", "cB", "wA", "cB"];
    let flips = turns.iter().zip(10..).map(|(side, at)| flip(side, at));
    link.flips.insert("title".into(), flips.collect());
    link
}

/// The CRM has `theirs` by now, the workspace `ours`, set by this.
fn decided(
    link: &RecordLink,
    theirs: &str,
    ours: &str,
    origin: Origin,
    guards: Guards,
) -> Decision {
    let rules = pair(vec![rule("title", Winner::Crm), rule("phone", Winner::Crm)]);
    let mut crm = lead(fields([("TITLE", text(theirs)), ("PHONE", text("1"))]));
    crm.modified_by = Some(CrmId::new("005F"));
    let mut workspace = person(fields([("title", text(ours)), ("phone", text("2"))]));
    let title = workspace.provenance.get_mut("title").expect("typed");
    title.origin = origin;
    reconcile(&Input {
        rules: &rules,
        link,
        crm: Some(&crm),
        workspace: Some(&workspace),
        candidates: &[],
        kin: &Kin::default(),
        heir_rules: None,
        settings: &SyncSettings::default(),
        key_prefix: "test",
        now: at(20),
        guards,
    })
}

fn program() -> Origin {
    Origin::Api("enrich".into())
}

fn patched(decision: &Decision) -> Vec<&String> {
    match &decision.record {
        RecordChange::Patch(fields) => fields.keys().collect(),
        _ => Vec::new(),
    }
}

#[test]
fn a_field_that_loops_is_set_aside_alone_and_explained() {
    let mut link = nearly();
    link.base.insert(
        "title".into(),
        Agreed {
            crm: text("B"),
            workspace: text("B"),
        },
    );
    let decision = decided(&link, "B", "A", program(), Guards::ALL);
    assert_eq!(decision.write, None, "nothing of it is sent");
    assert_eq!(patched(&decision), ["phone"], "the rest goes on");
    let parked = &decision.link.parked_fields["title"];
    assert_eq!((parked.class, parked.since), (ErrorClass::Bouncing, at(20)));
    for told in ["6 times", "“A” by program enrich", "CRM “B”"] {
        assert!(parked.message.contains(told), "{told}: {}", parked.message);
    }
    let held = decision.log.iter().find(|one| one.kind == LogType::Held);
    let entry = held.expect("an entry tells it");
    assert_eq!(entry.status, LogStatus::Waiting);
    assert_eq!(
        decision.link.flips.get("title"),
        None,
        "the count begins anew"
    );
}

#[test]
fn a_turn_that_comes_in_can_close_the_loop_too() {
    let mut link = nearly();
    let flips = link.flips.get_mut("title").expect("turns");
    flips.remove(0);
    flips.push(flip("wA", 16));
    flips.insert(0, flip("cB", 9));
    let decision = decided(&link, "B", "A", Origin::Crm, Guards::ALL);
    assert_eq!(patched(&decision), ["phone"]);
    let parked = &decision.link.parked_fields["title"];
    assert!(
        parked.message.contains("“B” by CRM user 005F"),
        "{}",
        parked.message
    );
}

fn parked() -> RecordLink {
    let mut link = nearly();
    link.flips.clear();
    let parked = ParkedField {
        value: text("A"),
        workspace: Some(text("A")),
        unsent: false,
        class: ErrorClass::Bouncing,
        message: "to and fro".into(),
        since: at(1),
    };
    link.parked_fields.insert("title".into(), parked);
    link
}

#[test]
fn what_is_set_aside_moves_in_neither_direction() {
    for (theirs, ours) in [("C", "A"), ("A", "C"), ("B", "C")] {
        let decision = decided(&parked(), theirs, ours, program(), Guards::ALL);
        assert!(decision.write.is_none(), "{theirs} {ours}");
        assert_eq!(patched(&decision), ["phone"], "{theirs} {ours}");
        assert!(decision.link.parked_fields.contains_key("title"));
    }
}

#[test]
fn both_sides_the_same_take_it_up_again() {
    let decision = decided(&parked(), "C", "C", program(), Guards::ALL);
    assert_eq!(decision.link.parked_fields.get("title"), None);
}

#[test]
fn what_a_person_types_is_never_counted() {
    let mut link = nearly();
    link.base.insert(
        "title".into(),
        Agreed {
            crm: text("B"),
            workspace: text("B"),
        },
    );
    let decision = decided(&link, "B", "A", Origin::User(UserId(1)), Guards::ALL);
    assert!(decision.write.is_some(), "it goes out");
    assert_eq!(decision.link.flips.get("title"), None);
}

#[test]
fn with_the_guard_off_it_goes_on() {
    let off = Guards {
        bounce: false,
        ..Guards::ALL
    };
    let mut link = nearly();
    let flips = link.flips.get_mut("title").expect("turns");
    flips.push(flip("wA", 16));
    let decision = decided(&link, "B", "A", Origin::Crm, off);
    assert_eq!(patched(&decision), ["phone", "title"]);
}
