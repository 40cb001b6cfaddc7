//! The rows of a query on their way out.
//!
//! The rows are found when the query is asked for and written as text step by step; what is written stays as it is, so a page
//! can be read again and gives the same bytes (documented), whatever happens to the records. Pages are cut out of the
//! text by row number.

use super::dialect::{Dialect, write_quoted};
use crate::{
    soql::{ColumnSink, QueryResult, QueryScope, SoqlError},
    world::{Actor, World},
};

/// Largest result in bytes (documented: 1 GB).
const MAX_RESULT_BYTES: usize = 1_000_000_000;

/// Rows written in one step.
#[derive(Debug)]
struct Segment {
    /// Number of the first row.
    first: usize,
    text: Box<[u8]>,
    /// Where each row ends.
    ends: Box<[u32]>,
}

/// See the module documentation.
#[derive(Debug)]
pub(super) struct Extract {
    dialect: Dialect,
    /// None when all is written.
    found: Option<QueryResult>,
    /// The next row of what was found.
    next: usize,
    header: Vec<u8>,
    segments: Vec<Segment>,
    /// Rows written.
    pub(super) rows: usize,
    /// Bytes written.
    pub(super) bytes: usize,
}

impl Extract {
    pub(super) fn new(found: QueryResult, dialect: Dialect) -> Self {
        let mut header = Vec::new();
        dialect.write_row(&mut header, found.columns().map(str::as_bytes));
        Self {
            dialect,
            found: Some(found),
            next: 0,
            header,
            segments: Vec::new(),
            rows: 0,
            bytes: 0,
        }
    }

    /// Writes up to so many rows; true at the end. An error breaks the query.
    pub(super) fn step(&mut self, world: &World, rows: usize) -> Result<bool, String> {
        let Some(found) = &self.found else {
            return Ok(true);
        };
        let end = found.row_count().min(self.next.saturating_add(rows));
        let segment = write(world, found, self.dialect, self.next..end, self.rows);
        self.next = end;
        self.rows += segment.ends.len();
        self.bytes += segment.text.len();
        if self.bytes > MAX_RESULT_BYTES {
            return Err(format!(
                "The result is larger than {MAX_RESULT_BYTES} bytes"
            ));
        }
        self.segments.push(segment);
        let done = end == found.row_count();
        if done {
            self.found = None;
        }
        Ok(done)
    }

    /// The header and the rows of a range.
    pub(super) fn page(&self, rows: std::ops::Range<usize>) -> Vec<u8> {
        let from = self
            .segments
            .partition_point(|segment| segment.first + segment.ends.len() <= rows.start);
        let parts = self.segments[from..]
            .iter()
            .take_while(|segment| segment.first < rows.end);
        let parts: Vec<&[u8]> = parts.map(|segment| segment.cut(&rows)).collect();
        let bytes: usize = parts.iter().map(|part| part.len()).sum();
        let mut page = Vec::with_capacity(self.header.len() + bytes);
        page.extend_from_slice(&self.header);
        parts
            .into_iter()
            .for_each(|part| page.extend_from_slice(part));
        page
    }
}

impl Segment {
    /// The text of its rows that lie in a range.
    fn cut(&self, rows: &std::ops::Range<usize>) -> &[u8] {
        let at = |row: usize| match row.saturating_sub(self.first).min(self.ends.len()) {
            0 => 0,
            row => self.ends[row - 1] as usize,
        };
        &self.text[at(rows.start)..at(rows.end)]
    }
}

/// Runs a query as Bulk allows it.
pub(super) fn run(
    world: &World,
    actor: &Actor,
    soql: &str,
    scope: QueryScope,
) -> Result<QueryResult, SoqlError> {
    let found = world.query(actor, soql, scope)?;
    match found.bulk_refusal() {
        Some(refusal) => Err(refusal),
        None => Ok(found),
    }
}

/// Writes cells as one row of CSV after another.
struct CsvRows {
    out: Vec<u8>,
    delimiter: u8,
}

impl ColumnSink for CsvRows {
    fn cell(&mut self, text: &str) {
        write_quoted(&mut self.out, text.as_bytes());
        self.out.push(self.delimiter);
    }
}

fn write(
    world: &World,
    found: &QueryResult,
    dialect: Dialect,
    rows: std::ops::Range<usize>,
    first: usize,
) -> Segment {
    let mut reader = world.flat_rows(found);
    let mut sink = CsvRows {
        out: Vec::new(),
        delimiter: dialect.delimiter(),
    };
    let mut ends = Vec::with_capacity(rows.len());
    for row in rows {
        if reader.write(row, &mut sink) {
            // The row's end takes the place of the last delimiter.
            sink.out.pop();
            sink.out.extend_from_slice(dialect.end());
            ends.push(u32::try_from(sink.out.len()).unwrap_or(u32::MAX));
        }
    }
    Segment {
        first,
        text: sink.out.into(),
        ends: ends.into(),
    }
}
