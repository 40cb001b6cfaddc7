//! What there is to run: the steps of each command.

use std::path::Path;
use std::time::Duration;

/// Seeds that CI runs, from 1 on: always the same, so that a red run is red everywhere.
const SEEDS: u64 = 100;
/// Seeds of a quick run.
const QUICK_SEEDS: u64 = SEEDS / 10;
/// Kills and records of the small trials of the real program that CI makes.
const KILLS: u64 = 30;
const UNDONE_RECORDS: u64 = 1_500;
/// Longest time of one step: a build from nothing on a small machine, with room to spare.
const STEP_MINUTES: u64 = 60;

/// One `cargo` command.
pub(crate) struct Step {
    /// Name, as printed.
    pub(crate) name: &'static str,
    /// Arguments of `cargo`.
    pub(crate) arguments: Vec<String>,
    /// Environment variables to set.
    pub(crate) environment: Vec<(&'static str, &'static str)>,
    /// When it counts as hanging.
    pub(crate) limit: Duration,
}

/// How the simulation is built.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// As the tests are: nothing is built twice. For a few seeds.
    Test,
    /// Optimised, several times faster per seed. For many.
    Release,
}

/// A step from its arguments, parted by spaces.
fn step(name: &'static str, arguments: &str) -> Step {
    Step {
        name,
        arguments: arguments.split(' ').map(str::to_owned).collect(),
        environment: Vec::new(),
        limit: Duration::from_secs(STEP_MINUTES * 60),
    }
}

fn format() -> Step {
    step("format", "fmt --all --check")
}

fn lint() -> Step {
    let arguments = "clippy --locked --quiet --workspace --all-targets -- -D warnings";
    step("lint", arguments)
}

/// With private items: the documentation is for those who work on the house.
fn document() -> Step {
    let arguments = "doc --locked --quiet --workspace --no-deps --document-private-items";
    let flags = "-D warnings -A rustdoc::private-intra-doc-links";
    let mut step = step("document", arguments);
    step.environment.push(("RUSTDOCFLAGS", flags));
    step
}

fn test() -> Step {
    step("test", "test --locked --workspace --no-fail-fast")
}

fn seeds(count: u64) -> Step {
    sim(&["--seeds".into(), count.to_string()], Profile::Test)
}

/// The simulation with these arguments of its own.
pub(crate) fn sim(arguments: &[String], profile: Profile) -> Step {
    let mut step = step("simulate", "run --locked --quiet -p tandem-sim");
    if profile == Profile::Release {
        step.arguments.push("--release".into());
    }
    step.arguments.push("--".into());
    step.arguments.extend_from_slice(arguments);
    step
}

/// A quiet and a flooded day of the API budget.
pub(crate) fn budget_day(seed: u64, allowance: u64, profile: Profile) -> Step {
    example("budget day", "budget_day", [seed, allowance], profile)
}

/// Every written story of merges and deletions, and so many random ones.
pub(crate) fn scenarios(random: u64, from: u64, profile: Profile) -> Step {
    example("scenarios", "scenarios", [random, from], profile)
}

/// A program beside the simulation.
fn example(name: &'static str, program: &str, numbers: [u64; 2], profile: Profile) -> Step {
    let release = match profile {
        Profile::Test => "",
        Profile::Release => " --release",
    };
    let arguments = format!("run --locked --quiet -p tandem-sim{release} --example {program} --");
    let mut step = step(name, &arguments);
    step.arguments
        .extend(numbers.map(|number| number.to_string()));
    step
}

/// Client libraries of others against the sandbox; it runs this program, which starts and ends the sandbox.
fn clients() -> Step {
    step("clients", "run --locked --quiet -p xtask -- clients")
}

/// What is promised of the real program, tried small; the days of the simulation are among its tests.
fn trials() -> [Step; 2] {
    let trial =
        |name, words: String| step(name, &format!("run --locked --quiet -p xtask -- {words}"));
    [
        trial("torture", format!("torture --debug --kills {KILLS}")),
        trial(
            "undo",
            format!("prove undo --debug --look --records {UNDONE_RECORDS}"),
        ),
    ]
}

/// Compares the committed API description with the code, or writes it anew.
pub(crate) fn openapi(write: bool) -> Step {
    let mut step = step(
        "openapi",
        "test --locked --quiet -p tandem-server --test it openapi",
    );
    if write {
        step.environment.push(("TANDEM_WRITE_OPENAPI", "1"));
    }
    step
}

/// The comparison with recordings in a folder, which may be named from where the command was given.
pub(crate) fn fidelity(fixtures: &Path) -> Step {
    let fixtures = std::path::absolute(fixtures).unwrap_or_else(|_| fixtures.to_owned());
    let mut step = step(
        "fidelity",
        "run --locked --quiet -p tandem-sandbox --example fidelity -- --fixtures",
    );
    step.arguments.push(fixtures.to_string_lossy().into_owned());
    step
}

/// What a reader would object to.
pub(crate) fn check() -> Vec<Step> {
    vec![format(), lint(), document()]
}

/// Everything that CI runs.
pub(crate) fn everything() -> Vec<Step> {
    let mut steps = vec![
        format(),
        lint(),
        document(),
        test(),
        clients(),
        seeds(SEEDS),
    ];
    steps.extend(trials());
    steps
}

/// The same with less patience.
pub(crate) fn quick() -> Vec<Step> {
    vec![format(), lint(), test(), clients(), seeds(QUICK_SEEDS)]
}
