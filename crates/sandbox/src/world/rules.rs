//! What an administrator wired up: automations that change other fields, and validation rules that refuse.
//!
//! Both state their condition as a SOQL WHERE clause over the record as it would be saved, e.g.
//! `StageName = 'Closed Won' AND Amount = null`. An empty condition always holds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::convert::convert;
use super::dml::{Above, Draft, Verb};
use super::duplicates::Duplication;
use super::error::{DmlError, SetupError};
use super::formula::Formula;
use super::row::Row;
use super::schema::{FieldDef, FieldNo, ObjectNo};
use super::setup::Step;
use super::{Actor, Returns, Value, World};
use crate::soql::ast::Filter;
use crate::soql::bind::Binder;
use crate::soql::parser::parse_condition;

/// When a rule looks at a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// New records only.
    Create,
    /// Changed records only.
    Update,
    /// Both.
    #[default]
    CreateOrUpdate,
}

/// Sets fields in the transaction of the change that made its condition true (a flow or workflow rule).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AutomationRule {
    /// Name, unique among automations.
    pub name: String,
    /// API name of the object.
    pub object: String,
    /// Creates, updates or both.
    #[serde(default)]
    pub on: Trigger,
    /// SOQL condition; empty: always.
    #[serde(default)]
    pub when: String,
    /// Run only when one of these fields changes; empty: on any change.
    #[serde(default)]
    pub changed: Vec<String>,
    /// Fields to set and their values, in the JSON a create would carry. `Account.Rating` is a field of the parent,
    /// which changes in the same transaction.
    #[serde(default)]
    pub set: BTreeMap<String, Json>,
    /// Fields to set and the formula that gives the value.
    #[serde(default)]
    pub set_formula: BTreeMap<String, String>,
}

/// Refuses a record for which its condition is true.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ValidationRule {
    /// Name, unique among validation rules.
    pub name: String,
    /// API name of the object.
    pub object: String,
    /// SOQL condition that describes a wrong record.
    pub refuse_when: String,
    /// The sentence the user sees.
    pub message: String,
    /// The field the sentence is shown at; none: top of page.
    #[serde(default)]
    pub field: Option<String>,
}

/// The rules of the org, checked and ready to run.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    automations: Vec<Automation>,
    validations: Vec<Validation>,
    pub(super) duplications: Vec<Duplication>,
}

#[derive(Debug)]
struct Automation {
    rule: AutomationRule,
    object: ObjectNo,
    when: Option<Filter>,
    changed: Vec<FieldNo>,
    set: Vec<Assignment>,
}

/// A field to set, of the record or of a parent.
#[derive(Debug)]
struct Assignment {
    /// The reference to the parent, if it is one's field.
    reference: Option<FieldNo>,
    object: ObjectNo,
    field: FieldNo,
    to: SetTo,
}

#[derive(Debug)]
enum SetTo {
    Value(Value),
    Formula(Formula),
}

#[derive(Debug)]
struct Validation {
    rule: ValidationRule,
    object: ObjectNo,
    refuse_when: Filter,
}

impl World {
    /// Adds or replaces the automation of this name. Automations of an object run once each, in the order they were
    /// added; a later one sees what an earlier one set.
    ///
    /// # Errors
    /// The object, a field, the condition or a formula does not make sense.
    pub fn set_automation(&mut self, rule: AutomationRule) -> Result<(), SetupError> {
        let object = self.setup_object(&rule.object)?;
        let when = if rule.when.trim().is_empty() {
            None
        } else {
            Some(self.setup_condition(object, &rule.when)?)
        };
        let changed = rule
            .changed
            .iter()
            .map(|name| self.setup_field(object, name))
            .collect::<Result<_, _>>()?;
        let mut set = Vec::new();
        for (name, json) in &rule.set {
            let to = |def: &FieldDef| {
                let value = convert(def, json).map_err(|error| SetupError(error.message))?;
                Ok(SetTo::Value(value))
            };
            set.push(self.assignment(object, name, to)?);
        }
        for (name, text) in &rule.set_formula {
            let to = |def: &FieldDef| {
                let returns = if def.field_type.is_number() {
                    Returns::Number
                } else {
                    Returns::Text
                };
                Ok(SetTo::Formula(Formula::parse(self, object, text, returns)?))
            };
            set.push(self.assignment(object, name, to)?);
        }
        self.rules
            .automations
            .retain(|automation| automation.rule.name != rule.name);
        self.steps.push(Step::Automation(rule.clone()));
        self.rules.automations.push(Automation {
            rule,
            object,
            when,
            changed,
            set,
        });
        Ok(())
    }

    /// Removes an automation; false when there is none of this name.
    pub fn remove_automation(&mut self, name: &str) -> bool {
        let before = self.rules.automations.len();
        self.rules
            .automations
            .retain(|automation| automation.rule.name != name);
        let removed = self.rules.automations.len() < before;
        if removed {
            self.steps.push(Step::NoAutomation(name.to_owned()));
        }
        removed
    }

    /// The automations in the order they run.
    pub fn automations(&self) -> impl Iterator<Item = &AutomationRule> {
        self.rules
            .automations
            .iter()
            .map(|automation| &automation.rule)
    }

    /// Adds or replaces the validation rule of this name.
    ///
    /// # Errors
    /// The object, the field or the condition does not make sense.
    pub fn set_validation_rule(&mut self, rule: ValidationRule) -> Result<(), SetupError> {
        let object = self.setup_object(&rule.object)?;
        let refuse_when = self.setup_condition(object, &rule.refuse_when)?;
        rule.field
            .iter()
            .try_for_each(|name| self.setup_field(object, name).map(|_| ()))?;
        self.rules
            .validations
            .retain(|validation| validation.rule.name != rule.name);
        self.steps.push(Step::ValidationRule(rule.clone()));
        self.rules.validations.push(Validation {
            rule,
            object,
            refuse_when,
        });
        Ok(())
    }

    /// Removes a validation rule; false when there is none of this name.
    pub fn remove_validation_rule(&mut self, name: &str) -> bool {
        let before = self.rules.validations.len();
        self.rules
            .validations
            .retain(|validation| validation.rule.name != name);
        let removed = self.rules.validations.len() < before;
        if removed {
            self.steps.push(Step::NoValidationRule(name.to_owned()));
        }
        removed
    }

    /// The validation rules.
    pub fn validation_rules(&self) -> impl Iterator<Item = &ValidationRule> {
        self.rules
            .validations
            .iter()
            .map(|validation| &validation.rule)
    }

    /// Lets the automations of the draft's object change it; tells whether one did.
    pub(super) fn run_automations(&self, draft: &mut Draft) -> Result<bool, Vec<DmlError>> {
        let mut ran = false;
        let object = draft.object;
        for automation in self
            .rules
            .automations
            .iter()
            .filter(|automation| automation.object == object)
        {
            if !self.triggers(automation, draft) {
                continue;
            }
            ran = true;
            for assignment in &automation.set {
                let value = self.automated_value(draft, assignment).map_err(|error| {
                    let message = format!("{}: {}", automation.rule.name, error.message);
                    vec![DmlError::new(
                        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
                        message,
                    )]
                })?;
                let parent = assignment.reference.map(|no| draft.row.column(no).as_id());
                match parent {
                    None => draft.assign(assignment.field, value),
                    Some(Some(id)) => draft.above.push(Above {
                        object: assignment.object,
                        id,
                        field: assignment.field,
                        value,
                    }),
                    Some(None) => {}
                }
            }
        }
        Ok(ran)
    }

    fn triggers(&self, automation: &Automation, draft: &Draft) -> bool {
        let verb = match automation.rule.on {
            Trigger::Create => draft.verb == Verb::Create,
            Trigger::Update => draft.verb == Verb::Update,
            Trigger::CreateOrUpdate => true,
        };
        let changed =
            automation.changed.is_empty() || automation.changed.iter().any(|no| draft.changes(*no));
        let holds = |filter: &Filter| self.condition_holds(filter, draft.object, &draft.row);
        verb && changed && automation.when.as_ref().is_none_or(holds)
    }

    fn automated_value(&self, draft: &Draft, assignment: &Assignment) -> Result<Value, DmlError> {
        let def = self.schema.at(assignment.object).at(assignment.field);
        match &assignment.to {
            SetTo::Value(value) => Ok(value.clone()),
            SetTo::Formula(formula) => convert(
                def,
                &formula.value(self, draft.object, &draft.row).to_json(def),
            ),
        }
    }

    /// Every validation rule the draft breaks.
    pub(super) fn check_validation_rules(&self, draft: &Draft) -> Result<(), Vec<DmlError>> {
        let own = self
            .rules
            .validations
            .iter()
            .filter(|validation| validation.object == draft.object);
        let broken =
            own.filter(|own| self.condition_holds(&own.refuse_when, draft.object, &draft.row));
        let errors: Vec<DmlError> = broken
            .map(|Validation { rule, .. }| {
                let fields = rule.field.iter().cloned().collect();
                DmlError::new("FIELD_CUSTOM_VALIDATION_EXCEPTION", &rule.message).about(fields)
            })
            .collect();
        if errors.is_empty() {
            Ok(())
        } else {
            Err(errors)
        }
    }

    /// Bound when it is needed: a date literal means another day tomorrow. A condition that bound when the rule was
    /// made still does, since fields are never removed.
    pub(super) fn condition_holds(&self, filter: &Filter, object: ObjectNo, row: &Row) -> bool {
        let actor = Actor::system(self.admin_id);
        Binder::new(self, &actor, "", object)
            .filter(filter)
            .is_ok_and(|condition| self.holds(&condition, object, row))
    }

    pub(super) fn setup_condition(
        &self,
        object: ObjectNo,
        text: &str,
    ) -> Result<Filter, SetupError> {
        let refused =
            |error: crate::soql::SoqlError| SetupError(format!("condition '{text}': {error}"));
        let filter = parse_condition(text).map_err(refused)?;
        let actor = Actor::system(self.admin_id);
        let binder = Binder::new(self, &actor, text, object);
        binder.filter(&filter).map_err(refused)?;
        Ok(filter)
    }

    fn setup_field(&self, object: ObjectNo, name: &str) -> Result<FieldNo, SetupError> {
        let def = self.schema.at(object);
        def.field_no(name)
            .ok_or_else(|| SetupError(format!("no field '{name}' on {}", def.name)))
    }

    fn assignment(
        &self,
        object: ObjectNo,
        name: &str,
        to: impl FnOnce(&FieldDef) -> Result<SetTo, SetupError>,
    ) -> Result<Assignment, SetupError> {
        let (reference, object, name) = match name.split_once('.') {
            None => (None, object, name),
            Some((path, name)) => {
                let (reference, parent) = self.parent_named(object, path)?;
                (Some(reference), parent, name)
            }
        };
        let field = self.settable_field(object, name)?;
        let to = to(self.schema.at(object).at(field))?;
        Ok(Assignment {
            reference,
            object,
            field,
            to,
        })
    }

    fn parent_named(
        &self,
        object: ObjectNo,
        path: &str,
    ) -> Result<(FieldNo, ObjectNo), SetupError> {
        let def = self.schema.at(object);
        let unknown = || SetupError(format!("no parent '{path}' of one object on {}", def.name));
        let reference = def.relationship_no(path).ok_or_else(unknown)?;
        match def.at(reference).reference_to.as_slice() {
            [parent] => Ok((reference, self.setup_object(parent)?)),
            _ => Err(unknown()),
        }
    }

    /// A field an automation may set: one the API could write.
    fn settable_field(&self, object: ObjectNo, name: &str) -> Result<FieldNo, SetupError> {
        let field = self.setup_field(object, name)?;
        let def = self.schema.at(object).at(field);
        if def.createable || def.updateable {
            Ok(field)
        } else {
            Err(SetupError(format!("{name} is read only")))
        }
    }
}
