//! What the connector user may not see or do.

use serde_json::json;
use tandem_sandbox::world::{FieldRights, ObjectRights};

use crate::client::Client;

#[test]
fn a_field_without_read_does_not_exist_for_the_user() {
    let client = Client::empty();
    let id = client.create("Contact", json!({ "LastName": "Kinsella", "Title": "CEO" }));
    let user = client.sandbox.connector_user();
    let hidden = FieldRights {
        read: false,
        edit: false,
    };
    client
        .sandbox
        .world(|world| world.set_field_rights(user, "Contact", "Title", hidden))
        .expect("set");
    let describe = client.get("/sobjects/Contact/describe").expect(200).json();
    assert!(
        !describe["fields"]
            .as_array()
            .expect("fields")
            .iter()
            .any(|field| field["name"] == "Title")
    );
    let got = client.get("/query?q=SELECT+Title+FROM+Contact").expect(400);
    assert_eq!(got.code(), "INVALID_FIELD");
    assert!(
        got.json()[0]["message"]
            .as_str()
            .expect("text")
            .contains("No such column 'Title' on entity 'Contact'")
    );
    assert_eq!(
        client
            .get(&format!("/sobjects/Contact/{id}"))
            .expect(200)
            .json()
            .get("Title"),
        None
    );
}

#[test]
fn a_read_only_field_is_described_so_and_refused() {
    let client = Client::empty();
    let id = client.contact("Kinsella");
    let user = client.sandbox.connector_user();
    let read_only = FieldRights {
        read: true,
        edit: false,
    };
    client
        .sandbox
        .world(|world| world.set_field_rights(user, "Contact", "Title", read_only))
        .expect("set");
    let describe = client.get("/sobjects/Contact/describe").expect(200).json();
    let fields = describe["fields"].as_array().expect("fields");
    let title = fields
        .iter()
        .find(|field| field["name"] == "Title")
        .expect("Title");
    assert_eq!(
        (&title["createable"], &title["updateable"]),
        (&false.into(), &false.into())
    );
    let got = client
        .patch(
            &format!("/sobjects/Contact/{id}"),
            json!({ "Title": "CEO" }),
        )
        .expect(400);
    assert_eq!(
        (got.code().as_str(), &got.json()[0]["fields"]),
        ("INVALID_FIELD_FOR_INSERT_UPDATE", &json!(["Title"]))
    );
}

#[test]
fn an_object_without_read_does_not_exist_for_the_user() {
    let client = Client::empty();
    let user = client.sandbox.connector_user();
    let none = ObjectRights {
        read: false,
        create: false,
        edit: false,
        delete: false,
        view_all: false,
        modify_all: false,
    };
    client
        .sandbox
        .world(|world| world.set_object_rights(user, "Opportunity", none))
        .expect("set");
    client.get("/sobjects/Opportunity/describe").expect(404);
    client
        .post("/sobjects/Opportunity", json!({ "Name": "x" }))
        .expect(404);
    assert_eq!(
        client
            .get("/query?q=SELECT+Id+FROM+Opportunity")
            .expect(400)
            .code(),
        "INVALID_TYPE"
    );
    let global = client.get("/sobjects").expect(200).json();
    assert!(
        !global["sobjects"]
            .as_array()
            .expect("a list")
            .iter()
            .any(|entry| entry["name"] == "Opportunity")
    );
}

#[test]
fn an_object_without_edit_says_so() {
    let client = Client::empty();
    let id = client.contact("Kinsella");
    let user = client.sandbox.connector_user();
    let rights = ObjectRights {
        edit: false,
        modify_all: false,
        ..ObjectRights::default()
    };
    client
        .sandbox
        .world(|world| world.set_object_rights(user, "Contact", rights))
        .expect("set");
    let describe = client.get("/sobjects/Contact/describe").expect(200).json();
    assert_eq!(
        (&describe["updateable"], &describe["createable"]),
        (&false.into(), &true.into())
    );
    let got = client
        .patch(
            &format!("/sobjects/Contact/{id}"),
            json!({ "LastName": "x" }),
        )
        .expect(403);
    assert_eq!(got.code(), "INSUFFICIENT_ACCESS_OR_READONLY");
}
