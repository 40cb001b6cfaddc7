//! How many API calls may be spent.

use crate::fixture::at;
use crate::table::{check, expect};
use tandem_core::budget::{ASK_AFTER_SECONDS, BudgetState, forecast, may_ask, may_spend};
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
                ..BudgetState::default()
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

#[test]
fn the_org_is_asked_on_old_evidence_and_seldom() {
    let (used, max) = (15_000, 15_000);
    let state = |told: Option<i64>, asked: Option<i64>| BudgetState {
        org: told.map(|second| (OrgUsage { used, max }, at(second))),
        asked_at: asked.map(at),
        ..BudgetState::default()
    };
    let table = [
        (None, None, true),
        (Some(1), None, false),
        (Some(0), None, true),
        (None, Some(1), false),
        (None, Some(0), true),
        (Some(0), Some(1), false),
        (Some(1), Some(0), false),
        (Some(0), Some(0), true),
    ];
    for (told, asked, may) in table {
        let now = at(ASK_AFTER_SECONDS);
        assert_eq!(
            may_ask(&state(told, asked), 80, now),
            may,
            "told {told:?}, asked {asked:?}"
        );
    }
}

/// What is set aside for questions lasts for a day, however small the allowance.
#[test]
fn a_small_allowance_is_asked_for_less_often() {
    let told_at = |max: u64| BudgetState {
        org: Some((OrgUsage { used: max - 1, max }, at(0))),
        asked_at: Some(at(0)),
        ..BudgetState::default()
    };
    for (max, seconds) in [
        (15_000, 900),
        (2_400, 900),
        (1_000, 2_160),
        (25, 86_400),
        (1, 86_400),
    ] {
        assert!(
            !may_ask(&told_at(max), 80, at(seconds - 1)),
            "{max} before {seconds}"
        );
        assert!(
            may_ask(&told_at(max), 80, at(seconds)),
            "{max} at {seconds}"
        );
    }
    let (used, max) = (9, 9);
    let spent = BudgetState {
        org: Some((OrgUsage { used, max }, at(0))),
        ..told_at(9)
    };
    assert!(may_ask(&spent, 80, at(900)), "a refusal costs nothing");
}

/// A refusal for the daily limit brings no figures, so none are shown, and no outlook is made of them.
#[test]
fn an_org_that_has_none_left_is_told_without_figures() {
    let state = BudgetState {
        org: Some((OrgUsage::NONE_LEFT, at(0))),
        spent_since: 7,
        ..BudgetState::default()
    };
    for lane in [Lane::Live, Lane::Normal, Lane::Bulk] {
        let reason = may_spend(&state, 1, lane, 100, 0).expect_err("nothing is left");
        assert!(reason.contains("are used up"), "{reason}");
        assert!(
            !reason.contains(&OrgUsage::NONE_LEFT.used.to_string()),
            "{reason}"
        );
    }
    assert_eq!(forecast(&state, &[], 80, 10, at(900)), None);
    assert!(may_ask(&state, 80, at(ASK_AFTER_SECONDS)));
}

fn number(text: &str) -> u64 {
    if text == "max" {
        return u64::MAX;
    }
    text.parse().expect("a number")
}
