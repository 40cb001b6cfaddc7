//! What a rehearsal of the first run found.

use super::value;
use crate::app::rehearsal::{CALLS_MAX, RehearsalState};
use serde::Serialize;
use std::collections::BTreeMap;
use tandem_core::rehearsal::{Act, Change, Example, ObjectRehearsal, Rehearsal};
use utoipa::ToSchema;

/// Whether a rehearsal is being made, and what the last one found.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct RehearsalStateJson {
    /// Somebody asked then, and it is not done yet.
    asked_at: Option<String>,
    /// Why the last try found nothing.
    failed: Option<String>,
    /// Most API calls that one costs.
    calls_max: u32,
    /// What the last one found.
    last: Option<RehearsalJson>,
}

/// What turning sync on would have done at that moment.
#[derive(Serialize, ToSchema)]
struct RehearsalJson {
    /// When.
    at: Option<String>,
    /// API calls that it cost.
    calls: u32,
    /// Object by object, parents before children.
    objects: Vec<ObjectRehearsalJson>,
}

/// What would happen to the records of one CRM object and their workspace records.
#[derive(Serialize, ToSchema)]
struct ObjectRehearsalJson {
    /// CRM object.
    object: String,
    /// `person`, `account` or `opportunity`.
    kind: &'static str,
    /// Records that the CRM showed.
    rows: u64,
    /// It showed all; otherwise the figures are of those that changed longest ago.
    complete: bool,
    /// Those of them that stay where they are, because the mapping does not import.
    left_there: u64,
    /// Records by what would happen to them: `link`, `choose`, `make_here`, `make_there`, `change_here`, `change_there`,
    /// `hold`, `refuse`.
    acts: BTreeMap<&'static str, u64>,
    /// Linked records by match key: `email`, `domain`, `name`.
    keys: BTreeMap<String, u64>,
    /// Values of existing records that would change in the workspace.
    values_here: u64,
    /// Values of existing records that would change in the CRM.
    values_there: u64,
    /// The first records of each act.
    examples: Vec<RehearsedJson>,
}

/// One record to which something would happen.
#[derive(Serialize, ToSchema)]
struct RehearsedJson {
    /// What; see `acts`.
    act: &'static str,
    /// Its name.
    name: String,
    /// The workspace record's number, where there is one already.
    record: Option<i64>,
    /// CRM record.
    crm_id: Option<String>,
    /// The match key that links it.
    key: Option<String>,
    /// Some of the values that would change.
    changes: Vec<RehearsedValueJson>,
}

/// A value that would change.
#[derive(Serialize, ToSchema)]
struct RehearsedValueJson {
    /// Workspace field.
    field: String,
    /// What stands there now.
    #[schema(value_type = Object)]
    before: serde_json::Value,
    /// What would stand there.
    #[schema(value_type = Object)]
    after: serde_json::Value,
}

impl From<RehearsalState> for RehearsalStateJson {
    fn from(state: RehearsalState) -> Self {
        Self {
            asked_at: state.asked_at.map(|at| at.to_string()),
            failed: state.failed,
            calls_max: CALLS_MAX,
            last: state.last.map(RehearsalJson::from),
        }
    }
}

impl From<Rehearsal> for RehearsalJson {
    fn from(found: Rehearsal) -> Self {
        let objects = found.objects.into_iter();
        Self {
            at: found.at.map(|at| at.to_string()),
            calls: found.calls,
            objects: objects.map(ObjectRehearsalJson::from).collect(),
        }
    }
}

impl From<ObjectRehearsal> for ObjectRehearsalJson {
    fn from(one: ObjectRehearsal) -> Self {
        let count = |act: &Act| (act.as_str(), one.count(*act));
        Self {
            acts: Act::ALL.iter().map(count).collect(),
            object: one.object.to_string(),
            kind: one.kind.as_str(),
            rows: one.rows,
            complete: one.complete,
            left_there: one.left_there,
            keys: one.keys,
            values_here: one.values_here,
            values_there: one.values_there,
            examples: one.examples.into_iter().map(RehearsedJson::from).collect(),
        }
    }
}

impl From<Example> for RehearsedJson {
    fn from(one: Example) -> Self {
        let changes = one.changes.into_iter();
        Self {
            act: one.act.as_str(),
            name: one.name,
            record: one.record.map(|(_, record)| record.0),
            crm_id: one.crm_id.map(|id| id.to_string()),
            key: one.key,
            changes: changes.map(RehearsedValueJson::from).collect(),
        }
    }
}

impl From<Change> for RehearsedValueJson {
    fn from(one: Change) -> Self {
        Self {
            before: value(&one.before),
            after: value(&one.after),
            field: one.field,
        }
    }
}
