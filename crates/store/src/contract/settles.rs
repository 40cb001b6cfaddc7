//! Outcomes in: what they change, and that each counts once.

use super::bench::{Bench, ended, finished};
use super::samples::{at, crm, entry, fields, parked_field, parked_link, update};
use tandem_core::link::{Agreed, PutBack, RecordLink};
use tandem_core::store::ClaimedIntent;
use tandem_core::sync_log::LogStatus;
use tandem_core::value::Value;
use tandem_core::workspace::Kind;
use tandem_core::write::{IntentNext, Settlement};

/// A linked account whose phone is being sent, at second 2.
async fn sending(b: &Bench) -> (RecordLink, ClaimedIntent) {
    let link = b
        .linked(1, crm("Account", "001", 1, &[("Phone", "1")]))
        .await;
    let record = link.record.expect("linked");
    b.edit(2, Kind::Account, record, fields(&[("phone", "2")]))
        .await;
    b.decide_write(2, update("001", "Phone", "2")).await;
    (b.link(record).await, b.send_one(2, "Account").await)
}

async fn link(b: &Bench, link: &RecordLink) -> RecordLink {
    b.link(link.record.expect("linked")).await
}

pub(super) async fn an_outcome_becomes_base_mirror_and_log(b: &Bench) {
    let (before, sent) = sending(b).await;
    let agreed = Agreed {
        crm: Value::text("2"),
        workspace: Value::text("2"),
    };
    let after = crm("Account", "001", 3, &[("Phone", "2")]);
    let mut settlement = finished(&sent);
    settlement
        .link
        .agreed
        .insert("phone".into(), agreed.clone());
    settlement.link.revision = Some(after.revision.clone());
    settlement.mirror = Some(after.clone());
    settlement.log.push(entry("written"));
    assert_eq!(b.settle(3, settlement).await, 1);
    let settled = link(b, &before).await;
    assert_eq!(settled.base.get("phone"), Some(&agreed));
    assert_eq!(settled.revision, Some(after.revision.clone()));
    assert!(settled.version > before.version);
    assert_eq!(b.mirrored("Account", "001").await, Some(after.clone()));
    let (_, told) = b.log().await.pop().expect("an entry");
    assert_eq!(told.link, Some(settled.id));
    assert_eq!(told.record, settled.record.map(|id| (Kind::Account, id)));
    assert_eq!(
        told.crm,
        Some((settled.object.clone(), settled.crm.clone()))
    );
    assert!(b.due(3).await.is_empty(), "nothing new to decide");
    assert_eq!(
        b.pull(4, after).await.unchanged,
        1,
        "our own write coming back is no news"
    );
    assert!(b.due(4).await.is_empty());
}

async fn settle_twice(b: &Bench, next: IntentNext) {
    let (before, sent) = sending(b).await;
    let mut settlement = ended(sent.intent.id, sent.epoch, next);
    settlement.log.push(entry("told once"));
    assert_eq!(b.settle(3, settlement.clone()).await, 1);
    let settled = (link(b, &before).await, b.log().await);
    assert_eq!(b.settle(3, settlement).await, 0);
    assert_eq!((link(b, &before).await, b.log().await), settled);
}

pub(super) async fn an_intent_is_done_once(b: &Bench) {
    settle_twice(b, IntentNext::Done { recheck: true }).await;
}

pub(super) async fn a_retry_is_settled_once(b: &Bench) {
    settle_twice(b, IntentNext::Retry(at(3))).await;
}

pub(super) async fn a_doubt_is_settled_once(b: &Bench) {
    settle_twice(b, IntentNext::Resolve(at(3))).await;
}

pub(super) async fn a_batch_is_settled_part_by_part(b: &Bench) {
    let (before, sent) = sending(b).await;
    let stale = ended(
        sent.intent.id,
        sent.epoch - 1,
        IntentNext::Done { recheck: true },
    );
    let batch = vec![stale.clone(), finished(&sent), stale];
    let settled = b.store().settle(b.team, batch, at(3)).await;
    assert_eq!(settled.expect("settle"), 1);
    assert!(b.due(3).await.is_empty(), "the stale parts did nothing");
    assert!(link(b, &before).await.version > before.version);
}

pub(super) async fn recheck_makes_the_link_due(b: &Bench) {
    let (before, sent) = sending(b).await;
    let next = IntentNext::Done { recheck: true };
    b.settle(3, ended(sent.intent.id, sent.epoch, next)).await;
    assert_eq!(b.due(3).await, [before.id]);
}

pub(super) async fn a_retry_waits_and_counts(b: &Bench) {
    let (before, sent) = sending(b).await;
    let next = IntentNext::Retry(at(9));
    b.settle(3, ended(sent.intent.id, sent.epoch, next)).await;
    assert!(b.due(8).await.is_empty(), "the decision stands");
    assert!(b.send(8, "Account").await.is_empty());
    assert_eq!(link(b, &before).await.attempts, 1);
    let again = b.send_one(9, "Account").await;
    assert_eq!(again.intent.id, sent.intent.id);
    assert_eq!(again.intent.attempts, 1);
    assert!(again.epoch > sent.epoch);
    b.settle(9, finished(&again)).await;
    assert_eq!(
        link(b, &before).await.attempts,
        0,
        "a success clears the count"
    );
}

pub(super) async fn refusals_are_counted_apart_from_tries(b: &Bench) {
    let (before, sent) = sending(b).await;
    let busy = ended(sent.intent.id, sent.epoch, IntentNext::Retry(at(4)));
    b.settle(3, busy).await;
    let sent = b.send_one(4, "Account").await;
    let next = IntentNext::Resolve(at(5));
    let refused = Settlement {
        refused: true,
        ..ended(sent.intent.id, sent.epoch, next)
    };
    b.settle(4, refused).await;
    let doubt = b.doubtful(5).await.remove(0);
    assert_eq!((doubt.intent.attempts, doubt.intent.refusals), (2, 1));
    let again = ended(doubt.intent.id, doubt.epoch, IntentNext::Retry(at(6)));
    b.settle(5, again).await;
    let record = before.record.expect("linked");
    b.edit(5, Kind::Account, record, fields(&[("phone", "3")]))
        .await;
    b.decide_write(5, update("001", "Phone", "3")).await;
    let sent = b.send_one(6, "Account").await;
    assert_eq!(sent.intent.refusals, 1, "a new decision keeps the count");
}

pub(super) async fn edits_made_meanwhile_stay_due(b: &Bench) {
    let (before, sent) = sending(b).await;
    let record = before.record.expect("linked");
    b.edit(3, Kind::Account, record, fields(&[("phone", "3")]))
        .await;
    assert!(
        b.due(3).await.is_empty(),
        "not while the first is under way"
    );
    b.settle(4, finished(&sent)).await;
    let work = b.claim_one(4).await;
    assert_eq!(work.link.id, before.id);
    let phone = work.workspace.expect("our side").fields["phone"].clone();
    assert_eq!(phone, Value::text("3"));
}

pub(super) async fn an_older_read_back_does_not_replace_newer_news(b: &Bench) {
    let (_, sent) = sending(b).await;
    let newer = crm("Account", "001", 9, &[("Phone", "9")]);
    b.pull(9, newer.clone()).await;
    let mut settlement = finished(&sent);
    settlement.mirror = Some(crm("Account", "001", 3, &[("Phone", "2")]));
    assert_eq!(b.settle(9, settlement).await, 1);
    assert_eq!(b.mirrored("Account", "001").await, Some(newer));
    assert_eq!(b.due(9).await.len(), 1);
}

pub(super) async fn refusals_are_kept_on_the_link(b: &Bench) {
    let (before, sent) = sending(b).await;
    let put_back = |value: &str| PutBack {
        value: Value::text(value),
        sent: Value::text("2"),
    };
    let mut settlement = ended(sent.intent.id, sent.epoch, IntentNext::Retry(at(3)));
    settlement
        .link
        .park
        .insert("phone".into(), parked_field("2"));
    settlement
        .link
        .put_back
        .insert("name".into(), put_back("A"));
    settlement
        .link
        .put_back
        .insert("website".into(), put_back("W"));
    b.settle(3, settlement).await;
    let sent = b.send_one(3, "Account").await;
    let mut settlement = finished(&sent);
    settlement.link.returned.push("name".into());
    settlement.link.parked = Some(parked_link());
    let mut refused = entry("refused");
    refused.status = LogStatus::Failed;
    settlement.log.push(refused);
    b.settle(4, settlement).await;
    let settled = link(b, &before).await;
    assert_eq!(settled.parked_fields["phone"], parked_field("2"));
    assert_eq!(settled.put_back.keys().collect::<Vec<_>>(), ["website"]);
    assert_eq!(settled.put_back["website"], put_back("W"));
    let (id, _) = b.log().await.pop().expect("an entry");
    assert_eq!(settled.parked.expect("parked").log, Some(id));
}
