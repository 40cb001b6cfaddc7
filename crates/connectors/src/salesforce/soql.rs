//! Writing queries: names are checked, values are quoted, the text has a limit.

use jiff::Timestamp;
use std::collections::BTreeSet;
use tandem_core::connector::Failure;
use tandem_core::error::ErrorClass;
use tandem_core::ids::{CrmId, CrmObject};
use url::form_urlencoded;

/// Longest query that the platform takes, in characters (SOQL limits).
pub(super) const SOQL_CHARS_MAX: usize = 100_000;
/// Most rows that one answer to a query holds; a hint, pages may be shorter (REST guide).
pub(super) const PAGE_ROWS_MAX: usize = 2_000;

/// What every record is read with, whatever is mapped.
pub(super) const SYSTEM_FIELDS: [&str; 5] = [
    "Id",
    "IsDeleted",
    "SystemModstamp",
    "LastModifiedDate",
    "LastModifiedById",
];

/// What tells, beside those, which record took another one's place (object reference: merges are known to
/// accounts, contacts and leads, conversions to leads). The platform always shows them to whoever may read
/// the object.
fn fate_fields(object: &str) -> &'static [&'static str] {
    match object {
        "Account" | "Contact" => &["MasterRecordId"],
        "Lead" => &["MasterRecordId", "IsConverted", "ConvertedContactId"],
        _ => &[],
    }
}

/// Checks that a name can stand in a query or an address: letters, digits, underscores.
pub(super) fn checked_name(name: &str) -> Result<&str, Failure> {
    let letter_first = name.starts_with(|c: char| c.is_ascii_alphabetic());
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if letter_first && plain && name.len() <= 100 {
        return Ok(name);
    }
    let shown: String = name.chars().take(100).collect();
    let message = format!("“{shown}” is not an API name of Salesforce");
    Err(Failure::new(ErrorClass::OurFault, message))
}

/// `SELECT <system fields and fields, each once> FROM <object>`.
pub(super) fn select(object: &CrmObject, fields: &[String]) -> Result<String, Failure> {
    let mut seen = BTreeSet::new();
    let mut list: Vec<&str> = Vec::with_capacity(SYSTEM_FIELDS.len() + fields.len());
    let all = SYSTEM_FIELDS
        .into_iter()
        .chain(fate_fields(object.as_str()).iter().copied())
        .chain(fields.iter().map(String::as_str));
    for field in all {
        if seen.insert(checked_name(field)?.to_ascii_lowercase()) {
            list.push(field);
        }
    }
    let object = checked_name(object.as_str())?;
    Ok(format!("SELECT {} FROM {object}", list.join(",")))
}

/// `Id IN ('…',…)`.
pub(super) fn id_in<'a>(ids: impl IntoIterator<Item = &'a CrmId>) -> String {
    let quoted: Vec<String> = ids.into_iter().map(|id| format!("'{id}'")).collect();
    format!("Id IN ({})", quoted.join(","))
}

/// A string literal.
pub(super) fn quoted(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('\'');
    for c in text.chars() {
        match c {
            '\'' | '\\' => literal.extend(['\\', c]),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            c if c.is_control() => literal.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => literal.push(c),
        }
    }
    literal.push('\'');
    literal
}

/// A dateTime literal in UTC, which holds no `+`.
pub(super) fn datetime(at: Timestamp) -> String {
    at.to_string()
}

/// The address of a query that includes deleted rows, relative to the versioned base.
pub(super) fn query_all(soql: &str) -> Result<String, Failure> {
    address("queryAll", soql)
}

/// The address of a query for an object that has no recycle bin, relative to the versioned base.
pub(super) fn query(soql: &str) -> Result<String, Failure> {
    address("query", soql)
}

fn address(resource: &str, soql: &str) -> Result<String, Failure> {
    let chars = soql.chars().count();
    if chars > SOQL_CHARS_MAX {
        let message = format!("the query is {chars} characters long, {SOQL_CHARS_MAX} are allowed");
        return Err(Failure::new(ErrorClass::OurFault, message));
    }
    let encoded: String = form_urlencoded::byte_serialize(soql.as_bytes()).collect();
    Ok(format!("{resource}?q={encoded}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_asked_once_whatever_its_case() {
        let fields = ["LastName", "lastname", "id", "Email"].map(String::from);
        let soql = select(&CrmObject::new("Lead"), &fields).expect("a query");
        assert_eq!(
            soql,
            "SELECT Id,IsDeleted,SystemModstamp,LastModifiedDate,LastModifiedById,MasterRecordId,IsConverted,ConvertedContactId,LastName,Email FROM Lead"
        );
    }

    #[test]
    fn names_that_could_break_out_are_refused() {
        for bad in [
            "",
            "1st",
            "Name FROM User",
            "Name,Id",
            "Name'",
            "Nämе",
            "A.B",
        ] {
            assert!(checked_name(bad).is_err(), "{bad}");
        }
        assert!(checked_name("ExtId__c").is_ok());
    }

    #[test]
    fn literals_are_escaped() {
        assert_eq!(quoted("O'Neil \\ a\nb\u{1}"), r"'O\'Neil \\ a\nb\u0001'");
    }

    #[test]
    fn a_query_has_a_limit() {
        assert!(query(&"x".repeat(SOQL_CHARS_MAX)).is_ok());
        assert!(query(&"x".repeat(SOQL_CHARS_MAX + 1)).is_err());
        assert_eq!(query("a b+'c'").as_deref(), Ok("query?q=a+b%2B%27c%27"));
    }
}
