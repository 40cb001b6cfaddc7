//! The log-in page, and the flows that need no person: assertions, client credentials, OpenID Connect.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use bytes::Bytes;
use http::{Method, Request};
use jiff::SignedDuration;
use ring::{
    rand::SystemRandom,
    rsa::KeyPair,
    signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaPublicKeyComponents},
};
use serde_json::{Value, json};
use tandem_sandbox::{Options, control};

use crate::client::{Client, Got, options};

const AUTHORIZE: &str = "/services/oauth2/authorize";
const TOKEN: &str = "/services/oauth2/token";
const ORIGIN: &str = "http://org.example:8443";
const REDIRECT: &str = "http://localhost:7777/callback";
const KEY: &str = include_str!("../../src/salesforce/auth/id_token_key.pem");
/// Of the same key.
const CERTIFICATE: &str = include_str!("certificate.pem");

/// A browser: it keeps the cookie of the log-in page.
struct Browser<'c> {
    client: &'c Client,
    cookie: String,
}

impl<'c> Browser<'c> {
    fn new(client: &'c Client) -> Self {
        Self {
            client,
            cookie: String::new(),
        }
    }

    /// What it asks for, as a query or a form.
    fn parameters(more: &[(&str, &str)]) -> String {
        let asked = [
            ("response_type", "code"),
            ("client_id", &Options::default().client_id),
            ("redirect_uri", REDIRECT),
            ("scope", "api refresh_token"),
        ];
        url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(
                asked
                    .iter()
                    .filter(|(name, _)| more.iter().all(|(own, _)| own != name)),
            )
            .extend_pairs(more)
            .finish()
    }

    fn open(&mut self, more: &[(&str, &str)]) -> Got {
        let request = Request::get(format!("{AUTHORIZE}?{}", Self::parameters(more)));
        self.send(request, String::new())
    }

    /// Presses a button of the form, on a page of this origin.
    fn submit(&mut self, origin: &str, more: &[(&str, &str)]) -> Got {
        let request = Request::post(AUTHORIZE).header("origin", origin);
        self.send(request, Self::parameters(more))
    }

    fn log_in(&mut self, password: &str) -> Got {
        let username = self.client.sandbox.credentials("").username;
        let typed = [
            ("username", username.as_str()),
            ("password", password),
            ("decision", "allow"),
        ];
        self.submit(ORIGIN, &typed)
    }

    fn send(&mut self, request: http::request::Builder, body: String) -> Got {
        let request = request
            .header("host", "org.example:8443")
            .header("cookie", &self.cookie);
        let got = self
            .client
            .send(request.body(Bytes::from(body)).expect("a request"));
        if let Some(cookie) = got
            .header("set-cookie")
            .split(';')
            .next()
            .filter(|c| !c.is_empty())
        {
            self.cookie = cookie.to_owned();
        }
        got
    }
}

fn code_of(got: Got) -> String {
    let url = url::Url::parse(got.expect(302).header("location")).expect("an address");
    let code = url.query_pairs().find(|(name, _)| name == "code");
    code.expect("a code").1.into_owned()
}

fn exchange(client: &Client, code: &str) -> Got {
    let app = Options::default();
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT),
        ("client_id", &app.client_id),
        ("client_secret", &app.client_secret),
    ];
    client.form(TOKEN, &form)
}

#[test]
fn a_browser_that_logged_in_is_asked_no_more_than_needed() {
    let client = Client::empty();
    let mut browser = Browser::new(&client);
    let page = browser.open(&[("login_hint", "a\"b@example")]).expect(200);
    assert!(
        page.text.contains("value=\"a&quot;b@example\"") && page.text.contains("localhost:7777")
    );
    assert!(
        page.header("content-security-policy")
            .contains("frame-ancestors 'none'")
    );
    code_of(browser.log_in(&Options::default().password));
    // The connector's own approval covers this, so nothing is left to ask.
    code_of(browser.open(&[]));
    let consent = browser.open(&[("prompt", "consent")]).expect(200);
    assert!(consent.text.contains("Tandem Connector") && !consent.text.contains("password"));
    let more = browser
        .open(&[("scope", "api refresh_token openid")])
        .expect(200);
    assert!(more.text.contains("Allow access?"));
    let again = browser.open(&[("prompt", "login")]).expect(200);
    assert!(again.text.contains("name=\"password\""));
    let allow = [("prompt", "consent"), ("decision", "allow")];
    let elsewhere = browser.submit("http://localhost:9", &allow).expect(200);
    assert!(
        elsewhere.text.contains("name=\"password\""),
        "another site cannot press the button"
    );
    code_of(browser.submit(ORIGIN, &allow));
}

#[test]
fn the_cookie_of_the_log_in_page_is_no_key_to_the_api() {
    let mut client = Client::empty();
    let mut browser = Browser::new(&client);
    browser.log_in(&Options::default().password).expect(302);
    let (_, session) = browser.cookie.split_once('=').expect("a cookie");
    client.token = session.to_owned();
    let got = client.get("/limits").expect(401);
    assert_eq!(
        got.json()[0]["message"],
        "This session is not valid for use with the REST API"
    );
}

#[test]
fn a_session_without_the_scope_api_only_tells_who_one_is() {
    let mut client = Client::empty();
    let asked = [
        ("scope", "id"),
        ("username", &client.sandbox.credentials("").username[..]),
    ];
    let typed = [
        asked[0],
        asked[1],
        ("password", &Options::default().password),
        ("decision", "allow"),
    ];
    let code = code_of(Browser::new(&client).submit(ORIGIN, &typed));
    let tokens = exchange(&client, &code).expect(200).json();
    assert_eq!(
        (&tokens["scope"], tokens.get("refresh_token")),
        (&json!("id"), None)
    );
    client.token = tokens["access_token"].as_str().expect("a token").to_owned();
    client.get("/services/oauth2/userinfo").expect(200);
    client.get("/limits").expect(401);
}

#[test]
fn unknown_scopes_go_back_to_the_application_and_lock_outs_are_told() {
    let client = Client::empty();
    let mut browser = Browser::new(&client);
    let got = browser.open(&[("scope", "api everything")]).expect(302);
    assert!(got.header("location").contains("error=invalid_scope"));
    for _ in 0..10 {
        assert!(
            browser
                .log_in("wrong")
                .text
                .contains("check your username and password")
        );
    }
    assert!(
        browser
            .log_in(&Options::default().password)
            .text
            .contains("locked out")
    );
    client.sandbox.advance(SignedDuration::from_mins(15));
    code_of(browser.log_in(&Options::default().password));
}

fn key() -> KeyPair {
    let body: String = KEY.lines().filter(|line| !line.starts_with('-')).collect();
    KeyPair::from_pkcs8(&STANDARD.decode(body).expect("base64")).expect("a key")
}

/// An assertion for these claims, signed by the key of [`CERTIFICATE`].
fn assertion(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let mut signature = vec![0; 256];
    key()
        .sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            signed.as_bytes(),
            &mut signature,
        )
        .expect("signs");
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn bear(client: &Client, assertion: &str) -> Got {
    let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    client.form(TOKEN, &[("grant_type", grant), ("assertion", assertion)])
}

fn settle(client: &Client, change: &Value) -> u16 {
    let request = Request::builder().method(Method::PATCH).uri("/control/app");
    let request = request
        .body(Bytes::from(change.to_string()))
        .expect("a request");
    control::handle(&client.sandbox, &request).status().as_u16()
}

#[track_caller]
fn refused(got: Got, error: &str, description: &str) {
    let got = got.expect(400).json();
    assert_eq!(
        (&got["error"], &got["error_description"]),
        (&json!(error), &json!(description))
    );
}

/// An assertion for the connector with some claims changed.
fn claims(client: &Client, changes: &Value) -> String {
    let known = client.sandbox.credentials("");
    let mut claims = json!({
        "iss": known.client_id,
        "sub": known.username,
        "aud": "https://login.salesforce.com",
        "exp": client.sandbox.now().as_second() + 180,
    });
    let changes = changes.as_object().cloned().expect("an object");
    claims.as_object_mut().expect("an object").extend(changes);
    assertion(&json!({ "alg": "RS256" }), &claims)
}

#[test]
fn an_assertion_opens_a_session_for_whoever_approved() {
    let mut client = Client::empty();
    let good = claims(&client, &json!({}));
    refused(bear(&client, &good), "invalid_grant", "invalid assertion");
    assert_eq!(settle(&client, &json!({ "certificate": CERTIFICATE })), 200);
    let tokens = bear(&client, &good).expect(200).json();
    let keys: Vec<&String> = tokens.as_object().expect("an object").keys().collect();
    assert_eq!(
        keys,
        ["access_token", "id", "instance_url", "scope", "token_type"]
    );
    client.token = tokens["access_token"].as_str().expect("a token").to_owned();
    client.get("/limits").expect(200);
    let written = (client.sandbox.now().as_second() + 180).to_string();
    bear(&client, &claims(&client, &json!({ "exp": written }))).expect(200);
    let several = json!(["x", "https://test.salesforce.com/services/oauth2/token"]);
    for audience in [json!(ORIGIN), several] {
        let aimed = claims(&client, &json!({ "aud": audience }));
        bear(&client, &aimed).expect(200);
    }
}

#[test]
fn an_assertion_is_refused_with_the_vendors_words() {
    let client = Client::empty();
    settle(&client, &json!({ "certificate": CERTIFICATE }));
    let now = client.sandbox.now().as_second();
    let seller = "grace.tanaka@haldenrobotics.example";
    let unapproved = "user hasn't approved this consumer";
    for (changes, error, description) in [
        (
            json!({ "iss": "nobody" }),
            "invalid_client_id",
            "client identifier invalid",
        ),
        (
            json!({ "aud": "https://evil.example" }),
            "invalid_grant",
            "audience is invalid",
        ),
        (
            json!({ "exp": now }),
            "invalid_grant",
            "expired authorization code",
        ),
        (
            json!({ "exp": "soon" }),
            "invalid_grant",
            "invalid assertion",
        ),
        (json!({ "sub": seller }), "invalid_grant", unapproved),
        (json!({ "sub": "nobody" }), "invalid_grant", unapproved),
    ] {
        refused(
            bear(&client, &claims(&client, &changes)),
            error,
            description,
        );
    }
    let unsigned = assertion(&json!({ "alg": "none" }), &json!({}));
    let good = claims(&client, &json!({}));
    for bad in ["x", "a.b.c", &unsigned, &good[..good.len() - 4]] {
        refused(bear(&client, bad), "invalid_grant", "invalid assertion");
    }
    refused(
        bear(&client, ""),
        "invalid_request",
        "missing required parameter: assertion",
    );
    assert_eq!(
        settle(&client, &json!({ "admin_approved_users": true })),
        200
    );
    bear(&client, &claims(&client, &json!({ "sub": seller }))).expect(200);
    assert_eq!(
        settle(&client, &json!({ "certificate": "no certificate" })),
        400
    );
}

#[test]
fn a_certificate_of_the_options_will_do() {
    let options = Options {
        certificate: Some(CERTIFICATE.to_owned()),
        ..options()
    };
    let client = Client::new(options.clone());
    let claims = json!({
        "iss": options.client_id, "sub": client.sandbox.credentials("").username, "aud": ORIGIN,
        "exp": client.sandbox.now().as_second() + 1,
    });
    bear(&client, &assertion(&json!({ "alg": "RS256" }), &claims)).expect(200);
}

#[test]
fn client_credentials_run_as_the_user_the_app_names() {
    let client = Client::empty();
    let app = Options::default();
    let ask = || {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &app.client_id[..]),
            ("client_secret", &app.client_secret),
        ];
        client.form(TOKEN, &form)
    };
    let seller = "grace.tanaka@haldenrobotics.example";
    assert_eq!(settle(&client, &json!({ "run_as": seller })), 200);
    let id = client.sandbox.user(seller).expect("a user").to_string();
    assert!(
        ask().expect(200).json()["id"]
            .as_str()
            .expect("an address")
            .ends_with(&id)
    );
    assert_eq!(settle(&client, &json!({ "run_as": null })), 200);
    refused(ask(), "invalid_grant", "no client credentials user enabled");
    assert_eq!(settle(&client, &json!({ "run_as": "nobody" })), 404);
}

#[test]
fn an_id_token_can_be_checked_with_the_published_key() {
    let client = Client::empty();
    let username = client.sandbox.credentials("").username;
    let asked = [
        ("scope", "openid api"),
        ("nonce", "n-1"),
        ("username", &username),
        ("password", &Options::default().password),
        ("decision", "allow"),
    ];
    let code = code_of(Browser::new(&client).submit(ORIGIN, &asked));
    let tokens = exchange(&client, &code).expect(200).json();
    let token = tokens["id_token"].as_str().expect("a token");
    let discovery = client
        .anonymous("/.well-known/openid-configuration")
        .expect(200)
        .json();
    assert!(
        discovery["jwks_uri"]
            .as_str()
            .expect("an address")
            .ends_with("/id/keys")
    );
    let keys = client.anonymous("/id/keys").expect(200).json();
    let number = |name: &str| {
        let text = keys["keys"][0][name].as_str().expect("a number");
        URL_SAFE_NO_PAD.decode(text).expect("base64")
    };
    let (signed, signature) = token.rsplit_once('.').expect("a signature");
    let public = RsaPublicKeyComponents {
        n: number("n"),
        e: number("e"),
    };
    let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64");
    public
        .verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature)
        .expect("a good signature");
    let claims = signed.split_once('.').expect("claims").1;
    let claims: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).expect("base64")).expect("JSON");
    assert_eq!(
        (&claims["iss"], &claims["nonce"], &claims["sub"]),
        (&json!(ORIGIN), &json!("n-1"), &tokens["id"])
    );
    assert_eq!(claims["aud"], Options::default().client_id);
}

#[test]
fn a_token_can_be_revoked_with_get() {
    let client = Client::empty();
    client
        .anonymous(&format!("/services/oauth2/revoke?token={}", client.token))
        .expect(200);
    client.get("/limits").expect(401);
    let again = client.anonymous(&format!("/services/oauth2/revoke?token={}", client.token));
    assert_eq!(again.expect(400).json()["error"], "unsupported_token_type");
}

#[test]
fn what_is_settled_about_the_app_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = Options {
        state: Some(folder.path().join("org")),
        ..options()
    };
    let open = || Client::of(tandem_sandbox::Sandbox::open(options.clone()).expect("opens"));
    settle(
        &open(),
        &json!({ "certificate": CERTIFICATE, "run_as": null }),
    );
    let client = open();
    let request = Request::get("/control/app")
        .body(Bytes::new())
        .expect("a request");
    let answer: Value =
        serde_json::from_slice(control::handle(&client.sandbox, &request).body()).expect("JSON");
    assert_eq!(
        answer,
        json!({ "certificate": CERTIFICATE, "admin_approved_users": false, "run_as": null })
    );
}
