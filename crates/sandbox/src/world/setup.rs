//! What was set up in the org besides its records, in the order it was done.
//!
//! Metadata, rights and rules are few and are only ever added or replaced, so they are kept as the steps that made
//! them. A step that replaces an earlier one takes it out of the list; what is left makes the same org again.

use serde::{Deserialize, Serialize};

use super::{
    AutomationRule, DuplicateRule, FieldRights, NewField, NewObject, ObjectRights, SetupError,
    SfId, ValidationRule, World,
};

/// One step of setting up.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Step {
    Object(NewObject),
    Field {
        object: String,
        field: NewField,
    },
    Picklist {
        object: String,
        field: String,
        restricted: bool,
    },
    ObjectRights {
        user: SfId,
        object: String,
        rights: ObjectRights,
    },
    FieldRights {
        user: SfId,
        object: String,
        field: String,
        rights: FieldRights,
    },
    Automation(AutomationRule),
    NoAutomation(String),
    ValidationRule(ValidationRule),
    NoValidationRule(String),
    DuplicateRule(DuplicateRule),
    NoDuplicateRule(String),
}

/// The steps there are, and those nobody has written down yet.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    pub(crate) all: Vec<Step>,
    pub(crate) fresh: Vec<Step>,
}

impl Steps {
    pub(crate) fn push(&mut self, step: Step) {
        self.all.retain(|earlier| !step.replaces(earlier));
        self.fresh.push(step.clone());
        let removal = matches!(
            step,
            Step::NoAutomation(_) | Step::NoValidationRule(_) | Step::NoDuplicateRule(_)
        );
        if !removal {
            self.all.push(step);
        }
    }
}

impl Step {
    fn replaces(&self, earlier: &Step) -> bool {
        let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
        match (self, earlier) {
            (
                Step::Picklist { object, field, .. },
                Step::Picklist {
                    object: o,
                    field: f,
                    ..
                },
            ) => same(object, o) && same(field, f),
            (
                Step::ObjectRights { user, object, .. },
                Step::ObjectRights {
                    user: u, object: o, ..
                },
            ) => user == u && same(object, o),
            (
                Step::FieldRights {
                    user,
                    object,
                    field,
                    ..
                },
                Step::FieldRights {
                    user: u,
                    object: o,
                    field: f,
                    ..
                },
            ) => user == u && same(object, o) && same(field, f),
            (
                Step::Automation(AutomationRule { name, .. }) | Step::NoAutomation(name),
                Step::Automation(rule),
            ) => *name == rule.name,
            (
                Step::ValidationRule(ValidationRule { name, .. }) | Step::NoValidationRule(name),
                Step::ValidationRule(rule),
            ) => *name == rule.name,
            (
                Step::DuplicateRule(DuplicateRule { name, .. }) | Step::NoDuplicateRule(name),
                Step::DuplicateRule(rule),
            ) => *name == rule.name,
            _ => false,
        }
    }
}

impl World {
    /// Does a step again.
    pub(super) fn set_up(&mut self, step: Step) -> Result<(), SetupError> {
        match step {
            Step::Object(object) => self.add_object(object),
            Step::Field { object, field } => self.add_field(&object, field),
            Step::Picklist {
                object,
                field,
                restricted,
            } => self.restrict_picklist(&object, &field, restricted),
            Step::ObjectRights {
                user,
                object,
                rights,
            } => self.set_object_rights(user, &object, rights),
            Step::FieldRights {
                user,
                object,
                field,
                rights,
            } => self.set_field_rights(user, &object, &field, rights),
            Step::Automation(rule) => self.set_automation(rule),
            Step::ValidationRule(rule) => self.set_validation_rule(rule),
            Step::DuplicateRule(rule) => self.take_duplicate_rule(rule),
            Step::NoDuplicateRule(name) => {
                self.remove_duplicate_rule(&name);
                Ok(())
            }
            Step::NoAutomation(name) => {
                self.remove_automation(&name);
                Ok(())
            }
            Step::NoValidationRule(name) => {
                self.remove_validation_rule(&name);
                Ok(())
            }
        }
    }
}
