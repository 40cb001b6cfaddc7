//! The org's metadata: objects and fields with every attribute a describe shows.
//!
//! Names are looked up without regard to case. Objects and fields are only ever added, so an `ObjectNo` or a
//! `FieldNo` stays good for the life of the world. Who may see what is not decided here (see `permissions`).

mod custom;
mod field;
mod related;
mod standard;

use std::collections::HashMap;
use std::sync::Arc;

use super::value::Value;
use super::views::{View, view_of};

pub use custom::{FieldKind, NewField, NewObject, Returns};
pub(crate) use field::Storage;
pub use field::{FieldDef, FieldType, PicklistValue};
pub(crate) use standard::standard_objects;

/// Position of an object in the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ObjectNo(pub(crate) u16);

/// Position of a field in its object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct FieldNo(pub(crate) u16);

/// One object (table) with its describe attributes.
#[derive(Debug, Clone)]
pub struct ObjectDef {
    /// API name, e.g. `Opportunity`.
    pub name: String,
    /// Label of one record.
    pub label: String,
    /// Label of several records.
    pub label_plural: String,
    /// First three characters of its ids.
    pub key_prefix: [u8; 3],
    /// Added by the org.
    pub custom: bool,
    /// The API may create records.
    pub createable: bool,
    /// The API may change records.
    pub updateable: bool,
    /// The API may delete records.
    pub deletable: bool,
    /// Deleted records can be brought back.
    pub undeletable: bool,
    /// Records can be merged.
    pub mergeable: bool,
    /// getUpdated and getDeleted work.
    pub replicateable: bool,
    /// Has page layouts.
    pub layoutable: bool,
    /// Search finds its records.
    pub searchable: bool,
    /// Triggers can run on it.
    pub triggerable: bool,
    /// Its records can have feeds.
    pub feed_enabled: bool,
    /// Kept by administrators: everybody reads it, permission sets say nothing about it.
    pub administrative: bool,
    /// Every user has one row of it and sees no other.
    pub(crate) own_row: bool,
    /// Its rows are computed.
    pub(crate) view: Option<View>,
    /// The reference that makes a record a part of another one, which decides who sees it.
    pub(crate) master: Option<FieldNo>,
    /// The fields, in describe order.
    pub fields: Vec<FieldDef>,
    by_name: HashMap<String, FieldNo>,
    by_relationship: HashMap<String, FieldNo>,
    /// What new records get in fields they leave out.
    pub(crate) defaults: Vec<(FieldNo, Value)>,
    /// Columns a record may never lack once it is saved; checkboxes are not among them, they are never null.
    pub(crate) required: Vec<FieldNo>,
    /// `OwnerId`, where there is one.
    pub(crate) owner: Option<FieldNo>,
}

/// One row of a describe's `childRelationships`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildRelationship<'a> {
    /// API name of the child object.
    pub child_object: &'a str,
    /// The child's reference field.
    pub field: &'a str,
    /// Name for subqueries; none when it cannot be queried.
    pub relationship_name: Option<&'a str>,
    /// Deleting the parent deletes the children.
    pub cascade_delete: bool,
}

impl ObjectDef {
    pub(crate) fn new(
        name: &str,
        label: &str,
        label_plural: &str,
        key_prefix: [u8; 3],
    ) -> ObjectDef {
        ObjectDef {
            name: name.to_owned(),
            label: label.to_owned(),
            label_plural: label_plural.to_owned(),
            key_prefix,
            custom: false,
            createable: true,
            updateable: true,
            deletable: true,
            undeletable: true,
            mergeable: false,
            replicateable: true,
            layoutable: true,
            searchable: true,
            triggerable: true,
            feed_enabled: false,
            administrative: false,
            own_row: false,
            view: view_of(name),
            master: None,
            fields: Vec::new(),
            by_name: HashMap::new(),
            by_relationship: HashMap::new(),
            defaults: Vec::new(),
            required: Vec::new(),
            owner: None,
        }
    }

    /// Adds a field at the end; a field of the same name must not exist. A compound comes after its parts.
    pub(crate) fn push(&mut self, mut field: FieldDef) {
        let no = FieldNo(self.fields.len() as u16);
        if field.storage == Storage::Compound {
            field.parts = self.parts_of(&field.name);
        }
        self.by_name.insert(field.name.to_ascii_lowercase(), no);
        if let Some(relationship) = &field.relationship_name {
            self.by_relationship
                .insert(relationship.to_ascii_lowercase(), no);
        }
        if field.name == "OwnerId" {
            self.owner = Some(no);
        }
        if field.cascade_delete && !field.polymorphic() && self.master.is_none() {
            self.master = Some(no);
        }
        if !matches!(field.default_value, Value::Null | Value::Bool(false)) {
            self.defaults.push((no, field.default_value.clone()));
        }
        if field.is_required_column() {
            self.required.push(no);
        }
        self.fields.push(field);
    }

    /// The parts of an address and their JSON keys: `MailingPostalCode` is `postalCode` in `MailingAddress`.
    fn parts_of(&self, compound: &str) -> Vec<(FieldNo, String)> {
        let prefix = compound.trim_end_matches("Address");
        let is_part = |field: &FieldDef| field.compound_field_name.as_deref() == Some(compound);
        let parts = self.numbered().filter(|(_, field)| is_part(field));
        parts
            .map(|(no, field)| (no, lower_first(field.name.trim_start_matches(prefix))))
            .collect()
    }

    /// The field of this API name, any case.
    pub fn field(&self, name: &str) -> Option<&FieldDef> {
        self.field_no(name).map(|no| self.at(no))
    }

    /// The reference field behind a parent relationship name, e.g. `Account` gives `AccountId`.
    pub fn relationship(&self, name: &str) -> Option<&FieldDef> {
        self.relationship_no(name).map(|no| self.at(no))
    }

    pub(crate) fn field_no(&self, name: &str) -> Option<FieldNo> {
        lookup(&self.by_name, name)
    }

    pub(crate) fn relationship_no(&self, name: &str) -> Option<FieldNo> {
        lookup(&self.by_relationship, name)
    }

    pub(crate) fn at(&self, no: FieldNo) -> &FieldDef {
        &self.fields[no.0 as usize]
    }

    pub(super) fn at_mut(&mut self, no: FieldNo) -> &mut FieldDef {
        &mut self.fields[no.0 as usize]
    }

    pub(crate) fn numbered(&self) -> impl Iterator<Item = (FieldNo, &FieldDef)> {
        self.fields
            .iter()
            .enumerate()
            .map(|(no, field)| (FieldNo(no as u16), field))
    }
}

/// All objects of the org.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    objects: Vec<Arc<ObjectDef>>,
    by_name: HashMap<String, ObjectNo>,
    by_prefix: HashMap<[u8; 3], ObjectNo>,
}

impl Schema {
    /// All objects in the order they were added.
    pub fn objects(&self) -> impl ExactSizeIterator<Item = &ObjectDef> + Clone {
        self.objects.iter().map(Arc::as_ref)
    }

    /// The object of this API name, any case.
    pub fn object(&self, name: &str) -> Option<&ObjectDef> {
        self.object_no(name).map(|no| self.at(no))
    }

    /// The object whose ids start with these three characters.
    pub fn object_by_prefix(&self, prefix: [u8; 3]) -> Option<&ObjectDef> {
        self.prefix_no(prefix).map(|no| self.at(no))
    }

    /// The reference fields of all objects that point to `object`.
    pub fn child_relationships(&self, object: &str) -> Vec<ChildRelationship<'_>> {
        let fields = self
            .objects
            .iter()
            .flat_map(|child| child.fields.iter().map(move |field| (child, field)));
        fields
            .filter(|(_, field)| field.reference_to.iter().any(|to| to == object))
            // Merge losers are no children: describes leave this reference out (recorded).
            .filter(|(_, field)| field.name != "MasterRecordId")
            .map(|(child, field)| ChildRelationship {
                child_object: &child.name,
                field: &field.name,
                relationship_name: field.child_relationship_name.as_deref(),
                cascade_delete: field.cascade_delete,
            })
            .collect()
    }

    /// Every stored reference that points to `object`: what a change of its records has to look after.
    pub(crate) fn stored_references_to(&self, object: ObjectNo) -> Vec<(ObjectNo, FieldNo)> {
        let mut all = self.references_to(object);
        all.retain(|(child, _)| self.at(*child).view.is_none());
        all
    }

    /// Every reference field that points to `object`.
    pub(crate) fn references_to(&self, object: ObjectNo) -> Vec<(ObjectNo, FieldNo)> {
        let name = &self.at(object).name;
        let numbered = self.objects.iter().enumerate();
        let fields = numbered.flat_map(|(no, def)| {
            def.numbered()
                .map(move |(field, d)| (ObjectNo(no as u16), field, d))
        });
        fields
            .filter(|(_, _, def)| def.reference_to.contains(name))
            .map(|(object, field, _)| (object, field))
            .collect()
    }

    pub(crate) fn object_no(&self, name: &str) -> Option<ObjectNo> {
        lookup(&self.by_name, name)
    }

    pub(crate) fn prefix_no(&self, prefix: [u8; 3]) -> Option<ObjectNo> {
        self.by_prefix.get(&prefix).copied()
    }

    pub(crate) fn at(&self, no: ObjectNo) -> &ObjectDef {
        &self.objects[no.0 as usize]
    }

    pub(crate) fn at_mut(&mut self, no: ObjectNo) -> &mut ObjectDef {
        Arc::make_mut(&mut self.objects[no.0 as usize])
    }

    pub(crate) fn push(&mut self, object: Arc<ObjectDef>) {
        let no = ObjectNo(self.objects.len() as u16);
        self.by_name.insert(object.name.to_ascii_lowercase(), no);
        self.by_prefix.insert(object.key_prefix, no);
        self.objects.push(object);
    }
}

/// Case-insensitive look-up that allocates only when the caller's spelling has capitals.
fn lookup<T: Copy>(map: &HashMap<String, T>, name: &str) -> Option<T> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        map.get(&name.to_ascii_lowercase()).copied()
    } else {
        map.get(name).copied()
    }
}

fn lower_first(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(chars).collect()
    })
}
