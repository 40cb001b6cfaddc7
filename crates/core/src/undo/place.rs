//! Where a workspace record belongs: what an undo of a deletion, a merge or a conversion gives back.
//!
//! Like a field, a record's place is walked back from the one where it stands, entry by entry, as long as
//! each entry put it there ([`LogDraft::became`]). The link that the last of them says it left is its *home*.
//! There the record belongs again, out of the archive, whether its CRM record is back or not: a link whose
//! CRM record is gone moves nothing, and is whole again as soon as the CRM restores it. Nothing is restored
//! in the CRM, and no record is put in the place of another one.

use super::{FieldUndo, Kept, Subject, Verdict};
use crate::ids::{CrmId, LinkId, LogId, RecordId};
use crate::link::{LinkState, RecordLink};
use crate::record::{ArchiveCause, CrmRecord};
use crate::sync_log::{Became, LogDraft, LogStatus};
use crate::value::Value;

/// The name under which a record's place stands among its fields.
pub const PLACE: &str = "record";

/// A link that a record left, as it stands now.
#[derive(Clone, PartialEq, Debug)]
pub struct Home {
    /// The link.
    pub link: RecordLink,
    /// Its CRM record as last read.
    pub crm: Option<CrmRecord>,
}

impl Home {
    fn lives(&self) -> bool {
        self.crm.as_ref().is_some_and(CrmRecord::lives)
    }

    fn is_free_for(&self, record: RecordId, with: Option<RecordId>) -> bool {
        let there = self.link.record;
        there.is_none() || there == Some(record) || there == with
    }

    fn describe(&self) -> String {
        let what = crm_name(&self.link);
        match self.lives() {
            true => format!("linked to {what}"),
            false => format!("unlinked; {what} is gone in the CRM"),
        }
    }
}

/// Where a record stands.
#[derive(Clone, Copy)]
enum Place<'a> {
    Archived(&'a ArchiveCause),
    On(&'a RecordLink),
    Nowhere,
}

impl<'a> Place<'a> {
    fn of(subject: &Subject<'a>) -> Self {
        match (subject.archived, subject.link) {
            (Some(archived), _) => Self::Archived(&archived.cause),
            (None, Some(link)) => Self::On(link),
            (None, None) => Self::Nowhere,
        }
    }

    /// Whether this is where a step put a record that left that link.
    fn is(self, left: &RecordLink, became: &Became) -> bool {
        match (self, became) {
            (Self::Archived(ArchiveCause::Deleted), Became::Archived) => true,
            (Self::Archived(ArchiveCause::MergedInto(a)), Became::MergedInto(b)) => a == b,
            (Self::On(link), Became::Follows { object, id }) => {
                link.object == *object && link.crm.as_ref() == Some(id)
            }
            (Self::On(link), Became::Unlinked) => {
                link.id == left.id && link.state == LinkState::Unlinked
            }
            _ => false,
        }
    }

    /// Whether it is where a record was before it left that link: the step was taken back already.
    fn is_on(self, left: LinkId) -> bool {
        matches!(self, Self::On(link) if link.id == left)
    }

    fn describe(self) -> String {
        match self {
            Self::Archived(ArchiveCause::Deleted) => "archived as deleted".into(),
            Self::Archived(ArchiveCause::MergedInto(other)) => {
                format!("merged into number {other}")
            }
            Self::On(link) if link.state == LinkState::Unlinked => {
                format!("unlinked; {} is gone in the CRM", crm_name(link))
            }
            Self::On(link) => format!("linked to {}", crm_name(link)),
            Self::Nowhere => "not linked".into(),
        }
    }
}

fn crm_name(link: &RecordLink) -> String {
    let id = link.crm.as_ref().map_or("", CrmId::as_str);
    format!("{} {id}", link.object)
}

/// What becomes of the record's place, of its entries newest first; `None` if none of them moved it.
pub(super) fn decide(subject: &Subject<'_>, entries: &[(LogId, LogDraft)]) -> Option<FieldUndo> {
    let done = entries
        .iter()
        .filter(|(_, entry)| entry.status == LogStatus::Success);
    let steps = done.filter_map(|(id, entry)| Some((*id, entry.left?, entry.became.as_ref()?)));
    let steps: Vec<(LogId, LinkId, &Became)> = steps.collect();
    let newest = steps.first()?;
    let now = Place::of(subject);
    let (mut stands, mut goal, mut undone) = (now, None, Vec::new());
    for (entry, left, became) in &steps {
        let Some(home) = subject.homes.get(left) else {
            break;
        };
        if stands.is(&home.link, became) {
            (stands, goal) = (Place::On(&home.link), Some(home));
            undone.push(*entry);
        } else if !stands.is_on(*left) {
            break;
        }
    }
    let verdict = match goal {
        Some(home) => give_back(subject, home),
        None if now.is_on(newest.1) => Verdict::Kept(Kept::AlreadySo),
        None => Verdict::Kept(Kept::Elsewhere),
    };
    Some(FieldUndo {
        field: PLACE.to_owned(),
        crm: String::new(),
        now: Value::text(now.describe()),
        verdict,
        entries: undone,
    })
}

fn give_back(subject: &Subject<'_>, home: &Home) -> Verdict {
    // Who took the record in may have its link; it goes home with the same step.
    let with = match subject.archived.map(|archived| &archived.cause) {
        Some(ArchiveCause::MergedInto(other)) => Some(*other),
        _ => None,
    };
    match (Place::of(subject).is_on(home.link.id), home.lives()) {
        (true, true) => Verdict::Kept(Kept::AlreadySo),
        (true, false) => Verdict::Kept(Kept::Gone),
        (false, _) if !home.is_free_for(subject.record, with) => Verdict::Kept(Kept::Taken),
        (false, _) => Verdict::Return {
            home: home.link.id,
            place: home.describe(),
        },
    }
}

/// The record as it stands once it is back: what is known of its fields is decided for that link.
pub(super) fn seen_at_home<'a>(subject: &Subject<'a>, place: Option<&FieldUndo>) -> Subject<'a> {
    let home = match place.map(|place| &place.verdict) {
        Some(Verdict::Return { home, .. }) => subject.homes.get(home),
        _ => None,
    };
    match home {
        Some(home) => Subject {
            archived: None,
            link: Some(&home.link),
            crm: home.crm.as_ref(),
            ..*subject
        },
        None => *subject,
    }
}
