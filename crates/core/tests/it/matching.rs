//! Which workspace record a CRM record belongs to.

use crate::table::{check, expect};
use tandem_core::ids::RecordId;
use tandem_core::matching::{Match, choose, keys};
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
