//! One record of a collection: what is done with it and what its result says.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    salesforce::{
        Site,
        dml::{self, Fields},
        records::check_object,
        request::Call,
    },
    world::{DmlError, SfId, UpsertFailure, Upserted},
};

/// What became of one record. A failure has no id; only upserts say `created`.
#[derive(Debug, Serialize)]
pub(super) struct Outcome {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<SfId>,
    pub(super) success: bool,
    errors: Vec<DmlError>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<bool>,
}

impl Outcome {
    pub(super) fn new(result: Result<SfId, Vec<DmlError>>) -> Self {
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

    /// What an innocent record says when others failed and all or none should have been saved.
    pub(super) fn rolled_back(self) -> Self {
        if !self.success {
            return self;
        }
        Self {
            created: self.created,
            ..Self::new(Err(vec![DmlError::rolled_back()]))
        }
    }
}

pub(super) fn create_one(
    site: &mut Site<'_>,
    call: &Call,
    record: Fields,
) -> Result<SfId, Vec<DmlError>> {
    let object = object_name(&record).ok_or_else(no_attributes)?;
    known_object(site, call, &object)?;
    dml::create(site, call, &object, record)
}

pub(super) fn update_one(
    site: &mut Site<'_>,
    call: &Call,
    mut record: Fields,
    seen: &mut Vec<SfId>,
) -> Result<SfId, Vec<DmlError>> {
    let object = object_name(&record).ok_or_else(no_attributes)?;
    known_object(site, call, &object)?;
    let text = dml::take(&mut record, "id").ok_or_else(|| {
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

pub(super) fn delete_one(
    site: &mut Site<'_>,
    call: &Call,
    text: &str,
) -> Result<SfId, Vec<DmlError>> {
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

/// A record without a key is new (recorded with Id as the key). `created` of a refused record says whether it would have
/// been: jsforce's own suite expects that of an org, also after a rollback.
pub(super) fn upsert_one(
    site: &mut Site<'_>,
    call: &Call,
    (object, field): (&str, &str),
    mut record: Fields,
) -> Outcome {
    let known = object_name(&record).ok_or_else(no_attributes);
    let key = dml::take(&mut record, field);
    let upserted = known.and_then(|_| match &key {
        None => dml::create(site, call, object, record).map(Upserted::Created),
        Some(key) => dml::upsert(site, call, object, (field, key), record)
            .map_err(|failure| refusals(field, failure)),
    });
    let created = match upserted {
        Ok(Upserted::Created(_)) => true,
        Ok(Upserted::Updated(_)) => false,
        Err(_) => key.is_none_or(|key| {
            let found = site.world.find_by_key(&call.actor, object, (field, &key));
            found.is_ok_and(|ids| ids.is_empty())
        }),
    };
    let id = upserted.map(|upserted| match upserted {
        Upserted::Created(id) | Upserted::Updated(id) => id,
    });
    Outcome {
        created: Some(created),
        ..Outcome::new(id)
    }
}

fn refusals(field: &str, failure: UpsertFailure) -> Vec<DmlError> {
    let ids = match failure {
        UpsertFailure::Errors(errors) => return errors,
        UpsertFailure::Several(ids) => ids,
    };
    let ids = ids
        .iter()
        .map(SfId::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    let message = format!("{field}: more than one record found for external id field: [{ids}]");
    vec![DmlError::new("DUPLICATE_EXTERNAL_ID", message)]
}

pub(super) fn object_name(record: &Map<String, Value>) -> Option<String> {
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
