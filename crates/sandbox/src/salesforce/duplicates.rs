//! Duplicate rules over REST: what the client asks of them in a header, and what a refusal tells.
//!
//! `Sforce-Duplicate-Rule-Header: allowSave=true; includeRecordDetails=true` (v52.0 and later). `allowSave` overrides
//! rules that alert, never those that block. `runAsCurrentUser` is not looked at: rules see all records here.

use serde_json::{Value, json};

use super::{Site, request::Call};
use crate::world::{DuplicateAction, Duplicates, SfId};

/// First version with the header.
const SINCE: u32 = 52;

/// Whether the client saves in spite of an alert.
pub(super) fn allowed(call: &Call) -> bool {
    asks(call, "allowSave")
}

fn asks(call: &Call, name: &str) -> bool {
    let header = call.header("sforce-duplicate-rule-header");
    let header = header.filter(|_| call.version >= SINCE).unwrap_or_default();
    header.split([';', ',']).any(|option| {
        option.split_once('=').is_some_and(|(key, value)| {
            key.trim().eq_ignore_ascii_case(name) && value.trim().eq_ignore_ascii_case("true")
        })
    })
}

/// The `duplicateResult` of an error (public knowledge).
pub(super) fn result(site: &Site<'_>, call: &Call, found: &Duplicates) -> Value {
    let Duplicates { rule, records } = found;
    let matches: Vec<Value> = records
        .iter()
        .map(|id| matched(site, call, &rule.object, *id))
        .collect();
    json!({
        "allowSave": rule.action == DuplicateAction::Alert,
        "duplicateRule": rule.name,
        "duplicateRuleEntityType": rule.object,
        "errorMessage": rule.message,
        "matchResults": [{
            "entityType": rule.object,
            "errors": [],
            "matchEngine": "ExactMatchEngine",
            "matchRecords": matches,
            "rule": rule.name,
            "size": records.len(),
            "success": true,
        }],
    })
}

fn matched(site: &Site<'_>, call: &Call, object: &str, id: SfId) -> Value {
    let fields = (!asks(call, "includeRecordDetails")).then_some(&["Id"][..]);
    let base = call.base();
    let record = site
        .world
        .retrieve(&call.actor, object, &id.to_string(), fields, &base);
    json!({
        "additionalInformation": [],
        "fieldDiffs": [],
        "matchConfidence": 100.0,
        // A record the user may not see is told by its id alone.
        "record": record.ok().flatten().unwrap_or_else(|| json!({ "Id": id })),
    })
}
