//! A limit on failed tries, per key, in the memory of one process.
//!
//! A key is an address or an e-mail: guessing one person's password from many machines is slowed as
//! much as guessing many persons' from one. Good tries are not counted. Keys are forgotten when
//! their window ends; when there are too many, the oldest are.

use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Length of the window, in minutes.
const WINDOW_MINUTES: i64 = 15;
/// Most keys that are remembered.
const KEYS_MAX: usize = 20_000;

/// The failures in the present window.
#[derive(Debug)]
struct Window {
    began_at: Timestamp,
    failures: u32,
}

/// Counts failures.
#[derive(Debug)]
pub(super) struct Throttle {
    failures_max: u32,
    windows: Mutex<HashMap<String, Window>>,
}

impl Throttle {
    pub(super) fn new(failures_max: u32) -> Self {
        Self {
            failures_max,
            windows: Mutex::default(),
        }
    }

    /// The seconds to wait, if there were too many failures under any of the keys.
    pub(super) fn must_wait(&self, keys: &[String], now: Timestamp) -> Option<u32> {
        let windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        keys.iter()
            .filter_map(|key| windows.get(key))
            .filter(|window| window.failures >= self.failures_max)
            .filter_map(|window| seconds_left(window, now))
            .max()
    }

    /// Counts a failure under each key.
    pub(super) fn failed(&self, keys: &[String], now: Timestamp) {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() + keys.len() > KEYS_MAX {
            make_room(&mut windows, now);
        }
        for key in keys {
            let window = windows.entry(key.clone()).or_insert(Window {
                began_at: now,
                failures: 0,
            });
            if seconds_left(window, now).is_none() {
                *window = Window {
                    began_at: now,
                    failures: 0,
                };
            }
            window.failures += 1;
        }
    }

    /// Forgets a key, after a good try.
    pub(super) fn succeeded(&self, key: &str) {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        windows.remove(key);
    }
}

fn seconds_left(window: &Window, now: Timestamp) -> Option<u32> {
    let ends_at = window.began_at + SignedDuration::from_mins(WINDOW_MINUTES);
    u32::try_from(ends_at.duration_since(now).as_secs())
        .ok()
        .filter(|seconds| *seconds > 0)
}

fn make_room(windows: &mut HashMap<String, Window>, now: Timestamp) {
    windows.retain(|_, window| seconds_left(window, now).is_some());
    if windows.len() >= KEYS_MAX / 2 {
        let mut starts: Vec<_> = windows.values().map(|window| window.began_at).collect();
        starts.sort_unstable();
        let middle = starts[starts.len() / 2];
        windows.retain(|_, window| window.began_at > middle);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
    }

    #[test]
    fn too_many_failures_wait_until_the_window_ends() {
        let throttle = Throttle::new(3);
        let keys = ["a".to_owned(), "b".to_owned()];
        for _ in 0..3 {
            assert_eq!(throttle.must_wait(&keys, at(1)), None);
            throttle.failed(&keys, at(1));
        }
        assert_eq!(
            throttle.must_wait(&["b".into(), "c".into()], at(2)),
            Some(14 * 60)
        );
        assert_eq!(throttle.must_wait(&keys, at(16)), None);
        throttle.failed(&keys, at(17));
        assert_eq!(throttle.must_wait(&keys, at(17)), None);
    }

    #[test]
    fn a_good_try_forgets_the_bad_ones() {
        let throttle = Throttle::new(1);
        throttle.failed(&["a".into()], at(0));
        throttle.succeeded("a");
        assert_eq!(throttle.must_wait(&["a".into()], at(0)), None);
    }

    #[test]
    fn a_flood_of_keys_does_not_fill_the_memory() {
        let throttle = Throttle::new(1);
        for n in 0..(KEYS_MAX + 5_000) {
            throttle.failed(&[n.to_string()], at(0));
        }
        let windows = throttle.windows.lock().expect("not poisoned");
        assert!(windows.len() <= KEYS_MAX);
    }
}
