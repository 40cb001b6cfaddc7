//! A few updates, each on condition that nobody changed its record since it was decided on.
//!
//! Collections know no condition; a single update does (`If-Unmodified-Since`, REST guide, conditional
//! requests). So up to 21 of them travel as parts of their own in the composite request, beside the
//! collections. A record that somebody changed answers 412 and is left as it is.

use super::outcome::rejected_by;
use super::request::{Batch, Item, Verb};
use super::{COLLECTIONS_MAX, Job};
use crate::salesforce::soql::checked_name;
use crate::salesforce::wire::{COMPOSITE_PARTS_MAX, CompositeAnswer, Part};
use http::Method;
use serde_json::value::to_raw_value;
use std::collections::BTreeMap;
use tandem_core::connector::{Failure, WriteOutcome};
use tandem_core::error::ErrorClass;
use tandem_core::ids::CrmId;
use tandem_core::record::CrmRecord;

/// Updates that fit beside the two queries and the other collections of a request.
pub(in crate::salesforce) const RECORDS_MAX: usize =
    COMPOSITE_PARTS_MAX - 2 - (COLLECTIONS_MAX - 1);

/// Makes the updates conditional that can be, if they are few enough.
pub(super) fn mark(items: &mut [Item<'_>], records_max: usize) {
    let can = |item: &&mut Item<'_>| {
        item.verb == Verb::Update && item.unmodified_since.is_some() && !item.is_literal()
    };
    let few = items.iter_mut().filter(can).count() <= records_max.min(RECORDS_MAX);
    if few {
        for item in items.iter_mut().filter(can) {
            item.verb = Verb::Conditional;
        }
    }
}

/// Whether the records of a batch travel one by one.
pub(super) fn is(batch: Batch<'_>) -> bool {
    batch
        .first()
        .is_some_and(|item| item.verb == Verb::Conditional)
}

/// The parts of a batch.
pub(super) fn parts(job: &Job<'_>, batch: Batch<'_>) -> Result<Vec<Part>, Failure> {
    let name = checked_name(job.object.as_str())?;
    let part = |item: &Item<'_>| {
        let id = item.id.as_ref().map_or("", CrmId::as_str);
        let body = to_raw_value(&item.fields)
            .map_err(|error| Failure::new(ErrorClass::OurFault, error.to_string()))?;
        let url = format!("sobjects/{name}/{id}");
        let part = Part::write(&Method::PATCH, reference(item.index), url, body);
        Ok(match item.unmodified_since {
            Some(since) => part.unmodified_since(since),
            None => part,
        })
    };
    batch.iter().map(part).collect()
}

/// What the answer says about each record of a batch.
pub(super) fn settle(
    batch: Batch<'_>,
    answer: &CompositeAnswer<'_>,
    (before, after): (&BTreeMap<CrmId, CrmRecord>, &BTreeMap<CrmId, CrmRecord>),
    outcomes: &mut [WriteOutcome],
) {
    for item in batch {
        let Some(id) = &item.id else { continue };
        outcomes[item.index] = match answer.status(&reference(item.index)) {
            Some((412, _)) => WriteOutcome::Stale {
                current: after.get(id).cloned(),
            },
            Some((200..300, _)) => WriteOutcome::Applied {
                id: id.clone(),
                before: before.get(id).cloned(),
                after: after.get(id).cloned(),
            },
            Some((400..500, errors)) => rejected_by(item, &errors),
            Some(_) | None => WriteOutcome::Unknown,
        };
    }
}

fn reference(index: usize) -> String {
    format!("update{index}")
}
