//! What Tandem tells about itself: log lines and metrics. The names of the metrics are here and
//! nowhere else.

use crate::config::{Log, LogFormat};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

/// Requests answered, by `status`.
pub const HTTP_REQUESTS: &str = "tandem_http_requests_total";
/// Seconds until a request was answered.
pub const HTTP_SECONDS: &str = "tandem_http_request_seconds";
/// Engine turns, by `step`: pull, reconcile, write, resolve, watch, ask.
pub const TURNS: &str = "tandem_engine_turns_total";
/// Seconds that an engine turn took, by `step`.
pub const TURN_SECONDS: &str = "tandem_engine_turn_seconds";
/// API calls spent, by `step`.
pub const API_CALLS: &str = "tandem_crm_api_calls_total";
/// API calls that Tandem spent in the last 24 hours, by `team`.
pub const API_OURS: &str = "tandem_crm_api_calls_24h";
/// API calls that everybody spent at the org in the last 24 hours, by `team`.
pub const API_ORG: &str = "tandem_crm_api_org_calls_24h";
/// API calls that the org allows in 24 hours, by `team`.
pub const API_ORG_MAX: &str = "tandem_crm_api_org_calls_24h_max";
/// Seconds until scheduled work pauses for the API budget at the present rate, at most a day, by `team`.
pub const API_RUNS_OUT: &str = "tandem_crm_api_runs_out_seconds";
/// How many times as long as set the intervals of scheduled reading are, by `team`.
pub const API_INTERVALS: &str = "tandem_crm_api_interval_factor";
/// Rows read from the CRM.
pub const ROWS_READ: &str = "tandem_crm_rows_read_total";
/// Seconds by which rows of the CRM arrive late, as learned, by `team` and `object`.
pub const ROWS_LATE: &str = "tandem_crm_rows_late_seconds";
/// Records that the CRM took.
pub const RECORDS_WRITTEN: &str = "tandem_crm_records_written_total";
/// Links due for a decision, by `team`.
pub const LINKS_DUE: &str = "tandem_links_due";
/// Writes waiting to be sent or settled, by `team`.
pub const WRITES_OPEN: &str = "tandem_writes_open";
/// Links set aside after a refusal, by `team`.
pub const PARKED: &str = "tandem_parked";
/// Links that wait for a person, by `team`.
pub const HELD: &str = "tandem_held";
/// Mapped fields of linked records by `standing` (same, by_rule, waiting, held, refused, unexplained), by
/// `team`, as of the last comparison.
pub const FIELDS: &str = "tandem_fields";
/// Turns that the database failed, by `team`.
pub const STORE_FAILURES: &str = "tandem_store_failures_total";
/// Panics caught in a team's loop.
pub const PANICS: &str = "tandem_panics_total";

/// Renders the metrics of this process.
pub type Metrics = PrometheusHandle;

/// Starts the log on standard error. Once per process; later calls change nothing.
pub fn start_log(log: &Log) {
    let filter = EnvFilter::try_new(&log.level).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // A reader of the log that has gone away must not take the server with it.
        .log_internal_errors(false);
    // A failure means that somebody started it already, which is as good.
    let _ = match log.format {
        LogFormat::Text => lines.with_target(false).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
}

/// Starts to keep metrics; `None` if this process keeps them already.
pub fn start_metrics() -> Option<Metrics> {
    let builder = PrometheusBuilder::new()
        .set_buckets(&[0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0])
        .ok()?;
    let handle = builder.install_recorder().ok()?;
    describe();
    Some(handle)
}

fn describe() {
    use metrics::{describe_counter, describe_gauge, describe_histogram};
    describe_counter!(HTTP_REQUESTS, "Requests answered");
    describe_histogram!(HTTP_SECONDS, "Seconds until a request was answered");
    describe_counter!(TURNS, "Engine turns");
    describe_histogram!(TURN_SECONDS, "Seconds that an engine turn took");
    describe_counter!(API_CALLS, "API calls spent at the CRM");
    describe_gauge!(API_OURS, "API calls of ours in the last 24 hours");
    describe_gauge!(
        API_ORG,
        "API calls of everybody at the org in the last 24 hours"
    );
    describe_gauge!(API_ORG_MAX, "API calls that the org allows in 24 hours");
    describe_gauge!(
        API_RUNS_OUT,
        "Seconds until scheduled work pauses for the API budget, at most a day"
    );
    describe_gauge!(
        API_INTERVALS,
        "How many times as long as set the intervals of scheduled reading are"
    );
    describe_counter!(ROWS_READ, "Rows read from the CRM");
    describe_gauge!(ROWS_LATE, "Seconds by which rows of the CRM arrive late");
    describe_counter!(RECORDS_WRITTEN, "Records that the CRM took");
    describe_gauge!(LINKS_DUE, "Links due for a decision");
    describe_gauge!(WRITES_OPEN, "Writes waiting to be sent or settled");
    describe_gauge!(PARKED, "Links set aside after a refusal");
    describe_gauge!(HELD, "Links that wait for a person");
    describe_gauge!(FIELDS, "Mapped fields of linked records, by how they stand");
    describe_counter!(STORE_FAILURES, "Engine turns that the database failed");
    describe_counter!(PANICS, "Panics caught in a team's loop");
}
