//! Properties over generated queries and records.

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::json;

use super::run;
use crate::soql::QueryScope;
use crate::world::World;
use crate::world::tests::Bench;

static EMPTY: LazyLock<World> = LazyLock::new(crate::world::tests::world);

/// Words and marks a query is made of, in any order.
fn fragment() -> impl Strategy<Value = String> {
    let words = [
        "SELECT",
        "FROM",
        "WHERE",
        "Contact",
        "Id",
        "Name",
        "Account",
        ".",
        ",",
        "(",
        ")",
        "=",
        "!=",
        "'x'",
        "'",
        "\\",
        "NOT",
        "IN",
        "AND",
        "OR",
        "LIKE",
        "'%_'",
        "1",
        "-",
        "2026-01-01",
        "2026-01-01T00:00:00Z",
        "TODAY",
        ":",
        "ORDER",
        "BY",
        "LIMIT",
        "OFFSET",
        "COUNT()",
        "MAX(",
        "FIELDS(ALL)",
        "null",
        "true",
        "SystemModstamp",
        "é",
        "\n",
        "\u{0}",
    ];
    let soup = prop::collection::vec(prop::sample::select(words.to_vec()), 0..25)
        .prop_map(|words| words.join(" "));
    let start = prop::collection::vec(prop::sample::select(words.to_vec()), 0..15)
        .prop_map(|words| format!("SELECT Id FROM Contact WHERE {}", words.join(" ")));
    prop_oneof![soup, start, "\\PC{0,60}"]
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(soql in fragment()) {
        let actor = crate::world::Actor::user(EMPTY.admin_id());
        let _ = EMPTY.query(&actor, &soql, QueryScope::Live);
    }

    /// The stamp index must give what a look at every row gives.
    #[test]
    fn an_index_never_changes_the_answer(
        stamps in prop::collection::vec(0_i64..6, 1..30),
        after in 0_i64..6,
        position in 0_usize..30,
        limit in 1_usize..12,
    ) {
        let mut bench = Bench::new();
        let mut wanted = Vec::new();
        for (number, stamp) in stamps.iter().enumerate() {
            bench.world.set_now(format!("2026-05-13T10:30:0{stamp}Z").parse().unwrap());
            let id = bench.create("Contact", json!({"LastName": format!("N{number}")}));
            wanted.push((*stamp, id));
        }
        let pivot = wanted[position % wanted.len()].1;
        wanted.retain(|(stamp, id)| *stamp > after || (*stamp == after && *id > pivot));
        wanted.sort();
        let soql = format!(
            "SELECT Id FROM Contact WHERE (SystemModstamp = 2026-05-13T10:30:0{after}Z AND Id > '{pivot}') OR \
             SystemModstamp > 2026-05-13T10:30:0{after}Z ORDER BY SystemModstamp, Id LIMIT {limit}"
        );
        let rows = run(&bench, &soql, QueryScope::Live).unwrap();
        let got: Vec<&str> = rows.iter().filter_map(|row| row["Id"].as_str()).collect();
        let wanted: Vec<String> = wanted.iter().take(limit).map(|(_, id)| id.to_string()).collect();
        prop_assert_eq!(got, wanted);
    }
}
