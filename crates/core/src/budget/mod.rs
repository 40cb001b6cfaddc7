//! How many API calls may still be spent. Pure arithmetic over what the org says and what we spent.
//!
//! Every call is reserved before it is made ([`may_spend`]) and written into the [`Ledger`] after. The
//! ledger never shows fewer calls than the org counts of ours: a reservation stands until it is settled,
//! and what was settled stands until a count of the org that was asked for later. So nothing passes the
//! threshold, however many processes share it and whichever of them die.
//!
//! Below the threshold scheduled reading slows down in steps ([`pace`]), and [`forecast`] tells when the
//! allowance runs out.

mod ledger;
mod pace;

pub use ledger::{BELIEF_SECONDS, LOST_SECONDS, Ledger, RESERVATION_SECONDS, Slice, Spent, Told};
pub use pace::{Forecast, HourCalls, PACE_STANDS_SECONDS, Pace, forecast, next_pace};

use crate::connector::OrgUsage;
use crate::link::Lane;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What is known of the allowance, as the ledger sums it up.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct BudgetState {
    /// The org's own last count, with the time it was read.
    pub org: Option<(OrgUsage, Timestamp)>,
    /// Calls that we spent and that the count does not surely hold.
    pub spent_since: u64,
    /// Calls reserved by requests under way.
    pub reserved: u64,
    /// When the org was last asked for its count and nothing else.
    pub asked_at: Option<Timestamp>,
    /// How fast scheduled reading goes.
    pub pace: Pace,
    /// Since when; `None` if it never changed.
    pub pace_since: Option<Timestamp>,
}

/// How old a refusal's evidence may be, in seconds. The org's count falls as its 24-hour window moves on,
/// but while sync pauses no answer brings it; so after this long it is asked for, with one call.
pub const ASK_AFTER_SECONDS: i64 = 900;
/// Most questions in 24 hours: as many as [`ASK_AFTER_SECONDS`] lets through.
const QUESTIONS_MAX: u64 = 96;
/// One call in so many of those up to the threshold may be a question.
const QUESTIONS_SHARE: u64 = 20;
/// Calls let through before the org told its allowance, enough to ask for it.
const UNTOLD_CALLS_MAX: u64 = 50;
const DAY_SECONDS: i64 = 86_400;

/// How an allowance is shared out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shares {
    /// Questions in 24 hours while everything pauses; they are set aside, so that they too stay below
    /// the threshold.
    pub questions: u64,
    /// The use at which edits of people pause.
    pub live: u64,
    /// The use at which everything else pauses.
    pub scheduled: u64,
}

impl Shares {
    /// Of an allowance, by the percent at which we stop and the percent of our part that is for people.
    pub fn of(max: u64, threshold_percent: u8, live_reserve_percent: u8) -> Self {
        let threshold = percent_of(max, threshold_percent);
        let questions = (threshold / QUESTIONS_SHARE).min(QUESTIONS_MAX);
        let live = threshold - questions;
        Self {
            questions,
            live,
            scheduled: live - percent_of(live, live_reserve_percent),
        }
    }

    /// The use at which a lane pauses.
    pub fn limit(self, lane: Lane) -> u64 {
        match lane {
            Lane::Live => self.live,
            Lane::Normal | Lane::Bulk => self.scheduled,
        }
    }
}

impl BudgetState {
    /// The org's count with everything of ours that it may not hold yet.
    pub fn used(&self) -> u64 {
        let org = self.org.map_or(0, |(org, _)| org.used);
        org.saturating_add(self.spent_since)
            .saturating_add(self.reserved)
    }
}

/// Whether one call may be spent, whatever else the budget says, to ask the org for its count: what is
/// known of it is old, nobody asked meanwhile, and the day's questions are not used up.
pub fn may_ask(state: &BudgetState, threshold_percent: u8, now: Timestamp) -> bool {
    let older = |at: Option<Timestamp>, seconds| {
        at.is_none_or(|at| now.duration_since(at).as_secs() >= seconds)
    };
    let between = match state.org {
        // An org that has none left refuses, and counts no refusal.
        Some((org, _)) if org.used >= org.max => ASK_AFTER_SECONDS,
        Some((org, _)) => match Shares::of(org.max, threshold_percent, 0).questions {
            0 => DAY_SECONDS,
            questions => DAY_SECONDS / i64::try_from(questions).unwrap_or(DAY_SECONDS),
        },
        None => ASK_AFTER_SECONDS,
    };
    older(state.org.map(|(_, at)| at), ASK_AFTER_SECONDS)
        && older(state.asked_at, between.max(ASK_AFTER_SECONDS))
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
    let wanted = state.used().saturating_add(u64::from(calls));
    let Some((org, _)) = state.org else {
        return if wanted <= UNTOLD_CALLS_MAX {
            Ok(())
        } else {
            Err("the CRM has not told its API allowance yet".into())
        };
    };
    if org.is_none_left() {
        return Err(
            "the CRM says that its daily API calls are used up; Tandem asks again every 15 minutes \
             and resumes by itself"
                .into(),
        );
    }
    let limit = Shares::of(org.max, threshold_percent, live_reserve_percent).limit(lane);
    if wanted <= limit {
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
