//! The document of the control API: OpenAPI 3.1, made of the table of routes and of `schemas.json`.

use serde_json::{Map, Value, json};

use super::routes::{self, Route};

const SCHEMAS: &str = include_str!("schemas.json");

/// The whole document.
pub(super) fn document() -> Value {
    let mut paths = Map::new();
    for route in routes::all() {
        let path = paths
            .entry(format!("/control{}", route.path))
            .or_insert_with(|| json!({}));
        path[route.method.as_str().to_ascii_lowercase()] = operation(route);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Sandbox control API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Steers the sandbox, an emulator of one Salesforce org, from outside. \
                Times are ISO 8601, ids have 15 or 18 characters, users are named by their user name. \
                A refusal is an `error` sentence, with the errors of the record where there are some.",
        },
        "paths": paths,
        "components": { "schemas": schemas() },
    })
}

/// The file is our own; a test reads it, so it can be read.
fn schemas() -> Value {
    serde_json::from_str(SCHEMAS).unwrap_or_default()
}

fn operation(route: &Route) -> Value {
    let words = route
        .path
        .split(['/', '-', '.'])
        .filter(|word| !word.is_empty());
    let words: Vec<&str> = words.map(|word| word.trim_matches(['{', '}'])).collect();
    let method = route.method.as_str().to_ascii_lowercase();
    let mut operation = json!({
        "operationId": format!("{method}_{}", words.join("_")),
        "tags": [words.first()],
        "summary": route.summary,
        "parameters": parameters(route),
        "responses": {
            "200": content("It is done.", route.answer),
            "400": content("The body or a value makes no sense, or the org refuses it.", "Refusal"),
            "404": content("There is no such route or thing.", "Refusal"),
            "500": content("The state file cannot be written.", "Refusal"),
        },
    });
    if let Some(schema) = route.body {
        operation["requestBody"] = content("An empty body counts as an empty object.", schema);
    }
    operation
}

fn parameters(route: &Route) -> Value {
    let places = route.places().map(|name| {
        json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } })
    });
    let query = route.query.iter().map(|(name, meaning)| {
        json!({ "name": name, "in": "query", "description": meaning, "schema": { "type": "string" } })
    });
    places.chain(query).collect()
}

fn content(description: &str, schema: &str) -> Value {
    let schema = json!({ "$ref": format!("#/components/schemas/{schema}") });
    json!({
        "description": description,
        "content": { "application/json": { "schema": schema } },
    })
}
