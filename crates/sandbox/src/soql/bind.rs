//! Gives the names of a query their meaning: objects and fields of the schema, as the actor may see them.
//!
//! A field or object the actor cannot read does not exist here, so it gives the same error as a misspelt one.
//!
//! A reference to one object leads to that object; a reference to several (`Owner`, `Who`, `What`) leads to the pseudo
//! object Name, whose few fields are looked up on whatever the id belongs to.

use std::borrow::Cow;
use std::sync::Arc;

use super::ast::{Name, Path};
use super::error::SoqlError;
use super::names::{NAME, TYPE};
use super::{QueryScope, ast};
use crate::world::{Actor, FieldDef, FieldNo, FieldType, ObjectDef, ObjectNo, World};

/// Longest chain of relationships in a path (documented).
const MAX_PARENT_LEVELS: usize = 5;
/// Most parent relationships in one query (documented).
const MAX_PARENTS: usize = 55;
const SEE_DESCRIBE: &str =
    "Please reference your WSDL or the describe call for the appropriate names.";

/// Where a path stands: on records of one object, or of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Object(ObjectNo),
    Name,
}

impl Place {
    /// The one object, if there is one.
    pub(crate) fn object(self) -> Option<ObjectNo> {
        match self {
            Place::Object(object) => Some(object),
            Place::Name => None,
        }
    }
}

/// A field of one object, or the fields of several objects that answer to one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fields {
    One(FieldNo),
    ByObject(Arc<[(ObjectNo, FieldNo)]>),
}

impl Fields {
    /// The field on a record of this object.
    pub(crate) fn on(&self, object: ObjectNo) -> Option<FieldNo> {
        match self {
            Fields::One(field) => Some(*field),
            Fields::ByObject(fields) => fields
                .iter()
                .find(|(of, _)| *of == object)
                .map(|(_, field)| *field),
        }
    }
}

/// One step to a parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hop {
    pub(crate) reference: Fields,
    pub(crate) to: Place,
}

/// What stands at the end of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Leaf {
    Field(Fields),
    /// `What.Type`: the name of the object.
    TypeName,
}

/// A field, perhaps of a parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BoundPath {
    /// Steps to follow.
    pub(crate) hops: Vec<Hop>,
    pub(crate) leaf: Leaf,
    /// A field that describes the leaf: itself, or one of several; none for `Type`.
    definition: Option<(ObjectNo, FieldNo)>,
}

impl BoundPath {
    pub(crate) fn own(object: ObjectNo, field: FieldNo) -> BoundPath {
        BoundPath {
            hops: Vec::new(),
            leaf: Leaf::Field(Fields::One(field)),
            definition: Some((object, field)),
        }
    }

    /// The definition of the field it leads to.
    pub(crate) fn field<'a>(&self, world: &'a World) -> &'a FieldDef {
        match self.definition {
            Some((object, field)) => world.schema().at(object).at(field),
            None => &TYPE,
        }
    }

    /// The field on a record of this object, when it is one of the record itself.
    pub(crate) fn field_on(&self, object: ObjectNo) -> Option<FieldNo> {
        match &self.leaf {
            Leaf::Field(fields) if self.hops.is_empty() => fields.on(object),
            _ => None,
        }
    }

    /// The field, when it is one of the queried object itself.
    pub(crate) fn own_field(&self) -> Option<FieldNo> {
        match &self.leaf {
            Leaf::Field(Fields::One(field)) if self.hops.is_empty() => Some(*field),
            _ => None,
        }
    }
}

/// Another name for the queried object or for one of its parents.
#[derive(Debug)]
pub(crate) struct Alias {
    name: String,
    path: Vec<Name>,
}

/// What names are looked up in.
#[derive(Clone, Copy)]
pub(crate) struct Binder<'a> {
    pub(crate) world: &'a World,
    pub(crate) actor: &'a Actor,
    /// The text the names stand in, for carets.
    pub(crate) text: &'a str,
    pub(crate) object: ObjectNo,
    pub(crate) aliases: &'a [Alias],
    /// What the semi-joins of the query see.
    pub(crate) scope: QueryScope,
}

impl<'a> Binder<'a> {
    /// A binder for names of an object's fields, with no aliases.
    pub(crate) fn new(
        world: &'a World,
        actor: &'a Actor,
        text: &'a str,
        object: ObjectNo,
    ) -> Binder<'a> {
        Binder {
            world,
            actor,
            text,
            object,
            aliases: &[],
            scope: QueryScope::Live,
        }
    }

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
        path.field(self.world)
    }

    pub(crate) fn refused(&self, at: usize, code: &'static str, sentence: &str) -> SoqlError {
        SoqlError::at(self.text, at, code, sentence)
    }

    /// The aliases of a query. Each may use those before it.
    pub(crate) fn aliases(&self, query: &ast::Query) -> Result<Vec<Alias>, SoqlError> {
        let own = |name: &Name| Alias {
            name: name.text.clone(),
            path: Vec::new(),
        };
        let mut aliases: Vec<Alias> = query.from.alias.iter().map(own).collect();
        for source in &query.joins {
            let sofar = Binder {
                aliases: &aliases,
                ..*self
            };
            let path = sofar.expanded(&source.path.parts).into_owned();
            sofar.hops(&path)?;
            let name = source.alias.as_ref().or(source.path.parts.last());
            aliases.extend(name.map(|name| Alias {
                name: name.text.clone(),
                path,
            }));
        }
        Ok(aliases)
    }

    /// Refuses a query with too many different parents.
    pub(crate) fn check_parents(&self, query: &ast::Query) -> Result<(), SoqlError> {
        let paths = query.paths();
        // Most queries cannot have too many, however different their paths are.
        if paths.len() * MAX_PARENT_LEVELS <= MAX_PARENTS {
            return Ok(());
        }
        let mut parents = std::collections::BTreeSet::new();
        for path in paths {
            let parts = self.expanded(&path.parts);
            let mut parent = String::new();
            for name in &parts[..parts.len().saturating_sub(1)] {
                parent.push_str(&name.text.to_ascii_lowercase());
                parent.push('.');
                parents.insert(parent.clone());
            }
        }
        if parents.len() > MAX_PARENTS {
            return Err(SoqlError::malformed(format!(
                "a query may use at most {MAX_PARENTS} child-to-parent relationships"
            )));
        }
        Ok(())
    }

    /// Follows a path from the query's object.
    pub(crate) fn path(&self, path: &Path) -> Result<BoundPath, SoqlError> {
        let parts = self.expanded(&path.parts);
        let Some((last, relationships)) = parts.split_last() else {
            return Err(self.refused(path.at(), "MALFORMED_QUERY", "a field is missing"));
        };
        let hops = self.hops(relationships)?;
        let place = hops.last().map_or(Place::Object(self.object), |hop| hop.to);
        let (leaf, definition) = self.leaf(place, last)?;
        Ok(BoundPath {
            hops,
            leaf,
            definition,
        })
    }

    /// The path in the schema's spelling: `Account.Name`.
    pub(crate) fn name(&self, path: &BoundPath) -> String {
        let mut name = String::new();
        let mut place = Place::Object(self.object);
        for hop in &path.hops {
            name.push_str(self.relationship_name(place, hop));
            name.push('.');
            place = hop.to;
        }
        name + &self.field(path).name
    }

    /// The name of a step's relationship in the schema's spelling.
    pub(crate) fn relationship_name(&self, from: Place, hop: &Hop) -> &'a str {
        let definition = match (from, &hop.reference) {
            (Place::Object(object), Fields::One(field)) => Some((object, *field)),
            (_, Fields::ByObject(fields)) => fields.first().copied(),
            (Place::Name, Fields::One(_)) => None,
        };
        let field = definition.map(|(object, field)| self.def(object).at(field));
        field
            .and_then(|field| field.relationship_name.as_deref())
            .unwrap_or_default()
    }

    /// `Contact.Name` and `c.Name` mean `Name` in `FROM Contact c`; `a.Name` means `Account.Name` in
    /// `FROM Contact c, c.Account a`.
    fn expanded<'n>(&self, parts: &'n [Name]) -> Cow<'n, [Name]> {
        let Some((first, rest)) = parts.split_first().filter(|(_, rest)| !rest.is_empty()) else {
            // One part is a field, or the alias of a whole source, which is no value.
            return Cow::Borrowed(parts);
        };
        let is = |name: &str| name.eq_ignore_ascii_case(&first.text);
        let alias = self.aliases.iter().find(|alias| is(&alias.name));
        let object = self.def(self.object);
        match alias {
            Some(alias) => alias.path.iter().chain(rest).cloned().collect(),
            None if is(&object.name) && object.relationship_no(&first.text).is_none() => {
                Cow::Borrowed(rest)
            }
            None => Cow::Borrowed(parts),
        }
    }

    fn hops(&self, relationships: &[Name]) -> Result<Vec<Hop>, SoqlError> {
        if let Some(first) = relationships.get(MAX_PARENT_LEVELS) {
            let sentence = format!("a path may follow at most {MAX_PARENT_LEVELS} relationships");
            return Err(self.refused(first.at, "INVALID_FIELD", &sentence));
        }
        let mut place = Place::Object(self.object);
        let mut hops = Vec::with_capacity(relationships.len());
        for name in relationships {
            let hop = self.hop(place, name)?;
            place = hop.to;
            hops.push(hop);
        }
        Ok(hops)
    }

    pub(crate) fn hop(&self, from: Place, name: &Name) -> Result<Hop, SoqlError> {
        let hop = match from {
            Place::Object(object) => self.reference(object, &name.text).and_then(|reference| {
                let to = self.target(object, reference)?;
                Some(Hop {
                    reference: Fields::One(reference),
                    to,
                })
            }),
            Place::Name if NAME.leads_to(&name.text) => self.hop_from_name(&name.text),
            Place::Name => None,
        };
        hop.ok_or_else(|| {
            let sentence = format!(
                "Didn't understand relationship '{}' in field path. If you are attempting to use a custom \
                 relationship, be sure to append the '__r' after the custom relationship name. {SEE_DESCRIBE}",
                name.text
            );
            self.refused(name.at, "INVALID_FIELD", &sentence)
        })
    }

    /// The readable reference behind a relationship name.
    fn reference(&self, object: ObjectNo, relationship: &str) -> Option<FieldNo> {
        let reference = self.def(object).relationship_no(relationship)?;
        let readable = self
            .world
            .rights_on_field(self.actor, object, reference)
            .read;
        readable.then_some(reference)
    }

    /// Where a reference leads; none when the actor can read nothing there.
    fn target(&self, object: ObjectNo, reference: FieldNo) -> Option<Place> {
        let field = self.def(object).at(reference);
        let readable = |no: &ObjectNo| self.world.rights_on(self.actor, *no).read;
        let mut targets = field
            .reference_to
            .iter()
            .filter_map(|target| self.world.schema().object_no(target))
            .filter(readable);
        let first = targets.next()?;
        Some(if field.polymorphic() {
            Place::Name
        } else {
            Place::Object(first)
        })
    }

    fn hop_from_name(&self, relationship: &str) -> Option<Hop> {
        let (references, places): (Vec<_>, Vec<_>) = NAME
            .objects(self.world)
            .filter_map(|object| {
                let reference = self.reference(object, relationship)?;
                Some(((object, reference), self.target(object, reference)?))
            })
            .unzip();
        Some(Hop {
            to: *places.first()?,
            reference: Fields::ByObject(references.into()),
        })
    }

    fn leaf(
        &self,
        place: Place,
        name: &Name,
    ) -> Result<(Leaf, Option<(ObjectNo, FieldNo)>), SoqlError> {
        let found = match place {
            Place::Object(object) => self
                .readable(object, &name.text)
                .map(|field| (Leaf::Field(Fields::One(field)), Some((object, field)))),
            Place::Name if NAME.is_type(&name.text) => Some((Leaf::TypeName, None)),
            Place::Name => self.leaf_of_name(&name.text),
        };
        found.ok_or_else(|| {
            let entity = match place {
                Place::Object(object) => self.def(object).name.as_str(),
                Place::Name => "Name",
            };
            let sentence = format!(
                "No such column '{}' on entity '{entity}'. If you are attempting to use a custom field, be sure to \
                 append the '__c' after the custom field name. {SEE_DESCRIBE}",
                name.text
            );
            self.refused(name.at, "INVALID_FIELD", &sentence)
        })
    }

    fn leaf_of_name(&self, field: &str) -> Option<(Leaf, Option<(ObjectNo, FieldNo)>)> {
        let objects = NAME.objects(self.world);
        let fields: Vec<(ObjectNo, FieldNo)> = objects
            .filter_map(|object| {
                let name = NAME.field_on(self.def(object), field)?;
                Some((object, self.readable(object, name)?))
            })
            .collect();
        let definition = fields.first().copied();
        definition.map(|first| (Leaf::Field(Fields::ByObject(fields.into())), Some(first)))
    }

    fn readable(&self, object: ObjectNo, name: &str) -> Option<FieldNo> {
        let readable = |no: &FieldNo| self.world.rights_on_field(self.actor, object, *no).read;
        self.def(object).field_no(name).filter(readable)
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
