//! Links as rows: found by either side, due in a lane, leased for a while.
//!
//! `+team` in a condition keeps SQLite from walking through the whole team where it has better to go
//! by; a test watches over that (`plans.rs`).
//!
//! A [`LinkRow`] is changed in memory and saved whole. [`wake_referring`] changes rows that a step may
//! hold in memory, so a step calls it last.

use super::column::{doc, from_micros, get, json, lane, lane_number, micros};
use super::error::DbResult;
use super::incidents::{self, Aside};
use super::tx::Tx;
use crate::rules;
use crate::views::LinkStatus;
use rusqlite::{Row, params};
use std::collections::{BTreeMap, BTreeSet};
use tandem_core::Timestamp;
use tandem_core::error::ErrorClass;
use tandem_core::ids::{CrmId, CrmObject, LinkId, PlanId, RecordId, TeamId};
use tandem_core::link::{Lane, LinkState, RecordLink};

pub(super) const COLUMNS: &str =
    "link.id, link.version, link.due_us, link.lane, link.leased_until_us, link.doc";

/// A link with its place in the queue.
#[derive(Clone, Debug)]
pub(super) struct LinkRow {
    pub(super) link: RecordLink,
    pub(super) due_us: Option<i64>,
    pub(super) lane: Lane,
    leased_until_us: Option<i64>,
    places: Places,
}

/// The columns that links are found and counted by, as they stand in the database. Four indexes hang on
/// them, and few changes of a link touch them, so they are written only where they changed.
#[derive(Clone, PartialEq, Debug)]
struct Places {
    record: Option<RecordId>,
    crm: Option<CrmId>,
    status: LinkStatus,
    causes: String,
    parked: i64,
    held: i64,
    aside: Aside,
}

impl Places {
    fn of(link: &RecordLink) -> Self {
        Self {
            record: link.record,
            crm: link.crm.clone(),
            status: LinkStatus::of(link),
            causes: causes(link),
            parked: set_aside(link),
            held: waiting(link),
            aside: incidents::aside_of(link),
        }
    }
}

impl LinkRow {
    /// A row of [`COLUMNS`]. The columns know the id and the version better than the document.
    pub(super) fn read(row: &Row<'_>) -> DbResult<Self> {
        let mut link: RecordLink = doc(row, "doc")?;
        link.id = LinkId(get(row, "id")?);
        link.version = get(row, "version")?;
        Ok(Self {
            places: Places::of(&link),
            link,
            due_us: get(row, "due_us")?,
            lane: lane(row, "lane")?,
            leased_until_us: get(row, "leased_until_us")?,
        })
    }

    /// Changes the link: it gets a new version, and whoever was working on the old one is out.
    pub(super) fn change(&mut self, change: impl FnOnce(&mut RecordLink)) {
        change(&mut self.link);
        self.link.version += 1;
        self.leased_until_us = None;
    }

    /// Lets others have it before the lease runs out.
    pub(super) fn release(&mut self) {
        self.leased_until_us = None;
    }

    /// Makes it due now at the latest; a better lane or an earlier time stays.
    pub(super) fn make_due(&mut self, lane: Lane, now: Timestamp) {
        let now = micros(now);
        self.lane = self.due_us.map_or(lane, |_| self.lane.min(lane));
        self.due_us = Some(self.due_us.map_or(now, |at| at.min(now)));
    }

    pub(super) fn set_due(&mut self, at: Option<Timestamp>, lane: Lane) {
        self.due_us = at.map(micros);
        self.lane = lane;
    }

    pub(super) fn due_at(&self) -> DbResult<Option<Timestamp>> {
        self.due_us.map(from_micros).transpose()
    }
}

pub(super) fn by_ids(
    tx: &Tx<'_>,
    team: TeamId,
    ids: &[LinkId],
) -> DbResult<BTreeMap<LinkId, LinkRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM link WHERE +team = ? AND id IN (SELECT value FROM json_each(?))"
    );
    let rows = tx.rows(&sql, params![team.0, json(ids)?], LinkRow::read)?;
    Ok(rows.into_iter().map(|row| (row.link.id, row)).collect())
}

/// Those of these CRM records that have or had a workspace record.
pub(super) fn owned(
    tx: &Tx<'_>,
    team: TeamId,
    object: &CrmObject,
    ids: &[CrmId],
) -> DbResult<BTreeSet<CrmId>> {
    let ids: Vec<&CrmId> = ids.iter().collect();
    let rows = by_crm(tx, team, object, &ids)?.into_iter();
    let owned = rows.filter(|(_, row)| rules::is_owned(&row.link));
    Ok(owned.map(|(id, _)| id).collect())
}

pub(super) fn by_crm(
    tx: &Tx<'_>,
    team: TeamId,
    object: &CrmObject,
    ids: &[&CrmId],
) -> DbResult<BTreeMap<CrmId, LinkRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM link \
         WHERE team = ? AND object = ? AND crm IN (SELECT value FROM json_each(?))"
    );
    let rows = tx.rows(
        &sql,
        params![team.0, object.as_str(), json(ids)?],
        LinkRow::read,
    )?;
    let keyed = rows
        .into_iter()
        .filter_map(|row| Some((row.link.crm.clone()?, row)));
    Ok(keyed.collect())
}

pub(super) fn of_record(tx: &Tx<'_>, team: TeamId, record: RecordId) -> DbResult<Option<LinkRow>> {
    let sql = format!("SELECT {COLUMNS} FROM link WHERE team = ? AND record = ?");
    tx.row(&sql, [team.0, record.0], LinkRow::read)
}

pub(super) fn of_records(
    tx: &Tx<'_>,
    team: TeamId,
    records: &[RecordId],
) -> DbResult<BTreeMap<RecordId, LinkRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM link WHERE +team = ? AND record IN (SELECT value FROM json_each(?))"
    );
    let rows = tx.rows(&sql, params![team.0, json(records)?], LinkRow::read)?;
    let keyed = rows
        .into_iter()
        .filter_map(|row| Some((row.link.record?, row)));
    Ok(keyed.collect())
}

/// Adds a link that is due now; it gets its id here.
pub(super) fn insert(
    tx: &Tx<'_>,
    team: TeamId,
    link: RecordLink,
    lane: Lane,
    now: Timestamp,
) -> DbResult<LinkRow> {
    let mut row = LinkRow {
        places: Places::of(&link),
        link,
        due_us: Some(micros(now)),
        lane,
        leased_until_us: None,
    };
    let sql = "INSERT INTO link (team, kind, object, record, crm, status, causes, parked, held, \
               version, due_us, lane, leased_until_us, doc) \
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let LinkRow { link, places, .. } = &row;
    let id = tx.insert(
        sql,
        params![
            team.0,
            link.kind.as_str(),
            link.object.as_str(),
            places.record.map(|id| id.0),
            places.crm.as_ref().map(CrmId::as_str),
            places.status.as_str(),
            places.causes,
            places.parked,
            places.held,
            link.version,
            row.due_us,
            lane_number(lane),
            row.leased_until_us,
            json(link)?
        ],
    )?;
    row.link.id = LinkId(id);
    incidents::note(tx, row.link.id, &Aside::new(), &row.places.aside)?;
    Ok(row)
}

/// Writes back a row that was changed.
pub(super) fn save(tx: &Tx<'_>, row: &mut LinkRow) -> DbResult<()> {
    let places = Places::of(&row.link);
    if places == row.places {
        return save_in_place(tx, row);
    }
    tx.execute(
        "UPDATE link SET record = ?, crm = ?, status = ?, causes = ?, parked = ?, held = ?, \
         version = ?, due_us = ?, lane = ?, leased_until_us = ?, doc = ? WHERE id = ?",
        params![
            places.record.map(|id| id.0),
            places.crm.as_ref().map(CrmId::as_str),
            places.status.as_str(),
            places.causes,
            places.parked,
            places.held,
            row.link.version,
            row.due_us,
            lane_number(row.lane),
            row.leased_until_us,
            json(&row.link)?,
            row.link.id.0
        ],
    )?;
    incidents::note(tx, row.link.id, &row.places.aside, &places.aside)?;
    row.places = places;
    Ok(())
}

fn save_in_place(tx: &Tx<'_>, row: &LinkRow) -> DbResult<()> {
    tx.execute(
        "UPDATE link SET version = ?, due_us = ?, lane = ?, leased_until_us = ?, doc = ? \
         WHERE id = ?",
        params![
            row.link.version,
            row.due_us,
            lane_number(row.lane),
            row.leased_until_us,
            json(&row.link)?,
            row.link.id.0
        ],
    )?;
    Ok(())
}

pub(super) fn remove(tx: &Tx<'_>, id: LinkId) -> DbResult<()> {
    tx.execute("DELETE FROM link WHERE id = ?", [id.0])?;
    Ok(())
}

/// Links of an object of which something is set aside.
pub(super) fn parked(tx: &Tx<'_>, team: TeamId, object: &CrmObject) -> DbResult<Vec<LinkRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM link \
         WHERE team = ? AND object = ? AND (parked > 0 OR held > 0) AND parked > 0 ORDER BY id"
    );
    tx.rows(&sql, params![team.0, object.as_str()], LinkRow::read)
}

/// A new version that is due now at the latest, in lane `?1` or a better one.
const WAKE: &str = "UPDATE link SET version = version + 1, leased_until_us = NULL, \
     lane = iif(due_us IS NULL, ?1, min(lane, ?1)), due_us = min(coalesce(due_us, ?2), ?2)";

/// What the records of these links refer to got new facts. Call it when no row in memory is saved any
/// more.
pub(super) fn wake_referring(
    tx: &Tx<'_>,
    team: TeamId,
    records: &[RecordId],
    now: Timestamp,
) -> DbResult<()> {
    if records.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "{WAKE} WHERE +team = ?3 AND record IN (SELECT record FROM reference \
         WHERE team = ?3 AND target IN (SELECT value FROM json_each(?4)))"
    );
    let lane = lane_number(Lane::Normal);
    tx.execute(&sql, params![lane, micros(now), team.0, json(records)?])?;
    Ok(())
}

/// The links that wait in a plan are to be decided anew.
pub(super) fn wake_planned(tx: &Tx<'_>, plan: PlanId, lane: Lane, now: Timestamp) -> DbResult<()> {
    let sql = format!("{WAKE} WHERE id IN (SELECT link FROM planned WHERE plan = ?3)");
    tx.execute(&sql, params![lane_number(lane), micros(now), plan.0])?;
    Ok(())
}

/// All links of an object are to be decided anew, as mass work.
pub(super) fn wake_object(
    tx: &Tx<'_>,
    team: TeamId,
    object: &CrmObject,
    now: Timestamp,
) -> DbResult<()> {
    let sql = format!("{WAKE} WHERE team = ?3 AND object = ?4");
    let lane = lane_number(Lane::Bulk);
    tx.execute(&sql, params![lane, micros(now), team.0, object.as_str()])?;
    Ok(())
}

/// The classes for which something is set aside, each between blanks.
fn causes(link: &RecordLink) -> String {
    let fields = link.parked_fields.values().map(|field| field.class);
    let classes: BTreeSet<ErrorClass> = fields
        .chain(link.parked.as_ref().map(|parked| parked.class))
        .collect();
    let codes: String = classes
        .into_iter()
        .map(|class| format!(" {}", class.code()))
        .collect();
    if codes.is_empty() { codes } else { codes + " " }
}

fn set_aside(link: &RecordLink) -> i64 {
    let fields = i64::try_from(link.parked_fields.len()).unwrap_or(i64::MAX);
    fields.saturating_add(i64::from(link.parked.is_some()))
}

fn waiting(link: &RecordLink) -> i64 {
    let fields = i64::try_from(link.held_fields.len()).unwrap_or(i64::MAX);
    let record = link.state == LinkState::Ambiguous || !link.plans.is_empty();
    fields.saturating_add(i64::from(record))
}
