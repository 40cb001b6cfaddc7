//! The end of a story taken back: everything since its beginning is undone, as the app does it, and the workspace
//! must stand as it stood then. What people typed since stays, and what an undo leaves alone it says.

use super::{Played, Stage};
use crate::check;
use crate::executor::block_on;
use std::collections::{BTreeMap, BTreeSet};
use tandem_core::ids::{CrmId, CrmObject, LogId, RecordId, UserId};
use tandem_core::link::{Lane, RecordLink};
use tandem_core::record::{CrmRecord, Origin, WorkspaceRecord};
use tandem_core::settings::TeamRules;
use tandem_core::store::{Restore, SyncStore as _};
use tandem_core::sync_log::LogDraft;
use tandem_core::undo::{By, FieldUndo, Home, PLACE, Subject, Verdict, restore, undo};
use tandem_core::value::Fields;
use tandem_store::memory::View;

/// The workspace after the first sync of a story.
pub(super) struct Beginning {
    /// Entries that there were.
    entries: usize,
    records: BTreeMap<RecordId, Stood>,
}

/// A record as it stood: its fields as the CRM would say them, and the CRM record that it followed.
#[derive(PartialEq, Debug)]
struct Stood {
    fields: Fields,
    follows: Option<(CrmObject, CrmId)>,
    archived: bool,
}

/// What an undo says of each record and field that it leaves alone.
type LeftAlone = BTreeMap<(RecordId, String), String>;

impl Stage {
    /// Everything since the beginning is undone, and then nothing may have changed but what people typed and what
    /// the undo left alone. Returns how many records were put back.
    pub(crate) fn take_back(&mut self) -> Result<usize, String> {
        let Some(beginning) = self.beginning.take() else {
            return Ok(0);
        };
        let (restores, left) = self.undo_since(beginning.entries);
        let wanted: BTreeSet<RecordId> = restores.iter().map(|one| one.record).collect();
        let done = block_on(self.store.restore(self.team, restores)).expect("the team exists");
        if done.len() != wanted.len() {
            return Err(format!("of {wanted:?} only {done:?} were put back"));
        }
        self.check()?;
        let now = self.stand();
        for (id, stood) in &beginning.records {
            self.stands_again(*id, stood, &now.records[id], &left)?;
        }
        Ok(done.len())
    }

    /// How the workspace stands.
    pub(super) fn stand(&self) -> Beginning {
        let stood = self.store.inspect(self.team, |view| {
            let records = view
                .records()
                .map(|record| (record.id, stood(view, record)));
            Beginning {
                entries: view.log().len(),
                records: records.collect(),
            }
        });
        stood.expect("the team exists")
    }

    fn undo_since(&self, entries: usize) -> (Vec<Restore>, LeftAlone) {
        let by = By {
            user: Some(UserId(1)),
            origin: Origin::Undo(Some(UserId(1))),
            run: None,
            lane: Lane::Live,
            now: self.clock.now(),
        };
        let undone = self.store.inspect(self.team, |view| {
            let mut restores = Vec::new();
            let mut left = LeftAlone::new();
            for record in view.records() {
                let link = link_where(view, |link| link.record == Some(record.id));
                let fields = undo_of(view, &self.rules, record, entries);
                restores.extend(restore(record, link, &fields, &by));
                left.extend(
                    fields
                        .iter()
                        .filter_map(|field| left_alone(record.id, field)),
                );
            }
            (restores, left)
        });
        undone.expect("the team exists")
    }

    fn stands_again(&self, id: RecordId, before: &Stood, now: &Stood, left: &LeftAlone) -> Played {
        let said = |field: &str| left.contains_key(&(id, field.to_owned()));
        let place = |stood: &Stood| (stood.archived, stood.follows.clone());
        if place(before) != place(now) && !said(PLACE) {
            let (before, now) = (place(before), place(now));
            return Err(format!("record {id} was {before:?} and is {now:?}"));
        }
        let names: BTreeSet<&String> = before.fields.keys().chain(now.fields.keys()).collect();
        for name in names {
            let typed = self.typed.contains(&(id, name.clone()));
            let (before, now) = (before.fields.get(name), now.fields.get(name));
            if before != now && !typed && !said(name) {
                return Err(format!(
                    "{name} of record {id} was {before:?} and is {now:?}"
                ));
            }
        }
        Ok(())
    }
}

fn left_alone(record: RecordId, field: &FieldUndo) -> Option<((RecordId, String), String)> {
    let why = match &field.verdict {
        Verdict::Kept(kept) => kept.to_string(),
        Verdict::Cannot(cannot) => cannot.to_string(),
        Verdict::Restore { .. } | Verdict::Return { .. } => return None,
    };
    Some(((record, field.field.clone()), why))
}

fn stood(view: View<'_>, record: &WorkspaceRecord) -> Stood {
    let link = link_where(view, |link| link.record == Some(record.id));
    Stood {
        fields: check::resolved(view, &record.fields),
        follows: link.and_then(|link| Some((link.object.clone(), link.crm.clone()?))),
        archived: record.archived.is_some(),
    }
}

fn link_where<'a>(view: View<'a>, wanted: impl Fn(&RecordLink) -> bool) -> Option<&'a RecordLink> {
    let mut links = view.links().map(|due| due.link);
    links.find(|link| wanted(link))
}

fn crm_of<'a>(view: View<'a>, link: &RecordLink) -> Option<&'a CrmRecord> {
    view.mirror(&link.object, link.crm.as_ref()?)
}

fn undo_of(
    view: View<'_>,
    rules: &TeamRules,
    record: &WorkspaceRecord,
    since: usize,
) -> Vec<FieldUndo> {
    let of_record = |entry: &LogDraft| entry.record.is_some_and(|(_, id)| id == record.id);
    let log = view.log()[since..].iter().rev();
    let log = log.filter(|(_, entry)| of_record(entry));
    let entries: Vec<(LogId, LogDraft)> = log
        .map(|(id, entry)| (*id, in_the_crms_terms(view, entry)))
        .collect();
    let left = entries.iter().filter_map(|(_, entry)| entry.left);
    let homes = left.filter_map(|id| {
        let link = view.link(id)?.clone();
        let crm = crm_of(view, &link).cloned();
        Some((id, Home { link, crm }))
    });
    let link = link_where(view, |link| link.record == Some(record.id));
    let subject = Subject {
        record: record.id,
        kind: record.kind,
        archived: record.archived.as_ref(),
        pairs: &rules.pairs,
        homes: &homes.collect(),
        link,
        crm: link.and_then(|link| crm_of(view, link)),
        workspace: &check::resolved(view, &record.fields),
        provenance: &record.provenance,
        typed_since: None,
    };
    undo(&subject, &entries)
}

/// References as the CRM knows them, like those of the record that they are compared with.
fn in_the_crms_terms(view: View<'_>, entry: &LogDraft) -> LogDraft {
    let mut entry = entry.clone();
    for change in &mut entry.changes {
        change.before = check::resolved_value(view, &change.before);
        change.after = check::resolved_value(view, &change.after);
    }
    entry
}
