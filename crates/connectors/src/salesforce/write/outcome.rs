//! What an answer says about each record.

use super::request::{Batch, Item, Verb};
use crate::salesforce::errors::{Subject, record_failure};
use crate::salesforce::ids::canonical_id;
use crate::salesforce::wire::SaveResult;
use std::collections::BTreeMap;
use tandem_core::connector::{Failure, WriteOutcome};
use tandem_core::error::ErrorClass;
use tandem_core::ids::CrmId;
use tandem_core::record::CrmRecord;

/// The outcome of one record by its result.
pub(super) fn outcome(
    item: &Item<'_>,
    result: &SaveResult,
    before: &BTreeMap<CrmId, CrmRecord>,
    after: &BTreeMap<CrmId, CrmRecord>,
) -> WriteOutcome {
    if !result.success {
        return rejected(item, result);
    }
    let told = result.id.as_deref().map(canonical_id);
    let id = match (&item.id, told) {
        (Some(ours), None) => ours.clone(),
        (Some(ours), Some(Some(theirs))) if *ours == theirs => theirs,
        (None, Some(Some(theirs))) => theirs,
        _ => return WriteOutcome::Unknown,
    };
    WriteOutcome::Applied {
        before: before.get(&id).cloned(),
        after: after.get(&id).cloned(),
        id,
    }
}

fn rejected(item: &Item<'_>, result: &SaveResult) -> WriteOutcome {
    let subject = match item.verb {
        Verb::Update => Subject::ExistingRecord,
        Verb::Upsert(_) | Verb::Insert => Subject::NewRecord,
    };
    if result.errors.is_empty() {
        return WriteOutcome::Unknown;
    }
    let failures = result
        .errors
        .iter()
        .map(|error| record_failure(error, subject));
    WriteOutcome::Rejected(failures.collect())
}

/// Records of a request or a part that failed as a whole: refused, or nobody knows.
pub(super) fn settle_failed(
    batches: &[Batch<'_>],
    failure: &Failure,
    outcomes: &mut [WriteOutcome],
) {
    let outcome = match failure.class {
        ErrorClass::AnswerLost | ErrorClass::GarbledAnswer => WriteOutcome::Unknown,
        _ => WriteOutcome::Rejected(vec![failure.clone()]),
    };
    for item in batches.iter().flat_map(|batch| batch.iter()) {
        outcomes[item.index] = outcome.clone();
    }
}

/// Records behind a failure: they were not sent, whatever became of those before.
pub(super) fn settle_unsent(batches: &[Batch<'_>], cause: &Failure, outcomes: &mut [WriteOutcome]) {
    let message = format!("not sent because the request before it failed: {cause}");
    settle_failed(
        batches,
        &Failure::new(ErrorClass::NotSent, message),
        outcomes,
    );
}
