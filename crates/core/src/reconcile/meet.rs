//! One side is missing: a CRM record that nobody linked, a workspace record that the CRM does not have.

use super::field;
use super::{
    Decision, Input, RecordChange, change, entry, forget_unruled, intent_field, lock_key,
    park_unfit, wait_until,
};
use crate::connector::WriteOp;
use crate::ids::{LinkId, RecordId};
use crate::link::{Agreed, LinkState};
use crate::mapping::FieldRule;
use crate::matching::{self, Match};
use crate::record::{CrmRecord, WorkspaceRecord};
use crate::sync_log::{LogSource, LogStatus, LogType, Rule};
use crate::value::{Fields, Reference, Value};
use crate::write::WriteDraft;

/// A CRM record that nobody linked yet: match it, or make a workspace record of it.
pub(super) fn first_link(input: &Input<'_>, crm: &CrmRecord) -> Decision {
    match matching::choose(input.candidates) {
        Match::One(record) => adopt(input, record),
        Match::Several(records) => ambiguous(input, &records),
        Match::None if input.rules.import => create_in_workspace(input, crm),
        Match::None => Decision::keep(input),
    }
}

fn adopt(input: &Input<'_>, record: RecordId) -> Decision {
    let mut decision = Decision::keep(input);
    decision.record = RecordChange::Adopt(record);
    let summary = format!("Linked to the {} by its match key", input.link.kind);
    let mut log = entry(input, LogSource::Crm, LogType::Link, summary);
    log.record = Some((input.link.kind, record));
    decision.log.push(log);
    decision
}

fn ambiguous(input: &Input<'_>, records: &[RecordId]) -> Decision {
    let mut decision = Decision::keep(input);
    decision.link.state = LinkState::Ambiguous;
    let ids: Vec<String> = records.iter().map(ToString::to_string).collect();
    let summary = format!(
        "Several workspace records match ({}); choose the one it belongs to",
        ids.join(", ")
    );
    let mut log = entry(input, LogSource::Crm, LogType::Held, summary);
    log.status = LogStatus::Waiting;
    decision.log.push(log);
    decision
}

fn create_in_workspace(input: &Input<'_>, crm: &CrmRecord) -> Decision {
    let mut decision = Decision::keep(input);
    let mut fields = Fields::new();
    let mut changes = Vec::new();
    let readable = input
        .rules
        .fields
        .iter()
        .filter(|rule| rule.mapping.direction.inbound());
    for rule in readable {
        let Some(theirs) = crm.fields.get(&rule.mapping.crm) else {
            continue;
        };
        let ours = rule.to_workspace(theirs);
        let agreed = Agreed {
            crm: theirs.clone(),
            workspace: ours.clone(),
        };
        decision
            .link
            .base
            .insert(rule.mapping.workspace.clone(), agreed);
        if !ours.is_null() {
            changes.push(change(
                rule,
                Value::Null,
                ours.clone(),
                Rule::NewRecord,
                Value::Null,
            ));
            fields.insert(rule.mapping.workspace.clone(), ours);
        }
    }
    decision.link.revision = Some(crm.revision.clone());
    let summary = format!("Imported from {}", crm.object);
    let mut log = entry(input, LogSource::Crm, LogType::Create, summary);
    log.changes = changes;
    decision.log.push(log);
    decision.record = RecordChange::Create(fields);
    decision
}

/// A workspace record that the CRM does not have yet.
pub(super) fn create_in_crm(input: &Input<'_>, workspace: &WorkspaceRecord) -> Decision {
    let mut decision = Decision::keep(input);
    if !input.rules.create_in_crm || input.link.parked.is_some() {
        return decision;
    }
    forget_unruled(input.rules, &mut decision.link);
    let mut fields = Vec::new();
    let writable = |rule: &&FieldRule| rule.createable && rule.mapping.direction.outbound();
    for rule in input.rules.fields.iter().filter(writable) {
        let name = &rule.mapping.workspace;
        let ours = workspace.fields.get(name).unwrap_or(&Value::Null);
        if matches!(ours, Value::Reference(Reference::Workspace(..))) {
            decision.again_at = Some(wait_until(input.now));
            return decision;
        }
        let value = match field::carried(rule, ours) {
            Ok(value) => value,
            Err(unfit) => {
                park_unfit(input, rule, ours, unfit, &mut decision);
                continue;
            }
        };
        let parked = decision.link.parked_fields.get(name);
        let refused = parked.is_some_and(|parked| {
            field::stands_for(parked, rule, ours) && !field::may_go(parked, rule, &value)
        });
        if !refused {
            decision.link.parked_fields.remove(name);
        }
        if value.is_null() || refused {
            continue;
        }
        fields.push(intent_field(
            rule,
            value,
            ours,
            &Value::Null,
            workspace,
            Rule::NewRecord,
        ));
    }
    let key = input
        .rules
        .external_id
        .as_ref()
        .map(|field| (field.clone(), external_key(input.key_prefix, input.link.id)));
    let lock_key = lock_key(input, None, &fields);
    decision.write = Some(WriteDraft {
        op: WriteOp::Create { key },
        fields,
        lock_key,
        unmodified_since: None,
    });
    decision
}

/// Our key of a create: the same for every try, different in every installation.
pub fn external_key(prefix: &str, link: LinkId) -> String {
    format!("{prefix}-{link}")
}

/// The link that one of our keys names; `None` for a text that is no key of ours.
pub fn link_of_key(prefix: &str, key: &str) -> Option<LinkId> {
    let number = key.strip_prefix(prefix)?.strip_prefix('-')?;
    let link = LinkId(number.parse().ok()?);
    (external_key(prefix, link) == key).then_some(link)
}
