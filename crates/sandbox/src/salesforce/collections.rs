//! sObject Collections: up to 200 records in one call, each with a result of its own.
//!
//! The answer is 200 even when every record failed; results are in the order of the request and are matched by position,
//! because a failure has no id. With `allOrNone` one failure undoes all, and the innocent records say so.

mod one;

use serde::Deserialize;

use self::one::{Outcome, create_one, delete_one, object_name, update_one, upsert_one};
use super::{
    Site,
    answer::{self, Answer},
    dml::Fields,
    error::ApiError,
    records::check_object,
    request::Call,
};

/// Most records of one call that changes something.
const MAX_RECORDS: usize = 200;
/// Most runs of records of equal type in one call.
const MAX_RUNS: usize = 10;
/// Most records of one retrieve.
const MAX_RETRIEVED: usize = 2_000;

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
            .record(&call.actor, object, id, Some(&fields), &base);
        record.map_err(|unknown| ApiError::bad_request("INVALID_FIELD", unknown.to_string()))
    };
    let records = ids
        .iter()
        .map(one)
        .collect::<Result<Vec<Option<crate::world::Record<'_>>>, ApiError>>()?;
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
    let done = site.transaction(|site| {
        let outcomes: Vec<Outcome> = records
            .into_iter()
            .map(|record| one(site, record))
            .collect();
        let undo = all_or_none && outcomes.iter().any(|outcome| !outcome.success);
        if undo { Err(outcomes) } else { Ok(outcomes) }
    });
    let outcomes =
        done.unwrap_or_else(|outcomes| outcomes.into_iter().map(Outcome::rolled_back).collect());
    Ok(answer::ok(&outcomes))
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
