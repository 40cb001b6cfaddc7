//! What is watched beside reading: its fence, its evidence, and which records it is about.

use super::bench::Bench;
use super::samples::{at, crm, deleted, entry, object, seen};
use tandem_core::ids::CrmId;
use tandem_core::store::Named;
use tandem_core::watch::ObjectWatch;

pub(super) async fn a_watch_is_saved_once_by_each_who_saw_it(b: &Bench) {
    let save = async |watch: &ObjectWatch, text: &str| {
        let saved = b
            .store()
            .save_watch(b.team, watch.clone(), vec![entry(text)]);
        saved.await.expect("save_watch")
    };
    let stored = async || b.store().watches(b.team).await.expect("watches");
    assert_eq!(stored().await, []);
    let mut watch = ObjectWatch::new(object("Lead"));
    watch.asked_at = Some(at(5));
    assert!(save(&watch, "first").await);
    assert!(!save(&watch, "the same again").await);
    let first = stored().await.remove(0);
    assert_eq!((first.version, first.asked_at), (1, Some(at(5))));
    assert!(save(&ObjectWatch::new(object("Account")), "another object").await);
    assert!(save(&first, "second").await);
    assert!(!save(&first, "late").await);
    let versions: Vec<_> = stored()
        .await
        .into_iter()
        .map(|w| (w.object.0, w.version))
        .collect();
    assert_eq!(
        versions,
        [("Account".to_owned(), 1), ("Lead".to_owned(), 2)]
    );
    let told: Vec<_> = b
        .log()
        .await
        .into_iter()
        .map(|(_, entry)| entry.summary)
        .collect();
    assert_eq!(told, ["first", "another object", "second"]);
}

pub(super) async fn records_that_no_pull_brought_move_no_progress(b: &Bench) {
    let known = crm("Account", "001", 1, &[("Name", "A")]);
    b.pull(1, known.clone()).await;
    b.settle_down(1).await;
    let before = b.progress("Account").await;
    let mut page = b.page(9, "Account", vec![seen(9, deleted(known))]).await;
    page.next = None;
    let report = b.stage(page).await;
    assert_eq!((report.changed, report.outrun), (1, true));
    assert_eq!(b.progress("Account").await, before);
    let work = b.claim_one(9).await;
    assert!(
        work.crm.is_some_and(|crm| crm.deleted),
        "it is decided anew"
    );
}

pub(super) async fn linked_records_are_named_in_the_order_of_ids(b: &Bench) {
    let linked = async |named: Named| {
        let linked = b.store().linked(b.team, &object("Account"), &named).await;
        let linked = linked.expect("linked").into_iter();
        linked.map(|one| (one.id.0, one.order)).collect::<Vec<_>>()
    };
    for (id, order) in [("003", 3), ("001", 1), ("002", 2), ("004", 4)] {
        b.pull(5, crm("Account", id, order, &[("Name", "A")])).await;
    }
    b.pull(5, crm("Lead", "00Q", 1, &[("LastName", "L")])).await;
    let gone = seen(6, deleted(crm("Account", "002", 2, &[("Name", "A")])));
    b.pull(6, gone).await;
    let one = |id: &str, order| (id.to_owned(), Some(order));
    let id = |id: &str| Some(CrmId::new(id));
    let all = [one("001", 1), one("003", 3), one("004", 4)];
    assert_eq!(linked(Named::Between(None, None)).await, all);
    assert_eq!(
        linked(Named::Between(id("001"), id("003"))).await,
        all[1..2]
    );
    assert_eq!(linked(Named::Between(id("001"), None)).await, all[1..]);
    assert_eq!(linked(Named::Following(None, 2)).await, all[..2]);
    assert_eq!(linked(Named::Following(id("001"), 2)).await, all[1..]);
    assert_eq!(linked(Named::Following(id("004"), 2)).await, []);
    let among = ["004", "002", "001", "00Q", "009"].map(CrmId::new).to_vec();
    assert_eq!(
        linked(Named::Among(among)).await,
        [one("001", 1), one("004", 4)]
    );
    assert_eq!(linked(Named::Among(Vec::new())).await, []);
}
