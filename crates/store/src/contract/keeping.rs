//! The connection, the sync log, and how much is waiting.

use super::bench::{Bench, LEASE_SECONDS, ended, finished};
use super::samples::{at, crm, entry, fields, held_field, keep, parked_field, parked_link, update};
use tandem_core::link::LinkState;
use tandem_core::reconcile::RecordChange;
use tandem_core::settings::ConnectionState;
use tandem_core::store::Backlog;
use tandem_core::workspace::Kind;
use tandem_core::write::IntentNext;

pub(super) async fn the_connection_changes_with_its_entry(b: &Bench) {
    let state = b.store().connection_state(b.team).await;
    assert_eq!(state.expect("connection_state"), ConnectionState::None);
    let lost = ConnectionState::Lost {
        code: "connection-revoked".into(),
        message: "expired access/refresh token".into(),
        since: at(1),
    };
    for (state, log) in [
        (ConnectionState::Connected, None),
        (lost, Some(entry("The connection was lost"))),
    ] {
        let entries = b.log().await.len() + usize::from(log.is_some());
        let set = b.store().set_connection_state(b.team, state.clone(), log);
        set.await.expect("set_connection_state");
        let now = b.store().connection_state(b.team).await;
        assert_eq!(now.expect("connection_state"), state);
        assert_eq!(b.log().await.len(), entries);
    }
}

/// Whatever happens later, what is told stays told.
pub(super) async fn log_entries_never_change(b: &Bench) {
    let mut full = entry("by hand");
    full.calls_hundredths = 7;
    let id = b
        .store()
        .append_log(b.team, full.clone())
        .await
        .expect("append_log");
    assert_eq!(b.log().await, [(id, full)]);
    let link = b.linked(1, crm("Account", "001", 1, &[])).await;
    let record = link.record.expect("linked");
    b.edit(2, Kind::Account, record, fields(&[("phone", "2")]))
        .await;
    let work = b.claim_one(2).await;
    let mut decision = keep(&work.link);
    decision.log.push(entry("decided"));
    decision.write = Some(update("001", "Phone", "2"));
    b.commit(2, &work, decision).await;
    let told = b.log().await;
    let sent = b.send_one(2, "Account").await;
    let mut settlement = finished(&sent);
    settlement.log.push(entry("written"));
    b.settle(3, settlement).await;
    b.edit(4, Kind::Account, record, fields(&[("phone", "4")]))
        .await;
    b.store()
        .retry_links(b.team, &[link.id], at(5))
        .await
        .expect("retry_links");
    let now = b.log().await;
    assert_eq!(now[..told.len()], told);
    assert_eq!(now.len(), told.len() + 1);
    assert!(now.is_sorted_by(|a, b| a.0 < b.0), "ids grow");
}

async fn backlog(b: &Bench, second: i64) -> Backlog {
    b.store()
        .backlog(b.team, at(second))
        .await
        .expect("backlog")
}

pub(super) async fn nothing_waits_at_first(b: &Bench) {
    assert_eq!(backlog(b, 1).await, Backlog::default());
}

pub(super) async fn the_backlog_follows_the_work(b: &Bench) {
    let link = b.linked(1, crm("Account", "001", 1, &[])).await;
    assert_eq!(backlog(b, 1).await, Backlog::default());
    b.edit(
        2,
        Kind::Account,
        link.record.expect("linked"),
        fields(&[("phone", "2")]),
    )
    .await;
    let due = Backlog {
        links_due: 1,
        next_due: Some(at(2)),
        ..Backlog::default()
    };
    assert_eq!(backlog(b, 2).await, due);
    b.decide_write(2, update("001", "Phone", "2")).await;
    let pending = Backlog {
        intents_pending: 1,
        next_due: Some(at(2)),
        ..Backlog::default()
    };
    assert_eq!(backlog(b, 2).await, pending);
    let sent = b.send_one(2, "Account").await;
    let lease_end = at(2 + i64::from(LEASE_SECONDS));
    let open = Backlog {
        intents_open: 1,
        next_due: Some(lease_end),
        ..Backlog::default()
    };
    assert_eq!(backlog(b, 2).await, open);
    b.settle(
        3,
        ended(sent.intent.id, sent.epoch, IntentNext::Retry(at(9))),
    )
    .await;
    let waiting = Backlog {
        next_due: Some(at(9)),
        ..pending
    };
    assert_eq!(backlog(b, 3).await, waiting);
}

pub(super) async fn work_behind_an_intent_waits_for_it(b: &Bench) {
    let link = b.linked(1, crm("Account", "001", 1, &[])).await;
    let record = link.record.expect("linked");
    b.edit(2, Kind::Account, record, fields(&[("phone", "2")]))
        .await;
    b.decide_write(2, update("001", "Phone", "2")).await;
    b.send_one(2, "Account").await;
    b.edit(3, Kind::Account, record, fields(&[("phone", "3")]))
        .await;
    let expected = Backlog {
        links_due: 1,
        intents_open: 1,
        next_due: Some(at(2 + i64::from(LEASE_SECONDS))),
        ..Backlog::default()
    };
    assert_eq!(backlog(b, 3).await, expected);
}

pub(super) async fn the_backlog_counts_what_waits_for_people(b: &Bench) {
    b.pull(1, crm("Account", "001", 1, &[])).await;
    b.pull(1, crm("Account", "002", 1, &[])).await;
    let work = b.claim(1).await;
    let mut decision = keep(&work[0].link);
    decision.record = RecordChange::Create(fields(&[("name", "N")]));
    decision.link.parked = Some(parked_link());
    decision
        .link
        .parked_fields
        .insert("name".into(), parked_field("N"));
    decision
        .link
        .held_fields
        .insert("phone".into(), held_field("1", "2"));
    b.commit(1, &work[0], decision).await;
    let mut undecided = keep(&work[1].link);
    undecided.link.state = LinkState::Ambiguous;
    undecided.again_at = Some(at(30));
    b.commit(1, &work[1], undecided).await;
    let expected = Backlog {
        parked: 2,
        held: 2,
        next_due: Some(at(30)),
        ..Backlog::default()
    };
    assert_eq!(backlog(b, 1).await, expected);
}
