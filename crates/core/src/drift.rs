//! How an object of the CRM changed under our hands: fields that were added, went, or hold something else.
//!
//! A schema is what the connected user sees. So a field that was removed and one that was hidden look the same
//! and are told as one: gone. Compared are two readings of one object; the names are the CRM's.

use crate::schema::{FieldSchema, FieldType, ObjectSchema};
use std::collections::BTreeSet;
use std::fmt;

/// Most values of a picklist that are named.
const VALUES_MAX: usize = 5;

/// One difference between two readings of an object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Drift {
    /// A field that was not to be seen before.
    Added {
        /// Its API name.
        field: String,
        /// What it holds.
        ty: FieldType,
    },
    /// A field that is not to be seen any more: removed or hidden.
    Gone {
        /// Its API name.
        field: String,
    },
    /// A field that holds something else than before.
    Retyped {
        /// Its API name.
        field: String,
        /// What it held.
        from: FieldType,
        /// What it holds.
        to: FieldType,
    },
    /// A picklist that offers other values.
    Values {
        /// Its API name.
        field: String,
        /// Values that are new.
        added: Vec<String>,
        /// Values that are not offered any more.
        removed: Vec<String>,
    },
    /// A field that the user may, or may not, change any more; or that the CRM now works out.
    Writable {
        /// Its API name.
        field: String,
        /// It can be written now.
        now: bool,
    },
    /// The user may, or may not, make records any more.
    Createable(bool),
    /// The user may, or may not, change records any more.
    Updateable(bool),
}

impl Drift {
    /// The field that it is about; `None` where it is the object.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Added { field, .. }
            | Self::Gone { field }
            | Self::Retyped { field, .. }
            | Self::Values { field, .. }
            | Self::Writable { field, .. } => Some(field),
            Self::Createable(_) | Self::Updateable(_) => None,
        }
    }
}

/// How an object changed between two readings: fields that went first, then the others in the CRM's order.
pub fn drift(before: &ObjectSchema, now: &ObjectSchema) -> Vec<Drift> {
    let went = before.fields.iter();
    let went = went.filter(|field| now.field(&field.name).is_none());
    let mut found: Vec<Drift> = went
        .map(|field| Drift::Gone {
            field: field.name.clone(),
        })
        .collect();
    for field in &now.fields {
        match before.field(&field.name) {
            Some(known) => found.extend(changed(known, field)),
            None => found.push(Drift::Added {
                field: field.name.clone(),
                ty: field.ty.clone(),
            }),
        }
    }
    if before.createable != now.createable {
        found.push(Drift::Createable(now.createable));
    }
    if before.updateable != now.updateable {
        found.push(Drift::Updateable(now.updateable));
    }
    found
}

fn changed(before: &FieldSchema, now: &FieldSchema) -> Vec<Drift> {
    let mut found = Vec::new();
    let field = || now.name.clone();
    if shown(&before.ty) != shown(&now.ty) {
        found.push(Drift::Retyped {
            field: field(),
            from: before.ty.clone(),
            to: now.ty.clone(),
        });
    } else if before.ty.listed() != now.ty.listed() {
        let (added, removed) = values(&before.ty, &now.ty);
        // The same values in another order are no news.
        if !added.is_empty() || !removed.is_empty() {
            found.push(Drift::Values {
                field: field(),
                added,
                removed,
            });
        }
    }
    if writable(before) != writable(now) {
        found.push(Drift::Writable {
            field: field(),
            now: writable(now),
        });
    }
    found
}

fn writable(field: &FieldSchema) -> bool {
    !field.calculated && (field.createable || field.updateable)
}

/// Values that came and values that went.
fn values(before: &FieldType, now: &FieldType) -> (Vec<String>, Vec<String>) {
    let of = |ty: &FieldType| -> BTreeSet<String> { ty.listed().iter().cloned().collect() };
    let (before, now) = (of(before), of(now));
    (
        now.difference(&before).cloned().collect(),
        before.difference(&now).cloned().collect(),
    )
}

/// A type with its limits, as people say it.
fn shown(ty: &FieldType) -> String {
    let label = ty.label();
    match ty {
        FieldType::Text { max_chars }
        | FieldType::LongText { max_chars }
        | FieldType::Email { max_chars }
        | FieldType::Phone { max_chars }
        | FieldType::Url { max_chars } => format!("{label}, {max_chars} characters"),
        FieldType::Number { precision, scale }
        | FieldType::Currency { precision, scale }
        | FieldType::Percent { precision, scale } => {
            format!("{label}, {precision} digits, {scale} after the point")
        }
        FieldType::Picklist { restricted, .. } | FieldType::MultiPicklist { restricted, .. } => {
            let only = if *restricted {
                ", listed values only"
            } else {
                ""
            };
            format!("{label}{only}")
        }
        FieldType::Reference { to } => {
            let objects: Vec<&str> = to.iter().map(|object| object.as_str()).collect();
            format!("{label} to {}", objects.join(", "))
        }
        FieldType::Date | FieldType::DateTime | FieldType::Checkbox => label.to_owned(),
    }
}

fn named(values: &[String]) -> String {
    let some: Vec<String> = values.iter().take(VALUES_MAX).map(quoted).collect();
    match values.len().saturating_sub(VALUES_MAX) {
        0 => some.join(", "),
        more => format!("{} and {more} more", some.join(", ")),
    }
}

fn quoted(value: &String) -> String {
    format!("“{value}”")
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added { field, ty } => write!(f, "{field} ({}) is new", shown(ty)),
            Self::Gone { field } => write!(f, "{field} was removed or hidden"),
            Self::Retyped { field, from, to } => {
                write!(f, "{field} is {} now, not {}", shown(to), shown(from))
            }
            Self::Values {
                field,
                added,
                removed,
            } => match (added.is_empty(), removed.is_empty()) {
                (false, true) => write!(f, "{field} offers {} now", named(added)),
                (true, _) => write!(f, "{field} does not offer {} any more", named(removed)),
                (false, false) => write!(
                    f,
                    "{field} offers {} now and not {} any more",
                    named(added),
                    named(removed)
                ),
            },
            Self::Writable { field, now: true } => write!(f, "{field} can be written now"),
            Self::Writable { field, now: false } => {
                write!(f, "{field} can’t be written any more")
            }
            Self::Createable(true) => f.write_str("records can be created now"),
            Self::Createable(false) => f.write_str("records can’t be created any more"),
            Self::Updateable(true) => f.write_str("records can be changed now"),
            Self::Updateable(false) => f.write_str("records can’t be changed any more"),
        }
    }
}
