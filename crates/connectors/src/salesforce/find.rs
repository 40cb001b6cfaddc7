//! Records by a text that they hold, such as an e-mail address.
//!
//! The texts of all lookups are spread over the queries of as few composite requests as they fit, each of
//! which is one call. SOQL compares texts without case (SOQL and SOSL reference, “Comparison operators”;
//! e-mail and name fields are not case sensitive), and takes 100,000 characters.

use super::Salesforce;
use super::client::Spend;
use super::errors::Effect;
use super::read::rows;
use super::soql::{SOQL_CHARS_MAX, checked_name, query, quoted, select};
use super::wire::{COMPOSITE_QUERIES_MAX, CompositeAnswer, Part, QueryAnswer};
use jiff::Timestamp;
use std::collections::BTreeMap;
use tandem_core::connector::{Failure, Lookup};
use tandem_core::error::ErrorClass;
use tandem_core::ids::{CrmId, CrmObject};
use tandem_core::record::CrmRecord;

/// Most calls of one question: six hundred accounts, each with the longest name and web address.
pub(super) const CALLS_MAX: u32 = 10;

impl Salesforce {
    pub(super) async fn holding(
        &self,
        object: &CrmObject,
        lookups: &[Lookup],
        fields: &[String],
        now: Timestamp,
        spend: &mut Spend,
    ) -> Result<Vec<CrmRecord>, Failure> {
        let select = select(object, fields)?;
        let columns = self.shapes.of(object, fields);
        let filters = filters(lookups)?;
        let calls_max = CALLS_MAX as usize;
        let calls = filters.len().div_ceil(COMPOSITE_QUERIES_MAX);
        super::check_count("calls for looking texts up", calls, calls_max)?;
        let mut found: BTreeMap<CrmId, CrmRecord> = BTreeMap::new();
        for some in filters.chunks(COMPOSITE_QUERIES_MAX) {
            let part = |(index, filter): (usize, &String)| {
                let address = query(&format!("{select} WHERE {filter}"))?;
                Ok(Part::get(reference(index), address))
            };
            let parts: Result<Vec<Part>, Failure> = some.iter().enumerate().map(part).collect();
            let answer = self.client.composite(parts?, Effect::Read, spend).await?;
            let answer = CompositeAnswer::parse(&answer.body)?;
            for index in 0..some.len() {
                let page: QueryAnswer<'_> = answer.part(&reference(index), Effect::Read)?;
                if !page.done {
                    let text = "more records have these match keys than one page holds";
                    return Err(Failure::new(ErrorClass::CannotMatch, text));
                }
                let records = rows(&columns, object, &page.records, now)?;
                found.extend(
                    records
                        .into_iter()
                        .map(|record| (record.id.clone(), record)),
                );
            }
        }
        Ok(found.into_values().collect())
    }
}

fn reference(index: usize) -> String {
    format!("find{index}")
}

/// `Email IN ('…',…)` for each field, split where a query's text would become too long.
fn filters(lookups: &[Lookup]) -> Result<Vec<String>, Failure> {
    let mut filters = Vec::new();
    for lookup in lookups {
        let field = checked_name(&lookup.field)?;
        let mut list = String::new();
        for literal in lookup.texts.iter().map(|text| quoted(text)) {
            if !list.is_empty() && list.len() + literal.len() > SOQL_CHARS_MAX / 2 {
                filters.push(format!("{field} IN ({})", std::mem::take(&mut list)));
            }
            if !list.is_empty() {
                list.push(',');
            }
            list.push_str(&literal);
        }
        if !list.is_empty() {
            filters.push(format!("{field} IN ({list})"));
        }
    }
    Ok(filters)
}
