//! What the next change of a field will do, in words.

use crate::fixture::{at, link, rule, text};
use tandem_core::error::ErrorClass;
use tandem_core::link::{HeldField, LinkState, ParkedField, ParkedLink};
use tandem_core::mapping::{Direction, Winner};
use tandem_core::why::outlook;

#[test]
fn a_direction_says_what_crosses_and_what_stays() {
    for (direction, comes, goes, both) in [
        (
            Direction::CrmToWorkspace,
            "comes into",
            "stays here",
            "CRM’s value stands",
        ),
        (
            Direction::WorkspaceToCrm,
            "does not come in",
            "written to TITLE",
            "workspace’s value",
        ),
        (
            Direction::Both,
            "comes into",
            "written to TITLE",
            "CRM wins",
        ),
    ] {
        let mut rule = rule("title", Winner::Crm);
        rule.mapping.direction = direction;
        let told = outlook("title", Some(&rule), Some(&link()));
        assert!(told.crm_changes.contains(comes), "{told:?}");
        assert!(told.workspace_changes.contains(goes), "{told:?}");
        assert!(told.both_change.contains(both), "{told:?}");
        assert_eq!(told.stopped, None);
    }
}

#[test]
fn a_winner_says_who_stands_when_both_change() {
    for (winner, word) in [
        (Winner::Workspace, "workspace wins"),
        (Winner::MostRecent, "later change"),
        (Winner::Hold, "held"),
    ] {
        let told = outlook("title", Some(&rule("title", winner)), Some(&link()));
        assert!(told.both_change.contains(word), "{told:?}");
    }
}

#[test]
fn blanks_and_missing_rights_are_told() {
    let mut rule = rule("title", Winner::Crm);
    rule.mapping.blank_never_erases = true;
    let told = outlook("title", Some(&rule), Some(&link()));
    assert!(
        told.crm_changes.contains("a blank does not")
            && told.workspace_changes.contains("a blank is not")
    );
    rule.updateable = false;
    let told = outlook("title", Some(&rule), Some(&link()));
    assert!(
        told.workspace_changes.contains("may not change"),
        "{told:?}"
    );
    assert!(
        outlook("title", None, Some(&link()))
            .crm_changes
            .contains("not mapped")
    );
}

#[test]
fn what_stops_a_field_is_named() {
    let check = |link: Option<&tandem_core::link::RecordLink>, word: &str| {
        let told = outlook("title", Some(&rule("title", Winner::Crm)), link);
        let stopped = told.stopped.unwrap_or_default();
        assert!(stopped.contains(word), "{stopped}");
    };
    check(None, "not linked");
    for (state, word) in [
        (LinkState::Unlinked, "taken apart"),
        (LinkState::Ambiguous, "must choose"),
    ] {
        let mut link = link();
        link.state = state;
        check(Some(&link), word);
    }
    let mut held = link();
    let field = HeldField {
        crm: text("a"),
        workspace: text("b"),
        since: at(1),
    };
    held.held_fields.insert("title".into(), field);
    check(Some(&held), "held");
    let mut parked = link();
    let whole = ParkedLink {
        class: ErrorClass::ValidationRule,
        message: String::new(),
        since: at(1),
        log: None,
    };
    parked.parked = Some(whole);
    check(Some(&parked), "set aside");
    let field = ParkedField {
        value: text("a"),
        class: ErrorClass::TooLong,
        message: String::new(),
        since: at(1),
        workspace: None,
        unsent: false,
    };
    parked.parked_fields.insert("title".into(), field);
    check(Some(&parked), "refused the value");
}
