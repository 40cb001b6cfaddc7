//! Records that an undo gives back to the link that they left.

use super::bench::Bench;
use super::mirroring::{claimed, goes_over, gone, is_taken_in, lost, two};
use super::samples::{account_field, at, crm, deleted, entry, fields, seen, user};
use tandem_core::ids::{CrmId, LinkId, RecordId};
use tandem_core::link::{Lane, LinkState, RecordLink};
use tandem_core::reconcile::{Absorb, RecordChange};
use tandem_core::store::Restore;
use tandem_core::value::Fields;
use tandem_core::workspace::Kind;

/// A record on its way home, with no values to put back.
pub(super) async fn returning(b: &Bench, record: RecordId, home: LinkId) -> Restore {
    Restore {
        record,
        version: b.find_link(record).await.map(|link| link.version),
        home: Some(home),
        seen: Fields::new(),
        patch: Fields::new(),
        origin: user(),
        lane: Lane::Live,
        now: at(5),
        entry: entry("is back"),
    }
}

async fn restored(b: &Bench, restore: Restore) -> usize {
    let restored = b.store().restore(b.team, vec![restore]).await;
    restored.expect("restore").len()
}

/// An account that went over from 001 to 009, which nobody had; its old link.
pub(super) async fn gone_over(b: &Bench) -> (RecordId, RecordLink) {
    let link = b.linked(1, crm("Account", "001", 1, &[])).await;
    let record = link.record.expect("linked");
    b.pull(2, lost("001", 2, "009")).await;
    b.pull(2, crm("Account", "009", 2, &[])).await;
    let work = claimed(b, 2, record).await;
    b.commit(2, &work, goes_over(&work.link, "009")).await;
    b.settle_down(2).await;
    (record, link)
}

pub(super) async fn a_record_that_went_over_goes_back(b: &Bench) {
    let (record, old) = gone_over(b).await;
    let person = b
        .add(1, Kind::Person, Some("Contact"), account_field(record))
        .await;
    b.settle_down(3).await;
    let left = b.link(record).await;
    assert_eq!(restored(b, returning(b, record, old.id).await).await, 1);
    let now = b.link(record).await;
    assert_eq!(now.id, old.id);
    assert_eq!((now.state, now.gone), (LinkState::Unlinked, true));
    assert_eq!(now.base, old.base, "what was agreed on with it");
    let due = b.due(5).await;
    assert!(due.contains(&left.id), "it is a half link again");
    let referring = b.link(person).await;
    assert!(due.contains(&referring.id), "its account has another id");
    let (_, told) = b.log().await.pop().expect("an entry");
    assert_eq!(
        (told.link, told.record),
        (Some(old.id), Some((Kind::Account, record)))
    );
    let work = b.claim(5).await;
    let half = work.iter().find(|work| work.link.id == left.id);
    let half = &half.expect("the half link").link;
    assert_eq!(
        (half.record, half.state, half.base.len()),
        (None, LinkState::Active, 0)
    );
}

pub(super) async fn a_record_whose_crm_record_is_back_is_linked_again(b: &Bench) {
    let (record, old) = gone_over(b).await;
    b.pull(4, seen(4, crm("Account", "001", 4, &[]))).await;
    assert_eq!(restored(b, returning(b, record, old.id).await).await, 1);
    let now = b.link(record).await;
    assert_eq!(
        (now.id, now.state, now.gone),
        (old.id, LinkState::Active, false)
    );
}

pub(super) async fn a_record_that_was_taken_in_leaves_the_archive(b: &Bench) {
    let (first, second) = two(b).await;
    b.pull(2, lost("001", 2, "002")).await;
    let work = claimed(b, 2, first).await;
    b.commit(2, &work, is_taken_in(&work.link, second)).await;
    b.settle_down(2).await;
    let archived = Restore {
        home: None,
        ..returning(b, first, work.link.id).await
    };
    assert_eq!(restored(b, archived).await, 0, "it is in the archive");
    let back = Restore {
        seen: fields(&[]),
        patch: fields(&[("phone", "50")]),
        ..returning(b, first, work.link.id).await
    };
    assert_eq!(restored(b, back).await, 1);
    let record = b.record(first).await;
    assert_eq!(
        (record.archived, &record.fields["phone"]),
        (None, &fields(&[("phone", "50")])["phone"])
    );
    assert_eq!(b.link(first).await.state, LinkState::Unlinked);
    assert_eq!(b.link(second).await.crm, Some(CrmId::new("002")));
}

pub(super) async fn nobody_goes_home_to_a_link_that_was_taken(b: &Bench) {
    let (record, old) = gone_over(b).await;
    let other = b.linked(3, crm("Account", "003", 3, &[])).await;
    b.settle_down(3).await;
    for home in [other.id, LinkId(i64::MAX)] {
        let log = b.log().await;
        assert_eq!(restored(b, returning(b, record, home).await).await, 0);
        assert_eq!(b.log().await, log);
    }
    let mut stale = returning(b, record, old.id).await;
    stale.version = stale.version.map(|version| version + 1);
    assert_eq!(restored(b, stale).await, 0, "its link moved on");
    assert_eq!(b.link(record).await.crm, Some(CrmId::new("009")));
}

/// Its link is the one it had all along.
pub(super) async fn a_deleted_record_leaves_the_archive(b: &Bench) {
    let link = b.linked(1, crm("Account", "001", 1, &[])).await;
    let record = link.record.expect("linked");
    b.pull(2, deleted(crm("Account", "001", 2, &[]))).await;
    let work = b.claim_one(2).await;
    let mut decision = gone(&work.link);
    decision.record = RecordChange::Archive;
    b.commit(2, &work, decision).await;
    assert_eq!(restored(b, returning(b, record, link.id).await).await, 1);
    assert_eq!(b.record(record).await.archived, None);
    let now = b.link(record).await;
    assert_eq!(
        (now.id, now.state, now.gone),
        (link.id, LinkState::Unlinked, true)
    );
    b.edit(6, Kind::Account, record, fields(&[("phone", "9")]))
        .await;
}

/// A copy of the survivor had been imported, and was taken in: it gets the link that the other one leaves.
pub(super) async fn both_records_of_a_step_go_home_together(b: &Bench) {
    let (first, copy) = two(b).await;
    let homes = (b.link(first).await.id, b.link(copy).await.id);
    b.pull(2, lost("001", 2, "002")).await;
    let work = claimed(b, 2, first).await;
    let mut decision = goes_over(&work.link, "002");
    if let RecordChange::Move(moved) = &mut decision.record {
        moved.instead_of = Some(Absorb {
            loser: copy,
            survivor: first,
            patch: Fields::new(),
            entry: entry("merged"),
        });
    }
    b.commit(2, &work, decision).await;
    assert_eq!(b.find_link(copy).await, None);
    b.settle_down(2).await;
    let alone = returning(b, copy, homes.1).await;
    assert_eq!(restored(b, alone.clone()).await, 0, "its link is taken");
    let both = vec![returning(b, first, homes.0).await, alone];
    let done = b.store().restore(b.team, both).await.expect("restore");
    assert_eq!(done, [first, copy]);
    let links = (b.link(first).await, b.link(copy).await);
    assert_eq!((links.0.id, links.1.id), homes);
    assert_eq!(
        (links.0.state, links.1.state),
        (LinkState::Unlinked, LinkState::Active)
    );
    assert_eq!(b.record(copy).await.archived, None);
}
