//! Unsent and doubtful intents out.

use super::intents::IntentRow;
use super::reconcile::lease_end;
use super::team::Team;
use crate::rules;
use std::collections::{BTreeMap, BTreeSet};
use tandem_core::Timestamp;
use tandem_core::ids::{CrmId, CrmObject, IntentId};
use tandem_core::link::{Lane, Lanes};
use tandem_core::store::{Claim, ClaimedIntent, SENDABLE_COUNT_MAX, Sendable};
use tandem_core::write::{IntentState, WriteIntent};

impl Team {
    pub(super) fn sendable_objects(&self, lanes: Lanes, now: Timestamp) -> Vec<Sendable> {
        let mut best: BTreeMap<(bool, &CrmObject), (Sendable, IntentId)> = BTreeMap::new();
        for row in self.sendable(lanes, now) {
            let intent = &row.intent;
            let conditional = intent.draft.unmodified_since.is_some();
            let key = (intent.lane != Lane::Live, &intent.object);
            let (sum, oldest) = best.entry(key).or_insert_with(|| {
                let object = intent.object.clone();
                let sum = Sendable {
                    object,
                    lane: intent.lane,
                    records: 0,
                    conditional,
                };
                (sum, intent.id)
            });
            (sum.lane, *oldest) = (sum.lane, *oldest).min((intent.lane, intent.id));
            sum.records = (sum.records + 1).min(SENDABLE_COUNT_MAX);
            sum.conditional &= conditional;
        }
        let rank = |object: &CrmObject| {
            let mut pairs = self.rules.pairs.iter();
            pairs
                .position(|pair| pair.object == *object)
                .unwrap_or(usize::MAX)
        };
        let mut objects: Vec<_> = best.into_iter().collect();
        objects.sort_by_key(|((later, object), (sum, oldest))| {
            (*later, rank(object), sum.lane, *oldest)
        });
        objects.into_iter().map(|(_, (sum, _))| sum).collect()
    }

    /// Intents that could be sent now. With the lease off, also those that are being sent.
    fn sendable(&self, lanes: Lanes, now: Timestamp) -> impl Iterator<Item = &IntentRow> {
        let locked = self.locked_keys(now);
        self.intents
            .iter()
            .filter(move |row| lanes.take(row.intent.lane))
            .filter(move |row| match row.intent.state {
                IntentState::Pending => {
                    let key = row.intent.draft.lock_key.as_ref();
                    let free = !key.is_some_and(|key| locked.contains(key));
                    row.not_before <= now && free && !self.links.is_due(row.intent.link, now)
                }
                IntentState::Sending => !self.lease && row.is_leased(now),
                IntentState::Doubtful => false,
            })
    }

    /// The lock keys of intents that somebody is sending.
    fn locked_keys(&self, now: Timestamp) -> BTreeSet<&String> {
        self.intents
            .iter()
            .filter(|row| self.lease && row.intent.state == IntentState::Sending)
            .filter(|row| row.is_leased(now))
            .filter_map(|row| row.intent.draft.lock_key.as_ref())
            .collect()
    }

    pub(super) fn claim_intents(
        &mut self,
        object: &CrmObject,
        claim: &Claim,
    ) -> Vec<ClaimedIntent> {
        let mut ids: Vec<_> = self
            .sendable(claim.lanes, claim.now)
            .filter(|row| row.intent.object == *object)
            .map(|row| (row.intent.lane, row.intent.id))
            .collect();
        ids.sort_unstable();
        ids.truncate(claim.limit);
        ids.into_iter()
            .filter_map(|(_, id)| self.give_out(id, true, claim))
            .collect()
    }

    pub(super) fn claim_doubtful(&mut self, claim: &Claim) -> Vec<ClaimedIntent> {
        let mut ids: Vec<_> = self
            .intents
            .iter()
            .filter(|row| claim.lanes.take(row.intent.lane) && row.is_doubtful(claim.now))
            .filter(|row| !self.lease || !row.is_leased(claim.now))
            .map(|row| (row.intent.lane, row.intent.id, row.intent.object.clone()))
            .collect();
        ids.sort_unstable();
        let object = ids.first().map(|(_, _, object)| object.clone());
        ids.into_iter()
            .filter(|(_, _, of)| Some(of) == object.as_ref())
            .take(claim.limit)
            .filter_map(|(_, id, _)| self.give_out(id, false, claim))
            .collect()
    }

    pub(super) fn open_creates(&self, object: &CrmObject) -> Vec<WriteIntent> {
        let rows = self.intents.iter();
        let open = rows.filter(|row| row.is_create() && !row.is_pending());
        open.filter(|row| row.intent.object == *object)
            .map(|row| row.intent.clone())
            .collect()
    }

    pub(super) fn owned(&self, object: &CrmObject, ids: &[CrmId]) -> BTreeSet<CrmId> {
        let owned = |id: &&CrmId| {
            let row = self.links.of_crm(object, id);
            row.is_some_and(|row| rules::is_owned(&row.link))
        };
        ids.iter().filter(owned).cloned().collect()
    }

    /// Intents to be resolved stay what they are: whether their answer was ever told of shows in their state.
    fn give_out(&mut self, id: IntentId, sends: bool, claim: &Claim) -> Option<ClaimedIntent> {
        let row = self.intents.get_mut(id)?;
        row.intent.sent_at.get_or_insert(claim.now);
        if sends {
            row.intent.state = IntentState::Sending;
            row.intent.last_sent_at = Some(claim.now);
        } else {
            rules::may_have_been_sent(&mut row.intent, claim.now);
        }
        row.epoch += 1;
        row.leased_until = Some(lease_end(claim));
        Some(ClaimedIntent {
            intent: row.intent.clone(),
            epoch: row.epoch,
        })
    }
}
