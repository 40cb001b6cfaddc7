//! Outcomes in.

use super::team::Team;
use crate::rules;
use tandem_core::Timestamp;
use tandem_core::ids::{IntentId, LinkId};
use tandem_core::link::Lane;
use tandem_core::write::{IntentNext, IntentState, Settlement};

impl Team {
    pub(super) fn settle(&mut self, settlements: Vec<Settlement>, now: Timestamp) -> u32 {
        let settled = settlements
            .into_iter()
            .filter_map(|settlement| self.settle_one(settlement, now));
        u32::try_from(settled.count()).unwrap_or(u32::MAX)
    }

    /// `None` for a settlement whose claim is over.
    fn settle_one(&mut self, mut settlement: Settlement, now: Timestamp) -> Option<()> {
        let row = self.intents.get_mut(settlement.intent)?;
        if row.epoch != settlement.epoch {
            return None;
        }
        row.epoch += 1;
        row.intent.refusals += u32::from(settlement.refused);
        let (link, lane) = (row.intent.link, row.intent.lane);
        if let Some(mirror) = settlement.mirror.take() {
            self.mirrors.take_in(mirror, rules::Evidence::ReadBack);
        }
        let identified = self.identify(link, lane, &mut settlement, now);
        self.links
            .change(link, |link| rules::apply_patch(link, settlement.link));
        self.move_on(settlement.intent, link, settlement.next, now);
        self.tell(link, settlement.log);
        if identified {
            let record = self.links.get(link).and_then(|row| row.link.record);
            self.wake_referring(record, now);
        }
        Some(())
    }

    /// Makes room for the CRM id that the link is about to get; returns whether it gets one. A half
    /// link that a pull made of the CRM record is absorbed; a whole link keeps it, and ours waits for
    /// a person.
    fn identify(
        &mut self,
        link: LinkId,
        lane: Lane,
        settlement: &mut Settlement,
        now: Timestamp,
    ) -> bool {
        let own = self.links.get(link).map(|row| &row.link);
        let (Some(own), Some(crm)) = (own, &settlement.link.crm) else {
            return false;
        };
        if own.crm.is_some() {
            settlement.link.crm = None;
            return false;
        }
        match self.links.of_crm(&own.object, crm).map(|row| &row.link) {
            None => true,
            Some(other) if rules::is_crm_half(other) => {
                let absorbed = other.id;
                self.links.remove(absorbed);
                self.links.make_due(link, lane, now);
                true
            }
            Some(_) => {
                rules::leave_to_owner(settlement, own, now);
                false
            }
        }
    }

    fn move_on(&mut self, intent: IntentId, link: LinkId, next: IntentNext, now: Timestamp) {
        let (state, at) = match next {
            IntentNext::Done { recheck } => return self.finish(intent, link, recheck, now),
            IntentNext::Retry(at) => (IntentState::Pending, at),
            IntentNext::Resolve(at) => (IntentState::Doubtful, at),
        };
        if let Some(row) = self.intents.get_mut(intent) {
            rules::may_have_been_sent(&mut row.intent, now);
            row.intent.state = state;
            row.intent.attempts = row.intent.attempts.saturating_add(1);
            row.not_before = at;
            row.leased_until = None;
            let attempts = row.intent.attempts;
            self.links.amend(link, |link| link.attempts = attempts);
        }
    }

    fn finish(&mut self, intent: IntentId, link: LinkId, recheck: bool, now: Timestamp) {
        let done = self.intents.remove(intent);
        self.links.amend(link, |link| link.attempts = 0);
        if let Some(done) = done.filter(|_| recheck) {
            self.links.make_due(link, done.intent.lane, now);
        }
    }
}
