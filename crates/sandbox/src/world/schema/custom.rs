//! Fields and objects an administrator adds while the world runs.
//!
//! The shapes here are also the bodies of the control API. Limits are the vendor's: names of at most 40
//! characters, 500 fields per object, texts of at most 131,072 characters.

use serde::{Deserialize, Serialize};

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
