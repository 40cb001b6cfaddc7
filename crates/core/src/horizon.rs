//! How far reading goes back behind the last read: learned from how late rows arrive.
//!
//! A CRM stamps a row when it is changed and shows it when the change is committed; between the two a read
//! may go past it. So each read goes back, over rows that are known, for those that are not. How far is
//! what [`Horizon`] learns: a row that is news and whose stamp is older than the end of the read before came
//! late by at least the difference.
//!
//! Two readers in one: ordinary reads go back over the *live* horizon, and one in a quarter of an hour goes
//! back over the *settling* one, which is longer and reaches behind the read that settled before, so that no
//! row is between them. Both grow with what was measured and shrink slowly. None costs a call of its own.
//!
//! Where thousands of rows were just read, going back over them costs a call a page, and with every read anew. Ordinary
//! reads then go back behind that mass only as far as rows come late by experience ([`Horizon::settled_seconds`]); what
//! comes later than that is for the settling read.
//!
//! What it does not do: find rows that come later than the settling horizon. Those are found by the roll call.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Shortest way back of an ordinary read, in seconds. Longer than two clocks of the CRM's servers are apart.
pub const LIVE_SECONDS_MIN: u32 = 120;
/// Shortest way back of a settling read, in seconds, behind the settling read before.
pub const SETTLING_SECONDS_MIN: u32 = 600;
/// Longest way back of either, in seconds: longer transactions than that are not allowed by any CRM.
pub const BACK_SECONDS_MAX: u32 = 7_200;
/// Shortest way back behind a mass of rows, and the least age of a row that counts as settled, in seconds: several times
/// what a transaction takes, and well below the time that a batch of writes trusts a read: the read that begins while
/// batches are written then counts as begun with its end.
pub const SETTLED_SECONDS_MIN: u32 = 15;
/// Rows of one read that are a mass: more than one page of them, whatever is read.
pub const MASS_ROWS: u64 = 2_000;
/// Seconds between two settling reads.
pub const SETTLE_EVERY_SECONDS: i64 = 900;
/// How long a measurement counts before half of it is forgotten, in seconds.
const HALF_LIFE_SECONDS: i64 = 86_400;

/// What is known of an object's late rows.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Horizon {
    /// The latest row that was measured, in seconds.
    pub late_seconds: u32,
    /// When it was, by our clock.
    pub late_at: Option<Timestamp>,
    /// When the last settling read began, by our clock.
    pub settled_at: Option<Timestamp>,
    /// A settling read is under way and began then.
    pub settling: Option<Timestamp>,
    /// When the last read that brought a mass of rows counts as begun, by our clock.
    pub mass_at: Option<Timestamp>,
}

/// How far one read goes back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reach {
    /// Seconds behind the watermark.
    pub seconds: u32,
    /// It is a settling read.
    pub settling: bool,
}

impl Horizon {
    /// How late rows arrive, in seconds, as far as it is remembered: a half less with each day.
    pub fn late(&self, now: Timestamp) -> u32 {
        let age = self
            .late_at
            .map_or(0, |at| now.duration_since(at).as_secs());
        let halvings = u32::try_from(age / HALF_LIFE_SECONDS).unwrap_or(0);
        self.late_seconds.checked_shr(halvings).unwrap_or(0)
    }

    /// How far the next read goes back. `complete_at` is when the last complete one began.
    pub fn reach(&self, now: Timestamp, complete_at: Option<Timestamp>) -> Reach {
        let late = self.late(now);
        let bounded =
            |times: u32, min: u32| late.saturating_mul(times).clamp(min, BACK_SECONDS_MAX);
        let live = bounded(2, LIVE_SECONDS_MIN);
        let ordinary = live.min(self.behind_the_mass(now, complete_at));
        if !self.settling_is_due(now) {
            return Reach {
                seconds: ordinary,
                settling: false,
            };
        }
        Reach {
            seconds: bounded(4, SETTLING_SECONDS_MIN)
                .max(live)
                .saturating_add(self.unsettled_seconds(complete_at)),
            settling: true,
        }
    }

    /// How old a stamp must be for its row to be surely visible, as far as was seen, in seconds.
    pub fn settled_seconds(&self, now: Timestamp) -> u32 {
        let late = self.late(now).saturating_mul(2);
        late.clamp(SETTLED_SECONDS_MIN, BACK_SECONDS_MAX)
    }

    /// The way back to what the last mass left unsettled.
    fn behind_the_mass(&self, now: Timestamp, complete_at: Option<Timestamp>) -> u32 {
        let Some((mass, last)) = self.mass_at.zip(complete_at) else {
            return BACK_SECONDS_MAX;
        };
        let since = u32::try_from(last.duration_since(mass).as_secs()).unwrap_or(0);
        since.saturating_add(self.settled_seconds(now))
    }

    /// A clock that was set back does not put it off for longer than usual.
    fn settling_is_due(&self, now: Timestamp) -> bool {
        self.settled_at
            .is_none_or(|at| now.duration_since(at).as_secs().abs() >= SETTLE_EVERY_SECONDS)
    }

    /// How long reads have gone on since the last that settled.
    fn unsettled_seconds(&self, complete_at: Option<Timestamp>) -> u32 {
        let since = self.settled_at.zip(complete_at);
        let seconds = since.map_or(SignedDuration::ZERO, |(from, to)| to.duration_since(from));
        u32::try_from(seconds.as_secs()).unwrap_or(0)
    }

    /// A row came so late.
    pub fn measured(&mut self, late_seconds: u32, now: Timestamp) {
        if late_seconds > 0 && late_seconds >= self.late(now) {
            self.late_seconds = late_seconds.min(BACK_SECONDS_MAX);
            self.late_at = Some(now);
        }
    }

    /// A read begins that settles, or does not.
    pub fn begin(&mut self, settling: bool, now: Timestamp) {
        self.settling = settling.then_some(now);
    }

    /// The read under way, which counts as begun at that time, is complete and brought so many rows.
    pub fn complete(&mut self, rows: u64, began: Timestamp) {
        self.settled_at = self.settling.take().or(self.settled_at);
        if rows > MASS_ROWS {
            self.mass_at = Some(began);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_780_000_000 + second).unwrap_or_default()
    }

    fn settled(at: Option<Timestamp>, late_seconds: u32) -> Horizon {
        Horizon {
            late_seconds,
            late_at: Some(self::at(0)),
            settled_at: at,
            ..Horizon::default()
        }
    }

    #[test]
    fn ordinary_reads_go_back_twice_the_lateness_within_bounds() {
        for (late, back) in [
            (0, 120),
            (3, 120),
            (60, 120),
            (61, 122),
            (100, 200),
            (9_999, 7_200),
        ] {
            let horizon = settled(Some(at(0)), late);
            let reach = horizon.reach(at(60), Some(at(0)));
            let expected = Reach {
                seconds: back,
                settling: false,
            };
            assert_eq!(reach, expected, "late by {late}");
        }
    }

    #[test]
    fn one_read_in_a_quarter_of_an_hour_settles_and_leaves_no_gap_to_the_one_before() {
        for (settled_at, complete_at, now, seconds) in [
            (None, None, 0, 600),
            (None, Some(50), 60, 600),
            (Some(0), Some(840), 899, 120),
            (Some(0), Some(840), 900, 1_440),
            (Some(0), Some(840), 4_000, 1_440),
            (Some(0), Some(3_000), 3_060, 3_600),
            // Our clock was set back: it is due at the usual time all the same.
            (Some(0), Some(-90), 810, 120),
            (Some(1_000), Some(0), 60, 600),
        ] {
            let horizon = settled(settled_at.map(at), 0);
            let reach = horizon.reach(at(now), complete_at.map(at));
            assert_eq!(
                reach.seconds, seconds,
                "{settled_at:?} {complete_at:?} {now}"
            );
            assert_eq!(reach.settling, seconds > 120);
        }
    }

    /// The mass was read at 0; it is not brought again, however often reads follow, and what came since is.
    #[test]
    fn ordinary_reads_go_back_behind_a_mass_no_farther_than_rows_come_late() {
        for (rows, late, complete_at, back) in [
            (MASS_ROWS, 0, 60, 120),
            (MASS_ROWS + 1, 0, 0, 15),
            (MASS_ROWS + 1, 0, 10, 25),
            (MASS_ROWS + 1, 0, 60, 75),
            (MASS_ROWS + 1, 0, 300, 120),
            (MASS_ROWS + 1, 25, 10, 60),
            (MASS_ROWS + 1, 0, -90, 15),
        ] {
            let mut horizon = settled(Some(at(0)), late);
            horizon.complete(rows, at(0));
            let reach = horizon.reach(at(complete_at + 60), Some(at(complete_at)));
            assert_eq!(
                reach.seconds, back,
                "{rows} rows, then one at {complete_at}"
            );
        }
        let mut horizon = settled(Some(at(0)), 0);
        horizon.complete(100_000, at(800));
        let settling = horizon.reach(at(900), Some(at(840)));
        assert_eq!(settling.seconds, 1_440, "a settling read is none of these");
    }

    #[test]
    fn what_was_measured_is_forgotten_by_halves() {
        let day = HALF_LIFE_SECONDS;
        let horizon = settled(None, 800);
        let late = [0, day - 1, day, 3 * day, 100 * day, -day].map(|after| horizon.late(at(after)));
        assert_eq!(late, [800, 800, 400, 100, 0, 800]);
    }

    #[test]
    fn only_a_later_row_replaces_what_is_remembered() {
        let mut horizon = Horizon::default();
        let day = HALF_LIFE_SECONDS;
        for (measured, after, late) in [
            (0, 0, 0),
            (40, 1, 40),
            (30, 2, 40),
            (30, 1 + day, 30),
            (90, 2 + day, 90),
        ] {
            horizon.measured(measured, at(after));
            assert_eq!(horizon.late(at(after)), late, "{measured} after {after}");
        }
    }

    #[test]
    fn a_read_that_was_given_up_has_not_settled() {
        let mut horizon = Horizon::default();
        horizon.begin(true, at(1));
        horizon.begin(false, at(2));
        horizon.complete(1, at(1));
        assert_eq!(horizon.settled_at, None);
        horizon.begin(true, at(3));
        horizon.complete(1, at(3));
        assert_eq!((horizon.settled_at, horizon.settling), (Some(at(3)), None));
    }
}
