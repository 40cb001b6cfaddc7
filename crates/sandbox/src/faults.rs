//! Things that go wrong on purpose.
//!
//! A [`FaultRule`] says which requests it is about (method, part of the path, part of the body, the n-th match, how
//! many times) and what happens then. Rules are looked at in the order they were added and the first one that fires
//! decides; the others neither fire nor count that request's firing, but they do count it as seen.
//!
//! Some faults are a state of the org rather than of one request (an outage, a throttle, locked rows, commits that
//! become visible late). A rule starts such a state when it fires, before its own request is served;
//! [`crate::Sandbox::strike`] starts it at once.
//!
//! Everything here depends only on the requests and on the sandbox's own clock, so a run can be repeated exactly.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::world::SfId;

/// Most rules one sandbox holds; adding more is refused.
pub const MAX_RULES: usize = 1_000;
/// Longest time, in seconds, any fault may last: a year.
pub const MAX_FAULT_SECONDS: u64 = 366 * 24 * 3600;

/// Which requests a rule is about. An absent criterion matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FaultMatcher {
    /// HTTP method, any letter case.
    pub method: Option<String>,
    /// A part of the path with its query string, exactly as sent.
    pub path: Option<String>,
    /// A part of the body, exactly as sent.
    pub body: Option<String>,
    /// Fire from the n-th matching request on, counted from 1.
    pub nth: Option<u32>,
}

/// What happens to a request, or to the org.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum FaultAction {
    /// Nothing is done; the answer is a Salesforce error array.
    Reject {
        /// HTTP status, 400 to 599.
        status: u16,
        /// Salesforce's `errorCode`.
        error_code: String,
        /// Salesforce's `message`.
        message: String,
    },
    /// Nothing is done; the answer is an HTML page, as an edge server or a maintenance page gives.
    RejectHtml {
        /// HTTP status, 400 to 599.
        status: u16,
    },
    /// Nothing is done; the answer is 200 with a body that is not JSON.
    Garbage,
    /// Nothing is done and no answer comes.
    LoseBefore,
    /// The work is done and no answer comes: the lost create.
    DoThenLose,
    /// The work is done and the answer is 500 `UNKNOWN_EXCEPTION`.
    DoThenFail,
    /// The work is not done and no answer comes; the request is applied later, though the client has gone.
    Hold {
        /// Seconds after which it is applied; absent: when [`crate::Sandbox::release_held`] is called.
        seconds: Option<u64>,
    },
    /// The work is done at once and the answer takes its time.
    Slow {
        /// Milliseconds until the answer leaves.
        millis: u64,
    },
    /// Data calls get 403 `REQUEST_LIMIT_EXCEEDED` for a while.
    Throttle {
        /// How long, in seconds.
        seconds: u64,
        /// The text of the concurrent limit instead of the daily one.
        #[serde(default)]
        concurrent: bool,
    },
    /// Every request gets a 503 HTML page for a while.
    Outage {
        /// How long, in seconds.
        seconds: u64,
    },
    /// All access tokens end now; refresh tokens stay good.
    ExpireAccessTokens,
    /// All refresh tokens and their access tokens end now.
    RevokeRefreshTokens,
    /// All query locators end now.
    ExpireLocators,
    /// Record changes fail with `UNABLE_TO_LOCK_ROW`.
    LockRows {
        /// Only changes of this record (15 or 18 characters); absent: of any.
        #[serde(default, deserialize_with = "record_id")]
        record_id: Option<SfId>,
        /// How many record changes fail before the lock is gone.
        times: u32,
    },
    /// The next changes carry the stamp of now and become visible later.
    CommitLate {
        /// How many record changes.
        changes: u32,
        /// How much later, in seconds.
        seconds: u64,
    },
}

/// A matcher with what it sets off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// Which requests.
    #[serde(default, rename = "match")]
    pub matcher: FaultMatcher,
    /// How many times it fires before it is spent; `None` (JSON `null`): for ever. Absent in JSON means once.
    #[serde(default = "once")]
    pub times: Option<u32>,
    /// What happens.
    pub action: FaultAction,
}

impl FaultRule {
    /// A rule that fires once, on the next request whose method and path match.
    #[must_use]
    pub fn once(method: &str, path: &str, action: FaultAction) -> Self {
        let matcher = FaultMatcher {
            method: Some(method.into()),
            path: Some(path.into()),
            ..FaultMatcher::default()
        };
        Self {
            matcher,
            times: once(),
            action,
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "serde needs the field's own type")]
fn once() -> Option<u32> {
    Some(1)
}

/// A rule as the sandbox holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ArmedRule {
    /// Its number, for removal.
    pub id: u64,
    /// The rule.
    #[serde(flatten)]
    pub rule: FaultRule,
    /// Matching requests seen so far.
    pub seen: u32,
    /// Times it fired so far.
    pub fired: u32,
}

/// Why a fault was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// See [`MAX_RULES`].
    #[error("there are already {MAX_RULES} fault rules; delete some first")]
    TooManyRules,
    /// The status of a rejection is not an error status.
    #[error("status {0} is not an error status (400 to 599)")]
    NotAnErrorStatus(u16),
    /// See [`MAX_FAULT_SECONDS`].
    #[error("{0} seconds is longer than the {MAX_FAULT_SECONDS} seconds a fault may last")]
    TooLong(u64),
    /// The fault is about one request, so it needs a rule.
    #[error("this fault is about one request: add it as a rule")]
    NeedsRule,
}

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

#[derive(Clone, Copy, Debug)]
struct Late {
    changes_left: u32,
    delay: SignedDuration,
}

impl Faults {
    pub(crate) fn add(&mut self, rule: FaultRule) -> Result<u64, FaultError> {
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
    pub(crate) fn fire(&mut self, method: &str, target: &str, body: &[u8]) -> Option<FaultAction> {
        let mut fired = None;
        for armed in &mut self.rules {
            if !matches(&armed.rule.matcher, method, target, body) {
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

/// Refuses faults that could not be what their author meant.
pub(crate) fn check(action: &FaultAction) -> Result<(), FaultError> {
    use FaultAction as A;
    match action {
        A::Reject { status, .. } | A::RejectHtml { status } if !(400..600).contains(status) => {
            Err(FaultError::NotAnErrorStatus(*status))
        }
        A::Throttle { seconds, .. }
        | A::Outage { seconds }
        | A::CommitLate { seconds, .. }
        | A::Hold {
            seconds: Some(seconds),
        } if *seconds > MAX_FAULT_SECONDS => Err(FaultError::TooLong(*seconds)),
        A::Slow { millis } if millis / 1000 > MAX_FAULT_SECONDS => {
            Err(FaultError::TooLong(millis / 1000))
        }
        _ => Ok(()),
    }
}

fn matches(matcher: &FaultMatcher, method: &str, target: &str, body: &[u8]) -> bool {
    let method_fits = matcher
        .method
        .as_ref()
        .is_none_or(|wanted| wanted.eq_ignore_ascii_case(method));
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

fn record_id<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<SfId>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| text.parse().map_err(serde::de::Error::custom))
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

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
        faults.add(rule).expect("a sound rule");
        (0..requests)
            .map(|_| faults.fire("GET", "/services/query", b"").is_some())
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
            nth: None,
        };
        faults
            .add(FaultRule {
                matcher,
                times: None,
                action: FaultAction::DoThenLose,
            })
            .expect("a sound rule");
        assert!(
            faults
                .fire("POST", "/x/sobjects/Lead", b"{\"LastName\":\"Adams, Ada\"}")
                .is_some()
        );
        assert!(faults.fire("PATCH", "/x/sobjects/Lead", b"Ada").is_none());
        assert!(faults.fire("POST", "/x/sobjects/Contact", b"Ada").is_none());
        assert!(faults.fire("POST", "/x/sobjects/Lead", b"Bob").is_none());
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
            faults.add(html(204)),
            Err(FaultError::NotAnErrorStatus(204))
        );
        let outage = FaultRule::once("GET", "/", FaultAction::Outage { seconds: u64::MAX });
        assert_eq!(faults.add(outage), Err(FaultError::TooLong(u64::MAX)));
    }

    #[test]
    fn a_rule_without_times_fires_once_and_null_means_for_ever() {
        let parse = |text| {
            serde_json::from_str::<FaultRule>(text)
                .expect("valid")
                .times
        };
        assert_eq!(parse(r#"{"action":{"kind":"garbage"}}"#), Some(1));
        assert_eq!(parse(r#"{"times":null,"action":{"kind":"garbage"}}"#), None);
    }
}
