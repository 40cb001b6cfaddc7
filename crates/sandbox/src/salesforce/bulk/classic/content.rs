//! What clients of Bulk 1.0 send and get: orders, batches of records, queries, and the outcomes of records.

use bytes::Bytes;
use http::{HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::{
    Form,
    apply::{Outcome, error_text},
    dialect::{Dialect, Reader},
    extract::{self, Extract},
    load::{Load, Source},
    task::{Refusal, Task, echo},
};
use super::wire::{self, NAMESPACE, Wire};
use crate::{
    salesforce::{
        answer::{self, Answer},
        dml::Fields,
        xml::{self, Element},
    },
    soql::QueryScope,
    world::World,
};

/// Most records of a batch (documented).
const MAX_BATCH_RECORDS: usize = 10_000;
/// Largest batch in bytes (documented: 10 MB).
const MAX_BATCH_BYTES: usize = 10_000_000;

/// What a client wants of a job; absent is what it did not say.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct NewJob {
    pub(super) operation: Option<String>,
    pub(super) object: Option<String>,
    pub(super) external_id_field_name: Option<String>,
    pub(super) assignment_rule_id: Option<String>,
    /// `Serial` or `Parallel`; JSON clients send the number of the mode, too.
    pub(super) concurrency_mode: Option<Value>,
    pub(super) content_type: Option<String>,
    pub(super) state: Option<String>,
}

impl NewJob {
    /// The client wants one batch after another.
    pub(super) fn is_serial(&self) -> bool {
        let mode = self.concurrency_mode.as_ref();
        mode.is_some_and(|mode| *mode == "Serial" || *mode == 1)
    }
}

/// Reads a job info in either language.
pub(super) fn order(body: &[u8], wire: Option<Wire>) -> Result<NewJob, Refusal> {
    let unreadable = |reason: String| Refusal::job(format!("Unable to parse Job: {reason}"));
    if wire == Some(Wire::Json) {
        return serde_json::from_slice(body).map_err(|error| unreadable(error.to_string()));
    }
    let info = xml::read(body.trim_ascii_start()).map_err(|error| unreadable(error.0))?;
    let fact = |name: &str| info.value(name).map(str::to_owned);
    Ok(NewJob {
        operation: fact("operation"),
        object: fact("object"),
        external_id_field_name: fact("externalIdFieldName"),
        assignment_rule_id: fact("assignmentRuleId"),
        concurrency_mode: fact("concurrencyMode").map(Value::from),
        content_type: fact("contentType"),
        state: fact("state"),
    })
}

/// The form a job's data has; XML unless something else is asked for (documented).
pub(super) fn form(content_type: Option<&str>) -> Result<Form, Refusal> {
    match content_type.unwrap_or("XML") {
        "CSV" => Ok(Form::Csv(Dialect::default())),
        "JSON" => Ok(Form::Json),
        "XML" => Ok(Form::Xml),
        other => Err(Refusal::job(format!(
            "Unsupported content type: {}",
            echo(other)
        ))),
    }
}

impl Form {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Csv(_) => "CSV",
            Self::Json => "JSON",
            Self::Xml => "XML",
        }
    }

    pub(super) fn content_type(self) -> HeaderValue {
        match self {
            Self::Csv(_) => HeaderValue::from_static("text/csv"),
            Self::Json => answer::JSON,
            Self::Xml => wire::XML,
        }
    }
}

/// Reads a batch of records.
pub(super) fn load(form: Form, body: &Bytes) -> Result<Load, Refusal> {
    if body.len() > MAX_BATCH_BYTES {
        let message = format!("The batch is larger than {MAX_BATCH_BYTES} bytes");
        return Err(Refusal::new("ExceededQuota", message));
    }
    let (load, records) = match form {
        Form::Csv(_) => {
            // Either line ending will do, as long as it is the same in the whole batch.
            let dialect = Dialect::of_lines(body);
            (Load::csv(body.clone(), dialect), csv_records(body, dialect))
        }
        Form::Json => from_records(json_records(body)?),
        Form::Xml => from_records(xml_records(body)?),
    };
    if records > MAX_BATCH_RECORDS {
        let message = format!("The batch has more than {MAX_BATCH_RECORDS} records");
        return Err(Refusal::new("InvalidBatch", message));
    }
    Ok(load)
}

fn from_records(records: Vec<Fields>) -> (Load, usize) {
    let count = records.len();
    (Load::new(Source::Records(records)), count)
}

fn csv_records(body: &[u8], dialect: Dialect) -> usize {
    let mut reader = Reader::new(body, dialect, 0);
    let rows = std::iter::from_fn(|| reader.row()).take_while(Result::is_ok);
    rows.count().saturating_sub(1)
}

fn json_records(body: &[u8]) -> Result<Vec<Fields>, Refusal> {
    serde_json::from_slice(body).map_err(|error| {
        Refusal::new(
            "InvalidBatch",
            format!("Unable to parse the records: {error}"),
        )
    })
}

fn xml_records(body: &[u8]) -> Result<Vec<Fields>, Refusal> {
    let root = xml::read(body.trim_ascii_start()).map_err(|error| {
        Refusal::new(
            "InvalidBatch",
            format!("Unable to parse the records: {}", error.0),
        )
    })?;
    Ok(root.all("sObject").map(record).collect())
}

/// A record; an empty element says nothing, `xsi:nil` empties the field, an `sObject` inside names a parent.
fn record(element: &Element) -> Fields {
    let mut fields = Map::new();
    for child in element.children.iter().filter(|child| child.name != "type") {
        let value = match child.child("sObject") {
            _ if child.nil => Value::Null,
            Some(parent) => {
                let mut key = record(parent);
                if let Some(name) = parent.value("type") {
                    key.insert("attributes".to_owned(), json!({ "type": name }));
                }
                Value::Object(key)
            }
            None if child.text.is_empty() => continue,
            None => child.text.as_str().into(),
        };
        fields.insert(child.name.clone(), value);
    }
    fields
}

/// Begins a query batch; the error is what comes after `Failed to process query: ` (public knowledge).
pub(super) fn query(
    world: &World,
    task: &Task,
    scope: QueryScope,
    form: Form,
    body: &[u8],
) -> Result<Extract, String> {
    let soql = String::from_utf8_lossy(body);
    let found = extract::run(world, &task.actor, soql.trim(), scope)
        .map_err(|error| format!("{}: {}", error.error_code, error.message))?;
    let root = &world.schema().at(found.object()).name;
    if *root != task.object {
        return Err(format!(
            "INVALID_TYPE_FOR_OPERATION: The root entity of the requested query ({root}) does not match the entity \
             of the requested Bulk API Job ({}).",
            task.object
        ));
    }
    Ok(Extract::new(found, form, task.version))
}

/// What became of the records of a batch, in their order.
pub(super) fn outcomes(form: Form, outcomes: &[Outcome]) -> Answer {
    match form {
        Form::Csv(_) => {
            let file = csv_outcomes(outcomes);
            answer::typed(StatusCode::OK, form.content_type(), file.into())
        }
        Form::Json => {
            let all: Vec<Value> = outcomes.iter().map(json_outcome).collect();
            answer::ok(&all)
        }
        Form::Xml => wire::xml(StatusCode::OK, |xml| {
            xml.element("results", NAMESPACE, |xml| {
                outcomes
                    .iter()
                    .for_each(|outcome| xml_outcome(xml, outcome));
            });
        }),
    }
}

fn csv_outcomes(outcomes: &[Outcome]) -> Vec<u8> {
    let (dialect, mut out) = (Dialect::default(), Vec::new());
    let mut row = |cells: [&str; 4]| {
        dialect.write_row(&mut out, cells.iter().map(|cell| cell.as_bytes()));
    };
    row(["Id", "Success", "Created", "Error"]);
    for outcome in outcomes {
        match outcome {
            Outcome::Saved { id, created } => {
                let created = if *created { "true" } else { "false" };
                row([&id.to_string(), "true", created, ""]);
            }
            Outcome::Failed(errors) => row(["", "false", "false", &error_text(errors)]),
        }
    }
    out
}

fn json_outcome(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Saved { id, created } => {
            json!({ "success": true, "created": created, "id": id, "errors": [] })
        }
        Outcome::Failed(errors) => {
            json!({ "success": false, "created": false, "id": null, "errors": errors })
        }
    }
}

fn xml_outcome(xml: &mut xml::Writer, outcome: &Outcome) {
    xml.element("result", "", |xml| match outcome {
        Outcome::Saved { id, created } => {
            xml.leaf("id", id.to_string());
            xml.flag("success", true);
            xml.flag("created", *created);
        }
        Outcome::Failed(errors) => {
            for error in errors {
                xml.element("errors", "", |xml| {
                    error
                        .fields
                        .iter()
                        .for_each(|field| xml.leaf("fields", field));
                    xml.leaf("message", &error.message);
                    xml.leaf("statusCode", error.status_code);
                });
            }
            xml.flag("success", false);
            xml.flag("created", false);
        }
    });
}
