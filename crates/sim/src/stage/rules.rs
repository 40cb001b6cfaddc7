//! The mapping of the stories.

use crate::executor::block_on;
use tandem_core::connector::Connector;
use tandem_core::ids::CrmObject;
use tandem_core::mapping::{Direction, FieldMapping, ObjectMapping, PairRules, Winner, compile};
use tandem_core::settings::{SyncSettings, TeamRules};
use tandem_core::workspace::Kind;

/// Everything goes both ways, and the CRM wins.
pub(super) fn both_ways(connector: &dyn Connector) -> TeamRules {
    let person = [
        ("last_name", "LastName"),
        ("email", "Email"),
        ("phone", "Phone"),
        ("title", "Title"),
        ("do_not_email", "HasOptedOutOfEmail"),
    ];
    let of_contact = [person.as_slice(), &[("account", "AccountId")]].concat();
    let of_lead = [person.as_slice(), &[("company", "Company")]].concat();
    let deal = [
        ("name", "Name"),
        ("account", "AccountId"),
        ("stage", "StageName"),
        ("close_date", "CloseDate"),
    ];
    let mappings = [
        mapping(
            Kind::Account,
            "Account",
            &[("name", "Name"), ("phone", "Phone")],
        ),
        mapping(Kind::Person, "Contact", &of_contact),
        mapping(Kind::Person, "Lead", &of_lead),
        mapping(Kind::Opportunity, "Opportunity", &deal),
    ];
    let objects: Vec<CrmObject> = mappings.iter().map(|one| one.object.clone()).collect();
    let schemas = block_on(connector.describe(&objects))
        .expect("the org answers")
        .value;
    let pairs = mappings.iter().zip(schemas).map(|(mapping, schema)| {
        let (rules, problems) = compile(mapping, &schema.expect("the org has the object"));
        assert!(problems.is_empty(), "{problems:?}");
        rules
    });
    let pairs: Vec<PairRules> = pairs.collect();
    TeamRules {
        settings: SyncSettings {
            enabled: true,
            frequency_seconds: objects.into_iter().map(|object| (object, 60)).collect(),
            ..SyncSettings::default()
        },
        pairs,
        key_prefix: "story".into(),
    }
}

fn mapping(kind: Kind, object: &str, fields: &[(&str, &str)]) -> ObjectMapping {
    let rows = fields.iter().map(|(workspace, crm)| FieldMapping {
        workspace: (*workspace).to_owned(),
        crm: (*crm).to_owned(),
        direction: Direction::Both,
        winner: Winner::Crm,
        blank_never_erases: false,
        value_map: Default::default(),
    });
    ObjectMapping {
        kind,
        object: CrmObject::new(object),
        version: 1,
        import: true,
        create_in_crm: true,
        fields: rows.collect(),
    }
}
