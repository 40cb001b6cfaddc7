//! Bulk API 2.0, queries: pages of results, delimiters, and what is refused.

use http::Method;
use serde_json::{Value, json};
use tandem_sandbox::{BulkSettings, seed::SeedSize};

use crate::client::{Client, Got};

fn ask(client: &Client, order: Value) -> Value {
    client.post("/jobs/query", order).expect(200).json()
}

fn select(client: &Client, soql: &str) -> Value {
    ask(client, json!({ "operation": "query", "query": soql }))
}

fn path(job: &Value) -> String {
    format!("/jobs/query/{}", job["id"].as_str().expect("an id"))
}

fn results(client: &Client, job: &Value, parameters: &str) -> Got {
    client
        .get(&format!("{}/results{parameters}", path(job)))
        .expect(200)
}

fn leads(leads: usize) -> Client {
    Client::with_records(SeedSize {
        leads,
        ..SeedSize::default()
    })
}

#[test]
fn a_query_gives_csv() {
    let client = Client::empty();
    let account = client.create(
        "Account",
        json!({ "Name": "Pell \"&\" Co", "NumberOfEmployees": 12 }),
    );
    let fields = json!({ "LastName": "Byron", "AccountId": account, "Description": "a,\nb", "DoNotCall": true });
    client.create("Contact", fields);
    client.contact("Alone");
    let job = select(
        &client,
        "select LastName, account.name, Description, DoNotCall, Account.NumberOfEmployees, CreatedDate from Contact order by LastName",
    );
    assert_eq!(
        (&job["state"], &job["operation"], &job["object"]),
        (&"UploadComplete".into(), &"query".into(), &"Contact".into())
    );
    assert!(job["contentUrl"].is_null() && job["jobType"].is_null());
    let info = client.get(&path(&job)).expect(200).json();
    assert_eq!(
        (&info["state"], &info["jobType"]),
        (&"JobComplete".into(), &"V2Query".into())
    );
    assert_eq!(
        (
            &info["numberRecordsProcessed"],
            &info["isPkChunkingSupported"]
        ),
        (&2.into(), &true.into())
    );
    let got = results(&client, &job, "");
    assert_eq!(
        (
            got.header("content-type"),
            got.header("sforce-locator"),
            got.header("sforce-numberofrecords")
        ),
        ("text/csv", "null", "2")
    );
    let rows = "\"LastName\",\"Account.Name\",\"Description\",\"DoNotCall\",\"Account.NumberOfEmployees\",\"CreatedDate\"\n\
                \"Alone\",\"\",\"\",\"false\",\"\",\"2026-03-10T09:00:00.000Z\"\n\
                \"Byron\",\"Pell \"\"&\"\" Co\",\"a,\nb\",\"true\",\"12\",\"2026-03-10T09:00:00.000Z\"\n";
    assert_eq!(got.text, rows);
}

#[test]
fn pages_follow_a_locator_and_do_not_change() {
    let client = leads(25);
    let job = select(&client, "SELECT Id FROM Lead ORDER BY Id");
    let (mut pages, mut locator) = (Vec::new(), String::new());
    loop {
        let got = results(&client, &job, &format!("?maxRecords=10{locator}"));
        let next = got.header("sforce-locator").to_owned();
        pages.push((got.header("sforce-numberofrecords").to_owned(), got.text));
        if next == "null" {
            break;
        }
        locator = format!("&locator={next}");
    }
    let counts: Vec<&str> = pages.iter().map(|(count, _)| count.as_str()).collect();
    assert_eq!(counts, ["10", "10", "5"]);
    let rows: String = pages
        .iter()
        .flat_map(|(_, text)| text.split_inclusive('\n').skip(1))
        .collect();
    let whole = results(&client, &job, "").text;
    assert_eq!(whole, format!("\"Id\"\n{rows}"));
    let lead = whole
        .lines()
        .nth(3)
        .expect("a row")
        .trim_matches('"')
        .to_owned();
    client.delete(&format!("/sobjects/Lead/{lead}")).expect(204);
    assert_eq!(
        results(&client, &job, "").text,
        whole,
        "what is written stays"
    );
    for bad in [
        "?locator=nonsense!",
        "?locator=MTAw",
        "?maxRecords=0",
        "?maxRecords=x",
    ] {
        client
            .get(&format!("{}/results{bad}", path(&job)))
            .expect(400);
    }
}

#[test]
fn result_pages_are_addresses() {
    let client = leads(3);
    let job = select(&client, "SELECT Id FROM Lead");
    let pages = client
        .get(&format!("{}/resultPages", path(&job)))
        .expect(200)
        .json();
    assert_eq!(
        (&pages["done"], &pages["nextRecordsUrl"]),
        (&true.into(), &Value::Null)
    );
    let url = pages["resultPages"][0]["resultUrl"]
        .as_str()
        .expect("an address");
    assert_eq!(
        client.get(url).expect(200).text,
        results(&client, &job, "").text
    );
    client
        .post(
            "/services/data/v57.0/jobs/query",
            json!({ "operation": "query", "query": "SELECT Id FROM Lead" }),
        )
        .expect(200);
    client
        .get(&format!("/services/data/v57.0{}/resultPages", path(&job)))
        .expect(404);
}

#[test]
fn results_are_for_the_version_of_the_job() {
    let client = leads(1);
    let job = select(&client, "SELECT Id FROM Lead");
    client
        .get(&format!("/services/data/v61.0{}/results", path(&job)))
        .expect(409);
    client
        .get(&format!("/services/data/v61.0{}", path(&job)))
        .expect(200);
    client
        .get(&format!("/services/data/v46.0{}", path(&job)))
        .expect(404);
}

#[test]
fn rows_are_written_as_the_job_says() {
    let client = Client::empty();
    client.create("Contact", json!({ "LastName": "B", "FirstName": "A" }));
    let delimiters = [
        ("BACKQUOTE", '`'),
        ("CARET", '^'),
        ("COMMA", ','),
        ("PIPE", '|'),
        ("SEMICOLON", ';'),
        ("TAB", '\t'),
    ];
    for (name, mark) in delimiters {
        for (ending, end) in [("LF", "\n"), ("CRLF", "\r\n")] {
            let job = ask(
                &client,
                json!({
                    "operation": "query", "query": "SELECT FirstName, LastName FROM Contact", "contentType": "CSV",
                    "columnDelimiter": name, "lineEnding": ending,
                }),
            );
            assert_eq!(
                (&job["columnDelimiter"], &job["lineEnding"]),
                (&name.into(), &ending.into())
            );
            let expected = format!("\"FirstName\"{mark}\"LastName\"{end}\"A\"{mark}\"B\"{end}");
            assert_eq!(results(&client, &job, "").text, expected);
        }
    }
}

#[test]
fn query_all_reads_deleted_rows() {
    let client = Client::empty();
    let ids = [client.contact("Kept"), client.contact("Gone")];
    client
        .delete(&format!("/sobjects/Contact/{}", ids[1]))
        .expect(204);
    let soql = "SELECT LastName, IsDeleted FROM Contact ORDER BY LastName";
    assert_eq!(
        results(&client, &select(&client, soql), "").header("sforce-numberofrecords"),
        "1"
    );
    let job = ask(&client, json!({ "operation": "queryAll", "query": soql }));
    assert_eq!(
        results(&client, &job, "").text,
        "\"LastName\",\"IsDeleted\"\n\"Gone\",\"true\"\n\"Kept\",\"false\"\n"
    );
}

#[test]
fn queries_that_are_not_allowed_are_refused() {
    let client = Client::empty();
    let refused = |soql: &str| {
        let got = client
            .post(
                "/jobs/query",
                json!({ "operation": "query", "query": soql }),
            )
            .expect(400);
        assert_eq!(got.code(), "API_ERROR", "{soql}");
        got.json()[0]["message"].as_str().expect("text").to_owned()
    };
    assert_eq!(
        refused("SELECT MailingAddress FROM Contact"),
        "Selecting compound data not supported in Bulk Query"
    );
    for soql in [
        "SELECT COUNT() FROM Contact",
        "SELECT MAX(Name) FROM Contact",
        "SELECT Id FROM Contact OFFSET 1",
        "SELECT Name, COUNT(Id) FROM Account GROUP BY Name",
        "SELECT TYPEOF Owner WHEN User THEN Email END FROM Lead",
    ] {
        assert!(
            refused(soql).ends_with("not supported in Bulk Query"),
            "{soql}"
        );
    }
    assert_eq!(
        refused("SELECT Id, (SELECT Id FROM Contacts) FROM Account"),
        "Aggregate Relationships not supported in Bulk V2 Query with CSV content type"
    );
    assert!(
        refused("SELECT Nope FROM Contact").contains("No such column 'Nope' on entity 'Contact'")
    );
    assert!(!refused("").is_empty());
    let insert = json!({ "operation": "insert", "query": "SELECT Id FROM Contact" });
    assert_eq!(
        client.post("/jobs/query", insert).expect(400).code(),
        "INVALIDJOB"
    );
    assert_eq!(
        client
            .call(Method::PUT, "/jobs/query", None, &[])
            .expect(405)
            .code(),
        "METHOD_NOT_ALLOWED"
    );
}

#[test]
fn a_query_can_be_aborted_and_deleted() {
    let client = leads(10);
    client.sandbox.set_bulk_settings(BulkSettings {
        delay_seconds: 5,
        ..BulkSettings::default()
    });
    let job = select(&client, "SELECT Id FROM Lead");
    assert_eq!(
        client.get(&path(&job)).expect(200).json()["state"],
        "InProgress"
    );
    assert_eq!(
        client
            .get(&format!("{}/results", path(&job)))
            .expect(400)
            .code(),
        "INVALIDJOBSTATE"
    );
    assert_eq!(
        client
            .patch(&path(&job), json!({ "state": "UploadComplete" }))
            .expect(400)
            .code(),
        "INVALIDJOBSTATE"
    );
    let aborted = client
        .patch(&path(&job), json!({ "state": "Aborted" }))
        .expect(200)
        .json();
    assert_eq!(aborted["state"], "Aborted");
    client.sandbox.advance(jiff::SignedDuration::from_secs(10));
    assert_eq!(
        client.get(&path(&job)).expect(200).json()["state"],
        "Aborted"
    );
    client.delete(&path(&job)).expect(204);
    client.get(&path(&job)).expect(404);
    client.delete(&path(&job)).expect(404);
}

#[test]
fn queries_use_up_their_allowance() {
    let client = leads(5);
    let job = select(&client, "SELECT Id FROM Lead");
    results(&client, &job, "");
    let limits = client.get("/limits").expect(200).json();
    assert_eq!(limits["DailyBulkV2QueryJobs"]["Remaining"], 9_999);
    assert_eq!(
        limits["DailyBulkV2QueryFileStorageMB"]["Remaining"],
        976_561
    );
    assert_eq!(
        limits["DailyBulkApiBatches"]["Remaining"], 15_000,
        "queries use no batches"
    );
    let list = client.get("/jobs/query").expect(200).json();
    assert_eq!(list["records"][0]["id"], job["id"]);
    assert_eq!(
        client
            .get("/jobs/query?jobType=V2Ingest")
            .expect(200)
            .json()["records"],
        json!([])
    );
}
