//! Up to when a pull vouches for what the org holds. Pure.
//!
//! A watermark that runs ahead of the org's time loses what is stamped in between, one that lags behind costs
//! a few rows that are known already. So of two clocks that may lie the earlier one counts: the org's `Date`,
//! which comes from an edge server and is written after the query ran, and ours when the request was made. A pull of
//! several pages takes the earliest that any of them showed. Our clock is believed only so far: one that was
//! never set must not have every pull read days again.
//!
//! What this does not do: tell when both run ahead together. That is what the overlap of reads is for, which is
//! never shorter than two minutes, or a quarter of one behind a mass of rows ([`tandem_core::horizon`]).

use jiff::Timestamp;

/// How far our clock can pull a watermark back behind the org's `Date`, in milliseconds.
const BELIEVED_MS: i64 = 120_000;

/// The time that one answer vouches for, in epoch milliseconds; `None` for an answer without a `Date`.
pub(super) fn vouched_ms(date: Option<Timestamp>, now: Timestamp) -> Option<i64> {
    let date = date?.as_millisecond();
    let ours = now.as_millisecond().max(date.saturating_sub(BELIEVED_MS));
    Some(date.min(ours))
}

/// What a pull vouches for after another page: `seen_ms` is its last row's stamp, all that a first page without
/// a `Date` can vouch for.
pub(super) fn with_page(before: Option<i64>, vouched: Option<i64>, seen_ms: Option<i64>) -> i64 {
    match (before, vouched) {
        (Some(before), Some(vouched)) => before.min(vouched),
        (Some(before), None) => before,
        (None, vouched) => vouched.or(seen_ms).unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_780_000_000 + second).unwrap_or_default()
    }

    fn second(ms: i64) -> i64 {
        ms / 1000 - 1_780_000_000
    }

    #[test]
    fn of_two_clocks_the_earlier_counts_and_ours_within_bounds() {
        for (date, ours, vouched) in [
            (0, 0, 0),
            (0, 1, 0),
            (1, 0, 0),
            // The header steps.
            (90, 0, 0),
            (-90, 0, -90),
            // Our clock steps.
            (0, 90, 0),
            (0, -90, -90),
            // They part.
            (90, -90, -30),
            (-90, 90, -90),
            // Both run ahead: nobody can tell.
            (90, 90, 90),
            // A clock that was never set.
            (0, -1_700_000_000, -120),
            (0, 1_700_000_000, 0),
        ] {
            let found = vouched_ms(Some(at(date)), at(ours)).map(second);
            assert_eq!(found, Some(vouched), "header {date}, ours {ours}");
        }
        assert_eq!(vouched_ms(None, at(0)), None);
    }

    #[test]
    fn of_all_pages_the_earliest_counts() {
        for (before, vouched, seen, expected) in [
            (None, Some(5), Some(3), 5),
            (None, None, Some(3), 3),
            (None, None, None, 0),
            // Steps in the middle of a read.
            (Some(100), Some(190), Some(3), 100),
            (Some(100), Some(10), Some(3), 10),
            (Some(100), None, Some(3), 100),
        ] {
            let found = with_page(before, vouched, seen);
            assert_eq!(found, expected, "{before:?} {vouched:?} {seen:?}");
        }
    }
}
