//! XML as JSON: an element is a map of its elements or, without any, its text; elements of the same name are a list.

use anyhow::{Context as _, Result, bail};
use quick_xml::{Reader, events::Event};
use serde_json::{Map, Value};

/// Deepest nesting that is read.
const MAX_DEPTH: usize = 50;

/// The text as a map with the one key of its outermost element.
pub(crate) fn parse(text: &str) -> Result<Value> {
    let mut reader = Reader::from_str(text);
    element(&mut reader, 0)
}

/// What is inside of an element, up to its end.
fn element(reader: &mut Reader<&[u8]>, depth: usize) -> Result<Value> {
    if depth > MAX_DEPTH {
        bail!("too deep");
    }
    let (mut children, mut text) = (Map::new(), String::new());
    loop {
        match reader.read_event().context("not XML")? {
            Event::Start(start) => {
                let name = start.local_name().as_ref().to_owned();
                let inner = element(reader, depth + 1)?;
                add(&mut children, name, inner);
            }
            Event::Empty(start) => {
                let name = start.local_name().as_ref().to_owned();
                add(&mut children, name, Value::Null);
            }
            Event::Text(piece) => text.push_str(&piece),
            Event::End(_) | Event::Eof => break,
            _ => {}
        }
    }
    Ok(if children.is_empty() {
        text.into()
    } else {
        Value::Object(children)
    })
}

fn add(children: &mut Map<String, Value>, name: String, inner: Value) {
    match children.get_mut(&name) {
        None => drop(children.insert(name, inner)),
        Some(Value::Array(list)) => list.push(inner),
        Some(one) => *one = Value::Array(vec![one.take(), inner]),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn elements_are_keys() {
        let text =
            "<?xml version=\"1.0\"?>\n<a xmlns=\"u\">\n <b>1</b><b>2</b><c/><x:d>t</x:d></a>";
        let parsed = parse(text).expect("XML");
        assert_eq!(
            parsed,
            json!({ "a": { "b": ["1", "2"], "c": null, "d": "t" } })
        );
        assert!(parse("<a></b>").is_err());
        assert!(parse(&"<a>".repeat(100)).is_err());
    }
}
