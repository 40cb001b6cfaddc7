//! Every step is one transaction: whatever statement it dies at, it happened wholly or not at all.
//!
//! For stores on disk. Each step is made to fail at its first statement, its second, and so on until
//! none is left; each time the data is opened again, must be what it was before, and the same call
//! must then succeed.

use super::Subject;
use super::bench::{Bench, created, ended, finished, more};
use super::brakes;
use super::homecoming::{gone_over, returning};
use super::incidents::{attempt, refused};
use super::restart::Process;
use super::samples::{
    account_field, at, create, crm, deleted, entry, fields, held_field, keep, object, rules,
    update, user,
};
use async_trait::async_trait;
use tandem_core::brake::PlanChoice;
use tandem_core::budget::{Pace, Spent};
use tandem_core::ids::{CrmId, IncidentId, UserId};
use tandem_core::link::{Lane, LinkState, RecordLink};
use tandem_core::reconcile::{Absorb, Move, RecordChange};
use tandem_core::settings::ConnectionState;
use tandem_core::store::{
    Answered, DecisionCommit, HoldResolution, Restore, StoreResult, WorkspaceEdit,
};
use tandem_core::value::Value;
use tandem_core::watch::ObjectWatch;
use tandem_core::workspace::Kind;
use tandem_core::write::IntentNext;

/// A store that can be made to die, and opened again on the same data.
#[async_trait]
pub trait CrashSubject: Subject + Sized {
    /// The `nth` statement from now on fails (1 is the next), and with it the step.
    fn fail_at(&self, nth: u32);

    /// Nothing fails any more. True if nothing had failed yet.
    fn disarm(&self) -> bool;

    /// Everything that the store holds, in a stable order.
    async fn dump(&self) -> String;

    /// Opens the same data anew.
    fn reopen(self) -> Self;
}

/// Statements that a step of the scenarios may take; more means that it never ends.
const STATEMENTS_MAX: u32 = 500;

macro_rules! die_everywhere_in {
    ($make:expr; $($step:ident),+ $(,)?) => {
        $(die_everywhere(stringify!($step), $make, $step).await;)+
    };
}

/// Lets every step die at every statement.
///
/// # Panics
/// When a step was found half done, with its name and the number of the statement.
pub fn run<S: CrashSubject + 'static>(make: impl Fn() -> S) {
    super::block_on(async {
        die_everywhere_in! {
            &make;
            stage, pull_failed, drop_page, reset_progress, end_waits, set_connection_state, put_rules,
            claim_links,
            commit_create_and_write, commit_adopt, commit_move, commit_merge, answered, commit_held, commit_dissolves, decide_plan,
            claim_intents, claim_doubtful, settle_create, settle_retry, edit_record, add_record,
            resolve_hold, restore, restore_place, retry_links, try_incident, skip_incident, advance_trials,
            reserve_calls,
            reserve_question, spend_calls, set_pace, append_log, save_watch,
        }
    });
}

async fn die_everywhere<S: CrashSubject + 'static>(
    name: &'static str,
    make: impl Fn() -> S,
    step: impl AsyncFn(Trial<S>) -> Ended,
) {
    for nth in 1..=STATEMENTS_MAX {
        let process = Process::start(make()).await;
        let trial = Trial { name, nth, process };
        if step(trial).await == Ended::Whole {
            assert!(nth > 1, "{name}: not a single statement could fail");
            return;
        }
    }
    panic!("{name} takes more than {STATEMENTS_MAX} statements");
}

/// How a step ended that was to die at a statement.
#[derive(PartialEq)]
enum Ended {
    /// It died there, without a trace.
    Dead,
    /// It has fewer statements.
    Whole,
}

/// A fresh store on which one step shall die at one statement.
struct Trial<S> {
    name: &'static str,
    nth: u32,
    process: Process<S>,
}

impl<S: CrashSubject + 'static> Trial<S> {
    /// Makes the call under test; after the crash it is made again. What a restart does by itself is
    /// done beforehand, so that the two looks differ in the call alone.
    async fn act<T>(self, call: impl AsyncFn(&Bench) -> StoreResult<T>) -> Ended {
        let Self { name, nth, process } = self;
        let process = process.restart();
        let before = process.subject.dump().await;
        process.subject.fail_at(nth);
        let result = call(&process.bench).await.map(drop);
        if process.subject.disarm() {
            result.unwrap_or_else(|error| panic!("{name} failed by itself: {error}"));
            return Ended::Whole;
        }
        assert!(result.is_err(), "{name} hides that statement {nth} failed");
        let half_done = format!("{name} was half done at statement {nth}");
        assert_eq!(process.subject.dump().await, before, "{half_done}");
        let process = process.restart();
        assert_eq!(process.subject.dump().await, before, "{half_done}");
        let again = call(&process.bench).await.map(drop);
        again.unwrap_or_else(|error| panic!("{name}, again after {nth}: {error}"));
        Ended::Dead
    }
}

/// The decision of a link is carried out.
async fn dies_deciding<S: CrashSubject + 'static>(t: Trial<S>, change: RecordChange) -> Ended {
    let work = t.process.bench.claim_one(3).await;
    let mut decision = keep(&work.link);
    decision.link.state = LinkState::Unlinked;
    decision.record = change;
    decision.log.push(entry("followed"));
    t.act(async |b: &Bench| {
        let commit = DecisionCommit {
            link: work.link.id,
            version: work.link.version,
            decision: decision.clone(),
            lane: Lane::Normal,
            impacts: Default::default(),
        };
        b.store()
            .commit_decisions(b.team, vec![commit], at(3))
            .await
    })
    .await
}

async fn commit_move<S: CrashSubject + 'static>(t: Trial<S>) -> Ended {
    let b = &t.process.bench;
    linked(b).await;
    b.pull(2, deleted(crm("Account", "001", 2, &[]))).await;
    let moved = Move {
        object: object("Account"),
        id: CrmId::new("009"),
        base: Default::default(),
        instead_of: None,
    };
    dies_deciding(t, RecordChange::Move(Box::new(moved))).await
}

async fn commit_merge<S: CrashSubject + 'static>(t: Trial<S>) -> Ended {
    let b = &t.process.bench;
    let loser = linked(b).await.record.expect("linked");
    let other = b.linked(1, crm("Account", "002", 1, &[])).await;
    b.add(1, Kind::Person, None, account_field(loser)).await;
    b.pull(2, deleted(crm("Account", "001", 2, &[]))).await;
    let absorb = Absorb {
        loser,
        survivor: other.record.expect("linked"),
        patch: fields(&[("phone", "7")]),
        entry: entry("merged"),
    };
    dies_deciding(t, RecordChange::Merge(Box::new(absorb))).await
}

async fn answered<S: CrashSubject + 'static>(t: Trial<S>) -> Ended {
    let b = &t.process.bench;
    linked(b).await;
    b.pull(2, crm("Account", "001", 2, &[("Name", "B")])).await;
    let work = b.claim_one(2).await;
    let mut decision = keep(&work.link);
    decision.look = Some((object("Account"), CrmId::new("009")));
    b.commit(2, &work, decision).await;
    let inquiries = b.store().inquiries(b.team, at(2), 9).await;
    let answer = Answered {
        inquiries: inquiries.expect("inquiries"),
        found: vec![crm("Account", "001", 3, &[]), crm("Account", "008", 3, &[])],
        again_at: None,
        now: at(3),
    };
    t.act(async |b: &Bench| b.store().answered(b.team, answer.clone()).await)
        .await
}

async fn linked(b: &Bench) -> RecordLink {
    b.linked(1, crm("Account", "001", 1, &[("Name", "A")]))
        .await
}

/// A create of an account, decided, while a page with an account waits.
async fn decided_create(b: &Bench) {
    let patch = fields(&[("name", "Acme")]);
    let record = b.add(2, Kind::Account, Some("Account"), patch).await;
    b.decide_create(2, record).await;
}

async fn stage<S: CrashSubject + 'static>(t: Trial<S>) -> Ended {
    let b = &t.process.bench;
    linked(b).await;
    let records = vec![
        crm("Account", "001", 2, &[("Name", "B")]),
        crm("Account", "002", 2, &[("Name", "C")]),
        crm("Account", "001", 1, &[("Name", "A")]),
    ];
    let page = b.page(3, "Account", records).await;
    t.act(async |b: &Bench| b.store().stage(b.team, page.clone()).await)
        .await
}

async fn pull_failed<S: CrashSubject + 'static>(t: Trial<S>) -> Ended {
    let account = object("Account");
    t.act(async |b: &Bench| {
        b.store()
            .pull_failed(b.team, &account, at(9), Some(entry("failed")))
            .await
    })
    .await
}

async fn drop_page<S: CrashSubject + 'static>(t: Trial<S>) -> Ended {
    let b = &t.process.bench;
    let mut page = b.page(1, "Account", vec![]).await;
    page.next = more("p2");
    b.stage(page).await;
    let (account, from) = (object("Account"), b.position("Account").await);
    t.act(async |b: &Bench| b.store().drop_page(b.team, &account, &from).await)
        .await
}

async fn reset_progress<S: CrashSubject + 'static>(t: Trial<S>) -> Ended {
    let b = &t.process.bench;
    b.pull(1, crm("Account", "001", 1, &[])).await;
    let account = object("Account");
    t.act(async |b: &Bench| b.store().reset_progress(b.team, &account).await)
        .await
}

async fn save_watch<S: CrashSubject + 'static>(t: Trial<S>) -> Ended {
    let watch = ObjectWatch::new(object("Lead"));
    t.act(async |b: &Bench| {
        let log = vec![entry("begins"), entry("ends")];
        b.store().save_watch(b.team, watch.clone(), log).await
    })
    .await
}

async fn end_waits<S: CrashSubject + 'static>(t: Trial<S>) -> Ended {
    let b = &t.process.bench;
    let lead = object("Lead");
    let failed = b.store().pull_failed(b.team, &lead, at(9), None);
    failed.await.expect("pull_failed");
    t.act(async |b: &Bench| b.store().end_waits(b.team).await)
        .await
}

async fn set_connection_state<S: CrashSubject + 'static>(t: Trial<S>) -> Ended {
    let state = ConnectionState::Connected;
    t.act(async |b: &Bench| {
        b.store()
            .set_connection_state(b.team, state.clone(), Some(entry("connected")))
            .await
    })
    .await
}

async fn put_rules<S: CrashSubject + 'static>(t: Trial<S>) -> Ended {
    let b = &t.process.bench;
    linked(b).await;
    let mut published = rules();
    published.pairs[0].version += 1;
    published.pairs[0].external_id = None;
    t.act(async |b: &Bench| b.store().put_rules(b.team, published.clone(), at(2)).await)
        .await
}

async fn claim_links<S: CrashSubject + 'static>(t: Trial<S>) -> Ended {
    let b = &t.process.bench;
    b.pull(1, crm("Account", "001", 1, &[])).await;
    let claim = b.claim_of("one", 1);
    t.act(async |b: &Bench| b.store().claim_links(b.team, &claim).await)
        .await
}

async fn commit<S: CrashSubject + 'static>(t: Trial<S>, record: RecordChange) -> Ended {
    let b = &t.process.bench;
    b.pull(3, crm("Account", "002", 1, &[("Name", "Acme")]))
        .await;
    let work = b.claim_one(3).await;
    let mut decision = keep(&work.link);
    if matches!(record, RecordChange::Create(_)) {
        decision.write = Some(update("002", "Phone", "1"));
    }
    decision.record = record;
    decision.log = vec![entry("decided"), entry("and told")];
    let commit = DecisionCommit {
        link: work.link.id,
        version: work.link.version,
        decision,
        lane: Lane::Normal,
        impacts: Default::default(),
    };
    t.act(async |b: &Bench| {
        b.store()
            .commit_decisions(b.team, vec![commit.clone()], at(4))
            .await
    })
    .await
}

async fn commit_create_and_write<S: CrashSubject + 'static>(t: Trial<S>) -> Ended {
    commit(t, RecordChange::Create(fields(&[("name", "Acme")]))).await
}

async fn commit_adopt<S: CrashSubject + 'static>(t: Trial<S>) -> Ended {
    let b = &t.process.bench;
    let patch = fields(&[("name", "Acme")]);
    let record = b.add(2, Kind::Account, Some("Account"), patch).await;
    b.decide_write(2, create(None, "Name", "Acme")).await;
    commit(t, RecordChange::Adopt(record)).await
}

async fn commit_held<S: CrashSubject + 'static>(t: Trial<S>) -> Ended {
    let b = &t.process.bench;
    brakes::accounts(b, 3).await;
    let commits = brakes::unlinks(b, 3).await;
    t.act(async |b: &Bench| {
        b.store()
            .commit_decisions(b.team, commits.clone(), at(3))
            .await
    })
    .await
}

async fn commit_dissolves<S: CrashSubject + 'static>(t: Trial<S>) -> Ended {
    let b = &t.process.bench;
    brakes::held(b).await;
    let commits = brakes::harmless(b, 5).await;
    t.act(async |b: &Bench| {
        b.store()
            .commit_decisions(b.team, commits.clone(), at(5))
            .await
    })
    .await
}

async fn decide_plan<S: CrashSubject + 'static>(t: Trial<S>) -> Ended {
    let plan = brakes::held(&t.process.bench).await;
    let (choice, by) = (PlanChoice::Approve, Some(UserId(7)));
    t.act(async |b: &Bench| b.store().decide_plan(b.team, plan, choice, by, at(5)).await)
        .await
}

async fn claim_intents<S: CrashSubject + 'static>(t: Trial<S>) -> Ended {
    let b = &t.process.bench;
    decided_create(b).await;
    let (account, claim) = (object("Account"), b.claim_of("one", 3));
    t.act(async |b: &Bench| b.store().claim_intents(b.team, &account, &claim).await)
        .await
}

async fn claim_doubtful<S: CrashSubject + 'static>(t: Trial<S>) -> Ended {
    let b = &t.process.bench;
    decided_create(b).await;
    b.send_one(3, "Account").await;
    let claim = b.claim_of("one", 1000);
    t.act(async |b: &Bench| b.store().claim_doubtful(b.team, &claim).await)
        .await
}

async fn settle_create<S: CrashSubject + 'static>(t: Trial<S>) -> Ended {
    let b = &t.process.bench;
    decided_create(b).await;
    let sent = b.send_one(3, "Account").await;
    let record = crm("Account", "001", 4, &[("Name", "Acme")]);
    b.pull(4, record.clone()).await;
    let mut settlement = created(&sent, record);
    settlement.log.push(entry("created"));
    t.act(async |b: &Bench| {
        b.store()
            .settle(b.team, vec![settlement.clone()], at(5))
            .await
    })
    .await
}

async fn settle_retry<S: CrashSubject + 'static>(t: Trial<S>) -> Ended {
    let b = &t.process.bench;
    decided_create(b).await;
    let sent = b.send_one(3, "Account").await;
    let settlement = ended(sent.intent.id, sent.epoch, IntentNext::Retry(at(9)));
    let stale = finished(&sent);
    let batch = vec![settlement, stale];
    t.act(async |b: &Bench| b.store().settle(b.team, batch.clone(), at(5)).await)
        .await
}

async fn edit_record<S: CrashSubject + 'static>(t: Trial<S>) -> Ended {
    let b = &t.process.bench;
    let link = linked(b).await;
    let edit = WorkspaceEdit {
        record: link.record,
        kind: Kind::Account,
        patch: fields(&[("name", "New name"), ("phone", "")]),
        origin: user(),
        now: at(3),
        create_as: None,
    };
    t.act(async |b: &Bench| b.store().edit_record(b.team, edit.clone()).await)
        .await
}

async fn add_record<S: CrashSubject + 'static>(t: Trial<S>) -> Ended {
    let edit = WorkspaceEdit {
        record: None,
        kind: Kind::Account,
        patch: fields(&[("name", "Acme"), ("website", "acme.example")]),
        origin: user(),
        now: at(3),
        create_as: Some(object("Account")),
    };
    t.act(async |b: &Bench| b.store().edit_record(b.team, edit.clone()).await)
        .await
}

async fn resolve_hold<S: CrashSubject + 'static>(t: Trial<S>) -> Ended {
    let b = &t.process.bench;
    let link = linked(b).await;
    b.pull(2, crm("Account", "001", 2, &[("Phone", "200")]))
        .await;
    let work = b.claim_one(2).await;
    let mut decision = keep(&work.link);
    let held = held_field("200", "100");
    decision.link.held_fields.insert("phone".into(), held);
    b.commit(2, &work, decision).await;
    let resolution = HoldResolution {
        link: link.id,
        field: "phone".into(),
        value: Value::text("300"),
        seen_crm: Value::text("200"),
        origin: user(),
        now: at(3),
    };
    t.act(async |b: &Bench| b.store().resolve_hold(b.team, resolution.clone()).await)
        .await
}

async fn restore<S: CrashSubject + 'static>(t: Trial<S>) -> Ended {
    let b = &t.process.bench;
    let link = linked(b).await;
    let restore = Restore {
        record: link.record.expect("linked"),
        version: Some(link.version),
        home: None,
        seen: fields(&[("phone", "100")]),
        patch: fields(&[("phone", "50")]),
        origin: user(),
        lane: Lane::Live,
        now: at(3),
        entry: entry("put back"),
    };
    t.act(async |b: &Bench| b.store().restore(b.team, vec![restore.clone()]).await)
        .await
}

async fn restore_place<S: CrashSubject + 'static>(t: Trial<S>) -> Ended {
    let b = &t.process.bench;
    let (record, old) = gone_over(b).await;
    let restore = returning(b, record, old.id).await;
    t.act(async |b: &Bench| b.store().restore(b.team, vec![restore.clone()]).await)
        .await
}

async fn retry_links<S: CrashSubject + 'static>(t: Trial<S>) -> Ended {
    let b = &t.process.bench;
    let links = vec![linked(b).await.id];
    t.act(async |b: &Bench| b.store().retry_links(b.team, &links, at(3)).await)
        .await
}

async fn try_incident<S: CrashSubject + 'static>(t: Trial<S>) -> Ended {
    let b = &t.process.bench;
    let id = incident(b).await;
    t.act(async |b: &Bench| b.store().try_incident(b.team, id, attempt(5)).await)
        .await
}

async fn skip_incident<S: CrashSubject + 'static>(t: Trial<S>) -> Ended {
    let b = &t.process.bench;
    let id = incident(b).await;
    t.act(async |b: &Bench| b.store().skip_incident(b.team, id, true, at(5)).await)
        .await
}

/// The record that is tried shows nothing, so that the next is taken up.
async fn advance_trials<S: CrashSubject + 'static>(t: Trial<S>) -> Ended {
    let b = &t.process.bench;
    let id = incident(b).await;
    let tried = b.store().try_incident(b.team, id, attempt(5)).await;
    assert!(tried.expect("try_incident"));
    b.settle_down(6).await;
    t.act(async |b: &Bench| b.store().advance_trials(b.team, at(7)).await)
        .await
}

async fn incident(b: &Bench) -> IncidentId {
    refused(b, 2).await;
    let all = b.store().incidents(b.team).await.expect("incidents");
    all[0].incident.id
}

async fn reserve_calls<S: CrashSubject + 'static>(t: Trial<S>) -> Ended {
    t.act(async |b: &Bench| b.store().reserve_calls(b.team, 5, Lane::Live, at(1)).await)
        .await
}

async fn reserve_question<S: CrashSubject + 'static>(t: Trial<S>) -> Ended {
    t.act(async |b: &Bench| b.store().reserve_question(b.team, at(1)).await)
        .await
}

async fn spend_calls<S: CrashSubject + 'static>(t: Trial<S>) -> Ended {
    let b = &t.process.bench;
    let reserved = b.store().reserve_calls(b.team, 5, Lane::Live, at(1)).await;
    let id = reserved.expect("reserve_calls").expect("reserved");
    let spent = Spent {
        calls: 2,
        ..Spent::default()
    };
    t.act(async |b: &Bench| b.store().spend_calls(b.team, id, spent, at(2)).await)
        .await
}

async fn set_pace<S: CrashSubject + 'static>(t: Trial<S>) -> Ended {
    t.act(async |b: &Bench| {
        let told = entry("slower");
        let (from, to) = (Pace::Full, Pace::Half);
        b.store().set_pace(b.team, from, to, told, at(2)).await
    })
    .await
}

async fn append_log<S: CrashSubject + 'static>(t: Trial<S>) -> Ended {
    t.act(async |b: &Bench| b.store().append_log(b.team, entry("by hand")).await)
        .await
}
