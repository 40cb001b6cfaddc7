//! Ten times more to do than the API budget allows, for a virtual day: pains 20 and 30.

use tandem_sim::day::{DayPlan, live};

/// 1,000 calls are ours up to the threshold; the flood alone would take ten thousand.
#[test]
fn not_one_call_over_and_people_do_not_notice() {
    let quiet = DayPlan {
        seed: 1,
        allowance: 1_250,
        edits: 60,
        flood: 0,
    };
    let calm = live(quiet);
    let flooded = live(DayPlan {
        flood: 10_000,
        ..quiet
    });
    let table = format!("quiet {calm}\nflood {flooded}");
    assert!(flooded.most <= flooded.threshold, "{table}");
    assert!(
        flooded.calls[1] * 10 > flooded.threshold * 8,
        "it was busy: {table}"
    );
    assert!(flooded.crashes > 20, "{table}");
    assert_eq!((calm.unsettled, flooded.unsettled), (0, 0), "{table}");
    for percent in [50, 95] {
        let (before, after) = (calm.percentile_ms(percent), flooded.percentile_ms(percent));
        assert!(
            before > 0 && after * 10 <= before * 11,
            "p{percent}: {table}"
        );
    }
}
