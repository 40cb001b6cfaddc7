//! Keyset paging: a cursor is the sort key of the last row, so it stays right whatever comes or goes.

use crate::sqlite::column::rows_number;
use crate::views::{PAGE_ROWS_MAX, Page, PageRequest};
use tandem_core::store::{StoreError, StoreResult};

/// Where a page begins and how long it is.
pub(in crate::sqlite) struct Cut<K> {
    /// The last row of the page before.
    pub(in crate::sqlite) after: Option<K>,
    rows_max: usize,
}

impl<K> Cut<K> {
    /// Reads a request; `parse` knows the form of the list's cursors.
    pub(in crate::sqlite) fn new(
        request: &PageRequest,
        parse: impl FnOnce(&str) -> Option<K>,
    ) -> StoreResult<Self> {
        let unknown = |cursor: &String| StoreError::NotFound(format!("page “{cursor}”"));
        let after = match &request.cursor {
            Some(cursor) => Some(parse(cursor).ok_or_else(|| unknown(cursor))?),
            None => None,
        };
        Ok(Self {
            after,
            rows_max: request.limit.clamp(1, PAGE_ROWS_MAX),
        })
    }

    /// Rows to ask the database for: one more than are shown tells whether there is a next page.
    pub(in crate::sqlite) fn fetch(&self) -> i64 {
        rows_number(self.rows_max + 1)
    }

    /// Makes a page of the rows that were fetched.
    pub(in crate::sqlite) fn page<T>(
        &self,
        mut rows: Vec<T>,
        key: impl FnOnce(&T) -> String,
    ) -> Page<T> {
        let more = rows.len() > self.rows_max;
        rows.truncate(self.rows_max);
        let next = rows.last().filter(|_| more).map(key);
        Page { rows, next }
    }
}

/// The cursor of a list that is sorted by row number.
pub(in crate::sqlite) fn row_number(cursor: &str) -> Option<i64> {
    cursor.parse().ok()
}

/// The cursor of a list that is sorted by a time and then by row number.
pub(in crate::sqlite) fn time_and_number(cursor: &str) -> Option<(i64, i64)> {
    let (time, number) = cursor.split_once('.')?;
    Some((time.parse().ok()?, number.parse().ok()?))
}

/// A `LIKE` pattern (with `ESCAPE '\'`) for lower-case columns that contain the text as it stands.
pub(in crate::sqlite) fn contains(text: &str) -> String {
    let text = text.trim().to_lowercase();
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_text_stands_for_itself() {
        assert_eq!(contains(" 100%_\\Ä "), r"%100\%\_\\ä%");
    }

    #[test]
    fn a_page_is_cut_and_says_where_to_go_on() {
        let cut = Cut::new(&PageRequest::first(2), row_number).unwrap();
        assert_eq!(cut.fetch(), 3);
        let page = cut.page(vec![9, 8, 7], ToString::to_string);
        assert_eq!((page.rows, page.next.as_deref()), (vec![9, 8], Some("8")));
        let page = cut.page(vec![9, 8], ToString::to_string);
        assert_eq!(page.next, None);
    }

    #[test]
    fn a_cursor_that_no_page_gave_is_refused() {
        for cursor in ["", "x", "1.2", "99999999999999999999"] {
            assert!(Cut::new(&PageRequest::after(cursor, 1), row_number).is_err());
        }
        assert_eq!(time_and_number("-5.7"), Some((-5, 7)));
        assert_eq!(time_and_number("5"), None);
    }

    #[test]
    fn limits_are_kept() {
        let cut = Cut::new(&PageRequest::first(0), row_number).unwrap();
        assert_eq!(cut.fetch(), 2);
        let cut = Cut::new(&PageRequest::first(usize::MAX), row_number).unwrap();
        assert_eq!(cut.fetch(), 201);
    }
}
