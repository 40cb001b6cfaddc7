//! One row of a query result as text: CSV, and the JSON and XML of Bulk 1.0.
//!
//! CSV is written from the stored values, cell by cell. JSON and XML take the record as REST shows it; there are few of
//! them, so they may cost more. In JSON days and instants are milliseconds since 1970, in XML instants end in `Z`.

use jiff::{
    Timestamp,
    civil::{Date, Time},
    tz::TimeZone,
};
use serde_json::Value;

use super::{Form, dialect::write_quoted};
use crate::{
    salesforce::xml::Writer,
    soql::{ColumnSink, FlatRows, QueryResult},
    world::{FieldType, World},
};

const XML_HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><queryResult \
    xmlns=\"http://www.force.com/2009/06/asyncapi/dataload\" \
    xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">";

/// What stands before the rows.
pub(super) fn head(found: &QueryResult, form: Form) -> Vec<u8> {
    match form {
        Form::Csv(dialect) => {
            let mut head = Vec::new();
            dialect.write_row(&mut head, found.columns().map(str::as_bytes));
            head
        }
        Form::Json => b"[".to_vec(),
        Form::Xml => XML_HEAD.into(),
    }
}

/// What stands after the rows.
pub(super) fn tail(form: Form) -> &'static [u8] {
    match form {
        Form::Csv(_) => b"",
        Form::Json => b"]",
        Form::Xml => b"</queryResult>",
    }
}

/// Writes rows one after another.
pub(super) struct RowWriter<'w> {
    world: &'w World,
    found: &'w QueryResult,
    form: Form,
    /// Path the addresses of records begin with.
    base: String,
    flat: FlatRows<'w>,
}

/// Cells as one row of CSV.
struct Cells<'o> {
    out: &'o mut Vec<u8>,
    delimiter: u8,
}

impl ColumnSink for Cells<'_> {
    fn cell(&mut self, text: &str) {
        write_quoted(self.out, text.as_bytes());
        self.out.push(self.delimiter);
    }
}

impl<'w> RowWriter<'w> {
    pub(super) fn new(world: &'w World, found: &'w QueryResult, form: Form, version: u32) -> Self {
        Self {
            world,
            found,
            form,
            base: format!("/services/data/v{version}.0"),
            flat: world.flat_rows(found),
        }
    }

    /// Writes a row, unless it is gone; `first` of all rows have nothing before them.
    pub(super) fn write(&mut self, row: usize, first: bool, out: &mut Vec<u8>) -> bool {
        if let Form::Csv(dialect) = self.form {
            let delimiter = dialect.delimiter();
            let written = self.flat.write(row, &mut Cells { out, delimiter });
            if written {
                // The row's end takes the place of the last delimiter.
                out.pop();
                out.extend_from_slice(dialect.end());
            }
            return written;
        }
        let record = self
            .world
            .records(self.found, row..row + 1, &self.base)
            .pop();
        let Some(record) = record.map(|record| record.to_json()) else {
            return false;
        };
        if self.form == Form::Json {
            if !first {
                out.push(b',');
            }
            out.extend_from_slice(in_milliseconds(self.world, record).to_string().as_bytes());
        } else {
            let mut xml = Writer::default();
            write_xml(&mut xml, "records", &record);
            out.extend_from_slice(xml.fragment().as_bytes());
        }
        true
    }
}

fn object_of(record: &Value) -> &str {
    record["attributes"]["type"].as_str().unwrap_or_default()
}

/// The record with its days and instants, and those of its parents, as numbers.
fn in_milliseconds(world: &World, mut record: Value) -> Value {
    let object = world.schema().object(object_of(&record));
    let fields = record.as_object_mut().into_iter().flatten();
    for (name, value) in fields.filter(|(name, _)| *name != "attributes") {
        let field_type = object
            .and_then(|object| object.field(name))
            .map(|field| field.field_type);
        let number = value
            .as_str()
            .and_then(|text| milliseconds(field_type?, text));
        *value = match (number, value.take()) {
            (Some(number), _) => number.into(),
            (None, parent @ Value::Object(_)) => in_milliseconds(world, parent),
            (None, other) => other,
        };
    }
    record
}

fn milliseconds(field_type: FieldType, text: &str) -> Option<i64> {
    let at: Timestamp = match field_type {
        FieldType::DateTime => text.parse().ok()?,
        FieldType::Date => {
            let day: Date = text.parse().ok()?;
            TimeZone::UTC
                .to_timestamp(day.to_datetime(Time::midnight()))
                .ok()?
        }
        _ => return None,
    };
    Some(at.as_millisecond())
}

fn write_xml(xml: &mut Writer, tag: &str, value: &Value) {
    match value {
        Value::Null => xml.nil(tag),
        Value::Object(fields) => xml.element(tag, " xsi:type=\"sObject\"", |xml| {
            xml.leaf("type", object_of(value));
            for (name, value) in fields.iter().filter(|(name, _)| *name != "attributes") {
                write_xml(xml, name, value);
            }
        }),
        Value::String(text) => xml.leaf(
            tag,
            text.strip_suffix("+0000")
                .map_or_else(|| text.clone(), |at| format!("{at}Z")),
        ),
        other => xml.leaf(tag, other.to_string()),
    }
}
