//! The select list: which columns a row shows, with parents as nested records.

use super::aggregate::Column;
use super::ast::{Aggregate, FieldGroup, Path, Query, SelectItem};
use super::bind::{Binder, BoundPath, Hop};
use super::error::SoqlError;
use super::flat::Column as FlatColumn;
use crate::world::{FieldNo, FieldType, ObjectNo};

/// Most rows a query with FIELDS(ALL) or FIELDS(CUSTOM) may ask for (documented).
const MAX_FIELDS_ROWS: usize = 200;

/// What to show of a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Field { field: FieldNo },
    Parent { hop: Hop, nodes: Vec<Node> },
}

/// What a query shows.
#[derive(Debug)]
pub(crate) enum Selection {
    /// The tree JSON shows, and the same columns one after another.
    Columns(Vec<Node>, Vec<FlatColumn>),
    Aggregates(Vec<Column>),
    Count,
}

/// Binds the select list.
pub(crate) fn select(binder: &Binder<'_>, query: &Query) -> Result<Selection, SoqlError> {
    let aggregate =
        |item: &SelectItem| matches!(item, SelectItem::Aggregate { .. } | SelectItem::CountRows);
    if !query.select.iter().any(aggregate) {
        let (nodes, flat) = columns(binder, query)?;
        return Ok(Selection::Columns(nodes, flat));
    }
    if query.select == [SelectItem::CountRows] {
        return Ok(Selection::Count);
    }
    if query.limit.is_some() {
        let message =
            "Non-grouped query that uses overall aggregate functions cannot also use LIMIT";
        return Err(SoqlError::malformed(message));
    }
    let mut columns = Vec::new();
    for item in &query.select {
        columns.push(aggregate_column(binder, item, columns.len())?);
    }
    Ok(Selection::Aggregates(columns))
}

fn columns(binder: &Binder<'_>, query: &Query) -> Result<(Vec<Node>, Vec<FlatColumn>), SoqlError> {
    let (mut nodes, mut flat) = (Vec::new(), Vec::new());
    for item in &query.select {
        match item {
            SelectItem::Field(path) => {
                let bound = binder.path(path)?;
                if !insert(&mut nodes, &bound) {
                    let name = path
                        .parts
                        .iter()
                        .map(|name| name.text.as_str())
                        .collect::<Vec<_>>()
                        .join(".");
                    return Err(SoqlError::malformed(format!(
                        "duplicate field selected: {name}"
                    )));
                }
                flat.push(FlatColumn::new(binder, bound));
            }
            SelectItem::Fields(group) => {
                for bound in fields(binder, query, *group)? {
                    insert(&mut nodes, &bound);
                    flat.push(FlatColumn::new(binder, bound));
                }
            }
            SelectItem::Aggregate { .. } | SelectItem::CountRows => {}
        }
    }
    Ok((nodes, flat))
}

/// Adds a field to its place in the tree; false when it was there.
fn insert(nodes: &mut Vec<Node>, path: &BoundPath) -> bool {
    let mut level = nodes;
    for hop in &path.hops {
        let parent = |node: &Node| matches!(node, Node::Parent { hop: other, .. } if other == hop);
        let position = level.iter().position(parent).unwrap_or_else(|| {
            level.push(Node::Parent {
                hop: *hop,
                nodes: Vec::new(),
            });
            level.len() - 1
        });
        level = match &mut level[position] {
            Node::Parent { nodes, .. } => nodes,
            Node::Field { .. } => return false,
        };
    }
    let node = Node::Field { field: path.field };
    let fresh = !level.contains(&node);
    if fresh {
        level.push(node);
    }
    fresh
}

/// The fields of `FIELDS(…)` the actor can read.
fn fields(
    binder: &Binder<'_>,
    query: &Query,
    group: FieldGroup,
) -> Result<Vec<BoundPath>, SoqlError> {
    if group != FieldGroup::Standard && query.limit.is_none_or(|limit| limit > MAX_FIELDS_ROWS) {
        let message =
            format!("The SOQL FIELDS function must have a LIMIT of at most {MAX_FIELDS_ROWS}");
        return Err(SoqlError::malformed(message));
    }
    let custom = match group {
        FieldGroup::All => None,
        FieldGroup::Standard => Some(false),
        FieldGroup::Custom => Some(true),
    };
    let object = binder.object;
    let chosen: Vec<BoundPath> = binder
        .world
        .readable_fields(binder.actor, object)
        .filter(|field| custom.is_none_or(|custom| binder.def(object).at(*field).custom == custom))
        .map(|field| BoundPath {
            hops: Vec::new(),
            object,
            field,
        })
        .collect();
    if chosen.is_empty() {
        let message =
            "'FIELDS(...)' expansion function must result in at least one field being selected.";
        return Err(SoqlError::malformed(message));
    }
    Ok(chosen)
}

fn aggregate_column(
    binder: &Binder<'_>,
    item: &SelectItem,
    position: usize,
) -> Result<Column, SoqlError> {
    let SelectItem::Aggregate {
        function,
        argument,
        alias,
    } = item
    else {
        return Err(ungrouped(item));
    };
    let path = binder.path(argument)?;
    let field = binder.field(&path);
    let numeric = matches!(function, Aggregate::Sum | Aggregate::Avg);
    if !field.aggregatable() || (numeric && !field.field_type.is_number()) {
        let name = &field.name;
        let sentence = format!(
            "field {name} does not support aggregate operator {}",
            function.name()
        );
        return Err(SoqlError::at(
            binder.text,
            argument.at(),
            "MALFORMED_QUERY",
            &sentence,
        ));
    }
    let key = alias
        .as_ref()
        .map_or_else(|| format!("expr{position}"), |alias| alias.text.clone());
    Ok(Column {
        key,
        function: *function,
        path,
    })
}

fn ungrouped(item: &SelectItem) -> SoqlError {
    let name = |path: &Path| {
        path.parts
            .iter()
            .map(|name| name.text.as_str())
            .collect::<Vec<_>>()
            .join(".")
    };
    match item {
        SelectItem::Field(path) => SoqlError::malformed(format!(
            "Field must be grouped or aggregated: {}",
            name(path)
        )),
        _ => SoqlError::malformed("COUNT() must be the only element in the SELECT list"),
    }
}

/// Whether long text is among the columns of the object itself.
pub(crate) fn has_long_text(world: &crate::world::World, object: ObjectNo, nodes: &[Node]) -> bool {
    let def = world.schema().at(object);
    nodes.iter().any(|node| match node {
        Node::Field { field } => def.at(*field).field_type == FieldType::LongTextArea,
        Node::Parent { .. } => false,
    })
}
