//! Who may use Tandem and what they set up: plain data of the server's own tables.
//!
//! Secrets arrive here sealed: a password only as its hash, a session token only as its hash, a CRM
//! grant only encrypted. The store can't open any of them.
//!
//! The methods are inherent on `SqliteStore`, in `sqlite/admin/`.

use serde::{Deserialize, Serialize};
use tandem_core::Timestamp;
use tandem_core::connector::OrgIdentity;
use tandem_core::ids::{ConnectionId, CrmId, TeamId, UserId};
use tandem_core::mapping::ObjectMapping;
use tandem_core::schema::ObjectSchema;
use tandem_core::settings::ConnectionState;

/// SHA-256 of a session token.
pub type TokenHash = [u8; 32];

/// One tenant.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Team {
    /// Which team.
    pub id: TeamId,
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What a person may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    Admin,
    /// Work with records; settings are only read.
    Member,
}

impl Role {
    /// The name used in the database, the API and addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Member => "member",
        }
    }

    /// The role of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Admin, Self::Member]
            .into_iter()
            .find(|role| role.as_str() == name)
    }
}

/// A person who signs in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct User {
    /// Which person.
    pub id: UserId,
    /// Their team.
    pub team: TeamId,
    /// Their sign-in name, in lower case; unique over all teams.
    pub email: String,
    /// Their name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// May sign in.
    pub active: bool,
    /// Who they are in the CRM.
    pub crm_user: Option<CrmId>,
    /// When they were added.
    pub created_at: Timestamp,
}

/// A person about to be added.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewUser {
    /// Their team.
    pub team: TeamId,
    /// Their sign-in name; kept in lower case.
    pub email: String,
    /// Their name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Hash of their password, with its parameters; without one they can't sign in by password.
    pub password_hash: Option<String>,
}

/// Changes of a person; what is `None` stays.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct UserPatch {
    /// A new name.
    pub name: Option<String>,
    /// A new role.
    pub role: Option<Role>,
    /// Whether they may sign in. Switching it off ends their sessions.
    pub active: Option<bool>,
    /// Who they are in the CRM; `Some(None)` forgets it.
    pub crm_user: Option<Option<CrmId>>,
    /// A new password's hash. It ends their sessions.
    pub password_hash: Option<String>,
}

/// A person with the hash to check their password against.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Credentials {
    /// The person.
    pub user: User,
    /// The hash, where they have a password.
    pub password_hash: Option<String>,
}

/// A signed-in browser.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    /// Who it is.
    pub user: User,
    /// When they signed in.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// One authorised access to one CRM org.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Connection {
    /// Which connection.
    pub id: ConnectionId,
    /// Whose; `None` for one that belongs to the team alone.
    pub user: Option<UserId>,
    /// What it leads to.
    #[serde(flatten)]
    pub details: ConnectionDetails,
}

/// Which connections a team's sync uses.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Connectors {
    /// The main one; `None` from before there was a choice: the newest.
    pub main: Option<ConnectionId>,
    /// The one that takes over when the main one is lost.
    pub standby: Option<ConnectionId>,
    /// The main one took over, and nobody chose since.
    pub took_over: Option<TookOver>,
}

/// A stand-by that became the main connection.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TookOver {
    /// When.
    pub at: Timestamp,
    /// From whom: the CRM sign-in name.
    pub from: String,
    /// Why that one was lost, in the CRM's words.
    pub why: String,
}

/// What a connection leads to and how it stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ConnectionDetails {
    /// The kind of CRM, such as `salesforce`.
    pub crm: String,
    /// Who we are there and in which org.
    pub identity: OrgIdentity,
    /// Where the org's API is.
    pub instance_url: String,
    /// Whether it can be used.
    pub state: ConnectionState,
    /// When it was made or made anew.
    pub connected_at: Timestamp,
}

/// An encrypted grant, as the vault left it here.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedGrant {
    /// Grows by one with every replacement.
    pub version: i64,
    /// The cipher text.
    pub blob: Vec<u8>,
}

/// Says how long the secret is and nothing of it.
impl std::fmt::Debug for SealedGrant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealedGrant")
            .field("version", &self.version)
            .field("bytes", &self.blob.len())
            .finish()
    }
}

/// How replacing a grant ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum GrantSwap {
    /// Kept, with this version.
    Saved(i64),
    /// Somebody else had replaced it already: this is theirs (`None`: it was removed).
    Outrun(Option<SealedGrant>),
}

/// What the connected user saw of an object, and when.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SchemaSnapshot {
    /// The object.
    pub schema: ObjectSchema,
    /// When it was read.
    pub read_at: Timestamp,
}

/// One published version of a mapping.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PublishedMapping {
    /// The mapping with its version.
    pub mapping: ObjectMapping,
    /// When.
    pub published_at: Timestamp,
    /// By whom; `None` for one that Tandem made itself.
    pub published_by: Option<UserId>,
}

/// One act of a person.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// Who; `None` for the operator at the command line.
    pub by: Option<UserId>,
    /// What was done: a stable name such as `sync.enabled`.
    pub action: String,
    /// What it was done to.
    pub subject: String,
    /// One sentence for people. Never a secret.
    pub summary: String,
}

/// An entry of the audit trail with its number.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AuditRow {
    /// Its number.
    pub id: i64,
    /// What it says.
    #[serde(flatten)]
    pub entry: AuditEntry,
}
