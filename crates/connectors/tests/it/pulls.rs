//! A pull leaves nothing out.

use crate::org::{Org, ids, options, request};
use serde_json::json;
use std::collections::BTreeSet;
use tandem_core::connector::{Connector as _, Next, PageToken};
use tandem_core::error::ErrorClass;
use tandem_core::value::Value;
use tandem_sandbox::Options;
use tandem_sandbox::faults::FaultAction;
use tandem_sandbox::world::{DmlOptions, FieldRights};

#[tokio::test]
async fn pages_cross_equal_stamps_without_a_gap_or_a_repeat() {
    let org = Org::with(options(), |config| config.page_rows_max = 7);
    // Forty leads of one second, so that pages end in the middle of it.
    let mut made = org.leads(10);
    org.advance(1);
    made.extend(org.leads(40));
    org.advance(1);
    made.extend(org.leads(3));
    org.advance(60);
    let (records, watermark) = org.pull("Lead", None).await;
    assert_eq!(ids(&records), made);
    assert_eq!(watermark.order, org.now().as_millisecond());
    assert_eq!(org.spent(), 8);
}

/// The first page is cut short, so it is read again, with as many rows as come at once; where the
/// connector was told of the long text it asks for no more from the beginning.
#[tokio::test]
async fn pages_shorter_than_asked_are_continued() {
    for (described, sizes) in [(false, &[1_000, 1_000, 500][..]), (true, &[1_000, 500])] {
        let org = Org::new();
        let made: BTreeSet<_> = (0..1_500)
            .map(|n| org.make("Account", &json!({ "Name": format!("Halden {n}") })))
            .collect();
        if described {
            org.describe(&["Account"]).await;
        }
        let mut request = request("Account", None, None);
        request.fields.push("Description".into());
        let mut seen = BTreeSet::new();
        for (number, size) in sizes.iter().enumerate() {
            let page = org.page(request.clone()).await;
            assert_eq!(page.records.len(), *size, "page {number}");
            seen.extend(ids(&page.records));
            match page.next {
                Next::Page(token) => request.page = Some(token),
                Next::Done(_) => assert_eq!(number + 1, sizes.len()),
            }
        }
        assert_eq!(seen, made);
    }
}

/// Rows that the org counts and does not send are never taken for read, whatever the answer says of itself.
#[tokio::test]
async fn a_truncated_answer_is_no_end() {
    for (rows, unfinished) in [(1, false), (7, false), (7, true)] {
        let org = Org::new();
        org.leads(7);
        org.advance(60);
        org.break_once(FaultAction::LoseRows { rows, unfinished });
        let requests = [request("Lead", None, None)];
        let pulled = org.salesforce.pull(&requests, org.now()).await;
        let pages = org.pay(pulled).expect("an answer").pages;
        let failure = pages[0].as_ref().expect_err("rows are missing");
        assert_eq!(failure.class, ErrorClass::GarbledAnswer);
        assert!(failure.message.contains("counted 7"), "{}", failure.message);
    }
}

#[tokio::test]
async fn an_unfinished_page_that_lacks_a_row_in_its_middle_is_read_again() {
    let org = Org::with(options(), |config| config.page_rows_max = 7);
    let made = org.leads(12);
    org.advance(60);
    org.break_once(FaultAction::LoseRows {
        rows: 1,
        unfinished: true,
    });
    let (records, _) = org.pull("Lead", None).await;
    let read: BTreeSet<_> = ids(&records).into_iter().collect();
    assert_eq!(read, made.into_iter().collect());
}

#[tokio::test]
async fn named_records_are_absent_only_where_every_counted_row_came() {
    let org = Org::new();
    let leads = org.leads(5);
    org.break_once(FaultAction::LoseRows {
        rows: 1,
        unfinished: false,
    });
    let lead = tandem_core::ids::CrmObject::new("Lead");
    let read = org.salesforce.read(&lead, &leads, &[], org.now()).await;
    let error = org.pay(read).expect_err("a row is missing");
    assert_eq!(error.failure.class, ErrorClass::GarbledAnswer);
}

#[tokio::test]
async fn a_row_that_becomes_visible_late_comes_with_the_overlap_and_only_with_it() {
    for (back_seconds, seen) in [(300, 1), (0, 0)] {
        let org = Org::new();
        let later = org.now() + jiff::SignedDuration::from_secs(120);
        let late = DmlOptions {
            visible_at: Some(later),
            ..DmlOptions::default()
        };
        org.make_with(
            "Lead",
            &json!({ "LastName": "Late", "Company": "Halden" }),
            &late,
        );
        org.advance(60);
        let (before, watermark) = org.pull("Lead", None).await;
        assert!(before.is_empty());
        org.advance(90);
        let mut again = request("Lead", Some(&watermark), None);
        again.back_seconds = back_seconds;
        let page = org.page(again).await;
        assert_eq!(page.records.len(), seen, "{back_seconds} seconds back");
        let behind: Vec<u32> = page.behind_seconds.into_values().collect();
        assert_eq!(
            behind,
            vec![60; seen],
            "the last pull ended a minute behind its stamp"
        );
    }
}

#[tokio::test]
async fn a_deletion_and_its_undoing_are_changes() {
    let org = Org::new();
    let lead = org.leads(1).remove(0);
    let (_, watermark) = org.pull("Lead", None).await;
    org.advance(1_000);
    org.delete("Lead", &lead);
    let (records, watermark) = org.pull("Lead", Some(&watermark)).await;
    assert_eq!(
        (ids(&records), records[0].deleted),
        (vec![lead.clone()], true)
    );
    org.advance(1_000);
    let undone = org.sandbox.world(|world| {
        let admin = tandem_sandbox::world::Actor::system(world.admin_id());
        world.undelete(&admin, "Lead", lead.as_str())
    });
    undone.expect("undeleted");
    let (records, _) = org.pull("Lead", Some(&watermark)).await;
    assert_eq!((ids(&records), records[0].deleted), (vec![lead], false));
}

#[tokio::test]
async fn a_change_while_we_read_comes_again() {
    let org = Org::with(options(), |config| config.page_rows_max = 5);
    let made = org.leads(8);
    org.advance(10);
    let first = org.page(request("Lead", None, None)).await;
    let Next::Page(token) = first.next else {
        panic!("there is more");
    };
    org.advance(10);
    org.change("Lead", &made[0], &json!({ "LastName": "Changed" }));
    let second = org.page(request("Lead", None, Some(token))).await;
    let again = second.records.last().expect("rows");
    assert_eq!(again.id, made[0]);
    assert_eq!(again.fields["LastName"], Value::text("Changed"));
    let Next::Done(watermark) = second.next else {
        panic!("it is done");
    };
    assert!(
        watermark.order < org.now().as_millisecond(),
        "the time of the start counts"
    );
}

#[tokio::test]
async fn a_watermark_only_grows() {
    let org = Org::new();
    org.advance(500);
    let (_, first) = org.pull("Lead", None).await;
    let back = org.now() - jiff::SignedDuration::from_secs(100);
    org.sandbox.set_now(back);
    let (_, second) = org.pull("Lead", Some(&first)).await;
    assert_eq!(second, first);
    org.advance(200);
    let (_, third) = org.pull("Lead", Some(&second)).await;
    assert!(third > second);
}

#[tokio::test]
async fn an_object_that_is_not_there_fails_alone() {
    let org = Org::new();
    org.leads(2);
    let requests = [
        request("Lead", None, None),
        request("Nothing__c", None, None),
    ];
    let pages = org
        .pay(org.salesforce.pull(&requests, org.now()).await)
        .expect("an answer")
        .pages;
    assert_eq!(pages[0].as_ref().map(|page| page.records.len()), Ok(2));
    let failure = pages[1].as_ref().expect_err("no such object");
    assert_eq!(failure.class, ErrorClass::SchemaChanged);
    assert_eq!(org.spent(), 1);
}

#[tokio::test]
async fn a_hidden_field_is_named_and_never_read_as_empty() {
    let org = Org::new();
    org.leads(1);
    let user = org.connector_user();
    let hidden = FieldRights {
        read: false,
        edit: false,
    };
    let done = org
        .sandbox
        .world(|world| world.set_field_rights(user, "Lead", "Email", hidden));
    done.expect("rights");
    let requests = [request("Lead", None, None)];
    let pages = org
        .pay(org.salesforce.pull(&requests, org.now()).await)
        .expect("an answer")
        .pages;
    let failure = pages[0].as_ref().expect_err("hidden");
    assert_eq!(failure.class, ErrorClass::SchemaChanged);
    assert_eq!(failure.fields, ["Email"]);
}

#[tokio::test]
async fn a_token_of_somebody_else_starts_the_pull_again() {
    let org = Org::new();
    let requests = [request("Lead", None, Some(PageToken("from 2019".into())))];
    let pages = org
        .pay(org.salesforce.pull(&requests, org.now()).await)
        .expect("an answer")
        .pages;
    let failure = pages[0].as_ref().expect_err("unreadable");
    assert_eq!(failure.class, ErrorClass::CursorGone);
    assert_eq!(org.spent(), 0);
}

#[tokio::test]
async fn named_records_come_once_deleted_ones_marked_and_absent_ones_not() {
    let org = Org::with(
        Options {
            seed: 7,
            ..options()
        },
        |_| {},
    );
    let leads = org.leads(450);
    org.delete("Lead", &leads[3]);
    let mut asked = leads.clone();
    asked.push(leads[0].clone());
    asked.push(tandem_core::ids::CrmId::new("00Q000000000zzzAAA"));
    asked.push(tandem_core::ids::CrmId::new("no id"));
    let lead = tandem_core::ids::CrmObject::new("Lead");
    let fields = ["LastName".to_owned()];
    let read = org.salesforce.read(&lead, &asked, &fields, org.now()).await;
    let records = org.pay(read).expect("records");
    assert_eq!(records.len(), 450);
    let deleted = records.iter().filter(|record| record.deleted);
    assert_eq!(
        deleted.map(|record| &record.id).collect::<Vec<_>>(),
        [&leads[3]]
    );
    assert_eq!(org.spent(), 1);
}
