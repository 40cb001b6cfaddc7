//! What an undo puts back, as a table, and what no line of it can tell.

use crate::fixture::{at, fields, lead, link, pair, rule, text};
use crate::notation::{field_type, value};
use crate::table::check;
use std::collections::BTreeMap;
use tandem_core::ids::{LogId, RecordId, UserId};
use tandem_core::link::{Agreed, HeldField, LinkState, RecordLink};
use tandem_core::mapping::{Direction, FieldRule, Winner};
use tandem_core::record::{CrmRecord, Origin, Provenance};
use tandem_core::sync_log::{FieldChange, LogDraft, LogSource, LogStatus, LogType, Rule};
use tandem_core::undo::{Cannot, FieldUndo, Kept, Subject, Verdict, cannot, entry, undo};
use tandem_core::value::{Fields, Value};
use tandem_core::workspace::Kind;

const TABLE: &str = include_str!("../tables/undo.txt");

#[test]
fn each_field_is_put_back_left_alone_or_out_of_reach() {
    check(
        "undo.txt",
        TABLE,
        |[state, ours, theirs, past, expected]: [&str; 5]| {
            let case = Case::new(state, ours, theirs);
            let told = case.told(&past_of(past));
            (told == expected)
                .then_some(())
                .ok_or(format!("is {told}, not {expected}"))
        },
    );
}

/// One person with one field, `title`.
struct Case {
    rules: tandem_core::mapping::PairRules,
    mapped: bool,
    link: Option<RecordLink>,
    crm: Option<CrmRecord>,
    ours: Fields,
    /// When the rule that is undone was made.
    since: Option<tandem_core::Timestamp>,
    provenance: BTreeMap<String, Provenance>,
}

impl Case {
    fn new(state: &str, ours: &str, theirs: &str) -> Self {
        let has = |word: &str| state.split(' ').any(|one| one == word);
        let mut rule = rule("title", Winner::Crm);
        settle(&mut rule, &has);
        let mut link = link();
        if theirs != "-" {
            let base = if has("agreed") {
                value(theirs)
            } else {
                text("an old value")
            };
            let agreed = Agreed {
                crm: base.clone(),
                workspace: base,
            };
            link.base.insert("title".into(), agreed);
        }
        if has("held") {
            let held = HeldField {
                crm: text("x"),
                workspace: text("y"),
                since: at(1),
            };
            link.held_fields.insert("title".into(), held);
        }
        if has("unlinked") {
            link.state = LinkState::Unlinked;
        }
        let mut crm = lead(match theirs {
            "-" => Fields::new(),
            theirs => fields([(rule.mapping.crm.as_str(), value(theirs))]),
        });
        crm.deleted = has("deleted");
        let by = |word: &str, origin| has(word).then_some(origin);
        let origin = by("typed", Origin::User(UserId(7)));
        let origin = origin.or(by("imported", Origin::Api("import".into())));
        let set = origin.map(|origin| ("title".to_owned(), Provenance { at: at(20), origin }));
        Self {
            rules: pair(vec![rule]),
            mapped: !has("unmapped"),
            link: (!has("alone")).then_some(link),
            crm: Some(crm),
            ours: fields([("title", value(ours))]),
            since: has("rule").then(|| at(10)),
            provenance: set.into_iter().collect(),
        }
    }

    fn undo(&self, entries: &[(LogId, LogDraft)]) -> Vec<FieldUndo> {
        let pairs = std::slice::from_ref(&self.rules);
        let subject = Subject {
            record: RecordId(1),
            kind: Kind::Person,
            archived: None,
            homes: &BTreeMap::new(),
            pairs: if self.mapped { pairs } else { &[] },
            link: self.link.as_ref(),
            crm: self.crm.as_ref(),
            workspace: &self.ours,
            provenance: &self.provenance,
            typed_since: self.since,
        };
        undo(&subject, entries)
    }

    fn told(&self, entries: &[(LogId, LogDraft)]) -> String {
        let undone = self.undo(entries);
        let [field] = undone.as_slice() else {
            return format!("{} fields", undone.len());
        };
        match &field.verdict {
            Verdict::Restore { value, to_crm } => {
                let side = if *to_crm { "both" } else { "here" };
                format!("{side} {} of {}", shown(value), field.entries.len())
            }
            Verdict::Return { place, .. } => format!("returned, {place}"),
            Verdict::Kept(kept) => format!("kept {kept:?}"),
            Verdict::Cannot(cannot) => format!("cannot {cannot:?}"),
        }
    }
}

fn settle(rule: &mut FieldRule, has: &dyn Fn(&str) -> bool) {
    if has("in") {
        rule.mapping.direction = Direction::CrmToWorkspace;
    }
    if has("out") {
        rule.mapping.direction = Direction::WorkspaceToCrm;
    }
    if has("moved") {
        rule.mapping.crm = "OTHER".into();
    }
    if has("number") {
        rule.crm_type = field_type("number(9,2)");
    }
    rule.mapping.blank_never_erases = has("never");
    rule.updateable = !has("locked");
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        other => format!("\"{other}\""),
    }
}

/// Entries, newest first: `in "a">"b"` came from the CRM, `out` was written to it, `undo` was undone,
/// `chose` was decided by a person.
fn past_of(cell: &str) -> Vec<(LogId, LogDraft)> {
    let steps = cell.split(',').map(str::trim);
    steps
        .zip(0..)
        .map(|(step, place)| (LogId(100 - place), entry_of(step)))
        .collect()
}

fn entry_of(step: &str) -> LogDraft {
    let (way, change) = step.split_once(' ').expect("a way and a change");
    let (before, after) = change.split_once('>').expect("before and after");
    let (source, rule) = match way {
        "in" => (LogSource::Crm, Rule::OnlyCrmChanged),
        "out" => (LogSource::Workspace, Rule::OnlyWorkspaceChanged),
        "undo" => (LogSource::Tandem, Rule::Undone),
        "chose" => (LogSource::Workspace, Rule::PersonDecided),
        other => panic!("no way is called {other}"),
    };
    told(source, rule, "title", value(before), value(after))
}

fn told(source: LogSource, rule: Rule, field: &str, before: Value, after: Value) -> LogDraft {
    let mut entry = LogDraft::new(at(1), source, LogType::Update, "moved");
    entry.changes.push(FieldChange {
        workspace: field.into(),
        crm: field.to_uppercase(),
        before,
        after,
        rule,
        rejected: Value::Null,
    });
    entry
}

#[test]
fn an_entry_that_moved_no_value_says_why_it_cannot_be_undone() {
    let moved = entry_of("in null>\"a\"");
    assert_eq!(cannot(&moved), None);
    let of = |kind, status| {
        let mut entry = moved.clone();
        (entry.kind, entry.status) = (kind, status);
        cannot(&entry)
    };
    for (kind, expected) in [
        (LogType::Create, Cannot::Create),
        (LogType::Link, Cannot::Link),
        (LogType::Unlink, Cannot::Unlink),
        (LogType::System, Cannot::NothingMoved),
    ] {
        assert_eq!(of(kind, LogStatus::Success), Some(expected));
    }
    let failed = of(LogType::Update, LogStatus::Failed);
    assert_eq!(failed, Some(Cannot::NothingMoved));
    let mut empty = moved;
    empty.changes.clear();
    assert_eq!(cannot(&empty), Some(Cannot::NothingMoved));
}

#[test]
fn an_undo_tells_what_it_put_back_and_can_itself_be_undone() {
    let case = Case::new("agreed", "\"b\"", "\"b\"");
    let undone = case.undo(&past_of("in \"a\">\"b\""));
    let told = entry(Kind::Person, &undone, Some(UserId(4)), at(9)).expect("an entry");
    assert_eq!(told.summary, "Undid entry #100: put back title");
    assert_eq!((told.source, told.by), (LogSource::Tandem, Some(UserId(4))));
    let change = &told.changes[0];
    assert_eq!((&change.before, &change.after), (&text("b"), &text("a")));
    assert_eq!(change.rule, Rule::Undone);
    let now = Case::new("agreed", "\"a\"", "\"b\"");
    assert_eq!(now.told(&[(LogId(101), told)]), "here \"b\" of 1");
    let nothing = Case::new("agreed", "\"c\"", "\"c\"").undo(&past_of("in \"a\">\"b\""));
    assert_eq!(entry(Kind::Person, &nothing, None, at(9)), None);
}

#[test]
fn every_field_of_an_entry_goes_its_own_way() {
    let mut several = entry_of("in \"a\">\"b\"");
    let more = [("city", "c"), ("no_such_field", "d")];
    for (field, after) in more {
        let change = told(
            LogSource::Crm,
            Rule::OnlyCrmChanged,
            field,
            Value::Null,
            text(after),
        );
        several.changes.extend(change.changes);
    }
    let mut case = Case::new("agreed", "\"b\"", "\"b\"");
    case.ours.insert("city".into(), text("typed since"));
    let undone = case.undo(&[(LogId(1), several)]);
    let verdicts: Vec<_> = undone
        .iter()
        .map(|field| (field.field.as_str(), field.verdict.clone()))
        .collect();
    let back = Verdict::Restore {
        value: text("a"),
        to_crm: true,
    };
    assert_eq!(
        verdicts,
        [
            ("city", Verdict::Kept(Kept::WorkspaceChanged)),
            ("no_such_field", Verdict::Cannot(Cannot::NoField)),
            ("title", back),
        ]
    );
}
