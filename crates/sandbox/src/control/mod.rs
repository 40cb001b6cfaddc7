//! The control API: how tests and people steer the org from outside, in JSON, on a port of its own.
//!
//! Bodies are JSON objects. A refusal is `{"error": "<sentence>"}` with 400 or 404, or 500 when the state file cannot
//! be written. Times are ISO 8601, ids 15 or 18 characters, users are named by their user name.
//!
//! | route | does |
//! |---|---|
//! | `GET /control/health` | `{"status":"ok"}` |
//! | `GET /control/state` | org, users, record counts, clock, held requests |
//! | `GET /control/clock` | `{"now","mode"}` |
//! | `PUT /control/clock` | `{"now"?,"mode"?: "real" or "virtual"}` |
//! | `POST /control/clock/advance` | `{"seconds"}` |
//! | `POST /control/seed` | `{"seed"?,"accounts"?,"contacts"?,"leads"?,"opportunities"?}`: invents more records |
//! | `GET /control/records/{object}?deleted=true&limit=n` | all fields of the records, at most 10,000 |
//! | `POST /control/records/{object}` | `{"as"?,"fields","visible_in_seconds"?}`: creates, as a person in the UI would |
//! | `PATCH /control/records/{object}/{id}` | the same for a change |
//! | `DELETE /control/records/{object}/{id}?as=` | deletes into the recycle bin |
//! | `POST /control/records/{object}/{id}/undelete` | `{"as"?}` |
//! | `POST /control/records/{object}/{id}/touch` | moves only `SystemModstamp`, as a system process |
//! | `POST /control/records/{object}/{id}/merge` | `{"as"?,"losers":[ids],"fields"?}`: the losers go into this record |
//! | `POST /control/records/Lead/{id}/convert` | `{"as"?}` and a [`crate::world::LeadConversion`]; answers the ids made |
//! | `DELETE /control/recycle-bin` | empties it |
//! | `POST /control/objects` | adds a custom object, see [`crate::world::NewObject`] |
//! | `POST /control/objects/{object}/fields` | adds a custom field, see [`crate::world::NewField`] |
//! | `PUT /control/permissions/{user}/{object}` | see [`crate::world::ObjectRights`] |
//! | `PUT /control/permissions/{user}/{object}/{field}` | see [`crate::world::FieldRights`] |
//! | `PUT /control/automations` | see [`crate::world::AutomationRule`]; `DELETE …/{name}` removes one |
//! | `PUT /control/validation-rules` | see [`crate::world::ValidationRule`]; `DELETE …/{name}` removes one |
//! | `PUT /control/lead-assignment` | `{"owner": user name or null}` |
//! | `GET /control/faults` | the rules with what they have seen |
//! | `POST /control/faults` | adds a rule, see [`crate::faults::FaultRule`]; answers `{"id"}` |
//! | `DELETE /control/faults`, `DELETE /control/faults/{id}` | ends all faults, or removes one rule |
//! | `POST /control/faults/strike` | starts a [`crate::faults::FaultAction`] that is a state, at once |
//! | `POST /control/held/release` | applies held requests; answers `{"released"}` |
//! | `GET /control/meter`, `DELETE /control/meter` | reads or resets the meter |
//! | `GET /control/meter/calls` | the most recent calls |
//! | `PUT /control/meter/limit` | `{"calls_24h"}` |
//! | `POST /control/tokens/expire` | ends all access tokens |
//! | `POST /control/tokens/revoke` | `{"token"?}`: ends one token, or all refresh tokens |

mod org;
mod records;
mod setup;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
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
    method: &'r Method,
    segments: Vec<String>,
    query: Vec<(String, String)>,
    body: &'r [u8],
}

impl<'r> Asked<'r> {
    fn new(request: &'r Request<Bytes>) -> Self {
        let path = request
            .uri()
            .path()
            .strip_prefix("/control")
            .unwrap_or_default();
        let query = request.uri().query().unwrap_or_default();
        Self {
            method: request.method(),
            segments: path_segments(path),
            query: form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
            body: request.body(),
        }
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
    let asked = Asked::new(request);
    let (status, body) = match route(sandbox, &asked).and_then(|body| kept(sandbox, body)) {
        Ok(body) => (StatusCode::OK, body),
        Err(refusal) => (refusal.status, refusal.body),
    };
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    let json = http::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
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

fn route(sandbox: &Sandbox, asked: &Asked<'_>) -> Outcome {
    let segments: Vec<&str> = asked.segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        ["records" | "recycle-bin", ..] => records::route(sandbox, asked, &segments),
        [
            "objects" | "permissions" | "automations" | "validation-rules" | "lead-assignment",
            ..,
        ] => setup::route(sandbox, asked, &segments),
        _ => org::route(sandbox, asked, &segments),
    }
}

/// The route exists with other methods, or not at all.
fn unknown(asked: &Asked<'_>) -> Refusal {
    let path = asked.segments.join("/");
    Refusal::not_found(format!(
        "route {} /control/{path}; see the list in the documentation",
        asked.method
    ))
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
