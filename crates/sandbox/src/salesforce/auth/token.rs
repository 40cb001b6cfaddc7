//! `/services/oauth2/token`: an authorization code, a refresh token, a password or client credentials for a session.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{StatusCode, header};
use serde::Serialize;
use sha2::Sha256;

use super::{App, FULL_SCOPE, LoginRefused, check_password};
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
    signature: String,
    scope: String,
    instance_url: String,
    id: String,
    token_type: &'static str,
    issued_at: String,
}

/// What a grant is worth.
struct Granted {
    user: SfId,
    scope: String,
    approval: Option<u64>,
    refresh_token: Option<String>,
}

/// Answers a token request whose form is `parameters`; `origin` is the address the client used.
pub(in crate::salesforce) fn token(org: &mut Org, parameters: &Parameters, origin: &str) -> Answer {
    match grant(org, parameters) {
        Ok(granted) => issue(org, granted, origin),
        Err(error) => error.into_answer(),
    }
}

fn grant(org: &mut Org, parameters: &Parameters) -> Result<Granted, OAuthError> {
    let grant_type = parameters.get("grant_type").unwrap_or_default();
    let known = [
        "authorization_code",
        "refresh_token",
        "password",
        "client_credentials",
    ];
    if !known.contains(&grant_type) {
        return Err(OAuthError::new(
            "unsupported_grant_type",
            "grant type not supported",
        ));
    }
    check_client(&org.auth.app, parameters, grant_type)?;
    match grant_type {
        "authorization_code" => by_code(org, parameters),
        "refresh_token" => by_refresh_token(org, parameters),
        "password" => by_password(org, parameters),
        _ => Ok(without_approval(org.auth.run_as)),
    }
}

/// A refresh and a PKCE exchange may leave the secret out; a wrong one is always refused.
pub(super) fn check_client(
    app: &App,
    parameters: &Parameters,
    grant_type: &str,
) -> Result<(), OAuthError> {
    if parameters.get("client_id") != Some(app.client_id.as_str()) {
        return Err(OAuthError::new(
            "invalid_client_id",
            "client identifier invalid",
        ));
    }
    let public = grant_type == "refresh_token" || parameters.get("code_verifier").is_some();
    match parameters.get("client_secret") {
        Some(secret) if secret == app.client_secret => Ok(()),
        None if public => Ok(()),
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
    if !consent
        .scope
        .split(' ')
        .any(|scope| scope == "refresh_token" || scope == "offline_access")
    {
        return Ok(Granted {
            scope: consent.scope,
            ..without_approval(consent.user)
        });
    }
    let (approval, token) = org.auth.add_approval(consent.user, &consent.scope, false);
    Ok(Granted {
        user: consent.user,
        scope: consent.scope,
        approval: Some(approval),
        refresh_token: Some(token),
    })
}

fn by_refresh_token(org: &mut Org, parameters: &Parameters) -> Result<Granted, OAuthError> {
    let token = required(parameters, "refresh_token")?;
    let expired = || OAuthError::invalid_grant("expired access/refresh token");
    let id = org.auth.approval_of(token).ok_or_else(expired)?;
    let approval = org.auth.approvals.get(&id).cloned().ok_or_else(expired)?;
    if !users::is_active(&org.world, approval.user) {
        return Err(OAuthError::new("inactive_user", "user is inactive"));
    }
    let mut granted = Granted {
        user: approval.user,
        scope: approval.scope,
        approval: Some(id),
        refresh_token: None,
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
        LoginRefused::Inactive => OAuthError::new("inactive_user", "user is inactive"),
        _ => OAuthError::invalid_grant("authentication failure"),
    })?;
    Ok(without_approval(user.id))
}

fn without_approval(user: SfId) -> Granted {
    Granted {
        user,
        scope: FULL_SCOPE.to_owned(),
        approval: None,
        refresh_token: None,
    }
}

fn issue(org: &mut Org, granted: Granted, origin: &str) -> Answer {
    let now = org.world.now();
    let access_token = org
        .auth
        .open_session(granted.user, granted.approval, &granted.scope, now);
    let id = format!("{origin}/id/{}/{}", org.world.org_id(), granted.user);
    let issued_at = now.as_millisecond().to_string();
    let response = TokenResponse {
        access_token,
        refresh_token: granted.refresh_token,
        signature: sign(&org.auth.app.client_secret, &id, &issued_at),
        scope: granted.scope,
        instance_url: origin.to_owned(),
        id,
        token_type: "Bearer",
        issued_at,
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

fn required<'p>(parameters: &'p Parameters, name: &str) -> Result<&'p str, OAuthError> {
    parameters
        .get(name)
        .filter(|value| !value.is_empty())
        .ok_or_else(|| OAuthError::invalid_request(format!("missing required parameter: {name}")))
}
