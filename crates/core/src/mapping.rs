//! Which field goes where, in which direction, and who wins.
//!
//! An administrator publishes [`ObjectMapping`]s; together with what the CRM says about its fields
//! they compile to [`PairRules`], which is all that reconcile looks at. Editing makes a new version.

use crate::ids::CrmObject;
use crate::schema::{FieldType, ObjectSchema};
use crate::value::{Misfit, Value, canonical, same};
use crate::value_map::ValueMap;
use crate::workspace::{Kind, standard_fields};
use serde::{Deserialize, Serialize};

/// Which way a field travels.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The CRM is read; the workspace follows.
    CrmToWorkspace,
    /// The workspace is read; the CRM follows.
    WorkspaceToCrm,
    /// Each side follows the other.
    Both,
}

impl Direction {
    /// Whether CRM values come into the workspace.
    pub fn inbound(self) -> bool {
        self != Self::WorkspaceToCrm
    }

    /// Whether workspace values go out to the CRM.
    pub fn outbound(self) -> bool {
        self != Self::CrmToWorkspace
    }
}

/// Who wins when both sides changed a field differently.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Winner {
    /// The CRM's value stays.
    Crm,
    /// The workspace's value stays.
    Workspace,
    /// The change made last stays; at the same second the CRM's.
    MostRecent,
    /// Neither: the field waits for a person.
    Hold,
}

/// One mapped field.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FieldMapping {
    /// Name of the workspace field.
    pub workspace: String,
    /// API name of the CRM field.
    pub crm: String,
    /// Which way it travels.
    pub direction: Direction,
    /// Who wins; looked at only where the direction is both ways.
    pub winner: Winner,
    /// A blank on one side never erases a value on the other.
    #[serde(default)]
    pub blank_never_erases: bool,
    /// Which value of one side stands for which of the other; a value that is not named is the same on both.
    #[serde(default, skip_serializing_if = "ValueMap::is_empty")]
    pub value_map: ValueMap,
}

/// The published mapping of one workspace kind and one CRM object.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ObjectMapping {
    /// The workspace side.
    pub kind: Kind,
    /// The CRM side.
    pub object: CrmObject,
    /// Grows by one with every edit.
    pub version: u32,
    /// CRM records that nobody linked yet become workspace records.
    pub import: bool,
    /// Workspace records that have no link are created in the CRM as this object.
    pub create_in_crm: bool,
    /// The mapped fields; no field of either side stands in two rows.
    pub fields: Vec<FieldMapping>,
}

/// One mapped field with what both sides say about it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FieldRule {
    /// The administrator's choice.
    #[serde(flatten)]
    pub mapping: FieldMapping,
    /// What the CRM field holds. Both sides are compared in this type: it is the one that rounds.
    pub crm_type: FieldType,
    /// What the workspace field holds.
    pub workspace_type: FieldType,
    /// The connected user may set it when creating a record.
    pub createable: bool,
    /// The connected user may change it.
    pub updateable: bool,
    /// The CRM works its value out: it changes without moving the record's revision.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub calculated: bool,
}

impl FieldRule {
    /// The workspace's value in the CRM's terms: as its type stores it, by the value map.
    ///
    /// # Errors
    /// [`Misfit`] when the CRM field's type can't hold it.
    pub fn to_crm(&self, ours: &Value) -> Result<Value, Misfit> {
        Ok(self
            .mapping
            .value_map
            .to_crm(canonical(ours, &self.crm_type)?))
    }

    /// The CRM's value in the workspace's terms, as far as the workspace field can hold it.
    pub fn to_workspace(&self, theirs: &Value) -> Value {
        let map = &self.mapping.value_map;
        let mapped = match canonical(theirs, &self.crm_type) {
            Ok(value) if !map.is_empty() => map.to_workspace(value),
            _ => theirs.clone(),
        };
        canonical(&mapped, &self.workspace_type).unwrap_or(mapped)
    }

    /// Whether both sides hold the same in the CRM field's terms, or by the value map.
    pub fn agree(&self, theirs: &Value, ours: &Value) -> bool {
        if self.mapping.value_map.is_empty() {
            return same(theirs, ours, &self.crm_type);
        }
        let out = self.to_crm(ours);
        out.is_ok_and(|out| same(theirs, &out, &self.crm_type)) || self.comes_as(theirs, ours)
    }

    /// Whether the CRM's value would come in as the workspace's.
    pub fn comes_as(&self, theirs: &Value, ours: &Value) -> bool {
        same(&self.to_workspace(theirs), ours, &self.crm_type)
    }
}

/// Everything that reconcile needs to know about one pair of kind and object.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PairRules {
    /// The workspace side.
    pub kind: Kind,
    /// The CRM side.
    pub object: CrmObject,
    /// Version of the mapping these rules were compiled from.
    pub version: u32,
    /// See [`ObjectMapping::import`].
    pub import: bool,
    /// See [`ObjectMapping::create_in_crm`].
    pub create_in_crm: bool,
    /// CRM text field that holds our key of a repeatable create, where the org has one.
    pub external_id: Option<String>,
    /// The mapped fields that the connected user can see.
    pub fields: Vec<FieldRule>,
}

impl PairRules {
    /// The CRM fields to read, whenever a record is read: every mapped one, and the one that may hold
    /// our key. Always the same, so that what a record lacks was not visible.
    pub fn crm_fields(&self) -> Vec<String> {
        let mapped = self.fields.iter().map(|rule| rule.mapping.crm.clone());
        let mut fields: Vec<String> = mapped.collect();
        let key = self.external_id.clone();
        fields.extend(key.filter(|key| self.by_crm(key).is_none()));
        fields
    }

    /// Whether values come in that change without moving their record's revision.
    pub fn has_calculated(&self) -> bool {
        let mut rules = self.fields.iter();
        rules.any(|rule| rule.calculated && rule.mapping.direction.inbound())
    }

    /// The rule of a workspace field.
    pub fn by_workspace(&self, field: &str) -> Option<&FieldRule> {
        self.fields
            .iter()
            .find(|rule| rule.mapping.workspace == field)
    }

    /// The rule of a CRM field.
    pub fn by_crm(&self, field: &str) -> Option<&FieldRule> {
        self.fields.iter().find(|rule| rule.mapping.crm == field)
    }
}

/// Why a row of a mapping can't be published, in an administrator's words.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error, Serialize)]
#[error("{field}: {reason}")]
pub struct MappingProblem {
    /// The row, by its workspace field.
    pub field: String,
    /// What is wrong and the way out.
    pub reason: String,
}

/// Name of the CRM field that, where an administrator made it, holds our key of a create.
///
/// It must be a text field marked as an external id. An org without it still gets creates that can
/// be repeated safely, by an intent and a probe, at the price of one more call after a lost answer.
pub const EXTERNAL_ID_FIELDS: [&str; 2] = ["TandemId__c", "ExtId__c"];

/// Compiles a mapping against what the connected user sees of the CRM object.
///
/// Rows whose CRM field is not visible are left out and reported: an invisible field is never read
/// as an empty one.
pub fn compile(mapping: &ObjectMapping, schema: &ObjectSchema) -> (PairRules, Vec<MappingProblem>) {
    let workspace = standard_fields(mapping.kind);
    let mut problems = Vec::new();
    let mut fields: Vec<FieldRule> = Vec::new();
    for row in &mapping.fields {
        let taken = fields
            .iter()
            .any(|rule| rule.mapping.workspace == row.workspace || rule.mapping.crm == row.crm);
        let checked = if taken {
            Err("the field is mapped twice; keep one row".to_owned())
        } else {
            compile_row(row, &workspace, schema)
        };
        match checked {
            Ok(rule) => fields.push(rule),
            Err(reason) => {
                problems.push(MappingProblem {
                    field: row.workspace.clone(),
                    reason,
                });
            }
        }
    }
    let external_id = EXTERNAL_ID_FIELDS
        .iter()
        .find(|name| {
            schema
                .field(name)
                .is_some_and(|f| f.external_id && f.createable && is_text(&f.ty))
        })
        .map(|name| (*name).to_owned());
    let rules = PairRules {
        kind: mapping.kind,
        object: mapping.object.clone(),
        version: mapping.version,
        import: mapping.import,
        create_in_crm: mapping.create_in_crm,
        external_id,
        fields,
    };
    (rules, problems)
}

fn is_text(ty: &FieldType) -> bool {
    matches!(ty, FieldType::Text { .. })
}

fn compile_row(
    row: &FieldMapping,
    workspace: &[crate::workspace::WorkspaceField],
    schema: &ObjectSchema,
) -> Result<FieldRule, String> {
    let ours = workspace
        .iter()
        .find(|field| field.name == row.workspace)
        .ok_or_else(|| "the workspace has no such field".to_owned())?;
    let theirs = schema.field(&row.crm).ok_or_else(|| {
        format!(
            "{}.{} does not exist or the connected user may not read it; grant read access or unmap it",
            schema.name, row.crm
        )
    })?;
    let writable = theirs.updateable || theirs.createable;
    if row.direction.outbound() && (theirs.calculated || !writable) {
        return Err(format!(
            "{}.{} can't be written by the connected user; map it CRM → workspace or grant edit access",
            schema.name, row.crm
        ));
    }
    if row.direction.inbound() {
        must_fit(&theirs.ty, &ours.ty)?;
    }
    if row.direction.outbound() {
        must_fit(&ours.ty, &theirs.ty)?;
    }
    row.value_map.check(row.direction, &theirs.ty)?;
    Ok(FieldRule {
        mapping: row.clone(),
        crm_type: theirs.ty.clone(),
        workspace_type: ours.ty.clone(),
        createable: theirs.createable,
        updateable: theirs.updateable,
        calculated: theirs.calculated,
    })
}

fn must_fit(from: &FieldType, into: &FieldType) -> Result<(), String> {
    if fits(from, into) {
        return Ok(());
    }
    Err(format!(
        "a field of type {} can't hold one of type {}",
        into.label(),
        from.label()
    ))
}

fn fits(from: &FieldType, into: &FieldType) -> bool {
    use FieldType as T;
    match into {
        T::Text { .. }
        | T::LongText { .. }
        | T::Picklist { .. }
        | T::Email { .. }
        | T::Phone { .. }
        | T::Url { .. } => !matches!(from, T::Reference { .. }),
        T::Number { .. } | T::Currency { .. } | T::Percent { .. } => {
            matches!(
                from,
                T::Number { .. } | T::Currency { .. } | T::Percent { .. }
            )
        }
        T::MultiPicklist { .. } => matches!(from, T::MultiPicklist { .. } | T::Picklist { .. }),
        T::Reference { to } => matches!(from, T::Reference { to: theirs }
            if theirs.iter().any(|object| to.contains(object))),
        T::Date | T::DateTime | T::Checkbox => from == into,
    }
}
