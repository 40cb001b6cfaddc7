//! Records as the REST API shows them.

use std::ops::Range;

use serde_json::Value as Json;

use super::{Actor, SfId, World};
use crate::soql::{QueryResult, QueryScope, SoqlError};

/// Path of the API version a record URL starts with, e.g. `/services/data/v62.0`.
pub type ApiBase<'a> = &'a str;

impl World {
    /// One live record with `attributes` and the given fields (all readable ones when none are named).
    /// `None` when there is no such record for the actor, or when it is deleted.
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
        let _ = (actor, object, id, fields, base);
        todo!()
    }

    /// Whether a record exists for the actor, and whether it is in the recycle bin.
    pub fn record_state(&self, actor: &Actor, object: &str, id: &str) -> RecordState {
        let _ = (actor, object, id);
        todo!()
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
        let _ = (actor, soql, scope);
        todo!()
    }

    /// The rows of a result in this range with the values of now. Rows deleted since the query are left out.
    pub fn render_rows(
        &self,
        result: &QueryResult,
        range: Range<usize>,
        base: ApiBase<'_>,
    ) -> Vec<Json> {
        let _ = (result, range, base);
        todo!()
    }

    /// Ids of the live records of an object that the actor can see, in id order.
    pub fn ids(&self, actor: &Actor, object: &str) -> Vec<SfId> {
        let _ = (actor, object);
        todo!()
    }

    /// Number of live records of an object; 0 when there is no such object.
    pub fn count(&self, object: &str) -> usize {
        let _ = object;
        todo!()
    }
}

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
