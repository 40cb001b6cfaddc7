//! Due links out: order, leases, and both sides as they stand.

use super::bench::{Bench, LEASE_SECONDS};
use super::samples::{account_field, at, crm, fields, keep, rules};
use tandem_core::ids::RecordId;
use tandem_core::link::{Lane, Lanes, LinkState};
use tandem_core::store::Claim;
use tandem_core::value::Value;
use tandem_core::workspace::Kind;

const LEASE: i64 = LEASE_SECONDS as i64;

pub(super) async fn best_lane_first_then_longest_due(b: &Bench) {
    let person = b
        .add(1, Kind::Person, Some("Lead"), fields(&[("last_name", "P")]))
        .await;
    let mut bulk = b
        .page(2, "Account", vec![crm("Account", "001", 1, &[])])
        .await;
    bulk.lane = Lane::Bulk;
    b.stage(bulk).await;
    b.pull(3, crm("Account", "002", 1, &[])).await;
    b.pull(4, crm("Account", "003", 1, &[])).await;
    b.edit(5, Kind::Person, person, fields(&[("last_name", "Q")]))
        .await;
    let claim = Claim {
        limit: 3,
        ..b.claim_of("one", 5)
    };
    let claimed = b
        .store()
        .claim_links(b.team, &claim)
        .await
        .expect("claim_links");
    let lanes: Vec<_> = claimed.iter().map(|work| work.lane).collect();
    assert_eq!(lanes, [Lane::Live, Lane::Normal, Lane::Normal]);
    assert_eq!(claimed[0].link.record, Some(person));
    let ids: Vec<_> = claimed.iter().filter_map(|w| w.link.crm.clone()).collect();
    assert_eq!(
        ids.iter().map(|id| id.as_str()).collect::<Vec<_>>(),
        ["002", "003"]
    );
    assert_eq!(
        b.claim(5).await.len(),
        1,
        "the rest comes with the next claim"
    );
}

pub(super) async fn a_worker_is_given_the_lanes_it_asks_for(b: &Bench) {
    b.pull(1, crm("Account", "001", 1, &[])).await;
    let person = b
        .add(2, Kind::Person, Some("Lead"), fields(&[("last_name", "P")]))
        .await;
    b.edit(2, Kind::Person, person, fields(&[("last_name", "Q")]))
        .await;
    let of = async |lanes| {
        let claim = Claim {
            lanes,
            ..b.claim_of("one", 3)
        };
        let claimed = b.store().claim_links(b.team, &claim).await;
        claimed.expect("claim_links")
    };
    let live = of(Lanes::Live).await;
    let records: Vec<_> = live.iter().map(|work| work.link.record).collect();
    assert_eq!(records, [Some(person)]);
    let scheduled = of(Lanes::Scheduled).await;
    let lanes: Vec<_> = scheduled.iter().map(|work| work.lane).collect();
    assert_eq!(lanes, [Lane::Normal]);
}

pub(super) async fn nobody_gets_what_another_worker_has(b: &Bench) {
    b.pull(1, crm("Account", "001", 1, &[])).await;
    assert_eq!(b.claim(1).await.len(), 1);
    let other = b.claim_of("two", LEASE);
    let claimed = b.store().claim_links(b.team, &other).await;
    assert_eq!(claimed.expect("claim_links"), []);
}

pub(super) async fn after_the_lease_whoever_commits_first_wins(b: &Bench) {
    b.pull(1, crm("Account", "001", 1, &[])).await;
    let slow = b.claim_one(1).await;
    let quick = b.claim_one(1 + LEASE).await;
    assert_eq!(slow.link, quick.link);
    assert_eq!(b.commit(70, &quick, keep(&quick.link)).await.committed, 1);
    let late = b.commit(71, &slow, keep(&slow.link)).await;
    assert_eq!((late.committed, late.overtaken), (0, 1));
    assert!(b.due(1000).await.is_empty());
}

pub(super) async fn what_changes_under_a_lease_can_be_claimed_at_once(b: &Bench) {
    b.pull(1, crm("Account", "001", 1, &[])).await;
    let before = b.claim_one(1).await;
    b.pull(2, crm("Account", "001", 2, &[])).await;
    let after = b.claim_one(2).await;
    assert!(after.link.version > before.link.version);
}

pub(super) async fn both_sides_come_as_they_stand(b: &Bench) {
    let link = b
        .linked(1, crm("Account", "001", 1, &[("Name", "A")]))
        .await;
    let record = link.record.expect("linked");
    b.edit(2, Kind::Account, record, fields(&[("phone", "2")]))
        .await;
    b.edit(3, Kind::Account, record, fields(&[("phone", "3")]))
        .await;
    b.pull(4, crm("Account", "001", 4, &[("Name", "B")])).await;
    let work = b.claim_one(4).await;
    assert_eq!(work.workspace.as_ref(), Some(&b.record(record).await));
    assert_eq!(work.crm, b.mirrored("Account", "001").await);
    assert_eq!(work.link, b.link(record).await);
    assert_eq!(
        work.lane,
        Lane::Live,
        "the best lane of everything that happened"
    );
    assert!(work.candidates.is_empty(), "it needs no match");
}

pub(super) async fn references_become_crm_ids_once_the_target_is_linked(b: &Bench) {
    let linked = b.linked(1, crm("Account", "001", 1, &[])).await;
    let unlinked = b
        .add(1, Kind::Account, None, fields(&[("name", "Unlinked")]))
        .await;
    for (target, resolves) in [(linked.record.expect("linked"), true), (unlinked, false)] {
        let deal = b
            .add(
                2,
                Kind::Opportunity,
                Some("Opportunity"),
                account_field(target),
            )
            .await;
        let work = b.claim_one(2).await;
        let value = &work.workspace.expect("our side").fields["account"];
        assert_eq!(*value == Value::crm_ref("001"), resolves, "{value:?}");
        assert_eq!(
            b.record(deal).await.fields,
            account_field(target),
            "the record itself keeps our own id"
        );
    }
}

pub(super) async fn a_link_without_rules_waits_for_them(b: &Bench) {
    let link = b.linked(1, crm("Account", "001", 1, &[])).await;
    let record = link.record.expect("linked");
    b.pull(1, crm("Account", "002", 1, &[])).await;
    let mut unmapped = rules();
    unmapped
        .pairs
        .retain(|pair| pair.object.as_str() != "Account");
    let store = b.store();
    store
        .put_rules(b.team, unmapped, at(2))
        .await
        .expect("put_rules");
    b.edit(2, Kind::Account, record, fields(&[("phone", "2")]))
        .await;
    assert!(b.claim(3).await.is_empty());
    let backlog = store.backlog(b.team, at(3)).await.expect("backlog");
    assert_eq!(backlog.next_due, None, "nobody needs to wake up for it");
    store
        .put_rules(b.team, rules(), at(4))
        .await
        .expect("put_rules");
    assert_eq!(b.claim(4).await.len(), 2);
}

pub(super) async fn an_unlinked_link_is_given_out_as_it_is(b: &Bench) {
    let link = b.linked(1, crm("Account", "001", 1, &[])).await;
    b.pull(2, crm("Account", "001", 2, &[])).await;
    let work = b.claim_one(2).await;
    let mut decision = keep(&work.link);
    decision.link.state = LinkState::Unlinked;
    b.commit(2, &work, decision).await;
    b.edit(
        3,
        Kind::Account,
        link.record.expect("linked"),
        fields(&[("phone", "3")]),
    )
    .await;
    assert_eq!(b.claim_one(3).await.link.state, LinkState::Unlinked);
}

pub(super) async fn teams_do_not_see_each_other(b: &Bench) {
    let ours = b
        .add(
            1,
            Kind::Account,
            Some("Account"),
            fields(&[("name", "Ours")]),
        )
        .await;
    let other = b.add_team(rules()).await;
    let store = b.store();
    assert_eq!(store.record(other, ours).await.expect("record"), None);
    assert_eq!(store.link_of(other, ours).await.expect("link_of"), None);
    let claimed = store.claim_links(other, &b.claim_of("one", 1)).await;
    assert_eq!(claimed.expect("claim_links"), []);
    let link = b.link(ours).await;
    let retried = store.retry_links(other, &[link.id], at(2)).await;
    assert_eq!(retried.expect("retry_links"), 0);
    assert_eq!(b.link(ours).await, link);
    assert_eq!(
        store
            .record(b.team, RecordId(i64::MAX))
            .await
            .expect("record"),
        None
    );
}
