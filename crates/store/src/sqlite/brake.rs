//! The brake within a transaction: what passed lately in, what is held and what passed out.

use super::column::{count, doc, json, micros, rows_number};
use super::error::{DbError, DbResult};
use super::links::{self, LinkRow};
use super::tx::Tx;
use super::{intents, log, team};
use crate::rules::{self, Ruling};
use rusqlite::{Row, params};
use std::collections::{BTreeMap, BTreeSet};
use tandem_core::Timestamp;
use tandem_core::brake::{
    self, Brake, BrakeSettings, Gauge, Impact, Impacts, NORMAL_DAYS, Plan, PlanChoice, PlanState,
    PlannedRecord, ValueChange,
};
use tandem_core::ids::{LinkId, PlanId, TeamId, UserId};
use tandem_core::link::{Lane, RecordLink};
use tandem_core::store::{DecisionCommit, PLANS_MAX, StoreError};

/// Microseconds of a day.
const DAY_US: i64 = 86_400_000_000;

/// The brake during one batch.
pub(super) struct Braking {
    team: TeamId,
    now: Timestamp,
    brake: Brake,
    plans: BTreeMap<PlanId, Plan>,
    /// A link left a plan: that may have been the last.
    left: bool,
}

impl Braking {
    /// Loads what these decisions can touch; nothing where they touch nothing.
    pub(super) fn load(
        tx: &Tx<'_>,
        team: TeamId,
        commits: &[(&RecordLink, &Impacts)],
        now: Timestamp,
    ) -> DbResult<Self> {
        let mut wanted: BTreeMap<Impact, u64> = BTreeMap::new();
        for impact in commits.iter().flat_map(|(_, impacts)| impacts.keys()) {
            *wanted.entry(*impact).or_default() += 1;
        }
        let marked: BTreeSet<PlanId> = commits
            .iter()
            .flat_map(|(link, _)| link.plans.iter().copied())
            .collect();
        let settings = match wanted.is_empty() {
            true => BrakeSettings::default(),
            false => team::rules(tx, team)?.settings.brake,
        };
        let mut gauges = BTreeMap::new();
        for (impact, records) in wanted {
            gauges.insert(impact, gauge(tx, team, &settings, impact, records, now)?);
        }
        Ok(Self {
            team,
            now,
            brake: Brake::new(settings.enabled, gauges),
            plans: by_ids(tx, team, &marked)?,
            left: false,
        })
    }

    /// Whether a decision is held; then its link waits in its plans, and nothing else of it is done.
    pub(super) fn holds(
        &mut self,
        tx: &Tx<'_>,
        row: &mut LinkRow,
        commit: &DecisionCommit,
    ) -> DbResult<bool> {
        let impacts = &commit.impacts;
        match rules::brake(&mut self.brake, &self.plans, &row.link, impacts) {
            Ruling::Pass => {
                if !row.link.plans.is_empty() {
                    self.leave(tx, row.link.id)?;
                    row.change(|link| rules::hold(link, Vec::new()));
                }
                Ok(false)
            }
            Ruling::Hold { holds, approved } => {
                let mut joined = approved;
                for (impact, plan) in holds {
                    let plan = match plan {
                        Some(plan) => plan,
                        None => self.open(tx, impact)?,
                    };
                    joined.push(plan);
                }
                self.join(tx, row, joined, impacts)?;
                row.set_due(None, commit.lane);
                intents::withdraw_unsent(tx, row.link.id)?;
                Ok(true)
            }
        }
    }

    fn leave(&mut self, tx: &Tx<'_>, link: LinkId) -> DbResult<()> {
        tx.execute("DELETE FROM planned WHERE link = ?", [link.0])?;
        self.left = true;
        Ok(())
    }

    fn join(
        &mut self,
        tx: &Tx<'_>,
        row: &mut LinkRow,
        joined: Vec<PlanId>,
        impacts: &Impacts,
    ) -> DbResult<()> {
        if !row.link.plans.is_empty() {
            self.leave(tx, row.link.id)?;
        }
        for id in &joined {
            let plan = self.plans.get(id);
            let changes = plan.and_then(|plan| impacts.get(&plan.impact));
            tx.execute(
                "INSERT INTO planned (plan, link, doc) VALUES (?, ?, ?)",
                params![id.0, row.link.id.0, json(&changes.unwrap_or(&Vec::new()))?],
            )?;
        }
        row.change(|link| rules::hold(link, joined));
        Ok(())
    }

    fn open(&mut self, tx: &Tx<'_>, impact: Impact) -> DbResult<PlanId> {
        let mut plan = Plan {
            id: PlanId(0),
            impact,
            state: PlanState::Open,
            opened_at: self.now,
            allowed: self.brake.allowed(impact),
            records: 0,
        };
        let id = tx.insert(
            "INSERT INTO plan (team, effect, side, state, doc) VALUES (?, ?, ?, ?, ?)",
            params![
                self.team.0,
                impact.effect.as_str(),
                impact.side.as_str(),
                plan.state.as_str(),
                json(&plan)?
            ],
        )?;
        plan.id = PlanId(id);
        log::append(tx, self.team, &brake::opened_entry(&plan))?;
        self.brake.opened(impact, plan.id);
        self.plans.insert(plan.id, plan.clone());
        Ok(plan.id)
    }

    /// Counts what passed, and ends plans that hold nothing any more.
    pub(super) fn finish(self, tx: &Tx<'_>) -> DbResult<()> {
        for (impact, passed) in self.brake.passed() {
            let key = (impact.effect.as_str(), impact.side.as_str());
            tx.execute(
                "INSERT INTO impact_by_hour (team, effect, side, hour_us, unasked, approved) \
                 VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE \
                 SET unasked = unasked + excluded.unasked, approved = approved + excluded.approved",
                params![
                    self.team.0,
                    key.0,
                    key.1,
                    micros(brake::hour_of(self.now)),
                    number(passed.unasked),
                    number(passed.approved)
                ],
            )?;
            tx.execute(
                "DELETE FROM impact_by_hour \
                 WHERE team = ? AND effect = ? AND side = ? AND hour_us < ?",
                params![self.team.0, key.0, key.1, forgotten_us(self.now)],
            )?;
        }
        match self.left {
            true => dissolve(tx, self.team, self.now),
            false => Ok(()),
        }
    }
}

/// Where an impact stands. What is normal is looked up only where this batch could pass the least bound.
fn gauge(
    tx: &Tx<'_>,
    team: TeamId,
    settings: &BrakeSettings,
    impact: Impact,
    records: u64,
    now: Timestamp,
) -> DbResult<Gauge> {
    let key = params![team.0, impact.effect.as_str(), impact.side.as_str()];
    let plan = tx.row(
        "SELECT id FROM plan WHERE team = ? AND effect = ? AND side = ? AND state = 'open'",
        key,
        |row| Ok(PlanId(row.get("id")?)),
    )?;
    let passed: i64 = tx.value(
        "SELECT coalesce(sum(unasked), 0) FROM impact_by_hour \
         WHERE team = ? AND effect = ? AND side = ? AND hour_us >= ?",
        params![
            team.0,
            impact.effect.as_str(),
            impact.side.as_str(),
            micros(brake::window_start(now))
        ],
    )?;
    let passed = u64::try_from(passed).unwrap_or_default();
    let least = settings.allowed(impact.effect, 0, 0);
    let allowed = match passed + records > least && plan.is_none() {
        true => settings.allowed(
            impact.effect,
            normal(tx, team, impact, now)?,
            linked(tx, team)?,
        ),
        false => least,
    };
    Ok(Gauge {
        passed,
        allowed,
        plan,
    })
}

/// The normal hour, learned from the days before today.
fn normal(tx: &Tx<'_>, team: TeamId, impact: Impact, now: Timestamp) -> DbResult<u64> {
    let busiest = tx.rows(
        "SELECT max(unasked + approved) AS busiest FROM impact_by_hour \
         WHERE team = ? AND effect = ? AND side = ? AND hour_us >= ? AND hour_us < ? \
         GROUP BY hour_us / 86400000000",
        params![
            team.0,
            impact.effect.as_str(),
            impact.side.as_str(),
            forgotten_us(now),
            today_us(now)
        ],
        |row| count(row, "busiest"),
    )?;
    Ok(brake::normal_hour(busiest))
}

/// The links that percentages are of, as [`rules::is_linked`] says.
fn linked(tx: &Tx<'_>, team: TeamId) -> DbResult<u64> {
    let linked: i64 = tx.value(
        "SELECT count(*) FROM link INDEXED BY link_status \
         WHERE team = ? AND status IN ('linked', 'held', 'refused') AND record IS NOT NULL",
        [team.0],
    )?;
    Ok(u64::try_from(linked).unwrap_or_default())
}

fn today_us(now: Timestamp) -> i64 {
    micros(now).div_euclid(DAY_US) * DAY_US
}

fn forgotten_us(now: Timestamp) -> i64 {
    today_us(now) - rows_number(NORMAL_DAYS) * DAY_US
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

const COLUMNS: &str = "plan.id, plan.doc, \
     (SELECT count(*) FROM planned WHERE planned.plan = plan.id) AS records";

fn read(row: &Row<'_>) -> DbResult<Plan> {
    Ok(Plan {
        id: PlanId(row.get("id")?),
        records: count(row, "records")?,
        ..doc(row, "doc")?
    })
}

fn by_ids(tx: &Tx<'_>, team: TeamId, ids: &BTreeSet<PlanId>) -> DbResult<BTreeMap<PlanId, Plan>> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM plan WHERE +team = ? AND id IN (SELECT value FROM json_each(?))"
    );
    let plans = tx.rows(&sql, params![team.0, json(ids)?], read)?;
    Ok(plans.into_iter().map(|plan| (plan.id, plan)).collect())
}

/// Ends the open plans that hold nothing any more.
fn dissolve(tx: &Tx<'_>, team: TeamId, now: Timestamp) -> DbResult<()> {
    let sql = format!("SELECT {COLUMNS} FROM plan WHERE team = ? AND state = 'open'");
    for plan in tx.rows(&sql, [team.0], read)? {
        if plan.records == 0 {
            let state = PlanState::Dissolved { at: now };
            end(tx, team, Plan { state, ..plan })?;
        }
    }
    Ok(())
}

/// Gives a plan the state that it has by now, with its entry.
fn end(tx: &Tx<'_>, team: TeamId, plan: Plan) -> DbResult<Plan> {
    tx.execute(
        "UPDATE plan SET state = ?, doc = ? WHERE id = ?",
        params![plan.state.as_str(), json(&plan)?, plan.id.0],
    )?;
    if let Some(entry) = brake::ended_entry(&plan) {
        log::append(tx, team, &entry)?;
    }
    Ok(plan)
}

pub(super) fn plans(tx: &Tx<'_>, team: TeamId) -> DbResult<Vec<Plan>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM plan WHERE team = ? ORDER BY records > 0 DESC, id DESC LIMIT ?"
    );
    tx.rows(&sql, params![team.0, rows_number(PLANS_MAX)], read)
}

pub(super) fn planned_records(
    tx: &Tx<'_>,
    team: TeamId,
    plan: PlanId,
    after: Option<LinkId>,
    limit: usize,
) -> DbResult<Vec<PlannedRecord>> {
    tx.rows(
        "SELECT link.id, link.doc, planned.doc AS changes FROM planned CROSS JOIN link \
         ON link.id = planned.link \
         WHERE planned.plan = ? AND planned.link > ? AND +link.team = ? \
         ORDER BY planned.link LIMIT ?",
        params![
            plan.0,
            after.map_or(i64::MIN, |link| link.0),
            team.0,
            rows_number(limit)
        ],
        |row| {
            let link: RecordLink = doc(row, "doc")?;
            let changes: Vec<ValueChange> = doc(row, "changes")?;
            Ok(rules::planned(LinkId(row.get("id")?), &link, changes))
        },
    )
}

pub(super) fn decide_plan(
    tx: &Tx<'_>,
    team: TeamId,
    id: PlanId,
    choice: PlanChoice,
    by: Option<UserId>,
    now: Timestamp,
) -> DbResult<Option<Plan>> {
    let plan = by_ids(tx, team, &[id].into())?.remove(&id);
    let plan = plan.ok_or_else(|| DbError::Store(StoreError::NotFound(format!("plan {id}"))))?;
    let Some(state) = plan.state.chosen(choice, by, now) else {
        return Ok(None);
    };
    let plan = end(tx, team, Plan { state, ..plan })?;
    if plan.state.is_approved() {
        links::wake_planned(tx, plan.id, Lane::Bulk, now)?;
    }
    Ok(Some(plan))
}
