//! What will happen to a field with its next change: its rule, told as sentences for people. The past is
//! in the sync log; what is decided is in [`crate::reconcile`].

use crate::error::ErrorClass;
use crate::link::{LinkState, RecordLink};
use crate::mapping::{Direction, FieldRule, Winner};
use serde::Serialize;

/// What the next change of a field does.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Outlook {
    /// What stops it from moving at present; `None` if nothing does.
    pub stopped: Option<String>,
    /// When the CRM changes.
    pub crm_changes: String,
    /// When the workspace changes.
    pub workspace_changes: String,
    /// When both change before either was seen.
    pub both_change: String,
}

/// Tells it for one field of a record.
pub fn outlook(field: &str, rule: Option<&FieldRule>, link: Option<&RecordLink>) -> Outlook {
    let unmapped = || "Nothing moves: the field is not mapped for this record.".to_owned();
    Outlook {
        stopped: stopped(field, link),
        crm_changes: rule.map_or_else(unmapped, comes_in),
        workspace_changes: rule.map_or_else(unmapped, goes_out),
        both_change: rule.map_or_else(unmapped, |rule| meets(rule).to_owned()),
    }
}

fn comes_in(rule: &FieldRule) -> String {
    let crm = &rule.mapping.crm;
    let inbound = rule.mapping.direction.inbound();
    match (inbound, rule.mapping.blank_never_erases) {
        (true, false) => format!("{crm} comes into the workspace."),
        (true, true) => format!("{crm} comes into the workspace; a blank does not."),
        (false, _) => "It does not come in: the field goes to the CRM only.".into(),
    }
}

fn goes_out(rule: &FieldRule) -> String {
    let crm = &rule.mapping.crm;
    let outbound = rule.mapping.direction.outbound();
    match (outbound, rule.mapping.blank_never_erases) {
        (true, _) if !rule.updateable => {
            format!("It stays here: the connected user may not change {crm}.")
        }
        (true, false) => format!("It is written to {crm}."),
        (true, true) => format!("It is written to {crm}; a blank is not."),
        (false, _) => "It stays here: the field comes from the CRM only.".into(),
    }
}

fn meets(rule: &FieldRule) -> &'static str {
    match (rule.mapping.direction, rule.mapping.winner) {
        (Direction::CrmToWorkspace, _) => "The CRM’s value stands.",
        (Direction::WorkspaceToCrm, _) => "The workspace’s value stands.",
        (Direction::Both, Winner::Crm) => "The CRM wins; the value that lost is kept in the log.",
        (Direction::Both, Winner::Workspace) => {
            "The workspace wins; the value that lost is kept in the log."
        }
        (Direction::Both, Winner::MostRecent) => {
            "The later change wins, at the same second the CRM’s; the value that lost is kept in the log."
        }
        (Direction::Both, Winner::Hold) => "The field is held until a person chooses.",
    }
}

fn stopped(field: &str, link: Option<&RecordLink>) -> Option<String> {
    let Some(link) = link else {
        return Some("The record is not linked to the CRM.".into());
    };
    let parked = link.parked_fields.get(field);
    let whole = link.parked.as_ref();
    match (link.state, parked, whole) {
        (LinkState::Unlinked, ..) => Some("The link was taken apart; nothing moves.".into()),
        (LinkState::Ambiguous, ..) => Some("Several records match; a person must choose.".into()),
        _ if !link.plans.is_empty() => Some(format!(
            "Plan {} holds the record, because too many were to change at once.",
            link.plans[0]
        )),
        _ if link.held_fields.contains_key(field) => {
            Some("The field is held: a person must choose between both values.".into())
        }
        (_, Some(parked), _) if parked.class == ErrorClass::Bouncing => {
            Some(format!("The field is set aside: {}.", parked.message))
        }
        (_, Some(parked), _) => Some(format!(
            "The CRM refused the value ({}); it goes again when it changes.",
            parked.class.title()
        )),
        (.., Some(whole)) => Some(format!(
            "The whole record is set aside: {}.",
            whole.class.title()
        )),
        _ => None,
    }
}
