//! What an undo puts back: values, and records where they belonged.

use super::team::Team;
use crate::rules;
use tandem_core::ids::{LinkId, RecordId};
use tandem_core::record::CrmRecord;
use tandem_core::store::Restore;

impl Team {
    /// Returns the records that were still as they were seen.
    pub(super) fn restore(&mut self, restores: &[Restore]) -> Vec<RecordId> {
        restores
            .iter()
            .filter_map(|restore| self.restore_one(restore))
            .collect()
    }

    fn restore_one(&mut self, restore: &Restore) -> Option<RecordId> {
        let mut record = self.records.get(restore.record)?.clone();
        let row = self.links.of_record(restore.record);
        let mut link = row.map(|row| row.link.clone());
        let now = link.as_ref().map(|link| link.id);
        if let Some(home) = restore.home
            && !self.may_go_home(record.id, now, home)
        {
            return None;
        }
        let mut entry = rules::restore(&mut record, link.as_mut(), restore)?;
        self.records.replace(record);
        match (restore.home, link) {
            (Some(home), _) => {
                self.go_home(restore, now, home);
                if let Some(row) = self.links.get(home) {
                    entry = rules::tell_return(entry, &row.link);
                }
            }
            (None, Some(link)) => {
                let id = link.id;
                self.links.change(id, |before| *before = link);
                self.links.make_due(id, restore.lane, restore.now);
            }
            (None, None) => {}
        }
        self.append_log(entry);
        if restore.home.is_some() {
            self.wake_referring(Some(restore.record), restore.now);
        }
        Some(restore.record)
    }

    /// Whether the home is free, and neither link is being written.
    fn may_go_home(&self, record: RecordId, now: Option<LinkId>, home: LinkId) -> bool {
        let free = self.links.get(home).is_some_and(|row| {
            let there = row.link.record;
            there.is_none_or(|there| there == record)
        });
        let mut both = now.into_iter().chain([home]);
        free && !both.any(|link| self.intents.is_open(link))
    }

    /// The record leaves the link that it has, which is a half link then, and gets its home.
    fn go_home(&mut self, restore: &Restore, now: Option<LinkId>, home: LinkId) {
        if let Some(left) = now.filter(|left| *left != home) {
            self.intents.remove_of(left);
            self.links.change(left, rules::let_go);
            self.links.make_due(left, restore.lane, restore.now);
        }
        let link = self.links.get(home).map(|row| &row.link);
        let crm = link.and_then(|link| self.mirrors.get(&link.object, link.crm.as_ref()?));
        let lives = crm.is_some_and(CrmRecord::lives);
        self.links.change(home, |link| {
            rules::come_home(link, restore.record, lives);
        });
        self.links.make_due(home, restore.lane, restore.now);
    }
}
