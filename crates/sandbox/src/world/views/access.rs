//! UserRecordAccess: what a user may do with some records.

use super::Maker;
use crate::soql::SoqlError;
use crate::world::schema::ObjectNo;
use crate::world::{Actor, Key, RecordAccess, SfId, Table, Value, World};

/// Most records one query may ask about (documented).
const MAX_RECORDS: usize = 200;

/// The rows a query asks for, when its object has none without being asked. `demanded` tells which values of a field
/// the query's condition demands.
///
/// # Errors
/// MALFORMED_QUERY when the condition does not name one user and 1 to 200 records (the rule is documented, the
/// sentence is not).
pub(crate) fn asked(
    world: &World,
    object: ObjectNo,
    demanded: &dyn Fn(&str) -> Option<Vec<Key>>,
) -> Result<Option<Table>, SoqlError> {
    if world.schema.at(object).name != "UserRecordAccess" {
        return Ok(None);
    }
    let ids = |field| {
        let keys = demanded(field).unwrap_or_default();
        let ids = keys.into_iter().filter_map(|key| match key {
            Key::Id(id) => Some(id),
            _ => None,
        });
        ids.collect::<Vec<SfId>>()
    };
    let (users, records) = (ids("UserId"), ids("RecordId"));
    match users.as_slice() {
        [user] if (1..=MAX_RECORDS).contains(&records.len()) => {
            Ok(Some(rows(world, object, *user, &records)))
        }
        _ => Err(SoqlError::new(
            "MALFORMED_QUERY",
            "UserRecordAccess must be filtered by one UserId and 1 to 200 RecordIds",
        )),
    }
}

fn rows(world: &World, object: ObjectNo, user: SfId, records: &[SfId]) -> Table {
    let mut maker = Maker {
        world,
        object,
        table: Table::default(),
    };
    let columns = maker.columns([
        "UserId",
        "RecordId",
        "HasReadAccess",
        "HasEditAccess",
        "HasDeleteAccess",
        "HasTransferAccess",
        "HasAllAccess",
        "MaxAccessLevel",
    ]);
    for (number, record) in (1..).zip(records) {
        let access = world.record_access(&Actor::user(user), *record);
        let Some(access) = access else {
            continue;
        };
        let values = [
            Value::Id(user),
            Value::Id(*record),
            Value::Bool(access.read),
            Value::Bool(access.edit),
            Value::Bool(access.delete),
            Value::Bool(access.transfer),
            Value::Bool(access.all),
            Value::text(max_level(access)),
        ];
        maker.add(number, user, &columns, values);
    }
    maker.table
}

fn max_level(access: RecordAccess) -> &'static str {
    match access {
        RecordAccess { all: true, .. } => "All",
        RecordAccess { transfer: true, .. } => "Transfer",
        RecordAccess { delete: true, .. } => "Delete",
        RecordAccess { edit: true, .. } => "Edit",
        RecordAccess { read: true, .. } => "Read",
        RecordAccess { .. } => "None",
    }
}
