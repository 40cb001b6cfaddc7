//! The one connected app of the org: what it demands, and what an administrator settles about it while the org runs.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::rsa_key::{RsaKeyError, public_key};
use crate::world::SfId;

/// What [`crate::Options`] say about the app and its users.
#[derive(Clone, Debug)]
pub(crate) struct App {
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    /// Allowed redirect addresses; empty allows any http(s) address on a loopback host.
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) require_pkce: bool,
    pub(crate) rotate_refresh_tokens: bool,
    pub(crate) session_life: SignedDuration,
    pub(crate) password: String,
    pub(crate) security_token: String,
    /// As [`AppPolicy::certificate`], which goes before it.
    pub(crate) certificate: Option<String>,
}

/// What the control API can change; it stays with the org.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct AppPolicy {
    /// PEM of the certificate or public key that assertions are signed for; none: no app of that kind.
    pub(crate) certificate: Option<String>,
    /// "Admin approved users are pre-authorized", and every user is: nobody is asked for consent.
    pub(crate) admin_approved_users: bool,
    /// Whom client credentials run as; none: that flow is off.
    pub(crate) run_as: Option<SfId>,
}

impl AppPolicy {
    /// Registers a certificate, or none.
    ///
    /// # Errors
    /// It is not PEM of an X.509 certificate or a public key with an RSA key.
    pub(crate) fn set_certificate(&mut self, pem: Option<String>) -> Result<(), RsaKeyError> {
        if let Some(pem) = &pem {
            public_key(pem)?;
        }
        self.certificate = pem;
        Ok(())
    }
}
