//! The brake: what passed, hour by hour, and the plans that hold links.

use super::team::Team;
use crate::rules::{self, Ruling};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use tandem_core::Timestamp;
use tandem_core::brake::{
    self, Brake, Gauge, Impact, Impacts, NORMAL_DAYS, Passed, Plan, PlanChoice, PlanState,
    PlannedRecord, ValueChange,
};
use tandem_core::ids::{LinkId, PlanId, UserId};
use tandem_core::link::{Lane, RecordLink};
use tandem_core::store::{DecisionCommit, PLANS_MAX, StoreError, StoreResult};

/// Seconds of a day.
const DAY: i64 = 86_400;

/// What the brake remembers.
#[derive(Debug, Default)]
pub(super) struct Brakes {
    passed: BTreeMap<Impact, BTreeMap<Timestamp, Passed>>,
    plans: BTreeMap<PlanId, Plan>,
    changes: BTreeMap<(PlanId, LinkId), Vec<ValueChange>>,
}

impl Brakes {
    fn open_plan(&self, impact: Impact) -> Option<PlanId> {
        let open = |plan: &&Plan| plan.impact == impact && plan.state == PlanState::Open;
        self.plans.values().find(open).map(|plan| plan.id)
    }

    fn passed_lately(&self, impact: Impact, now: Timestamp) -> u64 {
        let hours = self.passed.get(&impact).into_iter().flatten();
        let lately = hours.filter(|(hour, _)| **hour >= brake::window_start(now));
        lately.map(|(_, passed)| passed.unasked).sum()
    }

    fn normal(&self, impact: Impact, now: Timestamp) -> u64 {
        let day_of = |at: Timestamp| at.as_second().div_euclid(DAY);
        let today = day_of(now);
        let learned = today - i64::try_from(NORMAL_DAYS).unwrap_or(i64::MAX)..today;
        let mut busiest: BTreeMap<i64, u64> = BTreeMap::new();
        for (hour, passed) in self.passed.get(&impact).into_iter().flatten() {
            let day = day_of(*hour);
            if learned.contains(&day) {
                let most = busiest.entry(day).or_default();
                *most = (*most).max(passed.unasked + passed.approved);
            }
        }
        brake::normal_hour(busiest.into_values().collect())
    }
}

impl Team {
    /// The brake for a batch with these decisions.
    pub(super) fn brake(&self, commits: &[DecisionCommit], now: Timestamp) -> Brake {
        let mut wanted: BTreeMap<Impact, u64> = BTreeMap::new();
        for impact in commits.iter().flat_map(|commit| commit.impacts.keys()) {
            *wanted.entry(*impact).or_default() += 1;
        }
        let gauges = wanted
            .into_iter()
            .map(|(impact, records)| (impact, self.gauge(impact, records, now)));
        Brake::new(self.rules.settings.brake.enabled, gauges.collect())
    }

    /// Where an impact stands. What is normal is looked up only where this batch could pass the least
    /// bound.
    fn gauge(&self, impact: Impact, records: u64, now: Timestamp) -> Gauge {
        let settings = &self.rules.settings.brake;
        let passed = self.brakes.passed_lately(impact, now);
        let plan = self.brakes.open_plan(impact);
        let (mut normal, mut linked) = (0, 0);
        if passed + records > settings.allowed(impact.effect, 0, 0) && plan.is_none() {
            normal = self.brakes.normal(impact, now);
            let links = self.links.iter().map(|row| &row.link);
            linked = links.filter(|link| rules::is_linked(link)).count() as u64;
        }
        Gauge {
            passed,
            allowed: settings.allowed(impact.effect, normal, linked),
            plan,
        }
    }

    /// Whether a decision is held; then its link waits in its plans, and nothing else of it is done.
    pub(super) fn brake_holds(
        &mut self,
        brake: &mut Brake,
        commit: &DecisionCommit,
        now: Timestamp,
    ) -> bool {
        let id = commit.link;
        let Some(row) = self.links.get(id) else {
            return false;
        };
        match rules::brake(brake, &self.brakes.plans, &row.link, &commit.impacts) {
            Ruling::Pass => {
                if !row.link.plans.is_empty() {
                    self.links.change(id, |link| rules::hold(link, Vec::new()));
                }
                false
            }
            Ruling::Hold { holds, approved } => {
                let mut joined = approved;
                for (impact, plan) in holds {
                    joined.push(plan.unwrap_or_else(|| self.open_plan(brake, impact, now)));
                }
                self.join(id, joined, &commit.impacts);
                self.links.set_due(id, None, commit.lane);
                self.intents.remove_of(id);
                true
            }
        }
    }

    fn open_plan(&mut self, brake: &mut Brake, impact: Impact, now: Timestamp) -> PlanId {
        let plan = Plan {
            id: PlanId(self.ids.next()),
            impact,
            state: PlanState::Open,
            opened_at: now,
            allowed: brake.allowed(impact),
            records: 0,
        };
        let id = plan.id;
        brake.opened(impact, id);
        self.append_log(brake::opened_entry(&plan));
        self.brakes.plans.insert(id, plan);
        id
    }

    fn join(&mut self, link: LinkId, joined: Vec<PlanId>, impacts: &Impacts) {
        for id in &joined {
            let plan = self.brakes.plans.get(id);
            let changes = plan.and_then(|plan| impacts.get(&plan.impact)).cloned();
            let key = (*id, link);
            self.brakes.changes.insert(key, changes.unwrap_or_default());
        }
        self.links.change(link, |link| rules::hold(link, joined));
    }

    /// Counts what passed, and ends plans that hold nothing any more.
    pub(super) fn brake_finish(&mut self, brake: &Brake, now: Timestamp) {
        for (impact, passed) in brake.passed() {
            let hours = self.brakes.passed.entry(*impact).or_default();
            let hour = hours.entry(brake::hour_of(now)).or_default();
            hour.unasked += passed.unasked;
            hour.approved += passed.approved;
        }
        let open = |plan: &&Plan| plan.state == PlanState::Open;
        let empty = |plan: &&Plan| self.planned(plan.id).next().is_none();
        let ended = self.brakes.plans.values().filter(open).filter(empty);
        for plan in ended.cloned().collect::<Vec<_>>() {
            let state = PlanState::Dissolved { at: now };
            self.end_plan(Plan { state, ..plan });
        }
    }

    fn end_plan(&mut self, plan: Plan) -> Plan {
        brake::ended_entry(&plan).map(|entry| self.append_log(entry));
        self.brakes.plans.insert(plan.id, plan.clone());
        plan
    }

    fn planned(&self, plan: PlanId) -> impl Iterator<Item = &RecordLink> {
        let links = self.links.iter().map(|row| &row.link);
        links.filter(move |link| link.plans.contains(&plan))
    }

    fn counted(&self, plan: &Plan) -> Plan {
        Plan {
            records: self.planned(plan.id).count() as u64,
            ..plan.clone()
        }
    }

    pub(super) fn plans(&self) -> Vec<Plan> {
        let counted = self.brakes.plans.values().map(|plan| self.counted(plan));
        let mut plans: Vec<Plan> = counted.collect();
        plans.sort_by_key(|plan| Reverse((plan.records > 0, plan.id)));
        plans.truncate(PLANS_MAX);
        plans
    }

    pub(super) fn planned_records(
        &self,
        plan: PlanId,
        after: Option<LinkId>,
        limit: usize,
    ) -> Vec<PlannedRecord> {
        let rest = self.planned(plan).filter(|link| Some(link.id) > after);
        rest.take(limit)
            .map(|link| {
                let changes = self.brakes.changes.get(&(plan, link.id)).cloned();
                rules::planned(link.id, link, changes.unwrap_or_default())
            })
            .collect()
    }

    pub(super) fn decide_plan(
        &mut self,
        id: PlanId,
        choice: PlanChoice,
        by: Option<UserId>,
        now: Timestamp,
    ) -> StoreResult<Option<Plan>> {
        let plan = self.brakes.plans.get(&id).map(|plan| self.counted(plan));
        let plan = plan.ok_or_else(|| StoreError::NotFound(format!("plan {id}")))?;
        let Some(state) = plan.state.chosen(choice, by, now) else {
            return Ok(None);
        };
        let plan = self.end_plan(Plan { state, ..plan });
        if plan.state.is_approved() {
            let links: Vec<LinkId> = self.planned(id).map(|link| link.id).collect();
            for link in links {
                self.links.touch(link, Lane::Bulk, now);
            }
        }
        Ok(Some(plan))
    }
}
