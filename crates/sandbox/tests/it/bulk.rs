//! Bulk API 2.0, loading: the life of a job, its results, and what is refused.

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};
use tandem_sandbox::{BulkSettings, world::FieldRights};

use crate::client::{BASE, Client, Got};

/// Sends a body that is not JSON.
pub(crate) fn raw(client: &Client, method: Method, path: &str, kind: &str, body: &str) -> Got {
    let target = match path.strip_prefix('/') {
        Some(path) if !path.starts_with("services") => format!("{BASE}/{path}"),
        Some(path) => format!("/{path}"),
        None => format!("/{path}"),
    };
    let request = Request::builder()
        .method(method)
        .uri(target)
        .header("authorization", format!("Bearer {}", client.token))
        .header("content-type", kind);
    client.send(
        request
            .body(Bytes::from(body.to_owned()))
            .expect("a request"),
    )
}

pub(crate) fn open(client: &Client, order: Value) -> Value {
    client.post("/jobs/ingest", order).expect(200).json()
}

pub(crate) fn upload(client: &Client, job: &Value, csv: &str) -> Got {
    let url = job["contentUrl"].as_str().expect("an address");
    raw(client, Method::PUT, url, "text/csv", csv)
}

pub(crate) fn path(job: &Value) -> String {
    format!("/jobs/ingest/{}", job["id"].as_str().expect("an id"))
}

pub(crate) fn close(client: &Client, job: &Value) -> Got {
    client.patch(&path(job), json!({ "state": "UploadComplete" }))
}

pub(crate) fn poll(client: &Client, job: &Value) -> Value {
    client.get(&path(job)).expect(200).json()
}

/// A job from its order to its end.
pub(crate) fn run(client: &Client, order: Value, csv: &str) -> Value {
    let job = open(client, order);
    upload(client, &job, csv).expect(201);
    close(client, &job).expect(200);
    poll(client, &job)
}

pub(crate) fn results(client: &Client, job: &Value, part: &str) -> String {
    client
        .get(&format!("{}/{part}", path(job)))
        .expect(200)
        .text
}

fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect()
}

pub(crate) fn insert(object: &str) -> Value {
    json!({ "object": object, "operation": "insert" })
}

#[test]
fn a_job_loads_what_it_can() {
    let client = Client::empty();
    let csv = "FirstName,LastName,Birthdate\nAda,Byron,1815-12-10\nMary,,\n\"Jo \"\"X\"\"\",Quill,1799-13-01\n";
    let job = open(&client, insert("contact"));
    assert_eq!(
        (&job["state"], &job["object"], &job["apiVersion"]),
        (&"Open".into(), &"Contact".into(), &62.0.into())
    );
    assert_eq!(
        job["contentUrl"],
        format!("services/data/v62.0{}/batches", path(&job))
    );
    assert!(upload(&client, &job, csv).expect(201).text.is_empty());
    let closed = close(&client, &job).expect(200).json();
    assert_eq!(closed["state"], "UploadComplete");
    let info = poll(&client, &job);
    assert_eq!(
        info["state"], "JobComplete",
        "bad rows do not make a job fail"
    );
    assert_eq!(
        (
            &info["numberRecordsProcessed"],
            &info["numberRecordsFailed"]
        ),
        (&3.into(), &2.into())
    );
    let id = client.query("SELECT Id FROM Contact")["records"][0]["Id"]
        .as_str()
        .expect("an id")
        .to_owned();
    assert_eq!(
        results(&client, &job, "successfulResults/"),
        format!(
            "\"sf__Id\",\"sf__Created\",FirstName,LastName,Birthdate\n\"{id}\",\"true\",\"Ada\",\"Byron\",\"1815-12-10\"\n"
        )
    );
    assert_eq!(
        results(&client, &job, "failedResults"),
        "\"sf__Id\",\"sf__Error\",FirstName,LastName,Birthdate\n\
         \"\",\"REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --\",\"Mary\",\"\",\"\"\n\
         \"\",\"INVALID_FIELD:Failed to deserialize field at col 2. Due to, '1799-13-01' is not a valid value for the \
         type xsd:date:Birthdate --\",\"Jo \"\"X\"\"\",\"Quill\",\"1799-13-01\"\n"
    );
    assert_eq!(
        results(&client, &job, "unprocessedrecords/"),
        "FirstName,LastName,Birthdate\n"
    );
}

#[test]
fn job_infos_have_the_recorded_keys() {
    let client = Client::empty();
    let order =
        json!({ "object": "Account", "operation": "upsert", "externalIdFieldName": "extid__c" });
    let job = open(&client, order);
    let created = [
        "apiVersion",
        "columnDelimiter",
        "concurrencyMode",
        "contentType",
        "contentUrl",
        "createdById",
        "createdDate",
        "externalIdFieldName",
        "id",
        "lineEnding",
        "object",
        "operation",
        "state",
        "systemModstamp",
    ];
    assert_eq!(keys(&job), created);
    assert_eq!(job["externalIdFieldName"], "ExtId__c");
    let changed = close(&client, &job).expect(200).json();
    let left_out = ["columnDelimiter", "contentUrl", "lineEnding"];
    assert!(left_out.iter().all(|key| changed[key].is_null()));
    assert_eq!(keys(&changed).len(), created.len() - left_out.len());
    let asked = poll(&client, &job);
    for key in [
        "jobType",
        "retries",
        "totalProcessingTime",
        "apiActiveProcessingTime",
        "apexProcessingTime",
    ] {
        assert!(!asked[key].is_null(), "{key}");
    }
    assert_eq!(
        (&asked["state"], &asked["jobType"]),
        (&"JobComplete".into(), &"V2Ingest".into())
    );
    assert!(asked["contentUrl"].is_null() && asked["errorMessage"].is_null());
}

#[test]
fn an_unknown_column_fails_the_job() {
    let client = Client::empty();
    let info = run(
        &client,
        insert("Contact"),
        "LastName,Stage_on_purpose\nByron,x\n",
    );
    assert_eq!(info["state"], "Failed");
    assert_eq!(
        info["errorMessage"],
        "InvalidBatch : Field name not found : Stage_on_purpose"
    );
    assert_eq!(
        (
            &info["numberRecordsProcessed"],
            &info["numberRecordsFailed"]
        ),
        (&0.into(), &0.into())
    );
    assert_eq!(
        results(&client, &info, "unprocessedrecords"),
        "LastName,Stage_on_purpose\n\"Byron\",\"x\"\n"
    );
    assert_eq!(
        results(&client, &info, "failedResults"),
        "\"sf__Id\",\"sf__Error\",LastName,Stage_on_purpose\n"
    );
    let update = json!({ "object": "Contact", "operation": "update" });
    assert_eq!(
        run(&client, update, "LastName\nByron\n")["errorMessage"],
        "InvalidBatch : Field name not found : Id"
    );
    let user = client.sandbox.connector_user();
    let hidden = FieldRights {
        read: false,
        edit: false,
    };
    client
        .sandbox
        .world(|world| world.set_field_rights(user, "Contact", "Title", hidden))
        .expect("a field");
    assert_eq!(
        run(&client, insert("Contact"), "LastName,Title\nByron,Dr\n")["errorMessage"],
        "InvalidBatch : Field name not found : Title"
    );
}

#[test]
fn empty_cells_are_ignored_and_na_is_null() {
    let client = Client::empty();
    let id = client.create(
        "Contact",
        json!({ "LastName": "Byron", "Title": "Dr", "Phone": "1" }),
    );
    let csv = format!("Id,Title,Phone\n{id},,#N/A\n");
    let info = run(
        &client,
        json!({ "object": "Contact", "operation": "update" }),
        &csv,
    );
    assert_eq!(info["numberRecordsFailed"], 0);
    assert_eq!(client.field("Contact", &id, "Title"), "Dr");
    assert_eq!(client.field("Contact", &id, "Phone"), Value::Null);
    assert!(
        results(&client, &info, "successfulResults")
            .contains(&format!("\"{id}\",\"false\",\"{id}\",\"\",\"#N/A\""))
    );
}

#[test]
fn upsert_creates_and_updates() {
    let client = Client::empty();
    let known = client.create("Account", json!({ "Name": "Pell", "ExtId__c": "a-1" }));
    let order =
        json!({ "object": "Account", "operation": "upsert", "externalIdFieldName": "ExtId__c" });
    let info = run(
        &client,
        order,
        "ExtId__c,Name\na-1,Pell & Co\na-2,Quill\n,Nobody\na-2,Again\n",
    );
    assert_eq!(
        (
            &info["numberRecordsProcessed"],
            &info["numberRecordsFailed"]
        ),
        (&4.into(), &2.into())
    );
    let good = results(&client, &info, "successfulResults");
    assert!(
        good.contains(&format!("\"{known}\",\"false\",\"a-1\""))
            && good.contains("\"true\",\"a-2\""),
        "{good}"
    );
    let bad = results(&client, &info, "failedResults");
    assert!(
        bad.contains("MISSING_ARGUMENT:ExtId__c not specified: --"),
        "{bad}"
    );
    assert!(
        bad.contains("DUPLICATE_VALUE:Duplicate external id specified: a-2:ExtId__c --"),
        "{bad}"
    );
    let order = json!({ "object": "Account", "operation": "upsert", "externalIdFieldName": "Id" });
    let info = run(&client, order, &format!("Id,Name\n{known},Pell\n,Fresh\n"));
    assert_eq!(
        info["numberRecordsFailed"], 0,
        "a record without an id is new"
    );
    assert_eq!(client.query("SELECT COUNT() FROM Account")["totalSize"], 3);
}

#[test]
fn records_are_deleted_into_the_bin_or_past_it() {
    let client = Client::empty();
    let ids = ["One", "Two", "Three"].map(|name| client.contact(name));
    let delete = json!({ "object": "Contact", "operation": "delete" });
    let info = run(
        &client,
        delete,
        &format!("Id\n{}\n{}\nnonsense\n", ids[0], ids[0]),
    );
    assert_eq!(info["numberRecordsFailed"], 2);
    let bad = results(&client, &info, "failedResults");
    assert!(
        bad.contains("DUPLICATE_VALUE:duplicate id in list") && bad.contains("MALFORMED_ID:"),
        "{bad}"
    );
    let hard = json!({ "object": "Contact", "operation": "hardDelete" });
    assert_eq!(
        run(&client, hard.clone(), &format!("Id\n{}\n", ids[1]))["numberRecordsFailed"],
        0
    );
    let all = client
        .get("/queryAll?q=SELECT+Id+FROM+Contact")
        .expect(200)
        .json();
    let left: Vec<&str> = all["records"]
        .as_array()
        .expect("rows")
        .iter()
        .filter_map(|row| row["Id"].as_str())
        .collect();
    assert_eq!(left, [&ids[0], &ids[2]], "the hard deleted one is gone");
    client.sandbox.set_bulk_settings(BulkSettings {
        hard_delete: false,
        ..BulkSettings::default()
    });
    assert_eq!(
        client.post("/jobs/ingest", hard).expect(400).code(),
        "FEATURENOTENABLED"
    );
}

#[test]
fn parents_are_named_by_their_keys() {
    let client = Client::empty();
    let account = client.create("Account", json!({ "Name": "Pell", "ExtId__c": "a-1" }));
    let boss = client.create(
        "Contact",
        json!({ "LastName": "Boss", "Email": "boss@pell.example" }),
    );
    let csv = "LastName,Account.ExtId__c,ReportsTo.Email\nOne,a-1,boss@pell.example\nTwo,a-9,\nThree,,#N/A\n";
    let info = run(&client, insert("Contact"), csv);
    assert_eq!(info["numberRecordsFailed"], 1);
    let bad = results(&client, &info, "failedResults");
    assert!(
        bad.contains("Foreign key external ID: a-9 not found for field ExtId__c in entity Account"),
        "{bad}"
    );
    let rows = client.query("SELECT AccountId, ReportsToId FROM Contact WHERE LastName = 'One'");
    assert_eq!(rows["records"][0]["AccountId"], account.as_str());
    assert_eq!(rows["records"][0]["ReportsToId"], boss.as_str());
    for column in ["Account.Name", "Nothing.ExtId__c", "Account.", "."] {
        let info = run(
            &client,
            insert("Contact"),
            &format!("LastName,{column}\nx,y\n"),
        );
        assert_eq!(
            info["errorMessage"],
            format!("InvalidBatch : Field name not found : {column}")
        );
    }
}

#[test]
fn rows_are_read_strictly() {
    let client = Client::empty();
    let csv = "FirstName,LastName\nAda, Byron\n\"Ada\" ,Byron\nAda\nAda,Byron,x\nAda,Last\n";
    let info = run(&client, insert("Contact"), csv);
    assert_eq!(
        (
            &info["numberRecordsProcessed"],
            &info["numberRecordsFailed"]
        ),
        (&5.into(), &3.into())
    );
    let bad = results(&client, &info, "failedResults");
    assert_eq!(bad.matches("Failed to parse CSV row").count(), 3, "{bad}");
    let wrong = run(&client, insert("Contact"), "LastName\r\nByron\r\n");
    assert_eq!(
        wrong["errorMessage"],
        "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF"
    );
    let marked = run(&client, insert("Contact"), "\u{feff}LastName\nByron\n");
    assert_eq!(
        marked["errorMessage"],
        "InvalidBatch : Field name not found : \u{feff}LastName"
    );
}

#[test]
fn every_delimiter_and_line_ending_is_understood() {
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
            let client = Client::empty();
            let order = json!({
                "object": "Contact", "operation": "insert", "columnDelimiter": name, "lineEnding": ending,
            });
            let info = run(
                &client,
                order,
                &format!("FirstName{mark}LastName{end}A{mark}B{end}"),
            );
            assert_eq!(
                (&info["state"], &info["numberRecordsFailed"]),
                (&"JobComplete".into(), &0.into()),
                "{name}"
            );
            let good = results(&client, &info, "successfulResults");
            let head = format!("\"sf__Id\"{mark}\"sf__Created\"{mark}FirstName{mark}LastName{end}");
            assert!(
                good.starts_with(&head) && good.ends_with(&format!("\"A\"{mark}\"B\"{end}")),
                "{good}"
            );
        }
    }
}

#[test]
fn an_assignment_rule_runs_when_the_job_names_it() {
    let client = Client::empty();
    let owner = client.sandbox.world(|world| world.admin_id());
    client.sandbox.set_lead_assignee(Some(owner));
    let csv = "LastName,Company,Rating\nByron,Pell,\n";
    let load = |order: Value| {
        let info = run(&client, order, csv);
        assert_eq!(info["state"], "JobComplete", "{info}");
        info
    };
    load(insert("Lead"));
    let named =
        json!({ "object": "Lead", "operation": "insert", "assignmentRuleId": "01QTd0000000001" });
    assert_eq!(load(named)["numberRecordsFailed"], 0);
    let unknown =
        json!({ "object": "Lead", "operation": "insert", "assignmentRuleId": "01QTd0000000002" });
    assert_eq!(load(unknown)["numberRecordsFailed"], 1);
    let rows = client.query("SELECT OwnerId FROM Lead ORDER BY Id");
    let connector = client.sandbox.connector_user().to_string();
    assert_eq!(rows["records"][0]["OwnerId"], connector);
    assert_eq!(rows["records"][1]["OwnerId"], owner.to_string());
    assert_eq!(rows["totalSize"], 2);
}

#[test]
fn an_upsert_by_ids_without_their_column_creates() {
    let client = Client::empty();
    let order = json!({ "object": "Contact", "operation": "upsert", "externalIdFieldName": "Id" });
    let info = run(&client, order, "LastName\nOne\nTwo\n");
    assert_eq!(
        (
            &info["numberRecordsProcessed"],
            &info["numberRecordsFailed"]
        ),
        (&json!(2), &json!(0))
    );
    assert_eq!(client.query("SELECT COUNT() FROM Contact")["totalSize"], 2);
}
