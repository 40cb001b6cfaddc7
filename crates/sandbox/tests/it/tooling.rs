//! Metadata as records.

use serde_json::json;

use crate::client::{BASE, Client};

#[test]
fn a_query_says_more_of_its_page() {
    let client = Client::empty();
    let soql = "SELECT Username FROM User WHERE Username LIKE 'connector@%25'";
    let found = client
        .get(&format!("/tooling/query?q={soql}"))
        .expect(200)
        .json();
    let counts = (&found["size"], &found["totalSize"], &found["done"]);
    assert_eq!(counts, (&json!(1), &json!(1), &json!(true)));
    assert_eq!(
        (&found["queryLocator"], &found["entityTypeName"]),
        (&json!(null), &json!("User"))
    );
    let row = &found["records"][0];
    assert_eq!(row["Username"], "connector@haldenrobotics.example");
    let url = row["attributes"]["url"].as_str().expect("an address");
    assert!(
        url.starts_with(&format!("{BASE}/tooling/sobjects/User/")),
        "{url}"
    );
    assert!(
        client.query(soql).get("size").is_none(),
        "other queries do not"
    );
}

#[test]
fn only_metadata_is_there() {
    let client = Client::empty();
    let got = client
        .get("/tooling/query?q=SELECT Id FROM Account")
        .expect(400);
    assert_eq!(got.code(), "INVALID_TYPE");
    client.get("/tooling/sobjects/Account/describe").expect(404);
    client.get("/tooling/nothing").expect(404);
    let listed = client.get("/tooling/sobjects").expect(200).json();
    let names = listed["sobjects"].as_array().expect("a list").iter();
    let names: Vec<_> = names
        .map(|entry| entry["name"].as_str().expect("a name"))
        .collect();
    assert!(
        names.contains(&"FieldDefinition") && !names.contains(&"Account"),
        "{names:?}"
    );
    let resources = client.get("/tooling").expect(200).json();
    assert_eq!(resources["query"], format!("{BASE}/tooling/query"));
}

#[test]
fn its_describes_have_their_own_addresses() {
    let client = Client::empty();
    let plain = client
        .get("/sobjects/EntityDefinition/describe")
        .expect(200)
        .json();
    let tooling = client
        .get("/tooling/sobjects/EntityDefinition/describe")
        .expect(200)
        .json();
    assert_eq!(
        plain["urls"]["sobject"],
        format!("{BASE}/sobjects/EntityDefinition")
    );
    assert_eq!(
        tooling["urls"]["sobject"],
        format!("{BASE}/tooling/sobjects/EntityDefinition")
    );
    assert_eq!(plain["fields"], tooling["fields"]);
}
