//! Before a record is created in an object that is not wholly known, the CRM is asked for it: what is
//! linked instead of doubled, and what asking costs.

use crate::script::{Answer, Asked};
use crate::world::{World, at, fields, lead, now, object, page, rules};
use tandem_core::connector::{Lookup, Next, PageToken, PulledPage, WriteOutcome};
use tandem_core::error::ErrorClass;
use tandem_core::ids::{CrmId, RecordId, UserId};
use tandem_core::record::{CrmRecord, Origin};
use tandem_core::settings::TeamRules;
use tandem_core::store::{SyncStore, WorkspaceEdit};
use tandem_core::sync_log::LogType;
use tandem_core::workspace::Kind;
use tandem_engine::WriteStep;

/// Leads with an e-mail address; new ones of the CRM come in or not.
fn with_email(import: bool) -> TeamRules {
    let mut rules = rules(None);
    let leads = &mut rules.pairs[1];
    let mut email = leads.fields[0].clone();
    email.mapping.workspace = "email".into();
    email.mapping.crm = "Email".into();
    leads.fields.push(email);
    leads.import = import;
    rules
}

/// Leads were read just now; those of the CRM that nobody linked are unknown here.
fn half_known() -> World {
    let world = World::with(with_email(false));
    world.read_leads(10, Vec::new());
    world.crm.asked();
    world
}

/// A person adds somebody, who shall become a lead.
fn add(world: &World, second: i64, name: &str, email: &str) -> RecordId {
    let edit = WorkspaceEdit {
        record: None,
        kind: Kind::Person,
        patch: fields(&[("last_name", name), ("email", email)]),
        origin: Origin::User(UserId(7)),
        now: at(second),
        create_as: Some(object("Lead")),
    };
    let record = now(world.store.edit_record(world.team, edit)).unwrap();
    world.decide(second);
    record
}

fn row(id: &str, name: &str, email: &str) -> CrmRecord {
    lead(id, 5, 12, &[("LastName", name), ("Email", email)])
}

fn sent(records: usize, calls: u32) -> WriteStep {
    WriteStep::Sent {
        object: object("Lead"),
        records,
        applied: records,
        calls,
    }
}

fn made(id: &str, name: &str, email: &str) -> WriteOutcome {
    WriteOutcome::Applied {
        id: CrmId::new(id),
        before: None,
        after: Some(row(id, name, email)),
    }
}

fn asked_for(world: &World) -> Vec<Vec<Lookup>> {
    let asked = world.crm.asked().into_iter();
    let lookups = asked.filter_map(|asked| match asked {
        Asked::Find(lookups) => Some(lookups),
        _ => None,
    });
    lookups.collect()
}

#[test]
fn a_lead_that_the_crm_has_is_linked_instead_of_made_again() {
    let world = half_known();
    let record = add(&world, 12, "Oak", "Ana@Fjord.example");
    let there = row("00Q9", "Oak", "ana@fjord.example");
    world.crm.will(Answer::Find(vec![there]));
    assert_eq!(world.write(13), sent(0, 1), "one question, nothing sent");
    let lookup = Lookup {
        field: "Email".into(),
        texts: ["ana@fjord.example".to_owned()].into(),
    };
    assert_eq!(asked_for(&world), [vec![lookup]]);
    world.decide(14);
    let link = world.link_of(record);
    assert_eq!(link.crm, Some(CrmId::new("00Q9")));
    assert!(link.base.contains_key("last_name"), "both have met");
    let entries = world.log();
    assert!(entries.iter().any(|entry| entry.kind == LogType::Link));
}

#[test]
fn a_lead_that_the_crm_does_not_have_is_made() {
    let world = half_known();
    let record = add(&world, 12, "Oak", "ana@fjord.example");
    // Near, but another address.
    let other = row("00Q8", "Oak", "ana@fjord.example.org");
    world.crm.will(Answer::Find(vec![other]));
    let made = made("00Q9", "Oak", "ana@fjord.example");
    world.crm.will(Answer::Write(vec![made]));
    assert_eq!(world.write(13), sent(1, 2), "a question and a write");
    assert_eq!(world.link_of(record).crm, Some(CrmId::new("00Q9")));
}

#[test]
fn several_leads_with_the_address_wait_for_a_person() {
    let world = half_known();
    let record = add(&world, 12, "Oak", "ana@fjord.example");
    let twins = ["00Q8", "00Q9"].map(|id| row(id, "Oak", "ana@fjord.example"));
    world.crm.will(Answer::Find(twins.to_vec()));
    assert_eq!(world.write(13), sent(0, 1));
    let parked = world.link_of(record).parked.unwrap();
    assert_eq!(parked.class, ErrorClass::CannotMatch);
    assert!(parked.message.contains("00Q8, 00Q9"), "{}", parked.message);
    world.decide(14);
    assert_eq!(world.intents(), []);
}

#[test]
fn a_hundred_creates_are_asked_about_in_one_call() {
    let world = half_known();
    let address = |number: usize| format!("n{number}@fjord.example");
    for number in 0..100 {
        add(&world, 12, &format!("N{number}"), &address(number));
    }
    let there = row("00Q5", "N5", &address(5));
    world.crm.will(Answer::Find(vec![there]));
    let rest = (0..100).filter(|number| *number != 5);
    let outcomes = rest.map(|number| {
        let id = format!("00Q{}", 1_000 + number);
        made(&id, &format!("N{number}"), &address(number))
    });
    world.crm.will(Answer::Write(outcomes.collect()));
    assert_eq!(world.write(13), sent(99, 2));
    let asked = asked_for(&world);
    assert_eq!((asked.len(), asked[0][0].texts.len()), (1, 100));
}

#[test]
fn where_everything_is_known_nothing_is_asked() {
    let world = World::with(with_email(true));
    world.read_leads(10, Vec::new());
    world.crm.asked();
    add(&world, 12, "Oak", "ana@fjord.example");
    let made = made("00Q9", "Oak", "ana@fjord.example");
    world.crm.will(Answer::Write(vec![made]));
    assert_eq!(world.write(13), sent(1, 1));
}

#[test]
fn before_the_first_read_is_complete_it_is_asked() {
    let world = World::with(with_email(true));
    let under_way = PulledPage {
        next: Next::Page(PageToken("more".into())),
        ..page(10, Vec::new())
    };
    let pages = vec![Ok(page(10, Vec::new())), Ok(under_way)];
    world.crm.will(Answer::Pull(pages));
    world.pull(10, &["Lead"]);
    add(&world, 12, "Oak", "ana@fjord.example");
    let there = row("00Q9", "Oak", "ana@fjord.example");
    world.crm.will(Answer::Find(vec![there]));
    assert_eq!(world.write(13), sent(0, 1));
}

#[test]
fn who_has_no_address_is_not_asked_for() {
    let world = half_known();
    add(&world, 12, "Oak", "n/a");
    let made = made("00Q9", "Oak", "");
    world.crm.will(Answer::Write(vec![made]));
    assert_eq!(world.write(13), sent(1, 1));
}

#[test]
fn a_question_that_fails_sends_nothing_and_is_asked_again() {
    let world = half_known();
    let record = add(&world, 12, "Oak", "ana@fjord.example");
    for class in [ErrorClass::Unavailable, ErrorClass::AnswerLost] {
        world.crm.will_fail(class);
        assert_eq!(world.write(13), sent(0, 1), "{class:?}");
        now(world.store.end_waits(world.team)).unwrap();
    }
    assert_eq!(world.resolve(13).claimed, 0, "nothing is in doubt");
    let there = row("00Q9", "Oak", "ana@fjord.example");
    world.crm.will(Answer::Find(vec![there]));
    assert_eq!(world.write(14), sent(0, 1));
    assert_eq!(world.link_of(record).crm, Some(CrmId::new("00Q9")));
}
