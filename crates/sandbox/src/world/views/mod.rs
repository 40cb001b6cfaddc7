//! Objects whose rows are computed: the org's metadata, rights and settings as records.
//!
//! A view is a function that makes the rows of its object out of the world. Its table is made when it is first read
//! and thrown away when what it shows may have changed (metadata, rights, users). For everybody who reads it is a table
//! like any other: queries, parents, children, retrieve. Ids are made of what a row is about, so they are stable.
//! Nothing can be written, and nothing of it is in a state file.
//!
//! UserRecordAccess has a row for every user and record, so its rows are made for a query that asks for some
//! ([`asked`]).
//!
//! The vendor refuses queries of some of these objects that lack certain filters; here they are answered.

mod access;
mod definitions;
mod processes;
mod rights;

pub(crate) use access::asked;

use super::id::SfId;
use super::row::{Audit, Row};
use super::schema::{FieldNo, FieldType, ObjectNo};
use super::table::Table;
use super::{Key, POD, Value, World};

/// Makes the rows of a view.
pub(crate) type View = fn(&World, &mut Maker<'_>);

/// Most rows of one view; what is beyond is left out. A view of users and fields grows with both.
const MAX_ROWS: usize = 400_000;
/// Room for the numbers of an object's fields, and of all objects, in the number of a row.
const FIELDS: u64 = 1_000;
const OBJECTS: u64 = 10_000;

/// The view behind an object, if it is one.
pub(crate) fn view_of(object: &str) -> Option<View> {
    Some(match object {
        "EntityDefinition" => definitions::entities,
        "FieldDefinition" => definitions::fields,
        "OpportunityStage" => processes::stages,
        "LeadStatus" => processes::lead_statuses,
        "ObjectPermissions" => rights::object_permissions,
        "FieldPermissions" => rights::field_permissions,
        "UserPermissionAccess" => rights::user_permissions,
        "UserEntityAccess" => rights::user_entities,
        "UserFieldAccess" => rights::user_fields,
        _ => return None,
    })
}

/// The table of a view as it is now.
pub(crate) fn table(world: &World, object: ObjectNo, view: View) -> Table {
    let mut maker = Maker {
        world,
        object,
        table: Table::default(),
    };
    view(world, &mut maker);
    maker.table
}

impl World {
    /// The row of a view with this durable id, which is what views refer to each other by.
    pub(crate) fn durable(&self, view: ObjectNo, id: &str) -> Option<SfId> {
        let def = self.schema.at(view);
        let key = Key::of(&Value::text(id), false);
        let mut rows = self
            .table(view)
            .by_value(def, def.field_no("durableid")?, &key);
        rows.next().map(|row| row.id)
    }

    /// What a reference holds when it leads to a record: its id, or its durable id where views refer to each other.
    pub(crate) fn reference_key(&self, object: ObjectNo, reference: FieldNo, to: SfId) -> Key {
        let durable = || {
            let view = self.schema.prefix_no(to.key_prefix())?;
            let field = self.schema.at(view).field_no("durableid")?;
            Some(Key::of(self.table(view).get(to)?.column(field), false))
        };
        match self.schema.at(object).at(reference).field_type {
            FieldType::Text => durable().unwrap_or(Key::Null),
            _ => Key::Id(to),
        }
    }
}

/// Collects rows.
pub(crate) struct Maker<'w> {
    world: &'w World,
    object: ObjectNo,
    table: Table,
}

impl Maker<'_> {
    /// The columns of these names, in their order. Names are of the standard tables, so each is there.
    fn columns<const N: usize>(&self, names: [&str; N]) -> [Option<FieldNo>; N] {
        let def = self.world.schema.at(self.object);
        names.map(|name| def.field_no(name))
    }

    /// Every column whose name begins so.
    fn columns_like(&self, start: &str) -> Vec<(FieldNo, String)> {
        let fields = self.world.schema.at(self.object).numbered();
        let like = fields.filter(|(_, field)| field.name.starts_with(start));
        like.map(|(no, field)| (no, field.name.clone())).collect()
    }

    /// Adds the row with this number; the user it is `about` is kept as its creator.
    fn add<const N: usize>(
        &mut self,
        number: u64,
        about: SfId,
        columns: &[Option<FieldNo>; N],
        values: [Value; N],
    ) {
        let columns = columns.iter().zip(values);
        self.add_row(
            number,
            about,
            columns.filter_map(|(no, value)| Some(((*no)?, value))),
        );
    }

    fn add_row(
        &mut self,
        number: u64,
        about: SfId,
        values: impl Iterator<Item = (FieldNo, Value)>,
    ) {
        if self.table.live_count() >= MAX_ROWS {
            return;
        }
        let def = self.world.schema.at(self.object);
        let at = self.world.metadata_changed_at;
        let audit = Audit {
            created: at,
            created_by: about,
            modified: at,
            modified_by: self.world.admin_id,
            stamp: at,
        };
        let mut row = Row::new(SfId::from_counter(def.key_prefix, POD, number), audit);
        values.for_each(|(no, value)| row.set(no, value));
        self.table.replace(def, row.id, Some(row));
    }
}

fn number(number: u64) -> Value {
    Value::Number(number.into())
}
