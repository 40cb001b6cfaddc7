//! Create and update.

use jiff::Timestamp;

use super::check::in_vendor_order;
use super::{Above, DmlOptions, Draft, Errors, Fields, Verb};
use crate::world::convert::{parse_id, whole_seconds};
use crate::world::error::DmlError;
use crate::world::row::{Audit, Row};
use crate::world::schema::ObjectNo;
use crate::world::{Actor, SfId, Value, World};

impl World {
    /// Creates a record.
    ///
    /// # Errors
    /// One entry per kind of problem, with the vendor's codes.
    pub fn create(
        &mut self,
        actor: &Actor,
        object: &str,
        fields: &Fields,
        options: &DmlOptions,
    ) -> Result<SfId, Vec<DmlError>> {
        self.transaction(|world| {
            let object = world
                .object_to_create(actor, object)
                .map_err(|error| vec![error])?;
            let (values, errors) = world.read_input(actor, object, fields, Verb::Create)?;
            let mut draft = world.new_draft(actor, object, options);
            // An empty text is null, and null on create leaves the default.
            values
                .into_iter()
                .filter(|(_, value)| !value.is_null())
                .for_each(|(no, value)| draft.assign(no, value));
            world.save(actor, draft, errors, options)
        })
    }

    /// Changes a record; fields left out stay. `id` may have 15 or 18 characters.
    ///
    /// # Errors
    /// As for create, and INVALID_CROSS_REFERENCE_KEY, ENTITY_IS_DELETED or MALFORMED_ID for the id.
    pub fn update(
        &mut self,
        actor: &Actor,
        object: &str,
        id: &str,
        fields: &Fields,
        options: &DmlOptions,
    ) -> Result<(), Vec<DmlError>> {
        self.transaction(|world| {
            let (object, id) = world
                .record_to_edit(actor, object, id)
                .map_err(|error| vec![error])?;
            let (values, errors) = world.read_input(actor, object, fields, Verb::Update)?;
            let mut draft = world
                .changed_draft(actor, object, id, options)
                .map_err(|error| vec![error])?;
            values
                .into_iter()
                .for_each(|(no, value)| draft.assign(no, value));
            world.save(actor, draft, errors, options).map(|_| ())
        })
    }

    /// A system process that changes nothing a user sees: only SystemModstamp moves.
    ///
    /// # Errors
    /// The id is unknown or deleted.
    pub fn touch(&mut self, object: &str, id: &str) -> Result<(), DmlError> {
        let (object, id) = self.record_to_edit(&Actor::system(self.admin_id), object, id)?;
        let mut row = self
            .table(object)
            .live(id)
            .cloned()
            .ok_or_else(DmlError::unknown_id)?;
        row.audit.stamp = self.now_seconds();
        self.put(object, row, None);
        Ok(())
    }

    /// Checks and writes a draft; see the module documentation for the order.
    pub(super) fn save(
        &mut self,
        actor: &Actor,
        mut draft: Draft,
        input_errors: Errors,
        options: &DmlOptions,
    ) -> Result<SfId, Errors> {
        if !input_errors.is_empty() {
            return Err(in_vendor_order(
                self.missing_fields(&draft, &input_errors),
                input_errors,
            ));
        }
        self.derive(&mut draft);
        if self.run_automations(&mut draft)? {
            self.derive(&mut draft);
        }
        self.check_record(actor, &draft)?;
        self.check_validation_rules(&draft)?;
        self.check_duplicates(&draft, options)
            .map_err(|error| vec![error])?;
        self.check_unique(draft.object, &draft.row)
            .map_err(|error| vec![error])?;
        let (id, object, verb) = (draft.id(), draft.object, draft.verb);
        let above = std::mem::take(&mut draft.above);
        self.write(actor, draft, options);
        self.change_parents(actor, above, options)?;
        self.follow_deal(actor, object, id, verb);
        if self.schema.at(object).administrative {
            self.administer(object, id);
        }
        Ok(id)
    }

    /// Sets fields of parents. That runs no automations of theirs, but their validation rules can refuse it.
    fn change_parents(
        &mut self,
        actor: &Actor,
        mut above: Vec<Above>,
        options: &DmlOptions,
    ) -> Result<(), Errors> {
        above.sort_by_key(|change| change.id);
        for changes in above.chunk_by(|one, other| one.id == other.id) {
            let (object, id) = (changes[0].object, changes[0].id);
            self.check_unlocked(id).map_err(|error| vec![error])?;
            let draft = self.changed_draft(actor, object, id, options);
            let mut draft = draft.map_err(|error| vec![error])?;
            for change in changes {
                draft.assign(change.field, change.value.clone());
            }
            self.derive(&mut draft);
            self.check_validation_rules(&draft)?;
            self.write(actor, draft, options);
        }
        Ok(())
    }

    /// What follows from a change of users and their rights.
    fn administer(&mut self, object: ObjectNo, id: SfId) {
        if self.schema.at(object).name == "User" {
            self.assign_profile_set(id);
        } else {
            self.metadata_touched();
        }
    }

    fn write(&mut self, actor: &Actor, mut draft: Draft, options: &DmlOptions) {
        let history = self.history_row(actor, &mut draft, options);
        self.put(draft.object, draft.row, options.visible_at);
        if let Some((object, row)) = history {
            self.put(object, row, options.visible_at);
        }
    }

    /// A new record with an id, audit data, defaults and an owner.
    pub(in crate::world) fn new_draft(
        &mut self,
        actor: &Actor,
        object: ObjectNo,
        options: &DmlOptions,
    ) -> Draft {
        let (created, modified) = match options.audit {
            Some(times) => (times.created, times.modified.max(times.created)),
            None => (self.now, self.now),
        };
        let (created, modified) = (seconds(created), seconds(modified));
        let (created_by, modified_by) = (actor.user, actor.user);
        let audit = Audit {
            created,
            created_by,
            modified,
            modified_by,
            stamp: modified,
        };
        let mut row = Row::new(self.next_id(object), audit);
        let def = self.schema.at(object);
        def.defaults
            .iter()
            .for_each(|(no, value)| row.set(*no, value.clone()));
        if let Some(owner) = def.owner {
            row.set(owner, Value::Id(actor.user));
        }
        Draft {
            verb: Verb::Create,
            object,
            row,
            before: None,
            above: Vec::new(),
            set: Vec::new(),
        }
    }

    fn changed_draft(
        &self,
        actor: &Actor,
        object: ObjectNo,
        id: SfId,
        options: &DmlOptions,
    ) -> Result<Draft, DmlError> {
        let before = self
            .table(object)
            .live(id)
            .cloned()
            .ok_or_else(DmlError::unknown_id)?;
        let mut row = before.clone();
        row.audit.stamp = self.now_seconds();
        if !options.stamp_only {
            (row.audit.modified, row.audit.modified_by) = (row.audit.stamp, actor.user);
        }
        // A clock set back must not leave a stamp older than the last modification.
        row.audit.stamp = row.audit.stamp.max(row.audit.modified);
        Ok(Draft {
            verb: Verb::Update,
            object,
            row,
            before: Some(before),
            above: Vec::new(),
            set: Vec::new(),
        })
    }

    pub(super) fn object_named(&self, actor: &Actor, name: &str) -> Result<ObjectNo, DmlError> {
        let found = self
            .schema
            .object_no(name)
            .filter(|no| self.rights_on(actor, *no).read);
        let name: String = name.chars().take(255).collect();
        found.ok_or_else(|| {
            DmlError::new(
                "INVALID_TYPE",
                format!("sObject type '{name}' is not supported."),
            )
        })
    }

    fn object_to_create(&self, actor: &Actor, name: &str) -> Result<ObjectNo, DmlError> {
        let object = self.object_named(actor, name)?;
        let def = self.schema.at(object);
        if def.createable && self.rights_on(actor, object).create {
            return Ok(object);
        }
        let message = format!("entity type cannot be inserted: {}", def.label);
        Err(DmlError::new(
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            message,
        ))
    }

    pub(super) fn record_to_edit(
        &self,
        actor: &Actor,
        object: &str,
        id: &str,
    ) -> Result<(ObjectNo, SfId), DmlError> {
        let object = self.object_named(actor, object)?;
        let def = self.schema.at(object);
        let id = self.existing(actor, object, id)?;
        let rights = self.rights_on(actor, object);
        if !(def.updateable && rights.edit && self.may_modify(actor, object, id)) {
            return Err(DmlError::no_access());
        }
        self.check_unlocked(id)?;
        Ok((object, id))
    }

    /// The id of a live record the actor sees.
    pub(super) fn existing(
        &self,
        actor: &Actor,
        object: ObjectNo,
        id: &str,
    ) -> Result<SfId, DmlError> {
        let id = parse_id(id)?;
        match self
            .table(object)
            .get(id)
            .filter(|row| self.can_see(actor, object, row))
        {
            None => Err(DmlError::unknown_id()),
            Some(row) if !row.is_live() => Err(DmlError::deleted()),
            Some(_) => Ok(id),
        }
    }

    pub(crate) fn now_seconds(&self) -> Timestamp {
        seconds(self.now)
    }
}

/// Stamps have a resolution of one second.
fn seconds(at: Timestamp) -> Timestamp {
    whole_seconds(at).unwrap_or(at)
}
