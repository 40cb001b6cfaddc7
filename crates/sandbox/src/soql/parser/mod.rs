//! Tokens to syntax tree, by recursive descent.
//!
//! Here is the cursor with the small steps everything is read with; the clauses of a query are in `query`, its
//! select list in `select`, conditions and literals in `filter`. Formulas are read with the same cursor.
//!
//! Depth is bounded, so that no text can exhaust the stack: conditions by `MAX_NESTING_LEVELS`, subqueries by
//! `MAX_SUBQUERY_LEVELS`.

mod filter;
mod query;
mod select;

use super::ast::{Filter, Name, Path, Query};
use super::error::SoqlError;
use super::lexer::{Kind, Token, tokens};
use super::semi_join;

/// Deepest nesting of parentheses and NOT in a WHERE clause.
const MAX_NESTING_LEVELS: usize = 50;
/// Levels of a query with children, its own among them (documented, from v58).
pub(crate) const MAX_SUBQUERY_LEVELS: usize = 5;

/// Words that are never names. `Group`, which is one too, is also the name of an object and of paths to it.
const RESERVED: [&str; 11] = [
    "AND", "FROM", "HAVING", "IN", "LIKE", "LIMIT", "NOT", "NULL", "OR", "SELECT", "WHERE",
];

/// Parses a whole query.
pub(crate) fn parse_query(text: &str) -> Result<Query, SoqlError> {
    if text.trim().is_empty() {
        return Err(SoqlError::malformed(
            "SOQL statements cannot be empty or null",
        ));
    }
    let mut parser = Parser::new(text)?;
    let query = parser.query(1)?;
    parser.end()?;
    Ok(query)
}

/// Parses what stands behind WHERE. Rules and formulas have no semi-joins.
pub(crate) fn parse_condition(text: &str) -> Result<Filter, SoqlError> {
    let mut parser = Parser::new(text)?;
    let filter = parser.filter(0)?;
    parser.end()?;
    semi_join::check_none(&filter)?;
    Ok(filter)
}

/// A position in the tokens of a text.
pub(crate) struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token<'a>>,
    next: usize,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(text: &'a str) -> Result<Parser<'a>, SoqlError> {
        Ok(Parser {
            text,
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

    /// The next token as messages show it.
    fn shown(&self) -> &'a str {
        let token = self.peek();
        if token.kind == Kind::End {
            "<EOF>"
        } else {
            token.text
        }
    }

    pub(crate) fn unexpected(&self) -> SoqlError {
        SoqlError::unexpected(self.text, self.peek().at, self.shown())
    }

    pub(crate) fn expect(&mut self, symbol: &str) -> Result<(), SoqlError> {
        if self.symbol(symbol) {
            return Ok(());
        }
        if symbol == ")" {
            let found = self.shown();
            let message = format!("expecting a right parentheses, found '{found}'");
            return Err(SoqlError::malformed(message));
        }
        Err(self.unexpected())
    }

    fn expect_keyword(&mut self, keyword: &str) -> Result<(), SoqlError> {
        if self.keyword(keyword) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    pub(crate) fn end(&self) -> Result<(), SoqlError> {
        if self.peek().kind == Kind::End {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    /// `item, item, …`, at least one.
    fn list<T>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<T, SoqlError>,
    ) -> Result<Vec<T>, SoqlError> {
        let mut items = vec![item(self)?];
        while self.symbol(",") {
            items.push(item(self)?);
        }
        Ok(items)
    }

    fn name(&mut self) -> Result<Name, SoqlError> {
        let reserved = RESERVED.iter().any(|word| self.at_keyword(word));
        if self.peek().kind != Kind::Word || reserved {
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
}
