//! What goes wrong on the way to the CRM, by itself and beside the kills.
//!
//! Faults are set at the org, one now and then, each for the next requests only: they are told how often they struck.

use crate::dice::Dice;
use crate::org::Org;
use anyhow::Result;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Percent of the server's lives at whose start a fault is set.
pub(super) const LIVES_PERCENT: usize = 60;

/// How often a fault is drawn among 100, its name, and what it is.
type Fault = (usize, &'static str, fn(&mut Dice) -> Value);

const FAULTS: [Fault; 13] = [
    (9, "request lost", |_| kind("lose_before")),
    (18, "done, answer lost", |_| kind("do_then_lose")),
    (6, "done, answer 500", |_| kind("do_then_fail")),
    (
        8,
        "503 page",
        |_| json!({"kind": "reject_html", "status": 503}),
    ),
    (6, "garbage", |_| kind("garbage")),
    (
        10,
        "held, done later",
        |dice| json!({"kind": "hold", "seconds": 1 + dice.below(4)}),
    ),
    (
        11,
        "slow",
        |dice| json!({"kind": "slow", "millis": 30 + dice.below(400)}),
    ),
    (
        9,
        "rows locked",
        |dice| json!({"kind": "lock_rows", "times": 1 + dice.below(5)}),
    ),
    (5, "tokens ended", |_| kind("expire_access_tokens")),
    (
        10,
        "visible late",
        |dice| json!({"kind": "commit_late", "changes": 1 + dice.below(4), "seconds": 1 + dice.below(5)}),
    ),
    (
        3,
        "throttled",
        |_| json!({"kind": "throttle", "seconds": 1, "concurrent": true}),
    ),
    (3, "outage", |_| json!({"kind": "outage", "seconds": 1})),
    (
        2,
        "log-in 503",
        |_| json!({"kind": "reject_html", "status": 503}),
    ),
];

fn kind(name: &str) -> Value {
    json!({ "kind": name })
}

/// The faults, as the report tells them.
pub(super) fn told() -> String {
    let told: Vec<String> = FAULTS
        .iter()
        .map(|(percent, name, _)| format!("{name} {percent} %"))
        .collect();
    told.join(", ")
}

/// Perhaps sets a fault.
///
/// # Errors
/// The org does not take it.
pub(super) async fn change(org: &Org, dice: &mut Dice) -> Result<()> {
    if !dice.percent(LIVES_PERCENT) {
        return Ok(());
    }
    let mut left = dice.below(FAULTS.iter().map(|fault| fault.0).sum());
    for (percent, name, action) in FAULTS {
        if left >= percent {
            left -= percent;
            continue;
        }
        let path = match name {
            "log-in 503" | "tokens ended" => "/services",
            _ => "/services/data",
        };
        let rule = json!({
            "match": {"path": path, "nth": 1 + dice.below(3)},
            "action": action(dice),
        });
        org.steer("POST", "/control/faults", &rule).await?;
        return Ok(());
    }
    Ok(())
}

/// Ends all faults and lets go of what was held; how often each kind struck.
///
/// # Errors
/// The org does not answer.
pub(super) async fn clear(org: &Org) -> Result<BTreeMap<String, u64>> {
    let mut struck = BTreeMap::new();
    let rules = org.steer("GET", "/control/faults", &Value::Null).await?;
    let rules = rules.as_array().or(rules["faults"].as_array());
    for rule in rules.into_iter().flatten() {
        let name = rule["action"]["kind"].as_str().unwrap_or("unknown");
        let fired = rule["fired"].as_u64().unwrap_or_default();
        *struck.entry(name.to_owned()).or_default() += fired;
    }
    org.steer("DELETE", "/control/faults", &Value::Null).await?;
    org.steer("POST", "/control/held/release", &Value::Null)
        .await?;
    Ok(struck)
}
