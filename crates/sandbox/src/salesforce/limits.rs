//! `GET /limits` and `GET /limits/recordCount`.

use serde_json::{Map, Value, json};

use super::{
    Site,
    answer::{self, Answer},
    error::ApiError,
    request::Call,
};

/// Limits nothing here uses up, with the values recorded on a developer org.
const UNTOUCHED: [(&str, u64); 12] = [
    ("DailyAsyncApexExecutions", 250_000),
    ("DailyBulkApiBatches", 15_000),
    ("DailyBulkV2QueryFileStorageMB", 976_562),
    ("DailyBulkV2QueryJobs", 10_000),
    ("DailyDeliveredPlatformEvents", 10_000),
    ("DailyStreamingApiEvents", 10_000),
    ("DataStorageMB", 5),
    ("DurableStreamingApiConcurrentClients", 20),
    ("FileStorageMB", 20),
    ("HourlyPublishedPlatformEvents", 50_000),
    ("SingleEmail", 15),
    ("StreamingApiConcurrentClients", 20),
];

/// The limits with what remains of each.
pub(super) fn limits(site: &mut Site<'_>) -> Answer {
    let entry = |max: u64, remaining: u64| json!({ "Max": max, "Remaining": remaining });
    let mut limits: Map<String, Value> = UNTOUCHED
        .iter()
        .map(|(name, max)| ((*name).to_owned(), entry(*max, *max)))
        .collect();
    let max = site.desk.meter.limit();
    let used = site.desk.meter.used(site.world.now());
    limits.insert(
        "DailyApiRequests".to_owned(),
        entry(max, max.saturating_sub(used)),
    );
    answer::ok(&limits)
}

/// The number of records of the objects asked for, or of all; objects without records are left out (recorded).
pub(super) fn record_count(site: &Site<'_>, call: &Call) -> Result<Answer, ApiError> {
    let asked = call
        .parameters
        .get("sObjects")
        .map(|names| names.split(',').map(str::trim).collect::<Vec<_>>());
    let wanted = |name: &str| {
        asked
            .as_ref()
            .is_none_or(|names| names.iter().any(|n| n.eq_ignore_ascii_case(name)))
    };
    let visible = |name: &str| site.world.object_rights(&call.actor, name).read;
    let counts: Vec<Value> = site
        .world
        .schema()
        .objects()
        .iter()
        .filter(|def| wanted(&def.name) && visible(&def.name))
        .map(|def| (site.world.count(&def.name), &def.name))
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| json!({ "count": count, "name": name }))
        .collect();
    Ok(answer::ok(&json!({ "sObjects": counts })))
}
