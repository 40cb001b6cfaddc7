//! Due links out, decisions in.

use super::intents::IntentRow;
use super::links::LinkRow;
use super::team::Team;
use crate::rules;
use std::collections::BTreeSet;
use tandem_core::Timestamp;
use tandem_core::ids::{CrmObject, IntentId, LinkId, RecordId};
use tandem_core::link::{Lane, RecordLink};
use tandem_core::reconcile::RecordChange;
use tandem_core::record::{ArchiveCause, CrmRecord};
use tandem_core::store::{Claim, CommitReport, DecisionCommit, Inquiry, LinkWork, StoreResult};
use tandem_core::write::{IntentState, WriteDraft, WriteIntent};

impl Team {
    pub(super) fn claim_links(&mut self, claim: &Claim) -> Vec<LinkWork> {
        let creating = self.objects_being_created();
        let work: Vec<LinkWork> = self
            .links
            .due(claim.lanes, claim.now)
            .filter(|row| self.may_claim(row, &creating, claim.now))
            .filter_map(|row| self.work_of(row, &creating))
            .take(claim.limit)
            .collect();
        for work in &work {
            self.links.lease(work.link.id, Some(lease_end(claim)));
        }
        work
    }

    /// Objects with a create that is being sent or in doubt.
    fn objects_being_created(&self) -> BTreeSet<&CrmObject> {
        self.intents
            .iter()
            .filter(|row| row.is_create() && !row.is_pending())
            .map(|row| &row.intent.object)
            .collect()
    }

    /// A link without rules has nobody to decide about it; it would come again and again.
    fn may_claim(&self, row: &LinkRow, creating: &BTreeSet<&CrmObject>, now: Timestamp) -> bool {
        let link = &row.link;
        let may_be_ours = rules::is_crm_half(link) && creating.contains(&link.object);
        let leased = self.lease && row.is_leased(now);
        !leased
            && !may_be_ours
            && !self.intents.is_open(link.id)
            && self.rules.pair(&link.object).is_some()
    }

    /// `None` where a candidate's own create is under way, or something is with what took its place.
    fn work_of(&self, row: &LinkRow, creating: &BTreeSet<&CrmObject>) -> Option<LinkWork> {
        let link = &row.link;
        let crm = link
            .crm
            .as_ref()
            .and_then(|id| self.mirrors.get(&link.object, id));
        let candidates = match crm {
            Some(crm) if rules::is_crm_half(link) => self.candidates(link, crm)?,
            _ => Vec::new(),
        };
        let mut workspace = link.record.and_then(|id| self.records.get(id)).cloned();
        if let Some(record) = &mut workspace {
            rules::resolve_references(&mut record.fields, |id| self.crm_id(id).cloned());
        }
        if self.may_follow_ours(link, creating) {
            return None;
        }
        let kin = crm.map(|crm| self.kin(link, crm)).unwrap_or_default();
        if kin
            .heir
            .as_ref()
            .is_some_and(|heir| self.is_busy(heir, creating))
        {
            return None;
        }
        Some(LinkWork {
            link: link.clone(),
            crm: crm.cloned(),
            workspace,
            candidates,
            kin,
            lane: row.lane,
        })
    }

    /// The free workspace records that carry each of the CRM record's match keys. `None` where a
    /// candidate's own create is under way: the link may be that create.
    fn candidates(&self, link: &RecordLink, crm: &CrmRecord) -> Option<Vec<Vec<RecordId>>> {
        let pair = self.rules.pair(&link.object);
        let keys = pair.map(|pair| rules::match_keys(pair, crm));
        let mut candidates = Vec::new();
        for key in keys.unwrap_or_default() {
            let mut found = Vec::new();
            for record in self.records.with_key(link.kind, key) {
                match self.links.of_record(record).map(|row| &row.link) {
                    Some(own) if !rules::is_workspace_half(own) => {}
                    Some(own) if self.intents.is_open(own.id) => return None,
                    _ => found.push(record),
                }
            }
            candidates.push(found);
        }
        Some(candidates)
    }

    pub(super) fn commit_decisions(
        &mut self,
        commits: Vec<DecisionCommit>,
        now: Timestamp,
    ) -> StoreResult<CommitReport> {
        for commit in &commits {
            if let Some(link) = self.standing(commit) {
                rules::check_decision(link, &commit.decision)?;
            }
        }
        let matched = self.matched_meanwhile(&commits);
        let mut brake = self.brake(&commits, now);
        let mut report = CommitReport::default();
        for commit in commits {
            if self.standing(&commit).is_none() {
                report.overtaken += 1;
            } else if matched.contains(&commit.link) || self.is_blocked(&commit) {
                self.links.lease(commit.link, None);
                report.overtaken += 1;
            } else if self.brake_holds(&mut brake, &commit, now) {
                report.held += 1;
            } else {
                report.committed += 1;
                report.intents += u32::from(commit.decision.write.is_some());
                self.carry_out(commit, now);
            }
        }
        self.brake_finish(&brake, now);
        Ok(report)
    }

    /// The link, if it is still the one that was decided about.
    fn standing(&self, commit: &DecisionCommit) -> Option<&RecordLink> {
        let link = &self.links.get(commit.link)?.link;
        (link.version == commit.version).then_some(link)
    }

    /// Links that shall get a new workspace record though, as the batch begins, there is a free one
    /// that matches: it came after the claim. Whoever claims the link next sees it.
    fn matched_meanwhile(&self, commits: &[DecisionCommit]) -> BTreeSet<LinkId> {
        commits
            .iter()
            .filter(|commit| matches!(commit.decision.record, RecordChange::Create(_)))
            .filter_map(|commit| self.standing(commit))
            .filter(|link| self.has_candidates(link))
            .map(|link| link.id)
            .collect()
    }

    fn has_candidates(&self, link: &RecordLink) -> bool {
        let crm = link.crm.as_ref();
        let crm = crm.and_then(|id| self.mirrors.get(&link.object, id));
        crm.is_some_and(|crm| {
            // `None`: there is one whose own create is under way.
            let candidates = self.candidates(link, crm);
            candidates.is_none_or(|found| found.iter().any(|of_key| !of_key.is_empty()))
        })
    }

    /// Whether something else than the link moved on: its intent is being sent, or the record to
    /// adopt belongs to another link by now.
    fn is_blocked(&self, commit: &DecisionCommit) -> bool {
        let record = match &commit.decision.record {
            RecordChange::Adopt(record) => *record,
            change => return self.intents.is_open(commit.link) || self.kin_moved_on(change),
        };
        let own = self.links.of_record(record).map(|row| &row.link);
        self.records.get(record).is_none()
            || self.intents.is_open(commit.link)
            || own.is_some_and(|own| !rules::is_workspace_half(own) || self.intents.is_open(own.id))
    }

    fn carry_out(&mut self, commit: DecisionCommit, now: Timestamp) {
        let id = commit.link;
        let mut decision = commit.decision;
        let adopts = matches!(decision.record, RecordChange::Adopt(_));
        let moved = match std::mem::take(&mut decision.record) {
            RecordChange::Move(moved) => Some(moved),
            other => {
                decision.record = other;
                None
            }
        };
        let ours = self.links.get(id).and_then(|row| row.link.record);
        let record = match moved {
            Some(_) => None,
            None => self.change_record(id, decision.record, now),
        };
        self.links.change(id, |link| {
            link.record = record;
            rules::apply_outcome(link, decision.link);
        });
        let lane = self.replace_intent(id, decision.write, commit.lane, now);
        let again_at = if adopts { Some(now) } else { decision.again_at };
        self.links.set_due(id, again_at, lane);
        if let Some((object, crm)) = decision.look {
            let asked = Inquiry {
                object,
                id: crm,
                link: id,
            };
            self.inquiries.entry(asked).or_insert(now);
        }
        // Before the record leaves: an entry names the record that the link had.
        for entry in &mut decision.log {
            let kind = self.links.get(id).map(|row| row.link.kind);
            entry.record = entry.record.or(kind.zip(ours));
        }
        self.tell(id, decision.log);
        if let (Some(moved), Some(ours)) = (moved, ours) {
            self.go_over(ours, *moved, lane, now);
        }
        if adopts {
            self.wake_referring(record, now);
        }
    }

    /// Returns the record that the link has afterwards.
    fn change_record(
        &mut self,
        link: LinkId,
        change: RecordChange,
        now: Timestamp,
    ) -> Option<RecordId> {
        let (kind, record) = self
            .links
            .get(link)
            .map(|row| (row.link.kind, row.link.record))?;
        match (change, record) {
            (RecordChange::Create(fields), _) => {
                let id = RecordId(self.ids.next());
                self.records.insert(rules::new_record(id, kind, now));
                self.patch_record(id, fields, now);
                Some(id)
            }
            (RecordChange::Adopt(id), _) => {
                if let Some(half) = self.links.id_of_record(id) {
                    self.intents.remove_of(half);
                    self.links.remove(half);
                }
                Some(id)
            }
            (RecordChange::Patch(fields), Some(id)) => {
                self.patch_record(id, fields, now);
                record
            }
            (RecordChange::Archive, Some(id)) => {
                self.amend_record(id, |record| {
                    rules::archive(record, ArchiveCause::Deleted, now);
                });
                record
            }
            (RecordChange::Revive, Some(id)) => {
                self.amend_record(id, |record| rules::revive(record, now));
                record
            }
            (RecordChange::Merge(absorb), _) => {
                self.absorb(*absorb, now);
                record
            }
            _ => record,
        }
    }

    /// Puts the decided intent in the place of one that was not sent. What made that one wait was the
    /// CRM, not its data, so its tries and its time stay. Returns the better of both lanes.
    fn replace_intent(
        &mut self,
        link: LinkId,
        draft: Option<WriteDraft>,
        lane: Lane,
        now: Timestamp,
    ) -> Lane {
        let before = self.intents.remove_of(link);
        let lane = before
            .as_ref()
            .map_or(lane, |row| row.intent.lane.min(lane));
        let link = self.links.get(link).map(|row| &row.link);
        if let (Some(draft), Some(link)) = (draft, link)
            && let Some(record) = link.record
        {
            let id = IntentId(self.ids.next());
            let row = IntentRow {
                intent: WriteIntent {
                    id,
                    link: link.id,
                    kind: link.kind,
                    record,
                    object: link.object.clone(),
                    draft,
                    lane,
                    state: IntentState::Pending,
                    attempts: before.as_ref().map_or(0, |row| row.intent.attempts),
                    refusals: before.as_ref().map_or(0, |row| row.intent.refusals),
                    sent_at: None,
                    last_sent_at: None,
                },
                epoch: 0,
                not_before: before.map_or(now, |row| row.not_before.max(now)),
                leased_until: None,
            };
            self.intents.insert(row);
        }
        lane
    }
}

/// When the lease of a claim ends.
pub(super) fn lease_end(claim: &Claim) -> Timestamp {
    claim
        .now
        .checked_add(jiff::SignedDuration::from_secs(i64::from(
            claim.lease_seconds,
        )))
        .unwrap_or(Timestamp::MAX)
}
