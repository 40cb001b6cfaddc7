//! What edits and decisions do to a workspace record, and what its values point to.

use tandem_core::Timestamp;
use tandem_core::ids::{CrmId, RecordId};
use tandem_core::link::Lane;
use tandem_core::mapping::PairRules;
use tandem_core::matching;
use tandem_core::record::{CrmRecord, Origin, Provenance, WorkspaceRecord};
use tandem_core::sync_log::LogDraft;
use tandem_core::value::{Fields, Reference, Value};
use tandem_core::workspace::Kind;

/// A record without values.
pub fn new_record(id: RecordId, kind: Kind, now: Timestamp) -> WorkspaceRecord {
    WorkspaceRecord {
        id,
        kind,
        fields: Fields::new(),
        provenance: Default::default(),
        created_at: now,
        updated_at: now,
        archived: None,
    }
}

/// Sets the fields of a patch and returns the names of those that really changed; only they get a new
/// provenance. [`Value::Null`] and empty text clear a field: absent means blank.
pub fn set_fields(
    record: &mut WorkspaceRecord,
    patch: Fields,
    origin: &Origin,
    now: Timestamp,
) -> Vec<String> {
    let mut changed = Vec::new();
    for (field, value) in patch {
        let value = blank_as_null(value);
        if *record.fields.get(&field).unwrap_or(&Value::Null) == value {
            continue;
        }
        if value.is_null() {
            record.fields.remove(&field);
        } else {
            record.fields.insert(field.clone(), value);
        }
        let origin = origin.clone();
        record
            .provenance
            .insert(field.clone(), Provenance { at: now, origin });
        changed.push(field);
    }
    if !changed.is_empty() {
        record.updated_at = now;
    }
    changed
}

fn blank_as_null(value: Value) -> Value {
    match value {
        Value::Text(text) => Value::text(text),
        other => other,
    }
}

/// The workspace records that the record's fields refer to by our id.
pub fn referred_records(fields: &Fields) -> impl Iterator<Item = RecordId> {
    fields.values().filter_map(|value| match value {
        Value::Reference(Reference::Workspace(_, id)) => Some(*id),
        _ => None,
    })
}

/// Replaces references to workspace records by those to the CRM records that they are linked to,
/// where `crm_id` knows one; the others stay and wait.
pub fn resolve_references(fields: &mut Fields, crm_id: impl Fn(RecordId) -> Option<CrmId>) {
    for value in fields.values_mut() {
        resolve(value, &crm_id);
    }
}

fn resolve(value: &mut Value, crm_id: impl Fn(RecordId) -> Option<CrmId>) {
    if let Value::Reference(Reference::Workspace(_, id)) = value
        && let Some(crm) = crm_id(*id)
    {
        *value = Value::Reference(Reference::Crm(crm));
    }
}

/// The workspace records that an entry's values refer to by our id.
pub fn told_records(entry: &LogDraft) -> impl Iterator<Item = RecordId> {
    let values = entry.changes.iter();
    let values = values.flat_map(|change| [&change.before, &change.after]);
    values.filter_map(|value| match value {
        Value::Reference(Reference::Workspace(_, id)) => Some(*id),
        _ => None,
    })
}

/// Says an entry's references as [`resolve_references`] says those of a record, so that they can be compared.
pub fn resolve_told(entry: &mut LogDraft, crm_id: impl Fn(RecordId) -> Option<CrmId>) {
    for change in &mut entry.changes {
        resolve(&mut change.before, &crm_id);
        resolve(&mut change.after, &crm_id);
    }
}

/// The match keys of a CRM record, strongest first, as far as its mapped fields tell them.
pub fn match_keys(pair: &PairRules, record: &CrmRecord) -> Vec<String> {
    matching::keys_of_crm(pair, &record.fields)
}

/// The match keys of a workspace record; one in the archive has none, so that nobody is linked to it.
pub fn keys_of(record: &WorkspaceRecord) -> Vec<String> {
    match record.archived {
        Some(_) => Vec::new(),
        None => matching::keys(record.kind, &record.fields),
    }
}

/// The lane of the work that an edit makes: people are waiting, programs are not.
pub fn lane_of(origin: &Origin) -> Lane {
    match origin {
        Origin::User(_) | Origin::Undo(_) => Lane::Live,
        Origin::Api(_) | Origin::Crm => Lane::Normal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_real_changes_get_a_provenance() {
        let (first, later) = (Timestamp::UNIX_EPOCH, Timestamp::MAX);
        let mut record = new_record(RecordId(1), Kind::Account, first);
        let patch = |name: &str, phone: &str| -> Fields {
            [
                ("name".to_owned(), Value::text(name)),
                ("phone".to_owned(), Value::Text(phone.into())),
            ]
            .into()
        };
        let origin = Origin::Api("test".into());
        assert_eq!(
            set_fields(&mut record, patch("A", ""), &origin, first),
            ["name"]
        );
        assert_eq!(
            set_fields(&mut record, patch("A", "1"), &Origin::Crm, later),
            ["phone"]
        );
        assert_eq!(record.provenance["name"].at, first);
        assert_eq!(record.provenance["phone"].origin, Origin::Crm);
        assert_eq!(
            set_fields(&mut record, patch("A", ""), &origin, later),
            ["phone"]
        );
        assert!(!record.fields.contains_key("phone"), "cleared means absent");
    }

    #[test]
    fn references_resolve_where_the_target_is_known() {
        let to = |id| Value::Reference(Reference::Workspace(Kind::Account, RecordId(id)));
        let mut fields: Fields =
            [("account".to_owned(), to(1)), ("other".to_owned(), to(2))].into();
        assert_eq!(
            referred_records(&fields).collect::<Vec<_>>(),
            [RecordId(1), RecordId(2)]
        );
        resolve_references(&mut fields, |id| (id.0 == 1).then(|| CrmId::new("001")));
        assert_eq!(fields["account"], Value::crm_ref("001"));
        assert_eq!(fields["other"], to(2));
    }
}
