//! What things cost, by the connector's own count and by the org's meter.

use crate::org::{Org, create, request, update};
use tandem_core::connector::{Connector as _, DeletionsRequest, Next, PullRequest, WriteOutcome};
use tandem_core::ids::CrmObject;
use tandem_sandbox::faults::FaultAction;

#[tokio::test]
async fn an_import_of_6200_records_is_four_calls() {
    let org = Org::new();
    let made = org.leads(6_200);
    org.advance(60);
    let (records, _) = org.pull("Lead", None).await;
    assert_eq!(records.len(), made.len());
    assert_eq!(org.spent(), 4);
}

#[tokio::test]
async fn an_idle_poll_of_four_objects_is_one_call() {
    let org = Org::new();
    org.advance(3_600);
    let objects = ["Account", "Contact", "Lead", "Opportunity"];
    let first: Vec<PullRequest> = objects
        .iter()
        .map(|name| request(name, None, None))
        .collect();
    let mut requests = first;
    for _ in 0..2 {
        org.forget_spent();
        let pages = org
            .pay(org.salesforce.pull(&requests, org.now()).await)
            .expect("an answer")
            .pages;
        assert_eq!(org.spent(), 1);
        for (request, page) in requests.iter_mut().zip(pages) {
            let Next::Done(watermark) = page.expect("a page").next else {
                panic!("it is done");
            };
            request.watermark = Some(watermark);
        }
        org.advance(60);
    }
}

#[tokio::test]
async fn the_deletions_of_four_objects_are_one_call_and_a_roll_of_5000_is_three() {
    let org = Org::new();
    org.leads(5_000);
    org.advance(3_600);
    let since = org.pull("Account", None).await.1;
    org.advance(3_600);
    org.forget_spent();
    let requests = ["Account", "Contact", "Lead", "Opportunity"].map(|name| DeletionsRequest {
        object: CrmObject::new(name),
        since: since.clone(),
    });
    let answers = org.salesforce.deletions(&requests, org.now()).await;
    assert_eq!(org.pay(answers).expect("an answer").len(), 4);
    assert_eq!(org.spent(), 1);
    assert_eq!(org.roll("Lead").await.len(), 5_000);
    assert_eq!(org.spent(), 4);
}

#[tokio::test]
async fn six_hundred_updates_are_one_call_and_a_thousand_are_two() {
    let org = Org::new();
    let leads = org.leads(1_000);
    let requests: Vec<_> = leads
        .iter()
        .map(|id| update(id, &[("Title", "CTO")]))
        .collect();
    let max = org.salesforce.capabilities().write_records_max;
    assert_eq!(max, 600);
    for (round, some) in requests.chunks(max).enumerate() {
        let outcomes = org
            .write("Lead", some, &["Title"])
            .await
            .expect("an answer");
        let complete = |outcome: &WriteOutcome| {
            matches!(
                outcome,
                WriteOutcome::Applied {
                    before: Some(_),
                    after: Some(_),
                    ..
                }
            )
        };
        assert!(outcomes.iter().all(complete));
        assert_eq!(org.spent(), u32::try_from(round + 1).expect("small"));
    }
}

#[tokio::test]
async fn six_hundred_keyed_creates_are_one_call() {
    let org = Org::new();
    let requests: Vec<_> = (0..600)
        .map(|n| create(Some(&format!("t-{n}")), "Berg"))
        .collect();
    org.write("Lead", &requests, &["LastName"])
        .await
        .expect("an answer");
    assert_eq!((org.count("Lead"), org.spent()), (600, 1));
}

#[tokio::test]
async fn ten_thousand_named_records_are_one_call() {
    let org = Org::new();
    let leads = org.leads(10_000);
    let lead = tandem_core::ids::CrmObject::new("Lead");
    let read = org
        .salesforce
        .read(&lead, &leads, &["LastName".into()], org.now())
        .await;
    assert_eq!(org.pay(read).expect("records").len(), 10_000);
    assert_eq!(org.spent(), 1);
}

#[tokio::test]
async fn a_lost_answer_is_counted_and_a_renewal_is_not() {
    let org = Org::new();
    org.break_once(FaultAction::DoThenLose);
    let lost = org.write("Lead", &[create(Some("t-1"), "Berg")], &[]).await;
    assert_eq!(lost.expect_err("lost").calls, 1);
    org.strike(&FaultAction::ExpireAccessTokens);
    org.write("Lead", &[create(Some("t-1"), "Berg")], &[])
        .await
        .expect("an answer");
    assert_eq!((org.count("Lead"), org.spent()), (1, 2));
}
