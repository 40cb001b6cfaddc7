//! How far an object was read, and how a page or a failure moves it.

use tandem_core::Timestamp;
use tandem_core::connector::{Next, Watermark};
use tandem_core::coverage::Coverage;
use tandem_core::horizon::Horizon;
use tandem_core::ids::{CrmId, CrmObject};
use tandem_core::mapping::PairRules;
use tandem_core::store::{ObjectProgress, PullPosition, StagePage};

/// Progress of an object that nobody has read yet.
pub fn never_read(object: CrmObject) -> ObjectProgress {
    ObjectProgress {
        object,
        position: PullPosition::default(),
        complete_at: None,
        started_at: None,
        not_before: None,
        attempts: 0,
        rows: 0,
        horizon: Horizon::default(),
        coverage: Coverage::default(),
    }
}

/// Moves progress past a page. `false` if the page was asked from somewhere else: somebody moved on
/// in between, and progress stays where it is. A watermark never goes back.
pub fn advance(progress: &mut ObjectProgress, page: &StagePage) -> bool {
    let Some(next) = page
        .next
        .as_ref()
        .filter(|_| progress.position == page.from)
    else {
        return false;
    };
    let first = page.from.page.is_none();
    let before = progress.started_at.filter(|_| !first && !page.begins);
    let began = before.unwrap_or(page.now);
    let rows_before = if first { 0 } else { progress.rows };
    progress.rows = rows_before + page.records.len() as u64;
    progress.attempts = 0;
    progress.not_before = None;
    if page.from.watermark.is_none() {
        if first {
            progress.coverage = Coverage::default();
        }
        progress.coverage.add(&page.records);
    }
    if first {
        progress.horizon.begin(page.settling, page.now);
    }
    match next {
        Next::Page(token) => {
            progress.position.page = Some(token.clone());
            progress.started_at = Some(began);
        }
        Next::Done(watermark) => {
            let known = progress.position.watermark.take();
            progress.position = PullPosition {
                round: page.from.round,
                watermark: Some(later(known, watermark)),
                page: None,
            };
            progress.complete_at = Some(began);
            progress.started_at = None;
            progress.horizon.complete(progress.rows, began);
        }
    }
    true
}

/// How late a record of a page came, in seconds: not at all, unless it is news that the pull before went
/// past. Another content under a stamp that was seen is no late row: the record changed without one.
pub fn late_seconds(page: &StagePage, id: &CrmId, stamped_anew: bool) -> u32 {
    let behind = page.behind_seconds.get(id).filter(|_| stamped_anew);
    behind.copied().unwrap_or(0)
}

/// Notes a failed read; where the pull stands does not change.
pub fn note_failure(progress: &mut ObjectProgress, not_before: Timestamp) {
    progress.attempts = progress.attempts.saturating_add(1);
    progress.not_before = Some(not_before);
}

/// Gives up a pull that stands at `from`. `false` if it stands elsewhere or none is under way.
pub fn drop_page(progress: &mut ObjectProgress, from: &PullPosition) -> bool {
    if progress.position != *from || from.page.is_none() {
        return false;
    }
    progress.position.page = None;
    progress.started_at = None;
    progress.rows = 0;
    true
}

/// Forgets where the pull stands, so that everything is read again, at once. A back-off that the CRM
/// asked for is not forgotten.
pub fn forget_position(progress: &mut ObjectProgress) {
    progress.position = PullPosition {
        round: progress.position.round.saturating_add(1),
        ..PullPosition::default()
    };
    progress.complete_at = None;
    progress.started_at = None;
    progress.rows = 0;
}

/// Whether more of an object shall come in under its new rules than under the old ones: then what was
/// read so far is not enough, because rows come again only when they change. A field that holds another kind
/// of value now was not readable as what it is.
pub fn wants_more(old: Option<&PairRules>, new: &PairRules) -> bool {
    let Some(old) = old else {
        return true;
    };
    let known = old.crm_fields();
    let more_fields = new.crm_fields().iter().any(|field| !known.contains(field));
    let retyped = new.fields.iter().any(|rule| {
        let known = old.by_crm(&rule.mapping.crm);
        known.is_some_and(|known| !known.crm_type.is_like(&rule.crm_type))
    });
    more_fields || retyped || (new.import && !old.import)
}

fn later(known: Option<Watermark>, new: &Watermark) -> Watermark {
    known
        .filter(|known| known.order > new.order)
        .unwrap_or_else(|| new.clone())
}
