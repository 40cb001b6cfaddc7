//! Why a command failed: a text with the way out, and the code that the shell sees.

use crate::app::AppError;
use crate::config::ConfigError;
use crate::runtime::{OpenError, ServeError};
use std::fmt;
use std::process::ExitCode;

/// A failed command.
#[derive(Debug)]
pub struct Failure {
    kind: Kind,
    text: String,
}

/// What the exit code tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// It was tried and did not work.
    Failed = 1,
    /// The command or the configuration is wrong.
    Usage = 2,
    /// The database can't be used: in use, damaged, newer, or the disk is full.
    Database = 3,
    /// Another program has the port.
    PortInUse = 4,
    /// It does not fit the present state: not set up, not connected, sync off.
    NotNow = 5,
    /// The CRM does not answer, or not sensibly.
    Crm = 6,
}

impl Failure {
    pub(crate) fn new(kind: Kind, text: impl Into<String>) -> Self {
        Self {
            kind,
            text: text.into(),
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// What the process ends with.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.kind as u8)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Failure {}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::new(Kind::Usage, error.to_string())
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        let kind = match error {
            OpenError::Store { .. } => Kind::Database,
            OpenError::DataDir { ref source, .. }
                if source.kind() == std::io::ErrorKind::StorageFull =>
            {
                Kind::Database
            }
            OpenError::DataDir { .. }
            | OpenError::Key(_)
            | OpenError::Notify(_)
            | OpenError::Network(_) => Kind::Usage,
        };
        Self::new(kind, error.to_string())
    }
}

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        let kind = match error {
            ServeError::InUse(_) => Kind::PortInUse,
            ServeError::Listen { .. } => Kind::Usage,
        };
        Self::new(kind, error.to_string())
    }
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        let kind = match &error {
            AppError::Conflict(_) | AppError::SignInNeeded(_) => Kind::NotNow,
            AppError::Unavailable(_) => Kind::Crm,
            AppError::Invalid { .. } | AppError::NotFound(_) => Kind::Usage,
            _ => Kind::Failed,
        };
        match error {
            AppError::Internal(cause) => Self::new(kind, format!("{cause:#}")),
            other => Self::new(kind, other.to_string()),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        let kind = match error.kind() {
            std::io::ErrorKind::AddrInUse => Kind::PortInUse,
            _ => Kind::Failed,
        };
        Self::new(kind, error.to_string())
    }
}
