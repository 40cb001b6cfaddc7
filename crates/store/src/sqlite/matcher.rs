//! Which workspace records a CRM half link may belong to: those that carry one of its match keys and
//! are not linked.

use super::column::json;
use super::error::DbResult;
use super::tx::Tx;
use crate::rules;
use rusqlite::params;
use std::collections::{BTreeMap, BTreeSet};
use tandem_core::ids::{LinkId, RecordId, TeamId};
use tandem_core::link::RecordLink;
use tandem_core::record::CrmRecord;
use tandem_core::settings::TeamRules;

/// A workspace record that carries a match key.
struct Candidate {
    record: RecordId,
    /// It belongs to another CRM record.
    linked: bool,
    /// A write of its own is being sent or in doubt.
    open: bool,
}

/// Finds the candidates of all CRM half links of a batch at once.
pub(super) struct Matcher {
    keys: BTreeMap<LinkId, Vec<String>>,
    carriers: BTreeMap<(String, String), Vec<Candidate>>,
}

impl Matcher {
    pub(super) fn load<'l>(
        tx: &Tx<'_>,
        team: TeamId,
        rules: &TeamRules,
        links: impl Iterator<Item = &'l RecordLink>,
        crm: &BTreeMap<LinkId, CrmRecord>,
    ) -> DbResult<Self> {
        let keys: BTreeMap<LinkId, Vec<String>> = links
            .filter(|link| rules::is_crm_half(link))
            .filter_map(|link| {
                let pair = rules.pair(&link.object)?;
                Some((link.id, rules::match_keys(pair, crm.get(&link.id)?)))
            })
            .collect();
        let wanted: BTreeSet<&String> = keys.values().flatten().collect();
        let mut carriers: BTreeMap<_, Vec<_>> = BTreeMap::new();
        if !wanted.is_empty() {
            for (kind, key, candidate) in carriers_of(tx, team, &wanted)? {
                carriers.entry((kind, key)).or_default().push(candidate);
            }
        }
        Ok(Self { keys, carriers })
    }

    /// `None` where a candidate's own create is under way: the link may be that create.
    pub(super) fn candidates(&mut self, link: &RecordLink) -> Option<Vec<Vec<RecordId>>> {
        let mut candidates = Vec::new();
        for key in self.keys.remove(&link.id).unwrap_or_default() {
            let carriers = self.carriers.get(&(link.kind.as_str().to_owned(), key));
            let free = carriers.into_iter().flatten().filter(|one| !one.linked);
            if free.clone().any(|one| one.open) {
                return None;
            }
            candidates.push(free.map(|one| one.record).collect());
        }
        Some(candidates)
    }

    /// Whether there is a candidate at all, its own create under way or not.
    pub(super) fn is_matched(&mut self, link: &RecordLink) -> bool {
        let candidates = self.candidates(link);
        candidates.is_none_or(|found| found.iter().any(|of_key| !of_key.is_empty()))
    }
}

fn carriers_of(
    tx: &Tx<'_>,
    team: TeamId,
    keys: &BTreeSet<&String>,
) -> DbResult<Vec<(String, String, Candidate)>> {
    tx.rows(
        "SELECT match_key.kind, match_key.key, match_key.record, link.crm IS NOT NULL, \
         coalesce(intent.state, 0) > 0 FROM match_key \
         LEFT JOIN link ON link.record = match_key.record \
         LEFT JOIN intent ON intent.link = link.id \
         WHERE match_key.team = ? AND match_key.key IN (SELECT value FROM json_each(?)) ORDER BY match_key.record",
        params![team.0, json(keys)?],
        |row| {
            let candidate = Candidate {
                record: RecordId(row.get(2)?),
                linked: row.get(3)?,
                open: row.get(4)?,
            };
            Ok((row.get(0)?, row.get(1)?, candidate))
        },
    )
}
