//! Control of records, as a person in the org's own UI or a system process changes them.

use http::Method;
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Asked, Outcome, Refusal, done, shown, unknown, user};
use crate::{
    Sandbox,
    soql::QueryScope,
    world::{Actor, DmlOptions, Fields, LeadConversion, SfId, World},
};

/// Most records one dump shows.
const MAX_DUMPED: usize = 10_000;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Edit {
    /// User name; absent: the administrator.
    #[serde(rename = "as")]
    who: Option<String>,
    #[serde(default)]
    fields: Fields,
    /// Seconds from now until others see the change.
    visible_in_seconds: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Merge {
    #[serde(rename = "as")]
    who: Option<String>,
    losers: Vec<String>,
    #[serde(default)]
    fields: Fields,
}

#[derive(Deserialize)]
struct Convert {
    #[serde(rename = "as")]
    who: Option<String>,
    #[serde(flatten)]
    conversion: LeadConversion,
}

pub(super) fn route(sandbox: &Sandbox, asked: &Asked<'_>, segments: &[&str]) -> Outcome {
    match (asked.method, segments) {
        (&Method::GET, ["records", object]) => dump(sandbox, asked, object),
        (&Method::POST, ["records", object]) => {
            let edit: Edit = asked.json()?;
            let actor = actor(sandbox, edit.who.as_deref())?;
            let id = sandbox.world(|world| {
                let options = options(world, &edit);
                world.create(&actor, object, &edit.fields, &options)
            })?;
            Ok(json!({ "id": id }))
        }
        (&Method::PATCH, ["records", object, id]) => {
            let edit: Edit = asked.json()?;
            let actor = actor(sandbox, edit.who.as_deref())?;
            sandbox.world(|world| {
                let options = options(world, &edit);
                world.update(&actor, object, id, &edit.fields, &options)
            })?;
            done()
        }
        (&Method::DELETE, ["records", object, id]) => {
            let actor = actor(sandbox, asked.query("as"))?;
            sandbox.world(|world| world.delete(&actor, object, id, &DmlOptions::default()))?;
            done()
        }
        (&Method::POST, ["records", object, id, action]) => {
            act(sandbox, asked, (object, id), action)
        }
        (&Method::DELETE, ["recycle-bin"]) => {
            sandbox.world(World::empty_recycle_bin);
            done()
        }
        _ => Err(unknown(asked)),
    }
}

/// What can be done with a record besides changing and deleting it.
fn act(sandbox: &Sandbox, asked: &Asked<'_>, (object, id): (&str, &str), action: &str) -> Outcome {
    match action {
        "undelete" => {
            let edit: Edit = asked.json()?;
            let actor = actor(sandbox, edit.who.as_deref())?;
            sandbox.world(|world| world.undelete(&actor, object, id))?;
        }
        "touch" => sandbox
            .world(|world| world.touch(object, id))
            .map_err(|error| vec![error])?,
        "merge" => {
            let merge: Merge = asked.json()?;
            let actor = actor(sandbox, merge.who.as_deref())?;
            let losers: Vec<&str> = merge.losers.iter().map(String::as_str).collect();
            sandbox.world(|world| world.merge(&actor, object, id, &losers, &merge.fields))?;
        }
        "convert" if object.eq_ignore_ascii_case("lead") => {
            let convert: Convert = asked.json()?;
            let actor = actor(sandbox, convert.who.as_deref())?;
            let made =
                sandbox.world(|world| world.convert_lead(&actor, id, &convert.conversion))?;
            return shown(&made);
        }
        _ => return Err(unknown(asked)),
    }
    done()
}

fn actor(sandbox: &Sandbox, who: Option<&str>) -> Result<Actor, Refusal> {
    let id: SfId = match who {
        Some(name) => user(sandbox, name)?,
        None => sandbox.world(|world| world.admin_id()),
    };
    Ok(Actor::user(id))
}

fn options(world: &World, edit: &Edit) -> DmlOptions {
    let delay = edit
        .visible_in_seconds
        .map(|seconds| SignedDuration::from_secs(seconds.into()));
    let visible_at = delay.and_then(|delay| world.now().checked_add(delay).ok());
    DmlOptions {
        visible_at,
        ..DmlOptions::default()
    }
}

/// All fields of the records of an object, as the administrator sees them.
fn dump(sandbox: &Sandbox, asked: &Asked<'_>, object: &str) -> Outcome {
    let scope = match asked.query("deleted") {
        Some("true") => QueryScope::All,
        _ => QueryScope::Live,
    };
    let limit = asked.query("limit").map_or(Ok(MAX_DUMPED), |text| {
        text.parse()
            .map_err(|_| Refusal::bad(format!("limit: '{text}' is not a number")))
    })?;
    sandbox.world(|world| rows(world, object, scope, limit.min(MAX_DUMPED)))
}

fn rows(world: &World, object: &str, scope: QueryScope, limit: usize) -> Outcome {
    let def = world
        .schema()
        .object(object)
        .ok_or_else(|| Refusal::not_found(format!("object '{object}'")))?;
    let names: Vec<&str> = def.fields.iter().map(|field| field.name.as_str()).collect();
    let soql = format!(
        "SELECT {} FROM {} ORDER BY Id LIMIT {limit}",
        names.join(", "),
        def.name
    );
    let actor = Actor::system(world.admin_id());
    let found = world
        .query(&actor, &soql, scope)
        .map_err(|error| Refusal::bad(error.to_string()))?;
    let records: Vec<Value> = world.render_rows(&found, 0..found.row_count(), "");
    Ok(json!({ "total": found.total_size(), "records": records }))
}
