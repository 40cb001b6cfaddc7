//! WHERE, ORDER BY, LIMIT and OFFSET: text tables of many small cases.

use super::{bench, run};
use crate::soql::QueryScope;
use crate::world::SfId;

/// The values of the first selected column of a contact query with this tail, joined.
#[track_caller]
fn contacts(tail: &str, wanted: &str) {
    let rows = run(
        &bench(),
        &format!("SELECT FirstName FROM Contact {tail}"),
        QueryScope::Live,
    );
    let rows = rows.unwrap_or_else(|error| panic!("{tail}: {error}"));
    let names: Vec<&str> = rows
        .iter()
        .filter_map(|row| row["FirstName"].as_str())
        .collect();
    assert_eq!(names.join(" "), wanted, "{tail}");
}

#[track_caller]
fn deals(tail: &str, wanted: &str) {
    let rows = run(
        &bench(),
        &format!("SELECT Name FROM Opportunity {tail}"),
        QueryScope::Live,
    );
    let rows = rows.unwrap_or_else(|error| panic!("{tail}: {error}"));
    let names: Vec<&str> = rows.iter().filter_map(|row| row["Name"].as_str()).collect();
    assert_eq!(names.join(" "), wanted, "{tail}");
}

#[test]
fn comparisons_of_text_ignore_case() {
    contacts("", "Ada Bo Cy");
    contacts("WHERE LastName = 'ORME'", "Ada Bo");
    contacts("WHERE LastName != 'orme'", "Cy");
    contacts("WHERE LastName <> 'orme'", "Cy");
    contacts("WHERE LastName > 'ORME'", "Cy");
    contacts("WHERE LastName >= 'orme'", "Ada Bo Cy");
    contacts("WHERE LastName IN ('zahn', 'Nobody')", "Cy");
    contacts("WHERE LastName NOT IN ('zahn')", "Ada Bo");
    contacts("where lastname = 'zahn'", "Cy");
    contacts("WHERE ExtId__c = 'z-1'", "Cy");
    contacts("WHERE ExtId__c IN ('Z-1','z-1')", "Cy");
}

#[test]
fn like_has_two_wildcards_and_an_escape() {
    contacts("WHERE Title LIKE 'c%'", "Ada");
    contacts("WHERE Title LIKE '%O%'", "Ada");
    contacts("WHERE Title LIKE '__ok'", "Ada");
    contacts("WHERE Title LIKE 'Coo'", "");
    contacts("WHERE Title LIKE '50\\% b%'", "Bo");
    contacts("WHERE Title LIKE '5_\\%%'", "Bo");
    contacts("WHERE Title LIKE '%'", "Ada Bo");
    contacts("WHERE (NOT Title LIKE 'c%')", "Bo Cy");
    contacts("WHERE Title = '50\\% baker'", "Bo");
}

#[test]
fn null_is_a_value_for_equality_only() {
    contacts("WHERE Title = null", "Cy");
    contacts("WHERE Title != NULL", "Ada Bo");
    contacts("WHERE Title = ''", "Cy");
    contacts("WHERE Title != 'Cook'", "Bo Cy");
    contacts("WHERE Title > 'a'", "Ada");
    contacts("WHERE Account.Name = null", "Cy");
    contacts("WHERE Account.Industry = null", "Bo Cy");
    contacts("WHERE AccountId = null", "Cy");
    contacts("WHERE DoNotCall = null", "Ada Cy");
    contacts("WHERE DoNotCall = true", "Bo");
    contacts("WHERE Title IN (null, 'cook')", "Ada Cy");
    deals("WHERE Amount > null", "");
}

#[test]
fn conditions_combine_with_parentheses() {
    contacts("WHERE LastName = 'orme' AND Title = 'cook'", "Ada");
    contacts("WHERE Title = 'cook' OR Title = null", "Ada Cy");
    contacts(
        "WHERE LastName = 'orme' AND (Title = 'cook' OR DoNotCall = TRUE) AND FirstName != 'Ada'",
        "Bo",
    );
    contacts("WHERE NOT LastName = 'orme'", "Cy");
    contacts("WHERE NOT (LastName = 'orme' AND Title = 'cook')", "Bo Cy");
    contacts("WHERE ((FirstName = 'Ada'))", "Ada");
    contacts(
        "WHERE Account.Owner.LastName = 'admin' AND Account.Name LIKE 'Q%'",
        "Bo",
    );
}

#[test]
fn several_picklist_values() {
    contacts("WHERE Topics__c INCLUDES ('it')", "Ada");
    contacts("WHERE Topics__c INCLUDES ('HR', 'Sales;IT')", "Ada Cy");
    contacts("WHERE Topics__c INCLUDES ('Sales;HR')", "");
    contacts("WHERE Topics__c EXCLUDES ('it')", "Bo Cy");
    contacts("WHERE Topics__c = 'Sales;IT'", "Ada");
}

#[test]
fn numbers_and_dates() {
    deals("WHERE Amount = 100.00", "Oven");
    deals("WHERE Amount < 1e2", "Mill");
    deals("WHERE Amount > -5 AND Amount <= 7.5", "Mill");
    deals("WHERE Amount IN (7.50, 8)", "Mill");
    deals("WHERE CloseDate >= 2026-05-13", "Oven Van");
    deals("WHERE CloseDate = TODAY", "Oven");
    deals("WHERE CloseDate = today", "Oven");
    deals("WHERE CloseDate > TODAY", "Van");
    deals("WHERE CloseDate = NEXT_N_DAYS:40", "Van");
    deals("WHERE CloseDate < THIS_YEAR", "Mill");
    deals("WHERE CloseDate != THIS_YEAR", "Mill");
    deals("WHERE CloseDate >= LAST_N_DAYS:1", "Oven Van");
    contacts("WHERE CreatedDate = TODAY", "Ada Bo Cy");
    contacts("WHERE CreatedDate > 2026-05-13T10:32:00Z", "Cy");
    contacts(
        "WHERE CreatedDate >= 2026-05-13T12:32:00.000+02:00",
        "Bo Cy",
    );
    contacts("WHERE CreatedDate = LAST_WEEK", "");
    contacts("WHERE LastModifiedDate > 2026-05-13T10:31:00Z", "Bo Cy");
    contacts("WHERE LastModifiedDate <= 2026-05-13T10:31:00Z", "Ada");
    contacts(
        "WHERE LastModifiedDate < 2026-05-13T10:32:00Z OR LastModifiedDate > 2026-05-13T10:32:00Z",
        "Ada Cy",
    );
    contacts("WHERE Birthdate = 1980-02-29", "Ada");
}

#[test]
fn order_limit_and_offset() {
    contacts("ORDER BY FirstName DESC", "Cy Bo Ada");
    contacts("ORDER BY LastName, FirstName DESC", "Bo Ada Cy");
    contacts("ORDER BY Title", "Cy Bo Ada");
    contacts("ORDER BY Title NULLS LAST", "Bo Ada Cy");
    contacts("ORDER BY Title DESC", "Cy Ada Bo");
    contacts("ORDER BY Title DESC NULLS LAST", "Ada Bo Cy");
    contacts("ORDER BY Account.Name ASC NULLS LAST LIMIT 2", "Ada Bo");
    contacts("LIMIT 2", "Ada Bo");
    contacts("LIMIT 2 OFFSET 1", "Bo Cy");
    contacts("LIMIT 0", "");
    contacts("ORDER BY SystemModstamp DESC LIMIT 1", "Cy");
    contacts("ORDER BY SystemModstamp DESC, Id DESC", "Cy Bo Ada");
    contacts("ORDER BY SystemModstamp DESC, Id", "Cy Bo Ada");
    contacts("ORDER BY Id DESC", "Cy Bo Ada");
    contacts("ORDER BY Salutation", "Bo Ada Cy");
    contacts("ORDER BY Salutation DESC NULLS LAST", "Cy Ada Bo");
    contacts("ORDER BY IsDeleted, FirstName FOR VIEW", "Ada Bo Cy");
}

#[test]
fn keyset_pages() {
    let bench = bench();
    let ada = run(
        &bench,
        "SELECT Id FROM Contact WHERE FirstName = 'Ada'",
        QueryScope::Live,
    )
    .unwrap()[0]["Id"]
        .clone();
    let tail = format!(
        "WHERE (SystemModstamp = 2026-05-13T10:31:00.000Z AND Id > {0}) OR SystemModstamp > 2026-05-13T10:31:00Z \
         ORDER BY SystemModstamp, Id LIMIT 5",
        ada.to_string().replace('"', "'")
    );
    contacts(&tail, "Bo Cy");
    contacts(
        "WHERE SystemModstamp >= 2026-05-13T10:31:00Z AND SystemModstamp < 2026-05-13T10:33:00Z",
        "Ada Bo",
    );
    contacts("WHERE SystemModstamp = 2026-05-13T10:32:00Z", "Bo");
    contacts(
        "WHERE SystemModstamp > 2026-05-13T10:32:00Z AND SystemModstamp < 2026-05-13T10:32:00Z",
        "",
    );
    contacts("WHERE SystemModstamp != 2026-05-13T10:32:00Z", "Ada Cy");
    contacts(
        "WHERE SystemModstamp = TODAY AND SystemModstamp <= 2026-05-13T10:31:59Z",
        "Ada",
    );
}

#[test]
fn ids_match_in_both_spellings() {
    let bench = bench();
    let id: SfId = bench.world.ids(&bench.admin, "Contact")[1];
    contacts(&format!("WHERE Id = '{id}'"), "Bo");
    contacts(&format!("WHERE Id = '{}'", id.short()), "Bo");
    contacts(
        &format!("WHERE Id IN ('{}', '003Td0000000099')", id.short()),
        "Bo",
    );
    contacts(&format!("WHERE Id > '{id}'"), "Cy");
    contacts(&format!("WHERE Id <= '{id}' ORDER BY Id"), "Ada Bo");
    contacts(&format!("WHERE Id NOT IN ('{id}')"), "Ada Cy");
    contacts(&format!("WHERE Id = '{id}' AND Title = 'Cook'"), "");
}
