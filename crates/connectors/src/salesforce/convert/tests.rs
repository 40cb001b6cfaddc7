//! Values one by one, and there and back.

use super::*;
use proptest::prelude::*;
use tandem_core::ids::RecordId;
use tandem_core::workspace::Kind;

fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).expect("JSON")
}

#[test]
fn values_by_shape() {
    use Shape as S;
    let number = |text: &str| Value::Number(text.parse().expect("a number"));
    let day = Value::Date("2026-01-31".parse().expect("a date"));
    let noon = Value::DateTime("2026-01-31T12:00:00Z".parse().expect("a time"));
    let set = Value::Choices(["A B", "C"].map(String::from).into());
    for (json, shape, expected) in [
        ("null", S::Text, Some(Value::Null)),
        ("null", S::Checkbox, Some(Value::Bool(false))),
        (r#""""#, S::Date, Some(Value::Null)),
        (r#""a\nb""#, S::Text, Some(Value::text("a\nb"))),
        ("true", S::Text, Some(Value::text("true"))),
        ("true", S::Checkbox, Some(Value::Bool(true))),
        ("5", S::Number, Some(number("5"))),
        ("50000.0", S::Number, Some(number("50000.0"))),
        (
            "0.1234567890123456789012345678",
            S::Number,
            Some(number("0.1234567890123456789012345678")),
        ),
        ("1.25E7", S::Number, Some(number("12500000"))),
        ("1e99", S::Number, None),
        (r#""12.50""#, S::Number, Some(number("12.50"))),
        (r#""many""#, S::Number, None),
        (r#""2026-01-31""#, S::Date, Some(day)),
        (r#""2026-02-31""#, S::Date, None),
        (
            r#""2026-01-31T12:00:00.000+0000""#,
            S::DateTime,
            Some(noon.clone()),
        ),
        (r#""2026-01-31T12:00:00.000Z""#, S::DateTime, Some(noon)),
        (r#""A B;C""#, S::Choices, Some(set)),
        (
            r#""003000000000001""#,
            S::Reference,
            Some(Value::crm_ref("003000000000001AAA")),
        ),
        (r#""nobody""#, S::Reference, None),
        (r#"{"city":"Oslo"}"#, S::Text, None),
        ("[]", S::Unknown, None),
        ("1.5", S::Unknown, Some(number("1.5"))),
        ("false", S::Unknown, Some(Value::Bool(false))),
        (r#""x""#, S::Unknown, Some(Value::text("x"))),
    ] {
        assert_eq!(value(&raw(json), shape), expected, "{json} as {shape:?}");
    }
}

#[test]
fn what_has_no_crm_id_cannot_be_sent() {
    let value = Value::Reference(Reference::Workspace(Kind::Account, RecordId(7)));
    assert!(to_json(&value, Shape::Reference).is_err());
    assert_eq!(
        to_json(&Value::Null, Shape::Text).expect("JSON").get(),
        "null"
    );
    assert_eq!(
        to_json(&Value::Null, Shape::Checkbox).expect("JSON").get(),
        "false"
    );
}

#[test]
fn a_row_needs_an_id_and_a_stamp() {
    let shapes = Shapes::default();
    let fields = [
        "Name".to_owned(),
        "Missing".to_owned(),
        "BillingAddress".to_owned(),
    ];
    let columns = shapes.of(&CrmObject::new("Account"), &fields);
    let row = |json: &'static str| -> Row<'static> { serde_json::from_str(json).expect("a row") };
    let read = |json| {
        columns.record(
            &CrmObject::new("Account"),
            &row(json),
            Timestamp::UNIX_EPOCH,
        )
    };
    let record = read(
        r#"{"attributes":{"type":"Account"},"Id":"001000000000001","IsDeleted":true,
        "SystemModstamp":"2026-01-31T12:00:09.000+0000","LastModifiedDate":"2026-01-31T12:00:00.000+0000",
        "LastModifiedById":"005000000000001AAA","Name":"Halden","BillingAddress":{"city":"Oslo"}}"#,
    )
    .expect("a record");
    assert_eq!(record.id.as_str(), "001000000000001AAA");
    assert_eq!(record.revision.tag, "2026-01-31T12:00:09.000+0000");
    assert_eq!(record.revision.order - record.modified_at.as_second(), 9);
    assert!(record.deleted);
    assert_eq!(record.fields.keys().collect::<Vec<_>>(), ["Name"]);
    assert!(read(r#"{"Id":"001000000000001AAA"}"#).is_none());
    assert!(read(r#"{"SystemModstamp":"2026-01-31T12:00:00.000+0000"}"#).is_none());
}

fn any_value() -> impl Strategy<Value = (Value, Shape)> {
    let seconds = -2_000_000_000_i64..4_000_000_000;
    prop_oneof![
        ".{1,40}".prop_map(|text| (Value::Text(text), Shape::Text)),
        (any::<i64>(), 0..=18_u32)
            .prop_map(|(n, scale)| (Value::Number(Decimal::new(n, scale)), Shape::Number)),
        any::<bool>().prop_map(|flag| (Value::Bool(flag), Shape::Checkbox)),
        seconds.prop_map(|s| {
            let at = Timestamp::from_second(s).expect("in range");
            (Value::DateTime(at), Shape::DateTime)
        }),
        (1800..2999_i16, 1..=12_i8, 1..=28_i8)
            .prop_map(|(y, m, d)| (Value::Date(jiff::civil::date(y, m, d)), Shape::Date)),
        proptest::collection::btree_set("[A-Za-zäß/&]{1,9}", 1..5)
            .prop_map(|set| (Value::Choices(set), Shape::Choices)),
        "[0-9A-Za-z]{15}".prop_map(|id| {
            let id = canonical_id(&id).expect("an id");
            (Value::Reference(Reference::Crm(id)), Shape::Reference)
        }),
        Just((Value::Null, Shape::Text)),
    ]
}

proptest! {
    #[test]
    fn what_is_sent_reads_back_the_same((original, shape) in any_value()) {
        let json = to_json(&original, shape).expect("JSON");
        prop_assert_eq!(value(&json, shape), Some(original));
    }

    #[test]
    fn no_json_breaks_the_reading(json in r#"[-0-9.eE"a-z:+TZ]{1,30}"#) {
        if let Ok(raw) = RawValue::from_string(json) {
            for shape in [Shape::Unknown, Shape::Text, Shape::Number, Shape::Date, Shape::DateTime] {
                let _ = value(&raw, shape);
            }
        }
    }
}

#[test]
fn a_row_tells_what_took_its_place() {
    let told = |object: &str, row: &str| {
        let row: Row<'_> = serde_json::from_str(row).expect("a row");
        successor(&CrmObject::new(object), &row).map(|to| (to.how, to.object.0, to.id.0))
    };
    let id = |text: &str| Some(text.to_owned());
    for (object, row, expected) in [
        (
            "Account",
            r#"{"IsDeleted":true,"MasterRecordId":null}"#,
            None,
        ),
        (
            "Account",
            r#"{"IsDeleted":true,"MasterRecordId":"001000000000001"}"#,
            id("merge Account 001000000000001AAA"),
        ),
        // A loser that was undeleted is a record of its own again.
        (
            "Contact",
            r#"{"IsDeleted":false,"MasterRecordId":"003000000000001"}"#,
            None,
        ),
        (
            "Lead",
            r#"{"IsConverted":false,"ConvertedContactId":null}"#,
            None,
        ),
        (
            "Lead",
            r#"{"IsConverted":true,"ConvertedContactId":"003000000000001"}"#,
            id("conversion Contact 003000000000001AAA"),
        ),
        ("Opportunity", r#"{"IsDeleted":true}"#, None),
    ] {
        let told = told(object, row).map(|(how, object, id)| {
            let how = match how {
                Succession::Merge => "merge",
                Succession::Conversion => "conversion",
            };
            format!("{how} {object} {id}")
        });
        assert_eq!(told, expected, "{row}");
    }
}
