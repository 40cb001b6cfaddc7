//! An incident, and a record that waits for it.

use crate::app::incidents::IncidentView;
use serde::Serialize;
use tandem_core::incident::{Stage, Trial};
use tandem_store::views::LinkRow;
use utoipa::ToSchema;

/// Failures with one cause.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct IncidentJson {
    /// Its number.
    id: i64,
    /// One line: what is refused.
    title: String,
    /// The CRM object.
    object: String,
    /// The workspace field; null: the record as a whole.
    field: Option<String>,
    /// The mapped CRM field.
    crm_field: Option<String>,
    /// The code of the reason's help page, such as `too-long`.
    class: &'static str,
    /// What exactly is refused, where the reason alone doesn't say: a picklist's value, a rule's words.
    thing: String,
    /// The CRM's words about one of the records.
    words: String,
    /// What to do.
    hint: &'static str,
    /// Records that wait.
    records: u64,
    /// Since when the first of them waits.
    since: Option<String>,
    /// Left alone since then.
    skipped_at: Option<String>,
    /// What can be done, the most likely first.
    fixes: Vec<FixJson>,
    /// The values that the CRM's picklist offers.
    crm_values: Vec<String>,
    /// What was tried last.
    trial: Option<TrialJson>,
}

/// Something that can be done.
#[derive(Serialize, ToSchema)]
struct FixJson {
    /// Its name.
    fix: &'static str,
    /// What to do, for an administrator.
    advice: &'static str,
}

/// A fix on its way.
#[derive(Serialize, ToSchema)]
struct TrialJson {
    /// What was done.
    fix: String,
    /// When.
    started_at: String,
    /// `trying`, `releasing`, `released`, `refused` or `unproven`.
    stage: &'static str,
    /// Records that were taken up.
    released: u64,
    /// The CRM's words, where the record that was tried was refused again.
    words: Option<String>,
}

/// A record that waits.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct WaitingJson {
    /// Its name.
    name: String,
    /// The workspace's kind.
    kind: &'static str,
    /// The workspace record.
    record: Option<i64>,
    /// The CRM record.
    crm: Option<String>,
}

impl From<IncidentView> for IncidentJson {
    fn from(view: IncidentView) -> Self {
        let title = view.title();
        let incident = view.standing.incident;
        let class = incident.cause.class;
        let fixes = view.fixes.iter().map(|fix| FixJson {
            fix: fix.as_str(),
            advice: fix.advice(class),
        });
        Self {
            id: incident.id.0,
            title,
            object: incident.cause.object.0,
            field: incident.cause.field,
            crm_field: view.crm_field,
            class: class.code(),
            thing: incident.cause.thing,
            words: incident.words,
            hint: class.hint(),
            records: view.standing.records,
            since: view.standing.since.map(|at| at.to_string()),
            skipped_at: incident.skipped_at.map(|at| at.to_string()),
            fixes: fixes.collect(),
            crm_values: view.crm_values,
            trial: incident.trial.map(TrialJson::from),
        }
    }
}

impl From<Trial> for TrialJson {
    fn from(trial: Trial) -> Self {
        let (stage, released, words) = match trial.stage {
            Stage::Trying { .. } => ("trying", 0, None),
            Stage::Releasing { released, .. } => ("releasing", released, None),
            Stage::Released { released, .. } => ("released", released, None),
            Stage::Refused { words, .. } => ("refused", 0, Some(words)),
            Stage::Unproven { .. } => ("unproven", 0, None),
        };
        Self {
            fix: trial.fix,
            started_at: trial.started_at.to_string(),
            stage,
            released,
            words,
        }
    }
}

impl From<LinkRow> for WaitingJson {
    fn from(row: LinkRow) -> Self {
        Self {
            name: row.name,
            kind: row.link.kind.as_str(),
            record: row.link.record.map(|id| id.0),
            crm: row.link.crm.map(|id| id.0),
        }
    }
}
