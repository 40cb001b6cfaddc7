//! What the operator decides before Tandem starts.
//!
//! `default.toml` is compiled in and is the documentation: [`load`](load::load) lays the operator's
//! file and the environment over it and refuses what is not in it. Only this room reads the
//! environment. What an administrator decides while Tandem runs is in the database, not here.

mod check;
mod key;
mod load;
#[cfg(test)]
mod tests;

pub use key::{KeyError, SecretKey};
pub use load::{ConfigError, DEFAULTS, Problem, defaults_with, load};

use secrecy::SecretString;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::PathBuf;

/// All settings, checked. Field names are the keys of `default.toml`, where they are explained.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "default.toml documents every key")]
pub struct Config {
    pub server: Server,
    pub security: Security,
    pub salesforce: Salesforce,
    pub sync: Sync,
    pub mail: Mail,
    pub webhook: Webhook,
    pub log: Log,
}

/// `[server]`
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "default.toml documents every key")]
pub struct Server {
    pub data_dir: PathBuf,
    pub listen: SocketAddr,
    pub public_url: String,
    pub request_timeout_seconds: u32,
    pub request_body_max_kilobytes: u32,
    pub shutdown_grace_seconds: u32,
}

/// `[security]`
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "default.toml documents every key")]
pub struct Security {
    pub secret_key_file: PathBuf,
    pub session_hours: u32,
    pub sign_in_failures_max: u32,
}

/// `[salesforce]`
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "default.toml documents every key")]
pub struct Salesforce {
    pub client_id: String,
    #[serde(deserialize_with = "secret")]
    pub client_secret: SecretString,
    pub login_url: String,
    pub api_version: String,
    pub request_timeout_seconds: u32,
}

/// `[sync]`
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "default.toml documents every key")]
pub struct Sync {
    pub api_threshold_percent: u8,
    pub live_reserve_percent: u8,
}

/// `[mail]`
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "default.toml documents every key")]
pub struct Mail {
    pub host: String,
    pub port: u16,
    pub tls: MailTls,
    pub user: String,
    #[serde(deserialize_with = "secret")]
    pub password: SecretString,
    pub from: String,
    pub timeout_seconds: u32,
}

/// How the way to the mail server is encrypted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailTls {
    /// From a command on; a server that does not offer it gets nothing.
    Starttls,
    /// From the first byte on.
    Tls,
    /// Not at all.
    None,
}

/// `[webhook]`
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "default.toml documents every key")]
pub struct Webhook {
    #[serde(deserialize_with = "secret")]
    pub url: SecretString,
    #[serde(deserialize_with = "secret")]
    pub secret: SecretString,
    pub timeout_seconds: u32,
}

/// `[log]`
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "default.toml documents every key")]
pub struct Log {
    pub level: String,
    pub format: LogFormat,
}

/// How log lines look.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Config {
    /// The address that browsers use, without a slash at the end.
    pub fn public_url(&self) -> String {
        match self.server.public_url.trim_end_matches('/') {
            "" => format!("http://{}", self.server.listen),
            url => url.to_owned(),
        }
    }

    /// Whether browsers come by https: cookies are then marked secure.
    pub fn is_https(&self) -> bool {
        self.public_url().starts_with("https://")
    }

    /// Where the CRM sends people back to after they agreed.
    pub fn oauth_callback_url(&self) -> String {
        format!("{}/oauth/salesforce/callback", self.public_url())
    }

    /// The database file.
    pub fn database_file(&self) -> PathBuf {
        self.server.data_dir.join("tandem.db")
    }

    /// The file of the secret key.
    pub fn secret_key_file(&self) -> PathBuf {
        if self.security.secret_key_file.as_os_str().is_empty() {
            self.server.data_dir.join("secret.key")
        } else {
            self.security.secret_key_file.clone()
        }
    }
}

fn secret<'de, D: serde::Deserializer<'de>>(value: D) -> Result<SecretString, D::Error> {
    String::deserialize(value).map(SecretString::from)
}
