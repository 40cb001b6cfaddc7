//! Pulled pages.

use super::team::Team;
use crate::rules::{self, News};
use tandem_core::ids::{CrmId, CrmObject, LinkId};
use tandem_core::reconcile::link_of_key;
use tandem_core::record::CrmRecord;
use tandem_core::store::{StagePage, StageReport};

impl Team {
    /// Records of an outrun page are evidence like any other: only the progress stays.
    pub(super) fn stage(&mut self, mut page: StagePage) -> StageReport {
        let outrun = !rules::advance(self.progress_of(&page.object), &page);
        let mut report = StageReport {
            outrun,
            ..StageReport::default()
        };
        let records = std::mem::take(&mut page.records);
        let gone = records.iter().filter(|record| !record.lives());
        let gone: Vec<_> = gone
            .map(|one| (one.object.clone(), one.id.clone()))
            .collect();
        for record in records {
            match self.links.of_crm(&page.object, &record.id) {
                Some(row) => {
                    let link = row.link.id;
                    self.stage_known(&page, link, record, &mut report);
                }
                None => self.stage_unknown(&page, record, &mut report),
            }
        }
        for place in &gone {
            self.wake_followers(place, &page);
        }
        if !outrun {
            let horizon = &mut self.progress_of(&page.object).horizon;
            horizon.measured(report.late_seconds, page.now);
        }
        report
    }

    /// Those whose records this one took the place of, where they looked for it in vain.
    fn wake_followers(&mut self, place: &(CrmObject, CrmId), page: &StagePage) {
        for (object, id) in self.mirrors.succeeded_by(place) {
            let row = self.links.of_crm(&object, &id);
            let waits = row.filter(|row| rules::looked_in_vain(&row.link));
            if let Some(link) = waits.map(|row| row.link.id) {
                self.links.change(link, rules::crm_changed);
                self.links.make_due(link, page.lane, page.now);
            }
        }
    }

    fn stage_known(
        &mut self,
        page: &StagePage,
        link: LinkId,
        record: CrmRecord,
        report: &mut StageReport,
    ) {
        let id = record.id.clone();
        let known = self.mirrors.get(&page.object, &id);
        let stamped_anew = known.is_none_or(|known| known.revision.order < record.revision.order);
        let late = rules::late_seconds(page, &id, stamped_anew);
        report.late_seconds = report.late_seconds.max(late);
        let moved = rules::moved_unstamped(known, &record);
        match self.mirrors.take_in(record, rules::Evidence::Read) {
            News::Stale => report.stale += 1,
            News::Unchanged if page.echo_guard => report.unchanged += 1,
            News::New | News::Changed | News::Unchanged => {
                report.changed += 1;
                report.unstamped.extend(moved);
                self.links.change(link, rules::crm_changed);
                self.links.make_due(link, page.lane, page.now);
            }
        }
    }

    /// One of our own creates, or a record to import; anything else is none of our business.
    fn stage_unknown(&mut self, page: &StagePage, record: CrmRecord, report: &mut StageReport) {
        if let Some(link) = self.creator_of(page, &record) {
            self.adopt_created(page, link, &record);
        } else if page.import && !record.deleted {
            let id = LinkId(self.ids.next());
            let crm = Some(record.id.clone());
            let half = rules::half_link(id, page.kind, page.object.clone(), None, crm);
            self.links.insert(half, page.lane, page.now);
        } else {
            let place = (record.object.clone(), record.id.clone());
            if self.mirrors.concerns(&place) {
                self.mirrors.take_in(record, rules::Evidence::Read);
            }
            return;
        }
        let late = rules::late_seconds(page, &record.id, true);
        report.late_seconds = report.late_seconds.max(late);
        self.mirrors.take_in(record, rules::Evidence::Read);
        report.new += 1;
    }

    /// The link that our key names, which the record carries: a create of it arrived, however long ago it was given up.
    fn creator_of(&self, page: &StagePage, record: &CrmRecord) -> Option<LinkId> {
        let key = record.fields.get(page.external_id.as_ref()?)?.as_text()?;
        let link = link_of_key(&self.rules.key_prefix, key)?;
        let row = self.links.get(link)?;
        rules::awaits_record(&row.link, &page.object).then_some(link)
    }

    /// A create that was sent stays until it is settled; one that was not is decided anew.
    fn adopt_created(&mut self, page: &StagePage, link: LinkId, record: &CrmRecord) {
        self.links.change(link, |link| {
            link.crm = Some(record.id.clone());
            rules::crm_changed(link);
        });
        if !self.intents.is_open(link) {
            self.intents.remove_of(link);
        }
        self.links.make_due(link, page.lane, page.now);
        let ours = self.links.get(link).and_then(|row| row.link.record);
        self.wake_referring(ours, page.now);
    }
}
