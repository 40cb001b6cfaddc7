//! Duplicate rules: a record that looks like another one is refused, or saved only when the client insists.
//!
//! A rule matches records whose fields are all the same, in any case; an empty field matches nothing. (A real org can
//! match by likeness, too.) It looks at all records, whatever the user may see. Each rule has a row of DuplicateRule,
//! which shows it; changing the row does not change the rule.

use serde::{Deserialize, Serialize};

use super::dml::{Draft, Verb};
use super::error::{DmlError, SetupError};
use super::schema::{FieldNo, FieldType, ObjectNo};
use super::setup::Step;
use super::{Actor, DmlOptions, Fields, SfId, Trigger, World};
use crate::soql::QueryScope;

/// Most records a refusal names.
const MAX_MATCHES: usize = 100;

/// What becomes of a record that matches another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DuplicateAction {
    /// Refused unless the client insists.
    #[default]
    Alert,
    /// Refused.
    Block,
}

/// Refuses records that look like others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DuplicateRule {
    /// Name, unique among duplicate rules; the `DeveloperName` of its row.
    pub name: String,
    /// API name of the object.
    pub object: String,
    /// Text fields that must all be the same.
    pub fields: Vec<String>,
    /// Alert or block.
    #[serde(default)]
    pub action: DuplicateAction,
    /// Creates, updates or both.
    #[serde(default)]
    pub on: Trigger,
    /// The sentence the user sees.
    #[serde(default = "usual_message")]
    pub message: String,
}

/// The standard rules' sentence (public knowledge).
fn usual_message() -> String {
    "Use one of these records?".to_owned()
}

/// Why a record was refused as a duplicate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicates {
    /// The rule.
    pub rule: DuplicateRule,
    /// The records that match, at most a hundred.
    pub records: Vec<SfId>,
}

/// A rule whose names are known to be right.
#[derive(Debug)]
pub(super) struct Duplication {
    rule: DuplicateRule,
    object: ObjectNo,
    fields: Vec<FieldNo>,
}

impl World {
    /// Adds or replaces the duplicate rule of this name, and its row.
    ///
    /// # Errors
    /// The object or a field does not exist, there is no field, or a field is no text.
    pub fn set_duplicate_rule(&mut self, rule: DuplicateRule) -> Result<(), SetupError> {
        let name = rule.name.clone();
        let fields = serde_json::json!({
            "SobjectType": rule.object,
            "DeveloperName": name,
            "MasterLabel": name,
            "IsActive": true,
        });
        self.take_duplicate_rule(rule)?;
        self.remove_rows_of(&name);
        let system = Actor::system(self.admin_id);
        let fields: Fields = fields.as_object().cloned().unwrap_or_default();
        let made = self.create(&system, "DuplicateRule", &fields, &DmlOptions::default());
        made.map(|_| ()).map_err(|errors| {
            let messages = errors.into_iter().map(|error| error.message);
            SetupError(messages.collect::<Vec<_>>().join("; "))
        })
    }

    /// Removes a duplicate rule and its row; false when there is none of this name.
    pub fn remove_duplicate_rule(&mut self, name: &str) -> bool {
        let before = self.rules.duplications.len();
        self.rules.duplications.retain(|own| own.rule.name != name);
        let removed = self.rules.duplications.len() < before;
        if removed {
            self.remove_rows_of(name);
            self.steps.push(Step::NoDuplicateRule(name.to_owned()));
        }
        removed
    }

    /// The duplicate rules in the order they were added.
    pub fn duplicate_rules(&self) -> impl Iterator<Item = &DuplicateRule> {
        self.rules.duplications.iter().map(|own| &own.rule)
    }

    /// Adds or replaces a rule without its row.
    pub(super) fn take_duplicate_rule(&mut self, rule: DuplicateRule) -> Result<(), SetupError> {
        let object = self.setup_object(&rule.object)?;
        let fields = rule.fields.iter().map(|name| self.matchable(object, name));
        let fields: Vec<FieldNo> = fields.collect::<Result<_, _>>()?;
        if fields.is_empty() {
            return Err(SetupError("a duplicate rule needs a field".to_owned()));
        }
        let others = &mut self.rules.duplications;
        others.retain(|other| other.rule.name != rule.name);
        self.steps.push(Step::DuplicateRule(rule.clone()));
        self.rules.duplications.push(Duplication {
            rule,
            object,
            fields,
        });
        Ok(())
    }

    /// A field whose values are texts a query can look for.
    fn matchable(&self, object: ObjectNo, name: &str) -> Result<FieldNo, SetupError> {
        let def = self.schema.at(object);
        let no = def
            .field_no(name)
            .ok_or_else(|| SetupError(format!("no field '{name}' on {}", def.name)))?;
        let field = def.at(no);
        let text = matches!(
            field.field_type,
            FieldType::Text
                | FieldType::Email
                | FieldType::Phone
                | FieldType::Url
                | FieldType::Picklist
        );
        if text && field.filterable() && field.compound_field_name.as_deref() != Some(name) {
            Ok(no)
        } else {
            Err(SetupError(format!("{name} cannot be matched by")))
        }
    }

    fn remove_rows_of(&mut self, name: &str) {
        let soql = format!(
            "SELECT Id FROM DuplicateRule WHERE DeveloperName = {}",
            quoted(name)
        );
        let ids = self.ids_found(&soql);
        let Some(object) = self.schema.object_no("DuplicateRule") else {
            return;
        };
        // The row is the rule's own: it goes whatever users may do to it.
        let _: Result<(), ()> = self.transaction(|world| {
            ids.into_iter().for_each(|id| world.purge(object, id));
            Ok(())
        });
    }

    /// The first rule the draft runs into, unless the client insists and may.
    pub(super) fn check_duplicates(
        &self,
        draft: &Draft,
        options: &DmlOptions,
    ) -> Result<(), DmlError> {
        for own in &self.rules.duplications {
            let allowed = options.allow_duplicates && own.rule.action == DuplicateAction::Alert;
            if own.object != draft.object || allowed || !concerns(own.rule.on, draft.verb) {
                continue;
            }
            let records = self.matching(own, draft);
            if !records.is_empty() {
                let mut error = DmlError::new("DUPLICATES_DETECTED", &own.rule.message);
                let rule = own.rule.clone();
                error.duplicates = Some(Box::new(Duplicates { rule, records }));
                return Err(error);
            }
        }
        Ok(())
    }

    /// The other records with the same values.
    fn matching(&self, own: &Duplication, draft: &Draft) -> Vec<SfId> {
        let def = self.schema.at(own.object);
        let same = |no: &FieldNo| {
            let value = self.field_value(own.object, &draft.row, *no);
            let json = value.to_json(def.at(*no));
            Some(format!("{} = {}", def.at(*no).name, quoted(json.as_str()?)))
        };
        let Some(conditions) = own.fields.iter().map(same).collect::<Option<Vec<_>>>() else {
            return Vec::new();
        };
        let soql = format!(
            "SELECT Id FROM {} WHERE {} LIMIT {}",
            def.name,
            conditions.join(" AND "),
            MAX_MATCHES + 1
        );
        let mut found = self.ids_found(&soql);
        found.retain(|id| *id != draft.id());
        found.truncate(MAX_MATCHES);
        found
    }

    /// The ids a query of our own finds; one the world refuses finds nothing.
    fn ids_found(&self, soql: &str) -> Vec<SfId> {
        let system = Actor::system(self.admin_id);
        let Ok(found) = self.query(&system, soql, QueryScope::Live) else {
            return Vec::new();
        };
        let rows = self.render_rows(&found, 0..found.row_count(), "");
        let ids = rows
            .iter()
            .filter_map(|row| row["Id"].as_str()?.parse().ok());
        ids.collect()
    }
}

fn concerns(on: Trigger, verb: Verb) -> bool {
    match on {
        Trigger::Create => verb == Verb::Create,
        Trigger::Update => verb == Verb::Update,
        Trigger::CreateOrUpdate => true,
    }
}

/// A text as SOQL writes it.
fn quoted(text: &str) -> String {
    let mut literal = String::from("'");
    for c in text.chars() {
        match c {
            '\\' | '\'' => literal.extend(['\\', c]),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            c => literal.push(c),
        }
    }
    literal.push('\'');
    literal
}
