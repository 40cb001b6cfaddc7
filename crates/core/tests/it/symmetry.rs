//! No side is favoured but by the rules: with the sides swapped and the rules mirrored, the verdict is
//! mirrored.

use crate::fixture::{at, cases, rule};
use crate::notation::{field_type, value};
use proptest::prelude::*;
use tandem_core::link::{Agreed, HeldField};
use tandem_core::mapping::{Direction, FieldRule, Winner};
use tandem_core::reconcile::field::{FieldInput, Verdict, decide};
use tandem_core::settings::Guards;
use tandem_core::sync_log::Rule;
use tandem_core::value::Value;

/// One field whose both types are the same and whose values are in canonical form.
#[derive(Clone, Debug)]
struct Case {
    rule: FieldRule,
    base: Option<Agreed>,
    crm: Value,
    workspace: Value,
    held: bool,
    crm_changed_at: i64,
    workspace_changed_at: i64,
}

impl Case {
    fn decide(&self) -> Verdict {
        let held = HeldField {
            crm: Value::Null,
            workspace: Value::Null,
            since: at(0),
        };
        decide(&FieldInput {
            rule: &self.rule,
            base: self.base.as_ref(),
            crm: Some(&self.crm),
            workspace: &self.workspace,
            parked: None,
            held: self.held.then_some(&held),
            put_back: None,
            crm_changed_at: at(self.crm_changed_at),
            workspace_changed_at: Some(at(self.workspace_changed_at)),
            guards: Guards::ALL,
        })
    }

    fn mirrored(&self) -> Self {
        let mut rule = self.rule.clone();
        rule.mapping.direction = match rule.mapping.direction {
            Direction::CrmToWorkspace => Direction::WorkspaceToCrm,
            Direction::WorkspaceToCrm => Direction::CrmToWorkspace,
            Direction::Both => Direction::Both,
        };
        rule.mapping.winner = match rule.mapping.winner {
            Winner::Crm => Winner::Workspace,
            Winner::Workspace => Winner::Crm,
            other => other,
        };
        Self {
            rule,
            base: self.base.clone().map(swapped),
            crm: self.workspace.clone(),
            workspace: self.crm.clone(),
            held: self.held,
            crm_changed_at: self.workspace_changed_at,
            workspace_changed_at: self.crm_changed_at,
        }
    }
}

fn swapped(base: Agreed) -> Agreed {
    Agreed {
        crm: base.workspace,
        workspace: base.crm,
    }
}

fn mirrored_rule(rule: Rule) -> Rule {
    match rule {
        Rule::OnlyCrmChanged => Rule::OnlyWorkspaceChanged,
        Rule::OnlyWorkspaceChanged => Rule::OnlyCrmChanged,
        Rule::CrmWins => Rule::WorkspaceWins,
        Rule::WorkspaceWins => Rule::CrmWins,
        // That the CRM cut a value is a finer name for "only the CRM changed".
        Rule::StoredAs => Rule::OnlyWorkspaceChanged,
        other => other,
    }
}

fn mirrored(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::ToWorkspace {
            value,
            rule,
            rejected,
        } => Verdict::ToCrm {
            value,
            rule: mirrored_rule(rule),
            rejected,
        },
        Verdict::ToCrm {
            value,
            rule,
            rejected,
        } => Verdict::ToWorkspace {
            value,
            rule: mirrored_rule(rule),
            rejected,
        },
        Verdict::Consume {
            base,
            rule,
            rejected,
        } => Verdict::Consume {
            base: swapped(base),
            rule,
            rejected,
        },
        other => other,
    }
}

/// Takes away the one name that only one side has.
fn plain(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::ToWorkspace {
            value,
            rule: Rule::StoredAs,
            rejected,
        } => Verdict::ToWorkspace {
            value,
            rule: Rule::OnlyCrmChanged,
            rejected,
        },
        other => other,
    }
}

fn a_case() -> impl Strategy<Value = Case> {
    let values = ["null", r#""a""#, r#""b""#, r#""abc""#, r#""c""#];
    let a_value = prop::sample::select(values.to_vec()).prop_map(value);
    let direction = prop::sample::select(vec![
        Direction::CrmToWorkspace,
        Direction::WorkspaceToCrm,
        Direction::Both,
    ]);
    let winner = prop::sample::select(vec![
        Winner::Crm,
        Winner::Workspace,
        Winner::MostRecent,
        Winner::Hold,
    ]);
    let base = prop::option::of((a_value.clone(), a_value.clone()));
    let times =
        (0i64..5, 0i64..5).prop_filter("a tie goes to the CRM", |(one, other)| one != other);
    let sides = (a_value.clone(), a_value);
    (
        direction,
        winner,
        any::<bool>(),
        base,
        sides,
        any::<bool>(),
        times,
    )
        .prop_map(
            |(direction, winner, never, base, (crm, workspace), held, times)| {
                let mut rule = rule("field", winner);
                rule.mapping.direction = direction;
                rule.mapping.blank_never_erases = never;
                rule.crm_type = field_type("text");
                Case {
                    rule,
                    base: base.map(|(crm, workspace)| Agreed { crm, workspace }),
                    crm,
                    workspace,
                    held,
                    crm_changed_at: times.0,
                    workspace_changed_at: times.1,
                }
            },
        )
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn the_mirror_of_a_case_has_the_mirror_of_its_verdict(case in a_case()) {
        let there = plain(case.decide());
        let back = plain(mirrored(case.mirrored().decide()));
        prop_assert_eq!(there, back);
    }
}
