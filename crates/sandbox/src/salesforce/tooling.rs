//! The Tooling API, as far as it shows metadata as records: queries, records and describes of a few objects, at the same
//! addresses one level deeper. Code, layouts and other parts of an org that are made with it are not served.

use serde_json::{Map, Value};

use super::{
    Site,
    answer::{self, Answer},
    error::ApiError,
    query,
    request::Call,
    route,
};
use crate::soql::QueryScope;

/// Objects the Tooling API knows, of those the org has.
const OBJECTS: [&str; 12] = [
    "DuplicateRule",
    "EntityDefinition",
    "FieldDefinition",
    "FieldPermissions",
    "ObjectPermissions",
    "PermissionSet",
    "PermissionSetAssignment",
    "Profile",
    "RecordType",
    "User",
    "UserEntityAccess",
    "UserFieldAccess",
];
const RESOURCES: [&str; 2] = ["query", "sobjects"];

/// Serves `/tooling/…`.
pub(super) fn serve(site: &mut Site<'_>, call: &Call, rest: &[&str]) -> Result<Answer, ApiError> {
    match rest {
        [] => route::read(call, || Ok(resources(call))),
        ["query"] => query::start(site, call, QueryScope::Live),
        ["query", locator] => query::more(site, call, locator),
        ["sobjects"] => route::sobjects(site, call, &[]),
        ["sobjects", object, ..] if knows(object) => route::sobjects(site, call, &rest[1..]),
        _ => Err(ApiError::not_found()),
    }
}

fn resources(call: &Call) -> Answer {
    let base = call.base();
    let entry = |name: &str| (name.to_owned(), Value::from(format!("{base}/{name}")));
    let map: Map<String, Value> = RESOURCES.iter().map(|name| entry(name)).collect();
    answer::ok(&map)
}

/// Whether the Tooling API has this object, any case.
pub(super) fn knows(object: &str) -> bool {
    OBJECTS
        .iter()
        .any(|known| known.eq_ignore_ascii_case(object))
}
