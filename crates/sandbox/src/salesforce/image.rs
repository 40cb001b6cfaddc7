//! The whole org as facts that can be written down and read again; its parts know their own.

use serde::{Deserialize, Serialize};

use super::{Org, org::Clock};
use crate::{ClockMode, state::Fact, world::SfId};

/// One fact about the org itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OrgFact {
    Clock(Clock),
    LeadAssignee(Option<SfId>),
    Connection {
        connector: SfId,
        refresh_token: String,
    },
}

impl Org {
    /// Tells what changed since the last call. That a real clock went on is no change, since it goes on without us,
    /// too; that somebody set it is one.
    pub(crate) fn take_changes(&mut self, tell: &mut impl FnMut(Fact<'_>)) {
        let facts = self.own_facts();
        let clock_goes_by_itself =
            self.clock.mode == ClockMode::Real && self.clock.offset.is_some();
        let with_time = !clock_goes_by_itself || !self.told.contains(&facts[0]);
        for fact in facts.iter().filter(|fact| !self.told.contains(fact)) {
            tell(Fact::Org(fact.clone()));
        }
        self.told = facts.into();
        self.world
            .changes(with_time, &mut |fact| tell(Fact::World(fact)));
        let auth = self.auth.take_changes().into_iter();
        auth.for_each(|fact| tell(Fact::Auth(fact)));
        let meter = self.desk.meter.take_changes().into_iter();
        meter.for_each(|fact| tell(Fact::Meter(fact)));
    }

    /// Tells everything.
    pub(crate) fn everything(&self, tell: &mut impl FnMut(Fact<'_>)) {
        let own = self.own_facts().into_iter();
        own.for_each(|fact| tell(Fact::Org(fact)));
        self.world.everything(&mut |fact| tell(Fact::World(fact)));
        let auth = self.auth.everything();
        auth.for_each(|fact| tell(Fact::Auth(fact)));
        tell(Fact::Meter(self.desk.meter.image(self.world.now())));
    }

    /// Takes all that happened as told: there is nobody to tell it to.
    pub(crate) fn forget_changes(&mut self) {
        self.world.forget_changes();
        self.auth.forget_changes();
        drop(self.desk.meter.take_changes());
    }

    /// Makes a fact true again.
    pub(crate) fn apply(&mut self, fact: Fact<'_>) -> Result<(), String> {
        match fact {
            Fact::World(fact) => return self.world.apply(fact),
            Fact::Auth(fact) => self.auth.apply(fact),
            Fact::Meter(fact) => self.desk.meter.apply(fact),
            Fact::Org(OrgFact::Clock(clock)) => self.clock = clock,
            Fact::Org(OrgFact::LeadAssignee(owner)) => self.desk.lead_assignee = owner,
            Fact::Org(OrgFact::Connection {
                connector,
                refresh_token,
            }) => {
                self.auth.policy_mut().run_as = Some(connector);
                (self.connector, self.refresh_token) = (connector, refresh_token);
            }
        }
        Ok(())
    }

    fn own_facts(&self) -> [OrgFact; 3] {
        [
            OrgFact::Clock(self.clock),
            OrgFact::LeadAssignee(self.desk.lead_assignee),
            OrgFact::Connection {
                connector: self.connector,
                refresh_token: self.refresh_token.clone(),
            },
        ]
    }
}
