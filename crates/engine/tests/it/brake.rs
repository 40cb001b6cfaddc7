//! Far too much at once waits for a person: whole stories through the engine.

use crate::world::{World, at, fields, lead, now, rules, tick};
use std::sync::Arc;
use tandem_core::brake::{Effect, Plan, PlanChoice, PlanState, Side};
use tandem_core::ids::{RecordId, UserId};
use tandem_core::link::{LinkState, RecordLink};
use tandem_core::record::{CrmRecord, Origin};
use tandem_core::settings::Guards;
use tandem_core::store::{SyncStore, WorkspaceEdit};
use tandem_core::sync_log::{LogStatus, LogType};
use tandem_core::value::{Fields, Value};
use tandem_core::workspace::Kind;
use tandem_engine::Engine;

/// Leads of the cases: ten times what may be unlinked at once.
const LEADS: usize = 500;

/// Five hundred leads on both sides, agreed.
fn org() -> (World, Vec<RecordId>) {
    let world = World::new();
    let ids: Vec<String> = (0..LEADS).map(|number| format!("00Q{number:03}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let records = world.import(10, &ids);
    (world, records)
}

/// The leads as the CRM shows them at a second.
fn leads(second: i64, which: std::ops::Range<usize>, deleted: bool) -> Vec<CrmRecord> {
    let row = |number| CrmRecord {
        deleted,
        ..lead(
            &format!("00Q{number:03}"),
            second - 1,
            second,
            &[("LastName", "Oak")],
        )
    };
    which.map(row).collect()
}

fn plans(world: &World) -> Vec<Plan> {
    now(world.store.plans(world.team)).unwrap()
}

fn one_plan(world: &World) -> Plan {
    let mut plans = plans(world);
    assert_eq!(plans.len(), 1, "{plans:#?}");
    plans.remove(0)
}

fn choose(world: &World, second: i64, choice: PlanChoice) {
    let plan = one_plan(world).id;
    let decided = world
        .store
        .decide_plan(world.team, plan, choice, Some(UserId(7)), at(second));
    assert!(now(decided).unwrap().is_some());
}

fn links(world: &World) -> Vec<RecordLink> {
    let look = world.store.inspect(world.team, |view| {
        view.links().map(|due| due.link.clone()).collect()
    });
    look.unwrap()
}

fn unlinked(world: &World) -> usize {
    let unlinked = |link: &&RecordLink| link.state == LinkState::Unlinked;
    links(world).iter().filter(unlinked).count()
}

/// Everybody's name is cleared in the workspace.
fn clear_names(world: &World, records: &[RecordId], second: i64, origin: &Origin) {
    for record in records {
        let edit = WorkspaceEdit {
            record: Some(*record),
            kind: Kind::Person,
            patch: [("last_name".to_owned(), Value::Null)].into(),
            origin: origin.clone(),
            now: at(second),
            create_as: None,
        };
        now(world.store.edit_record(world.team, edit)).unwrap();
    }
    world.decide(second);
}

fn records(world: &World) -> Vec<Fields> {
    let look = world.store.inspect(world.team, |view| {
        view.records().map(|record| record.fields.clone()).collect()
    });
    look.unwrap()
}

#[test]
fn an_api_hiccup_that_looks_like_mass_deletion_is_held() {
    let (world, _) = org();
    world.read_leads(100, leads(100, 0..LEADS, true));
    world.decide(100);
    assert_eq!(unlinked(&world), 50, "at most what always passes");
    let plan = one_plan(&world);
    assert_eq!(
        (plan.impact.effect, plan.impact.side),
        (Effect::Unlink, Side::Workspace)
    );
    assert_eq!((plan.records, plan.state), (450, PlanState::Open));
    let held: Vec<_> = world.log();
    let held = held.iter().filter(|entry| entry.kind == LogType::Held);
    let statuses: Vec<_> = held.map(|entry| entry.status).collect();
    assert_eq!(statuses, [LogStatus::Waiting], "one entry tells it");
    let backlog = now(world.store.backlog(world.team, at(101))).unwrap();
    assert_eq!((backlog.links_due, backlog.held), (0, 450));
}

#[test]
fn an_approved_mass_deletion_carries_out_exactly_the_rest() {
    let (world, _) = org();
    world.read_leads(100, leads(100, 0..LEADS, true));
    world.decide(100);
    choose(&world, 200, PlanChoice::Approve);
    world.decide(200);
    assert_eq!(unlinked(&world), LEADS);
    assert_eq!(one_plan(&world).records, 0);
    let unlinks = world.log();
    let unlinks = unlinks.iter().filter(|one| one.kind == LogType::Unlink);
    assert_eq!(unlinks.count(), LEADS, "each is told once");
}

#[test]
fn a_declined_mass_deletion_keeps_the_records() {
    let (world, _) = org();
    world.read_leads(100, leads(100, 0..LEADS, true));
    world.decide(100);
    choose(&world, 200, PlanChoice::Keep);
    world.read_leads(300, leads(300, 0..LEADS, true));
    world.decide(300);
    assert_eq!(unlinked(&world), 50, "seen again, it is still declined");
    assert_eq!(one_plan(&world).records, 450);
}

#[test]
fn a_plan_whose_cause_vanished_dissolves_by_itself() {
    let (world, records) = org();
    world.read_leads(100, leads(100, 0..LEADS, true));
    world.decide(100);
    world.read_leads(200, leads(200, 50..LEADS, false));
    world.decide(200);
    assert_eq!(one_plan(&world).state, PlanState::Dissolved { at: at(200) });
    assert_eq!(unlinked(&world), 50);
    let free = links(&world);
    assert!(free.iter().all(|link| link.plans.is_empty()));
    assert_eq!(world.name(records[499]), "Oak");
}

#[test]
fn two_processes_share_one_brake() {
    let (world, _) = org();
    let clock = Arc::new(|| tandem_core::Timestamp::MIN);
    let crm = world.crm.clone();
    let other = Engine::new(world.store.clone(), crm, world.team, "other", clock);
    for round in 0..5 {
        let (second, first) = (100 + round, usize::try_from(round).unwrap() * 100);
        world.read_leads(second, leads(second, first..first + 100, true));
        let engine = if round % 2 == 0 {
            &world.engine
        } else {
            &other
        };
        while now(engine.reconcile(tick(second))).unwrap().claimed > 0 {}
    }
    assert_eq!(unlinked(&world), 50);
    assert_eq!(one_plan(&world).records, 450);
}

#[test]
fn a_program_that_erases_a_field_everywhere_is_held() {
    let (world, records) = org();
    let program = Origin::Api("cleanup".into());
    clear_names(&world, &records, 100, &program);
    assert_eq!(world.intents().len(), 200);
    let plan = one_plan(&world);
    assert_eq!(
        (plan.impact.effect, plan.impact.side),
        (Effect::Blank, Side::Crm)
    );
    assert_eq!(plan.records, 300);
    let sample = now(world.store.planned_records(world.team, plan.id, None, 1)).unwrap();
    let change = &sample[0].changes[0];
    assert_eq!(
        (change.field.as_str(), &change.before, &change.after),
        ("last_name", &Value::text("Oak"), &Value::Null)
    );
    choose(&world, 200, PlanChoice::Approve);
    world.decide(200);
    assert_eq!(world.intents().len(), LEADS);
}

#[test]
fn what_a_person_does_knowingly_is_not_braked() {
    let (world, records) = org();
    clear_names(&world, &records, 100, &Origin::User(UserId(7)));
    assert_eq!(world.intents().len(), LEADS);
    assert_eq!(plans(&world), []);
}

#[test]
fn a_crm_that_erases_a_field_everywhere_is_held() {
    let (world, _) = org();
    let blank = leads(100, 0..LEADS, false)
        .into_iter()
        .map(|lead| CrmRecord {
            fields: fields(&[("LastName", "")]),
            ..lead
        });
    world.read_leads(100, blank.collect());
    world.decide(100);
    assert_eq!(one_plan(&world).records, 300);
    let named = records(&world);
    let named = named.iter().filter(|one| one.contains_key("last_name"));
    assert_eq!(named.count(), 300);
}

#[test]
fn a_first_import_is_not_braked() {
    let (world, records) = org();
    assert_eq!(records.len(), LEADS);
    assert_eq!(plans(&world), []);
}

#[test]
fn a_held_record_that_a_person_edits_waits_with_its_edit() {
    let (world, records) = org();
    world.read_leads(100, leads(100, 0..LEADS, true));
    world.decide(100);
    world.rename(150, records[499], "Elm");
    assert_eq!(one_plan(&world).records, 450);
    assert_eq!(world.intents(), []);
    world.read_leads(200, leads(200, 50..LEADS, false));
    world.decide(200);
    assert_eq!(world.intents().len(), 1, "then the edit goes out");
}

#[test]
fn without_the_brake_everything_passes() {
    let (mut world, _) = org();
    world.engine.guards = Guards {
        brake: false,
        ..Guards::ALL
    };
    world.read_leads(100, leads(100, 0..LEADS, true));
    world.decide(100);
    assert_eq!(unlinked(&world), LEADS);
}

#[test]
fn an_administrator_can_turn_it_off() {
    let (world, _) = org();
    let mut rules = rules(None);
    rules.settings.brake.enabled = false;
    now(world.store.put_rules(world.team, rules, at(50))).unwrap();
    world.read_leads(100, leads(100, 0..LEADS, true));
    world.decide(100);
    assert_eq!(unlinked(&world), LEADS);
}
