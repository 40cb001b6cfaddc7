//! The pages for people: what they show, what they change and what they refuse.

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};
use tandem_sandbox::{
    seed::SeedSize,
    world::{Actor, FieldRights},
};

use crate::client::{Client, Got};

const HOST: &str = "127.0.0.1:8443";

fn org() -> Client {
    Client::with_records(SeedSize {
        accounts: 3,
        contacts: 60,
        leads: 4,
        opportunities: 2,
    })
}

fn page(client: &Client, path: &str) -> Got {
    let request = Request::get(path).header("host", HOST);
    client.send(request.body(Bytes::new()).expect("a request"))
}

fn post_with(client: &Client, path: &str, form: &[(&str, &str)], headers: &[(&str, &str)]) -> Got {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish();
    let mut request = Request::builder().method(Method::POST).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    client.send(request.body(Bytes::from(body)).expect("a request"))
}

fn post(client: &Client, path: &str, form: &[(&str, &str)]) -> Got {
    let origin = format!("http://{HOST}");
    post_with(client, path, form, &[("host", HOST), ("origin", &origin)])
}

/// The record as the administrator sees it.
fn record(client: &Client, object: &str, id: &str) -> Value {
    client.sandbox.world(|world| {
        let admin = Actor::user(world.admin_id());
        let found = world
            .retrieve(&admin, object, id, None, "")
            .expect("known fields");
        found.expect("a record")
    })
}

#[test]
fn every_page_says_sandbox_and_forbids_what_it_does_not_need() {
    let client = org();
    let id = client.contact("Seen");
    let pages = [
        "/".to_owned(),
        "/lightning/o/Contact/list".to_owned(),
        "/lightning/o/Contact/list?bin=1&q=x".to_owned(),
        "/lightning/o/Lead/new".to_owned(),
        format!("/lightning/r/Contact/{id}/view"),
        format!("/lightning/r/Contact/{id}/edit"),
        "/faults".to_owned(),
        "/rules".to_owned(),
        "/meter".to_owned(),
    ];
    for path in pages {
        let got = page(&client, &path).expect(200);
        assert!(got.text.contains("<strong>Sandbox</strong>"), "{path}");
        assert!(
            !got.text.contains("<script") && !got.text.contains("style="),
            "{path}"
        );
        assert!(
            got.header("content-security-policy")
                .starts_with("default-src 'none'")
        );
    }
    assert!(
        page(&client, "/console.css")
            .expect(200)
            .header("content-type")
            .starts_with("text/css")
    );
    for path in [
        "/lightning/r/Contact/003Td0000000zzz/view",
        "/lightning/o/Nothing/list",
        "/faults/x/y",
    ] {
        page(&client, path).expect(404);
    }
    let short = page(&client, &format!("/{id}")).expect(303);
    assert_eq!(
        short.header("location"),
        format!("/lightning/r/Contact/{id}/view")
    );
}

#[test]
fn a_person_changes_only_what_they_touched_and_as_themselves() {
    let client = org();
    let id = client.create(
        "Contact",
        json!({"LastName": "Moss", "Title": "Clerk", "Phone": "1"}),
    );
    let user = client
        .sandbox
        .user("grace.tanaka@haldenrobotics.example")
        .expect("a user");
    let path = format!("/lightning/r/Contact/{id}/edit");
    let form = page(&client, &path).expect(200).text;
    assert!(form.contains("name=\"was.Phone\" value=\"1\""), "{form}");
    // Somebody else changes the phone while the form is open.
    client
        .patch(&format!("/sobjects/Contact/{id}"), json!({"Phone": "2"}))
        .expect(204);
    let sent = [
        ("was.LastName", "Moss"),
        ("LastName", "Moss"),
        ("was.Title", "Clerk"),
        ("Title", "Chief"),
        ("was.Phone", "1"),
        ("Phone", "1"),
        ("was.DoNotCall", "false"),
        ("DoNotCall", "true"),
    ];
    let origin = format!("http://{HOST}");
    let cookie = format!("sandbox_user={user}");
    let headers = [
        ("host", HOST),
        ("origin", origin.as_str()),
        ("cookie", cookie.as_str()),
    ];
    let saved = post_with(&client, &path, &sent, &headers).expect(303);
    assert_eq!(
        saved.header("location"),
        format!("/lightning/r/Contact/{id}/view?done=saved")
    );
    let now = record(&client, "Contact", &id);
    assert_eq!(
        (&now["Title"], &now["Phone"], &now["DoNotCall"]),
        (&json!("Chief"), &json!("2"), &json!(true))
    );
    assert_eq!(now["LastModifiedById"], user.to_string());
}

#[test]
fn what_the_world_refuses_is_said_at_the_field_and_nothing_typed_is_lost() {
    let client = org();
    let form = [
        ("LastName", ""),
        ("Email", "no address"),
        ("Title", "<b>Bold</b>"),
        ("AccountId", "Nobody & Sons"),
    ];
    let got = post(&client, "/lightning/o/Contact/new", &form).expect(422);
    assert!(
        got.text.contains("No record has exactly this name."),
        "{}",
        got.text
    );
    let form = [
        ("LastName", ""),
        ("Email", "no address"),
        ("Title", "<b>Bold</b>"),
    ];
    let got = post(&client, "/lightning/o/Contact/new", &form)
        .expect(422)
        .text;
    assert!(
        got.contains("<p class=\"error\">Email: invalid email address: no address</p>"),
        "{got}"
    );
    assert!(
        got.contains("value=\"&lt;b&gt;Bold&lt;/b&gt;\"") && !got.contains("<b>Bold"),
        "{got}"
    );
    let form = [("LastName", "Orme"), ("AccountId", "")];
    let made = post(&client, "/lightning/o/Contact/new", &form).expect(303);
    let path = made.header("location").to_owned();
    assert!(path.ends_with("?done=created"));
    assert!(page(&client, &path).expect(200).text.contains("Created."));
}

#[test]
fn a_record_is_deleted_found_in_the_bin_and_brought_back() {
    let client = org();
    let id = client.contact("Binned");
    let path = |what: &str| format!("/lightning/r/Contact/{id}/{what}");
    post(&client, &path("delete"), &[]).expect(303);
    assert!(
        page(&client, &path("view"))
            .expect(200)
            .text
            .contains("in the recycle bin")
    );
    assert!(
        page(&client, "/lightning/o/Contact/list?bin=1")
            .text
            .contains("Binned")
    );
    assert!(
        !page(&client, "/lightning/o/Contact/list?q=Binned")
            .text
            .contains(">Binned<")
    );
    post(&client, &path("undelete"), &[]).expect(303);
    assert!(
        page(&client, "/lightning/o/Contact/list?q=binn")
            .text
            .contains(">Binned<")
    );
    let again = post(&client, &path("undelete"), &[]).expect(422);
    assert!(again.text.contains("Entity is not in the recycle bin"));
}

#[test]
fn lists_turn_pages_and_search_takes_marks_as_text() {
    let client = org();
    let first = page(&client, "/lightning/o/Contact/list").expect(200).text;
    assert!(first.contains("page=2") && !first.contains(">Newer<"));
    let second = page(&client, "/lightning/o/Contact/list?page=2")
        .expect(200)
        .text;
    assert!(second.contains("page=1") && !second.contains(">Older<"));
    client.contact("O'Hara 50% off_\\");
    for text in ["O%27Hara", "50%25", "off_%5C"] {
        let found = page(&client, &format!("/lightning/o/Contact/list?q={text}"))
            .expect(200)
            .text;
        assert_eq!(found.matches("/lightning/r/Contact/").count(), 1, "{text}");
    }
}

#[test]
fn what_a_person_may_not_read_is_not_there() {
    let client = org();
    let id = client.create(
        "Contact",
        json!({"LastName": "Veil", "Phone": "+44 1 555 0199"}),
    );
    let admin = client.sandbox.world(|world| world.admin_id());
    let rights = FieldRights {
        read: false,
        edit: false,
    };
    client
        .sandbox
        .world(|world| world.set_field_rights(admin, "Contact", "Phone", rights))
        .expect("set");
    for path in [
        "/lightning/o/Contact/list".to_owned(),
        format!("/lightning/r/Contact/{id}/view"),
        format!("/lightning/r/Contact/{id}/edit"),
    ] {
        let text = page(&client, &path).expect(200).text;
        assert!(
            text.contains("Veil") && !text.contains("+44 1 555 0199"),
            "{path}"
        );
    }
}

#[test]
fn a_form_of_another_site_changes_nothing() {
    let client = org();
    let id = client.contact("Safe");
    let path = format!("/lightning/r/Contact/{id}/delete");
    let refused: [&[(&str, &str)]; 6] = [
        &[("host", HOST)],
        &[("host", HOST), ("origin", "http://evil.example")],
        &[("host", HOST), ("origin", "null")],
        &[
            ("host", HOST),
            ("sec-fetch-site", "cross-site"),
            ("origin", "http://127.0.0.1:8443"),
        ],
        &[("host", HOST), ("sec-fetch-site", "same-site")],
        // A name that was made to point here.
        &[("host", "evil.example"), ("origin", "http://evil.example")],
    ];
    for headers in refused {
        post_with(&client, &path, &[], headers).expect(403);
    }
    record(&client, "Contact", &id);
    post_with(
        &client,
        &path,
        &[],
        &[("host", HOST), ("sec-fetch-site", "same-origin")],
    )
    .expect(303);
}

#[test]
fn signing_in_leads_back_and_never_away() {
    let client = org();
    let user = client.sandbox.connector_user().to_string();
    let sign_in =
        |back: &str| post(&client, "/sign-in", &[("user", &user), ("back", back)]).expect(303);
    let got = sign_in("/faults");
    assert_eq!(got.header("location"), "/faults");
    assert!(
        got.header("set-cookie")
            .starts_with(&format!("sandbox_user={user};"))
    );
    for away in [
        "//evil.example",
        "http://evil.example",
        "/\\evil.example",
        "",
    ] {
        assert_eq!(sign_in(away).header("location"), "/");
    }
}

#[test]
fn the_org_is_broken_and_mended_by_buttons() {
    let client = org();
    post(&client, "/faults/outage", &[]).expect(303);
    client.get("/limits").expect(503);
    let text = page(&client, "/faults").expect(200).text;
    assert!(text.contains("The org is down until"), "{text}");
    post(&client, "/faults/end", &[]).expect(303);
    post(&client, "/faults/limit", &[]).expect(303);
    assert_eq!(
        client.get("/limits").expect(403).code(),
        "REQUEST_LIMIT_EXCEEDED"
    );
    post(&client, "/faults/end", &[]).expect(303);
    post(&client, "/faults/lost", &[("changes", "1")]).expect(303);
    let reads = client.get("/limits");
    assert_eq!(reads.delivery, tandem_sandbox::Delivery::Now);
    let lost = client.post("/sobjects/Contact", json!({"LastName": "Gone"}));
    assert_eq!(lost.delivery, tandem_sandbox::Delivery::Lost);
    assert!(page(&client, "/faults").text.contains("Nothing goes wrong"));
    post(&client, "/faults/expire", &[]).expect(303);
    client.get("/limits").expect(401);
    post(&client, "/faults/anything", &[]).expect(404);
}

#[test]
fn locks_and_late_commits_meet_people_too() {
    let client = org();
    let id = client.contact("Held");
    let edit = format!("/lightning/r/Contact/{id}/edit");
    let sent = [("was.Title", ""), ("Title", "Late")];
    post(&client, "/faults/lock", &[("changes", "1")]).expect(303);
    let locked = post(&client, &edit, &sent).expect(422);
    assert!(locked.text.contains("unable to obtain exclusive access"));
    post(
        &client,
        "/faults/late",
        &[("changes", "1"), ("seconds", "60")],
    )
    .expect(303);
    let late = post(&client, &edit, &sent).expect(303);
    assert!(late.header("location").ends_with("?done=late"));
    assert_eq!(record(&client, "Contact", &id)["Title"], Value::Null);
    client.sandbox.advance(jiff::SignedDuration::from_secs(61));
    assert_eq!(record(&client, "Contact", &id)["Title"], "Late");
}

#[test]
fn rules_refuse_people_and_clients_until_they_are_removed() {
    let client = org();
    let rule = [
        ("object", "Contact"),
        ("when", "Phone = null"),
        ("message", "Enter a phone number."),
        ("field", "Phone"),
    ];
    post(&client, "/rules/add", &rule).expect(303);
    let refused = post(&client, "/lightning/o/Contact/new", &[("LastName", "Orme")]).expect(422);
    assert!(
        refused
            .text
            .contains("<p class=\"error\">Enter a phone number.</p>")
    );
    client
        .post("/sobjects/Contact", json!({"LastName": "Orme"}))
        .expect(400);
    post(&client, "/rules/remove", &[("name", "console-1")]).expect(303);
    client
        .post("/sobjects/Contact", json!({"LastName": "Orme"}))
        .expect(201);
    let wrong = post(
        &client,
        "/rules/add",
        &[("object", "Contact"), ("when", "Nope ="), ("message", "x")],
    );
    assert!(
        wrong.text.contains("condition &#39;Nope =&#39;")
            || wrong.text.contains("condition 'Nope ='"),
        "{}",
        wrong.text
    );
    let list = [
        ("object", "Lead"),
        ("field", "Status"),
        ("restricted", "true"),
    ];
    post(&client, "/rules/picklist", &list).expect(303);
    let lead = json!({"LastName": "A", "Company": "B", "Status": "Invented"});
    assert_eq!(
        client.post("/sobjects/Lead", lead).expect(400).code(),
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    );
}

#[test]
fn the_meter_shows_what_clients_called() {
    let client = org();
    client.get("/limits").expect(200);
    let text = page(&client, "/meter").expect(200).text;
    assert!(text.contains("GET /services/data/v62.0/limits"), "{text}");
    post(&client, "/meter/limit", &[("calls", "1")]).expect(303);
    client.get("/limits").expect(403);
    post(&client, "/meter/reset", &[]).expect(303);
    client.get("/limits").expect(200);
}
