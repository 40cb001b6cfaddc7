//! OAuth 2: the web server flow with PKCE, renewal and revocation, as Salesforce speaks it.
//!
//! Everything random comes from the caller and nothing here knows the time: there is no `expires_in`
//! in these answers, the end of an access token is learned from a 401. None of these requests is
//! metered. Error codes mean the same for a first sign-in and a renewal; [`OAUTH_ERRORS`] is the table.

use crate::http::{Transport, UnsafeAddress, check_address};
use ::http::{Request, Response, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use tandem_core::connector::Failure;
use tandem_core::error::ErrorClass;
use url::{Url, form_urlencoded};

/// What Tandem asks for: data, renewal, and who the user is.
const SCOPE: &str = "api refresh_token id";

/// The connected app that an administrator registered in the CRM.
#[derive(Clone, Debug)]
pub struct OAuthApp {
    /// `https://login.salesforce.com`, `https://test.salesforce.com` or a My Domain address.
    login: Url,
    client_id: String,
    client_secret: Option<SecretString>,
}

impl OAuthApp {
    /// An app that signs in at `login_url`; its path is ignored.
    ///
    /// # Errors
    /// The address is neither https nor on this machine.
    pub fn new(
        login_url: &str,
        client_id: impl Into<String>,
        client_secret: Option<SecretString>,
    ) -> Result<Self, UnsafeAddress> {
        Ok(Self {
            login: check_address(login_url)?,
            client_id: client_id.into(),
            client_secret,
        })
    }

    /// The sign-in address without a slash at the end.
    pub fn login_origin(&self) -> String {
        self.login.origin().ascii_serialization()
    }

    fn endpoint(&self, name: &str) -> String {
        format!("{}/services/oauth2/{name}", self.login_origin())
    }
}

/// A verifier that stays here and the challenge that goes ahead of it (RFC 7636, method S256).
#[derive(Clone, Debug)]
pub struct Pkce {
    /// Sent when the code is exchanged.
    pub verifier: SecretString,
    /// Sent with the authorization request.
    pub challenge: String,
}

impl Pkce {
    /// From 32 bytes of the caller's good randomness.
    pub fn from_random(bytes: [u8; 32]) -> Self {
        let verifier = URL_SAFE_NO_PAD.encode(bytes);
        Self {
            challenge: URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())),
            verifier: verifier.into(),
        }
    }
}

/// A `state` parameter from the caller's good randomness.
pub fn state_from_random(bytes: [u8; 32]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Where to send the administrator's browser.
pub fn authorize_url(app: &OAuthApp, redirect_uri: &str, state: &str, pkce: &Pkce) -> Url {
    let mut url = app.login.clone();
    url.set_path("/services/oauth2/authorize");
    url.set_fragment(None);
    url.query_pairs_mut()
        .clear()
        .append_pair("response_type", "code")
        .append_pair("client_id", &app.client_id)
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("scope", SCOPE)
        .append_pair("state", state)
        .append_pair("code_challenge", &pkce.challenge)
        .append_pair("code_challenge_method", "S256");
    url
}

/// What the token endpoint gave. `Debug` shows no token.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// For data requests.
    pub access_token: SecretString,
    /// Absent in a renewal, unless the app rotates refresh tokens; then the old one is dead.
    pub refresh_token: Option<SecretString>,
    /// Where data requests go, without a slash at the end.
    pub instance_url: String,
}

/// Exchanges the code that came back to `redirect_uri`.
///
/// # Errors
/// The CRM's refusal by [`OAUTH_ERRORS`], or a lost or senseless answer.
pub async fn exchange_code(
    transport: &dyn Transport,
    app: &OAuthApp,
    redirect_uri: &str,
    code: &str,
    verifier: &SecretString,
) -> Result<Tokens, Failure> {
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", redirect_uri),
        ("code_verifier", verifier.expose_secret()),
    ];
    tokens(post(transport, app, "token", &form).await?)
}

/// Renews the access token.
///
/// # Errors
/// [`ErrorClass::ConnectionRevoked`] when only a person can repair it; see [`exchange_code`].
pub async fn refresh(
    transport: &dyn Transport,
    app: &OAuthApp,
    refresh_token: &SecretString,
) -> Result<Tokens, Failure> {
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh_token.expose_secret()),
    ];
    tokens(post(transport, app, "token", &form).await?)
}

/// Ends a refresh token and the access tokens made from it. A token that is dead already is no error.
///
/// # Errors
/// The request was not sent, was lost, or the server failed.
pub async fn revoke(
    transport: &dyn Transport,
    app: &OAuthApp,
    refresh_token: &SecretString,
) -> Result<(), Failure> {
    let form = [("token", refresh_token.expose_secret())];
    let answer = post(transport, app, "revoke", &form).await?;
    if answer.status().is_server_error() {
        return Err(refusal(&answer));
    }
    Ok(())
}

/// Meaning of the `error` of an OAuth answer. Everything that only a person can repair pauses the
/// connection. Codes: the vendor's list of OAuth errors and RFC 6749, section 5.2.
pub const OAUTH_ERRORS: &[(&str, ErrorClass)] = &[
    ("invalid_grant", ErrorClass::ConnectionRevoked),
    ("inactive_user", ErrorClass::ConnectionRevoked),
    ("inactive_org", ErrorClass::ConnectionRevoked),
    ("invalid_app_access", ErrorClass::ConnectionRevoked),
    ("invalid_client", ErrorClass::ConnectionRevoked),
    ("invalid_client_id", ErrorClass::ConnectionRevoked),
    ("unauthorized_client", ErrorClass::ConnectionRevoked),
    ("access_denied", ErrorClass::ConnectionRevoked),
    ("access-denied", ErrorClass::ConnectionRevoked),
    ("redirect_uri_mismatch", ErrorClass::ConnectionRevoked),
    ("invalid_scope", ErrorClass::ConnectionRevoked),
    ("invalid_request", ErrorClass::ConnectionRevoked),
    ("unsupported_grant_type", ErrorClass::ConnectionRevoked),
    ("unsupported_response_type", ErrorClass::ConnectionRevoked),
    ("rate_limit_exceeded", ErrorClass::Busy),
    ("server_error", ErrorClass::Unavailable),
    ("temporarily_unavailable", ErrorClass::Unavailable),
];

/// The failure that an OAuth error means, also one that a browser brought back in the redirect.
pub fn oauth_failure(error: &str, description: &str) -> Failure {
    let class = OAUTH_ERRORS.iter().find(|(code, _)| *code == error);
    Failure {
        code: error.chars().take(100).collect(),
        ..Failure::new(
            class.map_or(ErrorClass::ConnectionRevoked, |(_, class)| *class),
            description.chars().take(500).collect::<String>(),
        )
    }
}

async fn post(
    transport: &dyn Transport,
    app: &OAuthApp,
    endpoint: &str,
    form: &[(&str, &str)],
) -> Result<Response<Bytes>, Failure> {
    let request = Request::post(app.endpoint(endpoint))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ACCEPT, "application/json")
        .body(encoded(app, form))
        .map_err(|error| Failure::new(ErrorClass::OurFault, error.to_string()))?;
    Ok(transport.send(request).await?)
}

/// The form with the app's own credentials.
fn encoded(app: &OAuthApp, form: &[(&str, &str)]) -> Bytes {
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(form)
        .append_pair("client_id", &app.client_id);
    if let Some(secret) = &app.client_secret {
        body.append_pair("client_secret", secret.expose_secret());
    }
    Bytes::from(body.finish())
}

fn tokens(answer: Response<Bytes>) -> Result<Tokens, Failure> {
    #[derive(Deserialize)]
    struct Body {
        access_token: String,
        refresh_token: Option<String>,
        instance_url: String,
    }
    if !answer.status().is_success() {
        return Err(refusal(&answer));
    }
    // The parser's own message could quote the body, which holds tokens.
    let garbled = |text: &str| Failure::new(ErrorClass::GarbledAnswer, text);
    let body: Body = serde_json::from_slice(answer.body())
        .map_err(|_| garbled("the token endpoint answered something else than tokens"))?;
    let instance = check_address(&body.instance_url).map_err(|e| garbled(&e.to_string()))?;
    Ok(Tokens {
        access_token: body.access_token.into(),
        refresh_token: body.refresh_token.map(SecretString::from),
        instance_url: instance.origin().ascii_serialization(),
    })
}

fn refusal(answer: &Response<Bytes>) -> Failure {
    #[derive(Deserialize)]
    struct Body {
        error: String,
        #[serde(default)]
        error_description: String,
    }
    let status = answer.status();
    match serde_json::from_slice::<Body>(answer.body()) {
        Ok(body) if !status.is_server_error() => {
            oauth_failure(&body.error, &body.error_description)
        }
        _ => {
            let class = match status.as_u16() {
                429 => ErrorClass::Busy,
                500.. | 408 => ErrorClass::Unavailable,
                _ => ErrorClass::GarbledAnswer,
            };
            Failure::new(class, format!("the sign-in server answered {status}"))
        }
    }
}

#[cfg(test)]
mod tests;
