//! What an answer says about each record.

use super::request::{Batch, Item, Verb};
use crate::salesforce::errors::{Subject, record_failure};
use crate::salesforce::ids::canonical_id;
use crate::salesforce::wire::{SaveResult, WireError};
use std::collections::BTreeMap;
use tandem_core::connector::{Failure, WriteOutcome};
use tandem_core::error::ErrorClass;
use tandem_core::ids::CrmId;
use tandem_core::record::CrmRecord;

/// Records by id, just before and just after the write.
type Seen<'s> = (
    &'s BTreeMap<CrmId, CrmRecord>,
    &'s BTreeMap<CrmId, CrmRecord>,
);

/// Takes each record's result by its place. Anything but one result for each record leaves them as
/// they were: unknown.
pub(super) fn settle_results(
    batch: Batch<'_>,
    results: &[SaveResult],
    seen: Seen<'_>,
    outcomes: &mut [WriteOutcome],
) {
    if results.len() == batch.len() {
        for (item, result) in batch.iter().zip(results) {
            outcomes[item.index] = outcome(item, result, seen);
        }
    }
}

fn outcome(item: &Item<'_>, result: &SaveResult, (before, after): Seen<'_>) -> WriteOutcome {
    if !result.success {
        return rejected_by(item, &result.errors);
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

/// The refusal of one record, with every error that was named.
pub(super) fn rejected_by(item: &Item<'_>, errors: &[WireError]) -> WriteOutcome {
    let subject = match item.verb {
        Verb::Conditional | Verb::Update => Subject::ExistingRecord,
        Verb::Insert => Subject::NewRecord,
    };
    if errors.is_empty() {
        return WriteOutcome::Unknown;
    }
    let failures = errors.iter().map(|error| record_failure(error, subject));
    WriteOutcome::Rejected(failures.collect())
}

/// Records of a request or a part that failed as a whole: refused, or nobody knows.
pub(super) fn settle_failed<'i>(
    items: impl Iterator<Item = &'i Item<'i>>,
    failure: &Failure,
    outcomes: &mut [WriteOutcome],
) {
    let outcome = match failure.class {
        ErrorClass::AnswerLost | ErrorClass::GarbledAnswer => WriteOutcome::Unknown,
        _ => WriteOutcome::Rejected(vec![failure.clone()]),
    };
    for item in items {
        outcomes[item.index] = outcome.clone();
    }
}

/// Records behind a failure: they were not sent, whatever became of those before.
pub(super) fn settle_unsent<'i>(
    items: impl Iterator<Item = &'i Item<'i>>,
    cause: &Failure,
    outcomes: &mut [WriteOutcome],
) {
    let message = format!("not sent because the request before it failed: {cause}");
    let failure = Failure::new(ErrorClass::NotSent, message);
    settle_failed(items, &failure, outcomes);
}
