//! Lead.

use super::contact::person_name;
use super::{
    INDUSTRIES, LEAD_SOURCES, RATINGS, activity, address, audit, clean_status, fill, identity,
    master_record, owner,
};
use crate::world::schema::field::{
    boolean, date, datetime, decimal, email, int, long_text, phone, picklist, reference, text, url,
};
use crate::world::schema::{FieldDef, FieldType, ObjectDef};
use crate::world::value::Value;

const STATUSES: [&str; 4] = [
    "Open - Not Contacted",
    "Working - Contacted",
    "Closed - Converted",
    "Closed - Not Converted",
];

pub(super) fn object() -> ObjectDef {
    let mut object = ObjectDef::new("Lead", "Lead", "Leads", *b"00Q");
    object.mergeable = true;
    fill(
        object,
        [
            identity("Lead").into(),
            vec![master_record("Lead")],
            person_name(),
            vec![
                text("Title", "Title", 128),
                text("Company", "Company", 255).required(),
            ],
            address(""),
            reach(),
            qualification(),
            conversion(),
            audit().into(),
            activity().into(),
            vec![
                text("Jigsaw", "Data.com Key", 20),
                clean_status(),
                text("CompanyDunsNumber", "Company D-U-N-S Number", 9),
                text("EmailBouncedReason", "Email Bounced Reason", 255)
                    .not_permissionable()
                    .update_only(),
                datetime("EmailBouncedDate", "Email Bounced Date")
                    .not_permissionable()
                    .update_only(),
                reference(
                    "IndividualId",
                    "Individual ID",
                    &["Individual"],
                    "Individual",
                )
                .not_permissionable(),
            ],
        ],
    )
}

fn reach() -> Vec<FieldDef> {
    vec![
        phone("Phone", "Phone"),
        phone("MobilePhone", "Mobile Phone"),
        phone("Fax", "Fax"),
        email("Email", "Email", 80).id_lookup(),
        url("Website", "Website"),
        url("PhotoUrl", "Photo URL").read_only().info("imageurl"),
        long_text("Description", "Description"),
    ]
}

fn qualification() -> Vec<FieldDef> {
    let status = picklist("Status", "Status", 255, &[])
        .defaulted(Value::text(STATUSES[0]))
        .values(&STATUSES);
    vec![
        picklist("LeadSource", "Lead Source", 255, &LEAD_SOURCES),
        status.not_permissionable(),
        picklist("Industry", "Industry", 255, &INDUSTRIES),
        picklist("Rating", "Rating", 255, &RATINGS),
        decimal(
            "AnnualRevenue",
            "Annual Revenue",
            FieldType::Currency,
            18,
            0,
        ),
        int("NumberOfEmployees", "Employees"),
        owner(&["Group", "User"]),
        boolean("HasOptedOutOfEmail", "Email Opt Out"),
        boolean("HasOptedOutOfFax", "Fax Opt Out"),
        boolean("DoNotCall", "Do Not Call"),
    ]
}

fn conversion() -> Vec<FieldDef> {
    vec![
        boolean("IsConverted", "Converted")
            .create_only()
            .not_permissionable(),
        date("ConvertedDate", "Converted Date").read_only(),
        reference(
            "ConvertedAccountId",
            "Converted Account ID",
            &["Account"],
            "ConvertedAccount",
        )
        .read_only(),
        reference(
            "ConvertedContactId",
            "Converted Contact ID",
            &["Contact"],
            "ConvertedContact",
        )
        .read_only(),
        reference(
            "ConvertedOpportunityId",
            "Converted Opportunity ID",
            &["Opportunity"],
            "ConvertedOpportunity",
        )
        .read_only(),
        boolean("IsUnreadByOwner", "Unread By Owner")
            .defaulted(Value::Bool(true))
            .not_permissionable(),
    ]
}
