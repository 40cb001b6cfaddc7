//! One field and its describe attributes, with small builders the standard objects are spelled in.
//!
//! Flags a type decides alone (filterable, sortable, groupable, aggregatable) follow the recorded describes:
//! long text and compound fields can be neither filtered nor sorted, decimals and instants cannot be grouped.

use std::sync::Arc;

use super::FieldNo;
use crate::world::formula::Formula;
use crate::world::value::Value;

/// Data types, finer than a describe's `type` where the rules differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldType {
    /// The record's own id.
    Id,
    /// Id of another record.
    Reference,
    /// One line of text.
    Text,
    /// Several lines, at most 255 characters.
    TextArea,
    /// Several lines, more than 255 characters; cannot be filtered or sorted.
    LongTextArea,
    /// Checkbox, never null.
    Boolean,
    /// Whole number.
    Int,
    /// Decimal number.
    Double,
    /// Money.
    Currency,
    /// Percentage; 25 means 25 %.
    Percent,
    /// Day.
    Date,
    /// Instant, whole seconds.
    DateTime,
    /// One of a list.
    Picklist,
    /// One line of text, for which a list makes proposals.
    Combobox,
    /// Several of a list.
    MultiPicklist,
    /// E-mail address.
    Email,
    /// Phone number, any text.
    Phone,
    /// Web address, any text.
    Url,
    /// Compound of address parts, read only.
    Address,
}

impl FieldType {
    /// The describe's `type`.
    pub fn describe_name(self) -> &'static str {
        match self {
            FieldType::Id => "id",
            FieldType::Reference => "reference",
            FieldType::Text => "string",
            FieldType::TextArea | FieldType::LongTextArea => "textarea",
            FieldType::Boolean => "boolean",
            FieldType::Int => "int",
            FieldType::Double => "double",
            FieldType::Currency => "currency",
            FieldType::Percent => "percent",
            FieldType::Date => "date",
            FieldType::DateTime => "datetime",
            FieldType::Picklist => "picklist",
            FieldType::Combobox => "combobox",
            FieldType::MultiPicklist => "multipicklist",
            FieldType::Email => "email",
            FieldType::Phone => "phone",
            FieldType::Url => "url",
            FieldType::Address => "address",
        }
    }

    /// The describe's `soapType`.
    pub fn soap_type(self) -> &'static str {
        match self {
            FieldType::Id | FieldType::Reference => "tns:ID",
            FieldType::Boolean => "xsd:boolean",
            FieldType::Int => "xsd:int",
            FieldType::Double | FieldType::Currency | FieldType::Percent => "xsd:double",
            FieldType::Date => "xsd:date",
            FieldType::DateTime => "xsd:dateTime",
            FieldType::Address => "urn:address",
            _ => "xsd:string",
        }
    }

    /// Whether values are decimal or whole numbers.
    pub fn is_number(self) -> bool {
        matches!(
            self,
            FieldType::Int | FieldType::Double | FieldType::Currency | FieldType::Percent
        )
    }
}

/// One entry of a picklist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PicklistValue {
    /// What the API reads and writes.
    pub value: String,
    /// What people see.
    pub label: String,
    /// Can be chosen.
    pub active: bool,
    /// Chosen for new records.
    pub default_value: bool,
}

/// Where a field's value lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Storage {
    /// Among the row's own values.
    Column,
    Id,
    IsDeleted,
    CreatedDate,
    CreatedById,
    LastModifiedDate,
    LastModifiedById,
    SystemModstamp,
    /// Put together from the fields that name it as their compound.
    Compound,
    /// Computed when read.
    Formula,
}

/// One field with its describe attributes.
#[derive(Debug, Clone)]
pub struct FieldDef {
    /// API name.
    pub name: String,
    /// Label, used at the start of most validation messages.
    pub label: String,
    /// Data type.
    pub field_type: FieldType,
    /// Longest text in characters; 0 for other types.
    pub length: u32,
    /// Digits in all, for decimals.
    pub precision: u32,
    /// Digits after the point, for decimals.
    pub scale: u32,
    /// Digits of an int.
    pub digits: u32,
    /// May be null.
    pub nillable: bool,
    /// The API may set it on create.
    pub createable: bool,
    /// The API may set it on update.
    pub updateable: bool,
    /// The server fills it in when a create leaves it out.
    pub defaulted_on_create: bool,
    /// Added by the org.
    pub custom: bool,
    /// No two records may share a value.
    pub unique: bool,
    /// Unique values differ by case.
    pub case_sensitive: bool,
    /// Can be the key of an upsert.
    pub external_id: bool,
    /// Can be the key of an upsert though it is no external id (e-mail, Opportunity name).
    pub id_lookup: bool,
    /// Field-level security can hide it.
    pub permissionable: bool,
    /// The record's name.
    pub name_field: bool,
    /// A formula.
    pub calculated: bool,
    /// The formula's text.
    pub calculated_formula: Option<String>,
    /// Picklist entries in their order.
    pub picklist_values: Vec<PicklistValue>,
    /// Values outside the list are refused. False for most standard picklists (recorded).
    pub restricted_picklist: bool,
    /// Objects a reference may point to; several make it polymorphic.
    pub reference_to: Vec<String>,
    /// Name of the path to the parent, e.g. `Account` for `AccountId`.
    pub relationship_name: Option<String>,
    /// Name of the children's list at the parent, e.g. `Contacts`.
    pub child_relationship_name: Option<String>,
    /// Deleting the parent deletes this record.
    pub cascade_delete: bool,
    /// The compound this is a part of.
    pub compound_field_name: Option<String>,
    /// The describe's `extraTypeInfo`.
    pub extra_type_info: Option<&'static str>,
    /// Value of new records that leave it out; null when none.
    pub default_value: Value,
    pub(crate) storage: Storage,
    pub(crate) formula: Option<Arc<Formula>>,
    /// Fields a compound is put together from, with their keys in the compound's JSON.
    pub(crate) parts: Vec<(FieldNo, String)>,
}

impl FieldDef {
    /// An optional, writable, permissionable field.
    pub(crate) fn new(name: &str, label: &str, field_type: FieldType) -> FieldDef {
        FieldDef {
            name: name.to_owned(),
            label: label.to_owned(),
            field_type,
            length: 0,
            precision: 0,
            scale: 0,
            digits: 0,
            nillable: true,
            createable: true,
            updateable: true,
            defaulted_on_create: false,
            custom: false,
            unique: false,
            case_sensitive: false,
            external_id: false,
            id_lookup: false,
            permissionable: true,
            name_field: false,
            calculated: false,
            calculated_formula: None,
            picklist_values: Vec::new(),
            restricted_picklist: false,
            reference_to: Vec::new(),
            relationship_name: None,
            child_relationship_name: None,
            cascade_delete: false,
            compound_field_name: None,
            extra_type_info: None,
            default_value: Value::Null,
            storage: Storage::Column,
            formula: None,
            parts: Vec::new(),
        }
    }

    /// Can stand in a WHERE clause.
    pub fn filterable(&self) -> bool {
        !matches!(self.field_type, FieldType::LongTextArea)
    }

    /// Can stand in an ORDER BY clause.
    pub fn sortable(&self) -> bool {
        !matches!(
            self.field_type,
            FieldType::LongTextArea | FieldType::MultiPicklist | FieldType::Address
        )
    }

    /// Can stand in a GROUP BY clause.
    pub fn groupable(&self) -> bool {
        use FieldType::{
            Address, Currency, DateTime, Double, LongTextArea, MultiPicklist, Percent,
        };
        let never = [
            Address,
            Currency,
            DateTime,
            Double,
            LongTextArea,
            MultiPicklist,
            Percent,
        ];
        !self.calculated && !never.contains(&self.field_type)
    }

    /// Can stand in MIN, MAX or COUNT.
    pub fn aggregatable(&self) -> bool {
        self.sortable() && self.field_type != FieldType::Boolean
    }

    /// A reference to more than one object.
    pub fn polymorphic(&self) -> bool {
        self.reference_to.len() > 1
    }

    /// Must be given on create: not nillable and nothing fills it in.
    pub fn required_on_create(&self) -> bool {
        self.createable && !self.nillable && !self.defaulted_on_create
    }

    /// Can be the key of an upsert or of a look-up by external id.
    pub fn is_lookup_key(&self) -> bool {
        self.external_id || self.id_lookup
    }

    /// A writable column that must have a value.
    pub(crate) fn is_required_column(&self) -> bool {
        let writable = self.createable || self.updateable;
        let column = self.storage == Storage::Column && self.field_type != FieldType::Boolean;
        column && writable && !self.nillable
    }

    /// Kept in the value index: keys and references.
    pub(crate) fn is_indexed(&self) -> bool {
        self.storage == Storage::Column
            && (self.unique || self.is_lookup_key() || self.field_type == FieldType::Reference)
    }
}

/// Builders: each states one attribute and returns the field.
impl FieldDef {
    pub(crate) fn length(mut self, chars: u32) -> FieldDef {
        self.length = chars;
        self
    }

    pub(crate) fn digits(mut self, precision: u32, scale: u32) -> FieldDef {
        (self.precision, self.scale) = (precision, scale);
        self
    }

    /// Never null and always writable: field-level security cannot hide it.
    pub(crate) fn required(mut self) -> FieldDef {
        (self.nillable, self.permissionable) = (false, false);
        self
    }

    pub(crate) fn read_only(mut self) -> FieldDef {
        (self.createable, self.updateable, self.permissionable) = (false, false, false);
        self
    }

    pub(crate) fn not_permissionable(mut self) -> FieldDef {
        self.permissionable = false;
        self
    }

    /// Never null: new records that leave it out get `value`.
    pub(crate) fn defaulted(mut self, value: Value) -> FieldDef {
        self.default_value = value;
        (self.nillable, self.defaulted_on_create) = (false, true);
        self
    }

    /// Never null, and computed by the server when a create leaves it out.
    pub(crate) fn defaulted_required(self) -> FieldDef {
        self.defaulted(Value::Null)
    }

    pub(crate) fn id_lookup(mut self) -> FieldDef {
        self.id_lookup = true;
        self
    }

    pub(crate) fn part_of(mut self, compound: &str) -> FieldDef {
        self.compound_field_name = Some(compound.to_owned());
        self
    }

    pub(crate) fn record_name(mut self) -> FieldDef {
        self.name_field = true;
        self
    }

    pub(crate) fn info(mut self, extra_type_info: &'static str) -> FieldDef {
        self.extra_type_info = Some(extra_type_info);
        self
    }

    pub(crate) fn stored(mut self, storage: Storage) -> FieldDef {
        self.storage = storage;
        self
    }

    pub(crate) fn values(mut self, values: &[&str]) -> FieldDef {
        let entry = |value: &&str| PicklistValue {
            value: (*value).to_owned(),
            label: (*value).to_owned(),
            active: true,
            default_value: self.default_value.as_text() == Some(value),
        };
        self.picklist_values = values.iter().map(entry).collect();
        self
    }

    pub(crate) fn restricted(mut self) -> FieldDef {
        self.restricted_picklist = true;
        self
    }

    /// A reference: the objects it may point to and the name of the path; the children's list has no name yet.
    pub(crate) fn to(mut self, objects: &[&str], relationship: &str) -> FieldDef {
        self.reference_to = objects.iter().map(|name| (*name).to_owned()).collect();
        self.relationship_name = Some(relationship.to_owned()).filter(|name| !name.is_empty());
        self.length(18)
    }
}

pub(crate) fn text(name: &str, label: &str, length_chars: u32) -> FieldDef {
    FieldDef::new(name, label, FieldType::Text).length(length_chars)
}

pub(crate) fn long_text(name: &str, label: &str) -> FieldDef {
    FieldDef::new(name, label, FieldType::LongTextArea)
        .length(32_000)
        .info("plaintextarea")
}

pub(crate) fn phone(name: &str, label: &str) -> FieldDef {
    FieldDef::new(name, label, FieldType::Phone).length(40)
}

pub(crate) fn url(name: &str, label: &str) -> FieldDef {
    FieldDef::new(name, label, FieldType::Url).length(255)
}

pub(crate) fn email(name: &str, label: &str, length_chars: u32) -> FieldDef {
    FieldDef::new(name, label, FieldType::Email).length(length_chars)
}

pub(crate) fn picklist(name: &str, label: &str, length_chars: u32, values: &[&str]) -> FieldDef {
    FieldDef::new(name, label, FieldType::Picklist)
        .length(length_chars)
        .values(values)
}

pub(crate) fn reference(name: &str, label: &str, objects: &[&str], relationship: &str) -> FieldDef {
    FieldDef::new(name, label, FieldType::Reference).to(objects, relationship)
}

pub(crate) fn boolean(name: &str, label: &str) -> FieldDef {
    FieldDef::new(name, label, FieldType::Boolean).defaulted(Value::Bool(false))
}

pub(crate) fn date(name: &str, label: &str) -> FieldDef {
    FieldDef::new(name, label, FieldType::Date)
}

pub(crate) fn datetime(name: &str, label: &str) -> FieldDef {
    FieldDef::new(name, label, FieldType::DateTime)
}

pub(crate) fn decimal(
    name: &str,
    label: &str,
    field_type: FieldType,
    precision: u32,
    scale: u32,
) -> FieldDef {
    FieldDef::new(name, label, field_type).digits(precision, scale)
}
