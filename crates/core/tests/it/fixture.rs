//! Rules, records and links to decide about, as small as they can be.

use crate::notation::field_type;
use proptest::test_runner::{Config, RngSeed};
use tandem_core::Timestamp;
use tandem_core::ids::{CrmId, CrmObject, LinkId, RecordId, UserId};
use tandem_core::link::{LinkState, RecordLink};
use tandem_core::mapping::{Direction, FieldMapping, FieldRule, PairRules, Winner};
use tandem_core::record::{CrmRecord, Look, Origin, Provenance, Revision, WorkspaceRecord};
use tandem_core::value::{Fields, Value};
use tandem_core::workspace::Kind;

/// So many seconds after an arbitrary start.
pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).expect("a time")
}

/// A both-way text field; the CRM's name is the workspace's in capitals.
pub(crate) fn rule(workspace: &str, winner: Winner) -> FieldRule {
    FieldRule {
        mapping: FieldMapping {
            workspace: workspace.into(),
            crm: workspace.to_uppercase(),
            direction: Direction::Both,
            winner,
            blank_never_erases: false,
            value_map: Default::default(),
        },
        crm_type: field_type("text"),
        workspace_type: field_type("text"),
        createable: true,
        updateable: true,
        calculated: false,
    }
}

/// People and leads.
pub(crate) fn pair(fields: Vec<FieldRule>) -> PairRules {
    PairRules {
        kind: Kind::Person,
        object: CrmObject::new("Lead"),
        version: 1,
        import: true,
        create_in_crm: true,
        external_id: None,
        fields,
    }
}

/// Values by name.
pub(crate) fn fields<const N: usize>(values: [(&str, Value); N]) -> Fields {
    values
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// Text.
pub(crate) fn text(text: &str) -> Value {
    Value::text(text)
}

/// A lead as the CRM has it, changed at second 10.
pub(crate) fn lead(fields: Fields) -> CrmRecord {
    CrmRecord {
        object: CrmObject::new("Lead"),
        id: CrmId::new("00Q1"),
        revision: Revision {
            order: 10,
            tag: "10".into(),
        },
        modified_at: at(10),
        edited_at: None,
        modified_by: None,
        deleted: false,
        successor: None,
        fields,
        observed_at: at(11),
        look: Look::default(),
    }
}

/// A person of the workspace, every field typed at second 5.
pub(crate) fn person(fields: Fields) -> WorkspaceRecord {
    let typed = Provenance {
        at: at(5),
        origin: Origin::User(UserId(1)),
    };
    let provenance = fields.keys().map(|name| (name.clone(), typed.clone()));
    WorkspaceRecord {
        id: RecordId(7),
        kind: Kind::Person,
        provenance: provenance.collect(),
        fields,
        created_at: at(0),
        updated_at: at(5),
        archived: None,
    }
}

/// A link with both sides and nothing agreed.
pub(crate) fn link() -> RecordLink {
    RecordLink {
        id: LinkId(3),
        kind: Kind::Person,
        object: CrmObject::new("Lead"),
        record: Some(RecordId(7)),
        crm: Some(CrmId::new("00Q1")),
        state: LinkState::Active,
        gone: false,
        base: Default::default(),
        revision: None,
        parked_fields: Default::default(),
        held_fields: Default::default(),
        put_back: Default::default(),
        doubted: Default::default(),
        flips: Default::default(),
        plans: Default::default(),
        parked: None,
        attempts: 0,
        version: 1,
    }
}

/// So many cases, the same on every run: what fails here fails everywhere. To explore further, choose
/// `PROPTEST_RNG_SEED` and `PROPTEST_CASES`.
pub(crate) fn cases(usual: u32) -> Config {
    let asked = Config::default();
    let (cases, rng_seed) = match asked.rng_seed {
        RngSeed::Random => (usual, RngSeed::Fixed(1)),
        chosen => (asked.cases, chosen),
    };
    Config {
        cases,
        rng_seed,
        failure_persistence: None,
        ..asked
    }
}
