//! What a side has: objects, fields, and what each field can hold.
//!
//! A [`FieldSchema`] says what the *connected user* may do with a field. A field that the user can't
//! see is absent; it is never an empty one.

use crate::ids::CrmObject;
use crate::value::Value;
use serde::{Deserialize, Serialize};

/// What a field can hold.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
#[expect(missing_docs, reason = "limits are named by what they limit")]
pub enum FieldType {
    /// One line of text.
    Text { max_chars: u32 },
    /// Several lines of text.
    LongText { max_chars: u32 },
    /// A number; `precision` counts all digits, `scale` those after the point.
    Number { precision: u8, scale: u8 },
    /// An amount of money.
    Currency { precision: u8, scale: u8 },
    /// A percentage, 12.5 for 12.5 %.
    Percent { precision: u8, scale: u8 },
    /// A calendar date without a zone.
    Date,
    /// An instant.
    DateTime,
    /// True or false, never empty.
    Checkbox,
    /// One of a list; other values are refused only where it is `restricted`.
    Picklist {
        restricted: bool,
        values: Vec<String>,
    },
    /// Several of a list.
    MultiPicklist {
        restricted: bool,
        values: Vec<String>,
    },
    /// An e-mail address.
    Email { max_chars: u32 },
    /// A phone number, as typed.
    Phone { max_chars: u32 },
    /// A web address.
    Url { max_chars: u32 },
    /// Another record of one of these objects.
    Reference { to: Vec<CrmObject> },
}

impl FieldType {
    /// The type's name as shown to an administrator.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Text { .. } => "Text",
            Self::LongText { .. } => "Long text",
            Self::Number { .. } => "Number",
            Self::Currency { .. } => "Currency",
            Self::Percent { .. } => "Percent",
            Self::Date => "Date",
            Self::DateTime => "Date and time",
            Self::Checkbox => "Checkbox",
            Self::Picklist { .. } => "Picklist",
            Self::MultiPicklist { .. } => "Multi-select picklist",
            Self::Email { .. } => "E-mail",
            Self::Phone { .. } => "Phone",
            Self::Url { .. } => "URL",
            Self::Reference { .. } => "Reference",
        }
    }

    /// Whether both hold the same kind of value, whatever their limits.
    pub fn is_like(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }

    /// The values that a picklist offers; empty for every other type.
    pub fn listed(&self) -> &[String] {
        match self {
            Self::Picklist { values, .. } | Self::MultiPicklist { values, .. } => values,
            _ => &[],
        }
    }

    /// Whether the CRM can be expected to take a canonical value: a restricted picklist takes what it lists,
    /// in whatever case. A picklist that shows no values is not judged.
    ///
    /// # Errors
    /// The value that is not on the list.
    pub fn admits<'a>(&self, value: &'a Value) -> Result<(), &'a str> {
        let restricted = match self {
            Self::Picklist { restricted, .. } | Self::MultiPicklist { restricted, .. } => {
                restricted
            }
            _ => return Ok(()),
        };
        let listed = self.listed();
        if !restricted || listed.is_empty() {
            return Ok(());
        }
        let known = |choice: &str| {
            let choice = choice.to_lowercase();
            listed.iter().any(|listed| listed.to_lowercase() == choice)
        };
        match value {
            Value::Text(text) if !known(text) => Err(text),
            Value::Choices(set) => set
                .iter()
                .find(|choice| !known(choice))
                .map_or(Ok(()), |choice| Err(choice)),
            _ => Ok(()),
        }
    }
}

/// One field of a CRM object as the connected user sees it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FieldSchema {
    /// API name.
    pub name: String,
    /// Name on the CRM's pages.
    pub label: String,
    /// What it holds.
    #[serde(flatten)]
    pub ty: FieldType,
    /// May be given when a record is created.
    pub createable: bool,
    /// May be changed later.
    pub updateable: bool,
    /// Must be given on create: not nillable and not defaulted by the CRM.
    pub required: bool,
    /// A formula or roll-up: follows other fields, without moving the record's revision.
    pub calculated: bool,
    /// A unique external id: can be used as the key of a create that is safe to repeat.
    pub external_id: bool,
    /// Added by the customer.
    pub custom: bool,
}

/// One object of the CRM as the connected user sees it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ObjectSchema {
    /// API name.
    pub name: CrmObject,
    /// Name on the CRM's pages.
    pub label: String,
    /// The user may create records.
    pub createable: bool,
    /// The user may change records.
    pub updateable: bool,
    /// Every field that the user can see.
    pub fields: Vec<FieldSchema>,
    /// Names this state of the schema to the CRM, so that it answers only when it is another; opaque. `None`
    /// where the CRM gives no such name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
}

impl ObjectSchema {
    /// The field of that API name.
    pub fn field(&self, name: &str) -> Option<&FieldSchema> {
        self.fields.iter().find(|field| field.name == name)
    }
}
