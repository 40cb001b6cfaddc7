//! Alerts: one open of a kind, a record of what was said, and nothing by halves.

use super::world::{World, at};
use tandem_core::alert::{AlertKind, Channel, Condition, GIVE_UP_AFTER_SECONDS, Message};
use tandem_core::ids::{AlertId, TeamId};
use tandem_core::store::StoreError;
use tandem_store::sqlite::{Failpoint, SqliteStore};
use tandem_store::views::PageRequest;

fn seen(kinds: &[AlertKind]) -> Option<Vec<Condition>> {
    let condition = |kind: &AlertKind| Condition {
        kind: *kind,
        details: vec![kind.title().into()],
    };
    Some(kinds.iter().map(condition).collect())
}

const LOST: AlertKind = AlertKind::ConnectorLost;
const VALUE: AlertKind = AlertKind::PicklistValue;

#[tokio::test]
async fn a_condition_is_one_alert_until_it_is_gone() {
    let World { store, team } = World::in_memory().await;
    let review = |kinds: &[AlertKind], second| store.review_alerts(team, seen(kinds), at(second));
    let first = review(&[LOST], 1).await.unwrap();
    let same = review(&[LOST, VALUE], 2).await.unwrap();
    assert_eq!(same[0], first[0]);
    let open = store.open_alerts(team).await.unwrap();
    assert_eq!(open, same);
    assert_eq!((open[0].kind, open[1].kind), (LOST, VALUE));
    let after = review(&[VALUE], 3).await.unwrap();
    assert!(after[0].ended.is_some(), "it is still to be told");
    assert_eq!(store.open_alerts(team).await.unwrap(), after[1..]);
    let again = review(&[LOST, VALUE], 4).await.unwrap();
    assert_eq!(again.len(), 3, "the same condition later is a new alert");
    let late = review(&[], 5 + GIVE_UP_AFTER_SECONDS).await.unwrap();
    assert_eq!(late.len(), 2, "what ended long ago has nothing left to say");
    let page = |cursor: Option<String>| PageRequest { cursor, limit: 2 };
    let newest = store.past_alerts(team, &page(None)).await.unwrap();
    let oldest = store.past_alerts(team, &page(newest.next)).await.unwrap();
    let ids = |rows: Vec<tandem_core::alert::Alert>| -> Vec<_> {
        rows.into_iter().map(|alert| alert.id.0).collect()
    };
    assert_eq!((ids(newest.rows), ids(oldest.rows)), (vec![3, 2], vec![1]));
    let broken = store.past_alerts(team, &page(Some("x".into()))).await;
    assert!(matches!(broken, Err(StoreError::NotFound(_))));
}

#[tokio::test]
async fn what_was_said_is_kept() {
    let World { store, team } = World::in_memory().await;
    let id = store
        .review_alerts(team, seen(&[LOST]), at(1))
        .await
        .unwrap()[0]
        .id;
    let said = (Channel::Mail, Message::Opened);
    let note = |team, id, outcome| store.note_alert_message(team, id, said, outcome, at(2));
    note(team, id, Err("no route".into())).await.unwrap();
    note(team, id, Ok("ana@acme.example".into())).await.unwrap();
    let alert = store.open_alerts(team).await.unwrap().remove(0);
    let delivery = &alert.deliveries[&Channel::Mail];
    assert_eq!((delivery.count, delivery.failures), (1, 0));
    assert_eq!(delivery.last.as_ref().unwrap().to, "ana@acme.example");
    let nobody = note(team, AlertId(99), Ok(String::new())).await;
    assert!(matches!(nobody, Err(StoreError::NotFound(_))));
    let stranger = note(TeamId(99), id, Ok(String::new())).await;
    assert!(matches!(stranger, Err(StoreError::NotFound(_))));
}

/// The process dies at any statement of a review: all of it is there after a restart, or nothing.
#[tokio::test]
async fn a_review_is_all_or_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tandem.db");
    drop(World::open(&path).await);
    let mut statements = 0;
    loop {
        statements += 1;
        let failpoint = Failpoint::default();
        let store = SqliteStore::open_with(&path, failpoint.clone()).unwrap();
        let team = store.teams().await.unwrap()[0].id;
        let before = store.open_alerts(team).await.unwrap();
        failpoint.arm(statements);
        let reviewed = store.review_alerts(team, seen(&[LOST, VALUE]), at(1)).await;
        failpoint.disarm();
        drop(store);
        let World { store, team } = World::open(&path).await;
        let open = store.open_alerts(team).await.unwrap();
        if reviewed.is_ok() {
            assert_eq!(open.len(), 2);
            break;
        }
        assert_eq!(open, before, "statement {statements}");
    }
    assert!(statements > 4, "only {statements} statements were tried");
}
