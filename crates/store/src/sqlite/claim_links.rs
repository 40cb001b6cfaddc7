//! Due links out, with both sides as they stand.

use super::column::{json, lane_numbers, micros, rows_number};
use super::error::DbResult;
use super::intents::lease_end_us;
use super::links::{self, LinkRow};
use super::matcher::Matcher;
use super::mirror::Family;
use super::tx::Tx;
use super::{mirrors, records, team};
use crate::rules;
use rusqlite::params;
use std::collections::{BTreeMap, BTreeSet};
use tandem_core::ids::{LinkId, RecordId, TeamId};
use tandem_core::record::WorkspaceRecord;
use tandem_core::settings::TeamRules;
use tandem_core::store::{Claim, LinkWork};

pub(super) fn claim_links(tx: &Tx<'_>, team: TeamId, claim: &Claim) -> DbResult<Vec<LinkWork>> {
    let rules = team::rules(tx, team)?;
    let mut work = Vec::new();
    let mut seen = 0;
    loop {
        let rows = due(tx, team, &rules, claim, seen)?;
        let last = rows.len() < claim.limit;
        seen += rows.len();
        work.extend(work_of(tx, team, &rules, rows)?);
        if last || work.len() >= claim.limit {
            break;
        }
    }
    work.truncate(claim.limit);
    lease(tx, &work, claim)?;
    Ok(work)
}

/// Due links that may be given out, after the first `skip`. A link without rules has nobody to decide
/// about it; a half link from the CRM may be the create that is under way.
fn due(
    tx: &Tx<'_>,
    team: TeamId,
    rules: &TeamRules,
    claim: &Claim,
    skip: usize,
) -> DbResult<Vec<LinkRow>> {
    let objects: Vec<_> = rules.pairs.iter().map(|pair| &pair.object).collect();
    let sql = format!(
        "WITH creating AS MATERIALIZED (SELECT DISTINCT object FROM intent \
             WHERE team = ?1 AND state > 0 AND is_create) \
         SELECT {} FROM link WHERE team = ?1 AND due_us <= ?2 \
         AND (leased_until_us IS NULL OR leased_until_us <= ?2) \
         AND object IN (SELECT value FROM json_each(?3)) \
         AND NOT (record IS NULL AND crm IS NOT NULL AND object IN creating) \
         AND NOT EXISTS (SELECT 1 FROM intent WHERE intent.link = link.id AND state > 0) \
         AND lane IN (SELECT value FROM json_each(?6)) \
         ORDER BY lane, due_us, id LIMIT ?4 OFFSET ?5",
        links::COLUMNS
    );
    let params = params![
        team.0,
        micros(claim.now),
        json(&objects)?,
        rows_number(claim.limit),
        rows_number(skip),
        lane_numbers(claim.lanes)?
    ];
    tx.rows(&sql, params, LinkRow::read)
}

/// The work of these links; those whose candidates, or what their CRM record took the place of, may just be
/// being created are left out.
fn work_of(
    tx: &Tx<'_>,
    team: TeamId,
    rules: &TeamRules,
    rows: Vec<LinkRow>,
) -> DbResult<Vec<LinkWork>> {
    let ids: Vec<LinkId> = rows.iter().map(|row| row.link.id).collect();
    let mut crm = mirrors::of_links(tx, team, &ids)?;
    let mut workspace = workspace_sides(tx, team, &rows)?;
    let links = rows.iter().map(|row| &row.link);
    let mut matcher = Matcher::load(tx, team, rules, links, &crm)?;
    let family = Family::load(tx, team, rows.iter().map(|row| &row.link))?;
    let mut work = Vec::new();
    for LinkRow { link, lane, .. } in rows {
        let Some(candidates) = matcher.candidates(&link) else {
            continue;
        };
        if family.may_follow_ours(&link)? {
            continue;
        }
        let crm = crm.remove(&link.id);
        let kin = crm.as_ref().map(|crm| family.of(&link, crm)).transpose()?;
        let heir = kin.as_ref().and_then(|kin| kin.heir.as_ref());
        if let Some(heir) = heir
            && family.is_busy(heir)?
        {
            continue;
        }
        work.push(LinkWork {
            candidates,
            workspace: link.record.and_then(|id| workspace.remove(&id)),
            kin: kin.unwrap_or_default(),
            crm,
            lane,
            link,
        });
    }
    Ok(work)
}

fn lease(tx: &Tx<'_>, work: &[LinkWork], claim: &Claim) -> DbResult<()> {
    let ids: Vec<LinkId> = work.iter().map(|work| work.link.id).collect();
    tx.execute(
        "UPDATE link SET leased_until_us = ? WHERE id IN (SELECT value FROM json_each(?))",
        params![lease_end_us(claim.now, claim.lease_seconds), json(&ids)?],
    )?;
    Ok(())
}

/// The workspace records of these links, their references resolved as far as the targets are linked.
pub(super) fn workspace_sides(
    tx: &Tx<'_>,
    team: TeamId,
    rows: &[LinkRow],
) -> DbResult<BTreeMap<RecordId, WorkspaceRecord>> {
    let ids: Vec<RecordId> = rows.iter().filter_map(|row| row.link.record).collect();
    let mut sides = records::by_ids(tx, team, &ids)?;
    let targets: BTreeSet<RecordId> = sides
        .values()
        .flat_map(|record| rules::referred_records(&record.fields))
        .collect();
    let known = records::crm_ids(tx, team, &targets)?;
    for record in sides.values_mut() {
        rules::resolve_references(&mut record.fields, |id| known.get(&id).cloned());
    }
    Ok(sides)
}
