//! The loop detector: a field whose value goes to and fro between two programs is set aside.
//!
//! An automation in the CRM puts a value back, a program on our side puts it back again: each is right by
//! its own rules, and together they spend the API allowance of a day. Every value that is passed on is
//! noted on the link ([`Flip`]), briefly and only where a write of ours began it. More than [`TURNS_MAX`]
//! turns within [`WINDOW_SECONDS`] in which values come again are a loop; so are twice as many in which
//! each side answers the other with something new.
//!
//! What a person types in the workspace ends the count: people may change their mind.

use crate::brake::Side;
use crate::record::{CrmRecord, Origin, WorkspaceRecord};
use crate::value::Value;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Turns between the sides that are no loop yet, where values come again.
pub const TURNS_MAX: usize = 5;
/// The time in which turns are counted, in seconds.
pub const WINDOW_SECONDS: i64 = 1_800;
/// Characters of a value that are kept.
const VALUE_CHARS_MAX: usize = 80;
/// Flips that are kept of a field: enough to see twice [`TURNS_MAX`] turns.
const FLIPS_MAX: usize = 2 * TURNS_MAX + 2;

/// A value that one side gave to the other.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Flip {
    /// The side that it came from.
    pub from: Side,
    /// The value as people read it, cut.
    pub value: String,
    /// When it was passed on, by our clock.
    pub at: Timestamp,
    /// Who set it there, as far as that side tells.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by: String,
}

impl Flip {
    /// The CRM's value goes to the workspace.
    pub fn from_crm(value: &Value, crm: &CrmRecord, now: Timestamp) -> Self {
        let by = crm.modified_by.as_ref();
        let by = by.map(|user| format!("CRM user {user}"));
        Self::new(Side::Crm, value, by.unwrap_or_default(), now)
    }

    /// The workspace's value goes to the CRM; `None` if a person typed it.
    pub fn from_workspace(
        value: &Value,
        field: &str,
        workspace: &WorkspaceRecord,
        now: Timestamp,
    ) -> Option<Self> {
        let origin = workspace.provenance.get(field).map(|one| &one.origin);
        let by = match origin {
            Some(Origin::User(_) | Origin::Undo(_)) => return None,
            Some(Origin::Api(program)) => format!("program {program}"),
            Some(Origin::Crm) | None => String::new(),
        };
        Some(Self::new(Side::Workspace, value, by, now))
    }

    fn new(from: Side, value: &Value, by: String, at: Timestamp) -> Self {
        let value = value.to_string().chars().take(VALUE_CHARS_MAX).collect();
        Self {
            from,
            value,
            at,
            by,
        }
    }
}

/// Notes a flip; `true` if it makes a loop of the field's flips.
pub fn note(flips: &mut Vec<Flip>, flip: Flip) -> bool {
    let window = SignedDuration::from_secs(WINDOW_SECONDS);
    let oldest = flip.at.checked_sub(window).unwrap_or(Timestamp::MIN);
    flips.retain(|one| one.at >= oldest);
    let again = |last: &Flip| last.from == flip.from && last.value == flip.value;
    let begins = flips.is_empty() && flip.from == Side::Crm;
    if begins || flips.last().is_some_and(again) {
        return false;
    }
    flips.push(flip);
    flips.drain(..flips.len().saturating_sub(FLIPS_MAX));
    loops(flips)
}

fn loops(flips: &[Flip]) -> bool {
    let turn = |pair: &&[Flip]| pair[0].from != pair[1].from;
    let turns = flips.windows(2).filter(turn).count();
    let comes_again = flips.split_last().is_some_and(|(last, before)| {
        let known = |one: &Flip| one.from == last.from && one.value == last.value;
        before.iter().any(known)
    });
    turns > 2 * TURNS_MAX || (turns > TURNS_MAX && comes_again)
}

/// Tells the last flips, for people.
pub fn explain(flips: &[Flip]) -> String {
    let told: Vec<String> = flips.iter().map(tell).collect();
    format!(
        "the value went to and fro {} times within {} minutes: {}",
        flips.len().saturating_sub(1),
        WINDOW_SECONDS / 60,
        told.join(", ")
    )
}

fn tell(flip: &Flip) -> String {
    let at = flip.at.strftime("%H:%M:%S");
    let value = match flip.value.as_str() {
        "" => "blank".to_owned(),
        value => format!("“{value}”"),
    };
    let by = match flip.by.as_str() {
        "" => String::new(),
        by => format!(" by {by}"),
    };
    format!("{} {value}{by} at {at} UTC", flip.from.label())
}
