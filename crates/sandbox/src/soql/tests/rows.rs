//! What the rows of a result show.

use serde_json::json;

use super::{bench, run};
use crate::soql::QueryScope;
use crate::world::tests::BASE;

#[test]
fn rows_show_attributes_fields_and_parents() {
    let bench = bench();
    let soql = "SELECT FirstName, account.name, Account.Owner.Alias, Owner.Email FROM Contact c WHERE c.FirstName = 'Ada'";
    let mut row = run(&bench, soql, QueryScope::Live).unwrap().remove(0);
    let accounts = bench.world.ids(&bench.admin, "Account");
    let wanted = format!("{BASE}/sobjects/Account/{}", accounts[0]);
    assert_eq!(
        row["Account"]["attributes"],
        json!({"type": "Account", "url": wanted})
    );
    row["Account"].as_object_mut().unwrap().remove("attributes");
    row["Account"]["Owner"]
        .as_object_mut()
        .unwrap()
        .remove("attributes");
    assert_eq!(
        row["Account"],
        json!({"Name": "Pell & Co", "Owner": {"Alias": "admin"}})
    );
    assert_eq!(row["Owner"]["Email"], "admin@brindle.example");
    let rows = run(
        &bench,
        "SELECT Account.Name FROM Contact WHERE FirstName = 'Cy'",
        QueryScope::Live,
    )
    .unwrap();
    assert_eq!(rows[0]["Account"], json!(null));
}

#[test]
fn an_owner_that_may_be_a_queue_shows_as_a_name() {
    let mut bench = bench();
    bench.create("Lead", json!({"LastName": "Orme", "Company": "Pell"}));
    let rows = run(&bench, "SELECT Owner.Alias FROM Lead", QueryScope::Live).unwrap();
    let url = format!("{BASE}/sobjects/User/{}", bench.world.admin_id());
    let wanted = json!({"attributes": {"type": "Name", "url": url}, "Alias": "admin"});
    assert_eq!(rows[0]["Owner"], wanted);
}

#[test]
fn values_are_read_when_rows_are_rendered() {
    let mut bench = bench();
    let result = bench
        .world
        .query(
            &bench.admin,
            "SELECT Title FROM Contact ORDER BY FirstName",
            QueryScope::Live,
        )
        .unwrap();
    let ids = bench.world.ids(&bench.admin, "Contact");
    bench
        .update("Contact", ids[0], json!({"Title": "Chef"}))
        .unwrap();
    bench.delete("Contact", ids[1]).unwrap();
    let rows = bench.world.render_rows(&result, 0..2, BASE);
    assert_eq!(
        rows.iter()
            .map(|row| row["Title"].clone())
            .collect::<Vec<_>>(),
        vec![json!("Chef")]
    );
    assert_eq!(result.total_size(), 3);
    assert_eq!(bench.world.render_rows(&result, 2..99, BASE).len(), 1);
    assert_eq!(bench.world.render_rows(&result, 7..99, BASE).len(), 0);
}

#[test]
fn query_all_sees_the_recycle_bin() {
    let bench = bench();
    let soql = "SELECT FirstName, IsDeleted FROM Contact WHERE IsDeleted = true";
    assert_eq!(run(&bench, soql, QueryScope::Live).unwrap().len(), 0);
    let rows = run(&bench, soql, QueryScope::All).unwrap();
    assert_eq!((rows.len(), &rows[0]["FirstName"]), (1, &json!("Di")));
    let count = bench
        .world
        .query(&bench.admin, "SELECT COUNT() FROM Contact", QueryScope::All)
        .unwrap();
    assert_eq!((count.total_size(), count.row_count()), (4, 0));
}

#[test]
fn aggregates_skip_nulls() {
    let bench = bench();
    let row = |soql: &str| {
        let mut row = run(&bench, soql, QueryScope::Live).unwrap().remove(0);
        assert_eq!(row["attributes"], json!({"type": "AggregateResult"}));
        row.as_object_mut().unwrap().remove("attributes");
        row
    };
    let soql = "SELECT COUNT(Id), count(Amount) filled, SUM(Amount), AVG(Amount), MIN(CloseDate), MAX(Name) FROM Opportunity";
    let wanted = json!({
        "expr0": 3, "filled": 2, "expr1": 107.5, "expr2": 53.75, "expr3": "2025-12-31", "expr4": "Van",
    });
    assert_eq!(row(soql), wanted);
    let none =
        row("SELECT COUNT(Id), SUM(Amount), MIN(Name) FROM Opportunity WHERE Name = 'Nothing'");
    assert_eq!(none, json!({"expr0": 0, "expr1": null, "expr2": null}));
    assert_eq!(
        row("SELECT COUNT_DISTINCT(LastName) n FROM Contact"),
        json!({"n": 2})
    );
    assert_eq!(
        row("SELECT SUM(NumberOfEmployees) FROM Account"),
        json!({"expr0": 12})
    );
}

#[test]
fn field_groups_expand_to_what_can_be_read() {
    let bench = bench();
    let keys = |soql: &str| {
        let rows = run(&bench, soql, QueryScope::Live).unwrap();
        rows[0].as_object().unwrap().len()
    };
    let fields = bench.world.schema().object("Contact").unwrap().fields.len();
    assert_eq!(
        keys("SELECT FIELDS(ALL) FROM Contact LIMIT 200"),
        fields + 1
    );
    assert_eq!(keys("SELECT FIELDS(STANDARD) FROM Contact"), fields + 1 - 2);
    assert_eq!(keys("SELECT fields(custom), Id FROM Contact LIMIT 1"), 4);
    let result = bench
        .world
        .query(
            &bench.admin,
            "SELECT Description FROM Contact",
            QueryScope::Live,
        )
        .unwrap();
    assert!(result.selects_long_text());
}

#[derive(Default)]
struct Cells(Vec<String>);

impl crate::soql::ColumnSink for Cells {
    fn cell(&mut self, text: &str) {
        self.0.push(text.to_owned());
    }
}

#[test]
fn flat_rows_come_in_the_order_of_the_select_list() {
    let mut bench = bench();
    let soql = "SELECT account.name, DoNotCall, Account.NumberOfEmployees, title, Birthdate, CreatedDate, Id FROM Contact";
    let result = bench
        .world
        .query(&bench.admin, soql, QueryScope::Live)
        .unwrap();
    let header = "Account.Name DoNotCall Account.NumberOfEmployees Title Birthdate CreatedDate Id";
    assert_eq!(result.columns().collect::<Vec<_>>().join(" "), header);
    let ids = bench.world.ids(&bench.admin, "Contact");
    bench.delete("Contact", ids[2]).unwrap();
    let row = |index| {
        let mut cells = Cells::default();
        let there = bench.world.flat_rows(&result).write(index, &mut cells);
        (there, cells.0.join("|"))
    };
    let ada = format!(
        "Pell & Co|false||Cook|1980-02-29|2026-05-13T10:31:00.000Z|{}",
        ids[0]
    );
    let bo = format!(
        "quill ltd|true|12|50% baker||2026-05-13T10:32:00.000Z|{}",
        ids[1]
    );
    assert_eq!(row(0), (true, ada));
    assert_eq!(row(1), (true, bo));
    assert_eq!(row(2), (false, String::new()), "deleted since");
    assert_eq!(row(3), (false, String::new()), "beyond the end");
}

#[test]
fn what_bulk_queries_may_not_do_is_told() {
    let bench = bench();
    let refusal = |soql: &str| {
        let result = bench
            .world
            .query(&bench.admin, soql, QueryScope::Live)
            .unwrap();
        result.bulk_refusal().map(|error| error.message)
    };
    let refused = |what: &str| Some(format!("{what} not supported in Bulk Query"));
    assert_eq!(
        refusal("SELECT Id, Account.Owner.Name FROM Contact LIMIT 1"),
        None
    );
    assert_eq!(
        refusal("SELECT Id FROM Contact OFFSET 1"),
        refused("OFFSET")
    );
    assert_eq!(
        refusal("SELECT COUNT() FROM Contact"),
        refused("Aggregate functions")
    );
    assert_eq!(
        refusal("SELECT MAX(Name) FROM Contact"),
        refused("Aggregate functions")
    );
    assert_eq!(
        refusal("SELECT MailingAddress FROM Contact"),
        refused("Selecting compound data")
    );
}
