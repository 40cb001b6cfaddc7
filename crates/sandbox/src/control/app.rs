//! Control of the connected app: what an administrator settles about it.

use serde::{Deserialize, Deserializer};
use serde_json::json;

use super::{Asked, Outcome, Refusal, routes::Route, user};
use crate::{
    Sandbox,
    salesforce::{RsaKeyError, users},
};

/// What is absent stays; null takes away.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AppChange {
    #[serde(default, deserialize_with = "given")]
    certificate: Option<Option<String>>,
    admin_approved_users: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    run_as: Option<Option<String>>,
}

/// Tells null from absent.
fn given<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(value).map(Some)
}

impl From<RsaKeyError> for Refusal {
    fn from(error: RsaKeyError) -> Self {
        Self::bad(error.to_string())
    }
}

/// What concerns the connected app.
pub(super) const ROUTES: &[Route] = &[
    Route::get("/app", "What is settled about the connected app.", app).answers("App"),
    Route::patch("/app", "Settles something about the connected app.", change)
        .takes("AppChange")
        .answers("App"),
];

fn app(sandbox: &Sandbox, _: &Asked<'_>) -> Outcome {
    let policy = sandbox.app_policy();
    let name = |id| sandbox.world(|world| users::by_id(world, id));
    let run_as = policy.run_as.and_then(name).map(|person| person.username);
    Ok(json!({
        "certificate": policy.certificate,
        "admin_approved_users": policy.admin_approved_users,
        "run_as": run_as,
    }))
}

fn change(sandbox: &Sandbox, asked: &Asked<'_>) -> Outcome {
    let change: AppChange = asked.json()?;
    let mut policy = sandbox.app_policy();
    if let Some(certificate) = change.certificate {
        policy.set_certificate(certificate)?;
    }
    if let Some(name) = change.run_as {
        policy.run_as = name.map(|name| user(sandbox, &name)).transpose()?;
    }
    if let Some(approved) = change.admin_approved_users {
        policy.admin_approved_users = approved;
    }
    sandbox.set_app_policy(policy);
    app(sandbox, asked)
}
