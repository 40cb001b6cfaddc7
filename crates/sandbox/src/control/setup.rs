//! Control of metadata: objects, fields, rights, rules.

use http::Method;
use serde::Deserialize;

use super::{Asked, Outcome, Refusal, done, unknown, user};
use crate::{
    Sandbox,
    world::{AutomationRule, FieldRights, NewField, NewObject, ObjectRights, ValidationRule},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LeadAssignment {
    owner: Option<String>,
}

pub(super) fn route(sandbox: &Sandbox, asked: &Asked<'_>, segments: &[&str]) -> Outcome {
    match (asked.method, segments) {
        (&Method::POST, ["objects"]) => {
            let object: NewObject = asked.json()?;
            sandbox.world(|world| world.add_object(object))?;
        }
        (&Method::POST, ["objects", object, "fields"]) => {
            let field: NewField = asked.json()?;
            sandbox.world(|world| world.add_field(object, field))?;
        }
        (&Method::PUT, ["permissions", name, object]) => {
            let (id, rights): (_, ObjectRights) = (user(sandbox, name)?, asked.json()?);
            sandbox.world(|world| world.set_object_rights(id, object, rights))?;
        }
        (&Method::PUT, ["permissions", name, object, field]) => {
            let (id, rights): (_, FieldRights) = (user(sandbox, name)?, asked.json()?);
            sandbox.world(|world| world.set_field_rights(id, object, field, rights))?;
        }
        (&Method::PUT, ["lead-assignment"]) => {
            let assignment: LeadAssignment = asked.json()?;
            let owner = assignment
                .owner
                .map(|name| user(sandbox, &name))
                .transpose()?;
            sandbox.set_lead_assignee(owner);
        }
        _ => return rules(sandbox, asked, segments),
    }
    done()
}

fn rules(sandbox: &Sandbox, asked: &Asked<'_>, segments: &[&str]) -> Outcome {
    let removed = match (asked.method, segments) {
        (&Method::PUT, ["automations"]) => {
            let rule: AutomationRule = asked.json()?;
            sandbox.world(|world| world.set_automation(rule))?;
            true
        }
        (&Method::PUT, ["validation-rules"]) => {
            let rule: ValidationRule = asked.json()?;
            sandbox.world(|world| world.set_validation_rule(rule))?;
            true
        }
        (&Method::DELETE, ["automations", name]) => {
            sandbox.world(|world| world.remove_automation(name))
        }
        (&Method::DELETE, ["validation-rules", name]) => {
            sandbox.world(|world| world.remove_validation_rule(name))
        }
        _ => return Err(unknown(asked)),
    };
    if removed {
        done()
    } else {
        Err(Refusal::not_found("rule of this name"))
    }
}
