//! What the demo must find again in its directory: a small file beside the org's and Tandem's own.

use super::org::Org;
use crate::cli::Failure;
use crate::cli::failure::Kind;
use crate::runtime::Operator;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use url::Url;

const FILE_NAME: &str = "demo.json";
/// Version of the directory; one of another version is refused.
const FORMAT: u32 = 2;
/// Characters of the administrator's password.
const PASSWORD_CHARS: usize = 16;

/// What must be the same next time.
#[derive(Serialize, Deserialize)]
pub(super) struct Memory {
    format: u32,
    /// The org's address is part of the connection.
    pub(super) org_port: u16,
    /// So that a command tried once works again.
    pub(super) control_port: u16,
    /// Of the demo's administrator.
    pub(super) password: String,
}

impl Memory {
    /// What the directory remembers; nothing in a new one.
    ///
    /// # Errors
    /// The file can't be read, or another version of the demo made it.
    pub(super) fn find(dir: &Path) -> Result<Option<Self>, Failure> {
        let path = dir.join(FILE_NAME);
        let text = match std::fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|error| unusable(&path, &error))?,
        };
        match serde_json::from_slice::<Self>(&text) {
            Ok(memory) if memory.format == FORMAT => Ok(Some(memory)),
            _ => Err(Failure::new(
                Kind::Database,
                format!(
                    "{} was not written by this version of the demo: go on with the version that \
                     wrote it, or name another directory with --data-dir",
                    path.display()
                ),
            )),
        }
    }

    /// Makes up a password and keeps it with the org's ports.
    ///
    /// # Errors
    /// The file can't be written.
    pub(super) fn keep(dir: &Path, org: &Org) -> Result<Self, Failure> {
        let password = Operator::new_token()?;
        let memory = Self {
            format: FORMAT,
            org_port: port_of(org.url()),
            control_port: port_of(org.control_url()),
            password: password
                .expose_secret()
                .chars()
                .take(PASSWORD_CHARS)
                .collect(),
        };
        let path = dir.join(FILE_NAME);
        memory
            .write(&path)
            .map_err(|error| unusable(&path, &error))?;
        Ok(memory)
    }

    /// A process that is killed leaves all of it or nothing.
    fn write(&self, path: &Path) -> io::Result<()> {
        let beside = PathBuf::from(format!("{}.new", path.display()));
        std::fs::write(&beside, serde_json::to_vec(self)?)?;
        std::fs::rename(beside, path)
    }
}

fn port_of(url: &str) -> u16 {
    let url = Url::parse(url).ok();
    url.and_then(|url| url.port()).unwrap_or_default()
}

fn unusable(path: &Path, error: &io::Error) -> Failure {
    let text = format!(
        "{} can't be used: {error}; name another directory with --data-dir",
        path.display()
    );
    Failure::new(Kind::Database, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_of_another_version_is_refused_and_left_alone() {
        let dir = tempfile::tempdir().expect("a directory");
        assert!(Memory::find(dir.path()).expect("reads").is_none());
        let path = dir.path().join(FILE_NAME);
        let newer = r#"{"format":3,"org_port":1,"control_port":2,"password":"x","more":true}"#;
        let older = r#"{"org_port":1,"made_at":"2026-11-24T00:00:00Z","password":"x"}"#;
        for text in [newer, older, ""] {
            std::fs::write(&path, text).expect("writes");
            let failure = Memory::find(dir.path()).err().expect("refuses").to_string();
            assert!(failure.contains("--data-dir"), "{failure}");
            assert_eq!(std::fs::read_to_string(&path).expect("reads"), text);
        }
    }
}
