//! `/composite/graph`: several composite requests in one call, each of them all or none (v50.0 and later).
//!
//! References stay inside their graph. Only addresses of records may stand in a graph (documented).

use std::collections::HashSet;

use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::{
    Site,
    answer::{self, Answer},
    composite::{self, Part},
    error::ApiError,
    request::Call,
};

/// First version with graphs.
pub(super) const SINCE: u32 = 50;
/// Most parts of all graphs together (documented).
const MAX_NODES: usize = 500;
/// Most graphs of one request (documented).
const MAX_GRAPHS: usize = 75;

/// The request.
#[derive(Debug, Deserialize)]
struct Graphs {
    graphs: Vec<Graph>,
}

/// One of them.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Graph {
    graph_id: String,
    composite_request: Vec<Part>,
}

/// Runs the graphs in order.
pub(super) fn run(site: &mut Site<'_>, call: &Call) -> Result<Answer, ApiError> {
    let Graphs { graphs } = call.json()?;
    check(&graphs)?;
    let texts: Vec<String> = graphs.iter().map(|graph| one(site, call, graph)).collect();
    let text = format!("{{\"graphs\":[{}]}}", texts.join(","));
    Ok(answer::json_bytes(StatusCode::OK, text.into()))
}

fn one(site: &mut Site<'_>, call: &Call, graph: &Graph) -> String {
    let played = composite::play(site, call, &graph.composite_request, true);
    format!(
        "{{\"graphId\":{},\"graphResponse\":{},\"isSuccessful\":{}}}",
        Value::from(graph.graph_id.as_str()),
        played.text,
        !played.failed,
    )
}

fn check(graphs: &[Graph]) -> Result<(), ApiError> {
    let nodes: usize = graphs
        .iter()
        .map(|graph| graph.composite_request.len())
        .sum();
    if graphs.len() > MAX_GRAPHS || nodes > MAX_NODES {
        let message = format!(
            "a request can have {MAX_GRAPHS} graphs with {MAX_NODES} nodes in all; this one has {} with {nodes}",
            graphs.len()
        );
        return Err(ApiError::bad_request("LIMIT_EXCEEDED", message));
    }
    let mut ids = HashSet::new();
    for graph in graphs {
        let parts = &graph.composite_request;
        if parts.is_empty() || !ids.insert(&graph.graph_id) {
            let message = format!(
                "Graph {} is empty or not the only one of its id",
                graph.graph_id
            );
            return Err(ApiError::bad_request("INVALID_INPUT", message));
        }
        composite::check_references(parts)?;
        if let Some(part) = parts.iter().find(|part| !part.is_record()) {
            return Err(composite::unsupported(part));
        }
    }
    Ok(())
}
