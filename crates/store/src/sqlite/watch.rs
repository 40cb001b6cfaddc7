//! What is watched beside reading, and which records are linked.

use super::column::{doc, get, json};
use super::error::DbResult;
use super::log;
use super::tx::Tx;
use crate::rules;
use crate::views::LinkStatus;
use rusqlite::{Row, params};
use tandem_core::ids::{CrmId, CrmObject, TeamId};
use tandem_core::store::Named;
use tandem_core::sync_log::LogDraft;
use tandem_core::watch::{Linked, ObjectWatch};

/// Sorts behind every id.
const BEHIND_ALL: &str = "\u{10ffff}";

pub(super) fn all(tx: &Tx<'_>, team: TeamId) -> DbResult<Vec<ObjectWatch>> {
    let sql = "SELECT doc FROM watch WHERE team = ? ORDER BY object";
    tx.rows(sql, [team.0], |row| doc(row, "doc"))
}

pub(super) fn save(
    tx: &Tx<'_>,
    team: TeamId,
    mut watch: ObjectWatch,
    entries: &[LogDraft],
) -> DbResult<bool> {
    let sql = "SELECT doc FROM watch WHERE team = ? AND object = ?";
    let key = params![team.0, watch.object.as_str()];
    let stored: Option<ObjectWatch> = tx.row(sql, key, |row| doc(row, "doc"))?;
    if !rules::next_watch(stored.map(|stored| stored.version), &mut watch) {
        return Ok(false);
    }
    tx.execute(
        "INSERT OR REPLACE INTO watch (team, object, doc) VALUES (?, ?, ?)",
        params![team.0, watch.object.as_str(), json(&watch)?],
    )?;
    for entry in entries {
        log::append(tx, team, entry)?;
    }
    Ok(true)
}

pub(super) fn linked(
    tx: &Tx<'_>,
    team: TeamId,
    object: &CrmObject,
    named: &Named,
) -> DbResult<Vec<Linked>> {
    let which = match named {
        Named::Among(_) => "link.crm IN (SELECT value FROM json_each(?4))",
        Named::Between(..) => "link.crm > ?4 AND link.crm <= ?5",
        Named::Following(..) => "link.crm > ?4",
    };
    let most = match named {
        Named::Following(..) => "LIMIT ?5",
        Named::Among(_) | Named::Between(..) => "",
    };
    let sql = format!(
        "SELECT link.crm, json_extract(mirror.doc, '$.revision.order') AS version \
         FROM link LEFT JOIN mirror \
         ON mirror.team = link.team AND mirror.object = link.object AND mirror.id = link.crm \
         WHERE link.team = ?1 AND link.object = ?2 AND {which} AND link.status <> ?3 \
         AND coalesce(json_extract(mirror.doc, '$.deleted'), 0) = 0 ORDER BY link.crm {most}"
    );
    let (object, unlinked) = (object.as_str(), LinkStatus::Unlinked.as_str());
    match named {
        Named::Among(ids) => tx.rows(&sql, params![team.0, object, unlinked, json(ids)?], read),
        Named::Between(after, upto) => {
            let after = after.as_ref().map_or("", CrmId::as_str);
            let upto = upto.as_ref().map_or(BEHIND_ALL, CrmId::as_str);
            tx.rows(&sql, params![team.0, object, unlinked, after, upto], read)
        }
        Named::Following(after, most) => {
            let after = after.as_ref().map_or("", CrmId::as_str);
            let most = i64::try_from(*most).unwrap_or(i64::MAX);
            tx.rows(&sql, params![team.0, object, unlinked, after, most], read)
        }
    }
}

fn read(row: &Row<'_>) -> DbResult<Linked> {
    Ok(Linked {
        id: CrmId(get(row, "crm")?),
        order: get(row, "version")?,
    })
}
