//! The rules in force: settings and mappings, compiled against what the connected user sees.
//!
//! Rules are read, changed and written back, one change at a time.

use super::schemas::Schemas;
use super::{App, AppResult};
use tandem_core::ids::{CrmObject, TeamId};
use tandem_core::mapping::{MappingProblem, PairRules, compile};
use tandem_core::settings::{SyncSettings, TeamRules};
use tandem_core::store::SyncStore as _;
use tandem_core::workspace::Kind;

/// Rows that do not work at present, by object.
pub(super) type Problems = Vec<(CrmObject, MappingProblem)>;

impl App {
    /// Changes the settings and wakes the runtime.
    pub(super) async fn change_settings(
        &self,
        team: TeamId,
        change: impl FnOnce(&mut SyncSettings),
    ) -> AppResult<()> {
        let _one_at_a_time = self.0.rules.lock().await;
        let mut rules = self.store().rules(team).await?;
        change(&mut rules.settings);
        self.put_rules(team, rules).await
    }

    /// Compiles the newest mappings against the newest schemas and puts them in force. Where the same
    /// mapping compiles to other rules, because the CRM's schema or the user's rights changed, it is
    /// published as a new version: records are looked at again only under a new version.
    pub(super) async fn recompile(&self, team: TeamId) -> AppResult<Problems> {
        let schemas = self.schemas(team).await?;
        self.recompile_against(team, &schemas).await
    }

    /// The same against these schemas.
    pub(super) async fn recompile_against(
        &self,
        team: TeamId,
        schemas: &Schemas,
    ) -> AppResult<Problems> {
        let _one_at_a_time = self.0.rules.lock().await;
        let mut rules = self.store().rules(team).await?;
        let (pairs, problems) = self.compile_against(team, schemas).await?;
        let before = std::mem::take(&mut rules.pairs);
        for pair in pairs {
            let old = before.iter().find(|old| old.object == pair.object);
            let moved = old.is_some_and(|old| old.version == pair.version && *old != pair);
            rules.pairs.push(if moved {
                self.next_version(team, pair).await?
            } else {
                pair
            });
        }
        self.put_rules(team, rules).await?;
        Ok(problems)
    }

    /// The same rules under the next version of their mapping. If somebody publishes at this moment,
    /// their version compiles next.
    async fn next_version(&self, team: TeamId, pair: PairRules) -> AppResult<PairRules> {
        let mappings = self.store().mappings(team).await?;
        let mapping = mappings
            .into_iter()
            .map(|published| published.mapping)
            .find(|mapping| mapping.object == pair.object && mapping.version == pair.version);
        let Some(mapping) = mapping else {
            return Ok(pair);
        };
        let now = self.now();
        let published = self
            .store()
            .publish_mapping(team, mapping, None, now)
            .await?;
        let Some(published) = published else {
            return Ok(pair);
        };
        let version = published.mapping.version;
        let summary = format!(
            "The CRM shows other fields or rights of {} than before: version {version} of its mapping",
            pair.object
        );
        self.note(
            team,
            None,
            "mapping.published",
            pair.object.as_str(),
            summary,
        )
        .await?;
        Ok(PairRules { version, ..pair })
    }

    /// The newest mappings against the newest schemas, parents before children, and the rows that do not
    /// work at present.
    pub(super) async fn compile_all(&self, team: TeamId) -> AppResult<(Vec<PairRules>, Problems)> {
        let schemas = self.schemas(team).await?;
        self.compile_against(team, &schemas).await
    }

    async fn compile_against(
        &self,
        team: TeamId,
        schemas: &Schemas,
    ) -> AppResult<(Vec<PairRules>, Problems)> {
        let mut pairs = Vec::new();
        let mut problems = Vec::new();
        for published in self.store().mappings(team).await? {
            let object = published.mapping.object.clone();
            let Some(schema) = schemas.get(&object) else {
                continue;
            };
            let (pair, found) = compile(&published.mapping, schema);
            problems.extend(found.into_iter().map(|problem| (object.clone(), problem)));
            pairs.push(pair);
        }
        pairs.sort_by_key(|pair| parents_first(pair.kind));
        Ok((pairs, problems))
    }

    async fn put_rules(&self, team: TeamId, rules: TeamRules) -> AppResult<()> {
        self.store().put_rules(team, rules, self.now()).await?;
        self.signals().wake(team);
        Ok(())
    }
}

/// The place of a kind in the order in which references can be followed.
pub(super) fn parents_first(kind: Kind) -> usize {
    Kind::SYNCED
        .iter()
        .position(|synced| *synced == kind)
        .unwrap_or(usize::MAX)
}
