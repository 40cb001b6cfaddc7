//! Bound conditions: what a WHERE clause tests, with its values typed like the fields they are compared with.
//!
//! Null follows the vendor: `= null` holds for a missing parent too, `!=` and NOT IN hold for nulls, `<`, `>` and
//! LIKE never do; logic has two values, so NOT turns false into true also where null was the reason.

use std::borrow::Cow;
use std::collections::HashSet;

use super::ast::{Expression, Filter, Literal, Operator};
use super::bind::{Binder, type_in_messages};
use super::dates::DateSpan;
use super::error::SoqlError;
use super::lexer::{Piece, pieces, unescape};
use super::term::{Term, Typed};
use crate::world::{FieldType, Key, Storage, Value, fold};

/// A condition over the values of subjects: terms of a row, or columns of a group.
#[derive(Debug, Clone)]
pub(crate) enum Condition<T> {
    And(Vec<Condition<T>>),
    Or(Vec<Condition<T>>),
    Not(Box<Condition<T>>),
    Test {
        subject: T,
        case_sensitive: bool,
        test: Test,
    },
}

impl<T> Condition<T> {
    /// Whether it holds for the values `value_of` gives.
    pub(crate) fn holds<'v>(&self, value_of: &impl Fn(&T) -> Cow<'v, Value>) -> bool {
        match self {
            Condition::And(all) => all.iter().all(|one| one.holds(value_of)),
            Condition::Or(any) => any.iter().any(|one| one.holds(value_of)),
            Condition::Not(inner) => !inner.holds(value_of),
            Condition::Test {
                subject,
                case_sensitive,
                test,
            } => test.holds(&value_of(subject), *case_sensitive),
        }
    }
}

/// What a field's value is held against.
#[derive(Debug, Clone)]
pub(crate) enum Test {
    Equal(Key),
    NotEqual(Key),
    Less(Key),
    LessOrEqual(Key),
    Greater(Key),
    GreaterOrEqual(Key),
    /// From the first, before the second.
    Within(Key, Key),
    Outside(Key, Key),
    Like(Vec<Wild>),
    In(HashSet<Key>),
    NotIn(HashSet<Key>),
    /// One of the groups is wholly among the values.
    Includes(Vec<Vec<String>>),
    Excludes(Vec<Vec<String>>),
}

/// A piece of a LIKE pattern, case folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wild {
    Char(char),
    /// `_`
    One,
    /// `%`
    Any,
}

/// Binds the left side of a comparison.
pub(crate) type Subject<'s, 'a, T> =
    dyn FnMut(&Expression) -> Result<(T, Typed<'a>), SoqlError> + 's;

/// The left side of a comparison: where it stands and what it gives.
#[derive(Clone, Copy)]
struct Left<'a> {
    at: usize,
    typed: Typed<'a>,
}

impl<'a> Binder<'a> {
    /// Binds a condition over the fields of rows, as WHERE has it.
    pub(crate) fn filter(&self, filter: &Filter) -> Result<Condition<Term>, SoqlError> {
        self.condition(filter, &mut |expression| {
            let term = self.term(expression)?;
            let typed = term.typed(self.world);
            let field = typed.field;
            if !field.filterable() || field.storage == Storage::Compound {
                let sentence =
                    format!("field '{}' can not be filtered in a query call", field.name);
                return Err(self.refused(expression.at(), "INVALID_FIELD", &sentence));
            }
            Ok((term, typed))
        })
    }

    /// Binds a condition whose left sides `subject` understands.
    pub(crate) fn condition<T>(
        &self,
        filter: &Filter,
        subject: &mut Subject<'_, 'a, T>,
    ) -> Result<Condition<T>, SoqlError> {
        let mut all = |filters: &[Filter]| {
            let bound = filters.iter().map(|filter| self.condition(filter, subject));
            bound.collect::<Result<Vec<_>, _>>()
        };
        let (left, test): (_, &dyn Fn(Left<'a>) -> Result<Test, SoqlError>) = match filter {
            Filter::And(filters) => return Ok(Condition::And(all(filters)?)),
            Filter::Or(filters) => return Ok(Condition::Or(all(filters)?)),
            Filter::Not(inner) => {
                return Ok(Condition::Not(Box::new(self.condition(inner, subject)?)));
            }
            Filter::Compare {
                left,
                operator,
                value,
            } => (left, &|left| self.compare(left, *operator, value)),
            Filter::In {
                left,
                negated,
                values,
            } => (left, &|left| {
                let keys = values.iter().map(|value| self.key(left, value));
                Ok(member(keys.collect::<Result<_, _>>()?, *negated))
            }),
            Filter::InQuery {
                left,
                negated,
                query,
            } => (left, &|_| {
                Ok(member(self.semi_join(left, query)?, *negated))
            }),
            Filter::Includes {
                left,
                negated,
                values,
            } => (left, &|left| self.includes(left, *negated, values)),
        };
        let (subject, typed) = subject(left)?;
        Ok(Condition::Test {
            test: test(Left {
                at: left.at(),
                typed,
            })?,
            case_sensitive: typed.case_sensitive(),
            subject,
        })
    }

    fn includes(
        &self,
        left: Left<'_>,
        negated: bool,
        values: &[Literal],
    ) -> Result<Test, SoqlError> {
        if left.typed.field_type != FieldType::MultiPicklist {
            return Err(self.wrong_operator(left));
        }
        let groups = values.iter().map(|value| self.group(left, value));
        let groups = groups.collect::<Result<_, _>>()?;
        Ok(if negated {
            Test::Excludes(groups)
        } else {
            Test::Includes(groups)
        })
    }

    fn compare(
        &self,
        left: Left<'_>,
        operator: Operator,
        value: &Literal,
    ) -> Result<Test, SoqlError> {
        let ordered = !matches!(operator, Operator::Equal | Operator::NotEqual);
        let unordered = [FieldType::Boolean, FieldType::MultiPicklist];
        if ordered && unordered.contains(&left.typed.field_type) {
            return Err(self.wrong_operator(left));
        }
        match (operator, value) {
            (Operator::Like, value) => self.like(left, value),
            (operator, Literal::Span(span)) => self.span(left, operator, *span),
            (operator, value) => {
                let key = self.key(left, value)?;
                Ok(match operator {
                    Operator::Equal | Operator::Like => Test::Equal(key),
                    Operator::NotEqual => Test::NotEqual(key),
                    Operator::Less => Test::Less(key),
                    Operator::LessOrEqual => Test::LessOrEqual(key),
                    Operator::Greater => Test::Greater(key),
                    Operator::GreaterOrEqual => Test::GreaterOrEqual(key),
                })
            }
        }
    }

    fn like(&self, left: Left<'_>, value: &Literal) -> Result<Test, SoqlError> {
        if type_in_messages(left.typed.field_type) != "string" || left.is_id() {
            return Err(self.wrong_operator(left));
        }
        let Literal::Text(raw) = value else {
            return Err(self.wrong_type(left));
        };
        let wild = |piece| match piece {
            Piece::Plain('%') => vec![Wild::Any],
            Piece::Plain('_') => vec![Wild::One],
            Piece::Plain(c) | Piece::Escaped(c) => c.to_lowercase().map(Wild::Char).collect(),
        };
        Ok(Test::Like(
            pieces(raw)
                .unwrap_or_default()
                .into_iter()
                .flat_map(wild)
                .collect(),
        ))
    }

    /// A span of days in the user's time zone: inside for `=`, before or after for the orders.
    fn span(&self, left: Left<'_>, operator: Operator, span: DateSpan) -> Result<Test, SoqlError> {
        let calendar = self.world.calendar(self.world.zone_of(self.actor));
        let today = calendar.zone().to_datetime(self.world.now()).date();
        let beyond = || {
            let sentence = "the date literal lies beyond the end of time";
            self.refused(left.at, "INVALID_FIELD", sentence)
        };
        let (start, end) = span.days(today, &calendar).ok_or_else(beyond)?;
        // A date function gives days and numbers, but no date literal fits it (documented).
        let plain = left.typed.field.field_type;
        let key = |day: jiff::civil::Date| match left.typed.field_type {
            FieldType::Date if plain == FieldType::Date => Ok(Key::Date(day)),
            FieldType::DateTime => {
                let midnight = calendar.zone().to_timestamp(day.into());
                midnight.map(Key::DateTime).map_err(|_| beyond())
            }
            _ => Err(self.wrong_type(left)),
        };
        let (start, end) = (key(start)?, key(end)?);
        Ok(match operator {
            Operator::Equal | Operator::Like => Test::Within(start, end),
            Operator::NotEqual => Test::Outside(start, end),
            Operator::Less => Test::Less(start),
            Operator::LessOrEqual => Test::Less(end),
            Operator::Greater => Test::GreaterOrEqual(end),
            Operator::GreaterOrEqual => Test::GreaterOrEqual(start),
        })
    }

    /// A literal as a value of the left side's type.
    fn key(&self, left: Left<'_>, literal: &Literal) -> Result<Key, SoqlError> {
        let value = match (left.typed.field_type, literal) {
            // A checkbox is never null; the vendor lets null stand for false.
            (FieldType::Boolean, Literal::Null) => Value::Bool(false),
            (_, Literal::Null) => Value::Null,
            (FieldType::Boolean, Literal::Bool(flag)) => Value::Bool(*flag),
            (FieldType::Date, Literal::Date(date)) => Value::Date(*date),
            (FieldType::DateTime, Literal::DateTime(at)) => Value::DateTime(*at),
            (number, Literal::Number(value)) if number.is_number() => Value::Number(*value),
            (_, Literal::Text(raw)) if left.is_id() => return self.id_key(left, raw),
            (other, Literal::Text(raw)) if type_in_messages(other) == "string" => {
                Value::text(&unescape(raw))
            }
            _ => return Err(self.wrong_type(left)),
        };
        Ok(Key::of(&value, left.typed.case_sensitive()))
    }

    fn id_key(&self, left: Left<'_>, raw: &str) -> Result<Key, SoqlError> {
        let text = unescape(raw);
        if text.is_empty() {
            return Ok(Key::Null);
        }
        let invalid = |_| {
            let sentence = format!("invalid ID field: {text}");
            self.refused(left.at, "INVALID_QUERY_FILTER_OPERATOR", &sentence)
        };
        text.parse().map(Key::Id).map_err(invalid)
    }

    fn group(&self, left: Left<'_>, value: &Literal) -> Result<Vec<String>, SoqlError> {
        let Literal::Text(raw) = value else {
            return Err(self.wrong_type(left));
        };
        Ok(unescape(raw)
            .split(';')
            .map(|part| fold(part).into())
            .collect())
    }

    fn wrong_operator(&self, left: Left<'_>) -> SoqlError {
        self.refused(left.at, "INVALID_QUERY_FILTER_OPERATOR", "invalid operator")
    }

    fn wrong_type(&self, left: Left<'_>) -> SoqlError {
        let wanted = type_in_messages(left.typed.field_type);
        let quotes = if wanted == "string" {
            "should be"
        } else {
            "should not be"
        };
        let sentence = format!(
            "value of filter criterion for field '{}' must be of type {wanted} and {quotes} enclosed in quotes",
            left.typed.field.name
        );
        self.refused(left.at, "INVALID_FIELD", &sentence)
    }
}

impl Left<'_> {
    fn is_id(&self) -> bool {
        let ids = [FieldType::Id, FieldType::Reference];
        ids.contains(&self.typed.field_type)
    }
}

fn member(keys: HashSet<Key>, negated: bool) -> Test {
    if negated {
        Test::NotIn(keys)
    } else {
        Test::In(keys)
    }
}

impl Test {
    /// The values it takes, sorted, when it takes some values only and null is not among them.
    pub(crate) fn exact_keys(&self) -> Option<Vec<Key>> {
        let mut keys: Vec<Key> = match self {
            Test::Equal(key) => vec![key.clone()],
            Test::In(keys) => keys.iter().cloned().collect(),
            _ => return None,
        };
        keys.sort();
        (!keys.contains(&Key::Null)).then_some(keys)
    }

    pub(crate) fn holds(&self, value: &Value, case_sensitive: bool) -> bool {
        let key = || Key::of(value, case_sensitive);
        let filled = !value.is_null();
        match self {
            Test::Equal(wanted) => key() == *wanted,
            Test::NotEqual(wanted) => key() != *wanted,
            Test::Less(limit) => filled && !limit.is_null() && key() < *limit,
            Test::LessOrEqual(limit) => filled && !limit.is_null() && key() <= *limit,
            Test::Greater(limit) => filled && !limit.is_null() && key() > *limit,
            Test::GreaterOrEqual(limit) => filled && !limit.is_null() && key() >= *limit,
            Test::Within(start, end) => filled && (start..end).contains(&&key()),
            Test::Outside(start, end) => !filled || !(start..end).contains(&&key()),
            Test::Like(pattern) => value.as_text().is_some_and(|text| matches(pattern, text)),
            Test::In(keys) => keys.contains(&key()),
            Test::NotIn(keys) => !keys.contains(&key()),
            Test::Includes(groups) => includes(groups, value),
            Test::Excludes(groups) => !includes(groups, value),
        }
    }
}

fn includes(groups: &[Vec<String>], value: &Value) -> bool {
    let folded = value.as_text().map(fold).unwrap_or_default();
    let chosen: Vec<&str> = folded.split(';').filter(|part| !part.is_empty()).collect();
    groups
        .iter()
        .any(|group| group.iter().all(|part| chosen.contains(&part.as_str())))
}

/// Matches with backtracking to the last `%` only, so the time is at most pattern × text.
fn matches(pattern: &[Wild], text: &str) -> bool {
    let text: Vec<char> = text.chars().flat_map(char::to_lowercase).collect();
    let (mut at, mut next) = (0, 0);
    let mut retry = None;
    while at < text.len() {
        match pattern.get(next) {
            Some(Wild::Any) => {
                retry = Some((next + 1, at));
                next += 1;
            }
            Some(Wild::One) => (at, next) = (at + 1, next + 1),
            Some(Wild::Char(c)) if *c == text[at] => (at, next) = (at + 1, next + 1),
            _ => {
                let Some((after, start)) = retry else {
                    return false;
                };
                retry = Some((after, start + 1));
                (at, next) = (start + 1, after);
            }
        }
    }
    pattern[next..].iter().all(|piece| *piece == Wild::Any)
}
