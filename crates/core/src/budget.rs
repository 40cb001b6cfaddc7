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
    /// When the org was last asked for its count and nothing else.
    pub asked_at: Option<Timestamp>,
}

/// How old a refusal's evidence may be, in seconds. The org's count falls as its 24-hour window moves on,
/// but while sync pauses no answer brings it; so after this long it is asked for, with one call.
pub const ASK_AFTER_SECONDS: i64 = 900;

/// Whether one call may be spent, whatever the budget says, to ask the org for its count: what is
/// known of it is old, and nobody asked meanwhile.
pub fn may_ask(state: &BudgetState, now: Timestamp) -> bool {
    let told_at = state.org.map(|(_, at)| at);
    [told_at, state.asked_at]
        .into_iter()
        .flatten()
        .all(|at| now.duration_since(at).as_secs() >= ASK_AFTER_SECONDS)
}

/// Whether `calls` may be spent in a lane: `Ok` or the reason, in an administrator's words.
///
/// Scheduled work stops at the threshold less the reserve for people; live edits may use the reserve;
/// nothing passes the threshold. Before the org told its allowance only a few calls are let through,
/// enough to ask for it. What is too old to refuse upon is asked for anew, see [`may_ask`].
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
    let pending = state
        .spent_since
        .saturating_add(state.reserved)
        .saturating_add(u64::from(calls));
    let Some((org, _)) = state.org else {
        return if pending <= 50 {
            Ok(())
        } else {
            Err("the CRM has not told its API allowance yet".into())
        };
    };
    let threshold = percent_of(org.max, threshold_percent);
    let reserve = percent_of(threshold, live_reserve_percent);
    let limit = if lane == Lane::Live {
        threshold
    } else {
        threshold - reserve
    };
    if org.used.saturating_add(pending) <= limit {
        return Ok(());
    }
    Err(format!(
        "{} of {} daily API calls are used; Tandem pauses at {limit} and resumes by itself",
        org.used.saturating_add(state.spent_since),
        org.max
    ))
}

/// Wide enough for any allowance that a CRM may tell.
fn percent_of(whole: u64, percent: u8) -> u64 {
    let part = u128::from(whole) * u128::from(percent.min(100)) / 100;
    u64::try_from(part).unwrap_or(whole)
}
