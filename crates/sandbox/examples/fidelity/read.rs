//! Recordings and answers as JSON, whatever they are written in.
//!
//! A CSV file becomes a map of its columns, an XML text a map of its elements, so that their keys can be compared.

use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value};

use crate::xml;

/// The text as JSON; the media type or the ending of a file says what it is.
pub(crate) fn parse(text: &str, form: &str) -> Result<Value> {
    if text.trim().is_empty() {
        return Ok(Value::Null);
    }
    if form.contains("json") {
        return serde_json::from_str(text).context("not JSON");
    }
    if form.contains("xml") {
        return xml::parse(text);
    }
    if form.contains("csv") {
        return Ok(columns(text));
    }
    bail!("cannot read {form}")
}

/// The first line's columns, each with an empty text.
fn columns(text: &str) -> Value {
    let header = text.lines().next().unwrap_or_default();
    let names = header.split(',').map(|name| name.trim().trim_matches('"'));
    let columns: Map<String, Value> = names.map(|name| (name.to_owned(), "".into())).collect();
    Value::Object(columns)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn csv_is_its_columns() {
        let columns = parse("\"sf__Id\",Name\nx,y\n", "text/csv; charset=UTF-8").expect("CSV");
        assert_eq!(columns, json!({ "sf__Id": "", "Name": "" }));
        assert_eq!(parse(" \n", "json").expect("nothing"), Value::Null);
        assert!(parse("x", "text/html").is_err());
        assert!(parse("{", "json").is_err());
    }
}
