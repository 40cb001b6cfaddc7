//! Recordings of whole conversations, as the test recorders of Python write them: requests with their answers, in YAML.

use anyhow::{Context as _, Result};
use serde_json::Value;

/// One request and what was answered.
#[derive(Debug, PartialEq)]
pub(crate) struct Exchange {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) body: String,
    pub(crate) status: u16,
    /// The answer's body.
    pub(crate) answer: Value,
}

/// Gives the text of a template by its name.
pub(crate) type Template<'t> = &'t dyn Fn(&str) -> Option<String>;

/// The exchanges of a cassette in order. Those kept in other files are left out.
pub(crate) fn read(text: &str, template: Template<'_>) -> Result<Vec<Exchange>> {
    let cassette: Value = serde_saphyr::from_str(text).context("not a cassette")?;
    let interactions = cassette["interactions"].as_array();
    let exchanges = interactions.into_iter().flatten();
    Ok(exchanges
        .filter_map(|one| exchange(one, template))
        .collect())
}

fn exchange(interaction: &Value, template: Template<'_>) -> Option<Exchange> {
    let (request, response) = (interaction.get("request")?, interaction.get("response")?);
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let uri = text(&request["uri"])?;
    let target = uri.split_once("://")?.1;
    Some(Exchange {
        method: text(&request["method"])?,
        target: target[target.find('/')?..].to_owned(),
        body: unchunked(text(&request["body"]).unwrap_or_default()),
        status: response["status"]["code"].as_u64()?.try_into().ok()?,
        answer: answer(&response["body"]["string"], template)?,
    })
}

/// A body as it is, or a template with what to put in.
fn answer(body: &Value, template: Template<'_>) -> Option<Value> {
    let text = match body.as_str() {
        Some(text) => text.to_owned(),
        None => filled(
            &template(body["include_template"].as_str()?)?,
            &body["vars"],
        ),
    };
    let form = match text.trim_start().chars().next() {
        Some('<') => "xml",
        Some('"') => "csv",
        _ => "json",
    };
    crate::read::parse(&text, form).ok()
}

/// The template with `{name}` and `{name:default}` filled in.
fn filled(template: &str, vars: &Value) -> String {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (place, tail) = after.split_once('}').unwrap_or((after, ""));
        let (name, default) = place.split_once(':').unwrap_or((place, ""));
        filled.push_str(before);
        filled.push_str(vars[name].as_str().unwrap_or(default));
        rest = tail;
    }
    filled + rest
}

/// A body without the marks of chunked transfer, which one of the recorders keeps: the length of each piece in hex.
fn unchunked(body: String) -> String {
    let mut pieces = String::new();
    let mut rest = body.as_str();
    while let Some((length, tail)) = rest.split_once("\r\n") {
        let Ok(length) = usize::from_str_radix(length, 16) else {
            return body;
        };
        let Some((piece, tail)) = tail.split_at_checked(length) else {
            return body;
        };
        pieces.push_str(piece);
        rest = tail.trim_start_matches("\r\n");
    }
    if pieces.is_empty() { body } else { pieces }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn aliases_and_folded_texts_are_read() {
        let text = r#"
version: 1
interactions:
    - include_file: elsewhere.yaml
    - request: &again
          method: GET
          uri: https://org.example/services/data/vxx.0/limits?x=1
          body: null
      response:
          status:
              code: 200
          body:
              string:
                  "{\n  \"a\" :\
                  \ 1\n}"
    - request: *again
      response:
          status: {code: 404}
          body: {string: ''}
"#;
        let read = read(text, &|_| None).expect("a cassette");
        assert_eq!(read.len(), 2);
        assert_eq!(read[0].target, "/services/data/vxx.0/limits?x=1");
        assert_eq!(read[0].answer, json!({ "a": 1 }));
        assert_eq!((read[1].status, &read[1].answer), (404, &Value::Null));
        assert_eq!(read[1].method, "GET");
    }

    #[test]
    fn templates_are_filled() {
        let text = r#"
interactions:
    - request: {method: GET, uri: "https://o.example/x", body: null}
      response: {status: {code: 200}, body: {string: {include_template: t, vars: {id: "7"}}}}
"#;
        let template = |name: &str| (name == "t").then(|| "<a><b>{id}</b><c>{n:0}</c></a>".into());
        let read = read(text, &template).expect("a cassette");
        assert_eq!(read[0].answer, json!({ "a": { "b": "7", "c": "0" } }));
    }

    #[test]
    fn chunks_are_joined() {
        assert_eq!(
            unchunked("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n".to_owned()),
            "abcde"
        );
        assert_eq!(unchunked("{\r\n}".to_owned()), "{\r\n}");
        assert_eq!(unchunked("9\r\nabc".to_owned()), "9\r\nabc");
    }
}
