//! Times as people read them: how long ago, with the exact stamp behind it.

use jiff::Timestamp;
use maud::{Markup, html};

const MINUTE_SECONDS: i64 = 60;
const HOUR_SECONDS: i64 = 60 * MINUTE_SECONDS;
const DAY_SECONDS: i64 = 24 * HOUR_SECONDS;
/// From here on the date says more than the distance.
const RELATIVE_MAX_SECONDS: i64 = 30 * DAY_SECONDS;

/// How far `at` lies from `now`: “5 min ago”, “in 2 h”, and a date when that is over a month.
pub fn relative(at: Timestamp, now: Timestamp) -> String {
    let distance = now.as_second().saturating_sub(at.as_second());
    let seconds = distance.abs();
    if seconds >= RELATIVE_MAX_SECONDS {
        return at.strftime("%Y-%m-%d").to_string();
    }
    let length = duration(seconds.unsigned_abs());
    match distance {
        -2..=2 => "just now".to_owned(),
        ..=-3 => format!("in {length}"),
        3.. => format!("{length} ago"),
    }
}

/// A length of time in its largest unit: “45 s”, “10 min”, “3 h”, “2 days”.
pub fn duration(seconds: u64) -> String {
    let unit = |size: i64| seconds / size.unsigned_abs();
    match i64::try_from(seconds).unwrap_or(i64::MAX) {
        ..MINUTE_SECONDS => format!("{seconds} s"),
        MINUTE_SECONDS..HOUR_SECONDS => format!("{} min", unit(MINUTE_SECONDS)),
        HOUR_SECONDS..DAY_SECONDS => format!("{} h", unit(HOUR_SECONDS)),
        _ if unit(DAY_SECONDS) == 1 => "1 day".to_owned(),
        _ => format!("{} days", unit(DAY_SECONDS)),
    }
}

/// The exact stamp, to the second, in UTC.
pub fn exact(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// How long ago, with the exact stamp on hover.
pub fn ago(at: Timestamp, now: Timestamp) -> Markup {
    html! {
        time datetime=(at) title=(exact(at)) { (relative(at, now)) }
    }
}

/// The exact stamp as text.
pub fn stamp(at: Timestamp) -> Markup {
    html! { time class="num" datetime=(at) { (exact(at)) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(seconds_ago: i64, expected: &str) {
        let now = Timestamp::from_second(1_800_000_000).expect("in range");
        let at = Timestamp::from_second(1_800_000_000 - seconds_ago).expect("in range");
        assert_eq!(relative(at, now), expected);
    }

    #[test]
    fn distance_is_told_in_its_largest_unit() {
        check(0, "just now");
        check(2, "just now");
        check(45, "45 s ago");
        check(60, "1 min ago");
        check(3_599, "59 min ago");
        check(7_200, "2 h ago");
        check(86_400, "1 day ago");
        check(86_400 * 29, "29 days ago");
        check(-120, "in 2 min");
    }

    #[test]
    fn a_far_time_is_a_date() {
        check(86_400 * 30, "2026-12-16");
        check(-86_400 * 30, "2027-02-14");
    }
}
