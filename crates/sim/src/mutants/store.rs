//! The store without one of its guards: what is changed on the way in and on the way out.

use super::{Guard, Without};
use crate::executor::block_on;
use tandem_core::Timestamp;
use tandem_core::ids::{IntentId, LinkId, ReservationId, TeamId};
use tandem_core::link::RecordLink;
use tandem_core::record::CrmRecord;
use tandem_core::settings::TeamRules;
use tandem_core::store::{
    Claim, ClaimedIntent, DecisionCommit, LinkWork, StagePage, SyncStore as _,
};
use tandem_core::write::{IntentNext, IntentState, LinkPatch, Settlement};
use tandem_store::memory::{DueLink, MemoryStore, View};

/// What a mutated store does to its arguments and answers. Each looks at the store as it stands at that moment.
pub(crate) struct Mutant<'s> {
    pub(crate) store: &'s MemoryStore,
    pub(crate) team: TeamId,
    pub(crate) without: Without,
}

impl Mutant<'_> {
    fn see<R: Default>(&self, look: impl FnOnce(View<'_>) -> R) -> R {
        self.store.inspect(self.team, look).unwrap_or_default()
    }

    pub(crate) fn rules(&self, mut rules: TeamRules) -> TeamRules {
        if self.without.is(Guard::BlankNeverErases) {
            let fields = rules.pairs.iter_mut().flat_map(|pair| &mut pair.fields);
            fields.for_each(|field| field.mapping.blank_never_erases = false);
        }
        rules
    }

    /// A claim whose lease ends as it begins, where `guard` is what is taken away.
    pub(crate) fn claim(&self, claim: &Claim, guard: Guard) -> Claim {
        let lease_seconds = if self.without.is(guard) {
            0
        } else {
            claim.lease_seconds
        };
        Claim {
            lease_seconds,
            ..claim.clone()
        }
    }

    /// Before links are given out: writes under way are forgotten, so that their links are given out, too.
    pub(crate) fn before_links(&self, now: Timestamp) {
        if !self.without.is(Guard::OneWritePerLink) {
            return;
        }
        let open = self.see(|view| {
            let due = |link: LinkId| {
                view.links()
                    .any(|due| due.link.id == link && is_due(&due, now))
            };
            let intents = view
                .intents()
                .filter(|intent| intent.state == IntentState::Sending);
            let intents = intents.filter(|intent| due(intent.link));
            intents
                .map(|intent| (intent.id, view.epoch(intent.id)))
                .collect::<Vec<_>>()
        });
        let forgotten = open
            .into_iter()
            .map(|(intent, epoch)| forget(intent, epoch))
            .collect();
        let _late = block_on(self.store.settle(self.team, forgotten, now));
    }

    /// After links were given out: those that wait for a create, and what was refused is taken for good.
    pub(crate) fn links(&self, mut work: Vec<LinkWork>, claim: &Claim) -> Vec<LinkWork> {
        if self.without.is(Guard::Parked) {
            for work in &mut work {
                work.link.parked = None;
                work.link.parked_fields.clear();
            }
        }
        if self.without.is(Guard::HalfLinksWait) && work.is_empty() {
            work = self.see(|view| waiting(view, claim));
        }
        work
    }

    pub(crate) fn commits(&self, mut commits: Vec<DecisionCommit>) -> Vec<DecisionCommit> {
        for commit in &mut commits {
            if self.without.is(Guard::LinkVersion) {
                let version = self.see(|view| view.link(commit.link).map(|link| link.version));
                commit.version = version.unwrap_or(commit.version);
            }
            if let (true, Some(write)) = (
                self.without.is(Guard::ParentLock),
                &mut commit.decision.write,
            ) {
                write.lock_key = None;
            }
        }
        commits
    }

    pub(crate) fn settlements(&self, mut settlements: Vec<Settlement>) -> Vec<Settlement> {
        for settlement in &mut settlements {
            if self.without.is(Guard::IntentEpoch) {
                settlement.epoch = self.see(|view| view.epoch(settlement.intent));
            }
            if self.without.is(Guard::Doubted) {
                settlement.link.doubted.clear();
            }
            settlement
                .mirror
                .iter_mut()
                .for_each(|record| self.record(record));
        }
        settlements
    }

    pub(crate) fn page(&self, mut page: StagePage) -> StagePage {
        if self.without.is(Guard::PullPosition) {
            let position = self.see(|view| {
                let mut progress = view.progress();
                let of_object = progress.find(|progress| progress.object == page.object);
                of_object.map(|progress| progress.position.clone())
            });
            page.from = position.unwrap_or_default();
        }
        page.records
            .iter_mut()
            .for_each(|record| self.record(record));
        page
    }

    fn record(&self, record: &mut CrmRecord) {
        if self.without.is(Guard::AnsweredAt) {
            record.look.ended = record.look.began;
        }
        if !self.without.is(Guard::OlderEvidence) {
            return;
        }
        let known = self.see(|view| {
            let known = view.mirror(&record.object, &record.id);
            known.map(|known| (known.revision.order, known.look.ended))
        });
        if let Some((order, ended)) = known.filter(|(order, _)| *order > record.revision.order) {
            record.revision.order = order;
            let later = ReservationId(ended.0 + 1);
            (record.look.began, record.look.ended) = (later, later);
        }
    }

    /// Unsent intents, given out as they are: nothing says that they are being sent.
    pub(crate) fn unmarked(
        &self,
        object: &tandem_core::ids::CrmObject,
        limit: usize,
    ) -> Vec<ClaimedIntent> {
        self.see(|view| {
            let unsent = view
                .intents()
                .filter(|intent| intent.object == *object && intent.state == IntentState::Pending);
            let claimed = unsent.map(|intent| ClaimedIntent {
                intent: intent.clone(),
                epoch: view.epoch(intent.id),
            });
            claimed.take(limit).collect()
        })
    }
}

fn is_due(due: &DueLink<'_>, now: Timestamp) -> bool {
    due.due_at.is_some_and(|at| at <= now)
}

/// An intent that is done, nobody knows how.
fn forget(intent: IntentId, epoch: i64) -> Settlement {
    Settlement {
        intent,
        epoch,
        link: LinkPatch::default(),
        mirror: None,
        next: IntentNext::Done { recheck: false },
        refused: false,
        log: Vec::new(),
    }
}

/// Due links that have a CRM record only.
fn waiting(view: View<'_>, claim: &Claim) -> Vec<LinkWork> {
    let half = |link: &RecordLink| link.record.is_none() && link.crm.is_some();
    let free = |due: &DueLink<'_>| due.leased_until.is_none_or(|until| until <= claim.now);
    let due = view
        .links()
        .filter(|due| is_due(due, claim.now) && half(due.link) && free(due));
    let work = due.map(|due| LinkWork {
        kin: Default::default(),
        link: due.link.clone(),
        crm: due
            .link
            .crm
            .as_ref()
            .and_then(|id| view.mirror(&due.link.object, id))
            .cloned(),
        workspace: None,
        candidates: Vec::new(),
        lane: due.lane,
    });
    work.take(claim.limit).collect()
}
