//! Why a thing that a person asked for was not done, in words for that person.

use tandem_core::connector::{ConnectorError, Failure};
use tandem_core::error::{Directive, ErrorClass};
use tandem_core::store::StoreError;
use tandem_store::views::PageRequest;

/// The result of everything in this room.
pub type AppResult<T> = Result<T, AppError>;

/// What happened and what to do; the faces choose how to show it.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// Nobody is signed in, or the sign-in ended.
    #[error("{0}")]
    SignInNeeded(String),
    /// The person may not do this.
    #[error("{0}")]
    Forbidden(String),
    /// There is no such thing here.
    #[error("there is no {0}; it may have been removed meanwhile")]
    NotFound(String),
    /// One input can't be used.
    #[error("{message}")]
    Invalid {
        /// The input's name, as in the form or the JSON body.
        field: String,
        /// What is wrong with it and what would be right.
        message: String,
    },
    /// It does not fit what has happened meanwhile.
    #[error("{0}")]
    Conflict(String),
    /// Too many tries.
    #[error("too many failed tries; wait {} minutes, then try again", retry_after_seconds.div_ceil(60))]
    TooManyTries {
        /// How long to wait.
        retry_after_seconds: u32,
    },
    /// Something that Tandem needs is not there now: the CRM, the disk.
    #[error("{0}")]
    Unavailable(String),
    /// A fault of ours. The cause is logged, never shown.
    #[error("something went wrong inside Tandem; its log has the details")]
    Internal(#[source] anyhow::Error),
}

impl AppError {
    /// An input that can't be used.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid {
            field: field.into(),
            message: message.into(),
        }
    }

    /// A fault of ours.
    pub fn internal(cause: impl Into<anyhow::Error>) -> Self {
        Self::Internal(cause.into())
    }

    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::SignInNeeded(_) => "sign-in-needed",
            Self::Forbidden(_) => "forbidden",
            Self::NotFound(_) => "not-found",
            Self::Invalid { .. } => "invalid",
            Self::Conflict(_) => "conflict",
            Self::TooManyTries { .. } => "too-many-tries",
            Self::Unavailable(_) => "unavailable",
            Self::Internal(_) => "internal",
        }
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound(what) => Self::NotFound(what),
            StoreError::Archived(why) => Self::Conflict(why),
            StoreError::DiskFull | StoreError::Busy => Self::Unavailable(error.to_string()),
            StoreError::Corrupt(_) | StoreError::Newer { .. } | StoreError::Other(_) => {
                Self::internal(error)
            }
        }
    }
}

/// Why a page of a list was not given: the team is there, so what is missing is the page.
pub(super) fn no_page(request: &PageRequest, error: StoreError) -> AppError {
    match (&request.cursor, error) {
        (Some(_), StoreError::NotFound(_)) => AppError::invalid(
            "cursor",
            "this is not a place in this list; begin with its first page",
        ),
        (_, error) => error.into(),
    }
}

/// A request to the CRM that a person waits for.
impl From<ConnectorError> for AppError {
    fn from(error: ConnectorError) -> Self {
        error.failure.into()
    }
}

impl From<Failure> for AppError {
    fn from(failure: Failure) -> Self {
        let text = sentence(failure.class, &failure.message);
        match failure.class.directive() {
            Directive::PauseConnection | Directive::Reauthorise => Self::Conflict(text),
            _ => Self::Unavailable(text),
        }
    }
}

/// What happened, the CRM's own words, and what to do.
fn sentence(class: ErrorClass, words: &str) -> String {
    if words.is_empty() {
        format!("{}. {}", class.title(), class.hint())
    } else {
        format!("{}: {words}. {}", class.title(), class.hint())
    }
}
