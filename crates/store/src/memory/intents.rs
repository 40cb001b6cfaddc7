//! The write intents: at most one for a link.

use std::collections::BTreeMap;
use tandem_core::Timestamp;
use tandem_core::connector::WriteOp;
use tandem_core::ids::{IntentId, LinkId};
use tandem_core::write::{IntentState, WriteIntent};

/// An intent with its fence and its place in the queue.
#[derive(Clone, Debug)]
pub(super) struct IntentRow {
    pub(super) intent: WriteIntent,
    /// Moves with every claim and every settle.
    pub(super) epoch: i64,
    pub(super) not_before: Timestamp,
    pub(super) leased_until: Option<Timestamp>,
}

impl IntentRow {
    pub(super) fn is_pending(&self) -> bool {
        self.intent.state == IntentState::Pending
    }

    pub(super) fn is_create(&self) -> bool {
        matches!(self.intent.draft.op, WriteOp::Create { .. })
    }

    pub(super) fn is_leased(&self, now: Timestamp) -> bool {
        self.leased_until.is_some_and(|until| until > now)
    }

    /// Whether its answer is lost: settled so, or its sender's lease ran out.
    pub(super) fn is_doubtful(&self, now: Timestamp) -> bool {
        match self.intent.state {
            IntentState::Pending => false,
            IntentState::Sending => !self.is_leased(now),
            IntentState::Doubtful => self.not_before <= now,
        }
    }

    /// When there is something to do with it.
    pub(super) fn due_at(&self) -> Timestamp {
        let leased = self.leased_until.unwrap_or(Timestamp::MIN);
        match self.intent.state {
            IntentState::Sending => leased,
            IntentState::Pending | IntentState::Doubtful => self.not_before.max(leased),
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Intents {
    rows: BTreeMap<IntentId, IntentRow>,
    by_link: BTreeMap<LinkId, IntentId>,
}

impl Intents {
    pub(super) fn insert(&mut self, row: IntentRow) {
        self.by_link.insert(row.intent.link, row.intent.id);
        self.rows.insert(row.intent.id, row);
    }

    pub(super) fn remove(&mut self, id: IntentId) -> Option<IntentRow> {
        let row = self.rows.remove(&id)?;
        self.by_link.remove(&row.intent.link);
        Some(row)
    }

    pub(super) fn remove_of(&mut self, link: LinkId) -> Option<IntentRow> {
        let id = *self.by_link.get(&link)?;
        self.remove(id)
    }

    pub(super) fn get_mut(&mut self, id: IntentId) -> Option<&mut IntentRow> {
        self.rows.get_mut(&id)
    }

    pub(super) fn of_link(&self, link: LinkId) -> Option<&IntentRow> {
        self.rows.get(self.by_link.get(&link)?)
    }

    pub(super) fn of_link_mut(&mut self, link: LinkId) -> Option<&mut IntentRow> {
        self.rows.get_mut(self.by_link.get(&link)?)
    }

    /// Everything that waits for its next try may go now.
    pub(super) fn end_waits(&mut self) {
        for row in self.rows.values_mut() {
            row.not_before = row.not_before.min(Timestamp::UNIX_EPOCH);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &IntentRow> {
        self.rows.values()
    }

    /// Whether a link's intent is being sent or in doubt: then nothing about it is decided.
    pub(super) fn is_open(&self, link: LinkId) -> bool {
        self.of_link(link).is_some_and(|row| !row.is_pending())
    }
}
