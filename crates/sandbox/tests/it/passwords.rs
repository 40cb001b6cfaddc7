//! Passwords over REST.

use serde_json::json;

use crate::client::{Client, options};

fn log_in(client: &Client, password: &str) -> u16 {
    let options = options();
    let form = [
        ("grant_type", "password"),
        ("client_id", options.client_id.as_str()),
        ("client_secret", options.client_secret.as_str()),
        ("username", "grace.tanaka@haldenrobotics.example"),
        ("password", password),
    ];
    client.form("/services/oauth2/token", &form).status.as_u16()
}

#[test]
fn a_password_can_be_chosen_and_reset() {
    let client = Client::empty();
    let grace = client
        .sandbox
        .user("grace.tanaka@haldenrobotics.example")
        .expect("a user");
    let path = format!("/sobjects/User/{grace}/password");
    assert_eq!(
        client.get(&path).expect(200).json(),
        json!({ "isExpired": false })
    );
    client
        .post(&path, json!({ "NewPassword": "longer4ever" }))
        .expect(204);
    assert_eq!(
        (
            log_in(&client, "longer4ever"),
            log_in(&client, &options().password)
        ),
        (200, 400)
    );
    let got = client
        .post(&path, json!({ "NewPassword": "short" }))
        .expect(400);
    assert_eq!(got.code(), "INVALID_NEW_PASSWORD");
    let reset = client.delete(&path).expect(200).json();
    let password = reset["NewPassword"].as_str().expect("text").to_owned();
    assert_eq!(
        (log_in(&client, &password), log_in(&client, "longer4ever")),
        (200, 400)
    );
    client.patch(&path, json!({})).expect(405);
}

#[test]
fn only_users_have_one() {
    let client = Client::empty();
    let contact = client.contact("Kinsella");
    client
        .get(&format!("/sobjects/Contact/{contact}/password"))
        .expect(404);
    client
        .get("/sobjects/User/005Td0000000ZZZ/password")
        .expect(404);
}
