//! The first start: a team and its first administrator.

use super::session::NewSession;
use super::{App, AppResult};
use secrecy::SecretString;

/// What the first person tells.
#[derive(Debug)]
pub struct SetUp {
    /// Name of the team: the company, usually.
    pub team: String,
    /// The person's name.
    pub name: String,
    /// Signs in with this.
    pub email: String,
    /// At least 12 characters.
    pub password: SecretString,
}

impl App {
    /// Whether nobody has set up this installation yet.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn needs_setup(&self) -> AppResult<bool> {
        Err(self.not_ready())
    }

    /// Makes the team and its first administrator, and signs them in.
    ///
    /// # Errors
    /// `Conflict` once it is set up; `Invalid` with `team`, `name`, `email` or `password`.
    pub async fn set_up(&self, _form: SetUp) -> AppResult<NewSession> {
        Err(self.not_ready())
    }
}
