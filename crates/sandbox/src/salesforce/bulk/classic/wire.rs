//! How Bulk 1.0 says things: job infos, batch infos, lists and errors, in XML or JSON.
//!
//! Recorded: the order and names of a job info and a batch info in XML, and that its times end in `Z`. In JSON nulls are
//! said and numbers are numbers (documented); in XML what is null is left out.

use http::{HeaderMap, HeaderValue, StatusCode};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::super::{
    job::{Batch, Job, Phase, Progress},
    task::Refusal,
};
use crate::{
    salesforce::{
        answer::{self, Answer},
        request::header_text,
        xml::Writer,
    },
    world::{SfId, datetime_text},
};

pub(super) const XML: HeaderValue = HeaderValue::from_static("application/xml");
/// Of everything Bulk 1.0 says in XML.
pub(super) const NAMESPACE: &str = " xmlns=\"http://www.force.com/2009/06/asyncapi/dataload\"";

/// The language of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Wire {
    #[default]
    Xml,
    Json,
}

impl Wire {
    /// What a client reads: what it accepts, or else what it writes; none when neither tells.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        ["accept", "content-type"].into_iter().find_map(|name| {
            let text = header_text(headers, name)?.to_ascii_lowercase();
            if text.contains("application/json") {
                Some(Self::Json)
            } else {
                text.contains("/xml").then_some(Self::Xml)
            }
        })
    }

    pub(super) fn answer(self, status: StatusCode, info: &Info) -> Answer {
        match self {
            Self::Json => answer::json(status, &info.json()),
            Self::Xml => xml(status, |xml| info.write(xml, NAMESPACE)),
        }
    }

    pub(super) fn answer_list(self, infos: &[Info]) -> Answer {
        match self {
            Self::Json => {
                let infos: Vec<Value> = infos.iter().map(Info::json).collect();
                answer::ok(&json!({ "batchInfo": infos }))
            }
            Self::Xml => xml(StatusCode::OK, |xml| {
                xml.element("batchInfoList", NAMESPACE, |xml| {
                    infos.iter().for_each(|info| info.write(xml, ""));
                });
            }),
        }
    }

    /// The ids of a query's results.
    pub(super) fn answer_results(self, results: &[SfId]) -> Answer {
        match self {
            Self::Json => answer::ok(&results),
            Self::Xml => xml(StatusCode::OK, |xml| {
                xml.element("result-list", NAMESPACE, |xml| {
                    results
                        .iter()
                        .for_each(|id| xml.leaf("result", id.to_string()));
                });
            }),
        }
    }

    pub(super) fn refuse(self, refusal: &Refusal) -> Answer {
        let info = Info {
            name: "error",
            facts: vec![
                ("exceptionCode", refusal.code.into()),
                ("exceptionMessage", refusal.message.as_str().into()),
            ],
        };
        self.answer(StatusCode::BAD_REQUEST, &info)
    }
}

/// An XML document as an answer.
pub(super) fn xml(status: StatusCode, write: impl FnOnce(&mut Writer)) -> Answer {
    let mut writer = Writer::default();
    write(&mut writer);
    answer::typed(status, XML, writer.finish().into())
}

/// A time; the two languages spell it differently.
struct Moment(Timestamp);

impl From<Moment> for Value {
    fn from(at: Moment) -> Self {
        datetime_text(at.0).into()
    }
}

/// Facts about one thing, in the vendor's order.
#[derive(Debug)]
pub(super) struct Info {
    name: &'static str,
    facts: Vec<(&'static str, Value)>,
}

impl Info {
    fn json(&self) -> Value {
        let facts = self
            .facts
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()));
        Value::Object(facts.collect::<Map<_, _>>())
    }

    fn write(&self, xml: &mut Writer, attributes: &str) {
        xml.element(self.name, attributes, |xml| {
            for (name, value) in &self.facts {
                match value {
                    Value::Null => {}
                    Value::String(text) if name.ends_with("Date") || *name == "systemModstamp" => {
                        xml.leaf(name, text.replace("+0000", "Z"));
                    }
                    Value::String(text) => xml.leaf(name, text),
                    other => xml.leaf(name, other.to_string()),
                }
            }
        });
    }
}

/// The states of a job in Bulk 1.0.
pub(super) fn job_state(job: &Job) -> &'static str {
    match job.phase {
        Phase::Open => "Open",
        Phase::Closed => "Closed",
        Phase::Aborted => "Aborted",
    }
}

pub(super) fn job_info(job: &Job) -> Info {
    let batches = |is: fn(&Progress) -> bool| {
        let batches = job.batches.iter().filter(|batch| is(&batch.progress));
        Value::from(batches.count())
    };
    let (processed, failed) = job.records();
    let optional = |text: &Option<String>| text.as_deref().map_or(Value::Null, Value::from);
    let facts = vec![
        ("id", job.id.to_string().into()),
        ("operation", json!(job.task.operation)),
        ("object", job.task.object.as_str().into()),
        ("createdById", job.task.actor.user.to_string().into()),
        ("createdDate", Moment(job.created_at).into()),
        ("systemModstamp", Moment(job.changed_at()).into()),
        ("state", job_state(job).into()),
        ("externalIdFieldName", optional(&job.task.key)),
        ("assignmentRuleId", optional(&job.task.assignment_rule)),
        (
            "concurrencyMode",
            if job.serial { "Serial" } else { "Parallel" }.into(),
        ),
        ("contentType", job.form.name().into()),
        (
            "numberBatchesQueued",
            batches(|progress| *progress == Progress::Queued),
        ),
        (
            "numberBatchesInProgress",
            batches(|progress| *progress == Progress::Running),
        ),
        (
            "numberBatchesCompleted",
            batches(|progress| *progress == Progress::Completed),
        ),
        (
            "numberBatchesFailed",
            batches(|progress| matches!(progress, Progress::Failed(_))),
        ),
        ("numberBatchesTotal", job.batches.len().into()),
        ("numberRecordsProcessed", processed.into()),
        ("numberRetries", 0.into()),
        ("apiVersion", f64::from(job.task.version).into()),
        ("numberRecordsFailed", failed.into()),
        ("totalProcessingTime", job.milliseconds().into()),
        ("apiActiveProcessingTime", job.milliseconds().into()),
        ("apexProcessingTime", 0.into()),
    ];
    Info {
        name: "jobInfo",
        facts,
    }
}

pub(super) fn batch_info(job: &Job, batch: &Batch) -> Info {
    let (state, message) = match &batch.progress {
        Progress::Queued => ("Queued", None),
        Progress::Running => ("InProgress", None),
        Progress::Completed => ("Completed", None),
        Progress::Failed(reason) => ("Failed", Some(reason.as_str())),
        Progress::NotProcessed => ("NotProcessed", None),
    };
    let (processed, failed) = batch.records();
    let facts = vec![
        ("id", batch.id.to_string().into()),
        ("jobId", job.id.to_string().into()),
        ("state", state.into()),
        ("stateMessage", message.map_or(Value::Null, Value::from)),
        ("createdDate", Moment(batch.created_at).into()),
        ("systemModstamp", Moment(batch.changed_at).into()),
        ("numberRecordsProcessed", processed.into()),
        ("numberRecordsFailed", failed.into()),
        ("totalProcessingTime", batch.milliseconds().into()),
        ("apiActiveProcessingTime", batch.milliseconds().into()),
        ("apexProcessingTime", 0.into()),
    ];
    Info {
        name: "batchInfo",
        facts,
    }
}
