//! Conditional requests: `If-Modified-Since` and `If-Unmodified-Since` at one-second resolution, and `If-Match` and
//! `If-None-Match` where there are entity tags: describes and rows of Account.

use http::{StatusCode, header};
use jiff::{Timestamp, fmt::rfc2822};
use sha2::{Digest as _, Sha256};

use super::{
    answer::{self, Answer, http_date},
    request::Call,
};

/// The 304 for a reader that already has this version, if it says so. `etag` with its quotes.
pub(super) fn not_modified(call: &Call, modified: Timestamp, etag: Option<&str>) -> Option<Answer> {
    // The entity tag decides alone when both headers are there (RFC 9110, section 13.1.3).
    let unchanged = match (call.header("if-none-match"), etag) {
        (Some(wanted), Some(etag)) => names(wanted, etag),
        _ => {
            date(call, "if-modified-since").is_some_and(|since| seconds(modified) <= seconds(since))
        }
    };
    unchanged.then(|| with_validators(answer::empty(StatusCode::NOT_MODIFIED), modified, etag))
}

/// The 412 for a writer whose record has been changed since. `etag` is asked for only when the writer names one.
pub(super) fn precondition_failed(
    call: &Call,
    modified: Timestamp,
    etag: impl FnOnce() -> Option<String>,
) -> Option<Answer> {
    let stale = match call.header("if-match") {
        // Objects without entity tags ignore the header (documented: Account rows only).
        Some(wanted) => etag().is_some_and(|etag| !names(wanted, &etag)),
        None => date(call, "if-unmodified-since")
            .is_some_and(|since| seconds(modified) > seconds(since)),
    };
    stale.then(|| answer::empty(StatusCode::PRECONDITION_FAILED))
}

/// Whether a list of entity tags names this one.
fn names(wanted: &str, etag: &str) -> bool {
    wanted == "*" || wanted.split(',').any(|tag| same_tag(tag, etag))
}

/// The entity tag of an answer with this text, with its quotes.
pub(super) fn etag_of(text: &[u8]) -> String {
    let digest = Sha256::digest(text);
    format!(
        "\"{:02x}{:02x}{:02x}{:02x}\"",
        digest[0], digest[1], digest[2], digest[3]
    )
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
