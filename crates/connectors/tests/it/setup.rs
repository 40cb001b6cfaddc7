//! Who we are, what the org has, and what we may do there.

use crate::org::{Org, options};
use tandem_core::connector::Connector as _;
use tandem_core::error::ErrorClass;
use tandem_core::ids::{CrmId, CrmObject};
use tandem_core::schema::FieldType;
use tandem_sandbox::Options;
use tandem_sandbox::world::FieldRights;

#[tokio::test]
async fn the_org_and_the_user_are_known_for_one_call() {
    let org = Org::new();
    let identity = org
        .pay(org.salesforce.identify().await)
        .expect("an identity");
    let org_id = org.sandbox.world(|world| world.org_id().to_string());
    assert_eq!(identity.org_id, org_id);
    assert_eq!(identity.org_name, "Halden Robotics");
    assert_eq!(identity.edition, "Developer Edition");
    assert!(identity.sandbox);
    assert!(identity.username.starts_with("connector@"), "{identity:?}");
    assert_eq!(org.spent(), 1);
}

#[tokio::test]
async fn the_users_are_listed_active_or_not() {
    let org = Org::new();
    let users = org.pay(org.salesforce.users().await).expect("users");
    assert_eq!(users.len(), 12);
    assert!(
        users
            .iter()
            .all(|user| user.active && user.email.contains('@'))
    );
    assert_eq!(org.spent(), 1);
}

#[tokio::test]
async fn a_schema_has_types_and_rights() {
    let org = Org::new();
    let objects = ["Account", "Contact", "Lead", "Opportunity", "Nothing__c"].map(CrmObject::new);
    let schemas = org
        .pay(org.salesforce.describe(&objects).await)
        .expect("an answer");
    assert_eq!(org.spent(), 1);
    let failure = schemas[4].as_ref().expect_err("no such object");
    assert_eq!(failure.class, ErrorClass::SchemaChanged);
    let lead = schemas[2].as_ref().expect("a schema");
    let field = |name: &str| lead.field(name).unwrap_or_else(|| panic!("no {name}"));
    assert_eq!(field("LastName").ty, FieldType::Text { max_chars: 80 });
    assert!(field("LastName").required && field("Company").required);
    assert!(!field("OwnerId").required, "the CRM defaults it");
    assert!(matches!(field("Email").ty, FieldType::Email { .. }));
    assert!(matches!(field("Status").ty, FieldType::Picklist { .. }));
    assert!(field("ExtId__c").external_id && field("ExtId__c").custom);
    assert!(!field("SystemModstamp").updateable);
    let opportunity = schemas[3].as_ref().expect("a schema");
    let ty = |name: &str| opportunity.field(name).map(|field| field.ty.clone());
    assert_eq!(ty("CloseDate"), Some(FieldType::Date));
    assert_eq!(
        ty("Amount"),
        Some(FieldType::Currency {
            precision: 18,
            scale: 2
        })
    );
    assert!(
        matches!(ty("AccountId"), Some(FieldType::Reference { to }) if to == [CrmObject::new("Account")])
    );
    let account = schemas[0].as_ref().expect("a schema");
    assert!(
        account.field("BillingAddress").is_none(),
        "compound fields are left out"
    );
    assert!(account.field("BillingCity").is_some());
}

#[tokio::test]
async fn what_the_user_may_not_see_is_absent_and_what_it_may_not_change_is_marked() {
    let org = Org::new();
    let user = org.connector_user();
    let rights = |read| FieldRights { read, edit: false };
    org.sandbox.world(|world| {
        world
            .set_field_rights(user, "Lead", "Title", rights(false))
            .expect("rights");
        world
            .set_field_rights(user, "Lead", "Email", rights(true))
            .expect("rights");
    });
    let schemas = org.salesforce.describe(&[CrmObject::new("Lead")]).await;
    let schemas = org.pay(schemas).expect("an answer");
    let lead = schemas[0].as_ref().expect("a schema");
    assert!(lead.field("Title").is_none());
    assert!(
        lead.field("Email")
            .is_some_and(|field| !field.updateable && !field.createable)
    );
}

#[tokio::test]
async fn the_allowance_is_read_and_comes_along() {
    let org = Org::with(
        Options {
            call_limit_24h: 500,
            ..options()
        },
        |_| {},
    );
    let reply = org.salesforce.limits().await.expect("limits");
    assert_eq!(
        (reply.value.used, reply.value.max, reply.calls),
        (1, 500, 1)
    );
    assert_eq!(reply.usage, Some(reply.value));
}

#[test]
fn a_record_has_a_page() {
    let org = Org::new();
    let url = org
        .salesforce
        .record_url(&CrmObject::new("Lead"), &CrmId::new("00Q000000000001EAA"));
    assert_eq!(
        url,
        format!(
            "{}/lightning/r/Lead/00Q000000000001EAA/view",
            crate::org::ORIGIN
        )
    );
    assert_eq!(org.salesforce.label(), "Salesforce");
}
