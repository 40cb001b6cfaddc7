//! One field's three-way merge.
//!
//! The question is always the same: which side changed since both last agreed? A side changed when
//! its value differs from *its own half* of the base, so a value that the CRM rounded or a person
//! spelt differently is no change. What follows is a table; the tests beside it are its rows.

use crate::error::ErrorClass;
use crate::link::{Agreed, HeldField, ParkedField, PutBack};
use crate::mapping::{Direction, FieldRule, Winner};
use crate::schema::FieldType;
use crate::settings::Guards;
use crate::sync_log::Rule;
use crate::value::{Reference, Value, canonical, same};
use jiff::Timestamp;

/// Everything that decides one field.
#[derive(Clone, Debug)]
pub struct FieldInput<'a> {
    /// The mapping and both types.
    pub rule: &'a FieldRule,
    /// What was agreed last; `None` if never.
    pub base: Option<&'a Agreed>,
    /// The CRM's value; `None` if the connected user can't see the field.
    pub crm: Option<&'a Value>,
    /// The workspace's value, references resolved.
    pub workspace: &'a Value,
    /// Set while the field is parked.
    pub parked: Option<&'a ParkedField>,
    /// Set while the field is held.
    pub held: Option<&'a HeldField>,
    /// An edit of the CRM that our write overwrote; it is given up once the CRM refused it.
    pub put_back: Option<&'a PutBack>,
    /// When the CRM record last changed.
    pub crm_changed_at: Timestamp,
    /// When the workspace's value was set, if it is known.
    pub workspace_changed_at: Option<Timestamp>,
    /// The switches of the simulation.
    pub guards: Guards,
}

/// What happens to one field.
#[derive(Clone, PartialEq, Debug)]
pub enum Verdict {
    /// The CRM's side can't be seen: whatever waits goes on waiting.
    Unseen,
    /// Nothing: nothing changed, or the change may not travel.
    Keep,
    /// Both sides hold the same; the base is brought up to date.
    Agree,
    /// A change is taken note of and deliberately not passed on.
    Consume {
        /// The base from now on.
        base: Agreed,
        /// Why.
        rule: Rule,
        /// The side's value that was not taken over by the other, for the log.
        rejected: Value,
    },
    /// The workspace takes the CRM's value.
    ToWorkspace {
        /// In the workspace's form.
        value: Value,
        /// Why.
        rule: Rule,
        /// The workspace's value that lost, if a person put it there since both agreed.
        rejected: Value,
    },
    /// The CRM shall take the workspace's value.
    ToCrm {
        /// In the CRM's form.
        value: Value,
        /// Why.
        rule: Rule,
        /// The CRM's value that lost, if somebody put it there since both agreed.
        rejected: Value,
    },
    /// It stays parked.
    Parked,
    /// It waits for a person.
    Hold,
    /// It waits for the record that it refers to.
    Wait,
    /// Our own check: the CRM field can't hold the workspace's value.
    Unfit(Unfit),
}

/// Why a value is set aside without a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unfit {
    /// The class that the CRM's refusal would have.
    pub class: ErrorClass,
    /// What would have been sent: in the CRM's form, if there is one.
    pub value: Value,
    /// For people.
    pub reason: String,
}

/// Decides one field.
pub fn decide(input: &FieldInput<'_>) -> Verdict {
    let Some(crm) = input.crm else {
        return Verdict::Unseen;
    };
    let ty = &input.rule.crm_type;
    let overwritten = input.put_back.filter(|edit| same(crm, &edit.sent, ty));
    if let Some(edit) = overwritten.filter(|edit| !refused(input, &edit.value)) {
        let value = edit.value.clone();
        return Verdict::ToCrm {
            value,
            rule: Rule::Overtaken,
            rejected: Value::Null,
        };
    }
    if input.rule.agree(crm, input.workspace) {
        return decide_same(input, crm);
    }
    if input
        .parked
        .is_some_and(|parked| parked.class == ErrorClass::Bouncing)
    {
        return Verdict::Parked;
    }
    let holds = input.rule.mapping.winner == Winner::Hold
        && input.rule.mapping.direction == Direction::Both;
    if holds && input.held.is_some() {
        return Verdict::Hold;
    }
    // An edit that the CRM will not have back is given up: what our write left there is agreed.
    let outbound = input.rule.mapping.direction.outbound();
    let ours = overwritten.filter(|_| outbound).map(|_| Agreed {
        crm: crm.clone(),
        workspace: input.rule.to_workspace(crm),
    });
    match ours.as_ref().or(input.base) {
        None => decide_first_meeting(input, crm),
        Some(base) => decide_changed(input, crm, base),
    }
}

/// Both hold the same. Where they spell it differently, the workspace takes the CRM's spelling: what
/// the CRM stored is what people see on either side.
fn decide_same(input: &FieldInput<'_>, crm: &Value) -> Verdict {
    let rule = input.rule;
    if !rule.comes_as(crm, input.workspace) {
        // Ours goes out as theirs, but theirs would come in as another: several of ours stand for it.
        return Verdict::Agree;
    }
    let spelt = rule.to_workspace(crm);
    let differs = spelt != *input.workspace && !(spelt.is_null() && input.workspace.is_blank());
    if differs && input.rule.mapping.direction.inbound() {
        return Verdict::ToWorkspace {
            value: spelt,
            rule: Rule::StoredAs,
            rejected: Value::Null,
        };
    }
    Verdict::Agree
}

/// They never agreed before: a value fills a blank, two values are a conflict.
fn decide_first_meeting(input: &FieldInput<'_>, crm: &Value) -> Verdict {
    let direction = input.rule.mapping.direction;
    match (crm.is_blank(), input.workspace.is_blank()) {
        (false, true) if direction.inbound() => to_workspace(input, crm, Rule::FilledBlank, false),
        (true, false) if direction.outbound() => to_crm(input, crm, Rule::FilledBlank, false),
        (false, false) => decide_conflict(input, crm),
        _ => Verdict::Keep,
    }
}

/// A change moves where its direction lets it. A change that may not move still makes a conflict of
/// the other side's, so that the value it put there is named when it is lost.
fn decide_changed(input: &FieldInput<'_>, crm: &Value, base: &Agreed) -> Verdict {
    let ty = &input.rule.crm_type;
    let mapping = &input.rule.mapping;
    let crm_changed = !same(crm, &base.crm, ty) || !input.guards.echo;
    let workspace_changed = !same(input.workspace, &base.workspace, ty);
    let crm_moves = crm_changed && mapping.direction.inbound();
    let workspace_moves = workspace_changed && mapping.direction.outbound();
    let never = mapping.blank_never_erases;
    match (crm_moves, workspace_moves) {
        (false, false) => Verdict::Keep,
        (true, false) if never && is_empty(crm, ty) => keep_from_blank(Agreed {
            crm: crm.clone(),
            workspace: base.workspace.clone(),
        }),
        (false, true) if never && is_empty(input.workspace, ty) => keep_from_blank(Agreed {
            crm: base.crm.clone(),
            workspace: input.workspace.clone(),
        }),
        _ if crm_changed && workspace_changed => decide_conflict(input, crm),
        (true, _) => to_workspace(input, crm, crm_side_rule(input, base), false),
        (false, _) => to_crm(input, crm, Rule::OnlyWorkspaceChanged, false),
    }
}

/// Whether a field of that type would be empty. Once both agreed, clearing a checkbox is unticking it:
/// a change like any other.
fn is_empty(value: &Value, ty: &FieldType) -> bool {
    canonical(value, ty).is_ok_and(|value| value.is_null())
}

/// The blank is agreed on, so that it is not looked at again, and stays where it is.
fn keep_from_blank(base: Agreed) -> Verdict {
    Verdict::Consume {
        base,
        rule: Rule::BlankNeverErases,
        rejected: Value::Null,
    }
}

/// Where nobody but the CRM itself turned our value into another, the log says so.
fn crm_side_rule(input: &FieldInput<'_>, base: &Agreed) -> Rule {
    let ours = input.rule.to_crm(&base.workspace);
    let cut = match (&ours, input.crm) {
        (Ok(Value::Text(ours)), Some(Value::Text(stored))) => {
            (1..ours.len()).contains(&stored.len()) && ours.starts_with(stored.as_str())
        }
        _ => false,
    };
    if cut {
        Rule::StoredAs
    } else {
        Rule::OnlyCrmChanged
    }
}

/// Both sides changed, to different values.
fn decide_conflict(input: &FieldInput<'_>, crm: &Value) -> Verdict {
    let mapping = &input.rule.mapping;
    match (mapping.direction.inbound(), mapping.direction.outbound()) {
        (true, false) => return to_workspace(input, crm, Rule::OneWay, true),
        (false, _) => return to_crm(input, crm, Rule::OneWay, true),
        (true, true) => {}
    }
    if mapping.blank_never_erases {
        let ty = &input.rule.crm_type;
        if is_empty(crm, ty) {
            return to_crm(input, crm, Rule::BlankNeverErases, true);
        }
        if is_empty(input.workspace, ty) {
            return to_workspace(input, crm, Rule::BlankNeverErases, true);
        }
    }
    match mapping.winner {
        Winner::Crm => to_workspace(input, crm, Rule::CrmWins, true),
        Winner::Workspace => to_crm(input, crm, Rule::WorkspaceWins, true),
        Winner::MostRecent if workspace_is_later(input) => {
            to_crm(input, crm, Rule::MostRecent, true)
        }
        Winner::MostRecent => to_workspace(input, crm, Rule::MostRecent, true),
        Winner::Hold => Verdict::Hold,
    }
}

/// At the same second the CRM's change counts as the later one.
fn workspace_is_later(input: &FieldInput<'_>) -> bool {
    input
        .workspace_changed_at
        .is_some_and(|at| at.as_second() > input.crm_changed_at.as_second())
}

fn to_workspace(input: &FieldInput<'_>, crm: &Value, rule: Rule, conflict: bool) -> Verdict {
    let rejected = if conflict {
        input.workspace.clone()
    } else {
        Value::Null
    };
    Verdict::ToWorkspace {
        value: input.rule.to_workspace(crm),
        rule,
        rejected,
    }
}

fn to_crm(input: &FieldInput<'_>, crm: &Value, rule: Rule, conflict: bool) -> Verdict {
    if matches!(input.workspace, Value::Reference(Reference::Workspace(..))) {
        return Verdict::Wait;
    }
    let parked = input
        .parked
        .filter(|parked| stands_for(parked, input.rule, input.workspace));
    let value = match carried(input.rule, input.workspace) {
        Ok(value) if parked.is_some_and(|parked| !may_go(parked, input.rule, &value)) => {
            return Verdict::Parked;
        }
        Ok(value) => value,
        Err(_) if parked.is_some() => return Verdict::Parked,
        Err(unfit) => return Verdict::Unfit(unfit),
    };
    let rejected = if conflict { crm.clone() } else { Value::Null };
    Verdict::ToCrm {
        value,
        rule,
        rejected,
    }
}

/// The workspace's value as it goes out.
///
/// # Errors
/// [`Unfit`] where the CRM would refuse it for all that it says of the field: no call is spent on that.
pub(super) fn carried(rule: &FieldRule, ours: &Value) -> Result<Value, Unfit> {
    let value = rule.to_crm(ours).map_err(|misfit| Unfit {
        class: ErrorClass::InvalidValue,
        value: ours.clone(),
        reason: misfit.to_string(),
    })?;
    let unlisted = rule.crm_type.admits(&value).err().map(|choice| {
        format!(
            "“{choice}” is not on the picklist {} of the CRM",
            rule.mapping.crm
        )
    });
    match unlisted {
        Some(reason) => Err(Unfit {
            class: ErrorClass::PicklistRefused,
            value,
            reason,
        }),
        None => Ok(value),
    }
}

/// Whether what was set aside is the workspace's value of now.
pub(super) fn stands_for(parked: &ParkedField, rule: &FieldRule, ours: &Value) -> bool {
    match &parked.workspace {
        Some(refused) => same(refused, ours, &rule.crm_type),
        None => parked.value == *ours || rule.to_crm(ours).is_ok_and(|value| parked.value == value),
    }
}

/// Whether a value that was set aside may be sent: it is the very one that only our own check refused, and
/// that lets it by now. Another that a value map makes of it is first tried on one record.
pub(super) fn may_go(parked: &ParkedField, rule: &FieldRule, value: &Value) -> bool {
    parked.unsent && same(&parked.value, value, &rule.crm_type)
}

/// Whether the CRM refused this very value.
fn refused(input: &FieldInput<'_>, value: &Value) -> bool {
    input.parked.is_some_and(|parked| parked.value == *value)
}
