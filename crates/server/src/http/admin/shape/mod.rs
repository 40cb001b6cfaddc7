//! What the API shows, apart from how it is kept: plain JSON with a described form, so that the inside
//! can change without breaking programs.

mod agreement;
mod alert;
mod incident;
mod log;
mod mapping;
mod plan;
mod record;
mod rehearsal;
mod sync;
mod undo;

pub(super) use agreement::AgreementJson;
pub(super) use alert::AlertJson;
pub(super) use incident::{IncidentJson, WaitingJson};
pub(super) use log::LogJson;
pub(super) use mapping::MappingJson;
pub(super) use plan::{PlanJson, PlanPageJson};
pub(super) use record::{RecordJson, RecordRowJson};
pub(super) use rehearsal::RehearsalStateJson;
pub(super) use sync::OverviewJson;
pub(super) use undo::{UndoJson, WhyJson};

use serde::Serialize;
use tandem_core::connector::CrmUser;
use tandem_core::value::Value;
use tandem_store::admin::AuditRow;
use tandem_store::views::Page;
use utoipa::ToSchema;

/// Some rows of a list.
#[derive(Serialize, ToSchema)]
pub(super) struct PageJson<T> {
    /// The rows.
    pub(super) rows: Vec<T>,
    /// `cursor` of the next page; null on the last one.
    pub(super) next: Option<String>,
}

impl<T> PageJson<T> {
    /// A page of the store, row by row.
    pub(super) fn of<U: Into<T>>(page: Page<U>) -> Self {
        Self {
            rows: page.rows.into_iter().map(Into::into).collect(),
            next: page.next,
        }
    }
}

/// A value as JSON has it. Numbers stay text, because they are exact decimals; so do references.
pub(super) fn value(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(flag) => (*flag).into(),
        Value::Choices(choices) => choices.iter().cloned().collect(),
        other => other.to_string().into(),
    }
}

/// A user of the CRM.
#[derive(Serialize, ToSchema)]
pub(super) struct CrmUserJson {
    /// Its id.
    id: String,
    /// Its name.
    name: String,
    /// Its address.
    email: String,
    /// May own records.
    active: bool,
}

impl From<CrmUser> for CrmUserJson {
    fn from(user: CrmUser) -> Self {
        Self {
            id: user.id.0,
            name: user.name,
            email: user.email,
            active: user.active,
        }
    }
}

/// One act of a person.
#[derive(Serialize, ToSchema)]
pub(super) struct AuditJson {
    /// Its number.
    id: i64,
    /// When.
    at: String,
    /// The user who did it; null for the operator at the command line.
    user: Option<i64>,
    /// A stable name, such as `sync.enabled`.
    action: String,
    /// What it was done to.
    subject: String,
    /// One sentence.
    summary: String,
}

impl From<AuditRow> for AuditJson {
    fn from(row: AuditRow) -> Self {
        let entry = row.entry;
        Self {
            id: row.id,
            at: entry.at.to_string(),
            user: entry.by.map(|user| user.0),
            action: entry.action,
            subject: entry.subject,
            summary: entry.summary,
        }
    }
}
