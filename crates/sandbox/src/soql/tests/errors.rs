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

/// The last line of the message, for errors whose caret block is tested elsewhere.
#[track_caller]
fn sentence(tail: &str, error_code: &str, wanted: &str) {
    let error = run(
        &bench(),
        &format!("SELECT Id FROM Opportunity {tail}"),
        QueryScope::Live,
    )
    .expect_err(tail);
    let last = error.message.lines().last().unwrap_or_default();
    assert_eq!((error.error_code, last), (error_code, wanted), "{tail}");
}

#[test]
fn values_must_fit_their_fields() {
    let wrong = |field: &str, rest: &str| {
        format!("value of filter criterion for field '{field}' must be of type {rest}")
    };
    let bare = "and should not be enclosed in quotes";
    let quoted = "and should be enclosed in quotes";
    sentence(
        "WHERE Amount = '5'",
        "INVALID_FIELD",
        &wrong("Amount", &format!("currency {bare}")),
    );
    sentence(
        "WHERE Name = 5",
        "INVALID_FIELD",
        &wrong("Name", &format!("string {quoted}")),
    );
    sentence(
        "WHERE CloseDate = '2026-01-01'",
        "INVALID_FIELD",
        &wrong("CloseDate", &format!("date {bare}")),
    );
    sentence(
        "WHERE CreatedDate > 2026-01-01",
        "INVALID_FIELD",
        &wrong("CreatedDate", &format!("dateTime {bare}")),
    );
    sentence(
        "WHERE IsWon = 'true'",
        "INVALID_FIELD",
        &wrong("IsWon", &format!("boolean {bare}")),
    );
    sentence(
        "WHERE Name = TODAY",
        "INVALID_FIELD",
        &wrong("Name", &format!("string {quoted}")),
    );
}

#[test]
fn operators_must_fit_their_fields() {
    sentence(
        "WHERE Id = 'abc'",
        "INVALID_QUERY_FILTER_OPERATOR",
        "invalid ID field: abc",
    );
    sentence(
        "WHERE IsWon > true",
        "INVALID_QUERY_FILTER_OPERATOR",
        "invalid operator",
    );
    sentence(
        "WHERE Amount LIKE '5%'",
        "INVALID_QUERY_FILTER_OPERATOR",
        "invalid operator",
    );
    sentence(
        "WHERE Id LIKE '006%'",
        "INVALID_QUERY_FILTER_OPERATOR",
        "invalid operator",
    );
    sentence(
        "WHERE Name INCLUDES ('x')",
        "INVALID_QUERY_FILTER_OPERATOR",
        "invalid operator",
    );
    sentence(
        "WHERE Description = 'x'",
        "INVALID_FIELD",
        "field 'Description' can not be filtered in a query call",
    );
    sentence(
        "ORDER BY Description",
        "MALFORMED_QUERY",
        "field 'Description' can not be sorted in a query call",
    );
    sentence(
        "LIMIT 1 OFFSET 2001",
        "NUMBER_OUTSIDE_VALID_RANGE",
        "Maximum SOQL offset allowed is 2000",
    );
    sentence(
        "WHERE CloseDate = NEXT_N_YEARS:9999",
        "INVALID_FIELD",
        "the date literal lies beyond the end of time",
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
