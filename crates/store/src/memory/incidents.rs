//! Incidents: found by looking at every link, and the trials of fixes.

use super::team::Team;
use crate::rules;
use std::collections::{BTreeMap, BTreeSet};
use tandem_core::Timestamp;
use tandem_core::ids::{IncidentId, LinkId, LogId};
use tandem_core::incident::{
    Attempt, Case, Cause, Incident, Meaning, RELEASE_MAX, Stage, Standing, Trial, TrialReport,
    cases,
};
use tandem_core::link::{Lane, LinkState};
use tandem_core::store::{StoreError, StoreResult};
use tandem_core::sync_log::LogDraft;

impl Team {
    /// What is set aside on every link, oldest link first.
    fn aside(&self) -> impl Iterator<Item = (LinkId, Case)> {
        self.links.iter().flat_map(|row| {
            let link = row.link.id;
            cases(&row.link).map(move |(_, case)| (link, case))
        })
    }

    /// Numbers causes that are new.
    fn number(&mut self) {
        let new: Vec<Case> = self.aside().map(|(_, case)| case).collect();
        for case in new {
            if !self.incidents.contains_key(&case.cause) {
                let mut incident = rules::new_incident(&case);
                incident.id = IncidentId(self.ids.next());
                self.incidents.insert(case.cause, incident);
            }
        }
    }

    pub(super) fn standings(&mut self) -> Vec<Standing> {
        self.number();
        let mut waiting: BTreeMap<Cause, (u64, Timestamp)> = BTreeMap::new();
        for (_, case) in self.aside() {
            let (records, since) = waiting.entry(case.cause).or_insert((0, case.since));
            *records += 1;
            *since = case.since.min(*since);
        }
        let standing = |incident: &Incident| {
            let found = waiting.get(&incident.cause);
            Standing {
                incident: incident.clone(),
                records: found.map_or(0, |(records, _)| *records),
                since: found.map(|(_, since)| *since),
            }
        };
        let all = self.incidents.values().map(standing);
        let mut standings: Vec<Standing> = all
            .filter(|one| {
                one.records > 0 || one.incident.trial.as_ref().is_some_and(Trial::is_moving)
            })
            .collect();
        standings.sort_by_key(|one| (std::cmp::Reverse(one.records), one.incident.id));
        standings
    }

    fn incident(&mut self, id: IncidentId) -> StoreResult<Incident> {
        self.number();
        let found = self.incidents.values().find(|incident| incident.id == id);
        let missing = || StoreError::NotFound(format!("incident {id}"));
        found.cloned().ok_or_else(missing)
    }

    fn keep(&mut self, incident: Incident) {
        self.incidents.insert(incident.cause.clone(), incident);
    }

    /// The causes whose records are left alone.
    pub(super) fn skipped(&self) -> BTreeSet<Cause> {
        let skipped = |incident: &&Incident| incident.skipped_at.is_some();
        let found = self.incidents.values().filter(skipped);
        found.map(|incident| incident.cause.clone()).collect()
    }

    pub(super) fn skip_incident(
        &mut self,
        id: IncidentId,
        skip: bool,
        now: Timestamp,
    ) -> StoreResult<()> {
        let mut incident = self.incident(id)?;
        incident.skipped_at = skip.then(|| incident.skipped_at.unwrap_or(now));
        self.keep(incident);
        Ok(())
    }

    pub(super) fn try_incident(&mut self, id: IncidentId, attempt: Attempt) -> StoreResult<bool> {
        let mut incident = self.incident(id)?;
        if incident.trial.as_ref().is_some_and(Trial::is_moving) {
            return Ok(false);
        }
        let Some(link) = self.probe(&incident.cause, LinkId(0)) else {
            return Ok(false);
        };
        let newest = self.log.last().map_or(LogId(0), |(id, _)| *id);
        let now = attempt.now;
        rules::begin_trial(&mut incident, attempt, link, newest);
        self.take_up(&incident.cause, link, Lane::Live, now);
        self.keep(incident);
        Ok(true)
    }

    /// The next record that can show whether a fix helps: one that nothing else keeps back, if there is one.
    fn probe(&self, cause: &Cause, after: LinkId) -> Option<LinkId> {
        let waiting = self.waiting_after(cause, after);
        let free = waiting.iter().find(|id| {
            let link = self.links.get(**id).map(|row| &row.link);
            cause.field.is_none() || link.is_some_and(|link| link.parked.is_none())
        });
        free.or(waiting.first()).copied()
    }

    fn waiting_after(&self, cause: &Cause, after: LinkId) -> Vec<LinkId> {
        let of_cause = self.aside().filter(|(_, case)| case.cause == *cause);
        let mut links: Vec<LinkId> = of_cause
            .map(|(link, _)| link)
            .filter(|link| *link > after)
            .collect();
        links.dedup();
        links
    }

    fn take_up(&mut self, cause: &Cause, link: LinkId, lane: Lane, now: Timestamp) {
        self.links
            .change(link, |link| rules::take_up(link, cause, lane));
        self.links.make_due(link, lane, now);
        self.end_wait_of(link, now);
    }

    pub(super) fn advance_trials(&mut self, now: Timestamp) -> TrialReport {
        let mut report = TrialReport::default();
        let moving = |incident: &&Incident| incident.trial.as_ref().is_some_and(Trial::is_moving);
        let incidents: Vec<Incident> = self.incidents.values().filter(moving).cloned().collect();
        for mut incident in incidents {
            let Some(trial) = incident.trial.clone() else {
                continue;
            };
            let stage = match trial.stage {
                Stage::Trying { link } => self.follow(&incident.cause, &trial, link, now),
                Stage::Releasing { after, .. } => {
                    let mut links = self.waiting_after(&incident.cause, after);
                    links.truncate(RELEASE_MAX);
                    for link in &links {
                        self.take_up(&incident.cause, *link, Lane::Bulk, now);
                    }
                    report.released += u32::try_from(links.len()).unwrap_or(u32::MAX);
                    trial.took_up(&links, now)
                }
                _ => None,
            };
            if let Some(stage) = stage {
                report.moved += 1;
                incident.trial = Some(Trial { stage, ..trial });
                self.keep(incident);
            }
        }
        report
    }

    fn follow(
        &mut self,
        cause: &Cause,
        trial: &Trial,
        link: LinkId,
        now: Timestamp,
    ) -> Option<Stage> {
        let row = self.links.get(link);
        let idle = row.is_none_or(|row| row.due_at.is_none());
        let at_rest = idle && self.intents.of_link_mut(link).is_none();
        let row = self.links.get(link).map(|row| &row.link);
        let active = row.filter(|link| link.state == LinkState::Active);
        let told: Vec<LogDraft> = self
            .log
            .iter()
            .rev()
            .take_while(|(id, _)| *id > trial.after_log)
            .filter(|(_, entry)| entry.link == Some(link))
            .map(|(_, entry)| entry.clone())
            .collect();
        let meaning = rules::sign(cause, active, &told, at_rest).read();
        let next = (meaning == Meaning::Silent)
            .then(|| self.probe(cause, link))
            .flatten();
        if let Some(next) = next {
            self.take_up(cause, next, Lane::Live, now);
        }
        trial.follow(meaning, next, now)
    }
}
