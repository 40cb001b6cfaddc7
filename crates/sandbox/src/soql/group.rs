//! Queries that show groups instead of rows: aggregates, GROUP BY with its subtotals, HAVING.
//!
//! The one idea: a group is a row of values, first those it is grouped by, then those measured over its rows. The
//! select list, HAVING and ORDER BY name columns of that row. A query with aggregates and no GROUP BY has one group
//! with nothing to group by, which is there even when there are no rows.
//!
//! Without ORDER BY groups come by their values, subtotals behind what they sum up (as the vendor's examples show).

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::aggregate::{Aggregate, Tally, aggregate_of};
use super::ast::{Expression, Group, Query, SelectItem, Subtotals};
use super::bind::Binder;
use super::condition::Condition;
use super::error::SoqlError;
use super::order::{Sort, compare_keys};
use super::semi_join;
use super::term::{Function, Term, Typed};
use crate::world::{FieldType, Key, ObjectNo, Row, Value, World};

/// Most fields in ROLLUP or CUBE (documented).
const MAX_SUBTOTAL_FIELDS: usize = 3;
/// Most groups of an answer, since groups have no pages (documented).
pub(crate) const MAX_GROUPS: usize = 2_000;

/// A bound query over groups.
#[derive(Debug, Clone)]
pub(crate) struct Groups {
    by: Vec<Term>,
    /// Which of the `by` are left out, per kind of subtotal; the first leaves out none.
    subtotals: Vec<Vec<bool>>,
    measures: Vec<Measure>,
    shown: Vec<Shown>,
    having: Option<Condition<usize>>,
    order: Vec<Sort<usize>>,
}

#[derive(Debug, Clone, PartialEq)]
enum Measure {
    Aggregate(Aggregate, Term),
    /// `GROUPING(…)`: whether the group is a subtotal over this one of the `by`.
    Grouping(usize),
}

/// One column of the answer.
#[derive(Debug, Clone)]
struct Shown {
    key: String,
    /// The key is of the query's choice.
    aliased: bool,
    column: usize,
    /// `toLabel(…)` or `FORMAT(…)` around it.
    function: Option<Function>,
}

/// What a column of the answer is.
pub(crate) struct GroupColumn<'a> {
    pub(crate) key: &'a str,
    pub(crate) typed: Typed<'a>,
    /// It is computed, not one of the fields grouped by.
    pub(crate) aggregate: bool,
    /// What people read above it: its alias, or how it is computed.
    pub(crate) display: String,
}

/// The finished rows.
#[derive(Debug)]
pub(crate) struct GroupRows {
    /// What the columns are called, and the types of their values.
    pub(crate) columns: Vec<(String, FieldType)>,
    pub(crate) rows: Vec<Vec<Value>>,
}

impl Groups {
    /// Binds the parts of a query that concern its groups.
    pub(crate) fn bind(binder: &Binder<'_>, query: &Query) -> Result<Groups, SoqlError> {
        let none = Group {
            subtotals: Subtotals::None,
            by: Vec::new(),
        };
        let group = query.group.as_ref().unwrap_or(&none);
        if query.group.is_none() && query.limit.is_some() {
            return Err(SoqlError::malformed(
                "Non-grouped query that uses overall aggregate functions cannot also use LIMIT",
            ));
        }
        let mut groups = Groups {
            by: grouped_by(binder, group)?,
            subtotals: subtotals(group)?,
            measures: Vec::new(),
            shown: Vec::new(),
            having: None,
            order: Vec::new(),
        };
        for item in &query.select {
            groups.show(binder, item)?;
        }
        if let Some(having) = &query.having {
            semi_join::check_none(having)?;
            let condition = binder.condition(having, &mut |expression| {
                let column = groups.column(binder, expression, "Field")?;
                Ok((column, groups.typed(binder.world, column)))
            })?;
            groups.having = Some(condition);
        }
        for order in &query.order {
            let by = groups.column(binder, &order.by, "Ordered field")?;
            groups.order.push(Sort {
                by,
                descending: order.descending,
                nulls_last: order.nulls_last,
            });
        }
        Ok(groups)
    }

    fn show(&mut self, binder: &Binder<'_>, item: &SelectItem) -> Result<(), SoqlError> {
        let (expression, alias) = match item {
            SelectItem::Value { expression, alias } => (expression, alias),
            SelectItem::CountRows => {
                return Err(SoqlError::malformed(
                    "COUNT() must be the only element in the SELECT list",
                ));
            }
            SelectItem::Fields(_) => {
                return Err(SoqlError::malformed(
                    "Field must be grouped or aggregated: Id",
                ));
            }
            SelectItem::Children(_) | SelectItem::TypeOf(_) => {
                return Err(SoqlError::malformed(
                    "child queries and TYPEOF cannot be used with aggregates or GROUP BY",
                ));
            }
        };
        let (inner, function) = self.unwrapped(binder, expression)?;
        let column = self.column(binder, inner, "Field")?;
        let plain = matches!(expression, Expression::Field(_));
        let unnamed = || {
            let numbered = self
                .shown
                .iter()
                .filter(|shown| shown.key.starts_with("expr"));
            format!("expr{}", numbered.count())
        };
        let key = match alias {
            Some(alias) => alias.text.clone(),
            None if plain => self.typed(binder.world, column).field.name.clone(),
            None => unnamed(),
        };
        if self
            .shown
            .iter()
            .any(|shown| shown.key.eq_ignore_ascii_case(&key))
        {
            return Err(SoqlError::malformed(format!("duplicate alias: {key}")));
        }
        self.shown.push(Shown {
            key,
            aliased: alias.is_some(),
            column,
            function,
        });
        Ok(())
    }

    /// A column without the function that only changes how it is shown.
    fn unwrapped<'e>(
        &self,
        binder: &Binder<'_>,
        expression: &'e Expression,
    ) -> Result<(&'e Expression, Option<Function>), SoqlError> {
        let Expression::Call { function, argument } = expression else {
            return Ok((expression, None));
        };
        let is = |name: &str| function.text.eq_ignore_ascii_case(name);
        if is("FORMAT") && aggregate_of(argument).is_some() {
            let zone = binder.world.zone_of(binder.actor);
            return Ok((argument, Some(Function::Format(zone))));
        }
        if is("toLabel") && !self.by.contains(&binder.term(expression)?) {
            return Ok((argument, Some(Function::Label)));
        }
        Ok((expression, None))
    }

    /// The column of an expression: one of the `by`, or a measure, which is added when it is new. `what` starts the
    /// sentence about an expression that is neither.
    fn column(
        &mut self,
        binder: &Binder<'_>,
        expression: &Expression,
        what: &str,
    ) -> Result<usize, SoqlError> {
        let measure = if let Some((aggregate, argument)) = aggregate_of(expression) {
            Measure::Aggregate(aggregate, binder.aggregated(aggregate, argument)?)
        } else if let Some(argument) = grouping(expression) {
            let term = binder.term(argument)?;
            Measure::Grouping(self.grouped(&term, argument, "Field")?)
        } else {
            let term = binder.term(expression)?;
            return self.grouped(&term, expression, what);
        };
        let known = self.measures.iter().position(|known| *known == measure);
        let position = known.unwrap_or_else(|| {
            self.measures.push(measure);
            self.measures.len() - 1
        });
        Ok(self.by.len() + position)
    }

    fn grouped(&self, term: &Term, written: &Expression, what: &str) -> Result<usize, SoqlError> {
        let position = self.by.iter().position(|by| by == term);
        position.ok_or_else(|| {
            let field = written.path().text();
            SoqlError::malformed(format!("{what} must be grouped or aggregated: {field}"))
        })
    }

    /// The columns as they are shown.
    pub(crate) fn columns<'a>(&'a self, world: &'a World) -> impl Iterator<Item = GroupColumn<'a>> {
        self.shown.iter().map(|shown| {
            let typed = self.typed(world, shown.column);
            let measure = shown.column.checked_sub(self.by.len());
            let measure = measure.and_then(|position| self.measures.get(position));
            let display = match measure {
                Some(Measure::Aggregate(aggregate, _)) if !shown.aliased => {
                    format!("{}({})", aggregate.name(), typed.field.name)
                }
                _ => shown.key.clone(),
            };
            GroupColumn {
                key: &shown.key,
                typed,
                aggregate: measure.is_some(),
                display,
            }
        })
    }

    fn typed<'a>(&self, world: &'a World, column: usize) -> Typed<'a> {
        if let Some(term) = self.by.get(column) {
            return term.typed(world);
        }
        match self.measures.get(column - self.by.len()) {
            Some(Measure::Aggregate(aggregate, term)) => {
                let typed = term.typed(world);
                Typed {
                    field_type: aggregate.field_type(typed.field_type),
                    ..typed
                }
            }
            _ => Typed {
                field: &super::names::TYPE,
                field_type: FieldType::Int,
            },
        }
    }

    /// Groups rows, filters and sorts the groups.
    ///
    /// # Errors
    /// There are more groups than an answer holds.
    pub(crate) fn run<'w>(
        &self,
        world: &'w World,
        object: ObjectNo,
        rows: impl Iterator<Item = &'w Row>,
        page: (usize, usize),
    ) -> Result<GroupRows, SoqlError> {
        let tallied = self.tallied(world, object, rows);
        let mut groups: Vec<Vec<Value>> = tallied
            .into_values()
            .map(|group| group.finish(self))
            .collect();
        if let Some(having) = &self.having {
            groups.retain(|group| having.holds(&|column: &usize| Cow::Borrowed(&group[*column])));
        }
        if !self.order.is_empty() {
            let key = |group: &Vec<Value>, sort: &Sort<usize>| {
                self.typed(world, sort.by).sort_key(&group[sort.by])
            };
            let keys = |group: &Vec<Value>| -> Vec<Key> {
                self.order.iter().map(|sort| key(group, sort)).collect()
            };
            let mut keyed: Vec<(Vec<Key>, Vec<Value>)> = groups
                .into_iter()
                .map(|group| (keys(&group), group))
                .collect();
            keyed.sort_by(|a, b| compare_keys(&self.order, &a.0, &b.0));
            groups = keyed.into_iter().map(|(_, group)| group).collect();
        }
        let groups: Vec<Vec<Value>> = groups.into_iter().skip(page.0).take(page.1).collect();
        if groups.len() > MAX_GROUPS {
            return Err(SoqlError::new(
                "EXCEEDED_ID_LIMIT",
                "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch",
            ));
        }
        Ok(self.answer(world, groups))
    }

    fn tallied<'w>(
        &self,
        world: &'w World,
        object: ObjectNo,
        rows: impl Iterator<Item = &'w Row>,
    ) -> BTreeMap<Vec<(bool, Key)>, Tallied> {
        let mut groups = BTreeMap::new();
        if self.by.is_empty() {
            groups.insert(Vec::new(), Tallied::new(self, Vec::new(), &[]));
        }
        for row in rows {
            let values: Vec<Cow<'_, Value>> = self
                .by
                .iter()
                .map(|term| world.term_value(object, row, term))
                .collect();
            for left_out in &self.subtotals {
                let key = |(position, term): (usize, &Term)| {
                    if left_out[position] {
                        (true, Key::Null)
                    } else {
                        (false, term.typed(world).sort_key(&values[position]))
                    }
                };
                let keys = self.by.iter().enumerate().map(key).collect();
                let group = groups.entry(keys).or_insert_with(|| {
                    let shown = values.iter().map(|value| value.clone().into_owned());
                    Tallied::new(self, shown.collect(), left_out)
                });
                group.add(self, world, object, row);
            }
        }
        groups
    }

    fn answer(&self, world: &World, groups: Vec<Vec<Value>>) -> GroupRows {
        let show = |group: &Vec<Value>| {
            let cell = |shown: &Shown| {
                let value = Cow::Borrowed(&group[shown.column]);
                let field = self.typed(world, shown.column).field;
                match &shown.function {
                    None => value.into_owned(),
                    Some(function) => function.apply(field, value).into_owned(),
                }
            };
            self.shown.iter().map(cell).collect()
        };
        let column = |shown: &Shown| {
            let field_type = match shown.function {
                Some(_) => FieldType::Text,
                None => self.typed(world, shown.column).field_type,
            };
            (shown.key.clone(), field_type)
        };
        GroupRows {
            columns: self.shown.iter().map(column).collect(),
            rows: groups.iter().map(show).collect(),
        }
    }
}

/// A group while its rows come in.
#[derive(Debug)]
struct Tallied {
    values: Vec<Value>,
    left_out: Vec<bool>,
    tallies: Vec<Option<Tally>>,
}

impl Tallied {
    fn new(groups: &Groups, mut values: Vec<Value>, left_out: &[bool]) -> Tallied {
        for (value, left_out) in values.iter_mut().zip(left_out) {
            if *left_out {
                *value = Value::Null;
            }
        }
        let tally = |measure: &Measure| match measure {
            Measure::Aggregate(aggregate, _) => Some(Tally::new(*aggregate)),
            Measure::Grouping(_) => None,
        };
        Tallied {
            values,
            left_out: left_out.to_vec(),
            tallies: groups.measures.iter().map(tally).collect(),
        }
    }

    fn add(&mut self, groups: &Groups, world: &World, object: ObjectNo, row: &Row) {
        for (measure, tally) in groups.measures.iter().zip(&mut self.tallies) {
            if let (Measure::Aggregate(aggregate, term), Some(tally)) = (measure, tally) {
                let value = world.term_value(object, row, term);
                tally.add(*aggregate, &value, term.typed(world));
            }
        }
    }

    /// The values of all columns.
    fn finish(self, groups: &Groups) -> Vec<Value> {
        let mut values = self.values;
        for (measure, tally) in groups.measures.iter().zip(self.tallies) {
            values.push(match (measure, tally) {
                (Measure::Aggregate(aggregate, _), Some(tally)) => tally.value(*aggregate),
                (Measure::Grouping(by), _) => {
                    Value::Number(u8::from(self.left_out.get(*by) == Some(&true)).into())
                }
                (Measure::Aggregate(..), None) => Value::Null,
            });
        }
        values
    }
}

fn grouped_by(binder: &Binder<'_>, group: &Group) -> Result<Vec<Term>, SoqlError> {
    let mut by = Vec::new();
    for expression in &group.by {
        if aggregate_of(expression).is_some() {
            return Err(SoqlError::unexpected(
                binder.text,
                expression.at(),
                &expression.path().text(),
            ));
        }
        let term = binder.term(expression)?;
        let field = term.typed(binder.world).field;
        if term.function.is_none() && !field.groupable() {
            let sentence = format!("field '{}' can not be grouped in a query call", field.name);
            return Err(binder.refused(expression.at(), "MALFORMED_QUERY", &sentence));
        }
        by.push(term);
    }
    Ok(by)
}

/// The fields each kind of subtotal leaves out: none; for ROLLUP the last, the last two, …; for CUBE every choice.
fn subtotals(group: &Group) -> Result<Vec<Vec<bool>>, SoqlError> {
    let fields = group.by.len();
    if group.subtotals != Subtotals::None && fields > MAX_SUBTOTAL_FIELDS {
        return Err(SoqlError::malformed(format!(
            "ROLLUP and CUBE take at most {MAX_SUBTOTAL_FIELDS} fields"
        )));
    }
    Ok(match group.subtotals {
        Subtotals::None => vec![vec![false; fields]],
        Subtotals::Rollup => (0..=fields)
            .map(|out| {
                (0..fields)
                    .map(|position| position >= fields - out)
                    .collect()
            })
            .collect(),
        Subtotals::Cube => (0..1_usize << fields)
            .map(|mask| {
                (0..fields)
                    .map(|position| mask >> position & 1 == 1)
                    .collect()
            })
            .collect(),
    })
}

/// The argument of `GROUPING(…)`.
fn grouping(expression: &Expression) -> Option<&Expression> {
    match expression {
        Expression::Call { function, argument }
            if function.text.eq_ignore_ascii_case("GROUPING") =>
        {
            Some(argument)
        }
        _ => None,
    }
}
