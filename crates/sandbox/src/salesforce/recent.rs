//! The records a user looked at last, which their tab pages and `/recent` show.
//!
//! The API notes a record only when the client asks for it with `Sforce-Mru: updateMru=true` (general knowledge). The
//! lists end with the process.

use std::collections::{HashMap, VecDeque};

use serde_json::{Value, json};

use super::{
    Site,
    answer::{self, Answer},
    error::ApiError,
    request::Call,
};
use crate::world::SfId;

/// Most records kept for a user, and most that `/recent` lists.
const MAX_ITEMS: usize = 200;

/// The last records of each user, the latest first.
#[derive(Debug, Default)]
pub(super) struct Recent {
    of_user: HashMap<SfId, VecDeque<SfId>>,
}

impl Recent {
    fn add(&mut self, user: SfId, record: SfId) {
        let items = self.of_user.entry(user).or_default();
        items.retain(|item| *item != record);
        items.push_front(record);
        items.truncate(MAX_ITEMS);
    }
}

/// Notes the record when the client asks for it.
pub(super) fn note(site: &mut Site<'_>, call: &Call, id: &str) {
    let asked = call
        .header("sforce-mru")
        .is_some_and(|value| value.eq_ignore_ascii_case("updateMru=true"));
    if let Some(id) = id.parse().ok().filter(|_| asked) {
        site.desk.recent.add(call.actor.user, id);
    }
}

/// `GET /recent[?limit=]`.
pub(super) fn list(site: &Site<'_>, call: &Call) -> Result<Answer, ApiError> {
    let limit = match call.parameters.get("limit") {
        None => MAX_ITEMS,
        Some(text) => text.parse().map_err(|_| {
            let message = format!("The value '{text}' of the parameter limit is not a number");
            ApiError::bad_request("INVALID_INPUT", message)
        })?,
    };
    let mut items = items(site, call, None);
    items.truncate(limit);
    Ok(answer::ok(&items))
}

/// The records of one object, or of all, that are still there for the user: `attributes`, `Id` and the name.
pub(super) fn items(site: &Site<'_>, call: &Call, object: Option<&str>) -> Vec<Value> {
    let noted = site.desk.recent.of_user.get(&call.actor.user);
    let shown = |id: &SfId| {
        let def = site.world.schema().object_by_prefix(id.key_prefix())?;
        if object.is_some_and(|object| !def.name.eq_ignore_ascii_case(object)) {
            return None;
        }
        let name = def.fields.iter().find(|field| field.name_field)?;
        let fields = ["Id", name.name.as_str()];
        let base = call.base();
        let row = site.world.retrieve(
            &call.actor,
            &def.name,
            &id.to_string(),
            Some(&fields),
            &base,
        );
        let row = row.ok().flatten()?;
        // Whatever the field that is the name is called, it shows as Name (recorded).
        Some(json!({ "attributes": row["attributes"], "Id": row["Id"], "Name": row[fields[1]] }))
    };
    noted.into_iter().flatten().filter_map(shown).collect()
}
