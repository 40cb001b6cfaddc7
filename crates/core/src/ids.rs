//! Typed identifiers. One registry for the whole system, so that a person's id can't be passed
//! where a link's is wanted.
//!
//! Our own ids are 64-bit integers given out by the store; the CRM's are opaque text.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! numeric_id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

numeric_id! {
    /// One tenant: its users, one workspace, one CRM.
    TeamId;
    /// A person who signs in.
    UserId;
    /// One authorised access to one CRM org.
    ConnectionId;
    /// A person, account or opportunity of the workspace.
    RecordId;
    /// The durable fact that a workspace record is a CRM record.
    LinkId;
    /// A durable promise to write to the CRM.
    IntentId;
    /// One entry of the sync log.
    LogId;
    /// What one worker did from waking up until nothing was left to do, or one mass act of a person.
    RunId;
    /// A slice of the API budget taken before sending.
    ReservationId;
    /// A condition that a person is told of.
    AlertId;
    /// Failures with one cause.
    IncidentId;
    /// Decisions that wait for a person because they touch too much.
    PlanId;
}

impl RunId {
    /// The run that begins now. Its number is the time in milliseconds and three digits that `chance`, in
    /// `0.0..1.0`, draws: so no process has to ask another for it, and a program can hold it as a number.
    pub fn begin(now: Timestamp, chance: f64) -> Self {
        Self(now.as_millisecond() * 1_000 + (chance * 1_000.0) as i64)
    }
}

/// A CRM's own record id, in the one form that the connector settled on (Salesforce: 18 characters).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CrmId(pub String);

impl CrmId {
    /// Wraps an id that is already in the connector's canonical form.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CrmId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The API name of a kind of record in the CRM, such as `Lead`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CrmObject(pub String);

impl CrmObject {
    /// Wraps an API name.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The API name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CrmObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
