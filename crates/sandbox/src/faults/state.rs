//! The rules a sandbox holds, what they have seen, and the states of the org they have started.
//!
//! Nothing here acts: the org asks what becomes of a request, whether it is throttled, whether a row is locked.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::{ArmedRule, FaultAction, FaultError, FaultMatcher, FaultRule, MAX_RULES, check};
use crate::world::SfId;

/// The rules and the org-wide states they have started.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    rules: Vec<ArmedRule>,
    last_id: u64,
    throttle: Option<Throttle>,
    outage_until: Option<Timestamp>,
    locked_rows: HashMap<SfId, u32>,
    locked_any: u32,
    late: Option<Late>,
}

/// A period in which data calls are refused.
#[derive(Clone, Copy, Debug)]
struct Throttle {
    until: Timestamp,
    concurrent: bool,
}

/// The states that are on; see [`Faults::active`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Active {
    pub(crate) outage_until: Option<Timestamp>,
    pub(crate) throttled_until: Option<Timestamp>,
    /// Record changes that will fail.
    pub(crate) locked_changes: u64,
    /// Record changes that will become visible late.
    pub(crate) late_changes: u32,
}

#[derive(Clone, Copy, Debug)]
struct Late {
    changes_left: u32,
    delay: SignedDuration,
}

impl Faults {
    pub(crate) fn add(&mut self, now: Timestamp, rule: FaultRule) -> Result<u64, FaultError> {
        if self.rules.len() >= MAX_RULES {
            return Err(FaultError::TooManyRules);
        }
        check(&rule.action)?;
        self.last_id += 1;
        self.rules.push(ArmedRule {
            id: self.last_id,
            rule,
            seen: 0,
            fired: 0,
            added: now,
        });
        Ok(self.last_id)
    }

    pub(crate) fn remove(&mut self, id: u64) -> bool {
        let before = self.rules.len();
        self.rules.retain(|armed| armed.id != id);
        self.rules.len() < before
    }

    /// Back to an org where nothing goes wrong.
    pub(crate) fn clear(&mut self) {
        *self = Self {
            last_id: self.last_id,
            ..Self::default()
        };
    }

    pub(crate) fn rules(&self) -> &[ArmedRule] {
        &self.rules
    }

    /// What the first rule that fires on this request does.
    pub(crate) fn fire(
        &mut self,
        now: Timestamp,
        method: &str,
        target: &str,
        body: &[u8],
    ) -> Option<FaultAction> {
        let mut fired = None;
        for armed in &mut self.rules {
            if !armed.is_awake(now) || !matches(&armed.rule.matcher, method, target, body) {
                continue;
            }
            armed.seen = armed.seen.saturating_add(1);
            let due = armed.seen >= armed.rule.matcher.nth.unwrap_or(1);
            let spent = armed.rule.times.is_some_and(|times| armed.fired >= times);
            if fired.is_none() && due && !spent {
                armed.fired = armed.fired.saturating_add(1);
                fired = Some(armed.rule.action.clone());
            }
        }
        fired
    }

    pub(crate) fn throttle(&mut self, until: Timestamp, concurrent: bool) {
        self.throttle = Some(Throttle { until, concurrent });
    }

    /// Whether data calls are refused now; the value says which limit's text to use.
    pub(crate) fn throttled(&self, now: Timestamp) -> Option<bool> {
        self.throttle
            .filter(|throttle| now < throttle.until)
            .map(|throttle| throttle.concurrent)
    }

    pub(crate) fn begin_outage(&mut self, until: Timestamp) {
        self.outage_until = Some(until);
    }

    pub(crate) fn in_outage(&self, now: Timestamp) -> bool {
        self.outage_until.is_some_and(|until| now < until)
    }

    pub(crate) fn lock_rows(&mut self, record_id: Option<SfId>, times: u32) {
        match record_id {
            Some(id) => drop(self.locked_rows.insert(id, times)),
            None => self.locked_any = times,
        }
    }

    /// Takes one failure from the lock on this record, when there is one. A record about to be created has no id.
    pub(crate) fn hits_lock(&mut self, record_id: Option<SfId>) -> bool {
        if self.locked_any > 0 {
            self.locked_any -= 1;
            return true;
        }
        let Some(left) = record_id.and_then(|id| self.locked_rows.get_mut(&id)) else {
            return false;
        };
        let locked = *left > 0;
        *left = left.saturating_sub(1);
        locked
    }

    /// What goes wrong now because of a state of the org.
    pub(crate) fn active(&self, now: Timestamp) -> Active {
        let locked = self.locked_rows.values().map(|left| u64::from(*left));
        Active {
            outage_until: self.outage_until.filter(|until| now < *until),
            throttled_until: self
                .throttle
                .filter(|throttle| now < throttle.until)
                .map(|throttle| throttle.until),
            locked_changes: locked.sum::<u64>() + u64::from(self.locked_any),
            late_changes: self.late.map_or(0, |late| late.changes_left),
        }
    }

    pub(crate) fn commit_late(&mut self, changes: u32, delay: SignedDuration) {
        self.late = Some(Late {
            changes_left: changes,
            delay,
        });
    }

    /// When the change about to be made becomes visible, if not at once. Uses up one of the late changes.
    pub(crate) fn visible_at(&mut self, now: Timestamp) -> Option<Timestamp> {
        let late = self.late.as_mut().filter(|late| late.changes_left > 0)?;
        late.changes_left -= 1;
        now.checked_add(late.delay).ok()
    }
}

fn matches(matcher: &FaultMatcher, method: &str, target: &str, body: &[u8]) -> bool {
    let method_fits = matcher.method.as_ref().is_none_or(|wanted| {
        wanted
            .split(',')
            .any(|one| one.trim().eq_ignore_ascii_case(method))
    });
    let path_fits = matcher
        .path
        .as_ref()
        .is_none_or(|part| target.contains(part.as_str()));
    method_fits
        && path_fits
        && matcher
            .body
            .as_ref()
            .is_none_or(|part| contains(body, part.as_bytes()))
}

fn contains(body: &[u8], part: &[u8]) -> bool {
    part.is_empty() || body.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::UNIX_EPOCH;

    fn rule(nth: Option<u32>, times: Option<u32>) -> FaultRule {
        let matcher = FaultMatcher {
            path: Some("/query".into()),
            nth,
            ..FaultMatcher::default()
        };
        FaultRule {
            matcher,
            times,
            action: FaultAction::Garbage,
        }
    }

    fn firings(rule: FaultRule, requests: usize) -> Vec<bool> {
        let mut faults = Faults::default();
        faults.add(START, rule).expect("a sound rule");
        (0..requests)
            .map(|_| faults.fire(START, "GET", "/services/query", b"").is_some())
            .collect()
    }

    #[test]
    fn fires_from_the_nth_match_for_the_given_times() {
        assert_eq!(
            firings(rule(Some(2), Some(2)), 5),
            [false, true, true, false, false]
        );
        assert_eq!(firings(rule(None, None), 3), [true, true, true]);
        assert_eq!(firings(rule(None, Some(1)), 3), [true, false, false]);
    }

    #[test]
    fn matches_method_path_and_body() {
        let mut faults = Faults::default();
        let matcher = FaultMatcher {
            method: Some("post".into()),
            path: Some("/sobjects/Lead".into()),
            body: Some("Ada".into()),
            ..FaultMatcher::default()
        };
        faults
            .add(
                START,
                FaultRule {
                    matcher,
                    times: None,
                    action: FaultAction::DoThenLose,
                },
            )
            .expect("a sound rule");
        assert!(
            faults
                .fire(
                    START,
                    "POST",
                    "/x/sobjects/Lead",
                    b"{\"LastName\":\"Adams, Ada\"}"
                )
                .is_some()
        );
        assert!(
            faults
                .fire(START, "PATCH", "/x/sobjects/Lead", b"Ada")
                .is_none()
        );
        assert!(
            faults
                .fire(START, "POST", "/x/sobjects/Contact", b"Ada")
                .is_none()
        );
        assert!(
            faults
                .fire(START, "POST", "/x/sobjects/Lead", b"Bob")
                .is_none()
        );
    }

    #[test]
    fn a_row_lock_is_transient_and_knows_both_id_forms() {
        let id = |text: &str| Some(text.parse::<SfId>().expect("an id"));
        let mut faults = Faults::default();
        faults.lock_rows(id("001xx0000000001AAA"), 2);
        assert!(!faults.hits_lock(None));
        assert!(!faults.hits_lock(id("001xx0000000002")));
        assert!(faults.hits_lock(id("001xx0000000001")));
        assert!(faults.hits_lock(id("001xx0000000001AAA")));
        assert!(!faults.hits_lock(id("001xx0000000001AAA")));
    }

    #[test]
    fn refuses_senseless_faults() {
        let mut faults = Faults::default();
        let html = |status| FaultRule::once("GET", "/", FaultAction::RejectHtml { status });
        assert_eq!(
            faults.add(START, html(204)),
            Err(FaultError::NotAnErrorStatus(204))
        );
        let outage = FaultRule::once("GET", "/", FaultAction::Outage { seconds: u64::MAX });
        assert_eq!(
            faults.add(START, outage),
            Err(FaultError::TooLong(u64::MAX))
        );
    }

    #[test]
    fn a_rule_may_sleep_first() {
        let mut faults = Faults::default();
        let mut late = rule(None, None);
        late.matcher.after_seconds = Some(60);
        faults.add(START, late).expect("a sound rule");
        let at = |seconds| START + SignedDuration::from_secs(seconds);
        let mut fires = |seconds| {
            faults
                .fire(at(seconds), "GET", "/services/query", b"")
                .is_some()
        };
        assert_eq!(
            [fires(0), fires(59), fires(60), fires(61)],
            [false, false, true, true]
        );
    }
}
