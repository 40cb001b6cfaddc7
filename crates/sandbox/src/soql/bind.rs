//! Gives the names of a query their meaning: objects and fields of the schema, as the actor may see them.
//!
//! A field or object the actor cannot read does not exist here, so it gives the same error as a misspelt one.

use super::ast::{Name, Path};
use super::error::SoqlError;
use crate::world::{Actor, FieldDef, FieldNo, FieldType, ObjectDef, ObjectNo, World};

/// Longest chain of relationships in a path (documented).
const MAX_PARENT_LEVELS: usize = 5;
const SEE_DESCRIBE: &str =
    "Please reference your WSDL or the describe call for the appropriate names.";

/// A field, perhaps of a parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BoundPath {
    /// Reference fields to follow, each with the object it leads to.
    pub(crate) hops: Vec<Hop>,
    /// The object the field belongs to.
    pub(crate) object: ObjectNo,
    pub(crate) field: FieldNo,
}

/// One step to a parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hop {
    pub(crate) reference: FieldNo,
    pub(crate) target: ObjectNo,
}

/// What names are looked up in.
#[derive(Clone, Copy)]
pub(crate) struct Binder<'a> {
    pub(crate) world: &'a World,
    pub(crate) actor: &'a Actor,
    /// The text the names stand in, for carets.
    pub(crate) text: &'a str,
    pub(crate) object: ObjectNo,
    /// Another name of the object in this query.
    pub(crate) alias: Option<&'a str>,
}

impl<'a> Binder<'a> {
    /// The object behind FROM.
    pub(crate) fn object_named(
        world: &World,
        actor: &Actor,
        text: &str,
        from: &Name,
    ) -> Result<ObjectNo, SoqlError> {
        let readable = |no: &ObjectNo| world.rights_on(actor, *no).read;
        world.schema().object_no(&from.text).filter(readable).ok_or_else(|| {
            let sentence = format!(
                "sObject type '{}' is not supported. If you are attempting to use a custom object, be sure to append \
                 the '__c' after the entity name. {SEE_DESCRIBE}",
                from.text
            );
            SoqlError::at(text, from.at, "INVALID_TYPE", &sentence)
        })
    }

    pub(crate) fn def(&self, object: ObjectNo) -> &'a ObjectDef {
        self.world.schema().at(object)
    }

    pub(crate) fn field(&self, path: &BoundPath) -> &'a FieldDef {
        self.def(path.object).at(path.field)
    }

    /// The path in the schema's spelling, from the query's object: `Account.Name`.
    pub(crate) fn name(&self, path: &BoundPath) -> String {
        let mut name = String::new();
        let mut object = self.object;
        for hop in &path.hops {
            let reference = self.def(object).at(hop.reference);
            name.push_str(reference.relationship_name.as_deref().unwrap_or_default());
            name.push('.');
            object = hop.target;
        }
        name + &self.field(path).name
    }

    /// Follows a path from the query's object.
    pub(crate) fn path(&self, path: &Path) -> Result<BoundPath, SoqlError> {
        let Some((last, relationships)) = path.parts.split_last() else {
            return Err(SoqlError::malformed("unexpected token: '<EOF>'"));
        };
        let relationships = self.without_own_name(relationships);
        if relationships.len() > MAX_PARENT_LEVELS {
            let sentence = format!("a path may follow at most {MAX_PARENT_LEVELS} relationships");
            return Err(SoqlError::at(
                self.text,
                path.at(),
                "INVALID_FIELD",
                &sentence,
            ));
        }
        let mut object = self.object;
        let mut hops = Vec::with_capacity(relationships.len());
        for name in relationships {
            let hop = self.hop(object, name)?;
            object = hop.target;
            hops.push(hop);
        }
        let field = self.field_named(object, last)?;
        Ok(BoundPath {
            hops,
            object,
            field,
        })
    }

    /// `Contact.Name` and `c.Name` mean `Name` in `FROM Contact c`.
    fn without_own_name<'p>(&self, relationships: &'p [Name]) -> &'p [Name] {
        let own = |name: &Name| {
            let alias = self
                .alias
                .is_some_and(|alias| alias.eq_ignore_ascii_case(&name.text));
            let object = self.def(self.object);
            alias
                || (object.name.eq_ignore_ascii_case(&name.text)
                    && object.relationship_no(&name.text).is_none())
        };
        match relationships.split_first() {
            Some((first, rest)) if own(first) => rest,
            _ => relationships,
        }
    }

    fn hop(&self, object: ObjectNo, name: &Name) -> Result<Hop, SoqlError> {
        let def = self.def(object);
        let readable = |no: &FieldNo| self.world.rights_on_field(self.actor, object, *no).read;
        let reference = def.relationship_no(&name.text).filter(readable);
        let target = reference.and_then(|no| {
            // A polymorphic path leads to the first of its objects this org has.
            let targets = def
                .at(no)
                .reference_to
                .iter()
                .filter_map(|target| self.world.schema().object_no(target));
            targets
                .into_iter()
                .find(|target| self.world.rights_on(self.actor, *target).read)
        });
        if let (Some(reference), Some(target)) = (reference, target) {
            return Ok(Hop { reference, target });
        }
        let sentence = format!(
            "Didn't understand relationship '{}' in field path. If you are attempting to use a custom relationship, \
             be sure to append the '__r' after the custom relationship name. {SEE_DESCRIBE}",
            name.text
        );
        Err(SoqlError::at(
            self.text,
            name.at,
            "INVALID_FIELD",
            &sentence,
        ))
    }

    fn field_named(&self, object: ObjectNo, name: &Name) -> Result<FieldNo, SoqlError> {
        let def = self.def(object);
        let readable = |no: &FieldNo| self.world.rights_on_field(self.actor, object, *no).read;
        def.field_no(&name.text).filter(readable).ok_or_else(|| {
            let sentence = format!(
                "No such column '{}' on entity '{}'. If you are attempting to use a custom field, be sure to append \
                 the '__c' after the custom field name. {SEE_DESCRIBE}",
                name.text, def.name
            );
            SoqlError::at(self.text, name.at, "INVALID_FIELD", &sentence)
        })
    }
}

/// What to call a field's type in a message about a filter value.
pub(crate) fn type_in_messages(field_type: FieldType) -> &'static str {
    match field_type {
        FieldType::DateTime => "dateTime",
        FieldType::Boolean => "boolean",
        FieldType::Date => "date",
        FieldType::Int => "int",
        FieldType::Currency => "currency",
        FieldType::Percent => "percent",
        FieldType::Double => "double",
        _ => "string",
    }
}
