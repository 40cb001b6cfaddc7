//! What each refusal of Salesforce means to us: one table of codes, one of statuses.
//!
//! A code can be of a whole request, of a part of a composite request, or of one record; a few mean
//! different things there ([`Subject`]). Separately from the class, a refusal of a *write* either
//! proves that nothing was done or it does not; where it does not, the class becomes
//! [`C::AnswerLost`] whatever the code says, and the engine reads before it repeats.
//!
//! Sources: the vendor's list of status codes, recordings of real orgs, and what public clients met.

use super::wire::WireError;
use ::http::{HeaderMap, StatusCode, header};
use serde_json::value::RawValue;
use tandem_core::connector::Failure;
use tandem_core::error::ErrorClass as C;

/// Longest message kept, in characters.
const MESSAGE_CHARS_MAX: usize = 500;

/// Whether a request changes something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Effect {
    /// It can be repeated without harm.
    Read,
    /// It must not be repeated before somebody looked.
    Write,
}

/// What an error is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Subject {
    /// The whole HTTP request.
    Request,
    /// One part of a composite request.
    Part,
    /// A record that was to be made.
    NewRecord,
    /// A record that was to be changed.
    ExistingRecord,
}

/// Whether a code proves that a write was not carried out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Proof {
    NothingDone,
    Perhaps,
}
use Proof::{NothingDone, Perhaps};

/// Every documented code. Codes that mean several things have their common meaning here and the
/// others in [`refine`].
const CODES: &[(&str, C, Proof)] = &[
    // Session, org, allowance.
    ("INVALID_SESSION_ID", C::SessionExpired, NothingDone),
    ("REQUEST_LIMIT_EXCEEDED", C::ApiLimit, NothingDone),
    ("API_DISABLED_FOR_ORG", C::ApiDisabled, NothingDone),
    ("API_CURRENTLY_DISABLED", C::ApiDisabled, NothingDone),
    ("INVALID_VERSION", C::OurFault, NothingDone),
    ("UNSUPPORTED_API_VERSION", C::OurFault, NothingDone),
    ("SERVER_UNAVAILABLE", C::Unavailable, NothingDone),
    ("UNKNOWN_EXCEPTION", C::Unavailable, Perhaps),
    (
        "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE",
        C::Maintenance,
        NothingDone,
    ),
    ("TOO_MANY_APEX_REQUESTS", C::Busy, NothingDone),
    ("LIMIT_EXCEEDED", C::Busy, NothingDone),
    ("STORAGE_LIMIT_EXCEEDED", C::Refused, NothingDone),
    ("REQUEST_RUNNING_TOO_LONG", C::TimedOut, Perhaps),
    // Queries.
    ("QUERY_TIMEOUT", C::TimedOut, Perhaps),
    ("INVALID_QUERY_LOCATOR", C::CursorGone, NothingDone),
    ("INVALID_REPLICATION_DATE", C::CursorGone, NothingDone),
    ("INVALID_TYPE", C::SchemaChanged, NothingDone),
    ("INVALID_FIELD", C::SchemaChanged, NothingDone),
    ("MALFORMED_QUERY", C::OurFault, NothingDone),
    ("INVALID_QUERY_FILTER_OPERATOR", C::OurFault, NothingDone),
    ("QUERY_TOO_COMPLICATED", C::OurFault, NothingDone),
    ("OPERATION_TOO_LARGE", C::TimedOut, NothingDone),
    ("EXCEEDED_ID_LIMIT", C::CursorGone, NothingDone),
    // Records that can't be reached or are held.
    ("NOT_FOUND", C::RecordGone, NothingDone),
    ("ENTITY_IS_DELETED", C::RecordGone, NothingDone),
    ("UNABLE_TO_LOCK_ROW", C::RowLocked, NothingDone),
    ("ENTITY_IS_LOCKED", C::RecordLocked, NothingDone),
    ("CANNOT_UPDATE_CONVERTED_LEAD", C::Converted, NothingDone),
    ("ALL_OR_NONE_OPERATION_ROLLED_BACK", C::Busy, NothingDone),
    ("PROCESSING_HALTED", C::Busy, NothingDone),
    // Values.
    ("REQUIRED_FIELD_MISSING", C::RequiredMissing, NothingDone),
    (
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        C::PicklistRefused,
        NothingDone,
    ),
    ("STRING_TOO_LONG", C::TooLong, NothingDone),
    ("INVALID_EMAIL_ADDRESS", C::InvalidEmail, NothingDone),
    (
        "INVALID_TYPE_ON_FIELD_IN_RECORD",
        C::InvalidValue,
        NothingDone,
    ),
    ("NUMBER_OUTSIDE_VALID_RANGE", C::InvalidValue, NothingDone),
    ("JSON_PARSER_ERROR", C::OurFault, NothingDone),
    ("FIELD_INTEGRITY_EXCEPTION", C::InvalidValue, NothingDone),
    (
        "FIELD_FILTER_VALIDATION_EXCEPTION",
        C::ReferenceRefused,
        NothingDone,
    ),
    (
        "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        C::ValidationRule,
        NothingDone,
    ),
    (
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        C::Refused,
        NothingDone,
    ),
    (
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        C::FieldNotWritable,
        NothingDone,
    ),
    // References and rights.
    (
        "INVALID_CROSS_REFERENCE_KEY",
        C::ReferenceRefused,
        NothingDone,
    ),
    ("MALFORMED_ID", C::ReferenceRefused, NothingDone),
    ("INACTIVE_OWNER_OR_USER", C::OwnerInactive, NothingDone),
    ("TRANSFER_REQUIRES_READ", C::OwnerInactive, NothingDone),
    ("INSUFFICIENT_ACCESS_OR_READONLY", C::Forbidden, NothingDone),
    (
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
        C::ReferenceRefused,
        NothingDone,
    ),
    ("FORBIDDEN", C::Forbidden, NothingDone),
    // Duplicates.
    ("DUPLICATE_VALUE", C::DuplicateKey, NothingDone),
    ("DUPLICATE_EXTERNAL_ID", C::CannotMatch, NothingDone),
    ("DUPLICATES_DETECTED", C::DuplicateSuspected, NothingDone),
    // Requests that only we can get wrong.
    ("MISSING_ARGUMENT", C::OurFault, NothingDone),
    ("METHOD_NOT_ALLOWED", C::OurFault, NothingDone),
    ("UNSUPPORTED_MEDIA_TYPE", C::OurFault, NothingDone),
];

/// The meaning of a status where the body tells no code that we know.
fn by_status(status: u16) -> (C, Proof) {
    match status {
        300 => (C::CannotMatch, NothingDone),
        400 | 422 => (C::Refused, NothingDone),
        401 => (C::SessionExpired, NothingDone),
        403 => (C::Forbidden, NothingDone),
        404 => (C::RecordGone, NothingDone),
        405 | 406 | 410 | 411 | 413 | 414 | 415 | 431 => (C::OurFault, NothingDone),
        408 => (C::TimedOut, Perhaps),
        409 | 412 | 428 | 429 => (C::Busy, NothingDone),
        420 => (C::Unavailable, NothingDone),
        500.. => (C::Unavailable, Perhaps),
        _ => (C::GarbledAnswer, Perhaps),
    }
}

/// The failure of a whole request whose status is not 2xx.
pub(super) fn refusal(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    effect: Effect,
) -> Failure {
    let mut failure = match first_error(body) {
        Some(error) => classified(status.as_u16(), &error, Subject::Request, effect),
        None => unreadable(status.as_u16(), effect),
    };
    failure.retry_after_seconds = headers
        .get(header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.trim().parse().ok());
    failure
}

/// The failure of one part of a composite request whose status is not 2xx.
pub(super) fn part_refusal(status: u16, body: Option<&RawValue>, effect: Effect) -> Failure {
    match body.and_then(|body| first_error(body.get().as_bytes())) {
        Some(error) => classified(status, &error, Subject::Part, effect),
        None => {
            let (class, proof) = by_status(status);
            let message = format!("this part was answered with status {status}");
            Failure::new(doubted(class, proof, effect), message)
        }
    }
}

/// The failure of one record inside an answer that is itself a success: certainly not written.
pub(super) fn record_failure(error: &WireError, subject: Subject) -> Failure {
    classified(400, error, subject, Effect::Read)
}

/// The failure of an answer that is a success by its status and nothing by its body.
pub(super) fn garbled(what: &str) -> Failure {
    Failure::new(C::GarbledAnswer, what)
}

/// The failure of a step before a write: in doubt itself, it proves that the write was not sent.
pub(super) fn nothing_sent(failure: Failure) -> Failure {
    match failure.class {
        C::AnswerLost | C::GarbledAnswer => Failure {
            class: C::Unavailable,
            ..failure
        },
        _ => failure,
    }
}

fn first_error(body: &[u8]) -> Option<WireError> {
    serde_json::from_slice::<Vec<WireError>>(body)
        .ok()?
        .into_iter()
        .next()
}

/// No error in the vendor's form: an edge server, a proxy, a maintenance page.
fn unreadable(status: u16, effect: Effect) -> Failure {
    let (class, proof) = match by_status(status) {
        // A page of somebody between us and Salesforce says nothing about records or rights.
        (C::RecordGone | C::Forbidden | C::Refused, _) => (C::GarbledAnswer, Perhaps),
        known => known,
    };
    let message = format!("the server answered status {status} without an error of Salesforce");
    Failure::new(doubted(class, proof, effect), message)
}

fn classified(status: u16, error: &WireError, subject: Subject, effect: Effect) -> Failure {
    let known = CODES.iter().find(|(code, ..)| *code == error.code);
    let (class, proof) = known.map_or_else(|| by_status(status), |row| (row.1, row.2));
    let class = refine(class, error, subject);
    Failure {
        class: doubted(class, proof, effect),
        code: error.code.chars().take(100).collect(),
        message: cleaned(&error.message),
        fields: named_fields(error),
        retry_after_seconds: None,
    }
}

fn doubted(class: C, proof: Proof, effect: Effect) -> C {
    if effect == Effect::Write && proof == Perhaps {
        C::AnswerLost
    } else {
        class
    }
}

/// The codes whose meaning depends on the text, the fields or what they are about.
fn refine(class: C, error: &WireError, subject: Subject) -> C {
    let says = |text: &str| error.message.contains(text);
    let of_record = matches!(subject, Subject::NewRecord | Subject::ExistingRecord);
    let names_field = error.fields().iter().any(|field| field != "Id");
    match error.code.as_str() {
        // jsforce learned that a renewal does not help here and would go on for ever.
        "INVALID_SESSION_ID" if says("not valid for use with") || says("not attached to") => {
            C::ConnectionRevoked
        }
        "REQUEST_LIMIT_EXCEEDED" if says("Concurrent") => C::Busy,
        "NOT_FOUND" if says("external ID field") => C::SchemaChanged,
        "NOT_FOUND" if subject == Subject::Part => C::SchemaChanged,
        "NOT_FOUND" if subject == Subject::Request => C::OurFault,
        "INVALID_CROSS_REFERENCE_KEY" if subject == Subject::ExistingRecord && !names_field => {
            C::RecordGone
        }
        "MALFORMED_ID" if !names_field => C::OurFault,
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY" if !names_field => C::Forbidden,
        "FIELD_INTEGRITY_EXCEPTION" if !names_field => C::Refused,
        "REQUIRED_FIELD_MISSING" if !of_record => C::OurFault,
        "JSON_PARSER_ERROR" if of_record => C::InvalidValue,
        "DUPLICATE_VALUE" if says("duplicate id") => C::OurFault,
        // The platform wraps the failure of a trigger; what failed inside decides.
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY" if says("UNABLE_TO_LOCK_ROW") => C::RowLocked,
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY" if says("FIELD_CUSTOM_VALIDATION_EXCEPTION") => {
            C::ValidationRule
        }
        _ => class,
    }
}

/// The fields that the answer lists, or the column that its text says does not exist.
fn named_fields(error: &WireError) -> Vec<String> {
    if !error.fields().is_empty() || error.code != "INVALID_FIELD" {
        return error.fields().iter().take(50).cloned().collect();
    }
    let column = error.message.split_once("No such column '");
    let column = column.and_then(|(_, rest)| rest.split_once('\''));
    column
        .map(|(name, _)| name.to_owned())
        .into_iter()
        .collect()
}

/// The message without the query that a caret block quotes.
fn cleaned(message: &str) -> String {
    let text = match message.split_once("ERROR at Row") {
        Some((_, rest)) => rest.split_once('\n').map_or(rest, |(_, text)| text),
        None => message,
    };
    text.trim().chars().take(MESSAGE_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests;
