//! A mapping.

use crate::app::mapping::{MappingRow, MappingView, ValueRow};
use serde::Serialize;
use tandem_core::mapping::{Direction, Winner};
use utoipa::ToSchema;

/// The mapping of one pair of workspace kind and CRM object.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct MappingJson {
    /// The workspace side.
    kind: &'static str,
    /// The CRM side.
    object: String,
    /// Give it back with an edit.
    version: u32,
    /// When this version was published.
    published_at: Option<String>,
    /// CRM records that nobody linked yet become workspace records.
    import: bool,
    /// Workspace records may be created in the CRM as this object.
    create_in_crm: bool,
    /// The mapped fields.
    rows: Vec<RowJson>,
}

/// One mapped field.
#[derive(Serialize, ToSchema)]
struct RowJson {
    /// Workspace field.
    workspace: String,
    /// CRM field.
    crm: String,
    /// Which way it travels.
    #[schema(value_type = String)]
    direction: Direction,
    /// Who wins, if it travels both ways.
    #[schema(value_type = String)]
    winner: Winner,
    /// A blank never erases.
    blank_never_erases: bool,
    /// Which value of one side stands for which of the other; others are the same on both.
    value_map: Vec<ValueRow>,
    /// What the CRM field holds.
    crm_type: Option<&'static str>,
    /// The values that the CRM's picklist offers.
    crm_values: Vec<String>,
    /// The connected user may write it.
    writable: bool,
    /// Why it does not work at present.
    problem: Option<String>,
}

impl From<MappingView> for MappingJson {
    fn from(view: MappingView) -> Self {
        Self {
            kind: view.kind.as_str(),
            object: view.object.0,
            version: view.version,
            published_at: view.published_at.map(|at| at.to_string()),
            import: view.import,
            create_in_crm: view.create_in_crm,
            rows: view.rows.into_iter().map(RowJson::from).collect(),
        }
    }
}

impl From<MappingRow> for RowJson {
    fn from(row: MappingRow) -> Self {
        Self {
            workspace: row.mapping.workspace,
            crm: row.mapping.crm,
            direction: row.mapping.direction,
            winner: row.mapping.winner,
            blank_never_erases: row.mapping.blank_never_erases,
            value_map: ValueRow::of(&row.mapping.value_map),
            crm_values: row
                .crm_type
                .as_ref()
                .map(|ty| ty.listed().to_vec())
                .unwrap_or_default(),
            crm_type: row.crm_type.map(|ty| ty.label()),
            writable: row.writable,
            problem: row.problem,
        }
    }
}
