//! Control of records, as a person in the org's own UI or a system process changes them.

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Asked, Outcome, Refusal, done, routes::Route, shown, user};
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
struct As {
    #[serde(rename = "as")]
    who: Option<String>,
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

/// What concerns records.
pub(super) const ROUTES: &[Route] = &[
    Route::get(
        "/records/{object}",
        "All fields of the records of an object.",
        dump,
    )
    .asks(&[
        ("deleted", "`true`: with those in the recycle bin"),
        ("limit", "most records shown, at most 10,000"),
        ("after", "only records behind this id"),
    ])
    .answers("Records"),
    Route::post(
        "/records/{object}",
        "Creates a record, as a person in the UI would.",
        create,
    )
    .takes("Edit")
    .answers("Id"),
    Route::patch(
        "/records/{object}/{id}",
        "Changes a record, as a person in the UI would.",
        update,
    )
    .takes("Edit")
    .answers("Changed"),
    Route::delete(
        "/records/{object}/{id}",
        "Puts a record into the recycle bin.",
        delete,
    )
    .asks(&[("as", "user name; absent: the administrator")]),
    Route::post(
        "/records/{object}/{id}/undelete",
        "Takes it out again.",
        undelete,
    )
    .takes("As"),
    Route::post(
        "/records/{object}/{id}/touch",
        "Moves only SystemModstamp, as a system process.",
        touch,
    ),
    Route::post(
        "/records/{object}/{id}/merge",
        "Merges other records into this one.",
        merge,
    )
    .takes("Merge"),
    Route::post(
        "/records/{object}/{id}/convert",
        "Converts a lead.",
        convert,
    )
    .takes("Convert")
    .answers("ConvertedLead"),
    Route::delete(
        "/recycle-bin",
        "Empties the recycle bin.",
        empty_recycle_bin,
    ),
];

fn create(sandbox: &Sandbox, asked: &Asked<'_>) -> Outcome {
    let edit: Edit = asked.json()?;
    let actor = actor(sandbox, edit.who.as_deref())?;
    let id = sandbox.world(|world| {
        let options = options(world, &edit);
        world.create(&actor, asked.place("object"), &edit.fields, &options)
    })?;
    Ok(json!({ "id": id }))
}

fn update(sandbox: &Sandbox, asked: &Asked<'_>) -> Outcome {
    let edit: Edit = asked.json()?;
    let actor = actor(sandbox, edit.who.as_deref())?;
    let (object, id) = record(asked);
    sandbox.world(|world| {
        let before = modified_at(world, object, id);
        let options = options(world, &edit);
        world.update(&actor, object, id, &edit.fields, &options)?;
        Ok(json!({ "modified_before": before, "modified_at": modified_at(world, object, id) }))
    })
}

/// When the record was last changed; null where it can't be read.
fn modified_at(world: &World, object: &str, id: &str) -> Value {
    let system = Actor::system(world.admin_id());
    let record = world.retrieve(&system, object, id, Some(&["LastModifiedDate"]), "");
    let record = record.ok().flatten().unwrap_or_default();
    record["LastModifiedDate"].clone()
}

fn delete(sandbox: &Sandbox, asked: &Asked<'_>) -> Outcome {
    let actor = actor(sandbox, asked.query("as"))?;
    let (object, id) = record(asked);
    sandbox.world(|world| world.delete(&actor, object, id, &DmlOptions::default()))?;
    done()
}

fn undelete(sandbox: &Sandbox, asked: &Asked<'_>) -> Outcome {
    let who: As = asked.json()?;
    let actor = actor(sandbox, who.who.as_deref())?;
    let (object, id) = record(asked);
    sandbox.world(|world| world.undelete(&actor, object, id))?;
    done()
}

fn touch(sandbox: &Sandbox, asked: &Asked<'_>) -> Outcome {
    let (object, id) = record(asked);
    let touched = sandbox.world(|world| world.touch(object, id));
    touched.map_err(|error| vec![error])?;
    done()
}

fn merge(sandbox: &Sandbox, asked: &Asked<'_>) -> Outcome {
    let merge: Merge = asked.json()?;
    let actor = actor(sandbox, merge.who.as_deref())?;
    let losers: Vec<&str> = merge.losers.iter().map(String::as_str).collect();
    let (object, id) = record(asked);
    sandbox.world(|world| world.merge(&actor, object, id, &losers, &merge.fields))?;
    done()
}

fn convert(sandbox: &Sandbox, asked: &Asked<'_>) -> Outcome {
    let (object, id) = record(asked);
    if !object.eq_ignore_ascii_case("lead") {
        return Err(Refusal::bad("only leads can be converted"));
    }
    let convert: Convert = asked.json()?;
    let actor = actor(sandbox, convert.who.as_deref())?;
    let made = sandbox.world(|world| world.convert_lead(&actor, id, &convert.conversion))?;
    shown(&made)
}

fn empty_recycle_bin(sandbox: &Sandbox, _: &Asked<'_>) -> Outcome {
    sandbox.world(World::empty_recycle_bin);
    done()
}

/// Object and id of the route's path.
fn record<'r>(asked: &Asked<'r>) -> (&'r str, &'r str) {
    (asked.place("object"), asked.place("id"))
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
fn dump(sandbox: &Sandbox, asked: &Asked<'_>) -> Outcome {
    let scope = match asked.query("deleted") {
        Some("true") => QueryScope::All,
        _ => QueryScope::Live,
    };
    let limit = asked.query("limit").map_or(Ok(MAX_DUMPED), |text| {
        text.parse()
            .map_err(|_| Refusal::bad(format!("limit: '{text}' is not a number")))
    })?;
    let after = asked.query("after").map_or(Ok(None), |id| {
        id.parse()
            .map(Some)
            .map_err(|_| Refusal::bad(format!("after: '{id}' is no id")))
    })?;
    let object = asked.place("object");
    sandbox.world(|world| rows(world, object, scope, after, limit.min(MAX_DUMPED)))
}

fn rows(
    world: &World,
    object: &str,
    scope: QueryScope,
    after: Option<SfId>,
    limit: usize,
) -> Outcome {
    let def = world
        .schema()
        .object(object)
        .ok_or_else(|| Refusal::not_found(format!("object '{object}'")))?;
    let names: Vec<&str> = def.fields.iter().map(|field| field.name.as_str()).collect();
    let behind = after.map_or_else(String::new, |id| format!("WHERE Id > '{id}'"));
    let soql = format!(
        "SELECT {} FROM {} {behind} ORDER BY Id LIMIT {limit}",
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
