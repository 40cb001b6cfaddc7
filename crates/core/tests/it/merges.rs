//! Links with both sides: what is merged, held, parked and put back.

use crate::fixture::{at, fields, lead, person, rule, text};
use crate::notation::field_type;
use tandem_core::connector::WriteOp;
use tandem_core::error::ErrorClass;
use tandem_core::ids::{CrmId, UserId};
use tandem_core::link::{Doubted, HeldField, LinkState, PutBack};
use tandem_core::mapping::{Direction, Winner};
use tandem_core::reconcile::{Decision, RecordChange};
use tandem_core::record::{Origin, Provenance};
use tandem_core::schema::FieldType;
use tandem_core::sync_log::{LogStatus, LogType, Rule};
use tandem_core::value::Value;
use tandem_core::write::WriteDraft;

use crate::case::*;

#[test]
fn the_first_meeting_fills_blanks_and_settles_conflicts_with_an_entry() {
    let mut case = titles(Winner::Crm, "CEO", "CTO");
    case.rules
        .fields
        .extend([rule("city", Winner::Crm), rule("phone", Winner::Crm)]);
    case.crm = Some(lead(fields([
        ("TITLE", text("CEO")),
        ("CITY", text("Rome")),
        ("PHONE", Value::Null),
    ])));
    case.workspace = Some(person(fields([
        ("title", text("CTO")),
        ("phone", text("1")),
    ])));
    let decision = case.decide();
    let patch = fields([("title", text("CEO")), ("city", text("Rome"))]);
    assert_eq!(decision.record, RecordChange::Patch(patch));
    assert_eq!(sent(&decision), [("PHONE", text("1"))]);
    let entries = [
        (LogType::Update, LogStatus::Success),
        (LogType::Conflict, LogStatus::Success),
    ];
    assert_eq!(told(&decision), entries);
    assert_eq!(decision.log[1].changes[0].rejected, text("CTO"));
    assert_eq!(decision.link.base["title"], agreed("CEO"));
    assert!(
        !decision.link.base.contains_key("phone"),
        "agreed only once it is written"
    );
}

#[test]
fn an_update_knows_what_it_believes_to_overwrite() {
    let decision = agreed_titles(Winner::Workspace, "B", "C").decide();
    let WriteDraft { op, fields, .. } = decision.write.unwrap();
    assert_eq!(
        op,
        WriteOp::Update {
            id: CrmId::new("00Q1")
        }
    );
    assert_eq!(fields[0].expected, text("B"));
    assert_eq!(fields[0].rejected, text("B"));
    assert_eq!(fields[0].rule, Rule::WorkspaceWins);
    assert_eq!(
        decision.link.base["title"],
        agreed("A"),
        "the base moves when it is settled"
    );
}

#[test]
fn an_update_is_conditional_on_the_version_it_was_decided_on() {
    let case = agreed_titles(Winner::Workspace, "B", "C");
    let since = case.decide().write.and_then(|write| write.unmodified_since);
    assert_eq!(since, Some(at(10)));
}

/// The workspace's title is of second 20; the CRM's record was last changed at second 30.
#[test]
fn our_own_write_does_not_make_another_field_look_new() {
    for (edited_at, wins) in [(None, "B"), (Some(at(25)), "B"), (Some(at(15)), "C")] {
        let mut case = agreed_titles(Winner::MostRecent, "B", "C");
        let crm = case.crm.as_mut().expect("both sides");
        crm.modified_at = at(30);
        crm.edited_at = edited_at;
        let workspace = case.workspace.as_mut().expect("both sides");
        let origin = Origin::User(UserId(1));
        let provenance = Provenance { at: at(20), origin };
        workspace.provenance.insert("title".into(), provenance);
        let decision = case.decide();
        let wanted = fields([("title", text(wins))]);
        if decision.write.is_some() {
            assert_eq!(sent(&decision), [("TITLE", text(wins))], "{edited_at:?}");
        } else {
            assert_eq!(
                decision.record,
                RecordChange::Patch(wanted),
                "{edited_at:?}"
            );
        }
    }
}

#[test]
fn a_decision_made_twice_is_the_same() {
    let case = agreed_titles(Winner::Workspace, "B", "C");
    assert_eq!(case.decide(), case.decide());
}

#[test]
fn the_revision_that_was_looked_at_is_noted() {
    let decision = agreed_titles(Winner::Crm, "A", "A").decide();
    assert_eq!(
        decision.link.revision.map(|revision| revision.order),
        Some(10)
    );
}

#[test]
fn a_parked_record_still_takes_over_what_the_crm_changed() {
    let mut case = agreed_titles(Winner::Crm, "B", "A");
    case.rules.fields.push(rule("city", Winner::Crm));
    case.workspace = Some(person(fields([
        ("title", text("A")),
        ("city", text("Rome")),
    ])));
    case.crm
        .as_mut()
        .unwrap()
        .fields
        .insert("CITY".into(), Value::Null);
    case.link.parked = Some(parked_record());
    let decision = case.decide();
    assert_eq!(
        decision.record,
        RecordChange::Patch(fields([("title", text("B"))]))
    );
    assert_eq!(
        decision.write, None,
        "nothing goes out while the record is parked"
    );
    assert_eq!(decision.link.parked, Some(parked_record()));
}

#[test]
fn a_parked_field_lets_the_rest_of_its_record_go() {
    let mut case = agreed_titles(Winner::Crm, "A", "B");
    case.rules.fields.push(rule("city", Winner::Crm));
    case.workspace = Some(person(fields([
        ("title", text("B")),
        ("city", text("Rome")),
    ])));
    case.crm
        .as_mut()
        .unwrap()
        .fields
        .insert("CITY".into(), Value::Null);
    case.link
        .parked_fields
        .insert("title".into(), parked_field(text("B")));
    let decision = case.decide();
    assert_eq!(sent(&decision), [("CITY", text("Rome"))]);
    assert!(decision.link.parked_fields.contains_key("title"));
}

#[test]
fn a_parked_field_is_taken_up_when_its_value_changes() {
    for (typed, goes) in [("C", vec![("TITLE", text("C"))]), ("A", vec![])] {
        let mut case = agreed_titles(Winner::Crm, "A", typed);
        case.link
            .parked_fields
            .insert("title".into(), parked_field(text("B")));
        let decision = case.decide();
        assert_eq!(sent(&decision), goes);
        assert!(decision.link.parked_fields.is_empty());
    }
}

#[test]
fn a_conflict_is_held_once_and_lets_the_rest_go() {
    let mut case = agreed_titles(Winner::Hold, "B", "C");
    case.rules.fields.push(rule("city", Winner::Hold));
    case.crm
        .as_mut()
        .unwrap()
        .fields
        .insert("CITY".into(), text("Rome"));
    let decision = case.decide();
    let wanted = HeldField {
        crm: text("B"),
        workspace: text("C"),
        since: at(20),
    };
    assert_eq!(decision.link.held_fields["title"], wanted);
    assert_eq!(
        decision.record,
        RecordChange::Patch(fields([("city", text("Rome"))]))
    );
    let entries = [
        (LogType::Update, LogStatus::Success),
        (LogType::Held, LogStatus::Waiting),
    ];
    assert_eq!(told(&decision), entries);
}

#[test]
fn a_held_field_follows_both_sides_and_tells_nothing_new() {
    let mut case = agreed_titles(Winner::Hold, "D", "C");
    let held = |crm: &str, since| HeldField {
        crm: text(crm),
        workspace: text("C"),
        since: at(since),
    };
    case.link.held_fields.insert("title".into(), held("B", 2));
    let decision = case.decide();
    assert_eq!(decision.link.held_fields["title"], held("D", 2));
    assert_eq!(decision.log, Vec::new());
}

#[test]
fn a_held_field_is_free_once_both_sides_agree() {
    let mut case = agreed_titles(Winner::Hold, "C", "C");
    let held = HeldField {
        crm: text("B"),
        workspace: text("C"),
        since: at(2),
    };
    case.link.held_fields.insert("title".into(), held);
    let decision = case.decide();
    assert!(decision.link.held_fields.is_empty());
    assert_eq!(decision.link.base["title"], agreed("C"));
}

#[test]
fn an_overwritten_edit_is_put_back_and_then_decided() {
    let mut case = agreed_titles(Winner::Crm, "W", "W");
    let edit = PutBack {
        value: text("P"),
        sent: text("W"),
    };
    case.link.put_back.insert("title".into(), edit);
    let decision = case.decide();
    assert_eq!(sent(&decision), [("TITLE", text("P"))]);
    assert!(
        decision.link.put_back.contains_key("title"),
        "until it is written"
    );
    assert_eq!(decision.record, RecordChange::None);

    case.crm = Some(lead(fields([("TITLE", text("P"))])));
    let decision = case.decide();
    assert!(decision.link.put_back.is_empty());
    assert_eq!(
        decision.record,
        RecordChange::Patch(fields([("title", text("P"))]))
    );
    assert_eq!(decision.log[0].changes[0].rejected, text("W"));
}

#[test]
fn an_edit_that_the_crm_will_not_have_back_is_given_up() {
    let mut case = agreed_titles(Winner::Crm, "W", "W");
    let edit = PutBack {
        value: text("P"),
        sent: text("W"),
    };
    case.link.put_back.insert("title".into(), edit);
    case.link
        .parked_fields
        .insert("title".into(), parked_field(text("P")));
    let decision = case.decide();
    assert_eq!(
        decision.write, None,
        "sending it again would be refused again"
    );
    assert!(decision.link.put_back.is_empty());
    assert_eq!(decision.link.base["title"], agreed("W"));

    case.workspace = Some(person(fields([("title", text("newer"))])));
    case.link.base.insert("title".into(), agreed("A"));
    let decision = case.decide();
    assert_eq!(
        decision.record,
        RecordChange::None,
        "our own write is no change of the CRM"
    );
    assert_eq!(sent(&decision), [("TITLE", text("newer"))]);
}

#[test]
fn what_is_to_be_put_back_waits_while_its_field_can_t_be_seen() {
    let mut case = agreed_titles(Winner::Crm, "W", "newer");
    let edit = PutBack {
        value: text("P"),
        sent: text("W"),
    };
    case.link.put_back.insert("title".into(), edit.clone());
    case.crm = Some(lead(fields([])));
    assert_eq!(case.decide().link.put_back["title"], edit);
}

#[test]
fn a_blank_that_never_erases_is_noted_once() {
    let mut case = agreed_titles(Winner::Crm, "", "A");
    case.rules.fields[0].mapping.blank_never_erases = true;
    let decision = case.decide();
    assert_eq!(decision.record, RecordChange::None);
    assert_eq!(decision.write, None);
    assert_eq!(decision.log[0].changes[0].rule, Rule::BlankNeverErases);
    case.link.base = decision.link.base;
    case.assert_nothing("noted");
}

#[test]
fn a_field_that_became_invisible_keeps_everything() {
    let mut case = agreed_titles(Winner::Crm, "A", "B");
    case.crm.as_mut().unwrap().fields.clear();
    case.assert_nothing("F3: not seen is not cleared");
}

#[test]
fn an_account_and_its_people_share_a_lock() {
    let mut account = rule("account", Winner::Crm);
    account.crm_type = field_type("ref");
    account.workspace_type = field_type("ref");
    let mut case = agreed_titles(Winner::Workspace, "A", "B");
    case.rules.fields.push(account);
    let crm = case.crm.as_mut().unwrap();
    crm.fields.insert("ACCOUNT".into(), Value::crm_ref("001"));
    let workspace = case.workspace.as_mut().unwrap();
    workspace
        .fields
        .insert("account".into(), Value::crm_ref("001"));
    let lock = |decision: Decision| decision.write.and_then(|write| write.lock_key);
    assert_eq!(lock(case.decide()).as_deref(), Some("001"));
    case.link.kind = tandem_core::workspace::Kind::Account;
    assert_eq!(lock(case.decide()).as_deref(), Some("00Q1"));
}

/// Sent: “B” over “A”; the answer was lost and “A” still stood there. The workspace was typed on since.
fn doubtful(crm: &str, workspace: &str, until: Option<i64>) -> Case {
    let mut case = agreed_titles(Winner::Crm, crm, workspace);
    let doubted = Doubted {
        agreed: agreed("B"),
        replaces: text("A"),
        until: until.map(at),
    };
    case.link.doubted.insert("title".into(), vec![doubted]);
    case
}

#[test]
fn a_lost_write_that_turns_up_is_ours() {
    for (workspace, until) in [("C", Some(1_000)), ("C", None), ("A", Some(1_000))] {
        let mut case = doubtful("B", workspace, until);
        let decision = case.decide();
        assert!(
            sent(&decision).is_empty(),
            "it is told before anything is decided"
        );
        assert_eq!(decision.again_at, Some(at(20)));
        assert_eq!(decision.link.base["title"], agreed("B"));
        let change = &decision.log[0].changes[0];
        assert_eq!((change.rule, &change.after), (Rule::TurnedUp, &text("B")));
        case.take(decision);
        let decision = case.decide();
        assert_eq!(
            sent(&decision),
            [("TITLE", text(workspace))],
            "the newer edit"
        );
        let may_follow = until.is_some();
        assert_eq!(decision.link.doubted.contains_key("title"), may_follow);
        assert!(decision.log.is_empty(), "once");
    }
    let mut case = doubtful("B", "B", None);
    let seen = case.decide();
    case.take(seen);
    let decision = case.decide();
    assert_eq!(
        (sent(&decision).len(), decision.record),
        (0, RecordChange::None)
    );
}

/// The CRM was looked at at second 11.
#[test]
fn a_look_from_after_its_time_ends_the_doubt() {
    for (until, may_follow) in [(Some(11), false), (Some(12), true), (None, false)] {
        let decision = doubtful("A", "C", until).decide();
        assert_eq!(decision.link.base["title"], agreed("A"));
        let doubted = decision.link.doubted.contains_key("title");
        assert_eq!(doubted, may_follow, "{until:?}");
    }
    let mut unseen = doubtful("A", "C", Some(0));
    unseen.crm = Some(lead(fields([])));
    assert!(unseen.decide().link.doubted.contains_key("title"));
}

/// A lost write may have replaced a value that only the CRM had, and somebody typed over it before anybody looked.
#[test]
fn what_a_lost_write_may_have_replaced_unseen_is_told_once() {
    let mut case = doubtful("D", "C", Some(1_000));
    case.link.doubted.get_mut("title").expect("a doubt")[0].replaces = text("only there");
    let decision = case.decide();
    let change = &decision.log[0].changes[0];
    assert_eq!(
        (&change.before, &change.after),
        (&text("only there"), &text("D"))
    );
    assert_eq!(
        decision.link.base["title"],
        agreed("A"),
        "nothing is agreed by it"
    );
    assert_eq!(decision.link.doubted["title"][0].replaces, text("D"));
    case.take(decision);
    let again = case.decide();
    let told = again.log.iter().flat_map(|entry| &entry.changes);
    assert!(
        told.into_iter().all(|change| change.rule != Rule::TurnedUp),
        "once"
    );

    let known = doubtful("D", "C", Some(1_000)).decide();
    let told = known.log.iter().flat_map(|entry| &entry.changes);
    assert!(
        told.into_iter().all(|change| change.rule != Rule::TurnedUp),
        "it would have replaced what both sides agreed on: no secret"
    );
}

/// Nobody looks at a record again that was deleted or converted: what its last look shows is all there is.
#[test]
fn a_lost_write_that_turns_up_in_a_record_that_goes_is_told() {
    let mut case = doubtful("B", "C", Some(1_000));
    case.crm.as_mut().expect("both sides").deleted = true;
    let seen = case.decide();
    assert_eq!(seen.log[0].changes[0].before, text("A"));
    case.take(seen);
    let decision = case.decide();
    assert_eq!(decision.link.state, LinkState::Unlinked);
    assert_eq!(decision.link.base["title"], agreed("B"), "if it comes back");
    let kinds: Vec<LogType> = decision.log.iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, [LogType::Unlink]);
}

#[test]
fn what_is_set_aside_under_a_rule_that_is_gone_is_forgotten() {
    let aside = |case: &mut Case| {
        let link = &mut case.link;
        link.parked_fields
            .insert("city".into(), parked_field(text("Rome")));
        let held = HeldField {
            crm: text("B"),
            workspace: text("C"),
            since: at(1),
        };
        link.held_fields.insert("city".into(), held);
    };
    let mut unmapped = agreed_titles(Winner::Crm, "A", "A");
    aside(&mut unmapped);
    let decision = unmapped.decide();
    assert!(decision.link.parked_fields.is_empty(), "city is not mapped");
    assert!(decision.link.held_fields.is_empty(), "city is not mapped");

    let mut mapped = agreed_titles(Winner::Crm, "A", "A");
    mapped.rules.fields.push(rule("city", Winner::Hold));
    aside(&mut mapped);
    let decision = mapped.decide();
    assert!(decision.link.parked_fields.contains_key("city"), "hidden");
    assert!(decision.link.held_fields.contains_key("city"), "hidden");

    mapped.rules.fields[1].mapping.direction = Direction::CrmToWorkspace;
    let decision = mapped.decide();
    assert!(decision.link.parked_fields.is_empty(), "it is not sent now");
    assert!(decision.link.held_fields.is_empty(), "nobody is asked now");
}

#[test]
fn a_value_that_the_picklist_does_not_show_waits_without_a_call() {
    let mut case = agreed_titles(Winner::Crm, "A", "New");
    let list = |values: &[&str]| FieldType::Picklist {
        restricted: true,
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    };
    case.rules.fields[0].crm_type = list(&["A", "B"]);
    let decision = case.decide();
    assert_eq!(decision.write, None);
    let parked = &decision.link.parked_fields["title"];
    assert_eq!(parked.class, ErrorClass::PicklistRefused);
    assert!(parked.unsent);
    assert_eq!(told(&decision), [(LogType::Update, LogStatus::Failed)]);

    case.link.parked_fields = decision.link.parked_fields;
    assert_eq!(told(&case.decide()), [], "told once");
    case.rules.fields[0].crm_type = list(&["A", "B", "New"]);
    let decision = case.decide();
    assert_eq!(sent(&decision), [("TITLE", text("New"))]);
    assert!(decision.link.parked_fields.is_empty());
}
