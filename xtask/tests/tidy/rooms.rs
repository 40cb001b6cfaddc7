//! What code may do in which room.

use crate::assert_none;
use crate::files::{File, sources};

/// Where a thing may be done, and why there.
type Places = &'static [(&'static str, &'static str)];

/// The environment is read once, at the start.
const READ_ENVIRONMENT: Places = &[
    ("crates/server/src/config/", "the only reader"),
    ("crates/server/src/cli/mod.rs", "hands it to config"),
    ("xtask/", "a tool, not the product"),
];

/// Only loops run by themselves, and only they wait for time.
const SPAWN_OR_SLEEP: Places = &[
    ("crates/server/src/runtime/", "the only loops"),
    ("crates/server/src/demo/", "plays two people"),
    ("crates/proof/", "tries the product from outside"),
    ("crates/sandbox/src/shell", "the sandbox's only sockets"),
    (
        "crates/store/src/sqlite/pool.rs",
        "the database's own threads; they end with the store",
    ),
    ("crates/sim/src/campaign.rs", "one thread per core, joined"),
    ("crates/sim/src/main.rs", "waits for Ctrl-C"),
    ("xtask/", "a tool, not the product"),
];

const NOTHING: Places = &[];

fn allowed(file: &File, places: Places) -> bool {
    places.iter().any(|(place, _)| file.path.starts_with(place))
}

/// Lines of the product that hold one of the words, outside of the places.
fn uses(words: &[&str], places: Places) -> Vec<String> {
    let sources = sources();
    let product = sources
        .iter()
        .filter(|file| file.is_product() && !allowed(file, places));
    let lines = product.flat_map(|file| file.code().map(move |(line, text)| (file, line, text)));
    lines
        .filter(|(_, _, text)| words.iter().any(|word| text.contains(word)))
        .map(|(file, line, text)| file.at(line, text))
        .collect()
}

#[test]
fn only_the_configuration_reads_the_environment() {
    let words = ["env::var(", "env::var_os(", "env::vars(", "env::vars_os("];
    assert_none("reads the environment", &uses(&words, READ_ENVIRONMENT));
}

#[test]
fn only_loops_spawn_and_sleep() {
    let words = [
        "tokio::spawn(",
        "thread::spawn(",
        ".spawn(",
        "sleep(",
        "sleep_until(",
        "interval(",
    ];
    assert_none("spawns or sleeps", &uses(&words, SPAWN_OR_SLEEP));
}

#[test]
fn the_core_has_no_clock_no_chance_and_no_runtime() {
    let words = [
        "Timestamp::now",
        "Zoned::now",
        "SystemTime",
        "Instant::now",
        "rand::",
        "tokio",
        "std::fs",
        "std::net",
        "std::thread",
        "std::env",
    ];
    let wrong = uses(&words, NOTHING);
    let core: Vec<String> = wrong
        .into_iter()
        .filter(|place| place.starts_with("crates/core/"))
        .collect();
    assert_none("core is pure", &core);
}

#[test]
fn the_core_is_async_in_its_contracts_only() {
    let files = sources();
    let core = files
        .iter()
        .filter(|file| file.path.starts_with("crates/core/src/"));
    let mut wrong = Vec::new();
    for file in core {
        // Methods of a trait are indented and end without a body.
        let body = |text: &str| text.contains("async fn") && text.trim_end().ends_with('{');
        let free = |text: &str| text.starts_with("async fn") || text.starts_with("pub async fn");
        let found = file.code().filter(|(_, text)| body(text) || free(text));
        wrong.extend(found.map(|(line, text)| file.at(line, text)));
    }
    assert_none("async outside a trait", &wrong);
}

#[test]
fn pages_and_api_do_not_reach_past_the_app() {
    let files = sources();
    let app = files
        .iter()
        .filter(|file| file.path.starts_with("crates/server/src/app/"));
    let mut wrong = Vec::new();
    for file in app {
        let found = file
            .code()
            .filter(|(_, text)| text.contains("axum::") || text.contains("crate::http"));
        wrong.extend(found.map(|(line, text)| file.at(line, text)));
    }
    assert_none("app never knows HTTP", &wrong);
}

#[test]
fn exceptions_are_needed() {
    let files = sources();
    let places = READ_ENVIRONMENT.iter().chain(SPAWN_OR_SLEEP);
    let unused: Vec<String> = places
        .filter(|(place, _)| !files.iter().any(|file| file.path.starts_with(place)))
        .map(|(place, _)| (*place).to_owned())
        .collect();
    assert_none("there is no such place any more", &unused);
}
