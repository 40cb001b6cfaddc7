//! Describes: the list of objects, and one object with its fields, as the calling user may see and use them.
//!
//! A describe is written once per user, version, object and address, and kept until metadata or rights change. Its entity tag
//! is a digest of the text, its `Last-Modified` the time of that change.

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Site,
    answer::{self, Answer},
    conditional, describe_field,
    describe_object::{View, details, entry},
    error::ApiError,
    recent,
    request::Call,
    tooling,
};
use crate::world::{Actor, ObjectDef, ObjectRights, SfId, World};

/// Most describes kept; a full cache is emptied.
const MAX_CACHED: usize = 256;

/// Finished describes.
#[derive(Debug, Default)]
pub(super) struct Describes {
    of_metadata: u64,
    texts: HashMap<Key, Arc<Described>>,
}

/// What a describe depends on besides metadata and rights.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    user: SfId,
    /// The path with the version.
    base: String,
    /// In small letters; empty for the list of objects.
    object: String,
    origin: String,
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
        key: Key,
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
    answer_with(site, call, "", |view| {
        let known = |def: &ObjectDef| !call.is_tooling() || tooling::knows(&def.name);
        let entries = visible(view.world, view.actor).filter(|(def, _)| known(def));
        let entries = entries.map(|(def, rights)| entry(view, def, rights));
        let sobjects = entries.collect::<Vec<_>>();
        Some(json!({ "encoding": "UTF-8", "maxBatchSize": 200, "sobjects": sobjects }))
    })
}

/// `GET /sobjects/{object}/describe`.
pub(super) fn object(site: &mut Site<'_>, call: &Call, name: &str) -> Result<Answer, ApiError> {
    answer_with(site, call, name, |view| {
        let def = view.world.schema().object(name)?;
        let rights = view.world.object_rights(view.actor, name);
        rights.read.then(|| full(view, def, rights))
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
    let base = call.base();
    let view = view(site.world, call, &base, site.origin);
    Ok(answer::ok(&json!({
        "objectDescribe": entry(view, def, rights),
        "recentItems": recent::items(site, call, Some(name)),
    })))
}

fn view<'a>(world: &'a World, call: &'a Call, base: &'a str, origin: &'a str) -> View<'a> {
    View {
        world,
        actor: &call.actor,
        version: call.version,
        base,
        origin,
    }
}

/// The answer from the cache, or made now. `make` answers `None` when there is nothing to describe.
fn answer_with(
    site: &mut Site<'_>,
    call: &Call,
    name: &str,
    make: impl FnOnce(View<'_>) -> Option<Value>,
) -> Result<Answer, ApiError> {
    let key = Key {
        user: call.actor.user,
        base: call.base(),
        object: name.to_ascii_lowercase(),
        origin: site.origin.to_owned(),
    };
    let (base, origin) = (call.base(), site.origin);
    let described = site.desk.describes.get(site.world, key, |world| {
        make(view(world, call, &base, origin))
    });
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

fn full(view: View<'_>, def: &ObjectDef, rights: ObjectRights) -> Value {
    let mut described = entry(view, def, rights);
    if let Value::Object(all) = &mut described {
        all.extend(details(view, def));
        all.insert("fields".to_owned(), fields(view, def, rights));
    }
    described
}

fn fields(view: View<'_>, def: &ObjectDef, rights: ObjectRights) -> Value {
    let described = def.fields.iter().filter_map(|field| {
        let own = view.world.field_rights(view.actor, &def.name, &field.name);
        own.read.then(|| describe_field::field(field, rights, own))
    });
    described.collect()
}
