//! Bound conditions: what a WHERE clause tests, with its values typed like the fields they are compared with.
//!
//! Null follows the vendor: `= null` holds for a missing parent too, `!=` and NOT IN hold for nulls, `<`, `>` and
//! LIKE never do; logic has two values, so NOT turns false into true also where null was the reason.

use std::collections::HashSet;

use jiff::tz::TimeZone;

use super::ast::{Filter, Literal, Operator, Path};
use super::bind::{Binder, BoundPath, type_in_messages};
use super::dates::DateSpan;
use super::error::SoqlError;
use super::lexer::{Piece, pieces, unescape};
use crate::world::{FieldDef, FieldType, Key, Storage, Value, fold};

/// A condition over a row.
#[derive(Debug, Clone)]
pub(crate) enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Test {
        path: BoundPath,
        case_sensitive: bool,
        test: Test,
    },
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

impl Binder<'_> {
    pub(crate) fn filter(&self, filter: &Filter) -> Result<Condition, SoqlError> {
        let all = |filters: &[Filter]| {
            filters
                .iter()
                .map(|filter| self.filter(filter))
                .collect::<Result<Vec<_>, _>>()
        };
        match filter {
            Filter::And(filters) => Ok(Condition::And(all(filters)?)),
            Filter::Or(filters) => Ok(Condition::Or(all(filters)?)),
            Filter::Not(inner) => Ok(Condition::Not(Box::new(self.filter(inner)?))),
            Filter::Compare {
                path,
                operator,
                value,
            } => self.test(path, |field| self.compare(path, field, *operator, value)),
            Filter::In {
                path,
                negated,
                values,
            } => self.test(path, |field| {
                let keys = values
                    .iter()
                    .map(|value| self.key(path, field, value))
                    .collect::<Result<_, _>>()?;
                Ok(if *negated {
                    Test::NotIn(keys)
                } else {
                    Test::In(keys)
                })
            }),
            Filter::Includes {
                path,
                negated,
                values,
            } => self.test(path, |field| {
                if field.field_type != FieldType::MultiPicklist {
                    return Err(self.refused(
                        path,
                        "INVALID_QUERY_FILTER_OPERATOR",
                        "invalid operator",
                    ));
                }
                let groups = values
                    .iter()
                    .map(|value| self.group(path, field, value))
                    .collect::<Result<_, _>>()?;
                Ok(if *negated {
                    Test::Excludes(groups)
                } else {
                    Test::Includes(groups)
                })
            }),
        }
    }

    fn test(
        &self,
        path: &Path,
        test: impl FnOnce(&FieldDef) -> Result<Test, SoqlError>,
    ) -> Result<Condition, SoqlError> {
        let bound = self.path(path)?;
        let field = self.field(&bound);
        if !field.filterable() || field.storage == Storage::Compound {
            let sentence = format!("field '{}' can not be filtered in a query call", field.name);
            return Err(self.refused(path, "INVALID_FIELD", &sentence));
        }
        Ok(Condition::Test {
            test: test(field)?,
            case_sensitive: field.case_sensitive,
            path: bound,
        })
    }

    fn compare(
        &self,
        path: &Path,
        field: &FieldDef,
        operator: Operator,
        value: &Literal,
    ) -> Result<Test, SoqlError> {
        let ordered = !matches!(operator, Operator::Equal | Operator::NotEqual);
        let unordered = matches!(
            field.field_type,
            FieldType::Boolean | FieldType::MultiPicklist
        );
        if ordered && unordered {
            return Err(self.refused(path, "INVALID_QUERY_FILTER_OPERATOR", "invalid operator"));
        }
        match (operator, value) {
            (Operator::Like, value) => self.like(path, field, value),
            (operator, Literal::Span(span)) => self.span(path, field, operator, *span),
            (operator, value) => {
                let key = self.key(path, field, value)?;
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

    fn like(&self, path: &Path, field: &FieldDef, value: &Literal) -> Result<Test, SoqlError> {
        if type_in_messages(field.field_type) != "string" || is_id(field) {
            return Err(self.refused(path, "INVALID_QUERY_FILTER_OPERATOR", "invalid operator"));
        }
        let Literal::Text(raw) = value else {
            return Err(self.wrong_type(path, field));
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

    /// A span of days: inside for `=`, before or after for the orders.
    fn span(
        &self,
        path: &Path,
        field: &FieldDef,
        operator: Operator,
        span: DateSpan,
    ) -> Result<Test, SoqlError> {
        let today = TimeZone::UTC.to_datetime(self.world.now()).date();
        let beyond = || {
            self.refused(
                path,
                "INVALID_FIELD",
                "the date literal lies beyond the end of time",
            )
        };
        let (start, end) = span.days(today).ok_or_else(beyond)?;
        let key = |day: jiff::civil::Date| match field.field_type {
            FieldType::Date => Ok(Key::Date(day)),
            FieldType::DateTime => TimeZone::UTC
                .to_timestamp(day.into())
                .map(Key::DateTime)
                .map_err(|_| beyond()),
            _ => Err(self.wrong_type(path, field)),
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

    /// A literal as a value of the field's type.
    fn key(&self, path: &Path, field: &FieldDef, literal: &Literal) -> Result<Key, SoqlError> {
        let value = match (field.field_type, literal) {
            // A checkbox is never null; the vendor lets null stand for false.
            (FieldType::Boolean, Literal::Null) => Value::Bool(false),
            (_, Literal::Null) => Value::Null,
            (FieldType::Boolean, Literal::Bool(flag)) => Value::Bool(*flag),
            (FieldType::Date, Literal::Date(date)) => Value::Date(*date),
            (FieldType::DateTime, Literal::DateTime(at)) => Value::DateTime(*at),
            (number, Literal::Number(value)) if number.is_number() => Value::Number(*value),
            (_, Literal::Text(raw)) if is_id(field) => return self.id_key(path, raw),
            (other, Literal::Text(raw)) if type_in_messages(other) == "string" => {
                Value::text(&unescape(raw))
            }
            _ => return Err(self.wrong_type(path, field)),
        };
        Ok(Key::of(&value, field.case_sensitive))
    }

    fn id_key(&self, path: &Path, raw: &str) -> Result<Key, SoqlError> {
        let text = unescape(raw);
        if text.is_empty() {
            return Ok(Key::Null);
        }
        let invalid = || {
            self.refused(
                path,
                "INVALID_QUERY_FILTER_OPERATOR",
                &format!("invalid ID field: {text}"),
            )
        };
        text.parse().map(Key::Id).map_err(|_| invalid())
    }

    fn group(
        &self,
        path: &Path,
        field: &FieldDef,
        value: &Literal,
    ) -> Result<Vec<String>, SoqlError> {
        let Literal::Text(raw) = value else {
            return Err(self.wrong_type(path, field));
        };
        Ok(unescape(raw)
            .split(';')
            .map(|part| fold(part).into())
            .collect())
    }

    fn wrong_type(&self, path: &Path, field: &FieldDef) -> SoqlError {
        let wanted = type_in_messages(field.field_type);
        let quotes = if wanted == "string" {
            "should be"
        } else {
            "should not be"
        };
        let sentence = format!(
            "value of filter criterion for field '{}' must be of type {wanted} and {quotes} enclosed in quotes",
            field.name
        );
        self.refused(path, "INVALID_FIELD", &sentence)
    }

    fn refused(&self, path: &Path, error_code: &'static str, sentence: &str) -> SoqlError {
        SoqlError::at(self.text, path.at(), error_code, sentence)
    }
}

fn is_id(field: &FieldDef) -> bool {
    matches!(field.field_type, FieldType::Id | FieldType::Reference)
}

impl Test {
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
