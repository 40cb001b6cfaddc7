//! What clients ask of the user interface as a whole: tabs, the theme, quick actions. There are as many tabs as objects
//! with lists, and no actions. Icons and colours are left out: there is nothing to show them in.

use serde_json::{Value, json};

use super::{
    Site,
    answer::{self, Answer},
    describe_object::is_listed,
    request::Call,
};
use crate::world::ObjectDef;

fn listed<'s>(site: &'s Site<'_>, call: &Call) -> impl Iterator<Item = &'s ObjectDef> {
    let seen = |def: &&ObjectDef| site.world.object_rights(&call.actor, &def.name).read;
    site.world
        .schema()
        .objects()
        .filter(|def| is_listed(def))
        .filter(seen)
}

/// `GET /tabs`.
pub(super) fn tabs(site: &Site<'_>, call: &Call) -> Answer {
    let base = call.base();
    let tab = |def: &ObjectDef| {
        json!({
            "colors": [],
            "custom": def.custom,
            "iconUrl": null,
            "icons": [],
            "label": def.label_plural,
            "miniIconUrl": null,
            "name": format!("standard-{}", def.name),
            "sobjectName": def.name,
            "url": format!("{}/{}/o", site.origin, String::from_utf8_lossy(&def.key_prefix)),
            "urls": { "sobject": format!("{base}/sobjects/{}", def.name) },
        })
    };
    answer::ok(&listed(site, call).map(tab).collect::<Vec<Value>>())
}

/// `GET /theme`.
pub(super) fn theme(site: &Site<'_>, call: &Call) -> Answer {
    let item = |def: &ObjectDef| json!({ "colors": [], "icons": [], "name": def.name });
    let items: Vec<Value> = listed(site, call).map(item).collect();
    answer::ok(&json!({ "themeItems": items }))
}

/// `GET /quickActions` and `/sobjects/{object}/quickActions`.
pub(super) fn quick_actions() -> Answer {
    answer::ok(&json!([]))
}
