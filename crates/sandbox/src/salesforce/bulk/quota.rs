//! What bulk jobs may use up in 24 hours: batches, query jobs, and the size of query results.

use jiff::Timestamp;

use super::task::Refusal;
use crate::meter::Rolling;
use crate::salesforce::error::ApiError;

/// Batches of 10,000 records (documented).
const BATCHES_24H: u64 = 15_000;
/// Query jobs (documented).
const QUERY_JOBS_24H: u64 = 10_000;
/// Query results in megabytes (recorded).
const QUERY_RESULTS_24H_MB: u64 = 976_562;
const MB_BYTES: u64 = 1 << 20;

/// One entry of the limits resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Allowance {
    pub(crate) name: &'static str,
    pub(crate) max: u64,
    pub(crate) used: u64,
}

/// What was used in the last 24 hours.
#[derive(Debug, Default)]
pub(super) struct Quotas {
    batches: Rolling,
    query_jobs: Rolling,
    query_bytes: Rolling,
}

impl Quotas {
    pub(super) fn allowances(&mut self, now: Timestamp) -> [Allowance; 3] {
        let entry = |name, max, used| Allowance { name, max, used };
        [
            entry("DailyBulkApiBatches", BATCHES_24H, self.batches.sum(now)),
            entry(
                "DailyBulkV2QueryFileStorageMB",
                QUERY_RESULTS_24H_MB,
                self.query_bytes.sum(now).div_ceil(MB_BYTES),
            ),
            entry(
                "DailyBulkV2QueryJobs",
                QUERY_JOBS_24H,
                self.query_jobs.sum(now),
            ),
        ]
    }

    pub(super) fn charge(&mut self, batches: u64, result_bytes: u64, now: Timestamp) {
        self.batches.add(batches, now);
        self.query_bytes.add(result_bytes, now);
    }

    /// Counts a query job, or refuses it in the vendor's words (public knowledge).
    pub(super) fn charge_query(&mut self, now: Timestamp) -> Result<(), ApiError> {
        let message = if self.query_jobs.sum(now) >= QUERY_JOBS_24H {
            format!("Max bulk v2 query jobs ({QUERY_JOBS_24H}) per 24 hrs has been reached")
        } else if self.query_bytes.sum(now) >= QUERY_RESULTS_24H_MB * MB_BYTES {
            let kilobytes = QUERY_RESULTS_24H_MB * 1_024;
            format!(
                "Max bulk v2 query result size stored ({kilobytes}) kb per 24 hrs has been exceeded"
            )
        } else {
            self.query_jobs.add(1, now);
            return Ok(());
        };
        Err(ApiError::bad_request("LIMIT_EXCEEDED", message))
    }

    /// Refuses new work when the batches of the day are used up.
    pub(super) fn check_batches(&mut self, now: Timestamp) -> Result<(), Refusal> {
        if self.batches.sum(now) < BATCHES_24H {
            return Ok(());
        }
        let message = format!("Max batches ({BATCHES_24H}) per 24 hrs has been reached");
        Err(Refusal::new("ExceededQuota", message))
    }
}
