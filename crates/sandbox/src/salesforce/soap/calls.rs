//! From the name of an operation to what does it.

use http::Method;
use serde_json::Value;
use url::form_urlencoded;

use super::{Caller, Element, Writer, describe, envelope::Fault, lifecycle, records, sobject};
use crate::world::datetime_text;

/// Does what the operation says.
pub(super) fn run(caller: &mut Caller<'_>, operation: &Element) -> Result<Writer, Fault> {
    match operation.name.as_str() {
        "query" => query(caller, "query", operation),
        "queryAll" => query(caller, "queryAll", operation),
        "queryMore" => query_more(caller, operation),
        "search" => search(caller, operation),
        "retrieve" => records::retrieve(caller, operation),
        "create" => records::save(caller, operation, &Method::POST),
        "update" => records::save(caller, operation, &Method::PATCH),
        "upsert" => records::upsert(caller, operation),
        "delete" => records::delete(caller, operation),
        "undelete" => lifecycle::undelete(caller, operation),
        "emptyRecycleBin" => lifecycle::empty_recycle_bin(caller, operation),
        "merge" => lifecycle::merge(caller, operation),
        "convertLead" => lifecycle::convert_lead(caller, operation),
        "describeGlobal" => describe::global(caller),
        "describeSObject" => describe::object(caller, operation),
        "describeSObjects" => describe::objects(caller, operation),
        "getUpdated" => replicated(caller, operation, "updated"),
        "getDeleted" => replicated(caller, operation, "deleted"),
        "getServerTimestamp" => Ok(server_timestamp(caller)),
        name => Err(Fault::no_operation(caller.service, name)),
    }
}

fn query(caller: &mut Caller<'_>, resource: &str, operation: &Element) -> Result<Writer, Fault> {
    let soql = operation.value("queryString").unwrap_or_default();
    page(caller, &format!("/{resource}?q={}", encoded(soql)))
}

fn query_more(caller: &mut Caller<'_>, operation: &Element) -> Result<Writer, Fault> {
    let locator = operation.value("queryLocator").unwrap_or_default();
    page(caller, &format!("/query/{}", encoded(locator)))
}

fn page(caller: &mut Caller<'_>, path: &str) -> Result<Writer, Fault> {
    let page = caller.rest(Method::GET, path, &Value::Null)?;
    let mut results = Writer::default();
    caller
        .spelling()
        .query_result(&mut results, "result", &page);
    Ok(results)
}

/// SOSL: each record of the REST answer in a `searchRecords/record` of its own.
fn search(caller: &mut Caller<'_>, operation: &Element) -> Result<Writer, Fault> {
    let sosl = operation.value("searchString").unwrap_or_default();
    let path = format!("/search?q={}", encoded(sosl));
    let found = caller.rest(Method::GET, &path, &Value::Null)?;
    // Versions before 37 answer the bare list.
    let records = found.get("searchRecords").unwrap_or(&found).items();
    let (mut results, spelling) = (Writer::default(), caller.spelling());
    results.element("result", "", |xml| {
        for record in records {
            let one = |xml: &mut Writer| spelling.record(xml, "record", record);
            xml.element("searchRecords", "", one);
        }
    });
    Ok(results)
}

fn replicated(caller: &mut Caller<'_>, operation: &Element, feed: &str) -> Result<Writer, Fault> {
    let object = operation.value("sObjectType").unwrap_or_default();
    let time = |name| encoded(operation.value(name).unwrap_or_default());
    let (start, end) = (time("startDate"), time("endDate"));
    let path = format!(
        "/sobjects/{}/{feed}/?start={start}&end={end}",
        encoded(object)
    );
    let answer = caller.rest(Method::GET, &path, &Value::Null);
    let answer = answer.map_err(|fault| fault.about_object(object))?;
    let mut results = Writer::default();
    sobject::plain(&mut results, "result", &answer);
    Ok(results)
}

fn server_timestamp(caller: &Caller<'_>) -> Writer {
    let now = datetime_text(caller.site.world.now());
    let mut results = Writer::default();
    results.element("result", "", |xml| {
        xml.leaf("timestamp", sobject::datetime(&now))
    });
    results
}

/// Percent-encoded, for a path segment and a query alike.
pub(super) fn encoded(text: &str) -> String {
    let encoded: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
    encoded.replace('+', "%20")
}
