//! A few updates, each on condition that nobody changed its record since it was decided on.
//!
//! Collections know no condition; a single update does (`If-Unmodified-Since`, REST guide, conditional
//! requests). So up to 23 of them travel in one composite request, between the query of the records
//! as they stand and the query of what came of them. A record that somebody changed answers 412 and is
//! left as it is.

use super::outcome::rejected_by;
use super::request::{Item, after_filter};
use super::{Job, Salesforce};
use crate::salesforce::client::Spend;
use crate::salesforce::errors::Effect;
use crate::salesforce::soql::{checked_name, id_in, query_all};
use crate::salesforce::wire::{COMPOSITE_PARTS_MAX, CompositeAnswer, Part};
use http::Method;
use serde_json::value::to_raw_value;
use std::collections::BTreeMap;
use tandem_core::connector::{Failure, WriteOutcome};
use tandem_core::error::ErrorClass;
use tandem_core::ids::CrmId;
use tandem_core::record::CrmRecord;

/// Updates that fit between the two queries.
pub(in crate::salesforce) const RECORDS_MAX: usize = COMPOSITE_PARTS_MAX - 2;

/// Whether all of these can be conditional.
pub(super) fn applies(items: &[Item<'_>], records_max: usize) -> bool {
    let conditional = |item: &Item<'_>| {
        item.id.is_some() && item.unmodified_since.is_some() && !item.is_literal()
    };
    !items.is_empty() && items.len() <= records_max && items.iter().all(conditional)
}

impl Salesforce {
    /// Most updates that go as conditional ones.
    pub(in crate::salesforce) fn conditional_records_max(&self) -> usize {
        self.config.conditional_records_max.min(RECORDS_MAX)
    }

    /// One request; each record succeeds, is stale or fails alone.
    pub(super) async fn send_conditional(
        &self,
        job: &Job<'_>,
        items: &[Item<'_>],
        outcomes: &mut [WriteOutcome],
        spend: &mut Spend,
    ) -> Result<(), Failure> {
        let answer = self
            .client
            .composite(parts(job, items)?, Effect::Write, spend)
            .await?;
        let answer = CompositeAnswer::parse(&answer.body)?;
        let before = self.rows_by_id(job, &answer, "before");
        let after = self.rows_by_id(job, &answer, "after");
        for item in items {
            if let Some(id) = &item.id {
                outcomes[item.index] = outcome(&answer, item, id, &before, &after);
            }
        }
        Ok(())
    }
}

fn outcome(
    answer: &CompositeAnswer<'_>,
    item: &Item<'_>,
    id: &CrmId,
    before: &BTreeMap<CrmId, CrmRecord>,
    after: &BTreeMap<CrmId, CrmRecord>,
) -> WriteOutcome {
    match answer.status(&reference(item.index)) {
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
    }
}

fn reference(index: usize) -> String {
    format!("update{index}")
}

fn parts(job: &Job<'_>, items: &[Item<'_>]) -> Result<Vec<Part>, Failure> {
    let name = checked_name(job.object.as_str())?;
    let ids: Vec<&CrmId> = items.iter().filter_map(|item| item.id.as_ref()).collect();
    let soql = format!("{} WHERE {}", job.select, id_in(ids.iter().copied()));
    let mut parts = vec![Part::get("before", query_all(&soql)?)];
    for (item, id) in items.iter().zip(&ids) {
        let body = to_raw_value(&item.fields)
            .map_err(|error| Failure::new(ErrorClass::OurFault, error.to_string()))?;
        let url = format!("sobjects/{name}/{id}");
        let part = Part::write(&Method::PATCH, reference(item.index), url, body);
        parts.push(match item.unmodified_since {
            Some(since) => part.unmodified_since(since),
            None => part,
        });
    }
    let soql = format!("{} WHERE {}", job.select, after_filter(&ids, items.iter()));
    parts.push(Part::get("after", query_all(&soql)?));
    Ok(parts)
}
