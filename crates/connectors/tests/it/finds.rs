//! Records by a text that they hold, and what looking for them costs.

use crate::org::Org;
use serde_json::json;
use std::collections::BTreeSet;
use tandem_core::connector::{Connector as _, Lookup};
use tandem_core::ids::CrmObject;

fn lookup(field: &str, texts: &[&str]) -> Lookup {
    Lookup {
        field: field.into(),
        texts: texts.iter().map(|text| (*text).to_owned()).collect(),
    }
}

async fn find(org: &Org, object: &str, lookups: &[Lookup]) -> BTreeSet<String> {
    let object = CrmObject::new(object);
    let fields = ["LastName".to_owned(), "Email".to_owned()];
    let fields = if object.as_str() == "Lead" {
        &fields[..]
    } else {
        &[]
    };
    let found = org.salesforce.find(&object, lookups, fields, org.now());
    let found = org.pay(found.await).expect("an answer");
    found.into_iter().map(|record| record.id.0).collect()
}

#[tokio::test]
async fn whoever_holds_the_text_is_found_whatever_its_case() {
    let org = Org::new();
    let make = |name: &str, email: &str| {
        let fields = json!({ "LastName": name, "Company": "Halden", "Email": email });
        org.make("Lead", &fields)
    };
    let (ana, twin) = (
        make("Berg", "Ana@Fjord.example"),
        make("Li", "ana@fjord.example"),
    );
    let quoted = make("O'Neil", "o'neil@fjord.example");
    make("Berg", "other@fjord.example");
    let email = |texts: &[&str]| [lookup("Email", texts)];
    let found = find(&org, "Lead", &email(&["ana@fjord.example"])).await;
    assert_eq!(found, [ana.0.clone(), twin.0].into());
    let found = find(&org, "Lead", &email(&["o'neil@fjord.example"])).await;
    assert_eq!(found, [quoted.0].into());
    let found = find(&org, "Lead", &email(&["nobody@fjord.example"])).await;
    assert_eq!(found, BTreeSet::new());
}

#[tokio::test]
async fn any_of_several_fields_is_enough_and_a_record_comes_once() {
    let org = Org::new();
    let make =
        |name: &str, site: &str| org.make("Account", &json!({ "Name": name, "Website": site }));
    let (both, name) = (make("Acme", "www.acme.example"), make("ACME", ""));
    let site = make("Other", "https://acme.example");
    make("Else", "https://else.example");
    org.forget_spent();
    let lookups = [
        lookup("Name", &["acme"]),
        lookup("Website", &["www.acme.example", "https://acme.example"]),
    ];
    let found = find(&org, "Account", &lookups).await;
    assert_eq!(found, [both.0, name.0, site.0].into());
    assert_eq!(org.spent(), 1);
}

#[tokio::test]
async fn two_thousand_addresses_are_one_call() {
    let org = Org::new();
    let made = org.make(
        "Lead",
        &json!({ "LastName": "Berg", "Company": "Halden", "Email": "n1234@fjord.example" }),
    );
    org.forget_spent();
    let texts: Vec<String> = (0..2_000).map(|n| format!("n{n}@fjord.example")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let found = find(&org, "Lead", &[lookup("Email", &texts)]).await;
    assert_eq!(found, [made.0].into());
    assert_eq!(org.spent(), 1);
}
