//! `/composite`: up to 25 calls in one, the later ones using what the earlier ones answered.
//!
//! The whole is one metered call. At most five parts may be queries or collections. With `allOrNone` the parts are one
//! transaction of the world; without it a part that refers to a failed one is halted and the others run.

use std::collections::HashSet;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    Site,
    answer::{self, Answer},
    composite_refs::{RefError, References},
    error::ApiError,
    request::Call,
    route,
};

/// Most parts of one request.
pub(super) const MAX_PARTS: usize = 25;
/// Most of them that may be queries or collections.
const MAX_HEAVY_PARTS: usize = 5;
const ROLLED_BACK: &str =
    "The transaction was rolled back since another operation in the same transaction failed.";
/// Headers of a part's answer that composite passes on (recorded for describes and creates).
const PASSED_ON: [HeaderName; 3] = [header::ETAG, header::LAST_MODIFIED, header::LOCATION];

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Composite {
    #[serde(default)]
    all_or_none: bool,
    composite_request: Vec<Part>,
}

/// One call of it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Part {
    method: String,
    url: String,
    reference_id: String,
    #[serde(default)]
    body: Option<Value>,
    #[serde(default)]
    http_headers: Option<Map<String, Value>>,
}

impl Part {
    /// Whether its address is that of a record.
    pub(super) fn is_record(&self) -> bool {
        self.resource().next() == Some("sobjects")
    }

    /// Whether it is a query or a collection.
    fn is_heavy(&self) -> bool {
        let mut resource = self.resource();
        match resource.next() {
            Some("query" | "queryAll") => true,
            Some("composite") => resource.next() == Some("sobjects"),
            _ => false,
        }
    }

    /// The words of its address after the version.
    fn resource(&self) -> impl Iterator<Item = &str> {
        let path = self.url.split('?').next().unwrap_or_default();
        let segments = path.trim_start_matches("/services/data/").split('/');
        segments.skip(1)
    }
}

/// What parts answered: the JSON text `{"compositeResponse": [...]}`, and whether one of them failed.
#[derive(Debug)]
pub(super) struct Played {
    pub(super) text: String,
    pub(super) failed: bool,
}

/// `POST /composite`.
pub(super) fn run(site: &mut Site<'_>, call: &Call) -> Result<Answer, ApiError> {
    let composite: Composite = call.json()?;
    let parts = &composite.composite_request;
    check(parts)?;
    let played = play(site, call, parts, composite.all_or_none);
    Ok(answer::json_bytes(StatusCode::OK, played.text.into()))
}

/// Runs parts in order as one transaction, which fails as a whole with `all_or_none`.
pub(super) fn play(site: &mut Site<'_>, call: &Call, parts: &[Part], all_or_none: bool) -> Played {
    let done = site.transaction(|site| {
        let answers = run_parts(site, call, parts, all_or_none);
        let undo = all_or_none && answers.iter().any(failed);
        if undo { Err(answers) } else { Ok(answers) }
    });
    let answers = done.unwrap_or_else(|answers| rolled_back(parts, answers));
    Played {
        text: envelope(parts, &answers),
        failed: answers.iter().any(failed),
    }
}

/// The answers of the parts; with `allOrNone` nothing runs after the first failure.
fn run_parts(site: &mut Site<'_>, call: &Call, parts: &[Part], all_or_none: bool) -> Vec<Answer> {
    let mut references = References::default();
    let mut answers = Vec::new();
    for part in parts {
        let answer = serve(site, call, part, &references).unwrap_or_else(ApiError::into_answer);
        let failed = failed(&answer);
        references.add(&part.reference_id, (!failed).then(|| answer.body().clone()));
        answers.push(answer);
        if failed && all_or_none {
            break;
        }
    }
    answers
}

fn failed(answer: &Answer) -> bool {
    answer.status().is_client_error() || answer.status().is_server_error()
}

fn serve(
    site: &mut Site<'_>,
    call: &Call,
    part: &Part,
    references: &References,
) -> Result<Answer, ApiError> {
    let method: Method = part
        .method
        .to_ascii_uppercase()
        .parse()
        .map_err(|_| unsupported(part))?;
    let url = references.fill_text(&part.url).map_err(halted)?;
    let body = part
        .body
        .as_ref()
        .map(|body| references.fill(body))
        .transpose()
        .map_err(halted)?;
    let body = body.map(|body| body.to_string()).unwrap_or_default();
    let headers = part_headers(call, part.http_headers.as_ref());
    let sub = Call::new(method, &url, headers, Bytes::from(body), call.actor)?;
    let nested = matches!(sub.segments.first().map(String::as_str), Some("composite"))
        && sub.segments.get(1).map(String::as_str) != Some("sobjects");
    if nested {
        return Err(unsupported(part));
    }
    route::dispatch(site, &sub)
}

/// Headers of a part: the org's own ones of the whole request, then the part's.
pub(super) fn part_headers(call: &Call, own: Option<&Map<String, Value>>) -> HeaderMap {
    let shared = call
        .headers
        .iter()
        .filter(|(name, _)| name.as_str().starts_with("sforce-"));
    let mut headers: HeaderMap = shared
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    for (name, value) in own.into_iter().flatten() {
        let name = HeaderName::try_from(name.as_str());
        let value = value.as_str().map(HeaderValue::from_str);
        if let (Ok(name), Some(Ok(value))) = (name, value) {
            headers.insert(name, value);
        }
    }
    headers
}

/// The answer of the whole. The parts' bodies are JSON text already and are put in as they are.
fn envelope(parts: &[Part], answers: &[Answer]) -> String {
    let parts = parts.iter().zip(answers);
    let parts: Vec<String> = parts
        .map(|(part, answer)| part_text(part, answer))
        .collect();
    format!("{{\"compositeResponse\":[{}]}}", parts.join(","))
}

fn part_text(part: &Part, answer: &Answer) -> String {
    let header = |name: &HeaderName| {
        let value = answer.headers().get(name)?.to_str().ok()?;
        Some((canonical(name).to_owned(), Value::from(value)))
    };
    let headers: Map<String, Value> = PASSED_ON.iter().filter_map(header).collect();
    format!(
        "{{\"body\":{},\"httpHeaders\":{},\"httpStatusCode\":{},\"referenceId\":{}}}",
        body_text(answer),
        Value::Object(headers),
        answer.status().as_u16(),
        Value::from(part.reference_id.as_str()),
    )
}

/// A part's body as JSON text; no body is null.
pub(super) fn body_text(answer: &Answer) -> &str {
    match std::str::from_utf8(answer.body()) {
        Ok(text) if !text.is_empty() => text,
        _ => "null",
    }
}

/// Spelling of the headers composite passes on, which is part of the JSON and so not case-insensitive.
fn canonical(name: &HeaderName) -> &'static str {
    match name.as_str() {
        "etag" => "ETag",
        "last-modified" => "Last-Modified",
        _ => "Location",
    }
}

/// Every part but the failed one says that it was rolled back; those after it were not run at all.
fn rolled_back(parts: &[Part], answers: Vec<Answer>) -> Vec<Answer> {
    let mut answers = answers.into_iter();
    let own = |_: &Part| match answers.next() {
        Some(answer) if failed(&answer) => answer,
        _ => halted(RefError::new(ROLLED_BACK)).into_answer(),
    };
    parts.iter().map(own).collect()
}

fn halted(error: RefError) -> ApiError {
    ApiError::bad_request("PROCESSING_HALTED", error.to_string())
}

pub(super) fn unsupported(part: &Part) -> ApiError {
    let message = format!(
        "{} {} is not supported in a composite request",
        part.method, part.url
    );
    ApiError::new(StatusCode::BAD_REQUEST, "INVALID_INPUT", message)
}

fn check(parts: &[Part]) -> Result<(), ApiError> {
    if parts.is_empty() {
        return Err(ApiError::bad_request(
            "INVALID_INPUT",
            "The compositeRequest list is empty",
        ));
    }
    let heavy = parts.iter().filter(|part| part.is_heavy()).count();
    if parts.len() > MAX_PARTS || heavy > MAX_HEAVY_PARTS {
        let message = format!(
            "a composite request can have {MAX_PARTS} subrequests, of which {MAX_HEAVY_PARTS} queries or collections; \
             this one has {} and {heavy}",
            parts.len()
        );
        return Err(ApiError::bad_request("LIMIT_EXCEEDED", message));
    }
    check_references(parts)
}

/// Every part has a name of its own.
pub(super) fn check_references(parts: &[Part]) -> Result<(), ApiError> {
    let mut seen = HashSet::new();
    match parts.iter().find(|part| !seen.insert(&part.reference_id)) {
        None => Ok(()),
        Some(part) => {
            let message = format!("Duplicate referenceId: {}", part.reference_id);
            Err(ApiError::bad_request("INVALID_INPUT", message))
        }
    }
}
