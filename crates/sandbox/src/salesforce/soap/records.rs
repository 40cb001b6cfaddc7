//! Saving and reading records by id: `create`, `update`, `upsert`, `delete`, `retrieve`, over the collections of REST.
//!
//! Both have the same limits (200 records, ten runs of one type), the same partial success and the same errors per
//! record; with `AllOrNoneHeader` one failure undoes all. As in collections, an error about duplicates does not list the
//! matches.

use http::Method;
use serde_json::{Value, json};

use super::{
    Caller, Element, Tree, Writer,
    calls::encoded,
    envelope::Fault,
    sobject::{self, in_collection},
};

/// `create` by POST, `update` by PATCH.
pub(super) fn save(
    caller: &mut Caller<'_>,
    operation: &Element,
    method: &Method,
) -> Result<Writer, Fault> {
    let records = operation.all("sObjects").map(sobject::read);
    let mut list = Vec::new();
    for record in records {
        let (name, fields) = record?;
        caller.check_object(&name)?;
        list.push(in_collection(&name, fields));
    }
    if list.is_empty() {
        return Ok(Writer::default());
    }
    let body = json!({ "allOrNone": caller.all_or_none, "records": list });
    let outcomes = caller.rest(method.clone(), "/composite/sobjects", &body)?;
    Ok(written(&outcomes))
}

/// All records have one type (documented).
pub(super) fn upsert(caller: &mut Caller<'_>, operation: &Element) -> Result<Writer, Fault> {
    let field = operation
        .value("externalIDFieldName")
        .or(operation.value("externalIdFieldName"))
        .unwrap_or_default();
    let records = operation.all("sObjects").map(sobject::read);
    let records = records.collect::<Result<Vec<_>, Fault>>()?;
    let Some((object, _)) = records.first() else {
        return Ok(Writer::default());
    };
    caller.check_object(object)?;
    if records
        .iter()
        .any(|(name, _)| !name.eq_ignore_ascii_case(object))
    {
        let message = "All records of an upsert must have the same type";
        return Err(Fault::new("INVALID_TYPE", message));
    }
    let path = format!("/composite/sobjects/{}/{}", encoded(object), encoded(field));
    let records = records
        .into_iter()
        .map(|(name, fields)| in_collection(&name, fields));
    let body = json!({ "allOrNone": caller.all_or_none, "records": records.collect::<Vec<_>>() });
    let outcomes = caller.rest(Method::PATCH, &path, &body)?;
    Ok(written(&outcomes))
}

pub(super) fn delete(caller: &mut Caller<'_>, operation: &Element) -> Result<Writer, Fault> {
    let ids = operation.values("ids");
    if ids.is_empty() {
        return Ok(Writer::default());
    }
    // A comma inside an id would make two of it.
    let ids = ids
        .iter()
        .map(|id| id.replace(',', " "))
        .collect::<Vec<_>>()
        .join(",");
    let (ids, all) = (encoded(&ids), caller.all_or_none);
    let path = format!("/composite/sobjects?ids={ids}&allOrNone={all}");
    let outcomes = caller.rest(Method::DELETE, &path, &Value::Null)?;
    Ok(written(&outcomes))
}

/// The records in the order of the ids; nil where there is none.
pub(super) fn retrieve(caller: &mut Caller<'_>, operation: &Element) -> Result<Writer, Fault> {
    let object = operation.value("sObjectType").unwrap_or_default();
    caller.check_object(object)?;
    let fields = operation.value("fieldList").unwrap_or_default();
    let fields: Vec<&str> = fields.split(',').map(str::trim).collect();
    let body = json!({ "ids": operation.values("ids"), "fields": fields });
    let path = format!("/composite/sobjects/{}", encoded(object));
    let records = caller.rest(Method::POST, &path, &body)?;
    let (mut results, spelling) = (Writer::default(), caller.spelling());
    for record in records.items() {
        spelling.record(&mut results, "result", record);
    }
    Ok(results)
}

/// One `result` per record: the errors, then the id, nil where nothing was saved.
fn written(outcomes: &Tree) -> Writer {
    let mut results = Writer::default();
    for outcome in outcomes.items() {
        results.element("result", "", |xml| {
            for name in ["created", "errors"] {
                let value = outcome.get(name);
                value
                    .into_iter()
                    .for_each(|value| sobject::plain(xml, name, value));
            }
            xml.optional("id", outcome.text_at("id"));
            xml.leaf("success", outcome.text_at("success").unwrap_or("false"));
        });
    }
    results
}
