//! What was set up in the org besides its records, in the order it was done.
//!
//! Metadata, rights and rules are few and are only ever added or replaced, so they are kept as the steps that made
//! them. A step that replaces an earlier one takes it out of the list; what is left makes the same org again.

use serde::{Deserialize, Serialize};

use super::{
    AutomationRule, DuplicateRule, FieldRights, NewField, NewObject, ObjectRights, SetupError,
    SfId, Sharing, ValidationRule, World,
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
    /// A permission set of one user's own.
    OwnSet {
        set: SfId,
        copy_of: SfId,
        user: SfId,
    },
    Sharing {
        object: String,
        sharing: Sharing,
    },
    ObjectRights {
        set: SfId,
        object: String,
        rights: ObjectRights,
    },
    FieldRights {
        set: SfId,
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
                Step::ObjectRights { set, object, .. },
                Step::ObjectRights {
                    set: s, object: o, ..
                },
            ) => set == s && same(object, o),
            (Step::Sharing { object, .. }, Step::Sharing { object: o, .. }) => same(object, o),
            (
                Step::FieldRights {
                    set, object, field, ..
                },
                Step::FieldRights {
                    set: s,
                    object: o,
                    field: f,
                    ..
                },
            ) => set == s && same(object, o) && same(field, f),
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
            Step::OwnSet { set, copy_of, user } => {
                self.copy_set(set, copy_of, user);
                Ok(())
            }
            Step::Sharing { object, sharing } => self.share_by_default(&object, sharing),
            Step::ObjectRights {
                set,
                object,
                rights,
            } => self.grant_on_object(set, &object, rights),
            Step::FieldRights {
                set,
                object,
                field,
                rights,
            } => self.grant_on_field(set, &object, &field, rights),
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
