//! No call of a CRM goes out unreserved.
//!
//! Every method of the `Connector` that asks the CRM is metered. Accounting for an answer takes a reservation, which only the
//! store gives; so where a function that asks also accounts, the call was reserved. This test reads the methods off the
//! contract, a new one included, and looks at every function that calls one.

use crate::assert_none;
use crate::files::{File, sources};

const CONTRACT: &str = "crates/core/src/connector.rs";
/// Where connectors are used by the product; elsewhere they are made, or tried.
const USERS: [&str; 2] = ["crates/engine/src/", "crates/server/src/"];
/// What takes a reservation along with an answer: the engine's way, that of a person who waits, and that of a
/// connection which is not the team's main one.
const ACCOUNTS: [&str; 3] = [".account(reservation,", ".counted(", ".paid("];

/// The methods of the contract that ask the CRM.
fn metered(contract: &str) -> Vec<String> {
    let methods = contract
        .split("pub trait Connector:")
        .nth(1)
        .unwrap_or_default()
        .split("async fn ")
        .skip(1);
    let name = |text: &str| text.split('(').next().unwrap_or_default().to_owned();
    methods.map(name).collect()
}

/// The functions of a source, each with its first line's number and its text without white space.
fn functions(file: &File) -> Vec<(usize, String)> {
    let mut functions: Vec<(usize, String)> = Vec::new();
    for (line, text) in file.code() {
        let words: Vec<&str> = text.split_whitespace().collect();
        if words.iter().take(4).any(|word| *word == "fn") {
            functions.push((line, String::new()));
        }
        if let Some((_, body)) = functions.last_mut() {
            body.extend(words);
        }
    }
    functions
}

/// How often a function asks the CRM by one of the methods.
fn asks(body: &str, methods: &[String]) -> usize {
    let calls = methods.iter().map(|method| format!("connector.{method}("));
    calls.map(|call| body.matches(&call).count()).sum()
}

fn accounts(body: &str) -> usize {
    let ways = ACCOUNTS.iter();
    ways.map(|way| body.matches(way).count()).sum()
}

#[test]
fn whoever_asks_the_crm_accounts_for_a_reservation() {
    let sources = sources();
    let contract = sources.iter().find(|file| file.path == CONTRACT);
    let methods = metered(&contract.expect("the contract").text);
    let users = sources
        .iter()
        .filter(|file| file.is_product() && USERS.iter().any(|room| file.path.starts_with(room)));
    let (mut asked, mut wrong) = (String::new(), Vec::new());
    for file in users {
        for (line, body) in functions(file) {
            if asks(&body, &methods) > accounts(&body) {
                wrong.push(format!("{}:{line}", file.path));
            }
            asked += &body;
        }
    }
    assert_none("asks the CRM and accounts for no reservation", &wrong);
    let unknown = |method: &&String| !asked.contains(&format!("connector.{method}("));
    let unused: Vec<String> = methods.iter().filter(unknown).cloned().collect();
    assert_none(
        "a metered method that this test does not see in use",
        &unused,
    );
    assert!(
        methods.len() > 8,
        "the contract is read wrongly: {methods:?}"
    );
}

#[test]
fn a_call_that_nobody_reserved_is_found() {
    let methods = ["write".to_owned()];
    let check = |text: &str| {
        let file = File {
            path: "crates/engine/src/x.rs".into(),
            text: text.into(),
        };
        let found = functions(&file);
        let wrong = found
            .iter()
            .filter(|(_, body)| asks(body, &methods) > accounts(body));
        wrong.map(|(line, _)| *line).collect::<Vec<_>>()
    };
    let good = "fn a() {\n self.connector\n  .write(x);\n self\n  .account(reservation, y);\n}\n";
    assert_eq!(check(good), [0; 0]);
    let bad = format!("{good}pub(crate) async fn b() {{\n self.connector\n  .write(x);\n}}\n");
    assert_eq!(check(&bad), [7]);
}
