//! The clauses of a query.

use super::super::ast::{Expression, Group, Order, Query, SelectItem, Source, Subtotals};
use super::super::error::SoqlError;
use super::super::lexer::Kind;
use super::Parser;

/// Words that end the FROM clause, so that they are not taken for an alias.
const CLAUSES: [&str; 12] = [
    "FROM", "WHERE", "ORDER", "LIMIT", "OFFSET", "GROUP", "HAVING", "USING", "WITH", "FOR", "ALL",
    "UPDATE",
];

impl Parser<'_> {
    /// A query; `level` is 1 for the outermost one.
    pub(super) fn query(&mut self, level: usize) -> Result<Query, SoqlError> {
        self.expect_keyword("SELECT")?;
        let select = self.list(|parser| parser.select_item(level))?;
        self.expect_keyword("FROM")?;
        let from = self.source()?;
        let mut query = Query {
            select,
            from,
            joins: Vec::new(),
            scope: None,
            filter: None,
            group: None,
            having: None,
            order: Vec::new(),
            limit: None,
            offset: None,
        };
        while self.symbol(",") {
            query.joins.push(self.source()?);
        }
        if self.keyword("USING") {
            self.expect_keyword("SCOPE")?;
            query.scope = Some(self.name()?);
        }
        if self.keyword("WHERE") {
            query.filter = Some(self.filter(0)?);
        }
        self.with()?;
        self.group(&mut query)?;
        self.page(&mut query)?;
        self.purpose()?;
        Ok(query)
    }

    /// The reduced query of a semi-join: one field, one object, WHERE. Anything else meets the right parenthesis
    /// the caller expects.
    pub(super) fn semi_join(&mut self) -> Result<Query, SoqlError> {
        self.expect_keyword("SELECT")?;
        let expression = Expression::Field(self.path()?);
        if self.symbol(",") {
            return Err(SoqlError::malformed(
                "semi join sub-selects can only select one field",
            ));
        }
        self.expect_keyword("FROM")?;
        let from = self.source()?;
        let filter = if self.keyword("WHERE") {
            Some(self.filter(0)?)
        } else {
            None
        };
        Ok(Query {
            select: vec![SelectItem::Value {
                expression,
                alias: None,
            }],
            from,
            joins: Vec::new(),
            scope: None,
            filter,
            group: None,
            having: None,
            order: Vec::new(),
            limit: None,
            offset: None,
        })
    }

    fn source(&mut self) -> Result<Source, SoqlError> {
        let path = self.path()?;
        let clause = CLAUSES.iter().any(|clause| self.at_keyword(clause));
        let alias = if self.peek().kind == Kind::Word && !clause {
            // `AS` may stand before an alias.
            self.keyword("AS");
            Some(self.name()?)
        } else {
            None
        };
        Ok(Source { path, alias })
    }

    /// The API always runs in user mode, so these words change nothing.
    fn with(&mut self) -> Result<(), SoqlError> {
        if !self.keyword("WITH") {
            return Ok(());
        }
        let modes = ["SECURITY_ENFORCED", "USER_MODE", "SYSTEM_MODE"];
        if modes.iter().any(|mode| self.keyword(mode)) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    fn group(&mut self, query: &mut Query) -> Result<(), SoqlError> {
        if !self.keyword("GROUP") {
            return Ok(());
        }
        self.expect_keyword("BY")?;
        let subtotals = [("ROLLUP", Subtotals::Rollup), ("CUBE", Subtotals::Cube)];
        let found = subtotals.into_iter().find(|(word, _)| self.keyword(word));
        let group = if let Some((_, subtotals)) = found {
            if !self.symbol("(") {
                return Err(self.unexpected());
            }
            let by = self.list(Parser::expression)?;
            self.expect(")")?;
            Group { subtotals, by }
        } else {
            Group {
                subtotals: Subtotals::None,
                by: self.list(Parser::expression)?,
            }
        };
        query.group = Some(group);
        if self.keyword("HAVING") {
            query.having = Some(self.filter(0)?);
        }
        Ok(())
    }

    fn page(&mut self, query: &mut Query) -> Result<(), SoqlError> {
        if self.keyword("ORDER") {
            self.expect_keyword("BY")?;
            query.order = self.list(Parser::order)?;
        }
        if self.keyword("LIMIT") {
            query.limit = Some(self.count()?);
        }
        if self.keyword("OFFSET") {
            query.offset = Some(self.count()?);
        }
        Ok(())
    }

    /// `FOR VIEW`, `FOR REFERENCE` and `FOR UPDATE` are taken and change nothing: nobody sees what was viewed last,
    /// and a request holds its locks for itself alone.
    fn purpose(&mut self) -> Result<(), SoqlError> {
        while self.keyword("FOR") {
            let purposes = ["VIEW", "REFERENCE", "UPDATE"];
            if !purposes.iter().any(|purpose| self.keyword(purpose)) {
                return Err(self.unexpected());
            }
        }
        if self.at_keyword("ALL") {
            return Err(SoqlError::malformed("ALL ROWS not allowed in this context"));
        }
        Ok(())
    }

    fn order(&mut self) -> Result<Order, SoqlError> {
        let by = self.expression()?;
        let descending = !self.keyword("ASC") && self.keyword("DESC");
        // Nulls come first in both directions unless told otherwise (documented).
        let mut nulls_last = false;
        if self.keyword("NULLS") {
            nulls_last = !self.keyword("FIRST");
            if nulls_last {
                self.expect_keyword("LAST")?;
            }
        }
        Ok(Order {
            by,
            descending,
            nulls_last,
        })
    }
}
