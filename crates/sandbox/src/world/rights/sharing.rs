//! Which records a user sees and changes: owners, the roles above them, the default of the object, shares, parents.

use serde::{Deserialize, Serialize};

use super::Actor;
use crate::world::error::SetupError;
use crate::world::id::SfId;
use crate::world::row::Row;
use crate::world::schema::ObjectNo;
use crate::world::setup::Step;
use crate::world::{Value, World};

/// Most roles, or parents, looked at above one.
const MAX_LEVELS: usize = 50;

/// What everybody may do with the records of an object that somebody else owns (organization-wide default).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sharing {
    /// Nothing.
    #[default]
    Private,
    /// See them.
    Read,
    /// See and change them.
    ReadWrite,
    /// See, change and give them to others (leads, cases).
    ReadWriteTransfer,
    /// What they may do with the parent record.
    ControlledByParent,
}

impl Sharing {
    /// As `Organization.Default…Access` says it.
    pub fn organization_value(self) -> &'static str {
        match self {
            Sharing::Private => "None",
            Sharing::Read => "Read",
            Sharing::ReadWrite => "Edit",
            Sharing::ReadWriteTransfer => "ReadEditTransfer",
            Sharing::ControlledByParent => "ControlledByParent",
        }
    }

    /// As `EntityDefinition.InternalSharingModel` says it.
    pub fn model(self) -> &'static str {
        match self {
            Sharing::Private => "Private",
            Sharing::Read => "Read",
            Sharing::ReadWrite => "ReadWrite",
            Sharing::ReadWriteTransfer => "ReadWriteTransfer",
            Sharing::ControlledByParent => "ControlledByParent",
        }
    }
}

/// What sharing lets a user do with one record; rights on the object come on top.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccessLevel {
    /// Not see it.
    None,
    /// See it.
    Read,
    /// Change it.
    Edit,
    /// Change it and give it to somebody else.
    Transfer,
    /// What its owner may do: delete and share it, too.
    All,
}

/// A row of UserRecordAccess.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordAccess {
    /// The record can be seen.
    pub read: bool,
    /// It can be changed.
    pub edit: bool,
    /// It can be deleted.
    pub delete: bool,
    /// Its owner can be changed.
    pub transfer: bool,
    /// Everything can be done with it.
    pub all: bool,
}

impl World {
    /// Sets the organization-wide default of an object whose records have owners.
    ///
    /// # Errors
    /// The object is unknown or its records have no owners.
    pub fn set_sharing(&mut self, object: &str, sharing: Sharing) -> Result<(), SetupError> {
        let no = self.setup_object(object)?;
        if self.schema.at(no).owner.is_none() {
            return Err(SetupError(format!("records of {object} have no owner")));
        }
        let name = format!("Default{}Access", self.schema.at(no).name);
        let shown = Value::text(sharing.organization_value());
        self.set_columns("Organization", self.org_id, &[(&name, shown)]);
        self.share_by_default(object, sharing)
    }

    /// The step itself, without the record that shows it.
    pub(in crate::world) fn share_by_default(
        &mut self,
        object: &str,
        sharing: Sharing,
    ) -> Result<(), SetupError> {
        let no = self.setup_object(object)?;
        self.permissions.sharing.insert(no, sharing);
        self.rights_touched(Step::Sharing {
            object: object.to_owned(),
            sharing,
        });
        Ok(())
    }

    /// Details are shared as their masters are.
    pub(in crate::world) fn follow_master(&mut self, object: ObjectNo) {
        let sharing = Sharing::ControlledByParent;
        self.permissions.sharing.insert(object, sharing);
    }

    /// The organization-wide default of an object.
    pub(crate) fn sharing_of(&self, object: ObjectNo) -> Sharing {
        let def = self.schema.at(object);
        match def.owner {
            Some(_) => self
                .permissions
                .sharing
                .get(&object)
                .copied()
                .unwrap_or_default(),
            None if self.schema.at(object).master.is_some() => Sharing::ControlledByParent,
            None => Sharing::ReadWrite,
        }
    }

    /// Whether the actor sees a record.
    pub(crate) fn can_see(&self, actor: &Actor, object: ObjectNo, row: &Row) -> bool {
        let rights = self.rights_on(actor, object);
        if self.schema.at(object).own_row {
            return row.audit.created_by == actor.user;
        }
        rights.read
            && (rights.view_all
                || rights.modify_all
                || self.access(actor, object, row) > AccessLevel::None)
    }

    /// Whether the actor's sharing lets them change a record they see.
    pub(crate) fn may_modify(&self, actor: &Actor, object: ObjectNo, id: SfId) -> bool {
        self.may(actor, object, id, AccessLevel::Edit)
    }

    /// Whether the actor's sharing lets them delete a record they see: that takes an owner, or the parent's owner.
    pub(crate) fn may_delete(&self, actor: &Actor, object: ObjectNo, id: SfId) -> bool {
        let owned = self.sharing_of(object) != Sharing::ControlledByParent
            && self.schema.at(object).owner.is_some();
        let needed = if owned {
            AccessLevel::All
        } else {
            AccessLevel::Edit
        };
        self.may(actor, object, id, needed)
    }

    fn may(&self, actor: &Actor, object: ObjectNo, id: SfId, level: AccessLevel) -> bool {
        let row = self.table(object).get(id);
        self.rights_on(actor, object).modify_all
            || row.is_some_and(|row| self.access(actor, object, row) >= level)
    }

    /// What the actor may do with a record, rights on the object included. None: there is no such record.
    pub fn record_access(&self, actor: &Actor, id: SfId) -> Option<RecordAccess> {
        let object = self.schema.prefix_no(id.key_prefix())?;
        let row = self.table(object).live(id)?;
        let (rights, level) = (
            self.rights_on(actor, object),
            self.access(actor, object, row),
        );
        let read = self.can_see(actor, object, row);
        let may = |right: bool, needed| read && right && (rights.modify_all || level >= needed);
        let transfer = may(rights.edit, AccessLevel::Transfer);
        Some(RecordAccess {
            read,
            edit: may(rights.edit, AccessLevel::Edit),
            delete: may(rights.delete, AccessLevel::All),
            transfer,
            all: transfer && may(rights.delete, AccessLevel::All),
        })
    }

    /// What sharing alone gives: of the record, or of the parent it is a part of.
    fn access(&self, actor: &Actor, object: ObjectNo, row: &Row) -> AccessLevel {
        let (mut object, mut row) = (object, row);
        for _ in 0..MAX_LEVELS {
            let default = self.sharing_of(object);
            if default != Sharing::ControlledByParent {
                return self.own_access(actor.user, object, row, default);
            }
            let Some((parent, above)) = self.master_of(object, row) else {
                // Without a parent, as a contact without an account, a record is its owner's alone.
                return self.own_access(actor.user, object, row, Sharing::Private);
            };
            let rights = self.rights_on(actor, parent);
            if rights.modify_all {
                return AccessLevel::All;
            } else if rights.view_all {
                return self.own_access(actor.user, parent, above, Sharing::Read);
            }
            (object, row) = (parent, above);
        }
        AccessLevel::None
    }

    /// The record that a record is a part of.
    fn master_of(&self, object: ObjectNo, row: &Row) -> Option<(ObjectNo, &Row)> {
        let def = self.schema.at(object);
        let field = def.master?;
        let parent = self.schema.object_no(def.at(field).reference_to.first()?)?;
        Some((parent, self.table(parent).get(row.column(field).as_id()?)?))
    }

    fn own_access(&self, user: SfId, object: ObjectNo, row: &Row, default: Sharing) -> AccessLevel {
        let Some(owner) = self.schema.at(object).owner else {
            return AccessLevel::All;
        };
        let owner = row.column(owner).as_id();
        if owner == Some(user) || owner.is_some_and(|owner| self.is_above(user, owner)) {
            return AccessLevel::All;
        }
        let open = match default {
            Sharing::Private | Sharing::ControlledByParent => AccessLevel::None,
            Sharing::Read => AccessLevel::Read,
            Sharing::ReadWrite => AccessLevel::Edit,
            Sharing::ReadWriteTransfer => AccessLevel::Transfer,
        };
        open.max(self.shared_with(user, object, row.id))
    }

    /// Whether the role of `user` is above the role of `other`.
    fn is_above(&self, user: SfId, other: SfId) -> bool {
        let effective = self.effective();
        let Some(own) = effective.role(user) else {
            return false;
        };
        let parent = |role: &SfId| effective.parents.get(role).copied().flatten();
        let first = effective.role(other).and_then(|role| parent(&role));
        std::iter::successors(first, parent)
            .take(MAX_LEVELS)
            .any(|role| role == own)
    }

    /// The best share of a record with a user.
    fn shared_with(&self, user: SfId, object: ObjectNo, record: SfId) -> AccessLevel {
        let name = &self.schema.at(object).name;
        let Some(shares) = self.schema.object_no(&format!("{name}Share")) else {
            return AccessLevel::None;
        };
        let level = |row: &Row| match self
            .named_column(shares, row, &format!("{name}AccessLevel"))
            .as_text()
        {
            Some("All") => AccessLevel::All,
            Some("Edit") => AccessLevel::Edit,
            Some("Read") => AccessLevel::Read,
            _ => AccessLevel::None,
        };
        self.rows_with(shares, &format!("{name}Id"), record)
            .filter(|row| self.named_column(shares, row, "UserOrGroupId").as_id() == Some(user))
            .map(level)
            .max()
            .unwrap_or(AccessLevel::None)
    }
}
