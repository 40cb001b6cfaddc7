//! How a query would be run, in the vendor's form. Plans here are simple: one, with the index the query would use.
//!
//! The cost is the part of the rows that would be looked at, with 1 for a scan of all of them, so that it can be compared
//! like the vendor's, whose numbers it does not imitate.

use serde::Serialize;

use super::plan::Access;
use super::run::{self, Search};
use super::{QueryScope, SoqlError};
use crate::world::{Actor, World};

/// The plan of a query.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QueryPlan {
    /// Rows the leading operation gives.
    pub cardinality: usize,
    /// The indexed fields it uses.
    pub fields: Vec<String>,
    /// `Index` or `TableScan`.
    pub leading_operation_type: &'static str,
    /// Always empty: there is nothing to advise.
    pub notes: Vec<String>,
    /// Part of the rows that is looked at.
    pub relative_cost: f64,
    /// Rows of the object.
    pub sobject_cardinality: usize,
    /// The object.
    pub sobject_type: String,
}

impl World {
    /// Tells how a query would be run.
    ///
    /// # Errors
    /// Those of the query itself.
    pub fn explain(&self, actor: &Actor, soql: &str) -> Result<QueryPlan, SoqlError> {
        let query = run::bind(self, actor, soql, QueryScope::Live)?;
        let search = Search::of(self, &query, None);
        let access = search.access(query.order());
        let object = self.schema().at(query.object);
        let all = self.table(query.object).live_count();
        let cardinality = search.candidate_count(&access);
        let (leading_operation_type, fields) = match access {
            Access::Values(field, _) => ("Index", vec![object.at(field).name.clone()]),
            Access::Ids(_) => ("Index", vec!["Id".to_owned()]),
            Access::Stamps(..) => ("Index", vec!["SystemModstamp".to_owned()]),
            Access::IdRange(..) if cardinality < all => ("Index", vec!["Id".to_owned()]),
            Access::IdRange(..) => ("TableScan", Vec::new()),
        };
        Ok(QueryPlan {
            cardinality,
            fields,
            leading_operation_type,
            notes: Vec::new(),
            relative_cost: cardinality as f64 / all.max(1) as f64,
            sobject_cardinality: all,
            sobject_type: object.name.clone(),
        })
    }
}
