//! References between the parts of a composite request: `@{refAccount.id}`, `@{people.records[0].Id}`.
//!
//! They stand in addresses and in any text of a body, and lead to a text, number, boolean or null, never to a list or an
//! object. A text that is one reference and nothing else becomes the value itself, so numbers stay numbers.

use std::{
    cell::{Cell, OnceCell},
    collections::HashMap,
};

use bytes::Bytes;
use serde_json::Value;

/// Most text all references of one request may bring in, in bytes.
const MAX_FILLED_BYTES: usize = 10_000_000;

/// Why a reference could not be filled in; the part is halted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct RefError(String);

impl RefError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// What the parts so far have answered; `None` for a part that failed.
#[derive(Debug, Default)]
pub(super) struct References {
    bodies: HashMap<String, Option<Body>>,
    filled_bytes: Cell<usize>,
}

/// A body that is read only when something refers to it: most are large and nothing does.
#[derive(Debug)]
struct Body {
    text: Bytes,
    value: OnceCell<Value>,
}

impl Body {
    fn value(&self) -> &Value {
        self.value
            .get_or_init(|| serde_json::from_slice(&self.text).unwrap_or_default())
    }
}

impl References {
    pub(super) fn add(&mut self, id: &str, body: Option<Bytes>) {
        let body = body.map(|text| Body {
            text,
            value: OnceCell::new(),
        });
        self.bodies.insert(id.to_owned(), body);
    }

    /// A copy of the body with all references filled in.
    pub(super) fn fill(&self, body: &Value) -> Result<Value, RefError> {
        match body {
            Value::String(text) => self.fill_value(text),
            Value::Array(items) => items.iter().map(|item| self.fill(item)).collect(),
            Value::Object(map) => {
                let filled = map
                    .iter()
                    .map(|(key, value)| Ok((key.clone(), self.fill(value)?)));
                filled.collect::<Result<_, _>>().map(Value::Object)
            }
            other => Ok(other.clone()),
        }
    }

    /// A copy of the text with all references filled in.
    pub(super) fn fill_text(&self, text: &str) -> Result<String, RefError> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("@{") {
            let Some((path, tail)) = after.split_once('}') else {
                break;
            };
            filled.push_str(before);
            match self.resolve(path)? {
                Value::String(text) => filled.push_str(&text),
                other => filled.push_str(&other.to_string()),
            }
            rest = tail;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    fn fill_value(&self, text: &str) -> Result<Value, RefError> {
        let whole = text
            .strip_prefix("@{")
            .and_then(|rest| rest.strip_suffix('}'));
        match whole.filter(|path| !path.contains('}')) {
            Some(path) => self.resolve(path),
            None => self.fill_text(text).map(Value::String),
        }
    }

    fn resolve(&self, path: &str) -> Result<Value, RefError> {
        let end = path.find(['.', '[']).unwrap_or(path.len());
        let (id, steps) = path.split_at(end);
        let value = self.find(id, steps).ok_or_else(|| {
            let sentence = "Invalid reference specified. No value for";
            RefError(format!("{sentence} {path} found in {id}"))
        })?;
        self.spend(value.as_str().map_or(0, str::len))?;
        Ok(value.clone())
    }

    fn find(&self, id: &str, steps: &str) -> Option<&Value> {
        let mut value = self.bodies.get(id)?.as_ref()?.value();
        for step in steps.split(['.', '[', ']']).filter(|step| !step.is_empty()) {
            value = match value {
                Value::Array(items) => items.get(step.parse::<usize>().ok()?)?,
                other => other.get(step)?,
            };
        }
        let single = !(value.is_array() || value.is_object());
        single.then_some(value)
    }

    /// Small requests must not grow without bound by naming a long value many times.
    fn spend(&self, bytes: usize) -> Result<(), RefError> {
        self.filled_bytes
            .set(self.filled_bytes.get().saturating_add(bytes));
        if self.filled_bytes.get() <= MAX_FILLED_BYTES {
            return Ok(());
        }
        Err(RefError(format!(
            "References bring in more than {MAX_FILLED_BYTES} bytes"
        )))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn references() -> References {
        let mut references = References::default();
        let text = |value: Value| Some(Bytes::from(value.to_string()));
        references.add("new", text(json!({ "id": "001A", "size": 3 })));
        references.add(
            "found",
            text(json!({ "records": [{ "Id": "003A" }, { "Id": "003B" }] })),
        );
        references.add("bad", None);
        references
    }

    #[test]
    fn fills_addresses_and_bodies() {
        let references = references();
        assert_eq!(
            references
                .fill_text("/x/@{new.id}?a=@{found.records[1].Id}")
                .as_deref(),
            Ok("/x/001A?a=003B")
        );
        let body = json!({ "AccountId": "@{new.id}", "N": "@{new.size}", "T": "n @{new.size}", "L": ["@{new.id}"] });
        let filled = references.fill(&body).expect("all known");
        assert_eq!(
            filled,
            json!({ "AccountId": "001A", "N": 3, "T": "n 3", "L": ["001A"] })
        );
    }

    #[test]
    fn says_what_is_missing() {
        let references = references();
        for path in [
            "bad.id",
            "nobody.id",
            "new.Id",
            "found.records[2].Id",
            "found.records[x]",
            "found.records",
            "new",
            "",
        ] {
            let error = references
                .fill_text(&format!("@{{{path}}}"))
                .expect_err("missing");
            assert!(
                error
                    .to_string()
                    .starts_with("Invalid reference specified."),
                "{path}: {error}"
            );
        }
        assert_eq!(references.fill_text("@{open").as_deref(), Ok("@{open"));
    }

    #[test]
    fn a_long_value_cannot_be_named_without_bound() {
        let mut references = References::default();
        let long = json!({ "text": "x".repeat(MAX_FILLED_BYTES / 2) });
        references.add("a", Some(Bytes::from(long.to_string())));
        assert!(references.fill_text("@{a.text}@{a.text}").is_ok());
        assert!(references.fill_text("@{a.text}").is_err());
    }
}
