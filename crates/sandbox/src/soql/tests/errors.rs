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
    let unexpected = |token: &str| format!("unexpected token: '{token}'");
    let cases = [
        ("SELECT Id FORM Contact", unexpected("FORM")),
        ("SELECT FROM Contact", unexpected("Contact")),
        ("SELECT Id FROM Contact WHERE", unexpected("<EOF>")),
        (
            "SELECT Id FROM Contact WHERE Title IS NULL",
            unexpected("IS"),
        ),
        (
            "SELECT Id FROM Contact WHERE Title = \"x\"",
            unexpected("\"x\""),
        ),
        (
            "SELECT Id FROM Contact WHERE Title = 'x",
            unexpected("<EOF>"),
        ),
        (
            "SELECT Id FROM Contact WHERE a = 1 AND b = 2 OR c = 3",
            unexpected("OR"),
        ),
        (
            "SELECT Id FROM Contact WHERE (Title = 'x'",
            unexpected("<EOF>"),
        ),
        ("SELECT Id FROM Contact WHERE Title IN ()", unexpected(")")),
        ("SELECT Id FROM Contact LIMIT x", unexpected("x")),
        ("SELECT Id FROM Contact LIMIT 1.5", unexpected("1.5")),
        (
            "SELECT Id FROM Contact WHERE CreatedDate > 2026-13-01",
            unexpected("2026-13-01"),
        ),
        (
            "SELECT Id FROM Contact WHERE CreatedDate = LAST_N_DAYS",
            unexpected("LAST_N_DAYS"),
        ),
        (
            "SELECT Id FROM Contact WHERE Title = 'x' %",
            unexpected("%"),
        ),
        ("SELECT Id FROM Contact ALL ROWS", unexpected("ALL")),
        ("SELECT FIELDS(SOME) FROM Contact", unexpected("SOME")),
        ("", "SOQL statements cannot be empty or null".to_owned()),
        (
            "SELECT Id, id FROM Contact",
            "duplicate field selected: id".to_owned(),
        ),
        (
            "SELECT Name, COUNT(Id) FROM Contact",
            "Field must be grouped or aggregated: Name".to_owned(),
        ),
        (
            "SELECT FIELDS(ALL) FROM Contact",
            "The SOQL FIELDS function must have a LIMIT of at most 200".to_owned(),
        ),
        (
            "SELECT COUNT(Id) FROM Contact LIMIT 5",
            "Non-grouped query that uses overall aggregate functions cannot also use LIMIT"
                .to_owned(),
        ),
        (
            "SELECT FIELDS(CUSTOM) FROM Opportunity LIMIT 1",
            "'FIELDS(...)' expansion function must result in at least one field being selected."
                .to_owned(),
        ),
    ];
    for (soql, message) in cases {
        refused(soql, "MALFORMED_QUERY", &message);
    }
}

#[test]
fn what_is_not_supported_yet_is_named() {
    let cases = [
        (
            "SELECT Id FROM Contact GROUP BY Id",
            "GROUP is not supported by this emulator yet".to_owned(),
        ),
        (
            "SELECT Id, (SELECT Id FROM Contacts) FROM Account",
            "a child subquery is not supported by this emulator yet".to_owned(),
        ),
        (
            "SELECT Id FROM Contact WHERE AccountId IN (SELECT Id FROM Account)",
            "a semi-join is not supported by this emulator yet".to_owned(),
        ),
        (
            "SELECT toLabel(Title) FROM Contact",
            "the function TOLABEL is not supported by this emulator yet".to_owned(),
        ),
    ];
    for (soql, message) in cases {
        refused(soql, "MALFORMED_QUERY", &message);
    }
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
