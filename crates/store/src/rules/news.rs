//! Whether a CRM record that just came in says something new about the one we know.
//!
//! Records come by pulls that overlap, by reads and by the read-back of our own writes, in any order.
//! Older evidence never wins, and the same evidence twice changes nothing.

use std::cmp::Ordering;
use tandem_core::Timestamp;
use tandem_core::record::CrmRecord;
use tandem_core::refresh::unstamped;

/// What an incoming record is, compared with the known one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum News {
    /// Nothing was known.
    New,
    /// It is newer, or of the same version with other content and of a later look.
    Changed,
    /// It says what is known already.
    Unchanged,
    /// It is older than what is known.
    Stale,
}

impl News {
    /// Whether there is something to decide.
    pub fn is_news(self) -> bool {
        matches!(self, Self::New | Self::Changed)
    }
}

/// How a record came in. It matters only between versions of one stamp whose looks overlap.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Evidence {
    /// By reading, which goes back over the same time again: in doubt the known record stays.
    Read,
    /// By the read-back of our own write, on which the base was just agreed: in doubt it is newer.
    ReadBack,
}

/// Compares an incoming record with the known one.
///
/// A version is known by its stamp and by when people last changed the record: what the platform does by itself
/// moves only the former. Two versions may share both (Salesforce stamps whole seconds), so within one the order of the looks
/// decides, as far as it can ([`Look`](tandem_core::record::Look)). A field that the incoming record lacks was not
/// asked for and says nothing; one that the known record lacks is news, whoever looked later.
pub fn news(known: Option<&CrmRecord>, incoming: &CrmRecord, evidence: Evidence) -> News {
    let Some(known) = known else {
        return News::New;
    };
    match version(incoming).cmp(&version(known)) {
        Ordering::Less => News::Stale,
        Ordering::Greater => News::Changed,
        Ordering::Equal if says_the_same(known, incoming) => News::Unchanged,
        Ordering::Equal if is_later(known, incoming, evidence) => News::Changed,
        Ordering::Equal if shows_more(known, incoming) => News::Changed,
        Ordering::Equal => News::Stale,
    }
}

/// The fields that moved though the record's stamp did not; they are news only if the incoming record is.
pub fn moved_unstamped(known: Option<&CrmRecord>, incoming: &CrmRecord) -> Vec<String> {
    let known = known.into_iter();
    known
        .flat_map(|known| unstamped(known, incoming).cloned())
        .collect()
}

/// Takes an incoming record into the mirrored one, if it is news. A version holds what was read with it:
/// a field that a newer one lacks is not known any more, since it may be long overwritten.
///
/// An unchanged record seen later moves its look on, so that an answer that was under way in
/// between is recognised as older. A store that writes rows must do so also in that case.
pub fn take_in(mirror: &mut Option<CrmRecord>, incoming: CrmRecord, evidence: Evidence) -> News {
    let verdict = news(mirror.as_ref(), &incoming, evidence);
    match (verdict, mirror.as_mut()) {
        (News::New, _) => *mirror = Some(incoming),
        (News::Changed, Some(known)) => replace(known, incoming, evidence),
        (News::Unchanged, Some(known)) => {
            known.observed_at = known.observed_at.max(incoming.observed_at);
            known.look = known.look.and(incoming.look);
        }
        _ => {}
    }
    verdict
}

fn replace(known: &mut CrmRecord, mut incoming: CrmRecord, evidence: Evidence) {
    if version(&incoming) == version(known) {
        if !is_later(known, &incoming, evidence) {
            for (field, value) in incoming.fields {
                known.fields.entry(field).or_insert(value);
            }
            return;
        }
        for (field, value) in std::mem::take(&mut known.fields) {
            incoming.fields.entry(field).or_insert(value);
        }
    }
    // Where our write met what was known, and that was our own write too, somebody else's last change is
    // as long ago as it was then.
    if incoming.edited_at == Some(known.modified_at) {
        incoming.edited_at = Some(known.changed_at());
    }
    *known = incoming;
}

fn version(record: &CrmRecord) -> (i64, Timestamp) {
    (record.revision.order, record.modified_at)
}

fn is_later(known: &CrmRecord, incoming: &CrmRecord, evidence: Evidence) -> bool {
    match evidence {
        Evidence::Read => incoming.look.is_after(known.look),
        // A deletion is taken back by nothing but a look that was certainly later.
        Evidence::ReadBack if known.deleted && !incoming.deleted => {
            incoming.look.is_after(known.look)
        }
        Evidence::ReadBack => !known.look.is_after(incoming.look),
    }
}

fn shows_more(known: &CrmRecord, incoming: &CrmRecord) -> bool {
    let mut fields = incoming.fields.keys();
    fields.any(|field| !known.fields.contains_key(field))
}

fn says_the_same(known: &CrmRecord, incoming: &CrmRecord) -> bool {
    known.deleted == incoming.deleted
        && known.successor == incoming.successor
        && incoming
            .fields
            .iter()
            .all(|(field, value)| known.fields.get(field) == Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tandem_core::ids::{CrmId, CrmObject, ReservationId};
    use tandem_core::record::{Look, Revision};
    use tandem_core::value::Value;

    fn record(order: i64, seen: i64, name: &str) -> CrmRecord {
        CrmRecord {
            object: CrmObject::new("Account"),
            id: CrmId::new("001"),
            revision: Revision {
                order,
                tag: order.to_string(),
            },
            modified_at: Timestamp::UNIX_EPOCH,
            edited_at: None,
            modified_by: None,
            deleted: name == "deleted",
            successor: None,
            fields: [("Name".to_owned(), Value::text(name))].into(),
            observed_at: Timestamp::UNIX_EPOCH,
            look: look(seen, seen),
        }
    }

    fn look(began: i64, ended: i64) -> Look {
        Look {
            began: ReservationId(began),
            ended: ReservationId(ended),
        }
    }

    /// `5.3 10-20 A`: version (stamp, last change), look, what it shows.
    fn read(cell: &str) -> Option<CrmRecord> {
        let mut words = cell.split_whitespace();
        let version = words.next()?;
        let (order, modified) = version.split_once('.').unwrap_or((version, "0"));
        let (began, ended) = words.next()?.split_once('-')?;
        Some(CrmRecord {
            look: look(began.parse().ok()?, ended.parse().ok()?),
            modified_at: Timestamp::from_second(modified.parse().ok()?).ok()?,
            ..record(order.parse().ok()?, 0, words.next()?)
        })
    }

    fn check(row: &str) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [known, incoming, reading, read_back] = cells[..] else {
            panic!("four cells: {row}");
        };
        let records = read(known).zip(read(incoming));
        let (known, incoming) = records.unwrap_or_else(|| panic!("two records: {row}"));
        for (evidence, verdict) in [(Evidence::Read, reading), (Evidence::ReadBack, read_back)] {
            let found = format!("{:?}", news(Some(&known), &incoming, evidence));
            assert_eq!(found.to_lowercase(), verdict, "{evidence:?}: {row}");
            assert_eq!(news(None, &incoming, evidence), News::New);
        }
    }

    #[test]
    fn the_table_of_news() {
        let rows = include_str!("news.txt").lines();
        let rows = rows.filter(|row| !row.starts_with('#'));
        assert!(rows.inspect(|row| check(row)).count() > 10);
    }

    #[test]
    fn what_a_newer_version_does_not_show_is_not_known() {
        let mut mirror = Some(record(5, 10, "A"));
        let other = |order, seen| CrmRecord {
            fields: [("Phone".to_owned(), Value::text("1"))].into(),
            ..record(order, seen, "")
        };
        assert_eq!(
            take_in(&mut mirror, other(6, 11), Evidence::ReadBack),
            News::Changed
        );
        let shown = |mirror: &Option<CrmRecord>| {
            let fields = mirror.iter().flat_map(|record| record.fields.keys());
            fields.cloned().collect::<Vec<_>>()
        };
        assert_eq!(shown(&mirror), ["Phone"]);
        assert_eq!(
            take_in(&mut mirror, other(6, 12), Evidence::Read),
            News::Unchanged
        );
        let again = record(6, 12, "A");
        assert_eq!(
            take_in(&mut mirror, again, Evidence::Read),
            News::Changed,
            "it is seen again"
        );
        assert_eq!(shown(&mirror), ["Name", "Phone"]);
    }

    #[test]
    fn our_own_writes_are_nobody_elses_change() {
        let at = |second| Timestamp::new(second, 0).unwrap_or_default();
        let modified = |order, met| CrmRecord {
            modified_at: at(order),
            edited_at: met,
            ..record(order, order, "A")
        };
        let mut mirror = Some(modified(5, None));
        for (order, met, changed) in [
            (6, Some(at(5)), 5),
            (7, Some(at(6)), 5),
            (9, Some(at(8)), 8),
            (10, None, 10),
        ] {
            take_in(&mut mirror, modified(order, met), Evidence::ReadBack);
            let known = mirror.as_ref().map(CrmRecord::changed_at);
            assert_eq!(known, Some(at(changed)), "version {order}");
        }
    }

    #[test]
    fn seeing_the_same_later_outdates_what_was_under_way() {
        let mut mirror = Some(record(5, 10, "A"));
        assert_eq!(
            take_in(&mut mirror, record(5, 20, "A"), Evidence::Read),
            News::Unchanged
        );
        assert_eq!(
            take_in(&mut mirror, record(5, 15, "B"), Evidence::Read),
            News::Stale
        );
        assert_eq!(
            take_in(&mut mirror, record(5, 21, "B"), Evidence::Read),
            News::Changed
        );
    }
}
