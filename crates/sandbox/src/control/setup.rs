//! Control of metadata: objects, fields, rights, rules.

use serde::Deserialize;

use super::{Asked, Outcome, Refusal, done, routes::Route, user};
use crate::{
    Sandbox,
    world::{
        AutomationRule, DuplicateRule, FieldRights, NewField, NewObject, ObjectRights, SfId,
        Sharing, ValidationRule,
    },
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LeadAssignment {
    owner: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SharingDefault {
    default: Sharing,
}

/// What concerns metadata.
pub(super) const ROUTES: &[Route] = &[
    Route::post("/objects", "Adds a custom object.", add_object).takes("NewObject"),
    Route::post(
        "/objects/{object}/fields",
        "Adds a custom field.",
        add_field,
    )
    .takes("NewField"),
    Route::put(
        "/sharing/{object}",
        "Sets what everybody may do with records of others.",
        share,
    )
    .takes("SharingDefault"),
    Route::put(
        "/permissions/{user}/{object}",
        "Sets the rights of a user, or a permission set, on an object.",
        object_rights,
    )
    .takes("ObjectRights"),
    Route::put(
        "/permissions/{user}/{object}/{field}",
        "Sets the rights of a user, or a permission set, on a field.",
        field_rights,
    )
    .takes("FieldRights"),
    Route::put(
        "/automations",
        "Adds or replaces an automation.",
        set_automation,
    )
    .takes("AutomationRule"),
    Route::delete(
        "/automations/{name}",
        "Removes an automation.",
        remove_automation,
    ),
    Route::put(
        "/validation-rules",
        "Adds or replaces a validation rule.",
        set_validation_rule,
    )
    .takes("ValidationRule"),
    Route::delete(
        "/validation-rules/{name}",
        "Removes a validation rule.",
        remove_validation_rule,
    ),
    Route::put(
        "/duplicate-rules",
        "Adds or replaces a duplicate rule.",
        set_duplicate_rule,
    )
    .takes("DuplicateRule"),
    Route::delete(
        "/duplicate-rules/{name}",
        "Removes a duplicate rule.",
        remove_duplicate_rule,
    ),
    Route::put(
        "/lead-assignment",
        "Sets who gets the leads of API clients.",
        assign_leads,
    )
    .takes("LeadAssignment"),
];

fn add_object(sandbox: &Sandbox, asked: &Asked<'_>) -> Outcome {
    let object: NewObject = asked.json()?;
    sandbox.world(|world| world.add_object(object))?;
    done()
}

fn add_field(sandbox: &Sandbox, asked: &Asked<'_>) -> Outcome {
    let field: NewField = asked.json()?;
    sandbox.world(|world| world.add_field(asked.place("object"), field))?;
    done()
}

fn share(sandbox: &Sandbox, asked: &Asked<'_>) -> Outcome {
    let SharingDefault { default } = asked.json()?;
    sandbox.world(|world| world.set_sharing(asked.place("object"), default))?;
    done()
}

/// Who has rights: a permission set by its name, or a user.
fn holder(sandbox: &Sandbox, asked: &Asked<'_>) -> Result<SfId, Refusal> {
    let name = asked.place("user");
    let set = sandbox.world(|world| world.permission_set(name));
    set.map_or_else(|| user(sandbox, name), Ok)
}

fn object_rights(sandbox: &Sandbox, asked: &Asked<'_>) -> Outcome {
    let (id, rights): (_, ObjectRights) = (holder(sandbox, asked)?, asked.json()?);
    sandbox.world(|world| world.set_object_rights(id, asked.place("object"), rights))?;
    done()
}

fn field_rights(sandbox: &Sandbox, asked: &Asked<'_>) -> Outcome {
    let (id, rights): (_, FieldRights) = (holder(sandbox, asked)?, asked.json()?);
    let (object, field) = (asked.place("object"), asked.place("field"));
    sandbox.world(|world| world.set_field_rights(id, object, field, rights))?;
    done()
}

fn set_automation(sandbox: &Sandbox, asked: &Asked<'_>) -> Outcome {
    let rule: AutomationRule = asked.json()?;
    sandbox.world(|world| world.set_automation(rule))?;
    done()
}

fn remove_automation(sandbox: &Sandbox, asked: &Asked<'_>) -> Outcome {
    removed(sandbox.world(|world| world.remove_automation(asked.place("name"))))
}

fn set_validation_rule(sandbox: &Sandbox, asked: &Asked<'_>) -> Outcome {
    let rule: ValidationRule = asked.json()?;
    sandbox.world(|world| world.set_validation_rule(rule))?;
    done()
}

fn remove_validation_rule(sandbox: &Sandbox, asked: &Asked<'_>) -> Outcome {
    removed(sandbox.world(|world| world.remove_validation_rule(asked.place("name"))))
}

fn set_duplicate_rule(sandbox: &Sandbox, asked: &Asked<'_>) -> Outcome {
    let rule: DuplicateRule = asked.json()?;
    sandbox.world(|world| world.set_duplicate_rule(rule))?;
    done()
}

fn remove_duplicate_rule(sandbox: &Sandbox, asked: &Asked<'_>) -> Outcome {
    removed(sandbox.world(|world| world.remove_duplicate_rule(asked.place("name"))))
}

fn removed(was_there: bool) -> Outcome {
    if was_there {
        return done();
    }
    Err(Refusal::not_found("rule of this name"))
}

fn assign_leads(sandbox: &Sandbox, asked: &Asked<'_>) -> Outcome {
    let assignment: LeadAssignment = asked.json()?;
    let owner = assignment
        .owner
        .map(|name| user(sandbox, &name))
        .transpose()?;
    sandbox.set_lead_assignee(owner);
    done()
}
