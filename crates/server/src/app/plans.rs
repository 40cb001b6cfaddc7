//! Plans of the brake: what waits because it would touch far more records than normal, and what a person
//! says about it.
//!
//! What is held, and when, is decided in [`tandem_core::brake`] and by the store.

use super::{Actor, App, AppError, AppResult};
use std::collections::BTreeSet;
use tandem_core::brake::{BrakeSettings, Effect, Plan, PlanChoice, PlannedRecord};
use tandem_core::ids::{CrmObject, LinkId, PlanId};
use tandem_core::store::SyncStore as _;

/// Records of a plan on one page.
pub const PLANNED_ROWS: usize = 50;
/// Records of a plan that are looked at at once.
const PLANNED_BATCH: usize = 5_000;

/// One record of a plan, with its name.
#[derive(Clone, Debug)]
pub struct PlannedLine {
    /// What would happen to it.
    pub planned: PlannedRecord,
    /// What people call it.
    pub name: String,
}

/// A plan with some of its records.
#[derive(Clone, Debug)]
pub struct PlanPage {
    /// The plan.
    pub plan: Plan,
    /// Its records, by link.
    pub lines: Vec<PlannedLine>,
    /// Where to go on; `None` on the last page.
    pub next: Option<LinkId>,
}

impl App {
    /// The plans, newest first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn plans(&self, actor: &Actor) -> AppResult<Vec<Plan>> {
        Ok(self.store().plans(actor.team).await?)
    }

    /// How many plans wait for a person.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn open_plans(&self, actor: &Actor) -> AppResult<usize> {
        let plans = self.plans(actor).await?;
        Ok(plans.iter().filter(|plan| plan.state.is_open()).count())
    }

    /// A plan and its records after a link.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn plan(
        &self,
        actor: &Actor,
        id: PlanId,
        after: Option<LinkId>,
    ) -> AppResult<PlanPage> {
        let plan = self.plan_named(actor, id).await?;
        let store = self.store();
        let mut records = store
            .planned_records(actor.team, id, after, PLANNED_ROWS + 1)
            .await?;
        let more = records.len() > PLANNED_ROWS;
        records.truncate(PLANNED_ROWS);
        let next = records.last().filter(|_| more).map(|record| record.link);
        let mut lines = Vec::with_capacity(records.len());
        for planned in records {
            let name = self.name_of(actor, &planned).await?;
            lines.push(PlannedLine { planned, name });
        }
        Ok(PlanPage { plan, lines, next })
    }

    async fn plan_named(&self, actor: &Actor, id: PlanId) -> AppResult<Plan> {
        let plans = self.plans(actor).await?;
        let plan = plans.into_iter().find(|plan| plan.id == id);
        plan.ok_or_else(|| AppError::NotFound(format!("plan {id}")))
    }

    async fn name_of(&self, actor: &Actor, planned: &PlannedRecord) -> AppResult<String> {
        if let Some((_, id)) = planned.record
            && let Some(record) = self.store().record(actor.team, id).await?
        {
            return Ok(record.display_name());
        }
        let id = planned.crm.as_ref().map(ToString::to_string);
        Ok(format!("{} {}", planned.object, id.unwrap_or_default()))
    }

    /// Carries a plan out, or leaves its records as they are.
    ///
    /// # Errors
    /// `Forbidden`; `NotFound`; `Conflict` if it was decided or dissolved meanwhile.
    pub async fn decide_plan(
        &self,
        actor: &Actor,
        id: PlanId,
        choice: PlanChoice,
    ) -> AppResult<Plan> {
        actor.must_be_admin()?;
        let (store, now) = (self.store(), self.now());
        let decided = store.decide_plan(actor.team, id, choice, actor.user, now);
        let Some(plan) = decided.await? else {
            let state = self.plan_named(actor, id).await?.state;
            let text = format!("plan {id} is {} by now", state.as_str());
            return Err(AppError::Conflict(text));
        };
        let (action, verb) = match choice {
            PlanChoice::Approve => ("plan.approved", "Approved"),
            PlanChoice::Keep => ("plan.kept", "Declined"),
        };
        let (records, what) = (plan.records, plan.impact.phrase());
        let summary = format!("{verb} plan {id}: {what}, {records} records");
        self.act(actor, action, &format!("plan {id}"), summary)
            .await?;
        self.signals().wake(actor.team);
        Ok(plan)
    }

    /// Reads the objects of a plan again from the beginning: what the CRM shows as before leaves the plan by
    /// itself. Gives their names.
    ///
    /// # Errors
    /// `Forbidden`; `NotFound`; `Conflict` if nothing waits in it, if sync is off or the connection is lost.
    pub async fn look_again(&self, actor: &Actor, id: PlanId) -> AppResult<Vec<CrmObject>> {
        actor.must_be_admin()?;
        self.plan_named(actor, id).await?;
        let (mut objects, mut after) = (BTreeSet::new(), None);
        loop {
            let store = self.store();
            let batch = store.planned_records(actor.team, id, after, PLANNED_BATCH);
            let batch = batch.await?;
            after = batch.last().map(|record| record.link);
            objects.extend(batch.into_iter().map(|record| record.object));
            if after.is_none() {
                break;
            }
        }
        let objects: Vec<CrmObject> = objects.into_iter().collect();
        if objects.is_empty() {
            let text = format!("nothing waits in plan {id} any more");
            return Err(AppError::Conflict(text));
        }
        self.read_again(actor, &objects).await?;
        Ok(objects)
    }

    /// What the administrator set for the brake.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn brake(&self, actor: &Actor) -> AppResult<BrakeSettings> {
        Ok(self.store().rules(actor.team).await?.settings.brake)
    }

    /// Sets the brake.
    ///
    /// # Errors
    /// `Forbidden`; `Invalid` with the name of what is out of range.
    pub async fn set_brake(&self, actor: &Actor, brake: BrakeSettings) -> AppResult<()> {
        actor.must_be_admin()?;
        check_brake(&brake)?;
        self.change_settings(actor.team, |settings| settings.brake = brake)
            .await?;
        let summary = match brake.enabled {
            true => "Set the limits of the brake",
            false => "Turned the brake off: nothing is held any more",
        };
        self.act(actor, "sync.brake", "sync", summary.into()).await
    }
}

/// A brake that stops everything is a mistake; turning sync off does that.
fn check_brake(brake: &BrakeSettings) -> AppResult<()> {
    if !(1..=100).contains(&brake.times_normal) {
        let text = format!("{} is not between 1 and 100", brake.times_normal);
        return Err(AppError::invalid("times_normal", text));
    }
    for effect in Effect::ALL {
        let limit = brake.limit(*effect);
        if limit.records == 0 || limit.percent > 100 {
            let text = format!(
                "{}: let at least 1 record and at most 100 percent pass",
                effect.label()
            );
            return Err(AppError::invalid(effect.as_str(), text));
        }
    }
    Ok(())
}
