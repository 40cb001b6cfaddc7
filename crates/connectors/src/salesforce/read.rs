//! Named records as they stand now.
//!
//! The ids are spread over up to five queries of one call, evenly, because the server may make pages
//! shorter than 2,000 rows (seen: 1,000 where a long text is read). What a short page left out is
//! asked for again; an id is absent only where its query was answered completely.

use super::Salesforce;
use super::client::Spend;
use super::convert::Columns;
use super::errors::{Effect, garbled};
use super::soql::{id_in, query_all, select};
use super::wire::{COMPOSITE_QUERIES_MAX, CompositeAnswer, Part, Row};
use jiff::Timestamp;
use std::collections::BTreeSet;
use tandem_core::connector::Failure;
use tandem_core::ids::{CrmId, CrmObject};
use tandem_core::record::CrmRecord;

/// Most ids of one [`tandem_core::connector::Connector::read`]: five full pages.
pub(super) const IDS_MAX: usize = 10_000;
/// Most calls of one read. The shortest page that is documented has 200 rows, where an object has long
/// texts of its own; so five queries bring a thousand records at least.
pub(super) const CALLS_MAX: u32 = 10;
/// Fewest ids that are worth a query of their own.
const IDS_PER_QUERY_MIN: usize = 200;

impl Salesforce {
    pub(super) async fn records(
        &self,
        object: &CrmObject,
        ids: &[CrmId],
        fields: &[String],
        now: Timestamp,
        spend: &mut Spend,
    ) -> Result<Vec<CrmRecord>, Failure> {
        super::check_count("ids", ids.len(), IDS_MAX)?;
        let select = select(object, fields)?;
        let columns = self.shapes.of(object, fields);
        let valid = ids.iter().filter_map(|id| super::canonical_id(id.as_str()));
        let mut missing: Vec<CrmId> = valid.collect::<BTreeSet<_>>().into_iter().collect();
        let mut records: Vec<CrmRecord> = Vec::new();
        while !missing.is_empty() {
            let chunk = missing
                .len()
                .div_ceil(COMPOSITE_QUERIES_MAX)
                .max(IDS_PER_QUERY_MIN);
            let chunks: Vec<&[CrmId]> = missing.chunks(chunk).collect();
            let answer = self
                .client
                .composite(parts(&select, &chunks)?, Effect::Read, spend)
                .await?;
            let answer = CompositeAnswer::parse(&answer.body)?;
            let mut left = Vec::new();
            for (index, ids) in chunks.iter().enumerate() {
                let page = answer.query(&reference(index), Effect::Read)?;
                let found = rows(&columns, object, &page.records, now)?;
                if !page.done {
                    left.extend(not_among(ids, &found));
                }
                records.extend(found);
            }
            if left.len() >= missing.len() {
                return Err(garbled(
                    "the server answers a query with an empty unfinished page",
                ));
            }
            missing = left;
        }
        Ok(records)
    }
}

/// Rows as records.
///
/// # Errors
/// A row without id or stamp makes the whole page worthless: it could hide a change.
pub(super) fn rows(
    columns: &Columns<'_>,
    object: &CrmObject,
    rows: &[Row<'_>],
    now: Timestamp,
) -> Result<Vec<CrmRecord>, Failure> {
    let record = |row| columns.record(object, row, now);
    let records: Option<Vec<_>> = rows.iter().map(record).collect();
    records.ok_or_else(|| garbled("a record in the answer has no id or no SystemModstamp"))
}

fn parts(select: &str, chunks: &[&[CrmId]]) -> Result<Vec<Part>, Failure> {
    let part = |(index, ids): (usize, &&[CrmId])| {
        let url = query_all(&format!("{select} WHERE {}", id_in(*ids)))?;
        Ok(Part::get(reference(index), url))
    };
    chunks.iter().enumerate().map(part).collect()
}

fn reference(index: usize) -> String {
    format!("read{index}")
}

fn not_among(ids: &[CrmId], found: &[CrmRecord]) -> Vec<CrmId> {
    let found: BTreeSet<&CrmId> = found.iter().map(|record| &record.id).collect();
    ids.iter()
        .filter(|id| !found.contains(id))
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::salesforce::testing::{composite, connector};
    use jiff::Timestamp;
    use tandem_core::connector::Connector as _;
    use tandem_core::error::ErrorClass;
    use tandem_core::ids::{CrmId, CrmObject};

    fn lead(number: u32) -> CrmId {
        crate::salesforce::canonical_id(&format!("00Q{number:012}")).expect("an id")
    }

    fn page(done: bool, numbers: &[u32]) -> String {
        let row = |number: &u32| {
            let id = lead(*number);
            format!(r#"{{"Id":"{id}","SystemModstamp":"2026-03-10T08:00:00.000+0000"}}"#)
        };
        let rows: Vec<String> = numbers.iter().map(row).collect();
        let total = rows.len() + usize::from(!done);
        let rows = rows.join(",");
        format!(r#"{{"totalSize":{total},"done":{done},"records":[{rows}]}}"#)
    }

    #[tokio::test]
    async fn what_a_short_page_left_out_is_asked_for_again() {
        let (salesforce, script, _) = connector([
            composite(&[("read0", 200, &page(false, &[1]))]),
            composite(&[("read0", 200, &page(true, &[2]))]),
        ]);
        let (object, ids) = (CrmObject::new("Lead"), [lead(1), lead(2), lead(3)]);
        let read = salesforce.read(&object, &ids, &[], Timestamp::UNIX_EPOCH);
        let reply = read.await.expect("records");
        let found: Vec<_> = reply.value.into_iter().map(|record| record.id).collect();
        assert_eq!((found, reply.calls), (vec![lead(1), lead(2)], 2));
        let again = &script.bodies()[1];
        assert!(!again.contains(lead(1).as_str()) && again.contains(lead(3).as_str()));
    }

    #[tokio::test]
    async fn an_empty_page_that_is_not_the_last_is_no_answer() {
        let (salesforce, ..) = connector([composite(&[("read0", 200, &page(false, &[]))])]);
        let (object, ids) = (CrmObject::new("Lead"), [lead(1)]);
        let read = salesforce.read(&object, &ids, &[], Timestamp::UNIX_EPOCH);
        let error = read.await.expect_err("no answer");
        assert_eq!(
            (error.failure.class, error.calls),
            (ErrorClass::GarbledAnswer, 1)
        );
    }
}
