//! What deals and activities bring about.

use serde_json::{Value as Json, json};

use super::Bench;
use crate::soql::QueryScope;

fn rows(bench: &Bench, soql: &str) -> Vec<Json> {
    let found = bench.world.query(&bench.admin, soql, QueryScope::Live);
    let found = found.expect("a good query");
    bench.world.render_rows(&found, 0..found.row_count(), "")
}

fn deal(bench: &mut Bench, more: Json) -> crate::world::SfId {
    let mut fields = json!({
        "Name": "Pilot", "StageName": "Prospecting", "CloseDate": "2026-06-30", "Amount": 1000,
    });
    let all = fields.as_object_mut().expect("an object");
    all.extend(more.as_object().cloned().unwrap_or_default());
    bench.create("Opportunity", fields)
}

#[test]
fn history_tells_what_was_before() {
    let mut bench = Bench::new();
    let id = deal(&mut bench, json!({}));
    bench.later(5);
    bench
        .update("Opportunity", id, json!({"Amount": 1500}))
        .unwrap();
    bench.later(5);
    bench
        .update("Opportunity", id, json!({"NextStep": "Call"}))
        .unwrap();
    let history = rows(
        &bench,
        "SELECT Id, Amount, PrevAmount, PrevCloseDate FROM OpportunityHistory ORDER BY CreatedDate",
    );
    assert_eq!(history.len(), 2);
    assert_eq!(history[0]["PrevAmount"], Json::Null);
    assert_eq!(
        (&history[1]["Amount"], &history[1]["PrevAmount"]),
        (&json!(1500.0), &json!(1000.0))
    );
    assert_eq!(history[1]["PrevCloseDate"], "2026-06-30");
    let noted = bench.field("Opportunity", id, "LastAmountChangedHistoryId");
    assert_eq!(noted, history[1]["Id"]);
    assert_eq!(
        bench.field("Opportunity", id, "LastCloseDateChangedHistoryId"),
        Json::Null
    );
}

#[test]
fn one_contact_of_an_opportunity_is_primary() {
    let mut bench = Bench::new();
    let first = bench.create("Contact", json!({"LastName": "Orme"}));
    let second = bench.create("Contact", json!({"LastName": "Pell"}));
    let id = deal(&mut bench, json!({"ContactId": first}));
    let primary = "SELECT ContactId FROM OpportunityContactRole WHERE IsPrimary = true";
    assert_eq!(rows(&bench, primary)[0]["ContactId"], json!(first));
    let role =
        json!({"OpportunityId": id, "ContactId": second, "IsPrimary": true, "Role": "Evaluator"});
    bench.create("OpportunityContactRole", role);
    let found = rows(&bench, primary);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["ContactId"], json!(second));
    assert_eq!(bench.field("Opportunity", id, "ContactId"), json!(second));
    bench.delete("Opportunity", id).unwrap();
    assert!(rows(&bench, "SELECT Id FROM OpportunityContactRole").is_empty());
}

#[test]
fn splits_share_the_amount() {
    let mut bench = Bench::new();
    let id = deal(&mut bench, json!({}));
    let admin = bench.world.admin_id();
    let split = json!({"OpportunityId": id, "SplitOwnerId": admin, "SplitPercentage": 25});
    let split = bench.create("OpportunitySplit", split);
    assert_eq!(bench.field("OpportunitySplit", split, "SplitAmount"), 250.0);
    bench
        .update("Opportunity", id, json!({"Amount": 2000}))
        .unwrap();
    assert_eq!(bench.field("OpportunitySplit", split, "SplitAmount"), 500.0);
}

#[test]
fn tasks_know_whether_they_are_done_and_whose_account_they_are_about() {
    let mut bench = Bench::new();
    let account = bench.create("Account", json!({"Name": "Orme Ltd"}));
    let contact = bench.create("Contact", json!({"LastName": "Orme", "AccountId": account}));
    let id = bench.create(
        "Task",
        json!({"Subject": "Call", "WhoId": contact, "Priority": "High"}),
    );
    let task = bench.read("Task", id);
    assert_eq!(task["Status"], "Not Started");
    assert_eq!(
        (&task["IsClosed"], &task["IsHighPriority"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(task["AccountId"], json!(account));
    bench
        .update("Task", id, json!({"Status": "Completed"}))
        .unwrap();
    let task = bench.read("Task", id);
    assert_eq!(task["IsClosed"], true);
    assert_eq!(task["CompletedDateTime"], task["LastModifiedDate"]);
    bench
        .update("Task", id, json!({"Status": "In Progress"}))
        .unwrap();
    assert_eq!(bench.field("Task", id, "CompletedDateTime"), Json::Null);
    bench.delete("Contact", contact).unwrap();
    assert_eq!(bench.read("Task", id), Json::Null);
}

#[test]
fn start_end_and_duration_of_an_event_agree() {
    let mut bench = Bench::new();
    let start = "2026-04-01T09:00:00.000+0000";
    let event = json!({"Subject": "Meeting", "StartDateTime": start, "DurationInMinutes": 45});
    let id = bench.create("Event", event);
    let event = bench.read("Event", id);
    assert_eq!(event["EndDateTime"], "2026-04-01T09:45:00.000+0000");
    assert_eq!(event["ActivityDate"], "2026-04-01");
    let longer = json!({"EndDateTime": "2026-04-01T10:30:00Z"});
    bench.update("Event", id, longer).unwrap();
    assert_eq!(bench.field("Event", id, "DurationInMinutes"), 90);
    let whole = json!({"Subject": "Fair", "IsAllDayEvent": true, "ActivityDate": "2026-05-02"});
    let id = bench.create("Event", whole);
    let event = bench.read("Event", id);
    assert_eq!(event["StartDateTime"], "2026-05-02T00:00:00.000+0000");
    assert_eq!(event["DurationInMinutes"], 1440);
}
