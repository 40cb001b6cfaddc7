//! sObject Collections.

use http::Method;
use serde_json::{Value, json};

use crate::client::Client;

const PATH: &str = "/composite/sobjects";

fn contact(fields: Value) -> Value {
    let mut record = json!({ "attributes": { "type": "Contact" } });
    record
        .as_object_mut()
        .expect("an object")
        .extend(fields.as_object().expect("an object").clone());
    record
}

fn body(all_or_none: bool, records: &[Value]) -> Value {
    json!({ "allOrNone": all_or_none, "records": records })
}

fn count(client: &Client, object: &str) -> Value {
    client.query(&format!("SELECT COUNT() FROM {object}"))["totalSize"].clone()
}

#[test]
fn create_answers_each_record_in_order() {
    let client = Client::empty();
    let records = [
        contact(json!({ "LastName": "A" })),
        contact(json!({ "FirstName": "b" })),
        contact(json!({ "LastName": "C" })),
    ];
    let results = client.post(PATH, body(false, &records)).expect(200).json();
    assert_eq!(
        results[1],
        json!({
            "success": false,
            "errors": [{
                "statusCode": "REQUIRED_FIELD_MISSING",
                "message": "Required fields are missing: [LastName]",
                "fields": ["LastName"],
            }],
        })
    );
    assert_eq!(
        client.field(
            "Contact",
            results[2]["id"].as_str().expect("an id"),
            "LastName"
        ),
        "C"
    );
    assert_eq!(count(&client, "Contact"), 2);
}

#[test]
fn all_or_none_undoes_everything_and_says_so() {
    let client = Client::empty();
    let records = [
        contact(json!({})),
        contact(json!({ "LastName": "Innocent" })),
    ];
    let results = client.post(PATH, body(true, &records)).expect(200).json();
    assert_eq!(
        results[0]["errors"][0]["statusCode"],
        "REQUIRED_FIELD_MISSING"
    );
    assert_eq!(
        results[1],
        json!({
            "success": false,
            "errors": [{
                "statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK",
                "message": "Record rolled back because not all records were valid and the request was using AllOrNone header",
                "fields": [],
            }],
        })
    );
    assert_eq!(count(&client, "Contact"), 0);
}

#[test]
fn update_needs_ids_and_refuses_repeats() {
    let client = Client::empty();
    let id = client.contact("Kinsella");
    let records = [
        contact(json!({ "LastName": "nobody" })),
        contact(json!({ "id": id, "LastName": "first" })),
        contact(json!({ "Id": id[..15], "LastName": "second" })),
        contact(json!({ "id": "003Td0000ZZZZZZ", "LastName": "x" })),
        contact(json!({ "id": "nonsense", "LastName": "x" })),
        json!({ "id": id }),
    ];
    let results = client.patch(PATH, body(false, &records)).expect(200).json();
    let codes: Vec<&str> = results
        .as_array()
        .expect("a list")
        .iter()
        .map(|r| r["errors"][0]["statusCode"].as_str().unwrap_or("ok"))
        .collect();
    assert_eq!(
        codes,
        [
            "MISSING_ARGUMENT",
            "ok",
            "DUPLICATE_VALUE",
            "INVALID_CROSS_REFERENCE_KEY",
            "MALFORMED_ID",
            "JSON_PARSER_ERROR",
        ]
    );
    assert_eq!(
        results[0]["errors"][0]["message"],
        "Id not specified in an update call"
    );
    assert_eq!(
        results[3]["errors"][0]["message"],
        "invalid cross reference id"
    );
    assert_eq!(client.field("Contact", &id, "LastName"), "first");
}

#[test]
fn upsert_says_created() {
    let client = Client::empty();
    let path = format!("{PATH}/Contact/ExtId__c");
    let records = [
        contact(json!({ "ExtId__c": "1", "LastName": "A" })),
        contact(json!({ "ExtId__c": "2" })),
        json!({ "ExtId__c": "3" }),
    ];
    let results = client
        .patch(&path, body(false, &records))
        .expect(200)
        .json();
    assert_eq!(results[0]["created"], true);
    assert_eq!(
        (&results[1]["created"], &results[1].get("id")),
        (&true.into(), &None)
    );
    assert_eq!(results[2]["errors"][0]["statusCode"], "JSON_PARSER_ERROR");
    let again = client
        .patch(&path, body(false, &records[..1]))
        .expect(200)
        .json();
    assert_eq!(
        (&again[0]["created"], &again[0]["id"]),
        (&false.into(), &results[0]["id"])
    );
    let innocent = contact(json!({ "ExtId__c": "4", "LastName": "D" }));
    let unknown_owner = contact(json!({ "ExtId__c": "1", "OwnerId": "nobody" }));
    let undone = client
        .patch(&path, body(true, &[innocent, unknown_owner]))
        .expect(200)
        .json();
    assert_eq!(
        (&undone[0]["created"], &undone[1]["created"]),
        (&true.into(), &false.into())
    );
    client
        .patch(&format!("{PATH}/Nothing/Id"), body(false, &records))
        .expect(404);
    let new = client.patch(
        &format!("{PATH}/Contact/Id"),
        body(false, &[contact(json!({ "Id": null, "LastName": "B" }))]),
    );
    assert_eq!(new.expect(200).json()[0]["created"], true);
}

#[test]
fn delete_takes_ids_of_several_objects() {
    let client = Client::empty();
    let contact = client.contact("Kinsella");
    let account = client.create("Account", json!({ "Name": "Fenwick Optics" }));
    let results = client
        .delete(&format!("{PATH}?ids={contact},{account},003Td0000ZZZZZZ"))
        .expect(200)
        .json();
    let successes: Vec<&Value> = results
        .as_array()
        .expect("a list")
        .iter()
        .map(|r| &r["success"])
        .collect();
    assert_eq!(successes, [true, true, false]);
    assert_eq!(
        (count(&client, "Contact"), count(&client, "Account")),
        (0.into(), 0.into())
    );
    let kept = client.contact("Kept");
    client
        .delete(&format!("{PATH}?ids={kept},{contact}&allOrNone=true"))
        .expect(200);
    assert_eq!(count(&client, "Contact"), 1);
}

#[test]
fn retrieve_keeps_the_order_and_shows_gaps() {
    let client = Client::empty();
    let (a, b) = (client.contact("A"), client.contact("B"));
    let ids = json!([b, "003Td0000ZZZZZZ", a]);
    let by_post = client
        .post(
            &format!("{PATH}/Contact"),
            json!({ "ids": ids, "fields": ["LastName"] }),
        )
        .expect(200)
        .json();
    let names: Vec<&Value> = by_post
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| &row["LastName"])
        .collect();
    assert_eq!(names, [&json!("B"), &Value::Null, &json!("A")]);
    assert_eq!(by_post[1], Value::Null);
    let by_get = client
        .get(&format!(
            "{PATH}/Contact?ids={b},003Td0000ZZZZZZ,{a}&fields=LastName"
        ))
        .expect(200)
        .json();
    assert_eq!(by_get, by_post);
    let many = vec![a; 2_001];
    client
        .post(
            &format!("{PATH}/Contact"),
            json!({ "ids": many, "fields": ["Id"] }),
        )
        .expect(400);
    client
        .post(
            &format!("{PATH}/Contact"),
            json!({ "ids": [b], "fields": ["Nope"] }),
        )
        .expect(400);
}

#[test]
fn sizes_and_runs_are_limited() {
    let client = Client::empty();
    let one = contact(json!({ "LastName": "x" }));
    let none = client.post(PATH, body(false, &[])).expect(400);
    assert_eq!(
        (none.code().as_str(), &none.json()[0]["message"]),
        (
            "REQUIRED_FIELD_MISSING",
            &"At least 1 record is required".into()
        )
    );
    let many = client
        .post(PATH, body(false, &vec![one.clone(); 201]))
        .expect(400);
    assert_eq!(many.code(), "EXCEEDED_ID_LIMIT");
    client
        .post(PATH, body(false, &vec![one.clone(); 200]))
        .expect(200);
    let account = json!({ "attributes": { "type": "Account" }, "Name": "x" });
    let alternating: Vec<Value> = (0..11)
        .map(|n| {
            if n % 2 == 0 {
                one.clone()
            } else {
                account.clone()
            }
        })
        .collect();
    assert_eq!(
        client
            .post(PATH, body(false, &alternating))
            .expect(400)
            .code(),
        "LIMIT_EXCEEDED"
    );
    client
        .post(PATH, body(false, &alternating[..10]))
        .expect(200);
    client
        .call(Method::PUT, PATH, Some(json!({})), &[])
        .expect(405);
}
