//! Who may do what: rights per user on objects and on fields, as a profile would give them.
//!
//! A user without an entry may do everything, like a system administrator; `set_*_rights` narrows that. Records
//! follow a private sharing model: without `view_all` a user sees the records they own, without `modify_all`
//! they change the records they own. An object that cannot be read does not exist for the user, and neither
//! does a field.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::World;
use super::error::SetupError;
use super::id::SfId;
use super::row::Row;
use super::schema::{FieldNo, ObjectNo};
use super::setup::Step;

/// On whose behalf a request runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor {
    /// The user stamped as creator and last modifier.
    pub user: SfId,
    unrestricted: bool,
}

impl Actor {
    /// A user with the rights they were given.
    pub fn user(user: SfId) -> Actor {
        Actor {
            user,
            unrestricted: false,
        }
    }

    /// A system process: may do everything, stamped as this user.
    pub fn system(user: SfId) -> Actor {
        Actor {
            user,
            unrestricted: true,
        }
    }
}

/// Rights on the records of one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ObjectRights {
    /// See the object and own records.
    pub read: bool,
    /// Create records.
    pub create: bool,
    /// Change own records.
    pub edit: bool,
    /// Delete own records.
    pub delete: bool,
    /// See all records.
    pub view_all: bool,
    /// Change and delete all records.
    pub modify_all: bool,
}

impl Default for ObjectRights {
    fn default() -> ObjectRights {
        ObjectRights {
            read: true,
            create: true,
            edit: true,
            delete: true,
            view_all: true,
            modify_all: true,
        }
    }
}

/// Rights on one field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FieldRights {
    /// See the field.
    pub read: bool,
    /// Set the field.
    pub edit: bool,
}

impl Default for FieldRights {
    fn default() -> FieldRights {
        FieldRights {
            read: true,
            edit: true,
        }
    }
}

/// All narrowed rights; what is not here is allowed.
#[derive(Debug, Default)]
pub(crate) struct Permissions {
    objects: HashMap<(SfId, ObjectNo), ObjectRights>,
    fields: HashMap<(SfId, ObjectNo, FieldNo), FieldRights>,
}

impl World {
    /// Gives `user` exactly these rights on an object.
    pub fn set_object_rights(
        &mut self,
        user: SfId,
        object: &str,
        rights: ObjectRights,
    ) -> Result<(), SetupError> {
        let no = self.setup_object(object)?;
        self.permissions.objects.insert((user, no), rights);
        self.steps.push(Step::ObjectRights {
            user,
            object: object.to_owned(),
            rights,
        });
        self.metadata_touched();
        Ok(())
    }

    /// Gives `user` exactly these rights on a field. Fields that are not permissionable (ids, audit fields,
    /// required fields) are refused, as the vendor does.
    pub fn set_field_rights(
        &mut self,
        user: SfId,
        object: &str,
        field: &str,
        rights: FieldRights,
    ) -> Result<(), SetupError> {
        let no = self.setup_object(object)?;
        let def = self.schema.at(no);
        let unknown = || SetupError(format!("no field '{field}' on {object}"));
        let field_no = def.field_no(field).ok_or_else(unknown)?;
        if !def.at(field_no).permissionable {
            return Err(SetupError(format!(
                "{object}.{field} is not permissionable: it is always visible"
            )));
        }
        self.permissions.fields.insert((user, no, field_no), rights);
        self.steps.push(Step::FieldRights {
            user,
            object: object.to_owned(),
            field: field.to_owned(),
            rights,
        });
        self.metadata_touched();
        Ok(())
    }

    /// The actor's rights on an object. No rights when the object does not exist.
    pub fn object_rights(&self, actor: &Actor, object: &str) -> ObjectRights {
        const NONE: ObjectRights = ObjectRights {
            read: false,
            create: false,
            edit: false,
            delete: false,
            view_all: false,
            modify_all: false,
        };
        self.schema
            .object_no(object)
            .map_or(NONE, |no| self.rights_on(actor, no))
    }

    /// The actor's rights on a field, before the field's own nature (read only, formula) is considered.
    /// No rights when the field does not exist.
    pub fn field_rights(&self, actor: &Actor, object: &str, field: &str) -> FieldRights {
        let found = self
            .schema
            .object_no(object)
            .and_then(|no| Some((no, self.schema.at(no).field_no(field)?)));
        found.map_or(
            FieldRights {
                read: false,
                edit: false,
            },
            |(no, field)| self.rights_on_field(actor, no, field),
        )
    }

    /// Whether the actor sees a record: every one with `view_all`, else those they own, and all records of
    /// objects that have no owner.
    pub(crate) fn can_see(&self, actor: &Actor, object: ObjectNo, row: &Row) -> bool {
        let rights = self.rights_on(actor, object);
        rights.read && (rights.view_all || rights.modify_all || self.owns(actor, object, row))
    }

    /// Whether the actor's sharing lets them change a record they see.
    pub(crate) fn may_modify(&self, actor: &Actor, object: ObjectNo, id: SfId) -> bool {
        let row = self.table(object).get(id);
        self.rights_on(actor, object).modify_all
            || row.is_some_and(|row| self.owns(actor, object, row))
    }

    fn owns(&self, actor: &Actor, object: ObjectNo, row: &Row) -> bool {
        self.schema
            .at(object)
            .owner
            .is_none_or(|owner| row.column(owner).as_id() == Some(actor.user))
    }

    /// The fields of an object the actor can read, in describe order.
    pub(crate) fn readable_fields<'a>(
        &'a self,
        actor: &'a Actor,
        object: ObjectNo,
    ) -> impl Iterator<Item = FieldNo> + 'a {
        let fields = self.schema.at(object).numbered().map(|(no, _)| no);
        fields.filter(move |no| self.rights_on_field(actor, object, *no).read)
    }

    pub(crate) fn rights_on(&self, actor: &Actor, object: ObjectNo) -> ObjectRights {
        if actor.unrestricted {
            return ObjectRights::default();
        }
        self.permissions
            .objects
            .get(&(actor.user, object))
            .copied()
            .unwrap_or_default()
    }

    pub(crate) fn rights_on_field(
        &self,
        actor: &Actor,
        object: ObjectNo,
        field: FieldNo,
    ) -> FieldRights {
        if actor.unrestricted || self.permissions.fields.is_empty() {
            return FieldRights::default();
        }
        self.permissions
            .fields
            .get(&(actor.user, object, field))
            .copied()
            .unwrap_or_default()
    }
}
