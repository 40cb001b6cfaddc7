//! When to try again.

use crate::fixture::at;
use crate::table::{check, expect};
use tandem_core::Timestamp;
use tandem_core::retry::next_attempt;

#[test]
fn the_wait_before_the_next_try() {
    let table = include_str!("../tables/retry.txt");
    check("retry.txt", table, |[attempts, asked, jitter, wanted]| {
        let attempts = attempts.parse().expect("attempts");
        let jitter = jitter.parse().expect("jitter");
        let next = next_attempt(at(0), attempts, asked.parse().ok(), jitter);
        let milliseconds = next.duration_since(at(0)).as_millis();
        expect(&wanted.to_owned(), &format!("{milliseconds} ms"))
    });
}

#[test]
fn the_end_of_time_is_no_panic() {
    assert_eq!(
        next_attempt(Timestamp::MAX, 3, Some(60), 0.5),
        Timestamp::MAX
    );
}
