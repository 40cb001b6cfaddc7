//! What the connected user sees of an object: describe as our schema.
//!
//! A describe is per user: a field that the user may not read is absent, and `createable` and
//! `updateable` are that user's effective rights. Compound fields (addresses, locations) and fields
//! of no single value are left out; their parts come as fields of their own.

use super::Salesforce;
use super::client::Spend;
use super::errors::Effect;
use super::notice::tag;
use super::soql::checked_name;
use super::wire::{COMPOSITE_PARTS_MAX, CompositeAnswer, Part};
use serde::Deserialize;
use tandem_core::connector::Failure;
use tandem_core::ids::CrmObject;
use tandem_core::schema::{FieldSchema, FieldType, ObjectSchema};

/// Most calls of one describe: a team syncs fewer than a hundred objects.
pub(super) const CALLS_MAX: u32 = 4;

#[derive(Deserialize)]
pub(super) struct Describe {
    name: String,
    #[serde(default)]
    label: String,
    #[serde(default)]
    createable: bool,
    #[serde(default)]
    updateable: bool,
    fields: Vec<DescribeField>,
}

/// The attributes that we use of about 55 (REST guide, describe result).
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct DescribeField {
    name: String,
    label: String,
    #[serde(rename = "type")]
    ty: String,
    length: u32,
    /// Digits of an `int`.
    digits: u8,
    /// Digits of every other number, and how many of them stand after the point.
    precision: u8,
    scale: u8,
    createable: bool,
    updateable: bool,
    nillable: bool,
    defaulted_on_create: bool,
    calculated: bool,
    external_id: bool,
    unique: bool,
    custom: bool,
    restricted_picklist: bool,
    picklist_values: Vec<PicklistValue>,
    reference_to: Vec<String>,
}

#[derive(Deserialize)]
struct PicklistValue {
    active: bool,
    value: String,
}

impl Salesforce {
    /// Describes 25 objects a call and remembers how their fields are written.
    pub(super) async fn schemas(
        &self,
        objects: &[CrmObject],
        spend: &mut Spend,
    ) -> Result<Vec<Result<ObjectSchema, Failure>>, Failure> {
        let mut schemas = Vec::with_capacity(objects.len());
        for some in objects.chunks(COMPOSITE_PARTS_MAX) {
            schemas.extend(self.describe_some(some, spend).await?);
        }
        for schema in schemas.iter().flatten() {
            self.shapes.learn(schema);
        }
        Ok(schemas)
    }

    async fn describe_some(
        &self,
        objects: &[CrmObject],
        spend: &mut Spend,
    ) -> Result<Vec<Result<ObjectSchema, Failure>>, Failure> {
        let mut parts = Vec::new();
        let mut asked = Vec::new();
        for (index, object) in objects.iter().enumerate() {
            let part = checked_name(object.as_str()).map(|name| {
                let reference = format!("describe{index}");
                parts.push(Part::get(
                    reference.clone(),
                    format!("sobjects/{name}/describe"),
                ));
                reference
            });
            asked.push(part);
        }
        if parts.is_empty() {
            return Ok(asked.into_iter().filter_map(Result::err).map(Err).collect());
        }
        let answer = self.client.composite(parts, Effect::Read, spend).await?;
        let answer = CompositeAnswer::parse(&answer.body)?;
        let schema = |asked: Result<String, Failure>| -> Result<ObjectSchema, Failure> {
            let asked = asked?;
            let describe = answer.part::<Describe>(&asked, Effect::Read)?;
            Ok(object_schema(describe, tag(&answer, &asked)))
        };
        Ok(asked.into_iter().map(schema).collect())
    }
}

pub(super) fn object_schema(describe: Describe, tag: Option<String>) -> ObjectSchema {
    ObjectSchema {
        name: CrmObject::new(describe.name),
        label: describe.label,
        createable: describe.createable,
        updateable: describe.updateable,
        fields: describe
            .fields
            .into_iter()
            .filter_map(field_schema)
            .collect(),
        tag,
    }
}

/// `None` for a field that holds no single value that we know.
fn field_schema(mut field: DescribeField) -> Option<FieldSchema> {
    let ty = field_type(&mut field)?;
    Some(FieldSchema {
        required: field.createable && !field.nillable && !field.defaulted_on_create,
        name: field.name,
        label: field.label,
        ty,
        createable: field.createable,
        updateable: field.updateable,
        calculated: field.calculated,
        external_id: field.external_id && field.unique,
        custom: field.custom,
    })
}

fn field_type(field: &mut DescribeField) -> Option<FieldType> {
    let (precision, scale) = (field.precision, field.scale);
    let max_chars = field.length;
    let restricted = field.restricted_picklist;
    Some(match field.ty.as_str() {
        "string" | "encryptedstring" | "id" => FieldType::Text { max_chars },
        "textarea" => FieldType::LongText { max_chars },
        "email" => FieldType::Email { max_chars },
        "phone" => FieldType::Phone { max_chars },
        "url" => FieldType::Url { max_chars },
        "picklist" => FieldType::Picklist {
            restricted,
            values: active_values(field),
        },
        // A combobox offers values and takes any.
        "combobox" => FieldType::Picklist {
            restricted: false,
            values: active_values(field),
        },
        "multipicklist" => FieldType::MultiPicklist {
            restricted,
            values: active_values(field),
        },
        "int" => FieldType::Number {
            precision: field.digits,
            scale: 0,
        },
        "double" => FieldType::Number { precision, scale },
        "currency" => FieldType::Currency { precision, scale },
        "percent" => FieldType::Percent { precision, scale },
        "date" => FieldType::Date,
        "datetime" => FieldType::DateTime,
        "boolean" => FieldType::Checkbox,
        "reference" => FieldType::Reference {
            to: std::mem::take(&mut field.reference_to)
                .into_iter()
                .map(CrmObject::new)
                .collect(),
        },
        _ => return None,
    })
}

fn active_values(field: &mut DescribeField) -> Vec<String> {
    let values = std::mem::take(&mut field.picklist_values).into_iter();
    values
        .filter(|value| value.active)
        .map(|value| value.value)
        .collect()
}

#[cfg(test)]
mod tests;
