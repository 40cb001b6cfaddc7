//! The world as facts that can be written down and read again.
//!
//! A fact is an after-image: it says how something is, not what was done to it, so applying it needs no rules and
//! checks nothing. Objects and fields are named, not numbered: a later version of this program may know more of them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::commit::{StageKey, Staged};
use super::row::{Audit, Deletion, Row};
use super::schema::ObjectNo;
use super::setup::Step;
use super::{SfId, Value, World};

/// One fact about the world.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WorldFact<'a> {
    Now(Timestamp),
    Setup(Step),
    Counters(Counters),
    Row(RowImage<'a>),
    Gone { object: Cow<'a, str>, id: SfId },
    Late(LateImage<'a>),
    Shown { at: Timestamp, number: u64 },
}

/// What only grows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counters {
    /// Ids given, by object.
    created: BTreeMap<String, u64>,
    late_commits: u64,
    deletions: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    purged_to: Option<Timestamp>,
    metadata_version: u64,
    metadata_changed_at: Timestamp,
}

/// A record.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RowImage<'a> {
    object: Cow<'a, str>,
    id: SfId,
    audit: Audit,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deletion: Option<Deletion>,
    values: Vec<(Cow<'a, str>, Cow<'a, Value>)>,
}

/// A record nobody sees yet.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LateImage<'a> {
    at: Timestamp,
    number: u64,
    started: Timestamp,
    row: RowImage<'a>,
}

impl World {
    /// What changed since the last call. Counters are told when they moved, time only when `with_time`.
    pub(crate) fn changes(&mut self, with_time: bool, tell: &mut impl FnMut(WorldFact<'_>)) {
        if with_time && self.told.0 != Some(self.now) {
            self.told.0 = Some(self.now);
            tell(WorldFact::Now(self.now));
        }
        std::mem::take(&mut self.steps.fresh)
            .into_iter()
            .for_each(|step| tell(WorldFact::Setup(step)));
        let counters = self.counters();
        if self.told.1.as_ref() != Some(&counters) {
            tell(WorldFact::Counters(counters.clone()));
            self.told.1 = Some(counters);
        }
        for (object, id) in std::mem::take(&mut self.touched) {
            let name = self.schema.at(object).name.as_str();
            tell(match self.table(object).get(id) {
                Some(row) => WorldFact::Row(self.row_image(object, row)),
                None => WorldFact::Gone {
                    object: name.into(),
                    id,
                },
            });
        }
        for change in self.staged.take_changes() {
            let (at, number) = change.key;
            match &change.value {
                Some(staged) => tell(WorldFact::Late(self.late_image(change.key, staged))),
                None => tell(WorldFact::Shown { at, number }),
            }
        }
    }

    /// Everything there is.
    pub(crate) fn everything(&self, tell: &mut impl FnMut(WorldFact<'_>)) {
        tell(WorldFact::Now(self.now));
        let steps = self.steps.all.iter().cloned();
        steps.for_each(|step| tell(WorldFact::Setup(step)));
        tell(WorldFact::Counters(self.counters()));
        for object in self.stored_objects() {
            for row in self.table(object).by_id(..) {
                tell(WorldFact::Row(self.row_image(object, row)));
            }
        }
        for (key, staged) in self.staged.iter() {
            tell(WorldFact::Late(self.late_image(*key, staged)));
        }
    }

    /// Takes all that happened as told.
    pub(crate) fn forget_changes(&mut self) {
        self.steps.fresh.clear();
        self.touched.clear();
        self.staged.forget_changes();
    }

    /// Removes every record, to make room for those of a file.
    pub(crate) fn clear_rows(&mut self) {
        self.tables
            .iter_mut()
            .for_each(|table| *table = Default::default());
    }

    /// Makes a fact true again.
    ///
    /// # Errors
    /// It names something this world does not know, in a sentence.
    pub(crate) fn apply(&mut self, fact: WorldFact<'_>) -> Result<(), String> {
        match fact {
            WorldFact::Now(now) => self.now = now,
            WorldFact::Setup(step) => self.set_up(step).map_err(|error| error.to_string())?,
            WorldFact::Counters(counters) => self.set_counters(&counters)?,
            WorldFact::Row(image) => {
                let (object, row) = self.row_of(image)?;
                self.replace(object, row.id, Some(row));
            }
            WorldFact::Gone { object, id } => {
                let object = self.object_of(&object)?;
                self.replace(object, id, None);
            }
            WorldFact::Late(late) => {
                let (object, row) = self.row_of(late.row)?;
                let started = late.started;
                self.staged.insert(
                    (late.at, late.number),
                    Staged {
                        object,
                        row,
                        started,
                    },
                );
            }
            WorldFact::Shown { at, number } => drop(self.staged.remove(&(at, number))),
        }
        Ok(())
    }

    fn row_image<'a>(&'a self, object: ObjectNo, row: &'a Row) -> RowImage<'a> {
        let def = self.schema.at(object);
        let named = |(no, value)| (Cow::from(def.at(no).name.as_str()), Cow::Borrowed(value));
        RowImage {
            object: def.name.as_str().into(),
            id: row.id,
            audit: row.audit,
            deletion: row.deletion,
            values: row.columns().map(named).collect(),
        }
    }

    fn late_image<'a>(&'a self, (at, number): StageKey, staged: &'a Staged) -> LateImage<'a> {
        LateImage {
            at,
            number,
            started: staged.started,
            row: self.row_image(staged.object, &staged.row),
        }
    }

    fn row_of(&self, image: RowImage<'_>) -> Result<(ObjectNo, Row), String> {
        let object = self.object_of(&image.object)?;
        let def = self.schema.at(object);
        let mut row = Row::new(image.id, image.audit);
        row.deletion = image.deletion;
        for (name, value) in image.values {
            let field = def
                .field_no(&name)
                .ok_or_else(|| format!("{} has no field '{name}'", def.name))?;
            row.set(field, value.into_owned());
        }
        row.shrink();
        Ok((object, row))
    }

    fn object_of(&self, name: &str) -> Result<ObjectNo, String> {
        self.setup_object(name).map_err(|error| error.to_string())
    }

    fn counters(&self) -> Counters {
        let created = self.schema.objects().zip(&self.tables);
        Counters {
            created: created
                .filter(|(_, table)| table.created() > 0)
                .map(|(def, table)| (def.name.clone(), table.created()))
                .collect(),
            late_commits: self.late_commits,
            deletions: self.deletions,
            purged_to: self.purged_to,
            metadata_version: self.metadata_version,
            metadata_changed_at: self.metadata_changed_at,
        }
    }

    fn set_counters(&mut self, counters: &Counters) -> Result<(), String> {
        for (name, created) in &counters.created {
            let object = self.object_of(name)?;
            self.tables[object.0 as usize].set_created(*created);
        }
        self.late_commits = counters.late_commits;
        self.deletions = counters.deletions;
        self.purged_to = counters.purged_to;
        self.metadata_version = counters.metadata_version;
        self.metadata_changed_at = counters.metadata_changed_at;
        Ok(())
    }
}
