//! The rows of a query on their way out.
//!
//! The rows are found when the query is asked for and written as text step by step; what is written stays as it is, so a page
//! can be read again and gives the same bytes (documented), whatever happens to the records. Pages are cut out of the
//! text by row number.

use super::{
    Form,
    rows::{self, RowWriter},
};
use crate::{
    soql::{QueryResult, QueryScope, SoqlError},
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
    form: Form,
    version: u32,
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
    pub(super) fn new(found: QueryResult, form: Form, version: u32) -> Self {
        Self {
            form,
            version,
            next: 0,
            header: rows::head(&found, form),
            found: Some(found),
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
        let mut writer = RowWriter::new(world, found, self.form, self.version);
        let segment = Segment::write(&mut writer, self.next..end, self.rows);
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

    /// The rows of a range with what stands around them.
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
        page.extend_from_slice(rows::tail(self.form));
        page
    }
}

impl Segment {
    fn write(writer: &mut RowWriter<'_>, rows: std::ops::Range<usize>, first: usize) -> Self {
        let (mut text, mut ends) = (Vec::new(), Vec::with_capacity(rows.len()));
        for row in rows {
            if writer.write(row, first + ends.len() == 0, &mut text) {
                ends.push(u32::try_from(text.len()).unwrap_or(u32::MAX));
            }
        }
        Self {
            first,
            text: text.into(),
            ends: ends.into(),
        }
    }

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
