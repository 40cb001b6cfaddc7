//! Every class of failure has a page in `docs/errors`, and every page a class.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use tandem_core::error::{Directive, ErrorClass};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors")
}

fn page(class: ErrorClass) -> String {
    let path = folder().join(format!("{}.md", class.code()));
    std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

#[test]
fn no_page_is_missing_and_none_is_left_over() {
    let pages: BTreeSet<String> = std::fs::read_dir(folder())
        .expect("docs/errors")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    let mut wanted: BTreeSet<String> = ErrorClass::ALL
        .iter()
        .map(|class| format!("{}.md", class.code()))
        .collect();
    wanted.insert("README.md".into());
    assert_eq!(pages, wanted);
}

#[test]
fn codes_are_unique() {
    let codes: BTreeSet<&str> = ErrorClass::ALL.iter().map(|class| class.code()).collect();
    assert_eq!(codes.len(), ErrorClass::ALL.len());
}

#[test]
fn a_page_says_what_the_table_says() {
    let index = std::fs::read_to_string(folder().join("README.md")).expect("the index");
    for class in ErrorClass::ALL {
        let page = page(*class);
        let code = class.code();
        assert!(
            page.starts_with(&format!("# {}\n", class.title())),
            "{code}: title"
        );
        for part in ["## What it means", "## What Tandem does", "## What to do"] {
            assert_eq!(page.matches(part).count(), 1, "{code}: {part}");
        }
        assert!(page.contains(&format!("`{code}`")), "{code}: its code");
        assert!(
            page.contains(does(class.directive())),
            "{code}: what Tandem does"
        );
        let lines = page.lines().count();
        assert!((10..=40).contains(&lines), "{code}: {lines} lines");
        assert!(
            index.contains(&format!("[{code}]({code}.md)")),
            "{code}: index"
        );
    }
}

/// The phrase that stands on the page of each class with this directive.
fn does(directive: Directive) -> &'static str {
    match directive {
        Directive::Retry => "**tries again**",
        Directive::Resolve => "**reads before it sends**",
        Directive::Reauthorise => "**renews the session**",
        Directive::PauseConnection => "**pauses the connection**",
        Directive::PauseBudget => "**pauses until calls are free**",
        Directive::ParkField => "**sets the field aside**",
        Directive::ParkRecord => "**sets the record aside**",
        Directive::Redescribe => "**reads the schema again**",
        Directive::CheckDeletion => "**looks for proof**",
        Directive::Adopt => "**adopts the record**",
    }
}
