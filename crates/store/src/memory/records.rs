//! The workspace records, by match key and by what refers to them.

use crate::rules;
use std::collections::{BTreeMap, BTreeSet};
use tandem_core::Timestamp;
use tandem_core::ids::RecordId;
use tandem_core::record::{Origin, WorkspaceRecord};
use tandem_core::value::Fields;
use tandem_core::workspace::Kind;

#[derive(Debug, Default)]
pub(super) struct Records {
    rows: BTreeMap<RecordId, WorkspaceRecord>,
    by_key: BTreeMap<(Kind, String), BTreeSet<RecordId>>,
    referring: BTreeMap<RecordId, BTreeSet<RecordId>>,
}

impl Records {
    pub(super) fn get(&self, id: RecordId) -> Option<&WorkspaceRecord> {
        self.rows.get(&id)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &WorkspaceRecord> {
        self.rows.values()
    }

    pub(super) fn insert(&mut self, record: WorkspaceRecord) {
        self.index(&record);
        self.rows.insert(record.id, record);
    }

    /// Sets fields and returns those that changed.
    pub(super) fn set(
        &mut self,
        id: RecordId,
        patch: Fields,
        origin: &Origin,
        now: Timestamp,
    ) -> Vec<String> {
        let Some(mut record) = self.rows.remove(&id) else {
            return Vec::new();
        };
        self.unindex(&record);
        let changed = rules::set_fields(&mut record, patch, origin, now);
        self.insert(record);
        changed
    }

    /// Puts a changed record in the place of the old one.
    pub(super) fn replace(&mut self, record: WorkspaceRecord) {
        if let Some(before) = self.rows.remove(&record.id) {
            self.unindex(&before);
        }
        self.insert(record);
    }

    /// The records that carry a match key.
    pub(super) fn with_key(&self, kind: Kind, key: String) -> impl Iterator<Item = RecordId> {
        self.by_key.get(&(kind, key)).into_iter().flatten().copied()
    }

    /// The records whose fields refer to this one by our id.
    pub(super) fn referring_to(&self, id: RecordId) -> Vec<RecordId> {
        self.referring
            .get(&id)
            .into_iter()
            .flatten()
            .copied()
            .collect()
    }

    fn index(&mut self, record: &WorkspaceRecord) {
        for key in rules::keys_of(record) {
            let with_key = self.by_key.entry((record.kind, key)).or_default();
            with_key.insert(record.id);
        }
        for target in rules::referred_records(&record.fields) {
            self.referring.entry(target).or_default().insert(record.id);
        }
    }

    fn unindex(&mut self, record: &WorkspaceRecord) {
        for key in rules::keys_of(record) {
            if let Some(with_key) = self.by_key.get_mut(&(record.kind, key)) {
                with_key.remove(&record.id);
            }
        }
        for target in rules::referred_records(&record.fields) {
            if let Some(referring) = self.referring.get_mut(&target) {
                referring.remove(&record.id);
            }
        }
    }
}
