//! OpenID Connect: the `id_token` of scope `openid`, and the key to check it with.
//!
//! It is signed with RS256. The private key is part of this program, published on purpose: it vouches for an org made
//! to play with and for nothing else. Signing takes about a millisecond, so the token is made for scope `openid` only.

use std::sync::OnceLock;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use ring::{
    rand::SystemRandom,
    rsa::KeyPair,
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::rsa_key;
use crate::salesforce::answer::{self, Answer};

const KEY_PEM: &str = include_str!("id_token_key.pem");
/// Name of the key in the list of keys.
const KEY_ID: &str = "1";
/// Life of the token in seconds (the vendor's default, from memory).
const LIFE_SECONDS: i64 = 120;

/// Who logged in, where, and for whom.
pub(super) struct Subject<'a> {
    pub(super) issuer: &'a str,
    pub(super) identity_url: &'a str,
    pub(super) client_id: &'a str,
    pub(super) access_token: &'a str,
    pub(super) nonce: Option<&'a str>,
}

/// The signed token; none only if the key of this program were broken, which a test rules out.
pub(super) fn id_token(subject: &Subject<'_>, now: Timestamp) -> Option<String> {
    let digest = Sha256::digest(subject.access_token.as_bytes());
    let mut claims = json!({
        "iss": subject.issuer,
        "sub": subject.identity_url,
        "aud": subject.client_id,
        "iat": now.as_second(),
        "exp": now.as_second() + LIFE_SECONDS,
        "at_hash": URL_SAFE_NO_PAD.encode(&digest[..digest.len() / 2]),
    });
    if let Some(nonce) = subject.nonce {
        claims["nonce"] = nonce.into();
    }
    let header = json!({ "alg": "RS256", "kid": KEY_ID, "typ": "JWT" });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&header), part(&claims));
    let key = key()?;
    let mut signature = vec![0; key.public().modulus_len()];
    // This padding uses no randomness: the same token is signed the same way every time.
    key.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        signed.as_bytes(),
        &mut signature,
    )
    .ok()?;
    Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// `GET /id/keys`: the public key, as a set of one.
pub(in crate::salesforce) fn keys() -> Answer {
    let public = key().map(|key| key.public_key().as_ref());
    let keys: Vec<Value> = public
        .and_then(rsa_key::parts)
        .map(|(modulus, exponent)| {
            json!({
                "kty": "RSA",
                "use": "sig",
                "alg": "RS256",
                "kid": KEY_ID,
                "n": URL_SAFE_NO_PAD.encode(modulus),
                "e": URL_SAFE_NO_PAD.encode(exponent),
            })
        })
        .into_iter()
        .collect();
    answer::ok(&json!({ "keys": keys }))
}

fn key() -> Option<&'static KeyPair> {
    static KEY: OnceLock<Option<KeyPair>> = OnceLock::new();
    let read = || {
        let (_, der) = rsa_key::decode(KEY_PEM)?;
        KeyPair::from_pkcs8(&der).ok()
    };
    KEY.get_or_init(read).as_ref()
}
