//! Outcomes in.

use super::column::micros;
use super::error::DbResult;
use super::intents::{self, IntentRow};
use super::links::{self, LinkRow};
use super::log;
use super::mirrors::Mirrors;
use super::tx::Tx;
use crate::rules;
use std::collections::BTreeMap;
use tandem_core::Timestamp;
use tandem_core::ids::{CrmObject, IntentId, LinkId, RecordId, TeamId};
use tandem_core::link::Lane;
use tandem_core::write::{IntentNext, IntentState, Settlement};

pub(super) fn settle(
    tx: &Tx<'_>,
    team: TeamId,
    settlements: Vec<Settlement>,
    now: Timestamp,
) -> DbResult<u32> {
    let mut batch = Batch::load(tx, team, &settlements, now)?;
    let mut settled = 0;
    for settlement in settlements {
        settled += u32::from(batch.take(settlement)?);
    }
    links::wake_referring(tx, team, &batch.identified, now)?;
    Ok(settled)
}

/// What the outcomes are about, loaded at once. Every change is written as it is made.
struct Batch<'a> {
    tx: &'a Tx<'a>,
    team: TeamId,
    now: Timestamp,
    intents: BTreeMap<IntentId, IntentRow>,
    links: BTreeMap<LinkId, LinkRow>,
    mirrors: BTreeMap<CrmObject, Mirrors>,
    /// Workspace records that got a CRM record.
    identified: Vec<RecordId>,
}

impl<'a> Batch<'a> {
    fn load(
        tx: &'a Tx<'a>,
        team: TeamId,
        settlements: &[Settlement],
        now: Timestamp,
    ) -> DbResult<Self> {
        let ids: Vec<IntentId> = settlements.iter().map(|one| one.intent).collect();
        let intents = intents::by_ids(tx, team, &ids)?;
        let links: Vec<LinkId> = intents.values().map(|row| row.intent.link).collect();
        Ok(Self {
            tx,
            team,
            now,
            links: links::by_ids(tx, team, &links)?,
            mirrors: mirrors_of(tx, team, settlements)?,
            intents,
            identified: Vec::new(),
        })
    }

    /// `false` for a settlement whose claim is over.
    fn take(&mut self, mut settlement: Settlement) -> DbResult<bool> {
        let Some(mut intent) = self.claimed(&settlement) else {
            return Ok(false);
        };
        let Some(mut row) = self.links.remove(&intent.intent.link) else {
            return Ok(false);
        };
        intent.epoch += 1;
        intent.intent.refusals += u32::from(settlement.refused);
        if let Some(record) = settlement.mirror.take()
            && let Some(mirrors) = self.mirrors.get_mut(&record.object)
        {
            mirrors.take_in(self.tx, self.team, record, rules::Evidence::ReadBack)?;
        }
        if self.identify(&mut row, intent.intent.lane, &mut settlement)? {
            self.identified.extend(row.link.record);
        }
        row.change(|link| rules::apply_patch(link, settlement.link));
        self.move_on(&mut row, intent, &settlement.next)?;
        log::tell(self.tx, self.team, &mut row, settlement.log)?;
        links::save(self.tx, &mut row)?;
        Ok(true)
    }

    /// The intent, if the claim that the settlement is about still stands.
    fn claimed(&mut self, settlement: &Settlement) -> Option<IntentRow> {
        let row = self.intents.get(&settlement.intent)?;
        if row.epoch != settlement.epoch {
            return None;
        }
        self.intents.remove(&settlement.intent)
    }

    /// Makes room for the CRM id that the link is about to get; returns whether it gets one. A half
    /// link that a pull made of the CRM record is absorbed; a whole link keeps it, and ours waits for
    /// a person.
    fn identify(
        &mut self,
        row: &mut LinkRow,
        lane: Lane,
        settlement: &mut Settlement,
    ) -> DbResult<bool> {
        let Some(crm) = &settlement.link.crm else {
            return Ok(false);
        };
        if row.link.crm.is_some() {
            settlement.link.crm = None;
            return Ok(false);
        }
        let others = links::by_crm(self.tx, self.team, &row.link.object, &[crm])?;
        match others.get(crm).map(|other| &other.link) {
            None => Ok(true),
            Some(other) if rules::is_crm_half(other) => {
                links::remove(self.tx, other.id)?;
                row.make_due(lane, self.now);
                Ok(true)
            }
            Some(_) => {
                rules::leave_to_owner(settlement, &row.link, self.now);
                Ok(false)
            }
        }
    }

    fn move_on(
        &mut self,
        row: &mut LinkRow,
        mut intent: IntentRow,
        next: &IntentNext,
    ) -> DbResult<()> {
        let (state, at) = match next {
            IntentNext::Done { recheck } => {
                intents::remove(self.tx, intent.intent.id)?;
                row.link.attempts = 0;
                if *recheck {
                    row.make_due(intent.intent.lane, self.now);
                }
                return Ok(());
            }
            IntentNext::Retry(at) => (IntentState::Pending, at),
            IntentNext::Resolve(at) => (IntentState::Doubtful, at),
        };
        rules::may_have_been_sent(&mut intent.intent, self.now);
        intent.intent.state = state;
        intent.intent.attempts = intent.intent.attempts.saturating_add(1);
        intent.not_before_us = micros(*at);
        intent.leased_until_us = None;
        row.link.attempts = intent.intent.attempts;
        intents::save(self.tx, &intent)
    }
}

/// The known CRM sides of what was read back.
fn mirrors_of(
    tx: &Tx<'_>,
    team: TeamId,
    settlements: &[Settlement],
) -> DbResult<BTreeMap<CrmObject, Mirrors>> {
    let mut ids: BTreeMap<&CrmObject, Vec<_>> = BTreeMap::new();
    for record in settlements.iter().filter_map(|one| one.mirror.as_ref()) {
        ids.entry(&record.object).or_default().push(&record.id);
    }
    ids.into_iter()
        .map(|(object, ids)| Ok((object.clone(), Mirrors::load(tx, team, object, &ids)?)))
        .collect()
}
