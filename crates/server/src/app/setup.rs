//! The first start: a team and its first administrator.

use super::session::NewSession;
use super::{App, AppError, AppResult, Role, secret};
use secrecy::SecretString;
use tandem_core::settings::{SyncSettings, TeamRules};
use tandem_store::admin::NewUser;

/// Longest name, in characters.
const NAME_CHARS_MAX: usize = 200;

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
        Ok(self.store().teams().await?.is_empty())
    }

    /// Makes the team and its first administrator, and signs them in.
    ///
    /// # Errors
    /// `Conflict` once it is set up; `Invalid` with `team`, `name`, `email` or `password`.
    pub async fn set_up(&self, form: SetUp) -> AppResult<NewSession> {
        let team = required("team", "the name of the team", &form.team)?;
        let name = required("name", "your name", &form.name)?;
        let email = check_email(&form.email)?;
        secret::check_password(&form.password)?;
        let hash = secret::hash_password(form.password).await?;
        let _one_at_a_time = self.0.rules.lock().await;
        if !self.needs_setup().await? {
            let text = "Tandem is set up already; sign in instead";
            return Err(AppError::Conflict(text.into()));
        }
        let now = self.now();
        let team = self
            .store()
            .create_team(&team, self.first_rules()?, now)
            .await?;
        let user = NewUser {
            team: team.id,
            email,
            name,
            role: Role::Admin,
            password_hash: Some(hash),
        };
        let user = self.store().create_user(user, now).await?;
        let user = user.ok_or_else(|| AppError::invalid("email", "this address is taken"))?;
        self.signals().team_made();
        self.note(
            team.id,
            Some(user.id),
            "team.set_up",
            &team.name,
            "Set up Tandem".into(),
        )
        .await?;
        self.open_session(user.id).await
    }
}

impl App {
    fn first_rules(&self) -> AppResult<TeamRules> {
        let sync = &self.config().sync;
        Ok(TeamRules {
            settings: SyncSettings {
                api_threshold_percent: sync.api_threshold_percent,
                live_reserve_percent: sync.live_reserve_percent,
                ..SyncSettings::default()
            },
            pairs: Vec::new(),
            key_prefix: secret::hex(&secret::random_bytes::<6>()?),
        })
    }
}

fn required(field: &str, what: &str, text: &str) -> AppResult<String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(AppError::invalid(field, format!("enter {what}")));
    }
    if text.chars().count() > NAME_CHARS_MAX {
        let message = format!("use at most {NAME_CHARS_MAX} characters");
        return Err(AppError::invalid(field, message));
    }
    Ok(text.to_owned())
}

/// An address in lower case. Whether it exists only a mail could tell; typing errors are caught.
fn check_email(text: &str) -> AppResult<String> {
    let email = text.trim().to_lowercase();
    let good = email.len() <= 254
        && !email.contains(char::is_whitespace)
        && email.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty() && !host.is_empty() && !host.contains('@') && !host.starts_with('.')
        });
    if good {
        Ok(email)
    } else {
        let message = "enter an e-mail address, like ana@acme.example";
        Err(AppError::invalid("email", message))
    }
}
