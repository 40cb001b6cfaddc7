//! Both sides, field by field: the org's own dump against the workspace.
//!
//! It asks neither the engine nor the connector. A value of the org is brought to the workspace's
//! spelling by the JSON type it has, which is all that the mapped fields of the demo need.

use super::stage::Stage;
use crate::app::AppError;
use crate::cli::Failure;
use crate::cli::failure::Kind;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use tandem_core::Decimal;
use tandem_core::ids::TeamId;
use tandem_core::mapping::PairRules;
use tandem_core::store::SyncStore as _;
use tandem_core::value::{Reference, Value as Ours};
use tandem_store::views::{LinkStatus, PAGE_ROWS_MAX, PageRequest, RecordFilter, RecordRow};

/// Differences told in full; the rest is only counted.
const TOLD_MAX: usize = 20;

/// What comparing found.
#[derive(Debug, Default, serde::Serialize)]
pub(super) struct Comparison {
    /// Records of the org that should be here.
    pub(super) records: usize,
    /// Fields compared.
    pub(super) fields: usize,
    /// Fields that differ, and records that one side lacks.
    pub(super) differences: usize,
    /// The first of them.
    pub(super) told: Vec<String>,
}

/// Compares every mapped field of every record.
pub(super) async fn compare(stage: &Stage, team: TeamId) -> Result<Comparison, Failure> {
    let store = stage.app().store();
    let rules = store.rules(team).await.map_err(AppError::from)?;
    let ours = workspace(stage, team).await?;
    let crm_ids: HashMap<i64, String> = ours
        .values()
        .filter_map(|row| Some((row.id.0, crm_id(row)?)))
        .collect();
    let mut found = Comparison::default();
    for pair in &rules.pairs {
        let path = format!("/control/records/{}?limit=10000", pair.object);
        let dump = stage.org().steer("GET", &path, &Value::Null)?;
        for theirs in dump["records"].as_array().into_iter().flatten() {
            found.records += 1;
            let id = theirs["Id"].as_str().unwrap_or_default();
            match ours.get(id) {
                Some(row) => found.record(pair, row, theirs, &crm_ids),
                None => found.differs(format!("{} {id} is not in the workspace", pair.object)),
            }
        }
    }
    let linked = ours.len();
    if linked != found.records {
        let text = format!("{linked} linked records here, {} in the org", found.records);
        found.differs(text);
    }
    Ok(found)
}

impl Comparison {
    /// Both sides agree, and there was something to agree on.
    pub(super) fn agree(&self) -> bool {
        self.differences == 0 && self.fields > 0
    }

    fn record(
        &mut self,
        pair: &PairRules,
        row: &RecordRow,
        theirs: &Value,
        crm_ids: &HashMap<i64, String>,
    ) {
        let status = row.link.as_ref().map(|link| link.status);
        if status != Some(LinkStatus::Linked) {
            self.differs(format!(
                "{} {} is not settled: {status:?}",
                pair.object, row.name
            ));
        }
        for rule in &pair.fields {
            self.fields += 1;
            let mapping = &rule.mapping;
            let here = text_of(row.fields.get(&mapping.workspace), crm_ids);
            let there = text_of_json(&theirs[&mapping.crm]);
            if here != there {
                self.differs(format!(
                    "{} {} {}: “{here}” here, “{there}” in the org",
                    pair.object, row.name, mapping.workspace
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

/// The linked records by CRM id.
async fn workspace(stage: &Stage, team: TeamId) -> Result<BTreeMap<String, RecordRow>, Failure> {
    let mut records = BTreeMap::new();
    let mut request = PageRequest::first(PAGE_ROWS_MAX);
    loop {
        let page = stage
            .app()
            .store()
            .records(team, &RecordFilter::default(), &request)
            .await;
        let page = page.map_err(AppError::from)?;
        for row in page.rows {
            if let Some(id) = crm_id(&row) {
                let twice = records.insert(id.clone(), row);
                if twice.is_some() {
                    let text = format!("two records here claim to be {id}");
                    return Err(Failure::new(Kind::Failed, text));
                }
            }
        }
        match page.next {
            Some(cursor) => request = PageRequest::after(cursor, PAGE_ROWS_MAX),
            None => return Ok(records),
        }
    }
}

fn crm_id(row: &RecordRow) -> Option<String> {
    let id = row.link.as_ref()?.crm.as_ref()?;
    Some(id.to_string())
}

fn text_of(value: Option<&Ours>, crm_ids: &HashMap<i64, String>) -> String {
    match value {
        None | Some(Ours::Null | Ours::Bool(false)) => String::new(),
        Some(Ours::Reference(Reference::Workspace(_, id))) => crm_ids
            .get(&id.0)
            .cloned()
            .unwrap_or_else(|| format!("record {id}")),
        Some(other) => other.to_string(),
    }
}

/// A checkbox that is not set is as good as nothing.
fn text_of_json(value: &Value) -> String {
    match value {
        Value::Null | Value::Bool(false) => String::new(),
        Value::String(text) => text.replace("\r\n", "\n"),
        Value::Number(number) => number.to_string().parse::<Decimal>().map_or_else(
            |_| number.to_string(),
            |number| number.normalize().to_string(),
        ),
        other => other.to_string(),
    }
}
