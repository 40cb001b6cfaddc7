//! Pulled pages in.

use super::error::DbResult;
use super::intents;
use super::links::{self, LinkRow};
use super::mirrors::Mirrors;
use super::progress;
use super::tx::Tx;
use crate::rules::{self, News};
use std::collections::{BTreeMap, BTreeSet};
use tandem_core::ids::{CrmId, LinkId, RecordId, TeamId};
use tandem_core::record::CrmRecord;
use tandem_core::store::{StagePage, StageReport};
use tandem_core::write::WriteIntent;

pub(super) fn stage(tx: &Tx<'_>, team: TeamId, mut page: StagePage) -> DbResult<StageReport> {
    let mut progress = progress::of(tx, team, &page.object)?;
    let outrun = !rules::advance(&mut progress, &page);
    let records = std::mem::take(&mut page.records);
    let mut staging = Staging::load(tx, team, page, &records)?;
    staging.report.outrun = outrun;
    for record in records {
        staging.take(record)?;
    }
    if !outrun {
        let horizon = &mut progress.horizon;
        horizon.measured(staging.report.late_seconds, staging.page.now);
        progress::save(tx, team, &progress)?;
    }
    links::wake_referring(tx, team, &staging.created, staging.page.now)?;
    Ok(staging.report)
}

/// What is known about the records of a page, loaded at once.
struct Staging<'a> {
    tx: &'a Tx<'a>,
    team: TeamId,
    /// Without its records.
    page: StagePage,
    mirrors: Mirrors,
    /// Records that took the place of a known one.
    heirs: BTreeSet<CrmId>,
    links: BTreeMap<CrmId, LinkRow>,
    /// Our own creates, by external-id value.
    creates: BTreeMap<String, WriteIntent>,
    /// Workspace records that turned out to be in the CRM.
    created: Vec<RecordId>,
    report: StageReport,
}

impl<'a> Staging<'a> {
    fn load(
        tx: &'a Tx<'a>,
        team: TeamId,
        page: StagePage,
        records: &[CrmRecord],
    ) -> DbResult<Self> {
        let ids: Vec<&CrmId> = records.iter().map(|record| &record.id).collect();
        let keys: Vec<&str> = match &page.external_id {
            Some(field) => records
                .iter()
                .filter_map(|record| record.fields.get(field)?.as_text())
                .collect(),
            None => Vec::new(),
        };
        let creates = match keys.as_slice() {
            [] => Vec::new(),
            keys => intents::creators(tx, team, &page.object, keys)?,
        };
        let keyed = creates
            .into_iter()
            .filter_map(|intent| Some((intents::create_key(&intent)?.1.clone(), intent)));
        Ok(Self {
            mirrors: Mirrors::load(tx, team, &page.object, &ids)?,
            heirs: Mirrors::heirs(tx, team, &page.object, &ids)?,
            links: links::by_crm(tx, team, &page.object, &ids)?,
            creates: keyed.collect(),
            created: Vec::new(),
            report: StageReport::default(),
            tx,
            team,
            page,
        })
    }

    fn take(&mut self, record: CrmRecord) -> DbResult<()> {
        match self.links.remove(&record.id) {
            Some(row) => self.take_known(row, record),
            None => self.take_unknown(record),
        }
    }

    fn take_known(&mut self, mut row: LinkRow, record: CrmRecord) -> DbResult<()> {
        let id = record.id.clone();
        self.note_lateness(&record);
        match self
            .mirrors
            .take_in(self.tx, self.team, record, rules::Evidence::Read)?
        {
            News::Stale => self.report.stale += 1,
            News::Unchanged if self.page.echo_guard => self.report.unchanged += 1,
            News::New | News::Changed | News::Unchanged => {
                self.report.changed += 1;
                row.change(rules::crm_changed);
                row.make_due(self.page.lane, self.page.now);
                links::save(self.tx, &mut row)?;
            }
        }
        self.links.insert(id, row);
        Ok(())
    }

    fn note_lateness(&mut self, record: &CrmRecord) {
        let known = self.mirrors.get(&record.id);
        let stamped_anew = known.is_none_or(|known| known.revision.order < record.revision.order);
        let late = rules::late_seconds(&self.page, &record.id, stamped_anew);
        self.report.late_seconds = self.report.late_seconds.max(late);
    }

    /// One of our own creates, or a record for the import; anything else is none of our business.
    fn take_unknown(&mut self, record: CrmRecord) -> DbResult<()> {
        let row = if let Some(creator) = self.creator(&record)? {
            self.identify(creator, record.id.clone())?
        } else if self.page.import && !record.deleted {
            self.half_link(record.id.clone())?
        } else {
            if self.mirrors.knows(&record.id) || self.heirs.contains(&record.id) {
                self.mirrors
                    .take_in(self.tx, self.team, record, rules::Evidence::Read)?;
            }
            return Ok(());
        };
        self.links.insert(record.id.clone(), row);
        self.note_lateness(&record);
        self.mirrors
            .take_in(self.tx, self.team, record, rules::Evidence::Read)?;
        self.report.new += 1;
        Ok(())
    }

    /// The link whose create carries the key that the record carries; each is found once.
    fn creator(&mut self, record: &CrmRecord) -> DbResult<Option<LinkRow>> {
        let carried = self.page.external_id.as_ref().and_then(|field| {
            let value = record.fields.get(field)?.as_text()?;
            let intent = self.creates.get(value)?;
            let (key_field, _) = intents::create_key(intent)?;
            (key_field == field).then_some(intent.link)
        });
        let Some(link) = carried else {
            return Ok(None);
        };
        let row = links::by_ids(self.tx, self.team, &[link])?.remove(&link);
        Ok(row.filter(|row| row.link.crm.is_none()))
    }

    fn identify(&mut self, mut row: LinkRow, crm: CrmId) -> DbResult<LinkRow> {
        row.change(|link| {
            link.crm = Some(crm);
            rules::crm_changed(link);
        });
        row.make_due(self.page.lane, self.page.now);
        links::save(self.tx, &mut row)?;
        intents::withdraw_unsent(self.tx, row.link.id)?;
        self.created.extend(row.link.record);
        Ok(row)
    }

    fn half_link(&self, crm: CrmId) -> DbResult<LinkRow> {
        let page = &self.page;
        let half = rules::half_link(LinkId(0), page.kind, page.object.clone(), None, Some(crm));
        links::insert(self.tx, self.team, half, page.lane, page.now)
    }
}
