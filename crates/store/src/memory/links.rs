//! The links, by either side and by when they are due.

use std::collections::{BTreeMap, BTreeSet};
use tandem_core::Timestamp;
use tandem_core::ids::{CrmId, CrmObject, LinkId, RecordId};
use tandem_core::link::{Lane, Lanes, RecordLink};

/// A link with its place in the queue.
#[derive(Clone, Debug)]
pub(super) struct LinkRow {
    pub(super) link: RecordLink,
    pub(super) due_at: Option<Timestamp>,
    pub(super) lane: Lane,
    pub(super) leased_until: Option<Timestamp>,
}

impl LinkRow {
    pub(super) fn is_leased(&self, now: Timestamp) -> bool {
        self.leased_until.is_some_and(|until| until > now)
    }
}

/// Which link each side has.
#[derive(Debug, Default)]
struct Sides {
    by_record: BTreeMap<RecordId, LinkId>,
    by_crm: BTreeMap<CrmObject, BTreeMap<CrmId, LinkId>>,
}

impl Sides {
    fn add(&mut self, link: &RecordLink) {
        if let Some(record) = link.record {
            self.by_record.insert(record, link.id);
        }
        if let Some(crm) = &link.crm {
            let of_object = self.by_crm.entry(link.object.clone()).or_default();
            of_object.insert(crm.clone(), link.id);
        }
    }

    fn remove(&mut self, object: &CrmObject, record: Option<RecordId>, crm: Option<&CrmId>) {
        if let Some(record) = record {
            self.by_record.remove(&record);
        }
        if let (Some(crm), Some(of_object)) = (crm, self.by_crm.get_mut(object)) {
            of_object.remove(crm);
        }
    }
}

/// All links of a team. At most one for a workspace record and one for a CRM record.
#[derive(Debug, Default)]
pub(super) struct Links {
    rows: BTreeMap<LinkId, LinkRow>,
    sides: Sides,
    due: BTreeSet<(Lane, Timestamp, LinkId)>,
}

impl Links {
    /// Adds a link that is due now.
    pub(super) fn insert(&mut self, link: RecordLink, lane: Lane, now: Timestamp) {
        let id = link.id;
        self.sides.add(&link);
        let row = LinkRow {
            link,
            due_at: None,
            lane,
            leased_until: None,
        };
        self.rows.insert(id, row);
        self.set_due(id, Some(now), lane);
    }

    pub(super) fn remove(&mut self, id: LinkId) -> Option<LinkRow> {
        let row = self.rows.remove(&id)?;
        if let Some(at) = row.due_at {
            self.due.remove(&(row.lane, at, id));
        }
        let link = &row.link;
        self.sides
            .remove(&link.object, link.record, link.crm.as_ref());
        Some(row)
    }

    pub(super) fn get(&self, id: LinkId) -> Option<&LinkRow> {
        self.rows.get(&id)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &LinkRow> {
        self.rows.values()
    }

    pub(super) fn of_object(&self, object: &CrmObject) -> Vec<LinkId> {
        let of_object = self.rows.values().filter(|row| row.link.object == *object);
        of_object.map(|row| row.link.id).collect()
    }

    pub(super) fn id_of_record(&self, record: RecordId) -> Option<LinkId> {
        self.sides.by_record.get(&record).copied()
    }

    pub(super) fn of_record(&self, record: RecordId) -> Option<&LinkRow> {
        self.rows.get(self.sides.by_record.get(&record)?)
    }

    pub(super) fn of_crm(&self, object: &CrmObject, id: &CrmId) -> Option<&LinkRow> {
        self.rows.get(self.sides.by_crm.get(object)?.get(id)?)
    }

    pub(super) fn is_due(&self, id: LinkId, now: Timestamp) -> bool {
        let due_at = self.rows.get(&id).and_then(|row| row.due_at);
        due_at.is_some_and(|at| at <= now)
    }

    /// Due links of these lanes, best lane first, then longest due.
    pub(super) fn due(&self, lanes: Lanes, now: Timestamp) -> impl Iterator<Item = &LinkRow> {
        lanes
            .each()
            .iter()
            .flat_map(move |&lane| {
                self.due
                    .range((lane, Timestamp::MIN, LinkId(i64::MIN))..=(lane, now, LinkId(i64::MAX)))
            })
            .filter_map(|(_, _, id)| self.rows.get(id))
    }

    pub(super) fn lease(&mut self, id: LinkId, until: Option<Timestamp>) {
        if let Some(row) = self.rows.get_mut(&id) {
            row.leased_until = until;
        }
    }

    /// Changes a link: it gets a new version, and whoever was working on the old one is out.
    pub(super) fn change(&mut self, id: LinkId, change: impl FnOnce(&mut RecordLink)) {
        let Some(row) = self.rows.get_mut(&id) else {
            return;
        };
        let (record, crm) = (row.link.record, row.link.crm.clone());
        change(&mut row.link);
        row.link.version += 1;
        row.leased_until = None;
        let link = &row.link;
        if (record, &crm) != (link.record, &link.crm) {
            self.sides.remove(&link.object, record, crm.as_ref());
            self.sides.add(link);
        }
    }

    /// Completes a link within the change that was just made: no new version.
    pub(super) fn amend(&mut self, id: LinkId, change: impl FnOnce(&mut RecordLink)) {
        if let Some(row) = self.rows.get_mut(&id) {
            change(&mut row.link);
        }
    }

    /// One of the sides changed: a new version that is due now.
    pub(super) fn touch(&mut self, id: LinkId, lane: Lane, now: Timestamp) {
        self.change(id, |_| ());
        self.make_due(id, lane, now);
    }

    /// Makes a link due now at the latest; a better lane or an earlier time stays.
    pub(super) fn make_due(&mut self, id: LinkId, lane: Lane, now: Timestamp) {
        let Some(row) = self.rows.get(&id) else {
            return;
        };
        let (at, lane) = match row.due_at {
            Some(at) => (at.min(now), row.lane.min(lane)),
            None => (now, lane),
        };
        self.set_due(id, Some(at), lane);
    }

    pub(super) fn set_due(&mut self, id: LinkId, at: Option<Timestamp>, lane: Lane) {
        let Some(row) = self.rows.get_mut(&id) else {
            return;
        };
        if let Some(before) = row.due_at {
            self.due.remove(&(row.lane, before, id));
        }
        row.due_at = at;
        row.lane = lane;
        if let Some(at) = at {
            self.due.insert((lane, at, id));
        }
    }
}
