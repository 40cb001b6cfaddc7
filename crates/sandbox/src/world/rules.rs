//! What an administrator wired up: automations that change other fields, and validation rules that refuse.
//!
//! Both state their condition as a SOQL WHERE clause over the record as it would be saved, e.g.
//! `StageName = 'Closed Won' AND Amount = null`. An empty condition always holds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::World;
use super::error::SetupError;

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
    /// Fields to set and their values, in the JSON a create would carry.
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

impl World {
    /// Adds or replaces the automation of this name.
    ///
    /// # Errors
    /// The object, a field, the condition or a formula does not make sense.
    pub fn set_automation(&mut self, rule: AutomationRule) -> Result<(), SetupError> {
        let _ = rule;
        todo!()
    }

    /// Removes an automation; false when there is none of this name.
    pub fn remove_automation(&mut self, name: &str) -> bool {
        let _ = name;
        todo!()
    }

    /// Adds or replaces the validation rule of this name.
    ///
    /// # Errors
    /// The object, the field or the condition does not make sense.
    pub fn set_validation_rule(&mut self, rule: ValidationRule) -> Result<(), SetupError> {
        let _ = rule;
        todo!()
    }

    /// Removes a validation rule; false when there is none of this name.
    pub fn remove_validation_rule(&mut self, name: &str) -> bool {
        let _ = name;
        todo!()
    }
}
