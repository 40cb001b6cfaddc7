//! Was it undone exactly? By what both sides show to anybody.

use super::story::Lead;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Faults told in full.
const TOLD_MAX: usize = 20;
/// What every change moves; all other fields are compared.
const STAMPS: [&str; 4] = [
    "SystemModstamp",
    "LastModifiedDate",
    "LastModifiedById",
    "attributes",
];

/// Records whose title is another.
pub(super) fn rewritten(before: &[Value], now: &[Value]) -> u64 {
    let pairs = before.iter().zip(now);
    pairs.filter(|(a, b)| a["Title"] != b["Title"]).count() as u64
}

/// The preview must name just those that people edited, and put back all others.
pub(super) fn preview(
    preview: &Value,
    leads: &[Lead],
    typed: &BTreeMap<String, String>,
) -> Vec<String> {
    let mut faults = Faults::default();
    let (expected, promised) = (leads.len() - typed.len(), &preview["records_restored"]);
    if promised.as_u64() != Some(expected as u64) {
        faults.told(format!(
            "the preview puts back {promised} records, not {expected}"
        ));
    }
    let lines = preview["lines"].as_array().into_iter().flatten();
    let kept = lines.filter(|line| line["verdict"] == "kept");
    let named: BTreeSet<i64> = kept.filter_map(|line| line["record"].as_i64()).collect();
    let edited = leads.iter().filter(|lead| typed.contains_key(&lead.crm));
    let edited: BTreeSet<i64> = edited.map(|lead| lead.id).collect();
    for id in edited.symmetric_difference(&named) {
        let how = if named.contains(id) {
            "without need"
        } else {
            "not"
        };
        faults.told(format!("record {id} is {how} named as left alone"));
    }
    faults.0
}

/// Every record: as before, or as it was typed; on both sides.
pub(super) fn records(
    before: &[Value],
    there: &[Value],
    here: &[(Lead, String)],
    typed: &BTreeMap<String, String>,
) -> Vec<String> {
    let mut faults = Faults::default();
    let here: BTreeMap<&str, &str> = here
        .iter()
        .map(|(lead, title)| (lead.crm.as_str(), title.as_str()))
        .collect();
    if (before.len(), here.len()) != (there.len(), before.len()) {
        let counts = (before.len(), there.len(), here.len());
        faults.told(format!("records before, in the CRM and here: {counts:?}"));
    }
    for (old, new) in before.iter().zip(there) {
        let id = old["Id"].as_str().unwrap_or_default();
        let mut expected = without_stamps(old);
        if let Some(title) = typed.get(id) {
            expected.insert("Title", title.as_str().into());
        }
        if without_stamps(new) != expected {
            faults.told(format!("{id} is {new} in the CRM, and was {old}"));
        }
        let title = expected["Title"].as_str().unwrap_or_default();
        let ours = here.get(id).copied();
        if ours != Some(title) {
            faults.told(format!("{id} has the title {ours:?} here, not “{title}”"));
        }
    }
    faults.0
}

fn without_stamps(record: &Value) -> BTreeMap<&str, Value> {
    let fields = record.as_object().into_iter().flatten();
    let fields = fields.map(|(name, value)| (name.as_str(), value.clone()));
    fields.filter(|(name, _)| !STAMPS.contains(name)).collect()
}

#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    fn told(&mut self, text: String) {
        if self.0.len() < TOLD_MAX {
            self.0.push(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn lead(id: i64, crm: &str) -> Lead {
        Lead {
            id,
            crm: crm.into(),
        }
    }

    fn records_of(titles: [&str; 2], stamp: i64) -> Vec<Value> {
        let of = |(id, title)| json!({"Id": id, "Title": title, "City": "Bonn", "SystemModstamp": stamp});
        ["a", "b"].into_iter().zip(titles).map(of).collect()
    }

    #[test]
    fn a_record_is_as_before_or_as_it_was_typed() {
        let before = records_of(["x", "y"], 1);
        let typed = BTreeMap::from([("b".to_owned(), "typed".to_owned())]);
        let here = |titles: [&str; 2]| {
            vec![
                (lead(1, "a"), titles[0].to_owned()),
                (lead(2, "b"), titles[1].to_owned()),
            ]
        };
        let good = records_of(["x", "typed"], 2);
        assert_eq!(
            records(&before, &good, &here(["x", "typed"]), &typed),
            [""; 0]
        );
        assert_eq!(records(&before, &good, &here(["x", "y"]), &typed).len(), 1);
        let bad = records_of(["x", "y"], 2);
        assert_eq!(
            records(&before, &bad, &here(["z", "typed"]), &typed).len(),
            2
        );
        let mut other = good.clone();
        other[0]["City"] = json!("Köln");
        assert_eq!(
            records(&before, &other, &here(["x", "typed"]), &typed).len(),
            1
        );
        assert_eq!(
            records(&before, &good[..1], &here(["x", "typed"]), &typed).len(),
            1
        );
    }

    #[test]
    fn a_preview_names_those_that_were_edited_and_no_others() {
        let leads = [lead(1, "a"), lead(2, "b")];
        let typed = BTreeMap::from([("b".to_owned(), "typed".to_owned())]);
        let said = |restored: u64, kept: i64| {
            json!({
                "records_restored": restored,
                "lines": [{"verdict": "restore", "record": 1}, {"verdict": "kept", "record": kept}]
            })
        };
        assert_eq!(preview(&said(1, 2), &leads, &typed), [""; 0]);
        assert_eq!(preview(&said(2, 2), &leads, &typed).len(), 1);
        assert_eq!(preview(&said(1, 1), &leads, &typed).len(), 2);
    }
}
