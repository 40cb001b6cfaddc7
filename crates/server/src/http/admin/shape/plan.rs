//! A plan of the brake.

use super::value;
use crate::app::plans::{PlanPage, PlannedLine};
use serde::Serialize;
use tandem_core::brake::{Plan, PlanState};
use utoipa::ToSchema;

/// Decisions that wait for a person, because they would touch far more records than normal.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct PlanJson {
    /// Its number.
    id: i64,
    /// What it would do: `delete`, `unlink`, `blank`, `owner` or `change`.
    effect: &'static str,
    /// The side that it would be done to: `crm` or `workspace`.
    side: &'static str,
    /// `open`, `approved`, `kept` or `dissolved`.
    state: &'static str,
    /// When the first record was held.
    opened_at: String,
    /// When it was decided, or dissolved by itself; null while it is open.
    decided_at: Option<String>,
    /// The user who decided; null for the operator at the command line.
    decided_by: Option<i64>,
    /// Records that passed before, within two hours.
    allowed: u64,
    /// Records that wait in it now.
    records: u64,
}

/// A plan with some of its records.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct PlanPageJson {
    /// The plan.
    plan: PlanJson,
    /// Its records.
    records: Vec<PlannedJson>,
    /// `after` of the next page; null on the last one.
    next: Option<i64>,
}

/// A record that waits in a plan.
#[derive(Serialize, ToSchema)]
struct PlannedJson {
    /// The number of its link.
    link: i64,
    /// What people call it.
    name: String,
    /// `person`, `account` or `opportunity`; null without a workspace record.
    kind: Option<&'static str>,
    /// The number of the workspace record.
    record: Option<i64>,
    /// The CRM's object.
    object: String,
    /// The id of the CRM record.
    crm: Option<String>,
    /// Values that would change; none where the record as a whole is meant.
    changes: Vec<ChangeJson>,
}

/// One value that would change.
#[derive(Serialize, ToSchema)]
struct ChangeJson {
    /// The workspace's name of the field.
    field: String,
    /// What stands there, on the side that is acted on.
    before: serde_json::Value,
    /// What would stand there.
    after: serde_json::Value,
}

impl From<Plan> for PlanJson {
    fn from(plan: Plan) -> Self {
        let (at, by) = match plan.state {
            PlanState::Open => (None, None),
            PlanState::Approved { by, at } | PlanState::Kept { by, at } => (Some(at), by),
            PlanState::Dissolved { at } => (Some(at), None),
        };
        Self {
            id: plan.id.0,
            effect: plan.impact.effect.as_str(),
            side: plan.impact.side.as_str(),
            state: plan.state.as_str(),
            opened_at: plan.opened_at.to_string(),
            decided_at: at.map(|at| at.to_string()),
            decided_by: by.map(|user| user.0),
            allowed: plan.allowed,
            records: plan.records,
        }
    }
}

impl From<PlanPage> for PlanPageJson {
    fn from(page: PlanPage) -> Self {
        Self {
            plan: page.plan.into(),
            records: page.lines.into_iter().map(PlannedJson::from).collect(),
            next: page.next.map(|link| link.0),
        }
    }
}

impl From<PlannedLine> for PlannedJson {
    fn from(line: PlannedLine) -> Self {
        let planned = line.planned;
        let changes = planned.changes.into_iter().map(|change| ChangeJson {
            before: value(&change.before),
            after: value(&change.after),
            field: change.field,
        });
        Self {
            link: planned.link.0,
            name: line.name,
            kind: planned.record.map(|(kind, _)| kind.as_str()),
            record: planned.record.map(|(_, id)| id.0),
            object: planned.object.0,
            crm: planned.crm.map(|id| id.0),
            changes: changes.collect(),
        }
    }
}
