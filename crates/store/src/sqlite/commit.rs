//! Decisions in: workspace change, link, intent and log of each, all in one transaction.

use super::brake::Braking;
use super::column::micros;
use super::error::DbResult;
use super::intents::{self, IntentRow};
use super::links::{self, LinkRow};
use super::matcher::Matcher;
use super::tx::Tx;
use super::{log, mirror, mirrors, records, team};
use crate::rules;
use std::collections::{BTreeMap, BTreeSet};
use tandem_core::Timestamp;
use tandem_core::ids::{IntentId, LinkId, RecordId, TeamId};
use tandem_core::link::{Lane, RecordLink};
use tandem_core::reconcile::{Absorb, Move, RecordChange};
use tandem_core::record::{ArchiveCause, Origin, WorkspaceRecord};
use tandem_core::store::{CommitReport, DecisionCommit};
use tandem_core::write::{IntentState, WriteDraft, WriteIntent};

pub(super) fn commit_decisions(
    tx: &Tx<'_>,
    team: TeamId,
    commits: Vec<DecisionCommit>,
    now: Timestamp,
) -> DbResult<CommitReport> {
    let mut batch = Batch::load(tx, team, &commits, now)?;
    for commit in &commits {
        if let Some(row) = batch.standing(commit) {
            rules::check_decision(&row.link, &commit.decision)?;
        }
    }
    batch.find_matched_meanwhile(&commits)?;
    let mut braking = batch.braking(&commits)?;
    for commit in commits {
        batch.take(commit, &mut braking)?;
    }
    braking.finish(tx)?;
    links::wake_referring(tx, team, &batch.identified, now)?;
    Ok(batch.report)
}

/// What the decisions are about, loaded at once. Every change is written as it is made.
struct Batch<'a> {
    tx: &'a Tx<'a>,
    team: TeamId,
    now: Timestamp,
    links: BTreeMap<LinkId, LinkRow>,
    intents: BTreeMap<LinkId, IntentRow>,
    records: BTreeMap<RecordId, WorkspaceRecord>,
    /// Links that shall get a new workspace record though, as the batch begins, there is a free one
    /// that matches: it came after the claim. Whoever claims the link next sees it.
    matched_meanwhile: BTreeSet<LinkId>,
    /// Workspace records that got a CRM record.
    identified: Vec<RecordId>,
    report: CommitReport,
}

impl<'a> Batch<'a> {
    fn load(
        tx: &'a Tx<'a>,
        team: TeamId,
        commits: &[DecisionCommit],
        now: Timestamp,
    ) -> DbResult<Self> {
        let ids: Vec<LinkId> = commits.iter().map(|commit| commit.link).collect();
        let links = links::by_ids(tx, team, &ids)?;
        let patched: Vec<RecordId> = commits
            .iter()
            .filter(|commit| matches!(commit.decision.record, RecordChange::Patch(_)))
            .filter_map(|commit| links.get(&commit.link)?.link.record)
            .collect();
        Ok(Self {
            tx,
            team,
            now,
            intents: intents::by_links(tx, team, &ids)?,
            records: records::by_ids(tx, team, &patched)?,
            links,
            matched_meanwhile: BTreeSet::new(),
            identified: Vec::new(),
            report: CommitReport::default(),
        })
    }

    /// The link, if it is still the one that was decided about.
    fn standing(&self, commit: &DecisionCommit) -> Option<&LinkRow> {
        let row = self.links.get(&commit.link)?;
        (row.link.version == commit.version).then_some(row)
    }

    fn take_standing(&mut self, commit: &DecisionCommit) -> Option<LinkRow> {
        self.standing(commit)?;
        self.links.remove(&commit.link)
    }

    fn find_matched_meanwhile(&mut self, commits: &[DecisionCommit]) -> DbResult<()> {
        let links: Vec<&RecordLink> = commits
            .iter()
            .filter(|commit| matches!(commit.decision.record, RecordChange::Create(_)))
            .filter_map(|commit| Some(&self.standing(commit)?.link))
            .collect();
        if links.is_empty() {
            return Ok(());
        }
        let ids: Vec<LinkId> = links.iter().map(|link| link.id).collect();
        let crm = mirrors::of_links(self.tx, self.team, &ids)?;
        let rules = team::rules(self.tx, self.team)?;
        let mut matcher = Matcher::load(self.tx, self.team, &rules, links.iter().copied(), &crm)?;
        self.matched_meanwhile = links
            .into_iter()
            .filter(|link| matcher.is_matched(link))
            .map(|link| link.id)
            .collect();
        Ok(())
    }

    fn braking(&self, commits: &[DecisionCommit]) -> DbResult<Braking> {
        let standing = commits.iter().filter_map(|commit| {
            let row = self.standing(commit)?;
            Some((&row.link, &commit.impacts))
        });
        let standing: Vec<_> = standing.collect();
        Braking::load(self.tx, self.team, &standing, self.now)
    }

    fn take(&mut self, commit: DecisionCommit, braking: &mut Braking) -> DbResult<()> {
        let Some(mut row) = self.take_standing(&commit) else {
            self.report.overtaken += 1;
            return Ok(());
        };
        if self.is_blocked(&commit)? {
            self.report.overtaken += 1;
            row.release();
        } else if braking.holds(self.tx, &mut row, &commit)? {
            self.report.held += 1;
        } else {
            self.report.committed += 1;
            self.report.intents += u32::from(commit.decision.write.is_some());
            return self.carry_out(row, commit);
        }
        links::save(self.tx, &mut row)?;
        self.links.insert(row.link.id, row);
        Ok(())
    }

    /// Whether something else than the link moved on: its intent is being sent, a record appeared
    /// that it matches, or the record to adopt belongs to another link by now.
    fn is_blocked(&self, commit: &DecisionCommit) -> DbResult<bool> {
        let intent = self.intents.get(&commit.link);
        if intent.is_some_and(IntentRow::is_open) || self.matched_meanwhile.contains(&commit.link) {
            return Ok(true);
        }
        let record = match &commit.decision.record {
            RecordChange::Adopt(record) => *record,
            change => return mirror::moved_on(self.tx, self.team, change),
        };
        if records::by_id(self.tx, self.team, record)?.is_none() {
            return Ok(true);
        }
        match links::of_record(self.tx, self.team, record)? {
            None => Ok(false),
            Some(own) if !rules::is_workspace_half(&own.link) => Ok(true),
            Some(own) => {
                let intent = intents::of_link(self.tx, self.team, own.link.id)?;
                Ok(intent.is_some_and(|intent| intent.is_open()))
            }
        }
    }

    fn carry_out(&mut self, mut row: LinkRow, commit: DecisionCommit) -> DbResult<()> {
        let mut decision = commit.decision;
        let adopts = matches!(decision.record, RecordChange::Adopt(_));
        let ours = row.link.record;
        let (change, beyond) = Beyond::split(decision.record);
        let record = match beyond {
            Some(Beyond::Move(_)) => None,
            _ => self.change_record(&row.link, change)?,
        };
        row.change(|link| {
            link.record = record;
            rules::apply_outcome(link, decision.link);
        });
        let lane = self.replace_intent(&row.link, decision.write, commit.lane)?;
        let again_at = if adopts {
            Some(self.now)
        } else {
            decision.again_at
        };
        row.set_due(again_at, lane);
        if adopts {
            self.identified.extend(record);
        }
        // An entry names the record that the link had.
        for entry in &mut decision.log {
            let kind = row.link.kind;
            entry.record = entry.record.or(ours.map(|ours| (kind, ours)));
        }
        log::tell(self.tx, self.team, &mut row, decision.log)?;
        links::save(self.tx, &mut row)?;
        if let Some(asked) = decision.look {
            mirror::ask(self.tx, self.team, row.link.id, asked, self.now)?;
        }
        self.links.insert(row.link.id, row);
        self.carry_beyond(ours, beyond, lane)
    }

    /// What touches other links comes last: the link that was decided about has let its record go.
    fn carry_beyond(
        &mut self,
        ours: Option<RecordId>,
        beyond: Option<Beyond>,
        lane: Lane,
    ) -> DbResult<()> {
        let mut following = mirror::Following {
            tx: self.tx,
            team: self.team,
            now: self.now,
            changed: BTreeMap::new(),
        };
        match (beyond, ours) {
            (Some(Beyond::Move(moved)), Some(ours)) => {
                following.go_over(ours, *moved, lane)?;
                self.identified.push(ours);
            }
            (Some(Beyond::Merge(absorb)), _) => following.absorb(*absorb)?,
            _ => {}
        }
        for id in following.changed.keys() {
            self.intents.remove(id);
        }
        let fresh: Vec<LinkId> = following.changed.keys().copied().collect();
        self.intents
            .extend(intents::by_links(self.tx, self.team, &fresh)?);
        self.links.extend(following.changed);
        Ok(())
    }

    /// Returns the record that the link has afterwards.
    fn change_record(
        &mut self,
        link: &RecordLink,
        change: RecordChange,
    ) -> DbResult<Option<RecordId>> {
        match (change, link.record) {
            (RecordChange::Create(fields), _) => {
                let (tx, now) = (self.tx, self.now);
                let made = records::create(tx, self.team, link.kind, fields, &Origin::Crm, now)?;
                Ok(Some(made.id))
            }
            (RecordChange::Adopt(id), _) => {
                self.absorb_half(id)?;
                Ok(Some(id))
            }
            (RecordChange::Patch(fields), Some(id)) => {
                if let Some(record) = self.records.get_mut(&id) {
                    let before = record.clone();
                    rules::set_fields(record, fields, &Origin::Crm, self.now);
                    records::save(self.tx, self.team, &before, record)?;
                }
                Ok(link.record)
            }
            (RecordChange::Archive, Some(id)) => {
                records::amend(self.tx, self.team, id, |record| {
                    rules::archive(record, ArchiveCause::Deleted, self.now);
                })?;
                Ok(link.record)
            }
            (RecordChange::Revive, Some(id)) => {
                records::amend(self.tx, self.team, id, |record| {
                    rules::revive(record, self.now);
                })?;
                Ok(link.record)
            }
            _ => Ok(link.record),
        }
    }

    /// Makes room for another link to have this record.
    fn absorb_half(&mut self, record: RecordId) -> DbResult<()> {
        if let Some(half) = links::of_record(self.tx, self.team, record)? {
            let id = half.link.id;
            intents::withdraw_unsent(self.tx, id)?;
            links::remove(self.tx, id)?;
            self.links.remove(&id);
            self.intents.remove(&id);
        }
        Ok(())
    }

    /// Puts the decided intent in the place of one that was not sent. What made that one wait was the
    /// CRM, not its data, so its tries and its time stay. Returns the better of both lanes.
    fn replace_intent(
        &mut self,
        link: &RecordLink,
        draft: Option<WriteDraft>,
        lane: Lane,
    ) -> DbResult<Lane> {
        let before = self.intents.remove(&link.id);
        if let Some(before) = &before {
            intents::remove(self.tx, before.intent.id)?;
        }
        let lane = before
            .as_ref()
            .map_or(lane, |row| row.intent.lane.min(lane));
        let now_us = micros(self.now);
        if let (Some(draft), Some(record)) = (draft, link.record) {
            let intent = WriteIntent {
                id: IntentId(0),
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
            };
            let not_before_us = before.map_or(now_us, |row| row.not_before_us.max(now_us));
            intents::insert(self.tx, self.team, &intent, not_before_us)?;
        }
        Ok(lane)
    }
}

/// A change that touches more than the link that was decided about.
enum Beyond {
    Move(Box<Move>),
    Merge(Box<Absorb>),
}

impl Beyond {
    /// What is done to the link's own record, and what goes beyond it.
    fn split(change: RecordChange) -> (RecordChange, Option<Self>) {
        match change {
            RecordChange::Move(moved) => (RecordChange::None, Some(Self::Move(moved))),
            RecordChange::Merge(absorb) => (RecordChange::None, Some(Self::Merge(absorb))),
            other => (other, None),
        }
    }
}
