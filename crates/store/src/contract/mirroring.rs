//! Records follow their CRM record to another one, or into the archive.

use super::bench::Bench;
use super::samples::{account_field, at, crm, deleted, entry, fields, keep, object, seen, user};
use tandem_core::ids::{CrmId, RecordId};
use tandem_core::link::{Agreed, Lane, LinkState, RecordLink};
use tandem_core::reconcile::{Absorb, Decision, Move, RecordChange};
use tandem_core::record::{ArchiveCause, CrmRecord, Succession, Successor};
use tandem_core::store::{Answered, LinkWork, StoreError, WorkspaceEdit};
use tandem_core::sync_log::LogType;
use tandem_core::value::{Fields, Reference, Value};
use tandem_core::workspace::Kind;

/// An account that lost a merge against another one.
pub(super) fn lost(id: &str, order: i64, to: &str) -> CrmRecord {
    let successor = Successor {
        how: Succession::Merge,
        object: object("Account"),
        id: CrmId::new(to),
    };
    CrmRecord {
        successor: Some(Box::new(successor)),
        ..deleted(crm("Account", id, order, &[]))
    }
}

pub(super) fn gone(link: &RecordLink) -> Decision {
    let mut decision = keep(link);
    decision.link.state = LinkState::Unlinked;
    decision.link.gone = true;
    decision
}

pub(super) fn goes_over(link: &RecordLink, to: &str) -> Decision {
    let agreed = Agreed {
        crm: Value::text("Agreed"),
        workspace: Value::text("Agreed"),
    };
    let mut decision = gone(link);
    decision.record = RecordChange::Move(Box::new(Move {
        object: object("Account"),
        id: CrmId::new(to),
        base: [("name".to_owned(), agreed)].into(),
        instead_of: None,
    }));
    decision.log.push(entry("moved"));
    decision
}

pub(super) fn is_taken_in(link: &RecordLink, by: RecordId) -> Decision {
    let mut decision = gone(link);
    decision.record = RecordChange::Merge(Box::new(Absorb {
        loser: link.record.expect("linked"),
        survivor: by,
        patch: fields(&[("phone", "7")]),
        entry: {
            let mut told = entry("merged");
            told.kind = LogType::Merge;
            told
        },
    }));
    decision
}

pub(super) async fn claimed(b: &Bench, second: i64, record: RecordId) -> LinkWork {
    let work = b.claim(second).await;
    let found = work
        .into_iter()
        .find(|work| work.link.record == Some(record));
    found.expect("the record's link is due")
}

/// Two linked accounts, at rest.
pub(super) async fn two(b: &Bench) -> (RecordId, RecordId) {
    let first = b.linked(1, crm("Account", "001", 1, &[])).await;
    let second = b.linked(1, crm("Account", "002", 1, &[])).await;
    (
        first.record.expect("linked"),
        second.record.expect("linked"),
    )
}

pub(super) async fn the_end_of_a_chain_comes_with_the_work(b: &Bench) {
    let (first, second) = two(b).await;
    let third = b.linked(1, crm("Account", "003", 1, &[])).await;
    b.pull(2, lost("001", 2, "002")).await;
    b.pull(3, lost("002", 3, "003")).await;
    let work = claimed(b, 3, first).await;
    let heir = work.kin.heir.expect("somebody took its place");
    assert_eq!((heir.id.as_str(), heir.merged), ("003", true));
    assert_eq!(heir.link.as_ref().map(|link| link.id), Some(third.id));
    assert_eq!(heir.record.map(|record| record.id), third.record);
    let rivals: Vec<_> = work.kin.rivals.iter().map(|record| record.id).collect();
    assert_eq!(rivals, [second]);
}

/// A record that was merged away, came back, and is the survivor of a merge itself before anybody took that up.
pub(super) async fn a_loser_waits_until_its_survivor_s_own_return_is_decided(b: &Bench) {
    let (first, second) = two(b).await;
    b.pull(2, lost("002", 2, "001")).await;
    let work = claimed(b, 2, second).await;
    b.commit(2, &work, gone(&work.link)).await;
    b.pull(3, crm("Account", "002", 3, &[])).await;
    b.pull(3, lost("001", 3, "002")).await;
    let work = b.claim(3).await;
    let records: Vec<_> = work.iter().map(|work| work.link.record).collect();
    assert_eq!(records, [Some(second)], "not the one that follows it");
    let mut back = Decision::nothing(&work[0].link);
    back.link.gone = false;
    back.link.state = LinkState::Active;
    b.commit(3, &work[0], back).await;
    let work = claimed(b, 3, first).await;
    assert_eq!(
        work.kin.heir.and_then(|heir| heir.record).map(|one| one.id),
        Some(second)
    );
}

pub(super) async fn a_successor_is_kept_though_nobody_is_linked_to_it(b: &Bench) {
    let link = b.linked(1, crm("Account", "001", 1, &[])).await;
    b.pull(2, lost("001", 2, "009")).await;
    let mut page = b
        .page(3, "Account", vec![crm("Account", "009", 3, &[])])
        .await;
    page.import = false;
    b.stage(page).await;
    let work = claimed(b, 3, link.record.expect("linked")).await;
    let heir = work.kin.heir.expect("somebody took its place");
    assert!(heir.crm.is_some_and(|crm| crm.lives()) && heir.link.is_none());
}

pub(super) async fn a_record_goes_over_to_a_link_that_is_made(b: &Bench) {
    let link = b.linked(1, crm("Account", "001", 1, &[])).await;
    let record = link.record.expect("linked");
    b.pull(2, lost("001", 2, "009")).await;
    let work = claimed(b, 2, record).await;
    let report = b.commit(2, &work, goes_over(&work.link, "009")).await;
    assert_eq!(report.committed, 1);
    let now = b.link(record).await;
    assert_eq!(now.crm, Some(CrmId::new("009")));
    assert_eq!((now.state, now.gone), (LinkState::Active, false));
    assert_eq!(now.base.len(), 1, "what was agreed goes along");
    assert_eq!(b.due(2).await, [now.id]);
    let (_, told) = b.log().await.pop().expect("an entry");
    assert_eq!(told.record, Some((Kind::Account, record)));
    assert_eq!(told.link, Some(link.id), "it names the link that was left");
}

pub(super) async fn a_record_goes_over_to_a_half_link(b: &Bench) {
    let link = b.linked(1, crm("Account", "001", 1, &[])).await;
    let record = link.record.expect("linked");
    b.pull(2, crm("Account", "009", 2, &[])).await;
    b.pull(2, lost("001", 2, "009")).await;
    let work = b.claim(2).await;
    let half = work.iter().find(|work| work.link.record.is_none());
    let half = half.expect("a half link");
    assert_eq!(half.kin.rivals.len(), 1, "it knows who is about to come");
    let ours = work.iter().find(|work| work.link.record == Some(record));
    let ours = ours.expect("ours is due");
    b.commit(2, ours, goes_over(&ours.link, "009")).await;
    assert_eq!(b.link(record).await.id, half.link.id);
    let late = b.commit(2, half, keep(&half.link)).await;
    assert_eq!(late.overtaken, 1, "what was decided about the half is out");
}

pub(super) async fn nobody_goes_over_to_a_link_that_was_taken(b: &Bench) {
    let (first, second) = two(b).await;
    b.pull(2, lost("001", 2, "002")).await;
    let work = claimed(b, 2, first).await;
    let report = b.commit(2, &work, goes_over(&work.link, "002")).await;
    assert_eq!(report.overtaken, 1);
    assert_eq!(b.link(second).await.crm, Some(CrmId::new("002")));
    assert_eq!(b.due(2).await, [work.link.id], "it is decided anew");
}

pub(super) async fn a_record_takes_in_another_and_what_refers_to_it(b: &Bench) {
    let (first, second) = two(b).await;
    let person = b.add(1, Kind::Person, None, account_field(first)).await;
    b.pull(2, lost("001", 2, "002")).await;
    let work = claimed(b, 2, first).await;
    b.commit(2, &work, is_taken_in(&work.link, second)).await;
    let archived = b.record(first).await.archived.expect("archived");
    assert_eq!(archived.cause, ArchiveCause::MergedInto(second));
    let refers = Value::Reference(Reference::Workspace(Kind::Account, second));
    assert_eq!(b.record(person).await.fields["account"], refers);
    assert_eq!(b.record(second).await.fields["phone"], Value::text("7"));
    assert_eq!(b.due(2).await, [b.link(second).await.id]);
    let log = b.log().await;
    let told = log
        .iter()
        .find(|(_, told)| told.record == Some((Kind::Person, person)));
    let (_, told) = told.expect("the person's entry");
    assert_eq!((told.kind, told.changes.len()), (LogType::Merge, 1));
}

pub(super) async fn an_archived_record_takes_nobody_in(b: &Bench) {
    let (first, second) = two(b).await;
    b.pull(2, lost("001", 2, "002")).await;
    b.pull(2, deleted(crm("Account", "002", 2, &[]))).await;
    let work = b.claim(2).await;
    for work in &work {
        let mut decision = gone(&work.link);
        decision.record = RecordChange::Archive;
        if work.link.record == Some(second) {
            b.commit(2, work, decision).await;
        }
    }
    let ours = work.iter().find(|work| work.link.record == Some(first));
    let ours = ours.expect("ours is due");
    let report = b.commit(2, ours, is_taken_in(&ours.link, second)).await;
    assert_eq!(report.overtaken, 1);
}

pub(super) async fn the_archive_is_read_only_and_nobody_is_matched_with_it(b: &Bench) {
    let link = b.linked(1, crm("Account", "001", 1, &[])).await;
    let record = link.record.expect("linked");
    b.pull(2, deleted(crm("Account", "001", 2, &[]))).await;
    let work = b.claim_one(2).await;
    let mut decision = gone(&work.link);
    decision.record = RecordChange::Archive;
    b.commit(2, &work, decision).await;
    let edit = WorkspaceEdit {
        record: Some(record),
        kind: Kind::Account,
        patch: fields(&[("phone", "9")]),
        origin: user(),
        now: at(3),
        create_as: None,
    };
    let edited = b.store().edit_record(b.team, edit).await;
    assert!(matches!(edited, Err(StoreError::Archived(_))), "{edited:?}");
    b.pull(3, crm("Account", "001", 3, &[])).await;
    let work = b.claim_one(3).await;
    let mut decision = keep(&work.link);
    decision.link.state = LinkState::Active;
    decision.link.gone = false;
    decision.record = RecordChange::Revive;
    b.commit(3, &work, decision).await;
    assert_eq!(b.record(record).await.archived, None);
    b.edit(4, Kind::Account, record, fields(&[("phone", "9")]))
        .await;
}

async fn asking(b: &Bench) -> RecordLink {
    let link = b.linked(1, crm("Account", "001", 1, &[])).await;
    b.pull(2, lost("001", 2, "009")).await;
    let work = b.claim_one(2).await;
    let mut decision = keep(&work.link);
    decision.look = Some((object("Account"), CrmId::new("009")));
    b.commit(2, &work, decision).await;
    assert_eq!(b.due(2).await, [], "it waits for the answer");
    link
}

async fn answer(b: &Bench, second: i64, found: Vec<CrmRecord>, again: Option<i64>) {
    let asked = b.store().inquiries(b.team, at(second), 10).await;
    let inquiries = asked.expect("inquiries");
    assert_eq!(inquiries.len(), 1);
    let answered = Answered {
        inquiries,
        found,
        again_at: again.map(at),
        now: at(second),
    };
    let answered = b.store().answered(b.team, answered).await;
    answered.expect("answered");
}

pub(super) async fn a_link_asks_to_see_a_record(b: &Bench) {
    let link = asking(b).await;
    answer(b, 2, Vec::new(), Some(5)).await;
    let waits = b.store().inquiries(b.team, at(4), 10).await;
    assert_eq!(waits.expect("inquiries"), [], "nobody could be asked");
    let backlog = b.store().backlog(b.team, at(4)).await.expect("backlog");
    assert_eq!(backlog.next_due, Some(at(5)));
    let found = seen(5, crm("Account", "009", 2, &[("Name", "B")]));
    answer(b, 5, vec![found], None).await;
    assert_eq!(b.due(5).await, [link.id]);
    let none = b.store().inquiries(b.team, at(9), 10).await;
    assert_eq!(none.expect("inquiries"), []);
    assert!(b.mirrored("Account", "009").await.is_some());
}

pub(super) async fn what_can_not_be_seen_sets_its_link_aside(b: &Bench) {
    let link = asking(b).await;
    answer(b, 3, Vec::new(), None).await;
    let record = link.record.expect("linked");
    let now = b.link(record).await;
    let parked = now.parked.expect("set aside");
    assert!(parked.message.contains("009"), "{}", parked.message);
    assert_eq!(now.state, LinkState::Active, "that is no proof of anything");
    let log = b.log().await;
    assert_eq!(parked.log, log.last().map(|(id, _)| *id));
}

pub(super) async fn in_doubt_a_deleted_record_stays_deleted(b: &Bench) {
    b.linked(1, crm("Account", "001", 1, &[])).await;
    b.pull(5, seen(5, deleted(crm("Account", "001", 5, &[]))))
        .await;
    b.pull(6, seen(4, crm("Account", "001", 4, &[]))).await;
    b.pull(7, seen(5, crm("Account", "001", 5, &[]))).await;
    let known = b.mirrored("Account", "001").await.expect("known");
    assert!(
        known.deleted,
        "older pages and equal stamps don't revive it"
    );
    b.pull(8, seen(8, crm("Account", "001", 6, &[]))).await;
    let known = b.mirrored("Account", "001").await.expect("known");
    assert!(!known.deleted, "a newer version does");
}

/// The lane of the work that the others make does not matter here.
pub(super) async fn what_referred_to_a_moved_record_is_looked_at(b: &Bench) {
    let link = b.linked(1, crm("Account", "001", 1, &[])).await;
    let account = link.record.expect("linked");
    let patch: Fields = account_field(account);
    let deal = b
        .add(1, Kind::Opportunity, Some("Opportunity"), patch)
        .await;
    b.settle_down(1).await;
    b.pull(2, lost("001", 2, "009")).await;
    let work = claimed(b, 2, account).await;
    assert_eq!(work.lane, Lane::Normal);
    b.commit(2, &work, goes_over(&work.link, "009")).await;
    let due = b.due(2).await;
    assert!(
        due.contains(&b.link(deal).await.id),
        "its account has another id"
    );
}

/// What took a record's place could not be seen, and is deleted itself: whoever waits for it learns that.
pub(super) async fn who_looked_in_vain_learns_that_it_is_gone(b: &Bench) {
    let link = asking(b).await;
    answer(b, 2, Vec::new(), None).await;
    assert_eq!(b.due(2).await, [], "a person is to grant access");
    b.pull(3, deleted(crm("Account", "009", 3, &[]))).await;
    assert_eq!(b.due(3).await, [link.id]);
    let work = b.claim(3).await;
    let heir = work[0].kin.heir.as_ref().and_then(|heir| heir.crm.as_ref());
    assert!(heir.is_some_and(|crm| !crm.lives()) && work[0].link.parked.is_none());
}
