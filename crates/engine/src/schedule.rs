//! When each object is read. Pure.

use jiff::SignedDuration;
use tandem_core::Timestamp;
use tandem_core::budget::Pace;
use tandem_core::ids::CrmObject;
use tandem_core::settings::{SyncSettings, TeamRules};
use tandem_core::store::ObjectProgress;
use tandem_core::watch::FEED_EVERY_SECONDS;

/// When an object is due: at once while a pull is under way or if it was never read, else its
/// frequency, as many times as the pace says, after the start of the last complete pull; never before its back-off ends.
pub(crate) fn due_at(
    settings: &SyncSettings,
    object: &CrmObject,
    progress: Option<&ObjectProgress>,
    pace: Pace,
) -> Timestamp {
    let Some(progress) = progress else {
        return Timestamp::UNIX_EPOCH;
    };
    let scheduled = match progress.complete_at {
        Some(last) if progress.position.page.is_none() => {
            let seconds = i64::from(settings.frequency(object)) * i64::from(pace.factor());
            let wait = SignedDuration::from_secs(seconds);
            last.checked_add(wait).unwrap_or(last)
        }
        _ => Timestamp::UNIX_EPOCH,
    };
    progress
        .not_before
        .map_or(scheduled, |not_before| scheduled.max(not_before))
}

/// The objects to read now, those under way first. When one is due the others come along: they are
/// free, one request reads them all. `wanted` objects are due whatever their frequency.
pub fn due_objects(
    rules: &TeamRules,
    progress: &[ObjectProgress],
    wanted: &[CrmObject],
    pace: Pace,
    now: Timestamp,
    limit: usize,
) -> Vec<CrmObject> {
    let find = |object: &CrmObject| progress.iter().find(|p| p.object == *object);
    let backs_off = |object: &CrmObject| {
        find(object)
            .and_then(|p| p.not_before)
            .is_some_and(|at| at > now)
    };
    let mut ready: Vec<&CrmObject> = rules
        .pairs
        .iter()
        .map(|pair| &pair.object)
        .filter(|object| !backs_off(object))
        .collect();
    let any_due = ready.iter().any(|object| {
        wanted.contains(object) || due_at(&rules.settings, object, find(object), pace) <= now
    });
    if !any_due {
        return Vec::new();
    }
    ready.sort_by_key(|object| find(object).is_none_or(|p| p.position.page.is_none()));
    ready.into_iter().take(limit).cloned().collect()
}

/// The next time that anything is due to be read.
pub(crate) fn next_pull_at(
    rules: &TeamRules,
    progress: &[ObjectProgress],
    pace: Pace,
) -> Option<Timestamp> {
    rules
        .pairs
        .iter()
        .map(|pair| {
            let progress = progress.iter().find(|p| p.object == pair.object);
            due_at(&rules.settings, &pair.object, progress, pace)
        })
        .min()
}

/// API calls that scheduled work costs in a quiet day, the deletion feed included. Of reading one request reads up to
/// `objects_per_request` objects, and all that fit come along whenever one is due.
pub fn calls_per_day(
    settings: &SyncSettings,
    objects: &[CrmObject],
    objects_per_request: usize,
) -> u64 {
    let mut ordered: Vec<u32> = objects
        .iter()
        .map(|object| settings.frequency(object))
        .collect();
    ordered.sort_unstable();
    let reading: u64 = ordered
        .chunks(objects_per_request.max(1))
        .filter_map(|together| together.first())
        .map(|&seconds| 86_400 / u64::from(seconds.max(1)))
        .sum();
    let watching = if objects.is_empty() {
        0
    } else {
        feed_calls_per_day()
    };
    reading + watching
}

/// Of these, what the look at the deletion feed costs: one request for all objects.
pub fn feed_calls_per_day() -> u64 {
    86_400 / FEED_EVERY_SECONDS.unsigned_abs()
}
