//! What the columns of a query are, for tools that show its rows as a table (`GET /query?q=…&columns=true`, which the
//! Salesforce CLI asks for).
//!
//! The resource is not documented. The keys are those of a public recording of a debugger's query result; that parents
//! and children have their own columns in `joinColumns`, and that children count as aggregates, is how the CLI reads
//! it. The name of a parent's `foreignKeyName` and the texts of `apexType` beyond Id and String are a guess.

use serde::Serialize;

use super::bind::Hop;
use super::bound::{BoundQuery, Shape};
use super::select::Node;
use super::term::Typed;
use super::{QueryScope, SoqlError, run};
use crate::world::{Actor, FieldType, ObjectNo, World};

/// The columns of a query.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QueryMetadata {
    /// The columns in the order they were selected; none for `SELECT COUNT()`.
    pub column_metadata: Vec<ColumnMetadata>,
    /// The object.
    pub entity_name: String,
    /// The rows are groups.
    pub group_by: bool,
    /// The rows have their id.
    pub id_selected: bool,
    /// The first characters of the object's ids.
    pub key_prefix: String,
}

/// One column: a field, a parent or children with columns of their own, or an aggregate.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ColumnMetadata {
    /// A list of children or the result of an aggregate function.
    pub aggregate: bool,
    /// Type of the value in Apex; none for parents and children.
    pub apex_type: Option<&'static str>,
    /// The value is true or false.
    pub boolean_type: bool,
    /// Key of the value in a row.
    pub column_name: String,
    /// The field is a custom one.
    pub custom: bool,
    /// What to write above the column.
    pub display_name: String,
    /// The field that leads to the parent; none for others.
    pub foreign_key_name: Option<String>,
    /// New records may have a value.
    pub insertable: bool,
    /// Columns of the parent or of the children.
    pub join_columns: Vec<ColumnMetadata>,
    /// The value is a number.
    pub number_type: bool,
    /// The value is a text.
    pub text_type: bool,
    /// Records may get another value.
    pub updatable: bool,
}

impl World {
    /// Tells what the columns of a query are, without running it.
    ///
    /// # Errors
    /// Those of the query itself.
    pub fn query_metadata(&self, actor: &Actor, soql: &str) -> Result<QueryMetadata, SoqlError> {
        let query = run::bind(self, actor, soql, QueryScope::Live)?;
        let object = self.schema().at(query.object);
        let column_metadata = columns(self, &query);
        Ok(QueryMetadata {
            entity_name: object.name.clone(),
            group_by: matches!(query.shape, Shape::Groups(_)),
            id_selected: column_metadata
                .iter()
                .any(|column| column.column_name == "Id"),
            key_prefix: String::from_utf8_lossy(&object.key_prefix).into_owned(),
            column_metadata,
        })
    }
}

fn columns(world: &World, query: &BoundQuery) -> Vec<ColumnMetadata> {
    match &query.shape {
        Shape::Rows { selection, .. } => nodes(world, query.object, &selection.nodes),
        Shape::Groups(groups) => groups
            .columns(world)
            .map(|column| ColumnMetadata {
                aggregate: column.aggregate,
                display_name: column.display,
                ..value(column.key, column.typed)
            })
            .collect(),
        Shape::Count => Vec::new(),
    }
}

fn nodes(world: &World, object: ObjectNo, nodes: &[Node]) -> Vec<ColumnMetadata> {
    nodes
        .iter()
        .map(|node| column(world, object, node))
        .collect()
}

fn column(world: &World, object: ObjectNo, node: &Node) -> ColumnMetadata {
    match node {
        Node::Value { key, term } => value(key, term.typed(world)),
        Node::Parent { key, hop, nodes } => parent(world, object, (key, hop), nodes.iter()),
        Node::TypeOf {
            key,
            hop,
            branches,
            otherwise,
        } => {
            let branches = branches.iter().flat_map(|(_, nodes)| nodes);
            parent(world, object, (key, hop), branches.chain(otherwise))
        }
        Node::Children { key, query, .. } => ColumnMetadata {
            aggregate: true,
            column_name: key.clone(),
            display_name: key.clone(),
            join_columns: columns(world, query),
            ..ColumnMetadata::default()
        },
    }
}

fn value(key: &str, typed: Typed<'_>) -> ColumnMetadata {
    let apex_type = apex_type(typed.field_type);
    ColumnMetadata {
        apex_type: Some(apex_type),
        boolean_type: apex_type == "Boolean",
        column_name: key.to_owned(),
        custom: typed.field.custom,
        display_name: key.to_owned(),
        insertable: typed.field.createable,
        number_type: typed.field_type.is_number(),
        text_type: apex_type == "String",
        updatable: typed.field.updateable,
        ..ColumnMetadata::default()
    }
}

/// A parent with each of its columns once.
fn parent<'n>(
    world: &World,
    object: ObjectNo,
    (key, hop): (&str, &Hop),
    nodes: impl Iterator<Item = &'n Node>,
) -> ColumnMetadata {
    let to = hop.to.object().unwrap_or(object);
    let mut join_columns: Vec<ColumnMetadata> = Vec::new();
    for column in nodes.map(|node| column(world, to, node)) {
        if join_columns
            .iter()
            .all(|known| known.column_name != column.column_name)
        {
            join_columns.push(column);
        }
    }
    let reference = hop.reference.on(object);
    ColumnMetadata {
        column_name: key.to_owned(),
        display_name: key.to_owned(),
        foreign_key_name: reference.map(|field| world.schema().at(object).at(field).name.clone()),
        join_columns,
        ..ColumnMetadata::default()
    }
}

fn apex_type(field_type: FieldType) -> &'static str {
    match field_type {
        FieldType::Id | FieldType::Reference => "Id",
        FieldType::Boolean => "Boolean",
        FieldType::Int => "Integer",
        FieldType::Double | FieldType::Currency | FieldType::Percent => "Double",
        FieldType::Date => "Date",
        FieldType::DateTime => "Datetime",
        FieldType::Address => "Address",
        _ => "String",
    }
}
