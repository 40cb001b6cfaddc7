//! Records between XML and JSON.
//!
//! In: an `sObject` element becomes the fields of a REST record. Its type is the element `type` (partner) or
//! `xsi:type` (enterprise); `fieldsToNull` names what becomes null, while `xsi:nil` says nothing about a field. Values
//! stay text: the world reads numbers and booleans from it.
//!
//! Out: a record of a REST answer becomes `sf:` elements. In the partner service it begins with its type and its id,
//! and the id comes a second time where it was selected; times end in `Z`. Both are public knowledge.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::{
    Element, Tree, Writer,
    envelope::{Fault, Service},
};
use crate::world::{FieldType, Schema};

/// Fields of one record by name, as REST takes them.
pub(super) type Fields = Map<String, Value>;

/// The type and the fields of an `sObject` element.
pub(super) fn read(element: &Element) -> Result<(String, Fields), Fault> {
    let named = element.value("type").or(element.type_name.as_deref());
    let name = named
        .filter(|name| !name.eq_ignore_ascii_case("sObject"))
        .ok_or_else(|| Fault::new("INVALID_TYPE", "Must send a concrete entity type."))?;
    Ok((name.to_owned(), fields(element)))
}

fn fields(element: &Element) -> Fields {
    let mut fields = Fields::new();
    for child in element.children.iter().filter(|child| !child.nil) {
        match child.name.as_str() {
            "type" => {}
            "fieldsToNull" => {
                fields.insert(child.text.trim().to_owned(), Value::Null);
            }
            name if child.children.is_empty() => {
                fields.insert(name.to_owned(), child.text.as_str().into());
            }
            // A parent named by one of its external ids.
            name => {
                fields.insert(name.to_owned(), self::fields(child).into());
            }
        }
    }
    fields
}

/// A record as a request to a collection carries it.
pub(super) fn in_collection(name: &str, mut fields: Fields) -> Value {
    fields.insert("attributes".to_owned(), json!({ "type": name }));
    Value::Object(fields)
}

/// How records are written: by which service, and which fields are times.
#[derive(Clone, Copy)]
pub(super) struct Spelling<'s> {
    pub(super) service: Service,
    pub(super) schema: &'s Schema,
}

impl Spelling<'_> {
    /// A page of records as a `QueryResult`.
    pub(super) fn query_result(self, xml: &mut Writer, tag: &str, page: &Tree) {
        let next = page.text_at("nextRecordsUrl");
        let locator = next.and_then(|url| url.rsplit('/').next());
        xml.element(tag, " xsi:type=\"QueryResult\"", |xml| {
            xml.leaf("done", page.text_at("done").unwrap_or("true"));
            xml.optional("queryLocator", locator);
            for record in page.get("records").map_or(&[][..], Tree::items) {
                self.record(xml, "records", record);
            }
            xml.leaf("size", page.text_at("totalSize").unwrap_or("0"));
        });
    }

    /// One record; null is nil.
    pub(super) fn record(self, xml: &mut Writer, tag: &str, record: &Tree) {
        let name = record.get("attributes").and_then(|own| own.text_at("type"));
        let Some(name) = name else {
            return xml.nil(tag);
        };
        let partner = self.service == Service::Partner;
        let kind = if partner { "sObject" } else { name };
        xml.element(tag, &format!(" xsi:type=\"sf:{kind}\""), |xml| {
            if partner {
                xml.leaf("sf:type", name);
            }
            xml.optional("sf:Id", record.text_at("Id"));
            let fields = record.entries().iter();
            for (field, value) in fields.filter(|(field, _)| field != "attributes") {
                if partner || field != "Id" {
                    self.field(xml, name, field, value);
                }
            }
        });
    }

    fn field(self, xml: &mut Writer, object: &str, field: &str, value: &Tree) {
        let tag = format!("sf:{field}");
        match value {
            Tree::Null => xml.nil(&tag),
            Tree::Plain(_) | Tree::Text(_) if object == "AggregateResult" => {
                aggregate(xml, &tag, value)
            }
            Tree::Plain(text) => xml.leaf(&tag, text),
            Tree::Text(text) if self.is_time(object, field) => xml.leaf(&tag, datetime(text)),
            Tree::Text(text) => xml.leaf(&tag, text),
            Tree::List(items) => items
                .iter()
                .for_each(|item| self.field(xml, object, field, item)),
            Tree::Object(_) if value.get("records").is_some() => {
                self.query_result(xml, &tag, value)
            }
            Tree::Object(_) if value.get("attributes").is_some() => self.record(xml, &tag, value),
            Tree::Object(_) => xml.element(&tag, " xsi:type=\"address\"", |xml| parts(xml, value)),
        }
    }

    fn is_time(self, object: &str, field: &str) -> bool {
        let def = self.schema.object(object);
        let found = def.and_then(|def| Some(def.at(def.field_no(field)?)));
        found.is_some_and(|field| field.field_type == FieldType::DateTime)
    }
}

/// A column of a grouped query has no field behind it and says its type itself.
fn aggregate(xml: &mut Writer, tag: &str, value: &Tree) {
    let kind = match value {
        Tree::Plain(text) if matches!(text.as_str(), "true" | "false") => "boolean",
        Tree::Plain(text) if text.contains(['.', 'e']) => "double",
        Tree::Plain(_) => "int",
        _ => "string",
    };
    let text = datetime(value.text().unwrap_or_default());
    xml.element(tag, &format!(" xsi:type=\"xsd:{kind}\""), |xml| {
        xml.text(&text)
    });
}

/// Any JSON as elements: a list is its items, null is nothing, entries come in alphabetical order.
pub(super) fn plain(xml: &mut Writer, tag: &str, tree: &Tree) {
    match tree {
        Tree::Null => {}
        Tree::Plain(text) | Tree::Text(text) => xml.leaf(tag, datetime(text)),
        Tree::List(items) => items.iter().for_each(|item| plain(xml, tag, item)),
        Tree::Object(_) => xml.element(tag, "", |xml| parts(xml, tree)),
    }
}

/// The entries of an object in alphabetical order.
pub(super) fn parts(xml: &mut Writer, tree: &Tree) {
    let mut entries: Vec<&(String, Tree)> = tree.entries().iter().collect();
    entries.sort_by(|(one, _), (other, _)| one.cmp(other));
    entries
        .into_iter()
        .for_each(|(name, value)| plain(xml, name, value));
}

/// `…T12:00:00.000+0000` of REST is `…T12:00:00.000Z` here; any other text stays.
pub(super) fn datetime(text: &str) -> Cow<'_, str> {
    const SHAPE: &str = "0000-00-00T00:00:00.000+0000";
    let fits = |(c, shape): (u8, u8)| {
        if shape == b'0' {
            c.is_ascii_digit()
        } else {
            c == shape
        }
    };
    if text.len() == SHAPE.len() && text.bytes().zip(SHAPE.bytes()).all(fits) {
        return Cow::Owned(text.replace("+0000", "Z"));
    }
    Cow::Borrowed(text)
}
