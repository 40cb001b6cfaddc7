//! Queries over a small invented org: what they find, what they refuse, and what an index must not change.

mod errors;
mod plans;
mod properties;
mod rows;

use serde_json::{Value as Json, json};

use super::{QueryScope, SoqlError};
use crate::world::NewField;
use crate::world::tests::{BASE, Bench};

/// Two accounts, four contacts (one of them deleted), three opportunities.
fn bench() -> Bench {
    let mut bench = Bench::new();
    let topics = json!({
        "name": "Topics__c", "label": "Topics", "type": "multipicklist", "values": ["Sales", "IT", "HR"],
    });
    let field: NewField = serde_json::from_value(topics).unwrap();
    bench.world.add_field("Contact", field).unwrap();
    let pell = account(
        &mut bench,
        json!({"Name": "Pell & Co", "Industry": "Banking", "AnnualRevenue": 900}),
    );
    let quill = account(
        &mut bench,
        json!({"Name": "quill ltd", "NumberOfEmployees": 12}),
    );
    contact(
        &mut bench,
        json!({"LastName": "Orme", "FirstName": "Ada", "Salutation": "Ms.", "Title": "Cook", "AccountId": pell, "Birthdate": "1980-02-29", "Topics__c": "Sales;IT"}),
    );
    contact(
        &mut bench,
        json!({"LastName": "orme", "FirstName": "Bo", "Title": "50% baker", "AccountId": quill, "DoNotCall": true}),
    );
    contact(
        &mut bench,
        json!({"LastName": "Zahn", "FirstName": "Cy", "Salutation": "Mrs.", "ExtId__c": "Z-1", "Topics__c": "HR"}),
    );
    let gone = contact(
        &mut bench,
        json!({"LastName": "Gone", "FirstName": "Di", "Title": "Cook"}),
    );
    bench
        .world
        .delete(&bench.admin.clone(), "Contact", &gone, &Default::default())
        .unwrap();
    for (name, amount, close) in [
        ("Oven", json!(100), "2026-05-13"),
        ("Van", json!(null), "2026-06-20"),
        ("Mill", json!(7.5), "2025-12-31"),
    ] {
        let deal = json!({"Name": name, "StageName": "Prospecting", "CloseDate": close, "Amount": amount, "AccountId": pell});
        bench.create("Opportunity", deal);
    }
    bench
}

fn account(bench: &mut Bench, fields: Json) -> String {
    bench.create("Account", fields).to_string()
}

/// Contacts come a minute apart, from 10:31.
fn contact(bench: &mut Bench, fields: Json) -> String {
    bench.later(60);
    bench.create("Contact", fields).to_string()
}

fn run(bench: &Bench, soql: &str, scope: QueryScope) -> Result<Vec<Json>, SoqlError> {
    let result = bench.world.query(&bench.admin, soql, scope)?;
    Ok(bench
        .world
        .render_rows(&result, 0..result.row_count(), BASE))
}
