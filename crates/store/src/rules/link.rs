//! What decisions, outcomes, edits and retries do to a link.
//!
//! None of these touches [`RecordLink::version`]: a store bumps it with every change, in one place.

use std::collections::BTreeSet;
use tandem_core::Timestamp;
use tandem_core::error::ErrorClass;
use tandem_core::ids::{CrmId, CrmObject, LinkId, LogId, RecordId};
use tandem_core::incident::Cause;
use tandem_core::link::{LinkState, ParkedLink, RecordLink};
use tandem_core::reconcile::{Decision, LinkOutcome, RecordChange};
use tandem_core::record::Origin;
use tandem_core::store::{StoreError, StoreResult};
use tandem_core::sync_log::{LogDraft, LogError, LogSource, LogStatus, LogType};
use tandem_core::workspace::Kind;
use tandem_core::write::{LinkPatch, Settlement};

/// A new link with one side (or none yet), nothing agreed.
pub fn half_link(
    id: LinkId,
    kind: Kind,
    object: CrmObject,
    record: Option<RecordId>,
    crm: Option<CrmId>,
) -> RecordLink {
    RecordLink {
        id,
        kind,
        object,
        record,
        crm,
        state: LinkState::Active,
        gone: false,
        base: Default::default(),
        revision: None,
        parked_fields: Default::default(),
        held_fields: Default::default(),
        put_back: Default::default(),
        doubted: Default::default(),
        flips: Default::default(),
        plans: Default::default(),
        parked: None,
        attempts: 0,
        version: 1,
    }
}

/// Whether the link has a CRM record and no workspace record.
pub fn is_crm_half(link: &RecordLink) -> bool {
    link.record.is_none() && link.crm.is_some()
}

/// Whether the link has a workspace record and no CRM record: a match may absorb it.
pub fn is_workspace_half(link: &RecordLink) -> bool {
    link.record.is_some() && link.crm.is_none()
}

/// Whether the link may turn out to be of a record of that object which a create of ours made.
pub fn awaits_record(link: &RecordLink, object: &CrmObject) -> bool {
    is_workspace_half(link) && link.object == *object
}

/// Whether the link's CRM record is that of a workspace record, or was until that one went over to another link: what
/// both agreed on stays behind.
pub fn is_owned(link: &RecordLink) -> bool {
    link.crm.is_some() && (link.record.is_some() || !link.base.is_empty())
}

/// Whether a decision can be carried out on the link that it was made for.
///
/// # Errors
/// [`StoreError::Other`] for one that contradicts the link: a fault of the caller.
pub fn check_decision(link: &RecordLink, decision: &Decision) -> StoreResult<()> {
    let fault = match (&decision.record, link.record) {
        (
            RecordChange::Patch(_)
            | RecordChange::Archive
            | RecordChange::Revive
            | RecordChange::Move(_)
            | RecordChange::Merge(_),
            None,
        ) => "changes a workspace record that the link does not have",
        (RecordChange::Create(_) | RecordChange::Adopt(_), Some(_)) => {
            "gives a second workspace record to the link"
        }
        (RecordChange::None, None) if decision.write.is_some() => {
            "writes a workspace record that the link does not have"
        }
        _ => return Ok(()),
    };
    Err(StoreError::Other(format!(
        "the decision about link {} {fault}",
        link.id
    )))
}

/// Gives the link the state that was decided.
pub fn apply_outcome(link: &mut RecordLink, outcome: LinkOutcome) {
    link.state = outcome.state;
    link.gone = outcome.gone;
    link.base = outcome.base;
    link.revision = outcome.revision;
    link.parked_fields = outcome.parked_fields;
    link.held_fields = outcome.held_fields;
    link.put_back = outcome.put_back;
    link.doubted = outcome.doubted;
    link.flips = outcome.flips;
    link.parked = outcome.parked;
}

/// Applies what a settle found out. What the patch does not name stays.
pub fn apply_patch(link: &mut RecordLink, patch: LinkPatch) {
    link.crm = patch.crm.or(link.crm.take());
    link.revision = patch.revision.or(link.revision.take());
    link.base.extend(patch.agreed);
    link.parked_fields.extend(patch.park);
    link.put_back.extend(patch.put_back);
    for (field, doubted) in patch.doubted {
        link.doubted.entry(field).or_default().push(doubted);
    }
    for field in &patch.returned {
        link.put_back.remove(field);
    }
    link.parked = patch.parked.or(link.parked.take());
}

/// The CRM record changed: a record that was refused as a whole gets another chance.
pub fn crm_changed(link: &mut RecordLink) {
    link.parked = None;
}

/// The workspace record changed in these fields: their refusals no longer count, nor does that of
/// the whole record. A field that went to and fro is taken up by a person's edit only.
pub fn workspace_changed(link: &mut RecordLink, fields: &[String], origin: &Origin) {
    let person = origin.is_person();
    link.parked = None;
    link.parked_fields.retain(|name, parked| {
        let stays = parked.class == ErrorClass::Bouncing && !person;
        stays || !fields.contains(name)
    });
    if person {
        link.flips.retain(|name, _| !fields.contains(name));
    }
}

/// The rules changed: a record that was refused as a whole gets another chance, unless its cause is one
/// whose records are left alone.
pub fn rules_changed(link: &mut RecordLink, skipped: &BTreeSet<Cause>) {
    let object = &link.object;
    let stays = |parked: &ParkedLink| skipped.contains(&Cause::of_record(object, parked));
    link.parked = link.parked.take().filter(stays);
}

/// A person wants everything that was set aside tried again.
pub fn retry(link: &mut RecordLink) {
    link.parked = None;
    link.parked_fields.clear();
    link.flips.clear();
    link.attempts = 0;
}

/// Fills in what an entry about this link does not say itself.
pub fn complete_log(draft: &mut LogDraft, link: &RecordLink) {
    draft.link.get_or_insert(link.id);
    draft.record = draft.record.or(link.record.map(|id| (link.kind, id)));
    let (_, crm) = draft.crm.get_or_insert_with(|| (link.object.clone(), None));
    if crm.is_none() {
        crm.clone_from(&link.crm);
    }
}

/// Points a parked record to the entry that tells it: the first of `written` that is no success.
pub fn note_parking_entry(link: &mut RecordLink, written: &[(LogId, LogStatus)]) {
    let entry = written
        .iter()
        .find(|(_, status)| *status != LogStatus::Success);
    if let (Some(parked), Some((id, _))) = (link.parked.as_mut(), entry) {
        parked.log.get_or_insert(*id);
    }
}

/// A create turned out to be a record that another workspace record is linked to already. The other
/// link keeps it; nothing is agreed here, and the record waits for a person, with an entry.
pub fn leave_to_owner(settlement: &mut Settlement, link: &RecordLink, now: Timestamp) {
    let Some(crm) = settlement.link.crm.take() else {
        return;
    };
    let message = format!(
        "{} {crm} is already linked to another workspace record",
        link.object
    );
    let class = ErrorClass::CannotMatch;
    settlement.link = LinkPatch {
        parked: Some(ParkedLink {
            class,
            message: message.clone(),
            since: now,
            log: None,
        }),
        ..LinkPatch::default()
    };
    let mut entry = LogDraft::new(now, LogSource::Tandem, LogType::Held, message.clone());
    entry.status = LogStatus::Waiting;
    entry.crm = Some((link.object.clone(), Some(crm)));
    entry.error = Some(LogError {
        class,
        code: String::new(),
        message,
        fields: Vec::new(),
    });
    settlement.log.push(entry);
}
