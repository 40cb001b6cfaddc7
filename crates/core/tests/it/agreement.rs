//! How fields stand, as a table, and how they add up.

use crate::fixture::{at, fields, lead, link, pair, person, rule, text};
use crate::notation::{field_type, value};
use crate::table::{check, expect};
use tandem_core::agreement::{Agreement, NAMED_MAX, Pairing, Standing};
use tandem_core::error::ErrorClass;
use tandem_core::ids::{CrmId, CrmObject, LinkId};
use tandem_core::link::{Agreed, HeldField, Lane, LinkState, ParkedField, ParkedLink, RecordLink};
use tandem_core::mapping::{Direction, FieldRule, Winner};
use tandem_core::record::{Succession, Successor};
use tandem_core::settings::TeamRules;
use tandem_core::store::LinkWork;
use tandem_core::value::Fields;

const TABLE: &str = include_str!("../tables/agreement.txt");

#[test]
fn a_field_is_the_same_or_differs_for_a_reason() {
    check(
        "agreement.txt",
        TABLE,
        |[state, base, theirs, ours, expected]: [&str; 5]| {
            let has = |word: &str| state.split(' ').any(|one| one == word);
            let found = judged(&rules(&has), &pairing(&has, base, theirs, ours));
            let told: Vec<String> = found.fields.keys().map(|one| format!("{one:?}")).collect();
            expect(&expected.to_owned(), &told.join(" "))
        },
    );
}

fn rules(has: &dyn Fn(&str) -> bool) -> TeamRules {
    let winner = if has("held") {
        Winner::Hold
    } else {
        Winner::Crm
    };
    let mut rule: FieldRule = rule("title", winner);
    if has("in") {
        rule.mapping.direction = Direction::CrmToWorkspace;
    }
    if has("out") {
        rule.mapping.direction = Direction::WorkspaceToCrm;
    }
    if has("number") {
        rule.crm_type = field_type("number(9,2)");
    }
    rule.mapping.blank_never_erases = has("never");
    TeamRules {
        pairs: vec![pair(vec![rule])],
        ..TeamRules::default()
    }
}

fn pairing(has: &dyn Fn(&str) -> bool, base: &str, theirs: &str, ours: &str) -> Pairing {
    let mut link = link();
    if base != "-" {
        let agreed = Agreed {
            crm: value(base),
            workspace: value(base),
        };
        link.base.insert("title".into(), agreed);
    }
    set_aside(&mut link, has, ours);
    let theirs = match theirs {
        "-" => Fields::new(),
        theirs => fields([("TITLE", value(theirs))]),
    };
    Pairing {
        work: LinkWork {
            link,
            crm: Some(lead(theirs)),
            workspace: Some(person(fields([("title", value(ours))]))),
            candidates: Vec::new(),
            kin: Default::default(),
            lane: Lane::Normal,
        },
        busy: has("busy"),
    }
}

fn set_aside(link: &mut RecordLink, has: &dyn Fn(&str) -> bool, ours: &str) {
    let (class, since) = (ErrorClass::Refused, at(1));
    if has("held") {
        let held = HeldField {
            crm: text("b"),
            workspace: text("c"),
            since,
        };
        link.held_fields.insert("title".into(), held);
    }
    if has("parked") {
        let parked = ParkedField {
            value: value(ours),
            class,
            message: "no".into(),
            since,
            workspace: None,
            unsent: false,
        };
        link.parked_fields.insert("title".into(), parked);
    }
    if has("refused") {
        link.parked = Some(ParkedLink {
            class,
            message: "no".into(),
            since,
            log: None,
        });
    }
}

fn judged(rules: &TeamRules, pairing: &Pairing) -> Agreement {
    let mut found = Agreement::default();
    found.add(rules, pairing, at(20));
    found
}

/// A link that differs without a reason.
fn differing() -> Pairing {
    pairing(&|_| false, "\"a\"", "\"b\"", "\"a\"")
}

#[test]
fn differences_are_named_up_to_a_limit_and_counted_beyond() {
    let rules = rules(&|_| false);
    let mut found = Agreement::default();
    for number in 1..=150 {
        let mut pairing = differing();
        pairing.work.link.id = LinkId(number);
        found.add(&rules, &pairing, at(20));
    }
    found.add(
        &rules,
        &pairing(&|_| false, "\"a\"", "\"a\"", "\"a\""),
        at(20),
    );
    assert_eq!((found.pairs, found.agreed, found.compared()), (151, 1, 151));
    assert_eq!(found.count(Standing::Unexplained), 150);
    assert_eq!(found.named.len(), NAMED_MAX);
    assert_eq!(found.unexplained().count(), NAMED_MAX);
    let first = &found.named[0];
    assert_eq!(first.field.as_deref(), Some("title"));
    assert_eq!((&first.crm, &first.workspace), (&text("b"), &text("a")));
    assert_eq!(first.crm_id.as_ref().map(|id| id.as_str()), Some("00Q1"));
}

#[test]
fn a_record_that_one_side_lacks_counts_where_both_should_have_it() {
    let mut rules = rules(&|_| false);
    let mut here = differing();
    (here.work.crm, here.work.link.crm) = (None, None);
    let mut there = differing();
    (there.work.workspace, there.work.link.record) = (None, None);
    for half in [&here, &there] {
        let found = judged(&rules, half);
        assert_eq!((found.pairs, found.one_sided), (0, 1));
        assert_eq!(found.named[0].standing, Standing::Unexplained);
        assert_eq!(found.named[0].field, None);
    }
    rules.pairs[0].import = false;
    rules.pairs[0].create_in_crm = false;
    for half in [&here, &there] {
        assert_eq!(judged(&rules, half), Agreement::default());
    }
    there.work.link.state = LinkState::Ambiguous;
    assert_eq!(judged(&rules, &there).named[0].standing, Standing::Held);
}

#[test]
fn a_record_that_was_deleted_or_succeeded_is_no_pair_any_more() {
    let rules = rules(&|_| false);
    let mut deleted = differing();
    let mut converted = differing();
    deleted.work.crm.as_mut().expect("a lead").deleted = true;
    converted.work.crm.as_mut().expect("a lead").successor = Some(Box::new(Successor {
        how: Succession::Conversion,
        object: CrmObject::new("Contact"),
        id: CrmId::new("0031"),
    }));
    for gone in [&deleted, &converted] {
        let found = judged(&rules, gone);
        assert_eq!((found.pairs, found.one_sided), (0, 1));
        assert_eq!(found.named[0].standing, Standing::Unexplained);
    }
}

#[test]
fn what_was_taken_apart_or_is_not_mapped_is_not_compared() {
    let rules = rules(&|_| false);
    let mut apart = differing();
    apart.work.link.state = LinkState::Unlinked;
    let found = judged(&rules, &apart);
    assert_eq!((found.unlinked, found.compared()), (1, 0));
    assert_eq!(found.named, []);
    let nothing = judged(&TeamRules::default(), &differing());
    assert_eq!(nothing, Agreement::default());
}
