//! Records that are gone, and how that is told.

use crate::org::{Org, ids, options};
use std::collections::BTreeSet;
use tandem_core::connector::{Connector as _, Deletions, DeletionsRequest, Failure, Watermark};
use tandem_core::error::ErrorClass;
use tandem_core::ids::{CrmId, CrmObject};
use tandem_sandbox::world::DmlOptions;

async fn deletions(org: &Org, since: &Watermark) -> Result<Deletions, Failure> {
    let requests = [DeletionsRequest {
        object: CrmObject::new("Lead"),
        since: since.clone(),
    }];
    let answer = org.pay(org.salesforce.deletions(&requests, org.now()).await);
    answer.expect("an answer").remove(0)
}

/// A record deleted beyond the recycle bin is in no query any more, and the feed says that it can't tell it; it is
/// missing in the roll, and absent when it is looked for by id.
#[tokio::test]
async fn a_record_deleted_for_good_is_missing_in_the_roll_and_by_id() {
    let org = Org::with(options(), |config| config.page_rows_max = 3);
    let leads = org.leads(8);
    org.advance(120);
    let (_, watermark) = org.pull("Lead", None).await;
    org.advance(120);
    org.delete("Lead", &leads[5]);
    org.advance(120);
    let deleted = deletions(&org, &watermark).await.expect("deletions");
    assert_eq!(deleted.ids, [leads[5].clone()]);
    assert!(deleted.covered > watermark);
    org.delete("Lead", &leads[3]);
    org.sandbox
        .world(tandem_sandbox::world::World::empty_recycle_bin);
    org.advance(120);
    let (pulled, _) = org.pull("Lead", Some(&watermark)).await;
    assert!(!ids(&pulled).contains(&leads[3]), "no query shows it");
    let failure = deletions(&org, &watermark)
        .await
        .expect_err("not told any more");
    assert_eq!(failure.class, ErrorClass::CursorGone);
    let present: Vec<CrmId> = org
        .roll("Lead")
        .await
        .into_iter()
        .map(|one| one.id)
        .collect();
    let alive = leads
        .iter()
        .filter(|id| **id != leads[3] && **id != leads[5]);
    assert_eq!(present, alive.cloned().collect::<Vec<_>>());
    let lead = CrmObject::new("Lead");
    let read = org.salesforce.read(&lead, &leads, &[], org.now()).await;
    let read = ids(&org.pay(read).expect("records"));
    assert_eq!(
        read.into_iter().collect::<BTreeSet<_>>(),
        present.into_iter().collect()
    );
}

/// `latestDateCovered` is the fence: the feed vouches for nothing while a transaction that may delete runs.
#[tokio::test]
async fn the_feed_is_covered_no_farther_than_the_org_says() {
    let org = Org::new();
    org.leads(1);
    org.advance(600);
    let (_, watermark) = org.pull("Lead", None).await;
    org.advance(300);
    let began = org.now();
    let late = DmlOptions {
        visible_at: Some(began + jiff::SignedDuration::from_secs(7_200)),
        ..DmlOptions::default()
    };
    org.make_with(
        "Lead",
        &serde_json::json!({"LastName": "Late", "Company": "Halden"}),
        &late,
    );
    org.advance(3_600);
    let held = deletions(&org, &watermark).await.expect("deletions");
    assert!(held.covered.order <= began.as_millisecond(), "{held:?}");
    org.advance(7_200);
    let free = deletions(&org, &held.covered).await.expect("deletions");
    assert!(free.covered.order > began.as_millisecond(), "{free:?}");
    assert!(
        deletions(&org, &free.covered)
            .await
            .expect("deletions")
            .covered
            >= free.covered
    );
}

#[tokio::test]
async fn a_feed_that_does_not_reach_back_says_so() {
    let org = Org::new();
    org.advance(60);
    let (_, watermark) = org.pull("Lead", None).await;
    org.advance(16 * 86_400);
    let failure = deletions(&org, &watermark).await.expect_err("too long ago");
    assert_eq!(failure.class, ErrorClass::CursorGone);
}
