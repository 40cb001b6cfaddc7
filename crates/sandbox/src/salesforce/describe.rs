//! Describes: the list of objects, and one object with its fields, as the calling user may see and use them.
//!
//! A describe is written once per user, version and object, and kept until metadata or rights change. Its entity tag
//! is a digest of the text, its `Last-Modified` the time of that change.

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    Site,
    answer::{self, Answer},
    conditional, describe_field,
    error::ApiError,
    recent,
    request::Call,
};
use crate::world::{Actor, ChildRelationship, ObjectDef, ObjectRights, SfId, World};

/// Most describes kept; a full cache is emptied.
const MAX_CACHED: usize = 256;
/// Record type of objects that have none.
const MASTER_RECORD_TYPE: &str = "012000000000000AAA";

/// Finished describes by user, version and object; the empty name is the list of objects.
#[derive(Debug, Default)]
pub(super) struct Describes {
    of_metadata: u64,
    texts: HashMap<(SfId, u32, String), Arc<Described>>,
}

#[derive(Debug)]
struct Described {
    text: Bytes,
    etag: String,
}

impl Describes {
    /// The describe from the cache, or made now. `make` answers `None` when there is nothing to describe.
    fn get(
        &mut self,
        world: &World,
        key: (SfId, u32, String),
        make: impl FnOnce(&World) -> Option<Value>,
    ) -> Option<Arc<Described>> {
        if self.of_metadata != world.metadata_version() || self.texts.len() >= MAX_CACHED {
            self.texts.clear();
            self.of_metadata = world.metadata_version();
        }
        if let Some(known) = self.texts.get(&key) {
            return Some(Arc::clone(known));
        }
        let text = Bytes::from(make(world)?.to_string());
        let etag = conditional::etag_of(&text);
        let described = Arc::new(Described { text, etag });
        self.texts.insert(key, Arc::clone(&described));
        Some(described)
    }
}

/// `GET /sobjects`.
pub(super) fn global(site: &mut Site<'_>, call: &Call) -> Result<Answer, ApiError> {
    answer_with(site, call, String::new(), |world, call| {
        let entries =
            visible(world, &call.actor).map(|(def, rights)| entry(def, rights, &call.base()));
        let sobjects = entries.collect::<Vec<_>>();
        Some(json!({ "encoding": "UTF-8", "maxBatchSize": 200, "sobjects": sobjects }))
    })
}

/// `GET /sobjects/{object}/describe`.
pub(super) fn object(site: &mut Site<'_>, call: &Call, name: &str) -> Result<Answer, ApiError> {
    answer_with(site, call, name.to_ascii_lowercase(), |world, call| {
        let def = world.schema().object(name)?;
        let rights = world.object_rights(&call.actor, name);
        rights
            .read
            .then(|| full(world, &call.actor, def, rights, &call.base()))
    })
}

/// `GET /sobjects/{object}`: the entry of the list and the records the user looked at last.
pub(super) fn basic(site: &Site<'_>, call: &Call, name: &str) -> Result<Answer, ApiError> {
    let def = site
        .world
        .schema()
        .object(name)
        .ok_or_else(ApiError::not_found)?;
    let rights = site.world.object_rights(&call.actor, name);
    if !rights.read {
        return Err(ApiError::not_found());
    }
    Ok(answer::ok(&json!({
        "objectDescribe": entry(def, rights, &call.base()),
        "recentItems": recent::items(site, call, Some(name)),
    })))
}

fn answer_with(
    site: &mut Site<'_>,
    call: &Call,
    name: String,
    make: impl FnOnce(&World, &Call) -> Option<Value>,
) -> Result<Answer, ApiError> {
    let key = (call.actor.user, call.version, name);
    let described = site
        .desk
        .describes
        .get(site.world, key, |world| make(world, call));
    let described = described.ok_or_else(ApiError::not_found)?;
    let modified: Timestamp = site.world.metadata_changed_at();
    if let Some(answer) = conditional::not_modified(call, modified, Some(&described.etag)) {
        return Ok(answer);
    }
    let answer = answer::json_bytes(StatusCode::OK, described.text.clone());
    Ok(conditional::with_validators(
        answer,
        modified,
        Some(&described.etag),
    ))
}

fn visible<'w>(
    world: &'w World,
    actor: &'w Actor,
) -> impl Iterator<Item = (&'w ObjectDef, ObjectRights)> {
    let objects = world.schema().objects();
    objects
        .map(|def| (def, world.object_rights(actor, &def.name)))
        .filter(|(_, rights)| rights.read)
}

/// The entry of an object in the list of objects.
fn entry(def: &ObjectDef, rights: ObjectRights, base: &str) -> Value {
    json!({
        "activateable": false,
        "associateEntityType": null,
        "associateParentEntity": null,
        "createable": def.createable && rights.create,
        "custom": def.custom,
        "customSetting": false,
        "deepCloneable": false,
        "deletable": def.deletable && rights.delete,
        "deprecatedAndHidden": false,
        "feedEnabled": false,
        "hasSubtypes": false,
        "isInterface": false,
        "isSubtype": false,
        "keyPrefix": String::from_utf8_lossy(&def.key_prefix),
        "label": def.label,
        "labelPlural": def.label_plural,
        "layoutable": true,
        "mergeable": def.mergeable,
        "mruEnabled": true,
        "name": def.name,
        "queryable": true,
        "replicateable": def.replicateable,
        "retrieveable": true,
        "searchable": true,
        "triggerable": true,
        "undeletable": def.undeletable && rights.delete,
        "updateable": def.updateable && rights.edit,
        "urls": urls(def, base),
    })
}

fn full(world: &World, actor: &Actor, def: &ObjectDef, rights: ObjectRights, base: &str) -> Value {
    let mut described = entry(def, rights, base);
    if let Value::Object(all) = &mut described {
        all.extend(details(world, actor, def, base));
        all.insert("fields".to_owned(), fields(world, actor, def, rights));
    }
    described
}

fn fields(world: &World, actor: &Actor, def: &ObjectDef, rights: ObjectRights) -> Value {
    let described = def.fields.iter().filter_map(|field| {
        let own = world.field_rights(actor, &def.name, &field.name);
        own.read.then(|| describe_field::field(field, rights, own))
    });
    described.collect()
}

/// What a describe has besides the entry and the fields.
fn details(world: &World, actor: &Actor, def: &ObjectDef, base: &str) -> Map<String, Value> {
    let children: Vec<Value> = world
        .schema()
        .child_relationships(&def.name)
        .iter()
        .filter(|child| world.object_rights(actor, child.child_object).read)
        .map(child_relationship)
        .collect();
    let layout = format!(
        "{base}/sobjects/{}/describe/layouts/{MASTER_RECORD_TYPE}",
        def.name
    );
    let scope = format!("All {}", def.label_plural.to_lowercase());
    let details = json!({
        "actionOverrides": [],
        "childRelationships": children,
        "compactLayoutable": true,
        "defaultImplementation": null,
        "extendedBy": null,
        "extendsInterfaces": null,
        "implementedBy": null,
        "implementsInterfaces": null,
        "listviewable": null,
        "lookupLayoutable": null,
        "namedLayoutInfos": [],
        "networkScopeFieldName": null,
        "recordTypeInfos": [{
            "active": true,
            "available": true,
            "defaultRecordTypeMapping": true,
            "developerName": "Master",
            "master": true,
            "name": "Master",
            "recordTypeId": MASTER_RECORD_TYPE,
            "urls": { "layout": layout },
        }],
        "searchLayoutable": true,
        "sobjectDescribeOption": "FULL",
        "supportedScopes": [{ "label": scope, "name": "everything" }],
    });
    match details {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn child_relationship(child: &ChildRelationship<'_>) -> Value {
    json!({
        "cascadeDelete": child.cascade_delete,
        "childSObject": child.child_object,
        "deprecatedAndHidden": false,
        "field": child.field,
        "junctionIdListNames": [],
        "junctionReferenceTo": [],
        "relationshipName": child.relationship_name,
        "restrictedDelete": false,
    })
}

fn urls(def: &ObjectDef, base: &str) -> Value {
    let own = format!("{base}/sobjects/{}", def.name);
    json!({
        "approvalLayouts": format!("{own}/describe/approvalLayouts"),
        "compactLayouts": format!("{own}/describe/compactLayouts"),
        "describe": format!("{own}/describe"),
        "layouts": format!("{own}/describe/layouts"),
        "listviews": format!("{own}/listviews"),
        "quickActions": format!("{own}/quickActions"),
        "rowTemplate": format!("{own}/{{ID}}"),
        "sobject": own,
    })
}
