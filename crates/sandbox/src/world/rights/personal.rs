//! A profile of one's own: what "this user may not" becomes.
//!
//! Rights belong to permission sets, so narrowing those of one user gives them a copy of their profile first.

use serde_json::json;

use super::{Actor, ObjectRights};
use crate::world::convert::convert;
use crate::world::dml::DmlOptions;
use crate::world::error::SetupError;
use crate::world::id::SfId;
use crate::world::row::Row;
use crate::world::schema::ObjectNo;
use crate::world::setup::Step;
use crate::world::{Value, World};

impl World {
    /// The permission set a holder stands for: itself, or the user's own one.
    pub(super) fn set_of_holder(&mut self, holder: SfId) -> Result<SfId, SetupError> {
        let named = |name: &str| self.setup_object(name);
        let (users, sets) = (named("User")?, named("PermissionSet")?);
        if self.table(sets).live(holder).is_some() {
            return Ok(holder);
        }
        if let Some(set) = self.permissions.personal.get(&holder) {
            return Ok(*set);
        }
        let user = self.table(users).live(holder).cloned();
        let user = user.ok_or_else(|| SetupError(format!("no user or permission set {holder}")))?;
        Ok(self.give_profile(users, user))
    }

    /// Copies the user's profile, with its grants, and lets them have the copy.
    fn give_profile(&mut self, users: ObjectNo, mut user: Row) -> SfId {
        let before = self.profile_set(user.id);
        let username = self.named_column(users, &user, "Username");
        let name = username.as_text().unwrap_or_default().to_owned();
        let profile = self.seed_row("Profile", json!({"Name": format!("Custom: {name}")}));
        let set = self.seed_profile_set(profile);
        if let Some(before) = before {
            self.copy_system_permissions(before, set);
            self.copy_set(set, before, user.id);
        }
        if let Some(field) = self.schema.at(users).field_no("profileid") {
            user.set(field, Value::Id(profile));
            user.audit.stamp = self.now_seconds().max(user.audit.stamp);
            self.put(users, user.clone(), None);
        }
        self.assign_profile_set(user.id);
        set
    }

    /// The step itself, without the records that go with it.
    pub(in crate::world) fn copy_set(&mut self, set: SfId, copy_of: SfId, user: SfId) {
        let copied = self.permissions.sets.get(&copy_of).cloned();
        self.set_grants(set, copied.unwrap_or_default());
        self.permissions.personal.insert(user, set);
        self.steps.push(Step::OwnSet { set, copy_of, user });
    }

    /// A set that may not see all records of some object does not have View All Data any more.
    pub(super) fn limit_system_permissions(&mut self, set: SfId, rights: ObjectRights) {
        let mut lost = Vec::new();
        if !(rights.read && rights.view_all) {
            lost.push("PermissionsViewAllData");
        }
        if rights != ObjectRights::default() {
            lost.push("PermissionsModifyAllData");
        }
        let off: Vec<_> = lost
            .into_iter()
            .map(|name| (name, Value::Bool(false)))
            .collect();
        self.set_columns("PermissionSet", set, &off);
    }

    /// Switches every system permission of a set on.
    pub(in crate::world) fn grant_system_permissions(&mut self, set: SfId) {
        let names = self.system_permissions();
        let on: Vec<_> = names
            .iter()
            .map(|name| (name.as_str(), Value::Bool(true)))
            .collect();
        self.set_columns("PermissionSet", set, &on);
    }

    fn system_permissions(&self) -> Vec<String> {
        let def = self.schema.object("PermissionSet");
        let fields = def.into_iter().flat_map(|def| &def.fields);
        let names = fields.map(|field| field.name.clone());
        names
            .filter(|name| name.starts_with("Permissions"))
            .collect()
    }

    fn copy_system_permissions(&mut self, from: SfId, to: SfId) {
        let names = self.system_permissions();
        let held: Vec<_> = names
            .iter()
            .map(|name| (name.as_str(), Value::Bool(self.set_permits(from, name))))
            .collect();
        self.set_columns("PermissionSet", to, &held);
    }

    /// Writes columns of a set-up record past the checks.
    pub(in crate::world) fn set_columns(
        &mut self,
        object: &str,
        id: SfId,
        columns: &[(&str, Value)],
    ) {
        let Some(object) = self.schema.object_no(object) else {
            return;
        };
        let Some(mut row) = self.table(object).live(id).cloned() else {
            return;
        };
        for (name, value) in columns {
            if let Some(no) = self.schema.at(object).field_no(name) {
                row.set(no, value.clone());
            }
        }
        row.audit.stamp = self.now_seconds().max(row.audit.stamp);
        self.put(object, row, None);
    }

    /// The permission set a profile owns.
    pub(in crate::world) fn seed_profile_set(&mut self, profile: SfId) -> SfId {
        // The vendor names such sets X00e… after their profile.
        let name = format!("X{}", profile.short());
        let row = json!({
            "Name": name, "Label": name, "ProfileId": profile, "IsOwnedByProfile": true, "IsCustom": false,
            "Type": "Profile", "PermissionsApiEnabled": true,
        });
        self.seed_row("PermissionSet", row)
    }

    /// Lets the user's assignments hold the set of the profile they have, and of no other.
    pub(in crate::world) fn assign_profile_set(&mut self, user: SfId) {
        let Some(object) = self.schema.object_no("PermissionSetAssignment") else {
            return;
        };
        let wanted = self.profile_set(user);
        let held = self.assignments(user);
        for (assignment, set) in &held {
            if Some(*set) != wanted && self.is_profile_set(*set) {
                self.purge(object, *assignment);
            }
        }
        if let Some(set) = wanted.filter(|set| held.iter().all(|(_, other)| other != set)) {
            let row = json!({"PermissionSetId": set, "AssigneeId": user, "IsActive": true});
            self.seed_row("PermissionSetAssignment", row);
        }
    }

    /// A row with these fields, written past the checks. What cannot be read is left out.
    pub(in crate::world) fn seed_row(&mut self, object: &str, fields: serde_json::Value) -> SfId {
        let Some(object) = self.schema.object_no(object) else {
            return SfId::MIN;
        };
        let admin = Actor::system(self.admin_id);
        let mut draft = self.new_draft(&admin, object, &DmlOptions::default());
        for (name, json) in fields.as_object().into_iter().flatten() {
            let def = self.schema.at(object);
            let field = def.field_no(name).map(|no| (no, convert(def.at(no), json)));
            if let Some((no, Ok(value))) = field {
                draft.row.set(no, value);
            }
        }
        let id = draft.row.id;
        self.put(object, draft.row, None);
        id
    }
}
