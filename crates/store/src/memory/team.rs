//! Everything that one team has, and what several steps do to it.

use super::brake::Brakes;
use super::budget::Budget;
use super::intents::Intents;
use super::links::Links;
use super::records::Records;
use crate::rules;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tandem_core::Timestamp;
use tandem_core::ids::{CrmId, CrmObject, LinkId, LogId, RecordId};
use tandem_core::incident::{Cause, Incident};
use tandem_core::link::Lane;
use tandem_core::record::{CrmRecord, Origin};
use tandem_core::settings::{ConnectionState, TeamRules};
use tandem_core::store::{Inquiry, ObjectProgress, StoreError, StoreResult};
use tandem_core::sync_log::LogDraft;
use tandem_core::value::Fields;
use tandem_core::watch::ObjectWatch;

/// Gives out ids, one sequence for everything: an id used for the wrong thing finds nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct Ids(Arc<AtomicI64>);

impl Ids {
    pub(super) fn next(&self) -> i64 {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// CRM records as last read, by themselves and by what took their place.
#[derive(Debug, Default)]
pub(super) struct Mirrors {
    rows: BTreeMap<CrmObject, BTreeMap<CrmId, CrmRecord>>,
    succeeded: BTreeMap<Place, BTreeSet<Place>>,
}

/// Where a CRM record is.
pub(super) type Place = (CrmObject, CrmId);

impl Mirrors {
    pub(super) fn get(&self, object: &CrmObject, id: &CrmId) -> Option<&CrmRecord> {
        self.rows.get(object)?.get(id)
    }

    /// Keeps a record if it is news.
    pub(super) fn take_in(&mut self, record: CrmRecord, evidence: rules::Evidence) -> rules::News {
        let of_object = match self.rows.get_mut(&record.object) {
            Some(of_object) => of_object,
            None => self.rows.entry(record.object.clone()).or_default(),
        };
        let id = record.id.clone();
        let mut mirror = of_object.remove(&id);
        let before = mirror.as_ref().and_then(successor);
        let news = rules::take_in(&mut mirror, record, evidence);
        let after = mirror.as_ref().and_then(successor);
        if before != after {
            if let Some((heir, loser)) = before {
                let losers = self.succeeded.entry(heir).or_default();
                losers.remove(&loser);
            }
            if let Some((heir, loser)) = after {
                self.succeeded.entry(heir).or_default().insert(loser);
            }
        }
        of_object.extend(mirror.map(|mirror| (id, mirror)));
        news
    }

    /// The records whose place this one took, in one step or several.
    pub(super) fn succeeded_by(&self, place: &Place) -> Vec<Place> {
        let mut found: Vec<Place> = Vec::new();
        let mut next = vec![place.clone()];
        while let Some(place) = next.pop() {
            for loser in self.succeeded.get(&place).into_iter().flatten() {
                if found.len() < rules::KIN_MAX && !found.contains(loser) {
                    found.push(loser.clone());
                    next.push(loser.clone());
                }
            }
        }
        found
    }

    /// Whether this record took the place of a known one, or is known itself.
    pub(super) fn concerns(&self, place: &Place) -> bool {
        let known = self.get(&place.0, &place.1).is_some();
        known
            || self
                .succeeded
                .get(place)
                .is_some_and(|losers| !losers.is_empty())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &CrmRecord> {
        self.rows.values().flat_map(BTreeMap::values)
    }
}

fn successor(record: &CrmRecord) -> Option<(Place, Place)> {
    let to = record.successor.as_ref()?;
    let heir = (to.object.clone(), to.id.clone());
    Some((heir, (record.object.clone(), record.id.clone())))
}

#[derive(Debug)]
pub(super) struct Team {
    pub(super) ids: Ids,
    /// Whether claims leave alone what others are working on.
    pub(super) lease: bool,
    pub(super) rules: TeamRules,
    pub(super) connection: ConnectionState,
    pub(super) progress: BTreeMap<CrmObject, ObjectProgress>,
    pub(super) watches: BTreeMap<CrmObject, ObjectWatch>,
    pub(super) mirrors: Mirrors,
    pub(super) records: Records,
    pub(super) links: Links,
    pub(super) intents: Intents,
    pub(super) brakes: Brakes,
    pub(super) budget: Budget,
    /// Records that links asked to see, with the time to ask.
    pub(super) inquiries: BTreeMap<Inquiry, Timestamp>,
    pub(super) log: Vec<(LogId, LogDraft)>,
    /// Every cause that was looked at, with what was tried about it.
    pub(super) incidents: BTreeMap<Cause, Incident>,
}

impl Team {
    pub(super) fn new(rules: TeamRules, ids: Ids, lease: bool) -> Self {
        Self {
            ids,
            lease,
            rules,
            connection: ConnectionState::default(),
            progress: BTreeMap::new(),
            watches: BTreeMap::new(),
            mirrors: Mirrors::default(),
            records: Records::default(),
            links: Links::default(),
            intents: Intents::default(),
            brakes: Brakes::default(),
            budget: Budget::default(),
            inquiries: BTreeMap::new(),
            log: Vec::new(),
            incidents: BTreeMap::new(),
        }
    }

    pub(super) fn progress_of(&mut self, object: &CrmObject) -> &mut ObjectProgress {
        self.progress
            .entry(object.clone())
            .or_insert_with(|| rules::never_read(object.clone()))
    }

    pub(super) fn append_log(&mut self, entry: LogDraft) -> LogId {
        let id = LogId(self.ids.next());
        self.log.push((id, entry));
        id
    }

    /// Writes the entries of a decision or an outcome, and points a parked record to its entry.
    pub(super) fn tell(&mut self, link: LinkId, entries: Vec<LogDraft>) {
        let Some(row) = self.links.get(link) else {
            return;
        };
        let mut completed = entries;
        for entry in &mut completed {
            rules::complete_log(entry, &row.link);
        }
        let written: Vec<_> = completed
            .into_iter()
            .map(|entry| {
                let status = entry.status;
                (self.append_log(entry), status)
            })
            .collect();
        self.links
            .amend(link, |link| rules::note_parking_entry(link, &written));
    }

    /// The CRM id of a workspace record, once it is linked.
    pub(super) fn crm_id(&self, record: RecordId) -> Option<&CrmId> {
        self.links.of_record(record)?.link.crm.as_ref()
    }

    /// A link got its CRM id: records that refer to its record may go on.
    pub(super) fn wake_referring(&mut self, record: Option<RecordId>, now: Timestamp) {
        let referring = record.map(|id| self.records.referring_to(id));
        for record in referring.unwrap_or_default() {
            if let Some(link) = self.links.id_of_record(record) {
                self.links.touch(link, Lane::Normal, now);
            }
        }
    }

    /// Sets workspace fields as the sync does, with the CRM as their origin.
    pub(super) fn patch_record(&mut self, record: RecordId, patch: Fields, now: Timestamp) {
        self.records.set(record, patch, &Origin::Crm, now);
    }

    pub(super) fn link_named(&self, link: LinkId) -> StoreResult<&super::links::LinkRow> {
        self.links
            .get(link)
            .ok_or_else(|| StoreError::NotFound(format!("link {link}")))
    }
}
