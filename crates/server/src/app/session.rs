//! Who is there: signing in and out.
//!
//! A session's token is 256 random bits that only the browser has; the database keeps its SHA-256.
//! A failed sign-in never tells whether the address or the password was wrong, and takes as long.

use super::{App, AppResult};
use secrecy::SecretString;
use std::net::IpAddr;
use tandem_core::Timestamp;
use tandem_core::ids::{TeamId, UserId};

/// What a person may do.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    Admin,
    /// Read and edit records; not the sync's settings.
    Member,
}

/// The signed-in person who asks for something.
#[derive(Clone, Debug)]
pub struct Actor {
    /// Their team: all that they can see.
    pub team: TeamId,
    /// The team's name.
    pub team_name: String,
    /// Who they are.
    pub user: UserId,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// Proves that a form came from one of our own pages: bound to the session, good as long as it.
    pub form_token: String,
    /// Which session this is; binds an OAuth flow to it.
    pub session: SessionId,
}

/// Names a session without giving its token away: the SHA-256 of the token, in hex.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SessionId(pub String);

/// A session just made.
#[derive(Debug)]
pub struct NewSession {
    /// For the browser's cookie, and nowhere else.
    pub token: SecretString,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

/// What a person signs in with.
#[derive(Debug)]
pub struct SignIn {
    /// Their address.
    pub email: String,
    /// Their password.
    pub password: SecretString,
    /// Where the request came from, for the limit of failed tries.
    pub from: IpAddr,
}

impl App {
    /// Signs a person in.
    ///
    /// # Errors
    /// `Invalid` with `password` if address or password are wrong; `TooManyTries`.
    pub async fn sign_in(&self, _form: SignIn) -> AppResult<NewSession> {
        Err(self.not_ready())
    }

    /// Who a session's token belongs to; `None` if it ended or never was.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn actor(&self, _token: &SecretString) -> AppResult<Option<Actor>> {
        Err(self.not_ready())
    }

    /// Ends a session; one that does not exist is no error.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn sign_out(&self, _actor: &Actor) -> AppResult<()> {
        Err(self.not_ready())
    }
}
