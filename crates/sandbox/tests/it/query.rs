//! Query envelopes, pages and locators. The language itself is tested beside its parser.

use http::Method;
use serde_json::{Value, json};
use tandem_sandbox::{faults::FaultAction, seed::SeedSize};

use crate::client::{BASE, Client};

fn leads(count: usize) -> Client {
    Client::with_records(SeedSize {
        leads: count,
        ..SeedSize::default()
    })
}

fn page(client: &Client, target: &str, headers: &[(&str, &str)]) -> Value {
    client
        .call(Method::GET, target, None, headers)
        .expect(200)
        .json()
}

fn rows(page: &Value) -> usize {
    page["records"].as_array().expect("records").len()
}

/// Follows the pages and gives their sizes and all ids.
fn read_all(client: &Client, soql: &str, headers: &[(&str, &str)]) -> (Vec<usize>, Vec<String>) {
    let (mut sizes, mut ids) = (Vec::new(), Vec::new());
    let mut next = Some(format!("/query?q={}", soql.replace(' ', "+")));
    while let Some(target) = next {
        let page = page(client, &target, headers);
        sizes.push(rows(&page));
        let records = page["records"].as_array().expect("records").iter();
        ids.extend(records.map(|row| row["Id"].as_str().expect("an id").to_owned()));
        assert_eq!(page["done"] == true, page.get("nextRecordsUrl").is_none());
        next = page["nextRecordsUrl"].as_str().map(str::to_owned);
    }
    (sizes, ids)
}

#[test]
fn envelopes_of_rows_and_counts() {
    let client = Client::empty();
    let id = client.contact("Kinsella");
    let found = client.query("SELECT Id, LastName FROM Contact");
    assert_eq!(
        found,
        json!({
            "totalSize": 1,
            "done": true,
            "records": [{
                "attributes": { "type": "Contact", "url": format!("{BASE}/sobjects/Contact/{id}") },
                "Id": id,
                "LastName": "Kinsella",
            }],
        })
    );
    assert_eq!(
        client.query("SELECT COUNT() FROM Contact"),
        json!({ "totalSize": 1, "done": true, "records": [] })
    );
}

#[test]
fn pages_have_two_thousand_rows_or_fewer_on_demand() {
    let client = leads(2_300);
    let (sizes, ids) = read_all(&client, "SELECT Id FROM Lead ORDER BY Id", &[]);
    assert_eq!(sizes, [2_000, 300]);
    assert!(
        ids.is_sorted_by(|a, b| a < b),
        "ordered and without repeats"
    );
    let long_text = read_all(&client, "SELECT Id, Description FROM Lead ORDER BY Id", &[]);
    assert_eq!(long_text, (vec![1_000, 1_000, 300], ids.clone()));
    let small = read_all(
        &client,
        "SELECT Id FROM Lead ORDER BY Id",
        &[("Sforce-Query-Options", "batchSize=900")],
    );
    assert_eq!(small, (vec![900, 900, 500], ids));
    let least = read_all(
        &client,
        "SELECT Id FROM Lead LIMIT 250",
        &[("Sforce-Query-Options", "batchSize=1")],
    );
    assert_eq!(least.0, [200, 50]);
}

#[test]
fn a_locator_names_its_offset_and_dies_on_demand() {
    let client = leads(2_100);
    let first = page(&client, "/query?q=SELECT+Id+FROM+Lead", &[]);
    let next = first["nextRecordsUrl"].as_str().expect("more");
    assert!(
        next.starts_with(&format!("{BASE}/query/0r8")) && next.ends_with("-2000"),
        "{next}"
    );
    let again = [page(&client, next, &[]), page(&client, next, &[])];
    assert_eq!(
        (rows(&again[0]), &again[0]),
        (100, &again[1]),
        "a page can be read twice"
    );
    client
        .sandbox
        .strike(&FaultAction::ExpireLocators)
        .expect("a state");
    let gone = client.get(next).expect(400);
    assert_eq!(
        (gone.code().as_str(), &gone.json()[0]["message"]),
        ("INVALID_QUERY_LOCATOR", &"invalid query locator".into())
    );
    for bad in ["/query/nonsense", "/query/0r8-1", "/query/-"] {
        assert_eq!(
            client.get(bad).expect(400).code(),
            "INVALID_QUERY_LOCATOR",
            "{bad}"
        );
    }
}

#[test]
fn a_locator_ends_after_two_days_and_belongs_to_its_user() {
    let mut client = leads(2_100);
    let first = page(&client, "/query?q=SELECT+Id+FROM+Lead", &[]);
    let next = first["nextRecordsUrl"].as_str().expect("more").to_owned();
    client.sandbox.advance(jiff::SignedDuration::from_hours(47));
    client.token = client.sandbox.credentials("").access_token;
    client.get(&next).expect(200);
    client.sandbox.advance(jiff::SignedDuration::from_hours(1));
    client.get(&next).expect(400);
}

#[test]
fn query_all_sees_deleted_rows() {
    let client = Client::empty();
    let (kept, gone) = (client.contact("Kept"), client.contact("Gone"));
    client
        .delete(&format!("/sobjects/Contact/{gone}"))
        .expect(204);
    let ids = |target: &str| {
        let page = page(&client, target, &[]);
        let records = page["records"].as_array().expect("records").clone();
        records
            .iter()
            .map(|row| row["Id"].as_str().expect("an id").to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        ids("/query?q=SELECT+Id+FROM+Contact+ORDER+BY+Id"),
        std::slice::from_ref(&kept)
    );
    assert_eq!(
        ids("/queryAll?q=SELECT+Id+FROM+Contact+ORDER+BY+Id"),
        [kept, gone]
    );
}

#[test]
fn bad_queries_are_refused() {
    let client = Client::empty();
    let code = |target: &str| client.get(target).expect(400).code();
    assert_eq!(code("/query?q=SELECT+Nope+FROM+Contact"), "INVALID_FIELD");
    assert_eq!(code("/query?q=SELECT+Id+FROM+Nope"), "INVALID_TYPE");
    assert_eq!(code("/query?q=SELEKT"), "MALFORMED_QUERY");
    assert_eq!(code("/query"), "MALFORMED_QUERY");
    assert_eq!(
        client.post("/query", json!({})).expect(405).code(),
        "METHOD_NOT_ALLOWED"
    );
}

#[test]
fn columns_of_a_query_without_its_rows() {
    let client = Client::empty();
    let columns = |soql: &str| {
        let q: String = url::form_urlencoded::byte_serialize(soql.as_bytes()).collect();
        client
            .get(&format!("/query?q={q}&columns=true"))
            .expect(200)
            .json()
    };
    let names = |columns: &Value| -> Vec<String> {
        let columns = columns.as_array().expect("a list").iter();
        columns
            .map(|column| column["columnName"].as_str().expect("a name").to_owned())
            .collect()
    };
    let rows =
        columns("SELECT Id, Owner.Name, IsDeleted, (SELECT Id, Name FROM Contacts) FROM Account");
    let list = &rows["columnMetadata"];
    assert_eq!(names(list), ["Id", "Owner", "IsDeleted", "Contacts"]);
    assert_eq!(
        (
            &rows["entityName"],
            &rows["keyPrefix"],
            &rows["idSelected"],
            &rows["groupBy"]
        ),
        (
            &json!("Account"),
            &json!("001"),
            &json!(true),
            &json!(false)
        )
    );
    assert_eq!(list[0]["apexType"], "Id");
    assert_eq!(list[1]["foreignKeyName"], "OwnerId");
    assert_eq!(names(&list[1]["joinColumns"]), ["Name"]);
    assert_eq!(list[2]["booleanType"], true);
    assert_eq!(
        (&list[3]["aggregate"], names(&list[3]["joinColumns"])),
        (&json!(true), vec!["Id".into(), "Name".into()])
    );
    let groups =
        columns("SELECT Rating, COUNT(Id), MAX(CreatedDate) newest FROM Lead GROUP BY Rating");
    let list = &groups["columnMetadata"];
    assert_eq!(names(list), ["Rating", "expr0", "newest"]);
    assert_eq!(
        (&list[0]["aggregate"], &list[1]["aggregate"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(list[1]["displayName"], "COUNT(Id)");
    assert_eq!(list[2]["displayName"], "newest");
    assert_eq!(
        columns("SELECT COUNT() FROM Lead")["columnMetadata"],
        json!([])
    );
}
