//! How an object of the CRM changed between two readings.

use crate::notation::field_type;
use crate::table::{check, expect};
use tandem_core::drift::drift;
use tandem_core::ids::CrmObject;
use tandem_core::schema::{FieldSchema, FieldType, ObjectSchema};

/// `Name type rights`, parted by `;`: rights as in `compile.txt`, and the object's own before a colon.
fn schema(cell: &str) -> ObjectSchema {
    let (rights, fields) = cell.split_once(':').expect("rights: fields");
    let fields = fields.split(';').map(str::trim);
    ObjectSchema {
        name: CrmObject::new("Thing"),
        label: "Thing".into(),
        createable: rights.contains('c'),
        updateable: rights.contains('u'),
        fields: fields.filter(|text| !text.is_empty()).map(field).collect(),
        tag: None,
    }
}

fn field(text: &str) -> FieldSchema {
    let mut words = text.split(' ');
    let name = words.next().expect("a name");
    let ty = words.next().expect("a type");
    let rights = words.next().unwrap_or("cu");
    FieldSchema {
        name: name.into(),
        label: name.into(),
        ty: listed(ty),
        createable: rights.contains('c'),
        updateable: rights.contains('u'),
        required: false,
        calculated: rights.contains('f'),
        external_id: false,
        custom: true,
    }
}

/// `picklist[A,B]` offers values; `picklist![A]` takes no others.
fn listed(cell: &str) -> FieldType {
    let Some((name, values)) = cell.split_once('[') else {
        return field_type(cell);
    };
    let values = values.trim_end_matches(']').split(',');
    FieldType::Picklist {
        restricted: name.ends_with('!'),
        values: values.map(str::to_owned).collect(),
    }
}

#[test]
fn what_changed_is_told() {
    let table = include_str!("../tables/drift.txt");
    check("drift.txt", table, |[before, now, wanted]| {
        let found = drift(&schema(before), &schema(now));
        let told: Vec<String> = found.iter().map(ToString::to_string).collect();
        expect(&wanted.to_owned(), &told.join("; "))
    });
}
