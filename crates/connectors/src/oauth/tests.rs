//! The flow over canned answers.

use super::*;
use crate::salesforce::testing::{Script, json_answer};

fn app() -> OAuthApp {
    let secret = Some("hush-secret".into());
    OAuthApp::new("https://login.example/ignored?x=1", "app-1", secret).expect("an address")
}

#[test]
fn the_challenge_is_the_one_of_the_standard() {
    // RFC 7636, appendix B: these 32 bytes, this challenge.
    let bytes = [
        116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37,
        77, 105, 214, 191, 240, 91, 88, 5, 88, 83, 132, 141, 121,
    ];
    let pkce = Pkce::from_random(bytes);
    assert_eq!(
        pkce.challenge,
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    );
    assert_eq!(pkce.verifier.expose_secret().len(), 43);
}

#[test]
fn the_authorize_url_names_the_challenge_and_not_the_verifier() {
    let pkce = Pkce::from_random([7; 32]);
    let state = state_from_random([9; 32]);
    let url = authorize_url(&app(), "http://localhost/back", &state, &pkce);
    assert!(
        url.as_str()
            .starts_with("https://login.example/services/oauth2/authorize?")
    );
    let pairs: Vec<_> = url.query_pairs().into_owned().collect();
    for (key, value) in [
        ("client_id", "app-1"),
        ("redirect_uri", "http://localhost/back"),
        ("state", state.as_str()),
        ("code_challenge", pkce.challenge.as_str()),
    ] {
        assert!(pairs.contains(&(key.into(), value.into())), "{key}");
    }
    assert!(!url.as_str().contains(pkce.verifier.expose_secret()));
}

#[tokio::test]
async fn a_code_is_exchanged_and_the_instance_reduced_to_its_origin() {
    let body = r#"{"access_token":"A","refresh_token":"R","instance_url":"https://acme.example/","id":"x"}"#;
    let script = Script::new([Ok(json_answer(200, body))]);
    let verifier = Pkce::from_random([1; 32]).verifier;
    let tokens = exchange_code(&script, &app(), "http://localhost/back", "c o", &verifier)
        .await
        .expect("tokens");
    assert_eq!(tokens.instance_url, "https://acme.example");
    let sent = script.sent();
    assert_eq!(sent[0].uri(), "https://login.example/services/oauth2/token");
    let body = std::str::from_utf8(sent[0].body()).expect("text");
    for part in [
        "grant_type=authorization_code",
        "code=c+o",
        "client_secret=hush-secret",
    ] {
        assert!(body.contains(part), "{body}");
    }
}

#[tokio::test]
async fn refusals_are_classified_by_the_table() {
    for (code, class) in OAUTH_ERRORS {
        let body = format!(r#"{{"error":"{code}","error_description":"why"}}"#);
        let script = Script::new([Ok(json_answer(400, &body))]);
        let failure = refresh(&script, &app(), &"R".into())
            .await
            .expect_err("refused");
        assert_eq!(
            (failure.class, failure.message.as_str()),
            (*class, "why"),
            "{code}"
        );
    }
}

#[tokio::test]
async fn answers_without_sense_name_no_token() {
    for (status, body, class) in [
        (
            200,
            r#"{"access_token":"hush","refresh_token":5}"#,
            ErrorClass::GarbledAnswer,
        ),
        (200, "<html>hush</html>", ErrorClass::GarbledAnswer),
        (
            200,
            r#"{"access_token":"hush","instance_url":"http://evil.example"}"#,
            ErrorClass::GarbledAnswer,
        ),
        (503, "<html>", ErrorClass::Unavailable),
        (500, r#"{"error":"invalid_grant"}"#, ErrorClass::Unavailable),
        (302, "", ErrorClass::GarbledAnswer),
        (429, "", ErrorClass::Busy),
    ] {
        let script = Script::new([Ok(json_answer(status, body))]);
        let failure = refresh(&script, &app(), &"R".into())
            .await
            .expect_err("refused");
        assert_eq!(failure.class, class, "{status} {body}");
        assert!(!format!("{failure:?}").contains("hush"));
    }
}

#[tokio::test]
async fn revoking_a_dead_token_is_fine() {
    let body = r#"{"error":"unsupported_token_type"}"#;
    let script = Script::new([Ok(json_answer(400, body)), Ok(json_answer(503, ""))]);
    assert!(revoke(&script, &app(), &"R".into()).await.is_ok());
    assert!(revoke(&script, &app(), &"R".into()).await.is_err());
}
