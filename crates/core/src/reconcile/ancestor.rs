//! A write whose answer was lost may turn up in the CRM long after somebody looked and found it undone.
//!
//! What the CRM shows then was sent by us, and both sides agreed on it: it becomes the ancestor of the merge.
//! So our own late value is never taken for a change of the CRM, and newer edits of the workspace win.
//!
//! That it turned up is seen, not decided: it is taken down by itself before anything else of the link is
//! decided, so that nothing which holds a decision back, like the brake, keeps it from the log.

use super::{Decision, Input, change, entry};
use crate::link::Doubted;
use crate::mapping::FieldRule;
use crate::record::CrmRecord;
use crate::sync_log::{FieldChange, LogSource, LogType, Rule};
use crate::value::{Value, same};

const TURNED_UP: &str = "A write whose answer was lost turned up in the CRM";
const UNCLEAR: &str = "A write whose answer was lost may have been carried out before somebody changed the record in the CRM";

/// Moves the base to every write that turned up, and forgets those that no longer can. Returns whether there is
/// anything to tell: then nothing else is decided in this step, and the link stays due.
#[must_use]
pub(super) fn take_up(input: &Input<'_>, crm: &CrmRecord, decision: &mut Decision) -> bool {
    if input.link.doubted.is_empty() {
        return false;
    }
    let (mut turned_up, mut unclear) = (Vec::new(), Vec::new());
    for rule in &input.rules.fields {
        match look(crm, rule, decision) {
            Some(Seen::TurnedUp(change)) => turned_up.push(change),
            Some(Seen::Unclear(change)) => unclear.push(change),
            None => {}
        }
    }
    let mut tell = |summary: &str, changes: Vec<FieldChange>| {
        if changes.is_empty() {
            return;
        }
        let mut entry = entry(input, LogSource::Workspace, LogType::Update, summary.into());
        entry.changes = changes;
        decision.log.push(entry);
        decision.again_at = Some(input.now);
    };
    tell(TURNED_UP, turned_up);
    tell(UNCLEAR, unclear);
    decision.again_at.is_some()
}

/// What a look at a field tells of the writes that are doubted there.
enum Seen {
    TurnedUp(FieldChange),
    Unclear(FieldChange),
}

/// One of the doubted writes may be what is shown; each of the others replaces, if it is still carried out, what is
/// shown now.
fn look(crm: &CrmRecord, rule: &FieldRule, decision: &mut Decision) -> Option<Seen> {
    let name = &rule.mapping.workspace;
    let shown = crm.fields.get(&rule.mapping.crm)?;
    let link = &mut decision.link;
    let mut doubted = link.doubted.remove(name)?;
    let base = link.base.get(name).map(|base| &base.crm);
    let seen = match turned_up(&doubted, base, shown, rule) {
        Some(doubted) => {
            let before = base.cloned().unwrap_or_default();
            let rejected = Some(&doubted.replaces).filter(|value| **value != before);
            let rejected = rejected.cloned().unwrap_or_default();
            let change = change(rule, before, shown.clone(), Rule::TurnedUp, rejected);
            link.base.insert(name.clone(), doubted.agreed.clone());
            Some(Seen::TurnedUp(change))
        }
        None => replaced_unseen(&doubted, base, shown, rule).map(|replaced| {
            let (before, after) = (replaced.clone(), shown.clone());
            Seen::Unclear(change(rule, before, after, Rule::TurnedUp, Value::Null))
        }),
    };
    for one in &mut doubted {
        one.replaces = shown.clone();
    }
    // A look from after that time shows how it ended; until there was one, however late, it may turn up.
    doubted.retain(|one| one.until.is_some_and(|until| until > crm.observed_at));
    if !doubted.is_empty() {
        link.doubted.insert(name.clone(), doubted);
    }
    seen
}

/// The doubted write that is shown; a value that stands in the base already was written again since.
fn turned_up<'d>(
    doubted: &'d [Doubted],
    base: Option<&Value>,
    shown: &Value,
    rule: &FieldRule,
) -> Option<&'d Doubted> {
    let shows = |value: &Value| same(shown, value, &rule.crm_type);
    let mut latest_first = doubted.iter().rev();
    let found = latest_first.find(|one| shows(&one.agreed.crm));
    found.filter(|_| !base.is_some_and(shows))
}

/// A value of the CRM that a doubted write was sent to replace, which is not there any more, and which both sides
/// never agreed on: it may have been replaced by us before somebody typed what is shown.
fn replaced_unseen<'d>(
    doubted: &'d [Doubted],
    base: Option<&Value>,
    shown: &Value,
    rule: &FieldRule,
) -> Option<&'d Value> {
    let alike = |one: &Value, other: &Value| same(one, other, &rule.crm_type);
    let mut replaced = doubted.iter().map(|one| &one.replaces);
    replaced.find(|value| !alike(shown, value) && !base.is_some_and(|base| alike(base, value)))
}
