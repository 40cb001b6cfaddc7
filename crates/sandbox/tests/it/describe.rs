//! Describes: key sets, rights of the caller, conditional requests.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};

use crate::client::Client;

/// Attributes of an object describe, as recorded on real orgs.
const OBJECT_KEYS: [&str; 45] = [
    "actionOverrides",
    "activateable",
    "associateEntityType",
    "associateParentEntity",
    "childRelationships",
    "compactLayoutable",
    "createable",
    "custom",
    "customSetting",
    "deepCloneable",
    "defaultImplementation",
    "deletable",
    "deprecatedAndHidden",
    "extendedBy",
    "extendsInterfaces",
    "feedEnabled",
    "fields",
    "hasSubtypes",
    "implementedBy",
    "implementsInterfaces",
    "isInterface",
    "isSubtype",
    "keyPrefix",
    "label",
    "labelPlural",
    "layoutable",
    "listviewable",
    "lookupLayoutable",
    "mergeable",
    "mruEnabled",
    "name",
    "namedLayoutInfos",
    "networkScopeFieldName",
    "queryable",
    "recordTypeInfos",
    "replicateable",
    "retrieveable",
    "searchLayoutable",
    "searchable",
    "sobjectDescribeOption",
    "supportedScopes",
    "triggerable",
    "undeletable",
    "updateable",
    "urls",
];

/// Attributes of a field, the same set on every field of a recorded describe.
const FIELD_KEYS: [&str; 57] = [
    "aggregatable",
    "aiPredictionField",
    "autoNumber",
    "byteLength",
    "calculated",
    "calculatedFormula",
    "cascadeDelete",
    "caseSensitive",
    "compoundFieldName",
    "controllerName",
    "createable",
    "custom",
    "defaultValue",
    "defaultValueFormula",
    "defaultedOnCreate",
    "dependentPicklist",
    "deprecatedAndHidden",
    "digits",
    "displayLocationInDecimal",
    "encrypted",
    "externalId",
    "extraTypeInfo",
    "filterable",
    "filteredLookupInfo",
    "formulaTreatNullNumberAsZero",
    "groupable",
    "highScaleNumber",
    "htmlFormatted",
    "idLookup",
    "inlineHelpText",
    "label",
    "length",
    "mask",
    "maskType",
    "name",
    "nameField",
    "namePointing",
    "nillable",
    "permissionable",
    "picklistValues",
    "polymorphicForeignKey",
    "precision",
    "queryByDistance",
    "referenceTargetField",
    "referenceTo",
    "relationshipName",
    "relationshipOrder",
    "restrictedDelete",
    "restrictedPicklist",
    "scale",
    "searchPrefilterable",
    "soapType",
    "sortable",
    "type",
    "unique",
    "updateable",
    "writeRequiresMasterRead",
];

fn keys(value: &Value) -> BTreeSet<&str> {
    value
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect()
}

fn field<'d>(describe: &'d Value, name: &str) -> Option<&'d Value> {
    describe["fields"]
        .as_array()
        .expect("fields")
        .iter()
        .find(|field| field["name"] == name)
}

#[test]
fn describes_have_the_recorded_key_sets() {
    let client = Client::empty();
    for object in ["Account", "Contact", "Lead", "Opportunity", "User"] {
        let describe = client
            .get(&format!("/sobjects/{object}/describe"))
            .expect(200)
            .json();
        assert_eq!(keys(&describe), BTreeSet::from(OBJECT_KEYS), "{object}");
        for field in describe["fields"].as_array().expect("fields") {
            assert_eq!(
                keys(field),
                BTreeSet::from(FIELD_KEYS),
                "{object}.{}",
                field["name"]
            );
        }
    }
}

#[test]
fn fields_say_what_a_writer_needs() {
    let client = Client::empty();
    let contact = client.get("/sobjects/Contact/describe").expect(200).json();
    let check = |name: &str, wanted: Value| {
        let field = field(&contact, name).expect(name);
        for (key, value) in wanted.as_object().expect("an object") {
            assert_eq!(&field[key], value, "{name}.{key}");
        }
    };
    check(
        "LastName",
        json!({ "nillable": false, "createable": true, "length": 80, "byteLength": 240, "soapType": "xsd:string" }),
    );
    check(
        "Name",
        json!({ "createable": false, "updateable": false, "nameField": true }),
    );
    check(
        "Id",
        json!({ "type": "id", "length": 18, "byteLength": 18, "idLookup": true }),
    );
    check(
        "AccountId",
        json!({ "type": "reference", "referenceTo": ["Account"], "relationshipName": "Account" }),
    );
    check(
        "ExtId__c",
        json!({ "externalId": true, "unique": true, "custom": true, "idLookup": true }),
    );
    check(
        "MailingAddress",
        json!({ "type": "address", "soapType": "urn:address", "queryByDistance": true }),
    );
    check(
        "SystemModstamp",
        json!({ "type": "datetime", "updateable": false }),
    );
    let account = client.get("/sobjects/Account/describe").expect(200).json();
    let children = account["childRelationships"].as_array().expect("a list");
    let contacts = children
        .iter()
        .find(|child| child["relationshipName"] == "Contacts")
        .expect("contacts");
    assert_eq!(
        (&contacts["childSObject"], &contacts["cascadeDelete"]),
        (&"Contact".into(), &true.into())
    );
}

#[test]
fn the_list_of_objects_and_the_short_form_agree() {
    let client = Client::empty();
    let global = client.get("/sobjects").expect(200).json();
    assert_eq!(
        (&global["encoding"], &global["maxBatchSize"]),
        (&"UTF-8".into(), &200.into())
    );
    let entries = global["sobjects"].as_array().expect("a list");
    let lead = entries
        .iter()
        .find(|entry| entry["name"] == "Lead")
        .expect("Lead");
    assert_eq!(lead["keyPrefix"], "00Q");
    assert_eq!(lead.get("fields"), None);
    let basic = client.get("/sobjects/lead").expect(200).json();
    assert_eq!(
        (&basic["objectDescribe"], &basic["recentItems"]),
        (lead, &json!([]))
    );
}

#[test]
fn an_unchanged_describe_is_304_until_metadata_changes() {
    let client = Client::empty();
    let first = client.get("/sobjects/Lead/describe").expect(200);
    let (etag, modified) = (
        first.header("etag").to_owned(),
        first.header("last-modified").to_owned(),
    );
    assert_eq!(
        (etag.len(), modified.ends_with(" GMT")),
        (10, true),
        "{etag} {modified}"
    );
    let again = |name: &str, value: &str| {
        client.call(
            Method::GET,
            "/sobjects/Lead/describe",
            None,
            &[(name, value)],
        )
    };
    let unchanged = again("if-modified-since", &modified).expect(304);
    assert_eq!(
        (unchanged.text.as_str(), unchanged.header("etag")),
        ("", etag.as_str())
    );
    again("if-none-match", &etag).expect(304);
    again("if-none-match", "\"other\"").expect(200);
    client.sandbox.advance(jiff::SignedDuration::from_secs(60));
    client.sandbox.world(|world| {
        let field = json!({ "name": "Score__c", "label": "Score", "type": "number", "precision": 5, "scale": 1 });
        world.add_field("Lead", serde_json::from_value(field).expect("a field")).expect("added");
    });
    let changed = again("if-modified-since", &modified).expect(200).json();
    let score = field(&changed, "Score__c").expect("the new field");
    assert_eq!(
        (&score["type"], &score["precision"], &score["scale"]),
        (&"double".into(), &5.into(), &1.into())
    );
    again("if-none-match", &etag).expect(200);
}
