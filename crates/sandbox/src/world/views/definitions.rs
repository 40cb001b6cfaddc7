//! EntityDefinition and FieldDefinition: the schema as records.

use super::{FIELDS, Maker, number};
use crate::world::schema::{FieldDef, FieldType, ObjectDef, Storage};
use crate::world::{Value, World};

const ENTITY: [&str; 26] = [
    "DurableId",
    "QualifiedApiName",
    "DeveloperName",
    "MasterLabel",
    "Label",
    "PluralLabel",
    "KeyPrefix",
    "InternalSharingModel",
    "ExternalSharingModel",
    "IsCustomizable",
    "IsApexTriggerable",
    "IsWorkflowEnabled",
    "IsCompactLayoutable",
    "IsReplicateable",
    "IsRetrieveable",
    "IsSearchLayoutable",
    "IsSearchable",
    "IsTriggerable",
    "IsIdEnabled",
    "IsEverCreatable",
    "IsEverUpdatable",
    "IsEverDeletable",
    "IsFeedEnabled",
    "IsQueryable",
    "IsMruEnabled",
    "IsLayoutable",
];

pub(super) fn entities(world: &World, rows: &mut Maker<'_>) {
    let columns = rows.columns(ENTITY);
    for object in world.object_numbers() {
        let values = entity_values(world.schema.at(object), world.sharing_of(object).model());
        rows.add(u64::from(object.0) + 1, world.admin_id, &columns, values);
    }
}

fn entity_values(def: &ObjectDef, sharing: &str) -> [Value; 26] {
    let flag = Value::Bool;
    [
        Value::text(&def.name),
        Value::text(&def.name),
        Value::text(developer_name(&def.name)),
        Value::text(&def.label),
        Value::text(&def.label),
        Value::text(&def.label_plural),
        Value::text(&String::from_utf8_lossy(&def.key_prefix)),
        Value::text(sharing),
        Value::text(sharing),
        flag(!def.administrative),
        flag(def.triggerable),
        flag(!def.administrative),
        flag(def.layoutable),
        flag(def.replicateable),
        flag(true),
        flag(def.searchable),
        flag(def.searchable),
        flag(def.triggerable),
        flag(true),
        flag(def.createable),
        flag(def.updateable),
        flag(def.deletable),
        flag(def.feed_enabled),
        flag(true),
        flag(def.layoutable),
        flag(def.layoutable),
    ]
}

pub(super) fn fields(world: &World, rows: &mut Maker<'_>) {
    const NAMES: [&str; 24] = [
        "DurableId",
        "QualifiedApiName",
        "EntityDefinitionId",
        "DeveloperName",
        "MasterLabel",
        "Label",
        "Length",
        "DataType",
        "ValueTypeId",
        "ExtraTypeInfo",
        "IsCalculated",
        "IsNameField",
        "IsNillable",
        "Precision",
        "Scale",
        "IsIndexed",
        "IsApiFilterable",
        "IsApiGroupable",
        "IsApiSortable",
        "RelationshipName",
        "ReferenceTo",
        "IsCompound",
        "IsPolymorphicForeignKey",
        "IsListVisible",
    ];
    let columns = rows.columns(NAMES);
    for object in world.object_numbers() {
        let def = world.schema.at(object);
        for (no, field) in def.numbered() {
            let values = field_values(def, field);
            let position = u64::from(object.0) * FIELDS + u64::from(no.0) + 1;
            rows.add(position, world.admin_id, &columns, values);
        }
    }
}

fn field_values(def: &ObjectDef, field: &FieldDef) -> [Value; 24] {
    let flag = Value::Bool;
    let size = |size: u32| number(size.into());
    let (name, label) = (Value::text(&field.name), Value::text(&field.label));
    // The vendor's references are an object with a list in it; as text they are left out when there are none.
    let references = Value::text(&field.reference_to.join(","));
    [
        Value::text(&format!("{}.{}", def.name, field.name)),
        name,
        Value::text(&def.name),
        Value::text(developer_name(&field.name)),
        label.clone(),
        label,
        size(field.length),
        Value::text(&data_type(field)),
        Value::text(
            field
                .field_type
                .soap_type()
                .split(':')
                .next_back()
                .unwrap_or_default(),
        ),
        field.extra_type_info.map_or(Value::Null, Value::text),
        flag(field.calculated),
        flag(field.name_field),
        flag(field.nillable),
        size(field.precision),
        size(field.scale),
        flag(
            field.is_indexed()
                || field.storage == Storage::Id
                || field.storage == Storage::SystemModstamp,
        ),
        flag(field.filterable()),
        flag(field.groupable()),
        flag(field.sortable()),
        field
            .relationship_name
            .as_deref()
            .map_or(Value::Null, Value::text),
        references,
        flag(field.field_type == FieldType::Address),
        flag(field.polymorphic()),
        flag(true),
    ]
}

/// The name without `__c`.
fn developer_name(name: &str) -> &str {
    name.strip_suffix("__c").unwrap_or(name)
}

/// As set-up pages show types, e.g. `Text(255)` and `Lookup(Account)`.
fn data_type(field: &FieldDef) -> String {
    let sized = |name: &str| format!("{name}({})", field.length);
    let decimal = |name: &str| {
        format!(
            "{name}({}, {})",
            field.precision.saturating_sub(field.scale),
            field.scale
        )
    };
    match field.field_type {
        _ if field.calculated => "Formula".to_owned(),
        FieldType::Id => "Lookup()".to_owned(),
        FieldType::Reference if field.cascade_delete && field.custom => {
            format!("Master-Detail({})", field.reference_to.join(","))
        }
        FieldType::Reference => format!("Lookup({})", field.reference_to.join(",")),
        FieldType::Text if field.external_id => format!("Text({}) (External ID)", field.length),
        FieldType::Text | FieldType::Combobox => sized("Text"),
        FieldType::TextArea => sized("Text Area"),
        FieldType::LongTextArea => sized("Long Text Area"),
        FieldType::Boolean => "Checkbox".to_owned(),
        FieldType::Int => "Number(8, 0)".to_owned(),
        FieldType::Double => decimal("Number"),
        FieldType::Currency => decimal("Currency"),
        FieldType::Percent => decimal("Percent"),
        FieldType::Date => "Date".to_owned(),
        FieldType::DateTime => "Date/Time".to_owned(),
        FieldType::Picklist => "Picklist".to_owned(),
        FieldType::MultiPicklist => "Picklist (Multi-Select)".to_owned(),
        FieldType::Email => "Email".to_owned(),
        FieldType::Phone => "Phone".to_owned(),
        FieldType::Url => sized("URL"),
        FieldType::Address => "Address".to_owned(),
    }
}
