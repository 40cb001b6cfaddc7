//! The field mapping: what goes where, and who wins.

use super::{Actor, App, AppResult};
use serde::{Deserialize, Serialize};
use tandem_core::Timestamp;
use tandem_core::ids::CrmObject;
use tandem_core::mapping::{Direction, FieldMapping, MappingProblem, Winner};
use tandem_core::schema::FieldType;
use tandem_core::workspace::Kind;
use utoipa::ToSchema;

/// One mapped field as the page shows it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct MappingRow {
    /// The row.
    pub mapping: FieldMapping,
    /// The workspace field's name on pages.
    pub workspace_label: String,
    /// The CRM field's name on the CRM's pages; its API name if it is not visible.
    pub crm_label: String,
    /// What the CRM field holds, if it is visible.
    pub crm_type: Option<FieldType>,
    /// The connected user may write it.
    pub writable: bool,
    /// Why the row does not work at present.
    pub problem: Option<String>,
}

/// The mapping of one pair.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct MappingView {
    /// The workspace side.
    pub kind: Kind,
    /// The CRM side.
    pub object: CrmObject,
    /// Grows by one with every edit.
    pub version: u32,
    /// When this version was published.
    pub published_at: Option<Timestamp>,
    /// CRM records that nobody linked yet become workspace records.
    pub import: bool,
    /// Workspace records without a link are created in the CRM as this object.
    pub create_in_crm: bool,
    /// The rows.
    pub rows: Vec<MappingRow>,
}

/// A new choice for one mapped field; what is `None` stays.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct RowChoice {
    /// Which row: the workspace field.
    pub workspace: String,
    /// Which way it travels.
    #[schema(value_type = Option<String>)]
    pub direction: Option<Direction>,
    /// Who wins.
    #[schema(value_type = Option<String>)]
    pub winner: Option<Winner>,
    /// A blank never erases.
    pub blank_never_erases: Option<bool>,
}

/// An edit of a pair's mapping.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct MappingEdit {
    /// The version that the person looked at; another one meanwhile is a `Conflict`.
    pub version: u32,
    /// See [`MappingView::import`]; `None` stays.
    pub import: Option<bool>,
    /// See [`MappingView::create_in_crm`]; `None` stays.
    pub create_in_crm: Option<bool>,
    /// The rows that change.
    pub rows: Vec<RowChoice>,
}

/// What publishing an edit did.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Published {
    /// The new version.
    pub version: u32,
    /// Rows that do not work at present.
    pub problems: Vec<MappingProblem>,
}

impl App {
    /// The team's mappings, parents before children; empty before the first connection.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn mappings(&self, _actor: &Actor) -> AppResult<Vec<MappingView>> {
        Err(self.not_ready())
    }

    /// Publishes an edit: a new version, whose records are looked at again.
    ///
    /// # Errors
    /// `Forbidden`; `NotFound`; `Conflict` if the version is not the newest; `Invalid` with the
    /// row's workspace field.
    pub async fn edit_mapping(
        &self,
        _actor: &Actor,
        _object: &CrmObject,
        _edit: &MappingEdit,
    ) -> AppResult<Published> {
        Err(self.not_ready())
    }
}
