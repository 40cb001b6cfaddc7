//! What an undo looks at, and the history of one field.

use super::world::{World, at, crm, fields};
use tandem_core::ids::{CrmId, CrmObject, LogId, RecordId, RunId};
use tandem_core::sync_log::{FieldChange, LogDraft, LogSource, LogStatus, LogType, Rule};
use tandem_core::value::Value;
use tandem_core::workspace::Kind;
use tandem_store::views::{UNDO_ENTRIES_MAX, UndoScope};

fn moved(second: i64, record: RecordId, field: &str) -> LogDraft {
    let mut entry = LogDraft::new(at(second), LogSource::Crm, LogType::Update, "moved");
    entry.record = Some((Kind::Person, record));
    entry.crm = Some((CrmObject::new("Lead"), None));
    entry.changes.push(FieldChange {
        workspace: field.into(),
        crm: "Any".into(),
        before: Value::Null,
        after: Value::text("x"),
        rule: Rule::OnlyCrmChanged,
        rejected: Value::Null,
    });
    entry
}

impl World {
    async fn tell(&self, entry: LogDraft) -> LogId {
        use tandem_core::store::SyncStore as _;
        self.store.append_log(self.team, entry).await.unwrap()
    }

    async fn person(&self, name: &str) -> RecordId {
        let fields = fields(&[("last_name", name)]);
        self.create(1, Kind::Person, &fields).await
    }

    /// The entries of each record in a scope.
    async fn scoped(&self, scope: &UndoScope) -> Vec<(RecordId, Vec<LogId>)> {
        let page = self.store.undo_page(self.team, scope, None, 10).await;
        let page = page.unwrap();
        assert_eq!((page.next, page.crowded), (None, None));
        let subjects = page.subjects.into_iter();
        subjects
            .map(|subject| {
                let entries = subject.entries.iter().map(|(id, _)| *id);
                (subject.record.id, entries.collect())
            })
            .collect()
    }
}

/// Two entries of `a`, one of `b`, and some that don't count.
async fn entries(world: &World, a: RecordId, b: RecordId) -> (LogId, LogId, LogId) {
    let first = world.tell(moved(10, a, "title")).await;
    let mut second = moved(20, a, "city");
    second.run = Some(RunId(7));
    let second = world.tell(second).await;
    let mut out = moved(20, b, "title");
    out.source = LogSource::Workspace;
    out.crm = Some((CrmObject::new("Contact"), None));
    let out = world.tell(out).await;
    let mut failed = moved(20, a, "title");
    failed.status = LogStatus::Failed;
    world.tell(failed).await;
    let mut of_nobody = moved(20, a, "title");
    of_nobody.record = None;
    world.tell(of_nobody).await;
    let mut made = moved(20, a, "title");
    made.kind = LogType::Create;
    world.tell(made).await;
    (first, second, out)
}

#[tokio::test]
async fn a_run_holds_what_it_did_and_nothing_else() {
    let world = World::in_memory().await;
    let (a, b) = (world.person("Ash").await, world.person("Beech").await);
    let (_, second, _) = entries(&world, a, b).await;
    let of_run = |run| UndoScope {
        run: Some(RunId(run)),
        ..UndoScope::default()
    };
    assert_eq!(world.scoped(&of_run(7)).await, [(a, vec![second])]);
    assert_eq!(world.scoped(&of_run(8)).await, []);
}

#[tokio::test]
async fn a_scope_holds_the_successes_that_fit_newest_first() {
    let world = World::in_memory().await;
    let (a, b) = (world.person("Ash").await, world.person("Beech").await);
    let (first, second, out) = entries(&world, a, b).await;
    let all = UndoScope::default();
    let check = async |scope: UndoScope, expected: &[(RecordId, Vec<LogId>)]| {
        assert_eq!(world.scoped(&scope).await, expected, "{scope:?}");
    };
    let both = [(a, vec![second, first]), (b, vec![out])];
    check(all.clone(), &both).await;
    for (scope, expected) in [
        (
            UndoScope {
                since: Some(at(11)),
                ..all.clone()
            },
            vec![(a, vec![second]), (b, vec![out])],
        ),
        (
            UndoScope {
                until: Some(at(20)),
                ..all.clone()
            },
            vec![(a, vec![first])],
        ),
        (
            UndoScope {
                record: Some(b),
                ..all.clone()
            },
            vec![(b, vec![out])],
        ),
        (
            UndoScope {
                record: Some(a),
                entry: Some(first),
                ..all.clone()
            },
            vec![(a, vec![first])],
        ),
        (
            UndoScope {
                source: Some(LogSource::Workspace),
                ..all.clone()
            },
            vec![(b, vec![out])],
        ),
        (
            UndoScope {
                object: Some(CrmObject::new("Lead")),
                ..all.clone()
            },
            vec![(a, vec![second, first])],
        ),
        (
            UndoScope {
                since: Some(at(21)),
                ..all
            },
            vec![],
        ),
    ] {
        check(scope, &expected).await;
    }
    let all = UndoScope::default();
    let others = world.store.undo_others(world.team, &all).await;
    assert_eq!(others.unwrap(), [(LogType::Create, 1)]);
}

#[tokio::test]
async fn records_come_by_number_and_as_they_stand() {
    let world = World::in_memory().await;
    world
        .pull(
            1,
            "Lead",
            vec![crm("Lead", "00Q1", 1, &[("LastName", "Ash")])],
        )
        .await;
    world.import(1, &[("last_name", "LastName")]).await;
    let scope = UndoScope::default();
    let ash = world
        .store
        .record_of_crm(world.team, &CrmId::new("00Q1"))
        .await
        .unwrap();
    let ash = ash.expect("linked");
    let beech = world.person("Beech").await;
    for record in [beech, ash] {
        world.tell(moved(10, record, "title")).await;
    }
    let first = world
        .store
        .undo_page(world.team, &scope, None, 1)
        .await
        .unwrap();
    assert_eq!(first.next, Some(ash));
    let subject = &first.subjects[0];
    assert_eq!(
        (subject.record.id, &subject.resolved),
        (ash, &subject.record.fields)
    );
    assert_eq!(
        subject.crm.as_ref().map(|crm| crm.id.as_str()),
        Some("00Q1")
    );
    assert_eq!(
        subject.link.as_ref().and_then(|link| link.record),
        Some(ash)
    );
    let second = world
        .store
        .undo_page(world.team, &scope, first.next, 1)
        .await
        .unwrap();
    assert_eq!((second.subjects[0].record.id, second.next), (beech, None));
}

#[tokio::test]
async fn a_record_with_too_many_entries_is_named_after_those_before_it() {
    let world = World::in_memory().await;
    let (few, many) = (world.person("Few").await, world.person("Many").await);
    world.tell(moved(1, few, "title")).await;
    for _ in 0..=UNDO_ENTRIES_MAX {
        world.tell(moved(2, many, "title")).await;
    }
    let scope = UndoScope::default();
    let first = world
        .store
        .undo_page(world.team, &scope, None, 10)
        .await
        .unwrap();
    assert_eq!(
        (first.subjects.len(), first.next, first.crowded),
        (1, Some(few), None)
    );
    let second = world
        .store
        .undo_page(world.team, &scope, first.next, 10)
        .await
        .unwrap();
    assert_eq!((second.subjects.len(), second.crowded), (0, Some(many)));
}

#[tokio::test]
async fn a_fields_history_is_its_own() {
    let world = World::in_memory().await;
    let record = world.person("Ash").await;
    let old = world.tell(moved(10, record, "title")).await;
    world.tell(moved(20, record, "city")).await;
    let new = world.tell(moved(30, record, "title")).await;
    let ids = async |limit| {
        let rows = world.store.log_of_field(world.team, record, "title", limit);
        rows.await
            .unwrap()
            .iter()
            .map(|row| row.id)
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(10).await, [new, old]);
    assert_eq!(ids(1).await, [new]);
}

#[tokio::test]
async fn a_crm_record_is_found_by_its_id_with_or_without_suffix() {
    let world = World::in_memory().await;
    let id = "00Q000000000001AAA";
    world
        .pull(1, "Lead", vec![crm("Lead", id, 1, &[("LastName", "Ash")])])
        .await;
    let find = async |id: &str| {
        let id = CrmId::new(id);
        world.store.record_of_crm(world.team, &id).await.unwrap()
    };
    assert_eq!(find(id).await, None, "a half link has no record");
    world.import(1, &[("last_name", "LastName")]).await;
    assert!(find(id).await.is_some());
    assert_eq!(find(&id[..15]).await, find(id).await);
    assert_eq!(find("00Q000000000002AAA").await, None);
}
