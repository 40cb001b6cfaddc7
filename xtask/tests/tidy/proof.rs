//! The proof names tests and files; each must be there.

use crate::assert_none;
use crate::files::{File, root, sources};

/// What stands in backticks in the table of pains.
fn named(page: &str) -> Vec<String> {
    let table = page.split("<!-- begin pains -->").nth(1);
    let table = table.and_then(|rest| rest.split("<!-- end pains -->").next());
    let parts = table.expect("the table of pains").split('`');
    parts.skip(1).step_by(2).map(str::to_owned).collect()
}

/// `room::module::test` is a function of that name in a file whose path has the room and the modules.
fn exists(name: &str, sources: &[File]) -> bool {
    let mut parts: Vec<&str> = name.split("::").collect();
    let test = parts.pop().unwrap_or_default();
    let function = format!("fn {test}(");
    sources.iter().any(|file| {
        let stem = file.path.trim_end_matches(".rs");
        let mut folders = stem.split('/').chain(["tests", "it"]);
        parts
            .iter()
            .all(|part| folders.clone().any(|folder| folder == *part))
            && folders.any(|folder| Some(&folder) == parts.first())
            && file.text.contains(&function)
    })
}

#[test]
fn every_test_that_the_proof_names_exists() {
    let page = std::fs::read_to_string(root().join("docs/proof.md")).expect("the proof");
    let sources = sources();
    let missing = named(&page).into_iter().filter(|name| {
        let is_test = name.contains("::") && !exists(name, &sources);
        let is_file = name.contains('/') && !name.contains(' ') && !root().join(name).exists();
        is_test || is_file
    });
    assert_none(
        "the proof names what is not there",
        &missing.collect::<Vec<_>>(),
    );
}

#[test]
fn names_are_found_where_they_say() {
    let page = "<!-- begin pains -->| `a::b` and `c/d.txt` |<!-- end pains --> `e::f`";
    assert_eq!(named(page), ["a::b", "c/d.txt"]);
    let sources = sources();
    assert!(exists(
        "xtask::tidy::proof::names_are_found_where_they_say",
        &sources
    ));
    assert!(!exists(
        "core::proof::names_are_found_where_they_say",
        &sources
    ));
    assert!(!exists("xtask::tidy::proof::no_such_test", &sources));
}
