//! Incidents: what is set aside on the links, by cause, and the trials of fixes.
//!
//! The table `aside` repeats what stands in the documents of links, as every column beside a document does:
//! [`note`] is called where a link is saved, so that a list of incidents reads no document of a link.

use super::column::{count, doc, get, json, micros, rows_number, time_opt};
use super::error::DbResult;
use super::links::{self, LinkRow};
use super::tx::{Failpoint, Tx};
use super::{edit, intents};
use crate::rules;
use rusqlite::{Connection, Row, TransactionBehavior, params};
use std::collections::{BTreeMap, BTreeSet};
use tandem_core::Timestamp;
use tandem_core::ids::{IncidentId, LinkId, LogId, TeamId};
use tandem_core::incident::{
    Attempt, Case, Cause, Incident, Meaning, RELEASE_MAX, Stage, Standing, Trial, TrialReport,
    cases,
};
use tandem_core::link::{Lane, LinkState, RecordLink};
use tandem_core::store::StoreError;
use tandem_core::sync_log::LogDraft;

/// What is set aside on a link, by its field.
pub(super) type Aside = BTreeMap<String, Case>;

pub(super) fn aside_of(link: &RecordLink) -> Aside {
    cases(link)
        .map(|(field, case)| (field.to_owned(), case))
        .collect()
}

/// Keeps the table with a link that is being saved.
pub(super) fn note(tx: &Tx<'_>, link: LinkId, before: &Aside, after: &Aside) -> DbResult<()> {
    for field in before.keys().filter(|field| !after.contains_key(*field)) {
        let sql = "DELETE FROM aside WHERE link = ? AND field = ?";
        tx.execute(sql, params![link.0, field])?;
    }
    let news = after.iter().filter(|(field, case)| {
        let known = before.get(*field);
        known.is_none_or(|known| known.cause != case.cause || known.since != case.since)
    });
    for (field, case) in news {
        let (team, incident) = incident_of(tx, link, case)?;
        tx.execute(
            "INSERT INTO aside (link, field, team, incident, since_us) VALUES (?, ?, ?, ?, ?) \
             ON CONFLICT (link, field) DO UPDATE \
             SET incident = excluded.incident, since_us = excluded.since_us",
            params![link.0, field, team, incident, micros(case.since)],
        )?;
    }
    Ok(())
}

/// The link's team, and the incident of the case, made if the cause is new.
fn incident_of(tx: &Tx<'_>, link: LinkId, case: &Case) -> DbResult<(i64, i64)> {
    let key = case.cause.key();
    let sql = "SELECT link.team AS team, incident.id AS incident FROM link \
               LEFT JOIN incident ON incident.team = link.team AND incident.key = ?2 \
               WHERE link.id = ?1";
    let found = tx.row(sql, params![link.0, key], |row| {
        Ok((get(row, "team")?, get::<Option<i64>>(row, "incident")?))
    })?;
    let (team, known) = found.ok_or_else(|| StoreError::NotFound(format!("link {link}")))?;
    if let Some(incident) = known {
        return Ok((team, incident));
    }
    let incident = rules::new_incident(case);
    let sql = "INSERT INTO incident (team, key, moving, skipped, doc) VALUES (?, ?, 0, 0, ?)";
    let id = tx.insert(sql, params![team, key, json(&incident)?])?;
    Ok((team, id))
}

/// Fills the table for links that were set aside by a Tandem that did not have it.
pub(super) fn fill(conn: &mut Connection) -> DbResult<()> {
    let sql = format!(
        "SELECT {} FROM link WHERE (parked > 0 OR held > 0) AND parked > 0 \
         AND NOT EXISTS (SELECT 1 FROM aside WHERE aside.link = link.id)",
        links::COLUMNS
    );
    let behavior = TransactionBehavior::Immediate;
    Tx::run(conn, &Failpoint::default(), behavior, |tx| {
        for row in tx.rows(&sql, [], LinkRow::read)? {
            note(tx, row.link.id, &Aside::new(), &aside_of(&row.link))?;
        }
        Ok(())
    })
}

pub(super) fn standings(tx: &Tx<'_>, team: TeamId) -> DbResult<Vec<Standing>> {
    let mut waiting = counts(tx, team)?;
    let ids: Vec<IncidentId> = waiting.keys().copied().collect();
    let found = tx.rows(
        "SELECT id, doc FROM incident WHERE id IN (SELECT value FROM json_each(?2)) \
         OR (team = ?1 AND moving > 0)",
        params![team.0, json(&ids)?],
        read,
    )?;
    let mut standings: Vec<Standing> = found
        .into_iter()
        .map(|incident| standing(incident, &mut waiting))
        .collect();
    standings.sort_by_key(|one| (std::cmp::Reverse(one.records), one.incident.id));
    Ok(standings)
}

/// One incident as it stands, also one of which nothing waits any more.
pub(super) fn standing_of(tx: &Tx<'_>, team: TeamId, id: IncidentId) -> DbResult<Option<Standing>> {
    let sql = "SELECT id, doc FROM incident WHERE team = ? AND id = ?";
    let found = tx.row(sql, [team.0, id.0], read)?;
    let sql = "SELECT count(*) AS records, min(since_us) AS since FROM aside \
               WHERE team = ? AND incident = ?";
    let waiting = tx.row(sql, [team.0, id.0], |row| Ok((id, waiting(row)?)))?;
    let mut waiting = waiting.into_iter().collect();
    Ok(found.map(|incident| standing(incident, &mut waiting)))
}

type Waiting = (u64, Option<Timestamp>);

fn counts(tx: &Tx<'_>, team: TeamId) -> DbResult<BTreeMap<IncidentId, Waiting>> {
    let sql = "SELECT incident, count(*) AS records, min(since_us) AS since FROM aside \
               WHERE team = ? GROUP BY incident";
    let rows = tx.rows(sql, [team.0], |row| {
        Ok((IncidentId(get(row, "incident")?), waiting(row)?))
    })?;
    Ok(rows.into_iter().collect())
}

fn waiting(row: &Row<'_>) -> DbResult<Waiting> {
    Ok((count(row, "records")?, time_opt(row, "since")?))
}

fn standing(incident: Incident, waiting: &mut BTreeMap<IncidentId, Waiting>) -> Standing {
    let (records, since) = waiting.remove(&incident.id).unwrap_or_default();
    Standing {
        incident,
        records,
        since,
    }
}

fn read(row: &Row<'_>) -> DbResult<Incident> {
    Ok(Incident {
        id: IncidentId(get(row, "id")?),
        ..doc(row, "doc")?
    })
}

fn save(tx: &Tx<'_>, incident: &Incident) -> DbResult<()> {
    let moving = incident.trial.as_ref().is_some_and(Trial::is_moving);
    let skipped = incident.skipped_at.is_some();
    tx.execute(
        "UPDATE incident SET moving = ?, skipped = ?, doc = ? WHERE id = ?",
        params![moving, skipped, json(incident)?, incident.id.0],
    )?;
    Ok(())
}

fn named(tx: &Tx<'_>, team: TeamId, id: IncidentId) -> DbResult<Incident> {
    let sql = "SELECT id, doc FROM incident WHERE team = ? AND id = ?";
    let found = tx.row(sql, [team.0, id.0], read)?;
    Ok(found.ok_or_else(|| StoreError::NotFound(format!("incident {id}")))?)
}

pub(super) fn skip(
    tx: &Tx<'_>,
    team: TeamId,
    id: IncidentId,
    skip: bool,
    now: Timestamp,
) -> DbResult<()> {
    let mut incident = named(tx, team, id)?;
    incident.skipped_at = skip.then(|| incident.skipped_at.unwrap_or(now));
    save(tx, &incident)
}

/// The causes whose records are left alone.
pub(super) fn skipped(tx: &Tx<'_>, team: TeamId) -> DbResult<BTreeSet<Cause>> {
    let sql = "SELECT id, doc FROM incident WHERE team = ? AND skipped > 0";
    let found = tx.rows(sql, [team.0], read)?;
    Ok(found.into_iter().map(|incident| incident.cause).collect())
}

pub(super) fn begin(tx: &Tx<'_>, team: TeamId, id: IncidentId, attempt: Attempt) -> DbResult<bool> {
    let mut incident = named(tx, team, id)?;
    if incident.trial.as_ref().is_some_and(Trial::is_moving) {
        return Ok(false);
    }
    let Some(link) = probe(tx, team, &incident, LinkId(0))? else {
        return Ok(false);
    };
    let newest = tx.row("SELECT coalesce(max(id), 0) AS id FROM log", [], |row| {
        Ok(LogId(get(row, "id")?))
    })?;
    let now = attempt.now;
    rules::begin_trial(&mut incident, attempt, link, newest.unwrap_or_default());
    take_up(tx, team, &incident.cause, &[link], Lane::Live, now)?;
    save(tx, &incident)?;
    Ok(true)
}

/// The next record that can show whether a fix helps: one that nothing else keeps back, if there is one.
fn probe(
    tx: &Tx<'_>,
    team: TeamId,
    incident: &Incident,
    after: LinkId,
) -> DbResult<Option<LinkId>> {
    let free = "AND NOT EXISTS (SELECT 1 FROM aside AS whole \
                WHERE whole.link = aside.link AND whole.field = '' AND aside.field <> '')";
    for free in [free, ""] {
        let sql = format!(
            "SELECT link FROM aside WHERE team = ? AND incident = ? AND link > ? {free} \
             ORDER BY link LIMIT 1"
        );
        let found = tx.row(&sql, [team.0, incident.id.0, after.0], |row| {
            Ok(LinkId(get(row, "link")?))
        })?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Lets links go that are set aside for a cause. A record that is to be tried goes as a whole.
fn take_up(
    tx: &Tx<'_>,
    team: TeamId,
    cause: &Cause,
    ids: &[LinkId],
    lane: Lane,
    now: Timestamp,
) -> DbResult<()> {
    for mut row in links::by_ids(tx, team, ids)?.into_values() {
        row.change(|link| rules::take_up(link, cause, lane));
        row.make_due(lane, now);
        links::save(tx, &mut row)?;
    }
    edit::end_waits_of(tx, team, ids, now)
}

pub(super) fn has_moving(tx: &Tx<'_>, team: TeamId) -> DbResult<bool> {
    let sql = "SELECT 1 FROM incident WHERE team = ? AND moving > 0 LIMIT 1";
    Ok(tx.row(sql, [team.0], |_| Ok(()))?.is_some())
}

pub(super) fn advance(tx: &Tx<'_>, team: TeamId, now: Timestamp) -> DbResult<TrialReport> {
    let sql = "SELECT id, doc FROM incident WHERE team = ? AND moving > 0 ORDER BY id";
    let mut report = TrialReport::default();
    for mut incident in tx.rows(sql, [team.0], read)? {
        let Some(trial) = incident.trial.clone() else {
            continue;
        };
        let stage = match trial.stage {
            Stage::Trying { link } => follow(tx, team, &incident, &trial, link, now)?,
            Stage::Releasing { after, .. } => {
                let links = waiting_after(tx, team, incident.id, after)?;
                take_up(tx, team, &incident.cause, &links, Lane::Bulk, now)?;
                report.released += u32::try_from(links.len()).unwrap_or(u32::MAX);
                trial.took_up(&links, now)
            }
            _ => None,
        };
        if let Some(stage) = stage {
            report.moved += 1;
            incident.trial = Some(Trial { stage, ..trial });
            save(tx, &incident)?;
        }
    }
    Ok(report)
}

fn follow(
    tx: &Tx<'_>,
    team: TeamId,
    incident: &Incident,
    trial: &Trial,
    link: LinkId,
    now: Timestamp,
) -> DbResult<Option<Stage>> {
    let row = links::by_ids(tx, team, &[link])?.remove(&link);
    let at_rest = match &row {
        Some(row) => row.due_us.is_none() && intents::of_link(tx, team, link)?.is_none(),
        None => true,
    };
    let link = row.map(|row| row.link);
    let told = match &link {
        Some(link) => told_since(tx, team, link.id, trial.after_log)?,
        None => Vec::new(),
    };
    let active = link.filter(|link| link.state == LinkState::Active);
    let meaning = rules::sign(&incident.cause, active.as_ref(), &told, at_rest).read();
    let next = match (&meaning, &trial.stage) {
        (Meaning::Silent, Stage::Trying { link }) => probe(tx, team, incident, *link)?,
        _ => None,
    };
    if let Some(next) = next {
        take_up(tx, team, &incident.cause, &[next], Lane::Live, now)?;
    }
    Ok(trial.follow(meaning, next, now))
}

fn told_since(tx: &Tx<'_>, team: TeamId, link: LinkId, after: LogId) -> DbResult<Vec<LogDraft>> {
    let sql = "SELECT doc FROM log WHERE team = ? AND link = ? AND id > ?";
    tx.rows(sql, [team.0, link.0, after.0], |row| doc(row, "doc"))
}

/// The next records of an incident, in the order of their links.
fn waiting_after(
    tx: &Tx<'_>,
    team: TeamId,
    incident: IncidentId,
    after: LinkId,
) -> DbResult<Vec<LinkId>> {
    let sql = "SELECT DISTINCT link FROM aside WHERE team = ? AND incident = ? AND link > ? \
               ORDER BY link LIMIT ?";
    let limit = rows_number(RELEASE_MAX);
    tx.rows(sql, params![team.0, incident.0, after.0, limit], |row| {
        Ok(LinkId(get(row, "link")?))
    })
}
