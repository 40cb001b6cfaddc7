//! Control of the org as a whole: health, state, clock, seed, faults, meter, tokens.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Asked, Outcome, Refusal, done, openapi, routes::Route, shown};
use crate::{
    ClockMode, Sandbox,
    faults::{FaultAction, FaultError, FaultRule},
    salesforce::users,
    seed::{self, SeedSize},
};

/// Most records one seed request may invent of one object.
const MAX_SEEDED: usize = 1_000_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockChange {
    now: Option<Timestamp>,
    mode: Option<ClockMode>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    seconds: u32,
}

#[derive(Deserialize)]
struct Seed {
    #[serde(default)]
    seed: u64,
    #[serde(default)]
    accounts: usize,
    #[serde(default)]
    contacts: usize,
    #[serde(default)]
    leads: usize,
    #[serde(default)]
    opportunities: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Limit {
    calls_24h: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Revoke {
    token: Option<String>,
}

impl From<FaultError> for Refusal {
    fn from(error: FaultError) -> Self {
        Self::bad(error.to_string())
    }
}

/// What concerns the org as a whole.
pub(super) const ROUTES: &[Route] = &[
    Route::get("/health", "Says that the control API answers.", health).answers("Health"),
    Route::get("/openapi.json", "This document.", openapi).answers("Object"),
    Route::get(
        "/state",
        "The org, its users, record counts and clock.",
        state,
    )
    .answers("State"),
    Route::get("/clock", "Reads the clock.", clock).answers("Clock"),
    Route::put("/clock", "Sets the time, or who moves it.", set_clock)
        .takes("ClockChange")
        .answers("Clock"),
    Route::post("/clock/advance", "Moves the time forward.", advance)
        .takes("Advance")
        .answers("Clock"),
    Route::post("/seed", "Invents more records.", seed).takes("Seed"),
    Route::get(
        "/faults",
        "The fault rules with what they have seen and done.",
        faults,
    )
    .answers("ArmedRules"),
    Route::post("/faults", "Adds a fault rule.", add_fault)
        .takes("FaultRule")
        .answers("Number"),
    Route::delete("/faults", "Ends all faults.", clear_faults),
    Route::delete("/faults/{id}", "Removes one fault rule.", remove_fault),
    Route::post(
        "/faults/strike",
        "Starts a fault that is a state of the org, at once.",
        strike,
    )
    .takes("FaultAction"),
    Route::post(
        "/held/release",
        "Applies the requests held back by faults.",
        release,
    )
    .answers("Released"),
    Route::get("/bulk", "Reads how bulk jobs are treated.", bulk).answers("BulkSettings"),
    Route::put(
        "/bulk",
        "Changes how bulk jobs are treated; what is left out is as in a new org.",
        set_bulk,
    )
    .takes("BulkSettings")
    .answers("BulkSettings"),
    Route::get("/meter", "Reads the meter of API calls.", meter).answers("Meter"),
    Route::delete("/meter", "Forgets all metered calls.", reset_meter).answers("Meter"),
    Route::get(
        "/meter/calls",
        "The most recent metered calls, oldest first.",
        calls,
    )
    .answers("MeteredCalls"),
    Route::put(
        "/meter/limit",
        "Sets the calls allowed in 24 hours.",
        set_limit,
    )
    .takes("Limit")
    .answers("Meter"),
    Route::post("/tokens/expire", "Ends all access tokens.", expire),
    Route::post(
        "/tokens/revoke",
        "Ends one token, or all refresh tokens.",
        revoke,
    )
    .takes("Token"),
];

fn health(_: &Sandbox, _: &Asked<'_>) -> Outcome {
    Ok(json!({ "status": "ok" }))
}

fn openapi(_: &Sandbox, _: &Asked<'_>) -> Outcome {
    Ok(openapi::document())
}

fn state(sandbox: &Sandbox, _: &Asked<'_>) -> Outcome {
    let held = sandbox.held();
    let (now, mode) = (sandbox.now(), sandbox.clock_mode());
    sandbox.world(|world| {
        let users = users::all(world).into_iter().map(|person| {
            json!({ "id": person.id, "username": person.username, "name": person.name, "active": person.active })
        });
        let objects = world.schema().objects();
        let records: Map<String, Value> =
            objects.map(|def| (def.name.clone(), world.count(&def.name).into())).collect();
        Ok(json!({
            "org_id": world.org_id(),
            "now": now,
            "clock_mode": mode,
            "users": users.collect::<Vec<_>>(),
            "records": records,
            "held_requests": held,
        }))
    })
}

fn clock(sandbox: &Sandbox, _: &Asked<'_>) -> Outcome {
    Ok(json!({ "now": sandbox.now(), "mode": sandbox.clock_mode() }))
}

fn set_clock(sandbox: &Sandbox, asked: &Asked<'_>) -> Outcome {
    let change: ClockChange = asked.json()?;
    if let Some(mode) = change.mode {
        sandbox.set_clock_mode(mode);
    }
    if let Some(now) = change.now {
        sandbox.set_now(now);
    }
    clock(sandbox, asked)
}

fn advance(sandbox: &Sandbox, asked: &Asked<'_>) -> Outcome {
    let by: Advance = asked.json()?;
    sandbox.advance(SignedDuration::from_secs(by.seconds.into()));
    clock(sandbox, asked)
}

fn seed(sandbox: &Sandbox, asked: &Asked<'_>) -> Outcome {
    let Seed {
        seed,
        accounts,
        contacts,
        leads,
        opportunities,
    } = asked.json()?;
    let size = SeedSize {
        accounts,
        contacts,
        leads,
        opportunities,
    };
    if [accounts, contacts, leads, opportunities]
        .iter()
        .any(|count| *count > MAX_SEEDED)
    {
        return Err(Refusal::bad(format!(
            "at most {MAX_SEEDED} records of an object at a time"
        )));
    }
    sandbox
        .world(|world| seed::populate(world, size, seed))
        .map_err(|refused| Refusal::bad(refused.to_string()))?;
    done()
}

fn faults(sandbox: &Sandbox, _: &Asked<'_>) -> Outcome {
    shown(&sandbox.faults())
}

fn add_fault(sandbox: &Sandbox, asked: &Asked<'_>) -> Outcome {
    let rule: FaultRule = asked.json()?;
    Ok(json!({ "id": sandbox.add_fault(rule)? }))
}

fn strike(sandbox: &Sandbox, asked: &Asked<'_>) -> Outcome {
    sandbox.strike(&asked.json()?)?;
    done()
}

fn clear_faults(sandbox: &Sandbox, _: &Asked<'_>) -> Outcome {
    sandbox.clear_faults();
    done()
}

fn remove_fault(sandbox: &Sandbox, asked: &Asked<'_>) -> Outcome {
    let id = asked.place("id");
    match id.parse() {
        Ok(number) if sandbox.remove_fault(number) => done(),
        _ => Err(Refusal::not_found(format!("fault rule {id}"))),
    }
}

fn release(sandbox: &Sandbox, _: &Asked<'_>) -> Outcome {
    Ok(json!({ "released": sandbox.release_held() }))
}

fn meter(sandbox: &Sandbox, _: &Asked<'_>) -> Outcome {
    shown(&sandbox.meter())
}

fn reset_meter(sandbox: &Sandbox, asked: &Asked<'_>) -> Outcome {
    sandbox.reset_meter();
    meter(sandbox, asked)
}

fn calls(sandbox: &Sandbox, _: &Asked<'_>) -> Outcome {
    shown(&sandbox.metered_calls())
}

fn bulk(sandbox: &Sandbox, _: &Asked<'_>) -> Outcome {
    shown(&sandbox.bulk_settings())
}

fn set_bulk(sandbox: &Sandbox, asked: &Asked<'_>) -> Outcome {
    sandbox.set_bulk_settings(asked.json()?);
    bulk(sandbox, asked)
}

fn set_limit(sandbox: &Sandbox, asked: &Asked<'_>) -> Outcome {
    let limit: Limit = asked.json()?;
    sandbox.set_call_limit(limit.calls_24h);
    meter(sandbox, asked)
}

fn expire(sandbox: &Sandbox, _: &Asked<'_>) -> Outcome {
    sandbox.strike(&FaultAction::ExpireAccessTokens)?;
    done()
}

fn revoke(sandbox: &Sandbox, asked: &Asked<'_>) -> Outcome {
    let what: Revoke = asked.json()?;
    match &what.token {
        None => sandbox.strike(&FaultAction::RevokeRefreshTokens)?,
        Some(token) if sandbox.revoke_token(token) => {}
        Some(_) => return Err(Refusal::not_found("such token")),
    }
    done()
}
