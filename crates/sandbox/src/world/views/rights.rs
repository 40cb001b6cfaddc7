//! Grants of permission sets, and what they come to for each user.

use super::{FIELDS, Maker, OBJECTS};
use crate::world::id::SfId;
use crate::world::rights::{Actor, FieldRights, Grants, ObjectRights};
use crate::world::schema::{FieldNo, ObjectDef, ObjectNo};
use crate::world::{Value, World};

/// Permission sets with what they give, in the order of their ids.
fn sets(world: &World) -> Vec<(SfId, Grants)> {
    let object = world.schema.object_no("PermissionSet");
    let rows = object.into_iter().flat_map(|no| world.table(no).by_id(..));
    let live = rows.filter(|row| row.is_live());
    live.map(|row| {
        (
            row.id,
            world
                .permissions
                .sets
                .get(&row.id)
                .cloned()
                .unwrap_or_default(),
        )
    })
    .collect()
}

fn users(world: &World) -> Vec<SfId> {
    let object = world.schema.object_no("User");
    let rows = object.into_iter().flat_map(|no| world.table(no).by_id(..));
    rows.filter(|row| row.is_live()).map(|row| row.id).collect()
}

/// Objects that permission sets are about.
fn granted_objects(world: &World) -> impl Iterator<Item = (ObjectNo, &ObjectDef)> {
    let objects = world.object_numbers().map(|no| (no, world.schema.at(no)));
    objects.filter(|(_, def)| !def.administrative)
}

pub(super) fn object_permissions(world: &World, rows: &mut Maker<'_>) {
    let columns = rows.columns([
        "ParentId",
        "SobjectType",
        "PermissionsRead",
        "PermissionsCreate",
        "PermissionsEdit",
        "PermissionsDelete",
        "PermissionsViewAllRecords",
        "PermissionsModifyAllRecords",
    ]);
    for (set, grants) in sets(world) {
        for (no, def) in granted_objects(world) {
            let rights = grants.object(no);
            if rights == ObjectRights::NONE {
                continue;
            }
            let values = [
                Value::Id(set),
                Value::text(&def.name),
                Value::Bool(rights.read),
                Value::Bool(rights.create),
                Value::Bool(rights.edit),
                Value::Bool(rights.delete),
                Value::Bool(rights.view_all),
                Value::Bool(rights.modify_all),
            ];
            let number = set.counter() * OBJECTS + u64::from(no.0);
            rows.add(number, world.admin_id, &columns, values);
        }
    }
}

pub(super) fn field_permissions(world: &World, rows: &mut Maker<'_>) {
    let columns = rows.columns([
        "ParentId",
        "SobjectType",
        "Field",
        "PermissionsRead",
        "PermissionsEdit",
    ]);
    for (set, grants) in sets(world) {
        for (no, def) in granted_objects(world) {
            for (field_no, field) in def.numbered().filter(|(_, field)| field.permissionable) {
                let rights = grants.field(no, field_no);
                if rights == FieldRights::NONE {
                    continue;
                }
                let values = [
                    Value::Id(set),
                    Value::text(&def.name),
                    Value::text(&format!("{}.{}", def.name, field.name)),
                    Value::Bool(rights.read),
                    Value::Bool(rights.edit && field.updateable),
                ];
                let object = set.counter() * OBJECTS + u64::from(no.0);
                rows.add(
                    object * FIELDS + u64::from(field_no.0),
                    world.admin_id,
                    &columns,
                    values,
                );
            }
        }
    }
}

/// One row per user, which only this user sees.
pub(super) fn user_permissions(world: &World, rows: &mut Maker<'_>) {
    let columns = rows.columns_like("Permissions");
    for user in users(world) {
        let held = |(no, name): &(FieldNo, String)| {
            (*no, Value::Bool(world.system_permission(user, name)))
        };
        rows.add_row(user.counter(), user, columns.iter().map(held));
    }
}

pub(super) fn user_entities(world: &World, rows: &mut Maker<'_>) {
    let columns = rows.columns([
        "DurableId",
        "UserId",
        "EntityDefinitionId",
        "IsReadable",
        "IsCreatable",
        "IsEditable",
        "IsUpdatable",
        "IsDeletable",
        "IsUndeletable",
        "IsMergeable",
        "IsFlsUpdatable",
    ]);
    for user in users(world) {
        let actor = Actor::user(user);
        for no in world.object_numbers() {
            let (def, rights) = (world.schema.at(no), world.rights_on(&actor, no));
            let edits = def.updateable && rights.edit;
            let values = [
                Value::text(&format!("{}.{user}", def.name)),
                Value::Id(user),
                Value::text(&def.name),
                Value::Bool(rights.read),
                Value::Bool(def.createable && rights.create),
                Value::Bool(edits),
                Value::Bool(edits),
                Value::Bool(def.deletable && rights.delete),
                Value::Bool(def.undeletable && rights.delete),
                Value::Bool(def.mergeable && edits && rights.delete),
                Value::Bool(edits),
            ];
            rows.add(
                user.counter() * OBJECTS + u64::from(no.0),
                user,
                &columns,
                values,
            );
        }
    }
}

pub(super) fn user_fields(world: &World, rows: &mut Maker<'_>) {
    let columns = rows.columns([
        "DurableId",
        "UserId",
        "FieldDefinitionId",
        "EntityDefinitionId",
        "IsAccessible",
        "IsCreatable",
        "IsUpdatable",
    ]);
    for user in users(world) {
        let actor = Actor::user(user);
        for no in world.object_numbers() {
            let (def, on) = (world.schema.at(no), world.rights_on(&actor, no));
            for (field_no, field) in def.numbered() {
                let own = world.rights_on_field(&actor, no, field_no);
                let name = format!("{}.{}", def.name, field.name);
                let values = [
                    Value::text(&format!("{name}.{user}")),
                    Value::Id(user),
                    Value::text(&name),
                    Value::text(&def.name),
                    Value::Bool(on.read && own.read),
                    Value::Bool(field.createable && on.create && own.edit),
                    Value::Bool(field.updateable && on.edit && own.edit),
                ];
                let object = user.counter() * OBJECTS + u64::from(no.0);
                rows.add(
                    object * FIELDS + u64::from(field_no.0),
                    user,
                    &columns,
                    values,
                );
            }
        }
    }
}
