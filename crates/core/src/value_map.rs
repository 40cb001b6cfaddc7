//! Which value of one side stands for which of the other: `Open - Not Contacted` in the CRM is `New` here.
//!
//! A map is a list of rows. What no row names passes as it is. Values are looked up in canonical form
//! (trimmed), exactly; of a multi-select picklist each choice is looked up by itself.
//!
//! The map is applied where values of both sides meet ([`crate::mapping::FieldRule`]): neither side is ever
//! rewritten, and the base keeps each half in its own spelling. So a new map changes no record by itself.

use crate::mapping::Direction;
use crate::schema::FieldType;
use crate::value::Value;
use serde::{Deserialize, Serialize};

/// One row: both values are not blank.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MappedValue {
    /// The CRM's value.
    pub crm: String,
    /// The workspace's value that stands for it.
    pub workspace: String,
}

/// The rows of one field.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ValueMap(pub Vec<MappedValue>);

impl ValueMap {
    /// Whether both sides' values are the same.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The CRM's value for a canonical one of the workspace.
    pub fn to_crm(&self, value: Value) -> Value {
        self.translate(value, |row| (&row.workspace, &row.crm))
    }

    /// The workspace's value for a canonical one of the CRM.
    pub fn to_workspace(&self, value: Value) -> Value {
        self.translate(value, |row| (&row.crm, &row.workspace))
    }

    fn translate(&self, value: Value, sides: fn(&MappedValue) -> (&String, &String)) -> Value {
        let one = |text: String| {
            let found = self.0.iter().map(sides).find(|(from, _)| **from == text);
            found.map_or(text, |(_, to)| to.clone())
        };
        match value {
            Value::Text(text) => Value::Text(one(text)),
            Value::Choices(set) => Value::Choices(set.into_iter().map(one).collect()),
            other => other,
        }
    }

    /// The rows in the form in which they are looked up; rows with nothing in them are left out.
    #[must_use]
    pub fn trimmed(&self) -> Self {
        let rows = self.0.iter().map(|row| MappedValue {
            crm: row.crm.trim().to_owned(),
            workspace: row.workspace.trim().to_owned(),
        });
        let blank = |row: &MappedValue| row.crm.is_empty() && row.workspace.is_empty();
        Self(rows.filter(|row| !blank(row)).collect())
    }

    /// Whether the map can be used for a field that travels like this.
    ///
    /// # Errors
    /// Which rows are in the way and what to do, in an administrator's words.
    pub fn check(&self, direction: Direction, crm_type: &FieldType) -> Result<(), String> {
        if self.is_empty() {
            return Ok(());
        }
        if !is_text(crm_type) {
            let label = crm_type.label();
            return Err(format!(
                "values are mapped for picklists and texts only, and the CRM field is of type {label}; remove the value map"
            ));
        }
        if let Some(row) = self
            .0
            .iter()
            .find(|row| is_blank(&row.crm) || is_blank(&row.workspace))
        {
            return Err(format!(
                "{row} has a blank side; a blank stands for a blank on both sides: fill it or remove the row"
            ));
        }
        if direction.outbound() {
            self.one_each("the CRM", |row| (&row.workspace, &row.crm))?;
        }
        if direction.inbound() {
            self.one_each("the workspace", |row| (&row.crm, &row.workspace))?;
        }
        Ok(())
    }

    /// Each value that travels `to` a side has one there.
    fn one_each(
        &self,
        to: &str,
        sides: fn(&MappedValue) -> (&String, &String),
    ) -> Result<(), String> {
        for (at, row) in self.0.iter().enumerate() {
            let (from, _) = sides(row);
            if let Some(other) = self.0[..at].iter().find(|other| sides(other).0 == from) {
                return Err(format!(
                    "{other} and {row} are ambiguous: which one is “{from}” in {to}? Keep one of the rows, or let the field travel one way"
                ));
            }
        }
        Ok(())
    }
}

/// As a person reads a row.
impl std::fmt::Display for MappedValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "“{}” = “{}”", self.workspace, self.crm)
    }
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

fn is_text(ty: &FieldType) -> bool {
    matches!(
        ty,
        FieldType::Picklist { .. }
            | FieldType::MultiPicklist { .. }
            | FieldType::Text { .. }
            | FieldType::LongText { .. }
    )
}
