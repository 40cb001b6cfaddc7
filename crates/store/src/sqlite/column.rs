//! Single values as columns and back.

use super::error::{DbError, DbResult};
use rusqlite::Row;
use rusqlite::types::FromSql;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tandem_core::Timestamp;
use tandem_core::link::{Lane, Lanes};

/// A time as a column: microseconds since 1970, cut.
pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// A time from a column.
pub(super) fn time(row: &Row<'_>, column: &str) -> DbResult<Timestamp> {
    from_micros(get(row, column)?)
}

/// A time from a column that may be empty.
pub(super) fn time_opt(row: &Row<'_>, column: &str) -> DbResult<Option<Timestamp>> {
    get::<Option<i64>>(row, column)?
        .map(from_micros)
        .transpose()
}

pub(super) fn from_micros(micros: i64) -> DbResult<Timestamp> {
    Timestamp::from_microsecond(micros)
        .map_err(|_| DbError::corrupt(format!("{micros} is not a time")))
}

/// A plain column.
pub(super) fn get<T: FromSql>(row: &Row<'_>, column: &str) -> DbResult<T> {
    Ok(row.get(column)?)
}

/// A document column.
pub(super) fn doc<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> DbResult<T> {
    Ok(serde_json::from_str(
        row.get_ref(column)?
            .as_str()
            .map_err(|_| DbError::corrupt(format!("{column} is not text")))?,
    )?)
}

/// A document for a column.
pub(super) fn json<T: Serialize + ?Sized>(value: &T) -> DbResult<String> {
    Ok(serde_json::to_string(value)?)
}

/// A lane as a number: the better lane is the smaller one.
pub(super) fn lane_number(lane: Lane) -> i64 {
    match lane {
        Lane::Live => 0,
        Lane::Normal => 1,
        Lane::Bulk => 2,
    }
}

/// A lane from a column.
/// Lanes as a query compares its column with: a JSON list.
pub(super) fn lane_numbers(lanes: Lanes) -> DbResult<String> {
    let numbers: Vec<i64> = lanes.each().iter().copied().map(lane_number).collect();
    json(&numbers)
}

pub(super) fn lane(row: &Row<'_>, column: &str) -> DbResult<Lane> {
    match get(row, column)? {
        0 => Ok(Lane::Live),
        1 => Ok(Lane::Normal),
        2 => Ok(Lane::Bulk),
        other => Err(DbError::corrupt(format!("{other} is not a lane"))),
    }
}

/// A count, which is never negative.
pub(super) fn count(row: &Row<'_>, column: &str) -> DbResult<u64> {
    Ok(u64::try_from(get::<i64>(row, column)?).unwrap_or_default())
}

/// A named value of a closed list.
pub(super) fn named<T>(
    row: &Row<'_>,
    column: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> DbResult<T> {
    let name: String = get(row, column)?;
    parse(&name).ok_or_else(|| DbError::corrupt(format!("“{name}” is not a {column}")))
}

/// A number of rows as a parameter.
pub(super) fn rows_number(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
