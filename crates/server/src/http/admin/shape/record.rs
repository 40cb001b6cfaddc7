//! A workspace record.

use super::value;
use crate::app::records::{FieldView, RecordDetail};
use serde::Serialize;
use std::collections::BTreeMap;
use tandem_core::record::Origin;
use tandem_store::views::RecordRow;
use utoipa::ToSchema;

/// One record of a list.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct RecordRowJson {
    /// Its number.
    id: i64,
    /// Its kind.
    kind: &'static str,
    /// Its name.
    name: String,
    /// Values by field name; blank ones are left out.
    fields: BTreeMap<String, serde_json::Value>,
    /// How its link stands.
    link: &'static str,
    /// The CRM object that it is linked to.
    object: Option<String>,
    /// The CRM record's id.
    crm_id: Option<String>,
    /// When it last changed.
    updated_at: String,
}

impl From<RecordRow> for RecordRowJson {
    fn from(row: RecordRow) -> Self {
        let link = row.link;
        Self {
            id: row.id.0,
            kind: row.kind.as_str(),
            name: row.name,
            fields: row
                .fields
                .iter()
                .filter(|(_, field)| !field.is_null())
                .map(|(name, field)| (name.clone(), value(field)))
                .collect(),
            link: link
                .as_ref()
                .map_or("not_linked", |link| link.status.as_str()),
            object: link.as_ref().map(|link| link.object.0.clone()),
            crm_id: link.and_then(|link| link.crm).map(|id| id.0),
            updated_at: row.updated_at.to_string(),
        }
    }
}

/// One record with both sides of every field.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct RecordJson {
    /// Its number.
    id: i64,
    /// Its kind.
    kind: &'static str,
    /// Its name.
    name: String,
    /// How its link stands.
    link: &'static str,
    /// The CRM object that it is linked to.
    object: Option<String>,
    /// The CRM record's id.
    crm_id: Option<String>,
    /// The CRM record's page.
    crm_url: Option<String>,
    /// Why the whole record is set aside, if it is.
    set_aside: Option<String>,
    /// A write is waiting or under way.
    writing: bool,
    /// Its fields in the order of pages.
    fields: Vec<FieldJson>,
}

/// One field.
#[derive(Serialize, ToSchema)]
struct FieldJson {
    /// Workspace field.
    name: String,
    /// Its name on pages.
    label: String,
    /// What it holds.
    r#type: &'static str,
    /// Our value.
    workspace: serde_json::Value,
    /// The CRM's value as last read.
    crm: serde_json::Value,
    /// When our value was set.
    changed_at: Option<String>,
    /// By whom: `user 3`, `crm`, or a program's name.
    changed_by: Option<String>,
    /// Why the CRM refused it.
    refused: Option<String>,
    /// Both sides changed it: the CRM's value that a decision must name.
    held_crm: Option<String>,
    /// Why it can't be edited here.
    locked: Option<String>,
}

impl From<RecordDetail> for RecordJson {
    fn from(detail: RecordDetail) -> Self {
        let page = detail.page;
        let link = page.link.as_ref();
        let set_aside = link.and_then(|link| link.parked.as_ref());
        Self {
            id: page.record.id.0,
            kind: page.record.kind.as_str(),
            link: page.status.as_str(),
            object: link.map(|link| link.object.0.clone()),
            crm_id: link
                .and_then(|link| link.crm.as_ref())
                .map(|id| id.0.clone()),
            crm_url: detail.crm_url,
            set_aside: set_aside
                .map(|parked| format!("{}: {}", parked.class.title(), parked.message)),
            writing: page.intent.is_some(),
            fields: detail.fields.into_iter().map(FieldJson::from).collect(),
            name: page.name,
        }
    }
}

impl From<FieldView> for FieldJson {
    fn from(field: FieldView) -> Self {
        let origin = |origin: &Origin| match origin {
            Origin::User(user) => format!("user {user}"),
            Origin::Api(program) => program.clone(),
            Origin::Crm => "crm".into(),
            Origin::Undo(_) => "undo".into(),
        };
        Self {
            r#type: field.ty.label(),
            workspace: value(&field.workspace),
            crm: field.crm.as_ref().map_or(serde_json::Value::Null, value),
            changed_at: field.provenance.as_ref().map(|p| p.at.to_string()),
            changed_by: field.provenance.as_ref().map(|p| origin(&p.origin)),
            refused: field
                .parked
                .map(|p| format!("{}: {}", p.class.title(), p.message)),
            held_crm: field.held.map(|held| held.crm.to_string()),
            name: field.name,
            label: field.label,
            locked: field.locked,
        }
    }
}
