//! Values that the CRM works out when they are read: formulas and roll-ups.
//!
//! They change with other records, with the formula, or with the day, and their own record's stamp stays: no
//! read of what changed brings them (Salesforce, `SystemModstamp`). So the linked records of an object that
//! has such a field mapped are read again by id every hour, round after round, in the order of ids. What came with the
//! same stamp and other values is news like any other.
//!
//! Some fields behave like that and are not marked. So every other object is read again once a day; a field that is
//! then found to have changed under the same stamp is remembered ([`unstamped`]), and its object joins the hourly rounds.
//!
//! What it does not do: decide what a round costs too much. It is scheduled work: the budget and the pace slow
//! it down like reading.

use crate::budget::Pace;
use crate::ids::CrmId;
use crate::mapping::{FieldRule, PairRules};
use crate::record::CrmRecord;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Seconds from the beginning of a round to the next one, where values change without a stamp.
pub const REFRESH_EVERY_SECONDS: i64 = 3_600;
/// The same where none is known to.
pub const LOOK_EVERY_SECONDS: i64 = 86_400;
/// A stamp has whole seconds, and two changes may share one: only a record that was seen so many seconds after its last
/// change was surely seen as that change left it. Longer than clocks are apart.
const QUIET_SECONDS: i64 = 600;

/// How often an object's records are read again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rounds {
    /// Mapped fields are known to change without a stamp.
    Hourly,
    /// None is known to: a look whether one does.
    Daily,
}

impl Rounds {
    /// Seconds from the beginning of a round to the next one.
    pub fn every_seconds(self) -> i64 {
        match self {
            Self::Hourly => REFRESH_EVERY_SECONDS,
            Self::Daily => LOOK_EVERY_SECONDS,
        }
    }
}

/// The fields that hold another value than before, though nobody changed the record since: its stamp is the same, and
/// it was seen long enough after it.
pub fn unstamped<'r>(
    known: &'r CrmRecord,
    incoming: &'r CrmRecord,
) -> impl Iterator<Item = &'r String> {
    let seen_after = known
        .observed_at
        .duration_since(known.modified_at)
        .as_secs();
    let is_same = known.revision.order == incoming.revision.order
        && known.modified_at == incoming.modified_at
        && seen_after >= QUIET_SECONDS;
    let moved = |(field, value): (&'r String, _)| {
        let before = known.fields.get(field)?;
        (before != value).then_some(field)
    };
    let fields = incoming.fields.iter().filter(move |_| is_same);
    fields.filter_map(moved)
}

/// How far the rounds over an object stand.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Refresh {
    /// When the round under way, or the last one, began, by our clock.
    pub began_at: Option<Timestamp>,
    /// The last record that the round under way read; `None` between two rounds.
    pub after: Option<CrmId>,
    /// All values were read after this moment: the last complete round began then.
    pub known_at: Option<Timestamp>,
    /// Set after a failure: not before.
    pub not_before: Option<Timestamp>,
    /// Failures since the last success.
    pub attempts: u32,
    /// CRM fields that are not marked as calculated and were found to change without a stamp.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unstamped: BTreeSet<String>,
}

impl Refresh {
    /// How often an object's records are read again; not at all where nothing comes in.
    pub fn rounds(&self, pair: &PairRules) -> Option<Rounds> {
        let inbound = |rule: &&FieldRule| rule.mapping.direction.inbound();
        let mut rules = pair.fields.iter().filter(inbound).peekable();
        rules.peek()?;
        let moves =
            |rule: &FieldRule| rule.calculated || self.unstamped.contains(&rule.mapping.crm);
        Some(if rules.any(moves) {
            Rounds::Hourly
        } else {
            Rounds::Daily
        })
    }

    /// When the next records are to be read: at once while a round is under way, and in the first hour for values
    /// that are known to move. The first daily look waits a day from `known_at`, when all records were known; `None` before.
    pub fn due_at(
        &self,
        rounds: Rounds,
        known_at: Option<Timestamp>,
        pace: Pace,
    ) -> Option<Timestamp> {
        let wait = SignedDuration::from_secs(rounds.every_seconds() * i64::from(pace.factor()));
        let after = |at: Timestamp| at.checked_add(wait).unwrap_or(at);
        let next = match (&self.after, self.began_at, rounds) {
            (Some(_), ..) | (None, None, Rounds::Hourly) => Timestamp::UNIX_EPOCH,
            (None, Some(began), _) => after(began),
            (None, None, Rounds::Daily) => after(known_at?),
        };
        Some(self.not_before.map_or(next, |at| at.max(next)))
    }

    /// Takes note of fields that changed without a stamp; gives those of them that are mapped, come in, and were not known to.
    pub fn learn(&mut self, found: BTreeSet<String>, pair: &PairRules) -> Vec<String> {
        let is_news = |field: &String| {
            let rule = pair.by_crm(field);
            let moves =
                rule.is_some_and(|rule| rule.mapping.direction.inbound() && !rule.calculated);
            moves && !self.unstamped.contains(field)
        };
        let news: Vec<String> = found.into_iter().filter(is_news).collect();
        self.unstamped.extend(news.iter().cloned());
        news
    }

    /// Records up to `upto` were read; `None` where there are no more.
    pub fn went_on(&mut self, upto: Option<CrmId>, now: Timestamp) {
        let began = match (&self.after, self.began_at) {
            (Some(_), Some(began)) => began,
            _ => now,
        };
        if upto.is_none() {
            self.known_at = Some(began);
        }
        self.began_at = Some(began);
        self.after = upto;
        self.not_before = None;
        self.attempts = 0;
    }

    /// The CRM could not be asked; it is asked again then.
    pub fn failed(&mut self, not_before: Timestamp) {
        self.attempts = self.attempts.saturating_add(1);
        self.not_before = Some(not_before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_780_000_000 + second).unwrap_or_default()
    }

    fn id(name: &str) -> Option<CrmId> {
        Some(CrmId::new(name))
    }

    fn due(refresh: &Refresh, pace: Pace) -> Option<Timestamp> {
        refresh.due_at(Rounds::Hourly, None, pace)
    }

    #[test]
    fn a_round_goes_on_at_once_and_the_next_waits_from_its_beginning() {
        let mut refresh = Refresh::default();
        assert_eq!(due(&refresh, Pace::Full), Some(Timestamp::UNIX_EPOCH));
        refresh.went_on(id("b"), at(10));
        assert_eq!(due(&refresh, Pace::Eighth), Some(Timestamp::UNIX_EPOCH));
        assert_eq!(refresh.known_at, None, "not complete yet");
        refresh.went_on(None, at(900));
        assert_eq!(refresh.known_at, Some(at(10)));
        assert_eq!(due(&refresh, Pace::Full), Some(at(10 + 3_600)));
        assert_eq!(due(&refresh, Pace::Quarter), Some(at(10 + 4 * 3_600)));
        refresh.went_on(None, at(4_000));
        assert_eq!(refresh.known_at, Some(at(4_000)), "a round of one step");
    }

    #[test]
    fn a_failure_waits_and_the_round_goes_on_where_it_stood() {
        let mut refresh = Refresh::default();
        refresh.went_on(id("b"), at(10));
        refresh.failed(at(30));
        assert_eq!(due(&refresh, Pace::Full), Some(at(30)));
        assert_eq!((refresh.after.clone(), refresh.attempts), (id("b"), 1));
        refresh.went_on(None, at(31));
        assert_eq!((refresh.attempts, refresh.known_at), (0, Some(at(10))));
    }

    #[test]
    fn a_daily_look_waits_a_day_from_when_all_was_known() {
        let mut refresh = Refresh::default();
        let daily = |refresh: &Refresh, known| refresh.due_at(Rounds::Daily, known, Pace::Full);
        assert_eq!(daily(&refresh, None), None);
        assert_eq!(daily(&refresh, Some(at(5))), Some(at(5 + 86_400)));
        refresh.went_on(id("b"), at(90_000));
        assert_eq!(daily(&refresh, Some(at(5))), Some(Timestamp::UNIX_EPOCH));
        refresh.went_on(None, at(90_001));
        assert_eq!(daily(&refresh, Some(at(5))), Some(at(90_000 + 86_400)));
    }

    /// A version and when it was seen, then a second look: what moved without a stamp.
    #[test]
    fn only_what_was_seen_long_after_its_stamp_moves_without_one() {
        let record = |changed: i64, seen: i64, score: &str| CrmRecord {
            object: crate::ids::CrmObject::new("Lead"),
            id: CrmId::new("00Q1"),
            revision: crate::record::Revision {
                order: changed,
                tag: changed.to_string(),
            },
            modified_at: at(changed),
            edited_at: None,
            modified_by: None,
            deleted: false,
            successor: None,
            fields: [("Score__c", score), ("Name", "Oak")]
                .map(|(field, text)| (field.to_owned(), crate::value::Value::text(text)))
                .into(),
            observed_at: at(seen),
            look: Default::default(),
        };
        for (known, incoming, moved) in [
            (record(0, 600, "1"), record(0, 900, "2"), 1),
            (record(0, 600, "1"), record(0, 900, "1"), 0),
            // Perhaps two changes within one second.
            (record(0, 599, "1"), record(0, 900, "2"), 0),
            // The stamp moved.
            (record(0, 600, "1"), record(1, 900, "2"), 0),
        ] {
            let found: Vec<&String> = unstamped(&known, &incoming).collect();
            assert_eq!(found, vec!["Score__c"; moved], "{known:?}");
        }
        let hidden = CrmRecord {
            fields: Default::default(),
            ..record(0, 600, "1")
        };
        assert_eq!(unstamped(&hidden, &record(0, 900, "2")).count(), 0);
        assert_eq!(unstamped(&record(0, 600, "1"), &hidden).count(), 0);
    }
}
