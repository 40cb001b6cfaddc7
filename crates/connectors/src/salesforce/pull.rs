//! What changed: one page of each of up to five objects in one call, and how their schemas changed (`notice`).
//!
//! A pull begins at the last watermark, as far behind it as the request says, and pages by
//! (`SystemModstamp`, `Id`), the position of the last row read. `SystemModstamp` has whole seconds and
//! many rows share one, so both are needed. The watermark is the server's time when the pull began, or an earlier
//! one where clocks disagree (`vouch`): what changes while we read comes in this pull or in the next, perhaps in both.
//! A pull counts as begun with its latest page before which all rows were settled when they were read, that is older
//! than rows come late: nothing can appear among them any more. So after a mass of changes the next pull does not
//! bring it again.
//!
//! A page moves the position only if it is proven: every row that the server counted for its query came
//! (`wire`). A page that the server cut short proves nothing about where it ends. Its rows are taken, the
//! position stays, and the next page asks for no more rows than the server sends at once.

use super::Salesforce;
use super::client::Spend;
use super::errors::{Effect, garbled};
use super::read::rows;
use super::soql::{datetime, query_all, select};
use super::vouch::{vouched_ms, with_page};
use super::wire::{COMPOSITE_QUERIES_MAX, CompositeAnswer, Part, QueryAnswer};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tandem_core::connector::{
    Failure, Next, PageToken, PullRequest, Pulled, PulledPage, Watermark,
};
use tandem_core::error::ErrorClass;
use tandem_core::ids::CrmId;
use tandem_core::record::CrmRecord;

/// Most requests of one [`tandem_core::connector::Connector::pull`].
pub(super) const REQUESTS_MAX: usize = COMPOSITE_QUERIES_MAX;
const TOKEN_VERSION: u8 = 2;
/// Fewest rows asked for after failures.
const ROWS_MIN: usize = 50;

/// A page token, as JSON: where the last proven page ended and where the pull began.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct Position {
    v: u8,
    /// What the pages vouch for since the one that the pull counts as begun with, in epoch milliseconds.
    started_ms: i64,
    /// Every row until `after` was settled when it was read.
    #[serde(default)]
    settled: bool,
    /// The oldest stamp of this pull; `None` reads everything.
    from: Option<Timestamp>,
    /// The last row of the last proven page.
    after: Option<(Timestamp, String)>,
    /// Most rows that the server was seen to send at once, if it sent fewer than asked for.
    rows: Option<usize>,
}

impl Position {
    fn read(token: &PageToken) -> Result<Self, Failure> {
        let position = serde_json::from_str::<Self>(&token.0).ok();
        let sound = |id: &String| super::canonical_id(id).is_some();
        position
            .filter(|p| p.v == TOKEN_VERSION && p.after.as_ref().is_none_or(|(_, id)| sound(id)))
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

    fn filter(&self) -> String {
        match (&self.after, self.from) {
            (Some((stamp, id)), _) => {
                let at = datetime(*stamp);
                format!(" WHERE (SystemModstamp = {at} AND Id > '{id}') OR SystemModstamp > {at}")
            }
            (None, Some(from)) => format!(" WHERE SystemModstamp >= {}", datetime(from)),
            (None, None) => String::new(),
        }
    }
}

/// One request ready to be sent.
struct Query<'r> {
    request: &'r PullRequest,
    /// Where it goes on, or where the pull begins.
    at: Position,
    /// The first page of its pull.
    first: bool,
    /// Rows asked for.
    rows: usize,
    url: String,
}

impl Salesforce {
    pub(super) async fn pages(
        &self,
        requests: &[PullRequest],
        now: Timestamp,
        spend: &mut Spend,
    ) -> Result<Pulled, Failure> {
        super::check_count("pull requests", requests.len(), REQUESTS_MAX)?;
        let queries: Vec<_> = requests.iter().map(|request| self.query(request)).collect();
        let sent = queries
            .iter()
            .enumerate()
            .filter_map(|(i, query)| Some((i, query.as_ref().ok()?)));
        let mut parts: Vec<Part> = sent
            .map(|(i, query)| Part::get(reference(i), query.url.clone()))
            .collect();
        if parts.is_empty() {
            let refused = queries.into_iter().filter_map(Result::err);
            return Ok(Pulled {
                pages: refused.map(Err).collect(),
                schemas: Vec::new(),
            });
        }
        parts.extend(self.describes(requests, now));
        let answer = self.client.composite(parts, Effect::Read, spend).await?;
        let parts = CompositeAnswer::parse(&answer.body)?;
        let page = |(index, query): (usize, Result<Query<'_>, Failure>)| {
            let rows = parts.query(&reference(index), Effect::Read);
            self.page(&query?, &rows?, answer.date, now)
        };
        Ok(Pulled {
            pages: queries.into_iter().enumerate().map(page).collect(),
            schemas: self.noticed(&parts, requests, now),
        })
    }

    fn query<'r>(&self, request: &'r PullRequest) -> Result<Query<'r>, Failure> {
        let page = request.page.as_ref().map(Position::read).transpose()?;
        let first = page.is_none();
        let at = page.unwrap_or_else(|| Position {
            v: TOKEN_VERSION,
            started_ms: 0,
            settled: false,
            from: request
                .watermark
                .as_ref()
                .map(|last| resume_at(last, request.back_seconds)),
            after: None,
            rows: None,
        });
        let rows = self.rows(request, &at);
        let soql = format!(
            "{}{} ORDER BY SystemModstamp, Id LIMIT {rows}",
            select(&request.object, &request.fields)?,
            at.filter(),
        );
        let url = query_all(&soql)?;
        Ok(Query {
            request,
            at,
            first,
            rows,
            url,
        })
    }

    /// Rows to ask for: what the server sends at once, half of it after each failure in a row.
    fn rows(&self, request: &PullRequest, at: &Position) -> usize {
        let columns = self.shapes.of(&request.object, &request.fields);
        let most = self.config.page_rows_max.clamp(1, columns.page_rows());
        let most = at.rows.map_or(most, |seen| seen.clamp(1, most));
        let less = most >> request.failures.min(16);
        less.max(ROWS_MIN.min(most))
    }

    fn page(
        &self,
        query: &Query<'_>,
        answer: &QueryAnswer<'_>,
        date: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<PulledPage, Failure> {
        let (request, mut at) = (query.request, query.at.clone());
        let columns = self.shapes.of(&request.object, &request.fields);
        let records = rows(&columns, &request.object, &answer.records, now)?;
        let vouched = vouched_ms(date, now);
        let begins = query.first || at.settled && vouched.is_some();
        let before = (!begins).then_some(at.started_ms);
        at.started_ms = with_page(before, vouched, seen_ms(&records));
        let next = match records.last() {
            // Where an unfinished page ends is not proven; it shrinks, so that this comes to an end.
            Some(_) if !answer.done => {
                at.rows = Some(records.len().min(query.rows.div_ceil(2)));
                Next::Page(at.token()?)
            }
            Some(last) if records.len() >= query.rows => {
                at.after = Some((stamp(last)?, last.id.to_string()));
                at.settled = begins && is_settled(last, vouched, request.settled_seconds);
                Next::Page(at.token()?)
            }
            _ => {
                let last = request.watermark.as_ref().map_or(0, |last| last.order);
                Next::Done(watermark(at.started_ms.max(last)))
            }
        };
        let behind_seconds = behind(request.watermark.as_ref(), &records);
        Ok(PulledPage {
            records,
            next,
            behind_seconds,
            begins,
        })
    }
}

/// The watermark less what the request goes back, in whole seconds.
fn resume_at(watermark: &Watermark, back_seconds: u32) -> Timestamp {
    let back = SignedDuration::from_secs(i64::from(back_seconds));
    Timestamp::from_second(watermark.order.div_euclid(1000))
        .and_then(|at| at.checked_sub(back))
        .unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Whether rows up to this one were surely visible at the time that the answer vouches for.
fn is_settled(last: &CrmRecord, vouched_ms: Option<i64>, settled_seconds: u32) -> bool {
    let age = vouched_ms.map(|ms| ms.div_euclid(1000) - last.revision.order);
    age.is_some_and(|seconds| seconds > i64::from(settled_seconds))
}

/// By how many seconds changes are older than the end of the last pull.
fn behind(last: Option<&Watermark>, records: &[CrmRecord]) -> BTreeMap<CrmId, u32> {
    let Some(last) = last else {
        return BTreeMap::new();
    };
    let second = last.order.div_euclid(1000);
    let seconds = |record: &CrmRecord| {
        let behind = u32::try_from(second - record.revision.order).ok()?;
        (behind > 0).then(|| (record.id.clone(), behind))
    };
    records.iter().filter_map(seconds).collect()
}

fn reference(index: usize) -> String {
    format!("pull{index}")
}

/// The stamp of a page's last row.
fn seen_ms(records: &[CrmRecord]) -> Option<i64> {
    let last = records.last()?;
    Some(last.revision.order.saturating_mul(1000))
}

fn stamp(record: &CrmRecord) -> Result<Timestamp, Failure> {
    let stamp = record.revision.tag.parse();
    stamp.map_err(|_| garbled("a SystemModstamp can't be read"))
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
