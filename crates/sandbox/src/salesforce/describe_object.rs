//! An object as describes show it: its entry in the list of objects, and what a full describe has besides the fields.
//!
//! What the user interface offers for an object (lists, quick actions, approvals) is known by name, as recorded.

use serde_json::{Map, Value, json};

use crate::world::{Actor, ChildRelationship, ObjectDef, ObjectRights, World};

/// Record type of objects that have none.
pub(super) const MASTER_RECORD_TYPE: &str = "012000000000000AAA";
/// First version with the attributes of subtypes; between 49 and 52, by recordings.
const SUBTYPES_SINCE: u32 = 50;
/// Standard objects with list views and approvals.
const LISTED: [&str; 7] = [
    "Account",
    "Campaign",
    "Case",
    "Contact",
    "Lead",
    "Opportunity",
    "Product2",
];
/// Objects that have layouts, but no quick actions.
const WITHOUT_ACTIONS: [&str; 1] = ["CampaignMember"];
/// Objects whose records can be cloned with their children.
const CLONED_DEEPLY: [&str; 2] = ["Campaign", "Opportunity"];
/// Objects that answer queries about rights and have no records of their own.
const QUERIED_ONLY: [&str; 4] = [
    "UserEntityAccess",
    "UserFieldAccess",
    "UserPermissionAccess",
    "UserRecordAccess",
];

/// Where and to whom an object is described.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) world: &'a World,
    pub(super) actor: &'a Actor,
    pub(super) version: u32,
    /// `/services/data/vXX.0`.
    pub(super) base: &'a str,
    /// Address the client used, without a slash at the end.
    pub(super) origin: &'a str,
}

/// Whether the user interface has list views of the object.
pub(super) fn is_listed(def: &ObjectDef) -> bool {
    def.custom || LISTED.contains(&def.name.as_str())
}

/// The entry of an object in the list of objects.
pub(super) fn entry(view: View<'_>, def: &ObjectDef, rights: ObjectRights) -> Value {
    // Its rows have the ids of other objects' records (recorded).
    let prefix = (def.name != "UserRecordAccess").then(|| String::from_utf8_lossy(&def.key_prefix));
    let mut entry = json!({
        "activateable": false,
        "createable": def.createable && rights.create,
        "custom": def.custom,
        "customSetting": false,
        "deepCloneable": CLONED_DEEPLY.contains(&def.name.as_str()),
        "deletable": def.deletable && rights.delete,
        "deprecatedAndHidden": false,
        "feedEnabled": def.feed_enabled,
        "hasSubtypes": false,
        "isInterface": false,
        "isSubtype": false,
        "keyPrefix": prefix,
        "label": def.label,
        "labelPlural": def.label_plural,
        "layoutable": def.layoutable,
        "mergeable": def.mergeable,
        "mruEnabled": def.layoutable && def.searchable,
        "name": def.name,
        "queryable": true,
        "replicateable": def.replicateable,
        "retrieveable": !QUERIED_ONLY.contains(&def.name.as_str()),
        "searchable": def.searchable,
        "triggerable": def.triggerable,
        "undeletable": def.undeletable && rights.delete,
        "updateable": def.updateable && rights.edit,
        "urls": urls(view.base, def),
    });
    if view.version >= SUBTYPES_SINCE {
        entry["associateEntityType"] = Value::Null;
        entry["associateParentEntity"] = Value::Null;
    }
    entry
}

/// What a describe has besides the entry and the fields; `urls` are those of the entry and more.
pub(super) fn details(view: View<'_>, def: &ObjectDef) -> Map<String, Value> {
    let details = json!({
        "actionOverrides": [],
        "childRelationships": children(view, def),
        "compactLayoutable": def.layoutable,
        "defaultImplementation": null,
        "extendedBy": null,
        "extendsInterfaces": null,
        "implementedBy": null,
        "implementsInterfaces": null,
        "listviewable": null,
        "lookupLayoutable": null,
        "namedLayoutInfos": [],
        "networkScopeFieldName": null,
        "recordTypeInfos": [record_type(view.base, def)],
        "searchLayoutable": def.layoutable && def.searchable,
        "supportedScopes": scopes(view, def),
        "urls": all_urls(view, def),
    });
    let Value::Object(mut details) = details else {
        return Map::new();
    };
    if view.version >= SUBTYPES_SINCE {
        details.insert("sobjectDescribeOption".to_owned(), "FULL".into());
    }
    details
}

fn record_type(base: &str, def: &ObjectDef) -> Value {
    let name = &def.name;
    let layout = format!("{base}/sobjects/{name}/describe/layouts/{MASTER_RECORD_TYPE}");
    json!({
        "active": true,
        "available": true,
        "defaultRecordTypeMapping": true,
        "developerName": "Master",
        "master": true,
        "name": "Master",
        "recordTypeId": MASTER_RECORD_TYPE,
        "urls": { "layout": layout },
    })
}

fn children(view: View<'_>, def: &ObjectDef) -> Vec<Value> {
    let children = view.world.schema().child_relationships(&def.name);
    let seen = |child: &&ChildRelationship<'_>| {
        let rights = view.world.object_rights(view.actor, child.child_object);
        rights.read
    };
    children.iter().filter(seen).map(child).collect()
}

fn child(child: &ChildRelationship<'_>) -> Value {
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

/// What `USING SCOPE` may name, in the order of names (recorded).
fn scopes(view: View<'_>, def: &ObjectDef) -> Vec<Value> {
    let plural = def.label_plural.to_lowercase();
    let owner = def.field("OwnerId");
    let queues = owner.is_some_and(|owner| owner.polymorphic() && is_listed(def));
    let own = owner.is_some();
    let scopes = [
        (true, "everything", format!("All {plural}")),
        (own, "mine", format!("My {plural}")),
        (queues, "queue_owned", format!("Queue owned {plural}")),
        (
            own && view.version >= SUBTYPES_SINCE,
            "scopingRule",
            "Filter by scope".to_owned(),
        ),
        (own, "team", format!("My team's {plural}")),
        (queues, "user_owned", format!("User owned {plural}")),
    ];
    let offered = scopes.into_iter().filter(|(offered, ..)| *offered);
    offered
        .map(|(_, name, label)| json!({ "label": label, "name": name }))
        .collect()
}

/// The addresses in the list of objects.
fn urls(base: &str, def: &ObjectDef) -> Map<String, Value> {
    let own = format!("{base}/sobjects/{}", def.name);
    let actions = def.layoutable && !WITHOUT_ACTIONS.contains(&def.name.as_str());
    let urls = [
        (true, "sobject", own.clone()),
        (true, "describe", format!("{own}/describe")),
        (true, "rowTemplate", format!("{own}/{{ID}}")),
        (def.layoutable, "layouts", format!("{own}/describe/layouts")),
        (
            def.layoutable,
            "compactLayouts",
            format!("{own}/describe/compactLayouts"),
        ),
        (actions, "quickActions", format!("{own}/quickActions")),
        (
            is_listed(def),
            "approvalLayouts",
            format!("{own}/describe/approvalLayouts"),
        ),
        (is_listed(def), "listviews", format!("{own}/listviews")),
        (
            def.name == "User",
            "passwordUtilities",
            format!("{own}/{{ID}}/password"),
        ),
    ];
    let offered = urls.into_iter().filter(|(offered, ..)| *offered);
    offered
        .map(|(_, name, url)| (name.to_owned(), url.into()))
        .collect()
}

/// The addresses in a full describe: pages of the user interface, too.
fn all_urls(view: View<'_>, def: &ObjectDef) -> Map<String, Value> {
    let mut urls = urls(view.base, def);
    if !def.layoutable {
        return urls;
    }
    let (origin, prefix) = (view.origin, String::from_utf8_lossy(&def.key_prefix));
    let mut add = |name: &str, url: String| urls.insert(name.to_owned(), url.into());
    add("uiDetailTemplate", format!("{origin}/{{ID}}"));
    add("uiEditTemplate", format!("{origin}/{{ID}}/e"));
    add("uiNewRecord", format!("{origin}/{prefix}/e"));
    urls
}
