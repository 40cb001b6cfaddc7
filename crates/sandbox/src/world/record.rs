//! A record on its way out: `attributes` first, then the fields in the order they were asked for, as the vendor
//! writes it. A JSON map would sort them.

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::Value as Json;

use super::value::FieldValue;

/// One record, or one row of aggregates, as the API writes it.
#[derive(Debug, Clone)]
pub struct Record<'w> {
    attributes: Attributes<'w>,
    fields: Vec<(&'w str, Shown<'w>)>,
}

/// What kind of record it is, and where; aggregates are nowhere.
#[derive(Debug, Clone, serde::Serialize)]
struct Attributes<'w> {
    #[serde(rename = "type")]
    type_name: &'w str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

/// What stands behind a name.
#[derive(Debug, Clone, serde::Serialize)]
#[serde(untagged)]
pub(crate) enum Shown<'w> {
    /// A missing parent, no children.
    Null,
    Field(FieldValue<'w>),
    Compound(Compound<'w>),
    Parent(Record<'w>),
    Children(Children<'w>),
}

/// An address by its parts; null when all of them are.
#[derive(Debug, Clone)]
pub(crate) struct Compound<'w>(pub(crate) Vec<(&'w str, FieldValue<'w>)>);

/// A list of children inside a record.
#[derive(Debug, Clone, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Children<'w> {
    pub(crate) total_size: usize,
    pub(crate) done: bool,
    /// Where the rest is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_records_url: Option<String>,
    pub(crate) records: Vec<Record<'w>>,
}

impl<'w> Record<'w> {
    pub(crate) fn new(type_name: &'w str, url: Option<String>, fields: usize) -> Self {
        Self {
            attributes: Attributes { type_name, url },
            fields: Vec::with_capacity(fields),
        }
    }

    pub(crate) fn push(&mut self, name: &'w str, shown: Shown<'w>) {
        self.fields.push((name, shown));
    }

    /// The same as a JSON value, for looking into.
    pub fn to_json(&self) -> Json {
        // Its keys are text, so it can always be a JSON value.
        serde_json::to_value(self).unwrap_or_default()
    }
}

impl Serialize for Record<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.fields.len() + 1))?;
        map.serialize_entry("attributes", &self.attributes)?;
        for (name, shown) in &self.fields {
            map.serialize_entry(name, shown)?;
        }
        map.end()
    }
}

impl Serialize for Compound<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.iter().all(|(_, value)| value.is_null()) {
            return serializer.serialize_unit();
        }
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}
