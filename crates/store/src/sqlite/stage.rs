//! Pulled pages in.

use super::error::DbResult;
use super::intents;
use super::links::{self, LinkRow};
use super::mirror;
use super::mirrors::Mirrors;
use super::progress;
use super::team;
use super::tx::Tx;
use crate::rules::{self, News};
use std::collections::{BTreeMap, BTreeSet};
use tandem_core::ids::{CrmId, LinkId, RecordId, TeamId};
use tandem_core::reconcile::link_of_key;
use tandem_core::record::CrmRecord;
use tandem_core::store::{StagePage, StageReport};

pub(super) fn stage(tx: &Tx<'_>, team: TeamId, mut page: StagePage) -> DbResult<StageReport> {
    let mut progress = progress::of(tx, team, &page.object)?;
    let outrun = !rules::advance(&mut progress, &page);
    let records = std::mem::take(&mut page.records);
    let mut staging = Staging::load(tx, team, page, &records)?;
    let gone = records.iter().filter(|record| !record.lives());
    let gone: Vec<CrmId> = gone.map(|record| record.id.clone()).collect();
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
    for id in gone {
        mirror::wake_followers(tx, team, &staging.page, &id)?;
    }
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
    /// The links that our keys name, by the unknown records that carry them.
    creators: BTreeMap<CrmId, LinkId>,
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
        let links = links::by_crm(tx, team, &page.object, &ids)?;
        Ok(Self {
            mirrors: Mirrors::load(tx, team, &page.object, &ids)?,
            heirs: Mirrors::heirs(tx, team, &page.object, &ids)?,
            creators: creators(tx, team, &page, records, &links)?,
            links,
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
        let moved = rules::moved_unstamped(self.mirrors.get(&id), &record);
        match self
            .mirrors
            .take_in(self.tx, self.team, record, rules::Evidence::Read)?
        {
            News::Stale => self.report.stale += 1,
            News::Unchanged if self.page.echo_guard => self.report.unchanged += 1,
            News::New | News::Changed | News::Unchanged => {
                self.report.changed += 1;
                self.report.unstamped.extend(moved);
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

    /// The link that our key names, which the record carries: a create of it arrived, however long ago it was given up.
    fn creator(&mut self, record: &CrmRecord) -> DbResult<Option<LinkRow>> {
        let Some(link) = self.creators.remove(&record.id) else {
            return Ok(None);
        };
        let row = links::by_ids(self.tx, self.team, &[link])?.remove(&link);
        Ok(row.filter(|row| rules::awaits_record(&row.link, &self.page.object)))
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

/// Which links our keys name, by the records of a page that carry them and have no link.
fn creators(
    tx: &Tx<'_>,
    team: TeamId,
    page: &StagePage,
    records: &[CrmRecord],
    links: &BTreeMap<CrmId, LinkRow>,
) -> DbResult<BTreeMap<CrmId, LinkId>> {
    let Some(field) = &page.external_id else {
        return Ok(BTreeMap::new());
    };
    let unknown = records.iter().filter(|one| !links.contains_key(&one.id));
    let keyed = unknown.filter_map(|one| Some((&one.id, one.fields.get(field)?.as_text()?)));
    let keyed: Vec<(&CrmId, &str)> = keyed.collect();
    if keyed.is_empty() {
        return Ok(BTreeMap::new());
    }
    let prefix = team::rules(tx, team)?.key_prefix;
    let named = |(id, key): (&CrmId, &str)| Some((id.clone(), link_of_key(&prefix, key)?));
    Ok(keyed.into_iter().filter_map(named).collect())
}
