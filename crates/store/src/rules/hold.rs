//! How a person's decision about a held field is carried out.

use tandem_core::link::{Agreed, RecordLink};
use tandem_core::mapping::PairRules;
use tandem_core::record::{Origin, WorkspaceRecord};
use tandem_core::store::{HoldResolution, StoreError, StoreResult};
use tandem_core::sync_log::{FieldChange, LogDraft, LogSource, LogType, Rule};
use tandem_core::value::Value;

use super::{complete_log, set_fields, workspace_changed};

/// Takes the field out of the hold, sets the workspace's value to the chosen one and returns the
/// entry that tells it.
///
/// The CRM's value that the person saw becomes what both sides agreed on: if the CRM still has it,
/// the choice goes out as an edit; if the CRM moved on meanwhile, it is a new conflict.
///
/// # Errors
/// [`StoreError::NotFound`] where the field is not held.
pub fn resolve_hold(
    link: &mut RecordLink,
    record: &mut WorkspaceRecord,
    pair: Option<&PairRules>,
    resolution: &HoldResolution,
) -> StoreResult<LogDraft> {
    let HoldResolution {
        field,
        value,
        seen_crm,
        origin,
        now,
        ..
    } = resolution;
    if link.held_fields.remove(field).is_none() {
        return Err(StoreError::NotFound(format!(
            "held field {field} on link {}",
            link.id
        )));
    }
    let crm = pair.and_then(|pair| pair.by_workspace(field));
    let taken = crm.map_or_else(|| seen_crm.clone(), |rule| rule.to_workspace(seen_crm));
    let agreed = Agreed {
        crm: seen_crm.clone(),
        workspace: taken.clone(),
    };
    link.base.insert(field.clone(), agreed);
    let before = record.fields.get(field).cloned().unwrap_or_default();
    set_fields(
        record,
        [(field.clone(), value.clone())].into(),
        origin,
        *now,
    );
    workspace_changed(link, std::slice::from_ref(field), origin);
    let mut entry = entry(resolution, before, &taken);
    for change in &mut entry.changes {
        change.crm = crm.map(|rule| rule.mapping.crm.clone()).unwrap_or_default();
    }
    complete_log(&mut entry, link);
    Ok(entry)
}

/// `taken` is the CRM's value as the workspace holds it.
fn entry(resolution: &HoldResolution, before: Value, taken: &Value) -> LogDraft {
    let HoldResolution {
        field,
        value,
        seen_crm,
        ..
    } = resolution;
    let rejected = if value == taken {
        before.clone()
    } else {
        seen_crm.clone()
    };
    let summary = format!("A person decided the held conflict about {field}");
    let mut entry = LogDraft::new(
        resolution.now,
        LogSource::Workspace,
        LogType::Conflict,
        summary,
    );
    entry.by = match resolution.origin {
        Origin::User(user) => Some(user),
        _ => None,
    };
    entry.changes.push(FieldChange {
        workspace: field.clone(),
        crm: String::new(),
        before,
        after: value.clone(),
        rule: Rule::PersonDecided,
        rejected,
    });
    entry
}
