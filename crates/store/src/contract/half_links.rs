//! Links with one side: matching, adopting, and the create that a pull saw before its answer came.

use super::bench::{Bench, created, ended, finished};
use super::mirroring::{claimed, goes_over, lost};
use super::samples::{KEY_FIELD, account_field, at, create, crm, fields, keep, object, update};
use tandem_core::error::ErrorClass;
use tandem_core::ids::{CrmId, RecordId};
use tandem_core::link::{Agreed, ParkedLink};
use tandem_core::reconcile::RecordChange;
use tandem_core::record::{CrmRecord, Succession, Successor};
use tandem_core::store::LinkWork;
use tandem_core::value::{Fields, Value};
use tandem_core::workspace::Kind;
use tandem_core::write::{IntentNext, IntentState};

async fn adopt(b: &Bench, second: i64, work: &LinkWork, record: RecordId) -> (u32, u32) {
    let mut decision = keep(&work.link);
    decision.record = RecordChange::Adopt(record);
    let report = b.commit(second, work, decision).await;
    (report.committed, report.overtaken)
}

async fn make(b: &Bench, second: i64, work: &LinkWork, name: &str) -> (u32, u32) {
    let mut decision = keep(&work.link);
    decision.record = RecordChange::Create(fields(&[("name", name)]));
    let report = b.commit(second, work, decision).await;
    (report.committed, report.overtaken)
}

fn acme() -> Fields {
    fields(&[("name", "Acme"), ("website", "https://www.acme.example/")])
}

pub(super) async fn candidates_carry_a_match_key_and_no_link(b: &Bench) {
    let by_domain = b.add(1, Kind::Account, None, acme()).await;
    let by_name = b
        .add(1, Kind::Account, None, fields(&[("name", " ACME ")]))
        .await;
    let person = b
        .add(1, Kind::Person, None, fields(&[("last_name", "Acme")]))
        .await;
    let moved = b.add(1, Kind::Account, None, acme()).await;
    b.edit(
        2,
        Kind::Account,
        moved,
        fields(&[("name", "Else"), ("website", "else.example")]),
    )
    .await;
    let row = [("Name", "Acme"), ("Website", "acme.example")];
    b.pull(3, crm("Account", "001", 1, &row)).await;
    let work = b.claim_one(3).await;
    assert_eq!(work.candidates, [vec![by_domain], vec![by_domain, by_name]]);
    assert_eq!(adopt(b, 3, &work, by_domain).await, (1, 0));
    b.settle_down(3).await;
    b.pull(4, crm("Account", "002", 1, &row)).await;
    let work = b.claim_one(4).await;
    assert_eq!(
        work.candidates,
        [vec![], vec![by_name]],
        "linked records are taken"
    );
    assert_eq!(b.find_link(person).await, None);
}

pub(super) async fn adopting_absorbs_the_records_own_half_link(b: &Bench) {
    let record = b.add(1, Kind::Account, Some("Account"), acme()).await;
    let half = b.link(record).await;
    b.decide_write(1, create(None, "Name", "Acme")).await;
    b.pull(2, crm("Account", "001", 1, &[("Name", "Acme")]))
        .await;
    let work = b.claim_one(2).await;
    assert_eq!(work.candidates, [vec![record]]);
    assert_eq!(adopt(b, 2, &work, record).await, (1, 0));
    let link = b.link(record).await;
    assert_eq!((link.id, link.crm), (work.link.id, work.link.crm));
    assert_ne!(link.id, half.id);
    assert!(
        b.send(3, "Account").await.is_empty(),
        "the unsent create is gone"
    );
    let retried = b.store().retry_links(b.team, &[half.id], at(3)).await;
    assert_eq!(retried.expect("retry_links"), 0, "and so is the half link");
    let work = b.claim_one(3).await;
    assert_eq!(work.link.id, link.id, "the link stays due");
    assert!(work.workspace.is_some() && work.crm.is_some());
}

pub(super) async fn a_record_is_adopted_once(b: &Bench) {
    let record = b.add(1, Kind::Account, None, acme()).await;
    b.pull(2, crm("Account", "001", 1, &[("Name", "Acme")]))
        .await;
    b.pull(2, crm("Account", "002", 1, &[("Name", "Acme")]))
        .await;
    let work = b.claim(2).await;
    assert_eq!(adopt(b, 3, &work[0], record).await, (1, 0));
    assert_eq!(adopt(b, 3, &work[1], record).await, (0, 1));
    assert_eq!(b.link(record).await.id, work[0].link.id);
    let again = b.claim(3).await;
    let second = again.iter().find(|w| w.link.id == work[1].link.id);
    let second = second.expect("the overtaken link is due, without waiting for its lease");
    assert_eq!(second.candidates, [vec![]]);
}

pub(super) async fn a_record_whose_create_went_out_meanwhile_is_not_adopted(b: &Bench) {
    let record = b.add(1, Kind::Account, Some("Account"), acme()).await;
    b.decide_write(1, create(None, "Name", "Acme")).await;
    b.pull(2, crm("Account", "001", 1, &[("Name", "Acme")]))
        .await;
    let work = b.claim_one(2).await;
    let sent = b.send_one(2, "Account").await;
    assert_eq!(adopt(b, 3, &work, record).await, (0, 1));
    assert_eq!(
        b.settle(3, created(&sent, crm("Account", "002", 3, &[])))
            .await,
        1
    );
    assert_eq!(b.claim_one(3).await.candidates, [vec![]]);
}

pub(super) async fn a_new_record_cannot_be_adopted_from_nowhere(b: &Bench) {
    b.pull(1, crm("Account", "001", 1, &[])).await;
    let work = b.claim_one(1).await;
    assert_eq!(adopt(b, 1, &work, RecordId(i64::MAX)).await, (0, 1));
    assert_eq!(b.claim_one(1).await.link, work.link);
}

/// Nobody matched when it was claimed; before the decision comes in, somebody types the same.
pub(super) async fn a_record_that_appears_meanwhile_is_not_made_twice(b: &Bench) {
    let old = b
        .add(1, Kind::Account, None, fields(&[("name", "Elm")]))
        .await;
    for (id, name) in [("001", "Birch"), ("002", "Cedar"), ("003", "Rowan")] {
        b.pull(2, crm("Account", id, 1, &[("Name", name)])).await;
        let work = b.claim_one(2).await;
        assert_eq!(work.candidates, [vec![]]);
        let same = fields(&[("name", name)]);
        let ours = match name {
            "Birch" => b.add(3, Kind::Account, None, same).await,
            "Cedar" => b.add(3, Kind::Account, Some("Account"), same).await,
            _ => b.edit(3, Kind::Account, old, same).await,
        };
        assert_eq!(make(b, 4, &work, name).await, (0, 1), "{name}");
        let due = b.claim(4).await;
        let again = due.iter().find(|again| again.link.id == work.link.id);
        let again = again.expect("the overtaken link is due, without waiting for its lease");
        assert_eq!(again.candidates, [vec![ours]]);
        assert_eq!(adopt(b, 4, again, ours).await, (1, 0));
        b.settle_down(4).await;
    }
}

/// Two CRM records may share a name; the workspace record that belongs to one is nobody else's.
pub(super) async fn a_linked_record_of_the_same_name_is_no_obstacle(b: &Bench) {
    for id in ["001", "002"] {
        b.pull(1, crm("Account", id, 1, &[("Name", "Acme")])).await;
    }
    let work = b.claim(1).await;
    assert_eq!(make(b, 2, &work[0], "Acme").await, (1, 0));
    assert_eq!(make(b, 2, &work[1], "Acme").await, (1, 0));
    b.pull(3, crm("Account", "003", 1, &[("Name", "Acme")]))
        .await;
    let work = b.claim_one(3).await;
    assert_eq!(make(b, 3, &work, "Acme").await, (1, 0));
}

/// The pulled record may be the very create whose answer is not here yet.
pub(super) async fn pulled_half_links_wait_while_a_create_is_under_way(b: &Bench) {
    b.add(1, Kind::Account, Some("Account"), acme()).await;
    b.decide_write(1, create(None, "Name", "Acme")).await;
    let sent = b.send_one(1, "Account").await;
    b.pull(2, crm("Account", "001", 1, &[("Name", "Other")]))
        .await;
    b.pull(2, crm("Lead", "00Q", 1, &[("LastName", "L")])).await;
    let due = b.claim(2).await;
    assert_eq!(due.len(), 1, "another object's half links need not wait");
    assert_eq!(due[0].link.object.as_str(), "Lead");
    let lost = ended(sent.intent.id, sent.epoch, IntentNext::Resolve(at(10)));
    assert_eq!(b.settle(3, lost).await, 1);
    assert!(
        b.due(3).await.is_empty(),
        "in doubt is no better than under way"
    );
    let found = b.doubtful(10).await.remove(0);
    assert_eq!(b.settle(10, finished(&found)).await, 1);
    assert_eq!(b.claim_one(10).await.link.object.as_str(), "Account");
}

/// The create whose answer is not here yet was converted meanwhile: the contact is the person of the create.
pub(super) async fn what_became_of_a_create_under_way_waits_with_it(b: &Bench) {
    b.add(1, Kind::Person, Some("Lead"), fields(&[("last_name", "L")]))
        .await;
    b.decide_write(1, create(None, "LastName", "L")).await;
    let sent = b.send_one(1, "Lead").await;
    let to = |id: &str| Successor {
        how: Succession::Conversion,
        object: object("Contact"),
        id: CrmId::new(id),
    };
    let converted = CrmRecord {
        successor: Some(Box::new(to("003"))),
        ..crm("Lead", "00Q", 1, &[("LastName", "L")])
    };
    for known in ["003", "004"] {
        b.pull(2, crm("Contact", known, 1, &[("LastName", "L")]))
            .await;
    }
    b.pull(2, converted).await;
    let due = b.claim(2).await;
    let given: Vec<_> = due
        .iter()
        .filter_map(|work| work.link.crm.clone())
        .collect();
    assert_eq!(
        given,
        [CrmId::new("004")],
        "the other one took nobody's place"
    );
    assert_eq!(b.settle(3, finished(&sent)).await, 1);
    let due = b.claim(3).await;
    let given: Vec<_> = due
        .iter()
        .filter_map(|work| work.link.crm.clone())
        .collect();
    assert!(given.contains(&CrmId::new("003")), "nobody waits any more");
}

pub(super) async fn creates_under_way_are_listed(b: &Bench) {
    b.add(1, Kind::Account, Some("Account"), acme()).await;
    b.decide_write(1, create(None, "Name", "Acme")).await;
    let (store, account) = (b.store(), object("Account"));
    let open = store.open_creates(b.team, &account).await;
    assert!(open.expect("open_creates").is_empty(), "it was not sent");
    let sent = b.send_one(1, "Account").await;
    let open = store.open_creates(b.team, &account).await;
    assert_eq!(open.expect("open_creates"), [sent.intent]);
    let others = store.open_creates(b.team, &object("Lead")).await;
    assert!(others.expect("open_creates").is_empty());
}

/// A record that went over to another leaves its CRM record behind; a half link has none to leave.
pub(super) async fn what_has_or_had_a_workspace_record_is_owned(b: &Bench) {
    let link = b.linked(1, crm("Account", "001", 1, &[])).await;
    let owned = async |ids: &[&str]| -> Vec<String> {
        let ids: Vec<CrmId> = ids.iter().map(|id| CrmId::new(*id)).collect();
        let owned = b.store().owned(b.team, &object("Account"), &ids).await;
        let owned = owned.expect("owned").into_iter();
        owned.map(|id| id.0).collect()
    };
    b.pull(2, crm("Account", "002", 1, &[])).await;
    assert_eq!(owned(&["001", "002", "009"]).await, ["001"]);
    b.pull(2, lost("001", 2, "009")).await;
    let work = claimed(b, 2, link.record.expect("linked")).await;
    let mut decision = goes_over(&work.link, "009");
    decision.link.base.insert("name".into(), Agreed::default());
    b.commit(2, &work, decision).await;
    assert_eq!(owned(&["001", "002", "009"]).await, ["001", "009"]);
}

pub(super) async fn updates_under_way_keep_nobody_waiting(b: &Bench) {
    let link = b.linked(1, crm("Account", "001", 1, &[])).await;
    b.edit(
        2,
        Kind::Account,
        link.record.expect("linked"),
        fields(&[("phone", "2")]),
    )
    .await;
    b.decide_write(2, update("001", "Phone", "2")).await;
    b.send_one(2, "Account").await;
    b.pull(3, crm("Account", "002", 1, &[])).await;
    assert_eq!(b.claim(3).await.len(), 1);
}

/// The candidate is being created as a lead while a contact with its address comes in.
pub(super) async fn a_half_link_waits_for_its_candidates_own_create(b: &Bench) {
    let email = "ada@example.com";
    let record = b
        .add(1, Kind::Person, Some("Lead"), fields(&[("email", email)]))
        .await;
    b.decide_write(1, create(None, "Email", email)).await;
    let sent = b.send_one(1, "Lead").await;
    b.pull(2, crm("Contact", "003", 1, &[("Email", email)]))
        .await;
    assert!(b.due(2).await.is_empty());
    b.settle(3, created(&sent, crm("Lead", "00Q", 3, &[])))
        .await;
    let work = b.claim_one(3).await;
    assert_eq!(
        work.candidates,
        [vec![]],
        "by now the record is linked to the lead"
    );
    assert_eq!(b.link(record).await.object.as_str(), "Lead");
}

pub(super) async fn a_settled_create_absorbs_the_pulled_half_link(b: &Bench) {
    let record = b.add(1, Kind::Account, Some("Account"), acme()).await;
    b.decide_write(1, create(None, "Name", "Acme")).await;
    let sent = b.send_one(1, "Account").await;
    b.pull(
        5,
        crm("Account", "001", 5, &[("Name", "Acme, edited since")]),
    )
    .await;
    b.settle(
        6,
        created(&sent, crm("Account", "001", 2, &[("Name", "Acme")])),
    )
    .await;
    let link = b.link(record).await;
    assert_eq!(link.crm.as_ref().map(|id| id.as_str()), Some("001"));
    let work = b.claim_one(6).await;
    assert_eq!(
        work.link.id, link.id,
        "what the pull brought is decided here"
    );
    let name = work.crm.expect("the CRM side").fields["Name"].clone();
    assert_eq!(
        name,
        Value::text("Acme, edited since"),
        "older evidence never wins"
    );
}

pub(super) async fn a_create_that_is_somebody_elses_record_waits_for_a_person(b: &Bench) {
    let first = b.linked(1, crm("Account", "001", 1, &[])).await;
    let second = b.add(2, Kind::Account, Some("Account"), acme()).await;
    b.decide_write(2, create(None, "Name", "Acme")).await;
    let sent = b.send_one(2, "Account").await;
    assert_eq!(
        b.settle(3, created(&sent, crm("Account", "001", 3, &[])))
            .await,
        1
    );
    assert_eq!(b.link(first.record.expect("linked")).await.crm, first.crm);
    let link = b.link(second).await;
    assert_eq!(link.crm, None);
    let parked = link.parked.expect("it waits for a person");
    let (id, entry) = b.log().await.pop().expect("an entry tells it");
    assert_eq!((parked.log, entry.link), (Some(id), Some(link.id)));
}

pub(super) async fn our_key_tells_our_record(b: &Bench) {
    let record = b.add(1, Kind::Account, Some("Account"), acme()).await;
    let half = b.link(record).await;
    let key = b.decide_create(1, record).await;
    let row = |id: &str, key: &str| crm("Account", id, 2, &[(KEY_FIELD, key)]);
    let rows = vec![row("002", "x"), row("003", "contract-0"), row("001", &key)];
    let mut page = b.page(2, "Account", rows).await;
    page.import = false;
    assert_eq!(b.stage(page).await.new, 1);
    let link = b.link(record).await;
    assert_eq!(link.id, half.id);
    assert_eq!(link.crm.as_ref().map(|id| id.as_str()), Some("001"));
    assert!(
        b.send(3, "Account").await.is_empty(),
        "it is not created again"
    );
    assert_eq!(b.claim_one(3).await.link.id, half.id);
}

/// A create was given up, and the platform carries it out after all.
pub(super) async fn our_key_tells_a_record_whose_create_was_given_up(b: &Bench) {
    let record = b.add(1, Kind::Account, Some("Account"), acme()).await;
    let key = b.decide_create(1, record).await;
    let sent = b.send_one(1, "Account").await;
    let mut refused = finished(&sent);
    refused.link.parked = Some(ParkedLink {
        class: ErrorClass::Refused,
        message: "a field is required".into(),
        since: at(2),
        log: None,
    });
    assert_eq!(b.settle(2, refused).await, 1);
    b.settle_down(2).await;
    let lead = crm("Lead", "00Q", 3, &[(KEY_FIELD, &key)]);
    b.pull(3, lead).await;
    assert_eq!(
        b.link(record).await.crm,
        None,
        "no key names another object"
    );
    b.pull(3, crm("Account", "001", 3, &[(KEY_FIELD, &key)]))
        .await;
    let link = b.link(record).await;
    assert_eq!(link.crm, Some(CrmId::new("001")));
    assert_eq!(link.parked, None);
}

pub(super) async fn our_key_comes_back_before_the_answer(b: &Bench) {
    let record = b.add(1, Kind::Account, Some("Account"), acme()).await;
    let key = b.decide_create(1, record).await;
    let sent = b.send_one(1, "Account").await;
    let row = crm("Account", "001", 2, &[(KEY_FIELD, &key)]);
    b.pull(2, row.clone()).await;
    assert!(b.due(2).await.is_empty(), "the answer is still awaited");
    assert_eq!(sent.intent.state, IntentState::Sending);
    assert_eq!(b.settle(3, created(&sent, row)).await, 1);
    let work = b.claim_one(3).await;
    assert_eq!(work.link.record, Some(record));
    assert_eq!(work.link.parked, None);
}

pub(super) async fn a_new_crm_id_wakes_what_refers_to_it(b: &Bench) {
    let account = b.add(1, Kind::Account, Some("Account"), acme()).await;
    b.decide_write(1, create(None, "Name", "Acme")).await;
    let deal = b
        .add(
            2,
            Kind::Opportunity,
            Some("Opportunity"),
            account_field(account),
        )
        .await;
    b.settle_down(2).await;
    let sent = b.send_one(3, "Account").await;
    assert!(b.due(3).await.is_empty());
    b.settle(4, created(&sent, crm("Account", "001", 4, &[])))
        .await;
    let work = b.claim_one(4).await;
    assert_eq!(work.link.record, Some(deal));
    let value = &work.workspace.expect("our side").fields["account"];
    assert_eq!(*value, Value::crm_ref("001"));
}

pub(super) async fn our_key_wakes_what_refers_to_its_record(b: &Bench) {
    let account = b.add(1, Kind::Account, Some("Account"), acme()).await;
    let key = b.decide_create(1, account).await;
    let patch = account_field(account);
    let deal = b
        .add(1, Kind::Opportunity, Some("Opportunity"), patch)
        .await;
    b.settle_down(1).await;
    b.pull(2, crm("Account", "001", 2, &[(KEY_FIELD, &key)]))
        .await;
    let due = b.claim(2).await;
    assert!(due.iter().any(|work| work.link.record == Some(deal)));
}

pub(super) async fn what_refers_elsewhere_by_now_is_not_woken(b: &Bench) {
    let account = b.add(1, Kind::Account, Some("Account"), acme()).await;
    b.decide_write(1, create(None, "Name", "Acme")).await;
    let other = b
        .add(1, Kind::Account, None, fields(&[("name", "Other")]))
        .await;
    let patch = account_field(account);
    let deal = b
        .add(1, Kind::Opportunity, Some("Opportunity"), patch)
        .await;
    b.edit(2, Kind::Opportunity, deal, account_field(other))
        .await;
    b.settle_down(2).await;
    let sent = b.send_one(3, "Account").await;
    b.settle(3, created(&sent, crm("Account", "001", 3, &[])))
        .await;
    assert!(b.due(3).await.is_empty());
}

pub(super) async fn adopting_wakes_what_refers_to_the_record(b: &Bench) {
    let account = b.add(1, Kind::Account, None, acme()).await;
    let deal = b
        .add(
            1,
            Kind::Opportunity,
            Some("Opportunity"),
            account_field(account),
        )
        .await;
    b.settle_down(1).await;
    b.pull(2, crm("Account", "001", 1, &[("Name", "Acme")]))
        .await;
    let work = b.claim_one(2).await;
    adopt(b, 2, &work, account).await;
    let due = b.claim(2).await;
    assert!(due.iter().any(|work| work.link.record == Some(deal)));
}
