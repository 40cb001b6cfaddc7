//! Queries and their pages.
//!
//! The rows of a query are fixed when it runs; their values are read when a page is fetched. A page has 2,000 rows, or
//! 1,000 when a long text area is selected (recorded), or what the client asks for with `batchSize`, from 200 up. The
//! rest waits behind a locator `<cursor id>-<offset>`, for the user who ran the query, for two days.

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
    soql::{QueryResult, QueryScope},
    world::{Record, SfId},
};

const MAX_PAGE_ROWS: usize = 2_000;
const MIN_PAGE_ROWS: usize = 200;
const LONG_TEXT_PAGE_ROWS: usize = 1_000;
/// Open cursors of the org; the oldest makes room for a new one.
const MAX_CURSORS: usize = 200;
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

    fn next_id(&mut self) -> SfId {
        self.opened += 1;
        SfId::from_counter(*b"0r8", *b"Td0", self.opened)
    }

    fn keep(&mut self, cursor: Cursor) {
        if self.open.len() >= MAX_CURSORS {
            self.open.pop_front();
        }
        self.open.push_back(cursor);
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

/// A page as the API writes it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Page<'w> {
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
    let soql = call
        .parameters
        .get("q")
        .filter(|soql| !soql.trim().is_empty())
        .ok_or_else(|| {
            ApiError::bad_request("MALFORMED_QUERY", "A query string has to be specified")
        })?;
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
    let object = &site.world.schema().at(result.object).name;
    if call.is_tooling() && !tooling::knows(object) {
        let message = format!("sObject type '{object}' is not supported.");
        return Err(ApiError::bad_request("INVALID_TYPE", message));
    }
    let page_rows = page_rows(call, &result);
    let rows = result.row_count();
    let id = (rows > page_rows).then(|| site.desk.cursors.next_id());
    let page = answer::ok(&render(site, call, &result, (id, 0, page_rows)));
    if let Some(id) = id {
        let expires_at = site
            .world
            .now()
            .checked_add(CURSOR_LIFE)
            .unwrap_or(Timestamp::MAX);
        site.desk.cursors.keep(Cursor {
            id,
            user: call.actor.user,
            result,
            page_rows,
            expires_at,
        });
    }
    Ok(page)
}

/// `GET /query/{locator}`.
pub(super) fn more(site: &Site<'_>, call: &Call, locator: &str) -> Result<Answer, ApiError> {
    get_only(call)?;
    let found = site
        .desk
        .cursors
        .find(locator, call.actor.user, site.world.now());
    let (cursor, offset) = found
        .ok_or_else(|| ApiError::bad_request("INVALID_QUERY_LOCATOR", "invalid query locator"))?;
    let page = render(
        site,
        call,
        &cursor.result,
        (Some(cursor.id), offset, cursor.page_rows),
    );
    Ok(answer::ok(&page))
}

/// The page that starts at an offset; the cursor id is needed for the address of the next one.
fn render<'w>(
    site: &'w Site<'_>,
    call: &Call,
    result: &'w QueryResult,
    (cursor, offset, page_rows): (Option<SfId>, usize, usize),
) -> Page<'w> {
    let end = result.row_count().min(offset.saturating_add(page_rows));
    let done = end == result.row_count();
    let resource = match result.scope {
        QueryScope::Live => "query",
        QueryScope::All => "queryAll",
    };
    let next = |id: SfId| format!("{}/{resource}/{id}-{end}", call.base());
    let next_records_url = cursor.filter(|_| !done).map(next);
    let tooling = call.is_tooling().then(|| ToolingPage {
        size: end.saturating_sub(offset),
        query_locator: next_records_url.clone(),
        entity_type_name: &site.world.schema().at(result.object).name,
    });
    Page {
        total_size: result.total_size(),
        done,
        next_records_url,
        tooling,
        records: site.world.records(result, offset..end, &call.base()),
    }
}

fn page_rows(call: &Call, result: &QueryResult) -> usize {
    let most = if result.selects_long_text() {
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
