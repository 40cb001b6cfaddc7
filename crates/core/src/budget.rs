//! How many API calls may still be spent. Pure arithmetic over what the org says and what we spent.

use crate::connector::OrgUsage;
use crate::link::Lane;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What is known about the allowance, kept by the store.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct BudgetState {
    /// The org's own last count, with the time it was read.
    pub org: Option<(OrgUsage, Timestamp)>,
    /// Calls that we spent since that count was read.
    pub spent_since: u64,
    /// Calls reserved by requests under way.
    pub reserved: u64,
}

/// Whether `calls` may be spent in a lane: `Ok` or the reason, in an administrator's words.
///
/// Scheduled work stops at the threshold less the reserve for people; live edits may use the reserve;
/// nothing passes the threshold. Before the org told its allowance only a few calls are let through,
/// enough to ask for it.
///
/// # Errors
/// The reason why not.
pub fn may_spend(
    state: &BudgetState,
    calls: u32,
    lane: Lane,
    threshold_percent: u8,
    live_reserve_percent: u8,
) -> Result<(), String> {
    let pending = state.spent_since + state.reserved + u64::from(calls);
    let Some((org, _)) = state.org else {
        return if pending <= 50 {
            Ok(())
        } else {
            Err("the CRM has not told its API allowance yet".into())
        };
    };
    let threshold = org.max * u64::from(threshold_percent.min(100)) / 100;
    let reserve = threshold * u64::from(live_reserve_percent.min(100)) / 100;
    let limit = if lane == Lane::Live {
        threshold
    } else {
        threshold - reserve
    };
    if org.used + pending <= limit {
        return Ok(());
    }
    Err(format!(
        "{} of {} daily API calls are used; Tandem pauses at {limit} and resumes by itself",
        org.used + state.spent_since,
        org.max
    ))
}
