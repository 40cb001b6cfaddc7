//! One record: everything a person may read of it, and the buttons to change, delete or bring it back.

use http::StatusCode;
use maud::{Markup, html};
use serde_json::Value;

use super::{Shown, Visit, list, page};
use crate::{
    soql::QueryScope,
    world::{DmlError, FieldDef, FieldType, ObjectDef, SfId, World},
};

/// Names of the sections, in their order on the page.
const SECTIONS: [&str; 4] = ["Details", "Address", "Custom fields", "System"];

pub(super) fn show(visit: &Visit<'_>, object: &str, id: &str) -> Shown {
    shown(visit, object, id, &[])
}

fn shown(visit: &Visit<'_>, object: &str, id: &str, errors: &[DmlError]) -> Shown {
    let Some((def, record)) = find(visit, object, id) else {
        return Shown::missing();
    };
    let name = record[page::name_field(def)].as_str().unwrap_or(id);
    let body = html! {
        p class="path" { a href=(page::list_url(&def.name)) { (def.label_plural) } }
        div class="title" {
            h1 { (name) }
            (buttons(visit, def, id, &record))
        }
        (problems(errors))
        @if record["IsDeleted"] == true {
            p class="notice warn" { "This record is in the recycle bin. API clients see it as deleted." }
        }
        @if let Some(at) = id.parse().ok().and_then(|id| visit.org.world.held_until(id)) {
            p class="notice warn" {
                "A change of this record commits late, at " (page::time(at)) ". Until then it is locked and nobody sees the change."
            }
        }
        @for section in SECTIONS {
            (fields(visit, def, &record, section))
        }
    };
    let status = if errors.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    Shown::Page {
        status,
        title: name.to_owned(),
        body,
    }
}

/// A record with all the person may read, deleted ones included.
pub(super) fn find<'w>(
    visit: &'w Visit<'_>,
    object: &str,
    id: &str,
) -> Option<(&'w ObjectDef, Value)> {
    let world = &visit.org.world;
    let id: SfId = id.parse().ok()?;
    let def = world.schema().object(object)?;
    let names: Vec<&str> = readable(visit, def)
        .map(|field| field.name.as_str())
        .collect();
    if names.is_empty() || !world.object_rights(&visit.actor, &def.name).read {
        return None;
    }
    let soql = format!(
        "SELECT {} FROM {} WHERE Id = '{id}'",
        names.join(", "),
        def.name
    );
    let mut rows = list::rows(world, &visit.actor, &soql, QueryScope::All);
    Some((def, rows.pop()?))
}

/// The fields a person may read; compounds show as their parts.
pub(super) fn readable<'w>(
    visit: &'w Visit<'_>,
    def: &'w ObjectDef,
) -> impl Iterator<Item = &'w FieldDef> {
    let world = &visit.org.world;
    def.fields.iter().filter(move |field| {
        field.field_type != FieldType::Address
            && world
                .field_rights(&visit.actor, &def.name, &field.name)
                .read
    })
}

/// Where a field stands.
pub(super) fn section(field: &FieldDef) -> &'static str {
    let address = |name: &String| name.ends_with("Address");
    if field.custom {
        SECTIONS[2]
    } else if field.compound_field_name.as_ref().is_some_and(address) {
        SECTIONS[1]
    } else if field.createable || field.updateable || field.name_field || field.calculated {
        SECTIONS[0]
    } else {
        SECTIONS[3]
    }
}

fn fields(visit: &Visit<'_>, def: &ObjectDef, record: &Value, wanted: &str) -> Markup {
    let own: Vec<&FieldDef> = readable(visit, def)
        .filter(|field| section(field) == wanted)
        .collect();
    html! {
        @if !own.is_empty() {
            section {
                h2 { (wanted) }
                dl { @for field in own {
                    div {
                        dt title=(field.name) { (page::label(field)) }
                        dd { (value(visit, field, &record[&field.name])) }
                    }
                } }
            }
        }
    }
}

fn value(visit: &Visit<'_>, field: &FieldDef, value: &Value) -> Markup {
    match value {
        Value::Null => html! { span class="quiet" { "–" } },
        Value::String(id) if field.field_type == FieldType::Reference => {
            page::linked(&visit.org.world, &visit.actor, id)
        }
        Value::String(id) if field.field_type == FieldType::Id => html! { code { (id) } },
        value => html! { (page::text(field, value)) },
    }
}

fn buttons(visit: &Visit<'_>, def: &ObjectDef, id: &str, record: &Value) -> Markup {
    let rights = visit.org.world.object_rights(&visit.actor, &def.name);
    let base = format!("/lightning/r/{}/{id}", def.name);
    html! {
        div class="buttons" {
            @if record["IsDeleted"] == true {
                form method="post" action={ (base) "/undelete" } { button { "Undelete" } }
            } @else {
                @if def.updateable && rights.edit { a class="button" href={ (base) "/edit" } { "Edit" } }
                @if def.deletable && rights.delete {
                    form method="post" action={ (base) "/delete" } { button class="plain danger" { "Delete" } }
                }
            }
        }
    }
}

/// Reasons that belong to no field, or to no field on the page.
pub(super) fn problems(errors: &[DmlError]) -> Markup {
    html! {
        @if !errors.is_empty() {
            div class="notice bad" role="alert" {
                strong { "We hit a snag." }
                ul { @for error in errors { li { (error.message) } } }
            }
        }
    }
}

pub(super) fn delete(visit: &mut Visit<'_>, object: &str, id: &str) -> Shown {
    let outcome = visit.org.desk.check_lock(id.parse().ok()).and_then(|()| {
        let options = visit.org.desk.dml_options(visit.org.world.now());
        visit.org.world.delete(&visit.actor, object, id, &options)
    });
    outcome_of(visit, object, id, outcome, "deleted")
}

pub(super) fn undelete(visit: &mut Visit<'_>, object: &str, id: &str) -> Shown {
    let outcome = visit.org.world.undelete(&visit.actor, object, id);
    outcome_of(visit, object, id, outcome, "undeleted")
}

fn outcome_of(
    visit: &Visit<'_>,
    object: &str,
    id: &str,
    outcome: Result<(), Vec<DmlError>>,
    done: &str,
) -> Shown {
    match outcome {
        Ok(()) => Shown::Go(done_url(&visit.org.world, object, id, done)),
        Err(errors) => shown(visit, object, id, &errors),
    }
}

/// The page of a record that was just changed; a change nobody sees yet is said to be late.
pub(super) fn done_url(world: &World, object: &str, id: &str, done: &str) -> String {
    let late = id.parse().is_ok_and(|id| world.held_until(id).is_some());
    let done = if late { "late" } else { done };
    format!("{}?done={done}", page::record_url(object, id))
}
