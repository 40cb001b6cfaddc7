//! A write whose answer was lost may turn up in the CRM long after somebody looked and found it undone.
//!
//! What the CRM shows then was sent by us, and both sides agreed on it: it becomes the ancestor of the merge.
//! So our own late value is never taken for a change of the CRM, and newer edits of the workspace win.

use super::{Decision, Input, entry};
use crate::link::Doubted;
use crate::mapping::FieldRule;
use crate::record::CrmRecord;
use crate::sync_log::{FieldChange, LogSource, LogType, Rule};
use crate::value::{Value, same};

/// Moves the base to every write that turned up, and forgets those that no longer can.
pub(super) fn take_up(input: &Input<'_>, crm: &CrmRecord, decision: &mut Decision) {
    if input.link.doubted.is_empty() {
        return;
    }
    let changes: Vec<_> = input
        .rules
        .fields
        .iter()
        .filter_map(|rule| take_up_field(crm, rule, decision))
        .collect();
    if !changes.is_empty() {
        let summary = "A write whose answer was lost turned up in the CRM".to_owned();
        let mut entry = entry(input, LogSource::Workspace, LogType::Update, summary);
        entry.changes = changes;
        decision.log.push(entry);
    }
}

/// A value that stands in the base already was written again since.
fn take_up_field(
    crm: &CrmRecord,
    rule: &FieldRule,
    decision: &mut Decision,
) -> Option<FieldChange> {
    let name = &rule.mapping.workspace;
    let shown = crm.fields.get(&rule.mapping.crm)?;
    let link = &mut decision.link;
    let doubted = link.doubted.remove(name)?;
    let shows = |value: &Value| same(shown, value, &rule.crm_type);
    let base = link.base.get(name);
    let turned_up = doubted
        .iter()
        .rev()
        .find(|doubted| shows(&doubted.agreed.crm))
        .filter(|_| base.is_none_or(|base| !shows(&base.crm)))
        .cloned();
    // A look from after that time shows how it ended; until there was one, however late, it may turn up.
    let may_follow = |d: &Doubted| d.until.is_some_and(|until| until > crm.observed_at);
    let rest: Vec<_> = doubted.into_iter().filter(may_follow).collect();
    if !rest.is_empty() {
        link.doubted.insert(name.clone(), rest);
    }
    let doubted = turned_up?;
    let before = link.base.insert(name.clone(), doubted.agreed);
    let before = before.map(|before| before.crm).unwrap_or_default();
    let rejected = Some(doubted.replaces).filter(|value| *value != before);
    Some(FieldChange {
        workspace: name.clone(),
        crm: rule.mapping.crm.clone(),
        before,
        after: shown.clone(),
        rule: Rule::TurnedUp,
        rejected: rejected.unwrap_or_default(),
    })
}
