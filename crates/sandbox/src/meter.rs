//! The meter of API calls: what was called by whom, and how much of the org's daily allowance is left.
//!
//! Salesforce counts calls over a rolling 24 hours and over the whole org. The meter keeps one counter a minute, so the
//! window moves in steps of a minute. OAuth endpoints and the list of versions are not metered; a `/composite` request
//! counts once whatever it holds; each part of a `/composite/batch` counts.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

mod image;

pub(crate) use image::MeterFact;

/// Most recent calls kept one by one, for tests that ask what exactly was sent.
pub const LOGGED_CALLS: usize = 10_000;
const WINDOW_MINUTES: i64 = 24 * 60;

/// The word for a sort of call.
pub type CallKind = &'static str;

/// One metered call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeteredCall {
    /// When it came in, on the sandbox's clock.
    pub at: Timestamp,
    /// What sort of call: `query`, `record`, `describe`, `composite`, ...
    #[serde(deserialize_with = "image::read_kind")]
    pub kind: CallKind,
    /// HTTP method.
    pub method: String,
    /// Path without the query string.
    pub path: String,
    /// The `client` of `Sforce-Call-Options`, empty when not sent.
    pub client: String,
}

/// What the meter shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MeterReading {
    /// Calls of the last 24 hours.
    pub used_calls_24h: u64,
    /// The org's allowance for 24 hours.
    pub limit_calls_24h: u64,
    /// Calls since the start or the last reset.
    pub total_calls: u64,
    /// The same by kind.
    pub by_kind: BTreeMap<&'static str, u64>,
    /// The same by client name.
    pub by_client: BTreeMap<String, u64>,
}

/// A sum over the last 24 hours, by the minute.
#[derive(Debug, Default)]
pub(crate) struct Rolling {
    minutes: VecDeque<(i64, u64)>,
    sum: u64,
}

impl Rolling {
    pub(crate) fn add(&mut self, amount: u64, at: Timestamp) {
        let at = minute(at);
        match self.minutes.back_mut().filter(|(last, _)| *last >= at) {
            Some((_, sum)) => *sum += amount,
            None => self.minutes.push_back((at, amount)),
        }
        self.sum += amount;
    }

    pub(crate) fn sum(&mut self, now: Timestamp) -> u64 {
        let oldest = minute(now) - WINDOW_MINUTES;
        while let Some(&(_, amount)) = self.minutes.front().filter(|(at, _)| *at <= oldest) {
            self.sum -= amount;
            self.minutes.pop_front();
        }
        self.sum
    }
}

/// Counts metered calls.
#[derive(Debug)]
pub(crate) struct Meter {
    limit: u64,
    calls: Rolling,
    total: u64,
    by_kind: BTreeMap<&'static str, u64>,
    by_client: BTreeMap<String, u64>,
    log: VecDeque<MeteredCall>,
    /// What nobody has written down yet.
    fresh: Vec<MeterFact>,
}

impl Meter {
    pub(crate) fn new(limit_calls_24h: u64) -> Self {
        Self {
            limit: limit_calls_24h,
            calls: Rolling::default(),
            total: 0,
            by_kind: BTreeMap::new(),
            by_client: BTreeMap::new(),
            log: VecDeque::new(),
            fresh: Vec::new(),
        }
    }

    pub(crate) fn set_limit(&mut self, limit_calls_24h: u64) {
        self.limit = limit_calls_24h;
        self.fresh.push(MeterFact::Limit(limit_calls_24h));
    }

    pub(crate) fn limit(&self) -> u64 {
        self.limit
    }

    /// Calls of the last 24 hours.
    pub(crate) fn used(&mut self, now: Timestamp) -> u64 {
        self.calls.sum(now)
    }

    pub(crate) fn exhausted(&mut self, now: Timestamp) -> bool {
        self.used(now) >= self.limit
    }

    pub(crate) fn count(&mut self, call: MeteredCall) {
        self.fresh.push(MeterFact::Call(call.clone()));
        self.calls.add(1, call.at);
        self.total += 1;
        *self.by_kind.entry(call.kind).or_default() += 1;
        match self.by_client.get_mut(&call.client) {
            Some(calls) => *calls += 1,
            None => drop(self.by_client.insert(call.client.clone(), 1)),
        }
        if self.log.len() == LOGGED_CALLS {
            self.log.pop_front();
        }
        self.log.push_back(call);
    }

    pub(crate) fn reading(&mut self, now: Timestamp) -> MeterReading {
        MeterReading {
            used_calls_24h: self.used(now),
            limit_calls_24h: self.limit,
            total_calls: self.total,
            by_kind: self.by_kind.clone(),
            by_client: self.by_client.clone(),
        }
    }

    pub(crate) fn log(&self) -> impl Iterator<Item = &MeteredCall> {
        self.log.iter()
    }

    /// Forgets every call; the limit stays.
    pub(crate) fn reset(&mut self) {
        *self = Self::new(self.limit);
        self.fresh.push(MeterFact::Reset);
    }
}

fn minute(at: Timestamp) -> i64 {
    at.as_second().div_euclid(60)
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan as _;

    use super::*;

    fn call(at: Timestamp, client: &str) -> MeteredCall {
        MeteredCall {
            at,
            kind: "query",
            method: "GET".into(),
            path: "/q".into(),
            client: client.into(),
        }
    }

    #[test]
    fn the_window_rolls() {
        let start: Timestamp = "2026-03-01T00:00:00Z".parse().expect("a time");
        let mut meter = Meter::new(3);
        meter.count(call(start, "a"));
        meter.count(call(start, "a"));
        meter.count(call(start + 1.hour(), "b"));
        assert!(meter.exhausted(start + 2.hours()));
        assert_eq!(meter.used(start + 24.hours()), 1);
        assert!(!meter.exhausted(start + 24.hours()));
        assert_eq!(meter.used(start + 25.hours()), 0);
        assert_eq!(meter.reading(start + 25.hours()).total_calls, 3);
    }

    #[test]
    fn counts_by_kind_and_client_until_reset() {
        let at = Timestamp::UNIX_EPOCH;
        let mut meter = Meter::new(10);
        meter.count(call(at, "tandem"));
        meter.count(call(at, "tandem"));
        meter.count(call(at, ""));
        let reading = meter.reading(at);
        assert_eq!(reading.by_kind["query"], 3);
        assert_eq!(reading.by_client["tandem"], 2);
        meter.reset();
        assert_eq!(meter.reading(at).total_calls, 0);
        assert_eq!(meter.limit(), 10);
    }
}
