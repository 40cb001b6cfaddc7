//! Error answers in Salesforce's shapes.
//!
//! Three shapes exist side by side: REST resources answer an array of `{message, errorCode[, fields]}`; results inside
//! collections carry `{statusCode, message, fields}`; OAuth endpoints answer one object `{error, error_description}`.
//! A few edges answer HTML or plain text. This module is the only place that writes them.

use bytes::Bytes;
use http::{StatusCode, header};
use serde::Serialize;
use serde_json::Value;

use super::{
    Site,
    answer::{self, Answer},
    duplicates,
    request::Call,
};
use crate::{soql::SoqlError, world::DmlError};

/// One error of a REST answer.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ErrorBody {
    message: String,
    #[serde(rename = "errorCode")]
    code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<Vec<String>>,
    #[serde(rename = "duplicateResult", skip_serializing_if = "Option::is_none")]
    duplicates: Option<Value>,
}

/// A refused REST call.
#[derive(Clone, Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    errors: Vec<ErrorBody>,
}

impl ApiError {
    pub(super) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        let error = ErrorBody {
            message: message.into(),
            code: code.to_owned(),
            fields: None,
            duplicates: None,
        };
        Self {
            status,
            errors: vec![error],
        }
    }

    pub(super) fn bad_request(code: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(super) fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "NOT_FOUND",
            "The requested resource does not exist",
        )
    }

    pub(super) fn no_external_id(field: &str) -> Self {
        let message =
            format!("Provided external ID field does not exist or is not accessible: {field}");
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", message)
    }

    pub(super) fn session() -> Self {
        let message = "Session expired or invalid";
        Self::new(StatusCode::UNAUTHORIZED, "INVALID_SESSION_ID", message)
    }

    /// The session is good, but not for this (public knowledge: clients do not refresh it).
    pub(super) fn not_for_rest() -> Self {
        let message = "This session is not valid for use with the REST API";
        Self::new(StatusCode::UNAUTHORIZED, "INVALID_SESSION_ID", message)
    }

    /// `allowed` as Salesforce lists it: `GET,HEAD,POST`.
    pub(super) fn method_not_allowed(method: &str, allowed: &str) -> Self {
        let message = format!("HTTP Method '{method}' not allowed. Allowed are {allowed}");
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "METHOD_NOT_ALLOWED",
            message,
        )
    }

    pub(super) fn limit_exceeded(concurrent: bool) -> Self {
        let message = if concurrent {
            "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
        } else {
            "TotalRequests Limit exceeded."
        };
        Self::new(StatusCode::FORBIDDEN, "REQUEST_LIMIT_EXCEEDED", message)
    }

    /// The errors of one record, as a single-record call reports them.
    pub(super) fn from_dml(site: &Site<'_>, call: &Call, errors: Vec<DmlError>) -> Self {
        let status = errors.first().map_or(StatusCode::BAD_REQUEST, |error| {
            status_of(error.status_code)
        });
        // Recorded: an unknown field's error has no list of fields, others have one even when it is empty.
        let body = |error: DmlError| ErrorBody {
            duplicates: error
                .duplicates
                .map(|found| duplicates::result(site, call, &found)),
            message: error.message,
            code: error.status_code.to_owned(),
            fields: Some(error.fields).filter(|_| error.status_code != "INVALID_FIELD"),
        };
        Self {
            status,
            errors: errors.into_iter().map(body).collect(),
        }
    }

    /// Code and message of the first error.
    pub(super) fn first(&self) -> (&str, &str) {
        let first = self.errors.first();
        first.map_or(("UNKNOWN_EXCEPTION", ""), |error| {
            (error.code.as_str(), error.message.as_str())
        })
    }

    pub(super) fn into_answer(self) -> Answer {
        answer::json(self.status, &self.errors)
    }
}

impl From<SoqlError> for ApiError {
    fn from(error: SoqlError) -> Self {
        Self::bad_request(error.error_code, error.message)
    }
}

/// Single-record calls answer 404 for a record that is not there and 403 for one that may not be touched; the
/// reference leaves 400 or 403 open for the latter (section 13).
fn status_of(code: &str) -> StatusCode {
    match code {
        "ENTITY_IS_DELETED" | "INVALID_CROSS_REFERENCE_KEY" | "NOT_FOUND" => StatusCode::NOT_FOUND,
        "INSUFFICIENT_ACCESS_OR_READONLY" => StatusCode::FORBIDDEN,
        _ => StatusCode::BAD_REQUEST,
    }
}

/// The HTML page of a maintenance window or an edge server.
pub(super) fn html_page(status: StatusCode) -> Answer {
    let reason = status.canonical_reason().unwrap_or("Error");
    let text = format!(
        "<html><head><title>{reason}</title></head><body><h1>{reason}</h1>\
         <p>We are down for maintenance. Please try again later.</p></body></html>"
    );
    let mut answer = http::Response::new(Bytes::from(text));
    *answer.status_mut() = status;
    answer
        .headers_mut()
        .insert(header::CONTENT_TYPE, answer::HTML);
    answer
}

/// A refused OAuth request: 400 and an object, never cached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct OAuthError {
    /// The code of RFC 6749 or one of Salesforce's own.
    pub(super) error: &'static str,
    #[serde(rename = "error_description")]
    pub(super) description: String,
}

impl OAuthError {
    pub(super) fn new(error: &'static str, description: impl Into<String>) -> Self {
        Self {
            error,
            description: description.into(),
        }
    }

    pub(super) fn unknown_client() -> Self {
        Self::new("invalid_client_id", "client identifier invalid")
    }

    pub(super) fn inactive_user() -> Self {
        Self::new("inactive_user", "user is inactive")
    }

    pub(super) fn invalid_grant(description: &str) -> Self {
        Self::new("invalid_grant", description)
    }

    pub(super) fn invalid_request(description: impl Into<String>) -> Self {
        Self::new("invalid_request", description)
    }

    pub(super) fn into_answer(self) -> Answer {
        let mut answer = answer::json(StatusCode::BAD_REQUEST, &self);
        answer
            .headers_mut()
            .insert(header::CACHE_CONTROL, answer::NO_STORE);
        answer
    }
}
