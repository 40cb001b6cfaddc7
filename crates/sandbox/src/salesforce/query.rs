//! Queries and their pages.
//!
//! The rows of a query are fixed when it runs; their values are read when a page is fetched. A page has 2,000 rows, or
//! 1,000 when a long text area is selected (recorded), 200 when several custom ones are (documented), or what the
//! client asks for with `batchSize`, from 200 up. Child rows count. The rest waits behind a locator
//! `<cursor id>-<offset>`, for the user who ran the query, for two days; so does the rest of a long list of children.

use std::collections::VecDeque;

use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{
    Site,
    answer::{self, Answer},
    error::ApiError,
    request::Call,
    tooling,
};
use crate::{
    soql::{Paging, QueryResult, QueryScope},
    world::{Record, SfId, World},
};

const MAX_PAGE_ROWS: usize = 2_000;
const MIN_PAGE_ROWS: usize = 200;
const LONG_TEXT_PAGE_ROWS: usize = 1_000;
const LONG_TEXTS_PAGE_ROWS: usize = 200;
/// Open cursors of the org; the oldest makes room for a new one.
const MAX_CURSORS: usize = 200;
/// Rows of all open cursors together, about 16 bytes each; old ones make room here, too.
const MAX_CURSOR_ROWS: usize = 20_000_000;
const CURSOR_LIFE: SignedDuration = SignedDuration::from_hours(48);

/// A query with rows left.
#[derive(Debug)]
struct Cursor {
    id: SfId,
    user: SfId,
    result: QueryResult,
    page_rows: usize,
    expires_at: Timestamp,
}

/// All queries with rows left, oldest first.
#[derive(Debug, Default)]
pub(super) struct Cursors {
    open: VecDeque<Cursor>,
    opened: u64,
}

impl Cursors {
    pub(super) fn clear(&mut self) {
        self.open.clear();
    }

    fn keep(&mut self, cursor: Cursor) {
        let rows = |cursor: &Cursor| cursor.result.row_count();
        let mut kept_rows: usize = self.open.iter().chain([&cursor]).map(rows).sum();
        while (self.open.len() >= MAX_CURSORS || kept_rows > MAX_CURSOR_ROWS)
            && let Some(oldest) = self.open.pop_front()
        {
            kept_rows -= rows(&oldest);
        }
        self.open.push_back(cursor);
        self.opened += 1;
    }

    fn keep_all(&mut self, pager: Pager) {
        pager.kept.into_iter().for_each(|cursor| self.keep(cursor));
    }

    /// Cursors that will be kept next, for the rest of what one page shows.
    fn pager(&self, call: &Call, now: Timestamp, page_rows: usize) -> Pager {
        Pager {
            opened: self.opened,
            user: call.actor.user,
            base: call.base(),
            expires_at: now.checked_add(CURSOR_LIFE).unwrap_or(Timestamp::MAX),
            page_rows,
            kept: Vec::new(),
        }
    }

    fn find(&self, locator: &str, user: SfId, now: Timestamp) -> Option<(&Cursor, usize)> {
        let (id, offset) = locator.rsplit_once('-')?;
        let (id, offset) = (id.parse::<SfId>().ok()?, offset.parse::<usize>().ok()?);
        let cursor = self.open.iter().find(|cursor| cursor.id == id)?;
        let good =
            cursor.user == user && now < cursor.expires_at && offset < cursor.result.row_count();
        good.then_some((cursor, offset))
    }
}

/// A page of a result as the API writes it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'w> {
    total_size: usize,
    done: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_records_url: Option<String>,
    #[serde(flatten)]
    tooling: Option<ToolingPage<'w>>,
    records: Vec<Record<'w>>,
}

/// What the Tooling API says of a page besides (recorded).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToolingPage<'w> {
    size: usize,
    query_locator: Option<String>,
    entity_type_name: &'w str,
}

/// `GET /query?q=` and `GET /queryAll?q=`.
pub(super) fn start(
    site: &mut Site<'_>,
    call: &Call,
    scope: QueryScope,
) -> Result<Answer, ApiError> {
    get_only(call)?;
    if let Some(soql) = call.parameters.get("explain") {
        return explain(site, call, soql);
    }
    let soql = call
        .parameters
        .get("q")
        .filter(|soql| !soql.trim().is_empty())
        .ok_or_else(|| {
            ApiError::bad_request("MALFORMED_QUERY", "A query string has to be specified")
        })?;
    if call.flag("columns") {
        return Ok(answer::ok(&site.world.query_metadata(&call.actor, soql)?));
    }
    run(site, call, soql, scope)
}

/// Answers a query with its first page, whatever resource it came through.
pub(super) fn run(
    site: &mut Site<'_>,
    call: &Call,
    soql: &str,
    scope: QueryScope,
) -> Result<Answer, ApiError> {
    let result = site.world.query(&call.actor, soql, scope)?;
    let object = &site.world.schema().at(result.object()).name;
    if call.is_tooling() && !tooling::knows(object) {
        let message = format!("sObject type '{object}' is not supported.");
        return Err(ApiError::bad_request("INVALID_TYPE", message));
    }
    let rows = page_rows(call, &result);
    let mut pager = site.desk.cursors.pager(call, site.world.now(), rows);
    let page = Page {
        result: &result,
        start: 0,
        cursor: None,
    };
    let (answer, rest) = page.answer(site.world, call, &mut pager);
    if let Some(id) = rest {
        pager.push(id, result);
    }
    site.desk.cursors.keep_all(pager);
    Ok(answer)
}

/// `GET /query/{locator}`.
pub(super) fn more(site: &mut Site<'_>, call: &Call, locator: &str) -> Result<Answer, ApiError> {
    get_only(call)?;
    let cursors = &mut site.desk.cursors;
    let now = site.world.now();
    let found = cursors.find(locator, call.actor.user, now);
    let (cursor, start) = found
        .ok_or_else(|| ApiError::bad_request("INVALID_QUERY_LOCATOR", "invalid query locator"))?;
    let mut pager = cursors.pager(call, now, cursor.page_rows);
    let page = Page {
        result: &cursor.result,
        start,
        cursor: Some(cursor.id),
    };
    let (answer, _) = page.answer(site.world, call, &mut pager);
    cursors.keep_all(pager);
    Ok(answer)
}

/// One page to answer.
struct Page<'r> {
    result: &'r QueryResult,
    start: usize,
    /// Where the rest is; none on the first page.
    cursor: Option<SfId>,
}

impl Page<'_> {
    /// The answer, and the cursor the rest of the result is behind, if there is a rest.
    fn answer(&self, world: &World, call: &Call, pager: &mut Pager) -> (Answer, Option<SfId>) {
        let page = world.page(self.result, self.start, &call.base(), pager);
        let id = self.cursor.unwrap_or_else(|| pager.next_id());
        let rest = (page.end < self.result.row_count()).then_some(id);
        let next_records_url = rest.map(|id| pager.url(id, self.result.scope(), page.end));
        let tooling = call.is_tooling().then(|| ToolingPage {
            size: page.end.saturating_sub(self.start),
            query_locator: next_records_url.clone(),
            entity_type_name: &world.schema().at(self.result.object()).name,
        });
        let envelope = Envelope {
            total_size: self.result.total_size(),
            done: rest.is_none(),
            next_records_url,
            tooling,
            records: page.records,
        };
        (answer::ok(&envelope), rest)
    }
}

/// `GET /query?explain=`: how a query would be run.
fn explain(site: &Site<'_>, call: &Call, soql: &str) -> Result<Answer, ApiError> {
    let plan = site.world.explain(&call.actor, soql)?;
    Ok(answer::ok(
        &serde_json::json!({"plans": [plan], "sourceQuery": soql}),
    ))
}

/// Makes room behind locators for what a page leaves out.
struct Pager {
    /// Cursors opened before.
    opened: u64,
    user: SfId,
    base: String,
    expires_at: Timestamp,
    page_rows: usize,
    kept: Vec<Cursor>,
}

impl Pager {
    fn next_id(&self) -> SfId {
        let number = self.opened + self.kept.len() as u64 + 1;
        SfId::from_counter(*b"0r8", *b"Td0", number)
    }

    fn url(&self, cursor: SfId, scope: QueryScope, next: usize) -> String {
        let resource = match scope {
            QueryScope::Live => "query",
            QueryScope::All => "queryAll",
        };
        format!("{}/{resource}/{cursor}-{next}", self.base)
    }

    fn push(&mut self, id: SfId, result: QueryResult) {
        self.kept.push(Cursor {
            id,
            user: self.user,
            result,
            page_rows: self.page_rows,
            expires_at: self.expires_at,
        });
    }
}

impl Paging for Pager {
    fn rows_max(&self) -> usize {
        self.page_rows
    }

    fn keep(&mut self, children: QueryResult, next: usize) -> String {
        let id = self.next_id();
        let url = self.url(id, children.scope(), next);
        self.push(id, children);
        url
    }
}

fn page_rows(call: &Call, result: &QueryResult) -> usize {
    let most = if result.custom_long_texts() > 1 {
        LONG_TEXTS_PAGE_ROWS
    } else if result.selects_long_text() {
        LONG_TEXT_PAGE_ROWS
    } else {
        MAX_PAGE_ROWS
    };
    let asked = call.header("sforce-query-options").and_then(|options| {
        options.split(',').find_map(|option| {
            option
                .trim()
                .strip_prefix("batchSize=")?
                .trim()
                .parse()
                .ok()
        })
    });
    asked.unwrap_or(MAX_PAGE_ROWS).clamp(MIN_PAGE_ROWS, most)
}

fn get_only(call: &Call) -> Result<(), ApiError> {
    if call.method == Method::GET {
        return Ok(());
    }
    Err(ApiError::method_not_allowed(
        call.method.as_str(),
        "GET,HEAD",
    ))
}
