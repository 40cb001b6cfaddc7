//! The demo's mapping: the automatic one, with some fields opened to both directions so that every
//! winner is seen at work.

use super::browser::Browser;
use crate::cli::Failure;
use axum::http::Method;
use serde_json::{Value, json};

/// Workspace fields that travel both ways, by object, with who wins.
const BOTH_WAYS: &[(&str, &[(&str, &str)])] = &[
    (
        "Account",
        &[
            ("phone", "crm"),
            ("website", "workspace"),
            ("industry", "crm"),
        ],
    ),
    (
        "Lead",
        &[
            ("company", "crm"),
            ("phone", "workspace"),
            ("title", "most_recent"),
            ("description", "hold"),
            ("first_name", "crm"),
            ("last_name", "crm"),
            ("email", "workspace"),
        ],
    ),
    (
        "Contact",
        &[
            ("phone", "workspace"),
            ("title", "most_recent"),
            ("description", "hold"),
        ],
    ),
    (
        "Opportunity",
        &[
            ("next_step", "workspace"),
            ("amount", "hold"),
            ("stage", "crm"),
        ],
    ),
];

/// Publishes it, unless that was done before. New people of the workspace become leads.
///
/// # Errors
/// Tandem does not answer, or refuses.
pub async fn publish(browser: &Browser) -> Result<(), Failure> {
    let mappings = browser
        .call(Method::GET, "/api/admin/mappings", &Value::Null)
        .await?;
    for (object, fields) in BOTH_WAYS {
        let found = mappings.as_array().into_iter().flatten();
        let Some(mapping) = found
            .into_iter()
            .find(|mapping| mapping["object"] == *object)
        else {
            continue;
        };
        if mapping["version"] != 1 {
            continue;
        }
        let rows: Vec<_> = fields
            .iter()
            .map(|(field, winner)| {
                json!({"workspace": field, "direction": "both", "winner": winner})
            })
            .collect();
        let edit = json!({"version": 1, "create_in_crm": *object == "Lead", "rows": rows});
        let path = format!("/api/admin/mappings/{object}");
        browser.call(Method::PATCH, &path, &edit).await?;
    }
    Ok(())
}
