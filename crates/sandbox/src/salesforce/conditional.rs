//! Conditional requests: `If-Modified-Since`, `If-None-Match` and `If-Unmodified-Since`, at one-second resolution.

use http::{StatusCode, header};
use jiff::{Timestamp, fmt::rfc2822};

use super::{
    answer::{self, Answer, http_date},
    request::Call,
};

/// The 304 for a reader that already has this version, if it says so. `etag` with its quotes.
pub(super) fn not_modified(call: &Call, modified: Timestamp, etag: Option<&str>) -> Option<Answer> {
    // The entity tag decides alone when both headers are there (RFC 9110, section 13.1.3).
    let unchanged = match (call.header("if-none-match"), etag) {
        (Some(wanted), Some(etag)) => {
            wanted == "*" || wanted.split(',').any(|tag| same_tag(tag, etag))
        }
        _ => {
            date(call, "if-modified-since").is_some_and(|since| seconds(modified) <= seconds(since))
        }
    };
    unchanged.then(|| with_validators(answer::empty(StatusCode::NOT_MODIFIED), modified, etag))
}

/// The 412 for a writer whose record has been changed since.
pub(super) fn precondition_failed(call: &Call, modified: Timestamp) -> Option<Answer> {
    let since = date(call, "if-unmodified-since")?;
    (seconds(modified) > seconds(since)).then(|| answer::empty(StatusCode::PRECONDITION_FAILED))
}

/// Adds `Last-Modified` and, when there is one, `ETag`.
pub(super) fn with_validators(answer: Answer, modified: Timestamp, etag: Option<&str>) -> Answer {
    let answer = answer::with_header(answer, header::LAST_MODIFIED, &http_date(modified));
    match etag {
        Some(etag) => answer::with_header(answer, header::ETAG, etag),
        None => answer,
    }
}

/// A date that cannot be read is ignored, as RFC 9110 asks.
fn date(call: &Call, name: &str) -> Option<Timestamp> {
    Some(rfc2822::parse(call.header(name)?).ok()?.timestamp())
}

fn seconds(at: Timestamp) -> i64 {
    at.as_second()
}

fn same_tag(wanted: &str, etag: &str) -> bool {
    let wanted = wanted.trim();
    wanted.strip_prefix("W/").unwrap_or(wanted) == etag
}
