//! `/services/oauth2/token`: an authorization code, a refresh token, an assertion, a password or client credentials for
//! a session.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{StatusCode, header};
use serde::Serialize;
use sha2::Sha256;

use super::{
    App, FULL_SCOPE, LoginRefused,
    assertion::by_assertion,
    check_password, has_scope,
    id_token::{Subject, id_token},
};
use crate::{
    salesforce::{
        Org,
        answer::{self, Answer},
        error::OAuthError,
        request::Parameters,
        users,
    },
    world::SfId,
};

/// The answer of the token endpoint, in the order Salesforce writes it. There is no `expires_in`: a client learns of
/// the end of a session from a 401.
#[derive(Serialize)]
struct TokenResponse {
    access_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<String>,
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    instance_url: String,
    id: String,
    token_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    issued_at: Option<String>,
}

/// What a grant is worth.
pub(super) struct Granted {
    user: SfId,
    scope: String,
    approval: Option<u64>,
    refresh_token: Option<String>,
    nonce: Option<String>,
    /// The answer says when it was given, signed with the secret; not so in the JWT bearer flow (documented).
    pub(super) signed: bool,
}

impl Granted {
    pub(super) fn without_approval(user: SfId, scope: &str) -> Self {
        Self {
            user,
            scope: scope.to_owned(),
            approval: None,
            refresh_token: None,
            nonce: None,
            signed: true,
        }
    }
}

/// A way to get a session, as `grant_type` names it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Grant {
    Code,
    Refresh,
    Assertion,
    Password,
    ClientCredentials,
}

/// All grants by name, for the discovery document, too.
const GRANTS: [(&str, Grant); 5] = [
    ("authorization_code", Grant::Code),
    ("refresh_token", Grant::Refresh),
    (
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        Grant::Assertion,
    ),
    ("password", Grant::Password),
    ("client_credentials", Grant::ClientCredentials),
];

pub(super) fn grant_names() -> [&'static str; GRANTS.len()] {
    GRANTS.map(|(name, _)| name)
}

/// Answers a token request whose form is `parameters`; `origin` is the address the client used.
pub(in crate::salesforce) fn token(org: &mut Org, parameters: &Parameters, origin: &str) -> Answer {
    match grant(org, parameters, origin) {
        Ok(granted) => issue(org, granted, origin),
        Err(error) => error.into_answer(),
    }
}

fn grant(org: &mut Org, parameters: &Parameters, origin: &str) -> Result<Granted, OAuthError> {
    let name = parameters.get("grant_type").unwrap_or_default();
    let known = GRANTS.iter().find(|(known, _)| *known == name);
    let (_, grant) = known
        .ok_or_else(|| OAuthError::new("unsupported_grant_type", "grant type not supported"))?;
    if *grant != Grant::Assertion {
        check_client(&org.auth.app, parameters, *grant == Grant::Refresh)?;
    }
    match grant {
        Grant::Code => by_code(org, parameters),
        Grant::Refresh => by_refresh_token(org, parameters),
        Grant::Assertion => by_assertion(org, parameters, origin),
        Grant::Password => by_password(org, parameters),
        Grant::ClientCredentials => by_client_credentials(org),
    }
}

/// A `public` request (a refresh, as a PKCE exchange) may leave the secret out; a wrong one is always refused.
pub(super) fn check_client(
    app: &App,
    parameters: &Parameters,
    public: bool,
) -> Result<(), OAuthError> {
    if parameters.get("client_id") != Some(app.client_id.as_str()) {
        return Err(OAuthError::unknown_client());
    }
    match parameters.get("client_secret") {
        Some(secret) if secret == app.client_secret => Ok(()),
        None if public || parameters.get("code_verifier").is_some() => Ok(()),
        _ => Err(OAuthError::new(
            "invalid_client",
            "invalid client credentials",
        )),
    }
}

fn by_code(org: &mut Org, parameters: &Parameters) -> Result<Granted, OAuthError> {
    let code = required(parameters, "code")?;
    let redirect_uri = required(parameters, "redirect_uri")?;
    let verifier = parameters.get("code_verifier");
    let consent = org
        .auth
        .redeem(code, redirect_uri, verifier, org.world.now())?;
    if !users::is_active(&org.world, consent.user) {
        return Err(OAuthError::inactive_user());
    }
    let mut granted = Granted {
        nonce: consent.nonce,
        ..Granted::without_approval(consent.user, &consent.scope)
    };
    if has_scope(&consent.scope, &["refresh_token", "offline_access"]) {
        let (approval, token) = org.auth.add_approval(consent.user, &consent.scope, false);
        (granted.approval, granted.refresh_token) = (Some(approval), Some(token));
    }
    Ok(granted)
}

fn by_refresh_token(org: &mut Org, parameters: &Parameters) -> Result<Granted, OAuthError> {
    let token = required(parameters, "refresh_token")?;
    let expired = || OAuthError::invalid_grant("expired access/refresh token");
    let id = org.auth.approval_of(token).ok_or_else(expired)?;
    let approval = org.auth.approvals.get(&id).cloned().ok_or_else(expired)?;
    if !users::is_active(&org.world, approval.user) {
        return Err(OAuthError::inactive_user());
    }
    let mut granted = Granted {
        approval: Some(id),
        ..Granted::without_approval(approval.user, &approval.scope)
    };
    if org.auth.app.rotate_refresh_tokens && !approval.pinned {
        let fresh = format!("5Aep861{}", org.auth.secret(80));
        if let Some(approval) = org.auth.approvals.get_mut(&id) {
            approval.token.clone_from(&fresh);
        }
        granted.refresh_token = Some(fresh);
    }
    Ok(granted)
}

fn by_password(org: &mut Org, parameters: &Parameters) -> Result<Granted, OAuthError> {
    let username = required(parameters, "username")?;
    let password = required(parameters, "password")?;
    let user = check_password(org, username, password).map_err(|refused| match refused {
        LoginRefused::Inactive => OAuthError::inactive_user(),
        _ => OAuthError::invalid_grant("authentication failure"),
    })?;
    Ok(Granted::without_approval(user.id, FULL_SCOPE))
}

/// Runs as the user the app names; without one, or with one that may not log in, the flow is off.
fn by_client_credentials(org: &Org) -> Result<Granted, OAuthError> {
    let user = org.auth.policy.run_as;
    user.filter(|user| users::is_active(&org.world, *user))
        .map(|user| Granted::without_approval(user, FULL_SCOPE))
        .ok_or_else(|| OAuthError::invalid_grant("no client credentials user enabled"))
}

fn issue(org: &mut Org, granted: Granted, origin: &str) -> Answer {
    let now = org.world.now();
    let access_token = org
        .auth
        .open_session(granted.user, granted.approval, &granted.scope, now);
    let id = format!("{origin}/id/{}/{}", org.world.org_id(), granted.user);
    let app = &org.auth.app;
    let issued_at = now.as_millisecond().to_string();
    let subject = Subject {
        issuer: origin,
        identity_url: &id,
        client_id: &app.client_id,
        access_token: &access_token,
        nonce: granted.nonce.as_deref(),
    };
    let open_id = has_scope(&granted.scope, &["openid"]);
    let response = TokenResponse {
        id_token: open_id.then(|| id_token(&subject, now)).flatten(),
        access_token,
        refresh_token: granted.refresh_token,
        signature: granted
            .signed
            .then(|| sign(&app.client_secret, &id, &issued_at)),
        scope: granted.scope,
        instance_url: origin.to_owned(),
        id,
        token_type: "Bearer",
        issued_at: granted.signed.then_some(issued_at),
    };
    let mut answer = answer::json(StatusCode::OK, &response);
    answer
        .headers_mut()
        .insert(header::CACHE_CONTROL, answer::NO_STORE);
    answer
}

/// `base64(HMAC-SHA256(client secret, id + issued_at))`.
fn sign(secret: &str, id: &str, issued_at: &str) -> String {
    // HMAC takes a key of any length, so the error arm is never taken.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(id.as_bytes());
    mac.update(issued_at.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

pub(super) fn required<'p>(parameters: &'p Parameters, name: &str) -> Result<&'p str, OAuthError> {
    parameters
        .get(name)
        .filter(|value| !value.is_empty())
        .ok_or_else(|| OAuthError::invalid_request(format!("missing required parameter: {name}")))
}
