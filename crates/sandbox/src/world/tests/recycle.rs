//! Recycle bin, getUpdated and getDeleted.

use serde_json::json;

use super::{Bench, at, show};
use crate::world::{RecordState, SfId};

fn family(bench: &mut Bench) -> (SfId, SfId, SfId) {
    let account = bench.create("Account", json!({"Name": "Pell & Co"}));
    let contact = bench.create(
        "Contact",
        json!({"LastName": "Orme", "AccountId": account.to_string()}),
    );
    let deal = json!({"Name": "Oven", "StageName": "Prospecting", "CloseDate": "2026-06-01", "AccountId": account.to_string()});
    let opportunity = bench.create("Opportunity", deal);
    (account, contact, opportunity)
}

#[test]
fn deleting_an_account_takes_its_children_along_and_undelete_brings_them_back() {
    let mut bench = Bench::new();
    let (account, contact, opportunity) = family(&mut bench);
    bench.later(60);
    bench.delete("Account", account).unwrap();
    let admin = bench.admin;
    for (object, id) in [
        ("Account", account),
        ("Contact", contact),
        ("Opportunity", opportunity),
    ] {
        assert_eq!(
            bench.world.record_state(&admin, object, &id.to_string()),
            RecordState::Deleted
        );
        let gone = bench.world.deleted(
            &admin,
            object,
            at("2026-05-13T10:31:00Z"),
            at("2026-05-13T10:31:00Z"),
        );
        assert_eq!(
            gone.iter().map(|entry| entry.id).collect::<Vec<_>>(),
            vec![id],
            "{object}"
        );
    }
    assert_eq!(bench.world.count("OpportunityHistory"), 0);
    let error = bench
        .update("Contact", contact, json!({"Title": "Cook"}))
        .unwrap_err();
    assert_eq!(show(&error), "ENTITY_IS_DELETED entity is deleted []");
    bench.later(60);
    bench
        .world
        .undelete(&admin, "Account", &account.to_string())
        .unwrap();
    let record = bench.read("Contact", contact);
    assert_eq!(record["IsDeleted"], false);
    assert_eq!(record["SystemModstamp"], "2026-05-13T10:32:00.000+0000");
    assert_eq!(record["AccountId"], account.to_string());
    let error = bench
        .world
        .undelete(&admin, "Account", &account.to_string())
        .unwrap_err();
    assert_eq!(
        show(&error),
        "UNDELETE_FAILED Entity is not in the recycle bin []"
    );
}

#[test]
fn a_record_deleted_before_its_parent_stays_deleted() {
    let mut bench = Bench::new();
    let (account, contact, opportunity) = family(&mut bench);
    bench.delete("Contact", contact).unwrap();
    bench.delete("Account", account).unwrap();
    bench
        .world
        .undelete(&bench.admin.clone(), "Account", &account.to_string())
        .unwrap();
    assert_eq!(bench.read("Contact", contact), json!(null));
    assert_eq!(bench.field("Opportunity", opportunity, "IsDeleted"), false);
}

#[test]
fn loose_references_are_emptied_by_the_system() {
    let mut bench = Bench::new();
    let boss = bench.create("Contact", json!({"LastName": "Pell"}));
    let clerk = bench.create(
        "Contact",
        json!({"LastName": "Orme", "ReportsToId": boss.to_string()}),
    );
    bench.later(60);
    bench.delete("Contact", boss).unwrap();
    let record = bench.read("Contact", clerk);
    assert_eq!(record["ReportsToId"], json!(null));
    assert_eq!(record["LastModifiedDate"], "2026-05-13T10:30:00.000+0000");
    assert_eq!(record["SystemModstamp"], "2026-05-13T10:31:00.000+0000");
}

#[test]
fn the_bin_is_emptied_after_fifteen_days_or_by_hand() {
    let mut bench = Bench::new();
    let admin = bench.admin;
    let first = bench.create("Contact", json!({"LastName": "Orme"}));
    bench.delete("Contact", first).unwrap();
    bench.later(15 * 86_400);
    assert_eq!(
        bench
            .world
            .record_state(&admin, "Contact", &first.to_string()),
        RecordState::Deleted
    );
    bench.later(1);
    assert_eq!(
        bench
            .world
            .record_state(&admin, "Contact", &first.to_string()),
        RecordState::Missing
    );
    let second = bench.create("Contact", json!({"LastName": "Pell"}));
    bench.delete("Contact", second).unwrap();
    bench.world.empty_recycle_bin();
    assert_eq!(
        bench
            .world
            .record_state(&admin, "Contact", &second.to_string()),
        RecordState::Missing
    );
}

#[test]
fn updated_lists_by_stamp_within_the_window() {
    let mut bench = Bench::new();
    let admin = bench.admin;
    let first = bench.create("Contact", json!({"LastName": "Orme"}));
    bench.later(60);
    let second = bench.create("Contact", json!({"LastName": "Pell"}));
    bench.later(60);
    bench
        .update("Contact", first, json!({"Title": "Cook"}))
        .unwrap();
    let ids = |from: &str, to: &str| bench.world.updated(&admin, "Contact", at(from), at(to));
    assert_eq!(
        ids("2026-05-13T10:30:00Z", "2026-05-13T10:33:00Z"),
        vec![second, first]
    );
    assert_eq!(
        ids("2026-05-13T10:30:00Z", "2026-05-13T10:31:00Z"),
        vec![second]
    );
    assert_eq!(ids("2026-05-13T10:33:00Z", "2026-05-13T10:30:00Z"), vec![]);
}
