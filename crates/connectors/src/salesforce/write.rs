//! Writing records of one object and reading them back, in one call for up to 600.
//!
//! One composite request holds a query of the records as they stand, up to three collections of up to
//! 200 records, and a query of what came of them: five parts, the most that the platform takes.
//! Updates go by id, creates with a key go as upserts by it, so that a repeat is harmless. Creates
//! without a key are read back by a second call: a reference from one part to the ids of another
//! fails as a whole when a single record was refused.
//!
//! A batch is all or nothing on our side only in being sent: each record succeeds or fails alone.
//! What the answer does not say clearly is [`WriteOutcome::Unknown`].

mod outcome;
mod request;
#[cfg(test)]
mod tests;

use super::Salesforce;
use super::client::Spend;
use super::errors::Effect;
use super::read::rows;
use super::soql::select;
use super::wire::{COLLECTION_RECORDS_MAX, CompositeAnswer, QueryAnswer, SaveResult};
use jiff::Timestamp;
use outcome::{outcome, settle_failed, settle_unsent};
use request::{Batch, Item, Verb, parts, reference};
use std::collections::BTreeMap;
use tandem_core::connector::{Failure, WriteOutcome, WriteRequest};
use tandem_core::ids::{CrmId, CrmObject};
use tandem_core::record::CrmRecord;

/// Collections in one composite request, beside the queries before and after.
const COLLECTIONS_MAX: usize = 3;
/// Most records of one [`tandem_core::connector::Connector::write`].
pub(super) const RECORDS_MAX: usize = COLLECTIONS_MAX * COLLECTION_RECORDS_MAX;

/// What a write is about, for all its calls.
struct Job<'r> {
    object: &'r CrmObject,
    read_back: &'r [String],
    select: String,
    now: Timestamp,
}

impl Salesforce {
    pub(super) async fn outcomes(
        &self,
        object: &CrmObject,
        requests: &[WriteRequest],
        read_back: &[String],
        now: Timestamp,
        spend: &mut Spend,
    ) -> Result<Vec<WriteOutcome>, Failure> {
        super::check_count("records", requests.len(), RECORDS_MAX)?;
        let select = select(object, read_back)?;
        let job = Job {
            object,
            read_back,
            select,
            now,
        };
        let mut outcomes = vec![WriteOutcome::Unknown; requests.len()];
        let mut items = Vec::with_capacity(requests.len());
        for (index, request) in requests.iter().enumerate() {
            match self.item(object, index, request) {
                Ok(item) => items.push(item),
                Err(failure) => outcomes[index] = WriteOutcome::Rejected(vec![failure]),
            }
        }
        items.sort_by(|a, b| a.verb.cmp(&b.verb).then(a.index.cmp(&b.index)));
        let batches: Vec<Batch<'_>> = items
            .chunk_by(|a, b| a.verb == b.verb)
            .flat_map(|same| same.chunks(COLLECTION_RECORDS_MAX))
            .collect();
        self.send_all(&job, &batches, &mut outcomes, spend).await?;
        self.read_back_inserts(&job, &items, &mut outcomes, spend)
            .await;
        Ok(outcomes)
    }

    /// Sends batches, three a call. A first call that fails is the failure of the write; a later one
    /// only of its own records and of those behind it, because the earlier records are written.
    async fn send_all(
        &self,
        job: &Job<'_>,
        batches: &[Batch<'_>],
        outcomes: &mut [WriteOutcome],
        spend: &mut Spend,
    ) -> Result<(), Failure> {
        let mut stopped: Option<Failure> = None;
        for (round, some) in batches.chunks(COLLECTIONS_MAX).enumerate() {
            if let Some(failure) = &stopped {
                settle_unsent(some, failure, outcomes);
                continue;
            }
            match self.send_some(job, some, outcomes, spend).await {
                Ok(()) => {}
                Err(failure) if round == 0 => return Err(failure),
                Err(failure) => {
                    settle_failed(some, &failure, outcomes);
                    stopped = Some(failure);
                }
            }
        }
        Ok(())
    }

    async fn send_some(
        &self,
        job: &Job<'_>,
        batches: &[Batch<'_>],
        outcomes: &mut [WriteOutcome],
        spend: &mut Spend,
    ) -> Result<(), Failure> {
        let answer = self
            .client
            .composite(parts(job, batches)?, Effect::Write, spend)
            .await?;
        let answer = CompositeAnswer::parse(&answer.body)?;
        let before = self.rows_by_id(job, &answer, "before");
        let after = self.rows_by_id(job, &answer, "after");
        for (number, batch) in batches.iter().enumerate() {
            match answer.part::<Vec<SaveResult>>(&reference(number), Effect::Write) {
                Ok(results) if results.len() == batch.len() => {
                    for (item, result) in batch.iter().zip(&results) {
                        outcomes[item.index] = outcome(item, result, &before, &after);
                    }
                }
                Ok(_) => {} // Not one result for each record: unknown, as they are.
                Err(failure) => settle_failed(&[batch], &failure, outcomes),
            }
        }
        Ok(())
    }

    /// The records of a query beside the writes. It says nothing about how they ended, so that a
    /// failure of it costs only the reading.
    fn rows_by_id(
        &self,
        job: &Job<'_>,
        answer: &CompositeAnswer<'_>,
        reference: &str,
    ) -> BTreeMap<CrmId, CrmRecord> {
        let columns = self.shapes.of(job.object, job.read_back);
        let page: Result<QueryAnswer<'_>, _> = answer.part(reference, Effect::Read);
        let records = page.and_then(|page| rows(&columns, job.object, &page.records, job.now));
        by_id(records.unwrap_or_default())
    }

    async fn read_back_inserts(
        &self,
        job: &Job<'_>,
        items: &[Item<'_>],
        outcomes: &mut [WriteOutcome],
        spend: &mut Spend,
    ) {
        let inserts = items.iter().filter(|item| item.verb == Verb::Insert);
        let made = |item: &Item<'_>| match &outcomes[item.index] {
            WriteOutcome::Applied { id, .. } => Some(id.clone()),
            _ => None,
        };
        let ids: Vec<CrmId> = inserts.filter_map(made).collect();
        let read = self
            .records(job.object, &ids, job.read_back, job.now, spend)
            .await;
        let mut records = by_id(read.unwrap_or_default());
        for outcome in outcomes {
            if let WriteOutcome::Applied {
                id,
                after: after @ None,
                ..
            } = outcome
            {
                *after = records.remove(id);
            }
        }
    }
}

fn by_id(records: Vec<CrmRecord>) -> BTreeMap<CrmId, CrmRecord> {
    records
        .into_iter()
        .map(|record| (record.id.clone(), record))
        .collect()
}
