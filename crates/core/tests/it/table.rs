//! Reads text tables: cells are parted by `|`, a line that starts with `#` is a comment.

/// One row with the place it stands at.
pub(crate) struct Row {
    /// `tables/values.txt:12`.
    pub(crate) place: String,
    /// The cells, trimmed.
    pub(crate) cells: Vec<&'static str>,
}

/// The rows of a table.
///
/// # Panics
/// When a row has another number of cells than `columns`, or there is no row at all.
pub(crate) fn rows(name: &str, text: &'static str, columns: usize) -> Vec<Row> {
    let rows: Vec<Row> = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
        .map(|(index, line)| Row {
            place: format!("tables/{name}:{}", index + 1),
            cells: line.split('|').map(str::trim).collect(),
        })
        .collect();
    assert!(!rows.is_empty(), "tables/{name} has no rows");
    for Row { place, cells } in &rows {
        assert_eq!(cells.len(), columns, "{place}: wrong number of cells");
    }
    rows
}

/// Runs `case` over every row and fails once, with every row that is wrong.
pub(crate) fn check<const COLUMNS: usize>(
    name: &str,
    text: &'static str,
    case: impl Fn([&'static str; COLUMNS]) -> Result<(), String>,
) {
    let wrong: Vec<String> = rows(name, text, COLUMNS)
        .into_iter()
        .filter_map(|row| {
            let cells = row
                .cells
                .try_into()
                .expect("the number of cells is checked");
            case(cells).err().map(|why| format!("{}: {why}", row.place))
        })
        .collect();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// Compares what a row expects with what came out.
pub(crate) fn expect<T: PartialEq + std::fmt::Debug>(wanted: &T, got: &T) -> Result<(), String> {
    if wanted == got {
        return Ok(());
    }
    Err(format!("expected {wanted:?}, got {got:?}"))
}
