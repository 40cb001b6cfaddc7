//! Which connections carry the team's sync: the main connector, and the stand-by that takes over when the main
//! one is cut off.
//!
//! Every connection is one CRM user's, of one and the same org. A stand-by is tried before it takes over: who it
//! is, which org it leads to, and what it sees. Then everything changes in one transaction, and only if the main
//! connection is lost at that moment, so that two processes take over once. The queue, the links and the rules
//! stay; the rules are compiled anew against what the new connector sees.
//!
//! What it does not do: go back by itself. Who was cut off and connects again becomes the stand-by.

use super::{Actor, App, AppError, AppResult, automap};
use jiff::SignedDuration;
use serde::Serialize;
use tandem_core::Timestamp;
use tandem_core::connector::Failure;
use tandem_core::error::{Directive, ErrorClass};
use tandem_core::ids::{ConnectionId, TeamId};
use tandem_core::schema::ObjectSchema;
use tandem_core::settings::ConnectionState;
use tandem_core::store::SyncStore as _;
use tandem_core::sync_log::{LogDraft, LogSource, LogType};
use tandem_store::admin::{Connection, ConnectionDetails, Connectors, TookOver, User};
use utoipa::ToSchema;

/// A request of the former connector may end so long after the switch, in seconds, and its failure be taken for
/// the new one's: the longest that a request may take, and a margin.
const LATE_FAILURE_SECONDS: i64 = 900;

/// What a connection does for the team.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConnectorRole {
    /// The sync goes through it.
    Main,
    /// It takes over when the main one is cut off.
    Standby,
    /// It could be either.
    Spare,
}

/// One connection as people see it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct ConnectorChoice {
    /// Which connection.
    #[schema(value_type = i64)]
    pub id: ConnectionId,
    /// What it does.
    pub role: ConnectorRole,
    /// The CRM user's name.
    pub name: String,
    /// Their sign-in name.
    pub username: String,
    /// Their address.
    pub email: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub connected_at: Timestamp,
    /// Why it can't be chosen.
    pub problem: Option<String>,
}

/// A user of the team who can't be chosen, and why.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct MissingConnector {
    /// Their address.
    pub email: String,
    /// What is missing and the way out.
    pub reason: String,
}

/// Who carries the sync, who could, and who could not.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, ToSchema)]
pub struct ConnectorList {
    /// Every connection, by address.
    pub choices: Vec<ConnectorChoice>,
    /// Users without one, by address.
    pub missing: Vec<MissingConnector>,
}

impl App {
    /// The connections and what each does; and who has none.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn connectors(&self, actor: &Actor) -> AppResult<ConnectorList> {
        let team = actor.team;
        let (all, roles) = (
            self.store().connections(team).await?,
            self.roles(team).await?,
        );
        let state = self.store().connection_state(team).await?;
        let main = self.main_connection(team).await?.map(|main| main.id);
        let mut choices: Vec<_> = all
            .iter()
            .map(|one| choice(one, main, &roles, &state))
            .collect();
        choices.sort_by(|a, b| a.email.cmp(&b.email));
        let mut users = self.store().users(team).await?;
        users.sort_by(|a, b| a.email.cmp(&b.email));
        let missing = users.iter().filter_map(|user| missing(user, &all));
        Ok(ConnectorList {
            choices,
            missing: missing.collect(),
        })
    }

    /// Chooses who carries the sync and who stands by. A connection that becomes the main one is tried first:
    /// two API calls.
    ///
    /// # Errors
    /// `Forbidden`; `Invalid` with `main` or `standby` for one that does not exist, does not work, or is chosen
    /// twice; `Conflict` or `Unavailable` if the CRM refuses the new main connector.
    pub async fn choose_connectors(
        &self,
        actor: &Actor,
        main: ConnectionId,
        standby: Option<ConnectionId>,
    ) -> AppResult<()> {
        actor.must_be_admin()?;
        let list = self.connectors(actor).await?;
        let now = self.main_connection(actor.team).await?.map(|main| main.id);
        if standby == Some(main) {
            let text = "the main connector can’t stand by for itself; choose another one";
            return Err(AppError::invalid("standby", text));
        }
        if let Some(standby) = standby {
            usable(&list, standby, "standby")?;
        }
        let roles = Connectors {
            main: Some(main),
            standby,
            took_over: None,
        };
        let who = usable_unless(&list, main, "main", now == Some(main))?;
        let summary = match standby.map(|id| name(&list, id)) {
            Some(standby) => format!("Chose {who} as the connector, {standby} as its stand-by"),
            None => format!("Chose {who} as the connector, without a stand-by"),
        };
        let entry = self.entry(actor, summary.clone());
        if now == Some(main) {
            self.store()
                .put_connectors(actor.team, roles, None, entry, false)
                .await?;
        } else {
            let connection = self.connection(actor.team, main).await?;
            let seen = self.try_connection(actor.team, &connection).await??;
            self.switch(actor.team, roles, seen, entry, false).await?;
        }
        self.act(actor, "crm.connectors", &who, summary).await
    }

    /// Gives a connection that is not the main one back to the CRM and forgets it.
    ///
    /// # Errors
    /// `Forbidden`; `NotFound`; `Conflict` for the main one.
    pub async fn remove_connection(&self, actor: &Actor, id: ConnectionId) -> AppResult<()> {
        actor.must_be_admin()?;
        let connection = self.connection(actor.team, id).await?;
        let main = self.main_connection(actor.team).await?;
        if main.is_some_and(|main| main.id == id) {
            let text =
                "this connection carries the sync; choose another connector first, or disconnect";
            return Err(AppError::Conflict(text.into()));
        }
        self.revoke(actor.team, id).await?;
        let mut roles = self.roles(actor.team).await?;
        let username = connection.details.identity.username;
        let summary = format!("Removed the connection of {username}");
        if roles.standby == Some(id) {
            roles.standby = None;
            let entry = self.entry(actor, summary.clone());
            self.store()
                .put_connectors(actor.team, roles, None, entry, false)
                .await?;
        }
        self.store().delete_connection(actor.team, id).await?;
        self.act(actor, "crm.removed", &username, summary).await
    }

    /// If the main connection is lost, lets the stand-by take over. `false` if there is nothing to do, or no
    /// stand-by that works; what does not answer now is tried again at the next call.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn take_over(&self, team: TeamId) -> AppResult<bool> {
        let ConnectionState::Lost { message, .. } = self.store().connection_state(team).await?
        else {
            return Ok(false);
        };
        let roles = self.roles(team).await?;
        let Some((candidate, roles)) = self.candidate(team, roles, &message).await? else {
            return Ok(false);
        };
        match self.try_connection(team, &candidate).await {
            Ok(Ok(seen)) => {
                let entry = self.took_over_entry(&candidate, &roles);
                self.switch(team, roles, seen, entry, true).await
            }
            Ok(Err(failure)) => {
                self.stands_by_no_more(team, candidate, &failure).await?;
                Ok(false)
            }
            // The budget or the network: the next turn asks again.
            Err(AppError::Unavailable(reason)) => {
                tracing::warn!(%team, reason, "the stand-by connector can't be tried yet");
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}

impl App {
    /// Who may take over, and the roles after that.
    async fn candidate(
        &self,
        team: TeamId,
        roles: Connectors,
        words: &str,
    ) -> AppResult<Option<(Connection, Connectors)>> {
        let main = self.main_connection(team).await?;
        let late = SignedDuration::from_secs(LATE_FAILURE_SECONDS);
        let just = roles.took_over.as_ref();
        if let (Some(just), Some(main)) = (just, &main)
            && self.now().duration_since(just.at) < late
        {
            return Ok(Some((main.clone(), roles)));
        }
        let all = self.store().connections(team).await?;
        let standby = all.into_iter().find(|one| Some(one.id) == roles.standby);
        let works = |one: &Connection| one.details.state == ConnectionState::Connected;
        let from = main.map_or_else(String::new, |main| main.details.identity.username);
        Ok(standby.filter(works).map(|standby| {
            let roles = Connectors {
                main: Some(standby.id),
                standby: None,
                took_over: Some(TookOver {
                    at: self.now(),
                    from,
                    why: words.to_owned(),
                }),
            };
            (standby, roles)
        }))
    }

    fn took_over_entry(&self, candidate: &Connection, roles: &Connectors) -> LogDraft {
        let who = &candidate.details.identity.username;
        let (from, why) = roles
            .took_over
            .as_ref()
            .map_or(("", ""), |took| (took.from.as_str(), took.why.as_str()));
        let summary = format!(
            "{who} took over as the connector from {from}, whose connection was lost ({why}); everything goes on"
        );
        LogDraft::new(self.now(), LogSource::Tandem, LogType::System, summary)
    }

    /// A stand-by that was cut off, too. One that only does not answer stays.
    async fn stands_by_no_more(
        &self,
        team: TeamId,
        candidate: Connection,
        failure: &Failure,
    ) -> AppResult<()> {
        let ends = failure.class.directive() == Directive::PauseConnection;
        if !ends {
            tracing::warn!(%team, %failure, "the stand-by connector can't take over yet");
            return Ok(());
        }
        let now = self.now();
        let username = candidate.details.identity.username.clone();
        let details = ConnectionDetails {
            state: ConnectionState::Lost {
                code: failure.class.code().into(),
                message: failure.message.clone(),
                since: now,
            },
            ..candidate.details
        };
        self.store()
            .save_connection(team, candidate.id, details)
            .await?;
        let summary = format!(
            "{username} can’t take over as the connector: {} ({})",
            failure.class.title(),
            failure.message
        );
        let entry = LogDraft::new(now, LogSource::Tandem, LogType::System, summary);
        self.store().append_log(team, entry).await?;
        Ok(())
    }

    /// Whether a connection works, leads where it should, and what it sees. The outer result is ours, the inner
    /// one the CRM's.
    async fn try_connection(
        &self,
        team: TeamId,
        candidate: &Connection,
    ) -> AppResult<Result<Vec<ObjectSchema>, Failure>> {
        let connector = self.make_connector(self.vault(team, candidate.id), &[])?;
        let calls = connector.capabilities().calls_max;
        let asked = self
            .paid(team, calls.identify, connector.identify())
            .await?;
        let found = match asked {
            Ok(found) => found,
            Err(failure) => return Ok(Err(failure)),
        };
        let known = &candidate.details.identity;
        if (&found.org_id, &found.user_id) != (&known.org_id, &known.user_id) {
            let text = format!(
                "it leads to {} ({}) as {}, not to {} ({}) as {}",
                found.org_name,
                found.org_id,
                found.username,
                known.org_name,
                known.org_id,
                known.username
            );
            return Ok(Err(Failure::new(ErrorClass::WrongOrg, text)));
        }
        let objects = automap::objects();
        let parts = self
            .paid(team, calls.describe, connector.describe(&objects))
            .await?;
        Ok(parts.map(|parts| parts.into_iter().filter_map(Result::ok).collect()))
    }

    /// Changes roles and state at once; then the rules follow what the new connector sees.
    async fn switch(
        &self,
        team: TeamId,
        roles: Connectors,
        seen: Vec<ObjectSchema>,
        entry: LogDraft,
        only_if_lost: bool,
    ) -> AppResult<bool> {
        self.mark_lost(team).await?;
        let summary = entry.summary.clone();
        let state = Some(ConnectionState::Connected);
        let switched = self
            .store()
            .put_connectors(team, roles, state, entry, only_if_lost)
            .await?;
        if !switched {
            return Ok(false);
        }
        self.drop_connector(team);
        self.take_schemas(team, seen).await?;
        self.signals().wake(team);
        if only_if_lost {
            self.note(team, None, "crm.took_over", "connector", summary)
                .await?;
        }
        Ok(true)
    }

    /// Notes at the main connection itself that it is lost, where it is: once it is not the main one any more,
    /// nothing else tells.
    pub(super) async fn mark_lost(&self, team: TeamId) -> AppResult<()> {
        let state = self.store().connection_state(team).await?;
        let main = self.main_connection(team).await?;
        if let (ConnectionState::Lost { .. }, Some(main)) = (&state, main) {
            let details = ConnectionDetails {
                state,
                ..main.details
            };
            self.store().save_connection(team, main.id, details).await?;
        }
        Ok(())
    }

    pub(super) async fn roles(&self, team: TeamId) -> AppResult<Connectors> {
        Ok(self.store().connectors(team).await?)
    }

    async fn connection(&self, team: TeamId, id: ConnectionId) -> AppResult<Connection> {
        let found = self.store().connection(team, id).await?;
        found.ok_or_else(|| AppError::NotFound(format!("connection {id}")))
    }
}

fn choice(
    connection: &Connection,
    main: Option<ConnectionId>,
    roles: &Connectors,
    team: &ConnectionState,
) -> ConnectorChoice {
    let is_main = main == Some(connection.id);
    let role = match connection.id {
        _ if is_main => ConnectorRole::Main,
        id if roles.standby == Some(id) => ConnectorRole::Standby,
        _ => ConnectorRole::Spare,
    };
    let details = &connection.details;
    let state = if is_main { team } else { &details.state };
    let problem = match state {
        ConnectionState::Connected => None,
        ConnectionState::None => Some("it was disconnected; connect again".to_owned()),
        ConnectionState::Lost { message, .. } => Some(format!(
            "its connection was lost ({message}); connect again as this user"
        )),
    };
    ConnectorChoice {
        id: connection.id,
        role,
        name: details.identity.name.clone(),
        username: details.identity.username.clone(),
        email: details.identity.email.clone(),
        connected_at: details.connected_at,
        problem,
    }
}

/// Why a user of the team is not among the choices.
fn missing(user: &User, all: &[Connection]) -> Option<MissingConnector> {
    let of_user = |one: &Connection| {
        one.user == Some(user.id) || user.crm_user.as_ref() == Some(&one.details.identity.user_id)
    };
    if all.iter().any(of_user) {
        return None;
    }
    let reason = if !user.active {
        "is not active"
    } else if user.crm_user.is_none() {
        "is not mapped to a CRM user, and has no connection"
    } else {
        "has no connection: an administrator connects as this CRM user"
    };
    Some(MissingConnector {
        email: user.email.clone(),
        reason: reason.into(),
    })
}

fn name(list: &ConnectorList, id: ConnectionId) -> String {
    let found = list.choices.iter().find(|one| one.id == id);
    found.map_or_else(String::new, |one| one.username.clone())
}

/// The sign-in name of a connection that can be chosen.
fn usable(list: &ConnectorList, id: ConnectionId, field: &str) -> AppResult<String> {
    usable_unless(list, id, field, false)
}

/// The same; a connection that has its place already keeps it, whatever its state.
fn usable_unless(
    list: &ConnectorList,
    id: ConnectionId,
    field: &str,
    has_it: bool,
) -> AppResult<String> {
    let found = list.choices.iter().find(|one| one.id == id);
    let found = found.ok_or_else(|| AppError::invalid(field, "there is no such connection"))?;
    match &found.problem {
        Some(problem) if !has_it => {
            let text = format!("{} can’t be chosen: {problem}", found.username);
            Err(AppError::invalid(field, text))
        }
        _ => Ok(found.username.clone()),
    }
}
