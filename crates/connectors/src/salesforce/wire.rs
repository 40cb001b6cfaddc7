//! The shapes of requests and answers, borrowed from the text so that numbers stay exact.

use super::errors::{Effect, garbled, part_refusal};
use http::Method;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use tandem_core::connector::Failure;

/// Most parts of one composite request (REST guide).
pub(super) const COMPOSITE_PARTS_MAX: usize = 25;
/// Most queries and collections among them (REST guide).
pub(super) const COMPOSITE_QUERIES_MAX: usize = 5;
/// Most records of one collections request (REST guide).
pub(super) const COLLECTION_RECORDS_MAX: usize = 200;

/// One part of a composite request.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Part {
    method: String,
    /// Relative to the versioned base until it is sent.
    pub(super) url: String,
    reference_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    http_headers: BTreeMap<&'static str, String>,
}

impl Part {
    /// A read of `url`.
    pub(super) fn get(reference: impl Into<String>, url: String) -> Self {
        Self {
            method: Method::GET.to_string(),
            url,
            reference_id: reference.into(),
            body: None,
            http_headers: BTreeMap::new(),
        }
    }

    /// A write; parts do not inherit the header that keeps assignment rules from changing owners.
    pub(super) fn write(
        method: &Method,
        reference: impl Into<String>,
        url: String,
        body: Box<RawValue>,
    ) -> Self {
        Self {
            method: method.to_string(),
            body: Some(body),
            http_headers: BTreeMap::from([("Sforce-Auto-Assign", "FALSE".to_owned())]),
            ..Self::get(reference, url)
        }
    }

    /// The same, only if nobody changed the record after `since`: otherwise it answers 412.
    pub(super) fn unmodified_since(mut self, since: Timestamp) -> Self {
        let date = since.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        self.http_headers.insert("If-Unmodified-Since", date);
        self
    }
}

impl Part {
    /// The same, only if what it reads is not what these name: otherwise it answers 304.
    pub(super) fn unless(mut self, etag: Option<String>, modified: Option<String>) -> Self {
        let conditions = [("If-None-Match", etag), ("If-Modified-Since", modified)];
        let set = conditions.into_iter();
        self.http_headers
            .extend(set.filter_map(|(name, value)| Some((name, value?))));
        self
    }
}

/// A composite request: parts run in order, each fails alone.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CompositeRequest<'a> {
    pub(super) all_or_none: bool,
    pub(super) collate_subrequests: bool,
    pub(super) composite_request: &'a [Part],
}

/// The answer to a composite request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CompositeAnswer<'a> {
    #[serde(borrow)]
    composite_response: Vec<PartAnswer<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PartAnswer<'a> {
    #[serde(borrow, default)]
    body: Option<&'a RawValue>,
    #[serde(default)]
    http_headers: BTreeMap<String, String>,
    http_status_code: u16,
    reference_id: String,
}

impl<'a> CompositeAnswer<'a> {
    /// Reads the answer's envelope; its parts are read one by one.
    pub(super) fn parse(body: &'a [u8]) -> Result<Self, Failure> {
        serde_json::from_slice(body)
            .map_err(|_| garbled("the answer is no composite answer of Salesforce"))
    }

    /// The status of a part and, where it failed, the errors it names.
    pub(super) fn status(&self, reference: &str) -> Option<(u16, Vec<WireError>)> {
        let mut parts = self.composite_response.iter();
        let part = parts.find(|part| part.reference_id == reference)?;
        let errors = part
            .body
            .and_then(|body| serde_json::from_str(body.get()).ok());
        Some((part.http_status_code, errors.unwrap_or_default()))
    }

    /// A header of a part, spelled as the platform spells it.
    pub(super) fn header(&self, reference: &str, name: &str) -> Option<String> {
        let mut parts = self.composite_response.iter();
        let part = parts.find(|part| part.reference_id == reference)?;
        part.http_headers.get(name).cloned()
    }

    /// The rows of a query, if they are as many as the server says.
    pub(super) fn query(
        &self,
        reference: &str,
        effect: Effect,
    ) -> Result<QueryAnswer<'a>, Failure> {
        let page: QueryAnswer<'a> = self.part(reference, effect)?;
        page.counted()
    }

    /// The body of a part that succeeded, as `T`.
    pub(super) fn part<T: Deserialize<'a>>(
        &self,
        reference: &str,
        effect: Effect,
    ) -> Result<T, Failure> {
        let part = self
            .composite_response
            .iter()
            .find(|part| part.reference_id == reference);
        let part = part.ok_or_else(|| garbled("a part of the answer is missing"))?;
        if !(200..300).contains(&part.http_status_code) {
            return Err(part_refusal(part.http_status_code, part.body, effect));
        }
        let body = part.body.map_or("null", RawValue::get);
        serde_json::from_str(body).map_err(|_| garbled("a part of the answer has another shape"))
    }
}

/// One row of a query, by field name as the org spells it.
pub(super) type Row<'a> = BTreeMap<String, &'a RawValue>;

/// The answer to a query.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct QueryAnswer<'a> {
    /// Rows that the query has, as the server counted them when it ran; with a `LIMIT` at most that
    /// many (recorded on real orgs).
    total_size: usize,
    /// False where the server made the page shorter than we asked.
    pub(super) done: bool,
    #[serde(borrow)]
    pub(super) records: Vec<Row<'a>>,
}

impl QueryAnswer<'_> {
    /// An answer closes what was asked only where the rows that came are those that the server counted. A
    /// page that says of itself that it is not the last must bring some of them and leave some out.
    fn counted(self) -> Result<Self, Failure> {
        let (counted, came) = (self.total_size, self.records.len());
        let sound = if self.done {
            came == counted
        } else {
            0 < came && came < counted
        };
        if sound {
            return Ok(self);
        }
        let (done, rest) = match self.done {
            true => ("", ""),
            false => (
                "an unfinished page of ",
                ", so that nothing can go on behind it",
            ),
        };
        Err(garbled(&format!(
            "the CRM counted {counted} rows and sent {done}{came}{rest}; nothing is taken for complete"
        )))
    }
}

/// How one record of a collections request ended.
#[derive(Debug, Deserialize)]
pub(super) struct SaveResult {
    #[serde(default)]
    pub(super) id: Option<String>,
    pub(super) success: bool,
    #[serde(default)]
    pub(super) errors: Vec<WireError>,
}

/// One error: `errorCode` in answers of requests, `statusCode` in results of records.
#[derive(Debug, Deserialize)]
pub(super) struct WireError {
    #[serde(rename = "errorCode", alias = "statusCode")]
    pub(super) code: String,
    #[serde(default)]
    pub(super) message: String,
    #[serde(default)]
    fields: Option<Vec<String>>,
}

impl WireError {
    /// The fields that it names; often none.
    pub(super) fn fields(&self) -> &[String] {
        self.fields.as_deref().unwrap_or_default()
    }
}

/// The body of a collections request.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Collection<'a> {
    pub(super) all_or_none: bool,
    pub(super) records: Vec<RecordBody<'a>>,
}

/// One record of a collections request; `attributes` must come first.
#[derive(Debug, Serialize)]
pub(super) struct RecordBody<'a> {
    pub(super) attributes: Attributes<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<&'a str>,
    #[serde(flatten)]
    pub(super) fields: &'a BTreeMap<&'a str, Box<RawValue>>,
}

/// The type of a record in a request.
#[derive(Debug, Serialize)]
pub(super) struct Attributes<'a> {
    #[serde(rename = "type")]
    pub(super) object: &'a str,
}
