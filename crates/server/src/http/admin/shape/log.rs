//! An entry of the sync log.

use super::value;
use crate::app::log::LogEntryDetail;
use serde::Serialize;
use tandem_core::sync_log::FieldChange;
use tandem_store::views::LogRow;
use utoipa::ToSchema;

/// One entry: what was done, why, and what it cost.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct LogJson {
    /// Its number.
    id: i64,
    /// When.
    at: String,
    /// `crm`, `workspace` or `tandem`.
    source: &'static str,
    /// `create`, `update`, `link`, `unlink`, `conflict`, `held` or `system`.
    r#type: &'static str,
    /// `success`, `failed` or `waiting`.
    status: &'static str,
    /// One sentence.
    summary: String,
    /// The workspace record.
    record: Option<RecordRef>,
    /// The CRM object.
    object: Option<String>,
    /// The CRM record's id.
    crm_id: Option<String>,
    /// The CRM record's page; only on a single entry.
    crm_url: Option<String>,
    /// The user who caused it.
    user: Option<i64>,
    /// The run that it belongs to: what the sync did from waking up to rest, or one undo.
    run: Option<i64>,
    /// Field by field.
    changes: Vec<ChangeJson>,
    /// What went wrong.
    error: Option<ErrorJson>,
    /// API calls that it cost, as its share of the request.
    api_calls: f64,
    /// Trying again makes sense.
    retryable: bool,
}

/// A workspace record.
#[derive(Serialize, ToSchema)]
struct RecordRef {
    /// `person`, `account` or `opportunity`.
    kind: &'static str,
    /// Its number.
    id: i64,
    /// Its name.
    name: Option<String>,
}

/// One field of an entry.
#[derive(Serialize, ToSchema)]
struct ChangeJson {
    /// Workspace field.
    workspace: String,
    /// CRM field.
    crm: String,
    /// The value before, on the side that was acted on.
    before: serde_json::Value,
    /// The value after.
    after: serde_json::Value,
    /// The rule that decided.
    rule: &'static str,
    /// The value that lost, if one did.
    rejected: serde_json::Value,
}

/// What went wrong.
#[derive(Serialize, ToSchema)]
struct ErrorJson {
    /// Its class: the code of its help page.
    class: &'static str,
    /// What it means.
    title: &'static str,
    /// What to do.
    hint: &'static str,
    /// The CRM's code.
    code: String,
    /// The CRM's words.
    message: String,
    /// CRM fields that it names.
    fields: Vec<String>,
}

impl From<LogEntryDetail> for LogJson {
    fn from(detail: LogEntryDetail) -> Self {
        Self {
            crm_url: detail.crm_url,
            ..Self::from(detail.row)
        }
    }
}

impl From<LogRow> for LogJson {
    fn from(row: LogRow) -> Self {
        let entry = row.entry;
        let (object, crm_id) = entry.crm.unzip();
        Self {
            id: row.id.0,
            at: entry.at.to_string(),
            source: entry.source.as_str(),
            r#type: entry.kind.as_str(),
            status: entry.status.as_str(),
            summary: entry.summary,
            record: entry.record.map(|(kind, id)| RecordRef {
                kind: kind.as_str(),
                id: id.0,
                name: row.record_name,
            }),
            object: object.map(|object| object.0),
            crm_id: crm_id.flatten().map(|id| id.0),
            crm_url: None,
            user: entry.by.map(|user| user.0),
            run: entry.run.map(|run| run.0),
            changes: entry.changes.iter().map(ChangeJson::from).collect(),
            error: entry.error.map(|error| ErrorJson {
                class: error.class.code(),
                title: error.class.title(),
                hint: error.class.hint(),
                code: error.code,
                message: error.message,
                fields: error.fields,
            }),
            api_calls: f64::from(entry.calls_hundredths) / 100.0,
            retryable: row.retryable,
        }
    }
}

impl From<&FieldChange> for ChangeJson {
    fn from(change: &FieldChange) -> Self {
        Self {
            workspace: change.workspace.clone(),
            crm: change.crm.clone(),
            before: value(&change.before),
            after: value(&change.after),
            rule: change.rule.as_str(),
            rejected: value(&change.rejected),
        }
    }
}
