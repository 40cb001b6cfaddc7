//! A team with two objects and a few words to fill it, all invented.

use std::path::Path;
use tandem_core::Timestamp;
use tandem_core::connector::{Next, Watermark};
use tandem_core::ids::{CrmId, CrmObject, RecordId, ReservationId, TeamId};
use tandem_core::link::Lanes;
use tandem_core::link::{Lane, RecordLink};
use tandem_core::mapping::{Direction, FieldMapping, FieldRule, PairRules, Winner};
use tandem_core::reconcile::{Decision, RecordChange};
use tandem_core::record::{CrmRecord, Look, Origin, Revision};
use tandem_core::schema::FieldType;
use tandem_core::settings::TeamRules;
use tandem_core::store::{Claim, DecisionCommit, LinkWork, StagePage, SyncStore, WorkspaceEdit};
use tandem_core::value::{Fields, Value};
use tandem_core::workspace::Kind;
use tandem_store::sqlite::SqliteStore;

pub(super) struct World {
    pub(super) store: SqliteStore,
    pub(super) team: TeamId,
}

impl World {
    pub(super) async fn in_memory() -> Self {
        Self::of(SqliteStore::open_in_memory().unwrap()).await
    }

    pub(super) async fn open(path: &Path) -> Self {
        Self::of(SqliteStore::open(path).unwrap()).await
    }

    /// With its first team; made, if there is none.
    async fn of(store: SqliteStore) -> Self {
        let team = match store.teams().await.unwrap().first() {
            Some(team) => team.id,
            None => store.create_team("Mill", rules(), at(0)).await.unwrap().id,
        };
        Self { store, team }
    }

    /// A workspace record that nobody wants in the CRM.
    pub(super) async fn add(&self, second: i64, kind: Kind, fields: &Fields) -> RecordId {
        self.insert(second, kind, fields, None).await
    }

    /// A workspace record that is to be created in the CRM.
    pub(super) async fn create(&self, second: i64, kind: Kind, fields: &Fields) -> RecordId {
        let object = if kind == Kind::Account {
            "Account"
        } else {
            "Lead"
        };
        self.insert(second, kind, fields, Some(object)).await
    }

    async fn insert(
        &self,
        second: i64,
        kind: Kind,
        fields: &Fields,
        create_as: Option<&str>,
    ) -> RecordId {
        let edit = WorkspaceEdit {
            record: None,
            kind,
            patch: fields.clone(),
            origin: Origin::Api("test".into()),
            now: at(second),
            create_as: create_as.map(CrmObject::new),
        };
        self.store.edit_record(self.team, edit).await.unwrap()
    }

    /// A complete pull of these records.
    pub(super) async fn pull(&self, second: i64, object: &str, records: Vec<CrmRecord>) {
        let object = CrmObject::new(object);
        let progress = self.store.progress(self.team).await.unwrap();
        let known = progress.into_iter().find(|known| known.object == object);
        let page = StagePage {
            kind: if object.as_str() == "Account" {
                Kind::Account
            } else {
                Kind::Person
            },
            object,
            import: true,
            external_id: None,
            records,
            from: known.map(|known| known.position).unwrap_or_default(),
            next: Some(Next::Done(Watermark {
                order: second,
                token: second.to_string(),
            })),
            behind_seconds: std::collections::BTreeMap::new(),
            begins: false,
            settling: false,
            lane: Lane::Bulk,
            now: at(second),
            echo_guard: true,
        };
        self.store.stage(self.team, page).await.unwrap();
    }

    pub(super) async fn claim(&self, second: i64) -> Vec<LinkWork> {
        let claimed = self.store.claim_links(self.team, &claim(second)).await;
        claimed.unwrap()
    }

    /// Imports what is due: every half link from the CRM gets a record of its own.
    pub(super) async fn import(&self, second: i64, names: &[(&str, &str)]) {
        let commits = self.claim(second).await.into_iter().map(|work| {
            let crm = work.crm.as_ref().map(|crm| &crm.fields);
            let value = |theirs: &str| crm.and_then(|fields| fields.get(theirs)).cloned();
            let fields = names
                .iter()
                .filter_map(|(ours, theirs)| Some(((*ours).to_owned(), value(theirs)?)));
            let mut decision = keep(&work.link);
            if work.link.record.is_none() {
                decision.record = RecordChange::Create(fields.collect());
            }
            commit(&work, decision)
        });
        let commits: Vec<_> = commits.collect();
        self.decide(second, commits).await;
    }

    pub(super) async fn decide(&self, second: i64, commits: Vec<DecisionCommit>) {
        let expected = commits.len();
        let report = self
            .store
            .commit_decisions(self.team, commits, at(second))
            .await;
        assert_eq!(report.unwrap().committed as usize, expected);
    }
}

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_750_000_000 + second).unwrap()
}

pub(super) fn claim(second: i64) -> Claim {
    Claim {
        worker: "test".into(),
        now: at(second),
        lease_seconds: 60,
        limit: 1000,
        lanes: Lanes::All,
    }
}

pub(super) fn fields(values: &[(&str, &str)]) -> Fields {
    let value = |(name, text): &(&str, &str)| ((*name).to_owned(), Value::text(*text));
    values.iter().map(value).collect()
}

pub(super) fn crm(object: &str, id: &str, order: i64, values: &[(&str, &str)]) -> CrmRecord {
    CrmRecord {
        object: CrmObject::new(object),
        id: CrmId::new(id),
        revision: Revision {
            order,
            tag: order.to_string(),
        },
        modified_at: at(order),
        edited_at: None,
        modified_by: None,
        deleted: false,
        successor: None,
        fields: fields(values),
        observed_at: at(order),
        look: Look {
            began: ReservationId(order),
            ended: ReservationId(order),
        },
    }
}

pub(super) fn commit(work: &LinkWork, decision: Decision) -> DecisionCommit {
    DecisionCommit {
        link: work.link.id,
        version: work.link.version,
        decision,
        lane: work.lane,
        impacts: Default::default(),
    }
}

/// A decision that changes nothing.
pub(super) fn keep(link: &RecordLink) -> Decision {
    Decision::nothing(link)
}

fn rules() -> TeamRules {
    let account = pair(Kind::Account, "Account", &[("name", "Name")]);
    let lead = pair(
        Kind::Person,
        "Lead",
        &[("last_name", "LastName"), ("email", "Email")],
    );
    TeamRules {
        pairs: vec![account, lead],
        key_prefix: "test".into(),
        ..TeamRules::default()
    }
}

fn pair(kind: Kind, object: &str, fields: &[(&str, &str)]) -> PairRules {
    PairRules {
        kind,
        object: CrmObject::new(object),
        version: 1,
        import: true,
        create_in_crm: true,
        external_id: None,
        fields: fields
            .iter()
            .map(|(ours, theirs)| rule(ours, theirs))
            .collect(),
    }
}

fn rule(workspace: &str, crm: &str) -> FieldRule {
    let ty = FieldType::Text { max_chars: 255 };
    FieldRule {
        mapping: FieldMapping {
            workspace: workspace.into(),
            crm: crm.into(),
            direction: Direction::Both,
            winner: Winner::Hold,
            blank_never_erases: false,
            value_map: Default::default(),
        },
        crm_type: ty.clone(),
        workspace_type: ty,
        createable: true,
        updateable: true,
        calculated: false,
    }
}
