//! Looking into the store, for the simulation's invariants and for tests. Changes nothing.

use super::MemoryStore;
use super::team::Team;
use tandem_core::Timestamp;
use tandem_core::ids::{CrmId, CrmObject, IntentId, LinkId, LogId, RecordId, TeamId};
use tandem_core::link::{Lane, LinkState, RecordLink};
use tandem_core::record::{CrmRecord, WorkspaceRecord};
use tandem_core::store::{Backlog, Inquiry, ObjectProgress, StoreResult};
use tandem_core::sync_log::LogDraft;
use tandem_core::write::WriteIntent;

/// A link with its place in the queue.
#[derive(Clone, Copy, Debug)]
pub struct DueLink<'a> {
    /// The link.
    pub link: &'a RecordLink,
    /// When it is to be looked at; `None` if there is nothing to decide.
    pub due_at: Option<Timestamp>,
    /// The lane it is due in, or was last.
    pub lane: Lane,
    /// Until when somebody decides about it.
    pub leased_until: Option<Timestamp>,
}

/// One team at one moment, borrowed; the store stands still meanwhile.
#[derive(Clone, Copy, Debug)]
pub struct View<'a>(&'a Team);

impl<'a> View<'a> {
    /// The workspace records, oldest first.
    pub fn records(self) -> impl Iterator<Item = &'a WorkspaceRecord> {
        self.0.records.iter()
    }

    /// One workspace record.
    pub fn record(self, id: RecordId) -> Option<&'a WorkspaceRecord> {
        self.0.records.get(id)
    }

    /// The links, oldest first.
    pub fn links(self) -> impl Iterator<Item = DueLink<'a>> {
        self.0.links.iter().map(|row| DueLink {
            link: &row.link,
            due_at: row.due_at,
            lane: row.lane,
            leased_until: row.leased_until,
        })
    }

    /// One link.
    pub fn link(self, id: LinkId) -> Option<&'a RecordLink> {
        self.0.links.get(id).map(|row| &row.link)
    }

    /// The epoch of an intent: the fence of whoever settles it. 0 where there is no such intent.
    pub fn epoch(self, id: IntentId) -> i64 {
        let mut rows = self.0.intents.iter();
        rows.find(|row| row.intent.id == id)
            .map_or(0, |row| row.epoch)
    }

    /// A CRM record as last read.
    pub fn mirror(self, object: &CrmObject, id: &CrmId) -> Option<&'a CrmRecord> {
        self.0.mirrors.get(object, id)
    }

    /// The intents that are not finished, oldest first.
    pub fn intents(self) -> impl Iterator<Item = &'a WriteIntent> {
        self.0.intents.iter().map(|row| &row.intent)
    }

    /// What links asked to see and did not get an answer to yet.
    pub fn inquiries(self) -> impl Iterator<Item = &'a Inquiry> {
        self.0.inquiries.keys()
    }

    /// The CRM records as last read, by object and id.
    pub fn mirrors(self) -> impl Iterator<Item = &'a CrmRecord> {
        self.0.mirrors.iter()
    }

    /// How far each object was read.
    pub fn progress(self) -> impl Iterator<Item = &'a ObjectProgress> {
        self.0.progress.values()
    }

    /// The sync log, oldest first.
    pub fn log(self) -> &'a [(LogId, LogDraft)] {
        &self.0.log
    }
}

impl MemoryStore {
    /// Looks at a team. Don't call the store from inside `look`: it stands still.
    ///
    /// # Errors
    /// `NotFound` where there is no such team.
    pub fn inspect<R>(&self, team: TeamId, look: impl FnOnce(View<'_>) -> R) -> StoreResult<R> {
        self.with(team, |team| Ok(look(View(team))))
    }
}

impl Team {
    pub(super) fn backlog(&self, now: Timestamp) -> Backlog {
        let mut backlog = Backlog::default();
        let mut next = Vec::new();
        for row in self.links.iter() {
            let link = &row.link;
            backlog.links_due += u64::from(row.due_at.is_some_and(|at| at <= now));
            backlog.parked += link.parked_fields.len() as u64 + u64::from(link.parked.is_some());
            let undecided = link.state == LinkState::Ambiguous || !link.plans.is_empty();
            backlog.held += link.held_fields.len() as u64 + u64::from(undecided);
            if !self.intents.is_open(link.id) && self.rules.pair(&link.object).is_some() {
                next.extend(
                    row.due_at
                        .map(|at| row.leased_until.map_or(at, |end| end.max(at))),
                );
            }
        }
        for row in self.intents.iter() {
            backlog.intents_pending += u64::from(row.is_pending());
            backlog.intents_open += u64::from(!row.is_pending());
            next.push(row.due_at());
        }
        next.extend(self.inquiries.values());
        backlog.next_due = next.into_iter().min();
        backlog
    }
}
