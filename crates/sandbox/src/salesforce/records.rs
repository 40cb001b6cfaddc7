//! Single records: create, retrieve, update, delete, and the same by external id.

use http::{Method, StatusCode, header};
use serde::Serialize;

use super::{
    Site,
    answer::{self, Answer},
    conditional,
    dml::{self, Fields},
    error::ApiError,
    recent,
    request::Call,
};
use crate::world::{SfId, UpsertFailure, Upserted};

/// First version whose upsert of an existing record answers 200 with a body instead of 204.
const UPSERT_BODY_SINCE: u32 = 46;

/// What a create answers.
#[derive(Serialize)]
struct Saved {
    id: SfId,
    success: bool,
    errors: [(); 0],
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<bool>,
}

impl Saved {
    fn new(id: SfId, created: Option<bool>) -> Self {
        Self {
            id,
            success: true,
            errors: [],
            created,
        }
    }
}

/// `POST /sobjects/{object}`; through `/sobjects/{object}/Id` the answer says `created` too.
pub(super) fn create(
    site: &mut Site<'_>,
    call: &Call,
    object: &str,
    by_id: bool,
) -> Result<Answer, ApiError> {
    check_object(site, call, object)?;
    let fields: Fields = call.json()?;
    refuse_fields(&fields, &["Id"])?;
    let id = dml::create(site, call, object, fields)
        .map_err(|errors| ApiError::from_dml(site, call, errors))?;
    recent::note(site, call, &id.to_string());
    let saved = answer::json(StatusCode::CREATED, &Saved::new(id, by_id.then_some(true)));
    Ok(answer::with_header(
        saved,
        header::LOCATION,
        &url(site, call, object, &id.to_string()),
    ))
}

/// `/sobjects/{object}/{id}` with any method.
pub(super) fn by_id(
    site: &mut Site<'_>,
    call: &Call,
    object: &str,
    id: &str,
) -> Result<Answer, ApiError> {
    check_object(site, call, object)?;
    if id.parse::<SfId>().is_err() {
        return Err(ApiError::no_external_id(id));
    }
    match call.method {
        Method::GET => retrieve(site, call, object, id),
        Method::PATCH => {
            let fields: Fields = call.json()?;
            refuse_fields(&fields, &["Id"])?;
            update(site, call, object, id, fields)
        }
        Method::DELETE => delete(site, call, object, id),
        _ => Err(ApiError::method_not_allowed(
            call.method.as_str(),
            "DELETE,GET,HEAD,PATCH",
        )),
    }
}

/// `/sobjects/{object}/{field}/{value}` with any method.
pub(super) fn by_key(
    site: &mut Site<'_>,
    call: &Call,
    object: &str,
    key: (&str, &str),
) -> Result<Answer, ApiError> {
    check_object(site, call, object)?;
    if call.method == Method::PATCH {
        return upsert(site, call, object, key);
    }
    let found = find(site, call, object, key)?;
    let id = match found.as_slice() {
        [] => return Err(ApiError::not_found()),
        [id] => id.to_string(),
        several => return Ok(ambiguous(site, call, object, several)),
    };
    match call.method {
        Method::GET => retrieve(site, call, object, &id),
        Method::DELETE => delete(site, call, object, &id),
        _ => Err(ApiError::method_not_allowed(
            call.method.as_str(),
            "DELETE,GET,HEAD,PATCH",
        )),
    }
}

fn retrieve(site: &mut Site<'_>, call: &Call, object: &str, id: &str) -> Result<Answer, ApiError> {
    let names = call
        .parameters
        .get("fields")
        .map(|names| names.split(',').map(str::trim).collect::<Vec<_>>());
    let modified = dml::last_modified(site, call, object, id).ok_or_else(ApiError::not_found)?;
    let etag = etag(site, call, object, id);
    if let Some(answer) = conditional::not_modified(call, modified, etag.as_deref()) {
        return Ok(answer);
    }
    let record = site
        .world
        .record(&call.actor, object, id, names.as_deref(), &call.base())
        .map_err(|unknown| ApiError::bad_request("INVALID_FIELD", unknown.to_string()))?
        .ok_or_else(ApiError::not_found)?;
    let answer = answer::ok(&record);
    recent::note(site, call, id);
    Ok(conditional::with_validators(
        answer,
        modified,
        etag.as_deref(),
    ))
}

/// The entity tag of a row, for the one object whose rows have one (documented): a digest of all the caller reads.
fn etag(site: &Site<'_>, call: &Call, object: &str, id: &str) -> Option<String> {
    if !object.eq_ignore_ascii_case("Account") {
        return None;
    }
    let record = site.world.record(&call.actor, object, id, None, "");
    let text = serde_json::to_vec(&record.ok()??).ok()?;
    Some(conditional::etag_of(&text))
}

fn update(
    site: &mut Site<'_>,
    call: &Call,
    object: &str,
    id: &str,
    fields: Fields,
) -> Result<Answer, ApiError> {
    if let Some(answer) = stale(site, call, object, id) {
        return Ok(answer);
    }
    dml::update(site, call, object, id, fields)
        .map_err(|errors| ApiError::from_dml(site, call, errors))?;
    recent::note(site, call, id);
    Ok(answer::empty(StatusCode::NO_CONTENT))
}

fn delete(site: &mut Site<'_>, call: &Call, object: &str, id: &str) -> Result<Answer, ApiError> {
    if let Some(answer) = stale(site, call, object, id) {
        return Ok(answer);
    }
    dml::delete(site, call, object, id).map_err(|errors| ApiError::from_dml(site, call, errors))?;
    Ok(answer::empty(StatusCode::NO_CONTENT))
}

fn upsert(
    site: &mut Site<'_>,
    call: &Call,
    object: &str,
    key: (&str, &str),
) -> Result<Answer, ApiError> {
    let fields: Fields = call.json()?;
    refuse_fields(&fields, &["Id", key.0])?;
    let found = find(site, call, object, key)?;
    if found.is_empty() && call.flag("updateOnly") {
        return Err(ApiError::not_found());
    }
    if let [id] = found.as_slice()
        && let Some(answer) = stale(site, call, object, &id.to_string())
    {
        return Ok(answer);
    }
    match dml::upsert(site, call, object, key, fields) {
        Ok(Upserted::Created(id)) => {
            let answer = answer::json(StatusCode::CREATED, &Saved::new(id, Some(true)));
            Ok(answer::with_header(
                answer,
                header::LOCATION,
                &url(site, call, object, &id.to_string()),
            ))
        }
        Ok(Upserted::Updated(_)) if call.version < UPSERT_BODY_SINCE => {
            Ok(answer::empty(StatusCode::NO_CONTENT))
        }
        Ok(Upserted::Updated(id)) => Ok(answer::ok(&Saved::new(id, Some(false)))),
        Err(UpsertFailure::Errors(errors)) => Err(ApiError::from_dml(site, call, errors)),
        Err(UpsertFailure::Several(ids)) => Ok(ambiguous(site, call, object, &ids)),
    }
}

fn find(
    site: &Site<'_>,
    call: &Call,
    object: &str,
    key: (&str, &str),
) -> Result<Vec<SfId>, ApiError> {
    let found = site.world.find_by_key(&call.actor, object, key);
    found.map_err(|_| ApiError::no_external_id(key.0))
}

/// The 412 for a change of a record somebody else changed since the client read it.
fn stale(site: &Site<'_>, call: &Call, object: &str, id: &str) -> Option<Answer> {
    let modified = dml::last_modified(site, call, object, id)?;
    conditional::precondition_failed(call, modified, || etag(site, call, object, id))
}

/// Several records have the key: 300 and where they are.
fn ambiguous(site: &Site<'_>, call: &Call, object: &str, ids: &[SfId]) -> Answer {
    let urls = ids
        .iter()
        .map(|id| url(site, call, object, &id.to_string()));
    answer::json(StatusCode::MULTIPLE_CHOICES, &urls.collect::<Vec<_>>())
}

/// An object the caller cannot see does not exist.
pub(super) fn check_object(site: &Site<'_>, call: &Call, object: &str) -> Result<(), ApiError> {
    if site.world.object_rights(&call.actor, object).read {
        Ok(())
    } else {
        Err(ApiError::not_found())
    }
}

/// Fields that are in the address must not be in the body.
fn refuse_fields(fields: &Fields, names: &[&str]) -> Result<(), ApiError> {
    let Some(name) = names
        .iter()
        .find(|name| fields.keys().any(|key| key.eq_ignore_ascii_case(name)))
    else {
        return Ok(());
    };
    let message = format!("The {name} field should not be specified in the sobject data.");
    Err(ApiError::bad_request("INVALID_FIELD", message))
}

/// The address of a record, with the object's name as the schema spells it.
fn url(site: &Site<'_>, call: &Call, object: &str, id: &str) -> String {
    let name = site
        .world
        .schema()
        .object(object)
        .map_or(object, |def| def.name.as_str());
    format!("{}/sobjects/{name}/{id}", call.base())
}
