//! What a refused query says, with the vendor's caret block where it has one.

/// Why a query was refused; HTTP 400.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SoqlError {
    /// The vendor's code: MALFORMED_QUERY, INVALID_FIELD, INVALID_TYPE, INVALID_QUERY_FILTER_OPERATOR …
    pub error_code: &'static str,
    /// The vendor's message, with its caret block where there is one.
    pub message: String,
}

/// Most characters shown before and after the place of an error. The vendor cuts at whole words; the recorded
/// messages show up to 32 and 44.
const SHOWN_BEFORE_CHARS: usize = 33;
const SHOWN_AFTER_CHARS: usize = 44;

impl SoqlError {
    pub(crate) fn malformed(message: impl Into<String>) -> SoqlError {
        SoqlError {
            error_code: "MALFORMED_QUERY",
            message: message.into(),
        }
    }

    pub(crate) fn new(error_code: &'static str, message: impl Into<String>) -> SoqlError {
        SoqlError {
            error_code,
            message: message.into(),
        }
    }

    /// A token where there should be another. The vendor points one column to the left of it (public messages show
    /// it for every token): `SELECT * FROM …` fails at column 7.
    pub(crate) fn unexpected(query: &str, at: usize, token: &str) -> SoqlError {
        let left = query
            .get(..at)
            .and_then(|before| before.chars().next_back());
        let left = left.filter(|c| *c != '\n').map_or(0, char::len_utf8);
        let sentence = format!("unexpected token: '{token}'");
        SoqlError::at(query, at - left, "MALFORMED_QUERY", &sentence)
    }

    /// The error at byte `at` of `query`: the line around it, a caret, row and column (from 1), the sentence.
    pub(crate) fn at(
        query: &str,
        at: usize,
        error_code: &'static str,
        sentence: &str,
    ) -> SoqlError {
        let before = query.get(..at).unwrap_or(query);
        let (row, column) = place(query, at);
        let line_start = before.rfind('\n').map_or(0, |position| position + 1);
        let line: Vec<char> = query[line_start..]
            .chars()
            .take_while(|c| *c != '\n')
            .collect();
        let (start, end) = window(&line, column);
        let shown: String = line[start..end].iter().collect();
        let caret = " ".repeat(column - start);
        let message = format!(
            "\n{shown}\n{caret}^\nERROR at Row:{row}:Column:{}\n{sentence}",
            column + 1
        );
        SoqlError {
            error_code,
            message,
        }
    }
}

/// The row (from 1) and the column (from 0) of byte `at`.
pub(super) fn place(query: &str, at: usize) -> (usize, usize) {
    let before = query.get(..at).unwrap_or(query);
    let line_start = before.rfind('\n').map_or(0, |position| position + 1);
    let row = before.matches('\n').count() + 1;
    (row, before[line_start..].chars().count())
}

/// The part of the line that is shown: whole words only.
fn window(line: &[char], column: usize) -> (usize, usize) {
    let boundary =
        |position: usize| position == 0 || matches!(line[position - 1], ' ' | ',' | '\t');
    let earliest = column.saturating_sub(SHOWN_BEFORE_CHARS);
    let start = (earliest..column)
        .find(|position| boundary(*position))
        .unwrap_or(column);
    let latest = (column + SHOWN_AFTER_CHARS).min(line.len());
    let cut =
        |position: &usize| *position == line.len() || matches!(line[*position], ' ' | ',' | '\t');
    let end = (column + 1..=latest).rev().find(cut).unwrap_or(latest);
    (start, end.max(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_cut_at_words_around_the_place() {
        let query = "SELECT Id,Title,PostalCode,IsDeleted FROM Leed";
        let error = SoqlError::at(query, 42, "INVALID_TYPE", "no.");
        assert_eq!(
            error.message,
            "\nTitle,PostalCode,IsDeleted FROM Leed\n                                ^\nERROR at Row:1:Column:43\nno."
        );
    }

    #[test]
    fn rows_are_counted_and_only_the_row_is_shown() {
        let error = SoqlError::at("SELECT Id\nFROM X", 15, "INVALID_TYPE", "no.");
        assert_eq!(
            error.message,
            "\nFROM X\n     ^\nERROR at Row:2:Column:6\nno."
        );
    }
}
