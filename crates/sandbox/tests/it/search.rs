//! SOSL and its form with parameters.

use serde_json::{Value, json};

use crate::client::{BASE, Client};

/// Two accounts, a contact of one of them, and a lead.
fn org() -> Client {
    let client = Client::empty();
    let firm = client.create(
        "Account",
        json!({ "Name": "Fenwick Optics", "Phone": "+44 20 555 01" }),
    );
    client.create(
        "Account",
        json!({ "Name": "Orme & Sons", "BillingCity": "Fenwick" }),
    );
    client.create(
        "Contact",
        json!({ "FirstName": "Ada", "LastName": "Kinsella", "Email": "ada@fenwick.example", "AccountId": firm }),
    );
    client.create(
        "Lead",
        json!({ "LastName": "Fenwick", "Company": "Lenses", "Title": "CTO" }),
    );
    client
}

fn find(client: &Client, sosl: &str) -> Vec<Value> {
    let q: String = url::form_urlencoded::byte_serialize(sosl.as_bytes()).collect();
    let found = client.get(&format!("/search?q={q}")).expect(200).json();
    found["searchRecords"].as_array().expect("a list").clone()
}

fn types(found: &[Value]) -> Vec<&str> {
    found
        .iter()
        .map(|row| row["attributes"]["type"].as_str().expect("a type"))
        .collect()
}

#[test]
fn a_word_is_found_in_every_object() {
    let client = org();
    let found = find(&client, "FIND {fenwick}");
    assert_eq!(types(&found), ["Account", "Account", "Contact", "Lead"]);
    let id = found[0]["Id"].as_str().expect("an id");
    let url = format!("{BASE}/sobjects/Account/{id}");
    assert_eq!(
        found[0],
        json!({ "attributes": { "type": "Account", "url": url }, "Id": id })
    );
}

#[test]
fn the_scope_narrows_the_fields() {
    let client = org();
    let types_of = |sosl: &str| types(&find(&client, sosl)).join(" ");
    assert_eq!(types_of("FIND {fenwick} IN NAME FIELDS"), "Account Lead");
    assert_eq!(types_of("FIND {fenwick} IN EMAIL FIELDS"), "Contact");
    assert_eq!(types_of("FIND {555} IN PHONE FIELDS"), "Account");
    assert_eq!(
        types_of("FIND {fenw*} IN NAME FIELDS RETURNING Lead, Account"),
        "Lead Account"
    );
}

#[test]
fn returning_has_the_clauses_of_a_query() {
    let client = org();
    let found = find(
        &client,
        "FIND {fenwick} RETURNING Account(Name, BillingCity WHERE Name LIKE 'O%'), \
         Contact(LastName, Account.Name ORDER BY LastName LIMIT 1)",
    );
    assert_eq!(types(&found), ["Account", "Contact"]);
    assert_eq!(
        (&found[0]["Name"], &found[0]["BillingCity"]),
        (&json!("Orme & Sons"), &json!("Fenwick"))
    );
    assert_eq!(found[1]["Account"]["Name"], "Fenwick Optics");
    let ordered = find(
        &client,
        "FIND {fenwick} RETURNING Account(Name ORDER BY Name DESC)",
    );
    assert_eq!(ordered[0]["Name"], "Orme & Sons");
    let second = find(
        &client,
        "FIND {fenwick} RETURNING Account(Name ORDER BY Name LIMIT 1 OFFSET 1)",
    );
    assert_eq!(second[0]["Name"], "Orme & Sons");
    assert_eq!(find(&client, "FIND {fenwick} LIMIT 3").len(), 3);
}

#[test]
fn refusals_have_their_codes() {
    let client = org();
    for (sosl, code) in [
        ("FIND fenwick", "MALFORMED_SEARCH"),
        ("", "MALFORMED_SEARCH"),
        ("FIND {x}", "MALFORMED_SEARCH"),
        ("FIND {fenwick} RETURNING Nothing", "INVALID_TYPE"),
        ("FIND {fenwick} RETURNING Account(Nothing)", "INVALID_FIELD"),
    ] {
        let q: String = url::form_urlencoded::byte_serialize(sosl.as_bytes()).collect();
        let got = client.get(&format!("/search?q={q}")).expect(400);
        assert_eq!(got.code(), code, "{sosl}");
    }
}

#[test]
fn old_versions_answer_a_bare_list() {
    let client = org();
    let path = "/services/data/v36.0/search?q=FIND%20%7Bkinsella%7D";
    let found = client.get(path).expect(200).json();
    assert_eq!(found[0]["attributes"]["type"], "Contact");
}

#[test]
fn a_search_can_be_given_in_parameters() {
    let client = org();
    let path = "/parameterizedSearch?q=fenwick&sobject=Account&sobject=Lead&Account.fields=Name&Account.limit=1";
    let found = client.get(path).expect(200).json();
    let found = found["searchRecords"].as_array().expect("a list");
    assert_eq!(types(found), ["Account", "Lead"]);
    assert_eq!(found[0]["Name"], "Fenwick Optics");
    let body = json!({
        "q": "fenwick",
        "in": "NAME",
        "fields": ["LastName"],
        "sobjects": [{ "name": "Lead", "where": "Title = 'CTO'" }, { "name": "Account", "fields": ["Name"] }],
        "overallLimit": 1,
    });
    let found = client.post("/parameterizedSearch", body).expect(200).json();
    assert_eq!(found["searchRecords"][0]["LastName"], "Fenwick");
    assert_eq!(found["searchRecords"][1], Value::Null);
    client.get("/parameterizedSearch").expect(400);
    client
        .get("/parameterizedSearch?q=fenwick&in=ALSO")
        .expect(400);
}
