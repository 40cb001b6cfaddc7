//! CSV as Bulk reads and writes it: delimiters, line endings, quotes.
//!
//! Reading is strict, as documented: a quote stands only around a whole value, doubled inside of it, and blanks beside
//! it are an error of the row; values are not trimmed; every row ends in the line ending the job was created with.
//! Nothing is copied while a row is read: cells are places in the upload. Writing quotes every value.

use std::{borrow::Cow, ops::Range};

use serde::{Deserialize, Serialize};

/// What stands between two values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum ColumnDelimiter {
    Backquote,
    Caret,
    #[default]
    Comma,
    Pipe,
    Semicolon,
    Tab,
}

/// What stands at the end of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum LineEnding {
    #[default]
    Lf,
    Crlf,
}

impl LineEnding {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Lf => "LF",
            Self::Crlf => "CRLF",
        }
    }
}

/// How a job spells its rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) delimiter: ColumnDelimiter,
    pub(super) line_ending: LineEnding,
}

impl Dialect {
    pub(super) fn delimiter(self) -> u8 {
        match self.delimiter {
            ColumnDelimiter::Backquote => b'`',
            ColumnDelimiter::Caret => b'^',
            ColumnDelimiter::Comma => b',',
            ColumnDelimiter::Pipe => b'|',
            ColumnDelimiter::Semicolon => b';',
            ColumnDelimiter::Tab => b'\t',
        }
    }

    pub(super) fn end(self) -> &'static [u8] {
        match self.line_ending {
            LineEnding::Lf => b"\n",
            LineEnding::Crlf => b"\r\n",
        }
    }

    /// Commas, and the line ending of the first line.
    pub(super) fn of_lines(data: &[u8]) -> Self {
        let end = data.iter().position(|byte| *byte == b'\n');
        let crlf = end.is_some_and(|end| data[..end].ends_with(b"\r"));
        Self {
            delimiter: ColumnDelimiter::Comma,
            line_ending: if crlf {
                LineEnding::Crlf
            } else {
                LineEnding::Lf
            },
        }
    }

    /// Writes a row of values, all quoted.
    pub(super) fn write_row<'v>(self, out: &mut Vec<u8>, values: impl Iterator<Item = &'v [u8]>) {
        let mut first = true;
        for value in values {
            if !std::mem::take(&mut first) {
                out.push(self.delimiter());
            }
            write_quoted(out, value);
        }
        out.extend_from_slice(self.end());
    }
}

/// Writes one value in quotes.
pub(super) fn write_quoted(out: &mut Vec<u8>, value: &[u8]) {
    out.push(b'"');
    if value.contains(&b'"') {
        let mut parts = value.split(|byte| *byte == b'"');
        out.extend_from_slice(parts.next().unwrap_or_default());
        for part in parts {
            out.extend_from_slice(b"\"\"");
            out.extend_from_slice(part);
        }
    } else {
        out.extend_from_slice(value);
    }
    out.push(b'"');
}

/// One value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    /// Without the quotes around it.
    place: Range<usize>,
    /// There are doubled quotes in it.
    escaped: bool,
}

impl Cell {
    pub(super) fn bytes<'d>(&self, data: &'d [u8]) -> Cow<'d, [u8]> {
        let raw = &data[self.place.clone()];
        if !self.escaped {
            return Cow::Borrowed(raw);
        }
        let mut plain = Vec::with_capacity(raw.len());
        let mut quoted = false;
        for byte in raw {
            quoted = *byte == b'"' && !quoted;
            if !quoted {
                plain.push(*byte);
            }
        }
        Cow::Owned(plain)
    }
}

/// What is wrong with one row; the rows after it can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadRow {
    /// Something stands beside a quote, or a quote inside a value without quotes.
    StrayQuote,
    /// A quote is never closed.
    OpenQuote,
}

/// A row ends otherwise than the job says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WrongLineEnding;

/// Reads rows one after another.
#[derive(Debug)]
pub(super) struct Reader<'d> {
    data: &'d [u8],
    dialect: Dialect,
    at: usize,
    /// The values of the row read last; as far as it could be read.
    pub(super) cells: Vec<Cell>,
}

/// How a value ended.
enum Stop {
    Delimiter,
    Row,
}

impl<'d> Reader<'d> {
    pub(super) fn new(data: &'d [u8], dialect: Dialect, at: usize) -> Self {
        Self {
            data,
            dialect,
            at: at.min(data.len()),
            cells: Vec::new(),
        }
    }

    /// Where the next row begins, in bytes.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Reads the next row into `cells`; none at the end. Empty lines are passed over.
    pub(super) fn row(&mut self) -> Option<Result<Result<(), BadRow>, WrongLineEnding>> {
        self.cells.clear();
        while self.data[self.at..].starts_with(self.dialect.end()) {
            self.at += self.dialect.end().len();
        }
        if self.at == self.data.len() {
            return None;
        }
        loop {
            match self.value() {
                Err(wrong) => return Some(Err(wrong)),
                Ok(Err(bad)) => {
                    self.skip_line();
                    return Some(Ok(Err(bad)));
                }
                Ok(Ok(Stop::Row)) => return Some(Ok(Ok(()))),
                Ok(Ok(Stop::Delimiter)) => {}
            }
        }
    }

    fn value(&mut self) -> Result<Result<Stop, BadRow>, WrongLineEnding> {
        if self.data.get(self.at) == Some(&b'"') {
            return match self.quoted() {
                Ok(()) => self.stop(),
                Err(bad) => Ok(Err(bad)),
            };
        }
        let (start, delimiter) = (self.at, self.dialect.delimiter());
        let rest = &self.data[start..];
        let ends = |byte: &u8| *byte == delimiter || matches!(*byte, b'\n' | b'"');
        let mut end = start + rest.iter().position(ends).unwrap_or(rest.len());
        if self.data.get(end) == Some(&b'"') {
            return Ok(Err(BadRow::StrayQuote));
        }
        // The first half of CRLF is no part of the value.
        if self.data.get(end) == Some(&b'\n') && end > start && self.data[end - 1] == b'\r' {
            end -= 1;
        }
        self.cells.push(Cell {
            place: start..end,
            escaped: false,
        });
        self.at = end;
        self.stop()
    }

    /// Reads a value in quotes.
    fn quoted(&mut self) -> Result<(), BadRow> {
        let start = self.at + 1;
        let (mut end, mut escaped) = (start, false);
        loop {
            let rest = &self.data[end..];
            let Some(quote) = rest.iter().position(|byte| *byte == b'"') else {
                self.at = self.data.len();
                return Err(BadRow::OpenQuote);
            };
            end += quote;
            if self.data.get(end + 1) != Some(&b'"') {
                break;
            }
            (end, escaped) = (end + 2, true);
        }
        self.cells.push(Cell {
            place: start..end,
            escaped,
        });
        self.at = end + 1;
        Ok(())
    }

    /// Goes past what follows a value.
    fn stop(&mut self) -> Result<Result<Stop, BadRow>, WrongLineEnding> {
        let rest = &self.data[self.at..];
        let (ending, length) = match rest {
            [] => return Ok(Ok(Stop::Row)),
            [b'\r', b'\n', ..] => (LineEnding::Crlf, 2),
            [b'\n', ..] => (LineEnding::Lf, 1),
            [byte, ..] if *byte == self.dialect.delimiter() => {
                self.at += 1;
                return Ok(Ok(Stop::Delimiter));
            }
            _ => return Ok(Err(BadRow::StrayQuote)),
        };
        if ending != self.dialect.line_ending {
            return Err(WrongLineEnding);
        }
        self.at += length;
        Ok(Ok(Stop::Row))
    }

    fn skip_line(&mut self) {
        let rest = &self.data[self.at..];
        let end = rest.iter().position(|byte| *byte == b'\n');
        self.at += end.map_or(rest.len(), |end| end + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str, dialect: Dialect) -> Vec<Result<Vec<String>, BadRow>> {
        let mut reader = Reader::new(text.as_bytes(), dialect, 0);
        let mut rows = Vec::new();
        while let Some(row) = reader.row() {
            let row = row.expect("the line ending fits");
            rows.push(row.map(|()| {
                let cells = reader.cells.iter();
                let text = |cell: &Cell| String::from_utf8(cell.bytes(text.as_bytes()).into());
                cells.map(|cell| text(cell).expect("UTF-8")).collect()
            }));
        }
        rows
    }

    fn lf(text: &str) -> Vec<Result<Vec<String>, BadRow>> {
        read(text, Dialect::default())
    }

    fn row(cells: &[&str]) -> Result<Vec<String>, BadRow> {
        Ok(cells.iter().map(|cell| (*cell).to_owned()).collect())
    }

    #[test]
    fn values_are_taken_as_they_stand() {
        assert_eq!(lf("a, b\n"), [row(&["a", " b"])]);
        assert_eq!(lf("a,\n,b"), [row(&["a", ""]), row(&["", "b"])]);
        assert_eq!(
            lf("\"a, \"\"b\"\"\n\",\"\"\n\nc,d"),
            [row(&["a, \"b\"\n", ""]), row(&["c", "d"])]
        );
        assert!(lf("").is_empty() && lf("\n\n").is_empty());
    }

    #[test]
    fn a_quote_stands_only_around_a_whole_value() {
        for bad in ["\"a\" ,b", " \"a\",b", "a\"b,c", "\"a\"b,c"] {
            let rows = lf(&format!("{bad}\nx,y"));
            assert_eq!(rows, [Err(BadRow::StrayQuote), row(&["x", "y"])], "{bad}");
        }
        assert_eq!(lf("\"a,b\nx"), [Err(BadRow::OpenQuote)]);
    }

    #[test]
    fn rows_end_as_the_job_says() {
        let crlf = Dialect {
            line_ending: LineEnding::Crlf,
            delimiter: ColumnDelimiter::Semicolon,
        };
        assert_eq!(
            read("a;\"b\"\r\nc,;d", crlf),
            [row(&["a", "b"]), row(&["c,", "d"])]
        );
        let wrong = |text: &str, dialect| {
            let mut reader = Reader::new(text.as_bytes(), dialect, 0);
            std::iter::from_fn(|| reader.row()).any(|row| row == Err(WrongLineEnding))
        };
        assert!(wrong("a\r\nb\r\n", Dialect::default()) && wrong("\"a\"\r\n", Dialect::default()));
        assert!(wrong("a\nb\n", crlf) && !wrong("\"a\nb\"\r\n", crlf));
    }

    fn dialects() -> impl Strategy<Value = Dialect> {
        use ColumnDelimiter as D;
        let delimiter = prop::sample::select(vec![
            D::Backquote,
            D::Caret,
            D::Comma,
            D::Pipe,
            D::Semicolon,
            D::Tab,
        ]);
        let ending = prop::sample::select(vec![LineEnding::Lf, LineEnding::Crlf]);
        (delimiter, ending).prop_map(|(delimiter, line_ending)| Dialect {
            delimiter,
            line_ending,
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            dialect in dialects(),
            rows in prop::collection::vec(prop::collection::vec("[a,;|^`\"\t\r\n é]{0,6}", 2..4), 0..4),
        ) {
            let mut out = Vec::new();
            for row in &rows {
                dialect.write_row(&mut out, row.iter().map(String::as_bytes));
            }
            let text = String::from_utf8(out).unwrap();
            let expected: Vec<_> = rows.into_iter().map(Ok).collect();
            prop_assert_eq!(read(&text, dialect), expected);
        }

        #[test]
        fn any_bytes_are_read_to_the_end(data: Vec<u8>, dialect in dialects()) {
            let mut reader = Reader::new(&data, dialect, 0);
            let mut last = 0;
            while let Some(Ok(_)) = reader.row() {
                prop_assert!(reader.at() > last && reader.cells.iter().all(|cell| cell.bytes(&data).len() <= data.len()));
                last = reader.at();
            }
        }
    }
}
