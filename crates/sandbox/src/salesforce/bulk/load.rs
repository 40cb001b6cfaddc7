//! Records that are loaded into the org, as far as they are.
//!
//! An upload is kept as it came and read on from where the last step ended; of each row only its place and what became
//! of it are remembered, so results can quote the row.

use bytes::Bytes;

use super::{
    apply::{Applier, Outcome},
    columns::Columns,
    dialect::{BadRow, Cell, Dialect, Reader},
    task::Task,
};
use crate::{
    salesforce::{Site, dml::Fields},
    world::DmlError,
};

/// Longest record in characters (documented).
const MAX_RECORD_CHARS: usize = 400_000;
/// Longest value in characters (documented).
const MAX_VALUE_CHARS: usize = 131_072;
/// Records that make a batch of their own (documented).
const BATCH_RECORDS: usize = 10_000;

/// Where the records come from.
#[derive(Debug)]
pub(super) enum Source {
    Csv(Upload),
    Records(Vec<Fields>),
}

/// A CSV file on its way in.
#[derive(Debug)]
pub(super) struct Upload {
    data: Bytes,
    dialect: Dialect,
    columns: Option<Columns>,
    /// The header is `data[..body]`.
    body: usize,
    /// Where each row taken begins.
    starts: Vec<u32>,
    /// Where the next row begins.
    next: usize,
}

/// See the module documentation.
#[derive(Debug)]
pub(super) struct Load {
    source: Source,
    applier: Option<Box<Applier>>,
    pub(super) outcomes: Vec<Outcome>,
    pub(super) failed: usize,
}

/// The part of the rows a result is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Successful,
    Failed,
    Unprocessed,
}

impl Load {
    pub(super) fn csv(data: Bytes, dialect: Dialect) -> Self {
        Self::new(Source::Csv(Upload {
            data,
            dialect,
            columns: None,
            body: 0,
            starts: Vec::new(),
            next: 0,
        }))
    }

    pub(super) fn new(source: Source) -> Self {
        Self {
            source,
            applier: None,
            outcomes: Vec::new(),
            failed: 0,
        }
    }

    /// A load of a batch that was never begun with.
    pub(super) fn nothing() -> Self {
        Self::new(Source::Records(Vec::new()))
    }

    /// Batches of the daily allowance used up so far.
    pub(super) fn batches(&self) -> u64 {
        self.outcomes.len().div_ceil(BATCH_RECORDS) as u64
    }

    /// Takes up to so many records; true at the end. An error breaks the whole load.
    pub(super) fn step(
        &mut self,
        site: &mut Site<'_>,
        task: &Task,
        records: usize,
    ) -> Result<bool, String> {
        let mut applier = self
            .applier
            .take()
            .unwrap_or_else(|| Applier::new(task).into());
        let taken = self.outcomes.len();
        let done = match &mut self.source {
            Source::Csv(upload) => {
                let outcomes = &mut self.outcomes;
                upload.step(site, task, &mut applier, records, outcomes)
            }
            Source::Records(all) => {
                for record in all.iter_mut().skip(taken).take(records) {
                    let saved = applier.apply(site, task, std::mem::take(record));
                    self.outcomes.push(outcome(saved));
                }
                Ok(self.outcomes.len() == all.len())
            }
        };
        self.applier = Some(applier);
        let failed = |outcome: &&Outcome| matches!(outcome, Outcome::Failed(_));
        self.failed += self.outcomes.iter().skip(taken).filter(failed).count();
        done
    }

    /// A part of the upload as a file of results; nothing for records that did not come as CSV.
    pub(super) fn results(&self, part: Part) -> Vec<u8> {
        match &self.source {
            Source::Csv(upload) => upload.results(part, &self.outcomes),
            Source::Records(_) => Vec::new(),
        }
    }
}

fn outcome(saved: Result<(crate::world::SfId, bool), Vec<DmlError>>) -> Outcome {
    match saved {
        Ok((id, created)) => Outcome::Saved { id, created },
        Err(errors) => Outcome::Failed(errors.into()),
    }
}

impl Upload {
    fn step(
        &mut self,
        site: &mut Site<'_>,
        task: &Task,
        applier: &mut Applier,
        records: usize,
        outcomes: &mut Vec<Outcome>,
    ) -> Result<bool, String> {
        if self.columns.is_none() && !self.read_header(site, task)? {
            return Ok(true);
        }
        let Some(columns) = &self.columns else {
            return Ok(true);
        };
        let mut reader = Reader::new(&self.data, self.dialect, self.next);
        for _ in 0..records {
            let row = match reader.row() {
                None => return Ok(true),
                Some(row) => row.map_err(|_| self.dialect.wrong_ending())?,
            };
            self.starts.push(place(self.next));
            let outcome = match row {
                Err(bad) => Outcome::failed(bad_row(bad)),
                Ok(()) => save(site, task, applier, columns, &self.data, &reader.cells),
            };
            outcomes.push(outcome);
            self.next = reader.at();
        }
        Ok(reader.at() == self.data.len())
    }

    /// False when there is nothing at all, which is no error.
    fn read_header(&mut self, site: &Site<'_>, task: &Task) -> Result<bool, String> {
        let mut reader = Reader::new(&self.data, self.dialect, 0);
        match reader.row() {
            None => return Ok(false),
            Some(Err(_)) => return Err(self.dialect.wrong_ending()),
            Some(Ok(Err(bad))) => return Err(format!("InvalidBatch : {}", bad_row(bad).message)),
            Some(Ok(Ok(()))) => {}
        }
        let name = |cell: &Cell| String::from_utf8_lossy(&cell.bytes(&self.data)).into_owned();
        let header: Vec<String> = reader.cells.iter().map(name).collect();
        let columns = Columns::bind(site.world, task, &header);
        self.columns = Some(columns.map_err(|reason| format!("InvalidBatch : {reason}"))?);
        (self.body, self.next) = (reader.at(), reader.at());
        Ok(true)
    }

    fn results(&self, part: Part, outcomes: &[Outcome]) -> Vec<u8> {
        let mut out = Vec::new();
        match part {
            Part::Successful => self.head(&mut out, &["sf__Id", "sf__Created"]),
            Part::Failed => self.head(&mut out, &["sf__Id", "sf__Error"]),
            Part::Unprocessed => self.head(&mut out, &[]),
        }
        if part == Part::Unprocessed {
            self.rest(&mut out);
            return out;
        }
        for (outcome, start) in outcomes.iter().zip(&self.starts) {
            match outcome {
                Outcome::Saved { id, created } if part == Part::Successful => {
                    let created = if *created { "true" } else { "false" };
                    self.row(&mut out, *start as usize, &[&id.to_string(), created]);
                }
                Outcome::Failed(errors) if part == Part::Failed => {
                    let text = super::apply::error_text(errors);
                    self.row(&mut out, *start as usize, &["", &text]);
                }
                _ => {}
            }
        }
        out
    }

    /// The header: our columns in quotes, then the client's line as it was sent (recorded).
    fn head(&self, out: &mut Vec<u8>, ours: &[&str]) {
        for name in ours {
            super::dialect::write_quoted(out, name.as_bytes());
            out.push(self.dialect.delimiter());
        }
        let header = &self.data[..self.header_end()];
        let header = header.strip_suffix(b"\n").unwrap_or(header);
        out.extend_from_slice(header.strip_suffix(b"\r").unwrap_or(header));
        out.extend_from_slice(self.dialect.end());
    }

    /// Where the header ends, also of an upload that was never begun with.
    fn header_end(&self) -> usize {
        if self.body > 0 {
            return self.body;
        }
        let mut reader = Reader::new(&self.data, self.dialect, 0);
        let _ = reader.row();
        reader.at()
    }

    fn row(&self, out: &mut Vec<u8>, start: usize, ours: &[&str]) {
        let mut reader = Reader::new(&self.data, self.dialect, start);
        let read = reader.row();
        let cells: Vec<_> = reader
            .cells
            .iter()
            .map(|cell| cell.bytes(&self.data))
            .collect();
        let ours = ours.iter().map(|value| value.as_bytes());
        match read {
            Some(Ok(Ok(()))) => {
                self.dialect
                    .write_row(out, ours.chain(cells.iter().map(AsRef::as_ref)));
            }
            // What cannot be read cannot be told apart: the line stands in the first column.
            _ => {
                let line = &self.data[start..reader.at()];
                self.dialect
                    .write_row(out, ours.chain([line.trim_ascii_end()]));
            }
        }
    }

    fn rest(&self, out: &mut Vec<u8>) {
        let mut reader = Reader::new(&self.data, self.dialect, self.next.max(self.header_end()));
        loop {
            let start = reader.at();
            match reader.row() {
                None | Some(Err(_)) => return,
                Some(Ok(_)) => self.row(out, start, &[]),
            }
        }
    }
}

impl Dialect {
    /// Public knowledge.
    fn wrong_ending(self) -> String {
        format!(
            "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is {}",
            self.line_ending.name()
        )
    }
}

/// Uploads are shorter than 4 GB.
fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn save(
    site: &mut Site<'_>,
    task: &Task,
    applier: &mut Applier,
    columns: &Columns,
    data: &[u8],
    cells: &[Cell],
) -> Outcome {
    let bytes: Vec<_> = cells.iter().map(|cell| cell.bytes(data)).collect();
    let texts: Result<Vec<&str>, _> = bytes.iter().map(|cell| std::str::from_utf8(cell)).collect();
    let Ok(texts) = texts else {
        return Outcome::failed(unreadable("The row is not encoded in UTF-8"));
    };
    if let Err(error) = check_size(columns, &texts) {
        return Outcome::failed(error);
    }
    match applier.apply(site, task, columns.fields(texts.iter().copied())) {
        Ok((id, created)) => Outcome::Saved { id, created },
        Err(errors) => Outcome::Failed(columns.explain(&texts, errors).into()),
    }
}

fn check_size(columns: &Columns, texts: &[&str]) -> Result<(), DmlError> {
    if texts.len() != columns.len() {
        let (found, wanted) = (texts.len(), columns.len());
        return Err(unreadable(&format!(
            "The row has {found} values, the header {wanted}"
        )));
    }
    // Bytes are never fewer than characters, and quick to count.
    let bytes: usize = texts.iter().map(|text| text.len()).sum();
    let chars = |text: &&str| text.chars().count();
    if bytes > MAX_RECORD_CHARS && texts.iter().map(chars).sum::<usize>() > MAX_RECORD_CHARS {
        let message = format!("The record has more than {MAX_RECORD_CHARS} characters");
        return Err(unreadable(&message));
    }
    let long = |text: &&str| text.len() > MAX_VALUE_CHARS && chars(text) > MAX_VALUE_CHARS;
    if texts.iter().any(long) {
        let message = format!("A value has more than {MAX_VALUE_CHARS} characters");
        return Err(unreadable(&message));
    }
    Ok(())
}

fn bad_row(bad: BadRow) -> DmlError {
    unreadable(match bad {
        BadRow::StrayQuote => "A quote may stand only around a whole value",
        BadRow::OpenQuote => "A quote is not closed",
    })
}

/// The row as a whole cannot be read. The documents say that it fails, not how that is worded.
fn unreadable(reason: &str) -> DmlError {
    DmlError::new(
        "INVALID_FIELD",
        format!("Failed to parse CSV row. {reason}"),
    )
}
