//! The select list: fields, functions, FIELDS(), child subqueries, TYPEOF.

use super::super::ast::{Expression, FieldGroup, Name, Path, SelectItem, TypeOf};
use super::super::error::SoqlError;
use super::super::lexer::Kind;
use super::{MAX_SUBQUERY_LEVELS, Parser};

/// Deepest nesting of functions: `FORMAT(MAX(convertCurrency(Amount)))`.
const MAX_FUNCTION_LEVELS: usize = 3;

impl Parser<'_> {
    pub(super) fn select_item(&mut self, level: usize) -> Result<SelectItem, SoqlError> {
        if self.symbol("(") {
            return self.children(level);
        }
        if self.keyword("TYPEOF") {
            return self.type_of().map(SelectItem::TypeOf);
        }
        let path = self.path()?;
        let function = path.parts.len() == 1 && self.symbol("(");
        let expression = match path.parts.first() {
            Some(name) if function && is(name, "COUNT") && self.symbol(")") => {
                return Ok(SelectItem::CountRows);
            }
            Some(name) if function && is(name, "FIELDS") => {
                let group = self.field_group()?;
                self.expect(")")?;
                return Ok(SelectItem::Fields(group));
            }
            Some(name) if function => self.call(name.clone(), 1)?,
            _ => Expression::Field(path),
        };
        Ok(SelectItem::Value {
            expression,
            alias: self.alias()?,
        })
    }

    /// A word behind a value is an alias, unless nothing goes on behind it: then it is a word too many.
    fn alias(&mut self) -> Result<Option<Name>, SoqlError> {
        if self.peek().kind != Kind::Word || self.at_keyword("FROM") {
            return Ok(None);
        }
        let refusal = self.unexpected();
        let alias = self.name()?;
        let goes_on = self.at_keyword("FROM") || self.peek().text == ",";
        if goes_on {
            Ok(Some(alias))
        } else {
            Err(refusal)
        }
    }

    /// A field or a function over one.
    pub(super) fn expression(&mut self) -> Result<Expression, SoqlError> {
        self.nested_expression(0)
    }

    fn nested_expression(&mut self, level: usize) -> Result<Expression, SoqlError> {
        let path = self.path()?;
        match path.parts.first() {
            Some(name) if path.parts.len() == 1 && self.symbol("(") => {
                self.call(name.clone(), level + 1)
            }
            _ => Ok(Expression::Field(path)),
        }
    }

    /// A function behind its left parenthesis.
    fn call(&mut self, function: Name, level: usize) -> Result<Expression, SoqlError> {
        if level > MAX_FUNCTION_LEVELS {
            return Err(self.unexpected());
        }
        let argument = Box::new(self.nested_expression(level)?);
        self.expect(")")?;
        Ok(Expression::Call { function, argument })
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

    fn children(&mut self, level: usize) -> Result<SelectItem, SoqlError> {
        if level >= MAX_SUBQUERY_LEVELS {
            return Err(SoqlError::malformed(format!(
                "SOQL statements cannot query aggregate relationships more than {MAX_SUBQUERY_LEVELS} level away from \
                 the root entity object."
            )));
        }
        let query = self.query(level + 1)?;
        self.expect(")")?;
        Ok(SelectItem::Children(Box::new(query)))
    }

    fn type_of(&mut self) -> Result<TypeOf, SoqlError> {
        let reference = self.name()?;
        let mut branches = Vec::new();
        while self.keyword("WHEN") {
            let object = self.name()?;
            self.expect_keyword("THEN")?;
            branches.push((object, self.branch()?));
        }
        if branches.is_empty() {
            return Err(self.unexpected());
        }
        let otherwise = if self.keyword("ELSE") {
            self.branch()?
        } else {
            Vec::new()
        };
        self.expect_keyword("END")?;
        Ok(TypeOf {
            reference,
            branches,
            otherwise,
        })
    }

    /// Fields only: functions are not allowed here (documented).
    fn branch(&mut self) -> Result<Vec<Path>, SoqlError> {
        self.list(Parser::path)
    }
}

fn is(name: &Name, word: &str) -> bool {
    name.text.eq_ignore_ascii_case(word)
}
