//! Conditions and the literals in them.

use super::super::ast::{Expression, Filter, Literal, Operator};
use super::super::dates::DateSpan;
use super::super::error::SoqlError;
use super::super::lexer::Kind;
use super::{MAX_NESTING_LEVELS, Parser};

impl Parser<'_> {
    /// Conditions joined by AND or by OR; both without parentheses are an error (documented).
    pub(super) fn filter(&mut self, level: usize) -> Result<Filter, SoqlError> {
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
        let left = self.expression()?;
        let negated = self.keyword("NOT");
        if self.keyword("IN") {
            return self.membership(left, negated);
        }
        if negated {
            return Err(self.unexpected());
        }
        let includes = self.keyword("INCLUDES");
        if includes || self.keyword("EXCLUDES") {
            return Ok(Filter::Includes {
                left,
                negated: !includes,
                values: self.literals()?,
            });
        }
        Ok(Filter::Compare {
            left,
            operator: self.operator()?,
            value: self.literal()?,
        })
    }

    /// What stands behind IN: values or a subquery.
    fn membership(&mut self, left: Expression, negated: bool) -> Result<Filter, SoqlError> {
        self.no_bind_variable()?;
        if !self.symbol("(") {
            return Err(self.unexpected());
        }
        if self.at_keyword("SELECT") {
            let query = Box::new(self.semi_join()?);
            self.expect(")")?;
            return Ok(Filter::InQuery {
                left,
                negated,
                query,
            });
        }
        let values = self.list(Parser::literal)?;
        self.expect(")")?;
        Ok(Filter::In {
            left,
            negated,
            values,
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
        if !self.symbol("(") {
            return Err(self.unexpected());
        }
        let literals = self.list(Parser::literal)?;
        self.expect(")")?;
        Ok(literals)
    }

    fn literal(&mut self) -> Result<Literal, SoqlError> {
        self.no_bind_variable()?;
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

    fn no_bind_variable(&mut self) -> Result<(), SoqlError> {
        if self.symbol(":") {
            return Err(SoqlError::malformed(
                "Bind variables only allowed in Apex code",
            ));
        }
        Ok(())
    }

    fn word_literal(&mut self) -> Result<Literal, SoqlError> {
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
        let unknown = || {
            self.next -= if n.is_some() { 3 } else { 1 };
            self.unexpected()
        };
        DateSpan::named(word, n)
            .map(Literal::Span)
            .ok_or_else(unknown)
    }
}
