//! What the brake lets pass, and what it holds until a person has decided.

use super::bench::Bench;
use super::samples::{at, crm, fields, keep, rules, update};
use tandem_core::brake::{
    Effect, Impact, Impacts, Limit, Plan, PlanChoice, PlanState, Side, ValueChange,
};
use tandem_core::ids::{LinkId, PlanId, UserId};
use tandem_core::link::{Lane, LinkState, RecordLink};
use tandem_core::store::{CommitReport, DecisionCommit, LinkWork, StoreError};
use tandem_core::sync_log::{LogStatus, LogType};
use tandem_core::value::Value;
use tandem_core::workspace::Kind;

/// Seconds of an hour.
const HOUR: i64 = 3_600;
/// The administrator of the cases.
const ADMIN: UserId = UserId(7);

const UNLINK: Impact = Impact {
    effect: Effect::Unlink,
    side: Side::Workspace,
};
const BLANK: Impact = Impact {
    effect: Effect::Blank,
    side: Side::Crm,
};

/// Two records an hour may be unlinked, and two values erased.
async fn strict(b: &Bench) {
    let mut rules = rules();
    let limit = Limit {
        records: 2,
        percent: 0,
    };
    rules.settings.brake.unlink = limit;
    rules.settings.brake.blank = limit;
    let put = b.store().put_rules(b.team, rules, at(0)).await;
    put.expect("put_rules");
}

/// So many linked accounts; all are due.
pub(super) async fn accounts(b: &Bench, count: i64) -> Vec<RecordLink> {
    strict(b).await;
    let mut links = Vec::new();
    for number in 1..=count {
        let account = crm("Account", &format!("00{number}"), 1, &[]);
        links.push(b.linked(1, account).await);
    }
    for link in &links {
        touch(b, 2, link).await;
    }
    links
}

/// The link is to be decided anew.
async fn touch(b: &Bench, second: i64, link: &RecordLink) {
    let record = link.record.expect("linked");
    let phone = format!("at {second}");
    b.edit(second, Kind::Account, record, fields(&[("phone", &phone)]))
        .await;
}

fn impacts(of: &[Impact]) -> Impacts {
    let change = |impact: &Impact| match impact.effect {
        Effect::Unlink => Vec::new(),
        _ => vec![ValueChange {
            field: "phone".into(),
            before: Value::text("100"),
            after: Value::Null,
        }],
    };
    of.iter().map(|impact| (*impact, change(impact))).collect()
}

/// The link shall be taken apart.
fn unlink(work: &LinkWork, of: &[Impact]) -> DecisionCommit {
    let mut decision = keep(&work.link);
    if of.contains(&UNLINK) {
        decision.link.state = LinkState::Unlinked;
    }
    DecisionCommit {
        link: work.link.id,
        version: work.link.version,
        decision,
        lane: work.lane,
        impacts: impacts(of),
    }
}

/// Decisions about everything that is due, each with these impacts.
async fn decisions(b: &Bench, second: i64, of: &[Impact]) -> Vec<DecisionCommit> {
    let work = b.claim(second).await;
    work.iter().map(|work| unlink(work, of)).collect()
}

/// What is due, decided to be unlinked.
pub(super) async fn unlinks(b: &Bench, second: i64) -> Vec<DecisionCommit> {
    decisions(b, second, &[UNLINK]).await
}

/// A link that an open plan holds; nothing is due.
pub(super) async fn held(b: &Bench) -> PlanId {
    accounts(b, 3).await;
    decide(b, 3, &[UNLINK]).await;
    one_plan(b).await.id
}

/// What is held is due, and decided to stay as it is.
pub(super) async fn harmless(b: &Bench, second: i64) -> Vec<DecisionCommit> {
    let held = one_plan(b).await;
    let records = b.store().planned_records(b.team, held.id, None, 9).await;
    for record in records.expect("planned_records") {
        let (_, id) = record.record.expect("linked");
        let link = b.link(id).await;
        touch(b, second, &link).await;
    }
    decisions(b, second, &[]).await
}

/// Decides everything that is due: each decision has these impacts.
async fn decide(b: &Bench, second: i64, of: &[Impact]) -> CommitReport {
    let commits = decisions(b, second, of).await;
    let report = b
        .store()
        .commit_decisions(b.team, commits, at(second))
        .await;
    report.expect("commit_decisions")
}

async fn plans(b: &Bench) -> Vec<Plan> {
    b.store().plans(b.team).await.expect("plans")
}

async fn one_plan(b: &Bench) -> Plan {
    let mut plans = plans(b).await;
    assert_eq!(plans.len(), 1, "{plans:#?}");
    plans.remove(0)
}

async fn choose(b: &Bench, second: i64, plan: PlanId, choice: PlanChoice) -> Option<Plan> {
    let decided = b
        .store()
        .decide_plan(b.team, plan, choice, Some(ADMIN), at(second));
    decided.await.expect("decide_plan")
}

async fn planned(b: &Bench, plan: PlanId) -> Vec<LinkId> {
    let records = b.store().planned_records(b.team, plan, None, 100).await;
    let records = records.expect("planned_records");
    records.into_iter().map(|record| record.link).collect()
}

/// The links as they stand.
async fn now(b: &Bench, links: &[RecordLink]) -> Vec<RecordLink> {
    let mut found = Vec::new();
    for link in links {
        found.push(b.link(link.record.expect("linked")).await);
    }
    found
}

pub(super) async fn what_is_too_much_is_held_and_nothing_of_it_is_done(b: &Bench) {
    let links = accounts(b, 4).await;
    let report = decide(b, 3, &[UNLINK]).await;
    assert_eq!((report.committed, report.held, report.overtaken), (2, 2, 0));
    let plan = one_plan(b).await;
    assert_eq!((plan.impact, plan.state), (UNLINK, PlanState::Open));
    assert_eq!((plan.records, plan.allowed), (2, 2));
    assert_eq!(plan.opened_at, at(3));
    let now = now(b, &links).await;
    let states: Vec<_> = now.iter().map(|link| link.state).collect();
    let (gone, there) = (LinkState::Unlinked, LinkState::Active);
    assert_eq!(states, [gone, gone, there, there]);
    assert_eq!(now[2].plans, [plan.id]);
    assert_eq!(planned(b, plan.id).await, [now[2].id, now[3].id]);
    assert!(b.due(3 + HOUR).await.is_empty(), "nothing is due");
    let held: Vec<_> = b.log().await;
    let held = held
        .iter()
        .filter(|(_, entry)| entry.kind == LogType::Held)
        .collect::<Vec<_>>();
    assert_eq!(held.len(), 1, "one entry for the plan, not one a record");
    assert_eq!(held[0].1.status, LogStatus::Waiting);
    let backlog = b.store().backlog(b.team, at(4)).await.expect("backlog");
    assert_eq!(backlog.held, 2);
}

pub(super) async fn an_open_plan_takes_up_what_follows(b: &Bench) {
    let links = accounts(b, 3).await;
    decide(b, 3, &[UNLINK]).await;
    let plan = one_plan(b).await;
    let late = b.linked(4, crm("Account", "009", 4, &[])).await;
    touch(b, 4, &late).await;
    let much_later = 3 + 5 * HOUR;
    let report = decide(b, much_later, &[UNLINK]).await;
    assert_eq!((report.committed, report.held), (0, 1));
    assert_eq!(one_plan(b).await.records, 2);
    assert_eq!(planned(b, plan.id).await, [links[2].id, late.id]);
}

pub(super) async fn other_impacts_pass_meanwhile(b: &Bench) {
    accounts(b, 3).await;
    decide(b, 3, &[UNLINK]).await;
    let late = b.linked(4, crm("Account", "009", 4, &[])).await;
    touch(b, 4, &late).await;
    let report = decide(b, 5, &[BLANK]).await;
    assert_eq!((report.committed, report.held), (1, 0));
}

pub(super) async fn what_passed_long_ago_does_not_count(b: &Bench) {
    let links = accounts(b, 4).await;
    for (number, second) in [(0, 3), (1, 3), (2, 3 + 2 * HOUR), (3, 3 + 2 * HOUR)] {
        let work = b.claim(second).await;
        let wanted = work.iter().find(|work| work.link.id == links[number].id);
        let commit = unlink(wanted.expect("due"), &[UNLINK]);
        let report = b
            .store()
            .commit_decisions(b.team, vec![commit], at(second))
            .await;
        assert_eq!(report.expect("commit_decisions").committed, 1);
        b.store().end_waits(b.team).await.expect("end_waits");
        for link in &links[number + 1..] {
            touch(b, second, link).await;
        }
    }
    assert_eq!(plans(b).await, []);
}

pub(super) async fn an_approved_plan_is_carried_out(b: &Bench) {
    let links = accounts(b, 4).await;
    decide(b, 3, &[UNLINK]).await;
    let plan = one_plan(b).await;
    let approved = choose(b, 9, plan.id, PlanChoice::Approve).await;
    let state = PlanState::Approved {
        by: Some(ADMIN),
        at: at(9),
    };
    assert_eq!(
        approved.map(|plan| (plan.state, plan.records)),
        Some((state, 2))
    );
    let (_, entry) = b.log().await.pop().expect("an entry");
    assert_eq!((entry.kind, entry.by), (LogType::Held, Some(ADMIN)));
    let work = b.claim(9).await;
    let lanes: Vec<Lane> = work.iter().map(|work| work.lane).collect();
    assert_eq!(lanes, [Lane::Bulk, Lane::Bulk]);
    b.store().end_waits(b.team).await.expect("end_waits");
    let commits = work.iter().map(|work| unlink(work, &[UNLINK])).collect();
    let report = b.store().commit_decisions(b.team, commits, at(9)).await;
    assert_eq!(report.expect("commit_decisions").committed, 2);
    assert_eq!(one_plan(b).await.records, 0);
    for link in now(b, &links).await {
        assert_eq!((link.state, link.plans), (LinkState::Unlinked, Vec::new()));
    }
    let again = b.linked(10, crm("Account", "009", 10, &[])).await;
    touch(b, 10, &again).await;
    let report = decide(b, 11, &[UNLINK]).await;
    assert_eq!(report.held, 1, "an approval is no licence for what follows");
    assert_eq!(plans(b).await.len(), 2);
}

pub(super) async fn what_is_kept_stays_until_it_no_longer_applies(b: &Bench) {
    let links = accounts(b, 3).await;
    decide(b, 3, &[UNLINK]).await;
    let plan = one_plan(b).await;
    choose(b, 9, plan.id, PlanChoice::Keep).await;
    assert!(b.due(3 + HOUR).await.is_empty(), "it stays as it is");
    touch(b, 10, &links[2]).await;
    let report = decide(b, 10, &[UNLINK]).await;
    assert_eq!((report.committed, report.held), (0, 1));
    assert_eq!(
        planned(b, plan.id).await,
        [links[2].id],
        "declined once is enough"
    );
    touch(b, 11, &links[2]).await;
    let report = decide(b, 11, &[]).await;
    assert_eq!((report.committed, report.held), (1, 0));
    let link = now(b, &links[2..]).await.remove(0);
    assert_eq!((link.state, link.plans), (LinkState::Active, Vec::new()));
    let plan = one_plan(b).await;
    assert_eq!((plan.state.as_str(), plan.records), ("kept", 0));
}

pub(super) async fn what_was_kept_can_still_be_approved(b: &Bench) {
    accounts(b, 3).await;
    decide(b, 3, &[UNLINK]).await;
    let plan = one_plan(b).await;
    choose(b, 9, plan.id, PlanChoice::Keep).await;
    assert_eq!(choose(b, 10, plan.id, PlanChoice::Keep).await, None);
    let approved = choose(b, 11, plan.id, PlanChoice::Approve).await;
    assert!(approved.is_some_and(|plan| plan.state.is_approved()));
    assert_eq!(choose(b, 12, plan.id, PlanChoice::Approve).await, None);
    assert_eq!(decide(b, 12, &[UNLINK]).await.committed, 1);
}

pub(super) async fn a_plan_dissolves_when_nothing_is_left_of_it(b: &Bench) {
    let links = accounts(b, 3).await;
    decide(b, 3, &[UNLINK]).await;
    touch(b, 5, &links[2]).await;
    let report = decide(b, 6, &[]).await;
    assert_eq!((report.committed, report.held), (1, 0));
    let plan = one_plan(b).await;
    assert_eq!(plan.state, PlanState::Dissolved { at: at(6) });
    let (_, entry) = b.log().await.pop().expect("an entry");
    assert_eq!((entry.kind, entry.by), (LogType::Held, None));
    assert_eq!(choose(b, 7, plan.id, PlanChoice::Approve).await, None);
}

pub(super) async fn a_link_may_wait_in_two_plans(b: &Bench) {
    let links = accounts(b, 3).await;
    let both = [UNLINK, BLANK];
    let report = decide(b, 3, &both).await;
    assert_eq!((report.committed, report.held), (2, 1));
    let ids: Vec<PlanId> = plans(b).await.iter().map(|plan| plan.id).collect();
    assert_eq!(ids.len(), 2);
    for (second, id) in [(5, ids[0]), (6, ids[1])] {
        let link = now(b, &links[2..]).await.remove(0);
        assert_eq!(link.plans.len(), 2, "one approval is not enough");
        choose(b, second, id, PlanChoice::Approve).await;
        decide(b, second, &both).await;
    }
    let link = now(b, &links[2..]).await.remove(0);
    assert_eq!((link.state, link.plans), (LinkState::Unlinked, Vec::new()));
}

pub(super) async fn a_held_decision_takes_an_unsent_write_back(b: &Bench) {
    accounts(b, 2).await;
    decide(b, 3, &[UNLINK]).await;
    let late = b.linked(4, crm("Account", "009", 4, &[])).await;
    touch(b, 4, &late).await;
    b.decide_write(4, update("009", "Phone", "200")).await;
    touch(b, 5, &late).await;
    assert_eq!(decide(b, 5, &[UNLINK]).await.held, 1);
    assert!(b.sendable(at(6)).await.is_empty(), "it was decided anew");
}

pub(super) async fn what_happens_every_day_is_normal(b: &Bench) {
    let links = accounts(b, 4).await;
    let day = 24 * HOUR;
    // Two a day for fifteen of the last 28 days; the records stay linked.
    for number in 0..15 {
        for link in &links[..2] {
            touch(b, number * day, link).await;
        }
        let work = b.claim(number * day).await;
        let of_two = work.iter().filter(|work| work.link.id <= links[1].id);
        let commits = of_two.map(|work| DecisionCommit {
            decision: keep(&work.link),
            ..unlink(work, &[UNLINK])
        });
        let commits = commits.collect();
        let done = b
            .store()
            .commit_decisions(b.team, commits, at(number * day))
            .await;
        assert_eq!(done.expect("commit_decisions").committed, 2);
    }
    for link in &links {
        touch(b, 15 * day, link).await;
    }
    assert_eq!(decide(b, 15 * day, &[UNLINK]).await.held, 0);
}

pub(super) async fn the_records_of_a_plan_are_listed_in_pages(b: &Bench) {
    let links = accounts(b, 5).await;
    decide(b, 3, &[BLANK]).await;
    let plan = one_plan(b).await;
    let page = async |after| {
        let page = b.store().planned_records(b.team, plan.id, after, 2);
        page.await.expect("planned_records")
    };
    let first = page(None).await;
    let rest = page(first.last().map(|record| record.link)).await;
    let ids: Vec<_> = first
        .iter()
        .chain(&rest)
        .map(|record| record.link)
        .collect();
    assert_eq!(ids, [links[2].id, links[3].id, links[4].id]);
    assert_eq!(first[0].crm, links[2].crm);
    assert_eq!(
        first[0].record,
        links[2].record.map(|id| (Kind::Account, id))
    );
    assert_eq!(first[0].changes, impacts(&[BLANK])[&BLANK]);
}

pub(super) async fn turned_off_it_lets_everything_pass(b: &Bench) {
    let links = accounts(b, 3).await;
    decide(b, 3, &[UNLINK]).await;
    let mut rules = b.store().rules(b.team).await.expect("rules");
    rules.settings.brake.enabled = false;
    let put = b.store().put_rules(b.team, rules, at(4)).await;
    put.expect("put_rules");
    touch(b, 5, &links[2]).await;
    let report = decide(b, 5, &[UNLINK]).await;
    assert_eq!((report.committed, report.held), (1, 0));
}

pub(super) async fn only_a_plan_that_is_there_can_be_decided(b: &Bench) {
    let wanted = b
        .store()
        .decide_plan(b.team, PlanId(9), PlanChoice::Approve, Some(ADMIN), at(1))
        .await;
    let missing = matches!(&wanted, Err(StoreError::NotFound(what)) if what == "plan 9");
    assert!(missing, "{wanted:?}");
}
