//! Fields and objects an administrator adds while the world runs.
//!
//! The shapes here are also the bodies of the control API. Limits follow the vendor's: names of at most 40
//! characters before `__c`, 800 fields per object, long texts of at most 131,072 characters, 18 digits.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::field::{
    FieldDef, FieldType, boolean, date, datetime, decimal, email, long_text, phone, picklist, text,
    url,
};
use super::standard::{audit, deleted, id, owner};
use super::{ObjectDef, ObjectNo};
use crate::world::setup::Step;
use crate::world::{Operation, SetupError, Value, World};

const MAX_NAME_CHARS: usize = 43;
const MAX_FIELDS_PER_OBJECT: usize = 800;
const MAX_OBJECTS: usize = 3_000;
const MAX_NUMBER_DIGITS: u32 = 18;
const MAX_LONG_TEXT_CHARS: u32 = 131_072;
const MAX_PICKLIST_VALUES: usize = 1_000;
const MAX_PICKLIST_VALUE_CHARS: usize = 255;
const MULTIPICKLIST_CHARS: u32 = 4_099;

/// A custom object to add. It gets the audit fields, an owner and a text `Name` of 80 characters.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewObject {
    /// API name, ends in `__c`.
    pub name: String,
    /// Label of one record.
    pub label: String,
    /// Label of several records.
    pub label_plural: String,
}

/// A custom field to add to any object.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewField {
    /// API name, ends in `__c`.
    pub name: String,
    /// Label.
    pub label: String,
    /// Data type with its own attributes.
    #[serde(flatten)]
    pub kind: FieldKind,
    /// Refuse null.
    #[serde(default)]
    pub required: bool,
    /// Refuse a value another record has.
    #[serde(default)]
    pub unique: bool,
    /// Make it a key for upserts.
    #[serde(default)]
    pub external_id: bool,
    /// Values that differ in case only are different values.
    #[serde(default)]
    pub case_sensitive: bool,
}

/// The type of a custom field; in JSON `{"type":"number","precision":18,"scale":2}`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FieldKind {
    /// One line of text, at most 255 characters.
    Text {
        /// Longest value in characters.
        length: u32,
    },
    /// Several lines, at most 255 characters.
    TextArea,
    /// Several lines of 256 to 131,072 characters.
    LongText {
        /// Longest value in characters.
        length: u32,
    },
    /// Decimal number.
    Number {
        /// Digits in all, at most 18.
        precision: u32,
        /// Digits after the point.
        scale: u32,
    },
    /// Money.
    Currency {
        /// Digits in all, at most 18.
        precision: u32,
        /// Digits after the point.
        scale: u32,
    },
    /// Percentage.
    Percent {
        /// Digits in all, at most 18.
        precision: u32,
        /// Digits after the point.
        scale: u32,
    },
    /// Checkbox.
    Checkbox {
        /// Value of new records that leave it out.
        #[serde(default)]
        default: bool,
    },
    /// Day.
    Date,
    /// Instant.
    Datetime,
    /// One of a list.
    Picklist {
        /// The list.
        values: Vec<String>,
        /// Refuse other values.
        #[serde(default)]
        restricted: bool,
    },
    /// Several of a list.
    Multipicklist {
        /// The list.
        values: Vec<String>,
        /// Refuse other values.
        #[serde(default)]
        restricted: bool,
    },
    /// E-mail address.
    Email,
    /// Phone number.
    Phone,
    /// Web address.
    Url,
    /// Lookup to another record. The path is named after the field with `__r`.
    Reference {
        /// API name of the parent object.
        to: String,
        /// Name of the children's list at the parent, without `__r`.
        #[serde(default)]
        child_relationship: Option<String>,
        /// Deleting the parent deletes the child.
        #[serde(default)]
        cascade_delete: bool,
    },
    /// A parent without which the record does not exist: required, decides who sees it, deletes it with itself.
    MasterDetail {
        /// API name of the parent object.
        to: String,
        /// Name of the children's list at the parent, without `__r`.
        #[serde(default)]
        child_relationship: Option<String>,
        /// The parent can be changed later.
        #[serde(default)]
        reparentable: bool,
    },
    /// A number over the details of a master; computed when read.
    RollUp {
        /// API name of the detail object.
        child: String,
        /// What is worked out.
        operation: Operation,
        /// The detail's number; none for a count.
        #[serde(default)]
        of: Option<String>,
        /// SOQL condition; empty: all details.
        #[serde(default)]
        when: String,
    },
    /// Computed when read; see the `formula` module for what can be written.
    Formula {
        /// The expression, e.g. `Account.Name & ' / ' & Title`.
        expression: String,
        /// Type of the result.
        returns: Returns,
    },
}

/// Result type of a formula.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Returns {
    /// Text of at most 1,300 characters.
    Text,
    /// Number with two digits after the point.
    Number,
}

impl World {
    /// Adds a custom object.
    ///
    /// # Errors
    /// The name is taken or does not end in `__c`, or there are too many objects.
    pub fn add_object(&mut self, new: NewObject) -> Result<(), SetupError> {
        check_name(&new.name)?;
        if self.schema.object(&new.name).is_some() {
            return Err(SetupError(format!("object '{}' exists", new.name)));
        }
        if self.tables.len() >= MAX_OBJECTS {
            return Err(SetupError(format!(
                "an org has at most {MAX_OBJECTS} objects"
            )));
        }
        let mut object = ObjectDef::new(
            &new.name,
            &new.label,
            &new.label_plural,
            custom_prefix(self.schema.objects().filter(|object| object.custom).count()),
        );
        object.custom = true;
        let name = text("Name", &format!("{} Name", new.label), 80)
            .required()
            .record_name();
        [id(&new.label), owner(&["User"]), deleted(), name]
            .into_iter()
            .chain(audit())
            .for_each(|field| object.push(field));
        self.schema.push(Arc::new(object));
        self.tables.push(Default::default());
        self.views.push(Default::default());
        self.steps.push(Step::Object(new));
        self.metadata_touched();
        Ok(())
    }

    /// Adds a custom field. Records that exist have null in it (false for a checkbox).
    ///
    /// # Errors
    /// The object is unknown, the name is taken or does not end in `__c`, or an attribute is out of range.
    pub fn add_field(&mut self, object: &str, new: NewField) -> Result<(), SetupError> {
        let no = self.setup_object(object)?;
        check_name(&new.name)?;
        let def = self.schema.at(no);
        if def.field(&new.name).is_some() {
            return Err(SetupError(format!(
                "field '{}' exists on {object}",
                new.name
            )));
        }
        if def.fields.len() >= MAX_FIELDS_PER_OBJECT {
            return Err(SetupError(format!(
                "an object has at most {MAX_FIELDS_PER_OBJECT} fields"
            )));
        }
        let mut field = self.custom_field(no, &new)?;
        field.custom = true;
        set_flags(&mut field, &new)?;
        if matches!(new.kind, FieldKind::MasterDetail { .. }) {
            self.follow_master(no);
        }
        self.schema.at_mut(no).push(field);
        self.steps.push(Step::Field {
            object: object.to_owned(),
            field: new,
        });
        self.metadata_touched();
        Ok(())
    }

    /// Makes a picklist refuse values outside its list, or take any again. Values already stored stay.
    ///
    /// # Errors
    /// The object or the field is unknown, or the field is no picklist.
    pub fn restrict_picklist(
        &mut self,
        object: &str,
        field: &str,
        restricted: bool,
    ) -> Result<(), SetupError> {
        let no = self.setup_object(object)?;
        let def = self.schema.at_mut(no);
        let list = def
            .field_no(field)
            .map(|field| def.at_mut(field))
            .filter(|field| !field.picklist_values.is_empty());
        let unknown = || SetupError(format!("no picklist '{field}' on {object}"));
        list.ok_or_else(unknown)?.restricted_picklist = restricted;
        self.steps.push(Step::Picklist {
            object: object.to_owned(),
            field: field.to_owned(),
            restricted,
        });
        self.metadata_touched();
        Ok(())
    }

    fn custom_field(&self, object: ObjectNo, new: &NewField) -> Result<FieldDef, SetupError> {
        let related = self.related_field(object, new)?;
        related.map_or_else(|| plain_field(new), Ok)
    }
}

/// A field that stands alone.
fn plain_field(new: &NewField) -> Result<FieldDef, SetupError> {
    let (name, label) = (new.name.as_str(), new.label.as_str());
    let number =
        |field_type, precision, scale| number_field(name, label, field_type, precision, scale);
    Ok(match &new.kind {
        FieldKind::Text { length } => text(name, label, in_range("length", *length, 1, 255)?),
        FieldKind::TextArea => FieldDef::new(name, label, FieldType::TextArea)
            .length(255)
            .info("plaintextarea"),
        FieldKind::LongText { length } => {
            long_text(name, label).length(in_range("length", *length, 256, MAX_LONG_TEXT_CHARS)?)
        }
        FieldKind::Number { precision, scale } => number(FieldType::Double, *precision, *scale)?,
        FieldKind::Currency { precision, scale } => {
            number(FieldType::Currency, *precision, *scale)?
        }
        FieldKind::Percent { precision, scale } => number(FieldType::Percent, *precision, *scale)?,
        FieldKind::Checkbox { default } => boolean(name, label).defaulted(Value::Bool(*default)),
        FieldKind::Date => date(name, label),
        FieldKind::Datetime => datetime(name, label),
        FieldKind::Picklist { values, restricted } => list_field(name, label, values, *restricted)?,
        FieldKind::Multipicklist { values, restricted } => {
            let mut field =
                list_field(name, label, values, *restricted)?.length(MULTIPICKLIST_CHARS);
            field.field_type = FieldType::MultiPicklist;
            field
        }
        FieldKind::Email => email(name, label, 80),
        FieldKind::Phone => phone(name, label),
        FieldKind::Url => url(name, label),
        FieldKind::Reference { .. }
        | FieldKind::MasterDetail { .. }
        | FieldKind::RollUp { .. }
        | FieldKind::Formula { .. } => {
            return Err(SetupError(format!("{name} needs its object")));
        }
    })
}

fn set_flags(field: &mut FieldDef, new: &NewField) -> Result<(), SetupError> {
    if new.required && (field.calculated || field.field_type == FieldType::Boolean) {
        return Err(SetupError(
            "a formula or checkbox cannot be required".to_owned(),
        ));
    }
    let key = matches!(
        field.field_type,
        FieldType::Text | FieldType::Email | FieldType::Double
    ) && !field.calculated;
    if (new.unique || new.external_id) && !key {
        return Err(SetupError(
            "only text, number and e-mail fields can be unique or an external id".to_owned(),
        ));
    }
    if new.required {
        (field.nillable, field.permissionable) = (false, false);
    }
    (field.unique, field.external_id, field.case_sensitive) =
        (new.unique, new.external_id, new.case_sensitive);
    Ok(())
}

fn number_field(
    name: &str,
    label: &str,
    field_type: FieldType,
    precision: u32,
    scale: u32,
) -> Result<FieldDef, SetupError> {
    in_range("precision", precision, 1, MAX_NUMBER_DIGITS)?;
    in_range("scale", scale, 0, precision)?;
    Ok(decimal(name, label, field_type, precision, scale))
}

fn list_field(
    name: &str,
    label: &str,
    values: &[String],
    restricted: bool,
) -> Result<FieldDef, SetupError> {
    let good = |value: &str| {
        let length = value.chars().count();
        value.trim() == value
            && !value.contains(';')
            && (1..=MAX_PICKLIST_VALUE_CHARS).contains(&length)
    };
    if values.is_empty() || values.len() > MAX_PICKLIST_VALUES {
        return Err(SetupError(format!(
            "a picklist has 1 to {MAX_PICKLIST_VALUES} values"
        )));
    }
    if let Some(wrong) = values.iter().find(|value| !good(value)) {
        return Err(SetupError(format!("'{wrong}' cannot be a picklist value")));
    }
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    let mut field = picklist(name, label, 255, &values);
    field.restricted_picklist = restricted;
    Ok(field)
}

fn check_name(name: &str) -> Result<(), SetupError> {
    let base = name.strip_suffix("__c").unwrap_or_default();
    let starts = base.starts_with(|c: char| c.is_ascii_alphabetic());
    let word = base.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !base.ends_with('_');
    if starts && word && !base.contains("__") && name.len() <= MAX_NAME_CHARS {
        return Ok(());
    }
    Err(SetupError(format!(
        "'{name}' is not a custom name: letters, digits and _, at most 40, then __c"
    )))
}

fn in_range(what: &str, value: u32, least: u32, most: u32) -> Result<u32, SetupError> {
    if (least..=most).contains(&value) {
        return Ok(value);
    }
    Err(SetupError(format!(
        "{what} must be {least} to {most}, not {value}"
    )))
}

/// `a00`, `a01` … by the number of custom objects there are.
fn custom_prefix(objects: usize) -> [u8; 3] {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let letter = b'a' + ((objects / (36 * 36)) % 26) as u8;
    [letter, DIGITS[objects / 36 % 36], DIGITS[objects % 36]]
}
