//! An answer from which rows went missing: what a time-out or a stalled job behind the API leaves.

use serde_json::Value;

/// Takes rows from the middle of every query's page in a JSON text, so that nothing shows at its ends.
/// Counts stay as they were. With `unfinished` the pages also say that they are not the last. `None` if the
/// text holds no such page.
pub(crate) fn lose_rows(text: &[u8], rows: u32, unfinished: bool) -> Option<Vec<u8>> {
    let mut answer: Value = serde_json::from_slice(text).ok()?;
    lose(&mut answer, rows as usize, unfinished).then(|| answer.to_string().into_bytes())
}

fn lose(value: &mut Value, rows: usize, unfinished: bool) -> bool {
    if let Some(records) = records(value) {
        let kept = records.len().saturating_sub(rows);
        records.drain(kept.div_ceil(2)..records.len() - kept / 2);
        if unfinished {
            value["done"] = Value::Bool(false);
        }
        return true;
    }
    let parts: Vec<&mut Value> = match value {
        Value::Array(items) => items.iter_mut().collect(),
        Value::Object(fields) => fields.values_mut().collect(),
        _ => Vec::new(),
    };
    let mut any = false;
    for part in parts {
        any |= lose(part, rows, unfinished);
    }
    any
}

/// The rows of a query's page.
fn records(value: &mut Value) -> Option<&mut Vec<Value>> {
    value.get("totalSize")?;
    value.get_mut("records")?.as_array_mut()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rows_go_from_the_middle_of_every_page_and_counts_stay() {
        let page =
            |records: &[u32], done| json!({"totalSize": 4, "done": done, "records": records});
        let part = |body| json!({"body": body, "httpStatusCode": 200});
        let answer =
            json!({"compositeResponse": [part(page(&[1, 2, 3, 4], true)), part(json!([]))]});
        for (rows, unfinished, left) in [
            (1, false, &[1, 2, 4][..]),
            (2, true, &[1, 4]),
            (9, false, &[]),
        ] {
            let text = lose_rows(answer.to_string().as_bytes(), rows, unfinished);
            let lost: Value = serde_json::from_slice(&text.expect("a page")).expect("JSON");
            assert_eq!(
                lost["compositeResponse"][0]["body"],
                page(left, !unfinished)
            );
        }
        assert_eq!(lose_rows(b"[1]", 1, false), None);
        assert_eq!(lose_rows(b"<html>", 1, false), None);
    }
}
