//! Where an undo puts a record that the CRM took apart, merged or converted, as a table.

use crate::fixture::{at, fields, lead, link, pair, rule, text};
use crate::table::check;
use std::collections::BTreeMap;
use tandem_core::ids::{CrmId, LinkId, LogId, RecordId};
use tandem_core::link::{LinkState, RecordLink};
use tandem_core::mapping::Winner;
use tandem_core::record::{ArchiveCause, Archived};
use tandem_core::sync_log::{Became, LogDraft, LogSource, LogType};
use tandem_core::undo::{FieldUndo, Home, Kept, PLACE, Subject, Verdict, cannot, entry, undo};
use tandem_core::value::Value;
use tandem_core::workspace::Kind;

const TABLE: &str = include_str!("../tables/places.txt");
const RECORD: RecordId = RecordId(1);

#[test]
fn a_record_goes_back_as_far_as_its_entries_tell() {
    check(
        "places.txt",
        TABLE,
        |[stands, homes, past, expected]: [&str; 4]| {
            let told = told(&Case::new(stands, homes).undo(&past_of(past))[0]);
            (told == expected)
                .then_some(())
                .ok_or(format!("is {told}, not {expected}"))
        },
    );
}

struct Case {
    link: Option<RecordLink>,
    archived: Option<Archived>,
    homes: BTreeMap<LinkId, Home>,
}

fn number(name: &str) -> i64 {
    i64::from(name.as_bytes()[0])
}

fn link_named(name: &str, state: LinkState) -> RecordLink {
    RecordLink {
        id: LinkId(number(name)),
        record: None,
        crm: Some(CrmId::new(name)),
        state,
        gone: state == LinkState::Unlinked,
        ..link()
    }
}

impl Case {
    fn new(stands: &str, homes: &str) -> Self {
        let on = |name: &str, state| {
            let mut link = link_named(name, state);
            link.record = Some(RECORD);
            Some(link)
        };
        let archived = |cause| Some(Archived { at: at(1), cause });
        let (link, archived) = match stands.split_once(' ') {
            Some(("on", name)) => (on(name, LinkState::Active), None),
            Some(("off", name)) => (on(name, LinkState::Unlinked), None),
            Some(("into", other)) => {
                let other = RecordId(other.parse().expect("a number"));
                (None, archived(ArchiveCause::MergedInto(other)))
            }
            _ => (None, archived(ArchiveCause::Deleted)),
        };
        Self {
            link,
            archived,
            homes: homes.split(", ").map(home_of).collect(),
        }
    }

    fn undo(&self, entries: &[(LogId, LogDraft)]) -> Vec<FieldUndo> {
        let rules = pair(vec![rule("title", Winner::Crm)]);
        let subject = Subject {
            record: RECORD,
            kind: Kind::Person,
            archived: self.archived.as_ref(),
            pairs: &[rules],
            homes: &self.homes,
            link: self.link.as_ref(),
            crm: None,
            workspace: &fields([("title", text("b"))]),
            provenance: &BTreeMap::new(),
            typed_since: None,
        };
        undo(&subject, entries)
    }
}

fn home_of(cell: &str) -> (LinkId, Home) {
    let (name, how) = cell.split_once(' ').expect("a name and how it stands");
    let mut crm = lead(fields([]));
    crm.deleted = how != "back";
    let state = match how {
        "back" => LinkState::Active,
        _ => LinkState::Unlinked,
    };
    let mut link = link_named(name, state);
    link.record = match how.strip_prefix("by ") {
        Some(other) => other.parse().ok().map(RecordId),
        None => (how == "taken").then_some(RecordId(77)),
    };
    let id = link.id;
    (
        id,
        Home {
            link,
            crm: Some(crm),
        },
    )
}

fn past_of(cell: &str) -> Vec<(LogId, LogDraft)> {
    let steps = cell.split(", ").zip(0..);
    steps
        .map(|(step, place)| (LogId(100 - place), entry_of(step)))
        .collect()
}

fn entry_of(step: &str) -> LogDraft {
    let (left, became) = step.split_once(' ').expect("a link and what became");
    let (kind, became) = match became.split_once(' ') {
        Some(("to", name)) => {
            let (object, id) = (link().object, CrmId::new(name));
            (LogType::Convert, Became::Follows { object, id })
        }
        Some((_, other)) => {
            let other = RecordId(other.parse().expect("a number"));
            (LogType::Merge, Became::MergedInto(other))
        }
        None if became == "off" => (LogType::Unlink, Became::Unlinked),
        None => (LogType::Unlink, Became::Archived),
    };
    let mut entry = LogDraft::new(at(1), LogSource::Crm, kind, "");
    entry.left = Some(LinkId(number(left)));
    entry.became = Some(became);
    entry
}

fn told(place: &FieldUndo) -> String {
    assert_eq!(place.field, PLACE);
    let count = place.entries.len();
    match &place.verdict {
        Verdict::Return { home, place } => {
            let home = char::from(u8::try_from(home.0).expect("a letter"));
            let state = if place.starts_with("linked") {
                "on"
            } else {
                "off"
            };
            format!("returns to {home}, {state}, of {count}")
        }
        Verdict::Kept(kept) => format!("kept {kept:?} of {count}"),
        other => format!("{other:?}"),
    }
}

/// A field of the CRM record that it followed meanwhile.
fn took_over(before: &str, after: &str) -> (LogId, LogDraft) {
    use tandem_core::sync_log::{FieldChange, Rule};
    let mut entry = LogDraft::new(at(2), LogSource::Crm, LogType::Update, "");
    entry.changes.push(FieldChange {
        workspace: "title".into(),
        crm: "TITLE".into(),
        before: text(before),
        after: text(after),
        rule: Rule::OnlyCrmChanged,
        rejected: Value::Null,
    });
    (LogId(200), entry)
}

/// What it took over from a CRM record that it no longer follows goes back here, and nowhere else.
#[test]
fn its_fields_are_decided_for_the_link_that_it_gets() {
    let mut past = past_of("A to B");
    past.insert(0, took_over("a", "b"));
    let undone = Case::new("on B", "A gone").undo(&past);
    assert!(matches!(undone[0].verdict, Verdict::Return { .. }));
    let back = Verdict::Restore {
        value: text("a"),
        to_crm: false,
    };
    assert_eq!(undone[1].verdict, back);
    let told = entry(Kind::Person, &undone, None, at(9)).expect("an entry");
    assert_eq!(
        told.summary,
        "Undid 2 entries: this person is back, unlinked; Lead A is gone in the CRM; put back title"
    );
    assert_eq!((told.kind, told.changes.len()), (LogType::Update, 1));
}

#[test]
fn the_fields_of_an_archived_record_stay() {
    let undone = Case::new("deleted", "A gone").undo(&[took_over("a", "b")]);
    let verdicts: Vec<_> = undone.iter().map(|field| &field.verdict).collect();
    assert_eq!(verdicts, [&Verdict::Kept(Kept::Archived)]);
}

#[test]
fn an_entry_that_tells_a_step_can_be_undone_and_the_undo_can_not() {
    let [(_, told)] = &past_of("A into 9")[..] else {
        panic!("one entry");
    };
    assert_eq!(cannot(told), None);
    let undone = Case::new("into 9", "A gone").undo(&past_of("A into 9"));
    let told = entry(Kind::Person, &undone, None, at(9)).expect("an entry");
    assert_eq!(told.kind, LogType::Link);
    assert!(cannot(&told).is_some());
}
