//! One team whose leads have eleven mapped fields, and leads as a CRM tells them. All invented.

use crate::Outcome;
use std::path::Path;
use tandem_core::Timestamp;
use tandem_core::connector::{Next, PageToken, Watermark};
use tandem_core::ids::{CrmId, CrmObject, TeamId};
use tandem_core::link::{Lane, Lanes};
use tandem_core::mapping::{Direction, FieldMapping, FieldRule, PairRules, Winner};
use tandem_core::record::{CrmRecord, Look, Revision};
use tandem_core::schema::FieldType;
use tandem_core::settings::TeamRules;
use tandem_core::store::{Claim, PullPosition, StagePage, SyncStore};
use tandem_core::value::Value;
use tandem_core::workspace::Kind;
use tandem_store::sqlite::SqliteStore;

/// Workspace field and CRM field.
const FIELDS: [(&str, &str); 11] = [
    ("first_name", "FirstName"),
    ("last_name", "LastName"),
    ("title", "Title"),
    ("company", "Company"),
    ("email", "Email"),
    ("phone", "Phone"),
    ("website", "Website"),
    ("street", "Street"),
    ("city", "City"),
    ("country", "Country"),
    ("description", "Description"),
];

pub(crate) struct World {
    pub(crate) store: SqliteStore,
    pub(crate) team: TeamId,
    pub(crate) rules: TeamRules,
}

impl World {
    pub(crate) async fn open(path: &Path) -> Outcome<Self> {
        let store = SqliteStore::open(path)?;
        let rules = TeamRules {
            pairs: vec![leads()],
            key_prefix: "bench".into(),
            ..TeamRules::default()
        };
        let team = store.create_team("Bench", rules.clone(), at(0)).await?;
        Ok(Self {
            store,
            team: team.id,
            rules,
        })
    }

    pub(crate) fn pair(&self) -> &PairRules {
        &self.rules.pairs[0]
    }

    /// The next page of the one pull, from where it stands.
    pub(crate) async fn page(
        &self,
        leads: std::ops::Range<usize>,
        last: bool,
    ) -> Outcome<StagePage> {
        let token = leads.end.to_string();
        let progress = self.store.progress(self.team).await?;
        let from = progress.first().map(|known| known.position.clone());
        Ok(StagePage {
            object: self.pair().object.clone(),
            kind: Kind::Person,
            import: true,
            external_id: None,
            records: leads.map(lead).collect(),
            from: from.unwrap_or_else(PullPosition::default),
            next: Some(match last {
                true => Next::Done(Watermark { order: 1, token }),
                false => Next::Page(PageToken(token)),
            }),
            behind_seconds: std::collections::BTreeMap::new(),
            begins: false,
            settling: true,
            lane: Lane::Bulk,
            now: at(2),
            echo_guard: true,
        })
    }
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_750_000_000 + second).unwrap_or_default()
}

pub(crate) fn claim(second: i64, limit: usize) -> Claim {
    Claim {
        worker: "bench".into(),
        now: at(second),
        lease_seconds: 60,
        limit,
        lanes: Lanes::All,
    }
}

/// A lead that nobody else is.
pub(crate) fn lead(number: usize) -> CrmRecord {
    let value = |crm: &str| match crm {
        "Email" => format!("ada.{number}@mill-{number}.example"),
        "Description" => {
            format!("Met at stand {number}. Wants a call about the new looms. ").repeat(3)
        }
        other => format!("{other} of number {number}"),
    };
    CrmRecord {
        object: CrmObject::new("Lead"),
        id: CrmId::new(format!("00Q{number:015}")),
        revision: Revision {
            order: 1,
            tag: "1".into(),
        },
        modified_at: at(1),
        edited_at: None,
        modified_by: Some(CrmId::new("005000000000000001")),
        deleted: false,
        successor: None,
        fields: FIELDS
            .iter()
            .map(|(_, crm)| ((*crm).to_owned(), Value::text(value(crm))))
            .collect(),
        observed_at: at(2),
        look: Look::default(),
    }
}

fn leads() -> PairRules {
    PairRules {
        kind: Kind::Person,
        object: CrmObject::new("Lead"),
        version: 1,
        import: true,
        create_in_crm: true,
        external_id: None,
        fields: FIELDS
            .iter()
            .map(|(ours, theirs)| rule(ours, theirs))
            .collect(),
    }
}

fn rule(workspace: &str, crm: &str) -> FieldRule {
    let ty = FieldType::LongText { max_chars: 32_000 };
    FieldRule {
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
    }
}
