//! Docs, sizes, and words that must not stand in the repository.

use crate::assert_none;
use crate::files::{File, all, sources};

/// Longest file, in lines.
const LINES_MAX: usize = 600;

/// Files that may be longer, and why.
const LONG: [(&str, &str); 0] = [];

#[test]
fn every_module_says_what_it_is_for() {
    let sources = sources();
    let silent = sources
        .iter()
        .filter(|file| file.path.contains("/src/") || file.path.ends_with("main.rs"))
        .filter(|file| !file.text.starts_with("//! "));
    let silent: Vec<String> = silent.map(|file| file.path.clone()).collect();
    assert_none("does not start with //! docs", &silent);
}

#[test]
fn no_file_is_too_long() {
    let sources = sources();
    let long = sources.iter().filter_map(|file| {
        let lines = file.text.lines().count();
        let excused = LONG.iter().any(|(path, _)| *path == file.path);
        (lines > LINES_MAX && !excused).then(|| format!("{}: {lines} lines", file.path))
    });
    assert_none("split it", &long.collect::<Vec<_>>());
}

/// Pairs of halves, so that this file does not hold the words itself.
fn joined(halves: &[(&str, &str)]) -> Vec<String> {
    halves.iter().map(|(a, b)| format!("{a}{b}")).collect()
}

fn lines_with(files: &[File], words: &[String]) -> Vec<String> {
    let lines = files.iter().flat_map(|file| {
        let lines = file.text.lines().enumerate();
        lines.map(move |(index, line)| (file, index + 1, line))
    });
    lines
        .filter(|(_, _, line)| words.iter().any(|word| line.contains(word.as_str())))
        .map(|(file, line, text)| file.at(line, text))
        .collect()
}

#[test]
fn nothing_is_left_undone() {
    let words = joined(&[
        ("to", "do!("),
        ("unimple", "mented!("),
        ("db", "g!("),
        ("FIX", "ME"),
        ("TO", "DO:"),
        ("XX", "X:"),
    ]);
    assert_none("unfinished", &lines_with(&sources(), &words));
}

/// A test that is skipped proves nothing. The one exception is half of another test: a process that the
/// other half starts, and says so.
#[test]
fn no_test_is_skipped() {
    let mut skipped = lines_with(&sources(), &joined(&[("#[ig", "nore")]));
    skipped.retain(|place| !place.contains("= \"started by "));
    assert_none("a skipped test", &skipped);
}

/// The repository works wherever it is cloned and names no place that it was written at.
#[test]
fn no_machine_and_no_registry_is_named() {
    let words = joined(&[
        ("/wo", "rk/"),
        ("/ro", "ot/"),
        ("crates", ".io"),
        ("static.crates", ".io"),
        ("registry.npm", "js"),
        ("pypi", ".org"),
        ("proxy.go", "lang"),
    ]);
    let mut files = all();
    // Cargo writes the index's name into the lock file.
    files.retain(|file| file.path != "Cargo.lock");
    assert_none("names a machine or a registry", &lines_with(&files, &words));
}

#[test]
fn servers_listen_on_this_machine_only() {
    let words = joined(&[("0.0", ".0.0:"), ("[:", ":]:")]);
    let mut sources = sources();
    sources.retain(File::is_product);
    assert_none("listens to everybody", &lines_with(&sources, &words));
}
