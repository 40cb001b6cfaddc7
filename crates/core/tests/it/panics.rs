//! Any value in any field of any type: a verdict, never a panic.

use crate::fixture::{at, cases, fields, lead, link, pair, person, rule};
use proptest::prelude::*;
use tandem_core::ids::{CrmObject, RecordId};
use tandem_core::link::{Agreed, PutBack};
use tandem_core::mapping::{Direction, Winner};
use tandem_core::reconcile::{Input, Kin, reconcile};
use tandem_core::schema::FieldType;
use tandem_core::settings::{Guards, SyncSettings};
use tandem_core::value::{Reference, Value, canonical, same};
use tandem_core::workspace::Kind;
use tandem_core::{Decimal, Timestamp};

fn any_value() -> impl Strategy<Value = Value> {
    let number =
        (any::<[u32; 3]>(), any::<bool>(), 0u32..=28).prop_map(|([a, b, c], sign, scale)| {
            Value::Number(Decimal::from_parts(a, b, c, sign, scale))
        });
    let second = Timestamp::MIN.as_second()..=Timestamp::MAX.as_second();
    let time = (second, 0..1_000_000_000).prop_filter_map("in range", |(second, nano)| {
        Timestamp::new(second, nano).ok().map(Value::DateTime)
    });
    let date = (-9999i16..=9999, 1i8..=12, 1i8..=28).prop_map(|(year, month, day)| {
        let text = format!("{year:04}-{month:02}-{day:02}");
        text.parse().map_or(Value::Null, Value::Date)
    });
    prop_oneof![
        Just(Value::Null),
        any::<String>().prop_map(Value::Text),
        number,
        any::<bool>().prop_map(Value::Bool),
        date,
        time,
        prop::collection::btree_set(any::<String>(), 0..4).prop_map(Value::Choices),
        any::<String>().prop_map(Value::crm_ref),
        any::<i64>()
            .prop_map(|id| Value::Reference(Reference::Workspace(Kind::Account, RecordId(id)))),
    ]
}

fn any_type() -> impl Strategy<Value = FieldType> {
    let (restricted, values) = (true, vec!["A".to_owned()]);
    let choice = values.clone();
    prop_oneof![
        any::<u32>().prop_map(|max_chars| FieldType::Text { max_chars }),
        any::<u32>().prop_map(|max_chars| FieldType::LongText { max_chars }),
        any::<(u8, u8)>().prop_map(|(precision, scale)| FieldType::Number { precision, scale }),
        any::<(u8, u8)>().prop_map(|(precision, scale)| FieldType::Currency { precision, scale }),
        any::<(u8, u8)>().prop_map(|(precision, scale)| FieldType::Percent { precision, scale }),
        Just(FieldType::Date),
        Just(FieldType::DateTime),
        Just(FieldType::Checkbox),
        Just(FieldType::Picklist { restricted, values }),
        Just(FieldType::MultiPicklist {
            restricted,
            values: choice
        }),
        any::<u32>().prop_map(|max_chars| FieldType::Email { max_chars }),
        any::<u32>().prop_map(|max_chars| FieldType::Phone { max_chars }),
        any::<u32>().prop_map(|max_chars| FieldType::Url { max_chars }),
        Just(FieldType::Reference {
            to: vec![CrmObject::new("Account")]
        }),
    ]
}

proptest! {
    #![proptest_config(cases(1000))]

    /// The form is final, and what has the same form is the same.
    #[test]
    fn a_form_is_its_own_form(one in any_value(), ty in any_type()) {
        prop_assert!(same(&one, &one, &ty));
        if let Ok(form) = canonical(&one, &ty) {
            prop_assert_eq!(canonical(&form, &ty), Ok(form.clone()));
            prop_assert!(same(&one, &form, &ty));
        }
    }

    #[test]
    fn sameness_does_not_depend_on_the_order(one in any_value(), other in any_value(), ty in any_type()) {
        prop_assert_eq!(same(&one, &other, &ty), same(&other, &one, &ty));
    }

    #[test]
    fn any_values_are_decided(
        (crm_type, workspace_type) in (any_type(), any_type()),
        values in prop::array::uniform5(any_value()),
        (both, never, new, returns) in any::<(bool, bool, bool, bool)>(),
    ) {
        let [crm, ours, base_crm, base_ours, edit] = values;
        let mut rule = rule("field", Winner::MostRecent);
        rule.crm_type = crm_type;
        rule.workspace_type = workspace_type;
        rule.mapping.blank_never_erases = never;
        if !both {
            rule.mapping.direction = Direction::CrmToWorkspace;
        }
        let mut link = link();
        let agreed = Agreed { crm: base_crm, workspace: base_ours };
        link.base.insert("field".into(), agreed);
        if returns {
            let put_back = PutBack { value: edit, sent: crm.clone() };
            link.put_back.insert("field".into(), put_back);
        }
        let crm = lead(fields([("FIELD", crm)]));
        let workspace = person(fields([("field", ours)]));
        let rules = pair(vec![rule]);
        reconcile(&Input {
            rules: &rules,
            link: &link,
            crm: Some(&crm),
            workspace: (!new).then_some(&workspace),
            candidates: &[],
            kin: &Kin::default(),
            heir_rules: None,
            settings: &SyncSettings::default(),
            key_prefix: "team",
            now: at(20),
            guards: Guards::ALL,
        });
    }
}
