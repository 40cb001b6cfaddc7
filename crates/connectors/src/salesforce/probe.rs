//! Whether creates whose answers were lost happened after all.
//!
//! A create with a key is found by its key. One without is looked for among the records that we
//! created since shortly before it was sent, by the values that identify a record to a person: every
//! text that was sent. Creates that look the same take the records that look the same one each, as
//! far as they go: which of them is which makes no difference.

mod answers;
#[cfg(test)]
mod tests;

use super::Salesforce;
use super::client::Spend;
use super::convert::text;
use super::errors::{Effect, garbled};
use super::read::rows;
use super::soql::{
    PAGE_ROWS_MAX, SOQL_CHARS_MAX, checked_name, datetime, query_all, quoted, select,
};
use super::wire::{COMPOSITE_QUERIES_MAX, CompositeAnswer, Part, QueryAnswer};
use answers::{bare_answers, identifying, keyed_answer};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use tandem_core::connector::{CreateProbe, Failure, ProbeAnswer};
use tandem_core::error::ErrorClass;
use tandem_core::ids::CrmObject;
use tandem_core::record::CrmRecord;

/// Most creates with keys asked about at once: as many as one write sends. Those without are looked for among the
/// same rows, however many they are.
const PROBES_MAX: usize = super::write::RECORDS_MAX;
/// Most pages of records created since; beyond it the question is too old to be answered this way.
const PAGES_MAX: usize = 15;
/// Most calls of one probe: those with keys take one or two, however long the keys are.
pub(super) const CALLS_MAX: u32 = 2 + PAGES_MAX as u32;
/// What to read of whom.
struct Question<'q> {
    object: &'q CrmObject,
    fields: Vec<String>,
    now: Timestamp,
}

impl Salesforce {
    pub(super) async fn probe_answers(
        &self,
        object: &CrmObject,
        probes: &[CreateProbe],
        fields: &[String],
        now: Timestamp,
        spend: &mut Spend,
    ) -> Result<Vec<ProbeAnswer>, Failure> {
        let mut answers = vec![ProbeAnswer::Absent; probes.len()];
        let (keyed, bare): (Vec<usize>, Vec<usize>) =
            (0..probes.len()).partition(|i| probes[*i].key.is_some());
        super::check_count("probes with keys", keyed.len(), PROBES_MAX)?;
        if !keyed.is_empty() {
            let question = Question {
                object,
                fields: with_keys(fields, probes),
                now,
            };
            let found = self.by_keys(&question, probes, spend).await?;
            for index in keyed {
                answers[index] = keyed_answer(&probes[index], &found);
            }
        }
        if !bare.is_empty() {
            let question = Question {
                object,
                fields: with_texts(fields, probes),
                now,
            };
            let since = bare.iter().map(|i| probes[*i].sent_at).min().unwrap_or(now);
            let created = self.created_since(&question, since, spend).await?;
            for (index, answer) in bare_answers(probes, &bare, &created) {
                answers[index] = answer;
            }
        }
        Ok(answers)
    }

    /// The records that hold any of the keys, deleted ones included.
    async fn by_keys(
        &self,
        question: &Question<'_>,
        probes: &[CreateProbe],
        spend: &mut Spend,
    ) -> Result<Vec<CrmRecord>, Failure> {
        let filters = key_filters(probes)?;
        let select = select(question.object, &question.fields)?;
        let mut found = Vec::new();
        for some in filters.chunks(COMPOSITE_QUERIES_MAX) {
            let part = |(i, filter): (usize, &String)| {
                let url = query_all(&format!("{select} WHERE {filter}"))?;
                Ok(Part::get(reference(i), url))
            };
            let parts: Result<Vec<Part>, Failure> = some.iter().enumerate().map(part).collect();
            let answer = self.client.composite(parts?, Effect::Read, spend).await?;
            let answer = CompositeAnswer::parse(&answer.body)?;
            for index in 0..some.len() {
                let page = answer.query(&reference(index), Effect::Read)?;
                if !page.done {
                    let text = "more records have our keys than one page holds";
                    return Err(Failure::new(ErrorClass::CannotMatch, text));
                }
                found.extend(self.rows_of(question, &page)?);
            }
        }
        Ok(found)
    }

    /// The records that the connected user created since then, page by page.
    async fn created_since(
        &self,
        question: &Question<'_>,
        since: Timestamp,
        spend: &mut Spend,
    ) -> Result<Vec<CrmRecord>, Failure> {
        let user = self.connected_user(spend).await?;
        let margin = SignedDuration::from_secs(i64::from(self.config.probe_margin_seconds));
        let since = Timestamp::from_second(since.as_second())
            .and_then(|at| at.checked_sub(margin))
            .unwrap_or(Timestamp::UNIX_EPOCH);
        let mut from = format!("CreatedDate >= {}", datetime(since));
        let mut found = Vec::new();
        let select = select(question.object, &question.fields)?;
        for _ in 0..PAGES_MAX {
            let soql = format!(
                "{select} WHERE CreatedById = '{user}' AND ({from}) ORDER BY CreatedDate, Id LIMIT {PAGE_ROWS_MAX}"
            );
            let parts = vec![Part::get(reference(0), query_all(&soql)?)];
            let answer = self.client.composite(parts, Effect::Read, spend).await?;
            let answer = CompositeAnswer::parse(&answer.body)?;
            let page = answer.query(&reference(0), Effect::Read)?;
            found.extend(self.rows_of(question, &page)?);
            let last = page
                .records
                .last()
                .filter(|_| !page.done || page.records.len() >= PAGE_ROWS_MAX);
            let Some(last) = last else { return Ok(found) };
            from = after(text(last, "CreatedDate"), found.last())?;
        }
        let message = "too many records were created since to look through them";
        Err(Failure::new(ErrorClass::TimedOut, message))
    }

    fn rows_of(
        &self,
        question: &Question<'_>,
        page: &QueryAnswer<'_>,
    ) -> Result<Vec<CrmRecord>, Failure> {
        let columns = self.shapes.of(question.object, &question.fields);
        rows(&columns, question.object, &page.records, question.now)
    }
}

fn reference(index: usize) -> String {
    format!("probe{index}")
}

/// The position behind a row, by creation.
fn after(created: Option<String>, last: Option<&CrmRecord>) -> Result<String, Failure> {
    let at: Option<Timestamp> = created.and_then(|at| at.parse().ok());
    let (Some(at), Some(last)) = (at, last) else {
        return Err(garbled("a record has no CreatedDate"));
    };
    let at = datetime(at);
    Ok(format!(
        "(CreatedDate = {at} AND Id > '{}') OR CreatedDate > {at}",
        last.id
    ))
}

fn with_keys(fields: &[String], probes: &[CreateProbe]) -> Vec<String> {
    let keys = probes
        .iter()
        .filter_map(|probe| probe.key.as_ref())
        .map(|(field, _)| field.clone());
    fields
        .iter()
        .cloned()
        .chain(keys.collect::<BTreeSet<_>>())
        .collect()
}

fn with_texts(fields: &[String], probes: &[CreateProbe]) -> Vec<String> {
    let sent = probes
        .iter()
        .flat_map(|probe| identifying(&probe.fields))
        .map(|(name, _)| name.clone());
    let sent: BTreeSet<String> = sent.chain(["CreatedDate".to_owned()]).collect();
    fields.iter().cloned().chain(sent).collect()
}

/// `Key__c IN ('…',…)` for each key field, split where a query's text would become too long.
fn key_filters(probes: &[CreateProbe]) -> Result<Vec<String>, Failure> {
    let mut keys: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (field, key) in probes.iter().filter_map(|probe| probe.key.as_ref()) {
        keys.entry(checked_name(field)?)
            .or_default()
            .insert(quoted(key));
    }
    let mut filters = Vec::new();
    for (field, literals) in keys {
        let mut list = String::new();
        for literal in literals {
            if !list.is_empty() && list.len() + literal.len() > SOQL_CHARS_MAX / 2 {
                filters.push(format!("{field} IN ({})", std::mem::take(&mut list)));
            }
            if !list.is_empty() {
                list.push(',');
            }
            list.push_str(&literal);
        }
        filters.push(format!("{field} IN ({list})"));
    }
    Ok(filters)
}
