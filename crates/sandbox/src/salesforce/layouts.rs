//! Page layouts, made from the fields: one for every object that has layouts, with two columns of fields the user may
//! set and a section of system information.
//!
//! `/sobjects/{object}/describe/layouts`, `…/layouts/{record type}`, `…/compactLayouts` and `…/approvalLayouts`; shapes
//! by general knowledge. Layouts cannot be changed, and buttons, related lists and quick actions are empty.

use serde_json::{Value, json};

use super::{
    Site,
    answer::{self, Answer},
    describe_field,
    describe_object::{MASTER_RECORD_TYPE, is_listed},
    error::ApiError,
    request::Call,
};
use crate::world::{FieldDef, FieldRights, ObjectDef, ObjectRights, SfId};

/// Fields of a compact layout besides the name.
const COMPACT_FIELDS: usize = 4;
/// Columns of a section.
const COLUMNS: usize = 2;

/// An object and what the user may do with it.
struct Page<'s> {
    def: &'s ObjectDef,
    rights: ObjectRights,
    fields: Vec<(&'s FieldDef, FieldRights)>,
}

/// Serves what is below `/sobjects/{object}/describe`, other than the describe.
pub(super) fn serve(
    site: &Site<'_>,
    call: &Call,
    object: &str,
    rest: &[&str],
) -> Result<Answer, ApiError> {
    let page = page(site, call, object).ok_or_else(ApiError::not_found)?;
    let answer = match rest {
        ["layouts"] => page.layouts(call),
        ["layouts", record_type] if is_master(record_type) => page.layout(),
        ["compactLayouts"] => page.compact_layouts(call),
        ["compactLayouts", record_type] if is_master(record_type) => page.compact_layout(),
        ["approvalLayouts"] if is_listed(page.def) => json!({ "approvalLayouts": [] }),
        _ => return Err(ApiError::not_found()),
    };
    Ok(answer::ok(&answer))
}

fn is_master(record_type: &str) -> bool {
    let id: Option<SfId> = record_type.parse().ok();
    id.is_some() && id == MASTER_RECORD_TYPE.parse().ok()
}

fn page<'s>(site: &'s Site<'_>, call: &Call, object: &str) -> Option<Page<'s>> {
    let rights = site.world.object_rights(&call.actor, object);
    let def = site.world.schema().object(object)?;
    let readable = |field: &'s FieldDef| {
        let own = site.world.field_rights(&call.actor, object, &field.name);
        own.read.then_some((field, own))
    };
    (rights.read && def.layoutable).then(|| Page {
        def,
        rights,
        fields: def.fields.iter().filter_map(readable).collect(),
    })
}

impl Page<'_> {
    fn layouts(&self, call: &Call) -> Value {
        let own = format!("{}/sobjects/{}", call.base(), self.def.name);
        let layout = format!("{own}/describe/layouts/{MASTER_RECORD_TYPE}");
        json!({
            "layouts": [self.layout()],
            "recordTypeMappings": [{
                "active": true,
                "available": true,
                "defaultRecordTypeMapping": true,
                "developerName": "Master",
                "layoutId": layout_id(self.def),
                "master": true,
                "name": "Master",
                "picklistsForRecordType": self.picklists(),
                "recordTypeId": MASTER_RECORD_TYPE,
                "urls": { "layout": layout },
            }],
            "recordTypeSelectorRequired": [false],
        })
    }

    fn layout(&self) -> Value {
        let (own, system): (Vec<_>, Vec<_>) = self
            .fields
            .iter()
            .filter(|(field, _)| field.name != "Id" && field.name != "IsDeleted")
            .partition(|(field, _)| field.createable || field.updateable);
        let information = format!("{} Information", self.def.label);
        let sections = [
            self.section(&information, &own),
            self.section("System Information", &system),
        ];
        json!({
            "buttonLayoutSection": { "detailButtons": [] },
            "detailLayoutSections": sections,
            "editLayoutSections": [sections[0]],
            "feedView": null,
            "highlightsPanelLayoutSection": null,
            "id": layout_id(self.def),
            "multirowEditLayoutSections": [],
            "offlineLinks": [],
            "quickActionList": { "quickActionListItems": [] },
            "relatedContent": null,
            "relatedLists": [],
            "saveOptions": [],
        })
    }

    fn section(&self, heading: &str, fields: &[&(&FieldDef, FieldRights)]) -> Value {
        let rows = fields.chunks(COLUMNS).map(|row| {
            let items: Vec<Value> = row
                .iter()
                .map(|(field, own)| self.item(field, *own))
                .collect();
            json!({ "layoutItems": items, "numItems": items.len() })
        });
        let rows: Vec<Value> = rows.collect();
        json!({
            "columns": COLUMNS,
            "heading": heading,
            "layoutRows": rows,
            "layoutSectionId": null,
            "parentLayoutId": layout_id(self.def),
            "rows": rows.len(),
            "tabOrder": "LeftToRight",
            "useCollapsibleSection": false,
            "useHeading": true,
        })
    }

    fn item(&self, field: &FieldDef, own: FieldRights) -> Value {
        let new = field.createable && self.rights.create && own.edit;
        let update = field.updateable && self.rights.edit && own.edit;
        json!({
            "editableForNew": new,
            "editableForUpdate": update,
            "label": field.label,
            "layoutComponents": [{
                "details": describe_field::field(field, self.rights, own),
                "displayLines": 1,
                "tabOrder": 1,
                "type": "Field",
                "value": field.name,
            }],
            "placeholder": false,
            "required": new && !field.nillable && !field.defaulted_on_create,
        })
    }

    fn picklists(&self) -> Vec<Value> {
        let lists = self
            .fields
            .iter()
            .filter(|(field, _)| !field.picklist_values.is_empty());
        let list = |(field, own): &(&FieldDef, FieldRights)| {
            let described = describe_field::field(field, self.rights, *own);
            json!({ "picklistName": field.name, "picklistValues": described["picklistValues"] })
        };
        lists.map(list).collect()
    }

    fn compact_layouts(&self, call: &Call) -> Value {
        let own = format!(
            "{}/sobjects/{}/describe/compactLayouts",
            call.base(),
            self.def.name
        );
        let master = format!("{own}/{MASTER_RECORD_TYPE}");
        json!({
            "compactLayouts": [self.compact_layout()],
            "defaultCompactLayoutId": null,
            "recordTypeCompactLayoutMappings": [{
                "available": true,
                "compactLayoutId": null,
                "compactLayoutName": "SYSTEM",
                "recordTypeId": MASTER_RECORD_TYPE,
                "recordTypeName": "Master",
                "urls": { "compactLayout": master },
            }],
            "urls": { "primary": format!("{own}/primary") },
        })
    }

    fn compact_layout(&self) -> Value {
        let name = self.fields.iter().filter(|(field, _)| field.name_field);
        let others = self.fields.iter().filter(|(field, _)| {
            field.updateable && !field.name_field && field.compound_field_name.is_none()
        });
        let items = name.chain(others.take(COMPACT_FIELDS));
        let items: Vec<Value> = items.map(|(field, own)| self.item(field, *own)).collect();
        json!({
            "actions": [],
            "fieldItems": items,
            "id": null,
            "imageItems": [],
            "label": "System Default",
            "name": "SYSTEM",
            "objectType": self.def.name,
        })
    }
}

/// The layout's id goes with the object's prefix.
fn layout_id(def: &ObjectDef) -> SfId {
    let [a, b, c] = def.key_prefix;
    SfId::from_counter(
        *b"00h",
        *b"Td0",
        u64::from_be_bytes([0, 0, 0, 0, 0, a, b, c]),
    )
}
