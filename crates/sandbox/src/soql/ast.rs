//! The syntax tree of a query: names as they were written, with their byte positions for error messages.

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;

use super::dates::DateSpan;

/// `SELECT … FROM … WHERE … ORDER BY … LIMIT … OFFSET …`
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Query {
    pub(crate) select: Vec<SelectItem>,
    pub(crate) from: Name,
    pub(crate) alias: Option<Name>,
    pub(crate) filter: Option<Filter>,
    pub(crate) order: Vec<Order>,
    pub(crate) limit: Option<usize>,
    pub(crate) offset: Option<usize>,
}

/// A name and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) at: usize,
}

/// `Account.Owner.Name`: relationships, then a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    pub(crate) parts: Vec<Name>,
}

impl Path {
    pub(crate) fn at(&self) -> usize {
        self.parts.first().map_or(0, |name| name.at)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum SelectItem {
    Field(Path),
    /// `COUNT()`: only the number of rows.
    CountRows,
    Aggregate {
        function: Aggregate,
        argument: Path,
        alias: Option<Name>,
    },
    Fields(FieldGroup),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aggregate {
    Count,
    CountDistinct,
    Min,
    Max,
    Sum,
    Avg,
}

/// `FIELDS(ALL)` and its kin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldGroup {
    All,
    Standard,
    Custom,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
    Compare {
        path: Path,
        operator: Operator,
        value: Literal,
    },
    In {
        path: Path,
        negated: bool,
        values: Vec<Literal>,
    },
    Includes {
        path: Path,
        negated: bool,
        values: Vec<Literal>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Like,
}

/// A literal; texts are as written between the quotes, escapes included.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Literal {
    Null,
    Bool(bool),
    Text(String),
    Number(Decimal),
    Date(Date),
    DateTime(Timestamp),
    Span(DateSpan),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Order {
    pub(crate) path: Path,
    pub(crate) descending: bool,
    pub(crate) nulls_last: bool,
}
