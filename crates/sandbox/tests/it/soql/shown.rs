//! Rows as one line of text: values joined by `|`, a parent in parentheses, children in brackets, null as `-`. Names and
//! `attributes` are left out, the order is kept.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A JSON value in the order it was written.
pub(super) enum Shown {
    Scalar(String),
    /// The values of a record.
    Record(Vec<Shown>),
    /// The records of a list of children.
    Children(Vec<Shown>),
    List(Vec<Shown>),
}

/// The records of an answer in one line.
pub(super) fn lines(records: &str) -> String {
    let shown: Shown = serde_json::from_str(records).expect("JSON");
    let Shown::List(records) = shown else {
        panic!("a list of records");
    };
    if records.is_empty() {
        return "none".to_owned();
    }
    records.iter().map(values).collect::<Vec<_>>().join(", ")
}

fn values(record: &Shown) -> String {
    match record {
        Shown::Record(values) => values.iter().map(text).collect::<Vec<_>>().join("|"),
        other => text(other),
    }
}

fn text(shown: &Shown) -> String {
    match shown {
        Shown::Scalar(text) => text.clone(),
        Shown::Record(_) => format!("({})", values(shown)),
        Shown::Children(records) | Shown::List(records) => {
            let records: Vec<String> = records.iter().map(values).collect();
            format!("[{}]", records.join("; "))
        }
    }
}

impl<'de> Deserialize<'de> for Shown {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Shown, D::Error> {
        deserializer.deserialize_any(ShownVisitor)
    }
}

struct ShownVisitor;

impl<'de> Visitor<'de> for ShownVisitor {
    type Value = Shown;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Shown, E> {
        Ok(Shown::Scalar("-".to_owned()))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Shown, E> {
        Ok(Shown::Scalar(flag.to_string()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Shown, E> {
        Ok(Shown::Scalar(number.to_string()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Shown, E> {
        Ok(Shown::Scalar(number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Shown, E> {
        Ok(Shown::Scalar(format!("{number:?}")))
    }

    fn visit_str<E>(self, text: &str) -> Result<Shown, E> {
        Ok(Shown::Scalar(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Shown, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Shown::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Shown, A::Error> {
        let mut values = Vec::new();
        let mut children = None;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "attributes" | "totalSize" | "done" => drop(map.next_value::<IgnoredAny>()?),
                "records" => children = Some(map.next_value::<Shown>()?),
                _ => values.push(map.next_value()?),
            }
        }
        Ok(match children {
            Some(Shown::List(records)) => Shown::Children(records),
            _ => Shown::Record(values),
        })
    }
}
