//! Bulk API 2.0, loading: the life of a job, its results, and what is refused.

use bytes::Bytes;
use http::{Method, Request};
use jiff::SignedDuration;
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

fn open(client: &Client, order: Value) -> Value {
    client.post("/jobs/ingest", order).expect(200).json()
}

fn upload(client: &Client, job: &Value, csv: &str) -> Got {
    let url = job["contentUrl"].as_str().expect("an address");
    raw(client, Method::PUT, url, "text/csv", csv)
}

fn path(job: &Value) -> String {
    format!("/jobs/ingest/{}", job["id"].as_str().expect("an id"))
}

fn close(client: &Client, job: &Value) -> Got {
    client.patch(&path(job), json!({ "state": "UploadComplete" }))
}

fn poll(client: &Client, job: &Value) -> Value {
    client.get(&path(job)).expect(200).json()
}

/// A job from its order to its end.
fn run(client: &Client, order: Value, csv: &str) -> Value {
    let job = open(client, order);
    upload(client, &job, csv).expect(201);
    close(client, &job).expect(200);
    poll(client, &job)
}

fn results(client: &Client, job: &Value, part: &str) -> String {
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

fn insert(object: &str) -> Value {
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
fn one_upload_makes_a_job() {
    let client = Client::empty();
    let job = open(&client, insert("Contact"));
    let url = job["contentUrl"].as_str().expect("an address");
    assert_eq!(
        raw(&client, Method::PUT, url, "application/json", "{}")
            .expect(415)
            .code(),
        "UNSUPPORTED_MEDIA_TYPE"
    );
    upload(&client, &job, "LastName\nA\n").expect(201);
    upload(&client, &job, "LastName\nB\n").expect(201);
    let refused = close(&client, &job).expect(400);
    assert_eq!(refused.code(), "INVALIDJOB");
    assert!(
        refused.json()[0]["message"]
            .as_str()
            .expect("text")
            .starts_with("Found multipe contents for job: <750")
    );
    client
        .patch(&path(&job), json!({ "state": "Aborted" }))
        .expect(200);
    assert_eq!(poll(&client, &job)["state"], "Aborted");
    assert_eq!(client.query("SELECT COUNT() FROM Contact")["totalSize"], 0);
    let empty = open(&client, insert("Contact"));
    upload(&client, &empty, "").expect(201);
    close(&client, &empty).expect(200);
    assert_eq!(
        poll(&client, &empty)["state"],
        "JobComplete",
        "nothing to do is no error"
    );
}

#[test]
fn a_small_job_comes_in_one_request() {
    let client = Client::empty();
    let body = "--B\r\nContent-Type: application/json\r\nContent-Disposition: form-data; name=\"job\"\r\n\r\n\
                {\"object\":\"Contact\",\"operation\":\"insert\"}\r\n--B\r\nContent-Type: text/csv\r\n\
                Content-Disposition: form-data; name=\"content\"; filename=\"content\"\r\n\r\nLastName\nByron\n\r\n--B--\r\n";
    let kind = "multipart/form-data; boundary=\"B\"";
    let job = raw(&client, Method::POST, "/jobs/ingest", kind, body)
        .expect(200)
        .json();
    assert_eq!(job["state"], "UploadComplete");
    assert_eq!(poll(&client, &job)["numberRecordsProcessed"], 1);
    let half = body.replace("name=\"content\"", "name=\"other\"");
    assert_eq!(
        raw(&client, Method::POST, "/jobs/ingest", kind, &half)
            .expect(400)
            .code(),
        "INVALID_MULTIPART_REQUEST"
    );
    let long = body.replace("Byron", &"x".repeat(100_000));
    assert_eq!(
        raw(&client, Method::POST, "/jobs/ingest", kind, &long)
            .expect(400)
            .code(),
        "INVALID_MULTIPART_REQUEST"
    );
}

#[test]
fn time_passes_before_a_job_is_complete() {
    let client = Client::empty();
    client.sandbox.set_bulk_settings(BulkSettings {
        delay_seconds: 60,
        ..BulkSettings::default()
    });
    let info = run(&client, insert("Contact"), "LastName\nA\nB\n");
    assert_eq!(
        (&info["state"], &info["numberRecordsProcessed"]),
        (&"InProgress".into(), &2.into())
    );
    assert_eq!(
        client
            .get(&format!("{}/successfulResults", path(&info)))
            .expect(400)
            .code(),
        "INVALIDJOBSTATE"
    );
    assert_eq!(
        client.delete(&path(&info)).expect(400).code(),
        "INVALIDJOBSTATE"
    );
    client.sandbox.advance(SignedDuration::from_secs(59));
    assert_eq!(poll(&client, &info)["state"], "InProgress");
    client.sandbox.advance(SignedDuration::from_secs(1));
    let done = poll(&client, &info);
    assert_eq!(
        (&done["state"], &done["totalProcessingTime"]),
        (&"JobComplete".into(), &60_000.into())
    );
    let abort = client
        .patch(&path(&info), json!({ "state": "Aborted" }))
        .expect(400);
    assert_eq!(
        abort.json(),
        json!([{ "errorCode": "INVALIDJOBSTATE", "message": "Aborting already Completed Job not allowed" }])
    );
    client.delete(&path(&info)).expect(204);
    client.get(&path(&info)).expect(404);
}

#[test]
fn a_long_job_is_done_in_steps_and_can_be_stopped() {
    let client = Client::empty();
    let rows: String = (0..12_000).map(|n| format!("{n}\n")).collect();
    let info = run(&client, insert("Lead"), &format!("LastName\n{rows}"));
    assert_eq!(
        (&info["state"], &info["numberRecordsProcessed"]),
        (&"InProgress".into(), &10_000.into())
    );
    client
        .patch(&path(&info), json!({ "state": "Aborted" }))
        .expect(200);
    let left = results(&client, &info, "unprocessedrecords");
    assert_eq!(left.lines().count(), 2_001);
    assert!(left.starts_with("LastName\n\"10000\"\n"), "{left}");
    let info = poll(&client, &info);
    assert_eq!(
        (&info["state"], &info["numberRecordsProcessed"]),
        (&"Aborted".into(), &10_000.into())
    );
}

#[test]
fn work_goes_on_between_requests() {
    let client = Client::empty();
    let rows: String = (0..2_500).map(|n| format!("N{n},C\n")).collect();
    let job = open(&client, insert("Lead"));
    upload(&client, &job, &format!("LastName,Company\n{rows}")).expect(201);
    assert!(!client.sandbox.work(), "the job is open");
    close(&client, &job).expect(200);
    let steps = std::iter::from_fn(|| client.sandbox.work().then_some(())).count();
    assert_eq!(steps, 3);
    assert_eq!(client.query("SELECT COUNT() FROM Lead")["totalSize"], 2_500);
    let limits = client.get("/limits").expect(200).json();
    assert_eq!(
        limits["DailyBulkApiBatches"],
        json!({ "Max": 15_000, "Remaining": 14_999 })
    );
    assert_eq!(client.sandbox.meter().by_kind["bulk"], 3);
}

#[test]
fn orders_that_make_no_sense_are_refused() {
    let client = Client::empty();
    let refused = |order: Value| {
        let got = client.post("/jobs/ingest", order).expect(400).json();
        format!(
            "{}: {}",
            got[0]["errorCode"].as_str().expect("a code"),
            got[0]["message"].as_str().expect("text")
        )
    };
    assert_eq!(
        refused(insert("Nothing")),
        "INVALIDJOB: Unable to find object: Nothing"
    );
    assert_eq!(
        refused(json!({ "object": "Contact", "operation": "upsert" })),
        "INVALIDJOB: External ID was blank for Contact. An External ID must be specified for upsert."
    );
    let wrong_key =
        json!({ "object": "Contact", "operation": "upsert", "externalIdFieldName": "Title" });
    assert!(
        refused(wrong_key)
            .starts_with("INVALIDJOB: Field name provided, Title does not match an External ID")
    );
    assert_eq!(
        refused(json!({ "object": "Contact", "operation": "query" })),
        "INVALIDJOB: Unsupported operation: query"
    );
    assert!(
        refused(json!({ "object": "Contact", "operation": "insert", "columnDelimiter": "DOT" }))
            .starts_with("JSON_PARSER_ERROR")
    );
    assert!(
        refused(json!({ "object": "Contact", "operation": "insert", "contentType": "JSON" }))
            .starts_with("INVALIDJOB")
    );
    client.get("/jobs/ingest/750000000000000").expect(404);
    client.get("/jobs/ingest/nonsense").expect(404);
    client.get("/jobs/nonsense").expect(404);
    assert_eq!(
        client
            .call(Method::PUT, "/jobs/ingest", None, &[])
            .expect(405)
            .code(),
        "METHOD_NOT_ALLOWED"
    );
    client
        .post("/services/data/v40.0/jobs/ingest", insert("Contact"))
        .expect(404);
}

#[test]
fn jobs_are_listed_page_by_page_and_end_after_a_week() {
    let client = Client::empty();
    for _ in 0..1_001 {
        open(&client, insert("Contact"));
    }
    let first = client.get("/jobs/ingest").expect(200).json();
    assert_eq!(
        (first["records"].as_array().map(Vec::len), &first["done"]),
        (Some(1_000), &false.into())
    );
    let next = first["nextRecordsUrl"].as_str().expect("more");
    let last = client.get(next).expect(200).json();
    assert_eq!(
        (last["records"].as_array().map(Vec::len), &last["done"]),
        (Some(1), &true.into())
    );
    assert_eq!(last["nextRecordsUrl"], Value::Null);
    assert_eq!(
        client
            .get("/jobs/ingest?jobType=Classic")
            .expect(200)
            .json()["records"],
        json!([])
    );
    assert_eq!(
        client
            .get("/jobs/ingest?isPkChunkingEnabled=true")
            .expect(200)
            .json()["records"],
        json!([])
    );
    let refresh = |client: &mut Client| client.token = client.sandbox.credentials("").access_token;
    let mut client = client;
    client.sandbox.advance(SignedDuration::from_hours(24));
    refresh(&mut client);
    let listed = client.get("/jobs/ingest").expect(200).json();
    assert_eq!(
        listed["records"][0]["state"], "Aborted",
        "nobody closed it for a day"
    );
    client.sandbox.advance(SignedDuration::from_hours(6 * 24));
    refresh(&mut client);
    assert_eq!(
        client.get("/jobs/ingest").expect(200).json()["records"],
        json!([])
    );
}
