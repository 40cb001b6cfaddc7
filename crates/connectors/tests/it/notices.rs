//! Schema changes noticed along the way: in the cycle in which they happen, without a call of their own.

use crate::org::{Org, options, request};
use tandem_core::connector::{Connector as _, Failure, PulledPage};
use tandem_core::error::ErrorClass;
use tandem_core::ids::CrmObject;
use tandem_core::schema::{FieldType, ObjectSchema};
use tandem_sandbox::world::{FieldKind, FieldRights, NewField};

impl Org {
    /// Reads leads with their addresses: the page, and the schemas that came along. It costs one call.
    async fn notice(&self) -> (Result<PulledPage, Failure>, Vec<ObjectSchema>) {
        self.forget_spent();
        let requests = [request("Lead", None, None)];
        let pulled = self.pay(self.salesforce.pull(&requests, self.now()).await);
        let mut pulled = pulled.expect("an answer");
        assert_eq!(self.spent(), 1, "the describe is free");
        (pulled.pages.remove(0), pulled.schemas)
    }

    /// Keeps what is to be seen of leads.
    async fn keep_leads(&self) {
        let described = self.salesforce.describe(&[CrmObject::new("Lead")]).await;
        let schemas = self.pay(described).expect("an answer");
        self.salesforce
            .learn(schemas[0].as_ref().expect("a schema"));
    }

    fn add(&self, name: &str, kind: FieldKind) {
        let field = NewField {
            name: name.into(),
            label: name.into(),
            kind,
            required: false,
            unique: false,
            external_id: false,
            case_sensitive: false,
        };
        let added = self.sandbox.world(|world| world.add_field("Lead", field));
        added.expect("a field");
    }

    fn show_email(&self, read: bool, edit: bool) {
        let user = self.connector_user();
        let rights = FieldRights { read, edit };
        let set = |world: &mut tandem_sandbox::world::World| {
            world.set_field_rights(user, "Lead", "Email", rights)
        };
        self.sandbox.world(set).expect("a right");
    }
}

#[tokio::test]
async fn a_change_comes_with_the_next_read_for_nothing() {
    let org = Org::new();
    org.leads(2);
    org.keep_leads().await;
    assert_eq!(org.notice().await.1, [], "nothing changed");
    let seen = async || {
        let (page, mut schemas) = org.notice().await;
        assert!(page.is_ok());
        assert_eq!(schemas.len(), 1);
        let again = org.notice().await.1;
        assert_eq!(again, schemas, "told until somebody keeps it");
        org.salesforce.learn(&schemas[0]);
        assert_eq!(org.notice().await.1, []);
        schemas.remove(0)
    };
    org.advance(1);
    org.add(
        "Score__c",
        FieldKind::Number {
            precision: 9,
            scale: 2,
        },
    );
    let added = seen().await.field("Score__c").map(|field| field.ty.clone());
    assert_eq!(
        added,
        Some(FieldType::Number {
            precision: 9,
            scale: 2
        })
    );
    org.advance(1);
    org.show_email(true, false);
    assert!(
        seen()
            .await
            .field("Email")
            .is_some_and(|field| !field.updateable)
    );
    let restrict =
        |world: &mut tandem_sandbox::world::World| world.restrict_picklist("Lead", "Rating", true);
    org.advance(1);
    org.sandbox.world(restrict).expect("a picklist");
    let ty = seen().await.field("Rating").map(|field| field.ty.clone());
    assert!(matches!(
        ty,
        Some(FieldType::Picklist {
            restricted: true,
            ..
        })
    ));
}

/// The answer that says that a field is gone says also what is left.
#[tokio::test]
async fn a_hidden_field_fails_its_read_and_the_schema_comes_along() {
    let org = Org::new();
    org.leads(1);
    org.keep_leads().await;
    org.advance(1);
    org.show_email(false, false);
    let (page, schemas) = org.notice().await;
    let failure = page.expect_err("hidden");
    assert_eq!(failure.class, ErrorClass::SchemaChanged);
    assert_eq!(schemas.len(), 1);
    assert!(schemas[0].field("Email").is_none());
}

#[tokio::test]
async fn once_in_a_while_it_is_read_whole_whatever_the_server_says() {
    let org = Org::with(options(), |config| config.whole_schema_every_seconds = 600);
    org.leads(1);
    org.keep_leads().await;
    let mut whole = Vec::new();
    for _ in 0..5 {
        whole.push(org.notice().await.1.len());
        org.advance(300);
    }
    assert_eq!(whole, [0, 0, 1, 0, 1]);
}
