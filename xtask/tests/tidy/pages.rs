//! Help pages name the CRM's codes that lead to them.

use crate::assert_none;
use crate::files::root;

/// The connector's table of codes: pairs of a code and the name of a class.
fn codes() -> Vec<(String, String)> {
    let path = root().join("crates/connectors/src/salesforce/errors.rs");
    let text = std::fs::read_to_string(path).expect("the table of codes");
    let start = text.find("const CODES").expect("the table");
    let end = start + text[start..].find("];").expect("its end");
    let words: Vec<&str> = text[start..end]
        .split(['(', ')', ',', '\n'])
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .collect();
    let pairs = words.windows(2).filter_map(|pair| {
        let code = pair[0].strip_prefix('"')?.strip_suffix('"')?;
        let class = pair[1].strip_prefix("C::")?;
        Some((code.to_owned(), class.to_owned()))
    });
    pairs.collect()
}

/// `RowLocked` → `row-locked`.
fn kebab(class: &str) -> String {
    let mut code = String::new();
    for letter in class.chars() {
        if letter.is_uppercase() && !code.is_empty() {
            code.push('-');
        }
        code.extend(letter.to_lowercase());
    }
    code
}

#[test]
fn a_code_stands_on_the_page_of_its_class() {
    let codes = codes();
    assert!(codes.len() > 30, "the table was not read");
    let missing: Vec<String> = codes
        .into_iter()
        .filter_map(|(code, class)| {
            let page = format!("docs/errors/{}.md", kebab(&class));
            let text = std::fs::read_to_string(root().join(&page)).unwrap_or_default();
            (!text.contains(&format!("`{code}`"))).then(|| format!("{page}: {code}"))
        })
        .collect();
    assert_none("a code without its page", &missing);
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut broken = Vec::new();
    for file in crate::files::all() {
        if !file.path.ends_with(".md") {
            continue;
        }
        let folder = root().join(&file.path);
        let folder = folder.parent().expect("a folder");
        for target in file.text.split("](").skip(1) {
            let target = target.split([')', '#']).next().unwrap_or_default();
            let elsewhere = target.contains("://") || target.is_empty();
            if !elsewhere && !folder.join(target).exists() {
                broken.push(format!("{}: {target}", file.path));
            }
        }
    }
    assert_none("a link to nothing", &broken);
}
