//! What the brake says about the decision of one link.

use crate::views::LinkStatus;
use std::collections::BTreeMap;
use tandem_core::brake::{Brake, Hold, Impacts, Mark, Plan, PlannedRecord, ValueChange};
use tandem_core::ids::{LinkId, PlanId};
use tandem_core::link::RecordLink;

/// Whether a decision passes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ruling {
    /// It is carried out; the link is in no plan any more.
    Pass,
    /// Nothing of it is carried out.
    Hold {
        /// What is too much, and the plan that the link joins; `None`: one is to be opened.
        holds: Vec<Hold>,
        /// Plans that let their part pass, should the others do so, too.
        approved: Vec<PlanId>,
    },
}

/// Lets the brake rule about a decision of a link; `plans` are those that the link is in.
pub fn brake(
    brake: &mut Brake,
    plans: &BTreeMap<PlanId, Plan>,
    link: &RecordLink,
    impacts: &Impacts,
) -> Ruling {
    let of_link = link.plans.iter().filter_map(|id| plans.get(id));
    let marks: Vec<Mark> = of_link
        .map(|plan| Mark {
            plan: plan.id,
            impact: plan.impact,
            approved: plan.state.is_approved(),
        })
        .collect();
    let holds = brake.rule(impacts, &marks);
    if holds.is_empty() {
        return Ruling::Pass;
    }
    let still = |mark: &&Mark| mark.approved && impacts.contains_key(&mark.impact);
    Ruling::Hold {
        holds,
        approved: marks.iter().filter(still).map(|mark| mark.plan).collect(),
    }
}

/// The link waits in these plans from now on.
pub fn hold(link: &mut RecordLink, plans: Vec<PlanId>) {
    link.plans = plans;
}

/// One record of a plan, as its link says.
pub fn planned(id: LinkId, link: &RecordLink, changes: Vec<ValueChange>) -> PlannedRecord {
    PlannedRecord {
        link: id,
        record: link.record.map(|record| (link.kind, record)),
        object: link.object.clone(),
        crm: link.crm.clone(),
        changes,
    }
}

/// Whether the link counts as one of those that the brake's percentages are of.
pub fn is_linked(link: &RecordLink) -> bool {
    let status = LinkStatus::of(link);
    let whole = matches!(
        status,
        LinkStatus::Linked | LinkStatus::Held | LinkStatus::Refused
    );
    whole && link.record.is_some()
}
