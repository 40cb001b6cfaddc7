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
mod tests;
