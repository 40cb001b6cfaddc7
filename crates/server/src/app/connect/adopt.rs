//! A grant just given becomes the team's connection: who and where are we, is it the right org, what
//! is there.

use super::ConnectReport;
use crate::app::connectors::ConnectorRole;
use crate::app::{Actor, App, AppError, AppResult, automap};
use secrecy::SecretString;
use std::sync::Arc;
use tandem_connectors::oauth::{self, OAuthApp, Tokens};
use tandem_connectors::vault::{Grant, GrantVault, MemoryVault, Saved};
use tandem_core::connector::{CrmUser, OrgIdentity};
use tandem_core::error::ErrorClass;
use tandem_core::ids::{ConnectionId, TeamId};
use tandem_core::schema::ObjectSchema;
use tandem_core::settings::ConnectionState;
use tandem_core::store::SyncStore as _;
use tandem_core::sync_log::{LogDraft, LogSource, LogType};
use tandem_store::admin::{Connection, ConnectionDetails, Connectors, UserPatch};

impl App {
    /// Takes a grant over, or revokes it if it leads to another org.
    pub(super) async fn adopt(
        &self,
        actor: &Actor,
        app: &OAuthApp,
        tokens: Tokens,
    ) -> AppResult<ConnectReport> {
        let team = actor.team;
        let refresh_token = tokens.refresh_token.ok_or_else(no_refresh_token)?;
        // Until the org is known to be right, the grant lives in memory only.
        let vault = Arc::new(MemoryVault::new(Grant {
            access_token: tokens.access_token,
            refresh_token: refresh_token.clone(),
            instance_url: tokens.instance_url,
            version: 0,
        }));
        let connector = self.make_connector(Arc::clone(&vault) as Arc<dyn GrantVault>, &[])?;
        let calls_max = connector.capabilities().calls_max;
        let identity = self
            .paid(team, calls_max.identify, connector.identify())
            .await??;
        let known = self.main_connection(team).await?;
        if let Err(refused) = same_org(known.as_ref(), &identity) {
            self.give_back(app, &refresh_token).await;
            return Err(refused);
        }
        let grant = vault.load().await.map_err(AppError::internal)?;
        if let Some(main) = known.as_ref()
            && !self.becomes_main(team, main, &identity).await?
        {
            return self.stand_by(actor, identity, grant).await;
        }
        let schemas = self.read_schemas(team, connector.as_ref()).await?;
        let users = self
            .counted(team, calls_max.users, connector.users())
            .await?;
        let first = known.is_none();
        self.mark_lost(team).await?;
        let id = self.keep(actor, identity.clone(), grant).await?;
        let fields_mapped = self.map_first(actor, &schemas).await?;
        self.take_schemas(team, schemas).await?;
        let users_mapped = self.map_users(actor, &users).await?;
        let report = ConnectReport {
            org_name: identity.org_name.clone(),
            username: identity.username.clone(),
            role: ConnectorRole::Main,
            first,
            fields_mapped,
            users: users.len(),
            users_mapped,
            problems: Vec::new(),
        };
        self.store().replace_crm_users(team, users).await?;
        self.drop_connector(team);
        let (_, problems) = self.compile_all(team).await?;
        self.tell(actor, &identity, id).await?;
        Ok(ConnectReport { problems, ..report })
    }

    async fn give_back(&self, app: &OAuthApp, refresh_token: &SecretString) {
        let revoked = oauth::revoke(self.transport().as_ref(), app, refresh_token).await;
        if let Err(failure) = revoked {
            tracing::warn!(%failure, "a grant of another org could not be given back");
        }
    }

    /// Whether a new connection carries the sync: there is none that works, or it is the same user's.
    async fn becomes_main(
        &self,
        team: TeamId,
        main: &Connection,
        identity: &OrgIdentity,
    ) -> AppResult<bool> {
        let state = self.store().connection_state(team).await?;
        let same_user = main.details.identity.user_id == identity.user_id;
        Ok(same_user || state != ConnectionState::Connected)
    }

    /// Keeps a connection beside the main one. It stands by, unless another one does.
    async fn stand_by(
        &self,
        actor: &Actor,
        identity: OrgIdentity,
        grant: Grant,
    ) -> AppResult<ConnectReport> {
        let team = actor.team;
        let roles = self.roles(team).await?;
        let all = self.store().connections(team).await?;
        let is_free = roles.standby.is_none_or(|id| {
            let standby = all.iter().find(|one| one.id == id);
            standby.is_none_or(|one| one.details.identity.user_id == identity.user_id)
        });
        let main = self.main_connection(team).await?.map(|main| main.id);
        let id = self.keep(actor, identity.clone(), grant).await?;
        let (who, org) = (identity.username.clone(), identity.org_name.clone());
        let role = if is_free {
            ConnectorRole::Standby
        } else {
            ConnectorRole::Spare
        };
        let summary = match role {
            ConnectorRole::Standby => {
                format!("Connected to {org} as {who}: the stand-by connector")
            }
            _ => format!("Connected to {org} as {who}, beside the stand-by connector"),
        };
        let entry = self.entry(actor, summary.clone());
        let standby = if is_free { Some(id) } else { roles.standby };
        let roles = Connectors {
            main,
            standby,
            took_over: None,
        };
        self.store()
            .put_connectors(team, roles, None, entry, false)
            .await?;
        self.act(actor, "crm.connected", &who, summary).await?;
        Ok(ConnectReport {
            org_name: org,
            username: who,
            role,
            first: false,
            fields_mapped: 0,
            users: 0,
            users_mapped: 0,
            problems: Vec::new(),
        })
    }

    /// What somebody did about the connections, for the sync log.
    pub(in crate::app) fn entry(&self, actor: &Actor, summary: String) -> LogDraft {
        let mut entry = LogDraft::new(self.now(), LogSource::Tandem, LogType::System, summary);
        entry.by = actor.user;
        entry
    }

    /// Stores connection and grant; an earlier connection of the same CRM user ends. A crash in between leaves
    /// both, and the newer one is chosen, or can be.
    async fn keep(
        &self,
        actor: &Actor,
        identity: OrgIdentity,
        grant: Grant,
    ) -> AppResult<ConnectionId> {
        let (store, team) = (self.store(), actor.team);
        let former = store.connections(team).await?.into_iter();
        let former: Vec<_> = former
            .filter(|one| one.details.identity.user_id == identity.user_id)
            .collect();
        let details = ConnectionDetails {
            crm: "salesforce".into(),
            identity,
            instance_url: grant.instance_url.clone(),
            state: ConnectionState::Connected,
            connected_at: self.now(),
        };
        let id = store.create_connection(team, actor.user, details).await?;
        let saved = self.vault(team, id).save(0, grant).await;
        if let Saved::Outrun(_) = saved.map_err(AppError::internal)? {
            let text = "somebody else connected at the same moment; look again";
            return Err(AppError::Conflict(text.into()));
        }
        for former in former {
            store.delete_connection(team, former.id).await?;
        }
        Ok(id)
    }

    /// Maps objects that have no mapping yet.
    async fn map_first(&self, actor: &Actor, schemas: &[ObjectSchema]) -> AppResult<usize> {
        let published = self.store().mappings(actor.team).await?;
        let mut fields = 0;
        for (kind, object) in automap::PAIRS {
            let known =
                |p: &tandem_store::admin::PublishedMapping| p.mapping.object.as_str() == object;
            let schema = schemas.iter().find(|schema| schema.name.as_str() == object);
            let Some(schema) = schema.filter(|_| !published.iter().any(known)) else {
                continue;
            };
            let mapping = automap::first_mapping(kind, schema);
            fields += mapping.fields.len();
            let now = self.now();
            self.store()
                .publish_mapping(actor.team, mapping, None, now)
                .await?;
        }
        Ok(fields)
    }

    /// Finds the team's users among the CRM's by their address; corrections by hand stay.
    async fn map_users(&self, actor: &Actor, crm_users: &[CrmUser]) -> AppResult<usize> {
        let mut mapped = 0;
        for user in self.store().users(actor.team).await? {
            let same =
                |known: &&CrmUser| known.active && known.email.eq_ignore_ascii_case(&user.email);
            if let (None, Some(found)) = (&user.crm_user, crm_users.iter().find(same)) {
                let patch = UserPatch {
                    crm_user: Some(Some(found.id.clone())),
                    ..UserPatch::default()
                };
                self.store().update_user(actor.team, user.id, patch).await?;
                mapped += 1;
            }
        }
        Ok(mapped)
    }

    /// The new connection carries the sync; the stand-by stays, unless it was this one.
    async fn tell(&self, actor: &Actor, identity: &OrgIdentity, id: ConnectionId) -> AppResult<()> {
        let summary = format!(
            "Connected to {} as {}",
            identity.org_name, identity.username
        );
        let all = self.store().connections(actor.team).await?;
        let standby = self.roles(actor.team).await?.standby;
        let standby = standby.filter(|standby| all.iter().any(|one| one.id == *standby));
        let roles = Connectors {
            main: Some(id),
            standby,
            took_over: None,
        };
        let entry = self.entry(actor, summary.clone());
        let state = Some(ConnectionState::Connected);
        self.store()
            .put_connectors(actor.team, roles, state, entry, false)
            .await?;
        self.signals().wake(actor.team);
        self.act(actor, "crm.connected", &identity.username, summary)
            .await
    }
}

/// A team's links, bases and ids belong to one org; another one is refused for ever.
fn same_org(known: Option<&Connection>, found: &OrgIdentity) -> AppResult<()> {
    let Some(known) = known.map(|known| &known.details.identity) else {
        return Ok(());
    };
    if known.org_id == found.org_id {
        return Ok(());
    }
    Err(AppError::Conflict(format!(
        "{}: this team is linked to {} ({}), not to {} ({}). {}",
        ErrorClass::WrongOrg.title(),
        known.org_name,
        known.org_id,
        found.org_name,
        found.org_id,
        ErrorClass::WrongOrg.hint()
    )))
}

fn no_refresh_token() -> AppError {
    AppError::Conflict(
        "the CRM gave no refresh token: allow the scope “refresh_token, offline_access” in the \
         connected app, then connect again"
            .into(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use tandem_core::Timestamp;
    use tandem_core::ids::{ConnectionId, CrmId};

    fn identity(org_id: &str) -> OrgIdentity {
        OrgIdentity {
            org_id: org_id.into(),
            org_name: format!("Org {org_id}"),
            edition: "Developer Edition".into(),
            sandbox: true,
            user_id: CrmId::new("005"),
            username: "ana@acme.example".into(),
            email: "ana@acme.example".into(),
            name: "Ana".into(),
        }
    }

    #[test]
    fn a_team_never_moves_to_another_org() {
        let known = Connection {
            id: ConnectionId(1),
            user: None,
            details: ConnectionDetails {
                crm: "salesforce".into(),
                identity: identity("A"),
                instance_url: "https://acme.example".into(),
                state: ConnectionState::Connected,
                connected_at: Timestamp::UNIX_EPOCH,
            },
        };
        assert!(same_org(None, &identity("B")).is_ok());
        assert!(same_org(Some(&known), &identity("A")).is_ok());
        let refused = same_org(Some(&known), &identity("B")).expect_err("refused");
        assert!(refused.to_string().contains("Org A"), "{refused}");
        assert_eq!(refused.code(), "conflict");
    }
}
