//! The records a user looked at last.

use http::Method;
use serde_json::json;

use crate::client::{BASE, Client};

const MRU: [(&str, &str); 1] = [("Sforce-Mru", "updateMru=true")];

#[test]
fn records_are_noted_when_asked_and_listed_latest_first() {
    let client = Client::empty();
    let (first, second) = (client.contact("Kinsella"), client.contact("Orme"));
    let firm = client.create("Account", json!({ "Name": "Fenwick" }));
    assert_eq!(client.get("/recent").expect(200).json(), json!([]));
    for id in [&first, &second, &first] {
        client
            .call(Method::GET, &format!("/sobjects/Contact/{id}"), None, &MRU)
            .expect(200);
    }
    let change = Some(json!({ "Phone": "1" }));
    client
        .call(
            Method::PATCH,
            &format!("/sobjects/Account/{firm}"),
            change,
            &MRU,
        )
        .expect(204);
    let recent = client.get("/recent").expect(200).json();
    let names: Vec<_> = recent
        .as_array()
        .expect("a list")
        .iter()
        .map(|item| &item["Name"])
        .collect();
    assert_eq!(names, ["Fenwick", "Kinsella", "Orme"]);
    let url = format!("{BASE}/sobjects/Account/{firm}");
    let item =
        json!({ "attributes": { "type": "Account", "url": url }, "Id": firm, "Name": "Fenwick" });
    assert_eq!(
        client.get("/recent?limit=1").expect(200).json(),
        json!([item])
    );
    let basic = client.get("/sobjects/account").expect(200).json();
    assert_eq!(basic["recentItems"], json!([item]));
}

#[test]
fn what_is_gone_is_not_listed() {
    let client = Client::empty();
    let id = client.contact("Kinsella");
    client
        .call(Method::GET, &format!("/sobjects/Contact/{id}"), None, &MRU)
        .expect(200);
    client
        .delete(&format!("/sobjects/Contact/{id}"))
        .expect(204);
    assert_eq!(client.get("/recent").expect(200).json(), json!([]));
    client.get("/recent?limit=x").expect(400);
}
