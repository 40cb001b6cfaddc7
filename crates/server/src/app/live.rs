//! The connectors in use, one per team, and the budget around what a person asks the CRM directly.

use super::grants::StoredVault;
use super::{App, AppError, AppResult};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tandem_connectors::salesforce::{Salesforce, SalesforceConfig};
use tandem_connectors::vault::GrantVault;
use tandem_core::connector::{Connector, ConnectorResult, Failure};
use tandem_core::error::Directive;
use tandem_core::ids::{ConnectionId, CrmId, CrmObject, TeamId};
use tandem_core::link::Lane;
use tandem_core::schema::ObjectSchema;
use tandem_core::settings::ConnectionState;
use tandem_core::store::SyncStore as _;
use tandem_core::sync_log::{LogDraft, LogError, LogSource, LogStatus, LogType};
use tandem_store::admin::Connection;

/// Records that took each other's place, on the way to the one that is still there.
const SUCCESSORS_MAX: usize = 10;

/// Connectors by team. They hold a session, so they are kept and not made anew for each step.
#[derive(Default)]
pub(super) struct LiveConnectors(Mutex<HashMap<TeamId, Arc<dyn Connector>>>);

impl App {
    /// The connector of a team; `None` before the first connection.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn connector(&self, team: TeamId) -> AppResult<Option<Arc<dyn Connector>>> {
        if let Some(live) = self.live().get(&team) {
            return Ok(Some(Arc::clone(live)));
        }
        let Some(connection) = self.main_connection(team).await? else {
            return Ok(None);
        };
        let schemas: Vec<_> = self.schemas(team).await?.into_values().collect();
        let made = self.make_connector(self.vault(team, connection.id), &schemas)?;
        let mut live = self.live();
        Ok(Some(Arc::clone(live.entry(team).or_insert(made))))
    }

    /// The connector, for something that a person waits for.
    pub(super) async fn connected(&self, team: TeamId) -> AppResult<Arc<dyn Connector>> {
        let nobody = "nobody is connected to the CRM yet; connect first";
        let connector = self.connector(team).await?;
        connector.ok_or_else(|| AppError::Conflict(nobody.into()))
    }

    /// Lets go of a connector whose connection has changed.
    pub(super) fn drop_connector(&self, team: TeamId) {
        self.live().remove(&team);
    }

    /// The connection that the team's sync uses: the chosen one, else the newest.
    pub(super) async fn main_connection(&self, team: TeamId) -> AppResult<Option<Connection>> {
        let chosen = self.roles(team).await?.main;
        let mut all = self.store().connections(team).await?;
        let place = all.iter().position(|one| Some(one.id) == chosen);
        Ok(match place {
            Some(place) => Some(all.swap_remove(place)),
            None => all.pop(),
        })
    }

    /// The vault of a connection.
    pub(super) fn vault(&self, team: TeamId, connection: ConnectionId) -> Arc<dyn GrantVault> {
        Arc::new(StoredVault {
            store: Arc::clone(self.store()),
            sealer: Arc::clone(&self.0.parts.sealer),
            team,
            connection,
        })
    }

    /// The address of a record's page in the CRM: of the one that took its place, where one did; none of a
    /// record that was deleted.
    pub(super) async fn crm_url(
        &self,
        team: TeamId,
        object: &CrmObject,
        id: &CrmId,
    ) -> AppResult<Option<String>> {
        let Some(connector) = self.connector(team).await? else {
            return Ok(None);
        };
        let (mut object, mut id) = (object.clone(), id.clone());
        for _ in 0..SUCCESSORS_MAX {
            let known = self.store().mirrored(team, &object, &id).await?;
            match known.map(|record| (record.deleted, record.successor)) {
                Some((_, Some(next))) => (object, id) = (next.object, next.id),
                Some((true, None)) => return Ok(None),
                _ => break,
            }
        }
        Ok(Some(connector.record_url(&object, &id)))
    }

    /// Makes a request that a person waits for: as many `calls` as it may cost are reserved before, what
    /// it did cost is accounted for after, out of the reserve for people. A failure that ends the connection is noted.
    pub(super) async fn counted<T>(
        &self,
        team: TeamId,
        calls: u32,
        request: impl Future<Output = ConnectorResult<T>>,
    ) -> AppResult<T> {
        let answer = self.paid(team, calls, request).await?;
        if let Err(failure) = &answer
            && failure.class.directive() == Directive::PauseConnection
        {
            self.lose_connection(team, failure).await?;
        }
        Ok(answer?)
    }

    /// The same for a connection that is not the team's main one, or not yet: its failure is its own.
    pub(super) async fn paid<T>(
        &self,
        team: TeamId,
        calls: u32,
        request: impl Future<Output = ConnectorResult<T>>,
    ) -> AppResult<Result<T, Failure>> {
        let store = self.store();
        let reserved = store
            .reserve_calls(team, calls, Lane::Live, self.now())
            .await?;
        let reservation = reserved.map_err(AppError::Unavailable)?;
        let result = request.await;
        let (answer, spent) = tandem_engine::spent(result);
        store
            .spend_calls(team, reservation, spent, self.now())
            .await?;
        Ok(answer)
    }

    async fn lose_connection(&self, team: TeamId, failure: &Failure) -> AppResult<()> {
        if self.store().connection_state(team).await? != ConnectionState::Connected {
            return Ok(());
        }
        let now = self.now();
        let summary = format!("{}; everything waits in the queue", failure.class.title());
        let mut entry = LogDraft::new(now, LogSource::Tandem, LogType::System, summary);
        entry.status = LogStatus::Failed;
        entry.error = Some(LogError {
            class: failure.class,
            code: failure.code.clone(),
            message: failure.message.clone(),
            fields: failure.fields.clone(),
        });
        let state = ConnectionState::Lost {
            code: failure.class.code().into(),
            message: failure.message.clone(),
            since: now,
        };
        self.store()
            .set_connection_state(team, state, Some(entry))
            .await?;
        Ok(())
    }

    fn live(&self) -> std::sync::MutexGuard<'_, HashMap<TeamId, Arc<dyn Connector>>> {
        self.0.live.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl App {
    /// Makes a connector over a vault.
    pub(super) fn make_connector(
        &self,
        vault: Arc<dyn GrantVault>,
        schemas: &[ObjectSchema],
    ) -> AppResult<Arc<dyn Connector>> {
        let settings = &self.config().salesforce;
        let config = SalesforceConfig {
            api_version: settings.api_version.clone(),
            ..SalesforceConfig::new(self.oauth_app()?)
        };
        let connector = Salesforce::new(config, Arc::clone(self.transport()), vault);
        Ok(Arc::new(connector.with_schemas(schemas)))
    }
}
