//! The three-way table of one field.
//!
//! `fields.txt` is complete: every combination of its columns is decided by the first row that fits,
//! and no row is idle. `spellings.txt` has single cases with real types and values.

use crate::fixture::at;
use crate::notation::{field_type, value};
use crate::table::{Row, check, expect, rows};
use std::cell::Cell;
use tandem_core::error::ErrorClass;
use tandem_core::link::{Agreed, HeldField, ParkedField, PutBack};
use tandem_core::mapping::{Direction, FieldMapping, FieldRule, Winner};
use tandem_core::reconcile::field::{FieldInput, Verdict, decide};
use tandem_core::settings::Guards;
use tandem_core::sync_log::Rule;
use tandem_core::value::Value;

/// Second at which the workspace's value was set.
const TYPED: i64 = 100;

const COLUMNS: [&[&str]; 7] = [
    &["in", "out", "both"],
    &[
        "crm",
        "workspace",
        "later-crm",
        "same-second",
        "later-workspace",
        "unknown-time",
        "hold",
    ],
    &["erases", "never"],
    &["-", "_", "A"],
    &["hidden", "_", "A", "C", "S"],
    &["_", "A", "C", "W"],
    &[
        "free",
        "parked",
        "parked-other",
        "held",
        "put-back",
        "put-back-refused",
    ],
];

/// One cell of the product of all columns.
struct Case {
    rule: FieldRule,
    base: Option<Agreed>,
    crm: Option<Value>,
    workspace: Value,
    parked: Option<ParkedField>,
    held: Option<HeldField>,
    put_back: Option<PutBack>,
    crm_changed_at: i64,
    typed: bool,
}

fn symbol(name: &str) -> Value {
    Value::text(if name == "_" { "" } else { name })
}

fn parked(value: Value) -> ParkedField {
    ParkedField {
        value,
        class: ErrorClass::InvalidValue,
        message: "no".into(),
        since: at(0),
        workspace: None,
        unsent: false,
    }
}

pub(crate) fn mapping(direction: &str, winner: &str, never: bool) -> FieldMapping {
    FieldMapping {
        workspace: "field".into(),
        crm: "FIELD".into(),
        direction: match direction {
            "in" => Direction::CrmToWorkspace,
            "out" => Direction::WorkspaceToCrm,
            _ => Direction::Both,
        },
        winner: match winner {
            "crm" => Winner::Crm,
            "workspace" => Winner::Workspace,
            "hold" => Winner::Hold,
            _ => Winner::MostRecent,
        },
        blank_never_erases: never,
        value_map: Default::default(),
    }
}

fn rule(mapping: FieldMapping, crm: &str, workspace: &str) -> FieldRule {
    FieldRule {
        mapping,
        crm_type: field_type(crm),
        workspace_type: field_type(workspace),
        createable: true,
        updateable: true,
        calculated: false,
    }
}

impl Case {
    /// `S` in the CRM's column is what our last write left there.
    fn new([direction, winner, erases, base, crm, workspace, state]: [&str; 7]) -> Self {
        let put_back = state.starts_with("put-back").then(|| PutBack {
            value: symbol("P"),
            sent: symbol("S"),
        });
        let held = (state == "held").then(|| HeldField {
            crm: symbol("C"),
            workspace: symbol("W"),
            since: at(0),
        });
        Self {
            rule: rule(
                mapping(direction, winner, erases == "never"),
                "text",
                "text",
            ),
            base: (base != "-").then(|| Agreed {
                crm: symbol(base),
                workspace: symbol(base),
            }),
            crm: (crm != "hidden").then(|| symbol(crm)),
            workspace: symbol(workspace),
            parked: match state {
                "parked" => Some(parked(symbol(workspace))),
                "parked-other" => Some(parked(symbol("X"))),
                "put-back-refused" => Some(parked(symbol("P"))),
                _ => None,
            },
            held,
            put_back,
            crm_changed_at: match winner {
                "later-crm" => TYPED + 1,
                "later-workspace" => TYPED - 1,
                _ => TYPED,
            },
            typed: winner != "unknown-time",
        }
    }

    fn decide(&self) -> Verdict {
        decide(&FieldInput {
            rule: &self.rule,
            base: self.base.as_ref(),
            crm: self.crm.as_ref(),
            workspace: &self.workspace,
            parked: self.parked.as_ref(),
            held: self.held.as_ref(),
            put_back: self.put_back.as_ref(),
            crm_changed_at: at(self.crm_changed_at),
            workspace_changed_at: self.typed.then(|| at(TYPED)),
            guards: Guards::ALL,
        })
    }

    /// The verdict that a row's words stand for.
    fn verdict(&self, words: &str) -> Verdict {
        let crm = || self.crm.clone().unwrap_or_default();
        let (head, tail) = words.split_once(' ').unwrap_or((words, ""));
        let (rule, loses) = tail.split_once(' ').unwrap_or((tail, ""));
        let lost = |loser: Value| {
            if loses == "rejects" {
                loser
            } else {
                Value::Null
            }
        };
        let rule = || Rule::parse(rule).unwrap_or_else(|| panic!("no rule is called {rule}"));
        match head {
            "unseen" => Verdict::Unseen,
            "keep" => Verdict::Keep,
            "agree" => Verdict::Agree,
            "hold" => Verdict::Hold,
            "parked" => Verdict::Parked,
            "to-workspace" => Verdict::ToWorkspace {
                value: crm(),
                rule: rule(),
                rejected: lost(self.workspace.clone()),
            },
            "to-crm" => Verdict::ToCrm {
                value: self.workspace.clone(),
                rule: rule(),
                rejected: lost(crm()),
            },
            "put-back" => Verdict::ToCrm {
                value: symbol("P"),
                rule: Rule::Overtaken,
                rejected: Value::Null,
            },
            "note-crm" | "note-workspace" => {
                self.consume(head, self.base.clone().expect("there is a base to move on"))
            }
            "note-workspace-of-ours" => {
                let ours = Agreed {
                    crm: crm(),
                    workspace: crm(),
                };
                self.consume(head, ours)
            }
            other => panic!("no verdict is called {other}"),
        }
    }

    /// One half of the base moves on, nothing travels.
    fn consume(&self, half: &str, mut base: Agreed) -> Verdict {
        if half == "note-crm" {
            base.crm = self.crm.clone().unwrap_or_default();
        } else {
            base.workspace = self.workspace.clone();
        }
        Verdict::Consume {
            base,
            rule: Rule::BlankNeverErases,
            rejected: Value::Null,
        }
    }
}

/// Whether a cell such as `*`, `A,C` or `!hold` covers a value.
fn covers(cell: &str, value: &str) -> bool {
    match cell.strip_prefix('!') {
        Some(rest) => !covers(rest, value),
        None => cell == "*" || cell.split(',').any(|one| one == value),
    }
}

/// Every combination of the columns.
fn product() -> Vec<[&'static str; 7]> {
    let mut all = vec![[""; 7]];
    for (column, values) in COLUMNS.iter().enumerate() {
        let longer = all.iter().flat_map(|row| {
            values.iter().map(move |value| {
                let mut row = *row;
                row[column] = value;
                row
            })
        });
        all = longer.collect();
    }
    all
}

fn fits(row: &Row, case: &[&str; 7]) -> bool {
    row.cells
        .iter()
        .zip(case)
        .all(|(cell, value)| covers(cell, value))
}

#[test]
fn the_whole_table_of_one_field() {
    let rows = rows("fields.txt", include_str!("../tables/fields.txt"), 8);
    let used: Vec<Cell<bool>> = rows.iter().map(|_| Cell::new(false)).collect();
    let mut wrong = Vec::new();
    for combination in product() {
        let found = rows.iter().position(|row| fits(row, &combination));
        let Some(index) = found else {
            wrong.push(format!("no row decides {combination:?}"));
            continue;
        };
        used[index].set(true);
        let case = Case::new(combination);
        if let Err(why) = expect(&case.verdict(rows[index].cells[7]), &case.decide()) {
            wrong.push(format!("{}: {combination:?}: {why}", rows[index].place));
        }
    }
    let idle = rows.iter().zip(&used).filter(|(_, used)| !used.get());
    wrong.extend(idle.map(|(row, _)| format!("{}: no case comes here", row.place)));
    wrong.truncate(40);
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn single_cases_with_real_values() {
    let table = include_str!("../tables/spellings.txt");
    check(
        "spellings.txt",
        table,
        |[types, policy, base, crm, workspace, wanted]| {
            let (ours, theirs) = types.split_once(" <> ").expect("two types");
            let (policy, never) = match policy.strip_suffix(" never") {
                Some(policy) => (policy, true),
                None => (policy, false),
            };
            let (direction, winner) = policy.split_once(' ').expect("direction and winner");
            let base = base.split_once(" / ").map(|(crm, workspace)| Agreed {
                crm: value(crm),
                workspace: value(workspace),
            });
            let case = Case {
                rule: rule(mapping(direction, winner, never), theirs, ours),
                base,
                crm: Some(value(crm)),
                workspace: value(workspace),
                parked: None,
                held: None,
                put_back: None,
                crm_changed_at: TYPED,
                typed: true,
            };
            expect(&wanted.to_owned(), &words(&case.decide()))
        },
    );
}

/// A verdict as `spellings.txt` writes it.
pub(crate) fn words(verdict: &Verdict) -> String {
    let show = |value: &Value| match value {
        Value::Null => "null".to_owned(),
        Value::Text(text) => serde_json::to_string(text).unwrap_or_default(),
        Value::Choices(_) => format!("{{{value}}}"),
        Value::Reference(_) => format!("@{value}"),
        other => other.to_string(),
    };
    let moved = |side, value, rule: &Rule, rejected: &Value| {
        let lost = match rejected {
            Value::Null => String::new(),
            lost => format!(" rejects {}", show(lost)),
        };
        format!("{side} {} {}{lost}", show(value), rule.as_str())
    };
    match verdict {
        Verdict::Unseen => "unseen".into(),
        Verdict::Keep => "keep".into(),
        Verdict::Agree => "agree".into(),
        Verdict::Hold => "hold".into(),
        Verdict::Wait => "wait".into(),
        Verdict::Parked => "parked".into(),
        Verdict::Unfit(unfit) => format!("unfit: {}", unfit.reason),
        Verdict::Consume { rule, .. } => format!("consume {}", rule.as_str()),
        Verdict::ToWorkspace {
            value,
            rule,
            rejected,
        } => moved("to-workspace", value, rule, rejected),
        Verdict::ToCrm {
            value,
            rule,
            rejected,
        } => moved("to-crm", value, rule, rejected),
    }
}
