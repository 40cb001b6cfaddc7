//! Pulled pages: what is news, and how progress moves.

use super::bench::{Bench, done, ended, more};
use super::samples::{at, crm, deleted, fields, keep, object, parked_link, rules, seen, update};
use tandem_core::ids::{CrmId, TeamId};
use tandem_core::link::Lane;
use tandem_core::mapping::PairRules;
use tandem_core::store::{PullPosition, StoreError};
use tandem_core::value::Value;
use tandem_core::workspace::Kind;
use tandem_core::write::IntentNext;

pub(super) async fn a_new_record_makes_a_half_link_that_is_due(b: &Bench) {
    let report = b.pull(1, crm("Account", "001", 1, &[("Name", "A")])).await;
    assert_eq!((report.new, report.changed, report.outrun), (1, 0, false));
    let work = b.claim_one(1).await;
    assert_eq!(work.link.crm.as_ref().map(|id| id.as_str()), Some("001"));
    assert_eq!((work.link.record, work.lane), (None, Lane::Normal));
    assert_eq!(
        work.crm.map(|crm| crm.fields),
        Some(fields(&[("Name", "A")]))
    );
    assert_eq!(work.workspace, None);
}

pub(super) async fn the_same_page_twice_changes_nothing(b: &Bench) {
    let page = b
        .page(
            1,
            "Account",
            vec![crm("Account", "001", 1, &[("Name", "A")])],
        )
        .await;
    b.stage(page.clone()).await;
    let before = (b.claim_one(1).await.link, b.progress("Account").await);
    let again = b.stage(page).await;
    assert_eq!((again.new, again.changed, again.unchanged), (0, 0, 1));
    assert!(
        again.outrun,
        "the position moved on with the first delivery"
    );
    let after = (b.claim_one(1000).await.link, b.progress("Account").await);
    assert_eq!(before, after);
}

pub(super) async fn a_page_from_elsewhere_does_not_move_progress(b: &Bench) {
    let late = b
        .page(
            1,
            "Account",
            vec![crm("Account", "001", 1, &[("Name", "A")])],
        )
        .await;
    b.pull(2, crm("Account", "002", 2, &[("Name", "B")])).await;
    let before = b.progress("Account").await;
    let report = b.stage(late).await;
    assert!(report.outrun);
    assert_eq!(report.new, 1, "its records are evidence all the same");
    assert_eq!(b.progress("Account").await, before);
    assert_eq!(b.due(2).await.len(), 2);
}

pub(super) async fn a_watermark_never_goes_back(b: &Bench) {
    b.pull(9, crm("Account", "001", 1, &[("Name", "A")])).await;
    let page = b.page(10, "Account", vec![]).await;
    let report = b
        .stage(tandem_core::store::StagePage {
            next: done(5),
            ..page
        })
        .await;
    assert!(!report.outrun);
    let watermark = b.position("Account").await.watermark;
    assert_eq!(watermark.map(|w| w.order), Some(9));
}

pub(super) async fn progress_remembers_when_a_pull_began_and_counts_its_rows(b: &Bench) {
    let row = |id: &str| crm("Account", id, 1, &[("Name", "A")]);
    let mut page = b.page(1, "Account", vec![row("001"), row("002")]).await;
    page.next = more("p2");
    b.stage(page).await;
    let half = b.progress("Account").await;
    assert_eq!(
        (half.rows, half.started_at, half.complete_at),
        (2, Some(at(1)), None)
    );
    assert_eq!(half.position.watermark, None);
    assert_eq!(half.coverage.rows, 2);
    let last = b.page(7, "Account", vec![row("003")]).await;
    b.stage(last).await;
    let whole = b.progress("Account").await;
    assert_eq!(
        (whole.rows, whole.started_at, whole.complete_at),
        (3, None, Some(at(1)))
    );
    assert_eq!(whole.position.page, None);
    b.pull(20, row("004")).await;
    let next = b.progress("Account").await;
    assert_eq!((next.rows, next.complete_at), (1, Some(at(20))));
    // What was read from the beginning stands until everything is read again.
    assert_eq!(next.coverage, whole.coverage);
    assert_eq!(
        (whole.coverage.rows, whole.coverage.oldest),
        (3, Some(at(1)))
    );
    let account = object("Account");
    let reset = b.store().reset_progress(b.team, &account);
    reset.await.expect("forgotten");
    b.pull(30, row("004")).await;
    assert_eq!(b.progress("Account").await.coverage.rows, 1);
}

pub(super) async fn what_moved_without_its_stamp_is_named(b: &Bench) {
    let score = |second, score| {
        let record = crm("Account", "001", 1, &[("Name", "A"), ("Score", score)]);
        seen(second, record)
    };
    b.pull(1_000, score(1_000, "1")).await;
    for (second, record, named) in [
        (1_100, score(1_100, "2"), vec!["Score"]),
        // Looked at before: it says nothing.
        (1_200, score(1_050, "3"), vec![]),
        (1_300, score(1_300, "2"), vec![]),
        (
            1_400,
            seen(1_400, crm("Account", "001", 2, &[("Score", "4")])),
            vec![],
        ),
    ] {
        let report = b.pull(second, record).await;
        let found: Vec<&String> = report.unstamped.iter().collect();
        assert_eq!(found, named, "at {second}");
    }
}

pub(super) async fn a_pull_counts_as_begun_with_a_page_before_which_all_was_settled(b: &Bench) {
    let mut page = b.page(1, "Account", vec![]).await;
    page.next = more("p2");
    b.stage(page).await;
    for (second, begins, began) in [(40, true, 40), (50, false, 40)] {
        let mut page = b.page(second, "Account", vec![]).await;
        (page.next, page.begins) = (more(&format!("at {second}")), begins);
        b.stage(page).await;
        assert_eq!(b.progress("Account").await.started_at, Some(at(began)));
    }
    b.stage(b.page(60, "Account", vec![]).await).await;
    let whole = b.progress("Account").await;
    assert_eq!((whole.started_at, whole.complete_at), (None, Some(at(40))));
}

pub(super) async fn a_row_that_came_late_moves_the_horizon(b: &Bench) {
    let known = crm("Account", "001", 50, &[("Name", "A")]);
    b.pull(60, known.clone()).await;
    // Known already, changed without a stamp, older than what is known, on time: none of these came late.
    let restamped = seen(70, crm("Account", "001", 50, &[("Name", "B")]));
    let stale = crm("Account", "001", 40, &[("Name", "C")]);
    let in_time = crm("Account", "009", 65, &[("Name", "D")]);
    let mut page = b
        .page(70, "Account", vec![known, restamped, stale, in_time])
        .await;
    page.behind_seconds = [(CrmId::new("001"), 10)].into();
    let report = b.stage(page.clone()).await;
    assert_eq!((report.outrun, report.late_seconds), (false, 0));
    assert_eq!(b.progress("Account").await.horizon.late_at, None);
    let new = crm("Account", "002", 45, &[("Name", "E")]);
    let changed = crm("Account", "001", 55, &[("Name", "F")]);
    let mut page = b.page(80, "Account", vec![new, changed]).await;
    page.behind_seconds = [(CrmId::new("001"), 15), (CrmId::new("002"), 25)].into();
    assert_eq!(b.stage(page.clone()).await.late_seconds, 25);
    let horizon = b.progress("Account").await.horizon;
    assert_eq!((horizon.late_seconds, horizon.late_at), (25, Some(at(80))));
    // The same page again is outrun, and what it brings is known.
    page.now = at(99);
    b.stage(page).await;
    assert_eq!(b.progress("Account").await.horizon, horizon);
}

pub(super) async fn a_read_has_settled_when_it_is_complete(b: &Bench) {
    let settled = async || b.progress("Account").await.horizon.settled_at;
    let mut page = b.page(10, "Account", vec![]).await;
    (page.settling, page.next) = (true, more("p2"));
    b.stage(page).await;
    assert_eq!(settled().await, None);
    let (account, from) = (object("Account"), b.position("Account").await);
    let dropped = b.store().drop_page(b.team, &account, &from).await;
    assert!(dropped.expect("drop_page"));
    b.stage(b.page(20, "Account", vec![]).await).await;
    assert_eq!(
        settled().await,
        None,
        "the one that began again did not go back so far"
    );
    let mut page = b.page(30, "Account", vec![]).await;
    (page.settling, page.next) = (true, more("p2"));
    b.stage(page).await;
    b.stage(b.page(40, "Account", vec![]).await).await;
    assert_eq!(settled().await, Some(at(30)), "its first page decides");
}

pub(super) async fn a_failed_read_backs_off_until_one_succeeds(b: &Bench) {
    for attempts in 1..=2 {
        let log = (attempts == 1).then(|| super::samples::entry("Reading failed"));
        let failed = b
            .store()
            .pull_failed(b.team, &object("Account"), at(30), log)
            .await;
        failed.expect("pull_failed");
        let progress = b.progress("Account").await;
        assert_eq!(
            (progress.attempts, progress.not_before),
            (attempts, Some(at(30)))
        );
        assert_eq!(progress.position, PullPosition::default());
    }
    assert_eq!(b.log().await.len(), 1);
    b.pull(31, crm("Account", "001", 1, &[("Name", "A")])).await;
    let progress = b.progress("Account").await;
    assert_eq!((progress.attempts, progress.not_before), (0, None));
}

pub(super) async fn a_reset_reads_again_and_forgets_nothing_else(b: &Bench) {
    let link = b
        .linked(1, crm("Account", "001", 1, &[("Name", "A")]))
        .await;
    b.pull(2, crm("Account", "001", 1, &[("Name", "A")])).await;
    b.pull(2, crm("Lead", "00Q", 1, &[("LastName", "L")])).await;
    let reset = b.store().reset_progress(b.team, &object("Account")).await;
    reset.expect("reset_progress");
    let progress = b.progress("Account").await;
    let afresh = PullPosition {
        round: 1,
        ..PullPosition::default()
    };
    assert_eq!(progress.position, afresh);
    let never = (progress.complete_at, progress.rows);
    assert_eq!(never, (None, 0), "so it is due at once");
    assert!(b.position("Lead").await.watermark.is_some());
    assert!(b.mirrored("Account", "001").await.is_some());
    assert_eq!(b.link(link.record.expect("linked")).await, link);
    let again = b.pull(3, crm("Account", "001", 1, &[("Name", "A")])).await;
    assert_eq!((again.unchanged, again.outrun), (1, false));
}

pub(super) async fn a_page_of_an_earlier_round_is_outrun(b: &Bench) {
    let row = || vec![crm("Account", "001", 1, &[])];
    let first = b.page(1, "Account", row()).await;
    let reset = b.store().reset_progress(b.team, &object("Account")).await;
    reset.expect("reset_progress");
    assert!(
        b.stage(first).await.outrun,
        "it may lack what is wanted now"
    );
    assert_eq!(b.position("Account").await.watermark, None);
    let second = b.page(2, "Account", row()).await;
    assert!(!b.stage(second).await.outrun);
}

pub(super) async fn rules_that_want_more_read_again(b: &Bench) {
    type Change = fn(&mut PairRules);
    let fewer: Change = |pair| drop(pair.fields.pop());
    let changes: [(&str, Change, bool); 7] = [
        ("the same", |_| (), false),
        ("a field less", fewer, false),
        ("a field more", |_| (), true),
        ("no import", |pair| pair.import = false, false),
        ("import", |_| (), true),
        ("no key", |pair| pair.external_id = None, false),
        ("a key", |_| (), true),
    ];
    for (what, change, again) in changes {
        b.pull(1, crm("Account", "001", 1, &[])).await;
        let mut published = rules();
        change(&mut published.pairs[0]);
        let put = b.store().put_rules(b.team, published, at(2)).await;
        put.expect("put_rules");
        let from_the_start = b.position("Account").await.watermark.is_none();
        assert_eq!(from_the_start, again, "{what}");
    }
}

pub(super) async fn nobody_waits_after_the_waits_are_ended(b: &Bench) {
    let link = b.linked(1, crm("Account", "001", 1, &[])).await;
    let (record, patch) = (link.record.expect("linked"), fields(&[("phone", "2")]));
    b.edit(2, Kind::Account, record, patch).await;
    b.decide_write(2, update("001", "Phone", "2")).await;
    let sent = b.send_one(2, "Account").await;
    let retry = IntentNext::Retry(at(90));
    b.settle(3, ended(sent.intent.id, sent.epoch, retry)).await;
    let lead = object("Lead");
    let failed = b.store().pull_failed(b.team, &lead, at(90), None);
    failed.await.expect("pull_failed");
    assert!(b.send(4, "Account").await.is_empty());
    let ended = b.store().end_waits(b.team).await;
    ended.expect("end_waits");
    let progress = b.progress("Lead").await;
    assert_eq!((progress.attempts, progress.not_before), (1, None));
    assert_eq!(b.send(4, "Account").await.len(), 1);
}

pub(super) async fn a_forgotten_page_begins_its_pull_again(b: &Bench) {
    let row = |order| crm("Account", "001", order, &[("Name", "A")]);
    b.pull(1, row(1)).await;
    let complete = b.progress("Account").await;
    let mut page = b.page(2, "Account", vec![row(2)]).await;
    page.next = more("p2");
    b.stage(page).await;
    let failed = b
        .store()
        .pull_failed(b.team, &object("Account"), at(30), None)
        .await;
    failed.expect("pull_failed");
    let at_page = b.position("Account").await;
    assert!(drop_page(b, &at_page).await);
    let begun = b.progress("Account").await;
    assert_eq!(begun.position, complete.position);
    assert_eq!(begun.complete_at, complete.complete_at);
    assert_eq!((begun.started_at, begun.rows), (None, 0));
    let waits = (begun.attempts, begun.not_before);
    assert_eq!(waits, (1, Some(at(30))), "the back-off stays");
    let known = b.mirrored("Account", "001").await.expect("mirrored");
    assert_eq!(known.revision.order, 2, "what came by then stays");
    assert!(!drop_page(b, &at_page).await, "it is done once");
    assert_eq!(b.pull(31, row(2)).await.unchanged, 1);
}

pub(super) async fn only_the_page_that_failed_is_dropped(b: &Bench) {
    assert!(!drop_page(b, &PullPosition::default()).await, "never read");
    let mut page = b.page(1, "Account", vec![]).await;
    page.next = more("p2");
    b.stage(page).await;
    let second = b.position("Account").await;
    let mut page = b.page(2, "Account", vec![]).await;
    page.next = more("p3");
    b.stage(page).await;
    let third = b.progress("Account").await;
    assert!(!drop_page(b, &second).await, "somebody moved on");
    assert_eq!(b.progress("Account").await, third);
    b.pull(3, crm("Account", "001", 1, &[])).await;
    let complete = b.progress("Account").await;
    assert!(!drop_page(b, &complete.position).await, "none is under way");
    assert_eq!(b.progress("Account").await, complete);
}

async fn drop_page(b: &Bench, from: &PullPosition) -> bool {
    let dropped = b.store().drop_page(b.team, &object("Account"), from).await;
    dropped.expect("drop_page")
}

/// Version 5, seen at 10, is known; what does another reading say?
pub(super) async fn older_evidence_never_wins(b: &Bench) {
    let row = |order, second, name| seen(second, crm("Account", "001", order, &[("Name", name)]));
    let link = b.linked(1, row(5, 10, "known")).await;
    let record = link.record.expect("linked");
    for (incoming, (changed, unchanged, stale)) in [
        (row(4, 50, "older"), (0, 0, 1)),
        (row(5, 9, "seen before"), (0, 0, 1)),
        (row(5, 9, "known"), (0, 1, 0)),
        (row(5, 10, "seen at once"), (0, 0, 1)),
        (row(5, 11, "seen after"), (1, 0, 0)),
        (row(6, 2, "newer"), (1, 0, 0)),
        (row(6, 2, "newer"), (0, 1, 0)),
        (deleted(row(6, 11, "newer")), (1, 0, 0)),
    ] {
        let before = b.link(record).await.version;
        let report = b.pull(20, incoming.clone()).await;
        let found = (report.changed, report.unchanged, report.stale);
        assert_eq!(found, (changed, unchanged, stale), "{incoming:?}");
        let moved = b.link(record).await.version != before;
        assert_eq!(moved, changed == 1, "the version moves with news only");
        if changed == 1 {
            assert_eq!(b.mirrored("Account", "001").await, Some(incoming));
        }
    }
}

pub(super) async fn seeing_the_same_later_outdates_an_answer_under_way(b: &Bench) {
    let row = |second, name| seen(second, crm("Account", "001", 5, &[("Name", name)]));
    b.linked(1, row(10, "known")).await;
    b.pull(20, row(20, "known")).await;
    assert_eq!(b.pull(21, row(15, "under way")).await.stale, 1);
}

pub(super) async fn what_a_newer_version_does_not_show_is_not_known(b: &Bench) {
    b.linked(
        1,
        crm("Account", "001", 1, &[("Name", "A"), ("Phone", "1")]),
    )
    .await;
    b.pull(2, crm("Account", "001", 2, &[("Name", "B")])).await;
    let known = b.mirrored("Account", "001").await.expect("mirrored");
    assert_eq!(known.fields, fields(&[("Name", "B")]));
}

pub(super) async fn news_makes_the_link_due_and_takes_a_refused_record_up(b: &Bench) {
    let link = b
        .linked(1, crm("Account", "001", 1, &[("Name", "A")]))
        .await;
    let record = link.record.expect("linked");
    b.edit(2, link.kind, record, fields(&[("phone", "2")]))
        .await;
    let work = b.claim_one(2).await;
    let mut decision = keep(&work.link);
    decision.link.parked = Some(parked_link());
    b.commit(2, &work, decision).await;
    b.pull(3, crm("Account", "001", 1, &[("Name", "A")])).await;
    assert!(b.link(record).await.parked.is_some(), "an echo is no news");
    assert!(b.due(3).await.is_empty());
    b.pull(4, crm("Account", "001", 2, &[("Name", "B")])).await;
    assert_eq!(b.link(record).await.parked, None);
    assert_eq!(b.due(4).await, [link.id]);
}

pub(super) async fn a_deletion_of_something_unknown_is_dropped(b: &Bench) {
    let gone = deleted(crm("Account", "001", 1, &[("Name", "A")]));
    let report = b.pull(1, gone).await;
    assert_eq!((report.new, report.changed), (0, 0));
    assert!(b.claim(1).await.is_empty());
    assert_eq!(b.mirrored("Account", "001").await, None);
}

pub(super) async fn without_import_only_linked_records_are_kept(b: &Bench) {
    b.linked(1, crm("Account", "001", 1, &[("Name", "A")]))
        .await;
    let records = vec![
        crm("Account", "001", 2, &[("Name", "B")]),
        crm("Account", "002", 2, &[("Name", "C")]),
    ];
    let mut page = b.page(2, "Account", records).await;
    page.import = false;
    let report = b.stage(page).await;
    assert_eq!((report.new, report.changed, report.outrun), (0, 1, false));
    assert_eq!(b.mirrored("Account", "002").await, None);
    assert_eq!(b.claim(2).await.len(), 1);
}

pub(super) async fn without_the_echo_guard_every_row_counts(b: &Bench) {
    let row = crm("Account", "001", 1, &[("Name", "A")]);
    b.linked(1, row.clone()).await;
    let mut page = b.page(2, "Account", vec![row]).await;
    page.echo_guard = false;
    assert_eq!(b.stage(page).await.changed, 1);
    assert_eq!(b.claim(2).await.len(), 1);
}

pub(super) async fn the_mirror_keeps_values_as_they_are(b: &Bench) {
    let mut record = crm("Account", "001", 1, &[("Name", "Ünï “quoted” 'x' \\ %_\n")]);
    record.fields.insert("Phone".into(), Value::Null);
    b.pull(1, record.clone()).await;
    assert_eq!(b.mirrored("Account", "001").await, Some(record));
}

pub(super) async fn an_unknown_team_is_an_error(b: &Bench) {
    let nobody = TeamId(i64::MAX);
    let page = b.page(1, "Account", vec![]).await;
    let staged = b.store().stage(nobody, page).await;
    assert!(matches!(staged, Err(StoreError::NotFound(_))), "{staged:?}");
}
