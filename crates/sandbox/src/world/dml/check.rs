//! Checks that need the whole record or other records: required fields, references, owners, unique keys.

use super::{Draft, Errors, Verb};
use crate::world::convert::wrong_id;
use crate::world::error::DmlError;
use crate::world::key::Key;
use crate::world::row::Row;
use crate::world::schema::{FieldDef, FieldNo, FieldType, ObjectNo};
use crate::world::{Actor, SfId, World};

impl World {
    /// Required fields, then references of the fields that were set; one error of each kind.
    pub(super) fn check_record(&self, actor: &Actor, draft: &Draft) -> Result<(), Errors> {
        let mut errors = Errors::new();
        if draft.verb == Verb::Update {
            errors.extend(self.check_not_converted(draft).err());
        }
        let def = self.schema.at(draft.object);
        for &no in &draft.set {
            let field = def.at(no);
            if let (FieldType::Reference, Some(id)) =
                (field.field_type, draft.row.column(no).as_id())
            {
                errors.extend(self.check_reference(actor, field, id).err());
                if Some(no) == def.owner {
                    errors.extend(self.check_owner(&def.label, id).err());
                }
            }
        }
        let missing = self.missing_fields(draft, &[]);
        if missing.is_none() && errors.is_empty() {
            Ok(())
        } else {
            Err(in_vendor_order(missing, errors))
        }
    }

    /// Required fields that are null, in one error. Fields that `reported` names are not missing but wrong.
    pub(super) fn missing_fields(&self, draft: &Draft, reported: &[DmlError]) -> Option<DmlError> {
        let def = self.schema.at(draft.object);
        let concerns = |no: &FieldNo| draft.verb == Verb::Create || draft.set.contains(no);
        let wrong = |name: &String| reported.iter().any(|error| error.fields.contains(name));
        let lacking = def
            .required
            .iter()
            .filter(|no| draft.row.column(**no).is_null() && concerns(no));
        let names = lacking.map(|no| def.at(*no).name.clone());
        let fields: Vec<String> = names.filter(|name| !wrong(name)).collect();
        if fields.is_empty() {
            return None;
        }
        let message = format!("Required fields are missing: [{}]", fields.join(", "));
        Some(DmlError::new("REQUIRED_FIELD_MISSING", message).about(fields))
    }

    fn check_reference(&self, actor: &Actor, field: &FieldDef, id: SfId) -> Result<(), DmlError> {
        let target = self.schema.prefix_no(id.key_prefix());
        let allowed =
            |object: &ObjectNo| field.reference_to.contains(&self.schema.at(*object).name);
        let Some(target) = target.filter(allowed) else {
            // An object that is not part of this org has no records: any id of it is unknown.
            let foreign = field
                .reference_to
                .iter()
                .all(|name| self.schema.object_no(name).is_none());
            let wrong = wrong_id(field, "FIELD_INTEGRITY_EXCEPTION", &id.to_string());
            return Err(if foreign {
                DmlError::unknown_id()
            } else {
                wrong
            });
        };
        // A record of the same long transaction counts, though nobody can see it yet.
        match self.table(target).get(id).or_else(|| self.staged_row(id)) {
            None => Err(DmlError::unknown_id()),
            Some(row) if !row.is_live() => Err(DmlError::deleted()),
            Some(row) if !self.can_see(actor, target, row) => Err(DmlError::new(
                "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
                "insufficient access rights on cross-reference id",
            )),
            Some(_) => Ok(()),
        }
    }

    fn check_owner(&self, object_label: &str, owner: SfId) -> Result<(), DmlError> {
        let active = self.user_is_active(owner).unwrap_or(true);
        if active {
            return Ok(());
        }
        let object = object_label.to_lowercase();
        let message =
            format!("operation performed with inactive user [{owner}] as owner of {object}");
        Err(DmlError::on("OwnerId", "INACTIVE_OWNER_OR_USER", message))
    }

    /// Whether a user is active; none when there is no such user.
    pub fn user_is_active(&self, user: SfId) -> Option<bool> {
        let users = self.schema.object_no("user")?;
        let field = self.schema.at(users).field_no("isactive")?;
        let row = self.table(users).live(user)?;
        Some(row.column(field) == &crate::world::Value::Bool(true))
    }

    fn check_not_converted(&self, draft: &Draft) -> Result<(), DmlError> {
        let flag = self.schema.at(draft.object).field_no("isconverted");
        let converted =
            flag.is_some_and(|no| draft.row.column(no) == &crate::world::Value::Bool(true));
        let message = "cannot reference converted lead";
        if converted {
            Err(DmlError::new("CANNOT_UPDATE_CONVERTED_LEAD", message))
        } else {
            Ok(())
        }
    }

    /// A user has a permission set once.
    fn check_assignment(&self, object: ObjectNo, row: &Row) -> Result<(), DmlError> {
        let column = |name| self.named_column(object, row, name).as_id();
        let (Some(user), Some(set)) = (column("AssigneeId"), column("PermissionSetId")) else {
            return Ok(());
        };
        let held = self.assignments(user);
        if held
            .iter()
            .all(|(id, other)| *other != set || *id == row.id)
        {
            return Ok(());
        }
        let (assignee, set) = (user.short(), set.short());
        Err(DmlError {
            status_code: "DUPLICATE_VALUE",
            message: format!(
                "Duplicate PermissionSetAssignment.  Assignee: {assignee}; Permission Set: {set}"
            ),
            fields: ["AssigneeId", "PermissionSetId"].map(str::to_owned).into(),
            duplicates: None,
        })
    }

    /// No other live record, visible or still staged, has a unique value of this one.
    pub(super) fn check_unique(&self, object: ObjectNo, row: &Row) -> Result<(), DmlError> {
        if self.schema.at(object).name == "PermissionSetAssignment" {
            self.check_assignment(object, row)?;
        }
        let def = self.schema.at(object);
        for (no, value) in row.columns() {
            let field = def.at(no);
            if !field.unique {
                continue;
            }
            let key = Key::of(value, field.case_sensitive);
            let staged = self
                .staged
                .values()
                .filter(|staged| staged.object == object)
                .map(|staged| &staged.row);
            let staged =
                staged.filter(|other| Key::of(other.column(no), field.case_sensitive) == key);
            let mut others = self.table(object).by_value(def, no, &key).chain(staged);
            if let Some(other) = others.find(|other| other.id != row.id && other.is_live()) {
                let (name, id) = (&field.name, other.id.short());
                let message = format!(
                    "duplicate value found: {name} duplicates value on record with id: {id}"
                );
                return Err(DmlError::new("DUPLICATE_VALUE", message));
            }
        }
        Ok(())
    }
}

/// Missing fields come first; of other errors the first of each code is reported.
pub(super) fn in_vendor_order(missing: Option<DmlError>, errors: Errors) -> Errors {
    let mut kept: Errors = missing.into_iter().collect();
    for error in errors {
        if !kept
            .iter()
            .any(|other| other.status_code == error.status_code)
        {
            kept.push(error);
        }
    }
    kept
}
