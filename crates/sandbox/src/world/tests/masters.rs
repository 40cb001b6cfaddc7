//! Masters and their details.

use serde_json::{Value as Json, json};

use super::{Bench, show};
use crate::world::{Actor, NewField, NewObject, ObjectRights};

fn field(bench: &mut Bench, object: &str, field: Json) -> Result<(), String> {
    let field: NewField = serde_json::from_value(field).expect("a field");
    let added = bench.world.add_field(object, field);
    added.map_err(|error| error.to_string())
}

/// Visits are details of accounts, which sum their hours.
fn visits(bench: &mut Bench) {
    let visit = NewObject {
        name: "Visit__c".to_owned(),
        label: "Visit".to_owned(),
        label_plural: "Visits".to_owned(),
    };
    bench.world.add_object(visit).unwrap();
    let master = json!({
        "name": "Account__c", "label": "Account", "type": "master_detail", "to": "Account",
        "child_relationship": "Visits",
    });
    field(bench, "Visit__c", master).unwrap();
    let hours =
        json!({"name": "Hours__c", "label": "Hours", "type": "number", "precision": 5, "scale": 1});
    field(bench, "Visit__c", hours).unwrap();
    for (name, operation, of, when) in [
        ("Visits__c", "count", None, ""),
        ("Hours__c", "sum", Some("Hours__c"), ""),
        (
            "Longest__c",
            "max",
            Some("Hours__c"),
            "Name LIKE 'On site%'",
        ),
    ] {
        let roll_up = json!({
            "name": name, "label": name, "type": "roll_up", "child": "Visit__c", "operation": operation, "of": of,
            "when": when,
        });
        field(bench, "Account", roll_up).unwrap();
    }
}

#[test]
fn roll_ups_follow_the_details_and_move_no_stamp() {
    let mut bench = Bench::new();
    visits(&mut bench);
    let account = bench.create("Account", json!({"Name": "Orme Ltd"}));
    let stamp = bench.field("Account", account, "SystemModstamp");
    let read = |bench: &Bench| {
        let account = bench.read("Account", account);
        ["Visits__c", "Hours__c", "Longest__c"].map(|name| account[name].clone())
    };
    assert_eq!(read(&bench), [json!(0.0), json!(0.0), Json::Null]);
    bench.later(10);
    let visit =
        |name: &str, hours: f64| json!({"Name": name, "Account__c": account, "Hours__c": hours});
    bench.create("Visit__c", visit("On site 1", 2.5));
    let other = bench.create("Visit__c", visit("By phone", 4.0));
    assert_eq!(read(&bench), [json!(2.0), json!(6.5), json!(2.5)]);
    bench.delete("Visit__c", other).unwrap();
    assert_eq!(read(&bench), [json!(1.0), json!(2.5), json!(2.5)]);
    assert_eq!(bench.field("Account", account, "SystemModstamp"), stamp);
}

#[test]
fn a_detail_needs_its_master_keeps_it_and_goes_with_it() {
    let mut bench = Bench::new();
    visits(&mut bench);
    let errors = bench
        .try_create("Visit__c", json!({"Name": "Alone"}))
        .unwrap_err();
    assert_eq!(
        show(&errors),
        "REQUIRED_FIELD_MISSING Required fields are missing: [Account__c] [\"Account__c\"]"
    );
    let account = bench.create("Account", json!({"Name": "Orme Ltd"}));
    let other = bench.create("Account", json!({"Name": "Pell Ltd"}));
    let visit = bench.create("Visit__c", json!({"Name": "Visit", "Account__c": account}));
    let moved = bench.update("Visit__c", visit, json!({"Account__c": other}));
    assert_eq!(
        moved.unwrap_err()[0].status_code,
        "INVALID_FIELD_FOR_INSERT_UPDATE"
    );
    bench.delete("Account", account).unwrap();
    assert_eq!(bench.read("Visit__c", visit), Json::Null);
    bench
        .world
        .undelete(&bench.admin, "Account", &account.to_string())
        .unwrap();
    assert_eq!(bench.field("Visit__c", visit, "Account__c"), json!(account));
}

#[test]
fn who_sees_the_master_sees_its_details() {
    let mut bench = Bench::new();
    visits(&mut bench);
    let user = bench.user("bea");
    for object in ["Account", "Visit__c"] {
        let own = ObjectRights::OWN;
        bench.world.set_object_rights(user, object, own).unwrap();
    }
    let own = bench.create("Account", json!({"Name": "Orme Ltd", "OwnerId": user}));
    let foreign = bench.create("Account", json!({"Name": "Pell Ltd"}));
    let sees = [own, foreign].map(|account| {
        let visit = bench.create("Visit__c", json!({"Name": "Visit", "Account__c": account}));
        let access = bench.world.record_access(&Actor::user(user), visit);
        access.expect("it is there").read
    });
    assert_eq!(sees, [true, false]);
}

#[test]
fn roll_ups_reach_over_details_only() {
    let mut bench = Bench::new();
    visits(&mut bench);
    let over = |child: &str, of: Json| json!({"name": "Sum__c", "label": "Sum", "type": "roll_up", "child": child, "operation": "sum", "of": of});
    for (wrong, why) in [
        (
            over("Lead", json!("AnnualRevenue")),
            "Lead is no detail of Account",
        ),
        (
            over("Visit__c", json!("Name")),
            "Visit__c.Name is no stored number",
        ),
        (
            over("Visit__c", Json::Null),
            "a count has no 'of', every other roll-up needs one",
        ),
    ] {
        assert_eq!(field(&mut bench, "Account", wrong).unwrap_err(), why);
    }
}
