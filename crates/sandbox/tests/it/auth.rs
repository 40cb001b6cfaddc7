//! OAuth flows and sessions.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::SignedDuration;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tandem_sandbox::{Options, faults::FaultAction};
use url::Url;

use crate::client::{BASE, Client, Got, options};

const REDIRECT: &str = "http://localhost:7777/callback";
const VERIFIER: &str = "a-verifier-that-is-long-enough-for-the-rfc-0123456789";
const TOKEN: &str = "/services/oauth2/token";

fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))
}

/// Answers the consent form.
fn consent(client: &Client, username: &str, password: &str, decision: &str) -> Got {
    let app = Options::default();
    client.form(
        "/services/oauth2/authorize",
        &[
            ("response_type", "code"),
            ("client_id", &app.client_id),
            ("redirect_uri", REDIRECT),
            ("state", "st&te"),
            ("scope", "api refresh_token"),
            ("code_challenge", &challenge()),
            ("username", username),
            ("password", password),
            ("decision", decision),
        ],
    )
}

/// A parameter of the address the browser is sent to.
fn sent_back(got: &Got, name: &str) -> String {
    let url = Url::parse(got.header("location")).expect("a redirect");
    assert!(url.as_str().starts_with(REDIRECT), "{url}");
    url.query_pairs()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

fn code(client: &Client) -> String {
    let connector = client.sandbox.credentials("").username;
    let got = consent(client, &connector, &Options::default().password, "allow").expect(302);
    assert_eq!(sent_back(&got, "state"), "st&te");
    sent_back(&got, "code")
}

fn exchange(client: &Client, code: &str, verifier: &str) -> Got {
    let app = Options::default();
    client.form(
        TOKEN,
        &[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("client_id", &app.client_id),
            ("client_secret", &app.client_secret),
            ("code_verifier", verifier),
        ],
    )
}

fn refresh(client: &Client, token: &str) -> Got {
    let app = Options::default();
    client.form(
        TOKEN,
        &[
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("client_id", &app.client_id),
            ("client_secret", &app.client_secret),
        ],
    )
}

#[track_caller]
fn refused(got: Got, error: &str, description: &str) {
    let got = got.expect(400);
    assert_eq!(got.header("cache-control"), "no-store");
    assert_eq!(
        (&got.json()["error"], &got.json()["error_description"]),
        (&error.into(), &description.into())
    );
}

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

#[test]
fn the_web_server_flow_with_pkce_gives_a_session() {
    let mut client = Client::empty();
    let tokens = exchange(&client, &code(&client), VERIFIER)
        .expect(200)
        .json();
    let keys: Vec<&str> = tokens
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        keys,
        [
            "access_token",
            "id",
            "instance_url",
            "issued_at",
            "refresh_token",
            "scope",
            "signature",
            "token_type"
        ]
    );
    assert_eq!(tokens["instance_url"], "http://org.example:8443");
    assert_eq!(tokens["scope"], "api refresh_token");
    let org = client.sandbox.world(|world| world.org_id());
    assert!(text(&tokens["access_token"]).starts_with(&format!("{}!", org.short())));
    assert!(text(&tokens["id"]).starts_with(&format!("http://org.example:8443/id/{org}/005")));
    assert!(
        text(&tokens["issued_at"])
            .parse::<i64>()
            .expect("milliseconds")
            > 1_000_000_000_000
    );
    client.token = text(&tokens["access_token"]).to_owned();
    client.get("/sobjects").expect(200);
}

#[test]
fn a_code_is_good_once_for_its_verifier_and_for_fifteen_minutes() {
    let client = Client::empty();
    let first = code(&client);
    exchange(&client, &first, VERIFIER).expect(200);
    refused(
        exchange(&client, &first, VERIFIER),
        "invalid_grant",
        "invalid authorization code",
    );
    refused(
        exchange(&client, &code(&client), "another"),
        "invalid_grant",
        "invalid code verifier",
    );
    let late = code(&client);
    client.sandbox.advance(SignedDuration::from_mins(15));
    refused(
        exchange(&client, &late, VERIFIER),
        "invalid_grant",
        "expired authorization code",
    );
}

#[test]
fn the_consent_page_refuses_wrong_passwords_and_can_be_denied() {
    let client = Client::empty();
    let app = Options::default();
    let form = client.anonymous(&format!(
        "/services/oauth2/authorize?response_type=code&client_id={}&redirect_uri={REDIRECT}&state=x",
        app.client_id
    ));
    assert!(form.expect(200).text.contains("name=\"password\""));
    let wrong = consent(&client, "admin@haldenrobotics.example", "wrong", "allow").expect(200);
    assert!(wrong.text.contains("check your username and password"));
    let denied = consent(&client, "", "", "deny").expect(302);
    assert_eq!(sent_back(&denied, "error"), "access_denied");
    assert_eq!(sent_back(&denied, "state"), "st&te");
}

#[test]
fn authorize_never_redirects_to_a_foreign_address() {
    let client = Client::empty();
    let id = Options::default().client_id;
    let ask = |query: String| {
        client.anonymous(&format!(
            "/services/oauth2/authorize?response_type=code&{query}"
        ))
    };
    let foreign = ask(format!("client_id={id}&redirect_uri=https://evil.example/")).expect(400);
    assert!(
        foreign.text.contains("redirect_uri_mismatch") && foreign.header("location").is_empty()
    );
    let unknown = ask(format!("client_id=nobody&redirect_uri={REDIRECT}")).expect(400);
    assert!(unknown.text.contains("invalid_client_id"));
    let strict = Client::new(Options {
        require_pkce: true,
        ..options()
    });
    let got = strict.anonymous(&format!(
        "/services/oauth2/authorize?response_type=code&client_id={id}&redirect_uri={REDIRECT}"
    ));
    assert_eq!(
        sent_back(&got, "error_description"),
        "missing required code challenge"
    );
}

#[test]
fn refresh_gives_no_new_refresh_token_unless_they_rotate() {
    let client = Client::empty();
    let approved = client.sandbox.credentials("").refresh_token;
    for _ in 0..8 {
        let tokens = refresh(&client, &approved).expect(200).json();
        assert_eq!(tokens.get("refresh_token"), None);
    }
    let rotating = Client::new(Options {
        rotate_refresh_tokens: true,
        ..options()
    });
    let tokens = exchange(&rotating, &code(&rotating), VERIFIER)
        .expect(200)
        .json();
    let old = text(&tokens["refresh_token"]);
    let new = refresh(&rotating, old).expect(200).json();
    refused(
        refresh(&rotating, old),
        "invalid_grant",
        "expired access/refresh token",
    );
    refresh(&rotating, text(&new["refresh_token"])).expect(200);
}

#[test]
fn a_sixth_approval_revokes_the_oldest_but_never_the_preapproved_one() {
    let client = Client::empty();
    let approve = || {
        let tokens = exchange(&client, &code(&client), VERIFIER)
            .expect(200)
            .json();
        text(&tokens["refresh_token"]).to_owned()
    };
    let tokens: Vec<String> = (0..6).map(|_| approve()).collect();
    refused(
        refresh(&client, &tokens[0]),
        "invalid_grant",
        "expired access/refresh token",
    );
    refresh(&client, &tokens[1]).expect(200);
    refresh(&client, &client.sandbox.credentials("").refresh_token).expect(200);
}

#[test]
fn password_and_client_credentials_open_sessions_without_approval() {
    let client = Client::empty();
    let known = client.sandbox.credentials("");
    let password = |password: &str| {
        client.form(
            TOKEN,
            &[
                ("grant_type", "password"),
                ("client_id", &known.client_id),
                ("client_secret", &known.client_secret),
                ("username", &known.username.to_uppercase()),
                ("password", password),
            ],
        )
    };
    for good in [
        known.password.clone(),
        format!("{}{}", known.password, known.security_token),
    ] {
        assert_eq!(
            password(&good).expect(200).json().get("refresh_token"),
            None
        );
    }
    refused(password("wrong"), "invalid_grant", "authentication failure");
    let basic = base64::engine::general_purpose::STANDARD
        .encode(format!("{}:{}", known.client_id, known.client_secret));
    let request = http::Request::post(TOKEN).header("authorization", format!("Basic {basic}"));
    let body = bytes::Bytes::from_static(b"grant_type=client_credentials");
    let got = client
        .send(request.body(body).expect("a request"))
        .expect(200);
    assert_eq!(got.json()["token_type"], "Bearer");
}

#[test]
fn token_requests_are_refused_with_the_vendors_codes() {
    let client = Client::empty();
    let app = Options::default();
    let ask = |grant: &str, id: &str, secret: &str| {
        client.form(
            TOKEN,
            &[
                ("grant_type", grant),
                ("client_id", id),
                ("client_secret", secret),
            ],
        )
    };
    refused(
        ask("magic", &app.client_id, ""),
        "unsupported_grant_type",
        "grant type not supported",
    );
    refused(
        ask("client_credentials", "nobody", ""),
        "invalid_client_id",
        "client identifier invalid",
    );
    refused(
        ask("client_credentials", &app.client_id, "wrong"),
        "invalid_client",
        "invalid client credentials",
    );
    refused(
        refresh(&client, "5Aep861nothing"),
        "invalid_grant",
        "expired access/refresh token",
    );
}

#[test]
fn a_session_slides_and_then_ends() {
    let client = Client::empty();
    for _ in 0..3 {
        client.sandbox.advance(SignedDuration::from_mins(119));
        client.get("/limits").expect(200);
    }
    client.sandbox.advance(SignedDuration::from_hours(2));
    let got = client.get("/limits").expect(401);
    assert_eq!(got.json()[0]["message"], "Session expired or invalid");
    assert_eq!(got.code(), "INVALID_SESSION_ID");
}

#[test]
fn expiry_on_demand_leaves_refresh_tokens_and_revocation_does_not() {
    let client = Client::empty();
    let approved = client.sandbox.credentials("").refresh_token;
    client
        .sandbox
        .strike(&FaultAction::ExpireAccessTokens)
        .expect("a state");
    client.get("/limits").expect(401);
    let tokens = refresh(&client, &approved).expect(200).json();
    client
        .form("/services/oauth2/revoke", &[("token", &approved)])
        .expect(200);
    refused(
        refresh(&client, &approved),
        "invalid_grant",
        "expired access/refresh token",
    );
    let token = text(&tokens["access_token"]);
    let got = client.call(
        http::Method::GET,
        "/limits",
        None,
        &[("authorization", &format!("OAuth {token}"))],
    );
    got.expect(401);
}

#[test]
fn an_inactive_user_can_neither_refresh_nor_call() {
    let client = Client::empty();
    let approved = client.sandbox.credentials("").refresh_token;
    let id = client.sandbox.connector_user();
    client.sandbox.world(|world| {
        let admin = tandem_sandbox::world::Actor::user(world.admin_id());
        let fields = serde_json::json!({ "IsActive": false })
            .as_object()
            .cloned()
            .expect("an object");
        world
            .update(
                &admin,
                "User",
                &id.to_string(),
                &fields,
                &Default::default(),
            )
            .expect("deactivated");
    });
    client.get("/limits").expect(401);
    refused(
        refresh(&client, &approved),
        "inactive_user",
        "user is inactive",
    );
}

#[test]
fn userinfo_identity_and_introspection_know_the_user() {
    let client = Client::empty();
    let known = client.sandbox.credentials("");
    let info = client.get("/services/oauth2/userinfo").expect(200).json();
    assert_eq!(info["preferred_username"], known.username.as_str());
    assert_eq!(info["organization_id"], known.org_id.as_str());
    assert_eq!(
        (&info["zoneinfo"], &info["utcOffset"]),
        (&"Europe/London".into(), &0.into())
    );
    let path = text(&info["sub"])
        .split_once("/id/")
        .expect("an identity URL")
        .1
        .to_owned();
    let identity = client.get(&format!("/id/{path}")).expect(200).json();
    assert_eq!(
        (&identity["username"], &identity["asserted_user"]),
        (&info["preferred_username"], &true.into())
    );
    let introspected = client.form(
        "/services/oauth2/introspect",
        &[
            ("token", &client.token),
            ("client_id", &known.client_id),
            ("client_secret", &known.client_secret),
        ],
    );
    let introspected = introspected.expect(200).json();
    assert_eq!(
        (&introspected["active"], &introspected["token_type"]),
        (&true.into(), &"access_token".into())
    );
    let unknown = client.anonymous("/services/oauth2/userinfo").expect(403);
    assert_eq!(unknown.text, "Missing_OAuth_Token");
}

#[test]
fn the_list_of_versions_is_open_to_everybody() {
    let client = Client::empty();
    let versions = client.anonymous("/services/data").expect(200).json();
    // An address that ends in a slash, and a path behind it.
    let doubled = client.anonymous("//services/data").expect(200).json();
    assert_eq!(doubled, versions);
    let versions = versions.as_array().expect("a list");
    assert_eq!(versions.first().expect("some")["version"], "31.0");
    assert_eq!(
        versions.last().expect("some")["url"],
        "/services/data/v67.0"
    );
    assert_eq!(
        client
            .anonymous(&format!("{BASE}/sobjects"))
            .expect(401)
            .code(),
        "INVALID_SESSION_ID"
    );
    assert_eq!(client.sandbox.meter().total_calls, 0);
}
