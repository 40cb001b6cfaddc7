//! What pages list.

use super::log::entry;
use super::world::{World, at, commit, crm, fields, keep};
use tandem_core::budget::Spent;
use tandem_core::connector::OrgUsage;
use tandem_core::error::ErrorClass;
use tandem_core::ids::{CrmId, CrmObject, LinkId, RecordId};
use tandem_core::link::{HeldField, Lane, LinkState, ParkedField};
use tandem_core::store::{StoreError, SyncStore};
use tandem_core::sync_log::LogStatus;
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

/// The links that wait for the incidents of a class.
async fn set_aside(world: &World, class: ErrorClass) -> Vec<LinkId> {
    let mut links = Vec::new();
    for standing in world.store.incidents(world.team).await.unwrap() {
        let incident = standing.incident;
        if incident.cause.class == class {
            let page = PageRequest::first(10);
            let page = world
                .store
                .links_of_incident(world.team, incident.id, &page)
                .await;
            links.extend(page.unwrap().rows.iter().map(|row| row.link.id));
        }
    }
    links
}

fn too_long() -> ParkedField {
    ParkedField {
        value: Value::text("1"),
        class: ErrorClass::TooLong,
        message: "too long".into(),
        since: at(4),
        workspace: None,
        unsent: false,
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
        archived: false,
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
    let parked = set_aside(&world, ErrorClass::TooLong).await;
    assert_eq!(parked.len(), 1);
    let refused = world.store.refused_fields(world.team).await.unwrap();
    let refused = refused.iter().map(|one| (one.class, one.records));
    assert!(refused.eq([(ErrorClass::TooLong, 1)]));
    assert!(set_aside(&world, ErrorClass::Refused).await.is_empty());

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

#[tokio::test]
async fn an_entry_can_be_tried_again_while_something_of_its_link_is_set_aside() {
    let world = World::in_memory().await;
    five_records(&world).await;
    let parked = set_aside(&world, ErrorClass::TooLong).await;
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
        let spent = Spent {
            calls,
            lost: 0,
            usage: Some(usage),
        };
        world
            .store
            .spend_calls(world.team, id.unwrap().unwrap(), spent, when)
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
