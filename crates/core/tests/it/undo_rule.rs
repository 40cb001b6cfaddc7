//! What a version of a mapping is answerable for.

use tandem_core::Timestamp;
use tandem_core::ids::CrmObject;
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

#[test]
fn an_entry_is_narrowed_to_what_the_version_moved() {
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
    let change = |field: &str| FieldChange {
        workspace: field.into(),
        crm: String::new(),
        before: Value::Null,
        after: Value::Text("x".into()),
        rule: Rule::OnlyCrmChanged,
        rejected: Value::Null,
    };
    for (second, left) in [(19, 0), (20, 1), (29, 1), (30, 0)] {
        let mut entry = LogDraft::new(at(second), LogSource::Crm, LogType::Update, "");
        entry.changes = vec![change("title"), change("phone")];
        assert_eq!(window.narrow(&mut entry), left > 0, "second {second}");
        assert_eq!(entry.changes.len(), left, "second {second}");
    }
}
