//! Intents out: order, locks, and the fence against senders that were given up.

use super::bench::{Bench, LEASE_SECONDS, ended, finished};
use super::samples::{at, create, crm, fields, keep, update};
use tandem_core::ids::RecordId;
use tandem_core::link::{Lane, Lanes};
use tandem_core::store::{Claim, ClaimedIntent, DecisionCommit};
use tandem_core::workspace::Kind;
use tandem_core::write::{IntentNext, IntentState, WriteDraft};

const LEASE: i64 = LEASE_SECONDS as i64;

/// A new record with a decided create.
async fn wants(b: &Bench, lane: Lane, kind: Kind, name: &str, draft: WriteDraft) -> RecordId {
    let record = b.add(1, kind, Some(name), fields(&[("name", "N")])).await;
    let work = b.claim_one(1).await;
    let mut decision = keep(&work.link);
    decision.write = Some(draft);
    let commit = DecisionCommit {
        link: work.link.id,
        version: work.link.version,
        decision,
        lane,
        impacts: Default::default(),
    };
    let report = b
        .store()
        .commit_decisions(b.team, vec![commit], at(1))
        .await;
    assert_eq!(report.expect("commit_decisions").intents, 1);
    record
}

async fn wants_create(b: &Bench, lane: Lane, kind: Kind, name: &str) -> RecordId {
    wants(b, lane, kind, name, create(None, "Name", "N")).await
}

fn records(claimed: &[ClaimedIntent]) -> Vec<RecordId> {
    claimed
        .iter()
        .map(|claimed| claimed.intent.record)
        .collect()
}

pub(super) async fn people_first_then_parents_before_children(b: &Bench) {
    wants_create(b, Lane::Live, Kind::Opportunity, "Opportunity").await;
    wants_create(b, Lane::Normal, Kind::Person, "Lead").await;
    wants_create(b, Lane::Bulk, Kind::Account, "Account").await;
    wants_create(b, Lane::Normal, Kind::Account, "Account").await;
    wants_create(b, Lane::Live, Kind::Account, "Account").await;
    let expected = [
        ("Account", Lane::Live),
        ("Opportunity", Lane::Live),
        ("Account", Lane::Normal),
        ("Lead", Lane::Normal),
    ];
    let expected: Vec<_> = expected.map(|(name, lane)| (name.to_owned(), lane)).into();
    assert_eq!(b.sendable(at(1)).await, expected);
    b.send(1, "Account").await;
    let left = [expected[1].clone(), expected[3].clone()];
    assert_eq!(
        b.sendable(at(1)).await,
        left,
        "what is being sent is not sendable"
    );
}

/// A flood of other work is no reason to wait: people's edits have workers of their own.
pub(super) async fn a_worker_is_given_the_lanes_it_asks_for(b: &Bench) {
    let bulk = wants_create(b, Lane::Bulk, Kind::Account, "Account").await;
    let live = wants_create(b, Lane::Live, Kind::Account, "Account").await;
    let normal = wants_create(b, Lane::Normal, Kind::Account, "Account").await;
    let object = super::samples::object("Account");
    for (lanes, expected) in [
        (Lanes::Live, vec![live]),
        (Lanes::Scheduled, vec![normal, bulk]),
    ] {
        let sendable = b.store().sendable_objects(b.team, lanes, at(1)).await;
        let records_of: Vec<_> = sendable.expect("sendable_objects");
        let counts: Vec<usize> = records_of.iter().map(|one| one.records).collect();
        assert_eq!(counts, [expected.len()], "{lanes:?}");
        let claim = Claim {
            lanes,
            ..b.claim_of("one", 1)
        };
        let claimed = b.store().claim_intents(b.team, &object, &claim).await;
        assert_eq!(records(&claimed.expect("claim_intents")), expected);
        let late = Claim {
            lanes,
            ..b.claim_of("two", 1 + LEASE)
        };
        let doubtful = b.store().claim_doubtful(b.team, &late).await;
        assert_eq!(records(&doubtful.expect("claim_doubtful")), expected);
    }
}

pub(super) async fn of_one_object_the_best_lane_then_the_oldest(b: &Bench) {
    let bulk = wants_create(b, Lane::Bulk, Kind::Account, "Account").await;
    let normal = wants_create(b, Lane::Normal, Kind::Account, "Account").await;
    let later = wants_create(b, Lane::Normal, Kind::Account, "Account").await;
    wants_create(b, Lane::Live, Kind::Person, "Lead").await;
    let claim = Claim {
        limit: 2,
        ..b.claim_of("one", 1)
    };
    let object = super::samples::object("Account");
    let claimed = b.store().claim_intents(b.team, &object, &claim).await;
    assert_eq!(records(&claimed.expect("claim_intents")), [normal, later]);
    assert_eq!(records(&b.send(1, "Account").await), [bulk]);
    assert!(
        b.send(1, "Account").await.is_empty(),
        "nothing is given out twice"
    );
}

pub(super) async fn a_claimed_intent_says_what_to_send(b: &Bench) {
    let record = wants_create(b, Lane::Normal, Kind::Account, "Account").await;
    let sent = b.send_one(7, "Account").await;
    let link = b.link(record).await;
    assert_eq!((sent.intent.link, sent.intent.record), (link.id, record));
    assert_eq!(
        (sent.intent.kind, sent.intent.object),
        (link.kind, link.object)
    );
    assert_eq!(sent.intent.draft, create(None, "Name", "N"));
    assert_eq!(
        (sent.intent.state, sent.intent.attempts),
        (IntentState::Sending, 0)
    );
    assert_eq!(sent.intent.sent_at, Some(at(7)));
}

/// What came in after the decision may say otherwise: another value, another parent to lock.
pub(super) async fn an_intent_waits_while_its_link_is_due(b: &Bench) {
    let link = b
        .linked(1, crm("Account", "001", 1, &[("Name", "A")]))
        .await;
    let decide = async |second: i64, value: &str| {
        let work = b.claim_one(second).await;
        let mut decision = keep(&work.link);
        decision.write = Some(update("001", "Name", value));
        assert_eq!(b.commit(second, &work, decision).await.intents, 1);
    };
    let record = link.record.expect("linked");
    b.edit(2, Kind::Account, record, fields(&[("phone", "2")]))
        .await;
    decide(2, "B").await;
    b.pull(3, crm("Account", "001", 3, &[("Name", "C")])).await;
    assert_eq!(b.sendable(at(3)).await, []);
    assert!(b.send(3, "Account").await.is_empty());
    decide(3, "D").await;
    let sent = b.send_one(3, "Account").await;
    assert_eq!(sent.intent.draft, update("001", "Name", "D"));
}

pub(super) async fn two_batches_never_hold_the_same_lock(b: &Bench) {
    let locked = |key: &str| WriteDraft {
        lock_key: Some(key.into()),
        ..create(None, "Name", "N")
    };
    let first = wants(
        b,
        Lane::Normal,
        Kind::Opportunity,
        "Opportunity",
        locked("001"),
    )
    .await;
    let second = wants(
        b,
        Lane::Normal,
        Kind::Opportunity,
        "Opportunity",
        locked("001"),
    )
    .await;
    let batch = b.send(1, "Opportunity").await;
    assert_eq!(
        records(&batch),
        [first, second],
        "one batch may hold it twice"
    );
    wants(b, Lane::Normal, Kind::Person, "Contact", locked("001")).await;
    let free = wants(b, Lane::Normal, Kind::Person, "Contact", locked("002")).await;
    assert_eq!(records(&b.send(1, "Contact").await), [free]);
    assert!(
        b.sendable(at(1)).await.is_empty(),
        "what is locked is not sendable"
    );
    for claimed in &batch {
        b.settle(2, finished(claimed)).await;
    }
    assert_eq!(b.send(2, "Contact").await.len(), 1);
}

pub(super) async fn a_sender_that_is_given_up_leaves_a_doubt(b: &Bench) {
    wants_create(b, Lane::Normal, Kind::Account, "Account").await;
    let sent = b.send_one(1, "Account").await;
    assert!(
        b.doubtful(LEASE).await.is_empty(),
        "it may still be at work"
    );
    let end = 1 + LEASE;
    assert!(
        b.send(end, "Account").await.is_empty(),
        "it may have been done: never sent blindly"
    );
    let doubtful = b.doubtful(end).await;
    assert_eq!(doubtful.len(), 1);
    assert_eq!(doubtful[0].intent.id, sent.intent.id);
    assert_eq!(
        doubtful[0].intent.state,
        IntentState::Sending,
        "nobody has told of its answer"
    );
    assert_eq!(
        (doubtful[0].intent.sent_at, doubtful[0].intent.last_sent_at),
        (Some(at(1)), Some(at(end))),
        "the first time is what probes need, and nobody knows how late it was sent"
    );
    assert!(b.doubtful(end).await.is_empty(), "one resolver at a time");
    assert_eq!(
        b.settle(end, finished(&sent)).await,
        0,
        "the first sender is out"
    );
    assert_eq!(b.settle(end, finished(&doubtful[0])).await, 1);
}

pub(super) async fn a_late_sender_that_nobody_replaced_may_settle(b: &Bench) {
    wants_create(b, Lane::Normal, Kind::Account, "Account").await;
    let sent = b.send_one(1, "Account").await;
    assert_eq!(b.settle(1 + 2 * LEASE, finished(&sent)).await, 1);
    assert!(b.doubtful(1 + 2 * LEASE).await.is_empty());
}

pub(super) async fn doubts_are_resolved_when_due_and_by_object(b: &Bench) {
    for (kind, name) in [
        (Kind::Account, "Account"),
        (Kind::Account, "Account"),
        (Kind::Person, "Lead"),
    ] {
        wants_create(b, Lane::Normal, kind, name).await;
    }
    for name in ["Account", "Lead"] {
        for sent in b.send(1, name).await {
            let lost = ended(sent.intent.id, sent.epoch, IntentNext::Resolve(at(5)));
            b.settle(2, lost).await;
        }
    }
    assert!(b.doubtful(4).await.is_empty());
    let names = |claimed: &[ClaimedIntent]| -> Vec<String> {
        claimed.iter().map(|c| c.intent.object.0.clone()).collect()
    };
    assert_eq!(names(&b.doubtful(5).await), ["Account", "Account"]);
    let lead = b.doubtful(5).await;
    assert_eq!(names(&lead), ["Lead"]);
    assert_eq!(lead[0].intent.attempts, 1);
}

pub(super) async fn a_doubt_that_found_nothing_is_sent_again(b: &Bench) {
    wants_create(b, Lane::Normal, Kind::Account, "Account").await;
    let sent = b.send_one(1, "Account").await;
    let lost = ended(sent.intent.id, sent.epoch, IntentNext::Resolve(at(2)));
    b.settle(1, lost).await;
    let doubtful = b.doubtful(2).await.remove(0);
    let absent = ended(doubtful.intent.id, doubtful.epoch, IntentNext::Retry(at(3)));
    assert_eq!(b.settle(2, absent).await, 1);
    assert!(b.send(2, "Account").await.is_empty());
    let again = b.send_one(3, "Account").await;
    assert_eq!(
        (again.intent.attempts, again.intent.sent_at),
        (2, Some(at(1)))
    );
}

pub(super) async fn an_update_names_its_record(b: &Bench) {
    let link = b.linked(1, crm("Account", "001", 1, &[])).await;
    b.edit(
        2,
        Kind::Account,
        link.record.expect("linked"),
        fields(&[("phone", "2")]),
    )
    .await;
    b.decide_write(2, update("001", "Phone", "2")).await;
    let sent = b.send_one(2, "Account").await;
    assert_eq!(sent.intent.crm_id(), link.crm.as_ref());
    assert_eq!(sent.intent.lane, Lane::Live);
}
