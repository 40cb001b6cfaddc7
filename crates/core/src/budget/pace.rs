//! Slowing down before the threshold, and when the allowance runs out.
//!
//! The org counts over a rolling 24 hours: what is spent now is freed a day later. So the outlook adds
//! the present rate hour by hour and takes away what we spent in the same hour of yesterday. Other
//! programs are taken to go on as they did: what they spend in an hour is what is freed of theirs.

use super::{BudgetState, Shares};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How long a pace stands before a faster one is tried, in seconds. Reading less lowers the rate, and the
/// lower rate would at once speed the reading up again.
pub const PACE_STANDS_SECONDS: i64 = 3_600;
const HOUR_SECONDS: i64 = 3_600;
/// Hours of the org's window.
const WINDOW_HOURS: usize = 24;

/// Calls of ours in one hour.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HourCalls {
    /// When the hour begins.
    pub hour: Timestamp,
    /// Calls.
    pub calls: u64,
}

/// How much slower than its settings scheduled reading goes.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Pace {
    /// As often as the settings say.
    #[default]
    Full,
    /// Every interval is twice as long.
    Half,
    /// Four times as long.
    Quarter,
    /// Eight times as long.
    Eighth,
}

impl Pace {
    /// Every pace, the fastest first.
    pub const ALL: [Self; 4] = [Self::Full, Self::Half, Self::Quarter, Self::Eighth];

    /// How many times as long as set each interval is: 1, 2, 4 or 8.
    pub fn factor(self) -> u32 {
        match self {
            Self::Full => 1,
            Self::Half => 2,
            Self::Quarter => 4,
            Self::Eighth => 8,
        }
    }

    /// The pace of that factor.
    pub fn of_factor(factor: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|pace| pace.factor() == factor)
    }

    fn faster(self) -> Self {
        match self {
            Self::Full | Self::Half => Self::Full,
            Self::Quarter => Self::Half,
            Self::Eighth => Self::Quarter,
        }
    }
}

/// The outlook for the next 24 hours at the present rate.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Forecast {
    /// Calls used, ours under way included.
    pub used: u64,
    /// The use at which scheduled work pauses.
    pub limit: u64,
    /// Our present rate.
    pub calls_per_hour: u64,
    /// The most that will be used within the next 24 hours if nothing stops it.
    pub peak: u64,
    /// When scheduled work will pause; `None` if it will not within the next 24 hours.
    pub runs_out_at: Option<Timestamp>,
}

/// What comes at the present rate; `None` while no figures of the org's allowance are known. `hours` in any order;
/// those that are missing count as idle.
pub fn forecast(
    state: &BudgetState,
    hours: &[HourCalls],
    threshold_percent: u8,
    live_reserve_percent: u8,
    now: Timestamp,
) -> Option<Forecast> {
    let (org, _) = state.org.filter(|(org, _)| !org.is_none_left())?;
    let shares = Shares::of(org.max, threshold_percent, live_reserve_percent);
    let day = Day::of(hours, now);
    let mut outlook = Forecast {
        used: state.used(),
        limit: shares.scheduled,
        calls_per_hour: day.rate(),
        peak: state.used(),
        runs_out_at: None,
    };
    let mut used = outlook.used;
    let mut hour_begins = now;
    for hour in 1..=WINDOW_HOURS {
        if outlook.runs_out_at.is_none() && used >= outlook.limit {
            outlook.runs_out_at = Some(hour_begins);
        }
        let next = used
            .saturating_add(outlook.calls_per_hour)
            .saturating_sub(day.freed(hour));
        if outlook.runs_out_at.is_none() && next >= outlook.limit {
            outlook.runs_out_at = Some(within(hour_begins, outlook.limit - used, next - used));
        }
        outlook.peak = outlook.peak.max(next);
        used = next;
        hour_begins = later(hour_begins, HOUR_SECONDS);
    }
    Some(outlook)
}

/// The pace to change to, if any: slower at once, faster by one step when the present one has stood for
/// [`PACE_STANDS_SECONDS`].
pub fn next_pace(
    outlook: &Forecast,
    pace: Pace,
    since: Option<Timestamp>,
    now: Timestamp,
) -> Option<Pace> {
    let wanted = wanted_pace(outlook);
    let stood = since.is_none_or(|at| now.duration_since(at).as_secs() >= PACE_STANDS_SECONDS);
    match wanted.cmp(&pace) {
        std::cmp::Ordering::Greater => Some(wanted),
        std::cmp::Ordering::Less if stood => Some(pace.faster()),
        _ => None,
    }
}

/// By how many times what is to come exceeds what is left; but far from the limit there is time to see
/// whether it lasts, so only the second half of the allowance slows anything down.
fn wanted_pace(outlook: &Forecast) -> Pace {
    let left = outlook.limit.saturating_sub(outlook.used);
    let to_come = outlook.peak - outlook.used.min(outlook.peak);
    let by_outlook = match to_come {
        n if n <= left => Pace::Full,
        n if n / 2 <= left => Pace::Half,
        n if n / 4 <= left => Pace::Quarter,
        _ => Pace::Eighth,
    };
    let nearness = u128::from(outlook.used) * 100 / u128::from(outlook.limit.max(1));
    let by_nearness = match nearness {
        0..50 => Pace::Full,
        50..75 => Pace::Half,
        75..90 => Pace::Quarter,
        _ => Pace::Eighth,
    };
    by_outlook.min(by_nearness)
}

/// Our last day by the hour: at 0 the hour under way, at 24 the one whose rest is still in the window.
struct Day {
    calls: [u64; WINDOW_HOURS + 1],
    /// Seconds of the hour under way.
    elapsed: u64,
}

impl Day {
    fn of(hours: &[HourCalls], now: Timestamp) -> Self {
        let this_hour = now.as_second().div_euclid(HOUR_SECONDS);
        let mut calls = [0_u64; WINDOW_HOURS + 1];
        for hour in hours {
            let ago = this_hour - hour.hour.as_second().div_euclid(HOUR_SECONDS);
            let slot = usize::try_from(ago).ok().and_then(|ago| calls.get_mut(ago));
            if let Some(slot) = slot {
                *slot = slot.saturating_add(hour.calls);
            }
        }
        let elapsed = now.as_second().rem_euclid(HOUR_SECONDS);
        Self {
            calls,
            elapsed: elapsed.unsigned_abs(),
        }
    }

    /// Calls of the last sixty minutes.
    fn rate(&self) -> u64 {
        self.calls[0].saturating_add(self.rest_of(1))
    }

    /// Calls that leave the window in the so-manieth hour from now.
    fn freed(&self, hour: usize) -> u64 {
        let newer = match WINDOW_HOURS - hour {
            0 => self.calls[0],
            ago => self.calls[ago] - self.rest_of(ago),
        };
        self.rest_of(WINDOW_HOURS - hour + 1).saturating_add(newer)
    }

    /// The part of an hour's calls that was later in it than the present minute is in its own.
    fn rest_of(&self, ago: usize) -> u64 {
        let left = HOUR_SECONDS.unsigned_abs() - self.elapsed;
        let part = u128::from(self.calls[ago]) * u128::from(left) / 3_600;
        u64::try_from(part).unwrap_or(u64::MAX)
    }
}

/// The moment within an hour at which `part` of `whole` calls are made.
fn within(hour_begins: Timestamp, part: u64, whole: u64) -> Timestamp {
    let seconds = u128::from(part) * 3_600 / u128::from(whole.max(1));
    later(hour_begins, i64::try_from(seconds).unwrap_or(HOUR_SECONDS))
}

fn later(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(seconds))
        .unwrap_or(Timestamp::MAX)
}
