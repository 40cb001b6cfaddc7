//! One record of a job on its way into the world, and what became of it.
//!
//! Every record is a transaction of its own. As on the platform, records are taken in groups of 200, and a record that
//! is named twice in a group is refused.

use std::collections::HashSet;

use http::{HeaderMap, HeaderValue, Method};

use super::task::{Operation, Task};
use crate::{
    salesforce::{
        Site,
        dml::{self, Fields},
        request::{Call, Parameters},
    },
    world::{DmlError, SfId, UpsertFailure, Upserted},
};

/// Records the platform saves together (documented).
const GROUP_RECORDS: usize = 200;

/// What became of a record.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    Saved { id: SfId, created: bool },
    Failed(Box<[DmlError]>),
}

impl Outcome {
    pub(super) fn failed(error: DmlError) -> Self {
        Self::Failed([error].into())
    }
}

/// The errors of a record in one line, `CODE:message:fields --` (recorded); several stand side by side.
pub(super) fn error_text(errors: &[DmlError]) -> String {
    let mut line = String::new();
    for error in errors {
        let fields = error.fields.join(", ");
        line += &format!("{}:{}:{fields} --", error.status_code, error.message);
    }
    line
}

/// Saves records for a job.
#[derive(Debug)]
pub(super) struct Applier {
    call: Call,
    named: HashSet<String>,
    records: usize,
}

impl Applier {
    pub(super) fn new(task: &Task) -> Self {
        Self {
            call: call_of(task),
            named: HashSet::new(),
            records: 0,
        }
    }

    pub(super) fn apply(
        &mut self,
        site: &mut Site<'_>,
        task: &Task,
        record: Fields,
    ) -> Result<(SfId, bool), Vec<DmlError>> {
        if self.records.is_multiple_of(GROUP_RECORDS) {
            self.named.clear();
        }
        self.records += 1;
        let object = task.object.as_str();
        match task.operation {
            Operation::Insert => dml::create(site, &self.call, object, record).map(|id| (id, true)),
            Operation::Update => self.update(site, object, record),
            Operation::Upsert => self.upsert(site, task, record),
            Operation::Delete => self.delete(site, object, record, false),
            Operation::HardDelete => self.delete(site, object, record, true),
            // Queries have no records to save.
            Operation::Query | Operation::QueryAll => Err(Vec::new()),
        }
    }

    fn update(
        &mut self,
        site: &mut Site<'_>,
        object: &str,
        mut record: Fields,
    ) -> Result<(SfId, bool), Vec<DmlError>> {
        let text = dml::take(&mut record, "Id").ok_or_else(|| no_id("update"))?;
        let id = self.id(&text)?;
        dml::update(site, &self.call, object, &text, record)?;
        Ok((id, false))
    }

    fn delete(
        &mut self,
        site: &mut Site<'_>,
        object: &str,
        mut record: Fields,
        for_good: bool,
    ) -> Result<(SfId, bool), Vec<DmlError>> {
        let text = dml::take(&mut record, "Id").ok_or_else(|| no_id("delete"))?;
        let id = self.id(&text)?;
        if for_good {
            dml::hard_delete(site, &self.call, object, &text)?;
        } else {
            dml::delete(site, &self.call, object, &text)?;
        }
        Ok((id, false))
    }

    /// A record without an id is new when `Id` is the key (recorded); any other key has to be there.
    fn upsert(
        &mut self,
        site: &mut Site<'_>,
        task: &Task,
        mut record: Fields,
    ) -> Result<(SfId, bool), Vec<DmlError>> {
        let field = task.key.as_deref().unwrap_or("Id");
        let Some(key) = dml::take(&mut record, field) else {
            if field == "Id" {
                let id = dml::create(site, &self.call, &task.object, record)?;
                return Ok((id, true));
            }
            let message = format!("{field} not specified");
            return Err(vec![DmlError::new("MISSING_ARGUMENT", message)]);
        };
        if !self.named.insert(key.to_lowercase()) {
            let message = format!("Duplicate external id specified: {key}");
            return Err(vec![DmlError::on(field, "DUPLICATE_VALUE", message)]);
        }
        match dml::upsert(site, &self.call, &task.object, (field, &key), record) {
            Ok(Upserted::Created(id)) => Ok((id, true)),
            Ok(Upserted::Updated(id)) => Ok((id, false)),
            Err(UpsertFailure::Errors(errors)) => Err(errors),
            Err(UpsertFailure::Several(ids)) => {
                let ids: Vec<String> = ids.iter().map(SfId::to_string).collect();
                let message = format!(
                    "{field}: more than one record found for external id field: [{}]",
                    ids.join(", ")
                );
                Err(vec![DmlError::on(field, "DUPLICATE_EXTERNAL_ID", message)])
            }
        }
    }

    fn id(&mut self, text: &str) -> Result<SfId, Vec<DmlError>> {
        let id: SfId = text.parse().map_err(|_| {
            let message = format!("malformed id {}", super::task::echo(text));
            vec![DmlError::on("Id", "MALFORMED_ID", message)]
        })?;
        if self.named.insert(id.to_string()) {
            return Ok(id);
        }
        let message = format!("duplicate id in list: {id}");
        Err(vec![DmlError::on("Id", "DUPLICATE_VALUE", message)])
    }
}

/// The call a record change is made with: an assignment rule runs only when the job names it (documented). A name that
/// cannot be a header names no rule.
fn call_of(task: &Task) -> Call {
    let rule = task.assignment_rule.as_deref().unwrap_or("FALSE");
    let rule = HeaderValue::from_str(rule).unwrap_or(HeaderValue::from_static("unknown"));
    let mut headers = HeaderMap::new();
    headers.insert("sforce-auto-assign", rule);
    Call {
        version: task.version,
        method: Method::POST,
        segments: Vec::new(),
        parameters: Parameters::default(),
        headers,
        body: bytes::Bytes::new(),
        actor: task.actor,
    }
}

fn no_id(operation: &str) -> Vec<DmlError> {
    let message = format!("Id not specified in {operation} call");
    vec![DmlError::new("MISSING_ARGUMENT", message)]
}
