//! Writing records of one object and reading them back, in one call for up to 600.
//!
//! One composite request holds a query of the records as they stand, up to three collections of up to
//! 200 records, and a query of what came of them: five parts, the most that the platform takes.
//! Updates go by id. A create with a key is an insert that carries it in a unique field: a repeat is
//! refused and changes nothing, where an upsert that arrives late would overwrite. Creates without a
//! key are read back by a second call: a reference from one part to the ids of another fails as a
//! whole when a single record was refused. For the same reason a record whose own text looks like such
//! a reference (`@{`) travels outside composite, in a collections request of its own.
//!
//! A few updates that know the version they were decided on go as conditional parts instead of a
//! collection ([`conditional`]): nothing is overwritten that nobody has seen, even if the answer is lost.
//!
//! A batch is all or nothing on our side only in being sent: each record succeeds or fails alone.
//! What the answer does not say clearly is [`WriteOutcome::Unknown`].

mod conditional;
mod outcome;
mod request;
#[cfg(test)]
mod tests;

pub(super) use conditional::RECORDS_MAX as CONDITIONAL_RECORDS_MAX;

use super::Salesforce;
use super::client::Spend;
use super::errors::{Effect, garbled, nothing_sent};
use super::read::rows;
use super::soql::select;
use super::wire::{COLLECTION_RECORDS_MAX, CompositeAnswer, SaveResult};
use bytes::Bytes;
use jiff::Timestamp;
use outcome::{settle_failed, settle_results, settle_unsent};
use request::{Batch, CollectionRequest, Item, collection, parts, reference};
use std::collections::BTreeMap;
use tandem_core::connector::{Failure, WriteOutcome, WriteRequest};
use tandem_core::ids::{CrmId, CrmObject};
use tandem_core::record::CrmRecord;

/// Collections in one composite request, beside the queries before and after.
const COLLECTIONS_MAX: usize = 3;
/// Most records of one [`tandem_core::connector::Connector::write`].
pub(super) const RECORDS_MAX: usize = COLLECTIONS_MAX * COLLECTION_RECORDS_MAX;

/// Most calls of one write. Usually it is one, or two with the reading back. Updates and inserts of
/// [`RECORDS_MAX`] records are five batches at most, in two composite requests; texts that look like
/// references make four batches by themselves at most, behind a reading each where they are updates.
/// Reading back takes one call, or two where pages are short.
pub(super) const CALLS_MAX: u32 = 10;

/// What a write is about, for all its calls.
struct Job<'r> {
    object: &'r CrmObject,
    read_back: &'r [String],
    select: String,
    now: Timestamp,
}

/// What is sent in one go.
enum Round<'i> {
    /// Batches in one composite request.
    Composite(Vec<Batch<'i>>),
    /// A batch by itself: its texts look like composite's references.
    Literal(Batch<'i>),
}

impl<'i> Round<'i> {
    fn items(&self) -> impl Iterator<Item = &'i Item<'i>> {
        let batches = match self {
            Self::Composite(batches) => batches.as_slice(),
            Self::Literal(batch) => std::slice::from_ref(batch),
        };
        batches.iter().copied().flatten()
    }
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
        conditional::mark(&mut items, self.config.conditional_records_max);
        items.sort_by_cached_key(|item| (item.is_literal(), item.verb.clone(), item.index));
        let rounds = rounds(&items);
        self.send_all(&job, &rounds, &mut outcomes, spend).await?;
        self.read_back(&job, &mut outcomes, spend).await;
        Ok(outcomes)
    }

    /// Sends round after round. A first one that fails is the failure of the write; a later one only
    /// of its own records and of those behind it, because the earlier records are written.
    async fn send_all(
        &self,
        job: &Job<'_>,
        rounds: &[Round<'_>],
        outcomes: &mut [WriteOutcome],
        spend: &mut Spend,
    ) -> Result<(), Failure> {
        for (number, round) in rounds.iter().enumerate() {
            let sent = match round {
                Round::Composite(batches) => {
                    self.send_composite(job, batches, outcomes, spend).await
                }
                Round::Literal(batch) => self.send_literal(job, batch, outcomes, spend).await,
            };
            match sent {
                Ok(()) => {}
                Err(failure) if number == 0 => return Err(failure),
                Err(failure) => {
                    settle_failed(round.items(), &failure, outcomes);
                    let behind = rounds[number + 1..].iter().flat_map(Round::items);
                    settle_unsent(behind, &failure, outcomes);
                    break;
                }
            }
        }
        Ok(())
    }

    async fn send_composite(
        &self,
        job: &Job<'_>,
        batches: &[Batch<'_>],
        outcomes: &mut [WriteOutcome],
        spend: &mut Spend,
    ) -> Result<(), Failure> {
        let parts = parts(job, batches)?;
        let answer = self.client.composite(parts, Effect::Write, spend).await?;
        let answer = CompositeAnswer::parse(&answer.body)?;
        let before = self.rows_by_id(job, &answer, "before");
        let after = self.rows_by_id(job, &answer, "after");
        for (number, batch) in batches.iter().enumerate() {
            if conditional::is(batch) {
                conditional::settle(batch, &answer, (&before, &after), outcomes);
                continue;
            }
            match answer.part::<Vec<SaveResult>>(&reference(number), Effect::Write) {
                Ok(results) => settle_results(batch, &results, (&before, &after), outcomes),
                Err(failure) => settle_failed(batch.iter(), &failure, outcomes),
            }
        }
        Ok(())
    }

    /// One collections request by itself, behind a reading of the records that it changes.
    async fn send_literal(
        &self,
        job: &Job<'_>,
        batch: Batch<'_>,
        outcomes: &mut [WriteOutcome],
        spend: &mut Spend,
    ) -> Result<(), Failure> {
        let ids: Vec<CrmId> = batch.iter().filter_map(|item| item.id.clone()).collect();
        let before = self
            .read_job(job, &ids, spend)
            .await
            .map_err(nothing_sent)?;
        let CollectionRequest { method, url, body } = collection(job.object, batch)?;
        let body = Bytes::from(Box::<str>::from(body).into_string());
        let answer = self.client.write(method, &url, body, spend).await?;
        let results: Vec<SaveResult> = serde_json::from_slice(&answer.body)
            .map_err(|_| garbled("the answer is no list of results"))?;
        settle_results(
            batch,
            &results,
            (&by_id(before), &BTreeMap::new()),
            outcomes,
        );
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
        let page = answer.query(reference, Effect::Read);
        let records = page.and_then(|page| rows(&columns, job.object, &page.records, job.now));
        by_id(records.unwrap_or_default())
    }

    /// Reads what came of the records that no query beside the writes has shown. They are written
    /// whatever becomes of the reading.
    async fn read_back(&self, job: &Job<'_>, outcomes: &mut [WriteOutcome], spend: &mut Spend) {
        let unseen = |outcome: &WriteOutcome| match outcome {
            WriteOutcome::Applied {
                id, after: None, ..
            } => Some(id.clone()),
            _ => None,
        };
        let ids: Vec<CrmId> = outcomes.iter().filter_map(unseen).collect();
        let read = self.read_job(job, &ids, spend).await;
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

    async fn read_job(
        &self,
        job: &Job<'_>,
        ids: &[CrmId],
        spend: &mut Spend,
    ) -> Result<Vec<CrmRecord>, Failure> {
        self.records(job.object, ids, job.read_back, job.now, spend)
            .await
    }
}

/// The batches in the order and company in which they are sent.
fn rounds<'i>(items: &'i [Item<'i>]) -> Vec<Round<'i>> {
    let (plain, literal) = items.split_at(items.partition_point(|item| !item.is_literal()));
    let batches = |items: &'i [Item<'i>]| -> Vec<Batch<'i>> {
        let same_verb = items.chunk_by(|a, b| a.verb == b.verb);
        same_verb
            .flat_map(|same| same.chunks(COLLECTION_RECORDS_MAX))
            .collect()
    };
    let composites = batches(plain);
    let composites = composites.chunks(COLLECTIONS_MAX);
    composites
        .map(|some| Round::Composite(some.to_vec()))
        .chain(batches(literal).into_iter().map(Round::Literal))
        .collect()
}

fn by_id(records: Vec<CrmRecord>) -> BTreeMap<CrmId, CrmRecord> {
    records
        .into_iter()
        .map(|record| (record.id.clone(), record))
        .collect()
}
