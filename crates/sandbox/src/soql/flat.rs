//! Flat rows: the cells of a result as text, one after another, the way CSV shows them.
//!
//! Cells are written from the stored values into one scratch buffer, without JSON and without an allocation per cell,
//! since bulk results are as large as an org. Instants end in `Z` here (documented), decimals have at least one digit
//! behind the point, null is an empty cell (a text is never empty in the world, so nothing is confused with it).
//!
//! Only selected fields have cells: aggregates, child rows and TYPEOF have none, see `QueryResult::bulk_refusal`.

use rust_decimal::Decimal;

use super::bound::Shape;
use super::select::Node;
use super::term::Term;
use super::{QueryResult, QueryScope, Rows, SoqlError};
use crate::world::{FieldType, Storage, Value, World, push_date, push_datetime};

/// Takes the cells of rows, column by column. Where a row ends is known to who asked for it.
pub trait ColumnSink {
    /// One cell; empty for null.
    fn cell(&mut self, text: &str);
}

/// One selected value.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    header: String,
    term: Term,
    /// A whole number, shown without a point.
    whole: bool,
    compound: bool,
}

impl Column {
    pub(crate) fn new(world: &World, header: String, term: Term) -> Column {
        let typed = term.typed(world);
        Column {
            header,
            whole: typed.field_type == FieldType::Int,
            compound: typed.field.storage == Storage::Compound,
            term,
        }
    }
}

impl QueryResult {
    /// The names of the flat columns in the order they were selected, parents by path: `Id`, `Account.Name`. Empty
    /// for aggregates.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.flat_columns()
            .iter()
            .map(|column| column.header.as_str())
    }

    fn flat_columns(&self) -> &[Column] {
        match &self.query.shape {
            Shape::Rows { selection, .. } => &selection.columns,
            Shape::Groups(_) | Shape::Count => &[],
        }
    }

    /// Why this cannot be a Bulk query; none when it can. The sentences about children and compounds are public
    /// knowledge, the others are ours.
    pub fn bulk_refusal(&self) -> Option<SoqlError> {
        let refused = |what: &str| {
            Some(SoqlError::new(
                "FUNCTIONALITY_NOT_ENABLED",
                format!("{what} not supported in Bulk Query"),
            ))
        };
        let Shape::Rows { selection, .. } = &self.query.shape else {
            return refused("Aggregate functions");
        };
        let has = |is: fn(&Node) -> bool| selection.nodes.iter().any(is);
        if has(|node| matches!(node, Node::Children { .. })) {
            return Some(SoqlError::new(
                "FUNCTIONALITY_NOT_ENABLED",
                "Aggregate Relationships not supported in Bulk V2 Query with CSV content type",
            ));
        }
        if has(|node| matches!(node, Node::TypeOf { .. })) {
            return refused("TYPEOF");
        }
        if self.query.offset.is_some() {
            return refused("OFFSET");
        }
        if selection.columns.iter().any(|column| column.compound) {
            return refused("Selecting compound data");
        }
        None
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
        let Rows::Records(ids) = &self.result.rows else {
            return false;
        };
        let query = &self.result.query;
        let row = ids
            .get(index)
            .and_then(|id| query.table(self.world).get(*id));
        let Some(row) = row.filter(|row| query.scope == QueryScope::All || row.is_live()) else {
            return false;
        };
        for column in self.result.flat_columns() {
            let value = self.world.term_value(query.object, row, &column.term);
            cell(&value, column.whole, &mut self.scratch, sink);
        }
        true
    }
}

fn cell(value: &Value, whole: bool, scratch: &mut String, sink: &mut impl ColumnSink) {
    scratch.clear();
    match value {
        Value::Text(text) => return sink.cell(text),
        Value::Null => {}
        Value::Bool(flag) => scratch.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => push_number(scratch, *number, whole),
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

    #[test]
    fn numbers_are_spelt_as_in_bulk_results() {
        let number = |text: &str, whole| {
            let mut out = String::new();
            push_number(&mut out, text.parse().unwrap(), whole);
            out
        };
        assert_eq!(number("50000.00", false), "50000.0");
        assert_eq!(number("-7.50", false), "-7.5");
        assert_eq!(number("12", true), "12");
        assert_eq!(
            number("123456789012345678901.5", false),
            "123456789012345678901.5"
        );
    }
}
