//! `GET /limits` and `GET /limits/recordCount`.

use serde_json::{Map, Value, json};

use super::{
    Site,
    answer::{self, Answer},
    error::ApiError,
    request::Call,
};
use crate::world::Actor;

/// Editions differ in three steps; what is not named is like Developer.
#[derive(Clone, Copy)]
enum Tier {
    Developer,
    Enterprise,
    Unlimited,
}

/// Limits nothing here uses up: name and the most of a developer, an enterprise and an unlimited org. The first column
/// is recorded where the reference lists it; the others are documented or general knowledge.
const UNTOUCHED: [(&str, [u64; 3]); 47] = [
    ("AnalyticsExternalDataSizeMB", [40_960; 3]),
    ("ConcurrentAsyncGetReportInstances", [200; 3]),
    ("ConcurrentEinsteinDataInsightsStoryCreation", [5; 3]),
    ("ConcurrentEinsteinDiscoveryStoryCreation", [2; 3]),
    ("ConcurrentSyncReportRuns", [20; 3]),
    ("DailyAnalyticsDataflowJobExecutions", [60; 3]),
    ("DailyAnalyticsUploadedFilesSizeMB", [51_200; 3]),
    ("DailyAsyncApexExecutions", [250_000; 3]),
    ("DailyAsyncApexTests", [500; 3]),
    ("DailyDeliveredPlatformEvents", [10_000, 25_000, 50_000]),
    (
        "DailyDurableGenericStreamingApiEvents",
        [10_000, 200_000, 1_000_000],
    ),
    (
        "DailyDurableStreamingApiEvents",
        [10_000, 200_000, 1_000_000],
    ),
    ("DailyEinsteinDataInsightsStoryCreation", [1_000; 3]),
    ("DailyEinsteinDiscoveryOptimizationJobRuns", [25; 3]),
    ("DailyEinsteinDiscoveryPredictAPICalls", [50_000; 3]),
    ("DailyEinsteinDiscoveryPredictionsByCDC", [500_000; 3]),
    ("DailyEinsteinDiscoveryStoryCreation", [100; 3]),
    ("DailyFunctionsApiCallLimit", [235_000; 3]),
    ("DailyGenericStreamingApiEvents", [10_000; 3]),
    (
        "DailyStandardVolumePlatformEvents",
        [10_000, 25_000, 50_000],
    ),
    ("DailyStreamingApiEvents", [10_000, 200_000, 1_000_000]),
    ("DailyWorkflowEmails", [75, 1_000, 1_000]),
    ("DataStorageMB", [5, 10_240, 10_240]),
    ("DurableStreamingApiConcurrentClients", [20, 1_000, 2_000]),
    ("FileStorageMB", [20, 10_240, 10_240]),
    ("HourlyAsyncReportRuns", [1_200; 3]),
    ("HourlyDashboardRefreshes", [200; 3]),
    ("HourlyDashboardResults", [5_000; 3]),
    ("HourlyDashboardStatuses", [999_999_999; 3]),
    ("HourlyLongTermIdMapping", [100_000; 3]),
    ("HourlyManagedContentPublicRequests", [50_000; 3]),
    ("HourlyODataCallout", [1_000, 20_000, 20_000]),
    ("HourlyPublishedPlatformEvents", [50_000, 250_000, 250_000]),
    (
        "HourlyPublishedStandardVolumePlatformEvents",
        [1_000, 100_000, 100_000],
    ),
    ("HourlyShortTermIdMapping", [100_000; 3]),
    ("HourlySyncReportRuns", [500; 3]),
    ("HourlyTimeBasedWorkflow", [50, 500, 1_000]),
    ("MassEmail", [10, 5_000, 5_000]),
    ("MonthlyEinsteinDiscoveryStoryCreation", [500; 3]),
    ("MonthlyPlatformEventsUsageEntitlement", [0; 3]),
    ("Package2VersionCreates", [6; 3]),
    ("Package2VersionCreatesWithoutValidation", [500; 3]),
    ("PlatformEventTriggersWithParallelProcessing", [5; 3]),
    ("PrivateConnectOutboundCalloutHourlyLimitMB", [0; 3]),
    ("PublishCallbackUsageInApex", [5; 3]),
    ("SingleEmail", [15, 5_000, 5_000]),
    ("StreamingApiConcurrentClients", [20, 1_000, 2_000]),
];
/// Permission sets an org may have, and how many of them it may make itself (recorded as a nested entry).
const PERMISSION_SETS: (u64, u64) = (1_500, 1_000);

/// The limits with what remains of each.
pub(super) fn limits(site: &mut Site<'_>) -> Answer {
    let tier = tier(site);
    let untouched = |(name, most): &(&str, [u64; 3])| {
        let most = most[tier as usize];
        ((*name).to_owned(), entry(most, most))
    };
    let mut limits: Map<String, Value> = UNTOUCHED.iter().map(untouched).collect();
    let (all, custom) = PERMISSION_SETS;
    let mut sets = entry(all, all);
    sets["CreateCustom"] = entry(custom, custom);
    limits.insert("PermissionSets".to_owned(), sets);
    for bulk in site.desk.jobs.allowances(site.world.now()) {
        let left = bulk.max.saturating_sub(bulk.used);
        limits.insert(bulk.name.to_owned(), entry(bulk.max, left));
    }
    let max = site.desk.meter.limit();
    let used = site.desk.meter.used(site.world.now());
    limits.insert(
        "DailyApiRequests".to_owned(),
        entry(max, max.saturating_sub(used)),
    );
    answer::ok(&limits)
}

fn entry(max: u64, remaining: u64) -> Value {
    json!({ "Max": max, "Remaining": remaining })
}

fn tier(site: &Site<'_>) -> Tier {
    let world = &site.world;
    let (actor, id) = (Actor::system(world.admin_id()), world.org_id().to_string());
    let field = Some(&["OrganizationType"][..]);
    let row = world.retrieve(&actor, "Organization", &id, field, "");
    let row = row.ok().flatten().unwrap_or_default();
    match row["OrganizationType"].as_str().unwrap_or_default() {
        "Enterprise Edition" | "Professional Edition" => Tier::Enterprise,
        "Unlimited Edition" => Tier::Unlimited,
        _ => Tier::Developer,
    }
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
        .filter(|def| wanted(&def.name) && visible(&def.name))
        .map(|def| (site.world.count(&def.name), &def.name))
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| json!({ "count": count, "name": name }))
        .collect();
    Ok(answer::ok(&json!({ "sObjects": counts })))
}
