//! Pulls over canned answers.

use super::*;
use crate::salesforce::testing::{composite, connector};
use tandem_core::connector::Connector as _;
use tandem_core::ids::CrmObject;

/// 2026-03-10T09:00:00Z, the date of every canned answer, in milliseconds.
const DATE_MS: i64 = 1_773_133_200_000;

fn row(number: u32, second: u32) -> String {
    format!(
        r#"{{"Id":"00Q{number:012}","IsDeleted":false,"SystemModstamp":"2026-03-10T08:00:{second:02}.000+0000"}}"#
    )
}

fn rows_json(done: bool, rows: &[String]) -> String {
    format!(
        r#"{{"totalSize":9,"done":{done},"records":[{}]}}"#,
        rows.join(",")
    )
}

fn lead(watermark_ms: Option<i64>, page: Option<PageToken>) -> PullRequest {
    PullRequest {
        object: CrmObject::new("Lead"),
        fields: vec!["Email".into()],
        watermark: watermark_ms.map(watermark),
        page,
    }
}

async fn pull_one(salesforce: &Salesforce, request: PullRequest) -> Result<PulledPage, Failure> {
    let reply = salesforce
        .pull(&[request], Timestamp::UNIX_EPOCH)
        .await
        .expect("an answer");
    reply.value.into_iter().next().expect("a part")
}

/// The queries sent, decoded.
fn queries(bodies: &[String]) -> Vec<String> {
    let query = |body: &String| {
        let (_, rest) = body.split_once("queryAll?q=").expect("a query");
        let encoded = rest.split('"').next().expect("its end");
        let decoded = url::form_urlencoded::parse(encoded.as_bytes())
            .next()
            .expect("a query");
        decoded
            .0
            .split(" FROM ")
            .nth(1)
            .expect("its tail")
            .to_owned()
    };
    bodies.iter().map(query).collect()
}

#[tokio::test]
async fn pages_go_on_from_the_last_row_and_end_with_the_time_of_the_start() {
    let first = rows_json(false, &[row(1, 5), row(2, 5)]);
    let second = rows_json(true, &[row(3, 5)]);
    let (mut salesforce, script, _) = connector([
        composite(&[("pull0", 200, &first)]),
        composite(&[("pull0", 200, &second)]),
    ]);
    salesforce.config.page_rows_max = 50;
    let page = pull_one(&salesforce, lead(None, None))
        .await
        .expect("a page");
    assert_eq!(page.records.len(), 2);
    let Next::Page(token) = page.next else {
        panic!("{page:?}")
    };
    let page = pull_one(&salesforce, lead(None, Some(token)))
        .await
        .expect("a page");
    assert_eq!(page.next, Next::Done(watermark(DATE_MS)));
    assert_eq!(
        queries(&script.bodies()),
        [
            "Lead ORDER BY SystemModstamp, Id LIMIT 50",
            "Lead WHERE (SystemModstamp = 2026-03-10T08:00:05Z AND Id > '00Q000000000002EAA') OR \
             SystemModstamp > 2026-03-10T08:00:05Z ORDER BY SystemModstamp, Id LIMIT 50",
        ]
    );
}

#[tokio::test]
async fn a_full_page_is_followed_by_another() {
    let full = rows_json(true, &[row(1, 5), row(2, 5)]);
    let (mut salesforce, ..) = connector([composite(&[("pull0", 200, &full)])]);
    salesforce.config.page_rows_max = 2;
    let page = pull_one(&salesforce, lead(None, None))
        .await
        .expect("a page");
    assert!(matches!(page.next, Next::Page(_)), "{page:?}");
}

#[tokio::test]
async fn the_next_pull_goes_back_by_the_overlap() {
    for (overlap_seconds, from) in [(300, "08:54:59"), (0, "08:59:59")] {
        let empty = rows_json(true, &[]);
        let (mut salesforce, script, _) = connector([composite(&[("pull0", 200, &empty)])]);
        salesforce.config.overlap_seconds = overlap_seconds;
        let request = lead(Some(DATE_MS - 1), None);
        let page = pull_one(&salesforce, request).await.expect("a page");
        assert_eq!(page.next, Next::Done(watermark(DATE_MS)));
        let asked = format!(
            "Lead WHERE SystemModstamp >= 2026-03-10T{from}Z ORDER BY SystemModstamp, Id LIMIT 2000"
        );
        assert_eq!(queries(&script.bodies()), [asked]);
    }
}

#[tokio::test]
async fn a_watermark_never_decreases() {
    let later = DATE_MS + 60_000;
    let empty = rows_json(true, &[]);
    let (salesforce, ..) = connector([composite(&[("pull0", 200, &empty)])]);
    let page = pull_one(&salesforce, lead(Some(later), None))
        .await
        .expect("a page");
    assert_eq!(page.next, Next::Done(watermark(later)));
}

#[tokio::test]
async fn without_a_date_only_what_was_seen_is_vouched_for() {
    let some = rows_json(true, &[row(1, 5)]);
    let mut answer = composite(&[("pull0", 200, &some)]).expect("an answer");
    answer.headers_mut().remove("date");
    let (salesforce, ..) = connector([Ok(answer)]);
    let page = pull_one(&salesforce, lead(Some(7), None))
        .await
        .expect("a page");
    assert_eq!(page.next, Next::Done(watermark(DATE_MS - 3_595_000)));
}

#[tokio::test]
async fn an_unreadable_token_means_start_again_and_costs_nothing() {
    let (salesforce, script, _) = connector([]);
    for token in [
        "",
        "{}",
        r#"{"v":9,"started_ms":1,"stamp":"2026-03-10T08:00:00Z","id":"x"}"#,
    ] {
        let page = Some(PageToken(token.into()));
        let failure = pull_one(&salesforce, lead(None, page))
            .await
            .expect_err("unreadable");
        assert_eq!(failure.class, ErrorClass::CursorGone);
    }
    assert!(script.sent().is_empty());
}

#[tokio::test]
async fn each_object_fails_alone() {
    let hidden =
        r#"[{"message":"No such column 'Email' on entity 'Lead'.","errorCode":"INVALID_FIELD"}]"#;
    let nameless = r#"{"done":true,"records":[{"Id":"00Q000000000001"}]}"#;
    let empty = rows_json(true, &[]);
    let (salesforce, ..) = connector([composite(&[
        ("pull0", 400, hidden),
        ("pull1", 200, nameless),
        ("pull3", 200, &empty),
    ])]);
    let requests = [
        lead(None, None),
        lead(None, None),
        lead(None, None),
        lead(None, None),
    ];
    let reply = salesforce
        .pull(&requests, Timestamp::UNIX_EPOCH)
        .await
        .expect("an answer");
    let classes: Vec<_> = reply
        .value
        .iter()
        .map(|r| r.as_ref().err().map(|f| f.class))
        .collect();
    let garbled = Some(ErrorClass::GarbledAnswer);
    assert_eq!(
        classes,
        [Some(ErrorClass::SchemaChanged), garbled, garbled, None]
    );
    assert_eq!(reply.calls, 1);
}

#[tokio::test]
async fn too_many_requests_are_refused() {
    let (salesforce, ..) = connector([]);
    let requests = vec![lead(None, None); 6];
    let error = salesforce
        .pull(&requests, Timestamp::UNIX_EPOCH)
        .await
        .expect_err("refused");
    assert_eq!(
        (error.failure.class, error.calls),
        (ErrorClass::OurFault, 0)
    );
}
