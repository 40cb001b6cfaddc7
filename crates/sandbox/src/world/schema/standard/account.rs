//! Account.

use super::{
    INDUSTRIES, RATINGS, activity, address, audit, clean_status, fill, identity, master_record,
    owner,
};
use crate::world::schema::field::{decimal, int, long_text, phone, picklist, reference, text, url};
use crate::world::schema::{FieldDef, FieldType, ObjectDef};

const TYPES: [&str; 7] = [
    "Prospect",
    "Customer - Direct",
    "Customer - Channel",
    "Channel Partner / Reseller",
    "Installation Partner",
    "Technology Partner",
    "Other",
];

pub(super) fn object() -> ObjectDef {
    let mut object = ObjectDef::new("Account", "Account", "Accounts", *b"001");
    object.mergeable = true;
    fill(
        object,
        [
            identity("Account").into(),
            vec![
                master_record("Account"),
                text("Name", "Account Name", 255).required().record_name(),
                picklist("Type", "Account Type", 40, &TYPES),
                reference("ParentId", "Parent Account ID", &["Account"], "Parent")
                    .children("ChildAccounts"),
            ],
            address("Billing"),
            address("Shipping"),
            firm(),
            vec![owner(&["User"])],
            audit().into(),
            activity().into(),
            vec![text("Jigsaw", "Data.com Key", 20), clean_status()],
            registers(),
        ],
    )
}

fn firm() -> Vec<FieldDef> {
    vec![
        phone("Phone", "Account Phone"),
        phone("Fax", "Account Fax"),
        text("AccountNumber", "Account Number", 40),
        url("Website", "Website"),
        url("PhotoUrl", "Photo URL").read_only().info("imageurl"),
        text("Sic", "SIC Code", 20),
        picklist("Industry", "Industry", 40, &INDUSTRIES),
        decimal(
            "AnnualRevenue",
            "Annual Revenue",
            FieldType::Currency,
            18,
            0,
        ),
        int("NumberOfEmployees", "Employees"),
        picklist(
            "Ownership",
            "Ownership",
            40,
            &["Public", "Private", "Subsidiary", "Other"],
        ),
        text("TickerSymbol", "Ticker Symbol", 20),
        long_text("Description", "Account Description"),
        picklist("Rating", "Account Rating", 40, &RATINGS),
        text("Site", "Account Site", 80),
    ]
}

fn registers() -> Vec<FieldDef> {
    vec![
        picklist("AccountSource", "Account Source", 40, &super::LEAD_SOURCES),
        text("DunsNumber", "D-U-N-S Number", 9),
        text("Tradestyle", "Tradestyle", 255),
        text("NaicsCode", "NAICS Code", 8),
        text("NaicsDesc", "NAICS Description", 120),
        text("YearStarted", "Year Started", 4),
        text("SicDesc", "SIC Description", 80),
        reference(
            "DandbCompanyId",
            "D&B Company ID",
            &["DandBCompany"],
            "DandbCompany",
        ),
        reference(
            "OperatingHoursId",
            "Operating Hour ID",
            &["OperatingHours"],
            "OperatingHours",
        ),
    ]
}
