//! The sync log as people look through it.

use super::world::{World, at, fields};
use tandem_core::error::ErrorClass;
use tandem_core::ids::{CrmObject, LinkId, RecordId, RunId};
use tandem_core::store::SyncStore;
use tandem_core::sync_log::{LogDraft, LogError, LogSource, LogStatus, LogType};
use tandem_core::workspace::Kind;
use tandem_store::views::{LogFilter, PageRequest};

pub(super) fn entry(second: i64, status: LogStatus, summary: &str) -> LogDraft {
    let mut entry = LogDraft::new(at(second), LogSource::Crm, LogType::Update, summary);
    entry.status = status;
    entry
}

/// At 10, 20 and 30; the second is about this person and their link.
async fn three_entries(world: &World) -> (RecordId, LinkId) {
    let name = fields(&[("last_name", "Elm")]);
    let record = world.create(1, Kind::Person, &name).await;
    let link = world.store.link_of(world.team, record).await.unwrap();
    let link = link.unwrap().id;
    let mut first = entry(10, LogStatus::Success, "Set the phone");
    first.crm = Some((CrmObject::new("Lead"), None));
    let mut second = entry(20, LogStatus::Failed, "Could not write");
    second.source = LogSource::Workspace;
    second.link = Some(link);
    second.run = Some(RunId(7));
    second.record = Some((Kind::Person, record));
    second.error = Some(LogError {
        class: ErrorClass::TooLong,
        code: "STRING_TOO_LONG".into(),
        message: "Phone: data value too large".into(),
        fields: vec!["Phone".into()],
    });
    let mut third = entry(30, LogStatus::Success, "Connected");
    third.kind = LogType::System;
    for entry in [first, second, third] {
        world.store.append_log(world.team, entry).await.unwrap();
    }
    (record, link)
}

/// Expects these entries, by their times.
async fn check(world: &World, filter: LogFilter, expected: &[i64]) {
    let page = PageRequest::first(10);
    let found = world.store.log(world.team, &filter, &page).await.unwrap();
    let found: Vec<_> = found.rows.iter().map(|row| row.entry.at).collect();
    let expected: Vec<_> = expected.iter().map(|second| at(*second)).collect();
    assert_eq!(found, expected, "{filter:?}");
}

macro_rules! filter {
    ($($field:ident: $value:expr),*) => {
        LogFilter { $($field: Some($value),)* ..LogFilter::default() }
    };
}

#[tokio::test]
async fn the_log_is_filtered_by_everything_it_says() {
    let world = World::in_memory().await;
    let (record, link) = three_entries(&world).await;
    let lead = CrmObject::new("Lead");
    check(&world, filter!(), &[30, 20, 10]).await;
    check(&world, filter!(source: LogSource::Workspace), &[20]).await;
    check(&world, filter!(kind: LogType::System), &[30]).await;
    check(&world, filter!(status: LogStatus::Success), &[30, 10]).await;
    check(&world, filter!(object: lead.clone()), &[10]).await;
    check(&world, filter!(record: record), &[20]).await;
    check(&world, filter!(link: link), &[20]).await;
    check(&world, filter!(error_class: ErrorClass::TooLong), &[20]).await;
    check(&world, filter!(run: RunId(7)), &[20]).await;
    check(&world, filter!(run: RunId(8)), &[]).await;
    check(&world, filter!(since: at(20)), &[30, 20]).await;
    check(&world, filter!(until: at(20)), &[10]).await;
    let both = filter!(object: lead, status: LogStatus::Failed);
    check(&world, both, &[]).await;
}

#[tokio::test]
async fn the_log_is_searched_by_text_as_it_stands() {
    let world = World::in_memory().await;
    three_entries(&world).await;
    for (text, expected) in [
        ("PHONE", &[20, 10][..]),
        ("string_too", &[20]),
        ("elm", &[20]),
        ("string%long", &[]),
        ("set_the", &[]),
    ] {
        check(&world, filter!(text: text.to_owned()), expected).await;
    }
}

#[tokio::test]
async fn throughput_tells_sides_and_failures_apart() {
    let world = World::in_memory().await;
    let mut ours = entry(100_000, LogStatus::Success, "Sent");
    ours.source = LogSource::Workspace;
    for entry in [
        ours,
        entry(100_000, LogStatus::Success, "Taken"),
        entry(100_000, LogStatus::Failed, "Refused"),
        entry(0, LogStatus::Success, "Long ago"),
    ] {
        world.store.append_log(world.team, entry).await.unwrap();
    }
    let hours = world
        .store
        .throughput(world.team, at(100_000))
        .await
        .unwrap();
    assert_eq!(hours.len(), 25);
    let sums = hours.iter().fold((0, 0, 0), |sums, hour| {
        (
            sums.0 + hour.from_crm,
            sums.1 + hour.from_workspace,
            sums.2 + hour.failed,
        )
    });
    assert_eq!(sums, (1, 1, 1));
}
