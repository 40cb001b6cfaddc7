//! What the connected user sees of the CRM's objects, and what follows when that changes.
//!
//! A schema comes with a read that noticed a change, with a check of rights, or because a field went missing.
//! All of them end in [`App::take_schemas`]: the rules are compiled anew, people are told, and only then is the
//! schema kept. Whatever is cut short before is noticed again by the next read.

use super::rules::Problems;
use super::{App, AppResult, automap};
use std::collections::BTreeMap;
use tandem_core::connector::Connector;
use tandem_core::drift::{Drift, drift};
use tandem_core::error::ErrorClass;
use tandem_core::ids::{CrmObject, TeamId};
use tandem_core::mapping::MappingProblem;
use tandem_core::schema::ObjectSchema;
use tandem_core::store::SyncStore as _;
use tandem_core::sync_log::{LogDraft, LogError, LogSource, LogStatus, LogType};

/// Differences that one entry names.
const NAMED_MAX: usize = 10;

/// Schemas by object.
pub(super) type Schemas = BTreeMap<CrmObject, ObjectSchema>;

impl App {
    /// Takes over what is to be seen now of some objects. Where that differs from what was known, the rules
    /// are compiled anew and the sync log tells it; what failed before is tried again.
    ///
    /// # Errors
    /// The database does not answer; then nothing is kept.
    pub async fn take_schemas(&self, team: TeamId, seen: Vec<ObjectSchema>) -> AppResult<()> {
        if seen.is_empty() {
            return Ok(());
        }
        let _one_at_a_time = self.0.schemas.lock().await;
        let mut schemas = self.schemas(team).await?;
        let is_news = |schema: &ObjectSchema| schemas.get(&schema.name) != Some(schema);
        let news: Vec<ObjectSchema> = seen.into_iter().filter(is_news).collect();
        if news.is_empty() {
            return Ok(());
        }
        let changes: Vec<_> = news.iter().filter_map(|now| moved(&schemas, now)).collect();
        schemas.extend(news.iter().map(|now| (now.name.clone(), now.clone())));
        let problems = self.recompile_against(team, &schemas).await?;
        for (object, drifts) in &changes {
            self.tell_drift(team, object, drifts, &problems).await?;
        }
        self.store().save_schemas(team, news, self.now()).await?;
        self.drop_connector(team);
        if !changes.is_empty() {
            self.store().end_waits(team).await?;
            self.signals().wake(team);
        }
        Ok(())
    }

    /// Reads again what the connected user sees of the objects that sync.
    ///
    /// # Errors
    /// `Conflict` if nobody is connected; `Unavailable` if the CRM does not answer.
    pub async fn refresh_schemas(&self, team: TeamId) -> AppResult<()> {
        let connector = self.connected(team).await?;
        let schemas = self.read_schemas(team, connector.as_ref()).await?;
        self.take_schemas(team, schemas).await
    }
}

impl App {
    /// What the connected user sees, as last read.
    pub(super) async fn schemas(&self, team: TeamId) -> AppResult<Schemas> {
        let snapshots = self.store().schemas(team).await?;
        Ok(snapshots
            .into_iter()
            .map(|snapshot| (snapshot.schema.name.clone(), snapshot.schema))
            .collect())
    }

    /// What a connected user sees of the objects that sync; objects that it does not see are left
    /// out, and the permission check names them.
    pub(super) async fn read_schemas(
        &self,
        team: TeamId,
        connector: &dyn Connector,
    ) -> AppResult<Vec<ObjectSchema>> {
        let calls = connector.capabilities().calls_max.describe;
        let objects = automap::objects();
        let parts = self
            .counted(team, calls, connector.describe(&objects))
            .await?;
        Ok(parts.into_iter().filter_map(Result::ok).collect())
    }

    /// One entry for an object: failed where rows of its mapping do not work because of it.
    async fn tell_drift(
        &self,
        team: TeamId,
        object: &CrmObject,
        drifts: &[Drift],
        problems: &Problems,
    ) -> AppResult<()> {
        let summary = format!("The CRM changed {object}: {}", named(drifts));
        let mut entry = LogDraft::new(self.now(), LogSource::Crm, LogType::System, summary);
        entry.crm = Some((object.clone(), None));
        let mappings = self.store().mappings(team).await?;
        let mapping = mappings.iter().find(|one| one.mapping.object == *object);
        let fields = mapping.map_or(&[][..], |one| &one.mapping.fields);
        let drifted = |crm: &str| drifts.iter().any(|drift| drift.field() == Some(crm));
        let broken: Vec<(&str, &MappingProblem)> = problems
            .iter()
            .filter(|(of, _)| of == object)
            .filter_map(|(_, problem)| {
                let row = fields.iter().find(|row| row.workspace == problem.field)?;
                drifted(&row.crm).then_some((row.crm.as_str(), problem))
            })
            .collect();
        if !broken.is_empty() {
            let reasons: Vec<String> = broken.iter().map(|(_, one)| one.to_string()).collect();
            entry.status = LogStatus::Failed;
            entry.error = Some(LogError {
                class: ErrorClass::SchemaChanged,
                code: String::new(),
                message: reasons.join("; "),
                fields: broken.iter().map(|(crm, _)| (*crm).to_owned()).collect(),
            });
        }
        self.store().append_log(team, entry).await?;
        Ok(())
    }
}

/// How an object that was known changed, if it did.
fn moved(known: &Schemas, now: &ObjectSchema) -> Option<(CrmObject, Vec<Drift>)> {
    let drifts = drift(known.get(&now.name)?, now);
    (!drifts.is_empty()).then(|| (now.name.clone(), drifts))
}

fn named(drifts: &[Drift]) -> String {
    let some: Vec<String> = drifts
        .iter()
        .take(NAMED_MAX)
        .map(Drift::to_string)
        .collect();
    match drifts.len().saturating_sub(NAMED_MAX) {
        0 => some.join("; "),
        more => format!("{}; and {more} more", some.join("; ")),
    }
}
