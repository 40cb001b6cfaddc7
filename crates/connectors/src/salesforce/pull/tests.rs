//! Pulls over canned answers.

use super::*;
use crate::salesforce::testing::{composite, connector};
use tandem_core::connector::Connector as _;
use tandem_core::ids::CrmObject;

/// 2026-03-10T09:00:00Z, the date of every canned answer, in milliseconds.
const DATE_MS: i64 = 1_773_133_200_000;

/// Our clock shows the same.
fn our_clock() -> Timestamp {
    Timestamp::from_millisecond(DATE_MS).expect("a time")
}

fn row(number: u32, second: u32) -> String {
    format!(
        r#"{{"Id":"00Q{number:012}","IsDeleted":false,"SystemModstamp":"2026-03-10T08:00:{second:02}.000+0000"}}"#
    )
}

fn rows_json(done: bool, rows: &[String]) -> String {
    counted_json(rows.len() + usize::from(!done), done, rows)
}

fn counted_json(total: usize, done: bool, rows: &[String]) -> String {
    let rows = rows.join(",");
    format!(r#"{{"totalSize":{total},"done":{done},"records":[{rows}]}}"#)
}

fn lead(watermark_ms: Option<i64>, page: Option<PageToken>) -> PullRequest {
    PullRequest {
        object: CrmObject::new("Lead"),
        fields: vec!["Email".into()],
        watermark: watermark_ms.map(watermark),
        page,
        back_seconds: 0,
        settled_seconds: 30,
        failures: 0,
    }
}

async fn pull_one(salesforce: &Salesforce, request: PullRequest) -> Result<PulledPage, Failure> {
    let reply = salesforce
        .pull(&[request], our_clock())
        .await
        .expect("an answer");
    reply.value.pages.into_iter().next().expect("a part")
}

fn token(page: PulledPage) -> Option<PageToken> {
    match page.next {
        Next::Page(token) => Some(token),
        Next::Done(_) => panic!("there is more: {page:?}"),
    }
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
    let first = rows_json(true, &[row(1, 5), row(2, 5)]);
    let second = rows_json(true, &[row(3, 5)]);
    let (mut salesforce, script, _) = connector([
        composite(&[("pull0", 200, &first)]),
        composite(&[("pull0", 200, &second)]),
    ]);
    salesforce.config.page_rows_max = 2;
    let page = pull_one(&salesforce, lead(None, None))
        .await
        .expect("a page");
    assert_eq!(page.records.len(), 2);
    let page = pull_one(&salesforce, lead(None, token(page)))
        .await
        .expect("a page");
    assert_eq!(page.next, Next::Done(watermark(DATE_MS)));
    assert_eq!(
        queries(&script.bodies()),
        [
            "Lead ORDER BY SystemModstamp, Id LIMIT 2",
            "Lead WHERE (SystemModstamp = 2026-03-10T08:00:05Z AND Id > '00Q000000000002EAA') OR \
             SystemModstamp > 2026-03-10T08:00:05Z ORDER BY SystemModstamp, Id LIMIT 2",
        ]
    );
}

/// The date of the answers is 09:00:00; rows are settled half a minute after their stamp.
#[tokio::test]
async fn a_pull_counts_as_begun_with_a_page_before_which_all_rows_were_settled() {
    for (stamps, begins) in [
        (["08:10:00", "08:59:29", "08:59:59"], [true, true, true]),
        (["08:10:00", "08:59:31", "08:59:59"], [true, true, false]),
        (["08:59:31", "08:10:00", "08:10:00"], [true, false, false]),
    ] {
        let answer = |stamp: &&str| {
            let row = row(1, 0).replace("08:00:00", stamp);
            composite(&[("pull0", 200, &rows_json(true, &[row]))])
        };
        let (mut salesforce, ..) = connector(stamps.iter().map(answer));
        salesforce.config.page_rows_max = 1;
        let (mut request, mut begun) = (lead(None, None), Vec::new());
        for _ in stamps {
            let page = pull_one(&salesforce, request).await.expect("a page");
            begun.push(page.begins);
            request = lead(None, token(page));
        }
        assert_eq!(begun, begins, "{stamps:?}");
    }
}

#[tokio::test]
async fn a_page_cut_short_is_read_again_with_as_many_rows_as_came() {
    let (mut salesforce, script, _) = connector([
        composite(&[("pull0", 200, &counted_json(60, false, &[row(1, 5)]))]),
        composite(&[("pull0", 200, &rows_json(true, &[row(1, 5)]))]),
        composite(&[("pull0", 200, &rows_json(true, &[]))]),
    ]);
    salesforce.config.page_rows_max = 60;
    let mut request = lead(Some(DATE_MS), None);
    request.back_seconds = 30;
    for rows in [1, 1] {
        let page = pull_one(&salesforce, request.clone())
            .await
            .expect("a page");
        assert_eq!(page.records.len(), rows);
        request.page = token(page);
        // What is learned of lateness meanwhile does not move a pull under way.
        request.back_seconds = 900;
    }
    let page = pull_one(&salesforce, request).await.expect("a page");
    assert_eq!(page.next, Next::Done(watermark(DATE_MS)));
    assert_eq!(
        queries(&script.bodies()),
        [
            "Lead WHERE SystemModstamp >= 2026-03-10T08:59:30Z ORDER BY SystemModstamp, Id LIMIT 60",
            "Lead WHERE SystemModstamp >= 2026-03-10T08:59:30Z ORDER BY SystemModstamp, Id LIMIT 1",
            "Lead WHERE (SystemModstamp = 2026-03-10T08:00:05Z AND Id > '00Q000000000001EAA') OR \
             SystemModstamp > 2026-03-10T08:00:05Z ORDER BY SystemModstamp, Id LIMIT 1",
        ]
    );
}

/// A page is closed only if every row that the CRM counted came.
#[tokio::test]
async fn what_the_crm_counts_and_does_not_send_closes_nothing() {
    let one = [row(1, 5)];
    for (counted, done, rows) in [
        (2, true, &one[..]),
        (0, true, &one[..]),
        (1, true, &[]),
        (1, false, &one[..]),
        (3, false, &[]),
    ] {
        let answer = counted_json(counted, done, rows);
        let (salesforce, ..) = connector([composite(&[("pull0", 200, &answer)])]);
        let failure = pull_one(&salesforce, lead(Some(7), None))
            .await
            .expect_err("not complete");
        assert_eq!(failure.class, ErrorClass::GarbledAnswer, "{answer}");
        let told = format!("counted {counted} rows");
        assert!(failure.message.contains(&told), "{}", failure.message);
    }
}

#[tokio::test]
async fn each_failure_in_a_row_asks_for_half_as_much() {
    for (failures, rows) in [(0, 2_000), (1, 1_000), (3, 250), (6, 50), (99, 50)] {
        let empty = rows_json(true, &[]);
        let (salesforce, script, _) = connector([composite(&[("pull0", 200, &empty)])]);
        let mut request = lead(None, None);
        request.failures = failures;
        pull_one(&salesforce, request).await.expect("a page");
        let asked = format!("Lead ORDER BY SystemModstamp, Id LIMIT {rows}");
        assert_eq!(queries(&script.bodies()), [asked]);
    }
}

#[tokio::test]
async fn what_is_older_than_the_last_pull_says_by_how_much() {
    let some = rows_json(true, &[row(1, 5), row(2, 40), row(3, 41)]);
    let (salesforce, ..) = connector([composite(&[("pull0", 200, &some)])]);
    let at_second_40 = DATE_MS - 3_560_000 + 999;
    let page = pull_one(&salesforce, lead(Some(at_second_40), None))
        .await
        .expect("a page");
    let behind: Vec<u32> = page.behind_seconds.into_values().collect();
    assert_eq!(behind, [35]);
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
async fn the_next_pull_goes_back_as_far_as_it_is_told() {
    for (back_seconds, from) in [(300, "08:54:59"), (0, "08:59:59")] {
        let empty = rows_json(true, &[]);
        let (salesforce, script, _) = connector([composite(&[("pull0", 200, &empty)])]);
        let mut request = lead(Some(DATE_MS - 1), None);
        request.back_seconds = back_seconds;
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
        r#"{"v":1,"started_ms":1,"stamp":"2026-03-10T08:00:00Z","id":"00Q000000000001EAA"}"#,
        r#"{"v":2,"started_ms":1,"from":null,"after":["2026-03-10T08:00:00Z","x"],"rows":null}"#,
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
    let nameless = r#"{"totalSize":1,"done":true,"records":[{"Id":"00Q000000000001"}]}"#;
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
        .pages
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
