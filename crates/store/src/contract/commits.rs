//! Decisions in: each carried out as a whole, or overtaken.

use super::bench::{Bench, ended};
use super::samples::{
    at, crm, entry, fields, held_field, keep, object, parked_field, parked_link, update,
};
use tandem_core::ids::LinkId;
use tandem_core::link::{Agreed, Lane, PutBack};
use tandem_core::reconcile::RecordChange;
use tandem_core::record::{Origin, Provenance};
use tandem_core::store::{DecisionCommit, StoreError};
use tandem_core::sync_log::LogStatus;
use tandem_core::value::Value;
use tandem_core::workspace::Kind;
use tandem_core::write::IntentNext;

pub(super) async fn an_outdated_decision_changes_nothing(b: &Bench) {
    let link = b.linked(1, crm("Account", "001", 1, &[])).await;
    let record = link.record.expect("linked");
    b.pull(2, crm("Account", "001", 2, &[])).await;
    let work = b.claim_one(2).await;
    b.edit(3, Kind::Account, record, fields(&[("phone", "3")]))
        .await;
    let before = (b.link(record).await, b.record(record).await, b.log().await);
    let mut decision = keep(&work.link);
    decision.record = RecordChange::Patch(fields(&[("phone", "lost")]));
    decision.write = Some(update("001", "Phone", "lost"));
    decision.log.push(entry("lost"));
    let report = b.commit(3, &work, decision).await;
    assert_eq!(
        (report.committed, report.overtaken, report.intents),
        (0, 1, 0)
    );
    assert_eq!(
        (b.link(record).await, b.record(record).await, b.log().await),
        before
    );
    assert!(b.send(3, "Account").await.is_empty());
    assert_eq!(b.claim_one(3).await.link, before.0);
}

pub(super) async fn a_decision_about_nothing_is_overtaken(b: &Bench) {
    b.pull(1, crm("Account", "001", 1, &[])).await;
    let mut work = b.claim_one(1).await;
    work.link.id = LinkId(i64::MAX);
    assert_eq!(b.commit(1, &work, keep(&work.link)).await.overtaken, 1);
}

pub(super) async fn a_decision_is_done_once(b: &Bench) {
    b.pull(1, crm("Account", "001", 1, &[])).await;
    let work = b.claim_one(1).await;
    let mut decision = keep(&work.link);
    decision.record = RecordChange::Create(fields(&[("name", "Once")]));
    decision.log.push(entry("once"));
    assert_eq!(b.commit(1, &work, decision.clone()).await.committed, 1);
    assert_eq!(b.commit(1, &work, decision).await.overtaken, 1);
    assert_eq!(b.log().await.len(), 1);
    assert!(b.due(1000).await.is_empty());
}

pub(super) async fn an_outdated_decision_does_not_stand_in_the_way_of_another(b: &Bench) {
    b.pull(1, crm("Account", "001", 1, &[])).await;
    let old = b.claim_one(1).await;
    b.pull(2, crm("Account", "001", 2, &[])).await;
    let new = b.claim_one(2).await;
    let commits = [&old, &new, &new].map(|work| DecisionCommit {
        link: work.link.id,
        version: work.link.version,
        decision: keep(&work.link),
        lane: work.lane,
        impacts: Default::default(),
    });
    let report = b
        .store()
        .commit_decisions(b.team, commits.into(), at(2))
        .await
        .expect("commit_decisions");
    assert_eq!((report.committed, report.overtaken), (1, 2));
    assert!(b.due(2).await.is_empty());
}

pub(super) async fn a_link_may_ask_to_be_looked_at_again(b: &Bench) {
    b.pull(1, crm("Account", "001", 1, &[])).await;
    let work = b.claim_one(1).await;
    let mut decision = keep(&work.link);
    decision.again_at = Some(at(5));
    b.commit(1, &work, decision).await;
    assert!(b.due(4).await.is_empty());
    assert_eq!(b.due(5).await, [work.link.id]);
    b.pull(5, crm("Account", "001", 2, &[])).await;
    b.settle_down(5).await;
    assert!(b.due(1000).await.is_empty());
}

pub(super) async fn what_happens_before_that_time_is_due_at_once(b: &Bench) {
    b.pull(1, crm("Account", "001", 1, &[])).await;
    let work = b.claim_one(1).await;
    let mut decision = keep(&work.link);
    decision.again_at = Some(at(50));
    b.commit(1, &work, decision).await;
    b.pull(5, crm("Account", "001", 2, &[])).await;
    assert_eq!(b.due(5).await, [work.link.id]);
    b.settle_down(5).await;
    assert!(b.due(1000).await.is_empty());
}

pub(super) async fn a_created_record_is_linked_and_comes_from_the_crm(b: &Bench) {
    b.pull(1, crm("Account", "001", 1, &[])).await;
    let work = b.claim_one(1).await;
    let mut decision = keep(&work.link);
    let mut values = fields(&[("name", "New"), ("phone", "1")]);
    values.insert("website".into(), Value::Null);
    decision.record = RecordChange::Create(values);
    decision.log.push(entry("made"));
    b.commit(2, &work, decision).await;
    let (_, told) = b.log().await.pop().expect("an entry");
    let (kind, id) = told.record.expect("the entry names the new record");
    assert_eq!((kind, told.link), (Kind::Account, Some(work.link.id)));
    assert_eq!(told.crm, Some((object("Account"), work.link.crm.clone())));
    let record = b.record(id).await;
    assert_eq!(record.fields, fields(&[("name", "New"), ("phone", "1")]));
    let provenance = Provenance {
        at: at(2),
        origin: Origin::Crm,
    };
    assert_eq!(record.provenance["name"], provenance);
    assert_eq!((record.created_at, record.updated_at), (at(2), at(2)));
    let link = b.link(id).await;
    assert_eq!(link.id, work.link.id);
    assert!(link.version > work.link.version);
}

pub(super) async fn a_patch_sets_the_linked_record_and_the_new_state_of_the_link(b: &Bench) {
    let link = b.linked(1, crm("Account", "001", 1, &[])).await;
    let record = link.record.expect("linked");
    b.pull(2, crm("Account", "001", 2, &[])).await;
    let work = b.claim_one(2).await;
    let mut decision = keep(&work.link);
    let agreed = Agreed {
        crm: Value::text("2"),
        workspace: Value::text("2"),
    };
    decision.record = RecordChange::Patch(fields(&[("phone", "2")]));
    decision.link.base.insert("phone".into(), agreed.clone());
    let put_back = PutBack {
        value: Value::text("theirs"),
        sent: Value::text("ours"),
    };
    decision.link.put_back.insert("phone".into(), put_back);
    let parked = parked_field("Amber Mill");
    decision.link.parked_fields.insert("name".into(), parked);
    decision
        .link
        .held_fields
        .insert("website".into(), held_field("a", "b"));
    decision.link.revision = work.crm.as_ref().map(|crm| crm.revision.clone());
    b.commit(3, &work, decision.clone()).await;
    let patched = b.record(record).await;
    assert_eq!(
        patched.fields,
        fields(&[("name", "Amber Mill"), ("phone", "2")])
    );
    assert_eq!(patched.provenance["phone"].origin, Origin::Crm);
    assert_ne!(
        patched.provenance["name"].origin,
        Origin::Crm,
        "it did not change"
    );
    let link = b.link(record).await;
    assert_eq!(link.base["phone"], agreed);
    assert_eq!(link.put_back, decision.link.put_back);
    assert_eq!(link.parked_fields, decision.link.parked_fields);
    assert_eq!(link.held_fields, decision.link.held_fields);
    assert_eq!(link.revision, decision.link.revision);
}

pub(super) async fn an_unsent_intent_is_replaced_and_withdrawn(b: &Bench) {
    let link = b.linked(1, crm("Account", "001", 1, &[])).await;
    let record = link.record.expect("linked");
    for value in ["2", "3"] {
        b.edit(2, Kind::Account, record, fields(&[("phone", value)]))
            .await;
        b.decide_write(2, update("001", "Phone", value)).await;
    }
    let backlog = b.store().backlog(b.team, at(2)).await.expect("backlog");
    assert_eq!(backlog.intents_pending, 1, "one promise for each link");
    b.edit(3, Kind::Account, record, fields(&[("phone", "4")]))
        .await;
    let work = b.claim_one(3).await;
    b.commit(3, &work, keep(&work.link)).await;
    assert!(b.send(3, "Account").await.is_empty());
}

/// What makes an intent wait is the CRM, not the data: a new decision does not jump the back-off.
pub(super) async fn a_replaced_intent_keeps_its_tries_and_its_time(b: &Bench) {
    let link = b.linked(1, crm("Account", "001", 1, &[])).await;
    let record = link.record.expect("linked");
    b.edit(2, Kind::Account, record, fields(&[("phone", "2")]))
        .await;
    b.decide_write(2, update("001", "Phone", "2")).await;
    let sent = b.send_one(2, "Account").await;
    b.settle(
        3,
        ended(sent.intent.id, sent.epoch, IntentNext::Retry(at(50))),
    )
    .await;
    b.edit(4, Kind::Account, record, fields(&[("phone", "4")]))
        .await;
    b.decide_write(4, update("001", "Phone", "4")).await;
    assert!(b.send(49, "Account").await.is_empty());
    let sent = b.send_one(50, "Account").await;
    assert_eq!(sent.intent.attempts, 1);
    assert_eq!(sent.intent.payload(), fields(&[("Phone", "4")]));
}

pub(super) async fn a_replaced_intent_keeps_its_lane_if_that_is_better(b: &Bench) {
    let link = b.linked(1, crm("Account", "001", 1, &[])).await;
    let record = link.record.expect("linked");
    b.edit(2, Kind::Account, record, fields(&[("phone", "2")]))
        .await;
    b.decide_write(2, update("001", "Phone", "2")).await;
    b.pull(3, crm("Account", "001", 3, &[])).await;
    b.decide_write(3, update("001", "Phone", "2")).await;
    assert_eq!(
        b.sendable(at(3)).await,
        [("Account".to_owned(), Lane::Live)]
    );
}

pub(super) async fn nothing_is_decided_while_the_intent_is_under_way(b: &Bench) {
    let link = b.linked(1, crm("Account", "001", 1, &[])).await;
    let record = link.record.expect("linked");
    b.edit(2, Kind::Account, record, fields(&[("phone", "2")]))
        .await;
    b.decide_write(2, update("001", "Phone", "2")).await;
    b.edit(3, Kind::Account, record, fields(&[("phone", "3")]))
        .await;
    let work = b.claim_one(3).await;
    // By a worker whose clock is behind: the link is not due there yet.
    let sent = b.send_one(2, "Account").await;
    let mut decision = keep(&work.link);
    decision.write = Some(update("001", "Phone", "3"));
    let report = b.commit(3, &work, decision).await;
    assert_eq!(
        (report.committed, report.overtaken, report.intents),
        (0, 1, 0)
    );
    assert!(b.due(3).await.is_empty(), "the link waits for the settle");
    b.settle(4, super::bench::finished(&sent)).await;
    assert_eq!(
        b.claim_one(4).await.link.id,
        link.id,
        "and is due right after it"
    );
}

pub(super) async fn a_parked_record_points_to_the_entry_that_tells_it(b: &Bench) {
    b.pull(1, crm("Account", "001", 1, &[])).await;
    let work = b.claim_one(1).await;
    let mut decision = keep(&work.link);
    decision.record = RecordChange::Create(fields(&[("name", "Parked")]));
    decision.link.parked = Some(parked_link());
    let mut failed = entry("refused");
    failed.status = LogStatus::Failed;
    decision.log = vec![entry("made"), failed];
    b.commit(1, &work, decision).await;
    let log = b.log().await;
    let (id, told) = &log[1];
    assert_eq!(told.status, LogStatus::Failed);
    let (_, record) = told.record.expect("the entry names the record");
    let parked = b.link(record).await.parked.expect("parked");
    assert_eq!(parked.log, Some(*id));
}

pub(super) async fn a_contradictory_decision_fails_the_whole_batch(b: &Bench) {
    b.pull(1, crm("Account", "001", 1, &[])).await;
    b.pull(1, crm("Account", "002", 1, &[])).await;
    let work = b.claim(1).await;
    let changes = [
        RecordChange::Create(fields(&[("name", "Fine")])),
        RecordChange::Patch(fields(&[("name", "of nobody")])),
    ];
    let commits = work.iter().zip(changes).map(|(work, record)| {
        let mut decision = keep(&work.link);
        decision.record = record;
        DecisionCommit {
            link: work.link.id,
            version: work.link.version,
            decision,
            lane: work.lane,
            impacts: Default::default(),
        }
    });
    let failed = b
        .store()
        .commit_decisions(b.team, commits.collect(), at(1))
        .await;
    assert!(matches!(failed, Err(StoreError::Other(_))), "{failed:?}");
    let again = b.claim(1000).await;
    let links = |work: &[tandem_core::store::LinkWork]| -> Vec<_> {
        work.iter().map(|work| work.link.clone()).collect()
    };
    assert_eq!(links(&again), links(&work), "nothing happened to either");
}
