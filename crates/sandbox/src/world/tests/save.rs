//! Saves as a whole: implied values, audit fields, ids, keys, transactions.

use serde_json::{Value as Json, json};

use super::{Bench, show};
use crate::world::{DmlOptions, UpsertFailure, Upserted};

#[test]
fn names_are_put_together_and_addresses_are_compound() {
    let mut bench = Bench::new();
    let id = bench.create(
        "Contact",
        json!({"LastName": "Orme", "FirstName": "Ada", "Salutation": "Dr.", "MailingCity": "Ulm", "MailingPostalCode": "89073"}),
    );
    let record = bench.read("Contact", id);
    assert_eq!(record["Name"], "Ada Orme");
    let address = json!({
        "city": "Ulm", "country": null, "geocodeAccuracy": null, "latitude": null, "longitude": null,
        "postalCode": "89073", "state": null, "street": null,
    });
    assert_eq!(record["MailingAddress"], address);
    assert_eq!(record["OtherAddress"], json!(null));
    assert_eq!(
        record["attributes"],
        json!({"type": "Contact", "url": format!("/services/data/v62.0/sobjects/Contact/{id}")})
    );
    bench
        .update("Contact", id, json!({"FirstName": null}))
        .unwrap();
    assert_eq!(bench.field("Contact", id, "Name"), "Orme");
}

#[test]
fn audit_fields_follow_the_clock_in_whole_seconds() {
    let mut bench = Bench::new();
    let other = bench.user("bea");
    bench
        .world
        .advance(jiff::SignedDuration::from_millis(1_700));
    let id = bench.create("Contact", json!({"LastName": "Orme"}));
    let record = bench.read("Contact", id);
    for field in ["CreatedDate", "LastModifiedDate", "SystemModstamp"] {
        assert_eq!(record[field], "2026-05-13T10:30:01.000+0000", "{field}");
    }
    bench.later(60);
    let actor = crate::world::Actor::user(other);
    let fields = json!({"Title": "Cook"});
    let options = DmlOptions::default();
    bench
        .world
        .update(
            &actor,
            "Contact",
            &id.to_string(),
            fields.as_object().unwrap(),
            &options,
        )
        .unwrap();
    let record = bench.read("Contact", id);
    assert_eq!(record["CreatedDate"], "2026-05-13T10:30:01.000+0000");
    assert_eq!(record["LastModifiedDate"], "2026-05-13T10:31:01.000+0000");
    assert_eq!(record["SystemModstamp"], "2026-05-13T10:31:01.000+0000");
    assert_eq!(record["LastModifiedById"], other.to_string());
    bench.later(60);
    bench.world.touch("Contact", &id.to_string()).unwrap();
    let record = bench.read("Contact", id);
    assert_eq!(record["LastModifiedDate"], "2026-05-13T10:31:01.000+0000");
    assert_eq!(record["SystemModstamp"], "2026-05-13T10:32:01.000+0000");
}

#[test]
fn a_stage_says_what_an_opportunity_is_worth() {
    let mut bench = Bench::new();
    let id = bench.create(
        "Opportunity",
        json!({"Name": "Oven", "StageName": "Value Proposition", "CloseDate": "2026-11-30", "Amount": 1000.5}),
    );
    let shown = |bench: &Bench| {
        let record = bench.read("Opportunity", id);
        [
            "Probability",
            "ForecastCategory",
            "ForecastCategoryName",
            "IsClosed",
            "IsWon",
            "ExpectedRevenue",
            "Fiscal",
        ]
        .map(|field| record[field].to_string())
        .join(" ")
    };
    assert_eq!(
        shown(&bench),
        r#"50.0 "Pipeline" "Pipeline" false false 500.25 "2026 4""#
    );
    bench
        .update("Opportunity", id, json!({"StageName": "Closed Won"}))
        .unwrap();
    assert_eq!(
        shown(&bench),
        r#"100.0 "Closed" "Closed" true true 1000.5 "2026 4""#
    );
    bench
        .update(
            "Opportunity",
            id,
            json!({"StageName": "Negotiation/Review", "Probability": 35}),
        )
        .unwrap();
    assert_eq!(
        shown(&bench),
        r#"35.0 "Pipeline" "Pipeline" false false 350.18 "2026 4""#
    );
    bench
        .update("Opportunity", id, json!({"ForecastCategoryName": "Commit"}))
        .unwrap();
    assert_eq!(
        shown(&bench),
        r#"35.0 "Forecast" "Commit" false false 350.18 "2026 4""#
    );
    bench
        .update("Opportunity", id, json!({"NextStep": "Call"}))
        .unwrap();
    assert_eq!(bench.world.count("OpportunityHistory"), 3);
}

#[test]
fn ids_of_an_update_are_checked() {
    let mut bench = Bench::new();
    let contact = bench.create("Contact", json!({"LastName": "Orme"}));
    let nothing = serde_json::Map::new();
    let mut refused = |object: &str, id: &str| {
        let error = bench
            .world
            .update(&bench.admin, object, id, &nothing, &DmlOptions::default())
            .unwrap_err();
        show(&error)
    };
    assert_eq!(
        refused("Contact", "003"),
        "MALFORMED_ID malformed id 003 []"
    );
    assert_eq!(
        refused("Contact", "003Td0000000099"),
        "INVALID_CROSS_REFERENCE_KEY invalid cross reference id []"
    );
    assert_eq!(
        refused("Account", &contact.to_string()),
        "INVALID_CROSS_REFERENCE_KEY invalid cross reference id []"
    );
    assert_eq!(
        refused("Nothing", "x"),
        "INVALID_TYPE sObject type 'Nothing' is not supported. []"
    );
    let short = contact.short();
    let title = json!({"Title": "Cook"});
    bench
        .world
        .update(
            &bench.admin,
            "contact",
            &short,
            title.as_object().unwrap(),
            &DmlOptions::default(),
        )
        .unwrap();
    assert_eq!(bench.field("Contact", contact, "Title"), "Cook");
}

#[test]
fn read_only_objects_cannot_be_written() {
    let mut bench = Bench::new();
    let error = bench
        .try_create("OpportunityHistory", json!({"StageName": "x"}))
        .unwrap_err();
    assert_eq!(
        error[0].message,
        "entity type cannot be inserted: Opportunity History"
    );
    let user = bench.world.admin_id();
    let error = bench.delete("User", user).unwrap_err();
    assert_eq!(
        show(&error),
        "INSUFFICIENT_ACCESS_OR_READONLY insufficient access rights on object id []"
    );
}

#[test]
fn external_ids_are_unique_without_regard_to_case() {
    let mut bench = Bench::new();
    let first = bench.create("Contact", json!({"LastName": "Orme", "ExtId__c": "AB-7"}));
    let error = bench
        .try_create("Contact", json!({"LastName": "Pell", "ExtId__c": "ab-7"}))
        .unwrap_err();
    let wanted = format!(
        "duplicate value found: ExtId__c duplicates value on record with id: {}",
        first.short()
    );
    assert_eq!(show(&error), format!("DUPLICATE_VALUE {wanted} []"));
    bench.create(
        "Lead",
        json!({"LastName": "Pell", "Company": "Pell & Co", "ExtId__c": "ab-7"}),
    );
    bench.delete("Contact", first).unwrap();
    bench.create("Contact", json!({"LastName": "Pell", "ExtId__c": "ab-7"}));
}

#[test]
fn upserts_create_change_or_tell_of_several() {
    let mut bench = Bench::new();
    let mut upsert = |field: &str, key: &str, fields: Json| {
        let fields = fields.as_object().unwrap().clone();
        bench.world.upsert(
            &bench.admin,
            "Contact",
            (field, key),
            &fields,
            &DmlOptions::default(),
        )
    };
    let Ok(Upserted::Created(id)) = upsert("extid__c", "K 1", json!({"LastName": "Orme"})) else {
        panic!("not created")
    };
    assert_eq!(
        upsert("ExtId__c", "k 1", json!({"Title": "Cook"})),
        Ok(Upserted::Updated(id))
    );
    assert_eq!(
        upsert(
            "Id",
            &id.to_string(),
            json!({"Email": "orme@brindle.example"})
        ),
        Ok(Upserted::Updated(id))
    );
    assert_eq!(
        upsert("Email", "ORME@brindle.example", json!({"Title": "Chef"})),
        Ok(Upserted::Updated(id))
    );
    let Ok(Upserted::Created(second)) = upsert(
        "ExtId__c",
        "K2",
        json!({"LastName": "Orme", "Email": "orme@brindle.example"}),
    ) else {
        panic!("not created")
    };
    let several = upsert("Email", "orme@brindle.example", json!({"Title": "Cook"}));
    assert_eq!(several, Err(UpsertFailure::Several(vec![id, second])));
    let mut refused = |field: &str, key: &str, fields: Json| match upsert(field, key, fields) {
        Err(UpsertFailure::Errors(errors)) => show(&errors),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        refused("Title", "Cook", json!({})),
        "NOT_FOUND Provided external ID field does not exist or is not accessible: Title []"
    );
    assert_eq!(
        refused("ExtId__c", " ", json!({})),
        "MISSING_ARGUMENT ExtId__c not specified []"
    );
    assert_eq!(
        refused("ExtId__c", "K9", json!({"extid__c": "K9"})),
        "INVALID_FIELD The ExtId__c field should not be specified in the sobject data. []"
    );
    assert_eq!(
        refused("ExtId__c", "K9", json!({})),
        "REQUIRED_FIELD_MISSING Required fields are missing: [LastName] [\"LastName\"]"
    );
}

#[test]
fn parents_can_be_named_by_external_id() {
    let mut bench = Bench::new();
    let account = bench.create("Account", json!({"Name": "Pell & Co", "ExtId__c": "A1"}));
    let id = bench.create(
        "Contact",
        json!({"LastName": "Orme", "Account": {"attributes": {}, "ExtId__c": "a1"}}),
    );
    assert_eq!(bench.field("Contact", id, "AccountId"), account.to_string());
    bench
        .update("Contact", id, json!({"Account": null}))
        .unwrap();
    assert_eq!(bench.field("Contact", id, "AccountId"), json!(null));
    let error = bench
        .update("Contact", id, json!({"Account": {"ExtId__c": "A2"}}))
        .unwrap_err();
    assert_eq!(
        show(&error),
        "INVALID_FIELD Foreign key external ID: A2 not found for field ExtId__c in entity Account []"
    );
}

#[test]
fn a_failed_transaction_leaves_no_trace() {
    let mut bench = Bench::new();
    let kept = bench.create("Contact", json!({"LastName": "Orme", "Title": "Cook"}));
    let before = bench.read("Contact", kept);
    let admin = bench.admin;
    bench.later(5);
    let outcome: Result<(), &str> = bench.world.transaction(|world| {
        let options = DmlOptions::default();
        let fields = json!({"LastName": "Pell", "ExtId__c": "P"});
        world
            .create(&admin, "Contact", fields.as_object().unwrap(), &options)
            .unwrap();
        let change = json!({"Title": "Chef", "ExtId__c": "Q"});
        world
            .update(
                &admin,
                "Contact",
                &kept.to_string(),
                change.as_object().unwrap(),
                &options,
            )
            .unwrap();
        world
            .delete(&admin, "Contact", &kept.to_string(), &options)
            .unwrap();
        Err("no")
    });
    assert_eq!(outcome, Err("no"));
    assert_eq!(bench.read("Contact", kept), before);
    assert_eq!(bench.world.count("Contact"), 1);
    assert_eq!(
        bench
            .world
            .find_by_key(&admin, "Contact", ("ExtId__c", "P")),
        Ok(vec![])
    );
    assert_eq!(
        bench.world.deleted(
            &admin,
            "Contact",
            super::at("2026-01-01T00:00:00Z"),
            bench.world.now()
        ),
        vec![]
    );
}

#[test]
fn owners_must_be_active() {
    let mut bench = Bench::new();
    let user = bench.user("bea");
    let id = bench.create(
        "Contact",
        json!({"LastName": "Orme", "OwnerId": user.to_string()}),
    );
    bench
        .update("User", user, json!({"IsActive": false}))
        .unwrap();
    let error = bench
        .update("Contact", id, json!({"OwnerId": user.to_string()}))
        .unwrap_err();
    let wanted = format!("operation performed with inactive user [{user}] as owner of contact");
    assert_eq!(
        show(&error),
        format!("INACTIVE_OWNER_OR_USER {wanted} [\"OwnerId\"]")
    );
    bench
        .update("Contact", id, json!({"Title": "Cook"}))
        .unwrap();
}

#[test]
fn converted_leads_are_read_only() {
    let mut bench = Bench::new();
    let id = bench.create(
        "Lead",
        json!({"LastName": "Orme", "Company": "Pell", "IsConverted": true}),
    );
    let error = bench
        .update("Lead", id, json!({"Title": "Cook"}))
        .unwrap_err();
    assert_eq!(
        show(&error),
        "CANNOT_UPDATE_CONVERTED_LEAD cannot reference converted lead []"
    );
}
