//! Who may do what, as the vendor keeps it: permission sets grant, users have several, sharing opens records.
//!
//! A permission set (a profile owns one, too) has [`Grants`]: what it gives on every object and field, and exceptions
//! for some. A user may do what any of their sets allows (`effective`). Which records that is about is decided by
//! owners, roles, defaults and shares (`sharing`). An object that cannot be read does not exist for the user, and
//! neither does a field.
//!
//! The sets, profiles and assignments are records like others; the grants are steps of setting up and are shown as
//! records by the views ObjectPermissions and FieldPermissions. Not there: permission set groups, muting, restriction
//! rules, record types.

mod effective;
mod personal;
mod sharing;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::World;
use super::error::SetupError;
use super::id::SfId;
use super::schema::{FieldNo, ObjectNo};
use super::setup::Step;

pub(crate) use effective::Effective;
pub use sharing::{AccessLevel, RecordAccess, Sharing};

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

impl ObjectRights {
    /// No rights at all.
    pub const NONE: ObjectRights = ObjectRights {
        read: false,
        create: false,
        edit: false,
        delete: false,
        view_all: false,
        modify_all: false,
    };
    /// Every right on records the user owns or is given.
    pub const OWN: ObjectRights = ObjectRights {
        read: true,
        create: true,
        edit: true,
        delete: true,
        view_all: false,
        modify_all: false,
    };
    /// See everything, change nothing.
    pub const VIEW: ObjectRights = ObjectRights {
        read: true,
        view_all: true,
        ..ObjectRights::NONE
    };

    fn or(self, other: ObjectRights) -> ObjectRights {
        ObjectRights {
            read: self.read || other.read,
            create: self.create || other.create,
            edit: self.edit || other.edit,
            delete: self.delete || other.delete,
            view_all: self.view_all || other.view_all,
            modify_all: self.modify_all || other.modify_all,
        }
    }
}

impl Default for ObjectRights {
    fn default() -> ObjectRights {
        ObjectRights {
            view_all: true,
            modify_all: true,
            ..ObjectRights::OWN
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

impl FieldRights {
    /// The field does not exist.
    pub const NONE: FieldRights = FieldRights {
        read: false,
        edit: false,
    };

    fn or(self, other: FieldRights) -> FieldRights {
        FieldRights {
            read: self.read || other.read,
            edit: self.edit || other.edit,
        }
    }
}

impl Default for FieldRights {
    fn default() -> FieldRights {
        FieldRights {
            read: true,
            edit: true,
        }
    }
}

/// What one permission set gives.
#[derive(Debug, Clone)]
pub(crate) struct Grants {
    /// On objects that are not among the exceptions.
    on_objects: ObjectRights,
    /// On fields that are not among the exceptions.
    on_fields: FieldRights,
    objects: HashMap<ObjectNo, ObjectRights>,
    fields: HashMap<(ObjectNo, FieldNo), FieldRights>,
}

impl Default for Grants {
    fn default() -> Grants {
        Grants::everywhere(ObjectRights::NONE, FieldRights::NONE)
    }
}

impl Grants {
    /// The same on every object and field.
    pub(crate) fn everywhere(on_objects: ObjectRights, on_fields: FieldRights) -> Grants {
        Grants {
            on_objects,
            on_fields,
            objects: HashMap::new(),
            fields: HashMap::new(),
        }
    }

    pub(crate) fn object(&self, object: ObjectNo) -> ObjectRights {
        let own = self.objects.get(&object);
        own.copied().unwrap_or(self.on_objects)
    }

    pub(crate) fn field(&self, object: ObjectNo, field: FieldNo) -> FieldRights {
        let own = self.fields.get(&(object, field));
        own.copied().unwrap_or(self.on_fields)
    }
}

/// The grants of every permission set, and the defaults of sharing.
#[derive(Debug, Default)]
pub(crate) struct Permissions {
    pub(super) sets: HashMap<SfId, Grants>,
    /// The set only this user has.
    personal: HashMap<SfId, SfId>,
    sharing: HashMap<ObjectNo, Sharing>,
}

impl World {
    /// Gives a permission set exactly these rights on an object. A user may be named instead: their own profile is
    /// meant, a copy of the one they had.
    ///
    /// # Errors
    /// The object, or the permission set, is unknown.
    pub fn set_object_rights(
        &mut self,
        holder: SfId,
        object: &str,
        rights: ObjectRights,
    ) -> Result<(), SetupError> {
        self.setup_object(object)?;
        let set = self.set_of_holder(holder)?;
        self.limit_system_permissions(set, rights);
        self.grant_on_object(set, object, rights)
    }

    /// The step itself, without the records that go with it.
    pub(super) fn grant_on_object(
        &mut self,
        set: SfId,
        object: &str,
        rights: ObjectRights,
    ) -> Result<(), SetupError> {
        let no = self.setup_object(object)?;
        let grants = self.permissions.sets.entry(set).or_default();
        grants.objects.insert(no, rights);
        self.rights_touched(Step::ObjectRights {
            set,
            object: object.to_owned(),
            rights,
        });
        Ok(())
    }

    /// Gives a permission set (or a user, see [`World::set_object_rights`]) exactly these rights on a field. Fields
    /// that are not permissionable (ids, audit fields, required fields) are refused, as the vendor does.
    ///
    /// # Errors
    /// The object, the field or the permission set is unknown, or the field is always visible.
    pub fn set_field_rights(
        &mut self,
        holder: SfId,
        object: &str,
        field: &str,
        rights: FieldRights,
    ) -> Result<(), SetupError> {
        self.permissionable_field(object, field)?;
        let set = self.set_of_holder(holder)?;
        self.grant_on_field(set, object, field, rights)
    }

    /// The step itself, without the records that go with it.
    pub(super) fn grant_on_field(
        &mut self,
        set: SfId,
        object: &str,
        field: &str,
        rights: FieldRights,
    ) -> Result<(), SetupError> {
        let place = self.permissionable_field(object, field)?;
        let grants = self.permissions.sets.entry(set).or_default();
        grants.fields.insert(place, rights);
        self.rights_touched(Step::FieldRights {
            set,
            object: object.to_owned(),
            field: field.to_owned(),
            rights,
        });
        Ok(())
    }

    fn rights_touched(&mut self, step: Step) {
        self.steps.push(step);
        self.metadata_touched();
    }

    fn permissionable_field(
        &self,
        object: &str,
        field: &str,
    ) -> Result<(ObjectNo, FieldNo), SetupError> {
        let no = self.setup_object(object)?;
        let def = self.schema.at(no);
        let unknown = || SetupError(format!("no field '{field}' on {object}"));
        let field_no = def.field_no(field).ok_or_else(unknown)?;
        if def.at(field_no).permissionable {
            return Ok((no, field_no));
        }
        Err(SetupError(format!(
            "{object}.{field} is not permissionable: it is always visible"
        )))
    }

    /// What a new permission set gives.
    pub(super) fn set_grants(&mut self, set: SfId, grants: Grants) {
        self.permissions.sets.insert(set, grants);
    }
}
