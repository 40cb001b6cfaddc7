//! Pages with children, and what a query costs in rows it looks at.

use http::Method;
use serde_json::{Value as Json, json};
use tandem_sandbox::soql::QueryScope;
use tandem_sandbox::world::{Actor, DmlOptions, World};

use crate::client::Client;

/// An org with accounts and contacts of them.
fn client(accounts: usize, contacts: usize) -> Client {
    let client = Client::empty();
    let actor = Actor::user(client.sandbox.connector_user());
    client.sandbox.world(|world| {
        for n in 0..accounts {
            let account = create(world, &actor, "Account", json!({"Name": format!("A{n}")}));
            for m in 0..contacts {
                let contact = json!({"LastName": format!("C{m}"), "AccountId": account});
                create(world, &actor, "Contact", contact);
            }
        }
    });
    client
}

fn create(world: &mut World, actor: &Actor, object: &str, fields: Json) -> String {
    let fields = fields.as_object().expect("fields");
    let id = world.create(actor, object, fields, &DmlOptions::default());
    id.expect("a good record").to_string()
}

fn first_page(client: &Client, soql: &str) -> Json {
    let headers = [("sforce-query-options", "batchSize=200")];
    let path = format!("/query?q={soql}");
    let got = client.call(Method::GET, &path, None, &headers);
    got.expect(200).json()
}

#[test]
fn children_count_as_rows_of_a_page() {
    let client = client(30, 20);
    let soql = "SELECT+Name,(SELECT+LastName+FROM+Contacts)+FROM+Account";
    let mut page = first_page(&client, soql);
    let mut seen = Vec::new();
    loop {
        let records = page["records"].as_array().expect("records").clone();
        assert_eq!(page["totalSize"], 30);
        assert!(
            records.len() <= 10,
            "ten accounts and their children fill a page"
        );
        for record in records {
            assert_eq!(record["Contacts"]["totalSize"], 20);
            assert_eq!(record["Contacts"]["done"], true);
            seen.push(record["Name"].clone());
        }
        let Some(next) = page["nextRecordsUrl"].as_str() else {
            break;
        };
        page = client.get(next).expect(200).json();
    }
    assert_eq!(seen.len(), 30);
    assert_eq!(page["done"], true);
}

#[test]
fn a_long_list_of_children_has_pages_of_its_own() {
    let client = client(1, 450);
    let soql = "SELECT+Name,(SELECT+LastName+FROM+Contacts+ORDER+BY+Id)+FROM+Account";
    let page = first_page(&client, soql);
    assert_eq!(
        (&page["done"], &page["totalSize"]),
        (&json!(true), &json!(1))
    );
    let mut list = page["records"][0]["Contacts"].clone();
    let mut names = Vec::new();
    loop {
        assert_eq!(list["totalSize"], 450);
        let records = list["records"].as_array().expect("records");
        assert!(records.len() <= 200);
        names.extend(records.iter().map(|record| record["LastName"].clone()));
        let Some(next) = list["nextRecordsUrl"].as_str() else {
            break;
        };
        assert!(next.contains("/query/0r8"), "{next}");
        list = client.get(next).expect(200).json();
    }
    let wanted: Vec<Json> = (0..450).map(|n| json!(format!("C{n}"))).collect();
    assert_eq!(names, wanted);
}

/// Groups have no pages.
#[test]
fn groups_beyond_one_batch_are_refused() {
    let client = client(1, 2_001);
    let asked = |tail: &str| {
        client.get(&format!(
            "/query?q=SELECT+Id,COUNT(LastName)+FROM+Contact+GROUP+BY+Id{tail}"
        ))
    };
    let refused = asked("").expect(400);
    assert_eq!(refused.code(), "EXCEEDED_ID_LIMIT");
    let groups = asked("+LIMIT+2000").expect(200).json();
    assert_eq!(
        (&groups["totalSize"], &groups["done"]),
        (&json!(2_000), &json!(true))
    );
}

#[test]
fn two_custom_long_texts_make_small_pages() {
    let client = client(1, 201);
    client.sandbox.world(|world| {
        for name in ["Story__c", "Plot__c"] {
            let field = json!({"name": name, "label": name, "type": "long_text", "length": 5_000});
            let field = serde_json::from_value(field).expect("a field");
            world.add_field("Contact", field).expect("a new field");
        }
    });
    let rows = |fields: &str| {
        let page = client
            .get(&format!("/query?q=SELECT+{fields}+FROM+Contact"))
            .expect(200)
            .json();
        page["records"].as_array().map(Vec::len)
    };
    assert_eq!(rows("Id,Story__c"), Some(201));
    assert_eq!(rows("Id,Story__c,Plot__c"), Some(200));
}

#[test]
fn a_plan_is_explained() {
    let client = client(2, 3);
    let explained = |soql: &str| {
        let answer = client
            .get(&format!("/query?explain={soql}"))
            .expect(200)
            .json();
        answer["plans"][0].clone()
    };
    let plan = explained("SELECT+Id+FROM+Contact+WHERE+Title='x'");
    assert_eq!(plan["leadingOperationType"], "TableScan");
    assert_eq!(
        (&plan["cardinality"], &plan["sobjectCardinality"]),
        (&json!(6), &json!(6))
    );
    let plan =
        explained("SELECT+Id+FROM+Contact+WHERE+Account.Name!=null+AND+Id%3E'003000000000000'");
    assert_eq!(plan["sobjectType"], "Contact");
    client
        .get("/query?explain=SELECT+Foo+FROM+Contact")
        .expect(400);
}

/// What has to be fast looks at few rows, however many there are.
#[test]
fn indexes_bound_the_rows_looked_at() {
    let client = client(20, 50);
    let actor = Actor::user(client.sandbox.connector_user());
    client.sandbox.world(|world| bounded(world, &actor));
}

fn bounded(world: &World, actor: &Actor) {
    let ids = world.ids(actor, "Contact");
    let looked_at = |soql: &str| {
        let found = world.query(actor, soql, QueryScope::Live).expect(soql);
        found.rows_examined()
    };
    let pivot = ids[500].to_string();
    let row = world.retrieve(actor, "Contact", &pivot, Some(&["SystemModstamp"]), "");
    let row = row.expect("a field").expect("a record");
    let stamp = row["SystemModstamp"]
        .as_str()
        .expect("a time")
        .replace("+0000", "Z");
    let keyset = format!(
        "SELECT Id FROM Contact WHERE (SystemModstamp = {stamp} AND Id > '{pivot}') OR SystemModstamp > {stamp} ORDER BY \
         SystemModstamp, Id LIMIT 100"
    );
    assert!(looked_at(&keyset) <= 101, "{}", looked_at(&keyset));
    let by_id = format!("SELECT Id FROM Contact WHERE Id > '{pivot}' ORDER BY Id LIMIT 100");
    assert!(looked_at(&by_id) <= 101, "{}", looked_at(&by_id));
    let account = world.ids(actor, "Account")[3];
    for condition in [
        format!("AccountId = '{account}'"),
        format!("Account.Id = '{account}'"),
        format!("AccountId IN (SELECT Id FROM Account WHERE Id = '{account}')"),
    ] {
        let soql = format!("SELECT Id FROM Contact WHERE {condition}");
        assert_eq!(looked_at(&soql), 50, "{soql}");
    }
    assert_eq!(looked_at("SELECT Id FROM Contact WHERE Title = 'x'"), 1_000);
}
