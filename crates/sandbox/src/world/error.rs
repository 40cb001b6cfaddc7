//! What a refused change says: the vendor's status code, its sentence and the fields concerned.

use super::Duplicates;

/// One reason why a record was not saved.
///
/// The REST layer shows `status_code` as `errorCode` for single records and as `statusCode` in collections.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DmlError {
    /// The vendor's code, e.g. `REQUIRED_FIELD_MISSING`.
    #[serde(rename = "statusCode")]
    pub status_code: &'static str,
    /// The vendor's sentence, English.
    pub message: String,
    /// API names of the fields concerned; may be empty.
    pub fields: Vec<String>,
    /// The records a duplicate rule found.
    #[serde(skip)]
    pub duplicates: Option<Box<Duplicates>>,
}

impl DmlError {
    /// An error that names no field.
    pub fn new(status_code: &'static str, message: impl Into<String>) -> DmlError {
        DmlError {
            status_code,
            message: message.into(),
            fields: Vec::new(),
            duplicates: None,
        }
    }

    /// An error about one field.
    pub fn on(field: &str, status_code: &'static str, message: impl Into<String>) -> DmlError {
        DmlError::new(status_code, message).about(vec![field.to_owned()])
    }

    /// The same about these fields.
    pub(crate) fn about(self, fields: Vec<String>) -> DmlError {
        DmlError { fields, ..self }
    }

    /// The id is well formed but names nothing the caller can see.
    pub(crate) fn unknown_id() -> DmlError {
        DmlError::new("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    }

    /// The record is in the recycle bin.
    pub(crate) fn deleted() -> DmlError {
        DmlError::new("ENTITY_IS_DELETED", "entity is deleted")
    }

    /// An innocent record of a call that saves all or none.
    pub(crate) fn rolled_back() -> DmlError {
        DmlError::new(
            "ALL_OR_NONE_OPERATION_ROLLED_BACK",
            "Record rolled back because not all records were valid and the request was using AllOrNone header",
        )
    }

    /// The caller may read the record but not do this to it.
    pub(crate) fn no_access() -> DmlError {
        DmlError::new(
            "INSUFFICIENT_ACCESS_OR_READONLY",
            "insufficient access rights on object id",
        )
    }
}

/// A change of the metadata (a field, an object, a rule, a permission) that makes no sense, in plain English.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SetupError(pub String);
