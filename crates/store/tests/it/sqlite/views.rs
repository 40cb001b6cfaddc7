//! What pages list.

use super::world::{World, at, commit, crm, fields, keep};
use tandem_core::connector::OrgUsage;
use tandem_core::error::ErrorClass;
use tandem_core::ids::{CrmId, CrmObject, LinkId, RecordId};
use tandem_core::link::{HeldField, Lane, LinkState, ParkedField};
use tandem_core::store::{StoreError, SyncStore};
use tandem_core::sync_log::{LogDraft, LogError, LogSource, LogStatus, LogType};
use tandem_core::value::{Reference, Value};
use tandem_core::workspace::Kind;
use tandem_store::views::{
    LinkFilter, LinkStatus, LogFilter, PageRequest, RecordFilter, RecordRow,
};

async fn names(world: &World, filter: &RecordFilter) -> Vec<String> {
    let page = world
        .store
        .records(world.team, filter, &PageRequest::first(100))
        .await;
    page.unwrap()
        .rows
        .into_iter()
        .map(|row: RecordRow| row.name)
        .collect()
}

/// Three accounts from the CRM: one at peace, one with a refused field, one with a held one. A person
/// of ours that waits for its create, and one without a link.
async fn five_records(world: &World) {
    let pulled = ["Amber Mill", "Birch 100%", "Cedar_Works"];
    let records = (1..)
        .zip(pulled)
        .map(|(order, name)| crm("Account", &format!("00{order}"), order, &[("Name", name)]));
    world.pull(1, "Account", records.collect()).await;
    world.import(2, &[("name", "Name")]).await;
    world
        .pull(
            3,
            "Account",
            vec![
                crm(
                    "Account",
                    "002",
                    12,
                    &[("Name", "Birch 100%"), ("Phone", "1")],
                ),
                crm(
                    "Account",
                    "003",
                    13,
                    &[("Name", "Cedar_Works"), ("Phone", "1")],
                ),
            ],
        )
        .await;
    let mut commits = Vec::new();
    for work in world.claim(4).await {
        let mut decision = keep(&work.link);
        if work.link.crm == Some(CrmId::new("002")) {
            decision
                .link
                .parked_fields
                .insert("phone".into(), too_long());
        } else {
            decision.link.held_fields.insert("phone".into(), held());
        }
        commits.push(commit(&work, decision));
    }
    world.decide(4, commits).await;
    let person = fields(&[
        ("first_name", "Dana"),
        ("last_name", "Elm"),
        ("email", "d@elm.example"),
    ]);
    world.create(5, Kind::Person, &person).await;
    world
        .add(6, Kind::Person, &fields(&[("email", "Fir@Grove.example")]))
        .await;
}

fn too_long() -> ParkedField {
    ParkedField {
        value: Value::text("1"),
        class: ErrorClass::TooLong,
        message: "too long".into(),
        since: at(4),
    }
}

fn held() -> HeldField {
    HeldField {
        crm: Value::text("1"),
        workspace: Value::Null,
        since: at(4),
    }
}

#[tokio::test]
async fn records_are_filtered_by_kind_text_and_link() {
    let world = World::in_memory().await;
    five_records(&world).await;
    let by = |kind, search: &str, link| RecordFilter {
        kind,
        search: (!search.is_empty()).then(|| search.to_owned()),
        link,
    };
    let status = |link| by(None, "", Some(link));
    for (filter, expected) in [
        (
            by(Some(Kind::Person), "", None),
            vec!["Fir@Grove.example", "Dana Elm"],
        ),
        (by(None, "dana elm", None), vec!["Dana Elm"]),
        (by(None, "GROVE", None), vec!["Fir@Grove.example"]),
        (by(None, "100%", None), vec!["Birch 100%"]),
        (by(None, "r_w", None), vec!["Cedar_Works"]),
        (by(None, "amber_mill", None), vec![]),
        (by(None, "a%l", None), vec![]),
        (by(Some(Kind::Account), "elm", None), vec![]),
        (status(LinkStatus::Linked), vec!["Amber Mill"]),
        (status(LinkStatus::Refused), vec!["Birch 100%"]),
        (status(LinkStatus::Held), vec!["Cedar_Works"]),
        (status(LinkStatus::Pending), vec!["Dana Elm"]),
        (status(LinkStatus::NotLinked), vec!["Fir@Grove.example"]),
        (status(LinkStatus::Unlinked), vec![]),
    ] {
        assert_eq!(names(&world, &filter).await, expected, "{filter:?}");
    }
}

#[tokio::test]
async fn pages_neither_repeat_nor_leave_out_whatever_comes_between() {
    let world = World::in_memory().await;
    for number in 0..7 {
        let name = format!("Mill {number}");
        world
            .add(number / 3, Kind::Account, &fields(&[("name", &name)]))
            .await;
    }
    let filter = RecordFilter::default();
    let mut page = PageRequest::first(2);
    let mut seen = Vec::new();
    loop {
        let found = world
            .store
            .records(world.team, &filter, &page)
            .await
            .unwrap();
        seen.extend(found.rows.into_iter().map(|row| row.name));
        world
            .add(100, Kind::Account, &fields(&[("name", "Newcomer")]))
            .await;
        match found.next {
            Some(next) => page.cursor = Some(next),
            None => break,
        }
    }
    let expected: Vec<String> = (0..7)
        .rev()
        .map(|number| format!("Mill {number}"))
        .collect();
    assert_eq!(seen, expected);
    let foreign = PageRequest::after("no cursor", 2);
    let error = world
        .store
        .records(world.team, &filter, &foreign)
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::NotFound(_)), "{error}");
}

#[tokio::test]
async fn counts_and_causes_add_up() {
    let world = World::in_memory().await;
    five_records(&world).await;
    let counts = world.store.counts(world.team).await.unwrap();
    let people = counts
        .kinds
        .iter()
        .find(|counts| counts.kind == Kind::Person)
        .unwrap();
    assert_eq!(people.records, 2);
    let expected = [(LinkStatus::Pending, 1), (LinkStatus::NotLinked, 1)];
    assert_eq!(people.by_status, expected.into());
    let accounts = &counts.objects[0];
    assert_eq!(accounts.object, CrmObject::new("Account"));
    let expected = [
        (LinkStatus::Held, 1),
        (LinkStatus::Refused, 1),
        (LinkStatus::Linked, 1),
    ];
    assert_eq!(accounts.by_status, expected.into());
    assert_eq!((accounts.due, counts.objects[1].due), (0, 1));

    let causes = world.store.causes(world.team).await.unwrap();
    assert_eq!(causes.len(), 1);
    assert_eq!(
        (causes[0].class, causes[0].links, causes[0].since),
        (ErrorClass::TooLong, 1, at(4))
    );
    let of_cause = |class| world.store.links_of_cause(world.team, class, 10);
    let parked = of_cause(ErrorClass::TooLong).await.unwrap();
    assert_eq!(parked.len(), 1);
    assert!(of_cause(ErrorClass::Refused).await.unwrap().is_empty());

    let filter = LinkFilter {
        cause: Some(ErrorClass::TooLong),
        ..LinkFilter::default()
    };
    let links = world
        .store
        .links(world.team, &filter, &PageRequest::first(10))
        .await
        .unwrap();
    let found: Vec<_> = links
        .rows
        .iter()
        .map(|row| (row.link.id, row.name.as_str()))
        .collect();
    assert_eq!(found, [(parked[0], "Birch 100%")]);
    world
        .store
        .retry_links(world.team, &parked, at(9))
        .await
        .unwrap();
    assert!(world.store.causes(world.team).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_ambiguous_crm_record_is_listed_though_it_has_no_workspace_record() {
    let world = World::in_memory().await;
    world
        .pull(
            1,
            "Lead",
            vec![crm("Lead", "00Q", 1, &[("LastName", "Elm")])],
        )
        .await;
    let work = world.claim(2).await.remove(0);
    let mut decision = keep(&work.link);
    decision.link.state = LinkState::Ambiguous;
    world.decide(2, vec![commit(&work, decision)]).await;
    let filter = LinkFilter {
        status: Some(LinkStatus::Held),
        object: Some(CrmObject::new("Lead")),
        cause: None,
    };
    let links = world
        .store
        .links(world.team, &filter, &PageRequest::first(10))
        .await
        .unwrap();
    assert_eq!(links.rows.len(), 1);
    assert_eq!(links.rows[0].name, "00Q");
}

fn entry(second: i64, status: LogStatus, summary: &str) -> LogDraft {
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
async fn an_entry_can_be_tried_again_while_something_of_its_link_is_set_aside() {
    let world = World::in_memory().await;
    five_records(&world).await;
    let parked = world
        .store
        .links_of_cause(world.team, ErrorClass::TooLong, 1)
        .await
        .unwrap();
    let mut failed = entry(10, LogStatus::Failed, "Refused");
    failed.link = Some(parked[0]);
    let id = world.store.append_log(world.team, failed).await.unwrap();
    let row = world
        .store
        .log_entry(world.team, id)
        .await
        .unwrap()
        .unwrap();
    assert!(row.retryable);
    world
        .store
        .retry_links(world.team, &parked, at(11))
        .await
        .unwrap();
    let row = world
        .store
        .log_entry(world.team, id)
        .await
        .unwrap()
        .unwrap();
    assert!(!row.retryable);
}

#[tokio::test]
async fn a_records_page_shows_both_sides_and_names_what_they_refer_to() {
    let world = World::in_memory().await;
    five_records(&world).await;
    let filter = RecordFilter {
        search: Some("birch".into()),
        ..RecordFilter::default()
    };
    let rows = world
        .store
        .records(world.team, &filter, &PageRequest::first(1))
        .await
        .unwrap();
    let birch = rows.rows[0].id;
    let mut person = fields(&[("last_name", "Elm")]);
    let to = |id| Value::Reference(Reference::Workspace(Kind::Account, id));
    person.insert("account".into(), to(birch));
    person.insert("owner".into(), Value::crm_ref("005"));
    person.insert("website".into(), Value::crm_ref("001"));
    person.insert("title".into(), to(RecordId(999)));
    let id = world.add(20, Kind::Person, &person).await;
    let user = tandem_core::connector::CrmUser {
        id: CrmId::new("005"),
        name: "Robin Oak".into(),
        email: "r@oak.example".into(),
        active: true,
    };
    world
        .store
        .replace_crm_users(world.team, vec![user])
        .await
        .unwrap();

    let page = world
        .store
        .record_page(world.team, id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((page.status, page.due_at), (LinkStatus::NotLinked, None));
    let name_of = |field: &str| {
        let text = person[field].to_string();
        page.names.get(&text).map(|known| known.name.as_str())
    };
    assert_eq!(name_of("account"), Some("Birch 100%"));
    assert_eq!(name_of("owner"), Some("Robin Oak"));
    assert_eq!(name_of("website"), Some("Amber Mill"));
    assert_eq!(name_of("title"), None);

    let page = world
        .store
        .record_page(world.team, birch)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(page.status, LinkStatus::Refused);
    assert_eq!(page.crm.unwrap().fields["Phone"], Value::text("1"));
    let nobody = world
        .store
        .record_page(world.team, RecordId(999))
        .await
        .unwrap();
    assert_eq!(nobody, None);
}

#[tokio::test]
async fn calls_are_counted_by_the_hour() {
    let world = World::in_memory().await;
    let now = at(100_000);
    for (ago_seconds, calls) in [(0, 2), (10, 1), (3_600, 5), (86_400 * 2, 50)] {
        let when = at(100_000 - ago_seconds);
        let id = world
            .store
            .reserve_calls(world.team, calls, Lane::Live, when)
            .await;
        let usage = OrgUsage {
            used: 100,
            max: 1_000,
        };
        world
            .store
            .spend_calls(world.team, id.unwrap().unwrap(), calls, Some(usage), when)
            .await
            .unwrap();
    }
    let usage = world.store.api_usage(world.team, now).await.unwrap();
    assert_eq!(usage.hours.len(), 25);
    assert_eq!(usage.spent, 8);
    assert!(usage.hours[24].hour <= now);
    assert_eq!(usage.budget.org.map(|(usage, _)| usage.max), Some(1_000));
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

#[tokio::test]
async fn teams_do_not_see_each_other() {
    let world = World::in_memory().await;
    five_records(&world).await;
    world
        .store
        .append_log(world.team, entry(1, LogStatus::Success, "Ours"))
        .await
        .unwrap();
    let rules = world.store.rules(world.team).await.unwrap();
    let theirs = world
        .store
        .create_team("Theirs", rules, at(0))
        .await
        .unwrap()
        .id;
    let page = PageRequest::first(10);
    let records = world
        .store
        .records(theirs, &RecordFilter::default(), &page)
        .await
        .unwrap();
    let links = world
        .store
        .links(theirs, &LinkFilter::default(), &page)
        .await
        .unwrap();
    let log = world
        .store
        .log(theirs, &LogFilter::default(), &page)
        .await
        .unwrap();
    assert_eq!(
        (records.rows.len(), links.rows.len(), log.rows.len()),
        (0, 0, 0)
    );
    let first = world
        .store
        .records(world.team, &RecordFilter::default(), &page)
        .await
        .unwrap();
    let id = first.rows[0].id;
    assert_eq!(world.store.record_page(theirs, id).await.unwrap(), None);
    assert_eq!(world.store.record(theirs, id).await.unwrap(), None);
}
