//! Held plans: the list, and one in every state.

use super::{Samples, minutes_ago};
use maud::Markup;
use tandem_core::brake::{
    BrakeSettings, Effect, Impact, Plan, PlanState, PlannedRecord, Side, ValueChange,
};
use tandem_core::ids::{CrmId, CrmObject, LinkId, PlanId, RecordId, UserId};
use tandem_core::value::Value;
use tandem_core::workspace::Kind;
use tandem_server::app::plans::{PlanPage, PlannedLine};
use tandem_server::http::ui::pages::plan_limits::LimitsForm;
use tandem_server::http::ui::pages::plans::{detail, list};

impl Samples {
    pub(super) fn plan_pages(&self) -> Vec<(&'static str, Markup)> {
        let shell = self.shell();
        let by = Some(UserId(1));
        let at = minutes_ago(5);
        let states = [
            PlanState::Open,
            PlanState::Approved { by, at },
            PlanState::Kept { by: None, at },
            PlanState::Dissolved { at },
        ];
        let plans: Vec<Plan> = states.iter().map(|state| plan(*state)).collect();
        let page = |state, lines: Vec<PlannedLine>| PlanPage {
            plan: plan(state),
            next: lines.last().map(|line| line.planned.link),
            lines,
        };
        let refused = [self.error("", "Plan 7 is approved by now.")];
        let brake = BrakeSettings::default();
        let off = BrakeSettings {
            enabled: false,
            ..brake
        };
        let form = LimitsForm::of(&brake);
        let mut wrong = form.clone();
        wrong.errors.push(self.error(
            "owner",
            "Change owners: let at least 1 record and at most 100 percent pass.",
        ));
        vec![
            ("plans", list(&shell, &plans, &brake, None)),
            ("plans-none", list(&shell, &[], &off, None)),
            ("plans-limits", list(&shell, &plans, &brake, Some(&form))),
            (
                "plans-limits-wrong",
                list(&shell, &[], &brake, Some(&wrong)),
            ),
            (
                "plan-open",
                detail(&shell, &page(states[0], self.lines()), &[]),
            ),
            (
                "plan-refused",
                detail(&shell, &page(states[1], Vec::new()), &refused),
            ),
            (
                "plan-kept",
                detail(&shell, &page(states[2], self.lines()), &[]),
            ),
            (
                "plan-dissolved",
                detail(&shell, &page(states[3], Vec::new()), &[]),
            ),
        ]
    }

    fn lines(&self) -> Vec<PlannedLine> {
        let change = |field: &str, before: &str, after: Value| ValueChange {
            field: self.say(field),
            before: self.value(before),
            after,
        };
        let line = |number: i64, changes: Vec<ValueChange>| PlannedLine {
            planned: PlannedRecord {
                link: LinkId(number),
                record: (number > 1).then_some((Kind::Person, RecordId(1_200 + number))),
                object: CrmObject::new(self.say("Contact")),
                crm: Some(CrmId::new(self.say("003A00000000001AAA"))),
                changes,
            },
            name: self.say("Ines Okafor"),
        };
        vec![
            line(1, Vec::new()),
            line(2, vec![change("phone", "+49 30 5550 1", Value::Null)]),
            line(
                3,
                vec![
                    change("phone", "+49 30 5550 2", Value::Null),
                    change("title", "Head of Procurement", self.value("")),
                ],
            ),
        ]
    }
}

fn plan(state: PlanState) -> Plan {
    Plan {
        id: PlanId(7),
        impact: Impact {
            effect: Effect::Blank,
            side: Side::Workspace,
        },
        state,
        opened_at: minutes_ago(90),
        allowed: 200,
        records: 1_450,
    }
}
