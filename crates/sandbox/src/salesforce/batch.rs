//! `/composite/batch`: up to 25 independent calls in one request. It saves round trips, not allowance: each part counts.

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Site,
    answer::{self, Answer},
    composite::{MAX_PARTS, body_text, part_headers},
    error::ApiError,
    request::Call,
    route,
};
use crate::meter::MeteredCall;

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Batch {
    #[serde(default)]
    halt_on_error: bool,
    batch_requests: Vec<Part>,
}

/// One call; its address starts with the version: `v62.0/limits`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    method: String,
    url: String,
    rich_input: Option<Value>,
}

/// Runs the parts in order.
pub(super) fn run(site: &mut Site<'_>, call: &Call) -> Result<Answer, ApiError> {
    let batch: Batch = call.json()?;
    if batch.batch_requests.len() > MAX_PARTS {
        let message = format!("a batch can have {MAX_PARTS} requests at most");
        return Err(ApiError::bad_request("LIMIT_EXCEEDED", message));
    }
    let mut failed = false;
    let mut results = Vec::new();
    for (index, part) in batch.batch_requests.iter().enumerate() {
        if failed && batch.halt_on_error {
            results.push(halted());
            continue;
        }
        if index > 0 {
            count(site, call, part);
        }
        let answer = serve(site, call, part).unwrap_or_else(ApiError::into_answer);
        failed |= answer.status().is_client_error() || answer.status().is_server_error();
        results.push(result(answer.status(), body_text(&answer)));
    }
    let text = format!(
        "{{\"hasErrors\":{failed},\"results\":[{}]}}",
        results.join(",")
    );
    Ok(answer::json_bytes(StatusCode::OK, text.into()))
}

fn serve(site: &mut Site<'_>, call: &Call, part: &Part) -> Result<Answer, ApiError> {
    let method: Method = part
        .method
        .to_ascii_uppercase()
        .parse()
        .unwrap_or(Method::GET);
    let body = part
        .rich_input
        .as_ref()
        .map(Value::to_string)
        .unwrap_or_default();
    let target = format!(
        "/services/data/{}",
        part.url
            .trim_start_matches("/services/data/")
            .trim_start_matches('/')
    );
    let part = Call::new(
        method,
        &target,
        part_headers(call, None),
        body.into(),
        call.actor,
    )?;
    if part
        .segments
        .first()
        .is_some_and(|first| first == "composite")
    {
        return Err(ApiError::not_found());
    }
    route::dispatch(site, &part)
}

/// The first part is counted as the request itself.
fn count(site: &mut Site<'_>, call: &Call, part: &Part) {
    let path = format!(
        "/services/data/{}",
        part.url.split('?').next().unwrap_or_default()
    );
    let metered = MeteredCall {
        at: site.world.now(),
        kind: "batch",
        method: part.method.clone(),
        path,
        client: super::request::client_name(&call.headers).to_owned(),
    };
    site.desk.meter.count(metered);
}

fn halted() -> String {
    let error = json!([{
        "errorCode": "BATCH_PROCESSING_HALTED",
        "message": "Batch processing halted. Request was not executed.",
    }]);
    result(StatusCode::PRECONDITION_FAILED, &error.to_string())
}

fn result(status: StatusCode, body: &str) -> String {
    format!("{{\"statusCode\":{},\"result\":{body}}}", status.as_u16())
}
