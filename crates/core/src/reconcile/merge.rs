//! Both sides are there: merge field by field and add up the verdicts.

use super::ancestor;
use super::field::{self, Verdict};
use super::{
    Decision, Input, LinkOutcome, RecordChange, change, entry, forget_unruled, intent_field,
    is_conflict, lock_key, park_unfit, wait_until,
};
use crate::bounce::{self, Flip};
use crate::connector::WriteOp;
use crate::error::ErrorClass;
use crate::link::{Agreed, HeldField, ParkedField};
use crate::mapping::FieldRule;
use crate::record::{CrmRecord, WorkspaceRecord};
use crate::sync_log::{FieldChange, LogError, LogSource, LogStatus, LogType, Rule};
use crate::value::{Fields, Value};
use crate::write::{IntentField, WriteDraft};

/// Both sides exist: merge field by field.
pub(super) fn merge(input: &Input<'_>, crm: &CrmRecord, workspace: &WorkspaceRecord) -> Decision {
    let mut decision = Decision::keep(input);
    decision.link.revision = Some(crm.revision.clone());
    if ancestor::take_up(input, crm, &mut decision) {
        return decision;
    }
    let mut merge = Merge::default();
    for rule in &input.rules.fields {
        let name = &rule.mapping.workspace;
        let ours = workspace.fields.get(name).unwrap_or(&Value::Null);
        let verdict = field::decide(&field::FieldInput {
            rule,
            base: decision.link.base.get(name),
            crm: crm.fields.get(&rule.mapping.crm),
            workspace: ours,
            parked: input.link.parked_fields.get(name),
            held: input.link.held_fields.get(name),
            put_back: input.link.put_back.get(name),
            crm_changed_at: crm.changed_at(),
            workspace_changed_at: workspace.provenance.get(name).map(|p| p.at),
            guards: input.guards,
        });
        if let Some(flips) = loops(input, crm, workspace, rule, &verdict, &mut decision) {
            set_aside(input, crm, workspace, rule, &flips, &mut decision);
            continue;
        }
        merge.take(input, crm, workspace, rule, verdict, &mut decision);
    }
    forget_unruled(input.rules, &mut decision.link);
    merge.finish(input, crm, &mut decision);
    decision
}

/// What the fields' verdicts add up to.
#[derive(Default)]
struct Merge {
    patch: Fields,
    taken: Vec<FieldChange>,
    conflicts: Vec<FieldChange>,
    held: Vec<FieldChange>,
    kept: Vec<FieldChange>,
    write: Vec<IntentField>,
}

impl Merge {
    /// Carries one field's verdict into the decision.
    fn take(
        &mut self,
        input: &Input<'_>,
        crm: &CrmRecord,
        workspace: &WorkspaceRecord,
        rule: &FieldRule,
        verdict: Verdict,
        decision: &mut Decision,
    ) {
        let name = rule.mapping.workspace.clone();
        let ours = workspace.fields.get(&name).cloned().unwrap_or_default();
        let theirs = crm
            .fields
            .get(&rule.mapping.crm)
            .cloned()
            .unwrap_or_default();
        let link = &mut decision.link;
        release(link, &name, &verdict);
        match verdict {
            Verdict::Unseen | Verdict::Keep | Verdict::Parked => {}
            Verdict::Agree => {
                link.base.insert(
                    name,
                    Agreed {
                        crm: theirs,
                        workspace: ours,
                    },
                );
            }
            Verdict::Consume {
                base,
                rule: why,
                rejected,
            } => {
                link.base.insert(name, base);
                self.kept
                    .push(change(rule, ours.clone(), ours, why, rejected));
            }
            Verdict::ToWorkspace {
                value,
                rule: why,
                rejected,
            } => {
                link.base.insert(
                    name.clone(),
                    Agreed {
                        crm: theirs,
                        workspace: value.clone(),
                    },
                );
                let lost = !rejected.is_null() || is_conflict(why);
                let change = change(rule, ours, value.clone(), why, rejected);
                if lost {
                    self.conflicts.push(change)
                } else {
                    self.taken.push(change)
                }
                self.patch.insert(name, value);
            }
            Verdict::ToCrm {
                value,
                rule: why,
                rejected,
            } => {
                let mut field = intent_field(rule, value, &ours, &theirs, workspace, why);
                field.rejected = rejected;
                let doubted = link.doubted.get(&name).into_iter().flatten();
                field.doubted = doubted.map(|one| one.agreed.crm.clone()).collect();
                self.write.push(field);
            }
            Verdict::Hold => self.hold(input, rule, theirs, ours, link),
            Verdict::Wait => decision.again_at = Some(wait_until(input.now)),
            Verdict::Unfit(unfit) => park_unfit(input, rule, &ours, unfit, decision),
        }
    }

    fn hold(
        &mut self,
        input: &Input<'_>,
        rule: &FieldRule,
        theirs: Value,
        ours: Value,
        link: &mut LinkOutcome,
    ) {
        let name = rule.mapping.workspace.clone();
        let since = link
            .held_fields
            .get(&name)
            .map_or(input.now, |held| held.since);
        if !link.held_fields.contains_key(&name) {
            self.held.push(change(
                rule,
                theirs.clone(),
                ours.clone(),
                Rule::Hold,
                Value::Null,
            ));
        }
        link.held_fields.insert(
            name,
            HeldField {
                crm: theirs,
                workspace: ours,
                since,
            },
        );
    }

    fn finish(self, input: &Input<'_>, crm: &CrmRecord, decision: &mut Decision) {
        let mut log = |changes: Vec<FieldChange>, kind, status, summary: String| {
            if !changes.is_empty() {
                let mut entry = entry(input, LogSource::Crm, kind, summary);
                entry.status = status;
                entry.changes = changes;
                decision.log.push(entry);
            }
        };
        let update = format!("Took over {}", fields_phrase(&self.taken));
        log(self.taken, LogType::Update, LogStatus::Success, update);
        let kept = format!("Kept {}: a blank never erases", fields_phrase(&self.kept));
        log(self.kept, LogType::Update, LogStatus::Success, kept);
        let conflict = format!(
            "Both sides changed {}; a rule decided",
            fields_phrase(&self.conflicts)
        );
        log(
            self.conflicts,
            LogType::Conflict,
            LogStatus::Success,
            conflict,
        );
        let held = format!(
            "Both sides changed {}; a person decides",
            fields_phrase(&self.held)
        );
        log(self.held, LogType::Held, LogStatus::Waiting, held);
        if !self.patch.is_empty() {
            decision.record = RecordChange::Patch(self.patch);
        }
        if !self.write.is_empty() && decision.link.parked.is_none() {
            let lock_key = lock_key(input, Some(crm), &self.write);
            let op = WriteOp::Update { id: crm.id.clone() };
            decision.write = Some(WriteDraft {
                op,
                fields: self.write,
                lock_key,
                unmodified_since: Some(crm.modified_at),
            });
        }
    }
}

/// Notes what the verdict passes on; gives the field's flips where that makes a loop of them. What a
/// person typed begins anew.
fn loops(
    input: &Input<'_>,
    crm: &CrmRecord,
    workspace: &WorkspaceRecord,
    rule: &FieldRule,
    verdict: &Verdict,
    decision: &mut Decision,
) -> Option<Vec<Flip>> {
    let name = &rule.mapping.workspace;
    let value = |record: Option<&Value>| record.cloned().unwrap_or_default();
    let flip = match verdict {
        _ if !input.guards.bounce => return None,
        Verdict::ToCrm {
            rule: Rule::Overtaken,
            ..
        } => return None,
        Verdict::ToCrm { .. } => {
            let ours = value(workspace.fields.get(name));
            Flip::from_workspace(&ours, name, workspace, input.now)
        }
        Verdict::ToWorkspace { .. } => {
            let theirs = value(crm.fields.get(&rule.mapping.crm));
            Some(Flip::from_crm(&theirs, crm, input.now))
        }
        _ => return None,
    };
    let Some(flip) = flip else {
        decision.link.flips.remove(name);
        return None;
    };
    let flips = decision.link.flips.entry(name.clone()).or_default();
    let found = bounce::note(flips, flip).then(|| flips.clone());
    if flips.is_empty() {
        decision.link.flips.remove(name);
    }
    found
}

/// The field, and only it, waits for a person.
fn set_aside(
    input: &Input<'_>,
    crm: &CrmRecord,
    workspace: &WorkspaceRecord,
    rule: &FieldRule,
    flips: &[Flip],
    decision: &mut Decision,
) {
    let (ours, theirs) = (&rule.mapping.workspace, &rule.mapping.crm);
    let value = |record: Option<&Value>| record.cloned().unwrap_or_default();
    let (here, there) = (
        value(workspace.fields.get(ours)),
        value(crm.fields.get(theirs)),
    );
    let parked = ParkedField {
        value: here.clone(),
        workspace: Some(here.clone()),
        unsent: false,
        class: ErrorClass::Bouncing,
        message: bounce::explain(flips),
        since: input.now,
    };
    let summary = format!("{ours} is set aside: {}", ErrorClass::Bouncing.title());
    let mut log = entry(input, LogSource::Tandem, LogType::Held, summary);
    log.status = LogStatus::Waiting;
    log.changes = vec![change(rule, there, here, Rule::Bouncing, Value::Null)];
    log.error = Some(LogError {
        class: ErrorClass::Bouncing,
        code: String::new(),
        message: parked.message.clone(),
        fields: vec![theirs.clone()],
    });
    decision.log.push(log);
    decision.link.parked_fields.insert(ours.clone(), parked);
    decision.link.flips.remove(ours);
}

/// What was parked, held or to be put back is so no longer, unless the verdict says it still is.
fn release(link: &mut LinkOutcome, name: &str, verdict: &Verdict) {
    if matches!(verdict, Verdict::Unseen) {
        return;
    }
    if !matches!(verdict, Verdict::Parked | Verdict::Unfit(_) | Verdict::Keep) {
        link.parked_fields.remove(name);
    }
    if matches!(
        verdict,
        Verdict::ToCrm {
            rule: Rule::Overtaken,
            ..
        }
    ) {
        return;
    }
    link.put_back.remove(name);
    if !matches!(verdict, Verdict::Hold | Verdict::Keep) {
        link.held_fields.remove(name);
    }
}

fn fields_phrase(changes: &[FieldChange]) -> String {
    match changes {
        [one] => one.workspace.clone(),
        _ => format!("{} fields", changes.len()),
    }
}
