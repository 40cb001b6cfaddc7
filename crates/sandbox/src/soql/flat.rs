//! Flat rows: the cells of a result as text, one after another, the way CSV shows them.
//!
//! Cells are written from the stored values into one scratch buffer, without JSON and without an allocation per cell,
//! since bulk results are as large as an org. Instants end in `Z` here (documented), decimals have at least one digit
//! behind the point, null is an empty cell (a text is never empty in the world, so nothing is confused with it).
//!
//! Only selected fields have cells: aggregates, child rows and TYPEOF have none, see `QueryResult::bulk_refusal`.

use rust_decimal::Decimal;

use super::bind::{Binder, BoundPath};
use super::{QueryResult, QueryScope, Rows, SoqlError};
use crate::world::{Row, Storage, Value, World, push_date, push_datetime};

/// Takes the cells of rows, column by column. Where a row ends is known to who asked for it.
pub trait ColumnSink {
    /// One cell; empty for null.
    fn cell(&mut self, text: &str);
}

/// One selected field.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    header: String,
    path: BoundPath,
    /// A whole number, shown without a point.
    whole: bool,
    compound: bool,
}

impl Column {
    pub(crate) fn new(binder: &Binder<'_>, path: BoundPath) -> Column {
        let field = binder.field(&path);
        Column {
            header: binder.name(&path),
            whole: field.field_type == crate::world::FieldType::Int,
            compound: field.storage == Storage::Compound,
            path,
        }
    }
}

impl QueryResult {
    /// The names of the flat columns in the order they were selected, parents by path: `Id`, `Account.Name`. Empty
    /// for aggregates.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        let columns = match &self.rows {
            Rows::Records { columns, .. } => columns.as_slice(),
            Rows::Aggregate(_) | Rows::Count(_) => &[],
        };
        columns.iter().map(|column| column.header.as_str())
    }

    /// Why this cannot be a Bulk query; none when it can. The sentences are public knowledge, except those for
    /// aggregates and OFFSET, which are ours.
    pub fn bulk_refusal(&self) -> Option<SoqlError> {
        let refused = |what: &str| {
            SoqlError::new(
                "FUNCTIONALITY_NOT_ENABLED",
                format!("{what} not supported in Bulk Query"),
            )
        };
        let Rows::Records { columns, .. } = &self.rows else {
            return Some(refused("Aggregate functions"));
        };
        if self.offset {
            return Some(refused("OFFSET"));
        }
        let compound = columns.iter().any(|column| column.compound);
        compound.then(|| refused("Selecting compound data"))
    }
}

impl World {
    /// Reads the rows of a result as flat cells.
    pub fn flat_rows<'a>(&'a self, result: &'a QueryResult) -> FlatRows<'a> {
        FlatRows {
            world: self,
            result,
            scratch: String::new(),
        }
    }
}

/// A reader of flat rows, see [`World::flat_rows`].
#[derive(Debug)]
pub struct FlatRows<'a> {
    world: &'a World,
    result: &'a QueryResult,
    scratch: String,
}

impl FlatRows<'_> {
    /// Hands the cells of the row at `index` to the sink, with the values of now. False, and no cells, when there is
    /// no such row or it is gone since the query.
    pub fn write(&mut self, index: usize, sink: &mut impl ColumnSink) -> bool {
        let Rows::Records { ids, columns, .. } = &self.result.rows else {
            return false;
        };
        let row = ids
            .get(index)
            .and_then(|id| self.world.table(self.result.object).get(*id));
        let Some(row) = row.filter(|row| self.result.scope == QueryScope::All || row.is_live())
        else {
            return false;
        };
        for column in columns {
            cell(
                self.world,
                self.result,
                row,
                column,
                &mut self.scratch,
                sink,
            );
        }
        true
    }
}

fn cell(
    world: &World,
    result: &QueryResult,
    row: &Row,
    column: &Column,
    scratch: &mut String,
    sink: &mut impl ColumnSink,
) {
    let value = world.value_at(result.object, row, &column.path);
    scratch.clear();
    match &*value {
        Value::Text(text) => return sink.cell(text),
        Value::Null => {}
        Value::Bool(flag) => scratch.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => push_number(scratch, *number, column.whole),
        Value::Date(date) => push_date(scratch, *date),
        Value::DateTime(at) => {
            push_datetime(scratch, *at);
            scratch.push('Z');
        }
        Value::Id(id) => push(scratch, format_args!("{id}")),
    }
    sink.cell(scratch);
}

/// Writing to a `String` cannot fail.
fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = std::fmt::Write::write_fmt(out, text);
}

fn push_number(out: &mut String, number: Decimal, whole: bool) {
    let number = number.normalize();
    match i64::try_from(number.mantissa()) {
        Ok(integer) if number.scale() == 0 => push(out, format_args!("{integer}")),
        _ => push(out, format_args!("{number}")),
    }
    if !whole && number.scale() == 0 {
        out.push_str(".0");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(write: impl FnOnce(&mut String)) -> String {
        let mut out = String::new();
        write(&mut out);
        out
    }

    #[test]
    fn values_are_spelt_as_in_bulk_results() {
        let number =
            |text: &str, whole| shown(|out| push_number(out, text.parse().unwrap(), whole));
        assert_eq!(number("50000.00", false), "50000.0");
        assert_eq!(number("-7.50", false), "-7.5");
        assert_eq!(number("12", true), "12");
        assert_eq!(
            number("123456789012345678901.5", false),
            "123456789012345678901.5"
        );
    }
}
