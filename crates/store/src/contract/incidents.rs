//! Incidents and trials: one record is tried, its outcome decides about all.

use super::bench::{Bench, ended, finished};
use super::samples::{at, crm, fields, keep, parked_field, rules, update};
use tandem_core::error::ErrorClass;
use tandem_core::ids::IncidentId;
use tandem_core::incident::{Attempt, Stage, Standing};
use tandem_core::link::{Lane, ParkedLink, RecordLink};
use tandem_core::store::{ClaimedIntent, StoreError};
use tandem_core::sync_log::{FieldChange, LogDraft, LogSource, LogType, Rule};
use tandem_core::value::Value;
use tandem_core::write::{IntentNext, Settlement};

pub(super) fn attempt(second: i64) -> Attempt {
    Attempt {
        fix: "Made the field longer".into(),
        by: None,
        now: at(second),
    }
}

/// So many accounts whose phone was refused for one cause; nothing is due.
pub(super) async fn refused(b: &Bench, count: usize) -> Vec<RecordLink> {
    let mut links = Vec::new();
    for number in 0..count {
        let id = format!("00{number}");
        let link = b.linked(1, crm("Account", &id, 1, &[])).await;
        b.edit(
            1,
            link.kind,
            link.record.expect("linked"),
            fields(&[("phone", "too long")]),
        )
        .await;
        let work = b.claim_one(1).await;
        let mut decision = keep(&work.link);
        let parked = parked_field("too long");
        decision.link.parked_fields.insert("phone".into(), parked);
        b.commit(1, &work, decision).await;
        links.push(b.link(link.record.expect("linked")).await);
    }
    links
}

async fn standings(b: &Bench) -> Vec<Standing> {
    b.store().incidents(b.team).await.expect("incidents")
}

async fn the_incident(b: &Bench) -> Standing {
    let mut all = standings(b).await;
    assert_eq!(all.len(), 1, "one cause is one incident: {all:#?}");
    all.remove(0)
}

async fn stage(b: &Bench) -> Option<Stage> {
    let trial = the_incident(b).await.incident.trial;
    trial.map(|trial| trial.stage)
}

async fn try_it(b: &Bench, second: i64) -> bool {
    let id = the_incident(b).await.incident.id;
    let tried = b.store().try_incident(b.team, id, attempt(second)).await;
    tried.expect("try_incident")
}

async fn advance(b: &Bench, second: i64) -> (u32, u32) {
    let report = b.store().advance_trials(b.team, at(second)).await;
    let report = report.expect("advance_trials");
    (report.moved, report.released)
}

/// The record that is tried is decided and sent.
async fn send_probe(b: &Bench, second: i64, id: &str) -> ClaimedIntent {
    let work = b
        .decide_write(second, update(id, "Phone", "too long"))
        .await;
    assert_eq!(work.lane, Lane::Live, "somebody waits for it");
    b.send_one(second, "Account").await
}

fn written(sent: &ClaimedIntent, second: i64) -> Settlement {
    let mut told = LogDraft::new(at(second), LogSource::Workspace, LogType::Update, "Written");
    told.changes.push(FieldChange {
        workspace: "phone".into(),
        crm: "Phone".into(),
        before: Value::Null,
        after: Value::text("too long"),
        rule: Rule::OnlyWorkspaceChanged,
        rejected: Value::Null,
    });
    let mut settlement = finished(sent);
    settlement.log.push(told);
    settlement
}

fn refused_again(sent: &ClaimedIntent) -> Settlement {
    let mut settlement = finished(sent);
    let parked = parked_field("too long");
    settlement.link.park.insert("phone".into(), parked);
    settlement
}

pub(super) async fn failures_with_one_cause_are_one_incident(b: &Bench) {
    assert_eq!(standings(b).await, []);
    refused(b, 3).await;
    let standing = the_incident(b).await;
    assert_eq!(standing.records, 3);
    assert_eq!(standing.incident.cause.field.as_deref(), Some("phone"));
    assert_eq!(standing.incident.trial, None);
    assert_eq!(
        the_incident(b).await.incident.id,
        standing.incident.id,
        "it keeps its number"
    );
}

pub(super) async fn a_fix_is_tried_on_one_and_released_to_all(b: &Bench) {
    let links = refused(b, 3).await;
    assert!(try_it(b, 5).await);
    assert!(!try_it(b, 5).await, "one at a time");
    assert_eq!(b.due(5).await, [links[0].id], "one record is taken up");
    assert_eq!(advance(b, 5).await, (0, 0), "it is on its way");
    let sent = send_probe(b, 6, "000").await;
    assert_eq!(advance(b, 6).await, (0, 0), "it is under way");
    b.settle(7, written(&sent, 7)).await;
    assert_eq!(advance(b, 7).await, (1, 0), "it helps");
    assert_eq!(advance(b, 7).await, (1, 2), "the others follow");
    let mut due = b.due(7).await;
    due.sort_unstable();
    assert_eq!(due, [links[1].id, links[2].id]);
    for work in b.claim(7).await {
        assert_eq!(work.lane, Lane::Bulk, "live edits pass them");
        assert!(work.link.parked_fields.is_empty());
    }
    let releasing = stage(b).await;
    let expected = Stage::Releasing {
        link: links[0].id,
        after: links[2].id,
        released: 3,
    };
    assert_eq!(releasing, Some(expected));
    assert_eq!(advance(b, 8).await, (1, 0));
    assert_eq!(standings(b).await, [], "nothing waits any more");
    assert_eq!(advance(b, 9).await, (0, 0));
}

pub(super) async fn a_fix_that_does_not_help_leaves_the_others_alone(b: &Bench) {
    let links = refused(b, 3).await;
    assert!(try_it(b, 5).await);
    let sent = send_probe(b, 6, "000").await;
    b.settle(7, refused_again(&sent)).await;
    assert_eq!(advance(b, 7).await, (1, 0));
    let Some(Stage::Refused { link, words, .. }) = stage(b).await else {
        panic!("the trial is over");
    };
    assert_eq!((link, words.is_empty()), (links[0].id, false));
    assert_eq!(b.due(7).await, [], "the others stay where they are");
    assert_eq!(the_incident(b).await.records, 3);
    assert!(try_it(b, 8).await, "it can be tried again");
}

pub(super) async fn a_record_that_shows_nothing_is_passed_over(b: &Bench) {
    let links = refused(b, 2).await;
    assert!(try_it(b, 5).await);
    b.settle_down(6).await;
    assert_eq!(
        advance(b, 6).await,
        (1, 0),
        "nothing was written, nothing refused"
    );
    assert_eq!(b.due(6).await, [links[1].id], "the next is tried");
    b.settle_down(7).await;
    assert_eq!(advance(b, 7).await, (1, 0));
    assert_eq!(standings(b).await, [], "none was left");
}

pub(super) async fn a_lost_answer_is_waited_for(b: &Bench) {
    refused(b, 2).await;
    assert!(try_it(b, 5).await);
    let sent = send_probe(b, 6, "000").await;
    let lost = ended(sent.intent.id, sent.epoch, IntentNext::Resolve(at(9)));
    b.settle(7, lost).await;
    assert_eq!(advance(b, 8).await, (0, 0));
    let again = b.doubtful(9).await.remove(0);
    b.settle(9, written(&again, 9)).await;
    assert_eq!(advance(b, 9).await, (1, 0));
}

pub(super) async fn skipped_records_are_left_alone_by_new_rules(b: &Bench) {
    let link = b.linked(1, crm("Account", "001", 1, &[])).await;
    let record = link.record.expect("linked");
    b.edit(2, link.kind, record, fields(&[("phone", "2")]))
        .await;
    let work = b.claim_one(2).await;
    let mut decision = keep(&work.link);
    decision.link.parked = Some(ParkedLink {
        class: ErrorClass::ValidationRule,
        message: "no".into(),
        since: at(2),
        log: None,
    });
    b.commit(2, &work, decision).await;
    let id = the_incident(b).await.incident.id;
    let publish = async |version: u32, skip: bool| {
        let skipped = b.store().skip_incident(b.team, id, skip, at(3)).await;
        skipped.expect("skip_incident");
        let mut published = rules();
        published.pairs[0].version = version;
        let put = b.store().put_rules(b.team, published, at(3)).await;
        put.expect("put_rules");
        b.link(record).await.parked.is_some()
    };
    assert!(publish(2, true).await, "it is left alone");
    assert!(the_incident(b).await.incident.skipped_at.is_some());
    assert!(!publish(3, false).await, "it is taken up");
}

pub(super) async fn what_is_no_longer_set_aside_no_longer_counts(b: &Bench) {
    let links = refused(b, 2).await;
    let record = links[0].record.expect("linked");
    b.edit(5, links[0].kind, record, fields(&[("phone", "2")]))
        .await;
    assert_eq!(the_incident(b).await.records, 1, "its value was changed");
    let retried = b.store().retry_links(b.team, &[links[1].id], at(6)).await;
    assert_eq!(retried.expect("retry_links"), 1);
    assert_eq!(standings(b).await, []);
}

pub(super) async fn an_incident_that_is_not_there_is_an_error(b: &Bench) {
    let id = IncidentId(i64::from(i32::MAX));
    let tried = b.store().try_incident(b.team, id, attempt(1)).await;
    assert!(matches!(tried, Err(StoreError::NotFound(_))), "{tried:?}");
    let skipped = b.store().skip_incident(b.team, id, true, at(1)).await;
    assert!(
        matches!(skipped, Err(StoreError::NotFound(_))),
        "{skipped:?}"
    );
}
