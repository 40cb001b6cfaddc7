//! CRM tokens at rest: encrypted with a key that is not in the database.
//!
//! A grant is sealed with XChaCha20-Poly1305 under a random nonce. Team, connection and key are bound
//! in as associated data, so that a blob moved to another row, or sealed under another key, does not
//! open. Nothing of a token stands in an error.

use crate::config::SecretKey;
use chacha20poly1305::aead::{Aead as _, Generate as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use tandem_core::ids::{ConnectionId, TeamId};

/// First byte of a sealed blob: the form of what follows.
const FORM: u8 = 1;
const NONCE_BYTES: usize = 24;

/// A blob that does not open.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// It was sealed under another key, for another connection, or it is damaged.
    #[error(
        "the stored CRM tokens can't be decrypted: restore the secret key file that belongs to this database, or connect again"
    )]
    Unreadable,
    /// The random source or the cipher failed.
    #[error("encrypting the CRM tokens failed")]
    Cipher,
}

/// Seals and opens.
#[derive(Debug)]
pub struct Sealer {
    key: SecretKey,
}

impl Sealer {
    /// With this key.
    pub fn new(key: SecretKey) -> Self {
        Self { key }
    }

    /// Names the key; kept in the database to notice a wrong key file at start.
    pub fn key_id(&self) -> String {
        self.key.id()
    }

    /// Encrypts for one connection.
    ///
    /// # Errors
    /// [`VaultError::Cipher`].
    pub fn seal(
        &self,
        team: TeamId,
        connection: ConnectionId,
        plain: &[u8],
    ) -> Result<Vec<u8>, VaultError> {
        let nonce = XNonce::try_generate().map_err(|_| VaultError::Cipher)?;
        let aad = self.bound_to(team, connection);
        let payload = Payload {
            msg: plain,
            aad: &aad,
        };
        let sealed = self
            .cipher()
            .encrypt(&nonce, payload)
            .map_err(|_| VaultError::Cipher)?;
        Ok([&[FORM], nonce.as_slice(), &sealed].concat())
    }

    /// Decrypts what [`Sealer::seal`] made for the same connection under the same key.
    ///
    /// # Errors
    /// [`VaultError::Unreadable`].
    pub fn open(
        &self,
        team: TeamId,
        connection: ConnectionId,
        blob: &[u8],
    ) -> Result<Vec<u8>, VaultError> {
        let rest = blob.strip_prefix(&[FORM]).ok_or(VaultError::Unreadable)?;
        let (nonce, sealed) = rest
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or(VaultError::Unreadable)?;
        let aad = self.bound_to(team, connection);
        let payload = Payload {
            msg: sealed,
            aad: &aad,
        };
        self.cipher()
            .decrypt(&XNonce::from(*nonce), payload)
            .map_err(|_| VaultError::Unreadable)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.key.bytes().into())
    }

    fn bound_to(&self, team: TeamId, connection: ConnectionId) -> Vec<u8> {
        format!("tandem grant\0{team}\0{connection}\0{}", self.key_id()).into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEAM: TeamId = TeamId(1);
    const CONNECTION: ConnectionId = ConnectionId(7);

    fn sealer(byte: u8) -> Sealer {
        Sealer::new(SecretKey::from_bytes([byte; 32]))
    }

    #[test]
    fn opens_what_it_sealed_and_nothing_else() {
        let blob = sealer(1).seal(TEAM, CONNECTION, b"tokens").expect("seals");
        let open = |sealer: Sealer, team, connection, blob: &[u8]| {
            sealer.open(team, connection, blob).ok()
        };
        assert_eq!(
            open(sealer(1), TEAM, CONNECTION, &blob).as_deref(),
            Some(&b"tokens"[..])
        );
        assert_eq!(open(sealer(2), TEAM, CONNECTION, &blob), None);
        assert_eq!(open(sealer(1), TeamId(2), CONNECTION, &blob), None);
        assert_eq!(open(sealer(1), TEAM, ConnectionId(8), &blob), None);
        for at in 0..blob.len() {
            let mut damaged = blob.clone();
            damaged[at] ^= 1;
            assert_eq!(
                open(sealer(1), TEAM, CONNECTION, &damaged),
                None,
                "byte {at}"
            );
            assert_eq!(
                open(sealer(1), TEAM, CONNECTION, &blob[..at]),
                None,
                "cut at {at}"
            );
        }
    }

    #[test]
    fn the_same_tokens_never_look_the_same() {
        let seal = || sealer(1).seal(TEAM, CONNECTION, b"tokens").expect("seals");
        assert_ne!(seal(), seal());
    }
}
