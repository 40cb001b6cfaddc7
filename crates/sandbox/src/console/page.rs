//! What all pages share: the frame around them, links, and how values are written for people.

use jiff::Timestamp;
use maud::{DOCTYPE, Markup, html};
use serde_json::Value;

use super::Visit;
use crate::{
    salesforce::users,
    world::{Actor, FieldDef, FieldType, ObjectDef, SfId, World, parse_datetime},
};

/// Objects with a list of their own in the navigation: those whose records belong to people.
pub(super) fn tabs<'w>(world: &'w World, actor: &'w Actor) -> impl Iterator<Item = &'w ObjectDef> {
    let objects = world.schema().objects();
    objects.filter(|def| {
        def.owner.is_some() && def.createable && world.object_rights(actor, &def.name).read
    })
}

/// The whole page around `body`.
pub(super) fn frame(visit: &Visit<'_>, title: &str, segments: &[&str], body: &Markup) -> Markup {
    let world = &visit.org.world;
    let here = segments.get(2).copied().unwrap_or_default();
    let first = segments.first().copied().unwrap_or_default();
    let link = |href: &str, words: &str, current: bool| {
        html! { a href=(href) aria-current=[current.then_some("page")] { (words) } }
    };
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · Sandbox" }
                link rel="stylesheet" href="/console.css";
            }
            body {
                p class="stripe" { strong { "Sandbox" } " An emulator with invented data. Not a real Salesforce org." }
                header {
                    a class="org" href="/" { (users::org_name(world)) }
                    (who(visit, segments))
                    nav aria-label="Pages" {
                        (link("/", "Home", segments.is_empty()))
                        @for def in tabs(world, &visit.actor) {
                            (link(&list_url(&def.name), &def.label_plural, first == "lightning" && here == def.name))
                        }
                        span class="rest" {}
                        (link("/faults", "Faults", first == "faults"))
                        (link("/rules", "Rules", first == "rules"))
                        (link("/meter", "API meter", first == "meter"))
                    }
                }
                main {
                    @if let Some(words) = visit.query.get("done").and_then(done) {
                        p class="notice good" role="status" { (words) }
                    }
                    (body)
                }
                footer { "Org time " (time(world.now())) " · API limit " (count(visit.org.desk.meter.limit())) " calls in 24 hours" }
            }
        }
    }
}

/// The form to choose who one is.
fn who(visit: &Visit<'_>, segments: &[&str]) -> Markup {
    let people = users::all(&visit.org.world);
    // What lies under these pages are buttons, not pages to come back to.
    let back = match segments {
        [page @ ("faults" | "rules" | "meter"), ..] => format!("/{page}"),
        _ => format!("/{}", segments.join("/")),
    };
    html! {
        form class="who" method="post" action="/sign-in" {
            input type="hidden" name="back" value=(back);
            label {
                span { "You are" }
                select name="user" {
                    @for person in people.iter().filter(|person| person.active) {
                        option value=(person.id) selected[person.id == visit.me.id] { (person.name) }
                    }
                }
            }
            button { "Switch" }
        }
    }
}

/// What a change says on the page it leads to; the words are ours, the address only names them.
fn done(code: &str) -> Option<&'static str> {
    Some(match code {
        "saved" => "Saved.",
        "created" => "Created.",
        "deleted" => "Moved to the recycle bin.",
        "undeleted" => "Taken out of the recycle bin.",
        "late" => "Saved, but this change commits late: until then nobody sees it.",
        "fault" => "Done.",
        _ => return None,
    })
}

pub(super) fn list_url(object: &str) -> String {
    format!("/lightning/o/{object}/list")
}

pub(super) fn record_url(object: &str, id: &str) -> String {
    format!("/lightning/r/{object}/{id}/view")
}

/// The field that names a record, `Id` where there is none.
pub(super) fn name_field(def: &ObjectDef) -> &str {
    let named = def.fields.iter().find(|field| field.name_field);
    named.map_or("Id", |field| field.name.as_str())
}

/// The label as people see it: a reference shows its record, not the id.
pub(super) fn label(field: &FieldDef) -> &str {
    let bare = field.label.strip_suffix(" ID");
    bare.filter(|_| field.field_type == FieldType::Reference)
        .unwrap_or(&field.label)
}

/// A count of records or calls.
pub(super) fn count(number: impl ToString) -> String {
    grouped(&number.to_string())
}

/// A time for people, in UTC.
pub(super) fn time(at: Timestamp) -> String {
    at.strftime("%-d %b %Y, %H:%M:%S UTC").to_string()
}

/// A value as people read it.
pub(super) fn text(field: &FieldDef, value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "Yes".to_owned(),
        Value::Bool(false) => "No".to_owned(),
        Value::Number(number) => grouped(&number.to_string()),
        Value::String(text) if field.field_type == FieldType::DateTime => {
            parse_datetime(text).map_or_else(|| text.clone(), time)
        }
        Value::String(text) if field.field_type == FieldType::MultiPicklist => {
            text.replace(';', "; ")
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// `1234567.5` as `1,234,567.5`.
fn grouped(number: &str) -> String {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let (sign, digits) = whole
        .strip_prefix('-')
        .map_or(("", whole), |digits| ("-", digits));
    let mut text = sign.to_owned();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    if !matches!(fraction, "" | "0") {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

/// The name of the record behind an id, with a link to it; the bare id when it cannot be seen.
pub(super) fn linked(world: &World, actor: &Actor, id: &str) -> Markup {
    match named(world, actor, id) {
        Some((def, name)) => html! { a href=(record_url(&def.name, id)) { (name) } },
        None => html! { code { (id) } },
    }
}

/// The object and the name of the record behind an id, when the person can see it.
pub(super) fn named<'w>(
    world: &'w World,
    actor: &Actor,
    id: &str,
) -> Option<(&'w ObjectDef, String)> {
    let id: SfId = id.parse().ok()?;
    let def = world.schema().object_by_prefix(id.key_prefix())?;
    let name = name_field(def);
    let record = world.retrieve(actor, &def.name, &id.to_string(), Some(&[name]), "");
    let name = record.ok()??[name].as_str()?.to_owned();
    Some((def, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_three() {
        let shown = ["0", "999", "1000", "-1234567.5", "50000.0"].map(grouped);
        assert_eq!(shown, ["0", "999", "1,000", "-1,234,567.5", "50,000"]);
    }
}
