//! Records as they travel: what is sent for each, and the parts of one composite request.

use super::{COLLECTIONS_MAX, Job};
use crate::salesforce::Salesforce;
use crate::salesforce::convert::to_json;
use crate::salesforce::ids::canonical_id;
use crate::salesforce::soql::{SOQL_CHARS_MAX, checked_name, id_in, query_all, quoted};
use crate::salesforce::wire::{Attributes, Collection, Part, RecordBody};
use http::Method;
use jiff::Timestamp;
use serde_json::value::{RawValue, to_raw_value};
use std::collections::{BTreeMap, BTreeSet};
use tandem_core::connector::{Failure, WriteOp, WriteRequest};
use tandem_core::error::ErrorClass;
use tandem_core::ids::{CrmId, CrmObject};

/// How a record travels. The order is the order of sending.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Verb {
    /// An update by itself, on condition.
    Conditional,
    Update,
    Insert,
}

/// A record ready to be sent.
pub(super) struct Item<'r> {
    /// Its place among the requests.
    pub(super) index: usize,
    pub(super) verb: Verb,
    /// The id of a record to update.
    pub(super) id: Option<CrmId>,
    /// The external-id field of a create and our value for it.
    key: Option<(&'r str, &'r str)>,
    /// The condition of an update.
    pub(super) unmodified_since: Option<Timestamp>,
    pub(super) fields: BTreeMap<&'r str, Box<RawValue>>,
}

impl Item<'_> {
    /// Whether a text of it would be taken for a reference to another part of a composite request.
    /// The platform knows no way to escape one, and a false one would halt the whole part.
    pub(super) fn is_literal(&self) -> bool {
        self.fields.values().any(|json| json.get().contains("@{"))
    }
}

/// Records of one collections request: the same verb for each.
pub(super) type Batch<'i> = &'i [Item<'i>];

impl Salesforce {
    /// Makes a request ready, or says why it can't be sent.
    pub(super) fn item<'r>(
        &self,
        object: &CrmObject,
        index: usize,
        request: &'r WriteRequest,
    ) -> Result<Item<'r>, Failure> {
        let wrong = |text: String| Failure::new(ErrorClass::OurFault, text);
        let mut fields = BTreeMap::new();
        for (name, value) in &request.fields {
            let json = to_json(value, self.shapes.shape(object, name));
            let json = json.map_err(|text| Failure {
                fields: vec![name.clone()],
                ..wrong(text)
            })?;
            fields.insert(checked_name(name)?, json);
        }
        let mut item = Item {
            index,
            verb: Verb::Insert,
            id: None,
            key: None,
            unmodified_since: request.unmodified_since,
            fields,
        };
        match &request.op {
            WriteOp::Update { id } => {
                let canonical = canonical_id(id.as_str());
                item.id = Some(canonical.ok_or_else(|| wrong(format!("“{id}” is no record id")))?);
                item.verb = Verb::Update;
            }
            WriteOp::Create {
                key: Some((field, key)),
            } => {
                let key_json = to_raw_value(key).map_err(|error| wrong(error.to_string()))?;
                item.fields.insert(checked_name(field)?, key_json);
                item.key = Some((field, key));
            }
            WriteOp::Create { key: None } => {}
        }
        Ok(item)
    }
}

/// The name of the part that carries a batch.
pub(super) fn reference(number: usize) -> String {
    format!("write{number}")
}

/// Query before, collections, query after.
pub(super) fn parts(job: &Job<'_>, batches: &[Batch<'_>]) -> Result<Vec<Part>, Failure> {
    let items = || batches.iter().flat_map(|batch| batch.iter());
    let ids: Vec<&CrmId> = items().filter_map(|item| item.id.as_ref()).collect();
    let mut parts = Vec::with_capacity(COLLECTIONS_MAX + 2);
    if !ids.is_empty() {
        let soql = format!("{} WHERE {}", job.select, id_in(ids.iter().copied()));
        parts.push(Part::get("before", query_all(&soql)?));
    }
    for (number, batch) in batches.iter().enumerate() {
        if super::conditional::is(batch) {
            parts.extend(super::conditional::parts(job, batch)?);
            continue;
        }
        let CollectionRequest { method, url, body } = collection(job.object, batch)?;
        parts.push(Part::write(&method, reference(number), url, body));
    }
    let filter = after_filter(&ids, items());
    if !filter.is_empty() {
        let soql = format!("{} WHERE {filter}", job.select);
        parts.push(Part::get("after", query_all(&soql)?));
    }
    Ok(parts)
}

/// Every updated record by id and every keyed one by its key, as far as a query's text holds them.
fn after_filter<'i>(ids: &[&CrmId], items: impl Iterator<Item = &'i Item<'i>>) -> String {
    let mut keys: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut chars = 0;
    for item in items {
        if let Some((field, key)) = item.key {
            let literal = quoted(key);
            chars += literal.chars().count() + 1;
            if chars < SOQL_CHARS_MAX / 2 {
                keys.entry(field).or_default().insert(literal);
            }
        }
    }
    let by_id = (!ids.is_empty()).then(|| id_in(ids.iter().copied()));
    let by_key = keys.into_iter().map(|(field, literals)| {
        let literals: Vec<String> = literals.into_iter().collect();
        format!("{field} IN ({})", literals.join(","))
    });
    by_id
        .into_iter()
        .chain(by_key)
        .collect::<Vec<_>>()
        .join(" OR ")
}

/// The request that writes a batch, relative to the versioned base.
pub(super) struct CollectionRequest {
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) body: Box<RawValue>,
}

/// A batch as a collections request; all its records have the verb of the first.
pub(super) fn collection(
    object: &CrmObject,
    batch: Batch<'_>,
) -> Result<CollectionRequest, Failure> {
    let name = checked_name(object.as_str())?;
    let records = batch.iter().map(|item| record_body(name, item)).collect();
    let body = to_raw_value(&Collection {
        all_or_none: false,
        records,
    })
    .map_err(|error| Failure::new(ErrorClass::OurFault, error.to_string()))?;
    let method = match batch.first().map(|item| &item.verb) {
        Some(Verb::Conditional | Verb::Update) => Method::PATCH,
        Some(Verb::Insert) | None => Method::POST,
    };
    let url = "composite/sobjects".to_owned();
    Ok(CollectionRequest { method, url, body })
}

fn record_body<'b>(object: &'b str, item: &'b Item<'b>) -> RecordBody<'b> {
    RecordBody {
        attributes: Attributes { object },
        id: item.id.as_ref().map(CrmId::as_str),
        fields: &item.fields,
    }
}
