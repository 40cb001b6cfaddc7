//! Who is there: signing in and out.
//!
//! A session's token is 256 random bits that only the browser has; the database keeps its SHA-256.
//! A failed sign-in never tells whether the address or the password was wrong, and takes as long.

use super::{App, AppError, AppResult, secret};
use jiff::SignedDuration;
use secrecy::{ExposeSecret as _, SecretString};
use std::net::IpAddr;
use tandem_core::Timestamp;
use tandem_core::ids::{TeamId, UserId};
use tandem_store::admin::TokenHash;

pub use tandem_store::admin::Role;

/// The signed-in person who asks for something.
#[derive(Clone, Debug)]
pub struct Actor {
    /// Their team: all that they can see.
    pub team: TeamId,
    /// The team's name.
    pub team_name: String,
    /// Who they are; `None` for the operator at the command line.
    pub user: Option<UserId>,
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

/// Names a session without giving its token away: its digest. `None` for the command line.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct SessionId(pub(super) Option<TokenHash>);

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
    pub async fn sign_in(&self, form: SignIn) -> AppResult<NewSession> {
        let now = self.now();
        let email = form.email.trim().to_lowercase();
        let keys = [format!("email:{email}"), format!("address:{}", form.from)];
        if let Some(retry_after_seconds) = self.0.sign_ins.must_wait(&keys, now) {
            return Err(AppError::TooManyTries {
                retry_after_seconds,
            });
        }
        let known = self.store().credentials(&email).await?;
        let known = known.filter(|known| known.user.active);
        let hash = known.as_ref().and_then(|known| known.password_hash.clone());
        let good = secret::verify_password(form.password, hash).await?;
        let Some(known) = known.filter(|_| good) else {
            self.0.sign_ins.failed(&keys, now);
            return Err(AppError::invalid(
                "password",
                "address or password is wrong",
            ));
        };
        self.0.sign_ins.succeeded(&keys[0]);
        self.open_session(known.user.id).await
    }

    /// Who a session's token belongs to; `None` if it ended or never was.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn actor(&self, token: &SecretString) -> AppResult<Option<Actor>> {
        let hash = secret::digest("session", token);
        let Some(session) = self.store().session(hash, self.now()).await? else {
            return Ok(None);
        };
        let user = session.user;
        let team = self.store().team(user.team).await?;
        Ok(team.map(|team| Actor {
            team: team.id,
            team_name: team.name,
            user: Some(user.id),
            name: user.name,
            email: user.email,
            role: user.role,
            form_token: secret::hex(&secret::digest("form", token)),
            session: SessionId(Some(hash)),
        }))
    }

    /// Ends a session; one that does not exist is no error.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn sign_out(&self, actor: &Actor) -> AppResult<()> {
        match actor.session.0 {
            Some(hash) => Ok(self.store().delete_session(hash).await?),
            None => Ok(()),
        }
    }
}

impl Actor {
    /// Refuses members what only administrators may do.
    pub(super) fn must_be_admin(&self) -> AppResult<()> {
        match self.role {
            Role::Admin => Ok(()),
            Role::Member => Err(AppError::Forbidden(
                "only administrators may do this; ask one of your team".into(),
            )),
        }
    }
}

impl App {
    /// The operator at the command line, who proves it with the token that only the owner of the data
    /// directory can read. Acts for the first team.
    ///
    /// # Errors
    /// `SignInNeeded` for another token; `Conflict` before the first team was made.
    pub async fn operator(&self, token: &SecretString) -> AppResult<Actor> {
        let expected = self.0.parts.operator_token.as_ref();
        // Digests are compared, so the time of it tells nothing about the token.
        let good = expected.is_some_and(|expected| {
            secret::digest("operator", expected) == secret::digest("operator", token)
        });
        if !good || token.expose_secret().is_empty() {
            return Err(AppError::SignInNeeded("this token is not valid".into()));
        }
        let team = self.store().teams().await?.into_iter().next();
        let team = team.ok_or_else(|| {
            AppError::Conflict("Tandem is not set up yet; open its page in a browser first".into())
        })?;
        Ok(Actor {
            team: team.id,
            team_name: team.name,
            user: None,
            name: "Operator".into(),
            email: String::new(),
            role: Role::Admin,
            form_token: String::new(),
            session: SessionId(None),
        })
    }

    /// Makes a session for a person who proved who they are.
    pub(super) async fn open_session(&self, user: UserId) -> AppResult<NewSession> {
        let token = secret::random_token()?;
        let now = self.now();
        let hours = i64::from(self.config().security.session_hours);
        let expires_at = now + SignedDuration::from_hours(hours);
        let hash = secret::digest("session", &token);
        self.store().purge_sessions(now).await?;
        self.store()
            .create_session(hash, user, now, expires_at)
            .await?;
        Ok(NewSession { token, expires_at })
    }
}
