//! Tokens to syntax tree, by recursive descent.
//!
//! Not yet known: GROUP BY, HAVING, subqueries, semi-joins, TYPEOF, toLabel and other functions. They are refused
//! by name, never misread.

use super::ast::{
    Aggregate, FieldGroup, Filter, Literal, Name, Operator, Order, Path, Query, SelectItem,
};
use super::dates::DateSpan;
use super::error::SoqlError;
use super::lexer::{Kind, Token, tokens};

/// Deepest nesting of parentheses and NOT in a WHERE clause.
const MAX_NESTING_LEVELS: usize = 50;
/// Words that end the FROM clause, so that they are not taken for an alias.
const CLAUSES: [&str; 10] = [
    "WHERE", "ORDER", "LIMIT", "OFFSET", "GROUP", "HAVING", "USING", "WITH", "FOR", "ALL",
];

/// Parses a whole query.
pub(crate) fn parse_query(text: &str) -> Result<Query, SoqlError> {
    if text.trim().is_empty() {
        return Err(SoqlError::malformed(
            "SOQL statements cannot be empty or null",
        ));
    }
    let mut parser = Parser::new(text)?;
    let query = parser.query()?;
    parser.end()?;
    Ok(query)
}

/// Parses what stands behind WHERE.
pub(crate) fn parse_condition(text: &str) -> Result<Filter, SoqlError> {
    let mut parser = Parser::new(text)?;
    let filter = parser.filter(0)?;
    parser.end()?;
    Ok(filter)
}

/// A position in the tokens of a text. Formulas are parsed with it too.
pub(crate) struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    next: usize,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(text: &'a str) -> Result<Parser<'a>, SoqlError> {
        Ok(Parser {
            tokens: tokens(text)?,
            next: 0,
        })
    }

    pub(crate) fn peek(&self) -> &Token<'a> {
        // The last token is End and is never passed.
        &self.tokens[self.next.min(self.tokens.len() - 1)]
    }

    pub(crate) fn advance(&mut self) -> Token<'a> {
        let token = self.peek().clone();
        self.next += 1;
        token
    }

    /// Takes the next token when it is this symbol.
    pub(crate) fn symbol(&mut self, symbol: &str) -> bool {
        let found = self.peek().kind == Kind::Symbol && self.peek().text == symbol;
        self.next += usize::from(found);
        found
    }

    /// Takes the next token when it is this keyword, in any case.
    fn keyword(&mut self, keyword: &str) -> bool {
        let found = self.at_keyword(keyword);
        self.next += usize::from(found);
        found
    }

    fn at_keyword(&self, keyword: &str) -> bool {
        self.peek().kind == Kind::Word && self.peek().text.eq_ignore_ascii_case(keyword)
    }

    pub(crate) fn unexpected(&self) -> SoqlError {
        let token = self.peek();
        let shown = if token.kind == Kind::End {
            "<EOF>"
        } else {
            token.text
        };
        SoqlError::malformed(format!("unexpected token: '{shown}'"))
    }

    pub(crate) fn expect(&mut self, symbol: &str) -> Result<(), SoqlError> {
        if self.symbol(symbol) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    fn expect_keyword(&mut self, keyword: &str) -> Result<(), SoqlError> {
        if self.keyword(keyword) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    pub(crate) fn end(&self) -> Result<(), SoqlError> {
        for clause in ["GROUP", "HAVING", "WITH", "USING"] {
            if self.at_keyword(clause) {
                return Err(unsupported(clause));
            }
        }
        if self.peek().kind == Kind::End {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    fn query(&mut self) -> Result<Query, SoqlError> {
        self.expect_keyword("SELECT")?;
        let select = self.list(Parser::select_item)?;
        self.expect_keyword("FROM")?;
        let from = self.name()?;
        let alias = if self.at_alias() {
            Some(self.name()?)
        } else {
            None
        };
        let filter = if self.keyword("WHERE") {
            Some(self.filter(0)?)
        } else {
            None
        };
        let order = if self.keyword("ORDER") {
            self.expect_keyword("BY")?;
            self.list(Parser::order)?
        } else {
            Vec::new()
        };
        let limit = if self.keyword("LIMIT") {
            Some(self.count()?)
        } else {
            None
        };
        let offset = if self.keyword("OFFSET") {
            Some(self.count()?)
        } else {
            None
        };
        if self.keyword("FOR")
            && !["VIEW", "REFERENCE"]
                .iter()
                .any(|purpose| self.keyword(purpose))
        {
            return Err(self.unexpected());
        }
        Ok(Query {
            select,
            from,
            alias,
            filter,
            order,
            limit,
            offset,
        })
    }

    /// `item, item, …`, at least one.
    fn list<T>(
        &mut self,
        item: fn(&mut Self) -> Result<T, SoqlError>,
    ) -> Result<Vec<T>, SoqlError> {
        let mut items = vec![item(self)?];
        while self.symbol(",") {
            items.push(item(self)?);
        }
        Ok(items)
    }

    fn at_alias(&self) -> bool {
        self.peek().kind == Kind::Word && !CLAUSES.iter().any(|clause| self.at_keyword(clause))
    }

    fn name(&mut self) -> Result<Name, SoqlError> {
        if self.peek().kind != Kind::Word {
            return Err(self.unexpected());
        }
        let token = self.advance();
        Ok(Name {
            text: token.text.to_owned(),
            at: token.at,
        })
    }

    pub(crate) fn path(&mut self) -> Result<Path, SoqlError> {
        let mut parts = vec![self.name()?];
        while self.symbol(".") {
            parts.push(self.name()?);
        }
        Ok(Path { parts })
    }

    fn count(&mut self) -> Result<usize, SoqlError> {
        let Kind::Number(number) = self.peek().kind else {
            return Err(self.unexpected());
        };
        let count = number
            .is_integer()
            .then(|| number.try_into().ok())
            .flatten();
        let count = count.ok_or_else(|| self.unexpected())?;
        self.advance();
        Ok(count)
    }

    fn select_item(&mut self) -> Result<SelectItem, SoqlError> {
        if self.symbol("(") {
            return Err(unsupported("a child subquery"));
        }
        if self.at_keyword("TYPEOF") {
            return Err(unsupported("TYPEOF"));
        }
        let path = self.path()?;
        if !self.symbol("(") {
            return Ok(SelectItem::Field(path));
        }
        let function = path
            .parts
            .iter()
            .map(|name| name.text.to_ascii_uppercase())
            .collect::<Vec<_>>()
            .join(".");
        let item = match (function.as_str(), aggregate(&function)) {
            ("COUNT", _) if self.symbol(")") => return Ok(SelectItem::CountRows),
            ("FIELDS", _) => SelectItem::Fields(self.field_group()?),
            (_, Some(function)) => SelectItem::Aggregate {
                function,
                argument: self.path()?,
                alias: None,
            },
            (other, None) => return Err(unsupported(&format!("the function {other}"))),
        };
        self.expect(")")?;
        match item {
            SelectItem::Aggregate {
                function, argument, ..
            } if self.peek().kind == Kind::Word => {
                let alias = if self.at_keyword("FROM") {
                    None
                } else {
                    Some(self.name()?)
                };
                Ok(SelectItem::Aggregate {
                    function,
                    argument,
                    alias,
                })
            }
            other => Ok(other),
        }
    }

    fn field_group(&mut self) -> Result<FieldGroup, SoqlError> {
        let groups = [
            ("ALL", FieldGroup::All),
            ("STANDARD", FieldGroup::Standard),
            ("CUSTOM", FieldGroup::Custom),
        ];
        let found = groups.into_iter().find(|(word, _)| self.keyword(word));
        found
            .map(|(_, group)| group)
            .ok_or_else(|| self.unexpected())
    }

    fn order(&mut self) -> Result<Order, SoqlError> {
        let path = self.path()?;
        let descending = !self.keyword("ASC") && self.keyword("DESC");
        let nulls_last = if self.keyword("NULLS") {
            let first = self.keyword("FIRST");
            if !first {
                self.expect_keyword("LAST")?;
            }
            !first
        } else {
            // Nulls come first in both directions unless told otherwise (documented).
            false
        };
        Ok(Order {
            path,
            descending,
            nulls_last,
        })
    }

    /// Conditions joined by AND or by OR; both without parentheses are an error (documented).
    fn filter(&mut self, level: usize) -> Result<Filter, SoqlError> {
        let first = self.condition(level)?;
        for (keyword, join) in [
            ("AND", Filter::And as fn(Vec<Filter>) -> Filter),
            ("OR", Filter::Or),
        ] {
            if !self.at_keyword(keyword) {
                continue;
            }
            let mut conditions = vec![first];
            while self.keyword(keyword) {
                conditions.push(self.condition(level)?);
            }
            let mixed = self.at_keyword("AND") || self.at_keyword("OR");
            return if mixed {
                Err(self.unexpected())
            } else {
                Ok(join(conditions))
            };
        }
        Ok(first)
    }

    fn condition(&mut self, level: usize) -> Result<Filter, SoqlError> {
        if level > MAX_NESTING_LEVELS {
            return Err(SoqlError::new(
                "QUERY_TOO_COMPLICATED",
                "Query is either selecting too many fields or the filter conditions are too complicated.",
            ));
        }
        if self.keyword("NOT") {
            return Ok(Filter::Not(Box::new(self.condition(level + 1)?)));
        }
        if self.symbol("(") {
            let inner = self.filter(level + 1)?;
            self.expect(")")?;
            return Ok(inner);
        }
        let path = self.path()?;
        let negated = self.keyword("NOT");
        if self.keyword("IN") {
            return Ok(Filter::In {
                path,
                negated,
                values: self.literals()?,
            });
        }
        if negated {
            return Err(self.unexpected());
        }
        let includes = self.keyword("INCLUDES");
        if includes || self.keyword("EXCLUDES") {
            return Ok(Filter::Includes {
                path,
                negated: !includes,
                values: self.literals()?,
            });
        }
        let operator = self.operator()?;
        Ok(Filter::Compare {
            path,
            operator,
            value: self.literal()?,
        })
    }

    fn operator(&mut self) -> Result<Operator, SoqlError> {
        let operators = [
            ("=", Operator::Equal),
            ("!=", Operator::NotEqual),
            ("<>", Operator::NotEqual),
            ("<=", Operator::LessOrEqual),
            (">=", Operator::GreaterOrEqual),
            ("<", Operator::Less),
            (">", Operator::Greater),
        ];
        if self.keyword("LIKE") {
            return Ok(Operator::Like);
        }
        let found = operators
            .into_iter()
            .find(|(symbol, _)| self.symbol(symbol));
        found
            .map(|(_, operator)| operator)
            .ok_or_else(|| self.unexpected())
    }

    fn literals(&mut self) -> Result<Vec<Literal>, SoqlError> {
        self.expect("(")?;
        if self.at_keyword("SELECT") {
            return Err(unsupported("a semi-join"));
        }
        let literals = self.list(Parser::literal)?;
        self.expect(")")?;
        Ok(literals)
    }

    fn literal(&mut self) -> Result<Literal, SoqlError> {
        let negative = self.symbol("-");
        if (negative || self.symbol("+")) && !matches!(self.peek().kind, Kind::Number(_)) {
            return Err(self.unexpected());
        }
        let token = self.peek().clone();
        let literal = match token.kind {
            Kind::Number(number) => Literal::Number(if negative { -number } else { number }),
            Kind::Text(raw) if token.text.starts_with('\'') => Literal::Text(raw.to_owned()),
            Kind::Date(date) => Literal::Date(date),
            Kind::DateTime(at) => Literal::DateTime(at),
            Kind::Word => return self.word_literal(),
            Kind::Text(_) | Kind::Symbol | Kind::End => return Err(self.unexpected()),
        };
        self.advance();
        Ok(literal)
    }

    fn word_literal(&mut self) -> Result<Literal, SoqlError> {
        let refusal = self.unexpected();
        let word = self.advance().text;
        match word.to_ascii_uppercase().as_str() {
            "NULL" => return Ok(Literal::Null),
            "TRUE" => return Ok(Literal::Bool(true)),
            "FALSE" => return Ok(Literal::Bool(false)),
            _ => {}
        }
        let n = if self.symbol(":") {
            Some(self.count()? as i64)
        } else {
            None
        };
        DateSpan::named(word, n).map(Literal::Span).ok_or(refusal)
    }
}

fn aggregate(function: &str) -> Option<Aggregate> {
    Some(match function {
        "COUNT" => Aggregate::Count,
        "COUNT_DISTINCT" => Aggregate::CountDistinct,
        "MIN" => Aggregate::Min,
        "MAX" => Aggregate::Max,
        "SUM" => Aggregate::Sum,
        "AVG" => Aggregate::Avg,
        _ => return None,
    })
}

fn unsupported(what: &str) -> SoqlError {
    SoqlError::malformed(format!("{what} is not supported by this emulator yet"))
}
