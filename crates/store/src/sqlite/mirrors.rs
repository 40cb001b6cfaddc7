//! CRM records as last read.

use super::column::{doc, json};
use super::error::DbResult;
use super::tx::Tx;
use crate::rules::{self, Evidence, News};
use rusqlite::params;
use std::collections::{BTreeMap, BTreeSet};
use tandem_core::ids::{CrmId, CrmObject, LinkId, TeamId};
use tandem_core::record::CrmRecord;

/// The mirrored records of one object that a step looks at, and what it changes of them.
pub(super) struct Mirrors(BTreeMap<CrmId, CrmRecord>);

impl Mirrors {
    /// Loads the named records, as far as they are known.
    pub(super) fn load(
        tx: &Tx<'_>,
        team: TeamId,
        object: &CrmObject,
        ids: &[&CrmId],
    ) -> DbResult<Self> {
        let rows: Vec<CrmRecord> = tx.rows(
            "SELECT doc FROM mirror \
             WHERE team = ? AND object = ? AND id IN (SELECT value FROM json_each(?))",
            params![team.0, object.as_str(), json(ids)?],
            |row| doc(row, "doc"),
        )?;
        Ok(Self(
            rows.into_iter()
                .map(|record| (record.id.clone(), record))
                .collect(),
        ))
    }

    pub(super) fn get(&self, id: &CrmId) -> Option<&CrmRecord> {
        self.0.get(id)
    }

    /// Of these CRM records, those that took the place of a known one.
    pub(super) fn heirs(
        tx: &Tx<'_>,
        team: TeamId,
        object: &CrmObject,
        ids: &[&CrmId],
    ) -> DbResult<BTreeSet<CrmId>> {
        let rows = tx.rows(
            "SELECT DISTINCT heir FROM mirror WHERE team = ? AND heir_object = ? \
             AND heir IN (SELECT value FROM json_each(?))",
            params![team.0, object.as_str(), json(ids)?],
            |row| Ok(CrmId(row.get(0)?)),
        )?;
        Ok(rows.into_iter().collect())
    }

    pub(super) fn knows(&self, id: &CrmId) -> bool {
        self.0.contains_key(id)
    }

    pub(super) fn take(mut self, id: &CrmId) -> Option<CrmRecord> {
        self.0.remove(id)
    }

    /// Keeps a record if it is news.
    pub(super) fn take_in(
        &mut self,
        tx: &Tx<'_>,
        team: TeamId,
        record: CrmRecord,
        evidence: Evidence,
    ) -> DbResult<News> {
        let id = record.id.clone();
        let mut mirror = self.0.remove(&id);
        let news = rules::take_in(&mut mirror, record, evidence);
        if let Some(mirror) = mirror {
            if news != News::Stale {
                save(tx, team, &mirror)?;
            }
            self.0.insert(id, mirror);
        }
        Ok(news)
    }
}

/// The CRM sides of these links, as far as they are known.
pub(super) fn of_links(
    tx: &Tx<'_>,
    team: TeamId,
    links: &[LinkId],
) -> DbResult<BTreeMap<LinkId, CrmRecord>> {
    let rows = tx.rows(
        "SELECT link.id, mirror.doc FROM link JOIN mirror \
         ON mirror.team = link.team AND mirror.object = link.object AND mirror.id = link.crm \
         WHERE +link.team = ? AND link.id IN (SELECT value FROM json_each(?))",
        params![team.0, json(links)?],
        |row| Ok((LinkId(row.get(0)?), doc(row, "doc")?)),
    )?;
    Ok(rows.into_iter().collect())
}

fn save(tx: &Tx<'_>, team: TeamId, record: &CrmRecord) -> DbResult<()> {
    let heir = record.successor.as_ref();
    tx.execute(
        "INSERT INTO mirror (team, object, id, heir_object, heir, doc) VALUES (?, ?, ?, ?, ?, ?) \
         ON CONFLICT DO UPDATE SET heir_object = excluded.heir_object, heir = excluded.heir, \
         doc = excluded.doc",
        params![
            team.0,
            record.object.as_str(),
            record.id.as_str(),
            heir.map(|heir| heir.object.as_str()),
            heir.map(|heir| heir.id.as_str()),
            json(record)?
        ],
    )?;
    Ok(())
}
