//! Relationships as addresses.

use http::Method;
use serde_json::{Value, json};

use crate::client::{BASE, Client};

/// An account with two contacts, and one contact without an account.
fn org() -> (Client, String, [String; 3]) {
    let client = Client::empty();
    let firm = client.create("Account", json!({ "Name": "Fenwick Optics" }));
    let of_firm = |name: &str| json!({ "LastName": name, "AccountId": firm });
    let people = [
        client.create("Contact", of_firm("Kinsella")),
        client.create("Contact", of_firm("Orme")),
        client.contact("Alone"),
    ];
    (client, firm, people)
}

#[test]
fn a_parent_is_a_record_with_all_its_methods() {
    let (client, firm, [kinsella, ..]) = org();
    let path = format!("/sobjects/Contact/{kinsella}/Account");
    let record = client.get(&format!("{path}?fields=Name")).expect(200);
    let url = format!("{BASE}/sobjects/Account/{firm}");
    assert_eq!(
        record.json(),
        json!({ "attributes": { "type": "Account", "url": url }, "Name": "Fenwick Optics" })
    );
    client
        .patch(&path, json!({ "Name": "Fenwick Lenses" }))
        .expect(204);
    assert_eq!(client.field("Account", &firm, "Name"), "Fenwick Lenses");
    client.delete(&path).expect(204);
    client.get(&format!("/sobjects/Account/{firm}")).expect(404);
}

#[test]
fn steps_to_parents_follow_one_another() {
    let (client, _, [kinsella, ..]) = org();
    let path = format!("/sobjects/Contact/{kinsella}/account/OWNER?fields=Username");
    let owner = client.get(&path).expect(200).json();
    assert_eq!(owner["attributes"]["type"], "User");
    assert_eq!(owner["Username"], "connector@haldenrobotics.example");
}

#[test]
fn children_come_as_a_query_does() {
    let (client, firm, [kinsella, orme, _]) = org();
    let path = format!("/sobjects/Account/{firm}/Contacts");
    let found = client
        .get(&format!("{path}?fields=Id,LastName"))
        .expect(200)
        .json();
    assert_eq!(
        (&found["totalSize"], &found["done"]),
        (&json!(2), &json!(true))
    );
    let ids = found["records"].as_array().expect("a list").iter();
    assert_eq!(
        ids.map(|row| row["Id"].clone()).collect::<Vec<_>>(),
        [kinsella, orme]
    );
    let all = client.get(&path).expect(200).json();
    assert!(
        all["records"][0].get("MailingAddress").is_some(),
        "without fields, all of them"
    );
    assert_eq!(
        client
            .get(&format!("{path}?fields=Nothing"))
            .expect(400)
            .code(),
        "INVALID_FIELD"
    );
    client
        .call(Method::POST, &path, Some(json!({})), &[])
        .expect(405);
}

#[test]
fn what_leads_nowhere_is_not_found() {
    let (client, firm, [kinsella, _, alone]) = org();
    for path in [
        format!("Contact/{alone}/Account"),
        format!("Contact/{kinsella}/Nothing"),
        format!("Account/{firm}/Contacts/Account"),
        format!("Account/{}/Contacts", "001Td0000000ABCAA1"),
        format!("Nothing/{firm}/Contacts"),
    ] {
        let got = client.get(&format!("/sobjects/{path}"));
        assert_eq!(got.status, 404, "{path}: {}", got.text);
    }
}

#[test]
fn an_external_id_that_looks_like_a_field_is_still_one() {
    let (client, ..) = org();
    client.create("Contact", json!({ "LastName": "K", "ExtId__c": "Account" }));
    let found: Value = client
        .get("/sobjects/Contact/ExtId__c/Account")
        .expect(200)
        .json();
    assert_eq!(found["LastName"], "K");
}
