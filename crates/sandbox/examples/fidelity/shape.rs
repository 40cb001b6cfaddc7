//! The shape of JSON: which keys there are, at any depth, and of what types their values are.
//!
//! The elements of a list are one shape together: a key counts as there when one of them has it. In the lists of
//! [`NAMED`] each element is told apart by its name. Null says nothing about a type, an empty list nothing about its
//! elements, so neither differs from anything.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde_json::Value;

/// Lists whose elements have names, and the keys their names are in.
const NAMED: [(&str, &[&str]); 5] = [
    ("fields", &["name"]),
    ("sobjects", &["name"]),
    ("childRelationships", &["childSObject", "field"]),
    ("supportedScopes", &["name"]),
    ("picklistValues", &["value"]),
];

/// A JSON type other than null.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Boolean,
    Number,
    Text,
    List,
    Map,
}

/// See the module documentation.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Shape {
    kinds: BTreeSet<Kind>,
    /// Keys of maps, and named elements of lists as `[name]`.
    keys: BTreeMap<String, Shape>,
    elements: Option<Box<Shape>>,
}

/// What differs at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// `$.fields[Name].length`, `$.records[].Id`.
    pub(crate) path: String,
    pub(crate) what: What,
}

/// How it differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// Recorded, but not ours.
    Missing,
    /// Ours, but not recorded.
    Extra,
    /// Of other types.
    Type,
    /// Of another value: the recorded one and ours.
    Value(String, String),
    /// Another HTTP status: the recorded one and ours.
    Status(u16, u16),
    /// No answer to compare with, and why.
    Failed(String),
}

impl What {
    /// The word the plan has for it.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            What::Missing => "missing",
            What::Extra => "extra",
            What::Type => "type",
            What::Value(..) => "value",
            What::Status(..) => "status",
            What::Failed(_) => "failed",
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<8}{}", self.what.word(), self.path)?;
        match &self.what {
            What::Value(recorded, ours) => write!(f, "  recorded {recorded}, ours {ours}"),
            What::Status(recorded, ours) => write!(f, "  recorded {recorded}, ours {ours}"),
            What::Failed(why) => write!(f, "  {why}"),
            _ => Ok(()),
        }
    }
}

impl Shape {
    pub(crate) fn of(value: &Value) -> Shape {
        let mut shape = Shape::default();
        shape.absorb(value, "");
        shape
    }

    /// How many keys and elements it tells apart.
    pub(crate) fn size(&self) -> usize {
        let below = self.keys.values().chain(self.elements.as_deref());
        1 + below.map(Shape::size).sum::<usize>()
    }

    fn absorb(&mut self, value: &Value, under: &str) {
        match value {
            Value::Null => {}
            Value::Bool(_) => drop(self.kinds.insert(Kind::Boolean)),
            Value::Number(_) => drop(self.kinds.insert(Kind::Number)),
            Value::String(_) => drop(self.kinds.insert(Kind::Text)),
            Value::Object(map) => {
                self.kinds.insert(Kind::Map);
                for (key, value) in map {
                    self.keys.entry(key.clone()).or_default().absorb(value, key);
                }
            }
            Value::Array(elements) => {
                self.kinds.insert(Kind::List);
                for element in elements {
                    self.absorb_element(element, under);
                }
            }
        }
    }

    fn absorb_element(&mut self, element: &Value, under: &str) {
        match name_of(element, under) {
            Some(name) => self.keys.entry(format!("[{name}]")).or_default(),
            None => self.elements.get_or_insert_default(),
        }
        .absorb(element, "");
    }
}

/// The name of an element in a list under this key, where such lists have names.
fn name_of(element: &Value, under: &str) -> Option<String> {
    let (_, keys) = NAMED.iter().find(|(list, _)| *list == under)?;
    let parts = keys.iter().map(|key| element.get(key)?.as_str());
    Some(parts.collect::<Option<Vec<_>>>()?.join("."))
}

/// What of the recorded shape is missing or different in ours, and what ours has besides.
pub(crate) fn compare(recorded: &Shape, ours: &Shape) -> Vec<Difference> {
    let mut found = Vec::new();
    walk(recorded, ours, "$", &mut found);
    found
}

fn walk(recorded: &Shape, ours: &Shape, path: &str, found: &mut Vec<Difference>) {
    if recorded.kinds.is_empty() || ours.kinds.is_empty() {
        return;
    }
    let mut tell = |path: String, what| found.push(Difference { path, what });
    if recorded.kinds.is_disjoint(&ours.kinds) {
        tell(path.to_owned(), What::Type);
        return;
    }
    let recorded_has_elements = !recorded.keys.is_empty();
    for key in recorded
        .keys
        .keys()
        .filter(|key| !ours.keys.contains_key(*key))
    {
        tell(step(path, key), What::Missing);
    }
    for key in ours
        .keys
        .keys()
        .filter(|key| !recorded.keys.contains_key(*key))
    {
        // A named list that was recorded empty says nothing, like any other.
        if recorded_has_elements || !key.starts_with('[') {
            tell(step(path, key), What::Extra);
        }
    }
    for (key, recorded) in &recorded.keys {
        if let Some(ours) = ours.keys.get(key) {
            walk(recorded, ours, &step(path, key), found);
        }
    }
    if let (Some(recorded), Some(ours)) = (&recorded.elements, &ours.elements) {
        walk(recorded, ours, &format!("{path}[]"), found);
    }
}

fn step(path: &str, key: &str) -> String {
    if key.starts_with('[') {
        format!("{path}{key}")
    } else {
        format!("{path}.{key}")
    }
}

/// Where the values under some keys differ. Elements of lists are matched by name or, without one, by position.
pub(crate) fn compare_values(recorded: &Value, ours: &Value, keys: &[String]) -> Vec<Difference> {
    let mut found = Vec::new();
    pairs(
        recorded,
        ours,
        &mut Vec::new(),
        &mut |path, recorded, ours| {
            let key = path.last().map(String::as_str).unwrap_or_default();
            if keys.iter().any(|wanted| wanted == key) && recorded != ours {
                let steps = path
                    .iter()
                    .fold("$".to_owned(), |path, key| step(&path, key));
                let what = What::Value(recorded.to_string(), ours.to_string());
                found.push(Difference { path: steps, what });
            }
        },
    );
    found
}

/// Calls `tell` with every pair of single values (no maps or lists) at the same place, and the place's keys.
pub(crate) fn pairs(
    recorded: &Value,
    ours: &Value,
    path: &mut Vec<String>,
    tell: &mut impl FnMut(&[String], &Value, &Value),
) {
    match (recorded, ours) {
        (Value::Object(recorded), Value::Object(ours)) => {
            for (key, recorded) in recorded {
                if let Some(ours) = ours.get(key) {
                    path.push(key.clone());
                    pairs(recorded, ours, path, tell);
                    path.pop();
                }
            }
        }
        (Value::Array(recorded), Value::Array(ours)) => {
            let under = path.last().cloned().unwrap_or_default();
            for (index, element) in recorded.iter().enumerate() {
                let name = name_of(element, &under);
                let same = |other: &&Value| name_of(other, &under) == name;
                let partner = match name {
                    Some(_) => ours.iter().find(same),
                    None => ours.get(index),
                };
                if let Some(partner) = partner {
                    path.push(format!("[{}]", name.unwrap_or_default()));
                    pairs(element, partner, path, tell);
                    path.pop();
                }
            }
        }
        (Value::Object(_) | Value::Array(_), _) | (_, Value::Object(_) | Value::Array(_)) => {}
        (recorded, ours) => tell(path, recorded, ours),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn differences(recorded: &Value, ours: &Value) -> Vec<String> {
        let found = compare(&Shape::of(recorded), &Shape::of(ours));
        found
            .iter()
            .map(|one| format!("{} {}", one.what.word(), one.path))
            .collect()
    }

    #[test]
    fn the_same_shape_has_no_differences() {
        let recorded = json!({ "a": 1, "b": [{ "c": "x" }, { "d": null }], "e": null, "f": [] });
        let ours = json!({ "a": 2.5, "b": [{ "c": "y", "d": 1 }], "e": {"any": 1}, "f": [1] });
        assert_eq!(differences(&recorded, &ours), Vec::<String>::new());
        assert_eq!(Shape::of(&recorded).size(), 8);
    }

    #[test]
    fn keys_and_types_are_told_with_their_paths() {
        let recorded = json!({ "a": { "x": 1 }, "b": [{ "c": 1 }], "t": "text" });
        let ours = json!({ "a": { "y": 1 }, "b": [{ "c": "1" }], "t": "text" });
        assert_eq!(
            differences(&recorded, &ours),
            ["missing $.a.x", "extra $.a.y", "type $.b[].c"]
        );
    }

    #[test]
    fn named_elements_are_told_apart() {
        let field = |name: &str| json!({ "name": name, "length": 1 });
        let recorded = json!({ "fields": [field("A"), field("B")] });
        let ours = json!({ "fields": [field("B"), { "name": "C" }] });
        assert_eq!(
            differences(&recorded, &ours),
            ["missing $.fields[A]", "extra $.fields[C]"]
        );
    }

    #[test]
    fn values_are_compared_where_asked() {
        let recorded = json!([{ "errorCode": "A", "message": "m" }]);
        let ours = json!([{ "errorCode": "B", "message": "n" }]);
        let keys = ["errorCode".to_owned()];
        let found = compare_values(&recorded, &ours, &keys);
        let what = What::Value("\"A\"".to_owned(), "\"B\"".to_owned());
        assert_eq!(
            found,
            [Difference {
                path: "$[].errorCode".to_owned(),
                what
            }]
        );
        let field = |length: u32| json!({ "fields": [{ "name": "N", "length": length }] });
        let found = compare_values(&field(1), &field(2), &["length".to_owned()]);
        assert_eq!(found[0].path, "$.fields[N].length");
    }
}
