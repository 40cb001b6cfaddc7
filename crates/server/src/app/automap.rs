//! The first mapping of a team: the standard fields, inbound only, as far as they are visible.

use tandem_core::ids::CrmObject;
use tandem_core::mapping::{Direction, FieldMapping, ObjectMapping, Winner, compile};
use tandem_core::schema::ObjectSchema;
use tandem_core::workspace::Kind;

/// The objects that sync, parents before children, with what they are in the workspace.
pub(super) const PAIRS: [(Kind, &str); 4] = [
    (Kind::Account, "Account"),
    (Kind::Person, "Lead"),
    (Kind::Person, "Contact"),
    (Kind::Opportunity, "Opportunity"),
];

/// The objects of [`PAIRS`].
pub(super) fn objects() -> Vec<CrmObject> {
    PAIRS
        .iter()
        .map(|(_, name)| CrmObject::new(*name))
        .collect()
}

/// The mapping of an object's standard fields. Fields that the connected user can't see, or that the
/// workspace can't hold, are left out.
pub(super) fn first_mapping(kind: Kind, schema: &ObjectSchema) -> ObjectMapping {
    let mut mapping = ObjectMapping {
        kind,
        object: schema.name.clone(),
        version: 0,
        import: true,
        create_in_crm: false,
        fields: standard(schema.name.as_str()).map(inbound).collect(),
    };
    let (_, problems) = compile(&mapping, schema);
    let works = |row: &FieldMapping| {
        problems
            .iter()
            .all(|problem| problem.field != row.workspace)
    };
    mapping.fields.retain(works);
    mapping
}

fn inbound((workspace, crm): (&'static str, String)) -> FieldMapping {
    FieldMapping {
        workspace: workspace.into(),
        crm,
        direction: Direction::CrmToWorkspace,
        winner: Winner::Crm,
        blank_never_erases: false,
        value_map: Default::default(),
    }
}

fn standard(object: &str) -> impl Iterator<Item = (&'static str, String)> {
    let (rows, address): (&[(&str, &str)], &str) = match object {
        "Lead" => (LEAD, ""),
        "Contact" => (CONTACT, "Mailing"),
        "Account" => (ACCOUNT, "Billing"),
        "Opportunity" => (OPPORTUNITY, "-"),
        _ => (&[], "-"),
    };
    let own = rows
        .iter()
        .map(|(ours, theirs)| (*ours, (*theirs).to_owned()));
    let shared = ADDRESS
        .iter()
        .filter(move |_| address != "-")
        .map(move |(ours, theirs)| (*ours, format!("{address}{theirs}")));
    own.chain(shared)
}

const LEAD: &[(&str, &str)] = &[
    ("salutation", "Salutation"),
    ("first_name", "FirstName"),
    ("last_name", "LastName"),
    ("title", "Title"),
    ("company", "Company"),
    ("industry", "Industry"),
    ("email", "Email"),
    ("phone", "Phone"),
    ("mobile_phone", "MobilePhone"),
    ("website", "Website"),
    ("status", "Status"),
    ("source", "LeadSource"),
    ("do_not_email", "HasOptedOutOfEmail"),
    ("owner", "OwnerId"),
    ("description", "Description"),
];

const CONTACT: &[(&str, &str)] = &[
    ("salutation", "Salutation"),
    ("first_name", "FirstName"),
    ("last_name", "LastName"),
    ("title", "Title"),
    ("department", "Department"),
    ("email", "Email"),
    ("phone", "Phone"),
    ("mobile_phone", "MobilePhone"),
    ("home_phone", "HomePhone"),
    ("source", "LeadSource"),
    ("do_not_email", "HasOptedOutOfEmail"),
    ("account", "AccountId"),
    ("owner", "OwnerId"),
    ("description", "Description"),
];

const ACCOUNT: &[(&str, &str)] = &[
    ("name", "Name"),
    ("website", "Website"),
    ("phone", "Phone"),
    ("industry", "Industry"),
    ("type", "Type"),
    ("employees", "NumberOfEmployees"),
    ("annual_revenue", "AnnualRevenue"),
    ("owner", "OwnerId"),
    ("description", "Description"),
];

const OPPORTUNITY: &[(&str, &str)] = &[
    ("name", "Name"),
    ("account", "AccountId"),
    ("stage", "StageName"),
    ("amount", "Amount"),
    ("probability", "Probability"),
    ("close_date", "CloseDate"),
    ("type", "Type"),
    ("next_step", "NextStep"),
    ("source", "LeadSource"),
    ("owner", "OwnerId"),
    ("description", "Description"),
];

const ADDRESS: &[(&str, &str)] = &[
    ("street", "Street"),
    ("city", "City"),
    ("state", "State"),
    ("postal_code", "PostalCode"),
    ("country", "Country"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use tandem_core::schema::{FieldSchema, FieldType};
    use tandem_core::workspace::standard_fields;

    fn field(name: &str) -> FieldSchema {
        FieldSchema {
            name: name.into(),
            label: name.into(),
            ty: FieldType::Text { max_chars: 80 },
            createable: false,
            updateable: false,
            required: false,
            calculated: false,
            external_id: false,
            custom: false,
        }
    }

    #[test]
    fn only_visible_fields_are_mapped_and_all_inbound() {
        let schema = ObjectSchema {
            name: CrmObject::new("Lead"),
            label: "Lead".into(),
            createable: true,
            updateable: true,
            fields: vec![
                field("LastName"),
                field("Email"),
                field("HasOptedOutOfEmail"),
            ],
            tag: None,
        };
        let mapping = first_mapping(Kind::Person, &schema);
        let names: Vec<_> = mapping.fields.iter().map(|row| row.crm.as_str()).collect();
        // A text does not fit into a checkbox, so that field is left out too.
        assert_eq!(names, ["LastName", "Email"]);
        assert!(mapping.fields.iter().all(|row| !row.direction.outbound()));
    }

    #[test]
    fn every_row_names_a_field_that_the_workspace_has() {
        for (kind, object) in PAIRS {
            let ours = standard_fields(kind);
            for (workspace, crm) in standard(object) {
                assert!(
                    ours.iter().any(|field| field.name == workspace),
                    "{object}.{crm}"
                );
            }
        }
    }
}
