//! What is best done next: one step, chosen by what is waiting.
//!
//! Doubts are settled first, because nothing about their records can move before; then what people just
//! did is decided and goes out, however much else waits; then the other decisions, which cost nothing; then
//! trials of fixes, which wait for the decision about the one record that is tried; then all other writes;
//! then reading; last the looks for what reading does not show, and the rounds over what the CRM works out.
//!
//! An engine for people's edits alone ([`Lanes::Live`]) does nothing else, so that its hands are free
//! while another one waits for the answer to a large request.

use crate::schedule;
use crate::{
    Engine, InquireOutcome, PullOutcome, ReconcileOutcome, RefreshOutcome, ResolveOutcome,
    StepResult, Tick, WatchOutcome, WriteStep,
};
use tandem_core::Timestamp;
use tandem_core::ids::CrmObject;
use tandem_core::incident::TrialReport;
use tandem_core::link::{Lane, Lanes};
use tandem_core::settings::ConnectionState;

/// What one turn did.
#[derive(Clone, PartialEq, Debug)]
pub enum Turn {
    /// Looked into lost answers.
    Resolved(ResolveOutcome),
    /// Read what links must see before they can be decided.
    Inquired(InquireOutcome),
    /// Decided.
    Reconciled(ReconcileOutcome),
    /// Carried trials of fixes on, and took records up where they help.
    Released(TrialReport),
    /// Sent a batch.
    Wrote(WriteStep),
    /// Read.
    Pulled(PullOutcome),
    /// Looked for what reading does not show.
    Watched(WatchOutcome),
    /// Read again what the CRM works out.
    Refreshed(RefreshOutcome),
    /// Asked the org for its API use, because the budget refused on old evidence.
    Asked {
        /// API calls spent.
        calls: u32,
    },
    /// Nothing to do before `until`, if anything is due at all.
    Idle {
        /// When something is due next.
        until: Option<Timestamp>,
        /// Why work waits, where it does: the budget, in words.
        refused: Option<String>,
    },
}

impl Engine {
    /// Does the one most useful step. `wanted` objects are read even if they are not due.
    pub async fn turn(&self, tick: Tick, wanted: &[CrmObject]) -> StepResult<Turn> {
        let resolved = self.resolve(tick).await?;
        let mut refused = resolved.refused.clone();
        if resolved.claimed > 0 && refused.is_none() {
            return Ok(Turn::Resolved(resolved));
        }
        match self.serve_people(tick).await? {
            Ok(turn) => return Ok(turn),
            Err(reason) => refused = reason.or(refused),
        }
        if self.lanes == Lanes::Live {
            return self.rest(refused, tick).await;
        }
        let reconciled = self.reconcile_of(Lanes::Scheduled, tick).await?;
        if reconciled.claimed > 0 {
            return Ok(Turn::Reconciled(reconciled));
        }
        let inquired = self.inquire(tick).await?;
        refused = inquired.refused.clone().or(refused);
        if inquired.asked > 0 {
            return Ok(Turn::Inquired(inquired));
        }
        let trials = self.store.advance_trials(self.team, tick.now).await?;
        if trials.moved > 0 {
            return Ok(Turn::Released(trials));
        }
        let lane = if wanted.is_empty() {
            Lane::Normal
        } else {
            Lane::Live
        };
        let mut wanted = wanted.to_vec();
        match self.write_of(Lanes::Scheduled, tick).await? {
            WriteStep::Idle => {}
            WriteStep::NeedsPull(object) => wanted.push(object),
            WriteStep::Refused(reason) => refused = Some(reason),
            sent @ WriteStep::Sent { .. } => return Ok(Turn::Wrote(sent)),
        }
        let pulled = self.pull_in(lane, tick, &wanted).await?;
        if pulled.asked() {
            return Ok(Turn::Pulled(pulled));
        }
        let watched = self.watch(tick).await?;
        if watched.asked {
            return Ok(Turn::Watched(watched));
        }
        let refreshed = self.refresh(tick).await?;
        if refreshed.asked {
            return Ok(Turn::Refreshed(refreshed));
        }
        let ours = pulled.refused.or(watched.refused).or(refreshed.refused);
        let refused = ours.or(refused);
        self.rest(refused, tick).await
    }

    /// Decides or sends what people did, or reads what must be read before; else the budget's reason, if
    /// that is why nothing can be done.
    async fn serve_people(&self, tick: Tick) -> StepResult<Result<Turn, Option<String>>> {
        if !self.lanes.take(Lane::Live) {
            return Ok(Err(None));
        }
        let reconciled = self.reconcile_of(Lanes::Live, tick).await?;
        if reconciled.claimed > 0 {
            return Ok(Ok(Turn::Reconciled(reconciled)));
        }
        Ok(match self.write_of(Lanes::Live, tick).await? {
            WriteStep::Idle => Err(None),
            WriteStep::Refused(reason) => Err(Some(reason)),
            sent @ WriteStep::Sent { .. } => Ok(Turn::Wrote(sent)),
            WriteStep::NeedsPull(object) => {
                let pulled = self.pull(tick, &[object]).await?;
                if pulled.asked() {
                    Ok(Turn::Pulled(pulled))
                } else {
                    Err(pulled.refused)
                }
            }
        })
    }

    /// Nothing is to be done, or nothing may be.
    async fn rest(&self, refused: Option<String>, tick: Tick) -> StepResult<Turn> {
        if refused.is_some()
            && let Some(calls) = self.ask_allowance(tick).await?
        {
            return Ok(Turn::Asked { calls });
        }
        Ok(Turn::Idle {
            until: self.next_due(tick).await?,
            refused,
        })
    }

    async fn next_due(&self, tick: Tick) -> StepResult<Option<Timestamp>> {
        let rules = self.store.rules(self.team).await?;
        if !rules.settings.enabled {
            return Ok(None);
        }
        let waiting = self.store.backlog(self.team, tick.now).await?.next_due;
        if self.store.connection_state(self.team).await? != ConnectionState::Connected {
            return Ok(waiting);
        }
        let progress = self.store.progress(self.team).await?;
        let pace = self.store.budget(self.team, tick.now).await?.pace;
        let reading = schedule::next_pull_at(&rules, &progress, pace);
        let watching = self.next_watch_at(&rules, &progress).await?;
        let refreshing = self.next_refresh_at(&rules, &progress, tick).await?;
        let due = [waiting, reading, watching, refreshing];
        Ok(due.into_iter().flatten().min())
    }
}
