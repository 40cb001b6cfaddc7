//! Automations, validation rules and formulas.

use serde_json::{Value as Json, json};

use super::{Bench, show};
use crate::world::{AutomationRule, NewField, ValidationRule};

fn automation(json: Json) -> AutomationRule {
    serde_json::from_value(json).unwrap()
}

#[test]
fn an_automation_sets_fields_in_the_same_save() {
    let mut bench = Bench::new();
    let rule = automation(json!({
        "name": "won", "object": "Opportunity", "when": "IsWon = true AND Amount > 1000", "changed": ["StageName"],
        "set": {"NextStep": "Send cake"}, "set_formula": {"Description": "Name & ': ' & (Amount / 2)"},
    }));
    bench.world.set_automation(rule).unwrap();
    let deal = json!({"Name": "Oven", "StageName": "Closed Won", "CloseDate": "2026-06-01", "Amount": 5000});
    let id = bench.create("Opportunity", deal.clone());
    assert_eq!(bench.field("Opportunity", id, "NextStep"), "Send cake");
    assert_eq!(bench.field("Opportunity", id, "Description"), "Oven: 2500");
    bench
        .update("Opportunity", id, json!({"NextStep": "Eat"}))
        .unwrap();
    assert_eq!(bench.field("Opportunity", id, "NextStep"), "Eat");
    assert!(bench.world.remove_automation("won") && !bench.world.remove_automation("won"));
    let id = bench.create("Opportunity", deal);
    assert_eq!(bench.field("Opportunity", id, "NextStep"), json!(null));
}

#[test]
fn automations_can_change_a_stage_and_what_follows_from_it() {
    let mut bench = Bench::new();
    let rule = automation(json!({
        "name": "auto win", "object": "Opportunity", "on": "update", "when": "Amount >= 10",
        "set": {"StageName": "Closed Won"},
    }));
    bench.world.set_automation(rule).unwrap();
    let id = bench.create("Opportunity", json!({"Name": "Oven", "StageName": "Prospecting", "CloseDate": "2026-06-01", "Amount": 20}));
    assert_eq!(bench.field("Opportunity", id, "IsWon"), false);
    bench
        .update("Opportunity", id, json!({"NextStep": "x"}))
        .unwrap();
    assert_eq!(bench.field("Opportunity", id, "IsWon"), true);
}

#[test]
fn a_validation_rule_refuses_with_its_own_words() {
    let mut bench = Bench::new();
    let rule = ValidationRule {
        name: "phone".to_owned(),
        object: "Contact".to_owned(),
        refuse_when: "Title LIKE '%chief%' AND Phone = null".to_owned(),
        message: "Chiefs have a phone.".to_owned(),
        field: Some("Phone".to_owned()),
    };
    bench.world.set_validation_rule(rule).unwrap();
    let error = bench
        .try_create(
            "Contact",
            json!({"LastName": "Orme", "Title": "Chief Baker"}),
        )
        .unwrap_err();
    assert_eq!(
        show(&error),
        "FIELD_CUSTOM_VALIDATION_EXCEPTION Chiefs have a phone. [\"Phone\"]"
    );
    bench.create(
        "Contact",
        json!({"LastName": "Orme", "Title": "Chief Baker", "Phone": "1"}),
    );
    bench.create("Contact", json!({"LastName": "Orme", "Title": "Baker"}));
}

#[test]
fn rules_that_make_no_sense_are_refused() {
    let mut bench = Bench::new();
    let mut refused = |json: Json| {
        bench
            .world
            .set_automation(automation(json))
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        refused(json!({"name": "x", "object": "Nope"})),
        "no object 'Nope'"
    );
    assert_eq!(
        refused(json!({"name": "x", "object": "Lead", "set": {"Nope": 1}})),
        "no field 'Nope' on Lead"
    );
    assert_eq!(
        refused(json!({"name": "x", "object": "Lead", "set": {"Name": "y"}})),
        "Name is read only"
    );
    let message = refused(json!({"name": "x", "object": "Lead", "when": "Title ="}));
    assert_eq!(
        message,
        "condition 'Title =': \nTitle =\n      ^\nERROR at Row:1:Column:7\nunexpected token: '<EOF>'"
    );
    let message =
        refused(json!({"name": "x", "object": "Lead", "set_formula": {"Title": "Company &"}}));
    assert_eq!(
        message,
        "formula 'Company &': \nCompany &\n        ^\nERROR at Row:1:Column:9\nunexpected token: '<EOF>'"
    );
}

#[test]
fn the_longest_formula_can_be_computed() {
    let mut bench = Bench::new();
    let mut formula = |terms: usize| {
        let expression = vec!["1"; terms].join("+");
        let field = json!({
            "name": "Sum__c", "label": "Sum", "type": "formula", "expression": expression, "returns": "number",
        });
        bench
            .world
            .add_field("Contact", serde_json::from_value(field).unwrap())
            .map_err(|error| error.to_string())
    };
    assert_eq!(
        formula(1_951),
        Err("a formula has at most 3900 characters".to_owned())
    );
    formula(1_950).unwrap();
    let id = bench.create("Contact", json!({"LastName": "Orme"}));
    assert_eq!(bench.field("Contact", id, "Sum__c"), 1950.0);
}

#[test]
fn formulas_are_computed_on_read_and_do_not_move_the_stamp() {
    let mut bench = Bench::new();
    let mut add = |name: &str, expression: &str, returns: &str| {
        let field: NewField = serde_json::from_value(
            json!({"name": name, "label": name, "type": "formula", "expression": expression, "returns": returns}),
        )
        .unwrap();
        bench
            .world
            .add_field("Contact", field)
            .map_err(|error| error.to_string())
    };
    add("Where__c", "Account.Name & ' / ' & Title", "text").unwrap();
    add("Half__c", "Account.AnnualRevenue / 2 + 1", "number").unwrap();
    add("Bad__c", "1 / 0", "number").unwrap();
    let nested = add("Twice__c", "Where__c & Where__c", "text").unwrap_err();
    assert_eq!(
        nested,
        "formula 'Where__c & Where__c': a formula cannot use another formula"
    );
    let account = bench.create("Account", json!({"Name": "Pell", "AnnualRevenue": 7}));
    let id = bench.create(
        "Contact",
        json!({"LastName": "Orme", "Title": "Cook", "AccountId": account.to_string()}),
    );
    let read = |bench: &Bench| {
        let record = bench.read("Contact", id);
        json!([
            record["Where__c"],
            record["Half__c"],
            record["Bad__c"],
            record["SystemModstamp"]
        ])
    };
    assert_eq!(
        read(&bench),
        json!(["Pell / Cook", 4.5, null, "2026-05-13T10:30:00.000+0000"])
    );
    bench.later(60);
    bench
        .update("Account", account, json!({"Name": "Quill"}))
        .unwrap();
    assert_eq!(
        read(&bench),
        json!(["Quill / Cook", 4.5, null, "2026-05-13T10:30:00.000+0000"])
    );
}

#[test]
fn an_automation_may_change_the_parent_in_the_same_transaction() {
    let mut bench = Bench::new();
    let rule = json!({
        "name": "warm up", "object": "Contact", "when": "Title = 'CEO'",
        "set": {"Account.Rating": "Hot"}, "set_formula": {"Account.Site": "LastName & ' leads'"},
    });
    bench.world.set_automation(automation(rule)).unwrap();
    let account = bench.create("Account", json!({"Name": "Orme Ltd"}));
    bench.later(5);
    let contact = json!({"LastName": "Orme", "Title": "CEO", "AccountId": account});
    let contact = bench.create("Contact", contact);
    let changed = bench.read("Account", account);
    assert_eq!(
        (&changed["Rating"], &changed["Site"]),
        (&json!("Hot"), &json!("Orme leads"))
    );
    assert_eq!(
        changed["SystemModstamp"],
        bench.field("Contact", contact, "SystemModstamp")
    );
    let closed = json!({
        "name": "closed", "object": "Account", "refuse_when": "Rating = 'Hot' AND Name = 'Pell Ltd'", "message": "No.",
    });
    let closed = serde_json::from_value(closed).unwrap();
    bench.world.set_validation_rule(closed).unwrap();
    let other = bench.create("Account", json!({"Name": "Pell Ltd"}));
    let refused = json!({"LastName": "Pell", "Title": "CEO", "AccountId": other});
    let refused = bench.try_create("Contact", refused).unwrap_err();
    assert_eq!(refused[0].status_code, "FIELD_CUSTOM_VALIDATION_EXCEPTION");
    assert_eq!(bench.world.count("Contact"), 1);
    let alone = json!({"LastName": "Quill", "Title": "CEO"});
    bench.create("Contact", alone);
    let wrong =
        json!({"name": "x", "object": "Contact", "set": {"Owner.Title": "x", "Nobody.Title": "x"}});
    let error = bench.world.set_automation(automation(wrong)).unwrap_err();
    assert!(
        error.to_string().starts_with("no parent 'Nobody'"),
        "{error}"
    );
}
