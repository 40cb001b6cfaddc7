//! The syntax tree of a query: names as they were written, with their byte positions for error messages.

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;

use super::dates::DateSpan;

/// `SELECT … FROM … USING SCOPE … WHERE … GROUP BY … HAVING … ORDER BY … LIMIT … OFFSET …`
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Query {
    pub(crate) select: Vec<SelectItem>,
    pub(crate) from: Source,
    /// Parents with a name of their own: `FROM Contact c, c.Account a`.
    pub(crate) joins: Vec<Source>,
    pub(crate) scope: Option<Name>,
    pub(crate) filter: Option<Filter>,
    pub(crate) group: Option<Group>,
    pub(crate) having: Option<Filter>,
    pub(crate) order: Vec<Order>,
    pub(crate) limit: Option<usize>,
    pub(crate) offset: Option<usize>,
}

/// An entry of FROM: an object, a parent or a list of children, and what else it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) path: Path,
    pub(crate) alias: Option<Name>,
}

/// A name and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) at: usize,
}

/// `Account.Owner.Name`: relationships, then a field. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    pub(crate) parts: Vec<Name>,
}

impl Path {
    pub(crate) fn at(&self) -> usize {
        self.parts.first().map_or(0, |name| name.at)
    }

    /// As it was written.
    pub(crate) fn text(&self) -> String {
        let parts: Vec<&str> = self.parts.iter().map(|name| name.text.as_str()).collect();
        parts.join(".")
    }
}

/// A field, or a function over a field (or over a function of it).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expression {
    Field(Path),
    Call {
        function: Name,
        argument: Box<Expression>,
    },
}

impl Expression {
    /// Where it starts.
    pub(crate) fn at(&self) -> usize {
        match self {
            Expression::Field(path) => path.at(),
            Expression::Call { function, .. } => function.at,
        }
    }

    /// The field it is made from.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Expression::Field(path) => path,
            Expression::Call { argument, .. } => argument.path(),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum SelectItem {
    Value {
        expression: Expression,
        alias: Option<Name>,
    },
    /// `COUNT()`: only the number of rows.
    CountRows,
    Fields(FieldGroup),
    /// `(SELECT … FROM Contacts)`
    Children(Box<Query>),
    TypeOf(TypeOf),
}

/// `TYPEOF What WHEN Account THEN Phone, … ELSE Name END`
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TypeOf {
    pub(crate) reference: Name,
    pub(crate) branches: Vec<(Name, Vec<Path>)>,
    pub(crate) otherwise: Vec<Path>,
}

/// `FIELDS(ALL)` and its kin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldGroup {
    All,
    Standard,
    Custom,
}

/// `GROUP BY a, b` and its forms with subtotals.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Group {
    pub(crate) subtotals: Subtotals,
    pub(crate) by: Vec<Expression>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subtotals {
    None,
    Rollup,
    Cube,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
    Compare {
        left: Expression,
        operator: Operator,
        value: Literal,
    },
    In {
        left: Expression,
        negated: bool,
        values: Vec<Literal>,
    },
    /// A semi-join, or negated an anti-join.
    InQuery {
        left: Expression,
        negated: bool,
        query: Box<Query>,
    },
    Includes {
        left: Expression,
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
    pub(crate) by: Expression,
    pub(crate) descending: bool,
    pub(crate) nulls_last: bool,
}

impl Query {
    /// Every path of the query itself, that is without those of its subqueries.
    pub(crate) fn paths(&self) -> Vec<&Path> {
        let mut paths: Vec<&Path> = self.joins.iter().map(|source| &source.path).collect();
        for item in &self.select {
            if let SelectItem::Value { expression, .. } = item {
                paths.push(expression.path());
            }
        }
        let filters = self.filter.iter().chain(&self.having);
        filters.for_each(|filter| filter.add_paths(&mut paths));
        let groups = self.group.iter().flat_map(|group| &group.by);
        paths.extend(groups.map(Expression::path));
        paths.extend(self.order.iter().map(|order| order.by.path()));
        paths
    }
}

impl Filter {
    fn add_paths<'f>(&'f self, paths: &mut Vec<&'f Path>) {
        match self {
            Filter::And(filters) | Filter::Or(filters) => {
                filters.iter().for_each(|filter| filter.add_paths(paths));
            }
            Filter::Not(inner) => inner.add_paths(paths),
            Filter::Compare { left, .. }
            | Filter::In { left, .. }
            | Filter::InQuery { left, .. }
            | Filter::Includes { left, .. } => paths.push(left.path()),
        }
    }
}
