//! `/composite/tree/{object}`: new records with their children, all or none of them.
//!
//! Records are created level by level, so parents are there when their children are; results are in that order
//! (documented). The first level with a failure is the last one tried.

use std::collections::{BTreeSet, HashSet};

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Site,
    answer::{self, Answer},
    dml::{self, Fields},
    error::ApiError,
    records::check_object,
    request::Call,
};
use crate::world::{DmlError, SfId};

/// Most records of one request, in all trees together (documented).
const MAX_RECORDS: usize = 200;
/// Most levels of a tree (documented).
const MAX_LEVELS: usize = 5;
/// Most objects in one request (documented).
const MAX_OBJECTS: usize = 5;

/// A list of records, at the top and at every relationship.
#[derive(Debug, Deserialize)]
struct Records {
    records: Vec<Fields>,
}

/// A record on its way, its children taken out.
#[derive(Debug)]
struct Node {
    reference: String,
    object: String,
    fields: Fields,
    /// The reference field and the position of the parent one level up.
    parent: Option<(String, usize)>,
}

/// What became of a record.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    reference_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<SfId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<DmlError>,
}

/// `POST /composite/tree/{object}`.
pub(super) fn create(site: &mut Site<'_>, call: &Call, object: &str) -> Result<Answer, ApiError> {
    check_object(site, call, object)?;
    let Records { records } = call.json()?;
    let levels = match plant(site, object, records) {
        Ok(levels) => levels,
        Err((reference, error)) => return Ok(refused(&reference, &error)),
    };
    let done = site.transaction(|site| create_levels(site, call, levels));
    Ok(match done {
        Ok(results) => answer::json(
            StatusCode::CREATED,
            &json!({ "hasErrors": false, "results": results }),
        ),
        Err(results) => failed(&results),
    })
}

/// A request that cannot be a tree; the record it fails at, if it has a name.
type Misfit = (String, DmlError);

/// Sorts the records into levels.
fn plant(site: &Site<'_>, object: &str, records: Vec<Fields>) -> Result<Vec<Vec<Node>>, Misfit> {
    let roots = records.into_iter().map(|fields| (fields, None));
    let mut next: Vec<(Fields, Option<(String, usize)>)> = roots.collect();
    let mut levels: Vec<Vec<Node>> = Vec::new();
    let mut names = HashSet::new();
    while !next.is_empty() {
        if levels.len() == MAX_LEVELS || names.len() + next.len() > MAX_RECORDS {
            let message =
                format!("a tree can have {MAX_RECORDS} records on {MAX_LEVELS} levels at most");
            return Err((String::new(), DmlError::new("LIMIT_EXCEEDED", message)));
        }
        let mut level = Vec::new();
        let mut below = Vec::new();
        for (fields, parent) in std::mem::take(&mut next) {
            let (node, children) = node(site, fields, parent, level.len())?;
            if !names.insert(node.reference.clone()) {
                let message = "Duplicate ReferenceId provided in the request.";
                return Err((node.reference, DmlError::new("INVALID_INPUT", message)));
            }
            level.push(node);
            below.extend(children);
        }
        levels.push(level);
        next = below;
    }
    check_objects(object, &levels)?;
    Ok(levels)
}

fn check_objects(object: &str, levels: &[Vec<Node>]) -> Result<(), Misfit> {
    let refuse = |reference: &str, message: String| {
        Err((
            reference.to_owned(),
            DmlError::new("INVALID_INPUT", message),
        ))
    };
    let Some(roots) = levels.first() else {
        return refuse(
            "",
            "Include at least one record in your request.".to_owned(),
        );
    };
    if let Some(odd) = roots
        .iter()
        .find(|node| !node.object.eq_ignore_ascii_case(object))
    {
        return refuse(
            &odd.reference,
            format!("{} is not of type {object}.", odd.object),
        );
    }
    let nodes = levels.iter().flatten();
    let objects: BTreeSet<String> = nodes.map(|node| node.object.to_ascii_lowercase()).collect();
    if objects.len() > MAX_OBJECTS {
        return refuse(
            "",
            format!("a tree can have records of {MAX_OBJECTS} objects at most"),
        );
    }
    Ok(())
}

type Child = (Fields, Option<(String, usize)>);

/// Takes the children out of a record that stands at `position` of its level.
fn node(
    site: &Site<'_>,
    mut fields: Fields,
    parent: Option<(String, usize)>,
    position: usize,
) -> Result<(Node, Vec<Child>), Misfit> {
    let attribute = |name: &str| {
        fields
            .get("attributes")?
            .get(name)?
            .as_str()
            .map(str::to_owned)
    };
    let reference = attribute("referenceId").unwrap_or_default();
    let object = attribute("type")
        .filter(|_| !reference.is_empty())
        .ok_or_else(|| {
            let message = "Include a type and a referenceId in the attributes of every record.";
            (reference.clone(), DmlError::new("INVALID_INPUT", message))
        })?;
    let schema = site.world.schema();
    let name = schema
        .object(&object)
        .map_or(object.as_str(), |def| &def.name);
    let mut below = Vec::new();
    for child in schema.child_relationships(name) {
        let Some(list) = child
            .relationship_name
            .and_then(|name| take_list(&mut fields, name))
        else {
            continue;
        };
        let under = |fields| (fields, Some((child.field.to_owned(), position)));
        below.extend(list.into_iter().map(under));
    }
    let node = Node {
        reference,
        object,
        fields,
        parent,
    };
    Ok((node, below))
}

/// Takes `"Contacts": {"records": [...]}` out of a record.
fn take_list(fields: &mut Fields, relationship: &str) -> Option<Vec<Fields>> {
    let key = fields
        .keys()
        .find(|key| key.eq_ignore_ascii_case(relationship))?
        .clone();
    let list: Records = serde_json::from_value(fields.get(&key)?.clone()).ok()?;
    fields.remove(&key);
    Some(list.records)
}

/// Every record's outcome; only the failed ones when there are any.
fn create_levels(
    site: &mut Site<'_>,
    call: &Call,
    levels: Vec<Vec<Node>>,
) -> Result<Vec<Outcome>, Vec<Outcome>> {
    let mut results = Vec::new();
    let mut above: Vec<SfId> = Vec::new();
    for level in levels {
        let outcomes: Vec<Outcome> = level
            .into_iter()
            .map(|node| create_one(site, call, node, &above))
            .collect();
        if outcomes.iter().any(|outcome| outcome.id.is_none()) {
            return Err(outcomes
                .into_iter()
                .filter(|outcome| outcome.id.is_none())
                .collect());
        }
        above = outcomes.iter().filter_map(|outcome| outcome.id).collect();
        results.extend(outcomes);
    }
    Ok(results)
}

fn create_one(site: &mut Site<'_>, call: &Call, node: Node, above: &[SfId]) -> Outcome {
    let Node {
        reference,
        object,
        mut fields,
        parent,
    } = node;
    if let Some((field, position)) = parent
        && let Some(id) = above.get(position)
    {
        fields.insert(field, Value::from(id.to_string()));
    }
    let (id, errors) = match dml::create(site, call, &object, fields) {
        Ok(id) => (Some(id), Vec::new()),
        Err(errors) => (None, errors),
    };
    Outcome {
        reference_id: reference,
        id,
        errors,
    }
}

fn refused(reference: &str, error: &DmlError) -> Answer {
    failed(&[Outcome {
        reference_id: reference.to_owned(),
        id: None,
        errors: vec![error.clone()],
    }])
}

fn failed(results: &[Outcome]) -> Answer {
    answer::json(
        StatusCode::BAD_REQUEST,
        &json!({ "hasErrors": true, "results": results }),
    )
}
