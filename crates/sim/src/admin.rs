//! The administrators of both sides: one lets less or more of an object come in, the other's org has no API
//! calls left for a while. In the end everything is as it was in the beginning.

use crate::clock::Dice;
use crate::executor::block_on;
use std::sync::Arc;
use tandem_core::Timestamp;
use tandem_core::brake::{Plan, PlanChoice, PlanState};
use tandem_core::ids::TeamId;
use tandem_core::mapping::PairRules;
use tandem_core::settings::TeamRules;
use tandem_core::store::SyncStore as _;
use tandem_sandbox::Sandbox;
use tandem_store::memory::MemoryStore;

/// Calls that an org allows which nobody uses up.
const PLENTY: u64 = 10_000_000;

pub(crate) struct Admin {
    dice: Dice,
    store: Arc<MemoryStore>,
    sandbox: Arc<Sandbox>,
    team: TeamId,
    /// As drawn from the seed.
    full: TeamRules,
    published: TeamRules,
}

impl Admin {
    pub(crate) fn new(
        dice: Dice,
        store: Arc<MemoryStore>,
        sandbox: Arc<Sandbox>,
        team: TeamId,
        full: TeamRules,
    ) -> Self {
        sandbox.set_call_limit(PLENTY);
        Self {
            dice,
            store,
            sandbox,
            team,
            published: full.clone(),
            full,
        }
    }

    /// Does something, and says what.
    pub(crate) fn act(&mut self, now: Timestamp) -> String {
        if self.dice.percent(8) {
            return self.allow();
        }
        if let Some(told) = self.decide_a_plan(now) {
            return told;
        }
        let index = self.dice.below(self.full.pairs.len());
        let mut pair = self.full.pairs[index].clone();
        pair.import = self.dice.percent(50);
        if self.dice.percent(50) {
            let field = pair.fields.remove(self.dice.below(pair.fields.len()));
            let text = format!("unmaps {}.{}", pair.object, field.mapping.crm);
            self.publish(index, pair, now);
            return text;
        }
        let text = format!("import of {}: {}", pair.object, pair.import);
        self.publish(index, pair, now);
        text
    }

    /// Whether the rules leave out which account a record is under.
    pub(crate) fn hides_accounts(&self) -> bool {
        let pairs = self.full.pairs.iter().zip(&self.published.pairs);
        let told = |pair: &PairRules| pair.by_workspace("account").is_some();
        pairs
            .into_iter()
            .any(|(full, published)| told(full) && !told(published))
    }

    /// Where plans wait, one of them is decided more often than not.
    fn decide_a_plan(&self, now: Timestamp) -> Option<String> {
        let plans = self.waiting_plans();
        if plans.is_empty() || self.dice.percent(30) {
            return None;
        }
        let plan = &plans[self.dice.below(plans.len())];
        let choice = match self.dice.percent(60) {
            true => PlanChoice::Approve,
            false => PlanChoice::Keep,
        };
        self.decide(plan, choice, now);
        Some(format!("plan {}: {choice:?}", plan.id))
    }

    /// Plans that can still be decided.
    fn waiting_plans(&self) -> Vec<Plan> {
        let plans = block_on(self.store.plans(self.team)).expect("the team exists");
        let waits = |plan: &Plan| matches!(plan.state, PlanState::Open | PlanState::Kept { .. });
        plans.into_iter().filter(waits).collect()
    }

    fn decide(&self, plan: &Plan, choice: PlanChoice, now: Timestamp) {
        let decided = self
            .store
            .decide_plan(self.team, plan.id, choice, None, now);
        block_on(decided).expect("the plan exists");
    }

    /// The org has a few calls left, or plenty again.
    fn allow(&self) -> String {
        let reading = self.sandbox.meter();
        let limit = if reading.limit_calls_24h == PLENTY {
            reading.used_calls_24h + 1
        } else {
            PLENTY
        };
        self.sandbox.set_call_limit(limit);
        format!("the org allows {limit} calls")
    }

    fn publish(&mut self, index: usize, mut pair: PairRules, now: Timestamp) {
        pair.version = self.published.pairs[index].version + 1;
        self.published.pairs[index] = pair;
        let put = self.store.put_rules(self.team, self.published.clone(), now);
        block_on(put).expect("the team exists");
    }

    /// Whatever the brake holds is carried out. Returns whether it held anything.
    pub(crate) fn approve_all(&self, now: Timestamp) -> bool {
        let plans = self.waiting_plans();
        for plan in &plans {
            self.decide(plan, PlanChoice::Approve, now);
        }
        !plans.is_empty()
    }

    /// Everything comes in again, and nothing stops it but what a strict brake holds from now on.
    pub(crate) fn restore(&mut self, now: Timestamp) {
        self.sandbox.set_call_limit(PLENTY);
        self.approve_all(now);
        for index in 0..self.full.pairs.len() {
            self.publish(index, self.full.pairs[index].clone(), now);
        }
    }
}
