//! Rows of a result as records: `attributes`, values, parents, lists of children, with the values of now.
//!
//! A page counts the children it shows as well as its rows (documented): it ends with the row that fills it. A list of
//! children too long for what is left of the page is cut, though never below [`MIN_CHILD_ROWS`], and the rest goes
//! behind a locator of its own.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use super::bound::{BoundQuery, Shape};
use super::select::Node;
use super::{QueryResult, QueryScope, Rows, run};
use crate::world::{
    ApiBase, Children, Compound, FieldNo, FieldValue, ObjectNo, Record, Row, SfId, Shown, Storage,
    Value, World,
};

/// Fewest children a list shows before it is cut, as the smallest page a client can ask for.
const MIN_CHILD_ROWS: usize = 200;

/// How much of a result to render, and where the rest of its lists goes.
pub trait Paging {
    /// Most rows of a page, children included.
    fn rows_max(&self) -> usize;

    /// Keeps the children from `next` on; answers the address they can be had at.
    fn keep(&mut self, children: QueryResult, next: usize) -> String;
}

/// A page of a result.
#[derive(Debug)]
pub struct Page<'w> {
    /// Its records.
    pub records: Vec<Record<'w>>,
    /// Index of the first row behind it.
    pub end: usize,
}

impl World {
    /// The rows of a result in this range, with all their children. Rows that are gone since the query are left out,
    /// and so are rows deleted since, unless the query saw deleted rows. A range past the end is cut.
    pub fn records<'w>(
        &'w self,
        result: &'w QueryResult,
        range: Range<usize>,
        base: ApiBase<'_>,
    ) -> Vec<Record<'w>> {
        let mut renderer = Renderer {
            world: self,
            base,
            rows: 0,
            paging: None,
        };
        renderer.rows(result, range).records
    }

    /// The page of a result that starts at a row.
    pub fn page<'w>(
        &'w self,
        result: &'w QueryResult,
        start: usize,
        base: ApiBase<'_>,
        paging: &mut dyn Paging,
    ) -> Page<'w> {
        let mut renderer = Renderer {
            world: self,
            base,
            rows: 0,
            paging: Some(paging),
        };
        renderer.rows(result, start..result.row_count())
    }

    /// A record with some of its own fields.
    pub(crate) fn record_of<'w>(
        &'w self,
        object: ObjectNo,
        row: &'w Row,
        fields: &[FieldNo],
        base: ApiBase<'_>,
    ) -> Record<'w> {
        let def = self.schema().at(object);
        let mut record = Record::new(&def.name, Some(url(base, &def.name, row.id)), fields.len());
        for field in fields {
            record.push(&def.at(*field).name, self.shown(object, row, *field));
        }
        record
    }

    /// A field of a row, compounds put together.
    fn shown<'w>(&'w self, object: ObjectNo, row: &'w Row, no: FieldNo) -> Shown<'w> {
        let def = self.schema().at(object);
        let field = def.at(no);
        if field.storage != Storage::Compound {
            let value = self.field_value(object, row, no);
            return Shown::Field(FieldValue::new(value, field.field_type));
        }
        let part = |(no, key): &'w (FieldNo, String)| {
            let part = def.at(*no);
            let value = FieldValue::new(row.value(*no, part), part.field_type);
            (key.as_str(), value)
        };
        let mut parts: Vec<_> = field.parts.iter().map(part).collect();
        // In the order of their keys (recorded).
        parts.sort_by_key(|(key, _)| *key);
        Shown::Compound(Compound(parts))
    }
}

fn url(base: ApiBase<'_>, object: &str, id: SfId) -> String {
    [base, "/sobjects/", object, "/", &id.to_string()].concat()
}

struct Renderer<'w, 'p> {
    world: &'w World,
    base: ApiBase<'p>,
    /// Rows shown so far, children included.
    rows: usize,
    /// None: everything is shown.
    paging: Option<&'p mut dyn Paging>,
}

impl<'w> Renderer<'w, '_> {
    fn rows_left(&self) -> usize {
        let most = self
            .paging
            .as_ref()
            .map_or(usize::MAX, |paging| paging.rows_max());
        most.saturating_sub(self.rows)
    }

    fn rows(&mut self, result: &'w QueryResult, range: Range<usize>) -> Page<'w> {
        let end = range.end.min(result.row_count());
        let start = range.start.min(end);
        match (&result.rows, &result.query.shape) {
            (Rows::Records(ids), Shape::Rows { selection, .. }) => {
                let (records, shown) = self.records(
                    &result.query,
                    &selection.nodes,
                    &ids[start..end],
                    self.rows_left(),
                );
                Page {
                    records,
                    end: start + shown,
                }
            }
            (Rows::Groups(groups), _) => {
                let end = end.min(start.saturating_add(self.rows_left()));
                let record = |row: &'w Vec<Value>| {
                    let mut record = Record::new("AggregateResult", None, row.len());
                    for ((key, field_type), value) in groups.columns.iter().zip(row) {
                        let value = FieldValue::new(Cow::Borrowed(value), *field_type);
                        record.push(key, Shown::Field(value));
                    }
                    record
                };
                Page {
                    records: groups.rows[start..end].iter().map(record).collect(),
                    end,
                }
            }
            _ => Page {
                records: Vec::new(),
                end,
            },
        }
    }

    /// The records of some ids, until the page is full or there are `most`; and how many ids that took.
    fn records(
        &mut self,
        query: &'w BoundQuery,
        nodes: &'w [Node],
        ids: &[SfId],
        most: usize,
    ) -> (Vec<Record<'w>>, usize) {
        let table = query.table(self.world);
        let full = self.rows.saturating_add(most);
        let mut records = Vec::with_capacity(ids.len().min(most));
        let mut taken = 0;
        for id in ids {
            if self.rows >= full {
                break;
            }
            taken += 1;
            let row = table.get(*id);
            let Some(row) = row.filter(|row| query.scope == QueryScope::All || row.is_live())
            else {
                continue;
            };
            self.rows += 1;
            records.push(self.record(query.object, row, nodes, None));
        }
        (records, taken)
    }

    /// One record; `named` is what it is called instead of its object's name.
    fn record(
        &mut self,
        object: ObjectNo,
        row: &'w Row,
        nodes: &'w [Node],
        named: Option<&'w str>,
    ) -> Record<'w> {
        let name = self.world.schema().at(object).name.as_str();
        let url = url(self.base, name, row.id);
        let mut record = Record::new(named.unwrap_or(name), Some(url), nodes.len());
        for node in nodes {
            let (key, shown) = match node {
                Node::Value { key, term } => (key, self.value(object, row, term)),
                Node::Parent { key, hop, nodes } => {
                    let named = (hop.to == super::bind::Place::Name).then_some("Name");
                    let parent = self.world.parent(object, row, hop);
                    let shown = parent.map_or(Shown::Null, |(object, row)| {
                        Shown::Parent(self.record(object, row, nodes, named))
                    });
                    (key, shown)
                }
                Node::Children {
                    key,
                    reference,
                    query,
                } => (key, self.children(query, *reference, row.id)),
                Node::TypeOf {
                    key,
                    hop,
                    branches,
                    otherwise,
                } => {
                    let parent = self.world.parent(object, row, hop);
                    let shown = parent.map_or(Shown::Null, |(object, row)| {
                        let branch = branches.iter().find(|(of, _)| *of == object);
                        let (nodes, named) =
                            branch.map_or((otherwise, Some("Name")), |(_, nodes)| (nodes, None));
                        Shown::Parent(self.record(object, row, nodes, named))
                    });
                    (key, shown)
                }
            };
            record.push(key, shown);
        }
        record
    }

    fn value(&self, object: ObjectNo, row: &'w Row, term: &'w super::term::Term) -> Shown<'w> {
        match term.path.field_on(object) {
            Some(field) if term.function.is_none() => self.world.shown(object, row, field),
            _ => {
                let field_type = term.typed(self.world).field_type;
                let value = self.world.term_value(object, row, term);
                Shown::Field(FieldValue::new(value, field_type))
            }
        }
    }

    fn children(
        &mut self,
        query: &'w Arc<BoundQuery>,
        reference: FieldNo,
        parent: SfId,
    ) -> Shown<'w> {
        let ids = run::children(self.world, query, reference, parent);
        let Shape::Rows { selection, .. } = &query.shape else {
            return Shown::Null;
        };
        if ids.is_empty() {
            return Shown::Null;
        }
        let most = self.rows_left().max(MIN_CHILD_ROWS);
        let (records, next) = self.records(query, &selection.nodes, &ids, most);
        let total_size = ids.len();
        let rest = match &mut self.paging {
            Some(paging) if next < total_size => {
                let children = QueryResult {
                    query: Arc::clone(query),
                    rows: Rows::Records(ids),
                    rows_examined: total_size,
                };
                Some(paging.keep(children, next))
            }
            _ => None,
        };
        Shown::Children(Children {
            total_size,
            done: rest.is_none(),
            next_records_url: rest,
            records,
        })
    }
}
