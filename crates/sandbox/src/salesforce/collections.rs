//! sObject Collections: up to 200 records in one call, each with a result of its own.
//!
//! The answer is 200 even when every record failed; results are in the order of the request and are matched by position,
//! because a failure has no id. With `allOrNone` one failure undoes all, and the innocent records say so.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    Site,
    answer::{self, Answer},
    dml::{self, Fields},
    error::ApiError,
    records::check_object,
    request::Call,
};
use crate::world::{DmlError, SfId, UpsertFailure, Upserted};

/// Most records of one call that changes something.
const MAX_RECORDS: usize = 200;
/// Most runs of records of equal type in one call.
const MAX_RUNS: usize = 10;
/// Most records of one retrieve.
const MAX_RETRIEVED: usize = 2_000;
const ROLLED_BACK: &str = "Record rolled back because not all records were valid and the request was using AllOrNone header";

/// Body of create, update and upsert.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Records {
    #[serde(default)]
    all_or_none: bool,
    #[serde(default)]
    records: Vec<Fields>,
}

/// Body of a retrieve by POST.
#[derive(Debug, Deserialize)]
struct Wanted {
    ids: Vec<String>,
    fields: Vec<String>,
}

/// What became of one record. A failure has no id; only upserts say `created`.
#[derive(Debug, Serialize)]
struct Outcome {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<SfId>,
    success: bool,
    errors: Vec<DmlError>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<bool>,
}

impl Outcome {
    fn new(result: Result<SfId, Vec<DmlError>>) -> Self {
        match result {
            Ok(id) => Self {
                id: Some(id),
                success: true,
                errors: Vec::new(),
                created: None,
            },
            Err(errors) => Self {
                id: None,
                success: false,
                errors,
                created: None,
            },
        }
    }
}

/// `POST /composite/sobjects`.
pub(super) fn create(site: &mut Site<'_>, call: &Call) -> Result<Answer, ApiError> {
    let Records {
        all_or_none,
        records,
    } = call.json()?;
    check_size(records.len())?;
    check_runs(records.iter().map(object_name))?;
    answer_each(site, all_or_none, records, |site, record| {
        Outcome::new(create_one(site, call, record))
    })
}

/// `PATCH /composite/sobjects`.
pub(super) fn update(site: &mut Site<'_>, call: &Call) -> Result<Answer, ApiError> {
    let Records {
        all_or_none,
        records,
    } = call.json()?;
    check_size(records.len())?;
    check_runs(records.iter().map(object_name))?;
    let mut seen = Vec::new();
    answer_each(site, all_or_none, records, |site, record| {
        Outcome::new(update_one(site, call, record, &mut seen))
    })
}

/// `DELETE /composite/sobjects?ids=&allOrNone=`.
pub(super) fn delete(site: &mut Site<'_>, call: &Call) -> Result<Answer, ApiError> {
    let ids: Vec<String> = call
        .required("ids")?
        .split(',')
        .map(|id| id.trim().to_owned())
        .collect();
    check_size(ids.len())?;
    answer_each(site, call.flag("allOrNone"), ids, |site, id| {
        Outcome::new(delete_one(site, call, &id))
    })
}

/// `PATCH /composite/sobjects/{object}/{field}`.
pub(super) fn upsert(
    site: &mut Site<'_>,
    call: &Call,
    object: &str,
    field: &str,
) -> Result<Answer, ApiError> {
    check_object(site, call, object)?;
    let Records {
        all_or_none,
        records,
    } = call.json()?;
    check_size(records.len())?;
    answer_each(site, all_or_none, records, |site, record| {
        upsert_one(site, call, (object, field), record)
    })
}

/// `GET /composite/sobjects/{object}?ids=&fields=`, or the same lists by POST. Missing records are null.
pub(super) fn retrieve(site: &mut Site<'_>, call: &Call, object: &str) -> Result<Answer, ApiError> {
    check_object(site, call, object)?;
    let Wanted { ids, fields } = wanted(call)?;
    if ids.len() > MAX_RETRIEVED {
        return Err(too_many(MAX_RETRIEVED));
    }
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    let base = call.base();
    let one = |id: &String| {
        let record = site
            .world
            .retrieve(&call.actor, object, id, Some(&fields), &base);
        record.map_err(|unknown| ApiError::bad_request("INVALID_FIELD", unknown.to_string()))
    };
    let records = ids
        .iter()
        .map(one)
        .collect::<Result<Vec<Option<Value>>, ApiError>>()?;
    Ok(answer::ok(&records))
}

fn wanted(call: &Call) -> Result<Wanted, ApiError> {
    if call.method == http::Method::POST {
        return call.json();
    }
    let list = |text: &str| text.split(',').map(|part| part.trim().to_owned()).collect();
    Ok(Wanted {
        ids: list(call.required("ids")?),
        fields: list(call.required("fields")?),
    })
}

/// Works through the records; with `all_or_none` a failure undoes everything and marks the innocent.
fn answer_each<R>(
    site: &mut Site<'_>,
    all_or_none: bool,
    records: Vec<R>,
    mut one: impl FnMut(&mut Site<'_>, R) -> Outcome,
) -> Result<Answer, ApiError> {
    let Site {
        world,
        desk,
        origin,
    } = site;
    let done = world.transaction(|world| {
        let mut site = Site {
            world,
            desk,
            origin,
        };
        let outcomes: Vec<Outcome> = records
            .into_iter()
            .map(|record| one(&mut site, record))
            .collect();
        let undo = all_or_none && outcomes.iter().any(|outcome| !outcome.success);
        if undo { Err(outcomes) } else { Ok(outcomes) }
    });
    let outcomes = done.unwrap_or_else(|outcomes| outcomes.into_iter().map(rolled_back).collect());
    Ok(answer::ok(&outcomes))
}

fn rolled_back(outcome: Outcome) -> Outcome {
    if !outcome.success {
        return outcome;
    }
    let error = DmlError::new("ALL_OR_NONE_OPERATION_ROLLED_BACK", ROLLED_BACK);
    let created = outcome.created.map(|_| false);
    Outcome {
        created,
        ..Outcome::new(Err(vec![error]))
    }
}

fn create_one(site: &mut Site<'_>, call: &Call, record: Fields) -> Result<SfId, Vec<DmlError>> {
    let object = object_name(&record).ok_or_else(no_attributes)?;
    known_object(site, call, &object)?;
    dml::create(site, call, &object, record)
}

fn update_one(
    site: &mut Site<'_>,
    call: &Call,
    mut record: Fields,
    seen: &mut Vec<SfId>,
) -> Result<SfId, Vec<DmlError>> {
    let object = object_name(&record).ok_or_else(no_attributes)?;
    known_object(site, call, &object)?;
    let text = take(&mut record, "id").ok_or_else(|| {
        vec![DmlError::new(
            "MISSING_ARGUMENT",
            "Id not specified in an update call",
        )]
    })?;
    let id = parse_id(&text, "Id")?;
    if seen.contains(&id) {
        return Err(vec![DmlError::new(
            "DUPLICATE_VALUE",
            format!("duplicate id in list: {id}"),
        )]);
    }
    seen.push(id);
    dml::update(site, call, &object, &text, record)?;
    Ok(id)
}

fn delete_one(site: &mut Site<'_>, call: &Call, text: &str) -> Result<SfId, Vec<DmlError>> {
    let id = parse_id(text, "Id")?;
    let unknown = || {
        vec![DmlError::new(
            "INVALID_CROSS_REFERENCE_KEY",
            "invalid cross reference id",
        )]
    };
    let object = dml::object_of(site, text).ok_or_else(unknown)?;
    known_object(site, call, &object).map_err(|_| unknown())?;
    dml::delete(site, call, &object, text)?;
    Ok(id)
}

fn upsert_one(
    site: &mut Site<'_>,
    call: &Call,
    (object, field): (&str, &str),
    record: Fields,
) -> Outcome {
    match try_upsert(site, call, (object, field), record) {
        Ok(Upserted::Created(id)) => Outcome {
            created: Some(true),
            ..Outcome::new(Ok(id))
        },
        Ok(Upserted::Updated(id)) => Outcome {
            created: Some(false),
            ..Outcome::new(Ok(id))
        },
        Err(errors) => Outcome {
            created: Some(false),
            ..Outcome::new(Err(errors))
        },
    }
}

fn try_upsert(
    site: &mut Site<'_>,
    call: &Call,
    (object, field): (&str, &str),
    mut record: Fields,
) -> Result<Upserted, Vec<DmlError>> {
    object_name(&record).ok_or_else(no_attributes)?;
    // A record without a key is new (recorded with Id as the key).
    let Some(key) = take(&mut record, field) else {
        return dml::create(site, call, object, record).map(Upserted::Created);
    };
    dml::upsert(site, call, object, (field, &key), record).map_err(|failure| match failure {
        UpsertFailure::Errors(errors) => errors,
        UpsertFailure::Several(ids) => {
            let ids = ids
                .iter()
                .map(SfId::to_string)
                .collect::<Vec<_>>()
                .join(", ");
            let message =
                format!("{field}: more than one record found for external id field: [{ids}]");
            vec![DmlError::new("DUPLICATE_EXTERNAL_ID", message)]
        }
    })
}

/// Takes a field out of a record, whatever the case of its name; null and empty count as absent.
fn take(record: &mut Fields, name: &str) -> Option<String> {
    let key = record
        .keys()
        .find(|key| key.eq_ignore_ascii_case(name))?
        .clone();
    let text = match record.remove(&key)? {
        Value::String(text) => text,
        Value::Null => return None,
        other => other.to_string(),
    };
    Some(text).filter(|text| !text.is_empty())
}

fn object_name(record: &Map<String, Value>) -> Option<String> {
    record
        .get("attributes")?
        .get("type")?
        .as_str()
        .map(str::to_owned)
}

fn parse_id(text: &str, field: &str) -> Result<SfId, Vec<DmlError>> {
    text.parse().map_err(|_| {
        vec![DmlError::on(
            field,
            "MALFORMED_ID",
            format!("malformed id {text}"),
        )]
    })
}

fn known_object(site: &Site<'_>, call: &Call, object: &str) -> Result<(), Vec<DmlError>> {
    check_object(site, call, object).map_err(|_| {
        let message = format!("sObject type '{object}' is not supported.");
        vec![DmlError::new("INVALID_TYPE", message)]
    })
}

fn no_attributes() -> Vec<DmlError> {
    let message = "Nested object for polymorphic foreign key must have an attributes field before any other fields.";
    vec![DmlError::new("JSON_PARSER_ERROR", message)]
}

fn check_size(records: usize) -> Result<(), ApiError> {
    match records {
        0 => Err(ApiError::bad_request(
            "REQUIRED_FIELD_MISSING",
            "At least 1 record is required",
        )),
        1..=MAX_RECORDS => Ok(()),
        _ => Err(too_many(MAX_RECORDS)),
    }
}

fn too_many(most: usize) -> ApiError {
    let message =
        format!("record limit reached. cannot submit more than {most} records into this call");
    ApiError::bad_request("EXCEEDED_ID_LIMIT", message)
}

fn check_runs(objects: impl Iterator<Item = Option<String>>) -> Result<(), ApiError> {
    let mut names: Vec<Option<String>> = objects.collect();
    names.dedup();
    if names.len() <= MAX_RUNS {
        return Ok(());
    }
    let message = format!(
        "records of one call can change type {MAX_RUNS} times at most, these form {} runs; sort them by type",
        names.len()
    );
    Err(ApiError::bad_request("LIMIT_EXCEEDED", message))
}
