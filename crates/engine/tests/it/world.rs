//! A team with two objects, its engine, and short words for the steps, so that a case reads as a story.

use crate::script::{Answer, Script};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use tandem_core::Timestamp;
use tandem_core::budget::Spent;
use tandem_core::connector::{Next, OrgUsage, PulledPage, Watermark, WriteOutcome};
use tandem_core::ids::{CrmId, CrmObject, RecordId, TeamId, UserId};
use tandem_core::link::{Lane, RecordLink};
use tandem_core::mapping::{Direction, FieldMapping, FieldRule, PairRules, Winner};
use tandem_core::record::{CrmRecord, Look, Origin, Revision};
use tandem_core::schema::FieldType;
use tandem_core::settings::{ConnectionState, Guards, SyncSettings, TeamRules};
use tandem_core::store::{ObjectProgress, SyncStore, WorkspaceEdit};
use tandem_core::sync_log::LogDraft;
use tandem_core::value::{Fields, Value};
use tandem_core::watch::ObjectWatch;
use tandem_core::workspace::Kind;
use tandem_core::write::WriteIntent;
use tandem_engine::{Engine, PullOutcome, ResolveOutcome, Tick, Turn, WriteStep};
use tandem_store::memory::{MemoryStore, View};

/// The value of a future that has nothing to wait for.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("nothing here waits for anything"),
    }
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_750_000_000 + second).unwrap()
}

/// That second, with the shortest waits.
pub(crate) fn tick(second: i64) -> Tick {
    Tick {
        now: at(second),
        jitter: 0.0,
    }
}

pub(crate) fn object(name: &str) -> CrmObject {
    CrmObject::new(name)
}

pub(crate) fn fields(values: &[(&str, &str)]) -> Fields {
    let value = |(name, text): &(&str, &str)| ((*name).to_owned(), Value::text(*text));
    values.iter().map(value).collect()
}

/// A lead last changed at one second and seen at another.
pub(crate) fn lead(id: &str, changed: i64, seen: i64, values: &[(&str, &str)]) -> CrmRecord {
    CrmRecord {
        object: object("Lead"),
        id: CrmId::new(id),
        revision: Revision {
            order: changed,
            tag: changed.to_string(),
        },
        modified_at: at(changed),
        edited_at: None,
        modified_by: None,
        deleted: false,
        successor: None,
        fields: fields(values),
        observed_at: at(seen),
        look: Look::default(),
    }
}

/// A last page, with a watermark of that second behind it.
pub(crate) fn page(second: i64, records: Vec<CrmRecord>) -> PulledPage {
    PulledPage {
        records,
        next: Next::Done(Watermark {
            order: second,
            token: second.to_string(),
        }),
        behind_seconds: std::collections::BTreeMap::new(),
        begins: false,
    }
}

/// The CRM took an update and stores this.
pub(crate) fn applied(before: CrmRecord, after: CrmRecord) -> WriteOutcome {
    WriteOutcome::Applied {
        id: after.id.clone(),
        before: Some(before),
        after: Some(after),
    }
}

pub(crate) struct World {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) crm: Arc<Script>,
    pub(crate) engine: Engine,
    pub(crate) team: TeamId,
}

impl World {
    /// Accounts and leads, connected, nothing read yet.
    pub(crate) fn new() -> Self {
        Self::with(rules(None))
    }

    /// Leads can carry our key in this field.
    pub(crate) fn with_key(field: &str) -> Self {
        Self::with(rules(Some(field)))
    }

    pub(crate) fn with(rules: TeamRules) -> Self {
        let store = Arc::new(MemoryStore::new(Guards::ALL));
        let crm = Arc::new(Script::default());
        let team = store.add_team(rules);
        // The tick's own time stands, whatever this clock says.
        let clock = Arc::new(|| Timestamp::MIN);
        let engine = Engine::new(store.clone(), crm.clone(), team, "test", clock);
        let world = Self {
            store,
            crm,
            engine,
            team,
        };
        world.set_connection(ConnectionState::Connected);
        world.watch(at(100_000_000));
        world
    }

    /// One lead on both sides, agreed and read completely at that second; nothing is due.
    pub(crate) fn with_lead(second: i64) -> (Self, RecordId) {
        let world = Self::new();
        let ids = world.import(second, &["00Q1"]);
        (world, ids[0])
    }

    /// Reads leads with these ids, last changed a second before, and takes them all over.
    pub(crate) fn import(&self, second: i64, ids: &[&str]) -> Vec<RecordId> {
        let row = |id: &&str| lead(id, second - 1, second, &[("LastName", "Oak")]);
        self.read_leads(second, ids.iter().map(row).collect());
        self.crm.asked();
        self.decide(second);
        let record = |id: &&str| self.link(id).record.unwrap();
        ids.iter().map(record).collect()
    }

    /// Reads both objects: no accounts, and these leads.
    pub(crate) fn read_leads(&self, second: i64, leads: Vec<CrmRecord>) -> PullOutcome {
        let pages = vec![Ok(page(second, Vec::new())), Ok(page(second, leads))];
        self.crm.will(Answer::Pull(pages));
        let outcome = self.pull(second, &["Lead"]);
        assert_eq!(outcome.failures, []);
        outcome
    }

    pub(crate) fn pull(&self, second: i64, wanted: &[&str]) -> PullOutcome {
        let wanted: Vec<_> = wanted.iter().map(|name| object(name)).collect();
        now(self.engine.pull(tick(second), &wanted)).unwrap()
    }

    /// Reconciles until nothing is due.
    pub(crate) fn decide(&self, second: i64) {
        while now(self.engine.reconcile(tick(second))).unwrap().claimed > 0 {}
    }

    pub(crate) fn write(&self, second: i64) -> WriteStep {
        now(self.engine.write(tick(second))).unwrap()
    }

    pub(crate) fn resolve(&self, second: i64) -> ResolveOutcome {
        now(self.engine.resolve(tick(second))).unwrap()
    }

    pub(crate) fn turn(&self, second: i64) -> Turn {
        now(self.engine.turn(tick(second), &[])).unwrap()
    }

    /// A person changes the name, and it is decided what to write.
    pub(crate) fn rename(&self, second: i64, record: RecordId, name: &str) {
        self.edit(second, Some(record), name);
        self.decide(second);
    }

    /// A person adds a lead, and it is decided to create it.
    pub(crate) fn add_lead(&self, second: i64, name: &str) -> RecordId {
        let id = self.edit(second, None, name);
        self.decide(second);
        id
    }

    pub(crate) fn edit(&self, second: i64, record: Option<RecordId>, name: &str) -> RecordId {
        let edit = WorkspaceEdit {
            record,
            kind: Kind::Person,
            patch: fields(&[("last_name", name)]),
            origin: Origin::User(UserId(7)),
            now: at(second),
            create_as: record.is_none().then(|| object("Lead")),
        };
        now(self.store.edit_record(self.team, edit)).unwrap()
    }

    /// The org says how many of its hundred calls are used; it pauses at 76, without people's at 69.
    pub(crate) fn used(&self, second: i64, used: u64) {
        let (team, time) = (self.team, at(second));
        let reserved = now(self.store.reserve_calls(team, 1, Lane::Live, time)).unwrap();
        let spent = Spent {
            usage: Some(OrgUsage { used, max: 100 }),
            ..Spent::default()
        };
        let spent = self.store.spend_calls(team, reserved.unwrap(), spent, time);
        now(spent).unwrap();
    }

    /// Deletions are looked for, which most cases leave out.
    pub(crate) fn watch_from_now(&self) {
        self.watch(at(0));
    }

    fn watch(&self, not_before: Timestamp) {
        let mut known = now(self.store.watches(self.team)).unwrap();
        if known.is_empty() {
            known = ["Account", "Lead"]
                .map(|name| ObjectWatch::new(object(name)))
                .into();
        }
        for watch in known {
            let watch = ObjectWatch {
                not_before: Some(not_before),
                ..watch
            };
            assert!(now(self.store.save_watch(self.team, watch, Vec::new())).unwrap());
        }
    }

    pub(crate) fn set_connection(&self, state: ConnectionState) {
        now(self.store.set_connection_state(self.team, state, None)).unwrap();
    }

    pub(crate) fn connection(&self) -> ConnectionState {
        now(self.store.connection_state(self.team)).unwrap()
    }

    pub(crate) fn progress(&self, name: &str) -> ObjectProgress {
        let progress = now(self.store.progress(self.team)).unwrap();
        let found = progress.into_iter().find(|p| p.object == object(name));
        found.unwrap()
    }

    fn look<R>(&self, look: impl FnOnce(View<'_>) -> R) -> R {
        self.store.inspect(self.team, look).unwrap()
    }

    /// The link of a lead.
    pub(crate) fn link(&self, id: &str) -> RecordLink {
        let id = Some(CrmId::new(id));
        let found = self.look(|view| {
            view.links()
                .find(|one| one.link.crm == id)
                .map(|one| one.link.clone())
        });
        found.unwrap()
    }

    pub(crate) fn link_of(&self, record: RecordId) -> RecordLink {
        now(self.store.link_of(self.team, record)).unwrap().unwrap()
    }

    /// The workspace's name of a lead.
    pub(crate) fn name(&self, record: RecordId) -> String {
        let record = now(self.store.record(self.team, record)).unwrap().unwrap();
        record.fields["last_name"].to_string()
    }

    pub(crate) fn intents(&self) -> Vec<WriteIntent> {
        self.look(|view| view.intents().cloned().collect())
    }

    pub(crate) fn log(&self) -> Vec<LogDraft> {
        self.look(|view| view.log().iter().map(|(_, entry)| entry.clone()).collect())
    }
}

/// Accounts before leads; the one mapped field of a lead goes both ways, the newest wins.
pub(crate) fn rules(external_id: Option<&str>) -> TeamRules {
    TeamRules {
        settings: SyncSettings {
            enabled: true,
            ..SyncSettings::default()
        },
        pairs: vec![
            pair(Kind::Account, "Account", ("name", "Name"), None),
            pair(Kind::Person, "Lead", ("last_name", "LastName"), external_id),
        ],
        key_prefix: "test".into(),
    }
}

fn pair(
    kind: Kind,
    name: &str,
    (workspace, crm): (&str, &str),
    external_id: Option<&str>,
) -> PairRules {
    let ty = FieldType::Text { max_chars: 80 };
    PairRules {
        kind,
        object: object(name),
        version: 1,
        import: true,
        create_in_crm: true,
        external_id: external_id.map(str::to_owned),
        fields: vec![FieldRule {
            mapping: FieldMapping {
                workspace: workspace.into(),
                crm: crm.into(),
                direction: Direction::Both,
                winner: Winner::MostRecent,
                blank_never_erases: false,
                value_map: Default::default(),
            },
            crm_type: ty.clone(),
            workspace_type: ty,
            createable: true,
            updateable: true,
            calculated: false,
        }],
    }
}
