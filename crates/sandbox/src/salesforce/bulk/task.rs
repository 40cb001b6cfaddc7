//! What a job is asked to do, whose words it was asked in, and for whom.

use serde::{Deserialize, Serialize};

use super::super::{Site, error::ApiError, request::Call};
use crate::{soql::QueryScope, world::Actor};

/// What is done with the records of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Operation {
    Insert,
    Update,
    Upsert,
    Delete,
    HardDelete,
    Query,
    QueryAll,
}

impl Operation {
    pub(super) fn named(name: &str) -> Option<Self> {
        serde_json::from_value(name.into()).ok()
    }

    /// Which records a query sees; none for operations that load records.
    pub(super) fn scope(self) -> Option<QueryScope> {
        match self {
            Self::Query => Some(QueryScope::Live),
            Self::QueryAll => Some(QueryScope::All),
            _ => None,
        }
    }
}

/// A job's order.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) operation: Operation,
    /// API name in the schema's spelling.
    pub(super) object: String,
    /// Upsert only: the field records are known by.
    pub(super) key: Option<String>,
    pub(super) assignment_rule: Option<String>,
    pub(super) actor: Actor,
    /// Major API version.
    pub(super) version: u32,
}

/// Why a job cannot be: a code in the spelling of Bulk 1.0 (`InvalidJob`) and a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    pub(super) fn job(message: impl Into<String>) -> Self {
        Self::new("InvalidJob", message)
    }

    pub(super) fn state(message: impl Into<String>) -> Self {
        Self::new("InvalidJobState", message)
    }
}

/// Bulk 2.0 writes the codes of Bulk 1.0 in capitals (recorded: `INVALIDJOBSTATE`, `INVALIDJOB`, `INVALIDENTITY`).
impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self::bad_request(&refusal.code.to_uppercase(), refusal.message)
    }
}

/// An order as a client words it.
#[derive(Debug)]
pub(super) struct Order<'o> {
    pub(super) operation: Operation,
    pub(super) object: &'o str,
    pub(super) key: Option<&'o str>,
    pub(super) assignment_rule: Option<&'o str>,
}

impl Task {
    /// Checks an order. The sentences about objects and blank keys are public knowledge, the others ours.
    pub(super) fn new(site: &Site<'_>, call: &Call, order: &Order<'_>) -> Result<Self, Refusal> {
        let def = site
            .world
            .schema()
            .object(order.object)
            .filter(|def| site.world.object_rights(&call.actor, &def.name).read)
            .ok_or_else(|| {
                Refusal::job(format!("Unable to find object: {}", echo(order.object)))
            })?;
        if order.operation == Operation::HardDelete && !site.desk.jobs.settings.hard_delete {
            let message = "hardDelete operation requires special user profile permission, \
                           please contact your system administrator";
            return Err(Refusal::new("FeatureNotEnabled", message));
        }
        let usable = match order.operation {
            Operation::Insert => def.createable,
            Operation::Update => def.updateable,
            Operation::Upsert => def.createable && def.updateable,
            Operation::Delete | Operation::HardDelete => def.deletable,
            Operation::Query | Operation::QueryAll => true,
        };
        if !usable {
            let message = format!("Entity '{}' is not supported by the Bulk API.", def.name);
            return Err(Refusal::new("InvalidEntity", message));
        }
        let key = match order.operation {
            Operation::Upsert => Some(key_of(site, call, &def.name, order.key)?),
            _ => None,
        };
        Ok(Self {
            operation: order.operation,
            object: def.name.clone(),
            key,
            assignment_rule: order.assignment_rule.map(str::to_owned),
            actor: call.actor,
            version: call.version,
        })
    }
}

impl Task {
    /// The column records are known by; none for new records.
    pub(super) fn identifier(&self) -> Option<&str> {
        match self.operation {
            Operation::Insert | Operation::Query | Operation::QueryAll => None,
            Operation::Upsert => self.key.as_deref(),
            Operation::Update | Operation::Delete | Operation::HardDelete => Some("Id"),
        }
    }
}

fn key_of(
    site: &Site<'_>,
    call: &Call,
    object: &str,
    key: Option<&str>,
) -> Result<String, Refusal> {
    let key = key.map(str::trim).filter(|key| !key.is_empty());
    let key = key.ok_or_else(|| {
        Refusal::job(format!(
            "External ID was blank for {object}. An External ID must be specified for upsert."
        ))
    })?;
    let field = site
        .world
        .schema()
        .object(object)
        .and_then(|def| def.field(key));
    field
        .filter(|field| field.is_lookup_key())
        .filter(|field| site.world.field_rights(&call.actor, object, &field.name).read)
        .map(|field| field.name.clone())
        .ok_or_else(|| {
            Refusal::job(format!(
                "Field name provided, {} does not match an External ID, Salesforce Id, or indexed field for {object}",
                echo(key)
            ))
        })
}

/// A client's word in a message, not longer than it has to be.
pub(super) fn echo(word: &str) -> String {
    word.chars().take(255).collect()
}
