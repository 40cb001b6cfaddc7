//! How many API calls may be spent.

use crate::fixture::at;
use crate::table::{check, expect};
use tandem_core::budget::{BudgetState, may_spend};
use tandem_core::connector::OrgUsage;
use tandem_core::link::Lane;

#[test]
fn what_may_be_spent() {
    let table = include_str!("../tables/budget.txt");
    check(
        "budget.txt",
        table,
        |[org, spent, calls, lane, percents, wanted]| {
            let (spent, reserved) = spent.split_once(" + ").expect("spent + reserved");
            let (threshold, reserve) = percents.split_once(" - ").expect("threshold - reserve");
            let state = BudgetState {
                org: org.split_once(" of ").map(|(used, max)| {
                    let (used, max) = (number(used), number(max));
                    (OrgUsage { used, max }, at(0))
                }),
                spent_since: number(spent),
                reserved: number(reserved),
            };
            let lane = match lane {
                "live" => Lane::Live,
                "normal" => Lane::Normal,
                _ => Lane::Bulk,
            };
            let calls = calls.parse().expect("calls");
            let percent = |text: &str| text.parse().expect("a percentage");
            let got = may_spend(&state, calls, lane, percent(threshold), percent(reserve));
            match wanted {
                "yes" => got,
                reason => expect(&Err(reason.to_owned()), &got),
            }
        },
    );
}

fn number(text: &str) -> u64 {
    if text == "max" {
        return u64::MAX;
    }
    text.parse().expect("a number")
}
