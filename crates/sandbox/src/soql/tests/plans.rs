//! Which index a query uses: what has to be fast must not look at every row.

use super::bench;
use crate::soql::QueryScope;
use crate::soql::plan::Access;
use crate::soql::run::{Search, bind};

/// The access path of a contact query with this tail, by name; ranges with where they start.
#[track_caller]
fn check(tail: &str, wanted: &str) {
    let bench = bench();
    let text = format!("SELECT Id FROM Contact {tail}");
    let world = &bench.world;
    let query = bind(world, &bench.admin, &text, QueryScope::Live).unwrap();
    let def = world.schema().at(query.object);
    let shown = match Search::of(world, &query, None).access(query.order()) {
        Access::Ids(ids) => format!("{} ids", ids.len()),
        Access::Values(field, keys) => format!("{} of {}", keys.len(), def.at(field).name),
        Access::Stamps(low, _) => format!("stamps from {} {}", low.0, low.1.short()),
        Access::IdRange(low, high) => format!("ids from {} to {}", low.short(), high.short()),
    };
    assert_eq!(shown, wanted, "{tail}");
}

const ZERO: &str = "000000000000000";
const LAST: &str = "zzzzzzzzzzzzzzz";

#[test]
fn keyset_pages_start_where_the_last_page_ended() {
    check(
        "WHERE (SystemModstamp = 2026-05-13T10:31:00Z AND Id > '003Td0000000002') OR SystemModstamp > \
         2026-05-13T10:31:00Z ORDER BY SystemModstamp, Id LIMIT 5",
        "stamps from 2026-05-13T10:31:00Z 003Td0000000002",
    );
    check(
        "WHERE SystemModstamp >= 2026-05-13T10:31:00Z AND OwnerId = '005Td0000000001' ORDER BY SystemModstamp",
        &format!("stamps from 2026-05-13T10:31:00Z {ZERO}"),
    );
    check(
        "WHERE LastModifiedDate > 2026-05-13T10:31:00Z",
        &format!("stamps from 2026-05-13T10:31:01Z {ZERO}"),
    );
    check(
        "WHERE SystemModstamp = TODAY",
        &format!("stamps from 2026-05-13T00:00:00Z {ZERO}"),
    );
    check(
        "WHERE Id > '003Td0000000002' ORDER BY Id LIMIT 5",
        &format!("ids from 003Td0000000002 to {LAST}"),
    );
}

#[test]
fn ids_and_keys_lead_straight_to_their_rows() {
    check("WHERE Id = '003Td0000000001'", "1 ids");
    check(
        "WHERE Id IN ('003Td0000000001', '003Td0000000002') AND Title = 'x'",
        "2 ids",
    );
    check("WHERE ExtId__c IN ('A', 'B', 'b')", "2 of ExtId__c");
    check(
        "WHERE Email = 'x' AND AccountId = '001Td0000000001' AND ExtId__c = 'A'",
        "1 of ExtId__c",
    );
    check("WHERE AccountId = '001Td0000000001'", "1 of AccountId");
    check(
        "WHERE ExtId__c = 'A' ORDER BY SystemModstamp",
        "1 of ExtId__c",
    );
    check(
        "WHERE SystemModstamp > 2026-05-14T00:00:00Z AND SystemModstamp < 2026-05-13T00:00:00Z",
        "0 ids",
    );
}

#[test]
fn an_equality_with_a_parent_starts_at_the_parent() {
    check("WHERE Account.ExtId__c = 'A'", "0 of AccountId");
    check("WHERE Account.Id = '001Td0000000001'", "1 of AccountId");
    check(
        "WHERE AccountId IN (SELECT AccountId FROM Opportunity)",
        "1 of AccountId",
    );
}

#[test]
fn what_no_index_knows_looks_at_every_row() {
    let every = format!("ids from {ZERO} to {LAST}");
    check("", &every);
    check("WHERE Title = 'x'", &every);
    check("WHERE NOT Id = '003Td0000000001'", &every);
    check("WHERE Id = '003Td0000000001' OR Title = 'x'", &every);
    check("WHERE ExtId__c = null", &every);
}
