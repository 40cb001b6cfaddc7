//! Queries that are refused, word for word.

use super::{bench, run};
use crate::soql::QueryScope;

#[track_caller]
fn refused(soql: &str, error_code: &str, message: &str) {
    let error = run(&bench(), soql, QueryScope::Live).expect_err(soql);
    assert_eq!(
        (error.error_code, error.message.as_str()),
        (error_code, message),
        "{soql}"
    );
}

const SEE: &str = "Please reference your WSDL or the describe call for the appropriate names.";

#[test]
fn names_that_do_not_exist_are_shown_with_a_caret() {
    refused(
        "SELECT Id FROM Kontakt",
        "INVALID_TYPE",
        &format!(
            "\nSELECT Id FROM Kontakt\n               ^\nERROR at Row:1:Column:16\nsObject type 'Kontakt' is not supported. \
             If you are attempting to use a custom object, be sure to append the '__c' after the entity name. {SEE}"
        ),
    );
    refused(
        "SELECT Id, Foo FROM Contact",
        "INVALID_FIELD",
        &format!(
            "\nSELECT Id, Foo FROM Contact\n           ^\nERROR at Row:1:Column:12\nNo such column 'Foo' on entity \
             'Contact'. If you are attempting to use a custom field, be sure to append the '__c' after the custom \
             field name. {SEE}"
        ),
    );
    refused(
        "SELECT Id FROM Contact\nWHERE Account.Foo = 1",
        "INVALID_FIELD",
        &format!(
            "\nWHERE Account.Foo = 1\n              ^\nERROR at Row:2:Column:15\nNo such column 'Foo' on entity \
             'Account'. If you are attempting to use a custom field, be sure to append the '__c' after the custom \
             field name. {SEE}"
        ),
    );
    refused(
        "SELECT Boss.Name FROM Contact",
        "INVALID_FIELD",
        &format!(
            "\nSELECT Boss.Name FROM Contact\n       ^\nERROR at Row:1:Column:8\nDidn't understand relationship 'Boss' in \
             field path. If you are attempting to use a custom relationship, be sure to append the '__r' after the \
             custom relationship name. {SEE}"
        ),
    );
}

#[test]
fn what_cannot_be_parsed_names_the_token() {
    // The vendor points one column to the left of a token it does not expect.
    refused(
        "SELECT * FROM Contact",
        "MALFORMED_QUERY",
        "\nSELECT * FROM Contact\n      ^\nERROR at Row:1:Column:7\nunexpected token: '*'",
    );
    refused(
        "SELECT Id,\nName, From Contact",
        "MALFORMED_QUERY",
        "\nName, From Contact\n     ^\nERROR at Row:2:Column:6\nunexpected token: 'From'",
    );
}

#[test]
fn sizes_are_limited() {
    let deep = format!(
        "SELECT Id FROM Contact WHERE {}Title = null{}",
        "(".repeat(60),
        ")".repeat(60)
    );
    assert_eq!(
        run(&bench(), &deep, QueryScope::Live)
            .unwrap_err()
            .error_code,
        "QUERY_TOO_COMPLICATED"
    );
    let long = format!(
        "SELECT Id FROM Contact WHERE Title = '{}'",
        "x".repeat(4_001)
    );
    refused(
        &long,
        "MALFORMED_QUERY",
        "text literals cannot exceed 4000 characters",
    );
    refused(
        &" ".repeat(100_001),
        "MALFORMED_QUERY",
        "SOQL statements cannot be empty or null",
    );
    refused(
        &"x".repeat(100_001),
        "MALFORMED_QUERY",
        "SOQL statements cannot exceed 100000 characters",
    );
    let path = format!("SELECT {}Name FROM Account", "Parent.".repeat(6));
    let error = run(&bench(), &path, QueryScope::Live).unwrap_err();
    assert!(
        error
            .message
            .ends_with("a path may follow at most 5 relationships"),
        "{error}"
    );
}

#[test]
fn relationships_are_limited() {
    let bench = bench();
    let refusal = |soql: &str| run(&bench, soql, QueryScope::Live).map_err(|error| error.message);
    let users = ["CreatedBy", "LastModifiedBy", "Manager"];
    let mut paths = Vec::new();
    for parent in [
        "Owner",
        "CreatedBy",
        "LastModifiedBy",
        "Account.Owner",
        "ReportsTo.Owner",
    ] {
        for (first, second) in users.iter().flat_map(|a| users.iter().map(move |b| (a, b))) {
            paths.push(format!("{parent}.{first}.{second}.Name"));
        }
    }
    // 2 parents on the way, 5 below them, 15 and 45 users below those.
    let soql = |paths: &[String]| format!("SELECT {} FROM Contact", paths.join(", "));
    assert_eq!(
        refusal(&soql(&paths)).unwrap_err(),
        "a query may use at most 55 child-to-parent relationships"
    );
    assert!(refusal(&soql(&paths[..30])).is_ok());
    // Three generations of accounts, each with all its lists.
    let children = bench
        .world
        .schema()
        .child_relationships("Account")
        .into_iter();
    let lists: Vec<&str> = children
        .filter_map(|child| child.relationship_name)
        .collect();
    let generation = |below: &str| {
        let list = |name: &&str| match *name {
            "ChildAccounts" => format!("(SELECT Id{below} FROM ChildAccounts)"),
            name => format!("(SELECT Id FROM {name})"),
        };
        format!(
            ", {}",
            lists.iter().map(list).collect::<Vec<_>>().join(", ")
        )
    };
    let two = generation(&generation(""));
    assert!(lists.len() * 2 <= 20 && lists.len() * 3 > 20, "{lists:?}");
    assert_eq!(
        refusal(&format!("SELECT Id{two} FROM Account")).map(|rows| rows.len()),
        Ok(2)
    );
    let three = refusal(&format!("SELECT Id{} FROM Account", generation(&two)));
    assert_eq!(
        three.unwrap_err(),
        "a query may have at most 20 child subqueries"
    );
}
