//! The form to make or change a record. What is wrong with it is decided by the world and said at the field.

use http::StatusCode;
use maud::{Markup, html};

use super::{
    Shown, Visit,
    form::{self, Texts, WAS},
    page, record,
};
use crate::{
    salesforce::users,
    world::{DmlError, FieldDef, FieldType, Fields, ObjectDef},
};

/// What a form is for.
#[derive(Clone, Copy)]
enum Purpose<'a> {
    Create,
    Change(&'a str),
}

/// What a form shows: what is in its inputs, what was there when the person began, and what is wrong.
#[derive(Default)]
struct Draft {
    texts: Texts,
    was: Texts,
    errors: Vec<DmlError>,
}

pub(super) fn new(visit: &Visit<'_>, object: &str) -> Shown {
    let Some(def) = visit.org.world.schema().object(object) else {
        return Shown::missing();
    };
    let default = |field: &FieldDef| {
        (
            field.name.clone(),
            form::text_of(field, &field.default_value.to_json(field)),
        )
    };
    let mut texts: Texts = def.fields.iter().map(default).collect();
    texts.insert("OwnerId".to_owned(), visit.me.id.to_string());
    let draft = Draft {
        was: Texts::new(),
        texts,
        errors: Vec::new(),
    };
    shown(visit, def, Purpose::Create, &draft)
}

pub(super) fn open(visit: &Visit<'_>, object: &str, id: &str) -> Shown {
    let Some((def, record)) = record::find(visit, object, id) else {
        return Shown::missing();
    };
    let text = |field: &FieldDef| {
        let text = form::text_of(field, &record[&field.name]);
        (field.name.clone(), spelled(visit, field, text))
    };
    let texts: Texts = def.fields.iter().map(text).collect();
    let draft = Draft {
        was: texts.clone(),
        texts,
        errors: Vec::new(),
    };
    shown(visit, def, Purpose::Change(id), &draft)
}

/// A reference as a person would write it: by the name of its record.
fn spelled(visit: &Visit<'_>, field: &FieldDef, text: String) -> String {
    if field.field_type != FieldType::Reference || to_user(field) {
        return text;
    }
    let found = page::named(&visit.org.world, &visit.actor, &text);
    found.map_or(text, |(_, name)| name)
}

pub(super) fn create(visit: &mut Visit<'_>, object: &str) -> Shown {
    let outcome = read(visit, object, Purpose::Create).and_then(|fields| {
        visit.org.desk.check_lock(None)?;
        let options = visit.org.desk.dml_options(visit.org.world.now());
        visit
            .org
            .world
            .create(&visit.actor, object, &fields, &options)
    });
    match outcome {
        Err(errors) => again(visit, object, Purpose::Create, errors),
        Ok(id) if visit.org.world.held_until(id).is_some() => {
            Shown::Go(format!("{}?done=late", page::list_url(object)))
        }
        Ok(id) => Shown::Go(record::done_url(
            &visit.org.world,
            object,
            &id.to_string(),
            "created",
        )),
    }
}

pub(super) fn save(visit: &mut Visit<'_>, object: &str, id: &str) -> Shown {
    let outcome = read(visit, object, Purpose::Change(id)).and_then(|fields| {
        if fields.is_empty() {
            return Ok(());
        }
        visit.org.desk.check_lock(id.parse().ok())?;
        let options = visit.org.desk.dml_options(visit.org.world.now());
        visit
            .org
            .world
            .update(&visit.actor, object, id, &fields, &options)
    });
    match outcome {
        Ok(()) => Shown::Go(record::done_url(&visit.org.world, object, id, "saved")),
        Err(errors) => again(visit, object, Purpose::Change(id), errors),
    }
}

/// The fields of the request that the form makes: what was filled in, or what was changed.
fn read(visit: &Visit<'_>, object: &str, purpose: Purpose<'_>) -> Result<Fields, Vec<DmlError>> {
    let world = &visit.org.world;
    let Some(def) = world.schema().object(object) else {
        return Ok(Fields::new());
    };
    let inputs = inputs(visit, def, purpose).map(|field| (field, form::given(&visit.form, field)));
    let said = |(field, text): &(&FieldDef, String)| match purpose {
        Purpose::Create => !text.is_empty(),
        Purpose::Change(_) => form::changed(&visit.form, field, text),
    };
    let texts: Vec<(&FieldDef, String)> = inputs.filter(said).collect();
    form::fields_of(world, &visit.actor, &texts)
}

/// The form as it was sent, with what is wrong.
fn again(visit: &Visit<'_>, object: &str, purpose: Purpose<'_>, errors: Vec<DmlError>) -> Shown {
    let Some(def) = visit.org.world.schema().object(object) else {
        return Shown::missing();
    };
    let given = |field: &FieldDef| (field.name.clone(), form::given(&visit.form, field));
    let was = visit.form.pairs().iter();
    let draft = Draft {
        texts: inputs(visit, def, purpose).map(given).collect(),
        was: was
            .filter_map(|(key, text)| Some((key.strip_prefix(WAS)?.to_owned(), text.clone())))
            .collect(),
        errors,
    };
    shown(visit, def, purpose, &draft)
}

/// The fields a person may set.
fn inputs<'w>(
    visit: &'w Visit<'_>,
    def: &'w ObjectDef,
    purpose: Purpose<'w>,
) -> impl Iterator<Item = &'w FieldDef> {
    record::readable(visit, def).filter(move |field| {
        let nature = match purpose {
            Purpose::Create => field.createable,
            Purpose::Change(_) => field.updateable,
        };
        let rights = visit
            .org
            .world
            .field_rights(&visit.actor, &def.name, &field.name);
        // A reference to an object this org does not have can be set to nothing.
        let schema = visit.org.world.schema();
        let mut targets = field.reference_to.iter();
        let somewhere =
            field.reference_to.is_empty() || targets.any(|to| schema.object(to).is_some());
        nature && rights.edit && somewhere
    })
}

fn shown(visit: &Visit<'_>, def: &ObjectDef, purpose: Purpose<'_>, draft: &Draft) -> Shown {
    let fields: Vec<&FieldDef> = inputs(visit, def, purpose).collect();
    let elsewhere = |error: &&DmlError| {
        !fields
            .iter()
            .any(|field| error.fields.contains(&field.name))
    };
    let general: Vec<DmlError> = draft.errors.iter().filter(elsewhere).cloned().collect();
    let (title, back) = match purpose {
        Purpose::Create => (format!("New {}", def.label), page::list_url(&def.name)),
        Purpose::Change(id) => (
            format!("Edit {}", def.label),
            page::record_url(&def.name, id),
        ),
    };
    let body = html! {
        h1 { (title) }
        (record::problems(&general))
        @if draft.errors.len() > general.len() {
            p class="notice bad" role="alert" { "Review the errors at the fields below." }
        }
        form method="post" class="record" novalidate {
            @for section in ["Details", "Address", "Custom fields"] {
                (fieldset(visit, &fields, draft, section))
            }
            div class="buttons sticky" { button { "Save" } a class="button plain" href=(back) { "Cancel" } }
        }
    };
    let status = if draft.errors.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    Shown::Page {
        status,
        title,
        body,
    }
}

fn fieldset(visit: &Visit<'_>, fields: &[&FieldDef], draft: &Draft, section: &str) -> Markup {
    let mut own = fields
        .iter()
        .filter(|field| record::section(field) == section)
        .peekable();
    html! {
        @if own.peek().is_some() {
            fieldset {
                legend { (section) }
                @for field in own { (labelled(visit, field, draft)) }
            }
        }
    }
}

fn labelled(visit: &Visit<'_>, field: &FieldDef, draft: &Draft) -> Markup {
    let errors: Vec<&DmlError> = draft
        .errors
        .iter()
        .filter(|error| error.fields.contains(&field.name))
        .collect();
    let empty = String::new();
    let text = draft.texts.get(&field.name).unwrap_or(&empty);
    let hint = match field.field_type {
        FieldType::DateTime => Some("UTC"),
        FieldType::Reference if !to_user(field) => Some("id or exact name"),
        _ => None,
    };
    html! {
        div class={ "field" @if !errors.is_empty() { " wrong" } } {
            label for=(field.name) {
                (page::label(field))
                @if field.required_on_create() { " " span class="required" title="required" { "*" } }
                @if let Some(hint) = hint { " " small { (hint) } }
            }
            input type="hidden" name={ (WAS) (field.name) } value=(draft.was.get(&field.name).unwrap_or(&empty));
            (input(visit, field, text))
            @for error in errors { p class="error" { (error.message) } }
        }
    }
}

fn to_user(field: &FieldDef) -> bool {
    field.reference_to.iter().any(|object| object == "User")
}

fn input(visit: &Visit<'_>, field: &FieldDef, text: &str) -> Markup {
    let name = field.name.as_str();
    match field.field_type {
        FieldType::Boolean => html! {
            input type="checkbox" id=(name) name=(name) value="true" checked[text == "true"];
        },
        FieldType::Picklist => {
            let values = field.picklist_values.iter().filter(|value| value.active);
            choice(
                name,
                text,
                values.map(|value| (value.value.clone(), value.label.clone())),
            )
        }
        FieldType::MultiPicklist => html! {
            select id=(name) name=(name) multiple {
                @for value in &field.picklist_values {
                    option value=(value.value) selected[text.split(';').any(|one| one == value.value)] { (value.label) }
                }
            }
        },
        FieldType::Reference if to_user(field) => {
            let people = users::all(&visit.org.world).into_iter();
            let active = people.filter(|person| person.active);
            choice(
                name,
                text,
                active.map(|person| (person.id.to_string(), person.name)),
            )
        }
        // A text area swallows the first line break after its tag.
        FieldType::TextArea | FieldType::LongTextArea => html! {
            textarea id=(name) name=(name) rows="3" { "\n" (text) }
        },
        FieldType::Date => html! { input type="date" id=(name) name=(name) value=(text); },
        FieldType::DateTime => html! {
            input type="datetime-local" step="1" id=(name) name=(name) value=(text);
        },
        number if number.is_number() => html! {
            input id=(name) name=(name) value=(text) inputmode="decimal" autocomplete="off";
        },
        _ => html! { input id=(name) name=(name) value=(text) autocomplete="off"; },
    }
}

/// A list to choose one value from. A value that is not in it is kept.
fn choice(name: &str, chosen: &str, values: impl Iterator<Item = (String, String)>) -> Markup {
    let values: Vec<(String, String)> = values.collect();
    let foreign = !chosen.is_empty() && !values.iter().any(|(value, _)| value == chosen);
    html! {
        select id=(name) name=(name) {
            option value="" { "--None--" }
            @if foreign { option value=(chosen) selected { (chosen) } }
            @for (value, label) in &values {
                option value=(value) selected[value == chosen] { (label) }
            }
        }
    }
}
