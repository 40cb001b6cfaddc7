//! What changed: one page of each of up to five objects in one call.
//!
//! A pull begins at the last watermark less an overlap and pages by (`SystemModstamp`, `Id`), the
//! position of the last row read. `SystemModstamp` has whole seconds and many rows share one, so both
//! are needed. The watermark is the server's time when the pull began: what changes while we read
//! comes in this pull or in the next, perhaps in both.

use super::Salesforce;
use super::client::Spend;
use super::errors::{Effect, garbled};
use super::read::rows;
use super::soql::{PAGE_ROWS_MAX, datetime, query_all, select};
use super::wire::{COMPOSITE_QUERIES_MAX, CompositeAnswer, Part, QueryAnswer};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tandem_core::connector::{Failure, Next, PageToken, PullRequest, PulledPage, Watermark};
use tandem_core::error::ErrorClass;
use tandem_core::record::CrmRecord;

/// Most requests of one [`tandem_core::connector::Connector::pull`].
pub(super) const REQUESTS_MAX: usize = COMPOSITE_QUERIES_MAX;
const TOKEN_VERSION: u8 = 1;

/// A page token, as JSON: where the last page ended and when the pull began.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct Position {
    v: u8,
    /// The server's time at the first page, in epoch milliseconds.
    started_ms: i64,
    stamp: Timestamp,
    id: String,
}

impl Position {
    fn read(token: &PageToken) -> Result<Self, Failure> {
        let position = serde_json::from_str::<Self>(&token.0).ok();
        position
            .filter(|p| p.v == TOKEN_VERSION && super::canonical_id(&p.id).is_some())
            .ok_or_else(|| {
                Failure::new(
                    ErrorClass::CursorGone,
                    "the page token can't be read; start again",
                )
            })
    }

    fn token(&self) -> Result<PageToken, Failure> {
        serde_json::to_string(self)
            .map(PageToken)
            .map_err(|error| Failure::new(ErrorClass::OurFault, error.to_string()))
    }
}

/// One request ready to be sent.
struct Query<'r> {
    request: &'r PullRequest,
    position: Option<Position>,
    url: String,
}

impl Salesforce {
    pub(super) async fn pages(
        &self,
        requests: &[PullRequest],
        now: Timestamp,
        spend: &mut Spend,
    ) -> Result<Vec<Result<PulledPage, Failure>>, Failure> {
        super::check_count("pull requests", requests.len(), REQUESTS_MAX)?;
        let queries: Vec<_> = requests.iter().map(|request| self.query(request)).collect();
        let sent = queries
            .iter()
            .enumerate()
            .filter_map(|(i, query)| Some((i, query.as_ref().ok()?)));
        let parts: Vec<Part> = sent
            .map(|(i, query)| Part::get(reference(i), query.url.clone()))
            .collect();
        if parts.is_empty() {
            return Ok(queries
                .into_iter()
                .filter_map(Result::err)
                .map(Err)
                .collect());
        }
        let answer = self.client.composite(parts, Effect::Read, spend).await?;
        let parts = CompositeAnswer::parse(&answer.body)?;
        let page = |(index, query): (usize, Result<Query<'_>, Failure>)| {
            let rows = parts.part(&reference(index), Effect::Read);
            self.page(&query?, &rows?, answer.date, now)
        };
        Ok(queries.into_iter().enumerate().map(page).collect())
    }

    fn query<'r>(&self, request: &'r PullRequest) -> Result<Query<'r>, Failure> {
        let position = request.page.as_ref().map(Position::read).transpose()?;
        let filter = match (&position, &request.watermark) {
            (Some(Position { stamp, id, .. }), _) => {
                let at = datetime(*stamp);
                format!(" WHERE (SystemModstamp = {at} AND Id > '{id}') OR SystemModstamp > {at}")
            }
            (None, Some(watermark)) => {
                format!(
                    " WHERE SystemModstamp >= {}",
                    datetime(self.resume_at(watermark))
                )
            }
            (None, None) => String::new(),
        };
        let soql = format!(
            "{}{filter} ORDER BY SystemModstamp, Id LIMIT {}",
            select(&request.object, &request.fields)?,
            self.page_rows()
        );
        Ok(Query {
            request,
            position,
            url: query_all(&soql)?,
        })
    }

    /// The watermark less the overlap, in whole seconds.
    fn resume_at(&self, watermark: &Watermark) -> Timestamp {
        let overlap = SignedDuration::from_secs(i64::from(self.config.overlap_seconds));
        Timestamp::from_second(watermark.order.div_euclid(1000))
            .and_then(|at| at.checked_sub(overlap))
            .unwrap_or(Timestamp::UNIX_EPOCH)
    }

    fn page_rows(&self) -> usize {
        self.config.page_rows_max.clamp(1, PAGE_ROWS_MAX)
    }

    fn page(
        &self,
        query: &Query<'_>,
        answer: &QueryAnswer<'_>,
        date: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<PulledPage, Failure> {
        let request = query.request;
        let columns = self.shapes.of(&request.object, &request.fields);
        let records = rows(&columns, &request.object, &answer.records, now)?;
        let started_ms = match &query.position {
            Some(position) => position.started_ms,
            None => started_ms(request.watermark.as_ref(), date, &records),
        };
        if records.is_empty() && !answer.done {
            return Err(garbled(
                "the server answers a query with an empty unfinished page",
            ));
        }
        let full = records.len() >= self.page_rows();
        let next = match records.last().filter(|_| full || !answer.done) {
            Some(last) => Next::Page(after(last, started_ms)?.token()?),
            None => Next::Done(watermark(started_ms)),
        };
        Ok(PulledPage { records, next })
    }
}

fn reference(index: usize) -> String {
    format!("pull{index}")
}

/// The server's time, never before the last watermark. Without a `Date` header the pull is complete
/// only up to what it has seen.
fn started_ms(last: Option<&Watermark>, date: Option<Timestamp>, records: &[CrmRecord]) -> i64 {
    let seen = records
        .last()
        .map(|record| record.revision.order.saturating_mul(1000));
    let server = date.map(Timestamp::as_millisecond).or(seen);
    server
        .unwrap_or(0)
        .max(last.map_or(0, |watermark| watermark.order))
}

fn after(last: &CrmRecord, started_ms: i64) -> Result<Position, Failure> {
    let stamp = last.revision.tag.parse();
    let stamp = stamp.map_err(|_| garbled("a SystemModstamp can't be read"))?;
    Ok(Position {
        v: TOKEN_VERSION,
        started_ms,
        stamp,
        id: last.id.to_string(),
    })
}

/// The order is all that is needed to go on; the token shows it to people.
fn watermark(started_ms: i64) -> Watermark {
    let token = Timestamp::from_millisecond(started_ms)
        .unwrap_or_default()
        .to_string();
    Watermark {
        order: started_ms,
        token,
    }
}

#[cfg(test)]
mod tests {
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

    async fn pull_one(
        salesforce: &Salesforce,
        request: PullRequest,
    ) -> Result<PulledPage, Failure> {
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
        let hidden = r#"[{"message":"No such column 'Email' on entity 'Lead'.","errorCode":"INVALID_FIELD"}]"#;
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
}
