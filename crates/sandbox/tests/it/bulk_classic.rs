//! Bulk API 1.0 in its three languages.

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};
use tandem_sandbox::BulkSettings;

use crate::client::{Client, Got};

const JSON: &str = "application/json";
const XML: &str = "application/xml; charset=utf-8";

fn call(client: &Client, method: Method, path: &str, kind: &str, body: &str) -> Got {
    let mut request = Request::builder()
        .method(method)
        .uri(format!("/services/async/62.0{path}"))
        .header("x-sfdc-session", &client.token);
    if !kind.is_empty() {
        request = request.header("content-type", kind);
    }
    client.send(
        request
            .body(Bytes::from(body.to_owned()))
            .expect("a request"),
    )
}

fn post(client: &Client, path: &str, body: &Value) -> Got {
    call(client, Method::POST, path, JSON, &body.to_string())
}

fn get(client: &Client, path: &str) -> Got {
    call(client, Method::GET, path, JSON, "")
}

/// The text of the first element of this name.
fn element<'t>(xml: &'t str, name: &str) -> &'t str {
    let start = xml
        .find(&format!("<{name}>"))
        .unwrap_or_else(|| panic!("{name} in {xml}"))
        + name.len()
        + 2;
    xml[start..].split('<').next().unwrap_or_default()
}

fn open_json(client: &Client, order: Value) -> String {
    let job = post(client, "/job", &order).expect(201).json();
    format!("/job/{}", job["id"].as_str().expect("an id"))
}

#[test]
fn records_are_loaded_in_json() {
    let client = Client::empty();
    let account = client.create("Account", json!({ "Name": "Pell", "ExtId__c": "a-1" }));
    let job = open_json(
        &client,
        json!({ "operation": "insert", "object": "Contact", "contentType": "JSON" }),
    );
    let records = json!([
        { "LastName": "Byron", "DoNotCall": true, "Account": { "ExtId__c": "a-1" } },
        { "FirstName": "Nobody", "attributes": { "type": "Contact" } },
    ]);
    let batch = post(&client, &format!("{job}/batch"), &records)
        .expect(201)
        .json();
    assert_eq!(
        (&batch["state"], &batch["stateMessage"]),
        (&"Queued".into(), &Value::Null)
    );
    let closed = post(&client, &job, &json!({ "state": "Closed" }))
        .expect(200)
        .json();
    assert_eq!(closed["state"], "Closed");
    let path = format!("{job}/batch/{}", batch["id"].as_str().expect("an id"));
    let done = get(&client, &path).expect(200).json();
    assert_eq!(
        (
            &done["state"],
            &done["numberRecordsProcessed"],
            &done["numberRecordsFailed"]
        ),
        (&"Completed".into(), &2.into(), &1.into())
    );
    let results = get(&client, &format!("{path}/result")).expect(200).json();
    let id = results[0]["id"].as_str().expect("an id");
    assert_eq!(client.field("Contact", id, "AccountId"), account.as_str());
    assert_eq!(
        results[0],
        json!({ "success": true, "created": true, "id": id, "errors": [] })
    );
    assert_eq!(
        results[1],
        json!({ "success": false, "created": false, "id": null, "errors": [{
            "statusCode": "REQUIRED_FIELD_MISSING", "message": "Required fields are missing: [LastName]", "fields": ["LastName"],
        }] })
    );
    let info = get(&client, &job).expect(200).json();
    assert_eq!(
        (
            &info["numberBatchesTotal"],
            &info["numberBatchesCompleted"],
            &info["apiVersion"]
        ),
        (&1.into(), &1.into(), &62.0.into())
    );
    let list = get(&client, &format!("{job}/batch")).expect(200).json();
    assert_eq!(list["batchInfo"][0], done);
    assert_eq!(
        get(&client, &format!("{path}/request")).expect(200).json(),
        records
    );
}

#[test]
fn records_are_loaded_in_csv_and_asked_about_in_xml() {
    let client = Client::empty();
    let order = "\n<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<jobInfo xmlns=\"http://www.force.com/2009/06/asyncapi/dataload\">\
                 <operation>upsert</operation><object>Contact</object><externalIdFieldName>Id</externalIdFieldName>\
                 <concurrencyMode>Serial</concurrencyMode><contentType>CSV</contentType></jobInfo>";
    let job = call(&client, Method::POST, "/job", XML, order).expect(201);
    assert_eq!(job.header("content-type"), "application/xml");
    assert!(
        job.text
            .starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?><jobInfo xmlns="),
        "{}",
        job.text
    );
    assert_eq!(
        (
            element(&job.text, "concurrencyMode"),
            element(&job.text, "createdDate")
        ),
        ("Serial", "2026-03-10T09:00:00.000Z")
    );
    let job = format!("/job/{}", element(&job.text, "id"));
    let known = client.contact("Old");
    let csv =
        format!("\"LastName\",\"Id\"\r\n\"Fresh\",\"\"\r\n\"New\",\"{known}\"\r\n\"\",\"\"\r\n");
    let batch = call(
        &client,
        Method::POST,
        &format!("{job}/batch"),
        "text/csv",
        &csv,
    )
    .expect(201);
    let path = format!("{job}/batch/{}", element(&batch.text, "id"));
    let done = call(&client, Method::GET, &path, "", "").expect(200);
    assert_eq!(
        (
            element(&done.text, "state"),
            element(&done.text, "numberRecordsFailed")
        ),
        ("Completed", "1")
    );
    assert!(!done.text.contains("stateMessage"));
    let results = call(&client, Method::GET, &format!("{path}/result"), "", "").expect(200);
    assert_eq!(results.header("content-type"), "text/csv");
    let lines: Vec<&str> = results.text.lines().collect();
    assert_eq!(lines[0], "\"Id\",\"Success\",\"Created\",\"Error\"");
    assert!(lines[1].ends_with("\",\"true\",\"true\",\"\""));
    assert_eq!(lines[2], format!("\"{known}\",\"true\",\"false\",\"\""));
    assert_eq!(
        lines[3],
        "\"\",\"false\",\"false\",\"REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --\""
    );
    let list = call(&client, Method::GET, &format!("{job}/batch"), "", "").expect(200);
    assert!(
        list.text.contains("<batchInfoList xmlns=") && list.text.contains(&path[path.len() - 18..])
    );
}

#[test]
fn records_are_loaded_in_xml() {
    let client = Client::empty();
    client.create("Account", json!({ "Name": "Pell", "ExtId__c": "a-1" }));
    let id = client.create(
        "Contact",
        json!({ "LastName": "Byron", "Title": "Dr", "Phone": "1" }),
    );
    let order = "<jobInfo><operation>update</operation><object>Contact</object></jobInfo>";
    let job = call(&client, Method::POST, "/job", XML, order).expect(201);
    assert_eq!(element(&job.text, "contentType"), "XML");
    let job = format!("/job/{}", element(&job.text, "id"));
    let body = format!(
        "<sObjects xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><sObject><Id>{id}</Id><LastName>O&amp;B</LastName>\
         <Title></Title><Phone xsi:nil=\"true\"/><Account><sObject><ExtId__c>a-1</ExtId__c></sObject></Account></sObject>\
         <sObject><LastName>x</LastName></sObject></sObjects>"
    );
    let batch = call(&client, Method::POST, &format!("{job}/batch"), XML, &body).expect(201);
    let path = format!("{job}/batch/{}", element(&batch.text, "id"));
    call(&client, Method::GET, &path, XML, "").expect(200);
    let results = call(&client, Method::GET, &format!("{path}/result"), XML, "")
        .expect(200)
        .text;
    assert!(
        results.contains(&format!(
            "<result><id>{id}</id><success>true</success><created>false</created></result>"
        )),
        "{results}"
    );
    assert!(
        results
            .contains("<statusCode>MISSING_ARGUMENT</statusCode></errors><success>false</success>"),
        "{results}"
    );
    assert_eq!(client.field("Contact", &id, "LastName"), "O&B");
    assert_eq!(
        (
            client.field("Contact", &id, "Title"),
            client.field("Contact", &id, "Phone")
        ),
        ("Dr".into(), Value::Null)
    );
    let account = client.query("SELECT Account.Name FROM Contact WHERE LastName = 'O&B'");
    assert_eq!(account["records"][0]["Account"]["Name"], "Pell");
}

fn query(client: &Client, content_type: &str, soql: &str) -> (String, Value) {
    let order = json!({ "operation": "query", "object": "Contact", "contentType": content_type });
    let job = open_json(client, order);
    let kind = if content_type == "CSV" {
        "text/csv"
    } else {
        JSON
    };
    let batch = call(client, Method::POST, &format!("{job}/batch"), kind, soql).expect(201);
    let id = if content_type == "JSON" {
        batch.json()["id"].as_str().expect("an id").to_owned()
    } else {
        batch.json()["id"]
            .as_str()
            .map_or_else(|| element(&batch.text, "id").to_owned(), str::to_owned)
    };
    let path = format!("{job}/batch/{id}");
    let done = get(client, &path).expect(200).json();
    (path, done)
}

#[test]
fn queries_give_results_in_each_language() {
    let client = Client::empty();
    let account = client.create("Account", json!({ "Name": "Pell" }));
    client.create(
        "Contact",
        json!({ "LastName": "Byron", "Birthdate": "1970-01-02", "AccountId": account }),
    );
    client.contact("Alone");
    let soql =
        "SELECT LastName, Birthdate, CreatedDate, Account.Name FROM Contact ORDER BY LastName";
    let result = |content_type: &str| {
        let (path, done) = query(&client, content_type, soql);
        assert_eq!(
            (&done["state"], &done["numberRecordsProcessed"]),
            (&"Completed".into(), &2.into())
        );
        let list = get(&client, &format!("{path}/result")).expect(200).json();
        let id = list[0].as_str().expect("an id").to_owned();
        assert!(id.starts_with("752"), "{id}");
        let xml = call(&client, Method::GET, &format!("{path}/result"), XML, "")
            .expect(200)
            .text;
        assert!(xml.contains(&format!("<result-list xmlns=\"http://www.force.com/2009/06/asyncapi/dataload\"><result>{id}</result>")));
        get(&client, &format!("{path}/result/{id}")).expect(200)
    };
    let csv = result("CSV");
    assert_eq!(csv.header("content-type"), "text/csv");
    assert_eq!(
        csv.text,
        "\"LastName\",\"Birthdate\",\"CreatedDate\",\"Account.Name\"\n\"Alone\",\"\",\"2026-03-10T09:00:00.000Z\",\"\"\n\
         \"Byron\",\"1970-01-02\",\"2026-03-10T09:00:00.000Z\",\"Pell\"\n"
    );
    let rows = result("JSON").json();
    assert_eq!(
        (&rows[0]["Birthdate"], &rows[0]["Account"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(
        (&rows[1]["Birthdate"], &rows[1]["CreatedDate"]),
        (&86_400_000.into(), &1_773_133_200_000_u64.into())
    );
    assert_eq!(
        (&rows[1]["Account"]["Name"], &rows[1]["attributes"]["type"]),
        (&"Pell".into(), &"Contact".into())
    );
    let xml = result("XML").text;
    assert!(
        xml.contains("<records xsi:type=\"sObject\"><type>Contact</type>")
            && xml.ends_with("</records></queryResult>")
            && xml.matches("<?xml").count() == 1,
        "{xml}"
    );
    assert!(
        xml.contains(
            "<Account xsi:type=\"sObject\"><type>Account</type><Name>Pell</Name></Account>"
        ),
        "{xml}"
    );
    assert_eq!(
        (
            element(&xml, "CreatedDate"),
            xml.matches("<Birthdate xsi:nil=\"true\"/>").count()
        ),
        ("2026-03-10T09:00:00.000Z", 1)
    );
}

#[test]
fn a_query_without_rows_has_a_result() {
    let client = Client::empty();
    for (content_type, expected) in [("CSV", "\"Id\"\n"), ("JSON", "[]")] {
        let (path, done) = query(&client, content_type, "SELECT Id FROM Contact");
        assert_eq!(done["state"], "Completed");
        let list = get(&client, &format!("{path}/result")).expect(200).json();
        let id = list[0].as_str().expect("an id");
        assert_eq!(
            get(&client, &format!("{path}/result/{id}"))
                .expect(200)
                .text,
            expected
        );
        assert_eq!(
            get(&client, &format!("{path}/result/752000000000000"))
                .expect(400)
                .json()["exceptionCode"],
            "InvalidUrl"
        );
    }
}

#[test]
fn bad_queries_fail_their_batch() {
    let client = Client::empty();
    let message = |soql: &str| {
        let (path, done) = query(&client, "JSON", soql);
        assert_eq!(done["state"], "Failed");
        assert_eq!(
            get(&client, &format!("{path}/result")).expect(400).json()["exceptionCode"],
            "InvalidBatch"
        );
        done["stateMessage"].as_str().expect("text").to_owned()
    };
    assert_eq!(
        message("SELECT MailingAddress FROM Contact"),
        "InvalidBatch : Failed to process query: FUNCTIONALITY_NOT_ENABLED: Selecting compound data not supported in Bulk Query"
    );
    assert_eq!(
        message("SELECT Id FROM Account"),
        "InvalidBatch : Failed to process query: INVALID_TYPE_FOR_OPERATION: The root entity of the requested query \
         (Account) does not match the entity of the requested Bulk API Job (Contact)."
    );
    assert!(
        message("SELECT Nope FROM Contact")
            .starts_with("InvalidBatch : Failed to process query: INVALID_FIELD: ")
    );
    assert!(
        message("nonsense")
            .starts_with("InvalidBatch : Failed to process query: MALFORMED_QUERY: ")
    );
}

#[test]
fn a_mode_may_be_a_number() {
    let client = Client::empty();
    for (mode, name) in [
        (json!(1), "Serial"),
        (json!("Serial"), "Serial"),
        (json!(0), "Parallel"),
    ] {
        let order = json!({ "operation": "insert", "object": "Contact", "concurrencyMode": mode });
        assert_eq!(
            post(&client, "/job", &order).expect(201).json()["concurrencyMode"],
            name
        );
    }
}

#[test]
fn a_bad_column_fails_its_batch_and_no_other() {
    let client = Client::empty();
    let job = open_json(
        &client,
        json!({ "operation": "insert", "object": "Contact", "contentType": "CSV" }),
    );
    let add = |csv: &str| {
        let batch = call(
            &client,
            Method::POST,
            &format!("{job}/batch"),
            "text/csv",
            csv,
        )
        .expect(201);
        format!("{job}/batch/{}", element(&batch.text, "id"))
    };
    let (bad, good) = (add("LastName,Nope\nA,B\n"), add("LastName\nA\n"));
    let failed = get(&client, &bad).expect(200).json();
    assert_eq!(
        (&failed["state"], &failed["stateMessage"]),
        (
            &"Failed".into(),
            &"InvalidBatch : Field name not found : Nope".into()
        )
    );
    assert_eq!(get(&client, &good).expect(200).json()["state"], "Completed");
    let info = get(&client, &job).expect(200).json();
    assert_eq!(
        (
            &info["state"],
            &info["numberBatchesFailed"],
            &info["numberBatchesTotal"]
        ),
        (&"Open".into(), &1.into(), &2.into())
    );
}

#[test]
fn sessions_and_addresses_are_checked() {
    let client = Client::empty();
    let stranger = Client {
        token: "nobody".to_owned(),
        ..Client::empty()
    };
    let got = post(&stranger, "/job", &json!({})).expect(400);
    assert_eq!(
        got.json(),
        json!({ "exceptionCode": "InvalidSessionId", "exceptionMessage": "Invalid session id" })
    );
    let got = call(&stranger, Method::GET, "/job/x", "", "")
        .expect(400)
        .text;
    assert!(
        got.contains("<error xmlns=")
            && got.contains("<exceptionCode>InvalidSessionId</exceptionCode>"),
        "{got}"
    );
    let code = |got: Got| {
        got.expect(400).json()["exceptionCode"]
            .as_str()
            .expect("a code")
            .to_owned()
    };
    assert_eq!(code(get(&client, "/job/750000000000000")), "InvalidJob");
    assert_eq!(code(get(&client, "/nothing")), "InvalidUrl");
    assert_eq!(
        code(client.call(
            Method::GET,
            "/services/async/1.0/job",
            None,
            &[("accept", JSON)]
        )),
        "InvalidVersion"
    );
    let bearer = client.call(
        Method::GET,
        "/services/async/62.0/job/x",
        None,
        &[("accept", JSON)],
    );
    assert_eq!(code(bearer), "InvalidJob", "a bearer token will do");
    assert_eq!(client.sandbox.meter().by_kind["bulk"], 4);
}

#[test]
fn orders_that_make_no_sense_are_refused() {
    let client = Client::empty();
    let refused = |body: &Value| {
        let got = post(&client, "/job", body).expect(400).json();
        format!(
            "{}: {}",
            got["exceptionCode"].as_str().expect("a code"),
            got["exceptionMessage"].as_str().expect("text")
        )
    };
    assert_eq!(
        refused(&json!({ "operation": "insert", "object": "Nope" })),
        "InvalidJob: Unable to find object: Nope"
    );
    assert_eq!(
        refused(&json!({ "operation": "upsert", "object": "Contact", "contentType": "CSV" })),
        "InvalidJob: External ID was blank for Contact. An External ID must be specified for upsert."
    );
    assert!(
        refused(&json!({ "operation": "merge", "object": "Contact" })).starts_with("InvalidJob: ")
    );
    assert!(
        refused(&json!({ "operation": "insert", "object": "Contact", "contentType": "ZIP_CSV" }))
            .starts_with("InvalidJob: ")
    );
    assert!(refused(&json!([1])).starts_with("InvalidJob: Unable to parse Job"));
    let job = open_json(
        &client,
        json!({ "operation": "insert", "object": "Contact", "contentType": "JSON" }),
    );
    let add = |body: &Value| post(&client, &format!("{job}/batch"), body);
    assert_eq!(
        add(&json!("x")).expect(400).json()["exceptionCode"],
        "InvalidBatch"
    );
    let many = vec![json!({}); 10_001];
    assert_eq!(
        add(&json!(many)).expect(400).json()["exceptionCode"],
        "InvalidBatch"
    );
    client.sandbox.set_bulk_settings(BulkSettings {
        delay_seconds: 9,
        ..BulkSettings::default()
    });
    let batch = add(&json!([{ "LastName": "A" }])).expect(201).json();
    let aborted = post(&client, &job, &json!({ "state": "Aborted" }))
        .expect(200)
        .json();
    assert_eq!(
        (&aborted["state"], &aborted["numberBatchesTotal"]),
        (&"Aborted".into(), &1.into())
    );
    let path = format!("{job}/batch/{}", batch["id"].as_str().expect("an id"));
    assert_eq!(
        get(&client, &path).expect(200).json()["state"],
        "NotProcessed"
    );
    assert_eq!(
        add(&json!([])).expect(400).json()["exceptionCode"],
        "InvalidJobState"
    );
    assert_eq!(
        post(&client, &job, &json!({ "state": "Closed" }))
            .expect(400)
            .json()["exceptionCode"],
        "InvalidJobState"
    );
}
