//! The standard objects with their standard fields, as the recorded describes of a developer org show them
//! (types, lengths, flags, picklists and whether those are restricted).
//!
//! Left out are fields of features no one turned on (record types, person accounts, partner networks).

mod account;
mod contact;
mod lead;
mod opportunity;
mod setup;

use super::field::{Storage, boolean, date, datetime, decimal, picklist, reference, text};
use super::{FieldDef, FieldType, ObjectDef};

/// Every standard object, with `ExtId__c` on Account, Contact and Lead when `external_ids`.
pub(crate) fn standard_objects(external_ids: bool) -> Vec<ObjectDef> {
    let mut business = [account::object(), contact::object(), lead::object()];
    if external_ids {
        business
            .iter_mut()
            .for_each(|object| object.push(external_id()));
    }
    let setup = [
        setup::user(),
        setup::profile(),
        setup::user_role(),
        setup::organization(),
    ];
    let sales = [opportunity::object(), opportunity::history()];
    business.into_iter().chain(sales).chain(setup).collect()
}

/// The key Tandem upserts by: unique, case-insensitive, 80 characters.
fn external_id() -> FieldDef {
    let mut field = text("ExtId__c", "Ext Id", 80);
    (field.custom, field.unique, field.external_id) = (true, true, true);
    field
}

/// `Id` and `IsDeleted`, the first fields of every object.
pub(super) fn identity(object_label: &str) -> [FieldDef; 2] {
    [
        FieldDef::new("Id", &format!("{object_label} ID"), FieldType::Id)
            .length(18)
            .read_only()
            .id_lookup()
            .defaulted_required()
            .stored(Storage::Id),
        boolean("IsDeleted", "Deleted")
            .read_only()
            .stored(Storage::IsDeleted),
    ]
}

/// Who created and last changed the record and when, and SystemModstamp.
pub(super) fn audit() -> [FieldDef; 5] {
    let time = |name, label, storage| {
        datetime(name, label)
            .read_only()
            .defaulted_required()
            .stored(storage)
    };
    let user = |name, label, path, storage| {
        reference(name, label, &["User"], path)
            .read_only()
            .defaulted_required()
            .stored(storage)
    };
    [
        time("CreatedDate", "Created Date", Storage::CreatedDate),
        user(
            "CreatedById",
            "Created By ID",
            "CreatedBy",
            Storage::CreatedById,
        ),
        time(
            "LastModifiedDate",
            "Last Modified Date",
            Storage::LastModifiedDate,
        ),
        user(
            "LastModifiedById",
            "Last Modified By ID",
            "LastModifiedBy",
            Storage::LastModifiedById,
        ),
        time("SystemModstamp", "System Modstamp", Storage::SystemModstamp),
    ]
}

/// The record owner.
pub(super) fn owner(objects: &[&str]) -> FieldDef {
    reference("OwnerId", "Owner ID", objects, "Owner")
        .defaulted_required()
        .not_permissionable()
}

/// Parts of an address and the read-only compound over them. `prefix` is e.g. `Mailing`, or empty.
pub(super) fn address(prefix: &str) -> Vec<FieldDef> {
    let label = |part: &str| {
        if prefix.is_empty() {
            part.to_owned()
        } else {
            format!("{prefix} {part}")
        }
    };
    let line =
        |part: &str, shown: &str, length| text(&format!("{prefix}{part}"), &label(shown), length);
    let number = |part: &str| {
        decimal(
            &format!("{prefix}{part}"),
            &label(part),
            FieldType::Double,
            18,
            15,
        )
    };
    let compound = format!("{prefix}Address");
    let mut street = line("Street", "Street", 255).info("plaintextarea");
    street.field_type = FieldType::TextArea;
    let accuracy = picklist(
        &format!("{prefix}GeocodeAccuracy"),
        &label("Geocode Accuracy"),
        40,
        &GEOCODE_ACCURACIES,
    );
    let parts = [
        street,
        line("City", "City", 40),
        line("State", "State/Province", 80),
        line("PostalCode", "Zip/Postal Code", 20),
        line("Country", "Country", 80),
        number("Latitude"),
        number("Longitude"),
        accuracy.restricted(),
    ];
    let whole =
        FieldDef::new(&compound, &label("Address"), FieldType::Address).stored(Storage::Compound);
    let whole = FieldDef {
        createable: false,
        updateable: false,
        ..whole
    };
    parts
        .into_iter()
        .map(|part| part.part_of(&compound))
        .chain([whole])
        .collect()
}

/// `LastActivityDate`, `LastViewedDate`, `LastReferencedDate`: the emulator never sets them.
pub(super) fn activity() -> [FieldDef; 3] {
    [
        date("LastActivityDate", "Last Activity").read_only(),
        datetime("LastViewedDate", "Last Viewed Date").read_only(),
        datetime("LastReferencedDate", "Last Referenced Date").read_only(),
    ]
}

/// The record a merge loser went into.
pub(super) fn master_record(object: &str) -> FieldDef {
    reference(
        "MasterRecordId",
        "Master Record ID",
        &[object],
        "MasterRecord",
    )
    .read_only()
}

pub(super) fn clean_status() -> FieldDef {
    picklist("CleanStatus", "Clean Status", 40, &CLEAN_STATUSES).restricted()
}

pub(super) fn fill(
    mut object: ObjectDef,
    groups: impl IntoIterator<Item = Vec<FieldDef>>,
) -> ObjectDef {
    groups
        .into_iter()
        .flatten()
        .for_each(|field| object.push(field));
    object
}

const GEOCODE_ACCURACIES: [&str; 11] = [
    "Address",
    "NearAddress",
    "Block",
    "Street",
    "ExtendedZip",
    "Zip",
    "Neighborhood",
    "City",
    "County",
    "State",
    "Unknown",
];
const CLEAN_STATUSES: [&str; 8] = [
    "Matched",
    "Different",
    "Acknowledged",
    "NotFound",
    "Inactive",
    "Pending",
    "SelectMatch",
    "Skipped",
];
pub(super) const LEAD_SOURCES: [&str; 5] = [
    "Web",
    "Phone Inquiry",
    "Partner Referral",
    "Purchased List",
    "Other",
];
pub(super) const RATINGS: [&str; 3] = ["Hot", "Warm", "Cold"];
pub(super) const SALUTATIONS: [&str; 5] = ["Mr.", "Ms.", "Mrs.", "Dr.", "Prof."];
pub(super) const INDUSTRIES: [&str; 32] = [
    "Agriculture",
    "Apparel",
    "Banking",
    "Biotechnology",
    "Chemicals",
    "Communications",
    "Construction",
    "Consulting",
    "Education",
    "Electronics",
    "Energy",
    "Engineering",
    "Entertainment",
    "Environmental",
    "Finance",
    "Food & Beverage",
    "Government",
    "Healthcare",
    "Hospitality",
    "Insurance",
    "Machinery",
    "Manufacturing",
    "Media",
    "Not For Profit",
    "Recreation",
    "Retail",
    "Shipping",
    "Technology",
    "Telecommunications",
    "Transportation",
    "Utilities",
    "Other",
];
