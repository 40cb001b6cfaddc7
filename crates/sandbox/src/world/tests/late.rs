//! Commits that become visible after their stamp.

use serde_json::json;

use super::{Bench, at, show};
use crate::soql::QueryScope;
use crate::world::{DmlOptions, RecordState};

fn late(until: &str) -> DmlOptions {
    DmlOptions {
        visible_at: Some(at(until)),
        ..DmlOptions::default()
    }
}

#[test]
fn a_late_create_shows_up_with_its_old_stamp() {
    let mut bench = Bench::new();
    let admin = bench.admin;
    let fields = json!({"LastName": "Orme", "ExtId__c": "L"});
    let options = late("2026-05-13T10:31:00Z");
    let id = bench
        .world
        .create(&admin, "Contact", fields.as_object().unwrap(), &options)
        .unwrap();
    bench.later(30);
    assert_eq!(
        bench.world.record_state(&admin, "Contact", &id.to_string()),
        RecordState::Missing
    );
    assert_eq!(
        bench.world.latest_date_covered(),
        at("2026-05-13T10:30:00Z")
    );
    let error = bench
        .try_create("Contact", json!({"LastName": "Pell", "ExtId__c": "l"}))
        .unwrap_err();
    assert_eq!(error[0].status_code, "DUPLICATE_VALUE");
    bench.later(30);
    assert_eq!(
        bench.field("Contact", id, "SystemModstamp"),
        "2026-05-13T10:30:00.000+0000"
    );
    assert_eq!(
        bench.world.latest_date_covered(),
        at("2026-05-13T10:31:00Z")
    );
}

#[test]
fn a_late_update_keeps_the_old_values_in_view_and_the_record_locked() {
    let mut bench = Bench::new();
    let admin = bench.admin;
    let id = bench.create("Contact", json!({"LastName": "Orme"}));
    bench.later(10);
    let options = late("2026-05-13T10:31:00Z");
    let fields = json!({"LastName": "Pell"});
    bench
        .world
        .update(
            &admin,
            "Contact",
            &id.to_string(),
            fields.as_object().unwrap(),
            &options,
        )
        .unwrap();
    assert_eq!(bench.field("Contact", id, "LastName"), "Orme");
    let error = bench
        .update("Contact", id, json!({"Title": "Cook"}))
        .unwrap_err();
    let wanted = format!(
        "UNABLE_TO_LOCK_ROW unable to obtain exclusive access to this record or 1 records: {id} []"
    );
    assert_eq!(show(&error), wanted);
    bench.later(50);
    let found = bench
        .world
        .query(
            &admin,
            "SELECT Id FROM Contact WHERE LastName = 'Pell'",
            QueryScope::Live,
        )
        .unwrap();
    assert_eq!(found.total_size(), 1);
    assert_eq!(
        bench.field("Contact", id, "SystemModstamp"),
        "2026-05-13T10:30:10.000+0000"
    );
    bench
        .update("Contact", id, json!({"Title": "Cook"}))
        .unwrap();
}

#[test]
fn a_late_commit_of_a_failed_transaction_never_comes() {
    let mut bench = Bench::new();
    let admin = bench.admin;
    let outcome: Result<(), ()> = bench.world.transaction(|world| {
        let fields = json!({"LastName": "Orme"});
        world
            .create(
                &admin,
                "Contact",
                fields.as_object().unwrap(),
                &late("2026-05-13T10:31:00Z"),
            )
            .unwrap();
        Err(())
    });
    assert_eq!(outcome, Err(()));
    bench.later(120);
    assert_eq!(bench.world.count("Contact"), 0);
}
