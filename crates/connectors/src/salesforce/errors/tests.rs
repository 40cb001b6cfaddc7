//! The table of errors, row by row.

use super::*;

fn wire(code: &str, message: &str, fields: &[&str]) -> WireError {
    let body = serde_json::json!({ "errorCode": code, "message": message, "fields": fields });
    serde_json::from_value(body).expect("an error")
}

fn of_request(status: u16, body: &str, effect: Effect) -> Failure {
    let status = StatusCode::from_u16(status).expect("a status");
    refusal(status, &HeaderMap::new(), body.as_bytes(), effect)
}

/// What the error is about | code | class | fields | message.
const TABLE: &str = "
    Request | INVALID_SESSION_ID | SessionExpired | | Session expired or invalid
    Request | INVALID_SESSION_ID | ConnectionRevoked | | This session is not valid for use with the REST API
    Request | INVALID_SESSION_ID | ConnectionRevoked | | Connected app is not attached to Agent
    Request | REQUEST_LIMIT_EXCEEDED | ApiLimit | | TotalRequests Limit exceeded.
    Request | REQUEST_LIMIT_EXCEEDED | Busy | | ConcurrentRequests (Concurrent API Requests) Limit exceeded.
    Request | API_DISABLED_FOR_ORG | ApiDisabled | |
    Request | API_CURRENTLY_DISABLED | ApiDisabled | |
    Request | INVALID_VERSION | OurFault | |
    Request | UNSUPPORTED_API_VERSION | OurFault | |
    Request | SERVER_UNAVAILABLE | Unavailable | |
    Request | UNKNOWN_EXCEPTION | Unavailable | | An unexpected error occurred.
    Part | INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE | Maintenance | |
    Request | TOO_MANY_APEX_REQUESTS | Busy | |
    ExistingRecord | LIMIT_EXCEEDED | Busy | |
    NewRecord | STORAGE_LIMIT_EXCEEDED | Refused | |
    Request | REQUEST_RUNNING_TOO_LONG | TimedOut | |
    Part | QUERY_TIMEOUT | TimedOut | |
    Part | INVALID_QUERY_LOCATOR | CursorGone | | invalid query locator
    Part | INVALID_REPLICATION_DATE | CursorGone | |
    Part | INVALID_TYPE | SchemaChanged | | sObject type 'X' is not supported.
    Part | INVALID_FIELD | SchemaChanged | | No such column 'X' on entity 'Y'.
    Part | MALFORMED_QUERY | OurFault | |
    Part | INVALID_QUERY_FILTER_OPERATOR | OurFault | |
    Part | QUERY_TOO_COMPLICATED | OurFault | |
    Part | OPERATION_TOO_LARGE | TimedOut | |
    Part | EXCEEDED_ID_LIMIT | CursorGone | |
    ExistingRecord | NOT_FOUND | RecordGone | | The requested resource does not exist
    Part | NOT_FOUND | SchemaChanged | | The requested resource does not exist
    Request | NOT_FOUND | OurFault | | The requested resource does not exist
    Part | NOT_FOUND | SchemaChanged | | Provided external ID field does not exist or is not accessible: X
    ExistingRecord | ENTITY_IS_DELETED | RecordGone | | entity is deleted
    ExistingRecord | UNABLE_TO_LOCK_ROW | RowLocked | | unable to obtain exclusive access
    ExistingRecord | ENTITY_IS_LOCKED | RecordLocked | |
    ExistingRecord | CANNOT_UPDATE_CONVERTED_LEAD | Converted | |
    ExistingRecord | ALL_OR_NONE_OPERATION_ROLLED_BACK | Busy | |
    Part | PROCESSING_HALTED | Busy | |
    NewRecord | REQUIRED_FIELD_MISSING | RequiredMissing | LastName | Required fields are missing: [LastName]
    Part | REQUIRED_FIELD_MISSING | OurFault | | At least 1 record is required
    NewRecord | INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST | PicklistRefused | Rating | bad value
    ExistingRecord | STRING_TOO_LONG | TooLong | FirstName | data value too large
    ExistingRecord | INVALID_EMAIL_ADDRESS | InvalidEmail | Email | invalid email address
    ExistingRecord | INVALID_TYPE_ON_FIELD_IN_RECORD | InvalidValue | X |
    ExistingRecord | NUMBER_OUTSIDE_VALID_RANGE | InvalidValue | X |
    ExistingRecord | JSON_PARSER_ERROR | InvalidValue | | Cannot deserialize instance of date
    Request | JSON_PARSER_ERROR | OurFault | | Unexpected character
    ExistingRecord | FIELD_INTEGRITY_EXCEPTION | InvalidValue | OwnerId |
    ExistingRecord | FIELD_INTEGRITY_EXCEPTION | Refused | |
    ExistingRecord | FIELD_FILTER_VALIDATION_EXCEPTION | ReferenceRefused | X |
    ExistingRecord | FIELD_CUSTOM_VALIDATION_EXCEPTION | ValidationRule | | the rule's text
    ExistingRecord | CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY | Refused | | Trigger failed
    ExistingRecord | CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY | RowLocked | | Trigger: UNABLE_TO_LOCK_ROW, unable to
    NewRecord | CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY | ValidationRule | | Trigger: FIELD_CUSTOM_VALIDATION_EXCEPTION, no
    ExistingRecord | INVALID_FIELD_FOR_INSERT_UPDATE | FieldNotWritable | X |
    ExistingRecord | INVALID_CROSS_REFERENCE_KEY | RecordGone | | invalid cross reference id
    ExistingRecord | INVALID_CROSS_REFERENCE_KEY | RecordGone | Id | invalid cross reference id
    ExistingRecord | INVALID_CROSS_REFERENCE_KEY | ReferenceRefused | AccountId | invalid cross reference id
    NewRecord | INVALID_CROSS_REFERENCE_KEY | ReferenceRefused | | invalid cross reference id
    ExistingRecord | MALFORMED_ID | ReferenceRefused | AccountId | id value of incorrect type
    ExistingRecord | MALFORMED_ID | OurFault | Id | malformed id
    ExistingRecord | INACTIVE_OWNER_OR_USER | OwnerInactive | OwnerId |
    ExistingRecord | TRANSFER_REQUIRES_READ | OwnerInactive | |
    ExistingRecord | INSUFFICIENT_ACCESS_OR_READONLY | Forbidden | |
    ExistingRecord | INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY | ReferenceRefused | AccountId |
    ExistingRecord | INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY | Forbidden | |
    Request | FORBIDDEN | Forbidden | |
    NewRecord | DUPLICATE_VALUE | DuplicateKey | | duplicate value found: Ext__c duplicates value
    ExistingRecord | DUPLICATE_VALUE | OurFault | | duplicate id in list
    NewRecord | DUPLICATE_EXTERNAL_ID | CannotMatch | |
    NewRecord | DUPLICATES_DETECTED | DuplicateSuspected | | Use one of these records?
    ExistingRecord | MISSING_ARGUMENT | OurFault | | Id not specified in an update call
    Request | METHOD_NOT_ALLOWED | OurFault | | HTTP Method 'PUT' not allowed.
    Request | UNSUPPORTED_MEDIA_TYPE | OurFault | |
    ExistingRecord | SOMETHING_NEW | Refused | |
";

fn subject(name: &str) -> Subject {
    let all = [
        Subject::Request,
        Subject::Part,
        Subject::NewRecord,
        Subject::ExistingRecord,
    ];
    let named = all
        .into_iter()
        .find(|subject| format!("{subject:?}") == name);
    named.expect("a subject")
}

#[test]
fn every_code_has_its_class() {
    for line in TABLE.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let cells: Vec<&str> = line.splitn(5, '|').map(str::trim).collect();
        let [about, code, class, fields, message] = cells[..] else {
            panic!("five cells: {line}");
        };
        let fields: Vec<&str> = fields
            .split(',')
            .filter(|field| !field.is_empty())
            .collect();
        let error = wire(code, message, &fields);
        let failure = classified(400, &error, subject(about), Effect::Read);
        assert_eq!(format!("{:?}", failure.class), class, "{line}");
        assert_eq!(failure.code, code);
    }
    for (code, ..) in CODES {
        assert!(TABLE.contains(&format!("| {code} |")), "no row for {code}");
    }
}

#[test]
fn statuses_without_a_code() {
    for (status, read, write) in [
        (302, C::GarbledAnswer, C::AnswerLost),
        (400, C::GarbledAnswer, C::AnswerLost),
        (401, C::SessionExpired, C::SessionExpired),
        (403, C::GarbledAnswer, C::AnswerLost),
        (404, C::GarbledAnswer, C::AnswerLost),
        (405, C::OurFault, C::OurFault),
        (408, C::TimedOut, C::AnswerLost),
        (409, C::Busy, C::Busy),
        (410, C::OurFault, C::OurFault),
        (412, C::Busy, C::Busy),
        (414, C::OurFault, C::OurFault),
        (415, C::OurFault, C::OurFault),
        (420, C::Unavailable, C::Unavailable),
        (429, C::Busy, C::Busy),
        (431, C::OurFault, C::OurFault),
        (500, C::Unavailable, C::AnswerLost),
        (502, C::Unavailable, C::AnswerLost),
        (503, C::Unavailable, C::AnswerLost),
        (504, C::Unavailable, C::AnswerLost),
    ] {
        for body in ["<html>down</html>", "", "{}", "[]", "[1]"] {
            assert_eq!(
                of_request(status, body, Effect::Read).class,
                read,
                "{status} {body}"
            );
            assert_eq!(
                of_request(status, body, Effect::Write).class,
                write,
                "{status} {body}"
            );
        }
    }
}

#[test]
fn a_write_is_in_doubt_unless_the_code_proves_otherwise() {
    let body = |code: &str| format!(r#"[{{"errorCode":"{code}","message":"x"}}]"#);
    for (code, status, class) in [
        ("UNKNOWN_EXCEPTION", 500, C::AnswerLost),
        ("REQUEST_RUNNING_TOO_LONG", 503, C::AnswerLost),
        ("QUERY_TIMEOUT", 400, C::AnswerLost),
        ("SOMETHING_NEW", 500, C::AnswerLost),
        ("SOMETHING_NEW", 403, C::Forbidden),
        ("SERVER_UNAVAILABLE", 503, C::Unavailable),
        ("REQUEST_LIMIT_EXCEEDED", 403, C::ApiLimit),
    ] {
        assert_eq!(
            of_request(status, &body(code), Effect::Write).class,
            class,
            "{code}"
        );
    }
    // One record inside a good answer is certainly not written.
    let failure = record_failure(&wire("UNKNOWN_EXCEPTION", "", &[]), Subject::NewRecord);
    assert_eq!(failure.class, C::Unavailable);
}

#[test]
fn parts_fail_by_code_or_status() {
    let raw = |text: &str| RawValue::from_string(text.to_owned()).expect("JSON");
    let code = raw(r#"[{"errorCode":"INVALID_TYPE","message":"x"}]"#);
    assert_eq!(
        part_refusal(400, Some(&code), Effect::Read).class,
        C::SchemaChanged
    );
    let urls = raw(r#"["/services/data/v62.0/sobjects/Contact/003"]"#);
    assert_eq!(
        part_refusal(300, Some(&urls), Effect::Write).class,
        C::CannotMatch
    );
    assert_eq!(part_refusal(500, None, Effect::Write).class, C::AnswerLost);
}

#[test]
fn retry_after_is_read_where_it_counts_seconds() {
    for (value, seconds) in [("120", Some(120)), ("Wed, 21 Oct 2026 07:28:00 GMT", None)] {
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, value.parse().expect("a value"));
        let status = StatusCode::TOO_MANY_REQUESTS;
        let failure = refusal(status, &headers, b"", Effect::Read);
        assert_eq!(failure.retry_after_seconds, seconds);
    }
}

#[test]
fn a_caret_block_is_cut_and_the_missing_column_named() {
    let message = "\nSELECT Id, Foo__c FROM Lead\n           ^\nERROR at Row:1:Column:12\nNo such column 'Foo__c' on entity 'Lead'. If you…";
    let failure = classified(
        400,
        &wire("INVALID_FIELD", message, &[]),
        Subject::Part,
        Effect::Read,
    );
    assert_eq!(failure.fields, ["Foo__c"]);
    assert!(
        failure.message.starts_with("No such column"),
        "{}",
        failure.message
    );
    let long = classified(
        400,
        &wire("X", &"ä".repeat(9_000), &[]),
        Subject::Part,
        Effect::Read,
    );
    assert_eq!(long.message.chars().count(), MESSAGE_CHARS_MAX);
}
