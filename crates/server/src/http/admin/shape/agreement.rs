//! The comparison of both sides.

use super::value;
use serde::Serialize;
use std::collections::BTreeMap;
use tandem_core::agreement::{Agreement, Difference, Standing};
use utoipa::ToSchema;

/// What comparing both sides found.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct AgreementJson {
    /// When.
    at: Option<String>,
    /// Linked records with both sides.
    pairs: u64,
    /// Those of them where nothing is on its way, held, refused or unexplained.
    agreed: u64,
    /// Records that only one side has, though both should.
    one_sided: u64,
    /// Links that were taken apart.
    unlinked: u64,
    /// Mapped fields by how they stand: `same`, `by_rule`, `waiting`, `held`, `refused`, `unexplained`.
    fields: BTreeMap<&'static str, u64>,
    /// The first differences that no rule wants, at most 100 of each standing.
    differences: Vec<DifferenceJson>,
}

/// One field that differs, or a record that one side lacks.
#[derive(Serialize, ToSchema)]
struct DifferenceJson {
    /// `person`, `account` or `opportunity`; null where there is no workspace record.
    kind: Option<&'static str>,
    /// The record's number.
    record: Option<i64>,
    /// Its name.
    name: String,
    /// CRM object.
    object: String,
    /// CRM record.
    crm_id: Option<String>,
    /// Workspace field; null: the whole record is on one side only.
    field: Option<String>,
    /// What the CRM holds.
    #[schema(value_type = Object)]
    crm: serde_json::Value,
    /// What the workspace holds.
    #[schema(value_type = Object)]
    workspace: serde_json::Value,
    /// `waiting`, `held`, `refused` or `unexplained`.
    standing: &'static str,
}

impl From<Agreement> for AgreementJson {
    fn from(found: Agreement) -> Self {
        let count = |standing: &Standing| (standing.as_str(), found.count(*standing));
        Self {
            at: found.at.map(|at| at.to_string()),
            pairs: found.pairs,
            agreed: found.agreed,
            one_sided: found.one_sided,
            unlinked: found.unlinked,
            fields: Standing::ALL.iter().map(count).collect(),
            differences: found.named.into_iter().map(DifferenceJson::from).collect(),
        }
    }
}

impl From<Difference> for DifferenceJson {
    fn from(one: Difference) -> Self {
        Self {
            kind: one.record.map(|(kind, _)| kind.as_str()),
            record: one.record.map(|(_, record)| record.0),
            name: one.name,
            object: one.object.to_string(),
            crm_id: one.crm_id.map(|id| id.to_string()),
            field: one.field,
            crm: value(&one.crm),
            workspace: value(&one.workspace),
            standing: one.standing.as_str(),
        }
    }
}
