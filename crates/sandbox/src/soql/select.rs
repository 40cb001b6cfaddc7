//! The select list of a query over rows: which columns a row shows, with parents, children and TYPEOF nested.

use std::sync::Arc;

use super::ast::{Expression, FieldGroup, Filter, Path, Query, SelectItem, TypeOf};
use super::bind::{Binder, BoundPath, Hop, Place};
use super::bound::BoundQuery;
use super::error::SoqlError;
use super::flat::Column;
use super::term::Term;
use crate::world::{FieldNo, FieldType, ObjectNo, World};

/// Most rows a query with FIELDS(ALL) or FIELDS(CUSTOM) may ask for (documented).
const MAX_FIELDS_ROWS: usize = 200;
/// Most child subqueries of one query, at all levels together (documented).
const MAX_CHILD_QUERIES: usize = 20;

/// What to show of a row. Terms are relative to the row they are shown in.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    Value {
        key: String,
        term: Term,
    },
    Parent {
        key: String,
        hop: Hop,
        nodes: Vec<Node>,
    },
    /// A list of children by the field that points back.
    Children {
        key: String,
        reference: FieldNo,
        query: Arc<BoundQuery>,
    },
    /// A parent shown by what it is.
    TypeOf {
        key: String,
        hop: Hop,
        branches: Vec<(ObjectNo, Vec<Node>)>,
        otherwise: Vec<Node>,
    },
}

impl Node {
    fn key(&self) -> &str {
        match self {
            Node::Value { key, .. }
            | Node::Parent { key, .. }
            | Node::Children { key, .. }
            | Node::TypeOf { key, .. } => key,
        }
    }
}

/// The bound select list: the tree JSON shows, and its columns one after another.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    pub(crate) nodes: Vec<Node>,
    pub(crate) columns: Vec<Column>,
}

impl Selection {
    /// Binds the select list. `level` is 1 for the outermost query; `children` counts the subqueries so far.
    pub(crate) fn bind(
        binder: &Binder<'_>,
        query: &Query,
        level: usize,
        children: &mut usize,
    ) -> Result<Selection, SoqlError> {
        let mut selection = Selection::default();
        for item in &query.select {
            match item {
                SelectItem::Value { expression, alias } => {
                    let function = matches!(expression, Expression::Call { .. });
                    if alias.is_some() && !function {
                        return Err(SoqlError::malformed(
                            "only aggregate expressions use field aliasing",
                        ));
                    }
                    let alias = alias.as_ref().map(|alias| alias.text.as_str());
                    selection.value(binder, expression, alias)?;
                }
                SelectItem::Fields(group) => {
                    for path in fields(binder, query, *group)? {
                        let name = binder.name(&path);
                        selection.push(binder, Term::field(path), None, &name)?;
                    }
                }
                SelectItem::Children(inner) => {
                    *children += 1;
                    if *children > MAX_CHILD_QUERIES {
                        return Err(SoqlError::malformed(format!(
                            "a query may have at most {MAX_CHILD_QUERIES} child subqueries"
                        )));
                    }
                    let node = child_node(binder, query, inner, level, children)?;
                    selection.insert(node)?;
                }
                SelectItem::TypeOf(type_of) => selection.insert(type_of_node(binder, type_of)?)?,
                // A query with COUNT() is not about rows; see `bound`.
                SelectItem::CountRows => {}
            }
        }
        if selection.nodes.is_empty() {
            return Err(SoqlError::malformed(
                "'FIELDS(...)' expansion function must result in at least one field being selected.",
            ));
        }
        Ok(selection)
    }

    fn value(
        &mut self,
        binder: &Binder<'_>,
        expression: &Expression,
        alias: Option<&str>,
    ) -> Result<(), SoqlError> {
        let term = binder.term(expression)?;
        if matches!(term.function, Some(super::term::Function::Date(..))) {
            let field = expression.path().text();
            return Err(SoqlError::malformed(format!(
                "Field must be grouped or aggregated: {field}"
            )));
        }
        self.push(binder, term, alias, &expression.path().text())
    }

    /// Adds a value: below its parents, or under its alias on top.
    fn push(
        &mut self,
        binder: &Binder<'_>,
        term: Term,
        alias: Option<&str>,
        written: &str,
    ) -> Result<(), SoqlError> {
        let header = alias.map_or_else(|| binder.name(&term.path), str::to_owned);
        let column = Column::new(binder.world, header, term.clone());
        let fresh = match alias {
            Some(alias) => add(
                &mut self.nodes,
                Node::Value {
                    key: alias.to_owned(),
                    term,
                },
            ),
            None => add_below(&mut self.nodes, binder, term),
        };
        if !fresh {
            return Err(duplicate(written));
        }
        self.columns.push(column);
        Ok(())
    }

    fn insert(&mut self, node: Node) -> Result<(), SoqlError> {
        let key = node.key().to_owned();
        if add(&mut self.nodes, node) {
            Ok(())
        } else {
            Err(duplicate(&key))
        }
    }

    /// How many long texts of the object itself are among the columns.
    pub(crate) fn long_texts(&self, world: &World) -> LongTexts {
        let own = self.nodes.iter().filter_map(|node| match node {
            Node::Value { term, .. } if term.path.hops.is_empty() => Some(term.path.field(world)),
            _ => None,
        });
        let long = own.filter(|field| field.field_type == FieldType::LongTextArea);
        long.fold(LongTexts::default(), |sofar, field| LongTexts {
            all: sofar.all + 1,
            custom: sofar.custom + usize::from(field.custom),
        })
    }
}

/// Long text areas in a select list, on which the size of a page depends.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LongTexts {
    pub(crate) all: usize,
    pub(crate) custom: usize,
}

fn duplicate(written: &str) -> SoqlError {
    SoqlError::new(
        "INVALID_FIELD",
        format!("duplicate field selected: {written}"),
    )
}

/// Adds a node; false when its key is taken.
fn add(level: &mut Vec<Node>, node: Node) -> bool {
    let fresh = level.iter().all(|other| other.key() != node.key());
    if fresh {
        level.push(node);
    }
    fresh
}

/// Adds a value to its place in the tree; false when it was there.
fn add_below(nodes: &mut Vec<Node>, binder: &Binder<'_>, mut term: Term) -> bool {
    let mut level = nodes;
    let mut place = Place::Object(binder.object);
    for hop in std::mem::take(&mut term.path.hops) {
        let key = binder.relationship_name(place, &hop);
        place = hop.to;
        let known = level.iter().position(|node| node.key() == key);
        let position = known.unwrap_or_else(|| {
            level.push(Node::Parent {
                key: key.to_owned(),
                hop,
                nodes: Vec::new(),
            });
            level.len() - 1
        });
        level = match &mut level[position] {
            Node::Parent { nodes, .. } => nodes,
            _ => return false,
        };
    }
    let key = binder.field(&term.path).name.clone();
    add(level, Node::Value { key, term })
}

/// The fields of `FIELDS(…)` the actor can read.
fn fields(
    binder: &Binder<'_>,
    query: &Query,
    group: FieldGroup,
) -> Result<Vec<BoundPath>, SoqlError> {
    let bounded = query.limit.is_some_and(|limit| limit <= MAX_FIELDS_ROWS)
        || query.filter.as_ref().is_some_and(some_ids);
    if group != FieldGroup::Standard && !bounded {
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
    let chosen = binder
        .world
        .readable_fields(binder.actor, object)
        .filter(|field| custom.is_none_or(|custom| binder.def(object).at(*field).custom == custom));
    Ok(chosen.map(|field| BoundPath::own(object, field)).collect())
}

/// A condition that asks for a bounded list of ids (documented as good as a LIMIT).
fn some_ids(filter: &Filter) -> bool {
    let is_id = |left: &Expression| matches!(left, Expression::Field(path) if path.text().eq_ignore_ascii_case("Id"));
    match filter {
        Filter::And(all) => all.iter().any(some_ids),
        Filter::In {
            left,
            negated: false,
            values,
        } => is_id(left) && values.len() <= MAX_FIELDS_ROWS,
        Filter::Compare { left, operator, .. } => {
            is_id(left) && *operator == super::ast::Operator::Equal
        }
        _ => false,
    }
}

/// Binds `(SELECT … FROM Contacts)`.
fn child_node(
    binder: &Binder<'_>,
    outer: &Query,
    inner: &Query,
    level: usize,
    children: &mut usize,
) -> Result<Node, SoqlError> {
    let (object, reference, key) = children_named(binder, outer, &inner.from.path)?;
    if inner.offset.is_some() && outer.limit != Some(1) {
        return Err(SoqlError::malformed(
            "OFFSET in a child subquery needs LIMIT 1 in the parent query",
        ));
    }
    if let Some(scope) = &inner.scope {
        return Err(SoqlError::unexpected(binder.text, scope.at, &scope.text));
    }
    let below = Binder {
        object,
        aliases: &[],
        ..*binder
    };
    let query = BoundQuery::bind(&below, inner, level + 1, children)?;
    Ok(Node::Children {
        key,
        reference,
        query: Arc::new(query),
    })
}

/// The children behind a relationship name, which may stand behind the outer object's name or alias.
fn children_named(
    binder: &Binder<'_>,
    outer: &Query,
    path: &Path,
) -> Result<(ObjectNo, FieldNo, String), SoqlError> {
    let own = |name: &str| {
        let alias = outer.from.alias.as_ref();
        binder.def(binder.object).name.eq_ignore_ascii_case(name)
            || alias.is_some_and(|alias| alias.text.eq_ignore_ascii_case(name))
    };
    let name = match path.parts.as_slice() {
        [name] => Some(name),
        [first, name] if own(&first.text) => Some(name),
        _ => None,
    };
    let found = name.and_then(|name| {
        binder
            .world
            .children_named(binder.actor, binder.object, &name.text)
    });
    found.ok_or_else(|| {
        let sentence = format!(
            "Didn't understand relationship '{}' in FROM part of query call. If you are attempting to use a custom \
             relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL \
             or the describe call for the appropriate names.",
            path.text()
        );
        binder.refused(path.at(), "INVALID_TYPE", &sentence)
    })
}

impl World {
    /// The readable children of an object by the name of their list, with the field that points back.
    fn children_named(
        &self,
        actor: &crate::world::Actor,
        object: ObjectNo,
        name: &str,
    ) -> Option<(ObjectNo, FieldNo, String)> {
        let references = self.schema().references_to(object).into_iter();
        references
            .filter(|(child, field)| {
                self.rights_on(actor, *child).read
                    && self.rights_on_field(actor, *child, *field).read
            })
            .find_map(|(child, field)| {
                let list = self
                    .schema()
                    .at(child)
                    .at(field)
                    .child_relationship_name
                    .as_deref()?;
                list.eq_ignore_ascii_case(name)
                    .then(|| (child, field, list.to_owned()))
            })
    }
}

/// Binds TYPEOF, which needs a reference to several objects.
fn type_of_node(binder: &Binder<'_>, type_of: &TypeOf) -> Result<Node, SoqlError> {
    let from = Place::Object(binder.object);
    let hop = binder.hop(from, &type_of.reference)?;
    if hop.to != Place::Name {
        let sentence = format!(
            "TYPEOF needs a polymorphic relationship, which '{}' is not",
            type_of.reference.text
        );
        return Err(binder.refused(type_of.reference.at, "INVALID_FIELD", &sentence));
    }
    let mut branches = Vec::new();
    for (name, paths) in &type_of.branches {
        let object = Binder::object_named(binder.world, binder.actor, binder.text, name)?;
        let on_object = Binder {
            object,
            aliases: &[],
            ..*binder
        };
        branches.push((object, branch(&on_object, paths)?));
    }
    let mut otherwise = Vec::new();
    for path in &type_of.otherwise {
        let mut term = binder.below(&type_of.reference, path)?;
        term.path.hops.remove(0);
        let key = term.path.field(binder.world).name.clone();
        add(&mut otherwise, Node::Value { key, term });
    }
    Ok(Node::TypeOf {
        key: binder.relationship_name(from, &hop).to_owned(),
        hop,
        branches,
        otherwise,
    })
}

fn branch(binder: &Binder<'_>, paths: &[Path]) -> Result<Vec<Node>, SoqlError> {
    let mut nodes = Vec::new();
    for path in paths {
        let term = Term::field(binder.path(path)?);
        if !add_below(&mut nodes, binder, term) {
            return Err(duplicate(&path.text()));
        }
    }
    Ok(nodes)
}

impl Binder<'_> {
    /// A path that starts at a parent.
    fn below(&self, parent: &super::ast::Name, path: &Path) -> Result<Term, SoqlError> {
        let parts = std::iter::once(parent)
            .chain(&path.parts)
            .cloned()
            .collect();
        self.path(&Path { parts }).map(Term::field)
    }
}
