//! What people and programs do: edits, held fields, retries, new rules.

use super::bench::Bench;
use super::samples::{
    at, crm, fields, held_field, keep, object, parked_field, parked_link, rules, update, user,
};
use tandem_core::ids::{LinkId, RecordId, UserId};
use tandem_core::link::{Lane, RecordLink};
use tandem_core::record::Provenance;
use tandem_core::store::{HoldResolution, StoreError, WorkspaceEdit};
use tandem_core::sync_log::{LogSource, LogType, Rule};
use tandem_core::value::Value;
use tandem_core::workspace::Kind;
use tandem_core::write::IntentNext;

/// A linked account, phone "100", with one field parked, one held, and the record parked.
async fn troubled(b: &Bench) -> RecordLink {
    let link = b
        .linked(1, crm("Account", "001", 1, &[("Phone", "200")]))
        .await;
    b.pull(2, crm("Account", "001", 2, &[("Phone", "200")]))
        .await;
    let work = b.claim_one(2).await;
    let mut decision = keep(&work.link);
    decision.link.parked = Some(parked_link());
    let parked = &mut decision.link.parked_fields;
    parked.insert("name".into(), parked_field("Amber Mill"));
    parked.insert("website".into(), parked_field("w"));
    let held = held_field("200", "100");
    decision.link.held_fields.insert("phone".into(), held);
    b.commit(2, &work, decision).await;
    b.link(link.record.expect("linked")).await
}

pub(super) async fn a_new_record_gets_a_half_link_where_it_shall_be_created(b: &Bench) {
    let plain = b
        .add(1, Kind::Account, None, fields(&[("name", "Plain")]))
        .await;
    assert_eq!(b.find_link(plain).await, None);
    let record = b
        .add(1, Kind::Account, Some("Account"), fields(&[("name", "N")]))
        .await;
    let link = b.link(record).await;
    assert_eq!((link.object.as_str(), link.crm.as_ref()), ("Account", None));
    let work = b.claim_one(1).await;
    assert_eq!((work.link.id, work.lane), (link.id, Lane::Normal));
    assert_eq!(work.workspace, Some(b.record(record).await));
}

pub(super) async fn a_record_without_a_link_can_be_given_one_later(b: &Bench) {
    let record = b
        .add(1, Kind::Account, None, fields(&[("name", "N")]))
        .await;
    let edit = WorkspaceEdit {
        record: Some(record),
        kind: Kind::Account,
        patch: fields(&[]),
        origin: user(),
        now: at(2),
        create_as: Some(object("Account")),
    };
    let edited = b.store().edit_record(b.team, edit.clone()).await;
    assert_eq!(edited.expect("edit_record"), record);
    let link = b.link(record).await;
    b.store()
        .edit_record(b.team, edit)
        .await
        .expect("edit_record");
    assert_eq!(b.link(record).await, link, "there is one already");
    assert_eq!(b.claim_one(2).await.lane, Lane::Live);
}

pub(super) async fn only_what_changed_is_a_change(b: &Bench) {
    let link = b.linked(1, crm("Account", "001", 1, &[])).await;
    let record = link.record.expect("linked");
    let before = b.record(record).await;
    let mut same = fields(&[("name", "Amber Mill")]);
    same.insert("website".into(), Value::Text(String::new()));
    b.edit(2, Kind::Account, record, same).await;
    assert_eq!(
        (b.record(record).await, b.link(record).await),
        (before.clone(), link)
    );
    assert!(b.due(2).await.is_empty());
    let mut patch = fields(&[("name", "Amber Mill")]);
    patch.insert("phone".into(), Value::Null);
    b.edit(3, Kind::Account, record, patch).await;
    let after = b.record(record).await;
    assert_eq!(after.fields, fields(&[("name", "Amber Mill")]));
    assert_eq!(after.provenance["name"], before.provenance["name"]);
    let provenance = Provenance {
        at: at(3),
        origin: user(),
    };
    assert_eq!(after.provenance["phone"], provenance);
    assert_eq!((after.created_at, after.updated_at), (at(1), at(3)));
}

pub(super) async fn people_go_first(b: &Bench) {
    let record = b
        .add(1, Kind::Account, Some("Account"), fields(&[("name", "N")]))
        .await;
    assert_eq!(b.sendable(at(1)).await, []);
    b.edit(1, Kind::Account, record, fields(&[("name", "M")]))
        .await;
    assert_eq!(b.claim_one(1).await.lane, Lane::Live);
}

pub(super) async fn an_edit_of_nothing_is_an_error(b: &Bench) {
    let record = b
        .add(1, Kind::Account, None, fields(&[("name", "N")]))
        .await;
    for (id, kind) in [(RecordId(i64::MAX), Kind::Account), (record, Kind::Person)] {
        let edit = WorkspaceEdit {
            record: Some(id),
            kind,
            patch: fields(&[("name", "M")]),
            origin: user(),
            now: at(2),
            create_as: None,
        };
        let edited = b.store().edit_record(b.team, edit).await;
        assert!(matches!(edited, Err(StoreError::NotFound(_))), "{edited:?}");
    }
    assert_eq!(b.record(record).await.fields, fields(&[("name", "N")]));
}

pub(super) async fn an_edit_takes_up_what_was_refused(b: &Bench) {
    let link = troubled(b).await;
    let record = link.record.expect("linked");
    b.edit(3, Kind::Account, record, fields(&[("name", "Amber")]))
        .await;
    let edited = b.link(record).await;
    assert_eq!(edited.parked, None);
    assert_eq!(edited.parked_fields.keys().collect::<Vec<_>>(), ["website"]);
    assert_eq!(
        edited.held_fields, link.held_fields,
        "a hold waits for its person"
    );
    assert!(edited.version > link.version);
}

pub(super) async fn retrying_takes_everything_up(b: &Bench) {
    let link = troubled(b).await;
    let links = [link.id, LinkId(i64::MAX)];
    let retried = b.store().retry_links(b.team, &links, at(3));
    assert_eq!(retried.await.expect("retry_links"), 1);
    let taken_up = b.link(link.record.expect("linked")).await;
    assert_eq!((taken_up.parked, taken_up.parked_fields.len()), (None, 0));
    assert_eq!(taken_up.held_fields, link.held_fields);
    assert_eq!(b.claim_one(3).await.lane, Lane::Normal);
}

pub(super) async fn retrying_ends_the_wait_of_an_unsent_intent(b: &Bench) {
    let link = b.linked(1, crm("Account", "001", 1, &[])).await;
    b.edit(
        2,
        Kind::Account,
        link.record.expect("linked"),
        fields(&[("phone", "2")]),
    )
    .await;
    b.decide_write(2, update("001", "Phone", "2")).await;
    let sent = b.send_one(2, "Account").await;
    let retry = IntentNext::Retry(at(900));
    b.settle(3, super::bench::ended(sent.intent.id, sent.epoch, retry))
        .await;
    let record = link.record.expect("linked");
    assert_eq!(b.link(record).await.attempts, 1);
    let retried = b.store().retry_links(b.team, &[link.id], at(4)).await;
    assert_eq!(retried.expect("retry_links"), 1);
    assert_eq!(b.link(record).await.attempts, 0);
    assert!(b.send(4, "Account").await.is_empty(), "it is decided first");
    b.decide_write(4, update("001", "Phone", "2")).await;
    assert_eq!(b.send(4, "Account").await.len(), 1);
}

fn resolution(link: LinkId, value: &str) -> HoldResolution {
    HoldResolution {
        link,
        field: "phone".into(),
        value: Value::text(value),
        seen_crm: Value::text("200"),
        origin: user(),
        now: at(3),
    }
}

async fn resolve(b: &Bench, chosen: &str, rejected: &str) {
    let link = troubled(b).await;
    let record = link.record.expect("linked");
    let resolved = b.store().resolve_hold(b.team, resolution(link.id, chosen));
    resolved.await.expect("resolve_hold");
    let after = b.link(record).await;
    assert!(after.held_fields.is_empty());
    assert_eq!(after.parked, None, "it changed, so it may go now");
    let agreed = &after.base["phone"];
    let seen = Value::text("200");
    assert_eq!((&agreed.crm, &agreed.workspace), (&seen, &seen));
    assert_eq!(b.record(record).await.fields["phone"], Value::text(chosen));
    let (_, told) = b.log().await.pop().expect("an entry");
    assert_eq!(
        (told.source, told.kind),
        (LogSource::Workspace, LogType::Conflict)
    );
    assert_eq!((told.by, told.link), (Some(UserId(7)), Some(link.id)));
    let change = &told.changes[0];
    assert_eq!(
        (change.workspace.as_str(), change.crm.as_str()),
        ("phone", "Phone")
    );
    assert_eq!(
        (&change.before, &change.after),
        (&Value::text("100"), &Value::text(chosen))
    );
    assert_eq!(
        (change.rule, &change.rejected),
        (Rule::PersonDecided, &Value::text(rejected))
    );
    let work = b.claim_one(3).await;
    assert_eq!((work.link.id, work.lane), (link.id, Lane::Live));
}

pub(super) async fn a_person_takes_the_crms_value(b: &Bench) {
    resolve(b, "200", "100").await;
}

pub(super) async fn a_person_takes_the_workspaces_value(b: &Bench) {
    resolve(b, "100", "200").await;
}

pub(super) async fn a_person_types_a_third_value(b: &Bench) {
    resolve(b, "300", "200").await;
}

pub(super) async fn only_a_held_field_can_be_resolved_and_once(b: &Bench) {
    let link = troubled(b).await;
    let once = resolution(link.id, "200");
    b.store()
        .resolve_hold(b.team, once.clone())
        .await
        .expect("resolve_hold");
    let settled = (b.link(link.record.expect("linked")).await, b.log().await);
    for wrong in [
        once.clone(),
        HoldResolution {
            field: "name".into(),
            ..once.clone()
        },
        HoldResolution {
            link: LinkId(i64::MAX),
            ..once
        },
    ] {
        let resolved = b.store().resolve_hold(b.team, wrong).await;
        assert!(
            matches!(resolved, Err(StoreError::NotFound(_))),
            "{resolved:?}"
        );
    }
    assert_eq!(
        (b.link(link.record.expect("linked")).await, b.log().await),
        settled
    );
}

pub(super) async fn new_rules_make_the_links_of_their_pair_due(b: &Bench) {
    let account = troubled(b).await;
    let lead = b.linked(3, crm("Lead", "00Q", 1, &[])).await;
    let mut published = rules();
    published.settings.enabled = true;
    b.store()
        .put_rules(b.team, published.clone(), at(4))
        .await
        .expect("put_rules");
    assert!(b.due(4).await.is_empty(), "settings are no reason");
    published.pairs[0].version += 1;
    b.store()
        .put_rules(b.team, published.clone(), at(5))
        .await
        .expect("put_rules");
    assert_eq!(b.store().rules(b.team).await.expect("rules"), published);
    let work = b.claim_one(5).await;
    assert_eq!((work.link.id, work.lane), (account.id, Lane::Bulk));
    assert_eq!(work.link.parked, None, "the rules may have been the cause");
    assert!(
        work.link.version > account.version,
        "decisions by the old rules are overtaken"
    );
    assert_eq!(b.link(lead.record.expect("linked")).await, lead);
}
