//! What users may do after all: the union of their permission sets, worked out once and kept until something about
//! users, sets or metadata changes.

use std::collections::HashMap;

use super::{Actor, FieldRights, ObjectRights};
use crate::world::World;
use crate::world::id::SfId;
use crate::world::key::Key;
use crate::world::row::Row;
use crate::world::schema::{FieldNo, ObjectNo};
use crate::world::value::Value;

/// See the module documentation.
#[derive(Debug, Default)]
pub(crate) struct Effective {
    users: HashMap<SfId, UserRights>,
    /// Every role's parent.
    pub(super) parents: HashMap<SfId, Option<SfId>>,
}

#[derive(Debug, Default)]
struct UserRights {
    sets: Vec<SfId>,
    /// By object number.
    objects: Vec<ObjectRights>,
    role: Option<SfId>,
}

impl Effective {
    pub(super) fn role(&self, user: SfId) -> Option<SfId> {
        self.users.get(&user)?.role
    }
}

impl World {
    pub(super) fn effective(&self) -> &Effective {
        self.effective.get_or_init(|| self.work_out_rights())
    }

    fn work_out_rights(&self) -> Effective {
        let rows = |name: &str| {
            let object = self.schema.object_no(name);
            let rows = object.map(|no| {
                self.table(no)
                    .by_id(..)
                    .filter(|row| row.is_live())
                    .map(move |row| (no, row))
            });
            rows.into_iter().flatten()
        };
        let parent = |(no, row): (ObjectNo, &Row)| {
            (row.id, self.named_column(no, row, "ParentRoleId").as_id())
        };
        Effective {
            users: rows("User")
                .map(|(no, row)| (row.id, self.user_rights(no, row)))
                .collect(),
            parents: rows("UserRole").map(parent).collect(),
        }
    }

    fn user_rights(&self, users: ObjectNo, user: &Row) -> UserRights {
        let sets: Vec<SfId> = self
            .assignments(user.id)
            .into_iter()
            .map(|(_, set)| set)
            .collect();
        let has = |name: &str| sets.iter().any(|set| self.set_permits(*set, name));
        let mut everywhere = ObjectRights::NONE;
        if has("PermissionsModifyAllData") {
            everywhere = ObjectRights::default();
        } else if has("PermissionsViewAllData") {
            everywhere = ObjectRights::VIEW;
        }
        let admin = sets
            .iter()
            .any(|set| self.set_permits(*set, "PermissionsCustomizeApplication"));
        let on = |object: ObjectNo| {
            let granted = sets
                .iter()
                .filter_map(|set| self.permissions.sets.get(set))
                .map(|grants| grants.object(object))
                .fold(everywhere, ObjectRights::or);
            let def = self.schema.at(object);
            if def.own_row {
                return ObjectRights {
                    read: true,
                    ..ObjectRights::NONE
                };
            }
            match (def.administrative, admin) {
                // Everybody reads what administrators keep, and only they change it.
                (true, true) => granted.or(ObjectRights::VIEW),
                (true, false) => ObjectRights::VIEW,
                (false, _) => granted,
            }
        };
        UserRights {
            objects: self.object_numbers().map(on).collect(),
            role: self.named_column(users, user, "UserRoleId").as_id(),
            sets,
        }
    }

    /// The active assignments of a user: their ids and the permission sets.
    pub(in crate::world) fn assignments(&self, user: SfId) -> Vec<(SfId, SfId)> {
        let Some(object) = self.schema.object_no("PermissionSetAssignment") else {
            return Vec::new();
        };
        let rows = self.rows_with(object, "AssigneeId", user);
        rows.filter(|row| self.named_column(object, row, "IsActive") == Value::Bool(true))
            .filter_map(|row| {
                let set = self.named_column(object, row, "PermissionSetId").as_id()?;
                Some((row.id, set))
            })
            .collect()
    }

    /// Live rows whose reference of this name leads to a record.
    pub(in crate::world) fn rows_with(
        &self,
        object: ObjectNo,
        field: &str,
        id: SfId,
    ) -> impl Iterator<Item = &Row> + use<'_> {
        let field = self.schema.at(object).field_no(field);
        let ids = field.map(|no| self.live_with_value(object, no, &Key::Id(id)));
        let ids = ids.into_iter().flatten();
        ids.filter_map(move |id| self.table(object).get(id))
    }

    /// The permission set of the user's profile.
    pub(in crate::world) fn profile_set(&self, user: SfId) -> Option<SfId> {
        let users = self.schema.object_no("User")?;
        let profile = self
            .named_column(users, self.table(users).get(user)?, "ProfileId")
            .as_id()?;
        let sets = self.schema.object_no("PermissionSet")?;
        self.rows_with(sets, "ProfileId", profile)
            .next()
            .map(|row| row.id)
    }

    pub(in crate::world) fn is_profile_set(&self, set: SfId) -> bool {
        self.set_permits(set, "IsOwnedByProfile")
    }

    /// Whether a checkbox of a permission set is on.
    pub(super) fn set_permits(&self, set: SfId, checkbox: &str) -> bool {
        let sets = self.schema.object_no("PermissionSet");
        let row = sets.and_then(|no| Some((no, self.table(no).live(set)?)));
        row.is_some_and(|(no, row)| self.named_column(no, row, checkbox) == Value::Bool(true))
    }

    pub(in crate::world) fn named_column(&self, object: ObjectNo, row: &Row, name: &str) -> Value {
        let field = self.schema.at(object).field_no(name);
        field.map_or(Value::Null, |no| row.column(no).clone())
    }

    /// The permission set with this name, which no profile owns.
    pub fn permission_set(&self, name: &str) -> Option<SfId> {
        let object = self.schema.object_no("PermissionSet")?;
        let named = |row: &&Row| {
            let own = self.named_column(object, row, "Name");
            row.is_live()
                && own
                    .as_text()
                    .is_some_and(|own| own.eq_ignore_ascii_case(name))
        };
        let mut rows = self.table(object).by_id(..);
        rows.find(named).map(|row| row.id)
    }

    /// Whether one of the user's permission sets has a system permission, e.g. `PermissionsApiEnabled`.
    pub fn system_permission(&self, user: SfId, name: &str) -> bool {
        let rights = self.effective().users.get(&user);
        rights.is_some_and(|rights| rights.sets.iter().any(|set| self.set_permits(*set, name)))
    }

    /// The actor's rights on an object. No rights when the object does not exist.
    pub fn object_rights(&self, actor: &Actor, object: &str) -> ObjectRights {
        let no = self.schema.object_no(object);
        no.map_or(ObjectRights::NONE, |no| self.rights_on(actor, no))
    }

    /// The actor's rights on a field, before the field's own nature (read only, formula) is considered.
    /// No rights when the field does not exist.
    pub fn field_rights(&self, actor: &Actor, object: &str, field: &str) -> FieldRights {
        let object = self.schema.object_no(object);
        let found = object.and_then(|no| Some((no, self.schema.at(no).field_no(field)?)));
        found.map_or(FieldRights::NONE, |(no, field)| {
            self.rights_on_field(actor, no, field)
        })
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
        let user = self.effective().users.get(&actor.user);
        let rights = user.and_then(|user| user.objects.get(object.0 as usize));
        rights.copied().unwrap_or(ObjectRights::NONE)
    }

    pub(crate) fn rights_on_field(
        &self,
        actor: &Actor,
        object: ObjectNo,
        field: FieldNo,
    ) -> FieldRights {
        let def = self.schema.at(object);
        if actor.unrestricted || !def.at(field).permissionable || def.administrative {
            return FieldRights::default();
        }
        let sets = self
            .effective()
            .users
            .get(&actor.user)
            .map(|user| &user.sets);
        let grants = sets
            .into_iter()
            .flatten()
            .filter_map(|set| self.permissions.sets.get(set));
        grants
            .map(|grants| grants.field(object, field))
            .fold(FieldRights::NONE, FieldRights::or)
    }
}
