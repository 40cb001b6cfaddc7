//! The users of the org as OAuth needs them.

use serde_json::Value;

use crate::{
    soql::QueryScope,
    world::{Actor, SfId, World},
};

const FIELDS: [&str; 14] = [
    "Id",
    "Username",
    "Email",
    "FirstName",
    "LastName",
    "Name",
    "Alias",
    "IsActive",
    "LastModifiedDate",
    "TimeZoneSidKey",
    "LocaleSidKey",
    "LanguageLocaleKey",
    "ProfileId",
    "UserRoleId",
];

/// One user.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) id: SfId,
    pub(crate) username: String,
    pub(crate) email: String,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: String,
    pub(crate) name: String,
    pub(crate) alias: String,
    pub(crate) active: bool,
    /// `LastModifiedDate` as the API writes it.
    pub(crate) modified: String,
    /// `Europe/London` and the like.
    pub(crate) time_zone: String,
    pub(crate) locale: String,
    pub(crate) language: String,
    pub(crate) profile_id: Option<String>,
    pub(crate) role_id: Option<String>,
}

impl Person {
    /// A user nobody can look up; there is none in a sound org.
    pub(crate) fn nameless(id: SfId) -> Self {
        Self {
            id,
            username: String::new(),
            email: String::new(),
            first_name: None,
            last_name: String::new(),
            name: String::new(),
            alias: String::new(),
            active: true,
            modified: String::new(),
            time_zone: String::new(),
            locale: String::new(),
            language: String::new(),
            profile_id: None,
            role_id: None,
        }
    }
}

/// The user of this name, any letter case.
pub(crate) fn by_username(world: &World, username: &str) -> Option<Person> {
    let literal = username.replace('\\', "\\\\").replace('\'', "\\'");
    find(world, &format!("WHERE Username = '{literal}'"))
        .into_iter()
        .next()
}

/// The user with this id.
pub(crate) fn by_id(world: &World, id: SfId) -> Option<Person> {
    let row = world
        .retrieve(&system(world), "User", &id.to_string(), Some(&FIELDS), "")
        .ok()??;
    person(&row)
}

/// All users in the order they were created.
pub(crate) fn all(world: &World) -> Vec<Person> {
    find(world, "ORDER BY Id")
}

/// Whether this user may log in or use a session.
pub(crate) fn is_active(world: &World, id: SfId) -> bool {
    let row = world.retrieve(
        &system(world),
        "User",
        &id.to_string(),
        Some(&["IsActive"]),
        "",
    );
    row.ok()
        .flatten()
        .is_some_and(|row| row["IsActive"] == true)
}

/// Name of the company.
pub(crate) fn org_name(world: &World) -> String {
    let id = world.org_id().to_string();
    let org = world.retrieve(&system(world), "Organization", &id, Some(&["Name"]), "");
    let name = org.ok().flatten().map(|org| org["Name"].clone());
    let name = name.as_ref().and_then(Value::as_str);
    name.unwrap_or_default().to_owned()
}

fn find(world: &World, rest: &str) -> Vec<Person> {
    let soql = format!("SELECT {} FROM User {rest}", FIELDS.join(", "));
    // The text is our own; should the world refuse it, nobody can log in, which is what a caller has to see.
    let Ok(found) = world.query(&system(world), &soql, QueryScope::Live) else {
        return Vec::new();
    };
    world
        .render_rows(&found, 0..found.row_count(), "")
        .iter()
        .filter_map(person)
        .collect()
}

fn system(world: &World) -> Actor {
    Actor::system(world.admin_id())
}

fn person(row: &Value) -> Option<Person> {
    let text = |name: &str| row[name].as_str().map(str::to_owned);
    Some(Person {
        id: row["Id"].as_str()?.parse().ok()?,
        username: text("Username")?,
        email: text("Email").unwrap_or_default(),
        first_name: text("FirstName"),
        last_name: text("LastName").unwrap_or_default(),
        name: text("Name").unwrap_or_default(),
        alias: text("Alias").unwrap_or_default(),
        active: row["IsActive"] == true,
        modified: text("LastModifiedDate").unwrap_or_default(),
        time_zone: text("TimeZoneSidKey").unwrap_or_default(),
        locale: text("LocaleSidKey").unwrap_or_default(),
        language: text("LanguageLocaleKey").unwrap_or_default(),
        profile_id: text("ProfileId"),
        role_id: text("UserRoleId"),
    })
}
