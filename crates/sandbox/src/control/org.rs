//! Control of the org as a whole: health, state, clock, seed, faults, meter, tokens.

use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Asked, Outcome, Refusal, done, shown, unknown};
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

pub(super) fn route(sandbox: &Sandbox, asked: &Asked<'_>, segments: &[&str]) -> Outcome {
    match (asked.method, segments) {
        (&Method::GET, ["health"]) => Ok(json!({ "status": "ok" })),
        (&Method::GET, ["state"]) => Ok(state(sandbox)),
        (_, ["clock", ..]) => clock(sandbox, asked, segments),
        (&Method::POST, ["seed"]) => seed(sandbox, &asked.json()?),
        (_, ["faults", ..]) => faults(sandbox, asked, segments),
        (&Method::POST, ["held", "release"]) => Ok(json!({ "released": sandbox.release_held() })),
        (_, ["meter", ..]) => meter(sandbox, asked, segments),
        (&Method::POST, ["tokens", "expire"]) => {
            sandbox.strike(&FaultAction::ExpireAccessTokens)?;
            done()
        }
        (&Method::POST, ["tokens", "revoke"]) => revoke(sandbox, &asked.json()?),
        _ => Err(unknown(asked)),
    }
}

fn state(sandbox: &Sandbox) -> Value {
    let held = sandbox.held();
    let (now, mode) = (sandbox.now(), sandbox.clock_mode());
    sandbox.world(|world| {
        let users = users::all(world).into_iter().map(|person| {
            json!({ "id": person.id, "username": person.username, "name": person.name, "active": person.active })
        });
        let objects = world.schema().objects();
        let records: Map<String, Value> =
            objects.map(|def| (def.name.clone(), world.count(&def.name).into())).collect();
        json!({
            "org_id": world.org_id(),
            "now": now,
            "clock_mode": mode,
            "users": users.collect::<Vec<_>>(),
            "records": records,
            "held_requests": held,
        })
    })
}

fn clock(sandbox: &Sandbox, asked: &Asked<'_>, segments: &[&str]) -> Outcome {
    match (asked.method, segments) {
        (&Method::GET, ["clock"]) => {}
        (&Method::PUT, ["clock"]) => {
            let change: ClockChange = asked.json()?;
            if let Some(mode) = change.mode {
                sandbox.set_clock_mode(mode);
            }
            if let Some(now) = change.now {
                sandbox.set_now(now);
            }
        }
        (&Method::POST, ["clock", "advance"]) => {
            let by: Advance = asked.json()?;
            sandbox.advance(SignedDuration::from_secs(by.seconds.into()));
        }
        _ => return Err(unknown(asked)),
    }
    Ok(json!({ "now": sandbox.now(), "mode": sandbox.clock_mode() }))
}

fn seed(sandbox: &Sandbox, wanted: &Seed) -> Outcome {
    let &Seed {
        seed,
        accounts,
        contacts,
        leads,
        opportunities,
    } = wanted;
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

fn faults(sandbox: &Sandbox, asked: &Asked<'_>, segments: &[&str]) -> Outcome {
    match (asked.method, segments) {
        (&Method::GET, ["faults"]) => shown(&sandbox.faults()),
        (&Method::POST, ["faults"]) => {
            let rule: FaultRule = asked.json()?;
            Ok(json!({ "id": sandbox.add_fault(rule)? }))
        }
        (&Method::POST, ["faults", "strike"]) => {
            sandbox.strike(&asked.json()?)?;
            done()
        }
        (&Method::DELETE, ["faults"]) => {
            sandbox.clear_faults();
            done()
        }
        (&Method::DELETE, ["faults", id]) => match id.parse() {
            Ok(number) if sandbox.remove_fault(number) => done(),
            _ => Err(Refusal::not_found(format!("fault rule {id}"))),
        },
        _ => Err(unknown(asked)),
    }
}

fn meter(sandbox: &Sandbox, asked: &Asked<'_>, segments: &[&str]) -> Outcome {
    match (asked.method, segments) {
        (&Method::GET, ["meter"]) => {}
        (&Method::GET, ["meter", "calls"]) => return shown(&sandbox.metered_calls()),
        (&Method::DELETE, ["meter"]) => sandbox.reset_meter(),
        (&Method::PUT, ["meter", "limit"]) => {
            let limit: Limit = asked.json()?;
            sandbox.set_call_limit(limit.calls_24h);
        }
        _ => return Err(unknown(asked)),
    }
    shown(&sandbox.meter())
}

fn revoke(sandbox: &Sandbox, what: &Revoke) -> Outcome {
    match &what.token {
        None => sandbox.strike(&FaultAction::RevokeRefreshTokens)?,
        Some(token) if sandbox.revoke_token(token) => {}
        Some(_) => return Err(Refusal::not_found("such token")),
    }
    done()
}
