//! Mapped values, and values that our own check sets aside: `value_maps.txt`.

use crate::case::parked_field;
use crate::fields::{mapping, words};
use crate::fixture::at;
use crate::notation::value;
use crate::table::{check, expect};
use tandem_core::link::{Agreed, ParkedField};
use tandem_core::mapping::{Direction, FieldMapping, FieldRule};
use tandem_core::reconcile::field::{FieldInput, decide};
use tandem_core::schema::FieldType;
use tandem_core::settings::Guards;
use tandem_core::value::Value;
use tandem_core::value_map::{MappedValue, ValueMap};

fn map(cell: &str) -> ValueMap {
    let rows = cell.split(',').filter_map(|row| row.split_once('='));
    let rows = rows.map(|(crm, workspace)| MappedValue {
        crm: crm.into(),
        workspace: workspace.into(),
    });
    ValueMap(rows.collect())
}

fn picklist(cell: &str) -> FieldType {
    let (list, multi) = match cell.strip_suffix("multi") {
        Some(list) => (list.trim(), true),
        None => (cell, false),
    };
    let listed = list.split(',').filter(|one| !matches!(*one, "any" | ""));
    let values: Vec<String> = listed.map(str::to_owned).collect();
    let restricted = !values.is_empty();
    if multi {
        FieldType::MultiPicklist { restricted, values }
    } else {
        FieldType::Picklist { restricted, values }
    }
}

fn rule(policy: &str, rows: &str, list: &str) -> FieldRule {
    let (direction, winner) = policy.split_once(' ').expect("direction and winner");
    let crm_type = picklist(list);
    FieldRule {
        mapping: FieldMapping {
            value_map: map(rows),
            ..mapping(direction, winner, false)
        },
        workspace_type: crm_type.clone(),
        crm_type,
        createable: true,
        updateable: true,
        calculated: false,
    }
}

fn set_aside(cell: &str) -> Option<ParkedField> {
    let (ours, sent) = cell.split_once(" / ")?;
    let (sent, unsent) = match sent.strip_suffix(" unsent") {
        Some(sent) => (sent, true),
        None => (sent, false),
    };
    Some(ParkedField {
        workspace: Some(Value::text(ours)),
        unsent,
        ..parked_field(Value::text(sent))
    })
}

#[test]
fn mapped_and_unlisted_values() {
    let table = include_str!("../tables/value_maps.txt");
    check(
        "value_maps.txt",
        table,
        |[policy, rows, list, base, crm, workspace, aside, wanted]| {
            let base = base.split_once(" / ").map(|(crm, workspace)| Agreed {
                crm: value(crm),
                workspace: value(workspace),
            });
            let verdict = decide(&FieldInput {
                rule: &rule(policy, rows, list),
                base: base.as_ref(),
                crm: Some(&value(crm)),
                workspace: &value(workspace),
                parked: set_aside(aside).as_ref(),
                held: None,
                put_back: None,
                crm_changed_at: at(1),
                workspace_changed_at: Some(at(1)),
                guards: Guards::ALL,
            });
            expect(&wanted.to_owned(), &words(&verdict))
        },
    );
}

#[test]
fn a_map_says_which_rows_are_in_the_way() {
    let list = picklist("any");
    let told = |rows: &str, direction, ty: &FieldType| {
        let checked = map(rows).check(direction, ty);
        checked.err().unwrap_or_default()
    };
    let both = Direction::Both;
    assert_eq!(told("A=X,B=Y", both, &list), "");
    assert_eq!(
        told("A=X,B=Y,A=Z", both, &list),
        "“X” = “A” and “Z” = “A” are ambiguous: which one is “A” in the workspace? Keep one of the rows, \
         or let the field travel one way"
    );
    assert_eq!(
        told("A=X,B=X", Direction::WorkspaceToCrm, &list),
        "“X” = “A” and “X” = “B” are ambiguous: which one is “X” in the CRM? Keep one of the rows, \
         or let the field travel one way"
    );
    assert_eq!(told("A=X,B=X", Direction::CrmToWorkspace, &list), "");
    assert_eq!(told("A=X,A=Y", Direction::WorkspaceToCrm, &list), "");
    assert!(told("A=", both, &list).contains("blank side"));
    assert!(told("A=X", both, &FieldType::Date).contains("type Date"));
    assert_eq!(told("", both, &FieldType::Date), "");
}
