//! Relationships as addresses: `/sobjects/Contact/{id}/Account` is the contact's account, with every method a record
//! has; `/sobjects/Account/{id}/Contacts` is a list of children in a query's envelope. Steps to parents can follow one
//! another, a list of children ends the path.

use http::Method;

use super::{Site, answer::Answer, error::ApiError, query, records, request::Call};
use crate::soql::QueryScope;

/// Whether the id is one of this object, so that what follows it in a path is a relationship.
pub(super) fn starts_at(site: &Site<'_>, object: &str, id: &str) -> bool {
    super::dml::object_of(site, id).is_some_and(|own| own.eq_ignore_ascii_case(object))
}

/// Serves the record or the list at the end of the path. A parent that is not there is 404, like a relationship that
/// does not exist (documented).
pub(super) fn follow(
    site: &mut Site<'_>,
    call: &Call,
    (object, id): (&str, &str),
    path: &[&str],
) -> Result<Answer, ApiError> {
    records::check_object(site, call, object)?;
    let [step, rest @ ..] = path else {
        return records::by_id(site, call, object, id);
    };
    if let Some((object, id)) = parent(site, call, (object, id), step)? {
        return follow(site, call, (&object, &id), rest);
    }
    let soql = children(site, call, (object, id), step)?.filter(|_| rest.is_empty());
    let soql = soql.ok_or_else(ApiError::not_found)?;
    if call.method != Method::GET {
        return Err(ApiError::method_not_allowed(
            call.method.as_str(),
            "GET,HEAD",
        ));
    }
    query::run(site, call, &soql, QueryScope::Live)
}

/// The object and id of the parent a step leads to; none when the step names no parent.
fn parent(
    site: &Site<'_>,
    call: &Call,
    (object, id): (&str, &str),
    step: &str,
) -> Result<Option<(String, String)>, ApiError> {
    let def = site.world.schema().object(object);
    let Some(reference) = def.and_then(|def| def.relationship(step)) else {
        return Ok(None);
    };
    let fields = [reference.name.as_str()];
    let record = site
        .world
        .retrieve(&call.actor, object, id, Some(&fields), "")
        .map_err(|_| ApiError::not_found())?;
    let target = record.as_ref().and_then(|row| row[fields[0]].as_str());
    let target = target.ok_or_else(ApiError::not_found)?;
    let object = super::dml::object_of(site, target).ok_or_else(ApiError::not_found)?;
    Ok(Some((object, target.to_owned())))
}

/// The query for the children a step leads to; none when the step names no children.
fn children(
    site: &Site<'_>,
    call: &Call,
    (object, id): (&str, &str),
    step: &str,
) -> Result<Option<String>, ApiError> {
    let schema = site.world.schema();
    let name = schema.object(object).map_or(object, |def| &def.name);
    let children = schema.child_relationships(name).into_iter();
    let named = |name: Option<&str>| name.is_some_and(|name| name.eq_ignore_ascii_case(step));
    let Some(child) = children
        .filter(|child| named(child.relationship_name))
        .find(|child| {
            site.world
                .object_rights(&call.actor, child.child_object)
                .read
        })
    else {
        return Ok(None);
    };
    if site.world.retrieve(&call.actor, object, id, Some(&[]), "") == Ok(None) {
        return Err(ApiError::not_found());
    }
    let fields = selected(site, call, child.child_object)?.join(",");
    Ok(Some(format!(
        "SELECT {fields} FROM {} WHERE {} = '{id}'",
        child.child_object, child.field
    )))
}

/// The fields asked for with `fields`, or all the caller reads.
pub(super) fn selected(
    site: &Site<'_>,
    call: &Call,
    object: &str,
) -> Result<Vec<String>, ApiError> {
    let readable = |name: &str| site.world.field_rights(&call.actor, object, name).read;
    let def = site.world.schema().object(object);
    let def = def.ok_or_else(ApiError::not_found)?;
    let Some(asked) = call.parameters.get("fields") else {
        let names = def.fields.iter().map(|field| field.name.clone());
        return Ok(names.filter(|name| readable(name)).collect());
    };
    let known = |name: &str| {
        let field = def.field(name).filter(|field| readable(&field.name));
        field.map(|field| field.name.clone()).ok_or_else(|| {
            let message = format!("No such column '{name}' on sobject of type {}", def.name);
            ApiError::bad_request("INVALID_FIELD", message)
        })
    };
    asked.split(',').map(str::trim).map(known).collect()
}
