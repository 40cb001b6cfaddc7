//! Record changes as API clients make them: the world's DML plus what the org does around it.
//!
//! Around it are row locks and late commits (faults) and the assignment rule for leads, which runs unless the client
//! sends `Sforce-Auto-Assign: FALSE`.

use serde_json::{Map, Value};

use super::{Desk, Site, duplicates, request::Call};
use crate::world::{DmlError, DmlOptions, RecordState, SfId, UpsertFailure, Upserted};

/// Field names and values of one record.
pub(super) type Fields = Map<String, Value>;

/// Takes a field out of a record, whatever the case of its name; null and empty count as absent.
pub(super) fn take(record: &mut Fields, name: &str) -> Option<String> {
    let key = record
        .keys()
        .find(|key| key.eq_ignore_ascii_case(name))?
        .clone();
    let text = match record.remove(&key)? {
        Value::String(text) => text,
        Value::Null => return None,
        other => other.to_string(),
    };
    Some(text).filter(|text| !text.is_empty())
}

pub(super) fn create(
    site: &mut Site<'_>,
    call: &Call,
    object: &str,
    fields: Fields,
) -> Result<SfId, Vec<DmlError>> {
    site.desk.check_lock(None)?;
    let fields = assigned(site, call, object, fields)?;
    let options = options(site, call);
    site.world.create(&call.actor, object, &fields, &options)
}

pub(super) fn update(
    site: &mut Site<'_>,
    call: &Call,
    object: &str,
    id: &str,
    fields: Fields,
) -> Result<(), Vec<DmlError>> {
    site.desk.check_lock(id.parse().ok())?;
    let fields = assigned(site, call, object, fields)?;
    let options = options(site, call);
    site.world
        .update(&call.actor, object, id, &fields, &options)
}

pub(super) fn delete(
    site: &mut Site<'_>,
    call: &Call,
    object: &str,
    id: &str,
) -> Result<(), Vec<DmlError>> {
    site.desk.check_lock(id.parse().ok())?;
    let options = options(site, call);
    site.world.delete(&call.actor, object, id, &options)
}

/// Deletes a record past the recycle bin.
pub(super) fn hard_delete(
    site: &mut Site<'_>,
    call: &Call,
    object: &str,
    id: &str,
) -> Result<(), Vec<DmlError>> {
    site.desk.check_lock(id.parse().ok())?;
    site.world.hard_delete(&call.actor, object, id)
}

pub(super) fn upsert(
    site: &mut Site<'_>,
    call: &Call,
    object: &str,
    key: (&str, &str),
    fields: Fields,
) -> Result<Upserted, UpsertFailure> {
    let known = site.world.find_by_key(&call.actor, object, key);
    let target = known.ok().and_then(|ids| ids.first().copied());
    site.desk
        .check_lock(target)
        .map_err(UpsertFailure::Errors)?;
    let fields = assigned(site, call, object, fields).map_err(UpsertFailure::Errors)?;
    let options = options(site, call);
    site.world
        .upsert(&call.actor, object, key, &fields, &options)
}

/// The object an id belongs to, by its first three characters.
pub(super) fn object_of(site: &Site<'_>, id: &str) -> Option<String> {
    let id: SfId = id.parse().ok()?;
    Some(
        site.world
            .schema()
            .object_by_prefix(id.key_prefix())?
            .name
            .clone(),
    )
}

/// `LastModifiedDate` of a record the caller sees.
pub(super) fn last_modified(
    site: &Site<'_>,
    call: &Call,
    object: &str,
    id: &str,
) -> Option<jiff::Timestamp> {
    match site.world.record_state(&call.actor, object, id) {
        RecordState::Live { last_modified } => Some(last_modified),
        RecordState::Missing | RecordState::Deleted => None,
    }
}

impl Desk {
    /// How the next record change is made: perhaps it becomes visible late.
    pub(crate) fn dml_options(&mut self, now: jiff::Timestamp) -> DmlOptions {
        DmlOptions {
            visible_at: self.faults.visible_at(now),
            ..DmlOptions::default()
        }
    }

    /// Refuses the change of a row that a fault has locked.
    pub(crate) fn check_lock(&mut self, id: Option<SfId>) -> Result<(), Vec<DmlError>> {
        if !self.faults.hits_lock(id) {
            return Ok(());
        }
        let row = id.map(|id| id.to_string()).unwrap_or_default();
        let message =
            format!("unable to obtain exclusive access to this record or 1 records: {row}");
        Err(vec![DmlError::new("UNABLE_TO_LOCK_ROW", message)])
    }
}

fn options(site: &mut Site<'_>, call: &Call) -> DmlOptions {
    DmlOptions {
        allow_duplicates: duplicates::allowed(call),
        ..site.desk.dml_options(site.world.now())
    }
}

/// With an active rule and no objection of the client, the rule's owner replaces the client's. The client may also name
/// the rule by its id; no other is there.
fn assigned(
    site: &Site<'_>,
    call: &Call,
    object: &str,
    mut fields: Fields,
) -> Result<Fields, Vec<DmlError>> {
    let owner = site.desk.lead_assignee;
    let asked = call.header("sforce-auto-assign").unwrap_or("TRUE");
    if !object.eq_ignore_ascii_case("lead") || asked.eq_ignore_ascii_case("false") {
        return Ok(fields);
    }
    if !asked.eq_ignore_ascii_case("true") && asked.parse() != Ok(assignment_rule()) {
        let message = format!("Invalid assignment rule id: {asked}");
        return Err(vec![DmlError::new("INVALID_CROSS_REFERENCE_KEY", message)]);
    }
    if let Some(owner) = owner {
        fields.retain(|name, _| !name.eq_ignore_ascii_case("ownerid"));
        fields.insert("OwnerId".to_owned(), owner.to_string().into());
    }
    Ok(fields)
}

/// The id of the one assignment rule, that for leads.
pub(super) fn assignment_rule() -> SfId {
    SfId::from_counter(*b"01Q", *b"Td0", 1)
}
