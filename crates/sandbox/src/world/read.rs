//! Records as the REST API shows them.

use std::ops::Range;

use serde_json::Value as Json;

use super::convert::parse_id;
use super::row::Row;
use super::schema::{FieldNo, ObjectNo};
use super::{Actor, Record, SfId, World};
use crate::soql::{QueryResult, QueryScope, SoqlError};

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
            None => self.readable_fields(actor, object).collect::<Vec<_>>(),
            Some(names) => self.fields_named(actor, object, names)?,
        };
        let row = parse_id(id).ok().and_then(|id| self.table(object).live(id));
        let row = row.filter(|row| self.can_see(actor, object, row));
        Ok(row.map(|row| self.record_of(object, row, &fields, base)))
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
}
