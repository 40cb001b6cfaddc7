//! Metadata and rights as records.

use serde_json::{Value as Json, json};

use super::Bench;
use crate::soql::QueryScope;
use crate::world::{Actor, FieldKind, FieldRights, NewField, ObjectRights};

fn rows(bench: &Bench, actor: &Actor, soql: &str) -> Vec<Json> {
    let found = bench.world.query(actor, soql, QueryScope::Live);
    let found = found.unwrap_or_else(|error| panic!("{soql}: {error}"));
    bench.world.render_rows(&found, 0..found.row_count(), "")
}

#[test]
fn the_schema_can_be_queried() {
    let mut bench = Bench::new();
    let asked = "SELECT QualifiedApiName, KeyPrefix, InternalSharingModel FROM EntityDefinition \
                 WHERE QualifiedApiName = 'Account'";
    let found = rows(&bench, &bench.admin, asked);
    assert_eq!(found[0]["KeyPrefix"], "001");
    assert_eq!(found[0]["InternalSharingModel"], "Private");
    let fields = "SELECT QualifiedApiName, DataType, EntityDefinition.Label FROM FieldDefinition \
                  WHERE EntityDefinition.QualifiedApiName = 'Contact' AND QualifiedApiName = 'Score__c'";
    assert!(rows(&bench, &bench.admin, fields).is_empty());
    let score = NewField {
        name: "Score__c".to_owned(),
        label: "Score".to_owned(),
        kind: FieldKind::Number {
            precision: 5,
            scale: 1,
        },
        required: false,
        unique: false,
        external_id: false,
        case_sensitive: false,
    };
    bench.world.add_field("Contact", score).unwrap();
    let found = rows(&bench, &bench.admin, fields);
    assert_eq!(found[0]["DataType"], "Number(4, 1)");
    assert_eq!(found[0]["EntityDefinition"]["Label"], "Contact");
    let children = "SELECT (SELECT QualifiedApiName FROM Fields WHERE IsNameField = true) FROM EntityDefinition \
                    WHERE QualifiedApiName = 'Account'";
    let found = rows(&bench, &bench.admin, children);
    assert_eq!(found[0]["Fields"]["records"][0]["QualifiedApiName"], "Name");
    let same = "SELECT COUNT(Id) n FROM FieldDefinition WHERE EntityDefinitionId = 'Contact'";
    let count = rows(&bench, &bench.admin, same)[0]["n"].clone();
    assert_eq!(
        count.as_u64().unwrap() as usize,
        bench.world.schema().object("Contact").unwrap().fields.len()
    );
}

#[test]
fn stages_and_statuses_can_be_queried() {
    let bench = Bench::new();
    let won = "SELECT ApiName, DefaultProbability, ForecastCategoryName FROM OpportunityStage WHERE IsWon = true";
    let found = rows(&bench, &bench.admin, won);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["ApiName"], "Closed Won");
    assert_eq!(found[0]["DefaultProbability"], 100.0);
    let converted = "SELECT ApiName FROM LeadStatus WHERE IsConverted = true";
    let found = rows(&bench, &bench.admin, converted);
    assert_eq!(found[0]["ApiName"], "Closed - Converted");
}

#[test]
fn a_narrowed_user_has_a_profile_of_their_own_and_every_view_says_so() {
    let mut bench = Bench::new();
    let user = bench.user("bea");
    let actor = Actor::user(user);
    let of_sets = format!(
        "SELECT PermissionsRead, PermissionsViewAllRecords, Parent.Profile.Name FROM ObjectPermissions \
         WHERE SobjectType = 'Lead' AND ParentId IN ('{}')",
        "X"
    );
    assert!(
        bench
            .world
            .query(&actor, &of_sets, QueryScope::Live)
            .is_err()
    );
    let assigned = format!(
        "SELECT PermissionSetId, PermissionSet.IsOwnedByProfile, PermissionSet.PermissionsViewAllData \
         FROM PermissionSetAssignment WHERE AssigneeId = '{user}'"
    );
    let before = rows(&bench, &actor, &assigned);
    assert_eq!(before.len(), 1);
    assert_eq!(before[0]["PermissionSet"]["PermissionsViewAllData"], true);
    let rights = ObjectRights {
        view_all: false,
        modify_all: false,
        ..ObjectRights::default()
    };
    bench.world.set_object_rights(user, "Lead", rights).unwrap();
    let hidden = FieldRights::NONE;
    bench
        .world
        .set_field_rights(user, "Lead", "Title", hidden)
        .unwrap();
    let after = rows(&bench, &actor, &assigned);
    assert_eq!(after.len(), 1);
    assert_eq!(after[0]["PermissionSet"]["PermissionsViewAllData"], false);
    let set = after[0]["PermissionSetId"].as_str().unwrap();
    let granted = format!(
        "SELECT PermissionsRead, PermissionsViewAllRecords, Parent.Profile.Name FROM ObjectPermissions \
         WHERE SobjectType = 'Lead' AND ParentId = '{set}'"
    );
    let granted = rows(&bench, &actor, &granted);
    assert_eq!(granted[0]["PermissionsRead"], true);
    assert_eq!(granted[0]["PermissionsViewAllRecords"], false);
    assert_eq!(
        granted[0]["Parent"]["Profile"]["Name"],
        "Custom: bea@brindle.example"
    );
    let field = format!(
        "SELECT Id FROM FieldPermissions WHERE ParentId = '{set}' AND Field = 'Lead.Title'"
    );
    assert!(rows(&bench, &actor, &field).is_empty());
    let access = format!(
        "SELECT IsAccessible FROM UserFieldAccess WHERE UserId = '{user}' AND FieldDefinition.DurableId = 'Lead.Title'"
    );
    assert_eq!(rows(&bench, &actor, &access)[0]["IsAccessible"], false);
}

#[test]
fn everybody_sees_their_own_system_permissions_only() {
    let mut bench = Bench::new();
    let user = bench.user("bea");
    let rights = ObjectRights::OWN;
    bench.world.set_object_rights(user, "Lead", rights).unwrap();
    let asked = "SELECT PermissionsApiEnabled, PermissionsModifyAllData FROM UserPermissionAccess";
    let own = rows(&bench, &Actor::user(user), asked);
    assert_eq!(own.len(), 1);
    assert_eq!(own[0]["PermissionsApiEnabled"], true);
    assert_eq!(own[0]["PermissionsModifyAllData"], false);
    let admins = rows(&bench, &bench.admin, asked);
    assert_eq!(admins[0]["PermissionsModifyAllData"], true);
}

#[test]
fn a_permission_set_opens_what_a_profile_does_not() {
    let mut bench = Bench::new();
    let user = bench.user("bea");
    let actor = Actor::user(user);
    bench
        .world
        .set_object_rights(user, "Lead", ObjectRights::NONE)
        .unwrap();
    assert!(!bench.world.object_rights(&actor, "Lead").read);
    let set = bench.create("PermissionSet", json!({"Name": "Leads", "Label": "Leads"}));
    bench
        .world
        .set_object_rights(set, "Lead", ObjectRights::VIEW)
        .unwrap();
    assert!(!bench.world.object_rights(&actor, "Lead").read);
    let assignment = json!({"PermissionSetId": set, "AssigneeId": user});
    let id = bench.create("PermissionSetAssignment", assignment.clone());
    assert!(bench.world.object_rights(&actor, "Lead").view_all);
    let twice = bench
        .try_create("PermissionSetAssignment", assignment)
        .unwrap_err();
    assert_eq!(twice[0].status_code, "DUPLICATE_VALUE");
    assert_eq!(twice[0].fields, ["AssigneeId", "PermissionSetId"]);
    bench.delete("PermissionSetAssignment", id).unwrap();
    assert!(!bench.world.object_rights(&actor, "Lead").read);
}
