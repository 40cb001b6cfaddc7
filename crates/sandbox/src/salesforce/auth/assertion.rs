//! The JWT bearer flow: an assertion, signed by the app with the key of its registered certificate, for a session.
//!
//! Nobody is asked, so somebody must have agreed before: the user, in a flow that gave a refresh token, or the
//! administrator for all (reference, section 1.4). There is no refresh token and nothing signed with the secret in the
//! answer. The error texts are public knowledge; that a wrong signature is an `invalid assertion`, like anything that is
//! no assertion at all, is too. How far ahead `exp` may lie is not limited.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde::{Deserialize, Deserializer, de::Error as _};

use super::{
    FULL_SCOPE,
    rsa_key::public_key,
    token::{Granted, required},
};
use crate::{
    salesforce::{
        Org,
        error::OAuthError,
        request::Parameters,
        users::{self, Person},
    },
    world::SfId,
};

/// Audiences any org takes, besides its own address.
const AUDIENCES: [&str; 2] = [
    "https://login.salesforce.com",
    "https://test.salesforce.com",
];

#[derive(Deserialize)]
struct Header {
    alg: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    #[serde(alias = "prn")]
    sub: String,
    aud: Audience,
    /// Seconds since 1970; some libraries write a fraction, and simple-salesforce writes a text.
    #[serde(deserialize_with = "number")]
    exp: f64,
}

/// A number, also when it is written as a text.
fn number<'de, D: Deserializer<'de>>(claim: D) -> Result<f64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(f64),
        Text(String),
    }
    match Written::deserialize(claim)? {
        Written::Number(number) => Ok(number),
        Written::Text(text) => text.parse().map_err(D::Error::custom),
    }
}

/// One, or a list of which one must be right.
#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// An assertion taken apart.
struct Assertion<'a> {
    claims: Claims,
    signed: &'a str,
    signature: Vec<u8>,
}

pub(super) fn by_assertion(
    org: &Org,
    parameters: &Parameters,
    origin: &str,
) -> Result<Granted, OAuthError> {
    let invalid = || OAuthError::invalid_grant("invalid assertion");
    let assertion = read(required(parameters, "assertion")?).ok_or_else(invalid)?;
    let claims = &assertion.claims;
    if claims.iss != org.auth.app.client_id {
        return Err(OAuthError::unknown_client());
    }
    if !signed_by_app(org, &assertion) {
        return Err(invalid());
    }
    if !meant_for(&claims.aud, origin) {
        return Err(OAuthError::invalid_grant("audience is invalid"));
    }
    // In these very words, though there is no code.
    if claims.exp <= org.world.now().as_second() as f64 {
        return Err(OAuthError::invalid_grant("expired authorization code"));
    }
    let unapproved = || OAuthError::invalid_grant("user hasn't approved this consumer");
    let user = users::by_username(&org.world, &claims.sub).ok_or_else(unapproved)?;
    let scope = approved_scope(org, &user).ok_or_else(unapproved)?;
    if !user.active {
        return Err(OAuthError::inactive_user());
    }
    let mut granted = Granted::without_approval(user.id, &scope);
    granted.signed = false;
    Ok(granted)
}

fn read(text: &str) -> Option<Assertion<'_>> {
    let (signed, signature) = text.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok();
    let header: Header = serde_json::from_slice(&decode(header)?).ok()?;
    let assertion = Assertion {
        claims: serde_json::from_slice(&decode(claims)?).ok()?,
        signed,
        signature: decode(signature)?,
    };
    (header.alg == "RS256").then_some(assertion)
}

fn signed_by_app(org: &Org, assertion: &Assertion<'_>) -> bool {
    let auth = &org.auth;
    let pem = auth
        .policy
        .certificate
        .as_ref()
        .or(auth.app.certificate.as_ref());
    let key = pem.and_then(|pem| public_key(pem).ok());
    key.is_some_and(|key| {
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key);
        key.verify(assertion.signed.as_bytes(), &assertion.signature)
            .is_ok()
    })
}

fn meant_for(audience: &Audience, origin: &str) -> bool {
    let given = match audience {
        Audience::One(one) => std::slice::from_ref(one),
        Audience::Several(several) => several,
    };
    given.iter().any(|given| {
        let bare = given.trim_end_matches('/');
        let bare = bare.strip_suffix("/services/oauth2/token").unwrap_or(bare);
        bare == origin || AUDIENCES.contains(&bare)
    })
}

/// What the user agreed to in all approvals together, or everything where the administrator agreed.
fn approved_scope(org: &Org, user: &Person) -> Option<String> {
    if org.auth.policy.admin_approved_users {
        return Some(FULL_SCOPE.to_owned());
    }
    let mut scopes: Vec<&str> = Vec::new();
    for scope in approvals(org, user.id).flat_map(|scope| scope.split(' ')) {
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    (!scopes.is_empty()).then(|| scopes.join(" "))
}

fn approvals(org: &Org, user: SfId) -> impl Iterator<Item = &str> {
    let approvals = org.auth.approvals.values();
    approvals
        .filter(move |approval| approval.user == user)
        .map(|approval| approval.scope.as_str())
}
