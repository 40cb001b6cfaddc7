//! The secret key: 32 random bytes in a file of their own, never in the database.

use rand::TryRng as _;
use secrecy::{ExposeSecret as _, SecretBox};
use sha2::{Digest as _, Sha256};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// Length of the key, in bytes.
const KEY_BYTES: usize = 32;

/// Why there is no usable key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file can't be read or made.
    #[error("the secret key file {path} can't be used: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file holds something else.
    #[error(
        "{path} does not hold a secret key of 32 bytes: restore it from its copy, or name another file in security.secret_key_file"
    )]
    NotAKey {
        /// The file.
        path: PathBuf,
    },
    /// Others on this machine may read it.
    #[error("{path} can be read by others: run `chmod 600 {path}`")]
    Exposed {
        /// The file.
        path: PathBuf,
    },
}

/// The key that encrypts CRM tokens. Never shown, not even in a debug text.
#[derive(Debug)]
pub struct SecretKey(SecretBox<[u8; KEY_BYTES]>);

impl SecretKey {
    /// Reads the key, or makes one if the file does not exist.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn open(path: &Path) -> Result<Self, KeyError> {
        let failed = |source| KeyError::Io {
            path: path.into(),
            source,
        };
        match Self::read(path) {
            Err(KeyError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                let key = Self::random().map_err(failed)?;
                create_private(path, key.bytes()).map_err(failed)?;
                Ok(key)
            }
            other => other,
        }
    }

    fn read(path: &Path) -> Result<Self, KeyError> {
        let failed = |source| KeyError::Io {
            path: path.into(),
            source,
        };
        let file = std::fs::File::open(path).map_err(failed)?;
        if exposed(&file.metadata().map_err(failed)?) {
            return Err(KeyError::Exposed { path: path.into() });
        }
        let mut bytes = Vec::with_capacity(KEY_BYTES + 1);
        file.take(KEY_BYTES as u64 + 1)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
        let key = bytes
            .try_into()
            .map_err(|_| KeyError::NotAKey { path: path.into() })?;
        Ok(Self::from_bytes(key))
    }

    /// A new key from the operating system's randomness.
    ///
    /// # Errors
    /// The system has none to give.
    pub fn random() -> io::Result<Self> {
        let mut bytes = [0; KEY_BYTES];
        rand::rngs::SysRng
            .try_fill_bytes(&mut bytes)
            .map_err(io::Error::other)?;
        Ok(Self::from_bytes(bytes))
    }

    /// Wraps key bytes.
    pub fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        Self(SecretBox::new(Box::new(bytes)))
    }

    /// The bytes, for a cipher.
    pub fn bytes(&self) -> &[u8; KEY_BYTES] {
        self.0.expose_secret()
    }

    /// Names the key without telling it: stored beside what it encrypted.
    pub fn id(&self) -> String {
        let digest = Sha256::new()
            .chain_update(b"tandem key id\0")
            .chain_update(self.bytes())
            .finalize();
        digest[..8]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

#[cfg(unix)]
fn exposed(meta: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    meta.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn exposed(_: &std::fs::Metadata) -> bool {
    false
}

/// Writes a new file that only its owner may read; whole, or not at all.
fn create_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let unfinished = path.with_extension("new");
    // Left over from a crash in between: nothing was encrypted with it yet.
    match std::fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = options.open(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&unfinished, path)
}
