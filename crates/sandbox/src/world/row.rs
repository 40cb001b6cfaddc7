//! One record as it is kept: audit data and its values.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::columns::Columns;
use super::id::SfId;
use super::schema::{FieldDef, FieldNo, FieldType, Storage};
use super::value::Value;

/// Who touched a record and when; whole seconds.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Audit {
    pub(crate) created: Timestamp,
    pub(crate) created_by: SfId,
    pub(crate) modified: Timestamp,
    pub(crate) modified_by: SfId,
    /// SystemModstamp; never before `modified`.
    pub(crate) stamp: Timestamp,
}

/// In the recycle bin since `at`; rows deleted by one call share `batch` and come back together.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Deletion {
    pub(crate) at: Timestamp,
    pub(crate) batch: u64,
}

/// A record.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) id: SfId,
    pub(crate) audit: Audit,
    pub(crate) deletion: Option<Deletion>,
    values: Columns,
}

impl Row {
    pub(crate) fn new(id: SfId, audit: Audit) -> Row {
        Row {
            id,
            audit,
            deletion: None,
            values: Columns::default(),
        }
    }

    pub(crate) fn is_live(&self) -> bool {
        self.deletion.is_none()
    }

    /// The stored value of a column; null when there is none, and for a checkbox that is false.
    pub(crate) fn column(&self, no: FieldNo) -> &Value {
        self.values.get(no)
    }

    /// Stores a value; null, and false of a checkbox, take no room.
    pub(crate) fn set(&mut self, no: FieldNo, value: Value) {
        self.values.set(no, value);
    }

    /// The value of any field but formulas and compounds, which need the world: those are null here.
    pub(crate) fn value(&self, no: FieldNo, field: &FieldDef) -> Cow<'_, Value> {
        Cow::Owned(match field.storage {
            Storage::Column if field.field_type == FieldType::Boolean => {
                Value::Bool(matches!(self.column(no), Value::Bool(true)))
            }
            Storage::Column => return Cow::Borrowed(self.column(no)),
            Storage::Id => Value::Id(self.id),
            Storage::IsDeleted => Value::Bool(!self.is_live()),
            Storage::CreatedDate => Value::DateTime(self.audit.created),
            Storage::CreatedById => Value::Id(self.audit.created_by),
            Storage::LastModifiedDate => Value::DateTime(self.audit.modified),
            Storage::LastModifiedById => Value::Id(self.audit.modified_by),
            Storage::SystemModstamp => Value::DateTime(self.audit.stamp),
            Storage::Compound | Storage::Formula => Value::Null,
        })
    }

    /// The columns that are not null.
    pub(crate) fn columns(&self) -> impl Iterator<Item = (FieldNo, &Value)> {
        self.values.iter()
    }

    /// Gives back spare memory; for rows that are kept.
    pub(crate) fn shrink(&mut self) {
        self.values.shrink();
    }
}
