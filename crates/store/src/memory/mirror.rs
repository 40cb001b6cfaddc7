//! Records that follow their CRM record to another one, and what links asked to see.

use super::team::Team;
use crate::rules;
use std::collections::BTreeSet;
use tandem_core::Timestamp;
use tandem_core::ids::{CrmObject, LinkId, RecordId};
use tandem_core::link::{Lane, LinkState, RecordLink};
use tandem_core::reconcile::{Absorb, Heir, Kin, Move, RecordChange, unseen};
use tandem_core::record::{ArchiveCause, CrmRecord, Origin, WorkspaceRecord};
use tandem_core::store::{Answered, Inquiry};

impl Team {
    /// What took the place of a link's CRM record, or whose place it took.
    pub(super) fn kin(&self, link: &RecordLink, crm: &CrmRecord) -> Kin {
        let heir = self.heir(crm);
        let end = match &heir {
            Some(heir) => (heir.object.clone(), heir.id.clone()),
            None if rules::is_crm_half(link) => (crm.object.clone(), crm.id.clone()),
            None => return Kin::default(),
        };
        let losers = self.mirrors.succeeded_by(&end);
        let rows = losers
            .iter()
            .filter_map(|(object, id)| self.links.of_crm(object, id));
        let others = rows
            .map(|row| &row.link)
            .filter(|other| other.id != link.id && other.state == LinkState::Active);
        let rivals = others.filter_map(|other| self.records.get(other.record?));
        let rivals = rivals.filter(|record| record.archived.is_none()).cloned();
        Kin {
            rivals: rivals.collect(),
            heir,
        }
    }

    fn heir(&self, crm: &CrmRecord) -> Option<Heir> {
        let known = |step: &tandem_core::record::Successor| {
            Ok::<_, std::convert::Infallible>(self.mirrors.get(&step.object, &step.id).cloned())
        };
        let Ok(end) = rules::end_of_chain(crm, known);
        let mut heir = end?;
        if let Some(row) = self.links.of_crm(&heir.object, &heir.id) {
            heir.link = Some(row.link.clone());
            heir.record = row.link.record.and_then(|id| self.records.get(id)).cloned();
        }
        Some(heir)
    }

    /// Whether what took a record's place may be a create of ours that is under way, is being written, or
    /// has its own return to be decided.
    pub(super) fn is_busy(&self, heir: &Heir, creating: &BTreeSet<&CrmObject>) -> bool {
        let unknown = heir.record.is_none() && creating.contains(&heir.object);
        let link = heir.link.as_ref();
        unknown || heir.is_returning() || link.is_some_and(|link| self.intents.is_open(link.id))
    }

    /// Whether a half link's CRM record took the place of one that may be a create of ours that is under way:
    /// then it belongs to the workspace record that the create is of.
    pub(super) fn may_follow_ours(
        &self,
        link: &RecordLink,
        creating: &BTreeSet<&CrmObject>,
    ) -> bool {
        let half = link.crm.as_ref().filter(|_| rules::is_crm_half(link));
        let Some(id) = half.filter(|_| !creating.is_empty()) else {
            return false;
        };
        let lost = self
            .mirrors
            .succeeded_by(&(link.object.clone(), id.clone()));
        lost.iter().any(|(object, id)| {
            let row = self.links.of_crm(object, id);
            creating.contains(object) && row.is_none_or(|row| row.link.record.is_none())
        })
    }

    /// Whether what a decision takes in or goes over to is no longer as it was seen.
    pub(super) fn kin_moved_on(&self, change: &RecordChange) -> bool {
        match change {
            RecordChange::Merge(absorb) => !self.stands(absorb.survivor),
            RecordChange::Move(moved) => {
                let row = self.links.of_crm(&moved.object, &moved.id);
                let occupant = row.and_then(|row| row.link.record);
                let expected = moved.instead_of.as_ref().map(|absorb| absorb.loser);
                occupant != expected || row.is_some_and(|row| self.intents.is_open(row.link.id))
            }
            _ => false,
        }
    }

    fn stands(&self, record: RecordId) -> bool {
        let record = self.records.get(record);
        record.is_some_and(|record| record.archived.is_none())
    }

    pub(super) fn amend_record(&mut self, id: RecordId, change: impl FnOnce(&mut WorkspaceRecord)) {
        if let Some(mut record) = self.records.get(id).cloned() {
            change(&mut record);
            self.records.replace(record);
        }
    }

    /// The record gets the link of the other CRM record. Its old link let it go before.
    pub(super) fn go_over(&mut self, record: RecordId, moved: Move, lane: Lane, now: Timestamp) {
        let Some(kind) = self.records.get(record).map(|record| record.kind) else {
            return;
        };
        let known = self.links.of_crm(&moved.object, &moved.id);
        let link = match known.map(|row| row.link.id) {
            Some(link) => link,
            None => {
                let id = LinkId(self.ids.next());
                let half = rules::half_link(id, kind, moved.object, None, Some(moved.id));
                self.links.insert(half, lane, now);
                id
            }
        };
        self.intents.remove_of(link);
        self.links
            .change(link, |link| rules::take_over(link, record, moved.base));
        self.links.make_due(link, lane, now);
        if let Some(absorb) = moved.instead_of {
            self.absorb(absorb, now);
        }
        self.wake_referring(Some(record), now);
    }

    pub(super) fn absorb(&mut self, absorb: Absorb, now: Timestamp) {
        let Absorb {
            loser, survivor, ..
        } = absorb;
        for referring in self.records.referring_to(loser) {
            let Some(mut record) = self.records.get(referring).cloned() else {
                continue;
            };
            let told = rules::redirect(&mut record, (loser, survivor), &absorb.entry, now);
            self.records.replace(record);
            if let Some((mut entry, fields)) = told {
                self.follow_up(referring, &fields, now);
                if let Some(row) = self.links.of_record(referring) {
                    rules::complete_log(&mut entry, &row.link);
                }
                self.append_log(entry);
            }
        }
        let cause = ArchiveCause::MergedInto(survivor);
        self.amend_record(loser, |record| rules::archive(record, cause, now));
        let changed = self.records.set(survivor, absorb.patch, &Origin::Crm, now);
        if !changed.is_empty() {
            self.follow_up(survivor, &changed, now);
        }
    }

    /// A record was changed beside its own link: that link is to look.
    fn follow_up(&mut self, record: RecordId, fields: &[String], now: Timestamp) {
        if let Some(link) = self.links.id_of_record(record) {
            self.links.change(link, |link| {
                rules::workspace_changed(link, fields, &Origin::Crm)
            });
            self.links.make_due(link, Lane::Normal, now);
        }
    }

    pub(super) fn due_inquiries(&self, now: Timestamp, limit: usize) -> Vec<Inquiry> {
        let due = self.inquiries.iter().filter(|(_, at)| **at <= now);
        let due: Vec<&Inquiry> = due.map(|(inquiry, _)| inquiry).collect();
        let object: Option<&CrmObject> = due.first().map(|inquiry| &inquiry.object);
        let of_object = due.iter().filter(|inquiry| Some(&inquiry.object) == object);
        of_object
            .take(limit)
            .map(|inquiry| (*inquiry).clone())
            .collect()
    }

    pub(super) fn take_answer(&mut self, answered: Answered) {
        let now = answered.now;
        if let Some(at) = answered.again_at {
            for inquiry in &answered.inquiries {
                if let Some(due) = self.inquiries.get_mut(inquiry) {
                    *due = at;
                }
            }
            return;
        }
        let seen: Vec<_> = answered.found.iter().map(|one| one.id.clone()).collect();
        for record in answered.found {
            let place = (record.object.clone(), record.id.clone());
            let news = self.mirrors.take_in(record, rules::Evidence::Read);
            let link = self.links.of_crm(&place.0, &place.1).map(|row| row.link.id);
            if let Some(link) = link.filter(|_| news.is_news()) {
                self.links.change(link, rules::crm_changed);
                self.links.make_due(link, Lane::Normal, now);
            }
        }
        for inquiry in answered.inquiries {
            if self.inquiries.remove(&inquiry).is_none() {
                continue;
            }
            if seen.contains(&inquiry.id) {
                self.links.touch(inquiry.link, Lane::Normal, now);
            } else {
                self.set_aside(&inquiry, now);
            }
        }
    }

    fn set_aside(&mut self, inquiry: &Inquiry, now: Timestamp) {
        let Some(row) = self.links.get(inquiry.link) else {
            return;
        };
        let asked = (&inquiry.object, &inquiry.id);
        let (parked, entry) = unseen(&row.link, asked, now);
        self.links
            .change(inquiry.link, |link| link.parked = Some(parked));
        self.tell(inquiry.link, vec![entry]);
    }
}
