//! Links with one side, and links that end: what is made, matched, created and taken apart.

use crate::fixture::{at, fields, lead, person, rule, text};
use crate::notation::field_type;
use tandem_core::connector::WriteOp;
use tandem_core::error::ErrorClass;
use tandem_core::ids::{CrmId, CrmObject, RecordId};
use tandem_core::link::{Agreed, LinkState};
use tandem_core::mapping::{Direction, Winner};
use tandem_core::reconcile::{Decision, Heir, RecordChange};
use tandem_core::record::{CrmRecord, Succession, Successor};
use tandem_core::sync_log::{LogStatus, LogType, Rule};
use tandem_core::value::Value;

use crate::case::*;

#[test]
fn a_new_crm_record_becomes_a_workspace_record() {
    let mut case = crm_half(&[]);
    let mut outward = rule("phone", Winner::Crm);
    outward.mapping.direction = Direction::WorkspaceToCrm;
    case.rules.fields.extend([
        outward,
        rule("city", Winner::Crm),
        rule("hidden", Winner::Crm),
    ]);
    case.crm = Some(lead(fields([
        ("TITLE", text("CEO")),
        ("PHONE", text("1")),
        ("CITY", Value::Null),
    ])));
    let decision = case.decide();
    let made = fields([("title", text("CEO"))]);
    assert_eq!(decision.record, RecordChange::Create(made));
    let names: Vec<_> = decision.link.base.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["city", "title"],
        "only what was seen and may come in is agreed"
    );
    assert_eq!(decision.write, None);
    assert_eq!(told(&decision), [(LogType::Create, LogStatus::Success)]);
    assert_eq!(decision.log[0].changes.len(), 1);
    assert_eq!(decision.log[0].changes[0].rule, Rule::NewRecord);
}

#[test]
fn a_value_comes_in_in_the_form_of_the_workspace() {
    let mut case = crm_half(&[]);
    case.rules.fields[0].workspace_type = field_type("number(18,0)");
    case.rules.fields[0].crm_type = field_type("number(18,2)");
    case.crm = Some(lead(fields([(
        "TITLE",
        Value::Number("2.5".parse().unwrap()),
    )])));
    let decision = case.decide();
    let three = Value::Number(3.into());
    assert_eq!(
        decision.record,
        RecordChange::Create(fields([("title", three.clone())]))
    );
    assert_eq!(decision.link.base["title"].workspace, three);
    assert_eq!(decision.link.base["title"].crm.to_string(), "2.5");
}

#[test]
fn a_new_crm_record_is_dropped_where_nothing_is_imported() {
    let mut case = crm_half(&[]);
    case.rules.import = false;
    case.assert_nothing("no import");
}

#[test]
fn one_match_is_adopted_also_where_nothing_is_imported() {
    for import in [true, false] {
        let mut case = crm_half(&[&[], &[9]]);
        case.rules.import = import;
        let decision = case.decide();
        assert_eq!(decision.record, RecordChange::Adopt(RecordId(9)));
        assert_eq!(told(&decision), [(LogType::Link, LogStatus::Success)]);
        assert_eq!(decision.link.state, LinkState::Active);
    }
}

#[test]
fn several_matches_wait_for_a_person() {
    let mut case = crm_half(&[&[4, 9], &[9]]);
    let decision = case.decide();
    assert_eq!(
        decision.record,
        RecordChange::None,
        "never the first hit, never the weaker key"
    );
    assert_eq!(decision.link.state, LinkState::Ambiguous);
    assert_eq!(told(&decision), [(LogType::Held, LogStatus::Waiting)]);
    assert!(decision.log[0].summary.contains("4, 9"));
    case.link.state = LinkState::Ambiguous;
    case.assert_nothing("it waits, and says so once");
}

#[test]
fn a_deleted_crm_record_is_unlinked_and_its_person_stays() {
    let mut case = agreed_titles(Winner::Workspace, "A", "B");
    case.crm.as_mut().unwrap().deleted = true;
    let decision = case.decide();
    assert_eq!(decision.link.state, LinkState::Unlinked);
    assert_eq!(decision.record, RecordChange::None);
    assert_eq!(
        decision.write, None,
        "nothing is written to a deleted record"
    );
    assert_eq!(told(&decision), [(LogType::Unlink, LogStatus::Success)]);
}

#[test]
fn a_crm_record_that_was_never_linked_is_deleted_silently() {
    let mut case = crm_half(&[&[9]]);
    case.crm.as_mut().unwrap().deleted = true;
    let decision = case.decide();
    assert_eq!(decision.link.state, LinkState::Unlinked);
    assert_eq!(decision.record, RecordChange::None);
    assert_eq!(decision.log, Vec::new());
}

#[test]
fn unlinked_and_unread_links_are_left_alone() {
    let mut case = agreed_titles(Winner::Crm, "B", "C");
    case.link.state = LinkState::Unlinked;
    case.assert_nothing("unlinked");
    let mut case = agreed_titles(Winner::Crm, "B", "C");
    case.crm = None;
    case.assert_nothing("the CRM record was not read yet: it is not created a second time");
    let mut case = agreed_titles(Winner::Crm, "B", "C");
    case.crm = None;
    case.workspace = None;
    case.assert_nothing("nothing to look at");
}

#[test]
fn a_new_person_is_created_in_the_crm() {
    let mut inward = rule("status", Winner::Crm);
    inward.mapping.direction = Direction::CrmToWorkspace;
    let mut fixed = rule("source", Winner::Crm);
    fixed.createable = false;
    let rules = vec![
        rule("title", Winner::Crm),
        rule("city", Winner::Crm),
        inward,
        fixed,
    ];
    let record = person(fields([
        ("title", text(" CEO ")),
        ("city", text(" ")),
        ("status", text("Open")),
        ("source", text("Web")),
    ]));
    let decision = workspace_half(rules, record).decide();
    assert_eq!(sent(&decision), [("TITLE", text("CEO"))]);
    let write = decision.write.as_ref().unwrap();
    assert_eq!(write.op, WriteOp::Create { key: None });
    assert_eq!(write.fields[0].workspace_value, text(" CEO "));
    assert_eq!(write.fields[0].rule, Rule::NewRecord);
    assert_eq!(write.fields[0].changed_at, Some(at(5)));
    assert_eq!(decision.record, RecordChange::None);
    assert_eq!(
        decision.log,
        Vec::new(),
        "the entry is written when the CRM took it"
    );
}

#[test]
fn a_create_carries_a_key_that_is_the_same_on_every_try() {
    let mut case = workspace_half(
        vec![rule("title", Winner::Crm)],
        person(fields([("title", text("CEO"))])),
    );
    case.rules.external_id = Some("TandemId__c".into());
    let key = |decision: Decision| decision.write.map(|write| write.op);
    let wanted = WriteOp::Create {
        key: Some(("TandemId__c".into(), "team-3".into())),
    };
    assert_eq!(key(case.decide()), Some(wanted.clone()));
    case.link.version += 5;
    assert_eq!(key(case.decide()), Some(wanted));
}

#[test]
fn nothing_is_created_where_the_mapping_or_a_refusal_says_so() {
    let new = || {
        workspace_half(
            vec![rule("title", Winner::Crm)],
            person(fields([("title", text("CEO"))])),
        )
    };
    let mut case = new();
    case.rules.create_in_crm = false;
    case.assert_nothing("no creates");
    let mut case = new();
    case.link.parked = Some(parked_record());
    case.assert_nothing("the record was refused");
}

#[test]
fn a_create_leaves_out_what_was_refused_until_it_changes() {
    let mut case = workspace_half(
        vec![rule("title", Winner::Crm), rule("city", Winner::Crm)],
        person(fields([("title", text("CEO")), ("city", text("Rome"))])),
    );
    case.link
        .parked_fields
        .insert("title".into(), parked_field(text("CEO")));
    assert_eq!(sent(&case.decide()), [("CITY", text("Rome"))]);
    case.link
        .parked_fields
        .insert("title".into(), parked_field(text("Chief")));
    let both = [("TITLE", text("CEO")), ("CITY", text("Rome"))];
    assert_eq!(sent(&case.decide()), both);
}

#[test]
fn a_create_parks_what_the_type_cannot_hold_and_goes_without_it() {
    let mut number = rule("size", Winner::Crm);
    number.crm_type = field_type("number(3,0)");
    let record = person(fields([("title", text("CEO")), ("size", text("many"))]));
    let mut case = workspace_half(vec![rule("title", Winner::Crm), number], record);
    let decision = case.decide();
    assert_eq!(sent(&decision), [("TITLE", text("CEO"))]);
    assert_eq!(
        decision.link.parked_fields["size"].class,
        ErrorClass::InvalidValue
    );
    assert_eq!(told(&decision), [(LogType::Update, LogStatus::Failed)]);
    case.link.parked_fields = decision.link.parked_fields;
    assert_eq!(told(&case.decide()), [], "it is told once");
}

#[test]
fn a_create_waits_for_the_record_that_it_refers_to() {
    let mut account = rule("account", Winner::Crm);
    account.crm_type = field_type("ref");
    account.workspace_type = field_type("ref");
    let to = |value| person(fields([("account", value)]));
    let unresolved = crate::notation::value("#account/4");
    let decision = workspace_half(vec![account.clone()], to(unresolved)).decide();
    assert_eq!(decision.write, None);
    assert_eq!(decision.again_at, Some(at(20 + 3_600)));
    let decision = workspace_half(vec![account], to(Value::crm_ref("001"))).decide();
    assert_eq!(sent(&decision), [("ACCOUNT", Value::crm_ref("001"))]);
    assert_eq!(decision.write.unwrap().lock_key.as_deref(), Some("001"));
}

/// A field that the other object's mapping lacks may be mapped there tomorrow.
#[test]
fn a_converted_record_keeps_what_was_agreed_on_of_unmapped_fields_too() {
    let (object, id) = (CrmObject::new("Contact"), CrmId::new("0031"));
    let mut case = agreed_titles(Winner::Workspace, "C", "A");
    let spelled_apart = Agreed {
        crm: text("1"),
        workspace: text("one"),
    };
    case.link.base.insert("city".into(), agreed("Oslo"));
    case.link.base.insert("phone".into(), spelled_apart);
    let became = lead(fields([("TITLE", text("C"))]));
    case.crm.as_mut().expect("a lead").successor = Some(Box::new(Successor {
        how: Succession::Conversion,
        object: object.clone(),
        id: id.clone(),
    }));
    case.kin.heir = Some(Heir {
        crm: Some(CrmRecord {
            object: object.clone(),
            id: id.clone(),
            ..became
        }),
        object,
        id,
        merged: false,
        link: None,
        record: None,
    });
    let RecordChange::Move(moved) = case.decide().record else {
        panic!("it goes over");
    };
    let kept: Vec<_> = moved.base.keys().map(String::as_str).collect();
    assert_eq!(
        kept,
        ["city", "title"],
        "not what a rule spells in two ways"
    );
}
