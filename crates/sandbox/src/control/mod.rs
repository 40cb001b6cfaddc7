//! The control API: how tests and people steer the org from outside, in JSON, on a port of its own.
//!
//! Bodies are JSON objects. A refusal is `{"error": "<sentence>"}` with 400 or 404, or 500 when the state file cannot
//! be written. Times are ISO 8601, ids 15 or 18 characters, users are named by their user name.
//
//!
//! The one idea: [`routes::Route`] says everything about a route, to the router and to the document of the API
//! (`GET /control/openapi.json`, OpenAPI 3.1) alike. A body has the shape its schema in `schemas.json` says; the
//! types that read it are the world's and the faults' own.

mod app;
mod openapi;
mod org;
mod records;
mod routes;
mod setup;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::{
    Sandbox,
    salesforce::path_segments,
    world::{DmlError, SetupError, SfId},
};

/// Why a control request was refused.
#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    body: Value,
}

impl Refusal {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            body: json!({ "error": message.into() }),
        }
    }

    fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    fn not_found(what: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("there is no {what}"))
    }
}

impl From<SetupError> for Refusal {
    fn from(error: SetupError) -> Self {
        Self::bad(error.to_string())
    }
}

impl From<Vec<DmlError>> for Refusal {
    fn from(errors: Vec<DmlError>) -> Self {
        let sentence = errors
            .iter()
            .map(|error| error.message.as_str())
            .collect::<Vec<_>>()
            .join("; ");
        Self {
            status: StatusCode::BAD_REQUEST,
            body: json!({ "error": sentence, "errors": errors }),
        }
    }
}

/// A control answer before it is written.
type Outcome = Result<Value, Refusal>;

/// One request, taken apart.
struct Asked<'r> {
    /// What stands in the places of the route's path, by their names.
    places: Vec<(&'static str, &'r str)>,
    query: Vec<(String, String)>,
    body: &'r [u8],
}

impl<'r> Asked<'r> {
    /// What stands in a place of the route's path.
    fn place(&self, name: &str) -> &'r str {
        let place = self.places.iter().find(|(known, _)| *known == name);
        place.map_or("", |(_, text)| text)
    }

    fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body; an empty one counts as `{}`.
    fn json<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        let body = if self.body.is_empty() {
            b"{}"
        } else {
            self.body
        };
        serde_json::from_slice(body).map_err(|error| {
            Refusal::bad(format!("the body is not what this route takes: {error}"))
        })
    }
}

/// Answers one request of the control API.
pub fn handle(sandbox: &Sandbox, request: &Request<Bytes>) -> Response<Bytes> {
    let outcome = answer(sandbox, request).and_then(|body| kept(sandbox, body));
    let (status, body) = match outcome {
        Ok(body) => (StatusCode::OK, body),
        Err(refusal) => (refusal.status, refusal.body),
    };
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    let json = http::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

fn answer(sandbox: &Sandbox, request: &Request<Bytes>) -> Outcome {
    let (uri, method) = (request.uri(), request.method());
    let segments = path_segments(uri.path());
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let path = segments.join("/");
    let found = routes::find(method, &segments);
    let (route, places) = found.ok_or_else(|| {
        Refusal::not_found(format!("route {method} /{path}; see /control/openapi.json"))
    })?;
    let query = uri.query().unwrap_or_default();
    let asked = Asked {
        places,
        query: form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect(),
        body: request.body(),
    };
    (route.serve)(sandbox, &asked)
}

/// An answer may leave only while the state file holds what it says.
fn kept(sandbox: &Sandbox, body: Value) -> Outcome {
    if sandbox.keeps() {
        return Ok(body);
    }
    let sentence =
        "the sandbox's state file cannot be written; see the log, make room and start again";
    Err(Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, sentence))
}

fn user(sandbox: &Sandbox, username: &str) -> Result<SfId, Refusal> {
    sandbox
        .user(username)
        .ok_or_else(|| Refusal::not_found(format!("user '{username}'")))
}

fn done() -> Outcome {
    Ok(json!({ "done": true }))
}

fn shown(value: &impl Serialize) -> Outcome {
    serde_json::to_value(value)
        .map_err(|error| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}
