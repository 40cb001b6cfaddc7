//! How many of everything.

use crate::sqlite::SqliteStore;
use crate::sqlite::column::{count, get, micros, named};
use crate::sqlite::error::DbResult;
use crate::sqlite::tx::Tx;
use crate::views::{KindCounts, LinkStatus, ObjectCounts, SyncCounts};
use rusqlite::{Row, params};
use std::collections::BTreeMap;
use tandem_core::Timestamp;
use tandem_core::backlog::{Queue, Work};
use tandem_core::ids::{CrmObject, TeamId};
use tandem_core::store::StoreResult;
use tandem_core::workspace::Kind;

impl SqliteStore {
    /// Records and links by how they stand.
    ///
    /// # Errors
    /// [`tandem_core::store::StoreError::NotFound`] without such a team.
    pub async fn counts(&self, team: TeamId) -> StoreResult<SyncCounts> {
        self.look(team, move |tx| {
            let groups = groups(tx, team)?;
            Ok(SyncCounts {
                kinds: kinds(tx, team, &groups)?,
                objects: objects(tx, team, &groups)?,
            })
        })
        .await
    }
}

impl SqliteStore {
    /// The work that waits, by object: records due to be decided, and writes that are not finished.
    ///
    /// # Errors
    /// [`tandem_core::store::StoreError::NotFound`] without such a team.
    pub async fn queues(&self, team: TeamId, now: Timestamp) -> StoreResult<Vec<Queue>> {
        self.look(team, move |tx| {
            let mut queues = due(tx, team, now)?;
            queues.extend(unfinished(tx, team)?);
            Ok(queues)
        })
        .await
    }
}

/// Links by the time since which they are due.
fn due(tx: &Tx<'_>, team: TeamId, now: Timestamp) -> DbResult<Vec<Queue>> {
    tx.rows(
        "SELECT object, count(*) AS waiting, min(due_us) AS oldest FROM link INDEXED BY link_due \
         WHERE team = ? AND due_us <= ? GROUP BY object",
        params![team.0, micros(now)],
        |row| queue(row, Work::Decide),
    )
}

/// Writes by their number, which is the order in which they were decided.
fn unfinished(tx: &Tx<'_>, team: TeamId) -> DbResult<Vec<Queue>> {
    tx.rows(
        "SELECT object, count(*) AS waiting, min(id) AS oldest FROM intent WHERE team = ? GROUP BY object",
        [team.0],
        |row| queue(row, Work::Write),
    )
}

fn queue(row: &Row<'_>, work: Work) -> DbResult<Queue> {
    Ok(Queue {
        object: CrmObject(get(row, "object")?),
        work,
        waiting: count(row, "waiting")?,
        oldest: get(row, "oldest")?,
    })
}

/// Links that have the same object, kind and status.
struct Group {
    object: CrmObject,
    kind: Kind,
    status: LinkStatus,
    links: u64,
    /// Those among them that have a workspace record.
    records: u64,
}

fn groups(tx: &Tx<'_>, team: TeamId) -> DbResult<Vec<Group>> {
    tx.rows(
        "SELECT object, kind, status, count(*) AS links, count(record) AS records FROM link \
         WHERE team = ? GROUP BY object, kind, status",
        [team.0],
        |row| {
            Ok(Group {
                object: CrmObject(get(row, "object")?),
                kind: named(row, "kind", Kind::parse)?,
                status: named(row, "status", LinkStatus::parse)?,
                links: count(row, "links")?,
                records: count(row, "records")?,
            })
        },
    )
}

fn kinds(tx: &Tx<'_>, team: TeamId, groups: &[Group]) -> DbResult<Vec<KindCounts>> {
    let records: BTreeMap<Kind, u64> = tx
        .rows(
            "SELECT kind, count(*) AS records FROM record WHERE team = ? GROUP BY kind",
            [team.0],
            |row| Ok((named(row, "kind", Kind::parse)?, count(row, "records")?)),
        )?
        .into_iter()
        .collect();
    let of_kind = |kind: Kind| {
        let records = records.get(&kind).copied().unwrap_or_default();
        let mut by_status = BTreeMap::new();
        for group in groups.iter().filter(|group| group.kind == kind) {
            *by_status.entry(group.status).or_default() += group.records;
        }
        let linked: u64 = by_status.values().sum();
        by_status.insert(LinkStatus::NotLinked, records.saturating_sub(linked));
        by_status.retain(|_, records| *records > 0);
        KindCounts {
            kind,
            records,
            by_status,
        }
    };
    Ok(Kind::SYNCED.into_iter().map(of_kind).collect())
}

fn objects(tx: &Tx<'_>, team: TeamId, groups: &[Group]) -> DbResult<Vec<ObjectCounts>> {
    let due = by_object(
        tx,
        team,
        "SELECT object, count(*) FROM link WHERE team = ? AND due_us IS NOT NULL GROUP BY object",
    )?;
    let writes = by_object(
        tx,
        team,
        "SELECT object, count(*) FROM intent WHERE team = ? GROUP BY object",
    )?;
    let mut objects: BTreeMap<&CrmObject, ObjectCounts> = BTreeMap::new();
    for group in groups {
        let known = |counts: &BTreeMap<CrmObject, u64>| {
            counts.get(&group.object).copied().unwrap_or_default()
        };
        let counts = objects
            .entry(&group.object)
            .or_insert_with(|| ObjectCounts {
                object: group.object.clone(),
                by_status: BTreeMap::new(),
                due: known(&due),
                writes: known(&writes),
            });
        *counts.by_status.entry(group.status).or_default() += group.links;
    }
    Ok(objects.into_values().collect())
}

fn by_object(tx: &Tx<'_>, team: TeamId, sql: &str) -> DbResult<BTreeMap<CrmObject, u64>> {
    let rows = tx.rows(sql, [team.0], |row| {
        let number: i64 = row.get(1)?;
        Ok((
            CrmObject(row.get(0)?),
            u64::try_from(number).unwrap_or_default(),
        ))
    })?;
    Ok(rows.into_iter().collect())
}
