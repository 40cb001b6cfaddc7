//! Reconcile: decide what is due, in batches, without a call.

use crate::{Engine, LINKS_PER_STEP, StepResult, Tick};
use tandem_core::brake::{self, Impacts};
use tandem_core::link::Lanes;
use tandem_core::reconcile::{Decision, Input, reconcile};
use tandem_core::settings::TeamRules;
use tandem_core::store::{CommitReport, DecisionCommit, LinkWork};

/// What a reconcile step did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ReconcileOutcome {
    /// Links looked at.
    pub claimed: usize,
    /// What the store made of the decisions.
    pub report: CommitReport,
}

impl Engine {
    /// Decides a batch of due links.
    pub async fn reconcile(&self, tick: Tick) -> StepResult<ReconcileOutcome> {
        self.reconcile_of(self.lanes, tick).await
    }

    /// Decides a batch of due links of these lanes.
    pub(crate) async fn reconcile_of(
        &self,
        lanes: Lanes,
        tick: Tick,
    ) -> StepResult<ReconcileOutcome> {
        if !self.store.rules(self.team).await?.settings.enabled {
            return Ok(ReconcileOutcome::default());
        }
        let claim = self.claim(lanes, tick, LINKS_PER_STEP);
        let work = self.store.claim_links(self.team, &claim).await?;
        let claimed = work.len();
        if claimed == 0 {
            return Ok(ReconcileOutcome::default());
        }
        // Read after the claim: rules published since then have moved the links' versions.
        let rules = self.store.rules(self.team).await?;
        let commits = work
            .into_iter()
            .filter_map(|work| {
                let (mut decision, impacts) = self.decide(&rules, &work, tick)?;
                self.in_run(&mut decision.log);
                Some(DecisionCommit {
                    link: work.link.id,
                    version: work.link.version,
                    decision,
                    lane: work.lane,
                    impacts,
                })
            })
            .collect();
        let report = self
            .store
            .commit_decisions(self.team, commits, tick.now)
            .await?;
        Ok(ReconcileOutcome { claimed, report })
    }

    /// A link whose object is no longer mapped is left alone until it is.
    fn decide(
        &self,
        rules: &TeamRules,
        work: &LinkWork,
        tick: Tick,
    ) -> Option<(Decision, Impacts)> {
        let input = Input::of(rules, work, tick.now, self.guards)?;
        let decision = reconcile(&input);
        let impacts = brake::measure(&input, &decision);
        Some((decision, impacts))
    }
}
