//! `cargo run -p tandem-sim --example budget_day [-- SEED [ALLOWANCE]]`: a quiet and a flooded day of the API
//! budget, as Markdown; `cargo xtask prove budget` writes it down. Exit code 1 if a call went over, or if people noticed.

use std::process::ExitCode;
use tandem_sim::day::{DayPlan, DayReport, live};

/// Mass changes for each call that the org allows: ten times what may be spent up to the threshold.
const FLOOD_A_CALL: u64 = 8;
/// What overload may add to the time of a person's edit, in percent.
const SLOWER_PERCENT: i64 = 10;

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let mut number = |usual| {
        words
            .next()
            .and_then(|word| word.parse().ok())
            .unwrap_or(usual)
    };
    let (seed, allowance) = (number(1), number(15_000));
    let quiet = DayPlan {
        seed,
        allowance,
        // The reserve is a tenth of our part, and a retried edit costs more than one call.
        edits: u32::try_from(allowance / 20).unwrap_or(u32::MAX),
        flood: 0,
    };
    let flooded = DayPlan {
        flood: u32::try_from(allowance * FLOOD_A_CALL).unwrap_or(u32::MAX),
        ..quiet
    };
    println!(
        "Seed {seed}: an org that allows {allowance} calls, two processes with two workers each, {} mass changes over the \
         day, each of which would be a call by itself.\n",
        flooded.flood
    );
    let reports = [quiet, flooded].map(live);
    for line in table(&reports) {
        println!("{line}");
    }
    let failed = faults(&reports);
    for fault in &failed {
        println!("\n**{fault}**");
    }
    ExitCode::from(u8::from(!failed.is_empty()))
}

fn table([calm, flooded]: &[DayReport; 2]) -> [String; 4] {
    [
        "| day | threshold | most used | over | people's calls | other calls | crashes | answers lost | edits | p50 ms | p95 ms |"
            .into(),
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|".into(),
        format!("| quiet | {calm} |"),
        format!("| ten times overload | {flooded} |"),
    ]
}

fn faults([calm, flooded]: &[DayReport; 2]) -> Vec<String> {
    let mut faults = Vec::new();
    for report in [calm, flooded] {
        if report.most > report.threshold {
            faults.push("A call went over the threshold.".into());
        }
        if report.unsettled > 0 {
            faults.push(format!(
                "{} edits of people were not settled.",
                report.unsettled
            ));
        }
    }
    for percent in [50, 95] {
        let (before, after) = (calm.percentile_ms(percent), flooded.percentile_ms(percent));
        if after * 100 > before * (100 + SLOWER_PERCENT) {
            faults.push(format!("p{percent} grew from {before} to {after} ms."));
        }
    }
    faults
}
