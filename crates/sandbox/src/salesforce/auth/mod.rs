//! OAuth 2.0 of the org: who may call, and as whom.
//!
//! [`Auth`] keeps the connected app ([`app`]), the authorization codes, the approvals (refresh tokens) and the sessions
//! (access tokens). The endpoints over it are in [`mod@authorize`] (log-in and consent), [`mod@token`] (grants, one of them
//! in [`assertion`]), [`mod@identity`] (userinfo, introspection, revocation) and [`mod@id_token`] (OpenID Connect). Not here:
//! the user agent, SAML and device flows, several apps, scopes per app.
//!
//! Rules kept here, all from the vendor's documents (reference, section 1): a code is good once and for 15 minutes;
//! a session lives for a time after its last use; at most five approvals per user, the oldest is revoked; revoking an
//! approval ends its sessions. Tokens come from a seeded generator: they are unpredictable to nobody, on purpose.

mod app;
mod assertion;
mod authorize;
mod id_token;
mod identity;
mod image;
mod pages;
mod password;
mod rsa_key;
mod token;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use self::password::WrongPasswords;
use super::error::OAuthError;
use crate::{tracked::Tracked, world::SfId};

pub(crate) use app::{App, AppPolicy};
pub(super) use authorize::authorize;
pub(super) use id_token::keys;
pub(super) use identity::{discovery, identity, introspect, revoke, userinfo};
pub(crate) use image::AuthFact;
pub(super) use password::{LoginRefused, check_password, reset_password, set_password};
pub(crate) use rsa_key::RsaKeyError;
pub(super) use token::token;

/// Approvals one user may give one app before the oldest is revoked.
pub(crate) const MAX_APPROVALS: usize = 5;
const CODE_LIFE: SignedDuration = SignedDuration::from_mins(15);
/// Sessions and codes kept before the ended ones are swept out.
const SWEEP_AT: usize = 4_096;
const TOKEN_CHARS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// What the app has without asking for anything in particular; as recorded.
const FULL_SCOPE: &str = "refresh_token api id";
/// Of a session in a browser, which the API refuses.
const WEB_SCOPE: &str = "web";

/// What a person agreed to, waiting to be fetched with the code.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Consent {
    user: SfId,
    redirect_uri: String,
    scope: String,
    code_challenge: Option<String>,
    #[serde(default)]
    nonce: Option<String>,
    expires_at: Timestamp,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Approval {
    token: String,
    user: SfId,
    scope: String,
    /// The approval that came with the org; it does not count towards the five.
    pinned: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Session {
    user: SfId,
    approval: Option<u64>,
    scope: String,
    opened_at: Timestamp,
    expires_at: Timestamp,
}

/// How many of each were ever given out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Issued {
    approvals: u64,
    secrets: u64,
}

/// Everything OAuth knows.
#[derive(Debug)]
pub(crate) struct Auth {
    pub(crate) app: App,
    policy: AppPolicy,
    policy_changed: bool,
    org_short_id: String,
    seed: u64,
    issued: Issued,
    codes: Tracked<String, Consent>,
    approvals: Tracked<u64, Approval>,
    sessions: Tracked<String, Session>,
    wrong_passwords: Tracked<SfId, WrongPasswords>,
    /// Of users who have one of their own.
    passwords: Tracked<SfId, String>,
}

impl Auth {
    pub(crate) fn new(app: App, org: SfId, seed: u64) -> Self {
        Self {
            app,
            policy: AppPolicy::default(),
            policy_changed: false,
            org_short_id: org.short(),
            seed,
            issued: Issued::default(),
            codes: Tracked::default(),
            approvals: Tracked::default(),
            sessions: Tracked::default(),
            wrong_passwords: Tracked::default(),
            passwords: Tracked::default(),
        }
    }

    /// What an administrator settled about the app.
    pub(crate) fn policy(&self) -> &AppPolicy {
        &self.policy
    }

    /// The same, to change it.
    pub(crate) fn policy_mut(&mut self) -> &mut AppPolicy {
        self.policy_changed = true;
        &mut self.policy
    }

    /// An approval given beforehand: its refresh token is good until somebody revokes it.
    pub(crate) fn preapprove(&mut self, user: SfId) -> String {
        self.add_approval(user, FULL_SCOPE, true).1
    }

    /// A session of the user outside any approval, as a password log-in opens it.
    pub(crate) fn log_in(&mut self, user: SfId, now: Timestamp) -> String {
        self.open_session(user, None, FULL_SCOPE, now)
    }

    /// The user behind an access token. Using a session prolongs it.
    pub(crate) fn authenticate(&mut self, access_token: &str, now: Timestamp) -> Option<SfId> {
        let life = self.app.session_life;
        let session = self
            .sessions
            .get_mut(access_token)
            .filter(|session| now < session.expires_at)?;
        session.expires_at = later(now, life);
        Some(session.user)
    }

    /// Whether a session is good for the API, and not for pages or for its user's name alone.
    pub(crate) fn reaches_api(&self, access_token: &str) -> bool {
        let session = self.sessions.get(access_token);
        session.is_some_and(|session| has_scope(&session.scope, &["api", "full"]))
    }

    pub(crate) fn expire_sessions(&mut self) {
        self.sessions.clear();
    }

    /// Ends every approval with its sessions.
    pub(crate) fn revoke_approvals(&mut self) {
        self.approvals.clear();
        self.sessions.retain(|session| session.approval.is_none());
    }

    /// Ends the approval or the session the token stands for; false when it stands for none.
    pub(crate) fn revoke(&mut self, token: &str) -> bool {
        let Some(id) = self.approval_of(token) else {
            return self.sessions.remove(token).is_some();
        };
        self.end_approval(id);
        true
    }

    fn approval_of(&self, refresh_token: &str) -> Option<u64> {
        self.approvals
            .iter()
            .find(|(_, approval)| approval.token == refresh_token)
            .map(|(id, _)| *id)
    }

    fn end_approval(&mut self, id: u64) {
        self.approvals.remove(&id);
        self.sessions.retain(|session| session.approval != Some(id));
    }

    /// Records an approval, revoking the user's oldest when there are too many.
    fn add_approval(&mut self, user: SfId, scope: &str, pinned: bool) -> (u64, String) {
        let token = format!("5Aep861{}", self.secret(80));
        self.issued.approvals += 1;
        let id = self.issued.approvals;
        let approval = Approval {
            token: token.clone(),
            user,
            scope: scope.to_owned(),
            pinned,
        };
        self.approvals.insert(id, approval);
        let counted = |approval: &Approval| approval.user == user && !approval.pinned;
        let mut own = self
            .approvals
            .iter()
            .filter(|(_, approval)| counted(approval));
        let oldest = own.next().map(|(id, _)| *id);
        if let Some(oldest) = oldest.filter(|_| own.count() >= MAX_APPROVALS) {
            self.end_approval(oldest);
        }
        (id, token)
    }

    fn open_session(
        &mut self,
        user: SfId,
        approval: Option<u64>,
        scope: &str,
        now: Timestamp,
    ) -> String {
        if self.sessions.len() >= SWEEP_AT {
            self.sessions.retain(|session| now < session.expires_at);
        }
        let secret = self.secret(84);
        let token = format!("{}!AQ{secret}", self.org_short_id);
        let expires_at = later(now, self.app.session_life);
        let scope = scope.to_owned();
        let session = Session {
            user,
            approval,
            scope,
            opened_at: now,
            expires_at,
        };
        self.sessions.insert(token.clone(), session);
        token
    }

    fn issue_code(&mut self, consent: Consent, now: Timestamp) -> String {
        if self.codes.len() >= SWEEP_AT {
            self.codes.retain(|consent| now < consent.expires_at);
        }
        let code = format!("aPrx{}==", self.secret(76));
        self.codes.insert(code.clone(), consent);
        code
    }

    /// Takes the consent behind a code, which is good once only.
    fn redeem(
        &mut self,
        code: &str,
        redirect_uri: &str,
        verifier: Option<&str>,
        now: Timestamp,
    ) -> Result<Consent, OAuthError> {
        let Some(consent) = self.codes.remove(code) else {
            return Err(OAuthError::invalid_grant("invalid authorization code"));
        };
        if now >= consent.expires_at {
            return Err(OAuthError::invalid_grant("expired authorization code"));
        }
        if consent.redirect_uri != redirect_uri {
            return Err(OAuthError::new(
                "redirect_uri_mismatch",
                "redirect_uri must match configuration",
            ));
        }
        match (&consent.code_challenge, verifier) {
            (None, None) => Ok(consent),
            (Some(challenge), Some(verifier)) if *challenge == challenge_of(verifier) => {
                Ok(consent)
            }
            _ => Err(OAuthError::invalid_grant("invalid code verifier")),
        }
    }

    /// The next secret: a function of the org's seed and the number of secrets before it.
    fn secret(&mut self, chars: usize) -> String {
        self.issued.secrets += 1;
        let mut rng = StdRng::seed_from_u64(self.seed.rotate_left(32) ^ self.issued.secrets);
        let mut pick = || TOKEN_CHARS[rng.random_range(0..TOKEN_CHARS.len())] as char;
        (0..chars).map(|_| pick()).collect()
    }
}

/// Whether a list of scopes has one of these.
fn has_scope(list: &str, wanted: &[&str]) -> bool {
    list.split(' ').any(|scope| wanted.contains(&scope))
}

/// The S256 challenge of RFC 7636.
fn challenge_of(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

fn later(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_the_rfc() {
        // RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(
            challenge_of(verifier),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }
}
