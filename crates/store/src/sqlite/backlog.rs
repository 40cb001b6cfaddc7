//! How much is waiting.

use super::column::{count, from_micros, json, micros};
use super::error::DbResult;
use super::team;
use super::tx::Tx;
use rusqlite::params;
use tandem_core::Timestamp;
use tandem_core::ids::TeamId;
use tandem_core::store::Backlog;

pub(super) fn backlog(tx: &Tx<'_>, team: TeamId, now: Timestamp) -> DbResult<Backlog> {
    let (parked, held) = set_aside(tx, team)?;
    let (links_due, next_link) = links(tx, team, now)?;
    let (intents_pending, intents_open, next_intent) = intents(tx, team)?;
    let next_inquiry = super::mirror::next_inquiry(tx, team)?;
    let next = [next_link, next_intent, next_inquiry];
    let next = next.into_iter().flatten().min();
    Ok(Backlog {
        links_due,
        intents_pending,
        intents_open,
        parked,
        held,
        next_due: next.map(from_micros).transpose()?,
    })
}

fn set_aside(tx: &Tx<'_>, team: TeamId) -> DbResult<(u64, u64)> {
    let sums = tx.row(
        "SELECT coalesce(sum(parked), 0) AS parked, coalesce(sum(held), 0) AS held FROM link \
         WHERE team = ? AND (parked > 0 OR held > 0)",
        [team.0],
        |row| Ok((count(row, "parked")?, count(row, "held")?)),
    )?;
    Ok(sums.unwrap_or_default())
}

/// Due links, and when one can be worked on next: it has rules, and no write of it is under way.
fn links(tx: &Tx<'_>, team: TeamId, now: Timestamp) -> DbResult<(u64, Option<i64>)> {
    let rules = team::rules(tx, team)?;
    let objects: Vec<_> = rules.pairs.iter().map(|pair| &pair.object).collect();
    let found = tx.row(
        "SELECT count(*) FILTER (WHERE due_us <= ?2) AS due, \
         min(max(due_us, coalesce(leased_until_us, due_us))) FILTER (\
             WHERE object IN (SELECT value FROM json_each(?3)) AND NOT EXISTS (\
                 SELECT 1 FROM intent WHERE intent.link = link.id AND state > 0)) AS next \
         FROM link INDEXED BY link_due WHERE team = ?1 AND due_us IS NOT NULL",
        params![team.0, micros(now), json(&objects)?],
        |row| Ok((count(row, "due")?, row.get("next")?)),
    )?;
    Ok(found.unwrap_or_default())
}

/// Unsent and open intents, and when there is something to do about one: a sender's own lease ends, or
/// the time for the next try comes.
fn intents(tx: &Tx<'_>, team: TeamId) -> DbResult<(u64, u64, Option<i64>)> {
    let found = tx.row(
        "SELECT count(*) FILTER (WHERE state = 0) AS pending, \
         count(*) FILTER (WHERE state > 0) AS open, \
         min(CASE state WHEN 1 THEN coalesce(leased_until_us, not_before_us) \
             ELSE max(not_before_us, coalesce(leased_until_us, not_before_us)) END) AS next \
         FROM intent WHERE team = ?",
        [team.0],
        |row| {
            Ok((
                count(row, "pending")?,
                count(row, "open")?,
                row.get("next")?,
            ))
        },
    )?;
    Ok(found.unwrap_or_default())
}
