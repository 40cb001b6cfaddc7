//! Formulas: a small expression language, evaluated when a value is read.
//!
//! `concat := sum {"&" sum}`, `sum := product {("+"|"-") product}`, `product := atom {("*"|"/") atom}`,
//! `atom := number | 'text' | "text" | Path.To.Field | "(" concat ")"`, e.g. `Account.Name & ' / ' & Title`.
//! Null counts as zero in arithmetic and as nothing in text. What cannot be computed (division by zero, text where a
//! number is needed, overflow) is null. A formula cannot use another formula, so its cost is bounded by its length.

use rust_decimal::{Decimal, RoundingStrategy};

use super::roll_up::RollUp;
use super::row::Row;
use super::schema::{FieldDef, ObjectNo};
use super::value::datetime_text;
use super::{Actor, Returns, SetupError, Value, World};
use crate::soql::bind::{Binder, BoundPath};
use crate::soql::lexer::{Kind, unescape};
use crate::soql::parser::Parser;

/// Longest formula in characters (documented).
const MAX_FORMULA_CHARS: usize = 3_900;
/// Longest text result in characters (documented).
pub(crate) const MAX_RESULT_CHARS: u32 = 1_300;
const MAX_NESTING_LEVELS: usize = 50;
const SCALE_DIGITS: u32 = 2;

/// A parsed formula over the fields of one object.
#[derive(Debug)]
pub(crate) struct Formula {
    expression: Expression,
    returns: Returns,
}

#[derive(Debug)]
enum Expression {
    Literal(Value),
    Field(BoundPath),
    Binary(char, Box<Expression>, Box<Expression>),
    RollUp(RollUp),
}

impl Formula {
    /// A roll-up summary, which is computed when read like any formula.
    pub(crate) fn rolling_up(roll_up: RollUp) -> Formula {
        Formula {
            expression: Expression::RollUp(roll_up),
            returns: Returns::Number,
        }
    }

    pub(crate) fn parse(
        world: &World,
        object: ObjectNo,
        text: &str,
        returns: Returns,
    ) -> Result<Formula, SetupError> {
        if text.chars().count() > MAX_FORMULA_CHARS {
            return Err(SetupError(format!(
                "a formula has at most {MAX_FORMULA_CHARS} characters"
            )));
        }
        let actor = Actor::system(world.admin_id);
        let binder = Binder::new(world, &actor, text, object);
        let refused =
            |error: crate::soql::SoqlError| SetupError(format!("formula '{text}': {error}"));
        let mut reader = Reader {
            parser: Parser::new(text).map_err(refused)?,
            binder,
        };
        let expression = reader
            .operators(&[&["&"], &["+", "-"], &["*", "/"]], 0)
            .map_err(refused)?;
        reader.parser.end().map_err(refused)?;
        Ok(Formula {
            expression,
            returns,
        })
    }

    /// The value for a row.
    pub(crate) fn value(&self, world: &World, object: ObjectNo, row: &Row) -> Value {
        if let Expression::RollUp(roll_up) = &self.expression {
            return roll_up.value(world, row);
        }
        let Some(result) = self.expression.value(world, object, row) else {
            return Value::Null;
        };
        match self.returns {
            Returns::Text => Value::text(
                &text_of(&result)
                    .chars()
                    .take(MAX_RESULT_CHARS as usize)
                    .collect::<String>(),
            ),
            Returns::Number => match number_of(&result) {
                Some(number) => {
                    let rounded = number.round_dp_with_strategy(
                        SCALE_DIGITS,
                        RoundingStrategy::MidpointAwayFromZero,
                    );
                    Value::Number(rounded.normalize())
                }
                None => Value::Null,
            },
        }
    }
}

struct Reader<'a> {
    parser: Parser<'a>,
    binder: Binder<'a>,
}

impl Reader<'_> {
    /// Operands joined by the operators of the first tier; the operands are made with the other tiers.
    fn operators(
        &mut self,
        tiers: &[&[&str]],
        level: usize,
    ) -> Result<Expression, crate::soql::SoqlError> {
        let Some((own, tighter)) = tiers.split_first() else {
            return self.atom(level);
        };
        let mut left = self.operators(tighter, level)?;
        while let Some(symbol) = own.iter().find(|symbol| self.parser.symbol(symbol)) {
            let operator = symbol.chars().next().unwrap_or('&');
            let right = self.operators(tighter, level)?;
            left = Expression::Binary(operator, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn atom(&mut self, level: usize) -> Result<Expression, crate::soql::SoqlError> {
        if self.parser.symbol("(") {
            if level >= MAX_NESTING_LEVELS {
                return Err(self.parser.unexpected());
            }
            let inner = self.operators(&[&["&"], &["+", "-"], &["*", "/"]], level + 1)?;
            self.parser.expect(")")?;
            return Ok(inner);
        }
        let token = self.parser.peek().clone();
        match token.kind {
            Kind::Number(number) => {
                self.parser.advance();
                Ok(Expression::Literal(Value::Number(number)))
            }
            Kind::Text(raw) => {
                self.parser.advance();
                Ok(Expression::Literal(Value::text(&unescape(raw))))
            }
            Kind::Word => self.field(),
            _ => Err(self.parser.unexpected()),
        }
    }

    fn field(&mut self) -> Result<Expression, crate::soql::SoqlError> {
        let path = self.parser.path()?;
        let bound = self.binder.path(&path)?;
        if is_formula(self.binder.field(&bound)) {
            return Err(crate::soql::SoqlError::malformed(
                "a formula cannot use another formula",
            ));
        }
        Ok(Expression::Field(bound))
    }
}

fn is_formula(field: &FieldDef) -> bool {
    field.calculated
}

impl Expression {
    /// None when it cannot be computed.
    fn value(&self, world: &World, object: ObjectNo, row: &Row) -> Option<Value> {
        match self {
            Expression::Literal(value) => Some(value.clone()),
            Expression::RollUp(roll_up) => Some(roll_up.value(world, row)),
            Expression::Field(path) => Some(world.value_at(object, row, path).into_owned()),
            Expression::Binary(operator, left, right) => {
                let (left, right) = (
                    left.value(world, object, row)?,
                    right.value(world, object, row)?,
                );
                apply(*operator, &left, &right)
            }
        }
    }
}

fn apply(operator: char, left: &Value, right: &Value) -> Option<Value> {
    if operator == '&' {
        return Some(Value::text(&format!("{}{}", text_of(left), text_of(right))));
    }
    let (left, right) = (number_of(left)?, number_of(right)?);
    let result = match operator {
        '+' => left.checked_add(right),
        '-' => left.checked_sub(right),
        '*' => left.checked_mul(right),
        _ => left.checked_div(right),
    };
    result.map(Value::Number)
}

fn number_of(value: &Value) -> Option<Decimal> {
    if value.is_null() {
        Some(Decimal::ZERO)
    } else {
        value.as_number()
    }
}

fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(flag) => flag.to_string(),
        Value::Text(text) => text.to_string(),
        Value::Number(number) => number.normalize().to_string(),
        Value::Date(date) => date.to_string(),
        Value::DateTime(at) => datetime_text(*at),
        Value::Id(id) => id.to_string(),
    }
}
