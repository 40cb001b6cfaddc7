//! What a request to the CRM writes, read off its body: all that the wire needs to judge it.

use bytes::Bytes;
use http::{Method, Request};
use serde_json::Value;

/// One record that a request creates or changes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Written {
    /// Its id; a create has none yet.
    pub(crate) id: Option<String>,
    /// The account that it is put under, where the request says so.
    pub(crate) account: Option<String>,
}

/// The records that a request creates or changes; none for one that only reads.
pub(crate) fn written(request: &Request<Bytes>) -> Vec<Written> {
    if !may_write(request) {
        return Vec::new();
    }
    let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
    let Some(parts) = body["compositeRequest"].as_array() else {
        return records(request.uri().path(), &body);
    };
    let writing = parts.iter().filter(|part| part["method"] != "GET");
    writing
        .flat_map(|part| records(part["url"].as_str().unwrap_or_default(), &part["body"]))
        .collect()
}

/// Most requests read: they are told apart without taking them to pieces.
fn may_write(request: &Request<Bytes>) -> bool {
    let path = request.uri().path();
    if path.ends_with("/composite") {
        let text = std::str::from_utf8(request.body()).unwrap_or_default();
        return ["\"POST\"", "\"PATCH\""]
            .iter()
            .any(|word| text.contains(word));
    }
    request.method() != Method::GET && path.contains("/sobjects")
}

/// The records of a collection, or the one in the address of a single update.
fn records(url: &str, body: &Value) -> Vec<Written> {
    if let Some(records) = body["records"].as_array() {
        return records
            .iter()
            .map(|body| record(body["id"].as_str(), body))
            .collect();
    }
    let id = url.rsplit('/').next().filter(|word| !word.is_empty());
    vec![record(id, body)]
}

fn record(id: Option<&str>, body: &Value) -> Written {
    Written {
        id: id.map(str::to_owned),
        account: body["AccountId"].as_str().map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(body: &'static str) -> Request<Bytes> {
        let request = Request::post("http://127.0.0.1/services/data/v66.0/composite");
        request.body(Bytes::from(body)).expect("a request")
    }

    #[test]
    fn updates_creates_and_reads_are_told_apart() {
        let ids = |body| -> Vec<Option<String>> {
            written(&post(body))
                .into_iter()
                .map(|record| record.id)
                .collect()
        };
        assert!(ids(r#"{"compositeRequest":[{"method":"GET","url":"/a/query?q=x"}]}"#).is_empty());
        let single =
            r#"{"compositeRequest":[{"method":"PATCH","url":"/a/sobjects/Lead/00Q1","body":{}}]}"#;
        assert_eq!(ids(single), [Some("00Q1".to_owned())]);
        let several = r#"{"compositeRequest":[{"method":"PATCH","url":"/a/composite/sobjects","body":{"records":[{"id":"1"},{"id":"2"}]}},
            {"method":"POST","url":"/a/composite/sobjects","body":{"records":[{}]}}]}"#;
        assert_eq!(
            ids(several),
            [Some("1".to_owned()), Some("2".to_owned()), None]
        );
    }
}
