//! Single records.

use http::Method;
use serde_json::{Value, json};

use crate::client::{BASE, Client};

#[test]
fn create_retrieve_update_delete() {
    let client = Client::empty();
    let created = client
        .post(
            "/sobjects/contact",
            json!({ "FirstName": "Ada", "LastName": "Kinsella" }),
        )
        .expect(201);
    let id = created.json()["id"].as_str().expect("an id").to_owned();
    assert_eq!(
        created.json(),
        json!({ "id": id, "success": true, "errors": [] })
    );
    assert_eq!(
        created.header("location"),
        format!("{BASE}/sobjects/Contact/{id}")
    );
    assert_eq!((id.len(), &id[..3]), (18, "003"));

    let got = client
        .get(&format!(
            "/sobjects/Contact/{}?fields=Id,Name,Email",
            &id[..15]
        ))
        .expect(200);
    assert_eq!(
        got.json(),
        json!({
            "attributes": { "type": "Contact", "url": format!("{BASE}/sobjects/Contact/{id}") },
            "Id": id, "Name": "Ada Kinsella", "Email": null,
        })
    );
    assert!(!got.header("last-modified").is_empty());

    let updated = client
        .patch(
            &format!("/sobjects/Contact/{id}"),
            json!({ "FirstName": null }),
        )
        .expect(204);
    assert_eq!(updated.text, "");
    assert_eq!(client.field("Contact", &id, "Name"), "Kinsella");

    client
        .delete(&format!("/sobjects/Contact/{id}"))
        .expect(204);
    let gone = client.get(&format!("/sobjects/Contact/{id}")).expect(404);
    assert_eq!(
        gone.json(),
        json!([{ "errorCode": "NOT_FOUND", "message": "The requested resource does not exist" }])
    );
    for got in [
        client.delete(&format!("/sobjects/Contact/{id}")),
        client.patch(&format!("/sobjects/Contact/{id}"), json!({})),
    ] {
        let error = json!([{ "message": "entity is deleted", "errorCode": "ENTITY_IS_DELETED", "fields": [] }]);
        assert_eq!(got.expect(404).json(), error);
    }
}

#[test]
fn a_retrieve_shows_every_readable_field() {
    let client = Client::empty();
    let id = client.create(
        "Contact",
        json!({ "LastName": "Kinsella", "MailingCity": "Leeds" }),
    );
    let record = client
        .get(&format!("/sobjects/Contact/{id}"))
        .expect(200)
        .json();
    assert_eq!(record["MailingAddress"]["city"], "Leeds");
    assert_eq!(record["OtherAddress"], Value::Null);
    let described = client.get("/sobjects/Contact/describe").expect(200).json();
    for field in described["fields"].as_array().expect("fields") {
        let name = field["name"].as_str().expect("a name");
        assert!(record.get(name).is_some(), "{name} is missing");
    }
}

/// Request, body, and the answer's status and code. `{id}` is a contact, `{no}` an id nobody has.
const BAD_REQUESTS: &str = r#"
POST /sobjects/Contact | {} | 400 REQUIRED_FIELD_MISSING
POST /sobjects/Contact | {"LastName":"x","Nope":1} | 400 INVALID_FIELD
POST /sobjects/Contact | {"LastName":"x","Id":"{id}"} | 400 INVALID_FIELD
POST /sobjects/Contact | [] | 400 JSON_PARSER_ERROR
POST /sobjects/Contact | | 400 JSON_PARSER_ERROR
POST /sobjects/Nothing | {} | 404 NOT_FOUND
GET /sobjects/Nothing/describe | | 404 NOT_FOUND
GET /sobjects/Contact/{id}?fields=Nope | | 400 INVALID_FIELD
GET /sobjects/Contact/{no} | | 404 NOT_FOUND
PATCH /sobjects/Contact/{no} | {} | 404 INVALID_CROSS_REFERENCE_KEY
GET /sobjects/Contact/23foo | | 404 NOT_FOUND
PUT /sobjects/Contact/{id} | {} | 405 METHOD_NOT_ALLOWED
DELETE /sobjects/Contact | | 405 METHOD_NOT_ALLOWED
GET /nothing | | 404 NOT_FOUND
GET /services/data/v30.0/sobjects | | 404 NOT_FOUND
GET /services/data/v99.0/sobjects | | 404 NOT_FOUND
"#;

#[test]
fn errors_have_the_vendors_codes() {
    let client = Client::empty();
    let filled = BAD_REQUESTS
        .replace("{id}", &client.contact("Kinsella"))
        .replace("{no}", "003Td0000ZZZZZZ");
    for line in filled.lines().filter(|line| !line.is_empty()) {
        let parts: Vec<&str> = line.split('|').map(str::trim).collect();
        check_refusal(&client, parts[0], parts[1], parts[2]);
    }
    let got = client.post("/sobjects/Contact", json!({})).expect(400);
    let message = &got.json()[0]["message"];
    assert_eq!(message, "Required fields are missing: [LastName]");
    let long = client.get(&format!("/sobjects?pad={}", "x".repeat(17_000)));
    assert_eq!(long.expect(414).code(), "URI_TOO_LONG");
}

fn check_refusal(client: &Client, request: &str, body: &str, answer: &str) {
    let (method, path) = request.split_once(' ').expect("method and path");
    let body = serde_json::from_str(body).ok();
    let got = client.call(method.parse().expect("a method"), path, body, &[]);
    assert_eq!(
        format!("{} {}", got.status.as_u16(), got.code()),
        answer,
        "{request}"
    );
}

#[test]
fn a_body_must_be_json() {
    let client = Client::empty();
    let request = |content_type: &str, body: &'static [u8]| {
        let request = http::Request::post(format!("{BASE}/sobjects/Contact"))
            .header("authorization", format!("OAuth {}", client.token))
            .header("content-type", content_type);
        client.send(
            request
                .body(bytes::Bytes::from_static(body))
                .expect("a request"),
        )
    };
    assert_eq!(
        request("text/csv", b"LastName").expect(415).code(),
        "UNSUPPORTED_MEDIA_TYPE"
    );
    assert_eq!(
        request("application/json;charset=UTF-8", b"{")
            .expect(400)
            .code(),
        "JSON_PARSER_ERROR"
    );
    request(
        "application/json;charset=UTF-8",
        b"{\"LastName\":\"Kinsella\"}",
    )
    .expect(201);
}

#[test]
fn upsert_by_external_id_creates_then_updates() {
    let client = Client::empty();
    let path = "/sobjects/Contact/ExtId__c/a%2Fb%26c";
    let created = client
        .patch(path, json!({ "LastName": "Kinsella" }))
        .expect(201)
        .json();
    assert_eq!(
        (&created["created"], &created["success"]),
        (&true.into(), &true.into())
    );
    let id = created["id"].as_str().expect("an id");
    assert_eq!(client.field("Contact", id, "ExtId__c"), "a/b&c");
    let updated = client
        .patch(path, json!({ "LastName": "Ostberg" }))
        .expect(200)
        .json();
    assert_eq!(
        updated,
        json!({ "id": id, "success": true, "errors": [], "created": false })
    );
    let old = client
        .patch(
            &format!("/services/data/v45.0{path}"),
            json!({ "LastName": "Thorsen" }),
        )
        .expect(204);
    assert_eq!(old.text, "");
    assert_eq!(client.get(path).expect(200).json()["LastName"], "Thorsen");
    client.delete(path).expect(204);
    client.get(path).expect(404);
}

#[test]
fn upsert_by_a_shared_key_is_ambiguous_and_writes_nothing() {
    let client = Client::empty();
    let make = || {
        client.create(
            "Contact",
            json!({ "LastName": "Kinsella", "Email": "k@kinsella.example" }),
        )
    };
    let (first, second) = (make(), make());
    let got = client
        .patch(
            "/sobjects/Contact/Email/k@kinsella.example",
            json!({ "LastName": "Changed" }),
        )
        .expect(300);
    let url = |id: &str| format!("{BASE}/sobjects/Contact/{id}");
    assert_eq!(got.json(), json!([url(&first), url(&second)]));
    assert_eq!(client.field("Contact", &first, "LastName"), "Kinsella");
}

#[test]
fn upsert_refuses_what_makes_no_sense() {
    let client = Client::empty();
    let got = client
        .patch("/sobjects/Contact/Namez/x", json!({ "LastName": "K" }))
        .expect(404);
    assert_eq!(
        got.json()[0]["message"],
        "Provided external ID field does not exist or is not accessible: Namez"
    );
    let doubled = json!({ "LastName": "K", "extid__c": "y" });
    client
        .patch("/sobjects/Contact/ExtId__c/x", doubled)
        .expect(400);
    client
        .patch(
            "/sobjects/Contact/ExtId__c/x?updateOnly=true",
            json!({ "LastName": "K" }),
        )
        .expect(404);
    assert_eq!(client.query("SELECT COUNT() FROM Contact")["totalSize"], 0);
}

#[test]
fn if_unmodified_since_locks_optimistically() {
    let client = Client::empty();
    let id = client.contact("Kinsella");
    let path = format!("/sobjects/Contact/{id}");
    let seen = client
        .get(&path)
        .expect(200)
        .header("last-modified")
        .to_owned();
    let write = |name: &str| {
        client.call(
            Method::PATCH,
            &path,
            Some(json!({ "LastName": name })),
            &[("if-unmodified-since", &seen)],
        )
    };
    write("Ostberg").expect(204);
    client.sandbox.advance(jiff::SignedDuration::from_secs(5));
    write("Thorsen").expect(204);
    write("Baldini").expect(412);
    assert_eq!(client.field("Contact", &id, "LastName"), "Thorsen");
    client
        .call(Method::GET, &path, None, &[("if-modified-since", &seen)])
        .expect(200);
    let now = client.get(&path).header("last-modified").to_owned();
    client
        .call(Method::GET, &path, None, &[("if-modified-since", &now)])
        .expect(304);
}

#[test]
fn post_can_stand_for_patch() {
    let client = Client::empty();
    let id = client.contact("Kinsella");
    client
        .post(
            &format!("/sobjects/Contact/{id}?_HttpMethod=PATCH"),
            json!({ "LastName": "Ostberg" }),
        )
        .expect(204);
    assert_eq!(client.field("Contact", &id, "LastName"), "Ostberg");
}

#[test]
fn the_assignment_rule_takes_leads_unless_declined() {
    let client = Client::empty();
    let rule_owner = client
        .sandbox
        .user("ruth.kinsella@haldenrobotics.example")
        .expect("a seller");
    client.sandbox.set_lead_assignee(Some(rule_owner));
    let lead = || Some(json!({ "LastName": "Navarro", "Company": "Fenwick Optics" }));
    let create = |headers: &[(&str, &str)]| {
        let got = client
            .call(Method::POST, "/sobjects/Lead", lead(), headers)
            .expect(201)
            .json();
        client.field("Lead", got["id"].as_str().expect("an id"), "OwnerId")
    };
    assert_eq!(create(&[]), rule_owner.to_string());
    assert_eq!(
        create(&[("Sforce-Auto-Assign", "FALSE")]),
        client.sandbox.connector_user().to_string()
    );
}

#[test]
fn attributes_come_first_then_the_fields_as_asked_for() {
    let client = Client::empty();
    let id = client.contact("Order");
    let record = client
        .get(&format!("/sobjects/Contact/{id}?fields=LastName,Id"))
        .expect(200)
        .text;
    let url = format!("{BASE}/sobjects/Contact/{id}");
    let expected = format!(
        r#"{{"attributes":{{"type":"Contact","url":"{url}"}},"LastName":"Order","Id":"{id}"}}"#
    );
    assert_eq!(record, expected);
    let soql = "SELECT+Owner.Name,LastName,AccountId+FROM+Contact";
    let page = client.get(&format!("/query?q={soql}")).expect(200).text;
    let user = client.sandbox.connector_user();
    let row = format!(
        r#"{{"attributes":{{"type":"Contact","url":"{url}"}},"Owner":{{"attributes":{{"type":"User","url":"{BASE}/sobjects/User/{user}"}},"Name":"Tandem Connector"}},"LastName":"Order","AccountId":null}}"#
    );
    assert!(page.contains(&row), "{page}");
    let counted = client.get("/query?q=SELECT+MAX(LastName)+a,COUNT(Id)+FROM+Contact");
    let row = r#"[{"attributes":{"type":"AggregateResult"},"a":"Order","expr0":1}]"#;
    assert!(counted.text.contains(row), "{}", counted.text);
}

#[test]
fn rows_of_account_have_entity_tags() {
    let client = Client::empty();
    let id = client.create("Account", json!({ "Name": "Fenwick" }));
    let path = format!("/sobjects/Account/{id}");
    let tag = client.get(&path).expect(200).header("etag").to_owned();
    assert!(tag.starts_with('"') && tag.ends_with('"'), "{tag}");
    let partial = client.get(&format!("{path}?fields=Name")).expect(200);
    assert_eq!(
        partial.header("etag"),
        tag,
        "the tag is the record's, not the answer's"
    );
    client
        .call(Method::GET, &path, None, &[("If-None-Match", &tag)])
        .expect(304);
    let change = |name: &str| Some(json!({ "Name": name }));
    client
        .call(
            Method::PATCH,
            &path,
            change("Lenses"),
            &[("If-Match", &tag)],
        )
        .expect(204);
    client
        .call(
            Method::PATCH,
            &path,
            change("Prisms"),
            &[("If-Match", &tag)],
        )
        .expect(412);
    client
        .call(Method::DELETE, &path, None, &[("If-Match", &tag)])
        .expect(412);
    client
        .call(Method::GET, &path, None, &[("If-None-Match", &tag)])
        .expect(200);
    let contact = client.contact("Kinsella");
    let path = format!("/sobjects/Contact/{contact}");
    assert_eq!(client.get(&path).expect(200).header("etag"), "");
    client
        .call(Method::DELETE, &path, None, &[("If-Match", &tag)])
        .expect(204);
}
