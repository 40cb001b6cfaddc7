//! What a version of a mapping is answerable for.

use tandem_core::Timestamp;
use tandem_core::ids::{CrmObject, LogId};
use tandem_core::mapping::{Direction, FieldMapping, ObjectMapping, Winner};
use tandem_core::sync_log::{FieldChange, LogDraft, LogSource, LogType, Rule};
use tandem_core::undo::{NoWindow, RuleWindow};
use tandem_core::value::Value;
use tandem_core::workspace::Kind;

fn at(second: i64) -> Timestamp {
    Timestamp::new(second, 0).expect("a time")
}

/// `title=Title phone=Phone` as a version.
fn version(number: u32, rows: &str) -> ObjectMapping {
    let rows = rows.split_whitespace().map(|row| {
        let (workspace, crm) = row.split_once('=').expect("a row");
        FieldMapping {
            workspace: workspace.into(),
            crm: crm.into(),
            direction: Direction::Both,
            winner: Winner::Crm,
            blank_never_erases: false,
            value_map: Default::default(),
        }
    });
    ObjectMapping {
        kind: Kind::Person,
        object: CrmObject::new("Lead"),
        version: number,
        import: true,
        create_in_crm: false,
        fields: rows.collect(),
    }
}

/// Version n is published at second 10 n; the window of one of them, told as `since: field until …`.
fn window(versions: &[&str], of: u32) -> Result<String, NoWindow> {
    let versions: Vec<_> = (1..)
        .zip(versions)
        .map(|(n, rows)| version(n, rows))
        .collect();
    let history: Vec<_> = versions
        .iter()
        .rev()
        .map(|version| (version, at(10 * i64::from(version.version))))
        .collect();
    let found = RuleWindow::of(&history, of)?;
    let fields = found.fields.iter();
    let fields: Vec<_> = fields
        .map(|(field, until)| format!("{field} until {}", until.as_second()))
        .collect();
    Ok(format!(
        "{}: {}",
        found.since.as_second(),
        fields.join(", ")
    ))
}

#[test]
fn a_version_answers_for_the_rows_it_changed_until_they_change_again() {
    let good = "title=Title phone=Phone fax=Fax";
    let swapped = "title=Phone phone=Title fax=Fax";
    let half = "title=Title phone=Title fax=Fax";
    for (versions, of, expected) in [
        (
            vec![good, swapped, good],
            2,
            Ok("20: phone until 30, title until 30"),
        ),
        (
            vec![good, swapped, half, good],
            2,
            Ok("20: phone until 40, title until 30"),
        ),
        // The schema changed in between and the same rows were published again.
        (
            vec![good, swapped, swapped, good],
            2,
            Ok("20: phone until 40, title until 40"),
        ),
        (vec![good, swapped, half], 2, Ok("20: title until 30")),
        (vec![good, swapped], 2, Err(NoWindow::InForce(2))),
        (vec![good, good], 2, Err(NoWindow::ChangedNothing(2))),
        (vec![good, swapped], 3, Err(NoWindow::Unknown(3))),
        (
            vec![good, swapped],
            1,
            Ok("10: phone until 20, title until 20"),
        ),
        (
            vec![good, "title=Title"],
            1,
            Ok("10: fax until 20, phone until 20"),
        ),
    ] {
        let found = window(&versions, of);
        assert_eq!(found, expected.map(str::to_owned), "{versions:?} {of}");
    }
}

/// `title=a>b phone=x>y` at each second, oldest first; what is left of them, in the same words.
fn narrowed(told: &[(i64, &str)]) -> Vec<String> {
    let versions = [
        "title=Title phone=Phone",
        "title=Phone phone=Phone",
        "title=Title phone=Phone",
    ];
    let versions: Vec<_> = (1..)
        .zip(versions)
        .map(|(n, rows)| version(n, rows))
        .collect();
    let history: Vec<_> = versions
        .iter()
        .map(|v| (v, at(10 * i64::from(v.version))))
        .collect();
    let window = RuleWindow::of(&history, 2).expect("a window");
    assert_eq!(window.until(), at(30));
    let entries = (1..).zip(told).map(|(number, (second, changes))| {
        let mut entry = LogDraft::new(at(*second), LogSource::Crm, LogType::Update, "");
        entry.changes = changes.split(' ').map(change).collect();
        (LogId(number), entry)
    });
    let mut entries: Vec<_> = entries.collect();
    entries.reverse();
    window.narrow(&mut entries);
    let left = entries.iter().rev().map(|(_, entry)| {
        let changes = entry.changes.iter();
        let changes: Vec<_> = changes
            .map(|one| format!("{}={}>{}", one.workspace, one.before, one.after))
            .collect();
        format!("{} {}", entry.at.as_second(), changes.join(" "))
    });
    left.collect()
}

fn change(told: &str) -> FieldChange {
    let (field, values) = told.split_once('=').expect("a field");
    let (before, after) = values.split_once('>').expect("two values");
    FieldChange {
        workspace: field.into(),
        crm: String::new(),
        before: Value::text(before),
        after: Value::text(after),
        rule: Rule::OnlyCrmChanged,
        rejected: Value::Null,
    }
}

/// What was told, with its seconds, and what is left of it.
type Case<'t> = (&'t [(i64, &'t str)], &'t [&'t str]);

#[test]
fn of_a_records_entries_the_first_move_of_each_field_is_the_versions_doing() {
    let cases: [Case; 6] = [
        (&[(19, "title=a>b")], &[]),
        (&[(20, "title=a>b phone=x>y")], &["20 title=a>b"]),
        (&[(29, "title=a>b"), (30, "title=b>c")], &["29 title=a>b"]),
        // Somebody who worked with the new rule changed it again, and even back again.
        (
            &[(21, "title=a>b"), (22, "title=b>c"), (23, "title=c>b")],
            &["21 title=a>b"],
        ),
        // One change that is told where it was decided and where it was carried out.
        (
            &[(21, "title=a>b"), (22, "title=a>b")],
            &["21 title=a>b", "22 title=a>b"],
        ),
        // What moved nothing is no move.
        (&[(21, "title=a>a"), (22, "title=a>b")], &["22 title=a>b"]),
    ];
    for (told, left) in cases {
        assert_eq!(narrowed(told), left, "{told:?}");
    }
}
