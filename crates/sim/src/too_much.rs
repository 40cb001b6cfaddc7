//! What the brake is for, judged from the log alone: far more than normal never goes through without a plan.
//!
//! Only runs with a strict brake are judged. There the limit is a bare number of records, and normal is nothing.

use crate::check::{Broken, is_change};
use std::collections::{BTreeMap, BTreeSet};
use tandem_core::Timestamp;
use tandem_core::brake::{Effect, Impact, Plan, Side, hour_of};
use tandem_core::ids::LinkId;
use tandem_core::settings::SyncSettings;
use tandem_core::sync_log::{FieldChange, LogDraft, LogSource, LogStatus};

/// No more records of the workspace are overwritten within one hour than may be, unless a plan was opened.
pub(crate) fn nothing_passed<'l>(
    settings: &SyncSettings,
    plans: &[Plan],
    log: impl Iterator<Item = &'l LogDraft>,
) -> Result<(), Broken> {
    let impact = Impact {
        effect: Effect::Change,
        side: Side::Workspace,
    };
    let limit = settings.brake.limit(impact.effect);
    if limit.percent > 0 || plans.iter().any(|plan| plan.impact == impact) {
        return Ok(());
    }
    let mut by_hour: BTreeMap<Timestamp, BTreeSet<Option<LinkId>>> = BTreeMap::new();
    for entry in log.filter(|entry| overwrites(entry)) {
        let hour = by_hour.entry(hour_of(entry.at)).or_default();
        hour.insert(entry.link);
    }
    let most = by_hour.values().map(BTreeSet::len).max().unwrap_or(0);
    match most > limit.records as usize {
        true => Err(format!("{most} records were overwritten unasked")),
        false => Ok(()),
    }
}

/// An entry about a record of ours that lost a value to the CRM.
fn overwrites(entry: &LogDraft) -> bool {
    let lost = |change: &FieldChange| {
        let blank = change.before.is_blank() || change.after.is_blank();
        is_change(change.rule) && !blank && change.before != change.after
    };
    entry.status == LogStatus::Success
        && entry.source == LogSource::Crm
        && entry.changes.iter().any(lost)
}
