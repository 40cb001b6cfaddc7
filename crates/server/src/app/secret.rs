//! Random tokens, and passwords as the database keeps them.

use super::{AppError, AppResult};
use anyhow::anyhow;
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rand::TryRng as _;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use std::sync::LazyLock;

/// Shortest password, in characters.
pub(crate) const PASSWORD_CHARS_MIN: usize = 12;
/// Longest password, in bytes: more would only make hashing slow.
pub(super) const PASSWORD_BYTES_MAX: usize = 512;

/// A hash that no password matches: verifying against it takes as long as against a real one, so
/// that the time of an answer does not tell whether an address is known.
static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| {
    let nobody = random_token().ok()?;
    hash_now(&nobody).ok()
});

/// 256 random bits as text, safe in addresses and cookies.
pub(super) fn random_token() -> AppResult<SecretString> {
    Ok(SecretString::from(
        BASE64_URL_SAFE_NO_PAD.encode(random_bytes::<32>()?),
    ))
}

/// Random bytes of the operating system.
pub(super) fn random_bytes<const N: usize>() -> AppResult<[u8; N]> {
    let mut bytes = [0; N];
    rand::rngs::SysRng
        .try_fill_bytes(&mut bytes)
        .map_err(AppError::internal)?;
    Ok(bytes)
}

/// The digest of a token for one purpose: what is kept of it, or shown of it, in its place.
pub(super) fn digest(purpose: &str, token: &SecretString) -> [u8; 32] {
    Sha256::new()
        .chain_update(purpose)
        .chain_update([0])
        .chain_update(token.expose_secret())
        .finalize()
        .into()
}

/// Bytes as lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Refuses passwords that are too short or too long.
pub(super) fn check_password(password: &SecretString) -> AppResult<()> {
    let text = password.expose_secret();
    if text.chars().count() < PASSWORD_CHARS_MIN {
        let message = format!("choose a password of at least {PASSWORD_CHARS_MIN} characters");
        return Err(AppError::invalid("password", message));
    }
    if text.len() > PASSWORD_BYTES_MAX {
        return Err(AppError::invalid("password", "choose a shorter password"));
    }
    Ok(())
}

/// The Argon2id hash of a password. Takes some ten milliseconds, off the runtime's own threads.
pub(super) async fn hash_password(password: SecretString) -> AppResult<String> {
    off_thread(move || hash_now(&password)).await
}

/// Whether a password has this hash; without a hash it takes as long and is false.
pub(super) async fn verify_password(
    password: SecretString,
    hash: Option<String>,
) -> AppResult<bool> {
    off_thread(move || {
        let real = hash.is_some();
        let Some(hash) = hash.or_else(|| NOBODY.clone()) else {
            return Ok(false);
        };
        let parsed = PasswordHash::new(&hash)
            .map_err(|error| AppError::internal(anyhow!("a stored password hash: {error}")))?;
        let matches = password.expose_secret().len() <= PASSWORD_BYTES_MAX
            && Argon2::default()
                .verify_password(password.expose_secret().as_bytes(), &parsed)
                .is_ok();
        Ok(matches && real)
    })
    .await
}

fn hash_now(password: &SecretString) -> AppResult<String> {
    Argon2::default()
        .hash_password(password.expose_secret().as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| AppError::internal(anyhow!("hashing a password: {error}")))
}

/// The one place of this room that uses another thread: hashing is slow on purpose.
async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> AppResult<T> + Send + 'static,
) -> AppResult<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(AppError::internal)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_password_matches_its_hash() {
        let password = SecretString::from("correct horse battery");
        let hash = hash_password(password.clone()).await.expect("hashes");
        assert!(hash.starts_with("$argon2id$"));
        let yes = verify_password(password.clone(), Some(hash.clone())).await;
        assert!(yes.expect("verifies"));
        let no = verify_password("correct horse".into(), Some(hash)).await;
        assert!(!no.expect("verifies"));
        assert!(!verify_password(password, None).await.expect("verifies"));
    }

    #[test]
    fn short_and_huge_passwords_are_refused() {
        assert!(check_password(&"hunter2".into()).is_err());
        assert!(check_password(&"x".repeat(513).into()).is_err());
        assert!(check_password(&"zwölf Zeichen".into()).is_ok());
    }

    #[test]
    fn digests_differ_by_purpose() {
        let token = SecretString::from("t");
        assert_ne!(digest("session", &token), digest("form", &token));
    }
}
