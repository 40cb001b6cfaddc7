//! Bulk API 2.0, the life of ingest jobs: uploads, time, orders that are refused, lists.

use http::Method;
use jiff::SignedDuration;
use serde_json::{Value, json};
use tandem_sandbox::BulkSettings;

use crate::{
    bulk::{close, insert, open, path, poll, raw, results, run, upload},
    client::Client,
};

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
