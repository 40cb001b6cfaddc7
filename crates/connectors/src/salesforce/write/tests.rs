//! Writes over canned answers.

use crate::http::TransportError;
use crate::salesforce::testing::{composite, connector, json_answer};
use jiff::Timestamp;
use tandem_core::connector::{
    Connector as _, ConnectorError, Reply, WriteOp, WriteOutcome, WriteRequest,
};
use tandem_core::error::ErrorClass;
use tandem_core::ids::{CrmId, CrmObject, IntentId};
use tandem_core::value::Value;

type Answer = Result<http::Response<bytes::Bytes>, TransportError>;

fn lead_id(number: usize) -> CrmId {
    crate::salesforce::canonical_id(&format!("00Q{number:012}")).expect("an id")
}

fn request(op: WriteOp) -> WriteRequest {
    WriteRequest {
        intent: IntentId(1),
        op,
        fields: [("LastName".to_owned(), Value::text("Berg"))].into(),
        unmodified_since: None,
    }
}

fn update(number: usize) -> WriteRequest {
    request(WriteOp::Update {
        id: lead_id(number),
    })
}

fn keyed(key: &str) -> WriteRequest {
    request(WriteOp::Create {
        key: Some(("ExtId__c".into(), key.into())),
    })
}

fn bare() -> WriteRequest {
    request(WriteOp::Create { key: None })
}

fn row(number: usize, name: &str) -> String {
    format!(
        r#"{{"Id":"{}","SystemModstamp":"2026-03-10T08:00:00.000+0000","LastName":"{name}"}}"#,
        lead_id(number)
    )
}

fn rows(rows: &[String]) -> String {
    let (total, rows) = (rows.len(), rows.join(","));
    format!(r#"{{"totalSize":{total},"done":true,"records":[{rows}]}}"#)
}

fn saved(number: usize) -> String {
    let id = lead_id(number);
    format!(r#"{{"id":"{id}","success":true,"errors":[]}}"#)
}

fn list(results: &[String]) -> String {
    format!("[{}]", results.join(","))
}

const REFUSED: &str = r#"{"success":false,"errors":[{"statusCode":"STRING_TOO_LONG","message":"too large","fields":["LastName"]}]}"#;

struct Written {
    result: Result<Reply<Vec<WriteOutcome>>, ConnectorError>,
    bodies: Vec<String>,
}

async fn write(answers: Vec<Answer>, requests: &[WriteRequest]) -> Written {
    let (salesforce, script, _) = connector(answers);
    let fields = ["LastName".to_owned()];
    let lead = CrmObject::new("Lead");
    let result = salesforce
        .write(&lead, requests, &fields, Timestamp::UNIX_EPOCH)
        .await;
    Written {
        result,
        bodies: script.bodies(),
    }
}

fn kinds(outcomes: &[WriteOutcome]) -> Vec<String> {
    let kind = |outcome: &WriteOutcome| match outcome {
        WriteOutcome::Stale { .. } => "stale".to_owned(),
        WriteOutcome::Applied { id, .. } => format!("applied {id}"),
        WriteOutcome::Rejected(failures) => format!("{:?}", failures[0].class),
        WriteOutcome::Unknown => "unknown".to_owned(),
    };
    outcomes.iter().map(kind).collect()
}

#[tokio::test]
async fn an_update_shows_the_record_before_and_after() {
    let answer = composite(&[
        ("before", 200, &rows(&[row(1, "Theirs")])),
        ("write0", 200, &list(&[saved(1)])),
        ("after", 200, &rows(&[row(1, "Berg")])),
    ]);
    let written = write(vec![answer], &[update(1)]).await;
    let reply = written.result.expect("an answer");
    assert_eq!(reply.calls, 1);
    let WriteOutcome::Applied { id, before, after } = &reply.value[0] else {
        panic!("{reply:?}");
    };
    assert_eq!(*id, lead_id(1));
    let name = |record: &Option<tandem_core::record::CrmRecord>| {
        record
            .as_ref()
            .and_then(|r| r.fields.get("LastName").cloned())
    };
    assert_eq!(name(before), Some(Value::text("Theirs")));
    assert_eq!(name(after), Some(Value::text("Berg")));
    let body = &written.bodies[0];
    assert!(body.contains(r#""allOrNone":false"#), "{body}");
    assert!(body.contains(r#""Sforce-Auto-Assign":"FALSE""#), "{body}");
    let record = format!(
        r#""records":[{{"attributes":{{"type":"Lead"}},"id":"{}","LastName":"Berg"}}]"#,
        lead_id(1)
    );
    assert!(body.contains(&record), "{body}");
}

#[tokio::test]
async fn each_verb_travels_its_way_and_bare_creates_are_read_back() {
    let requests = [bare(), keyed("k-1"), update(3)];
    let first = composite(&[
        ("before", 200, &rows(&[])),
        ("write0", 200, &list(&[saved(3)])),
        ("write1", 200, &list(&[saved(1), saved(2)])),
        ("after", 200, &rows(&[row(2, "Berg"), row(3, "Berg")])),
    ]);
    let second = composite(&[("read0", 200, &rows(&[row(1, "Berg")]))]);
    let written = write(vec![first, second], &requests).await;
    let reply = written.result.expect("an answer");
    assert_eq!(reply.calls, 2);
    for (number, outcome) in reply.value.iter().enumerate() {
        let WriteOutcome::Applied { id, after, .. } = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(*id, lead_id(number + 1));
        assert_eq!(after.as_ref().map(|record| &record.id), Some(id));
    }
    let body = &written.bodies[0];
    assert!(
        !body.contains("composite/sobjects/Lead"),
        "an upsert could overwrite: {body}"
    );
    assert!(body.contains(r#""ExtId__c":"k-1""#), "{body}");
    assert!(body.contains("OR+ExtId__c+IN+%28%27k-1%27%29"), "{body}");
}

#[tokio::test]
async fn a_failed_read_back_does_not_forget_what_was_made() {
    let first = composite(&[("write0", 200, &list(&[saved(1)]))]);
    let lost = Err(TransportError::Lost("cut".into()));
    let reply = write(vec![first, lost], &[bare()])
        .await
        .result
        .expect("an answer");
    assert_eq!(reply.calls, 2);
    assert_eq!(kinds(&reply.value), [format!("applied {}", lead_id(1))]);
}

#[tokio::test]
async fn records_fail_alone_and_nonsense_is_unknown() {
    let other = lead_id(9);
    let requests: Vec<_> = (1..=6).map(update).collect();
    let results = list(&[
        saved(1),
        REFUSED.to_owned(),
        format!(r#"{{"id":"{other}","success":true,"errors":[]}}"#),
        r#"{"success":false,"errors":[]}"#.to_owned(),
        r#"{"success":true,"errors":[]}"#.to_owned(),
        r#"{"id":"nonsense","success":true}"#.to_owned(),
    ]);
    let answer = composite(&[("before", 500, "null"), ("write0", 200, &results)]);
    let nothing = composite(&[("read0", 200, &rows(&[]))]);
    let reply = write(vec![answer, nothing], &requests)
        .await
        .result
        .expect("an answer");
    let one = format!("applied {}", lead_id(1));
    let five = format!("applied {}", lead_id(5));
    assert_eq!(
        kinds(&reply.value),
        [&one, "TooLong", "unknown", "unknown", &five, "unknown"]
    );
}

#[tokio::test]
async fn a_create_without_an_id_and_a_short_list_are_unknown() {
    let no_id = composite(&[("write0", 200, r#"[{"success":true,"errors":[]}]"#)]);
    let reply = write(vec![no_id], &[bare()])
        .await
        .result
        .expect("an answer");
    assert_eq!(kinds(&reply.value), ["unknown"]);
    for body in [list(&[saved(1)]), "null".into(), r#"{"x":1}"#.into()] {
        let short = composite(&[("write0", 200, &body)]);
        let reply = write(vec![short], &[bare(), bare()])
            .await
            .result
            .expect("an answer");
        assert_eq!(kinds(&reply.value), ["unknown", "unknown"], "{body}");
        assert_eq!(reply.calls, 1);
    }
}

#[tokio::test]
async fn a_refused_part_rejects_its_records_and_a_doubtful_one_leaves_them_unknown() {
    let no_field = r#"[{"errorCode":"NOT_FOUND","message":"Provided external ID field does not exist or is not accessible: X"}]"#;
    let crash = r#"[{"errorCode":"UNKNOWN_EXCEPTION","message":"An unexpected error occurred"}]"#;
    let answer = composite(&[("write0", 404, no_field), ("write1", 500, crash)]);
    let reply = write(vec![answer], &[update(1), keyed("a")])
        .await
        .result
        .expect("an answer");
    assert_eq!(kinds(&reply.value), ["SchemaChanged", "unknown"]);
}

#[tokio::test]
async fn a_few_updates_are_conditional_and_a_stale_one_is_left_alone() {
    let since = Some(Timestamp::constant(1_780_000_000, 0));
    let conditional = |number| WriteRequest {
        unmodified_since: since,
        ..update(number)
    };
    let refused = r#"[{"errorCode":"STRING_TOO_LONG","message":"too long","fields":["LastName"]}]"#;
    let answer = composite(&[
        (
            "before",
            200,
            &rows(&[row(1, "Old"), row(2, "Other"), row(3, "Old")]),
        ),
        ("update0", 204, "null"),
        ("update1", 412, "null"),
        ("update2", 400, refused),
        (
            "after",
            200,
            &rows(&[row(1, "Berg"), row(2, "Other"), row(3, "Old")]),
        ),
    ]);
    let requests = [conditional(1), conditional(2), conditional(3)];
    let written = write(vec![answer], &requests).await;
    let reply = written.result.expect("an answer");
    assert_eq!(reply.calls, 1);
    assert_eq!(
        kinds(&reply.value),
        [&format!("applied {}", lead_id(1)), "stale", "TooLong"]
    );
    let WriteOutcome::Stale {
        current: Some(current),
    } = &reply.value[1]
    else {
        panic!("{:?}", reply.value[1]);
    };
    assert_eq!(current.fields["LastName"], Value::text("Other"));
    let body = &written.bodies[0];
    let header = r#""If-Unmodified-Since":"Thu, 28 May 2026 20:26:40 GMT""#;
    assert_eq!(body.matches(header).count(), 3, "{body}");
}

#[tokio::test]
async fn conditions_hold_beside_creates_and_end_where_there_are_too_many() {
    let since = Some(Timestamp::constant(1_780_000_000, 0));
    let conditional = |number| WriteRequest {
        unmodified_since: since,
        ..update(number)
    };
    let mixed = composite(&[
        ("update0", 204, "null"),
        ("write1", 200, &list(&[saved(2)])),
        ("after", 200, &rows(&[row(1, "Berg"), row(2, "Berg")])),
    ]);
    let written = write(vec![mixed], &[conditional(1), keyed("k-2")]).await;
    let reply = written.result.expect("an answer");
    assert_eq!(reply.calls, 1);
    let applied = [1, 2].map(|number| format!("applied {}", lead_id(number)));
    assert_eq!(kinds(&reply.value), applied);
    assert!(written.bodies[0].contains("If-Unmodified-Since"));

    let many: Vec<_> = (1..=22).map(conditional).collect();
    let lost = || Err(TransportError::Lost("cut".into()));
    let written = write(vec![lost(), lost()], &many).await;
    assert!(!written.bodies[0].contains("If-Unmodified-Since"));
    let written = write(vec![lost(), lost()], &many[1..]).await;
    assert!(written.bodies[0].contains("If-Unmodified-Since"));
}

#[tokio::test]
async fn what_cannot_be_sent_is_rejected_without_a_call() {
    let mut unresolved = bare();
    let target = tandem_core::value::Reference::Workspace(
        tandem_core::workspace::Kind::Account,
        tandem_core::ids::RecordId(5),
    );
    unresolved
        .fields
        .insert("AccountId".into(), Value::Reference(target));
    let nowhere = request(WriteOp::Update {
        id: CrmId::new("nowhere"),
    });
    let written = write(vec![], &[unresolved, nowhere]).await;
    let reply = written.result.expect("an answer");
    assert_eq!(kinds(&reply.value), ["OurFault", "OurFault"]);
    assert_eq!((reply.calls, written.bodies.len()), (0, 0));
}

#[tokio::test]
async fn the_whole_write_fails_by_what_is_known_of_it() {
    let limit =
        r#"[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"TotalRequests Limit exceeded."}]"#;
    for (answer, class, calls) in [
        (
            Err(TransportError::NotSent("no route".into())),
            ErrorClass::NotSent,
            0,
        ),
        (
            Err(TransportError::Lost("cut".into())),
            ErrorClass::AnswerLost,
            1,
        ),
        (Ok(json_answer(200, "<html>")), ErrorClass::GarbledAnswer, 1),
        (Ok(json_answer(503, "<html>")), ErrorClass::AnswerLost, 1),
        (Ok(json_answer(403, limit)), ErrorClass::ApiLimit, 1),
    ] {
        let error = write(vec![answer], &[update(1)])
            .await
            .result
            .expect_err("failed");
        assert_eq!((error.failure.class, error.calls), (class, calls));
    }
}

#[tokio::test]
async fn a_second_call_that_fails_keeps_what_the_first_did() {
    // Four batches, because three verbs of 201 + 200 + 1 records need as many: two calls.
    let mut requests: Vec<_> = (0..201).map(update).collect();
    requests.extend((0..200).map(|i| keyed(&format!("k-{i}"))));
    requests.push(bare());
    let all: Vec<String> = (0..200).map(saved).collect();
    let first = || {
        composite(&[
            ("write0", 200, &list(&all)),
            ("write1", 200, &list(&[saved(200)])),
            ("write2", 200, &list(&all)),
        ])
    };
    for (second, expected) in [
        (Err(TransportError::Lost("cut".into())), "unknown"),
        (Err(TransportError::NotSent("no route".into())), "NotSent"),
    ] {
        let unread = Err(TransportError::Lost("cut".into()));
        let reply = write(vec![first(), second, unread], &requests)
            .await
            .result
            .expect("an answer");
        let outcomes = kinds(&reply.value);
        assert!(
            outcomes[..401]
                .iter()
                .all(|kind| kind.starts_with("applied"))
        );
        assert_eq!(outcomes[401], expected);
    }
}

#[tokio::test]
async fn six_hundred_are_one_call_and_more_are_refused() {
    let requests: Vec<_> = (0..600).map(update).collect();
    let results = |from: usize| list(&(from..from + 200).map(saved).collect::<Vec<_>>());
    let after = rows(&(0..600).map(|n| row(n, "Berg")).collect::<Vec<_>>());
    let answer = composite(&[
        ("write0", 200, &results(0)),
        ("write1", 200, &results(200)),
        ("write2", 200, &results(400)),
        ("after", 200, &after),
    ]);
    let reply = write(vec![answer], &requests)
        .await
        .result
        .expect("an answer");
    assert_eq!(reply.calls, 1);
    assert!(
        kinds(&reply.value)
            .iter()
            .all(|kind| kind.starts_with("applied"))
    );
    let requests: Vec<_> = (0..601).map(update).collect();
    let error = write(vec![], &requests).await.result.expect_err("refused");
    assert_eq!(error.failure.class, ErrorClass::OurFault);
}

#[tokio::test]
async fn text_that_looks_like_a_reference_travels_outside_composite() {
    let mut tricky = update(2);
    let text = Value::text("see @{refAccount.id}");
    tricky.fields.insert("LastName".into(), text);
    let first = composite(&[
        ("before", 200, &rows(&[])),
        ("write0", 200, &list(&[saved(1)])),
        ("after", 200, &rows(&[row(1, "Berg")])),
    ]);
    let before = composite(&[("read0", 200, &rows(&[row(2, "Theirs")]))]);
    let direct = Ok(json_answer(200, &list(&[saved(2)])));
    let after = composite(&[("read0", 200, &rows(&[row(2, "see @{refAccount.id}")]))]);
    let answers = vec![first, before, direct, after];
    let written = write(answers, &[tricky, update(1)]).await;
    let reply = written.result.expect("an answer");
    assert_eq!(reply.calls, 4);
    for outcome in &reply.value {
        assert!(
            matches!(outcome, WriteOutcome::Applied { after: Some(_), .. }),
            "{outcome:?}"
        );
    }
    assert!(matches!(
        &reply.value[0],
        WriteOutcome::Applied {
            before: Some(_),
            ..
        }
    ));
    assert!(!written.bodies[0].contains("@{"));
    assert!(written.bodies[2].starts_with(r#"{"allOrNone":false,"records":[{"attributes""#));
}

#[tokio::test]
async fn a_lost_reading_before_a_write_is_no_doubt_about_the_write() {
    let mut tricky = update(1);
    tricky.fields.insert("LastName".into(), Value::text("@{x}"));
    let lost = Err(TransportError::Lost("cut".into()));
    let error = write(vec![lost], &[tricky])
        .await
        .result
        .expect_err("failed");
    assert_eq!(
        (error.failure.class, error.calls),
        (ErrorClass::Unavailable, 1)
    );
}

#[tokio::test]
async fn what_the_query_beside_the_writes_left_out_is_read_again() {
    let answer = composite(&[
        ("before", 200, &rows(&[])),
        ("write0", 200, &list(&[saved(1), saved(2)])),
        ("after", 200, &rows(&[row(1, "Berg")])),
    ]);
    let again = composite(&[("read0", 200, &rows(&[row(2, "Berg")]))]);
    let reply = write(vec![answer, again], &[update(1), update(2)])
        .await
        .result;
    let reply = reply.expect("an answer");
    assert_eq!(reply.calls, 2);
    for outcome in &reply.value {
        assert!(
            matches!(outcome, WriteOutcome::Applied { after: Some(_), .. }),
            "{outcome:?}"
        );
    }
}
