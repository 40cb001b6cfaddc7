//! The server's own tables.

use super::world::{World, at};
use tandem_core::connector::{CrmUser, OrgIdentity};
use tandem_core::ids::{ConnectionId, CrmId, CrmObject, UserId};
use tandem_core::mapping::ObjectMapping;
use tandem_core::schema::ObjectSchema;
use tandem_core::settings::ConnectionState;
use tandem_core::store::StoreError;
use tandem_core::workspace::Kind;
use tandem_store::admin::{
    AuditEntry, ConnectionDetails, GrantSwap, NewUser, Role, SealedGrant, User, UserPatch,
};
use tandem_store::views::PageRequest;

async fn user(world: &World, email: &str) -> Option<User> {
    let new = NewUser {
        team: world.team,
        email: email.into(),
        name: "Robin Oak".into(),
        role: Role::Member,
        password_hash: Some("hash".into()),
    };
    world.store.create_user(new, at(1)).await.unwrap()
}

#[tokio::test]
async fn a_person_signs_in_by_an_address_that_only_they_have() {
    let world = World::in_memory().await;
    let robin = user(&world, "Robin@Oak.example").await.unwrap();
    assert_eq!(robin.email, "robin@oak.example");
    assert_eq!(user(&world, "robin@OAK.example").await, None);
    let found = world
        .store
        .credentials(" ROBIN@oak.example ")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (found.user, found.password_hash),
        (robin.clone(), Some("hash".into()))
    );
    assert_eq!(
        world.store.credentials("nobody@oak.example").await.unwrap(),
        None
    );
    assert_eq!(world.store.users(world.team).await.unwrap(), [robin]);
}

#[tokio::test]
async fn a_patch_changes_what_it_names() {
    let world = World::in_memory().await;
    let robin = user(&world, "robin@oak.example").await.unwrap();
    let patch = |patch: UserPatch| world.store.update_user(world.team, robin.id, patch);
    let crm_user = Some(Some(CrmId::new("005")));
    patch(UserPatch {
        role: Some(Role::Admin),
        crm_user,
        ..UserPatch::default()
    })
    .await
    .unwrap();
    patch(UserPatch {
        name: Some("Robin Ash".into()),
        ..UserPatch::default()
    })
    .await
    .unwrap();
    let found = world.store.user(robin.id).await.unwrap().unwrap();
    assert_eq!(
        (found.name.as_str(), found.role),
        ("Robin Ash", Role::Admin)
    );
    assert_eq!(found.crm_user, Some(CrmId::new("005")));
    patch(UserPatch {
        crm_user: Some(None),
        ..UserPatch::default()
    })
    .await
    .unwrap();
    assert_eq!(
        world.store.user(robin.id).await.unwrap().unwrap().crm_user,
        None
    );
    let nobody = world
        .store
        .update_user(world.team, UserId(99), UserPatch::default())
        .await;
    assert!(matches!(nobody, Err(StoreError::NotFound(_))));
}

#[tokio::test]
async fn a_session_ends_with_its_time_its_user_and_its_password() {
    let world = World::in_memory().await;
    let robin = user(&world, "robin@oak.example").await.unwrap();
    let open = |token: u8| {
        world
            .store
            .create_session([token; 32], robin.id, at(1), at(100))
    };
    open(1).await.unwrap();
    let found = world.store.session([1; 32], at(99)).await.unwrap().unwrap();
    assert_eq!((found.user.id, found.expires_at), (robin.id, at(100)));
    assert_eq!(world.store.session([1; 32], at(100)).await.unwrap(), None);
    assert_eq!(world.store.session([2; 32], at(2)).await.unwrap(), None);
    assert_eq!(world.store.purge_sessions(at(100)).await.unwrap(), 1);
    for patch in [
        UserPatch {
            password_hash: Some("other".into()),
            ..UserPatch::default()
        },
        UserPatch {
            active: Some(false),
            ..UserPatch::default()
        },
    ] {
        open(3).await.unwrap();
        world
            .store
            .update_user(world.team, robin.id, patch)
            .await
            .unwrap();
        assert_eq!(world.store.session([3; 32], at(2)).await.unwrap(), None);
    }
    world.store.delete_session([3; 32]).await.unwrap();
}

fn details(state: ConnectionState) -> ConnectionDetails {
    ConnectionDetails {
        crm: "salesforce".into(),
        identity: OrgIdentity {
            org_id: "00D".into(),
            org_name: "Mill".into(),
            edition: "Developer Edition".into(),
            sandbox: false,
            user_id: CrmId::new("005"),
            username: "sync@mill.example".into(),
            email: "sync@mill.example".into(),
            name: "Sync".into(),
        },
        instance_url: "https://mill.example".into(),
        state,
        connected_at: at(1),
    }
}

#[tokio::test]
async fn a_grant_is_replaced_only_by_who_saw_the_newest() {
    let world = World::in_memory().await;
    let (store, team) = (&world.store, world.team);
    let created = store
        .create_connection(team, None, details(ConnectionState::None))
        .await;
    let id = created.unwrap();
    assert_eq!(store.grant(team, id).await.unwrap(), None);
    let swap = |expected, blob: &[u8]| store.replace_grant(team, id, expected, blob.to_vec());
    assert_eq!(swap(0, b"one").await.unwrap(), GrantSwap::Saved(1));
    let known = SealedGrant {
        version: 1,
        blob: b"one".to_vec(),
    };
    assert_eq!(
        swap(0, b"late").await.unwrap(),
        GrantSwap::Outrun(Some(known.clone()))
    );
    assert_eq!(store.grant(team, id).await.unwrap(), Some(known.clone()));
    assert_eq!(swap(1, b"two").await.unwrap(), GrantSwap::Saved(2));
    store.delete_grant(team, id).await.unwrap();
    assert_eq!(swap(2, b"late").await.unwrap(), GrantSwap::Outrun(None));
    assert!(
        !format!("{known:?}").contains("111"),
        "a grant's bytes stay out of texts"
    );
}

#[tokio::test]
async fn a_connection_belongs_to_its_team() {
    let world = World::in_memory().await;
    let (store, team) = (&world.store, world.team);
    let id = store
        .create_connection(team, None, details(ConnectionState::None))
        .await
        .unwrap();
    store
        .save_connection(team, id, details(ConnectionState::Connected))
        .await
        .unwrap();
    let found = store.connection(team, id).await.unwrap().unwrap();
    assert_eq!(found.details, details(ConnectionState::Connected));
    assert_eq!(store.connections(team).await.unwrap(), [found]);
    let rules = tandem_core::settings::TeamRules::default();
    let other = store.create_team("Other", rules, at(1)).await.unwrap().id;
    assert_eq!(store.connection(other, id).await.unwrap(), None);
    assert!(store.grant(other, id).await.is_err());
    assert!(store.delete_connection(other, id).await.is_err());
    store.delete_connection(team, id).await.unwrap();
    let gone = store
        .save_connection(team, ConnectionId(id.0), details(ConnectionState::None))
        .await;
    assert!(matches!(gone, Err(StoreError::NotFound(_))));
}

#[tokio::test]
async fn a_mapping_is_published_on_top_of_what_its_author_saw() {
    let world = World::in_memory().await;
    let mapping = |object: &str, version, import| ObjectMapping {
        kind: Kind::Person,
        object: CrmObject::new(object),
        version,
        import,
        create_in_crm: true,
        fields: Vec::new(),
    };
    let publish = |mapping| {
        world
            .store
            .publish_mapping(world.team, mapping, None, at(1))
    };
    let first = publish(mapping("Lead", 0, true)).await.unwrap().unwrap();
    assert_eq!(first.mapping.version, 1);
    assert_eq!(publish(mapping("Lead", 0, false)).await.unwrap(), None);
    publish(mapping("Lead", 1, false)).await.unwrap().unwrap();
    publish(mapping("Contact", 0, true)).await.unwrap().unwrap();
    let current = world.store.mappings(world.team).await.unwrap();
    let versions: Vec<_> = current
        .iter()
        .map(|one| {
            (
                one.mapping.object.as_str(),
                one.mapping.version,
                one.mapping.import,
            )
        })
        .collect();
    assert_eq!(versions, [("Contact", 1, true), ("Lead", 2, false)]);
    let lead = CrmObject::new("Lead");
    let history = world
        .store
        .mapping_history(world.team, &lead)
        .await
        .unwrap();
    assert_eq!(history.len(), 2);
    assert_eq!(history[1], first);
}

#[tokio::test]
async fn snapshots_and_users_of_the_crm_are_replaced_whole() {
    let world = World::in_memory().await;
    let schema = |label: &str| ObjectSchema {
        name: CrmObject::new("Lead"),
        label: label.into(),
        createable: true,
        updateable: true,
        fields: Vec::new(),
        tag: None,
    };
    for (second, label) in [(1, "Lead"), (2, "Prospect")] {
        let schemas = vec![schema(label)];
        world
            .store
            .save_schemas(world.team, schemas, at(second))
            .await
            .unwrap();
    }
    let found = world.store.schemas(world.team).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].schema.label.as_str(), found[0].read_at),
        ("Prospect", at(2))
    );
    let user = |id: &str| CrmUser {
        id: CrmId::new(id),
        name: format!("User {id}"),
        email: format!("{id}@oak.example"),
        active: id == "1",
    };
    for users in [
        vec![user("2"), user("1")],
        vec![user("3"), user("1"), user("3")],
    ] {
        world
            .store
            .replace_crm_users(world.team, users)
            .await
            .unwrap();
    }
    let users = world.store.crm_users(world.team).await.unwrap();
    assert_eq!(users, [user("1"), user("3")]);
}

#[tokio::test]
async fn the_audit_trail_is_paged_newest_first() {
    let world = World::in_memory().await;
    for number in 1..=5 {
        let entry = AuditEntry {
            at: at(number),
            by: None,
            action: "sync.enabled".into(),
            subject: number.to_string(),
            summary: "Turned sync on".into(),
        };
        world.store.append_audit(world.team, entry).await.unwrap();
    }
    let first = world
        .store
        .audit(world.team, &PageRequest::first(3))
        .await
        .unwrap();
    let subjects = |rows: &[tandem_store::admin::AuditRow]| {
        rows.iter()
            .map(|row| row.entry.subject.clone())
            .collect::<Vec<_>>()
            .concat()
    };
    assert_eq!(subjects(&first.rows), "543");
    let next = PageRequest::after(first.next.unwrap(), 3);
    let second = world.store.audit(world.team, &next).await.unwrap();
    assert_eq!((subjects(&second.rows).as_str(), second.next), ("21", None));
}

#[tokio::test]
async fn settings_and_facts_are_kept_by_name() {
    let world = World::in_memory().await;
    let (store, team) = (&world.store, world.team);
    for seconds in [60_u32, 300] {
        store
            .put_setting(team, "frequency", &seconds)
            .await
            .unwrap();
    }
    assert_eq!(
        store.setting::<u32>(team, "frequency").await.unwrap(),
        Some(300)
    );
    assert_eq!(store.setting::<u32>(team, "other").await.unwrap(), None);
    let wrong = store.setting::<String>(team, "frequency").await;
    assert!(matches!(wrong, Err(StoreError::Corrupt(_))));
    store.put_meta("key check", "1").await.unwrap();
    store.put_meta("key check", "2").await.unwrap();
    assert_eq!(store.meta("key check").await.unwrap().as_deref(), Some("2"));
    assert_eq!(store.meta("nothing").await.unwrap(), None);
}
