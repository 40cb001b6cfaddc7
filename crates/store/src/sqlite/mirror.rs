//! Records that follow their CRM record to another one, and what links asked to see.

use super::column::{get, json, micros, rows_number};
use super::error::DbResult;
use super::links::{self, LinkRow};
use super::mirrors::Mirrors;
use super::tx::Tx;
use super::{intents, log, records};
use crate::rules::{self, Evidence};
use rusqlite::params;
use std::collections::{BTreeMap, BTreeSet};
use tandem_core::Timestamp;
use tandem_core::ids::{CrmId, CrmObject, LinkId, RecordId, TeamId};
use tandem_core::link::{Lane, LinkState, RecordLink};
use tandem_core::reconcile::{Absorb, Heir, Kin, Move, RecordChange, unseen};
use tandem_core::record::{ArchiveCause, CrmRecord, Origin, Successor};
use tandem_core::store::{Answered, Inquiry, StagePage};

/// The records of team `?1` whose place record `?3` of object `?2` took, in one step or several, at most `?4`.
/// (The order of the joins is said, because the planner knows nothing of how few are lost.)
const LOST: &str = "WITH RECURSIVE lost (object, id) AS ( \
     SELECT object, id FROM mirror WHERE team = ?1 AND heir_object = ?2 AND heir = ?3 \
     UNION SELECT mirror.object, mirror.id FROM lost CROSS JOIN mirror ON mirror.team = ?1 \
     AND mirror.heir_object = lost.object AND mirror.heir = lost.id LIMIT ?4)";

/// Finds what took each other's place among the CRM records of a batch of links.
pub(super) struct Family<'a> {
    tx: &'a Tx<'a>,
    team: TeamId,
    /// CRM records of half links that took another one's place.
    heirs: BTreeSet<(String, String)>,
}

impl<'a> Family<'a> {
    pub(super) fn load<'l>(
        tx: &'a Tx<'a>,
        team: TeamId,
        links: impl Iterator<Item = &'l RecordLink>,
    ) -> DbResult<Self> {
        let halves: Vec<&CrmId> = links
            .filter(|link| rules::is_crm_half(link))
            .filter_map(|link| link.crm.as_ref())
            .collect();
        let heirs = match halves.as_slice() {
            [] => Vec::new(),
            halves => tx.rows(
                "SELECT DISTINCT heir_object, heir FROM mirror \
                 WHERE team = ? AND heir IN (SELECT value FROM json_each(?))",
                params![team.0, json(halves)?],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?,
        };
        Ok(Self {
            tx,
            team,
            heirs: heirs.into_iter().collect(),
        })
    }

    /// What took the place of a link's CRM record, or whose place it took.
    pub(super) fn of(&self, link: &RecordLink, crm: &CrmRecord) -> DbResult<Kin> {
        let heir = self.heir(crm)?;
        let end = match &heir {
            Some(heir) => (heir.object.as_str(), heir.id.as_str()),
            None => (crm.object.as_str(), crm.id.as_str()),
        };
        let is_heir = self.heirs.contains(&(end.0.to_owned(), end.1.to_owned()));
        if heir.is_none() && !(rules::is_crm_half(link) && is_heir) {
            return Ok(Kin::default());
        }
        let others = linked_losers(self.tx, self.team, end)?;
        let others = others
            .into_iter()
            .map(|row| row.link)
            .filter(|other| other.id != link.id && other.state == LinkState::Active);
        let ids: Vec<RecordId> = others.filter_map(|other| other.record).collect();
        let rivals = records::by_ids(self.tx, self.team, &ids)?.into_values();
        Ok(Kin {
            rivals: rivals.filter(|record| record.archived.is_none()).collect(),
            heir,
        })
    }

    /// Whether what took a record's place may be a create of ours that is under way, is being written, or
    /// has its own return to be decided.
    pub(super) fn is_busy(&self, heir: &Heir) -> DbResult<bool> {
        if heir.is_returning() {
            return Ok(true);
        }
        if let Some(link) = &heir.link
            && intents::of_link(self.tx, self.team, link.id)?.is_some_and(|intent| intent.is_open())
        {
            return Ok(true);
        }
        let creates: i64 = self.tx.value(
            "SELECT EXISTS (SELECT 1 FROM intent WHERE team = ? AND state > 0 AND is_create \
             AND object = ?)",
            params![self.team.0, heir.object.as_str()],
        )?;
        Ok(heir.record.is_none() && creates != 0)
    }

    fn heir(&self, crm: &CrmRecord) -> DbResult<Option<Heir>> {
        let (tx, team) = (self.tx, self.team);
        let known = |step: &Successor| -> DbResult<_> {
            let ids = [&step.id];
            Ok(Mirrors::load(tx, team, &step.object, &ids)?.take(&step.id))
        };
        let Some(mut heir) = rules::end_of_chain(crm, known)? else {
            return Ok(None);
        };
        if let Some(row) = links::by_crm(tx, team, &heir.object, &[&heir.id])?.remove(&heir.id) {
            if let Some(record) = row.link.record {
                heir.record = records::by_id(tx, team, record)?;
            }
            heir.link = Some(row.link);
        }
        Ok(Some(heir))
    }

    /// Whether a half link's CRM record took the place of one that may be a create of ours that is under way:
    /// then it belongs to the workspace record that the create is of.
    pub(super) fn may_follow_ours(&self, link: &RecordLink) -> DbResult<bool> {
        let half = link.crm.as_ref().filter(|_| rules::is_crm_half(link));
        let place = half.map(|id| (link.object.0.clone(), id.0.clone()));
        let Some((object, id)) = place.filter(|place| self.heirs.contains(place)) else {
            return Ok(false);
        };
        let sql = format!(
            "{LOST} SELECT EXISTS (SELECT 1 FROM lost LEFT JOIN link ON link.team = ?1 \
             AND link.object = lost.object AND link.crm = lost.id WHERE link.record IS NULL \
             AND lost.object IN (SELECT object FROM intent WHERE team = ?1 AND state > 0 AND is_create))"
        );
        let limit = rows_number(rules::KIN_MAX);
        let found: i64 = self
            .tx
            .value(&sql, params![self.team.0, object, id, limit])?;
        Ok(found != 0)
    }
}

/// The links of the records whose place this one took.
fn linked_losers(tx: &Tx<'_>, team: TeamId, (object, id): (&str, &str)) -> DbResult<Vec<LinkRow>> {
    let sql = format!(
        "{LOST} SELECT {} FROM lost CROSS JOIN link ON link.team = ?1 AND link.object = lost.object \
         AND link.crm = lost.id WHERE link.record IS NOT NULL ORDER BY link.id",
        links::COLUMNS
    );
    let limit = rows_number(rules::KIN_MAX);
    tx.rows(&sql, params![team.0, object, id, limit], LinkRow::read)
}

/// Those whose records this one took the place of, where they looked for it in vain.
pub(super) fn wake_followers(
    tx: &Tx<'_>,
    team: TeamId,
    page: &StagePage,
    id: &CrmId,
) -> DbResult<()> {
    let rows = linked_losers(tx, team, (page.object.as_str(), id.as_str()))?;
    for mut row in rows {
        if rules::looked_in_vain(&row.link) {
            row.change(rules::crm_changed);
            row.make_due(page.lane, page.now);
            links::save(tx, &mut row)?;
        }
    }
    Ok(())
}

/// Whether what a decision takes in or goes over to is no longer as it was seen.
pub(super) fn moved_on(tx: &Tx<'_>, team: TeamId, change: &RecordChange) -> DbResult<bool> {
    match change {
        RecordChange::Merge(absorb) => {
            let survivor = records::by_id(tx, team, absorb.survivor)?;
            Ok(survivor.is_none_or(|record| record.archived.is_some()))
        }
        RecordChange::Move(moved) => {
            let found = links::by_crm(tx, team, &moved.object, &[&moved.id])?;
            let row = found.get(&moved.id);
            let occupant = row.and_then(|row| row.link.record);
            let expected = moved.instead_of.as_ref().map(|absorb| absorb.loser);
            let open = match row {
                Some(row) => {
                    intents::of_link(tx, team, row.link.id)?.is_some_and(|one| one.is_open())
                }
                None => false,
            };
            Ok(occupant != expected || open)
        }
        _ => Ok(false),
    }
}

/// Carries out what touches more than the link that was decided about; collects the links that it changed.
pub(super) struct Following<'a> {
    pub(super) tx: &'a Tx<'a>,
    pub(super) team: TeamId,
    pub(super) now: Timestamp,
    pub(super) changed: BTreeMap<LinkId, LinkRow>,
}

impl Following<'_> {
    /// The record gets the link of the other CRM record. Its old link let it go before.
    pub(super) fn go_over(&mut self, record: RecordId, moved: Move, lane: Lane) -> DbResult<()> {
        let (tx, team, now) = (self.tx, self.team, self.now);
        let Some(ours) = records::by_id(tx, team, record)? else {
            return Ok(());
        };
        let known = links::by_crm(tx, team, &moved.object, &[&moved.id])?.remove(&moved.id);
        let mut row = match known {
            Some(row) => row,
            None => {
                let half =
                    rules::half_link(LinkId(0), ours.kind, moved.object, None, Some(moved.id));
                links::insert(tx, team, half, lane, now)?
            }
        };
        intents::withdraw_unsent(tx, row.link.id)?;
        row.change(|link| rules::take_over(link, record, moved.base));
        row.make_due(lane, now);
        links::save(tx, &mut row)?;
        self.changed.insert(row.link.id, row);
        match moved.instead_of {
            Some(absorb) => self.absorb(absorb),
            None => Ok(()),
        }
    }

    pub(super) fn absorb(&mut self, absorb: Absorb) -> DbResult<()> {
        let (tx, team, now) = (self.tx, self.team, self.now);
        let pair = (absorb.loser, absorb.survivor);
        for id in records::referring_to(tx, team, absorb.loser)? {
            let Some(mut record) = records::by_id(tx, team, id)? else {
                continue;
            };
            let before = record.clone();
            if let Some((mut entry, fields)) =
                rules::redirect(&mut record, pair, &absorb.entry, now)
            {
                records::save(tx, team, &before, &record)?;
                if let Some(row) = self.follow_up(id, &fields)? {
                    rules::complete_log(&mut entry, &row.link);
                }
                log::append(tx, team, &entry)?;
            }
        }
        let cause = ArchiveCause::MergedInto(absorb.survivor);
        records::amend(tx, team, absorb.loser, |record| {
            rules::archive(record, cause, now);
        })?;
        let mut changed = Vec::new();
        records::amend(tx, team, absorb.survivor, |record| {
            changed = rules::set_fields(record, absorb.patch, &Origin::Crm, now);
        })?;
        if !changed.is_empty() {
            self.follow_up(absorb.survivor, &changed)?;
        }
        Ok(())
    }

    /// A record was changed beside its own link: that link is to look.
    fn follow_up(&mut self, record: RecordId, fields: &[String]) -> DbResult<Option<&LinkRow>> {
        let Some(mut row) = links::of_record(self.tx, self.team, record)? else {
            return Ok(None);
        };
        row.change(|link| rules::workspace_changed(link, fields, &Origin::Crm));
        row.make_due(Lane::Normal, self.now);
        links::save(self.tx, &mut row)?;
        let id = row.link.id;
        self.changed.insert(id, row);
        Ok(self.changed.get(&id))
    }
}

/// A link asks to see a CRM record.
pub(super) fn ask(
    tx: &Tx<'_>,
    team: TeamId,
    link: LinkId,
    (object, id): (CrmObject, CrmId),
    now: Timestamp,
) -> DbResult<()> {
    tx.execute(
        "INSERT OR IGNORE INTO inquiry (team, object, id, link, due_us) VALUES (?, ?, ?, ?, ?)",
        params![team.0, object.as_str(), id.as_str(), link.0, micros(now)],
    )?;
    Ok(())
}

/// The due inquiries of the object that comes first.
pub(super) fn inquiries(
    tx: &Tx<'_>,
    team: TeamId,
    now: Timestamp,
    limit: usize,
) -> DbResult<Vec<Inquiry>> {
    tx.rows(
        "SELECT object, id, link FROM inquiry WHERE team = ?1 AND due_us <= ?2 AND object = \
         (SELECT min(object) FROM inquiry WHERE team = ?1 AND due_us <= ?2) \
         ORDER BY id, link LIMIT ?3",
        params![team.0, micros(now), rows_number(limit)],
        |row| {
            Ok(Inquiry {
                object: CrmObject(get(row, "object")?),
                id: CrmId(get(row, "id")?),
                link: LinkId(get(row, "link")?),
            })
        },
    )
}

/// When the next inquiry is due.
pub(super) fn next_inquiry(tx: &Tx<'_>, team: TeamId) -> DbResult<Option<i64>> {
    tx.value("SELECT min(due_us) FROM inquiry WHERE team = ?", [team.0])
}

pub(super) fn answered(tx: &Tx<'_>, team: TeamId, answered: Answered) -> DbResult<()> {
    let now = answered.now;
    if let Some(at) = answered.again_at {
        for asked in &answered.inquiries {
            tx.execute(
                "UPDATE inquiry SET due_us = ? WHERE team = ? AND object = ? AND id = ? AND link = ?",
                params![micros(at), team.0, asked.object.as_str(), asked.id.as_str(), asked.link.0],
            )?;
        }
        return Ok(());
    }
    let seen: BTreeSet<CrmId> = answered.found.iter().map(|one| one.id.clone()).collect();
    for record in answered.found {
        take_in(tx, team, record, now)?;
    }
    for asked in answered.inquiries {
        let open = tx.execute(
            "DELETE FROM inquiry WHERE team = ? AND object = ? AND id = ? AND link = ?",
            params![
                team.0,
                asked.object.as_str(),
                asked.id.as_str(),
                asked.link.0
            ],
        )?;
        let row = links::by_ids(tx, team, &[asked.link])?.remove(&asked.link);
        let Some(mut row) = row.filter(|_| open > 0) else {
            continue;
        };
        if seen.contains(&asked.id) {
            row.change(|_| ());
            row.make_due(Lane::Normal, now);
        } else {
            let (parked, entry) = unseen(&row.link, (&asked.object, &asked.id), now);
            row.change(|link| link.parked = Some(parked));
            log::tell(tx, team, &mut row, vec![entry])?;
        }
        links::save(tx, &mut row)?;
    }
    Ok(())
}

fn take_in(tx: &Tx<'_>, team: TeamId, record: CrmRecord, now: Timestamp) -> DbResult<()> {
    let (object, id) = (record.object.clone(), record.id.clone());
    let mut known = Mirrors::load(tx, team, &object, &[&id])?;
    let news = known.take_in(tx, team, record, Evidence::Read)?;
    let row = links::by_crm(tx, team, &object, &[&id])?.remove(&id);
    if let Some(mut row) = row.filter(|_| news.is_news()) {
        row.change(rules::crm_changed);
        row.make_due(Lane::Normal, now);
        links::save(tx, &mut row)?;
    }
    Ok(())
}
