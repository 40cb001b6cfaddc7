//! Merges and lead conversions.

use serde_json::{Map, json};

use super::{BASE, Bench, show};
use crate::soql::QueryScope;
use crate::world::{ConvertedLead, LeadConversion};

#[test]
fn losers_point_to_the_winner_and_so_do_their_children() {
    let mut bench = Bench::new();
    let admin = bench.admin;
    let [winner, loser] =
        ["Pell", "Pell & Co"].map(|name| bench.create("Account", json!({"Name": name})));
    let fields = json!({"LastName": "Orme", "AccountId": loser.to_string()});
    let child = bench.create("Contact", fields);
    bench.later(60);
    let fields = json!({"Industry": "Banking"});
    let ids = (winner.to_string(), loser.to_string());
    bench
        .world
        .merge(
            &admin,
            "Account",
            &ids.0,
            &[&ids.1],
            fields.as_object().unwrap(),
        )
        .unwrap();
    let soql = "SELECT Id, IsDeleted, MasterRecordId, Industry, SystemModstamp, LastModifiedDate FROM Account ORDER BY Id";
    let found = bench.world.query(&admin, soql, QueryScope::All).unwrap();
    let rows = bench.world.render_rows(&found, 0..9, BASE);
    let (first, second) = (&rows[0], &rows[1]);
    assert_eq!(
        (&first["IsDeleted"], &first["Industry"]),
        (&json!(false), &json!("Banking"))
    );
    assert_eq!(
        (&second["IsDeleted"], &second["MasterRecordId"]),
        (&json!(true), &json!(ids.0))
    );
    assert_eq!(second["SystemModstamp"], "2026-05-13T10:31:00.000+0000");
    let record = bench.read("Contact", child);
    assert_eq!(record["AccountId"], ids.0);
    assert_eq!(record["SystemModstamp"], "2026-05-13T10:31:00.000+0000");
    assert_eq!(record["LastModifiedDate"], "2026-05-13T10:30:00.000+0000");
    bench.world.assert_consistent();
    bench.world.undelete(&admin, "Account", &ids.1).unwrap();
    assert_eq!(bench.field("Account", loser, "MasterRecordId"), json!(null));
}

#[test]
fn a_merge_that_fails_changes_nothing() {
    let mut bench = Bench::new();
    let admin = bench.admin;
    let [a, b] = ["Orme", "Pell"].map(|name| {
        bench
            .create("Contact", json!({"LastName": name}))
            .to_string()
    });
    let mut refused = |losers: &[&str], fields: serde_json::Value| {
        show(
            &bench
                .world
                .merge(&admin, "Contact", &a, losers, fields.as_object().unwrap())
                .unwrap_err(),
        )
    };
    let missing = "REQUIRED_FIELD_MISSING Required fields are missing: [LastName] [\"LastName\"]";
    assert_eq!(refused(&[&b], json!({"LastName": null})), missing);
    assert_eq!(
        refused(&[&a], json!({})),
        "INVALID_OPERATION a merge needs different records []"
    );
    let number = "INVALID_OPERATION a merge takes one or two records to merge into the master []";
    assert_eq!(refused(&[], json!({})), number);
    assert_eq!(bench.world.count("Contact"), 2);
    let deal = json!({"Name": "Oven", "StageName": "Prospecting", "CloseDate": "2026-06-01"});
    let [a, b] = [(); 2].map(|()| bench.create("Opportunity", deal.clone()).to_string());
    let error = bench
        .world
        .merge(&admin, "Opportunity", &a, &[&b], &Map::new())
        .unwrap_err();
    assert_eq!(
        show(&error),
        "INVALID_OPERATION records of this type cannot be merged []"
    );
}

#[test]
fn a_lead_becomes_an_account_a_contact_and_an_opportunity() {
    let mut bench = Bench::new();
    let admin = bench.admin;
    let owner = bench.user("bea").to_string();
    let lead = bench.create(
        "Lead",
        json!({
            "LastName": "Orme", "FirstName": "Ada", "Company": "Pell & Co", "City": "Ulm", "Email": "ada@pell.example",
            "Industry": "Banking", "OwnerId": owner,
        }),
    );
    let conversion = LeadConversion {
        opportunity_name: Some("Oven".to_owned()),
        ..LeadConversion::default()
    };
    let converted = bench
        .world
        .convert_lead(&admin, &lead.to_string(), &conversion)
        .unwrap();
    let ConvertedLead {
        account_id,
        contact_id,
        opportunity_id: Some(opportunity_id),
    } = converted
    else {
        panic!("no opportunity")
    };
    let account = bench.read("Account", account_id);
    assert_eq!(
        [
            &account["Name"],
            &account["BillingCity"],
            &account["OwnerId"]
        ],
        ["Pell & Co", "Ulm", &owner]
    );
    let contact = bench.read("Contact", contact_id);
    assert_eq!(
        [&contact["Name"], &contact["Email"], &contact["MailingCity"]],
        ["Ada Orme", "ada@pell.example", "Ulm"]
    );
    assert_eq!(contact["AccountId"], account_id.to_string());
    assert_eq!(
        bench.field("Opportunity", opportunity_id, "CloseDate"),
        "2026-06-12"
    );
    let lead_now = bench.read("Lead", lead);
    assert_eq!(lead_now["IsConverted"], true);
    assert_eq!(
        [&lead_now["Status"], &lead_now["ConvertedDate"]],
        ["Closed - Converted", "2026-05-13"]
    );
    assert_eq!(lead_now["ConvertedContactId"], contact_id.to_string());
    let error = bench
        .world
        .convert_lead(&admin, &lead.to_string(), &conversion)
        .unwrap_err();
    assert_eq!(
        show(&error),
        "CANNOT_UPDATE_CONVERTED_LEAD cannot reference converted lead []"
    );
}

#[test]
fn a_lead_can_join_an_account_and_a_contact_that_exist() {
    let mut bench = Bench::new();
    let admin = bench.admin;
    let account = bench.create("Account", json!({"Name": "Pell"}));
    let contact = bench.create("Contact", json!({"LastName": "Orme"}));
    let lead = bench.create("Lead", json!({"LastName": "Orme", "Company": "Pell"}));
    let mut conversion = LeadConversion {
        account_id: Some(contact.to_string()),
        contact_id: Some(contact.to_string()),
        ..LeadConversion::default()
    };
    let error = bench
        .world
        .convert_lead(&admin, &lead.to_string(), &conversion)
        .unwrap_err();
    assert_eq!(
        show(&error),
        "INVALID_CROSS_REFERENCE_KEY invalid cross reference id []"
    );
    conversion.account_id = Some(account.to_string());
    let converted = bench
        .world
        .convert_lead(&admin, &lead.to_string(), &conversion)
        .unwrap();
    let wanted = ConvertedLead {
        account_id: account,
        contact_id: contact,
        opportunity_id: None,
    };
    assert_eq!(converted, wanted);
    assert_eq!(
        (bench.world.count("Account"), bench.world.count("Contact")),
        (1, 1)
    );
}
