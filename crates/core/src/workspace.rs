//! Our own side: what a person, an account and an opportunity of the workspace are made of.

use crate::ids::CrmObject;
use crate::schema::FieldType;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A kind of workspace record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A company.
    Account,
    /// Someone at a company: a lead or a contact of the CRM.
    Person,
    /// A deal.
    Opportunity,
    /// A colleague; referred to as an owner, not synced as a record.
    User,
}

impl Kind {
    /// The kinds that sync, parents before children.
    pub const SYNCED: [Self; 3] = [Self::Account, Self::Person, Self::Opportunity];

    /// The name used in addresses and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Person => "person",
            Self::Opportunity => "opportunity",
            Self::User => "user",
        }
    }

    /// The kind of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Account, Self::Person, Self::Opportunity, Self::User]
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One field of a workspace record.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct WorkspaceField {
    /// Name in the API and in mappings.
    pub name: String,
    /// Name on pages.
    pub label: String,
    /// What it holds.
    #[serde(flatten)]
    pub ty: FieldType,
}

/// The standard fields of a kind, in the order pages show them.
pub fn standard_fields(kind: Kind) -> Vec<WorkspaceField> {
    let rows: &[(&str, &str, FieldType)] = &match kind {
        Kind::Person => person(),
        Kind::Account => account(),
        Kind::Opportunity => opportunity(),
        Kind::User => Vec::new(),
    };
    rows.iter()
        .map(|(name, label, ty)| WorkspaceField {
            name: (*name).into(),
            label: (*label).into(),
            ty: ty.clone(),
        })
        .collect()
}

type Row = (&'static str, &'static str, FieldType);

const TEXT: FieldType = FieldType::Text { max_chars: 255 };
const LONG: FieldType = FieldType::LongText { max_chars: 32_000 };
const PHONE: FieldType = FieldType::Phone { max_chars: 40 };
const URL: FieldType = FieldType::Url { max_chars: 255 };
const CHOICE: FieldType = FieldType::Picklist {
    restricted: false,
    values: Vec::new(),
};

fn reference(object: &str) -> FieldType {
    FieldType::Reference {
        to: vec![CrmObject::new(object)],
    }
}

fn address() -> [Row; 5] {
    [
        ("street", "Street", FieldType::LongText { max_chars: 255 }),
        ("city", "City", TEXT),
        ("state", "State", TEXT),
        ("postal_code", "Postal code", TEXT),
        ("country", "Country", TEXT),
    ]
}

fn person() -> Vec<Row> {
    let mut rows = vec![
        ("salutation", "Salutation", CHOICE),
        ("first_name", "First name", TEXT),
        ("last_name", "Last name", TEXT),
        ("title", "Title", TEXT),
        ("department", "Department", TEXT),
        ("company", "Company", TEXT),
        ("industry", "Industry", CHOICE),
        ("email", "E-mail", FieldType::Email { max_chars: 80 }),
        ("phone", "Phone", PHONE),
        ("mobile_phone", "Mobile phone", PHONE),
        ("home_phone", "Home phone", PHONE),
        ("website", "Website", URL),
        ("status", "Status", CHOICE),
        ("source", "Source", CHOICE),
        ("do_not_email", "Opted out of e-mail", FieldType::Checkbox),
        ("account", "Account", reference("Account")),
        ("owner", "Owner", reference("User")),
    ];
    rows.extend(address());
    rows.push(("description", "Description", LONG));
    rows
}

fn account() -> Vec<Row> {
    let mut rows = vec![
        ("name", "Name", TEXT),
        ("website", "Website", URL),
        ("phone", "Phone", PHONE),
        ("industry", "Industry", CHOICE),
        ("type", "Type", CHOICE),
        (
            "employees",
            "Employees",
            FieldType::Number {
                precision: 9,
                scale: 0,
            },
        ),
        (
            "annual_revenue",
            "Annual revenue",
            FieldType::Currency {
                precision: 18,
                scale: 2,
            },
        ),
        ("owner", "Owner", reference("User")),
    ];
    rows.extend(address());
    rows.push(("description", "Description", LONG));
    rows
}

fn opportunity() -> Vec<Row> {
    vec![
        ("name", "Name", TEXT),
        ("account", "Account", reference("Account")),
        ("stage", "Stage", CHOICE),
        (
            "amount",
            "Amount",
            FieldType::Currency {
                precision: 18,
                scale: 4,
            },
        ),
        (
            "probability",
            "Probability",
            FieldType::Percent {
                precision: 5,
                scale: 2,
            },
        ),
        ("close_date", "Close date", FieldType::Date),
        ("type", "Type", CHOICE),
        ("next_step", "Next step", TEXT),
        ("source", "Source", CHOICE),
        ("owner", "Owner", reference("User")),
        ("description", "Description", LONG),
    ]
}
