//! Which workspace record a CRM record belongs to.

use crate::fixture::{fields, lead, pair, rule, text};
use crate::table::{check, expect};
use tandem_core::ids::{CrmId, RecordId};
use tandem_core::mapping::Winner;
use tandem_core::matching::{self, Match, choose, keys};
use tandem_core::record::CrmRecord;
use tandem_core::value::{Fields, Value};
use tandem_core::workspace::Kind;

#[test]
fn match_keys() {
    let table = include_str!("../tables/keys.txt");
    check("keys.txt", table, |[kind, given, wanted]| {
        let kind = Kind::parse(kind).expect("a kind");
        let values: Fields =
            serde_json::from_str::<std::collections::BTreeMap<String, String>>(given)
                .expect("an object of texts")
                .into_iter()
                .map(|(name, text)| (name, Value::Text(text)))
                .collect();
        expect(&wanted.to_owned(), &keys(kind, &values).join(" then "))
    });
}

#[test]
fn the_choice_among_candidates() {
    let ids = |ids: &[i64]| ids.iter().copied().map(RecordId).collect::<Vec<_>>();
    let cases: [(&[&[i64]], Match); 8] = [
        (&[], Match::None),
        (&[&[]], Match::None),
        (&[&[], &[]], Match::None),
        (&[&[1]], Match::One(RecordId(1))),
        (&[&[1], &[2, 3]], Match::One(RecordId(1))),
        (&[&[], &[2]], Match::One(RecordId(2))),
        (&[&[1, 2], &[1]], Match::Several(ids(&[1, 2]))),
        (&[&[], &[2, 3]], Match::Several(ids(&[2, 3]))),
    ];
    for (candidates, wanted) in cases {
        let candidates: Vec<_> = candidates.iter().map(|found| ids(found)).collect();
        assert_eq!(choose(&candidates), wanted, "{candidates:?}");
    }
}

fn accounts() -> tandem_core::mapping::PairRules {
    let fields = ["name", "website"].map(|name| rule(name, Winner::Crm));
    tandem_core::mapping::PairRules {
        kind: Kind::Account,
        ..pair(fields.to_vec())
    }
}

fn account(id: &str, name: &str, site: &str) -> CrmRecord {
    CrmRecord {
        id: CrmId::new(id),
        ..lead(fields([("NAME", text(name)), ("WEBSITE", text(site))]))
    }
}

/// Account names and websites of the CRM, and which of them an account of ours is.
#[test]
fn what_is_asked_for_is_found_by_its_strongest_key() {
    let records = [
        account("001A", "Acme", "https://other.example"),
        account("001B", "Else", "https://www.acme.example/shop"),
        account("001C", "Twin", ""),
        account("001D", "twin", "http://twin.example"),
    ];
    for (name, site, wanted) in [
        ("Acme", "acme.example", vec!["001B"]),
        ("Acme", "nowhere.example", vec!["001A"]),
        ("Twin", "", vec!["001C", "001D"]),
        ("Twin", "twin.example", vec!["001D"]),
        ("Nobody", "none", vec![]),
    ] {
        let ours = fields([("NAME", text(name)), ("WEBSITE", text(site))]);
        let found = matching::found(&accounts(), &ours, &records);
        let ids: Vec<&str> = found.iter().map(|record| record.id.as_str()).collect();
        assert_eq!(ids, wanted, "{name} {site}");
    }
    let gone = CrmRecord {
        deleted: true,
        ..account("001A", "Acme", "")
    };
    let ours = fields([("NAME", text("Acme"))]);
    assert!(matching::found(&accounts(), &ours, &[gone]).is_empty());
}

#[test]
fn a_web_address_is_looked_for_as_people_write_it() {
    let ours = fields([
        ("NAME", text("Acme")),
        ("WEBSITE", text("https://www.Acme.example/shop")),
    ]);
    let lookups = matching::lookups(&accounts(), [&ours]);
    let of = |field: &str| {
        let lookup = lookups.iter().find(|one| one.field == field);
        lookup.map(|one| one.texts.clone()).unwrap_or_default()
    };
    assert_eq!(of("NAME"), ["acme".to_owned()].into());
    for spelt in [
        "acme.example",
        "https://www.acme.example/",
        "http://acme.example",
    ] {
        assert!(of("WEBSITE").contains(spelt), "{spelt}");
    }
    let nothing = fields([("NAME", text("")), ("WEBSITE", text("n/a"))]);
    assert_eq!(matching::lookups(&accounts(), [&nothing]), []);
}
