//! Who sees and changes which records.

use serde_json::json;

use super::Bench;
use crate::soql::QueryScope;
use crate::world::{Actor, DmlOptions, ObjectRights, SfId, Sharing};

/// Two users who may do everything with records of their own, and a manager above the first.
fn team(bench: &mut Bench) -> [SfId; 3] {
    let lead = json!({"Name": "Sales lead", "DeveloperName": "Sales_lead"});
    let above = bench.create("UserRole", lead);
    let below = json!({"Name": "Sales", "DeveloperName": "Sales", "ParentRoleId": above});
    let below = bench.create("UserRole", below);
    ["ann", "ben", "mia"].map(|alias| {
        let user = bench.user(alias);
        for object in ["Account", "Contact", "Opportunity", "Lead"] {
            let own = ObjectRights::OWN;
            bench.world.set_object_rights(user, object, own).unwrap();
        }
        let role = if alias == "mia" { above } else { below };
        bench
            .update("User", user, json!({"UserRoleId": role}))
            .unwrap();
        user
    })
}

fn access(bench: &Bench, user: SfId, record: SfId) -> (bool, bool, bool) {
    let access = bench.world.record_access(&Actor::user(user), record);
    let access = access.expect("the record is there");
    (access.read, access.edit, access.delete)
}

#[test]
fn owners_and_the_roles_above_them_may_do_everything() {
    let mut bench = Bench::new();
    let [ann, ben, mia] = team(&mut bench);
    let lead = bench.create(
        "Lead",
        json!({"LastName": "Orme", "Company": "Orme Ltd", "OwnerId": ann}),
    );
    assert_eq!(access(&bench, ann, lead), (true, true, true));
    assert_eq!(access(&bench, mia, lead), (true, true, true));
    assert_eq!(access(&bench, ben, lead), (false, false, false));
}

#[test]
fn the_default_opens_records_of_others_but_not_for_deleting() {
    let mut bench = Bench::new();
    let [ann, ben, _] = team(&mut bench);
    let lead = bench.create(
        "Lead",
        json!({"LastName": "Orme", "Company": "Orme Ltd", "OwnerId": ann}),
    );
    bench.world.set_sharing("Lead", Sharing::Read).unwrap();
    assert_eq!(access(&bench, ben, lead), (true, false, false));
    bench
        .world
        .set_sharing("Lead", Sharing::ReadWriteTransfer)
        .unwrap();
    assert_eq!(access(&bench, ben, lead), (true, true, false));
    let organization = bench.world.org_id();
    let shown = bench.field("Organization", organization, "DefaultLeadAccess");
    assert_eq!(shown, "ReadEditTransfer");
    let options = DmlOptions::default();
    let refused = bench
        .world
        .delete(&Actor::user(ben), "Lead", &lead.to_string(), &options);
    assert_eq!(
        refused.unwrap_err()[0].status_code,
        "INSUFFICIENT_ACCESS_OR_READONLY"
    );
}

#[test]
fn a_share_opens_one_record_and_its_parts_follow() {
    let mut bench = Bench::new();
    let [ann, ben, _] = team(&mut bench);
    let account = bench.create("Account", json!({"Name": "Orme Ltd", "OwnerId": ann}));
    let contact = json!({"LastName": "Orme", "AccountId": account, "OwnerId": ann});
    let contact = bench.create("Contact", contact);
    bench
        .world
        .set_sharing("Contact", Sharing::ControlledByParent)
        .unwrap();
    assert_eq!(access(&bench, ben, contact), (false, false, false));
    let share = json!({
        "AccountId": account, "UserOrGroupId": ben, "AccountAccessLevel": "Edit", "OpportunityAccessLevel": "None",
    });
    let share = bench.create("AccountShare", share);
    assert_eq!(access(&bench, ben, account), (true, true, false));
    assert_eq!(access(&bench, ben, contact), (true, true, false));
    bench.delete("AccountShare", share).unwrap();
    assert_eq!(access(&bench, ben, contact), (false, false, false));
}

#[test]
fn access_to_records_can_be_queried() {
    let mut bench = Bench::new();
    let [ann, ben, _] = team(&mut bench);
    let lead = json!({"LastName": "Orme", "Company": "Orme Ltd", "OwnerId": ann});
    let lead = bench.create("Lead", lead);
    bench.world.set_sharing("Lead", Sharing::Read).unwrap();
    let ask = |user: SfId, and: &str| {
        let soql = format!(
            "SELECT RecordId, HasReadAccess, HasEditAccess, MaxAccessLevel FROM UserRecordAccess \
             WHERE UserId = '{user}'{and}"
        );
        let found = bench.world.query(&bench.admin, &soql, QueryScope::Live);
        found.map(|found| bench.world.render_rows(&found, 0..found.row_count(), ""))
    };
    let of_lead = format!(" AND RecordId IN ('{lead}', '00QTd00000000zz')");
    let found = ask(ben, &of_lead).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["MaxAccessLevel"], "Read");
    assert_eq!(found[0]["HasEditAccess"], false);
    assert_eq!(ask(ann, &of_lead).unwrap()[0]["MaxAccessLevel"], "All");
    assert_eq!(ask(ann, "").unwrap_err().error_code, "MALFORMED_QUERY");
}
