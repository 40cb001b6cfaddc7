//! What is one incident, what can be done about it, and how a fix is tried on one record and released to all.

use crate::case::{parked_field, parked_record};
use crate::fixture::{at, link, text};
use crate::notation::value;
use crate::table::{check, expect, rows};
use tandem_core::error::{Directive, ErrorClass};
use tandem_core::ids::{CrmObject, LinkId, LogId};
use tandem_core::incident::{Cause, Fix, Meaning, Sign, Stage, Trial, cases};
use tandem_core::link::{ParkedField, ParkedLink};

fn class(code: &str) -> ErrorClass {
    let known = ErrorClass::ALL.iter().find(|class| class.code() == code);
    *known.unwrap_or_else(|| panic!("no class is called {code}"))
}

fn cause(code: &str, field: bool, ours: &str, words: &str) -> Cause {
    let object = CrmObject::new("Lead");
    if field {
        let parked = ParkedField {
            class: class(code),
            workspace: Some(value(ours)),
            message: words.into(),
            ..parked_field(text("as it was sent"))
        };
        return Cause::of_field(&object, "source", &parked);
    }
    let parked = ParkedLink {
        class: class(code),
        message: words.into(),
        ..parked_record()
    };
    Cause::of_record(&object, &parked)
}

#[test]
fn one_thing_refused_is_one_cause() {
    let table = include_str!("../tables/causes.txt");
    check("causes.txt", table, |[code, part, ours, words, thing]| {
        let cause = cause(code, part == "field", ours, words);
        expect(&thing.to_owned(), &cause.thing)
    });
}

#[test]
fn every_class_that_sets_something_aside_has_its_fixes() {
    let table = rows("fixes.txt", include_str!("../tables/fixes.txt"), 3);
    let named: Vec<&str> = table.iter().map(|row| row.cells[0]).collect();
    let all: Vec<&str> = ErrorClass::ALL.iter().map(|class| class.code()).collect();
    assert_eq!(
        named, all,
        "a row for each class, in the order of the table"
    );
    for row in table {
        for (column, field) in [(1, true), (2, false)] {
            let cause = cause(row.cells[0], field, "\"x\"", "words");
            let fixes: Vec<&str> = cause.fixes().into_iter().map(Fix::as_str).collect();
            assert_eq!(fixes.join(" "), row.cells[column], "{}", row.place);
            let parks = matches!(
                cause.class.directive(),
                Directive::ParkField | Directive::ParkRecord
            );
            assert!(
                !parks || fixes.len() > 1,
                "{}: more than to skip",
                row.place
            );
            assert!(
                cause
                    .fixes()
                    .iter()
                    .all(|fix| !fix.advice(cause.class).is_empty())
            );
        }
    }
}

#[test]
fn fixes_have_names_that_can_be_read_back() {
    for fix in Fix::ALL {
        assert_eq!(Fix::parse(fix.as_str()), Some(fix));
    }
    assert_eq!(Fix::parse("pray"), None);
}

#[test]
fn a_link_has_a_case_for_each_thing_set_aside() {
    let mut link = link();
    link.parked_fields
        .insert("title".into(), parked_field(text("A")));
    link.parked_fields
        .insert("city".into(), parked_field(text("A")));
    link.parked = Some(parked_record());
    let found: Vec<_> = cases(&link)
        .map(|(name, case)| (name, case.cause))
        .collect();
    let names: Vec<&str> = found.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["city", "title", ""]);
    assert_ne!(
        found[0].1.key(),
        found[1].1.key(),
        "another field is another cause"
    );
    assert_eq!(
        found[2].1.to_string(),
        "Lead: A validation rule of the CRM refused the record"
    );
}

fn trial(stage: Stage) -> Trial {
    Trial {
        fix: "Mapped it".into(),
        by: None,
        started_at: at(1),
        after_log: LogId(7),
        stage,
    }
}

#[test]
fn a_sign_of_the_record_decides() {
    let sign = |written, refused: Option<&str>, at_rest| {
        let refused = refused.map(str::to_owned);
        let sign = Sign {
            written,
            refused,
            at_rest,
        };
        sign.read()
    };
    assert_eq!(sign(false, None, false), Meaning::Unclear);
    assert_eq!(sign(true, None, false), Meaning::Helps);
    assert_eq!(sign(true, None, true), Meaning::Helps);
    assert_eq!(sign(false, None, true), Meaning::Silent);
    let fails = Meaning::Fails("no".into());
    assert_eq!(sign(false, Some("no"), true), fails);
    assert_eq!(
        sign(true, Some("no"), false),
        fails,
        "another part of it was written"
    );
}

#[test]
fn a_trial_goes_on_by_what_it_shows() {
    let trying = trial(Stage::Trying { link: LinkId(3) });
    let next = Some(LinkId(4));
    let releasing = Stage::Releasing {
        link: LinkId(3),
        after: LinkId(0),
        released: 1,
    };
    assert_eq!(trying.follow(Meaning::Unclear, next, at(2)), None);
    assert_eq!(
        trying.follow(Meaning::Helps, next, at(2)),
        Some(releasing.clone())
    );
    let refused = Stage::Refused {
        at: at(2),
        link: LinkId(3),
        words: "no".into(),
    };
    assert_eq!(
        trying.follow(Meaning::Fails("no".into()), next, at(2)),
        Some(refused.clone())
    );
    let other = Stage::Trying { link: LinkId(4) };
    assert_eq!(trying.follow(Meaning::Silent, next, at(2)), Some(other));
    let nothing = Stage::Unproven { at: at(2) };
    assert_eq!(trying.follow(Meaning::Silent, None, at(2)), Some(nothing));

    let releasing = trial(releasing);
    let more = Stage::Releasing {
        link: LinkId(3),
        after: LinkId(9),
        released: 3,
    };
    let links = [LinkId(4), LinkId(9)];
    assert_eq!(releasing.took_up(&links, at(3)), Some(more.clone()));
    let done = Stage::Released {
        at: at(4),
        released: 3,
    };
    assert_eq!(trial(more).took_up(&[], at(4)), Some(done));

    assert!(trying.is_moving() && releasing.is_moving());
    assert!(!trial(refused.clone()).is_moving());
    assert_eq!(
        trial(refused).follow(Meaning::Helps, next, at(5)),
        None,
        "it is over"
    );
    assert_eq!(
        trying.took_up(&links, at(5)),
        None,
        "nothing is released yet"
    );
}
