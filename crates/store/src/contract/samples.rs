//! Invented rules, records and decisions for the cases.

use tandem_core::Timestamp;
use tandem_core::connector::WriteOp;
use tandem_core::error::ErrorClass;
use tandem_core::ids::{CrmId, CrmObject, RecordId, ReservationId, UserId};
use tandem_core::link::{HeldField, ParkedField, ParkedLink, RecordLink};
use tandem_core::mapping::{Direction, FieldMapping, FieldRule, PairRules, Winner};
use tandem_core::reconcile::Decision;
use tandem_core::record::{CrmRecord, Look, Origin, Revision};
use tandem_core::schema::FieldType;
use tandem_core::settings::TeamRules;
use tandem_core::sync_log::{LogDraft, LogSource, LogType, Rule};
use tandem_core::value::{Fields, Reference, Value};
use tandem_core::workspace::Kind;
use tandem_core::write::{IntentField, WriteDraft};

/// The CRM field that may hold our key, on every object.
pub(super) const KEY_FIELD: &str = "TandemId__c";

/// Seconds after the moment at which every case begins.
pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_750_000_000 + second).expect("a case lasts hours, not ages")
}

pub(super) fn object(name: &str) -> CrmObject {
    CrmObject::new(name)
}

/// A person of the workspace's users.
pub(super) fn user() -> Origin {
    Origin::User(UserId(7))
}

/// Accounts before leads before opportunities.
pub(super) fn rules() -> TeamRules {
    TeamRules {
        pairs: vec![
            pair(
                Kind::Account,
                "Account",
                &[("name", "Name"), ("website", "Website"), ("phone", "Phone")],
            ),
            pair(
                Kind::Person,
                "Lead",
                &[
                    ("last_name", "LastName"),
                    ("email", "Email"),
                    ("phone", "Phone"),
                ],
            ),
            pair(
                Kind::Person,
                "Contact",
                &[
                    ("last_name", "LastName"),
                    ("email", "Email"),
                    ("account", "AccountId"),
                ],
            ),
            pair(
                Kind::Opportunity,
                "Opportunity",
                &[("name", "Name"), ("account", "AccountId")],
            ),
        ],
        key_prefix: "contract".into(),
        ..TeamRules::default()
    }
}

fn pair(kind: Kind, name: &str, fields: &[(&str, &str)]) -> PairRules {
    PairRules {
        kind,
        object: object(name),
        version: 1,
        import: true,
        create_in_crm: true,
        external_id: Some(KEY_FIELD.into()),
        fields: fields
            .iter()
            .map(|(ours, theirs)| rule(ours, theirs))
            .collect(),
    }
}

fn rule(workspace: &str, crm: &str) -> FieldRule {
    let ty = match workspace {
        "account" => FieldType::Reference {
            to: vec![object("Account")],
        },
        _ => FieldType::Text { max_chars: 255 },
    };
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

pub(super) fn fields(values: &[(&str, &str)]) -> Fields {
    let value = |(name, text): &(&str, &str)| ((*name).to_owned(), Value::text(*text));
    values.iter().map(value).collect()
}

/// A workspace field that refers to an account of ours.
pub(super) fn account_field(id: RecordId) -> Fields {
    let reference = Value::Reference(Reference::Workspace(Kind::Account, id));
    [("account".to_owned(), reference)].into()
}

/// A CRM record of version `order`, seen at that second, too.
pub(super) fn crm(name: &str, id: &str, order: i64, values: &[(&str, &str)]) -> CrmRecord {
    CrmRecord {
        object: object(name),
        id: CrmId::new(id),
        revision: Revision {
            order,
            tag: format!("v{order}"),
        },
        modified_at: at(order),
        edited_at: None,
        modified_by: None,
        deleted: false,
        successor: None,
        fields: fields(values),
        observed_at: at(order),
        look: look(order),
    }
}

/// A short look, as the only one in that second.
pub(super) fn look(second: i64) -> Look {
    let began = ReservationId(second);
    Look {
        began,
        ended: began,
    }
}

pub(super) fn seen(second: i64, record: CrmRecord) -> CrmRecord {
    CrmRecord {
        observed_at: at(second),
        look: look(second),
        ..record
    }
}

pub(super) fn deleted(record: CrmRecord) -> CrmRecord {
    CrmRecord {
        deleted: true,
        successor: None,
        ..record
    }
}

/// A decision that changes nothing.
pub(super) fn keep(link: &RecordLink) -> Decision {
    Decision::nothing(link)
}

/// An entry that says nothing about what it is about.
pub(super) fn entry(summary: &str) -> LogDraft {
    LogDraft::new(at(0), LogSource::Crm, LogType::Update, summary)
}

/// Sends one field of an existing record.
pub(super) fn update(id: &str, field: &str, value: &str) -> WriteDraft {
    draft(WriteOp::Update { id: CrmId::new(id) }, field, value)
}

/// Creates a record, with our key where one is given.
pub(super) fn create(key: Option<&str>, field: &str, value: &str) -> WriteDraft {
    let key = key.map(|key| (KEY_FIELD.to_owned(), key.to_owned()));
    draft(WriteOp::Create { key }, field, value)
}

fn draft(op: WriteOp, field: &str, value: &str) -> WriteDraft {
    WriteDraft {
        op,
        fields: vec![IntentField {
            workspace: field.into(),
            crm: field.into(),
            value: Value::text(value),
            workspace_value: Value::text(value),
            expected: Value::Null,
            doubted: Vec::new(),
            changed_at: None,
            rule: Rule::OnlyWorkspaceChanged,
            rejected: Value::Null,
        }],
        lock_key: None,
        unmodified_since: None,
    }
}

pub(super) fn parked_link() -> ParkedLink {
    ParkedLink {
        class: ErrorClass::ValidationRule,
        message: "the amount is missing".into(),
        since: at(0),
        log: None,
    }
}

pub(super) fn parked_field(value: &str) -> ParkedField {
    ParkedField {
        value: Value::text(value),
        class: ErrorClass::TooLong,
        message: "too long".into(),
        since: at(0),
        workspace: None,
        unsent: false,
    }
}

pub(super) fn held_field(crm: &str, workspace: &str) -> HeldField {
    HeldField {
        crm: Value::text(crm),
        workspace: Value::text(workspace),
        since: at(0),
    }
}
