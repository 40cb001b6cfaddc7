//! Failures with one cause are one incident, with its fixes: 10,000 records that the CRM refuses for one
//! reason are one row, and a fix is tried on one of them before the others follow.
//!
//! What is set aside stands on the links ([`ParkedField`], [`ParkedLink`]); a [`Cause`] is what such facts have
//! in common. The store numbers causes as [`Incident`]s. A person who did something about one begins a
//! [`Trial`]: one record is taken up in the live lane. What becomes of it ([`Sign`]) decides: the CRM took it,
//! and all others are taken up as mass work; or it was refused again, and they stay where they are. So a fix
//! that does not help costs one call, however many records wait.
//!
//! Nothing here sends or waits: transitions are data, and every state can be left by a crash and taken up again.

use crate::error::ErrorClass;
use crate::ids::{CrmObject, IncidentId, LinkId, LogId, UserId};
use crate::link::{ParkedField, ParkedLink, RecordLink};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Characters of a [`Cause::thing`].
const THING_MAX: usize = 160;
/// Records that one step of a release takes up.
pub const RELEASE_MAX: usize = 1_000;

/// What failures with one cause have in common.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Cause {
    /// The CRM object.
    pub object: CrmObject,
    /// The workspace field that was refused; `None`: the record as a whole.
    pub field: Option<String>,
    /// Why.
    pub class: ErrorClass,
    /// What exactly, where the class alone doesn't say: the picklist's value in the workspace's terms, the
    /// record that was referred to, the CRM's words without what differs from record to record. May be empty.
    pub thing: String,
}

/// What is set aside on one link, by its cause.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Case {
    /// The cause.
    pub cause: Cause,
    /// Since when.
    pub since: Timestamp,
    /// The CRM's words, or ours.
    pub words: String,
}

impl Cause {
    /// The cause of a refused field.
    pub fn of_field(object: &CrmObject, field: &str, parked: &ParkedField) -> Self {
        let value = parked.workspace.as_ref().unwrap_or(&parked.value);
        let thing = match about(parked.class) {
            About::Value => cut(value.to_string().trim()),
            About::Class => String::new(),
            About::Words => alike(&parked.message),
        };
        Self {
            object: object.clone(),
            field: Some(field.to_owned()),
            class: parked.class,
            thing,
        }
    }

    /// The cause of a refused record.
    pub fn of_record(object: &CrmObject, parked: &ParkedLink) -> Self {
        let thing = match about(parked.class) {
            About::Class => String::new(),
            // Which field's value it was is not known, so the words must tell cases apart.
            About::Value | About::Words => alike(&parked.message),
        };
        Self {
            object: object.clone(),
            field: None,
            class: parked.class,
            thing,
        }
    }

    /// The text by which the store finds it.
    pub fn key(&self) -> String {
        let field = self.field.as_deref().unwrap_or_default();
        let (object, class) = (&self.object, self.class.code());
        format!("{object}\n{field}\n{class}\n{}", self.thing)
    }

    /// What can be done about it, the most likely first.
    pub fn fixes(&self) -> Vec<Fix> {
        let fixes = fixes(self.class).iter().copied();
        fixes
            .filter(|fix| self.field.is_some() || *fix != Fix::MapValue)
            .collect()
    }
}

/// One line for people: what is refused.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.object)?;
        if let Some(field) = &self.field {
            write!(f, " {field}")?;
        }
        write!(f, ": {}", self.class.title())?;
        match about(self.class) {
            About::Value if self.field.is_some() => write!(f, " “{}”", self.thing),
            _ => Ok(()),
        }
    }
}

/// Everything that is set aside on a link: by workspace field, the record as a whole under the empty name.
pub fn cases(link: &RecordLink) -> impl Iterator<Item = (&str, Case)> {
    let fields = link.parked_fields.iter().map(|(name, parked)| {
        let case = Case {
            cause: Cause::of_field(&link.object, name, parked),
            since: parked.since,
            words: parked.message.clone(),
        };
        (name.as_str(), case)
    });
    let whole = link.parked.iter().map(|parked| {
        let case = Case {
            cause: Cause::of_record(&link.object, parked),
            since: parked.since,
            words: parked.message.clone(),
        };
        ("", case)
    });
    fields.chain(whole)
}

/// What tells two failures of one class apart.
#[derive(PartialEq, Eq)]
enum About {
    /// The value: each needs a fix of its own.
    Value,
    /// Nothing: every record has another value, and one fix does for all.
    Class,
    /// The CRM's words: a rule, a missing right, a field's name.
    Words,
}

fn about(class: ErrorClass) -> About {
    use ErrorClass as E;
    match class {
        E::PicklistRefused | E::ReferenceRefused | E::OwnerInactive => About::Value,
        E::TooLong
        | E::InvalidEmail
        | E::InvalidValue
        | E::DuplicateSuspected
        | E::DuplicateKey
        | E::RecordGone
        | E::RecordLocked
        | E::Converted
        | E::Bouncing
        | E::CannotMatch => About::Class,
        _ => About::Words,
    }
}

/// The words without what differs from record to record: ids, numbers, addresses, quoted values.
fn alike(words: &str) -> String {
    let varies = |word: &&str| {
        word.chars()
            .any(|c| c.is_ascii_digit() || matches!(c, '@' | '"' | '“' | '”'))
    };
    let words = words.split_whitespace();
    let same: Vec<&str> = words
        .map(|word| if varies(&word) { "…" } else { word })
        .collect();
    cut(&same.join(" "))
}

fn cut(text: &str) -> String {
    text.chars().take(THING_MAX).collect()
}

/// Something that ends an incident.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fix {
    /// Name the CRM's value that stands for the workspace's.
    MapValue,
    /// Let the CRM field hold more: longer, another type, one more picklist value.
    Widen,
    /// Give the connected user a right.
    Grant,
    /// Change a rule or a record in the CRM.
    ChangeCrm,
    /// It passes by itself.
    Wait,
    /// Correct the records in the workspace; each goes out by itself.
    Correct,
    /// Do not send these values until they change.
    Skip,
}

impl Fix {
    /// Every fix.
    pub const ALL: [Self; 7] = [
        Self::MapValue,
        Self::Widen,
        Self::Grant,
        Self::ChangeCrm,
        Self::Wait,
        Self::Correct,
        Self::Skip,
    ];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MapValue => "map_value",
            Self::Widen => "widen",
            Self::Grant => "grant",
            Self::ChangeCrm => "change_crm",
            Self::Wait => "wait",
            Self::Correct => "correct",
            Self::Skip => "skip",
        }
    }

    /// The fix of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fix| fix.as_str() == name)
    }

    /// What a person did who chose it, in a few words.
    pub fn label(self) -> &'static str {
        match self {
            Self::MapValue => "Map the value",
            Self::Widen => "Let the CRM field hold it",
            Self::Grant => "Grant the right",
            Self::ChangeCrm => "Change it in the CRM",
            Self::Wait => "Wait, then try",
            Self::Correct => "Correct it in the workspace",
            Self::Skip => "Skip",
        }
    }

    /// What to do, for an administrator.
    pub fn advice(self, class: ErrorClass) -> &'static str {
        use ErrorClass as E;
        match (self, class) {
            (Self::MapValue, _) => {
                "Choose the CRM’s value that stands for this one. It becomes a row of the field’s value map."
            }
            (Self::Widen, E::PicklistRefused) => {
                "Add the value to the picklist in the CRM (and to the record types that use it). Then let Tandem look again."
            }
            (Self::Widen, E::TooLong) => {
                "Make the CRM field longer. Then let Tandem look again. Or shorten the texts in the workspace."
            }
            (Self::Widen, _) => {
                "Change the CRM field’s type or size, or map another field. Then let Tandem look again."
            }
            (Self::Grant, _) => {
                "Give the connected user the right that is named here, in a permission set. Then let Tandem look again."
            }
            (Self::ChangeCrm, E::Bouncing) => {
                "Find the program that changes the value back, and stop it. Then try."
            }
            (Self::ChangeCrm, E::OwnerInactive) => "Reactivate the user in the CRM. Then try.",
            (Self::ChangeCrm, E::DuplicateSuspected) => {
                "Relax the duplicate rule in the CRM, or merge the records there. Then try."
            }
            (Self::ChangeCrm, _) => {
                "Change the rule in the CRM, or the record that it is about. Then try."
            }
            (Self::Wait, E::RecordLocked) => "An approval holds the record. Try when it has ended.",
            (Self::Wait, E::OurFault) => "Report it, and try after the next update of Tandem.",
            (Self::Wait, _) => "It passes by itself. Try again later.",
            (Self::Correct, E::CannotMatch) => {
                "Open each record and choose the one that it belongs to."
            }
            (Self::Correct, E::Converted) => {
                "Open each record and link it to the contact that the lead became."
            }
            (Self::Correct, E::DuplicateSuspected) => {
                "Open each record and link it to the one that the CRM already has."
            }
            (Self::Correct, _) => "Open each record and change the value; it goes out by itself.",
            (Self::Skip, _) => {
                "Leave these records as they are: nothing is sent until their value changes, and nobody is told again."
            }
        }
    }

    /// Whether what the CRM says of its fields must be read again before it can help.
    pub fn looks_again(self) -> bool {
        matches!(self, Self::Widen | Self::Grant)
    }
}

/// What can be done about a class of failure, the most likely first.
pub fn fixes(class: ErrorClass) -> &'static [Fix] {
    use ErrorClass as E;
    use Fix as F;
    match class {
        E::PicklistRefused => &[F::MapValue, F::Widen, F::Correct, F::Skip],
        E::TooLong => &[F::Widen, F::Correct, F::Skip],
        E::InvalidValue => &[F::Correct, F::Widen, F::Skip],
        E::InvalidEmail | E::DuplicateKey | E::Converted | E::CannotMatch => &[F::Correct, F::Skip],
        E::FieldNotWritable | E::Forbidden | E::RecordGone => &[F::Grant, F::Skip],
        E::ReferenceRefused => &[F::Correct, F::Grant, F::Skip],
        E::Bouncing
        | E::OwnerInactive
        | E::RequiredMissing
        | E::ValidationRule
        | E::DuplicateSuspected
        | E::Refused => &[F::Correct, F::ChangeCrm, F::Skip],
        _ => &[F::Wait, F::Skip],
    }
}

/// A cause with what was done about it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Incident {
    /// Its number; the same as long as the cause is known.
    #[serde(skip)]
    pub id: IncidentId,
    /// What its records have in common.
    pub cause: Cause,
    /// The CRM's words about one of them.
    pub words: String,
    /// When the cause was first seen.
    pub opened_at: Timestamp,
    /// What was done about it last.
    #[serde(default)]
    pub trial: Option<Trial>,
    /// Its records are left alone since then.
    #[serde(default)]
    pub skipped_at: Option<Timestamp>,
}

/// An incident as it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Standing {
    /// The incident.
    pub incident: Incident,
    /// Records that wait now.
    pub records: u64,
    /// Since when the first of them waits.
    pub since: Option<Timestamp>,
}

/// A fix on its way: tried on one record, then released to all.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Trial {
    /// What was done, for people.
    pub fix: String,
    /// By whom; `None` for a program.
    pub by: Option<UserId>,
    /// When.
    pub started_at: Timestamp,
    /// The log's newest entry then: what is told of the record later is told of the trial.
    pub after_log: LogId,
    /// How far it is.
    pub stage: Stage,
}

/// How far a trial is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "stage")]
pub enum Stage {
    /// One record was taken up; what the CRM says of it decides.
    Trying {
        /// The record's link.
        link: LinkId,
    },
    /// The CRM took it; the others follow.
    Releasing {
        /// The record that was tried.
        link: LinkId,
        /// Links up to this one were taken up.
        after: LinkId,
        /// So many.
        released: u64,
    },
    /// All were taken up.
    Released {
        /// When.
        at: Timestamp,
        /// So many, with the one that was tried.
        released: u64,
    },
    /// The record was refused again; the others stay set aside.
    Refused {
        /// When.
        at: Timestamp,
        /// The record that was tried.
        link: LinkId,
        /// The CRM's words.
        words: String,
    },
    /// No record was left to show whether it helps: all had changed meanwhile.
    Unproven {
        /// When.
        at: Timestamp,
    },
}

/// What can be seen of the record that is being tried.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Sign {
    /// The CRM took what was refused: an entry since the trial began says so.
    pub written: bool,
    /// It is set aside again, in the CRM's words.
    pub refused: Option<String>,
    /// Nothing of it is due or under way.
    pub at_rest: bool,
}

/// What a sign means.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Meaning {
    /// It is still on its way.
    Unclear,
    /// The fix helps.
    Helps,
    /// It does not, in the CRM's words.
    Fails(String),
    /// This record shows nothing: its value had changed, or it is no longer linked. Try the next.
    Silent,
}

impl Sign {
    /// Reads it.
    pub fn read(self) -> Meaning {
        match self {
            Self {
                refused: Some(words),
                ..
            } => Meaning::Fails(words),
            Self { written: true, .. } => Meaning::Helps,
            Self { at_rest: true, .. } => Meaning::Silent,
            _ => Meaning::Unclear,
        }
    }
}

impl Trial {
    /// Whether there is something left to do.
    pub fn is_moving(&self) -> bool {
        matches!(self.stage, Stage::Trying { .. } | Stage::Releasing { .. })
    }

    /// The stage after a sign of the record that is being tried. `next` is the next record of the incident.
    pub fn follow(&self, meaning: Meaning, next: Option<LinkId>, now: Timestamp) -> Option<Stage> {
        let Stage::Trying { link } = self.stage else {
            return None;
        };
        Some(match (meaning, next) {
            (Meaning::Unclear, _) => return None,
            (Meaning::Helps, _) => Stage::Releasing {
                link,
                after: LinkId(0),
                released: 1,
            },
            (Meaning::Fails(words), _) => Stage::Refused {
                at: now,
                link,
                words,
            },
            (Meaning::Silent, Some(link)) => Stage::Trying { link },
            (Meaning::Silent, None) => Stage::Unproven { at: now },
        })
    }

    /// The stage after these records of the incident were taken up, in the order of their links.
    pub fn took_up(&self, links: &[LinkId], now: Timestamp) -> Option<Stage> {
        let Stage::Releasing { link, released, .. } = self.stage else {
            return None;
        };
        Some(match links.last() {
            Some(after) => Stage::Releasing {
                link,
                after: *after,
                released: released.saturating_add(links.len() as u64),
            },
            None => Stage::Released { at: now, released },
        })
    }
}

/// Who tries a fix, and which.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attempt {
    /// What was done, for people.
    pub fix: String,
    /// By whom; `None` for a program.
    pub by: Option<UserId>,
    /// When.
    pub now: Timestamp,
}

/// What one step of the trials did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TrialReport {
    /// Trials that moved on.
    pub moved: u32,
    /// Records that were taken up.
    pub released: u32,
}
