//! When the allowance runs out, and how reading slows down before.

use crate::fixture::{at, cases};
use crate::table::{check, expect};
use proptest::prelude::*;
use tandem_core::Timestamp;
use tandem_core::budget::{
    BudgetState, Forecast, HourCalls, PACE_STANDS_SECONDS, Pace, forecast, next_pace,
};
use tandem_core::connector::OrgUsage;

const HOUR: i64 = 3_600;

/// The beginning of an hour.
fn noon() -> Timestamp {
    let second = at(0).as_second();
    at(HOUR - second.rem_euclid(HOUR))
}

fn after(seconds: i64) -> Timestamp {
    Timestamp::from_second(noon().as_second() + seconds).expect("a time")
}

/// `-24: 300, -1: 60`: calls by hours from the one under way.
fn hours(text: &str) -> Vec<HourCalls> {
    let hour = |one: &str| {
        let (ago, calls) = one.trim().split_once(": ").expect("hour: calls");
        HourCalls {
            hour: after(ago.parse::<i64>().expect("an hour") * HOUR),
            calls: calls.parse().expect("calls"),
        }
    };
    text.split(',')
        .filter(|one| *one != "-")
        .map(hour)
        .collect()
}

fn outlook(used: u64, max: u64, hours: &[HourCalls], minute: i64) -> Forecast {
    let state = BudgetState {
        org: Some((OrgUsage { used, max }, noon())),
        ..BudgetState::default()
    };
    forecast(&state, hours, 100, 0, after(minute * 60)).expect("the allowance is known")
}

#[test]
fn when_the_allowance_runs_out() {
    let table = include_str!("../tables/forecast.txt");
    check(
        "forecast.txt",
        table,
        |[used, minute, calls, rate, peak, runs_out, pace]| {
            let minute = minute.parse().expect("a minute");
            // 21 are set aside for questions, so that work pauses at 400.
            let told = outlook(used.parse().expect("calls"), 421, &hours(calls), minute);
            expect(&rate.parse().expect("a rate"), &told.calls_per_hour)?;
            expect(&peak.parse().expect("calls"), &told.peak)?;
            let minutes = told.runs_out_at.map(|at| {
                let from = after(minute * 60);
                at.duration_since(from).as_mins().to_string()
            });
            expect(&runs_out.to_owned(), &minutes.unwrap_or("-".into()))?;
            let wanted = next_pace(&told, Pace::Full, None, after(0)).unwrap_or_default();
            expect(&pace.to_owned(), &wanted.factor().to_string())
        },
    );
}

#[test]
fn nothing_is_foretold_before_the_org_told_its_allowance() {
    let state = BudgetState::default();
    assert_eq!(forecast(&state, &hours("-1: 60"), 80, 10, noon()), None);
}

#[test]
fn slower_at_once_and_faster_step_by_step() {
    let near = outlook(390, 421, &hours("0: 200"), 0);
    let far = outlook(0, 421, &[], 0);
    let stood = after(-PACE_STANDS_SECONDS);
    assert_eq!(
        next_pace(&near, Pace::Half, Some(noon()), noon()),
        Some(Pace::Eighth)
    );
    assert_eq!(next_pace(&near, Pace::Eighth, Some(stood), noon()), None);
    assert_eq!(
        next_pace(
            &far,
            Pace::Eighth,
            Some(after(1 - PACE_STANDS_SECONDS)),
            noon()
        ),
        None
    );
    let mut pace = Pace::Eighth;
    let mut steps = Vec::new();
    while let Some(next) = next_pace(&far, pace, Some(stood), noon()) {
        pace = next;
        steps.push(pace.factor());
    }
    assert_eq!(steps, [4, 2, 1]);
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn any_numbers_have_an_outlook(
        used in prop_oneof![0..2_000u64, any::<u64>()],
        max in prop_oneof![0..2_000u64, any::<u64>()],
        calls in prop::collection::vec((-30..3i64, prop_oneof![0..500u64, any::<u64>()]), 0..30),
        minute in 0..60i64,
    ) {
        let hours: Vec<_> = calls
            .into_iter()
            .map(|(ago, calls)| HourCalls { hour: after(ago * HOUR), calls })
            .collect();
        let told = outlook(used, max, &hours, minute);
        prop_assert!(told.peak >= told.used);
        prop_assert_eq!(told.runs_out_at.is_some(), told.peak >= told.limit);
        let now = after(minute * 60);
        if let Some(at) = told.runs_out_at {
            prop_assert!(at >= now && at <= after(25 * HOUR + minute * 60));
        }
        for pace in Pace::ALL {
            prop_assert_ne!(next_pace(&told, pace, None, now), Some(pace));
        }
    }
}
