//! Building answers: JSON, HTML, text, redirects and the headers every answer of an org carries.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use jiff::Timestamp;
use serde::Serialize;

/// Header that tells how much of the daily allowance is used.
pub(super) const LIMIT_INFO: HeaderName = HeaderName::from_static("sforce-limit-info");

/// What a call is answered with. The body is finished text, so that composite can embed it as it is.
pub(crate) type Answer = Response<Bytes>;

pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json;charset=UTF-8");
pub(super) const HTML: HeaderValue = HeaderValue::from_static("text/html;charset=UTF-8");
pub(super) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const NO_CACHE: HeaderValue =
    HeaderValue::from_static("no-cache,must-revalidate,max-age=0,no-store,private");
const XML: HeaderValue = HeaderValue::from_static("text/xml;charset=UTF-8");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain;charset=UTF-8");

/// An answer whose body is `body` as JSON.
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Answer {
    // Writing our own values to memory cannot fail; should it ever, the client sees an empty body, not a dead server.
    let text = serde_json::to_vec(body).unwrap_or_default();
    json_bytes(status, text.into())
}

/// An answer whose body already is JSON text.
pub(super) fn json_bytes(status: StatusCode, body: Bytes) -> Answer {
    typed(status, JSON, body)
}

pub(super) fn ok(body: &impl Serialize) -> Answer {
    json(StatusCode::OK, body)
}

pub(crate) fn css(sheet: &'static str) -> Answer {
    typed(
        StatusCode::OK,
        HeaderValue::from_static("text/css;charset=UTF-8"),
        Bytes::from_static(sheet.as_bytes()),
    )
}

pub(crate) fn html(status: StatusCode, page: String) -> Answer {
    typed(status, HTML, page.into())
}

pub(super) fn xml(status: StatusCode, document: String) -> Answer {
    typed(status, XML, document.into())
}

pub(super) fn text(status: StatusCode, line: &'static str) -> Answer {
    typed(status, TEXT, Bytes::from_static(line.as_bytes()))
}

/// An answer without a body.
pub(super) fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(Bytes::new());
    *answer.status_mut() = status;
    answer
}

pub(crate) fn redirect(location: &str) -> Answer {
    with_header(empty(StatusCode::FOUND), header::LOCATION, location)
}

/// Adds a header; a value that cannot be one is left out.
pub(crate) fn with_header(mut answer: Answer, name: HeaderName, value: &str) -> Answer {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
    answer
}

/// An answer with a body of this type.
pub(super) fn typed(status: StatusCode, content_type: HeaderValue, body: Bytes) -> Answer {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    answer
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    answer
}

/// Recorded on every answer, besides the ones put together below. Left out on purpose: `Strict-Transport-Security`,
/// which would lock a developer's other local servers out of plain HTTP, and the cookies, which mean nothing here.
const COMMON: [(HeaderName, HeaderValue); 4] = [
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (
        header::X_XSS_PROTECTION,
        HeaderValue::from_static("1; mode=block"),
    ),
    (
        HeaderName::from_static("x-robots-tag"),
        HeaderValue::from_static("none"),
    ),
    (header::VARY, HeaderValue::from_static("Accept-Encoding")),
];

/// What every answer of an org carries. `Date` is the org's time: a client should take its watermark from it.
pub(crate) fn with_common_headers(answer: Answer, now: Timestamp) -> Answer {
    let mut answer = with_header(answer, header::DATE, &http_date(now));
    let headers = answer.headers_mut();
    for (name, value) in COMMON {
        headers.insert(name, value);
    }
    headers.entry(header::CACHE_CONTROL).or_insert(NO_CACHE);
    answer
}

/// A time as HTTP headers carry it, in whole seconds.
pub(super) fn http_date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
