//! Reading: what is asked, what comes of it, and what happens when it fails.

use crate::script::{Answer, Asked};
use crate::world::{World, at, lead, object, page, rules};
use tandem_core::connector::{Failure, Next, PageToken, PullRequest, PulledPage};
use tandem_core::error::ErrorClass;
use tandem_core::ids::CrmId;
use tandem_core::schema::ObjectSchema;
use tandem_core::settings::{ConnectionState, TeamRules};
use tandem_core::sync_log::{LogStatus, LogType};

fn pulls(world: &World) -> Vec<PullRequest> {
    let asked = world.crm.asked().into_iter().flat_map(|asked| match asked {
        Asked::Pull(requests) => requests,
        other => panic!("only reading was expected: {other:?}"),
    });
    asked.collect()
}

#[test]
fn one_request_reads_every_object_and_stages_the_rows() {
    let world = World::new();
    let leads = vec![lead("00Q1", 1, 10, &[("LastName", "Oak")])];
    let pages = vec![Ok(page(10, Vec::new())), Ok(page(10, leads))];
    world.crm.will(Answer::Pull(pages));
    let outcome = world.pull(10, &[]);
    assert_eq!((outcome.rows, outcome.news, outcome.calls), (1, 1, 1));
    let asked = pulls(&world);
    let objects: Vec<_> = asked.iter().map(|one| one.object.as_str()).collect();
    assert_eq!(objects, ["Account", "Lead"]);
    assert_eq!(asked[1].fields, ["LastName"]);
    assert_eq!(world.progress("Lead").complete_at, Some(at(10)));
    assert!(!world.pull(11, &[]).asked(), "nothing is due again yet");
}

#[test]
fn a_page_leads_to_the_next() {
    let world = World::new();
    let more = PulledPage {
        records: vec![lead("00Q1", 1, 10, &[])],
        next: Next::Page(PageToken("p2".into())),
        behind_seconds: std::collections::BTreeMap::new(),
        begins: false,
    };
    let pages = vec![Ok(page(10, Vec::new())), Ok(more)];
    world.crm.will(Answer::Pull(pages));
    world.pull(10, &[]);
    pulls(&world);
    let pages = vec![Ok(page(11, vec![])), Ok(page(11, Vec::new()))];
    world.crm.will(Answer::Pull(pages));
    world.pull(11, &[]);
    let asked = pulls(&world);
    assert_eq!(asked[0].object.as_str(), "Lead", "it is under way");
    assert_eq!(asked[0].page, Some(PageToken("p2".into())));
    assert_eq!(world.progress("Lead").complete_at, Some(at(10)));
}

#[test]
fn failures_back_off_and_the_first_in_a_row_is_told() {
    let world = World::new();
    let waits = [(10, 1), (11, 2), (13, 4)];
    for (number, (second, wait)) in waits.into_iter().enumerate() {
        world.crm.will_fail(ErrorClass::Unavailable);
        let outcome = world.pull(second, &[]);
        assert_eq!(outcome.failures.len(), 1, "one reason, though two objects");
        assert!(!outcome.wants_schema());
        let lead = world.progress("Lead");
        let expected = (number as u32 + 1, Some(at(second + wait)));
        assert_eq!((lead.attempts, lead.not_before), expected);
        assert!(!world.pull(second + wait - 1, &["Lead"]).asked());
    }
    let log = world.log();
    assert_eq!(log.len(), 2, "one for each object: {log:#?}");
    assert!(log.iter().all(|entry| entry.kind == LogType::System));
    assert!(log.iter().all(|entry| entry.status == LogStatus::Failed));
    world.read_leads(17, Vec::new());
    let lead = world.progress("Lead");
    assert_eq!((lead.attempts, lead.not_before), (0, None));
}

#[test]
fn the_crms_own_wish_is_kept() {
    let world = World::new();
    let mut failure = Failure::new(ErrorClass::Busy, "the CRM's words");
    failure.retry_after_seconds = Some(120);
    world.crm.will(Answer::Failure(failure));
    world.pull(10, &[]);
    assert_eq!(world.progress("Lead").not_before, Some(at(130)));
}

#[test]
fn a_part_fails_alone() {
    let world = World::new();
    let failure = Failure::new(ErrorClass::SchemaChanged, "No such column 'LastName'");
    let pages = vec![Ok(page(10, Vec::new())), Err(failure.clone())];
    world.crm.will(Answer::Pull(pages));
    let outcome = world.pull(10, &[]);
    assert_eq!(outcome.failures, [failure]);
    assert!(outcome.wants_schema());
    assert_eq!(world.progress("Account").complete_at, Some(at(10)));
    assert_eq!(world.progress("Lead").not_before, Some(at(11)));
}

/// What is to be seen of an object comes along with its rows, or with the reason why there are none.
#[test]
fn a_schema_that_came_along_is_handed_on_and_not_asked_for_again() {
    let world = World::new();
    let schema = ObjectSchema {
        name: object("Lead"),
        label: "Lead".into(),
        createable: true,
        updateable: true,
        fields: Vec::new(),
        tag: Some("2".into()),
    };
    for (second, described, wanted) in [(10, "Lead", false), (20, "Account", true)] {
        let failure = Failure::new(ErrorClass::SchemaChanged, "No such column 'LastName'");
        let schema = ObjectSchema {
            name: object(described),
            ..schema.clone()
        };
        world.crm.will_describe(vec![schema.clone()]);
        let pages = vec![Ok(page(second, Vec::new())), Err(failure)];
        world.crm.will(Answer::Pull(pages));
        let outcome = world.pull(second, &["Lead"]);
        assert_eq!(outcome.schemas, [schema]);
        assert_eq!(outcome.wants_schema(), wanted, "{described} came along");
        assert_eq!(outcome.calls, 1);
    }
}

#[test]
fn a_page_that_the_crm_forgot_is_asked_for_once() {
    let world = World::new();
    world.read_leads(10, Vec::new());
    let complete = world.progress("Lead").position;
    let more = PulledPage {
        records: Vec::new(),
        next: Next::Page(PageToken("p2".into())),
        behind_seconds: std::collections::BTreeMap::new(),
        begins: false,
    };
    let pages = vec![Ok(page(700, Vec::new())), Ok(more)];
    world.crm.will(Answer::Pull(pages));
    world.pull(700, &[]);
    let page = world.progress("Lead").position.page;
    assert_eq!(page, Some(PageToken("p2".into())));
    world.crm.will_fail(ErrorClass::CursorGone);
    let outcome = world.pull(701, &[]);
    assert_eq!(outcome.failures[0].class, ErrorClass::CursorGone);
    assert_eq!(world.progress("Lead").position, complete);
    pulls(&world);
    world.read_leads(702, Vec::new());
    let asked = pulls(&world);
    let lead = asked.iter().find(|one| one.object == object("Lead"));
    let lead = lead.expect("it is due at once");
    assert_eq!((&lead.watermark, &lead.page), (&complete.watermark, &None));
}

#[test]
fn a_revoked_connection_is_lost_once_and_the_queue_stays() {
    let (world, record) = World::with_lead(10);
    world.rename(11, record, "Elm");
    world.edit(12, Some(record), "Ash");
    let told = world.log().len();
    world.crm.will_fail(ErrorClass::ConnectionRevoked);
    world.pull(700, &[]);
    let ConnectionState::Lost { code, since, .. } = world.connection() else {
        panic!("still {:?}", world.connection());
    };
    assert_eq!((code.as_str(), since), ("connection-revoked", at(700)));
    let log = world.log().split_off(told);
    let lost = log.iter().filter(|entry| entry.crm.is_none());
    assert_eq!(lost.count(), 1, "{log:#?}");
    assert_eq!(world.intents().len(), 1, "the write waits");
    world.crm.asked();
    world.turn(800);
    world.turn(801);
    assert_eq!(world.crm.asked(), [], "and nobody is asked");
    assert_eq!(world.intents().len(), 1);
}

#[test]
fn a_spent_allowance_is_an_outcome_that_says_so() {
    let world = World::new();
    world.used(9, 73);
    let outcome = world.pull(10, &[]);
    assert!(!outcome.asked());
    let words = outcome.refused.expect("a reason");
    assert!(words.contains("73 of 100"), "{words}");
    assert_eq!(world.crm.asked(), []);
    world.read_leads(11, Vec::new());
    assert_eq!(
        world.progress("Lead").complete_at,
        Some(at(11)),
        "people may"
    );
}

#[test]
fn nothing_is_read_while_sync_is_off_or_nobody_is_connected() {
    let mut off: TeamRules = rules(None);
    off.settings.enabled = false;
    assert!(!World::with(off).pull(10, &["Lead"]).asked());
    let world = World::new();
    world.set_connection(ConnectionState::None);
    assert!(!world.pull(10, &["Lead"]).asked());
}

/// Seconds that the leads' read at that second goes back.
fn back(world: &World, second: i64) -> u32 {
    world.read_leads(second, Vec::new());
    let asked = pulls(world);
    let lead = asked.iter().find(|one| one.object == object("Lead"));
    lead.expect("leads are read").back_seconds
}

#[test]
fn reads_go_back_and_one_in_a_quarter_of_an_hour_farther() {
    let world = World::new();
    let seconds: Vec<_> = [10, 70, 130, 909, 910, 970]
        .into_iter()
        .map(|second| back(&world, second))
        .collect();
    assert_eq!(seconds, [0, 120, 120, 120, 600 + 899, 120]);
}

#[test]
fn a_late_row_is_learned_from() {
    let world = World::new();
    back(&world, 100);
    let mut late = page(160, vec![lead("00Q1", 10, 160, &[("LastName", "Oak")])]);
    late.behind_seconds = [(CrmId::new("00Q1"), 90)].into();
    world
        .crm
        .will(Answer::Pull(vec![Ok(page(160, Vec::new())), Ok(late)]));
    world.pull(160, &["Lead"]);
    assert_eq!(world.progress("Lead").horizon.late_seconds, 90);
    pulls(&world);
    assert_eq!(back(&world, 220), 180);
    assert_eq!(
        world.progress("Account").horizon.late_seconds,
        0,
        "each object by itself"
    );
}

#[test]
fn a_read_that_failed_asks_for_less() {
    let world = World::new();
    for (second, failures) in [(10, 0), (20, 1), (30, 2)] {
        world.crm.will_fail(ErrorClass::TimedOut);
        world.pull(second, &["Lead"]);
        assert!(pulls(&world).iter().all(|one| one.failures == failures));
    }
    back(&world, 60);
    back(&world, 61);
    world.crm.will_fail(ErrorClass::TimedOut);
    world.pull(62, &["Lead"]);
    assert!(pulls(&world).iter().all(|one| one.failures == 0));
}

/// Rows that the CRM counted and did not send: the read is told as failed, and nothing is closed.
#[test]
fn a_read_that_lacks_rows_moves_no_watermark_and_is_told_as_failed() {
    let world = World::new();
    world.read_leads(10, Vec::new());
    let before = world.progress("Lead").position;
    let lacking = Failure::new(
        ErrorClass::GarbledAnswer,
        "the CRM counted 2 rows and sent 1",
    );
    world
        .crm
        .will(Answer::Pull(vec![Ok(page(20, Vec::new())), Err(lacking)]));
    world.pull(20, &["Lead"]);
    assert_eq!(world.progress("Lead").position, before);
    let log = world.log();
    let told = log.last().expect("an entry");
    assert_eq!(
        (told.kind, told.status),
        (LogType::System, LogStatus::Failed)
    );
    assert!(
        told.error
            .as_ref()
            .is_some_and(|e| e.message.contains("counted 2"))
    );
}
