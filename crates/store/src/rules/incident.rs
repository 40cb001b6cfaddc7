//! What a trial does to single records, and what can be seen of it.

use tandem_core::ids::{IncidentId, LinkId, LogId};
use tandem_core::incident::{Attempt, Case, Cause, Incident, Sign, Stage, Trial};
use tandem_core::link::{Lane, RecordLink};
use tandem_core::sync_log::{LogDraft, LogSource, LogStatus, LogType};

/// An incident of which this is the first case. The store gives it its number.
pub fn new_incident(case: &Case) -> Incident {
    Incident {
        id: IncidentId(0),
        cause: case.cause.clone(),
        words: case.words.clone(),
        opened_at: case.since,
        trial: None,
        skipped_at: None,
    }
}

/// Notes that a fix is being tried on this record. `newest` is the log's newest entry.
pub fn begin_trial(incident: &mut Incident, attempt: Attempt, link: LinkId, newest: LogId) {
    incident.skipped_at = None;
    incident.trial = Some(Trial {
        fix: attempt.fix,
        by: attempt.by,
        started_at: attempt.now,
        after_log: newest,
        stage: Stage::Trying { link },
    });
}

/// Lets go of what is set aside for a cause. The record that is tried in the live lane must be able to go: what
/// else keeps it back as a whole is let go, too.
pub fn take_up(link: &mut RecordLink, cause: &Cause, lane: Lane) {
    match &cause.field {
        Some(field) => {
            link.parked_fields.remove(field);
            if lane == Lane::Live {
                link.parked = None;
            }
        }
        None => link.parked = None,
    }
    link.attempts = 0;
}

/// What can be seen of the record that is being tried: of its link if that is active, and of what was told of
/// it since the trial began.
pub fn sign(cause: &Cause, link: Option<&RecordLink>, told: &[LogDraft], at_rest: bool) -> Sign {
    let Some(link) = link else {
        return Sign {
            at_rest,
            ..Sign::default()
        };
    };
    let field = cause.field.as_ref();
    let again = field.and_then(|field| link.parked_fields.get(field));
    let whole = link.parked.as_ref().map(|parked| &parked.message);
    Sign {
        written: told.iter().any(|entry| was_written(entry, field)),
        refused: again.map(|parked| &parked.message).or(whole).cloned(),
        at_rest,
    }
}

/// Whether an entry tells that the CRM took the field, or anything of the record.
fn was_written(entry: &LogDraft, field: Option<&String>) -> bool {
    let moves = matches!(
        entry.kind,
        LogType::Create | LogType::Update | LogType::Conflict
    );
    let out = entry.source == LogSource::Workspace && entry.status == LogStatus::Success;
    let names = |field: &String| entry.changes.iter().any(|one| one.workspace == *field);
    moves && out && field.is_none_or(names)
}
