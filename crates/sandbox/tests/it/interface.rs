//! What the user interface is made of: list views, layouts, tabs.

use serde_json::{Value, json};

use crate::client::{BASE, Client};

fn names(list: &Value, key: &str) -> Vec<String> {
    let items = list.as_array().expect("a list").iter();
    items
        .map(|item| item[key].as_str().expect("text").to_owned())
        .collect()
}

#[test]
fn a_list_view_shows_the_records_page_by_page() {
    let client = Client::empty();
    for name in ["Orme", "Fenwick", "Kinsella"] {
        client.create("Account", json!({ "Name": name, "Phone": "1" }));
    }
    let views = client.get("/sobjects/account/listviews").expect(200).json();
    assert_eq!(
        (&views["size"], &views["sobjectType"]),
        (&json!(1), &json!("Account"))
    );
    let view = &views["listviews"][0];
    assert_eq!(view["label"], "All Accounts");
    let id = view["id"].as_str().expect("an id");
    let path = format!("/sobjects/Account/listviews/{id}");
    assert_eq!(view["url"], format!("{BASE}{path}"));
    assert_eq!(&client.get(&path).expect(200).json(), view);
    let page = client
        .get(&format!("{path}/results?limit=2&offset=1"))
        .expect(200)
        .json();
    assert_eq!((&page["size"], &page["done"]), (&json!(2), &json!(true)));
    let cell = |row: usize, column: usize| page["records"][row]["columns"][column]["value"].clone();
    assert_eq!((cell(0, 0), cell(1, 0)), (json!("Kinsella"), json!("Orme")));
    let columns = names(&page["columns"], "fieldNameOrPath");
    assert_eq!(
        columns,
        [
            "Name",
            "Phone",
            "Type",
            "Id",
            "CreatedDate",
            "LastModifiedDate",
            "SystemModstamp"
        ]
    );
    assert_eq!(cell(0, 4), "Tue Mar 10 09:00:00 GMT 2026");
    let described = client.get(&format!("{path}/describe")).expect(200).json();
    assert_eq!(described["columns"], page["columns"]);
    let soql = described["query"].as_str().expect("a query");
    assert_eq!(client.query(soql)["totalSize"], 3);
    client.get(&format!("{path}/results?limit=x")).expect(400);
    client.get(&format!("{path}/nothing")).expect(404);
    client
        .get("/sobjects/Account/listviews/00BTd0000000ZZZ")
        .expect(404);
    client.get("/sobjects/Profile/listviews").expect(404);
}

#[test]
fn a_layout_holds_every_field_the_user_may_set() {
    let client = Client::empty();
    let got = client
        .get("/sobjects/Contact/describe/layouts")
        .expect(200)
        .json();
    let mapping = &got["recordTypeMappings"][0];
    assert_eq!(mapping["layoutId"], got["layouts"][0]["id"]);
    let record_type = mapping["recordTypeId"].as_str().expect("an id");
    let one = client
        .get(&format!("/sobjects/Contact/describe/layouts/{record_type}"))
        .expect(200);
    assert_eq!(one.json(), got["layouts"][0]);
    let rows = got["layouts"][0]["editLayoutSections"][0]["layoutRows"]
        .as_array()
        .expect("rows");
    let items = rows
        .iter()
        .flat_map(|row| row["layoutItems"].as_array().expect("items"));
    let last_name = items
        .clone()
        .find(|item| item["label"] == "Last Name")
        .expect("a field");
    assert_eq!(
        (&last_name["required"], &last_name["editableForNew"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(
        last_name["layoutComponents"][0]["details"]["type"],
        "string"
    );
    let fields = client.get("/sobjects/Contact/describe").expect(200).json();
    let fields = fields["fields"].as_array().expect("fields").iter();
    let writable =
        fields.filter(|field| field["createable"] == true || field["updateable"] == true);
    assert_eq!(items.count(), writable.count());
    client
        .get("/sobjects/Contact/describe/layouts/012000000000001")
        .expect(404);
    client.get("/sobjects/Profile/describe/layouts").expect(404);
    let compact = client
        .get("/sobjects/Contact/describe/compactLayouts")
        .expect(200)
        .json();
    assert_eq!(
        compact["compactLayouts"][0]["fieldItems"][0]["layoutComponents"][0]["value"],
        "Name"
    );
}

#[test]
fn tabs_themes_and_actions_are_listed() {
    let client = Client::empty();
    let tabs = client.get("/tabs").expect(200).json();
    assert!(names(&tabs, "sobjectName").contains(&"Lead".to_owned()));
    let theme = client.get("/theme").expect(200).json();
    assert_eq!(
        names(&theme["themeItems"], "name"),
        names(&tabs, "sobjectName")
    );
    assert_eq!(client.get("/quickActions").expect(200).json(), json!([]));
    assert_eq!(
        client.get("/sobjects/Lead/quickActions").expect(200).json(),
        json!([])
    );
    client.get("/sobjects/Nothing/quickActions").expect(404);
}
