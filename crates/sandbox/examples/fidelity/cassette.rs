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
    /// The answer's body, when it is in the cassette and is JSON.
    pub(crate) answer: Option<Value>,
}

/// The exchanges of a cassette in order. Those kept in other files are left out.
pub(crate) fn read(text: &str) -> Result<Vec<Exchange>> {
    let cassette: Value = serde_saphyr::from_str(text).context("not a cassette")?;
    let interactions = cassette["interactions"].as_array();
    let exchanges = interactions.into_iter().flatten().filter_map(exchange);
    Ok(exchanges.collect())
}

fn exchange(interaction: &Value) -> Option<Exchange> {
    let (request, response) = (interaction.get("request")?, interaction.get("response")?);
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let uri = text(&request["uri"])?;
    let target = uri.split_once("://")?.1;
    let answer = response["body"]["string"].as_str().unwrap_or_default();
    Some(Exchange {
        method: text(&request["method"])?,
        target: target[target.find('/')?..].to_owned(),
        body: text(&request["body"]).unwrap_or_default(),
        status: response["status"]["code"].as_u64()?.try_into().ok()?,
        answer: serde_json::from_str(answer).ok(),
    })
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
        let read = read(text).expect("a cassette");
        assert_eq!(read.len(), 2);
        assert_eq!(read[0].target, "/services/data/vxx.0/limits?x=1");
        assert_eq!(read[0].answer, Some(json!({ "a": 1 })));
        assert_eq!((read[1].status, &read[1].answer), (404, &None));
        assert_eq!(read[1].method, "GET");
    }
}
