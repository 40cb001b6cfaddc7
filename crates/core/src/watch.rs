//! What reading changes does not show: records that are gone without a trace, and rows that reading missed.
//!
//! A deleted record is read like a changed one while it lies in the CRM's recycle bin. Deleted for good it is
//! no row any more. Two nets find it: the CRM's *deletion feed*, asked now and then from where it was covered
//! last, and, where the feed does not reach back far enough or a week has passed, the *roll call*: the ids of
//! all records, page by page, against those that are linked here. What the roll call finds changed or unknown
//! was missed by reading, and is read.
//!
//! Absence from either is a suspicion. The proof is a second look, by id: only a record that is not there then
//! is gone ([`gone`]).
//!
//! What it does not do: decide what becomes of the link. That is reconcile's, as for any deleted record.

use crate::connector::{Present, Watermark};
use crate::ids::{CrmId, CrmObject};
use crate::record::{CrmRecord, Look, Revision};
use crate::refresh::Refresh;
use crate::value::Fields;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Seconds between two looks at the deletion feed.
pub const FEED_EVERY_SECONDS: i64 = 3_600;
/// Seconds between two roll calls of an object.
pub const ROLL_CALL_EVERY_SECONDS: i64 = 7 * 86_400;

/// Seconds between two roll calls that the deletion feed makes necessary: an org whose recycle bin is emptied
/// every hour must not cost a roll call every hour.
pub const FORCED_ROLL_CALL_EVERY_SECONDS: i64 = 86_400;

/// Why a roll call is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RollCallCause {
    /// The last one is a week ago.
    Scheduled,
    /// The deletion feed does not tell what was deleted since it was asked last.
    FeedOutOfReach,
}

/// A roll call: under way, or as it ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RollCall {
    /// Why.
    pub cause: RollCallCause,
    /// When it began, by our clock.
    pub began_at: Timestamp,
    /// The last id of the last page; `None` before the first.
    pub after: Option<CrmId>,
    /// Records that the CRM named.
    pub present: u64,
    /// Records that were linked here and are gone.
    pub gone: u64,
    /// Records that were changed or new and that reading had missed.
    pub missed: u64,
}

/// How far an object is watched.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ObjectWatch {
    /// The object.
    pub object: CrmObject,
    /// Grows each time it is saved: the fence.
    pub version: u64,
    /// Deletions are known up to here.
    pub covered: Option<Watermark>,
    /// When the feed was asked last, by our clock.
    pub asked_at: Option<Timestamp>,
    /// The roll call under way.
    pub roll_call: Option<RollCall>,
    /// The last complete one.
    pub last_roll_call: Option<RollCall>,
    /// All records were known then, by our clock: when the first read was complete, or the last roll call began.
    pub known_at: Option<Timestamp>,
    /// Set after a failure: not before.
    pub not_before: Option<Timestamp>,
    /// Failures since the last success.
    pub attempts: u32,
    /// Rounds over values that change without a stamp.
    #[serde(default)]
    pub refresh: Refresh,
}

/// What to do next about an object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WatchTask {
    /// Ask the deletion feed.
    Feed,
    /// Read the next page of the roll call, or begin one.
    RollCall,
}

impl ObjectWatch {
    /// The watch over an object that was just read completely for the first time.
    pub fn new(object: CrmObject) -> Self {
        Self {
            object,
            version: 0,
            covered: None,
            asked_at: None,
            roll_call: None,
            last_roll_call: None,
            known_at: None,
            not_before: None,
            attempts: 0,
            refresh: Refresh::default(),
        }
    }

    /// What is due next, and when.
    pub fn next(&self, has_feed: bool) -> (WatchTask, Timestamp) {
        let after = |at: Option<Timestamp>, seconds| {
            let wait = SignedDuration::from_secs(seconds);
            at.map_or(Timestamp::UNIX_EPOCH, |at| {
                at.checked_add(wait).unwrap_or(at)
            })
        };
        let feed = (WatchTask::Feed, after(self.asked_at, FEED_EVERY_SECONDS));
        let roll_call = match (&self.roll_call, self.known_at) {
            (Some(_), _) => (WatchTask::RollCall, Timestamp::UNIX_EPOCH),
            // Known at is told with the first look at the feed; without a feed it is the first roll call's.
            (None, None) if has_feed => (WatchTask::RollCall, Timestamp::MAX),
            (None, known_at) => (
                WatchTask::RollCall,
                after(known_at, ROLL_CALL_EVERY_SECONDS),
            ),
        };
        let (task, at) = if has_feed && feed.1 <= roll_call.1 {
            feed
        } else {
            roll_call
        };
        (
            task,
            self.not_before.map_or(at, |not_before| at.max(not_before)),
        )
    }

    /// The feed answered: it covers deletions up to here.
    pub fn fed(&mut self, covered: Watermark, now: Timestamp) {
        let known = self
            .covered
            .take()
            .filter(|known| known.order > covered.order);
        self.covered = Some(known.unwrap_or(covered));
        self.asked_at = Some(now);
        self.known_at.get_or_insert(now);
        self.succeeded();
    }

    /// A roll call begins, in place of one under way.
    pub fn begin_roll_call(&mut self, cause: RollCallCause, now: Timestamp) {
        self.roll_call = Some(RollCall {
            cause,
            began_at: now,
            after: None,
            present: 0,
            gone: 0,
            missed: 0,
        });
        self.succeeded();
    }

    /// The roll call under way is complete.
    pub fn end_roll_call(&mut self) {
        if let Some(done) = self.roll_call.take() {
            self.known_at = Some(done.began_at);
            self.last_roll_call = Some(done);
        }
    }

    /// The feed can't tell what was deleted since it was asked: everything is compared, and the feed goes on
    /// from where reading stands at this moment. A roll is called once a day at most; until then nothing is
    /// covered any farther.
    pub fn out_of_reach(&mut self, now: Timestamp) {
        let day = SignedDuration::from_secs(FORCED_ROLL_CALL_EVERY_SECONDS);
        let last = self.last_roll_call.as_ref().map(|last| last.began_at);
        let again = last.and_then(|last| last.checked_add(day).ok());
        if let Some(again) = again.filter(|again| *again > now) {
            self.not_before = Some(again);
            return;
        }
        self.covered = None;
        self.asked_at = Some(now);
        self.begin_roll_call(RollCallCause::FeedOutOfReach, now);
    }

    /// A look worked.
    pub fn succeeded(&mut self) {
        self.attempts = 0;
        self.not_before = None;
    }

    /// A look failed; the next one is made then.
    pub fn failed(&mut self, not_before: Timestamp) {
        self.attempts = self.attempts.saturating_add(1);
        self.not_before = Some(not_before);
    }
}

/// A linked CRM record that is taken to be alive, with the order of its known version.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Linked {
    /// Which one.
    pub id: CrmId,
    /// [`Revision::order`](crate::record::Revision::order) as last seen.
    pub order: Option<i64>,
}

/// What a page of the roll call says about the records that are linked in its range.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Called {
    /// Linked here and not named there: suspected to be gone.
    pub missing: Vec<CrmId>,
    /// Named there in a newer version than is known here, or not known at all: reading missed them.
    pub missed: Vec<CrmId>,
}

/// Compares a page with the links of its range. `import` says whether unknown records concern us.
pub fn call(present: &[Present], linked: &[Linked], import: bool) -> Called {
    let named: BTreeMap<&CrmId, i64> = present.iter().map(|one| (&one.id, one.order)).collect();
    let known: BTreeMap<&CrmId, Option<i64>> =
        linked.iter().map(|one| (&one.id, one.order)).collect();
    let missing = linked.iter().filter(|one| !named.contains_key(&one.id));
    let is_missed = |one: &&Present| match known.get(&one.id) {
        Some(order) => order.is_none_or(|order| order < one.order),
        None => import,
    };
    Called {
        missing: missing.map(|one| one.id.clone()).collect(),
        missed: present
            .iter()
            .filter(is_missed)
            .map(|one| one.id.clone())
            .collect(),
    }
}

/// A linked record of which both looks found nothing: as it was known, and deleted. It keeps its version, so
/// that a later look which shows it alive counts; one that was never read, because it went between our create
/// and the first look, is older than any.
pub fn gone(
    (object, id): (&CrmObject, &CrmId),
    known: Option<CrmRecord>,
    looked_at: Timestamp,
) -> CrmRecord {
    let known = known.unwrap_or_else(|| CrmRecord {
        object: object.clone(),
        id: id.clone(),
        revision: Revision::default(),
        modified_at: looked_at,
        edited_at: None,
        modified_by: None,
        deleted: true,
        successor: None,
        fields: Fields::new(),
        observed_at: looked_at,
        look: Look::default(),
    });
    CrmRecord {
        deleted: true,
        observed_at: looked_at,
        ..known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_780_000_000 + second).unwrap_or_default()
    }

    fn id(name: &str) -> CrmId {
        CrmId::new(name)
    }

    fn ids(names: &[&str]) -> Vec<CrmId> {
        names.iter().map(|name| id(name)).collect()
    }

    #[test]
    fn a_page_tells_who_is_missing_and_who_was_missed() {
        let present = |name: &str, order| Present {
            id: id(name),
            order,
        };
        let linked = |name: &str, order| Linked {
            id: id(name),
            order,
        };
        let page = [
            present("a", 5),
            present("b", 6),
            present("c", 5),
            present("n", 1),
        ];
        let known = [
            linked("a", Some(5)),
            linked("b", Some(5)),
            linked("c", Some(9)),
            linked("x", Some(5)),
            linked("y", None),
        ];
        for (import, missed) in [(true, &["b", "n"][..]), (false, &["b"])] {
            let expected = Called {
                missing: ids(&["x", "y"]),
                missed: ids(missed),
            };
            assert_eq!(call(&page, &known, import), expected, "import {import}");
        }
        let unseen = call(&page[..1], &[linked("a", None)], true);
        assert_eq!(unseen.missed, ids(&["a"]), "its version is not known");
        assert_eq!(call(&[], &[], true), Called::default());
    }

    #[test]
    fn the_feed_is_asked_every_hour_and_the_roll_is_called_every_week() {
        let week = ROLL_CALL_EVERY_SECONDS;
        let mut watch = ObjectWatch::new(CrmObject::new("Lead"));
        assert_eq!(watch.next(true), (WatchTask::Feed, Timestamp::UNIX_EPOCH));
        assert_eq!(watch.next(false).0, WatchTask::RollCall, "there is no feed");
        watch.fed(mark(10), at(10));
        assert_eq!(watch.next(true), (WatchTask::Feed, at(10 + 3_600)));
        assert_eq!(watch.next(false), (WatchTask::RollCall, at(10 + week)));
        watch.failed(at(9_000));
        assert_eq!(watch.next(true), (WatchTask::Feed, at(9_000)));
        watch.fed(mark(week), at(week));
        assert_eq!(watch.next(true), (WatchTask::RollCall, at(10 + week)));
        watch.begin_roll_call(RollCallCause::Scheduled, at(week + 10));
        assert_eq!(
            watch.next(true),
            (WatchTask::RollCall, Timestamp::UNIX_EPOCH)
        );
        watch.end_roll_call();
        assert_eq!(
            watch.known_at,
            Some(at(week + 10)),
            "what came while it was called is read"
        );
        assert_eq!(watch.next(true), (WatchTask::Feed, at(week + 3_600)));
    }

    #[test]
    fn a_feed_out_of_reach_calls_the_roll_and_goes_on_from_there() {
        let mut watch = ObjectWatch::new(CrmObject::new("Lead"));
        watch.fed(mark(10), at(10));
        watch.fed(mark(5), at(20));
        assert_eq!(watch.covered, Some(mark(10)), "it never goes back");
        watch.out_of_reach(at(30));
        assert_eq!((&watch.covered, watch.asked_at), (&None, Some(at(30))));
        assert_eq!(watch.next(true).0, WatchTask::RollCall);
        watch.end_roll_call();
        watch.fed(mark(40), at(40));
        watch.out_of_reach(at(4_000));
        assert_eq!(
            watch.next(true),
            (WatchTask::Feed, at(30 + 86_400)),
            "once a day at most"
        );
        assert_eq!(watch.covered, Some(mark(40)));
        watch.out_of_reach(at(30 + 86_400));
        assert_eq!(watch.next(true).0, WatchTask::RollCall);
    }

    fn mark(order: i64) -> Watermark {
        Watermark {
            order,
            token: order.to_string(),
        }
    }
}
