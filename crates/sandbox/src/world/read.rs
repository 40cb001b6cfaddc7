//! Records as the REST API shows them.

use std::ops::Range;

use serde_json::{Map, Value as Json};

use super::convert::parse_id;
use super::row::Row;
use super::schema::{FieldNo, ObjectNo, Storage};
use super::value::FieldValue;
use super::{Actor, Record, SfId, Shown, World};
use crate::soql::select::Node;
use crate::soql::{QueryResult, QueryScope, Rows, SoqlError};

/// Path of the API version a record URL starts with, e.g. `/services/data/v62.0`.
pub type ApiBase<'a> = &'a str;

/// `retrieve` was asked for a field that does not exist for the actor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("No such column '{field}' on sobject of type {object}")]
pub struct UnknownField {
    /// The name asked for.
    pub field: String,
    /// The object.
    pub object: String,
}

/// See [`World::record_state`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordState {
    /// Not an id of this object, unknown, or not visible.
    Missing,
    /// There.
    Live {
        /// LastModifiedDate, for conditional requests.
        last_modified: jiff::Timestamp,
    },
    /// In the recycle bin.
    Deleted,
}

impl World {
    /// [`World::record`] as a JSON value, for looking into.
    ///
    /// # Errors
    /// The first of `fields` that does not exist for the actor.
    pub fn retrieve(
        &self,
        actor: &Actor,
        object: &str,
        id: &str,
        fields: Option<&[&str]>,
        base: ApiBase<'_>,
    ) -> Result<Option<Json>, UnknownField> {
        let record = self.record(actor, object, id, fields, base)?;
        Ok(record.map(|record| record.to_json()))
    }

    /// One live record with `attributes` and the given fields (all readable ones when none are named).
    /// `None` when there is no such record for the actor, or when it is deleted.
    ///
    /// # Errors
    /// The first of `fields` that does not exist for the actor.
    pub fn record(
        &self,
        actor: &Actor,
        object: &str,
        id: &str,
        fields: Option<&[&str]>,
        base: ApiBase<'_>,
    ) -> Result<Option<Record<'_>>, UnknownField> {
        let Some(object) = self.schema.object_no(object) else {
            return Ok(None);
        };
        let fields = match fields {
            None => self.readable_fields(actor, object).collect(),
            Some(names) => self.fields_named(actor, object, names)?,
        };
        let row = parse_id(id).ok().and_then(|id| self.table(object).live(id));
        let row = row.filter(|row| self.can_see(actor, object, row));
        let nodes: Vec<Node> = fields
            .into_iter()
            .map(|field| Node::Field { field })
            .collect();
        Ok(row.map(|row| self.render(object, row, &nodes, base, &self.schema.at(object).name)))
    }

    fn fields_named(
        &self,
        actor: &Actor,
        object: ObjectNo,
        names: &[&str],
    ) -> Result<Vec<FieldNo>, UnknownField> {
        let def = self.schema.at(object);
        let find = |name: &&str| {
            let found = def
                .field_no(name)
                .filter(|no| self.rights_on_field(actor, object, *no).read);
            found.ok_or_else(|| UnknownField {
                field: (*name).to_owned(),
                object: def.name.clone(),
            })
        };
        names.iter().map(find).collect()
    }

    /// Whether a record exists for the actor, and whether it is in the recycle bin.
    pub fn record_state(&self, actor: &Actor, object: &str, id: &str) -> RecordState {
        let row = self.schema.object_no(object).and_then(|object| {
            let row = self.table(object).get(parse_id(id).ok()?)?;
            self.can_see(actor, object, row).then_some(row)
        });
        match row {
            None => RecordState::Missing,
            Some(row) if row.is_live() => RecordState::Live {
                last_modified: row.audit.modified,
            },
            Some(_) => RecordState::Deleted,
        }
    }

    /// Runs a SOQL query. The rows (their ids) are fixed now, their values when they are rendered.
    ///
    /// # Errors
    /// The query cannot be parsed or names something that does not exist for the actor.
    pub fn query(
        &self,
        actor: &Actor,
        soql: &str,
        scope: QueryScope,
    ) -> Result<QueryResult, SoqlError> {
        crate::soql::run::run(self, actor, soql, scope)
    }

    /// [`World::records`] as JSON values, for looking into.
    pub fn render_rows(
        &self,
        result: &QueryResult,
        range: Range<usize>,
        base: ApiBase<'_>,
    ) -> Vec<Json> {
        let records = self.records(result, range, base);
        records.iter().map(Record::to_json).collect()
    }

    /// The rows of a result in this range with the values of now. Rows that are gone since the query are left out,
    /// and so are rows deleted since, unless the query saw deleted rows. A range past the end is cut.
    pub fn records<'w>(
        &'w self,
        result: &'w QueryResult,
        range: Range<usize>,
        base: ApiBase<'_>,
    ) -> Vec<Record<'w>> {
        match &result.rows {
            Rows::Count(_) => Vec::new(),
            Rows::Aggregate(columns) => {
                let mut record = Record::new("AggregateResult", None, columns.len());
                for (name, value) in columns {
                    record.push(name, Shown::Value(value.clone()));
                }
                range.contains(&0).then_some(record).into_iter().collect()
            }
            Rows::Records { ids, nodes, .. } => {
                let end = range.end.min(ids.len());
                let table = self.table(result.object);
                let name = &self.schema.at(result.object).name;
                let seen = |row: &&Row| result.scope == QueryScope::All || row.is_live();
                let rows = ids[range.start.min(end)..end]
                    .iter()
                    .filter_map(|id| table.get(*id))
                    .filter(seen);
                rows.map(|row| self.render(result.object, row, nodes, base, name))
                    .collect()
            }
        }
    }

    /// Ids of the live records of an object that the actor can see, in id order.
    pub fn ids(&self, actor: &Actor, object: &str) -> Vec<SfId> {
        let Some(object) = self.schema.object_no(object) else {
            return Vec::new();
        };
        let seen = |row: &&Row| row.is_live() && self.can_see(actor, object, row);
        self.table(object)
            .by_id(..)
            .filter(seen)
            .map(|row| row.id)
            .collect()
    }

    /// Number of live records of an object; 0 when there is no such object.
    pub fn count(&self, object: &str) -> usize {
        self.schema
            .object_no(object)
            .map_or(0, |object| self.table(object).live_count())
    }

    fn render<'w>(
        &'w self,
        object: ObjectNo,
        row: &'w Row,
        nodes: &[Node],
        base: ApiBase<'_>,
        type_name: &'w str,
    ) -> Record<'w> {
        let def = self.schema.at(object);
        let url = [base, "/sobjects/", &def.name, "/", &row.id.to_string()].concat();
        let mut record = Record::new(type_name, Some(url), nodes.len());
        for node in nodes {
            match node {
                Node::Field { field } => {
                    record.push(&def.at(*field).name, self.shown(object, row, *field));
                }
                Node::Parent { hop, nodes } => {
                    let reference = def.at(hop.reference);
                    let parent = row.value(hop.reference, reference).as_id();
                    let parent = parent.and_then(|id| self.table(hop.target).get(id));
                    // A parent that may be of several objects shows as the pseudo object Name.
                    let target = self.schema.at(hop.target).name.as_str();
                    let shown = if reference.polymorphic() {
                        "Name"
                    } else {
                        target
                    };
                    let shown = parent.map_or(Shown::Value(Json::Null), |row| {
                        Shown::Parent(self.render(hop.target, row, nodes, base, shown))
                    });
                    let name = reference.relationship_name.as_deref();
                    record.push(name.unwrap_or_default(), shown);
                }
            }
        }
        record
    }

    fn shown<'w>(&'w self, object: ObjectNo, row: &'w Row, field: FieldNo) -> Shown<'w> {
        let def = self.schema.at(object);
        let field_def = def.at(field);
        if field_def.storage != Storage::Compound {
            let value = self.field_value(object, row, field);
            return Shown::Field(FieldValue::new(value, field_def));
        }
        let part =
            |(no, key): &(FieldNo, String)| (key.clone(), row.column(*no).to_json(def.at(*no)));
        let parts: Map<String, Json> = field_def.parts.iter().map(part).collect();
        Shown::Value(if parts.values().all(Json::is_null) {
            Json::Null
        } else {
            Json::Object(parts)
        })
    }
}
