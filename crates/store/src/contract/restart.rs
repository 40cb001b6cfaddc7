//! A restart waits for nobody: the process that held the leases is gone.
//!
//! For stores that are opened by one process at a time.

use super::bench::{Bench, created, ended, finished};
use super::crash::CrashSubject;
use super::samples::{at, create, crm, fields};
use std::sync::Arc;
use tandem_core::workspace::Kind;
use tandem_core::write::IntentNext;

/// Stops in the middle of each kind of work and looks at what can be taken up at the same second.
///
/// # Panics
/// When something waits, or when what the dead process held still counts.
pub fn run<S: CrashSubject + 'static>(make: impl Fn() -> S) {
    super::block_on(async {
        a_claimed_link_can_be_claimed(&make).await;
        what_was_being_sent_is_in_doubt(&make).await;
        a_restart_ends_the_wait_of_a_doubt(&make).await;
    });
}

/// A store that can be stopped and started.
pub(super) struct Process<S> {
    pub(super) subject: Arc<S>,
    pub(super) bench: Bench,
}

impl<S: CrashSubject + 'static> Process<S> {
    pub(super) async fn start(subject: S) -> Self {
        let subject = Arc::new(subject);
        let bench = Bench::new(subject.clone()).await;
        Self { subject, bench }
    }

    pub(super) fn restart(self) -> Self {
        let Self { subject, bench } = self;
        let team = bench.team;
        drop(bench);
        let subject = Arc::into_inner(subject).expect("the bench is gone");
        let subject = Arc::new(subject.reopen());
        let bench = Bench::of(subject.clone(), team);
        Self { subject, bench }
    }

    /// A create of an account, decided.
    async fn with_create(self) -> Self {
        let patch = fields(&[("name", "Acme")]);
        let b = &self.bench;
        b.add(1, Kind::Account, Some("Account"), patch).await;
        b.decide_write(1, create(None, "Name", "Acme")).await;
        self
    }
}

async fn a_claimed_link_can_be_claimed<S: CrashSubject + 'static>(make: impl Fn() -> S) {
    let process = Process::start(make()).await;
    process.bench.pull(1, crm("Account", "001", 1, &[])).await;
    let before = process.bench.claim_one(1).await;
    assert!(process.bench.due(1).await.is_empty(), "it is leased");
    let process = process.restart();
    assert_eq!(process.bench.claim_one(1).await.link, before.link);
}

async fn what_was_being_sent_is_in_doubt<S: CrashSubject + 'static>(make: impl Fn() -> S) {
    let process = Process::start(make()).await.with_create().await;
    let sent = process.bench.send_one(2, "Account").await;
    assert!(process.bench.doubtful(2).await.is_empty(), "it is leased");
    let process = process.restart();
    let b = &process.bench;
    assert!(b.send(2, "Account").await.is_empty(), "nothing goes twice");
    let doubt = b.doubtful(2).await.remove(0);
    assert_eq!(doubt.intent.id, sent.intent.id);
    assert_eq!(doubt.intent.sent_at, Some(at(2)));
    assert_eq!(b.settle(3, finished(&sent)).await, 0, "a claim from before");
    let settled = created(&doubt, crm("Account", "001", 2, &[]));
    assert_eq!(b.settle(3, settled).await, 1);
}

async fn a_restart_ends_the_wait_of_a_doubt<S: CrashSubject + 'static>(make: impl Fn() -> S) {
    let process = Process::start(make()).await.with_create().await;
    let sent = process.bench.send_one(2, "Account").await;
    let lost = ended(sent.intent.id, sent.epoch, IntentNext::Resolve(at(9)));
    process.bench.settle(2, lost).await;
    assert!(process.bench.doubtful(8).await.is_empty(), "it waits");
    let process = process.restart();
    assert_eq!(process.bench.doubtful(3).await.len(), 1);
    let process = process.restart();
    let again = process.bench.doubtful(4).await;
    assert_eq!(again.len(), 1, "who looked into it is gone");
}
