//! Schema changes noticed along the way: the request that reads an object describes it, too.
//!
//! A composite request takes 25 parts, of which five may be queries, and is metered as one call (REST guide,
//! composite); so the describes cost none. They are conditional: while nothing changed the answer is 304 without
//! a body (REST guide, conditional requests; inside a composite request with `ETag` and `Last-Modified`:
//! recorded on a real org). No document says that a changed right of the user changes those two; so once an
//! hour a describe is asked for without a condition.
//!
//! What is remembered is what the store has: a schema that was noticed is told again with every read until
//! somebody hands it back ([`Salesforce::learn`]). A describe that fails is left out: the query beside it
//! tells what is wrong.

use super::Salesforce;
use super::errors::Effect;
use super::schema::object_schema;
use super::soql::checked_name;
use super::wire::{CompositeAnswer, Part};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tandem_core::connector::PullRequest;
use tandem_core::ids::CrmObject;
use tandem_core::schema::ObjectSchema;

/// Names a state of a describe to the server, as JSON in [`ObjectSchema::tag`].
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
struct Tag {
    #[serde(default)]
    etag: Option<String>,
    /// A date as HTTP writes it.
    #[serde(default)]
    modified: Option<String>,
}

/// What the server need not send again.
#[derive(Debug)]
struct Known {
    tag: Tag,
    /// When it was last read whole, or first asked about, by our clock.
    since: Option<Timestamp>,
}

/// The schemas that somebody keeps, by their tags.
#[derive(Debug, Default)]
pub(super) struct Notices(Mutex<BTreeMap<CrmObject, Known>>);

impl Notices {
    /// Takes over that somebody keeps this schema.
    pub(super) fn learn(&self, schema: &ObjectSchema) {
        let tag = schema.tag.as_deref();
        let tag = tag.and_then(|tag| serde_json::from_str::<Tag>(tag).ok());
        let mut known = self.lock();
        match tag.filter(|tag| *tag != Tag::default()) {
            Some(tag) => {
                known.insert(schema.name.clone(), Known { tag, since: None });
            }
            None => {
                known.remove(&schema.name);
            }
        }
    }

    /// What a describe of the object is to be conditional on.
    fn condition(&self, object: &CrmObject, now: Timestamp, whole_every: u32) -> Option<Tag> {
        let mut known = self.lock();
        let known = known.get_mut(object)?;
        let since = *known.since.get_or_insert(now);
        let fresh = now.duration_since(since).as_secs() < i64::from(whole_every);
        fresh.then(|| known.tag.clone())
    }

    fn read_whole(&self, object: &CrmObject, now: Timestamp) {
        if let Some(known) = self.lock().get_mut(object) {
            known.since = Some(now);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<CrmObject, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Salesforce {
    /// A describe for each object of which these requests read a first page.
    pub(super) fn describes(&self, requests: &[PullRequest], now: Timestamp) -> Vec<Part> {
        let part = |(index, request): (usize, &PullRequest)| {
            let name = checked_name(request.object.as_str()).ok()?;
            let part = Part::get(reference(index), format!("sobjects/{name}/describe"));
            let every = self.config.whole_schema_every_seconds;
            let tag = self.notices.condition(&request.object, now, every);
            Some(tag.map_or(part.clone(), |tag| part.unless(tag.etag, tag.modified)))
        };
        let first = |(_, request): &(usize, &PullRequest)| request.page.is_none();
        requests
            .iter()
            .enumerate()
            .filter(first)
            .filter_map(part)
            .collect()
    }

    /// The describes that were answered with a body.
    pub(super) fn noticed(
        &self,
        answer: &CompositeAnswer<'_>,
        requests: &[PullRequest],
        now: Timestamp,
    ) -> Vec<ObjectSchema> {
        let schema = |index: usize| {
            let schema = described(answer, &reference(index))?;
            self.notices.read_whole(&schema.name, now);
            Some(schema)
        };
        (0..requests.len()).filter_map(schema).collect()
    }
}

/// The schema in a part of an answer, with its tag.
fn described(answer: &CompositeAnswer<'_>, reference: &str) -> Option<ObjectSchema> {
    let describe = answer.part(reference, Effect::Read).ok()?;
    Some(object_schema(describe, tag(answer, reference)))
}

/// The tag of a described part, where the server gave one.
pub(super) fn tag(answer: &CompositeAnswer<'_>, reference: &str) -> Option<String> {
    let tag = Tag {
        etag: answer.header(reference, "ETag"),
        modified: answer.header(reference, "Last-Modified"),
    };
    let known = tag != Tag::default();
    known.then(|| serde_json::to_string(&tag).ok()).flatten()
}

fn reference(index: usize) -> String {
    format!("schema{index}")
}
