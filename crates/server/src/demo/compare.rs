//! Both sides, field by field: the org's own dump against what the API shows of the workspace.
//!
//! It asks neither the engine nor the connector nor the store, so that it can judge them, and works from outside of the
//! process. A value of the org is brought to the API's spelling by the JSON type it has, which is all that the mapped
//! fields of the demo need.

use super::browser::Browser;
use crate::cli::Failure;
use crate::cli::failure::Kind;
use axum::http::Method;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tandem_core::Decimal;

/// Differences told in full; the rest is only counted.
const TOLD_MAX: usize = 20;
/// Records of one page of a list.
const PAGE_ROWS: usize = 200;

/// What comparing found.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Comparison {
    /// Records of the org that should be here.
    pub records: usize,
    /// Fields compared.
    pub fields: usize,
    /// Fields that differ, and records that one side lacks.
    pub differences: usize,
    /// The first of them.
    pub told: Vec<String>,
}

/// Compares every mapped field of every record; `dump` gives all records of an object of the org.
///
/// # Errors
/// One of the sides does not answer, or two records here claim to be one of the org.
pub async fn compare(
    browser: &Browser,
    dump: impl AsyncFn(&str) -> Result<Vec<Value>, Failure>,
) -> Result<Comparison, Failure> {
    let mappings = browser
        .call(Method::GET, "/api/admin/mappings", &Value::Null)
        .await?;
    let mappings = mappings.as_array().map_or(&[][..], Vec::as_slice);
    let in_force: Vec<&Value> = mappings
        .iter()
        .filter(|mapping| !mapping["published_at"].is_null())
        .collect();
    let kinds: BTreeSet<&str> = in_force.iter().filter_map(|m| m["kind"].as_str()).collect();
    let ours = Workspace::read(browser, &kinds).await?;
    let mut found = Comparison::default();
    for mapping in in_force {
        let object = mapping["object"].as_str().unwrap_or_default();
        for theirs in dump(object).await? {
            found.records += 1;
            let id = theirs["Id"].as_str().unwrap_or_default();
            match ours.linked.get(id) {
                Some(row) => found.record(mapping, row, &theirs, &ours),
                None => found.differs(format!("{object} {id} is not in the workspace")),
            }
        }
    }
    let linked = ours.linked.len();
    if linked != found.records {
        let text = format!("{linked} linked records here, {} in the org", found.records);
        found.differs(text);
    }
    Ok(found)
}

impl Comparison {
    /// Both sides agree, and there was something to agree on.
    pub fn agree(&self) -> bool {
        self.differences == 0 && self.fields > 0
    }

    fn record(&mut self, mapping: &Value, row: &Value, theirs: &Value, ours: &Workspace) {
        let object = text(&mapping["object"]);
        let name = text(&row["name"]);
        if row["link"] != "linked" {
            self.differs(format!("{object} {name} is not settled: {}", row["link"]));
        }
        let rules = mapping["rows"].as_array().into_iter().flatten();
        for rule in rules.filter(|rule| rule["problem"].is_null()) {
            self.fields += 1;
            let (field, crm_field) = (text(&rule["workspace"]), text(&rule["crm"]));
            let here = ours.text(&row["fields"][&field]);
            let there = text_of_org(&theirs[&crm_field]);
            if here != there {
                self.differs(format!(
                    "{object} {name} {field}: “{here}” here, “{there}” in the org"
                ));
            }
        }
    }

    fn differs(&mut self, text: String) {
        self.differences += 1;
        if self.told.len() < TOLD_MAX {
            self.told.push(text);
        }
    }
}

/// The records here that are linked, and what their references mean in the org.
struct Workspace {
    /// By CRM id.
    linked: BTreeMap<String, Value>,
    /// `account 12` to its CRM id.
    crm_ids: HashMap<String, String>,
}

impl Workspace {
    async fn read(browser: &Browser, kinds: &BTreeSet<&str>) -> Result<Self, Failure> {
        let (mut linked, mut crm_ids) = (BTreeMap::new(), HashMap::new());
        for kind in kinds {
            for row in rows(browser, &format!("/api/admin/records/{kind}")).await? {
                // What was taken apart remembers where it came from, and moves no more.
                let Some(id) = row["crm_id"].as_str().filter(|_| row["link"] != "unlinked") else {
                    continue;
                };
                let id = id.to_owned();
                crm_ids.insert(format!("{kind} {}", row["id"]), id.clone());
                if linked.insert(id.clone(), row).is_some() {
                    let text = format!("two records here claim to be {id}");
                    return Err(Failure::new(Kind::Failed, text));
                }
            }
        }
        Ok(Self { linked, crm_ids })
    }

    /// A value of ours as the org would show it; a checkbox that is not set is as good as nothing.
    fn text(&self, value: &Value) -> String {
        match value {
            Value::Bool(false) => String::new(),
            Value::String(text) => self.crm_ids.get(text).unwrap_or(text).clone(),
            Value::Array(choices) => choices.iter().map(text).collect::<Vec<_>>().join(";"),
            other => text(other),
        }
    }
}

/// Every row of a list, page by page.
///
/// # Errors
/// The server does not answer.
pub async fn rows(browser: &Browser, path: &str) -> Result<Vec<Value>, Failure> {
    let mut rows = Vec::new();
    let mut cursor = String::new();
    let joint = if path.contains('?') { '&' } else { '?' };
    loop {
        let path = format!("{path}{joint}limit={PAGE_ROWS}{cursor}");
        let mut page = browser.call(Method::GET, &path, &Value::Null).await?;
        if let Value::Array(found) = page["rows"].take() {
            rows.extend(found);
        }
        let Some(next) = page["next"].as_str() else {
            return Ok(rows);
        };
        let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
        cursor = format!("&cursor={next}");
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn text_of_org(value: &Value) -> String {
    match value {
        Value::Bool(false) => String::new(),
        Value::String(text) => text.replace("\r\n", "\n"),
        Value::Number(number) => number.to_string().parse::<Decimal>().map_or_else(
            |_| number.to_string(),
            |number| number.normalize().to_string(),
        ),
        other => text(other),
    }
}
