//! The field mapping: what goes where, and who wins.

use super::rules::parents_first;
use super::{Actor, App, AppError, AppResult};
use serde::{Deserialize, Serialize};
use tandem_core::Timestamp;
use tandem_core::ids::CrmObject;
use tandem_core::mapping::{
    Direction, FieldMapping, MappingProblem, ObjectMapping, Winner, compile,
};
use tandem_core::schema::{FieldType, ObjectSchema};
use tandem_core::value::Value;
use tandem_core::value_map::{MappedValue, ValueMap};
use tandem_core::workspace::{Kind, standard_fields};
use tandem_store::admin::PublishedMapping;
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
    /// Which CRM field it is.
    #[serde(default)]
    pub crm: Option<String>,
    /// Which way it travels.
    #[schema(value_type = Option<String>)]
    pub direction: Option<Direction>,
    /// Who wins.
    #[schema(value_type = Option<String>)]
    pub winner: Option<Winner>,
    /// A blank never erases.
    pub blank_never_erases: Option<bool>,
    /// All rows of the value map; an empty list removes it.
    #[serde(default)]
    pub value_map: Option<Vec<ValueRow>>,
}

/// Which value of the CRM stands for which of the workspace.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct ValueRow {
    /// The CRM's value.
    pub crm: String,
    /// The workspace's value.
    pub workspace: String,
}

impl ValueRow {
    /// The rows of a map.
    pub fn of(map: &ValueMap) -> Vec<Self> {
        let rows = map.0.iter().map(|row| Self {
            crm: row.crm.clone(),
            workspace: row.workspace.clone(),
        });
        rows.collect()
    }
}

fn value_map(rows: &[ValueRow]) -> ValueMap {
    let rows = rows.iter().map(|row| MappedValue {
        crm: row.crm.clone(),
        workspace: row.workspace.clone(),
    });
    ValueMap(rows.collect()).trimmed()
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
    pub async fn mappings(&self, actor: &Actor) -> AppResult<Vec<MappingView>> {
        let schemas = self.schemas(actor.team).await?;
        let mut views: Vec<_> = self
            .store()
            .mappings(actor.team)
            .await?
            .into_iter()
            .map(|published| view(&published, schemas.get(&published.mapping.object)))
            .collect();
        views.sort_by_key(|view| parents_first(view.kind));
        Ok(views)
    }

    /// Publishes an edit: a new version, whose records are looked at again. Where the value map of a field is
    /// another, what was refused in it is tried: one record, then all.
    ///
    /// # Errors
    /// `Forbidden`; `NotFound`; `Conflict` if the version is not the newest; `Invalid` with the
    /// row's workspace field.
    pub async fn edit_mapping(
        &self,
        actor: &Actor,
        object: &CrmObject,
        edit: &MappingEdit,
    ) -> AppResult<Published> {
        let published = self.publish_edit(actor, object, edit).await?;
        let remapped = edit.rows.iter().filter(|row| row.value_map.is_some());
        let fields: Vec<String> = remapped.map(|row| row.workspace.clone()).collect();
        self.try_fields(actor, object, &fields).await?;
        Ok(published)
    }
}

impl App {
    /// The same, without trying anything.
    pub(super) async fn publish_edit(
        &self,
        actor: &Actor,
        object: &CrmObject,
        edit: &MappingEdit,
    ) -> AppResult<Published> {
        actor.must_be_admin()?;
        let published = self.store().mappings(actor.team).await?;
        let mapping = published
            .into_iter()
            .map(|published| published.mapping)
            .find(|mapping| mapping.object == *object)
            .ok_or_else(|| AppError::NotFound(format!("mapping of {object}")))?;
        if mapping.version != edit.version {
            return Err(outdated(object));
        }
        let schemas = self.schemas(actor.team).await?;
        let edited = apply(mapping, edit, schemas.get(object))?;
        let now = self.now();
        let published = self
            .store()
            .publish_mapping(actor.team, edited, actor.user, now)
            .await?;
        let version = published.ok_or_else(|| outdated(object))?.mapping.version;
        let problems = self.recompile(actor.team).await?;
        let summary = format!("Published version {version} of the mapping of {object}");
        self.act(actor, "mapping.published", object.as_str(), summary)
            .await?;
        let mine = problems.into_iter().filter(|(of, _)| of == object);
        Ok(Published {
            version,
            problems: mine.map(|(_, problem)| problem).collect(),
        })
    }
}

fn view(published: &PublishedMapping, schema: Option<&ObjectSchema>) -> MappingView {
    let mapping = &published.mapping;
    let ours = standard_fields(mapping.kind);
    let problems = schema.map(|schema| compile(mapping, schema).1);
    let rows = mapping.fields.iter().map(|row| {
        let theirs = schema.and_then(|schema| schema.field(&row.crm));
        let label = ours.iter().find(|field| field.name == row.workspace);
        let problem = problems.as_ref().map_or_else(
            || {
                Some(format!(
                    "{} is not visible to the connected user",
                    mapping.object
                ))
            },
            |problems| {
                let own = problems
                    .iter()
                    .find(|problem| problem.field == row.workspace);
                own.map(|problem| problem.reason.clone())
            },
        );
        MappingRow {
            mapping: row.clone(),
            workspace_label: label.map_or(&row.workspace, |field| &field.label).clone(),
            crm_label: theirs.map_or(&row.crm, |field| &field.label).clone(),
            crm_type: theirs.map(|field| field.ty.clone()),
            writable: theirs.is_some_and(|f| !f.calculated && (f.updateable || f.createable)),
            problem,
        }
    });
    MappingView {
        kind: mapping.kind,
        object: mapping.object.clone(),
        version: mapping.version,
        published_at: Some(published.published_at),
        import: mapping.import,
        create_in_crm: mapping.create_in_crm,
        rows: rows.collect(),
    }
}

/// The mapping with an edit. A row that the edit makes unusable is refused; one that was unusable
/// before is not the edit's fault.
fn apply(
    mut mapping: ObjectMapping,
    edit: &MappingEdit,
    schema: Option<&ObjectSchema>,
) -> AppResult<ObjectMapping> {
    mapping.import = edit.import.unwrap_or(mapping.import);
    mapping.create_in_crm = edit.create_in_crm.unwrap_or(mapping.create_in_crm);
    for choice in &edit.rows {
        let row = mapping
            .fields
            .iter_mut()
            .find(|row| row.workspace == choice.workspace)
            .ok_or_else(|| AppError::invalid(&choice.workspace, "this field is not mapped"))?;
        if let Some(crm) = &choice.crm {
            row.crm.clone_from(crm);
        }
        row.direction = choice.direction.unwrap_or(row.direction);
        row.winner = choice.winner.unwrap_or(row.winner);
        row.blank_never_erases = choice.blank_never_erases.unwrap_or(row.blank_never_erases);
        if let Some(rows) = &choice.value_map {
            row.value_map = value_map(rows);
            let theirs = schema.and_then(|schema| schema.field(&row.crm));
            must_be_listed(row, theirs.map(|field| &field.ty))?;
        }
    }
    let Some(schema) = schema else {
        return Ok(mapping);
    };
    let (_, problems) = compile(&mapping, schema);
    let touched =
        |problem: &MappingProblem| edit.rows.iter().any(|row| row.workspace == problem.field);
    match problems.into_iter().find(touched) {
        Some(problem) => Err(AppError::invalid(problem.field, problem.reason)),
        None => Ok(mapping),
    }
}

/// A restricted picklist refuses what it does not show: so does the map.
fn must_be_listed(row: &FieldMapping, ty: Option<&FieldType>) -> AppResult<()> {
    let Some(ty) = ty.filter(|_| row.direction.outbound()) else {
        return Ok(());
    };
    for value in row.value_map.0.iter().map(|row| Value::text(&row.crm)) {
        if let Err(unlisted) = ty.admits(&value) {
            let text = format!(
                "“{unlisted}” is not on the picklist {} of the CRM, which shows: {}",
                row.crm,
                ty.listed().join(", ")
            );
            return Err(AppError::invalid(&row.workspace, text));
        }
    }
    Ok(())
}

fn outdated(object: &CrmObject) -> AppError {
    AppError::Conflict(format!(
        "somebody else published a newer mapping of {object}; load it and edit again"
    ))
}
