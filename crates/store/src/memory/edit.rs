//! What people and programs do: edits, resolutions, retries and new rules.

use super::team::Team;
use crate::rules;
use tandem_core::Timestamp;
use tandem_core::ids::{LinkId, RecordId};
use tandem_core::link::Lane;
use tandem_core::settings::TeamRules;
use tandem_core::store::{HoldResolution, StoreError, StoreResult, WorkspaceEdit};
use tandem_core::workspace::Kind;

impl Team {
    /// Links whose mapping is new become due, as mass work; what it refused as a whole may go now.
    pub(super) fn put_rules(&mut self, rules: TeamRules, now: Timestamp) {
        let before = std::mem::replace(&mut self.rules, rules);
        let changed = |pair: &&tandem_core::mapping::PairRules| {
            before.pair(&pair.object).map(|old| old.version) != Some(pair.version)
        };
        for pair in &self.rules.pairs.clone() {
            if rules::wants_more(before.pair(&pair.object), pair) {
                rules::forget_position(self.progress_of(&pair.object));
            }
        }
        let skipped = self.skipped();
        for pair in self.rules.pairs.iter().filter(changed) {
            for link in self.links.of_object(&pair.object) {
                self.links
                    .change(link, |link| rules::rules_changed(link, &skipped));
                self.links.make_due(link, Lane::Bulk, now);
            }
        }
    }

    pub(super) fn edit_record(&mut self, edit: WorkspaceEdit) -> StoreResult<RecordId> {
        let id = match edit.record {
            Some(id) => self.existing(id, edit.kind)?,
            None => self.add_record(edit.kind, edit.now),
        };
        let lane = rules::lane_of(&edit.origin);
        let changed = self.records.set(id, edit.patch, &edit.origin, edit.now);
        match (self.links.id_of_record(id), edit.create_as) {
            (Some(link), _) if !changed.is_empty() => {
                self.links.change(link, |link| {
                    rules::workspace_changed(link, &changed, &edit.origin)
                });
                self.links.make_due(link, lane, edit.now);
            }
            (None, Some(object)) => {
                let link = LinkId(self.ids.next());
                let half = rules::half_link(link, edit.kind, object, Some(id), None);
                self.links.insert(half, lane, edit.now);
            }
            _ => {}
        }
        Ok(id)
    }

    fn existing(&self, id: RecordId, kind: Kind) -> StoreResult<RecordId> {
        let record = self.records.get(id).filter(|record| record.kind == kind);
        let record = record.ok_or_else(|| StoreError::NotFound(format!("{kind} {id}")))?;
        rules::must_be_current(record)?;
        Ok(record.id)
    }

    pub(super) fn end_waits(&mut self) {
        for progress in self.progress.values_mut() {
            progress.not_before = None;
        }
        self.intents.end_waits();
    }

    fn add_record(&mut self, kind: Kind, now: Timestamp) -> RecordId {
        let id = RecordId(self.ids.next());
        self.records.insert(rules::new_record(id, kind, now));
        id
    }

    pub(super) fn resolve_hold(&mut self, resolution: &HoldResolution) -> StoreResult<()> {
        let mut link = self.link_named(resolution.link)?.link.clone();
        let record = link.record.and_then(|id| self.records.get(id)).cloned();
        let mut record = record
            .ok_or_else(|| StoreError::NotFound(format!("workspace record of link {}", link.id)))?;
        let pair = self.rules.pair(&link.object);
        let entry = rules::resolve_hold(&mut link, &mut record, pair, resolution)?;
        let lane = rules::lane_of(&resolution.origin);
        self.records.replace(record);
        self.links.change(resolution.link, |before| *before = link);
        self.links.make_due(resolution.link, lane, resolution.now);
        self.append_log(entry);
        Ok(())
    }

    /// Returns how many of the links there are. A write that waits for its next try goes now, too.
    pub(super) fn retry_links(&mut self, links: &[LinkId], now: Timestamp) -> u32 {
        let mut retried = 0;
        for link in links {
            if self.links.get(*link).is_none() {
                continue;
            }
            retried += 1;
            self.links.change(*link, rules::retry);
            self.links.make_due(*link, Lane::Normal, now);
            self.end_wait_of(*link, now);
        }
        retried
    }

    /// A write of this link that waits for its next try goes now.
    pub(super) fn end_wait_of(&mut self, link: LinkId, now: Timestamp) {
        let intent = self.intents.of_link_mut(link);
        if let Some(row) = intent.filter(|row| row.is_pending()) {
            row.not_before = row.not_before.min(now);
        }
    }
}
