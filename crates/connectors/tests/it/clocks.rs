//! Clocks that step in the middle of a read: the org's `Date`, and ours. Nothing is lost, and the watermark does not
//! run ahead of the org.

use crate::org::{Org, ids, options, request};
use jiff::SignedDuration;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use tandem_core::connector::{Connector as _, Next, PullRequest, PulledPage, Watermark};
use tandem_core::horizon::LIVE_SECONDS_MIN;
use tandem_core::ids::CrmId;

/// By how much a clock steps, in seconds.
const STEPS: [i64; 3] = [-90, 0, 90];

impl Org {
    /// One page, with our clock so many seconds away from the org's.
    async fn page_at(&self, request: PullRequest, ours: i64) -> PulledPage {
        let now = self.now().checked_add(SignedDuration::from_secs(ours));
        let pulled = self.salesforce.pull(&[request], now.expect("a time")).await;
        let mut pages = self.pay(pulled).expect("an answer").pages;
        pages.remove(0).expect("a page")
    }

    /// A whole read of all leads, in which both clocks step before the page of that number, and a lead changes
    /// after each page.
    async fn read_stepping(
        &self,
        (theirs, ours): (i64, i64),
        before_page: usize,
        changed: &CrmId,
    ) -> (Vec<CrmId>, Watermark) {
        let (mut seen, mut page) = (Vec::new(), None);
        for number in 0.. {
            let stepped = number >= before_page;
            let theirs = if stepped { theirs } else { 0 };
            self.wire.date_off_seconds.store(theirs, Ordering::Relaxed);
            let off = if stepped { ours } else { 0 };
            let pulled = self.page_at(request("Lead", None, page), off).await;
            seen.extend(ids(&pulled.records));
            self.advance(1);
            match pulled.next {
                Next::Page(token) => page = Some(token),
                Next::Done(watermark) => return (seen, watermark),
            }
            let name = format!("Changed {number}");
            self.change("Lead", changed, &json!({ "LastName": name }));
        }
        unreachable!("a read ends")
    }
}

/// Every way that both clocks can step by a minute and a half, before the first page and between two.
#[tokio::test]
async fn a_step_of_a_clock_in_the_middle_of_a_read_loses_nothing() {
    for (theirs, ours) in STEPS.iter().flat_map(|a| STEPS.map(|b| (*a, b))) {
        for before_page in [0, 1, 2] {
            let org = Org::with(options(), |config| config.page_rows_max = 5);
            let made: BTreeSet<_> = org.leads(12).into_iter().collect();
            org.advance(600);
            let changed = made.first().expect("leads").clone();
            let steps = (theirs, ours);
            let (seen, watermark) = org.read_stepping(steps, before_page, &changed).await;
            let case = format!("header {theirs}, ours {ours}, before page {before_page}");
            assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), made, "{case}");
            // Both ahead at a page that the read counts as begun with, as all before it was settled: nobody can tell.
            if (theirs, ours) != (90, 90) {
                assert!(watermark.order <= org.now().as_millisecond(), "{case}");
            }
            let late = org.leads(1).remove(0);
            org.advance(1);
            let mut next = request("Lead", Some(&watermark), None);
            next.back_seconds = LIVE_SECONDS_MIN;
            let page = org.page_at(next, ours).await;
            let seen = ids(&page.records);
            assert!(seen.contains(&late) && seen.contains(&changed), "{case}");
        }
    }
}

/// A watermark that ran ahead stays where it is until the org's time has passed it; reads go back behind it all the while.
#[tokio::test]
async fn a_header_that_lied_and_comes_back_leaves_no_gap() {
    let org = Org::new();
    org.advance(600);
    org.wire.date_off_seconds.store(90, Ordering::Relaxed);
    let ahead = org.page_at(request("Lead", None, None), 90).await;
    let Next::Done(mut watermark) = ahead.next else {
        panic!("nothing is there");
    };
    org.wire.date_off_seconds.store(0, Ordering::Relaxed);
    for round in 0..6 {
        let made = org.leads(1).remove(0);
        org.advance(30);
        let mut next = request("Lead", Some(&watermark), None);
        next.back_seconds = LIVE_SECONDS_MIN;
        let page = org.page_at(next, 0).await;
        assert!(ids(&page.records).contains(&made), "round {round}");
        let Next::Done(after) = page.next else {
            panic!("one page holds it all");
        };
        assert!(after >= watermark, "round {round}");
        watermark = after;
    }
    assert_eq!(watermark.order, org.now().as_millisecond());
}
