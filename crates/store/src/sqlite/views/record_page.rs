//! Everything about one record.

use super::log;
use crate::sqlite::SqliteStore;
use crate::sqlite::column::{json, rows_number};
use crate::sqlite::error::DbResult;
use crate::sqlite::records::read as read_record;
use crate::sqlite::tx::Tx;
use crate::sqlite::{intents, links, mirrors, records};
use crate::views::{LinkStatus, RECORD_LOG_ROWS_MAX, RecordPage, Referenced};
use rusqlite::params;
use std::collections::{BTreeMap, BTreeSet};
use tandem_core::ids::{RecordId, TeamId};
use tandem_core::store::StoreResult;
use tandem_core::value::{Reference, Value};

impl SqliteStore {
    /// One record with its link, both sides, what is waiting, its history, and who its references are.
    ///
    /// # Errors
    /// [`tandem_core::store::StoreError::NotFound`] without such a team.
    pub async fn record_page(
        &self,
        team: TeamId,
        record: RecordId,
    ) -> StoreResult<Option<RecordPage>> {
        self.look(team, move |tx| load(tx, team, record)).await
    }
}

fn load(tx: &Tx<'_>, team: TeamId, id: RecordId) -> DbResult<Option<RecordPage>> {
    let Some(record) = records::by_id(tx, team, id)? else {
        return Ok(None);
    };
    let row = links::of_record(tx, team, id)?;
    let link = row.as_ref().map(|row| row.link.clone());
    let (crm, intent) = match &link {
        None => (None, None),
        Some(link) => (
            mirrors::of_links(tx, team, &[link.id])?.remove(&link.id),
            intents::of_link(tx, team, link.id)?.map(|row| row.intent),
        ),
    };
    let mut page = RecordPage {
        name: record.display_name(),
        status: link.as_ref().map_or(LinkStatus::NotLinked, LinkStatus::of),
        due_at: row.map(|row| row.due_at()).transpose()?.flatten(),
        log: log::tail(tx, team, id, rows_number(RECORD_LOG_ROWS_MAX))?,
        names: BTreeMap::new(),
        record,
        link,
        crm,
        intent,
    };
    page.names = names(tx, team, &references(&page))?;
    Ok(Some(page))
}

/// Every reference that the page shows.
fn references(page: &RecordPage) -> BTreeSet<Key> {
    let crm = page.crm.iter().flat_map(|crm| crm.fields.values());
    let held = page.link.iter().flat_map(|link| link.held_fields.values());
    let logged = page.log.iter().flat_map(|row| &row.entry.changes);
    page.record
        .fields
        .values()
        .chain(crm)
        .chain(held.flat_map(|held| [&held.crm, &held.workspace]))
        .chain(logged.flat_map(|change| [&change.before, &change.after, &change.rejected]))
        .filter_map(|value| match value {
            Value::Reference(Reference::Crm(id)) => Some(Key::Crm(id.0.clone())),
            Value::Reference(Reference::Workspace(_, id)) => Some(Key::Record(*id)),
            _ => None,
        })
        .collect()
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Crm(String),
    Record(RecordId),
}

/// By the text of the reference. A user of the CRM is known by name; a CRM record by the workspace
/// record that it is linked to.
fn names(
    tx: &Tx<'_>,
    team: TeamId,
    keys: &BTreeSet<Key>,
) -> DbResult<BTreeMap<String, Referenced>> {
    let (mut crm, mut ours) = (Vec::new(), Vec::new());
    for key in keys {
        match key {
            Key::Crm(id) => crm.push(id),
            Key::Record(id) => ours.push(*id),
        }
    }
    let crm = json(&crm)?;
    let users = tx.rows(
        "SELECT id, name FROM crm_user WHERE team = ? AND id IN (SELECT value FROM json_each(?))",
        params![team.0, crm],
        |row| {
            let name = row.get(1)?;
            Ok((row.get(0)?, Referenced { name, record: None }))
        },
    )?;
    let linked = tx.rows(
        "SELECT link.crm, record.id, record.doc FROM link JOIN record ON record.id = link.record \
         WHERE link.team = ? AND link.crm IN (SELECT value FROM json_each(?))",
        params![team.0, crm],
        |row| Ok((row.get(0)?, referenced(&read_record(row)?))),
    )?;
    let ours = records::by_ids(tx, team, &ours)?
        .into_values()
        .map(|record| {
            let text = Value::Reference(Reference::Workspace(record.kind, record.id)).to_string();
            (text, referenced(&record))
        });
    Ok(linked.into_iter().chain(users).chain(ours).collect())
}

fn referenced(record: &tandem_core::record::WorkspaceRecord) -> Referenced {
    Referenced {
        name: record.display_name(),
        record: Some((record.kind, record.id)),
    }
}
