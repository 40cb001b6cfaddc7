//! `cargo run -p tandem-sim --example budget_day [-- SEED [ALLOWANCE]]`: a quiet and a flooded day of the API
//! budget, as a table. Exit code 1 if a call went over.

use std::process::ExitCode;
use tandem_sim::day::{DayPlan, live};

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let mut number = |usual| {
        words
            .next()
            .and_then(|word| word.parse().ok())
            .unwrap_or(usual)
    };
    let (seed, allowance) = (number(1), number(15_000));
    // The reserve is a tenth of our part, and a retried edit costs more than one call.
    let edits = u32::try_from(allowance / 20).unwrap_or(u32::MAX);
    let flood = u32::try_from(allowance * 8).unwrap_or(u32::MAX);
    println!(
        "day | threshold | most used | over | people's calls | other calls | crashes | answers lost | edits | p50 ms | p95 ms"
    );
    println!("---|---|---|---|---|---|---|---|---|---|---");
    let mut over = false;
    for (name, flood) in [("quiet", 0), ("ten times overload", flood)] {
        let report = live(DayPlan {
            seed,
            allowance,
            edits,
            flood,
        });
        println!("{name} | {report}");
        over |= report.most > report.threshold;
    }
    ExitCode::from(u8::from(over))
}
