//! The standard objects with their standard fields, as the recorded describes of a developer org show them
//! (types, lengths, flags, picklists and whether those are restricted). Objects without a recording (activities but
//! events, teams, splits, permissions, metadata) follow the vendor's object reference, from memory.
//!
//! Left out are fields of features no one turned on (record types, person accounts, partner networks, currencies).

mod tables;

use std::sync::{Arc, LazyLock};

use super::field::{Storage, boolean, datetime, decimal, picklist, reference, text};
use super::{FieldDef, FieldType, ObjectDef};

/// Every standard object, with `ExtId__c` on Account, Contact and Lead when `external_ids`.
pub(crate) fn standard_objects(external_ids: bool) -> Vec<Arc<ObjectDef>> {
    let mut objects = OBJECTS.clone();
    let keyed = ["Account", "Contact", "Lead"];
    let with_key = objects
        .iter_mut()
        .filter(|object| external_ids && keyed.contains(&object.name.as_str()));
    with_key.for_each(|object| Arc::make_mut(object).push(external_id()));
    objects
}

/// Read once; a world shares them until it changes one.
static OBJECTS: LazyLock<Vec<Arc<ObjectDef>>> = LazyLock::new(|| {
    read_tables()
        .unwrap_or_default()
        .into_iter()
        .map(Arc::new)
        .collect()
});

fn read_tables() -> Result<Vec<ObjectDef>, String> {
    let lists = tables::lists(include_str!("tables/lists.txt"))?;
    let texts = [
        include_str!("tables/business.txt"),
        include_str!("tables/deals.txt"),
        include_str!("tables/activities.txt"),
        include_str!("tables/service.txt"),
        include_str!("tables/people.txt"),
        include_str!("tables/rights.txt"),
        include_str!("tables/sharing.txt"),
        include_str!("tables/metadata.txt"),
    ];
    let objects = texts.iter().map(|text| tables::objects(text, &lists));
    Ok(objects.collect::<Result<Vec<_>, _>>()?.concat())
}

/// The key Tandem upserts by: unique, case-insensitive, 80 characters.
fn external_id() -> FieldDef {
    let mut field = text("ExtId__c", "Ext Id", 80);
    (field.custom, field.unique, field.external_id) = (true, true, true);
    field
}

/// `Id`, the first field of every object.
pub(super) fn id(object_label: &str) -> FieldDef {
    FieldDef::new("Id", &format!("{object_label} ID"), FieldType::Id)
        .length(18)
        .read_only()
        .id_lookup()
        .defaulted_required()
        .stored(Storage::Id)
}

/// `IsDeleted`, of every object whose records go to the recycle bin.
pub(super) fn deleted() -> FieldDef {
    boolean("IsDeleted", "Deleted")
        .read_only()
        .stored(Storage::IsDeleted)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_can_be_read_and_no_name_or_prefix_comes_twice() {
        let objects = read_tables().unwrap();
        assert!(objects.len() >= 38, "{} objects", objects.len());
        let mut seen = std::collections::HashSet::new();
        for object in &objects {
            assert!(seen.insert(object.name.clone()), "{} twice", object.name);
            let prefix = String::from_utf8(object.key_prefix.to_vec()).unwrap();
            assert!(
                prefix == "01J" || seen.insert(prefix.clone()),
                "{prefix} twice"
            );
            assert_eq!(object.fields[0].name, "Id", "{}", object.name);
            let mut names = std::collections::HashSet::new();
            for field in &object.fields {
                assert!(names.insert(&field.name), "{}.{}", object.name, field.name);
                let list = matches!(field.field_type, FieldType::Picklist | FieldType::Combobox);
                let open = ["SobjectType", "Field"].contains(&field.name.as_str());
                assert!(
                    !list || open || !field.picklist_values.is_empty(),
                    "{}.{} has no values",
                    object.name,
                    field.name
                );
            }
        }
    }

    #[test]
    fn a_line_that_makes_no_sense_is_refused() {
        let lists = tables::Lists::new();
        for text in [
            "Name | string(80) | C | Name",
            "= Thing t00 C | Thing | Things\nName | text(80) | C | Name",
            "= Thing t00 C | Thing | Things\nKind | picklist(40) | C | Kind | | $kinds",
            "= Thing t00 C | Thing | Things\nName | string(80) | C | Name | colour=red",
            "= Thing t000 C | Thing | Things",
        ] {
            assert!(tables::objects(text, &lists).is_err(), "{text}");
        }
    }
}
