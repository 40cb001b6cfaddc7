//! Rights on objects, records and fields.

use serde_json::json;

use super::{BASE, Bench, show};
use crate::soql::QueryScope;
use crate::world::{Actor, DmlOptions, FieldRights, ObjectRights, RecordState};

#[test]
fn a_hidden_field_does_not_exist() {
    let mut bench = Bench::new();
    let user = bench.user("bea");
    let actor = Actor::user(user);
    let id = bench.create("Contact", json!({"LastName": "Orme", "Title": "Cook"}));
    let before = bench.world.metadata_version();
    bench
        .world
        .set_field_rights(
            user,
            "Contact",
            "Title",
            FieldRights {
                read: false,
                edit: false,
            },
        )
        .unwrap();
    assert!(bench.world.metadata_version() > before);
    let record = bench
        .world
        .retrieve(&actor, "Contact", &id.to_string(), None, BASE)
        .unwrap()
        .unwrap();
    assert!(record.get("Title").is_none());
    let error = bench
        .world
        .query(&actor, "SELECT Title FROM Contact", QueryScope::Live)
        .unwrap_err();
    assert!(
        error
            .message
            .contains("No such column 'Title' on entity 'Contact'."),
        "{error}"
    );
    let fields = json!({"Title": "Chef"});
    let options = DmlOptions::default();
    let error = bench
        .world
        .update(
            &actor,
            "Contact",
            &id.to_string(),
            fields.as_object().unwrap(),
            &options,
        )
        .unwrap_err();
    assert_eq!(
        show(&error),
        "INVALID_FIELD No such column 'Title' on sobject of type Contact []"
    );
}

#[test]
fn a_field_without_edit_is_read_only_and_some_cannot_be_hidden() {
    let mut bench = Bench::new();
    let user = bench.user("bea");
    let actor = Actor::user(user);
    let id = bench.create("Contact", json!({"LastName": "Orme", "Title": "Cook"}));
    let fields = json!({"Title": "Chef"});
    let options = DmlOptions::default();
    bench
        .world
        .set_field_rights(
            user,
            "Contact",
            "Title",
            FieldRights {
                read: true,
                edit: false,
            },
        )
        .unwrap();
    let error = bench
        .world
        .update(
            &actor,
            "Contact",
            &id.to_string(),
            fields.as_object().unwrap(),
            &options,
        )
        .unwrap_err();
    assert_eq!(error[0].status_code, "INVALID_FIELD_FOR_INSERT_UPDATE");
    let error = bench
        .world
        .set_field_rights(user, "Contact", "LastName", FieldRights::default())
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "Contact.LastName is not permissionable: it is always visible"
    );
}

#[test]
fn without_view_all_only_own_records_are_there() {
    let mut bench = Bench::new();
    let user = bench.user("bea");
    let actor = Actor::user(user);
    let other = bench.create("Contact", json!({"LastName": "Orme"}));
    let own = bench.create(
        "Contact",
        json!({"LastName": "Pell", "OwnerId": user.to_string()}),
    );
    let rights = ObjectRights {
        view_all: false,
        modify_all: false,
        ..ObjectRights::default()
    };
    bench
        .world
        .set_object_rights(user, "Contact", rights)
        .unwrap();
    assert_eq!(bench.world.ids(&actor, "Contact"), vec![own]);
    let found = bench
        .world
        .query(&actor, "SELECT COUNT() FROM Contact", QueryScope::Live)
        .unwrap();
    assert_eq!(found.total_size(), 1);
    let fields = json!({"Title": "Cook"});
    let update = |world: &mut crate::world::World, id: crate::world::SfId| {
        let fields = fields.as_object().unwrap();
        let outcome = world.update(
            &actor,
            "Contact",
            &id.to_string(),
            fields,
            &DmlOptions::default(),
        );
        show(&outcome.err().unwrap_or_default())
    };
    assert_eq!(
        update(&mut bench.world, other),
        "INVALID_CROSS_REFERENCE_KEY invalid cross reference id []"
    );
    assert_eq!(update(&mut bench.world, own), "");
    let rights = ObjectRights {
        view_all: true,
        modify_all: false,
        ..ObjectRights::default()
    };
    bench
        .world
        .set_object_rights(user, "Contact", rights)
        .unwrap();
    let no_access = "INSUFFICIENT_ACCESS_OR_READONLY insufficient access rights on object id []";
    assert_eq!(update(&mut bench.world, other), no_access);
}

#[test]
fn an_object_without_read_is_unknown_and_each_verb_needs_its_right() {
    let mut bench = Bench::new();
    let user = bench.user("bea");
    let actor = Actor::user(user);
    let id = bench.create("Lead", json!({"LastName": "Orme", "Company": "Pell"}));
    let create_only = ObjectRights {
        edit: false,
        delete: false,
        create: false,
        ..ObjectRights::default()
    };
    bench
        .world
        .set_object_rights(user, "Lead", create_only)
        .unwrap();
    let options = DmlOptions::default();
    let fields = json!({"LastName": "Pell", "Company": "Pell"});
    let error = bench
        .world
        .create(&actor, "Lead", fields.as_object().unwrap(), &options)
        .unwrap_err();
    assert_eq!(
        show(&error),
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY entity type cannot be inserted: Lead []"
    );
    let error = bench
        .world
        .delete(&actor, "Lead", &id.to_string(), &options)
        .unwrap_err();
    assert_eq!(error[0].status_code, "INSUFFICIENT_ACCESS_OR_READONLY");
    bench
        .world
        .set_object_rights(
            user,
            "Lead",
            ObjectRights {
                read: false,
                ..create_only
            },
        )
        .unwrap();
    let error = bench
        .world
        .query(&actor, "SELECT Id FROM Lead", QueryScope::Live)
        .unwrap_err();
    assert_eq!(error.error_code, "INVALID_TYPE");
    let error = bench
        .world
        .create(&actor, "Lead", fields.as_object().unwrap(), &options)
        .unwrap_err();
    assert_eq!(
        show(&error),
        "INVALID_TYPE sObject type 'Lead' is not supported. []"
    );
    assert!(!bench.world.object_rights(&actor, "Lead").read);
    assert_eq!(bench.world.ids(&actor, "Lead"), vec![]);
    let state = bench.world.record_state(&actor, "Lead", &id.to_string());
    assert_eq!(state, RecordState::Missing);
    assert!(bench.world.object_rights(&bench.admin, "Lead").modify_all);
}
