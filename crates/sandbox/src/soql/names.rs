//! The pseudo object Name, which polymorphic references lead to: its fields, and where they are found on real objects.
//!
//! The list of fields is general knowledge. `Name` is the name field of whatever object it is; the others are the
//! fields of the same name.

use std::sync::LazyLock;

use crate::world::{FieldDef, FieldType, ObjectDef, ObjectNo, World};

/// `Type`, the name of the object a reference leads to.
pub(crate) static TYPE: LazyLock<FieldDef> =
    LazyLock::new(|| FieldDef::new("Type", "Type", FieldType::Text));

/// See the module documentation.
pub(crate) static NAME: PseudoObject = PseudoObject {
    fields: &[
        "Id",
        "Name",
        "FirstName",
        "LastName",
        "Email",
        "Username",
        "Alias",
        "UserRoleId",
        "ProfileId",
        "Title",
        "Phone",
        "IsActive",
    ],
    relationships: &["UserRole", "Profile"],
};

pub(crate) struct PseudoObject {
    fields: &'static [&'static str],
    relationships: &'static [&'static str],
}

impl PseudoObject {
    pub(crate) fn is_type(&self, name: &str) -> bool {
        name.eq_ignore_ascii_case(&TYPE.name)
    }

    pub(crate) fn leads_to(&self, relationship: &str) -> bool {
        let is = |name: &&str| name.eq_ignore_ascii_case(relationship);
        self.relationships.iter().any(is)
    }

    /// The objects a polymorphic reference may lead to.
    pub(crate) fn objects<'w>(&self, world: &'w World) -> impl Iterator<Item = ObjectNo> + use<'w> {
        (0..world.schema().objects().len() as u16).map(ObjectNo)
    }

    /// What a field of Name is called on an object; none when Name has no such field.
    pub(crate) fn field_on<'o>(&self, object: &'o ObjectDef, name: &str) -> Option<&'o str> {
        let known = self
            .fields
            .iter()
            .find(|field| field.eq_ignore_ascii_case(name))?;
        let field = if *known == "Name" {
            object.fields.iter().find(|field| field.name_field)
        } else {
            object.field(known)
        };
        field.map(|field| field.name.as_str())
    }
}
