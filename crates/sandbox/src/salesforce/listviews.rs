//! List views: every object with lists has one, of all its records.
//!
//! `/sobjects/{object}/listviews`, `…/{id}`, `…/{id}/describe` and `…/{id}/results`. Shapes are recorded for results,
//! documented for the others. Views cannot be made or changed.

use serde_json::{Value, json};

use super::{
    Site,
    answer::{self, Answer},
    describe_object::is_listed,
    error::ApiError,
    request::Call,
};
use crate::{
    soql::QueryScope,
    world::{FieldDef, ObjectDef, SfId, parse_datetime},
};

/// Rows of results without a `limit`, and the most there can be (documented).
const USUAL_ROWS: usize = 25;
const MAX_ROWS: usize = 2_000;
/// Columns besides the name, where an object has them.
const COLUMNS: [&str; 9] = [
    "Company",
    "Title",
    "StageName",
    "Amount",
    "CloseDate",
    "Status",
    "Phone",
    "Email",
    "Type",
];
/// Columns every list has without showing them (recorded).
const HIDDEN: [&str; 4] = ["Id", "CreatedDate", "LastModifiedDate", "SystemModstamp"];

/// The one view of an object.
struct View<'w> {
    id: SfId,
    def: &'w ObjectDef,
    shown: Vec<&'w FieldDef>,
    hidden: Vec<&'w FieldDef>,
}

/// Serves what is below `/sobjects/{object}/listviews`.
pub(super) fn serve(
    site: &Site<'_>,
    call: &Call,
    object: &str,
    rest: &[&str],
) -> Result<Answer, ApiError> {
    let view = view(site, call, object).ok_or_else(ApiError::not_found)?;
    let known = |id: &str| id.parse() == Ok(view.id);
    match *rest {
        [] => Ok(answer::ok(&json!({
            "done": true,
            "listviews": [view.entry(call)],
            "nextRecordsUrl": null,
            "size": 1,
            "sobjectType": view.def.name,
        }))),
        [id] if known(id) => Ok(answer::ok(&view.entry(call))),
        [id, "describe"] if known(id) => Ok(answer::ok(&view.describe())),
        [id, "results"] if known(id) => view.results(site, call),
        _ => Err(ApiError::not_found()),
    }
}

fn view<'w>(site: &'w Site<'_>, call: &Call, object: &str) -> Option<View<'w>> {
    let mut objects = site.world.schema().objects();
    let position = objects.position(|def| def.name.eq_ignore_ascii_case(object))?;
    let def = site.world.schema().object(object)?;
    let seen = site.world.object_rights(&call.actor, object).read;
    if !(seen && is_listed(def)) {
        return None;
    }
    let readable = |field: &&FieldDef| {
        let rights = site.world.field_rights(&call.actor, object, &field.name);
        rights.read
    };
    let named = |name: &&str| def.field(name).filter(readable);
    let title = def.fields.iter().find(|field| field.name_field);
    let others = COLUMNS
        .iter()
        .filter_map(named)
        .filter(|field| !field.name_field);
    Some(View {
        id: SfId::from_counter(*b"00B", *b"Td0", position as u64 + 1),
        def,
        shown: title.into_iter().chain(others).collect(),
        hidden: HIDDEN.iter().filter_map(named).collect(),
    })
}

impl View<'_> {
    fn developer_name(&self) -> String {
        format!("All{}", self.def.name.trim_end_matches("__c"))
    }

    fn label(&self) -> String {
        format!("All {}", self.def.label_plural)
    }

    fn entry(&self, call: &Call) -> Value {
        let own = format!(
            "{}/sobjects/{}/listviews/{}",
            call.base(),
            self.def.name,
            self.id
        );
        json!({
            "describeUrl": format!("{own}/describe"),
            "developerName": self.developer_name(),
            "id": self.id,
            "label": self.label(),
            "resultsUrl": format!("{own}/results"),
            "soqlCompatible": true,
            "url": own,
        })
    }

    fn fields(&self) -> impl Iterator<Item = &FieldDef> {
        self.shown.iter().chain(&self.hidden).copied()
    }

    /// The name everything is sorted by.
    fn sorted_by(&self) -> &str {
        self.shown.first().map_or("Id", |field| &field.name)
    }

    fn query(&self) -> String {
        let names: Vec<&str> = self.fields().map(|field| field.name.as_str()).collect();
        let (names, object) = (names.join(", "), &self.def.name);
        let by = self.sorted_by();
        format!("SELECT {names} FROM {object} ORDER BY {by} ASC NULLS FIRST, Id ASC NULLS FIRST")
    }

    fn columns(&self) -> Vec<Value> {
        let hidden = |field: &FieldDef| HIDDEN.contains(&field.name.as_str());
        let column = |field: &FieldDef| {
            let sortable = field.sortable() && !hidden(field);
            let sorted = field.name == self.sorted_by();
            json!({
                "ascendingLabel": sortable.then_some("Z-A"),
                "descendingLabel": sortable.then_some("A-Z"),
                "fieldNameOrPath": field.name,
                "hidden": hidden(field),
                "label": field.label,
                "selectListItem": field.name,
                "sortDirection": sorted.then_some("ascending"),
                "sortIndex": sorted.then_some(0),
                "sortable": sortable,
                "type": field.field_type.describe_name(),
            })
        };
        self.fields().map(column).collect()
    }

    fn describe(&self) -> Value {
        let order = |name: &str| json!({ "fieldNameOrPath": name, "nullsPosition": "first", "sortDirection": "ascending" });
        json!({
            "columns": self.columns(),
            "id": self.id,
            "orderBy": [order(self.sorted_by()), order("Id")],
            "query": self.query(),
            "relatedEntityId": null,
            "scope": "everything",
            "scopeEntityId": null,
            "sobjectType": self.def.name,
            "whereCondition": { "conditions": [], "conjunction": "and" },
        })
    }

    fn results(&self, site: &Site<'_>, call: &Call) -> Result<Answer, ApiError> {
        let limit = number(call, "limit", USUAL_ROWS)?.min(MAX_ROWS);
        let offset = number(call, "offset", 0)?;
        let found = site
            .world
            .query(&call.actor, &self.query(), QueryScope::Live)?;
        let end = found.row_count().min(offset.saturating_add(limit));
        let rows = site.world.render_rows(&found, offset.min(end)..end, "");
        let record = |row: &Value| {
            let cells = self.fields().map(
                |field| json!({ "fieldNameOrPath": field.name, "value": text(&row[&field.name]) }),
            );
            json!({ "columns": cells.collect::<Vec<_>>() })
        };
        Ok(answer::ok(&json!({
            "columns": self.columns(),
            "developerName": self.developer_name(),
            "done": end == found.row_count(),
            "id": self.id,
            "label": self.label(),
            "records": rows.iter().map(record).collect::<Vec<_>>(),
            "size": rows.len(),
        })))
    }
}

fn number(call: &Call, name: &str, usual: usize) -> Result<usize, ApiError> {
    let Some(text) = call.parameters.get(name) else {
        return Ok(usual);
    };
    text.parse().map_err(|_| {
        let message = format!("The value '{text}' of the parameter {name} is not a number");
        ApiError::bad_request("INVALID_INPUT", message)
    })
}

/// A value as a list shows it: text, or null. Times are spelled in words (recorded).
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(match parse_datetime(text) {
            Some(at) if text.contains('T') => at.strftime("%a %b %d %H:%M:%S GMT %Y").to_string(),
            _ => text.clone(),
        }),
        other => Some(other.to_string()),
    }
}
