//! Whole links: what is made, matched, merged, held and parked.

use crate::fixture::{at, fields, lead, link, pair, person, rule, text};
use crate::notation::field_type;
use tandem_core::connector::WriteOp;
use tandem_core::error::ErrorClass;
use tandem_core::ids::{CrmId, RecordId};
use tandem_core::link::{
    Agreed, HeldField, LinkState, ParkedField, ParkedLink, PutBack, RecordLink,
};
use tandem_core::mapping::{Direction, FieldRule, PairRules, Winner};
use tandem_core::reconcile::{Decision, Input, RecordChange, reconcile};
use tandem_core::record::{CrmRecord, WorkspaceRecord};
use tandem_core::settings::Guards;
use tandem_core::sync_log::{LogStatus, LogType, Rule};
use tandem_core::value::Value;
use tandem_core::write::WriteDraft;

/// One link with everything that decides it.
struct Case {
    rules: PairRules,
    link: RecordLink,
    crm: Option<CrmRecord>,
    workspace: Option<WorkspaceRecord>,
    candidates: Vec<Vec<RecordId>>,
}

impl Case {
    fn decide(&self) -> Decision {
        reconcile(&Input {
            rules: &self.rules,
            link: &self.link,
            crm: self.crm.as_ref(),
            workspace: self.workspace.as_ref(),
            candidates: &self.candidates,
            key_prefix: "team",
            now: at(20),
            guards: Guards::ALL,
        })
    }

    /// Nothing may happen: the decision is the link as it stands.
    fn assert_nothing(&self, why: &str) {
        let decision = self.decide();
        let link = &self.link;
        assert_eq!(decision.record, RecordChange::None, "{why}");
        assert_eq!(decision.write, None, "{why}");
        assert_eq!(decision.log, Vec::new(), "{why}");
        assert_eq!(decision.link.state, link.state, "{why}");
        assert_eq!(decision.link.base, link.base, "{why}");
        assert_eq!(decision.link.parked, link.parked, "{why}");
        assert_eq!(decision.link.held_fields, link.held_fields, "{why}");
    }
}

/// A title that goes both ways; both sides filled with what is given.
fn titles(winner: Winner, crm: &str, workspace: &str) -> Case {
    Case {
        rules: pair(vec![rule("title", winner)]),
        link: link(),
        crm: Some(lead(fields([("TITLE", text(crm))]))),
        workspace: Some(person(fields([("title", text(workspace))]))),
        candidates: Vec::new(),
    }
}

fn agreed(value: &str) -> Agreed {
    Agreed {
        crm: text(value),
        workspace: text(value),
    }
}

/// Both agreed on "A" before.
fn agreed_titles(winner: Winner, crm: &str, workspace: &str) -> Case {
    let mut case = titles(winner, crm, workspace);
    case.link.base.insert("title".into(), agreed("A"));
    case
}

/// A lead that no workspace record belongs to yet.
fn crm_half(candidates: &[&[i64]]) -> Case {
    let mut case = titles(Winner::Crm, "CEO", "");
    case.link.record = None;
    case.workspace = None;
    case.candidates = candidates
        .iter()
        .map(|ids| ids.iter().copied().map(RecordId).collect())
        .collect();
    case
}

/// A person that the CRM does not have yet.
fn workspace_half(rules: Vec<FieldRule>, record: WorkspaceRecord) -> Case {
    let mut link = link();
    link.crm = None;
    Case {
        rules: pair(rules),
        link,
        crm: None,
        workspace: Some(record),
        candidates: Vec::new(),
    }
}

fn parked_field(value: Value) -> ParkedField {
    ParkedField {
        value,
        class: ErrorClass::TooLong,
        message: "too long".into(),
        since: at(1),
    }
}

fn parked_record() -> ParkedLink {
    ParkedLink {
        class: ErrorClass::ValidationRule,
        message: "no".into(),
        since: at(1),
        log: None,
    }
}

fn sent(decision: &Decision) -> Vec<(&str, Value)> {
    let fields = decision.write.iter().flat_map(|write| &write.fields);
    fields
        .map(|field| (field.crm.as_str(), field.value.clone()))
        .collect()
}

fn told(decision: &Decision) -> Vec<(LogType, LogStatus)> {
    decision
        .log
        .iter()
        .map(|entry| (entry.kind, entry.status))
        .collect()
}

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
    assert_eq!(decision.again_at, Some(at(25)));
    let decision = workspace_half(vec![account], to(Value::crm_ref("001"))).decide();
    assert_eq!(sent(&decision), [("ACCOUNT", Value::crm_ref("001"))]);
    assert_eq!(decision.write.unwrap().lock_key.as_deref(), Some("001"));
}

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
