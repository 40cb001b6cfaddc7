//! The page for what the org refuses: validation rules and restricted picklists.

use maud::{Markup, html};

use super::{Shown, Visit, page};
use crate::world::{FieldDef, ObjectDef, SetupError, ValidationRule};

const MAX_TEXT_CHARS: usize = 1_000;
/// Validation rules the console adds.
const MAX_RULES: usize = 100;

pub(super) fn show(visit: &Visit<'_>, problem: Option<&str>) -> Shown {
    let body = html! {
        h1 { "Rules" }
        @if let Some(problem) = problem { p class="notice bad" role="alert" { (problem) } }
        section {
            h2 { "Validation rules" }
            p class="quiet" { "A record for which the condition is true is refused with the message, for people and API clients alike." }
            (validations(visit))
            (new_validation(visit))
        }
        section {
            h2 { "Picklists" }
            p class="quiet" { "A restricted picklist takes only the values of its list; the others take any text through the API." }
            (picklists(visit))
        }
    };
    Shown::page("Rules", body)
}

fn validations(visit: &Visit<'_>) -> Markup {
    let mut rules = visit.org.world.validation_rules().peekable();
    html! {
        @if rules.peek().is_some() {
            div class="scroll" { table {
                thead { tr { th { "Object" } th { "Refused when" } th { "Message" } th {} } }
                tbody { @for rule in rules { tr {
                    td data-label="Object" { (rule.object) }
                    td data-label="Refused when" { code { (rule.refuse_when) } }
                    td data-label="Message" { (rule.message) }
                    td { form method="post" action="/rules/remove" {
                        input type="hidden" name="name" value=(rule.name);
                        button class="plain" { "Remove" }
                    } }
                } } }
            } }
        }
    }
}

fn new_validation(visit: &Visit<'_>) -> Markup {
    let given = |name: &str, default: &str| visit.form.get(name).unwrap_or(default).to_owned();
    let chosen = given("object", "Contact");
    html! {
        form method="post" action="/rules/add" class="record" {
            fieldset {
                legend { "New validation rule" }
                div class="field" {
                    label for="object" { "Object" }
                    select id="object" name="object" {
                        @for def in page::tabs(&visit.org.world, &visit.actor) {
                            option value=(def.name) selected[def.name == chosen] { (def.label) }
                        }
                    }
                }
                div class="field" {
                    label for="when" { "Refused when " small { "a SOQL condition" } }
                    input id="when" name="when" value=(given("when", "Phone = null")) autocomplete="off";
                }
                div class="field" {
                    label for="message" { "Message" }
                    input id="message" name="message" value=(given("message", "Enter a phone number.")) autocomplete="off";
                }
                div class="field" {
                    label for="field" { "Shown at the field " small { "API name, or empty for the top of the page" } }
                    input id="field" name="field" value=(given("field", "Phone")) autocomplete="off";
                }
                div class="buttons" { button { "Add rule" } }
            }
        }
    }
}

fn picklists(visit: &Visit<'_>) -> Markup {
    let world = &visit.org.world;
    let lists = page::tabs(world, &visit.actor).flat_map(|def| {
        let fields = def.fields.iter();
        let lists = fields.filter(|field| {
            let part = field.compound_field_name.is_some();
            !field.picklist_values.is_empty() && field.updateable && !part
        });
        lists.map(move |field| (def, field))
    });
    let row = |(def, field): (&ObjectDef, &FieldDef)| {
        html! { tr {
            td data-label="Object" { (def.label) }
            td data-label="Field" { (field.label) }
            td data-label="Takes" { @if field.restricted_picklist { span class="tag" { "restricted" } } @else { "any text" } }
            td { form method="post" action="/rules/picklist" {
                input type="hidden" name="object" value=(def.name);
                input type="hidden" name="field" value=(field.name);
                input type="hidden" name="restricted" value=(!field.restricted_picklist);
                button class="plain" { @if field.restricted_picklist { "Release" } @else { "Restrict" } }
            } }
        } }
    };
    html! {
        div class="scroll" { table {
            thead { tr { th { "Object" } th { "Field" } th { "Takes" } th {} } }
            tbody { @for list in lists { (row(list)) } }
        } }
    }
}

pub(super) fn change(visit: &mut Visit<'_>, what: &str) -> Shown {
    let text = |name: &str| {
        let text = visit.form.get(name).unwrap_or_default().trim();
        text.chars().take(MAX_TEXT_CHARS).collect::<String>()
    };
    let world = &mut visit.org.world;
    let outcome = match what {
        "add" => {
            let rule = ValidationRule {
                name: String::new(),
                object: text("object"),
                refuse_when: text("when"),
                message: text("message"),
                field: Some(text("field")).filter(|field| !field.is_empty()),
            };
            add(world, rule)
        }
        "remove" => {
            world.remove_validation_rule(&text("name"));
            Ok(())
        }
        "picklist" => {
            let restricted = text("restricted") == "true";
            world.restrict_picklist(&text("object"), &text("field"), restricted)
        }
        _ => return Shown::missing(),
    };
    match outcome {
        Ok(()) => Shown::Go("/rules?done=fault".to_owned()),
        Err(error) => show(visit, Some(&error.to_string())),
    }
}

/// Adds a rule under the first free name.
fn add(world: &mut crate::world::World, mut rule: ValidationRule) -> Result<(), SetupError> {
    if rule.message.is_empty() || rule.refuse_when.is_empty() {
        return Err(SetupError("a rule needs a condition and a message".into()));
    }
    let taken: Vec<String> = world
        .validation_rules()
        .map(|rule| rule.name.clone())
        .collect();
    let mut names = (1..=MAX_RULES).map(|n| format!("console-{n}"));
    let free = names.find(|name| !taken.contains(name));
    rule.name = free.ok_or_else(|| SetupError(format!("there are {MAX_RULES} rules already")))?;
    world.set_validation_rule(rule)
}
