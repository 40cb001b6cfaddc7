//! CRM records that took each other's place, and what following them does to records and links.

use super::set_fields;
use tandem_core::Timestamp;
use tandem_core::error::ErrorClass;
use tandem_core::ids::RecordId;
use tandem_core::link::{BaseVersion, LinkState, RecordLink};
use tandem_core::reconcile::{Heir, changed, refusal};
use tandem_core::record::{
    ArchiveCause, Archived, CrmRecord, Origin, Succession, Successor, WorkspaceRecord,
};
use tandem_core::store::{StoreError, StoreResult};
use tandem_core::sync_log::LogDraft;
use tandem_core::value::{Fields, Reference, Value};

/// Longest chain of successors that is followed; no org has one as long.
const CHAIN_STEPS_MAX: usize = 50;
/// Most records whose places one record took that are looked at.
pub const KIN_MAX: usize = 200;

/// Follows the successors of a CRM record to the last one that is known. Who has it is not filled in.
pub fn end_of_chain<E>(
    crm: &CrmRecord,
    mut find: impl FnMut(&Successor) -> Result<Option<CrmRecord>, E>,
) -> Result<Option<Heir>, E> {
    let mut next = crm.successor.clone();
    let mut heir: Option<Heir> = None;
    for _ in 0..CHAIN_STEPS_MAX {
        let Some(step) = next else {
            break;
        };
        let known = find(&step)?;
        let merged = heir.is_some_and(|heir| heir.merged) || step.how == Succession::Merge;
        next = known.as_ref().and_then(|known| known.successor.clone());
        heir = Some(Heir {
            object: step.object,
            id: step.id,
            merged,
            crm: known,
            link: None,
            record: None,
        });
    }
    Ok(heir)
}

/// Whether a link waits to see the record that took its own record's place: that this one is gone, too, is what it
/// needs to know.
pub fn looked_in_vain(link: &RecordLink) -> bool {
    let parked = link.parked.as_ref().map(|parked| parked.class);
    link.state == LinkState::Active && parked == Some(ErrorClass::RecordGone)
}

/// Puts a record into the archive.
pub fn archive(record: &mut WorkspaceRecord, cause: ArchiveCause, now: Timestamp) {
    record.archived = Some(Archived { at: now, cause });
    record.updated_at = now;
}

/// Whether a record may be edited.
///
/// # Errors
/// [`StoreError::Archived`] with the way out.
pub fn must_be_current(record: &WorkspaceRecord) -> StoreResult<()> {
    match &record.archived {
        Some(archived) => Err(StoreError::Archived(refusal(
            record.kind,
            record.id,
            archived,
        ))),
        None => Ok(()),
    }
}

/// Takes a record out of the archive.
pub fn revive(record: &mut WorkspaceRecord, now: Timestamp) {
    if record.archived.take().is_some() {
        record.updated_at = now;
    }
}

/// Gives a record to a link: what was refused, held or doubted was so for another record.
pub fn take_over(link: &mut RecordLink, record: RecordId, base: BaseVersion) {
    let_go(link);
    link.record = Some(record);
    link.state = LinkState::Active;
    link.gone = false;
    link.base = base;
}

/// A link without its record: nothing is agreed, and nothing is left of what was refused, held or doubted. Its CRM
/// record stays, and with it whether the link is gone.
pub fn let_go(link: &mut RecordLink) {
    link.record = None;
    link.base.clear();
    link.revision = None;
    link.parked_fields.clear();
    link.held_fields.clear();
    link.put_back.clear();
    link.doubted.clear();
    link.flips.clear();
    link.parked = None;
    link.attempts = 0;
}

/// A link gets back the record that left it; what both agreed on then is still there. Where its CRM record is
/// gone it moves nothing until that comes back.
pub fn come_home(link: &mut RecordLink, record: RecordId, lives: bool) {
    link.record = Some(record);
    link.gone = !lives;
    link.state = match lives {
        true => LinkState::Active,
        false => LinkState::Unlinked,
    };
    link.parked = None;
}

/// Lets every reference to one record refer to another one, as the sync does. Returns the entry that
/// tells it and the names of the fields; `None` if there was no such reference.
pub fn redirect(
    record: &mut WorkspaceRecord,
    (from, to): (RecordId, RecordId),
    told: &LogDraft,
    now: Timestamp,
) -> Option<(LogDraft, Vec<String>)> {
    let refers = |value: &Value| match value {
        Value::Reference(Reference::Workspace(kind, id)) if *id == from => {
            Some(Value::Reference(Reference::Workspace(*kind, to)))
        }
        _ => None,
    };
    let moved = record.fields.iter();
    let patch: Fields = moved
        .filter_map(|(name, value)| Some((name.clone(), refers(value)?)))
        .collect();
    let mut entry = told.clone();
    entry.record = Some((record.kind, record.id));
    for (name, after) in &patch {
        let before = record.fields.get(name).cloned().unwrap_or_default();
        entry.changes.push(changed(name, before, after.clone()));
    }
    let names = set_fields(record, patch, &Origin::Crm, now);
    (!names.is_empty()).then_some((entry, names))
}
