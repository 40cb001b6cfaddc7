//! How long a page of each list takes.

use crate::Outcome;
use crate::world::World;
use std::time::{Duration, Instant};
use tandem_core::store::{StoreResult, SyncStore as _};
use tandem_core::sync_log::{LogSource, LogStatus};
use tandem_core::workspace::Kind;
use tandem_store::views::{LinkStatus, LogFilter, Page, PageRequest, RecordFilter};

/// Times that each list is asked for; the one in the middle counts.
const TRIES: usize = 15;
/// Rows of a page.
const ROWS: usize = 50;
/// Pages that lie before the deep one.
const DEEP: usize = 100;

/// Measures and prints.
pub(crate) async fn measure(world: &World, listed: i64) -> Outcome<()> {
    println!("\n| list, at {listed} rows | a page of {ROWS} |\n|---|---:|");
    for (name, filter) in record_filters() {
        record_list(world, name, &filter).await?;
    }
    for (name, filter) in log_filters() {
        log_list(world, name, &filter).await?;
    }
    let incidents = median(async || world.store.incidents(world.team).await.map(drop)).await?;
    print("incidents, of as many refusals", incidents);
    let refused = median(async || world.store.refused_fields(world.team).await.map(drop)).await?;
    print("refused fields, for alerts", refused);
    let counts = median(async || world.store.counts(world.team).await.map(drop)).await?;
    print("counts of the first page", counts);
    Ok(())
}

fn record_filters() -> [(&'static str, RecordFilter); 6] {
    let search = |text: &str| RecordFilter {
        search: Some(text.into()),
        ..RecordFilter::default()
    };
    let people = RecordFilter {
        kind: Some(Kind::Person),
        ..RecordFilter::default()
    };
    let pending = RecordFilter {
        link: Some(LinkStatus::Pending),
        ..RecordFilter::default()
    };
    [
        ("records, newest", RecordFilter::default()),
        ("records of a kind", people),
        ("records on their way (none)", pending),
        ("records by a name that many have", search("number 1")),
        ("records by an address that few have", search("ada.77@")),
        ("records by a text that none has", search("nobody")),
    ]
}

fn log_filters() -> [(&'static str, LogFilter); 6] {
    let status = |source, status| LogFilter {
        source,
        status,
        ..LogFilter::default()
    };
    let text = |text: &str| LogFilter {
        text: Some(text.into()),
        ..LogFilter::default()
    };
    let (crm, failed) = (Some(LogSource::Crm), Some(LogStatus::Failed));
    [
        ("log, newest", LogFilter::default()),
        ("log of one side", status(crm, None)),
        ("log, failed (none)", status(None, failed)),
        ("log of one side, failed (none)", status(crm, failed)),
        ("log by a text that many have", text("written")),
        ("log by a text that none has", text("nobody")),
    ]
}

async fn record_list(world: &World, name: &str, filter: &RecordFilter) -> Outcome<()> {
    let ask = async |page: PageRequest| world.store.records(world.team, filter, &page).await;
    list(name, ask).await
}

async fn log_list(world: &World, name: &str, filter: &LogFilter) -> Outcome<()> {
    let ask = async |page: PageRequest| world.store.log(world.team, filter, &page).await;
    list(name, ask).await
}

/// The first page and, where there is one, a page far behind it.
async fn list<T>(
    name: &str,
    ask: impl AsyncFn(PageRequest) -> StoreResult<Page<T>>,
) -> Outcome<()> {
    let first = median(async || ask(PageRequest::first(ROWS)).await.map(drop)).await?;
    print(name, first);
    let mut page = PageRequest::first(ROWS);
    for _ in 0..DEEP {
        page.cursor = ask(page.clone()).await?.next;
        if page.cursor.is_none() {
            return Ok(());
        }
    }
    let deep = median(async || ask(page.clone()).await.map(drop)).await?;
    print(&format!("{name}, page {DEEP}"), deep);
    Ok(())
}

async fn median(ask: impl AsyncFn() -> StoreResult<()>) -> StoreResult<Duration> {
    let mut took = Vec::with_capacity(TRIES);
    for _ in 0..TRIES {
        let began = Instant::now();
        ask().await?;
        took.push(began.elapsed());
    }
    took.sort_unstable();
    Ok(took[TRIES / 2])
}

fn print(name: &str, took: Duration) {
    println!("| {name} | {:.2} ms |", took.as_secs_f64() * 1_000.0);
}
