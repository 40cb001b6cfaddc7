//! When to try again: exponential, capped, spread, and never sooner than the CRM asks.

use jiff::{SignedDuration, Timestamp};

/// First wait, in seconds.
const FIRST_SECONDS: f64 = 2.0;
/// Longest wait, in seconds: after an outage of hours things go on within two minutes.
const LONGEST_SECONDS: f64 = 120.0;

/// The time of the next try after `attempts` failed ones (1 after the first).
///
/// `jitter` in `0.0..1.0` spreads tries over the upper half of the wait. The CRM's own wish is a lower
/// bound, clamped to a day.
pub fn next_attempt(
    now: Timestamp,
    attempts: u32,
    retry_after_seconds: Option<u32>,
    jitter: f64,
) -> Timestamp {
    let doublings = attempts.saturating_sub(1).min(16);
    let full = (FIRST_SECONDS * f64::from(1u32 << doublings)).min(LONGEST_SECONDS);
    let spread = full * (0.5 + 0.5 * jitter.clamp(0.0, 1.0));
    let asked = f64::from(retry_after_seconds.unwrap_or(0).min(86_400));
    let wait = SignedDuration::from_secs_f64(spread.max(asked));
    now.checked_add(wait).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_are_capped_and_respect_the_crm() {
        let now = Timestamp::UNIX_EPOCH;
        let wait = |attempts, asked, jitter| next_attempt(now, attempts, asked, jitter).as_second();
        assert_eq!(wait(1, None, 1.0), 2);
        assert_eq!(wait(2, None, 1.0), 4);
        assert_eq!(wait(2, None, 0.0), 2);
        assert_eq!(wait(40, None, 1.0), 120);
        assert_eq!(wait(1, Some(120), 0.5), 120);
        assert_eq!(wait(1, Some(u32::MAX), 0.5), 86_400);
    }
}
