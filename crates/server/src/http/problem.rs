//! Errors as programs read them: `application/problem+json` (RFC 9457) with a stable code.

use crate::app::AppError;
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// One error.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct Problem {
    /// The HTTP status again.
    pub status: u16,
    /// A stable name for programs, such as `invalid`.
    pub code: String,
    /// What happened and what to do, for people.
    pub detail: String,
    /// The input that it is about, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Seconds to wait before the next try, if waiting helps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u32>,
}

impl Problem {
    /// A problem with a request as such, before it reached [`App`](crate::app::App).
    pub fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self {
            status: status.as_u16(),
            code: code.into(),
            detail: detail.into(),
            field: None,
            retry_after_seconds: None,
        }
    }
}

/// The status of an error, the same for pages and API.
pub fn status(error: &AppError) -> StatusCode {
    match error {
        AppError::SignInNeeded(_) => StatusCode::UNAUTHORIZED,
        AppError::Forbidden(_) => StatusCode::FORBIDDEN,
        AppError::NotFound(_) => StatusCode::NOT_FOUND,
        AppError::Invalid { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        AppError::Conflict(_) => StatusCode::CONFLICT,
        AppError::TooManyTries { .. } => StatusCode::TOO_MANY_REQUESTS,
        AppError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        AppError::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Logs an error that is a fault of ours; here, where it is handled, and nowhere else.
pub fn note(error: &AppError) {
    if let AppError::Internal(cause) = error {
        tracing::error!(cause = format!("{cause:#}"), "a request failed");
    }
}

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        note(&error);
        let mut problem = Self::new(status(&error), error.code(), error.to_string());
        match error {
            AppError::Invalid { field, .. } => problem.field = Some(field),
            AppError::TooManyTries {
                retry_after_seconds,
            } => problem.retry_after_seconds = Some(retry_after_seconds),
            _ => {}
        }
        problem
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        Self::new(rejection.status(), "bad-body", rejection.body_text())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let wait = self.retry_after_seconds;
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = wait {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
