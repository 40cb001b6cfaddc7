//! Tests of the world through its public API; one file per theme.

mod deals;
mod late;
mod masters;
mod merge;
mod permissions;
mod properties;
mod recycle;
mod rules;
mod save;
mod setup;
mod sharing;
mod values;
mod views;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

use super::{Actor, DmlError, DmlOptions, SfId, World, WorldOptions};

/// The time every test world starts at.
pub(crate) const START: &str = "2026-05-13T10:30:00Z";
pub(crate) const BASE: &str = "/services/data/v62.0";

pub(crate) fn world() -> World {
    World::new(&WorldOptions {
        now: START.parse().expect("the start is a time"),
        org_name: "Brindle Works".to_owned(),
        admin_username: "admin@brindle.example".to_owned(),
        external_ids: true,
    })
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// A world, its administrator, and short forms of the calls tests make most.
pub(crate) struct Bench {
    pub(crate) world: World,
    pub(crate) admin: Actor,
}

impl Bench {
    pub(crate) fn new() -> Bench {
        let world = world();
        let admin = Actor::user(world.admin_id());
        Bench { world, admin }
    }

    pub(crate) fn later(&mut self, seconds: i64) {
        self.world.advance(SignedDuration::from_secs(seconds));
    }

    pub(crate) fn try_create(&mut self, object: &str, fields: Json) -> Result<SfId, Vec<DmlError>> {
        let fields = fields.as_object().expect("an object");
        self.world
            .create(&self.admin, object, fields, &DmlOptions::default())
    }

    pub(crate) fn create(&mut self, object: &str, fields: Json) -> SfId {
        self.try_create(object, fields).expect("the record is good")
    }

    pub(crate) fn update(
        &mut self,
        object: &str,
        id: SfId,
        fields: Json,
    ) -> Result<(), Vec<DmlError>> {
        let fields = fields.as_object().expect("an object");
        self.world.update(
            &self.admin,
            object,
            &id.to_string(),
            fields,
            &DmlOptions::default(),
        )
    }

    pub(crate) fn delete(&mut self, object: &str, id: SfId) -> Result<(), Vec<DmlError>> {
        self.world
            .delete(&self.admin, object, &id.to_string(), &DmlOptions::default())
    }

    /// The live record's JSON, or null.
    pub(crate) fn read(&self, object: &str, id: SfId) -> Json {
        let record = self
            .world
            .retrieve(&self.admin, object, &id.to_string(), None, BASE);
        record.expect("all fields exist").unwrap_or_default()
    }

    pub(crate) fn field(&self, object: &str, id: SfId, field: &str) -> Json {
        self.read(object, id)[field].clone()
    }

    /// Another active user.
    pub(crate) fn user(&mut self, alias: &str) -> SfId {
        let profile = self.field("User", self.world.admin_id(), "ProfileId");
        let mail = format!("{alias}@brindle.example");
        self.create(
            "User",
            serde_json::json!({
                "Username": mail, "Email": mail, "LastName": alias, "Alias": alias, "CommunityNickname": alias,
                "TimeZoneSidKey": "GMT", "LocaleSidKey": "en_US", "EmailEncodingKey": "UTF-8",
                "LanguageLocaleKey": "en_US", "ProfileId": profile,
            }),
        )
    }
}

/// Errors as `CODE message [fields]` lines.
pub(crate) fn show(errors: &[DmlError]) -> String {
    let line =
        |error: &DmlError| format!("{} {} {:?}", error.status_code, error.message, error.fields);
    errors.iter().map(line).collect::<Vec<_>>().join("\n")
}
