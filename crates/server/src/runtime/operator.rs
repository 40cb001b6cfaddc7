//! How the command line finds a running server and proves that it may come in: a file in the data
//! directory, readable by its owner only, made at start and removed at stop.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rand::TryRng as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

const FILE_NAME: &str = "operator.json";

/// Where the server is and the token that it takes.
#[derive(Clone, Debug)]
pub struct Operator {
    /// Address of the API, without a slash at the end.
    pub url: String,
    /// Good while the server runs.
    pub token: SecretString,
}

#[derive(Serialize, Deserialize)]
struct Plain {
    url: String,
    token: String,
}

impl Operator {
    /// A fresh token.
    ///
    /// # Errors
    /// The operating system gives no randomness.
    pub fn new_token() -> io::Result<SecretString> {
        let mut bytes = [0; 32];
        rand::rngs::SysRng
            .try_fill_bytes(&mut bytes)
            .map_err(io::Error::other)?;
        Ok(SecretString::from(BASE64_URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// What a running server left in its data directory.
    ///
    /// # Errors
    /// There is no such file, or it can't be read.
    pub fn find(data_dir: &Path) -> io::Result<Self> {
        let text = std::fs::read(data_dir.join(FILE_NAME))?;
        let plain: Plain = serde_json::from_slice(&text).map_err(io::Error::other)?;
        Ok(Self {
            url: plain.url,
            token: SecretString::from(plain.token),
        })
    }

    /// Leaves it for the command line.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn leave(&self, data_dir: &Path) -> io::Result<OperatorFile> {
        let path = data_dir.join(FILE_NAME);
        remove(&path)?;
        let plain = Plain {
            url: self.url.clone(),
            token: self.token.expose_secret().to_owned(),
        };
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path)?;
        file.write_all(&serde_json::to_vec(&plain)?)?;
        Ok(OperatorFile(path))
    }
}

/// Removes the file when the server is gone.
#[derive(Debug)]
pub struct OperatorFile(PathBuf);

impl Drop for OperatorFile {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.0) {
            tracing::warn!(%error, "the operator's file could not be removed");
        }
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
