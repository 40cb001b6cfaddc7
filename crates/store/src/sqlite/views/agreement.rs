//! Links with both sides as they stand, to judge whether they agree.

use crate::sqlite::SqliteStore;
use crate::sqlite::claim_links::workspace_sides;
use crate::sqlite::column::{json, rows_number};
use crate::sqlite::error::DbResult;
use crate::sqlite::links::{self, LinkRow};
use crate::sqlite::mirrors;
use crate::sqlite::tx::Tx;
use rusqlite::params;
use std::collections::BTreeSet;
use tandem_core::agreement::Pairing;
use tandem_core::ids::{LinkId, TeamId};
use tandem_core::reconcile::Kin;
use tandem_core::store::{LinkWork, StoreResult};

impl SqliteStore {
    /// The next links by number, each as it stands with both sides, at most `limit`. One call sees one
    /// consistent state.
    ///
    /// # Errors
    /// [`tandem_core::store::StoreError::NotFound`] without such a team.
    pub async fn pairings(
        &self,
        team: TeamId,
        after: Option<LinkId>,
        limit: usize,
    ) -> StoreResult<Vec<Pairing>> {
        self.look(team, move |tx| load(tx, team, after, limit))
            .await
    }
}

fn load(tx: &Tx<'_>, team: TeamId, after: Option<LinkId>, limit: usize) -> DbResult<Vec<Pairing>> {
    // By number whatever the team: links of other teams are few between ours.
    let sql = format!(
        "SELECT {} FROM link WHERE +team = ? AND id > ? ORDER BY id LIMIT ?",
        links::COLUMNS
    );
    let after = after.map_or(0, |id| id.0);
    let rows = tx.rows(
        &sql,
        params![team.0, after, rows_number(limit)],
        LinkRow::read,
    )?;
    let ids: Vec<LinkId> = rows.iter().map(|row| row.link.id).collect();
    let mut crm = mirrors::of_links(tx, team, &ids)?;
    let mut workspace = workspace_sides(tx, team, &rows)?;
    let writing = writing(tx, &ids)?;
    let pairings = rows.into_iter().map(|row| {
        let busy = row.due_us.is_some() || writing.contains(&row.link.id);
        let LinkRow { link, lane, .. } = row;
        let work = LinkWork {
            crm: crm.remove(&link.id),
            workspace: link.record.and_then(|id| workspace.remove(&id)),
            candidates: Vec::new(),
            // A record whose place another took has nothing to compare: it is waiting or taken apart.
            kin: Kin::default(),
            lane,
            link,
        };
        Pairing { work, busy }
    });
    Ok(pairings.collect())
}

/// Those of the links of which a write is not finished.
fn writing(tx: &Tx<'_>, links: &[LinkId]) -> DbResult<BTreeSet<LinkId>> {
    let ids = json(links)?;
    let rows = tx.rows(
        "SELECT link FROM intent WHERE link IN (SELECT value FROM json_each(?))",
        params![ids],
        |row| Ok(LinkId(row.get(0)?)),
    )?;
    Ok(rows.into_iter().collect())
}
