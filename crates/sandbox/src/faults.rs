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

mod lost_rows;
mod state;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::world::SfId;

pub(crate) use lost_rows::lose_rows;
pub(crate) use state::Faults;

/// Most rules one sandbox holds; adding more is refused.
pub const MAX_RULES: usize = 1_000;
/// Longest time, in seconds, any fault may last: a year.
pub const MAX_FAULT_SECONDS: u64 = 366 * 24 * 3600;

/// Which requests a rule is about. An absent criterion matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FaultMatcher {
    /// HTTP method, any letter case; several are separated by commas: `POST,PATCH`.
    pub method: Option<String>,
    /// A part of the path with its query string, exactly as sent.
    pub path: Option<String>,
    /// A part of the body, exactly as sent.
    pub body: Option<String>,
    /// Sleep for so many seconds of the org's clock after the rule was added.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_seconds: Option<u64>,
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
    /// The work is done; the pages of queries in the answer lack rows that their counts still count.
    LoseRows {
        /// How many of each page, from its middle.
        rows: u32,
        /// The pages also say that they are not the last.
        #[serde(default)]
        unfinished: bool,
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

impl ArmedRule {
    /// Whether it is awake.
    pub(crate) fn is_awake(&self, now: Timestamp) -> bool {
        let sleeps = self.rule.matcher.after_seconds.unwrap_or(0);
        let sleeps = SignedDuration::from_secs(i64::try_from(sleeps).unwrap_or(i64::MAX));
        self.added
            .checked_add(sleeps)
            .is_ok_and(|awake| now >= awake)
    }
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
    /// When it was added, by the org's clock.
    #[serde(skip)]
    pub(crate) added: Timestamp,
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

fn record_id<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<SfId>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| text.parse().map_err(serde::de::Error::custom))
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

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
