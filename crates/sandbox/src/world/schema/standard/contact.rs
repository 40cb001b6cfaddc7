//! Contact.

use super::{
    LEAD_SOURCES, SALUTATIONS, activity, address, audit, clean_status, fill, identity,
    master_record, owner,
};
use crate::world::schema::field::{
    boolean, date, datetime, email, long_text, phone, picklist, reference, text, url,
};
use crate::world::schema::{FieldDef, ObjectDef};

pub(super) fn object() -> ObjectDef {
    let mut object = ObjectDef::new("Contact", "Contact", "Contacts", *b"003");
    object.mergeable = true;
    fill(
        object,
        [
            identity("Contact").into(),
            vec![
                master_record("Contact"),
                reference("AccountId", "Account ID", &["Account"], "Account")
                    .children("Contacts")
                    .cascading(),
            ],
            person_name(),
            address("Other"),
            address("Mailing"),
            phones(),
            profile(),
            audit().into(),
            activity().into(),
            bounces(),
            vec![
                url("PhotoUrl", "Photo URL").read_only().info("imageurl"),
                text("Jigsaw", "Data.com Key", 20),
                clean_status(),
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

/// LastName, FirstName, Salutation and the read-only Name put together from the first two.
pub(super) fn person_name() -> Vec<FieldDef> {
    vec![
        text("LastName", "Last Name", 80)
            .required()
            .part_of("Name")
            .info("personname"),
        text("FirstName", "First Name", 40)
            .not_permissionable()
            .part_of("Name")
            .info("personname"),
        picklist("Salutation", "Salutation", 40, &SALUTATIONS)
            .not_permissionable()
            .part_of("Name")
            .info("personname"),
        text("Name", "Full Name", 121)
            .required()
            .read_only()
            .record_name()
            .info("personname"),
    ]
}

fn phones() -> Vec<FieldDef> {
    vec![
        phone("Phone", "Business Phone"),
        phone("Fax", "Business Fax"),
        phone("MobilePhone", "Mobile Phone"),
        phone("HomePhone", "Home Phone"),
        phone("OtherPhone", "Other Phone"),
        phone("AssistantPhone", "Asst. Phone"),
    ]
}

fn profile() -> Vec<FieldDef> {
    vec![
        reference("ReportsToId", "Reports To ID", &["Contact"], "ReportsTo"),
        email("Email", "Email", 80).id_lookup(),
        text("Title", "Title", 128),
        text("Department", "Department", 80),
        text("AssistantName", "Assistant's Name", 40),
        picklist("LeadSource", "Lead Source", 255, &LEAD_SOURCES),
        date("Birthdate", "Birthdate"),
        long_text("Description", "Contact Description"),
        owner(&["User"]),
        boolean("HasOptedOutOfEmail", "Email Opt Out"),
        boolean("HasOptedOutOfFax", "Fax Opt Out"),
        boolean("DoNotCall", "Do Not Call"),
    ]
}

fn bounces() -> Vec<FieldDef> {
    vec![
        text("EmailBouncedReason", "Email Bounced Reason", 255).not_permissionable(),
        datetime("EmailBouncedDate", "Email Bounced Date").not_permissionable(),
        boolean("IsEmailBounced", "Is Email Bounced").read_only(),
    ]
}
