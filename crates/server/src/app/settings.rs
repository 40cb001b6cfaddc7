//! The toggle, the frequencies, the threshold; and “sync now”.

use super::overview::SyncState;
use super::{Actor, App, AppError, AppResult};
use serde::Serialize;
use std::collections::BTreeMap;
use tandem_core::ids::CrmObject;
use tandem_core::mapping::PairRules;
use tandem_core::refresh::Refresh;
use tandem_core::settings::{ConnectionState, FREQUENCY_CHOICES_SECONDS, TeamRules};
use tandem_core::store::SyncStore as _;
use utoipa::ToSchema;

/// Objects that one request reads: Salesforce takes five queries in a composite request.
const OBJECTS_PER_CALL: usize = 5;
/// Records that one request reads by id: five queries of 2,000 rows.
const RECORDS_PER_CALL: usize = 10_000;

/// What a choice of frequencies costs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct FrequencyQuote {
    /// Calls a day for looking whether anything changed, all objects together: objects that are due
    /// together share a call. Reading records again is part of it: every hour where formulas are mapped, every day elsewhere; changes themselves
    /// come on top.
    pub calls_per_day: u64,
    /// The org's allowance, if it is known.
    pub org_max: Option<u64>,
    /// Per cent of the allowance, if it is known, in tenths.
    pub permille: Option<u64>,
}

impl App {
    /// Turns sync on or off. On needs a working connection whose required rights are there.
    ///
    /// # Errors
    /// `Forbidden`; `Conflict` with what is missing.
    pub async fn set_enabled(&self, actor: &Actor, enabled: bool) -> AppResult<()> {
        actor.must_be_admin()?;
        if enabled {
            self.must_be_ready(actor).await?;
        }
        self.change_settings(actor.team, |settings| settings.enabled = enabled)
            .await?;
        let (action, summary) = if enabled {
            ("sync.enabled", "Turned sync on")
        } else {
            ("sync.disabled", "Turned sync off")
        };
        self.act(actor, action, "sync", summary.into()).await
    }

    /// The seconds between reads now in force, by object.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn frequencies(&self, actor: &Actor) -> AppResult<BTreeMap<CrmObject, u32>> {
        let rules = self.store().rules(actor.team).await?;
        let of = |object: &CrmObject| (object.clone(), rules.settings.frequency(object));
        Ok(rules.pairs.iter().map(|pair| of(&pair.object)).collect())
    }

    /// What a choice would cost; objects that are not named keep theirs.
    ///
    /// # Errors
    /// `Invalid` with the object's name.
    pub async fn quote_frequencies(
        &self,
        actor: &Actor,
        choice: &BTreeMap<CrmObject, u32>,
    ) -> AppResult<FrequencyQuote> {
        let rules = self.store().rules(actor.team).await?;
        check_choice(&rules, choice)?;
        let mut settings = rules.settings.clone();
        settings.frequency_seconds.extend(choice.clone());
        let objects: Vec<_> = rules.pairs.iter().map(|pair| pair.object.clone()).collect();
        let reading = tandem_engine::calls_per_day(&settings, &objects, OBJECTS_PER_CALL);
        let calls_per_day = reading + self.refresh_calls(actor, &rules).await?;
        let budget = self.store().budget(actor.team, self.now()).await?;
        let org_max = budget.org.map(|(org, _)| org.max).filter(|max| *max > 0);
        Ok(FrequencyQuote {
            calls_per_day,
            org_max,
            permille: org_max.map(|max| calls_per_day.saturating_mul(1000) / max),
        })
    }

    /// Sets how often objects are read, in seconds: 60, 300 or 600.
    ///
    /// # Errors
    /// `Forbidden`; `Invalid` with the object's name.
    pub async fn set_frequencies(
        &self,
        actor: &Actor,
        choice: &BTreeMap<CrmObject, u32>,
    ) -> AppResult<()> {
        actor.must_be_admin()?;
        let rules = self.store().rules(actor.team).await?;
        check_choice(&rules, choice)?;
        self.change_settings(actor.team, |settings| {
            settings.frequency_seconds.extend(choice.clone());
        })
        .await?;
        let texts: Vec<_> = choice
            .iter()
            .map(|(o, s)| format!("{o} every {s} s"))
            .collect();
        let summary = format!("Set the frequency: {}", texts.join(", "));
        self.act(actor, "sync.frequency", "sync", summary).await
    }

    /// Sets the percentage (1 to 100) of the org's allowance at which scheduled sync pauses.
    ///
    /// # Errors
    /// `Forbidden`; `Invalid` with `threshold_percent`.
    pub async fn set_threshold(&self, actor: &Actor, percent: u8) -> AppResult<()> {
        actor.must_be_admin()?;
        if !(1..=100).contains(&percent) {
            let message = format!("{percent} is not between 1 and 100");
            return Err(AppError::invalid("threshold_percent", message));
        }
        self.change_settings(actor.team, |settings| {
            settings.api_threshold_percent = percent
        })
        .await?;
        let summary = format!("Set the API threshold to {percent} %");
        self.act(actor, "sync.threshold", "sync", summary).await
    }

    /// Reads every object now instead of when it is due, and tries again at once what waits after a failure.
    ///
    /// # Errors
    /// `Conflict` if sync is off or the connection is lost.
    pub async fn sync_now(&self, actor: &Actor) -> AppResult<()> {
        self.must_run(actor).await?;
        self.store().end_waits(actor.team).await?;
        self.signals().read_now(actor.team, self.now());
        self.act(
            actor,
            "sync.now",
            "sync",
            "Asked to read every object now".into(),
        )
        .await
    }

    /// Reads these objects from the beginning: every record that the connected user sees, not only what
    /// changed. What both sides agree on stays agreed. Costs a call for every 10,000 records or so.
    ///
    /// # Errors
    /// `Forbidden`; `Invalid` with `objects` if one is not mapped, or none is named; `Conflict` if sync is off
    /// or the connection is lost.
    pub async fn read_again(&self, actor: &Actor, objects: &[CrmObject]) -> AppResult<()> {
        actor.must_be_admin()?;
        let rules = self.store().rules(actor.team).await?;
        if objects.is_empty() {
            let text = "choose at least one object";
            return Err(AppError::invalid("objects", text));
        }
        if let Some(unknown) = objects.iter().find(|object| rules.pair(object).is_none()) {
            let text = format!("{unknown} is not mapped");
            return Err(AppError::invalid("objects", text));
        }
        self.must_run(actor).await?;
        for object in objects {
            self.store().reset_progress(actor.team, object).await?;
        }
        self.store().end_waits(actor.team).await?;
        self.signals().wake(actor.team);
        let names: Vec<_> = objects.iter().map(CrmObject::as_str).collect();
        let summary = format!("Asked to read everything again of {}", names.join(", "));
        self.act(actor, "sync.read_again", "sync", summary).await
    }
}

impl App {
    /// Calls a day for reading records again: every hour what changes without a stamp, and every day what is not known to.
    async fn refresh_calls(&self, actor: &Actor, rules: &TeamRules) -> AppResult<u64> {
        let counts = self.store().counts(actor.team).await?;
        let watches = self.store().watches(actor.team).await?;
        let calls = |pair: &PairRules| {
            let watch = watches.iter().find(|watch| watch.object == pair.object);
            let refresh = watch.map_or_else(Refresh::default, |watch| watch.refresh.clone());
            let Some(rounds) = refresh.rounds(pair) else {
                return 0;
            };
            let records = counts.objects.iter().find(|one| one.object == pair.object);
            let records = records.map_or(0, |one| one.by_status.values().sum());
            tandem_engine::refresh_calls_per_day(rounds, records, RECORDS_PER_CALL)
        };
        Ok(rules.pairs.iter().map(calls).sum())
    }

    /// Refuses what only a running sync can do.
    async fn must_run(&self, actor: &Actor) -> AppResult<()> {
        let text = match self.sync_state(actor).await? {
            SyncState::Enabled { .. } => return Ok(()),
            SyncState::ConnectionLost { message, .. } => {
                format!("the connection to the CRM is lost ({message}); connect again")
            }
            SyncState::NotConnected | SyncState::NotConfigured => {
                "sync is off; turn it on in Sync Management first".into()
            }
        };
        Err(AppError::Conflict(text))
    }

    /// Refuses to turn sync on while something that it needs is missing.
    async fn must_be_ready(&self, actor: &Actor) -> AppResult<()> {
        let refuse = |text: String| Err(AppError::Conflict(text));
        match self.store().connection_state(actor.team).await? {
            ConnectionState::Connected => {}
            ConnectionState::None => {
                return refuse("nobody is connected to the CRM yet; connect first".into());
            }
            ConnectionState::Lost { message, .. } => {
                return refuse(format!(
                    "the connection to the CRM is lost ({message}); connect again"
                ));
            }
        }
        let report = self.check_permissions(actor).await?;
        let missing: Vec<_> = report
            .items
            .iter()
            .filter(|item| item.required && !item.granted)
            .map(|item| item.fix.clone())
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        refuse(format!(
            "{} lacks rights: {}",
            report.username,
            missing.join("; ")
        ))
    }
}

fn check_choice(rules: &TeamRules, choice: &BTreeMap<CrmObject, u32>) -> AppResult<()> {
    for (object, seconds) in choice {
        if rules.pair(object).is_none() {
            return Err(AppError::invalid(
                object.as_str(),
                format!("{object} is not mapped"),
            ));
        }
        if !FREQUENCY_CHOICES_SECONDS.contains(seconds) {
            let message = format!("{seconds} seconds is not a choice; take 60, 300 or 600");
            return Err(AppError::invalid(object.as_str(), message));
        }
    }
    Ok(())
}
