//! One field of a describe, with the full set of attributes recorded on real orgs.

use serde_json::{Value, json};

use crate::world::{FieldDef, FieldRights, FieldType, ObjectRights, PicklistValue};

/// Bytes a character may take in the vendor's database.
const BYTES_PER_CHARACTER: u32 = 3;

/// The field as the caller sees it: what they may not write is not createable or updateable.
pub(super) fn field(def: &FieldDef, object: ObjectRights, rights: FieldRights) -> Value {
    let mut described = fixed_attributes();
    let own = own_attributes(def, object, rights);
    if let (Value::Object(all), Value::Object(own)) = (&mut described, own) {
        all.extend(own);
    }
    described
}

fn own_attributes(def: &FieldDef, object: ObjectRights, rights: FieldRights) -> Value {
    let picklist = def
        .picklist_values
        .iter()
        .map(picklist_value)
        .collect::<Vec<_>>();
    json!({
        "aggregatable": def.aggregatable(),
        "byteLength": byte_length(def),
        "calculated": def.calculated,
        "calculatedFormula": def.calculated_formula,
        // Of a standard reference only the parent's list of children tells that it cascades (recorded).
        "cascadeDelete": def.cascade_delete && def.custom,
        "caseSensitive": def.case_sensitive,
        "compoundFieldName": def.compound_field_name,
        "createable": def.createable && object.create && rights.edit,
        "custom": def.custom,
        "defaultValue": default_value(def),
        "defaultedOnCreate": def.defaulted_on_create,
        "digits": def.digits,
        "externalId": def.external_id,
        "extraTypeInfo": def.extra_type_info,
        "filterable": def.filterable(),
        "groupable": def.groupable(),
        "idLookup": def.id_lookup || def.external_id,
        "label": def.label,
        "length": def.length,
        "name": def.name,
        "nameField": def.name_field,
        "namePointing": def.polymorphic(),
        "nillable": def.nillable,
        "permissionable": def.permissionable,
        "picklistValues": picklist,
        "polymorphicForeignKey": def.polymorphic(),
        "queryByDistance": def.field_type == FieldType::Address,
        "precision": def.precision,
        "referenceTo": def.reference_to,
        "relationshipName": def.relationship_name,
        "restrictedPicklist": def.restricted_picklist,
        "scale": def.scale,
        "soapType": def.field_type.soap_type(),
        "sortable": def.sortable(),
        "type": def.field_type.describe_name(),
        "unique": def.unique,
        "updateable": def.updateable && object.edit && rights.edit,
    })
}

/// Attributes that are the same on every field of this org.
fn fixed_attributes() -> Value {
    json!({
        "aiPredictionField": false,
        "autoNumber": false,
        "controllerName": null,
        "defaultValueFormula": null,
        "dependentPicklist": false,
        "deprecatedAndHidden": false,
        "displayLocationInDecimal": false,
        "encrypted": false,
        "filteredLookupInfo": null,
        "formulaTreatNullNumberAsZero": false,
        "highScaleNumber": false,
        "htmlFormatted": false,
        "inlineHelpText": null,
        "mask": null,
        "maskType": null,
        "referenceTargetField": null,
        "relationshipOrder": null,
        "restrictedDelete": false,
        "searchPrefilterable": false,
        "writeRequiresMasterRead": false,
    })
}

fn picklist_value(entry: &PicklistValue) -> Value {
    json!({
        "active": entry.active,
        "defaultValue": entry.default_value,
        "label": entry.label,
        "validFor": null,
        "value": entry.value,
    })
}

/// Ids are plain ASCII; any other text may take several bytes a character.
fn byte_length(def: &FieldDef) -> u32 {
    match def.field_type {
        FieldType::Id | FieldType::Reference => def.length,
        _ => def.length.saturating_mul(BYTES_PER_CHARACTER),
    }
}

/// Recorded describes show the default of a checkbox only; a picklist's is marked at its entry.
fn default_value(def: &FieldDef) -> Option<bool> {
    match def.default_value {
        crate::world::Value::Bool(flag) => Some(flag),
        _ if def.field_type == FieldType::Boolean => Some(false),
        _ => None,
    }
}
