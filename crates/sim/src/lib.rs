//! A seeded world: the whole engine, the real connector and the sandbox in one process, on a virtual
//! clock, with everything going wrong that can.
//!
//! A run is a function of its seed. People edit on both sides; two workers, each with its own connector,
//! take turns at random places; any of them may crash between any two awaits; requests and answers
//! get lost, held, refused and garbled; tokens expire; rows commit late; the API allowance runs out; the
//! administrator changes what comes in. Then the faults stop, and
//! [`check`] looks whether what Tandem promises is true.
//!
//! With a guard turned off ([`Guards`]) the same runs must find a violation: that is the proof that the
//! guard is needed and that the checks can see.

mod admin;
pub mod check;
pub mod clock;
pub mod executor;
pub mod people;
pub mod setup;
pub mod store;
pub mod transport;

use admin::Admin;
use check::Broken;
use clock::{Clock, Dice};
use executor::{Task, block_on, pause};
use people::People;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tandem_connectors::vault::MemoryVault;
use tandem_core::ids::{CrmObject, TeamId};
use tandem_core::link::Lanes;
use tandem_core::settings::{ConnectionState, Guards, TeamRules};
use tandem_core::store::SyncStore as _;
use tandem_core::sync_log::LogDraft;
use tandem_engine::{Engine, Tick, Turn};
use tandem_sandbox::Sandbox;
use tandem_sandbox::faults::FaultAction;
use tandem_store::memory::MemoryStore;
use transport::{FaultMix, Wire};

/// Workers of a run, as if in as many processes.
const WORKERS: usize = 2;
/// Steps of the scheduler while things go wrong.
const STORMY_STEPS: usize = 1_500;
/// Rounds of an idle minute that everything gets to come to rest.
const CALM_ROUNDS: usize = 240;
/// Quiet rounds in a row that count as rest: longer than the overlap of a poll and any held request.
const QUIET_ROUNDS: usize = 25;
/// Longest time that a request is held, in seconds: the platform gives up after ten minutes.
const HELD_SECONDS_MAX: i64 = 560;
/// Steps of one worker within one round before it counts as never idle.
const STEPS_PER_ROUND: usize = 20_000;

/// How a run went.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// Things people did.
    pub acts: u64,
    /// Workers that crashed.
    pub crashes: u64,
    /// Requests sent.
    pub requests: u64,
    /// Answers or requests lost.
    pub lost: u64,
    /// Entries in the log at the end.
    pub entries: u64,
    /// Hash of the log: equal for equal runs.
    pub fingerprint: u64,
}

/// A broken invariant and the seed that shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// The seed.
    pub seed: u64,
    /// What is broken.
    pub what: String,
}

/// Runs one seed.
///
/// # Errors
/// The first broken invariant.
pub fn run(seed: u64, guards: Guards) -> Result<Report, Violation> {
    run_told(seed, guards, &mut |_| {})
}

/// Runs one seed and tells what happens, line by line: what people typed, every log entry, crashes.
///
/// # Errors
/// The first broken invariant.
pub fn run_told(
    seed: u64,
    guards: Guards,
    tell: &mut dyn FnMut(String),
) -> Result<Report, Violation> {
    let mut run = Run::new(seed, guards, tell);
    run.play().map_err(|what| Violation { seed, what })
}

struct Run<'t> {
    tell: &'t mut dyn FnMut(String),
    dice: Dice,
    clock: Clock,
    guards: Guards,
    /// Small updates go on condition; otherwise like large ones, which can lose an unseen edit together
    /// with the answer that would have shown it.
    conditional: bool,
    sandbox: Arc<Sandbox>,
    wire: Wire,
    vault: Arc<MemoryVault>,
    store: Arc<MemoryStore>,
    team: TeamId,
    rules: TeamRules,
    admin: Admin,
    people: People,
    workers: Vec<Worker>,
    seen: BTreeMap<CrmObject, i64>,
    displaced: check::Displaced,
    judged: usize,
    report: Report,
}

struct Worker {
    task: Task<()>,
    idle_turns: Arc<AtomicU64>,
}

impl<'t> Run<'t> {
    fn new(seed: u64, guards: Guards, tell: &'t mut dyn FnMut(String)) -> Self {
        let dice = Dice::new(seed);
        let clock = Clock::new(setup::START);
        let sandbox = setup::sandbox(seed, &dice);
        let wire = Wire::new(sandbox.clone(), dice.clone());
        let vault = setup::vault(&sandbox);
        let conditional = dice.percent(70);
        let connector = setup::connector(&sandbox, &wire, &vault, conditional);
        let rules = setup::rules(connector.as_ref(), &dice);
        let store = Arc::new(MemoryStore::new(guards));
        let team = store.add_team(rules.clone());
        let connected = store.set_connection_state(team, ConnectionState::Connected, None);
        block_on(connected).expect("the team exists");
        let people = People::new(
            dice.clone(),
            clock.clone(),
            store.clone(),
            sandbox.clone(),
            team,
            rules.pairs.clone(),
        );
        let admin = Admin::new(
            dice.clone(),
            store.clone(),
            sandbox.clone(),
            team,
            rules.clone(),
        );
        let mut run = Self {
            tell,
            dice,
            clock,
            guards,
            conditional,
            sandbox,
            wire,
            vault,
            admin,
            store,
            team,
            rules,
            people,
            workers: Vec::new(),
            seen: BTreeMap::new(),
            displaced: check::Displaced::new(),
            judged: 0,
            report: Report::default(),
        };
        run.workers = (0..WORKERS).map(|n| run.start_worker(n)).collect();
        run
    }

    /// A process that starts: its own connector, its own view of the store.
    fn start_worker(&self, number: usize) -> Worker {
        let engine = Engine {
            store: Arc::new(store::SimStore::new(self.store.clone(), self.dice.clone())),
            connector: setup::connector(&self.sandbox, &self.wire, &self.vault, self.conditional),
            team: self.team,
            clock: {
                let clock = self.clock.clone();
                Arc::new(move || clock.now())
            },
            lanes: Lanes::All,
            worker: format!("worker {number}"),
            guards: self.guards,
        };
        let objects: Vec<CrmObject> = self
            .rules
            .pairs
            .iter()
            .map(|pair| pair.object.clone())
            .collect();
        let (clock, dice) = (self.clock.clone(), self.dice.clone());
        let idle_turns = Arc::new(AtomicU64::new(0));
        let idle = idle_turns.clone();
        let task = Task::new(async move {
            while engine.connector.describe(&objects).await.is_err() {
                pause().await;
            }
            loop {
                let tick = Tick {
                    now: clock.now(),
                    jitter: dice.unit(),
                };
                match engine.turn(tick, &[]).await {
                    Ok(Turn::Idle { .. }) => {
                        idle.fetch_add(1, Ordering::Relaxed);
                        pause().await;
                    }
                    Ok(_) => idle.store(0, Ordering::Relaxed),
                    Err(_) => pause().await,
                }
            }
        });
        Worker { task, idle_turns }
    }

    fn play(&mut self) -> Result<Report, Broken> {
        self.settle_down(1)?;
        self.storm()?;
        self.calm()?;
        self.finish()
    }

    /// Everything goes wrong.
    fn storm(&mut self) -> Result<(), Broken> {
        let upto = |most| self.dice.below(most);
        self.wire.set_mix(FaultMix {
            lost_before: upto(6),
            lost_after: upto(10),
            unavailable: upto(4),
            garbage: upto(3),
            held: upto(12),
            throttled: upto(3),
        });
        for _ in 0..STORMY_STEPS {
            self.something_happens();
            self.check_step()?;
        }
        Ok(())
    }

    fn something_happens(&mut self) {
        match self.dice.below(1_000) {
            0..60 => {
                let act = self.people.act();
                self.told(|| act);
                self.report.acts += 1;
            }
            60..66 => self.crash_one(),
            66..70 => self.strike(&FaultAction::ExpireAccessTokens),
            70..76 => self.strike(&FaultAction::LockRows {
                record_id: None,
                times: 1 + u32::try_from(self.dice.below(3)).unwrap_or(0),
            }),
            76..84 => {
                self.wire.release_one();
            }
            84..150 => self.pass_time(),
            150..153 => {
                let act = self.admin.act(self.clock.now());
                self.told(|| act);
            }
            _ => {
                let worker = self.dice.below(WORKERS);
                let _ = self.workers[worker].task.step();
            }
        }
    }

    fn told(&mut self, line: impl FnOnce() -> String) {
        let now = self.clock.now();
        (self.tell)(format!("{now} {}", line()));
    }

    fn strike(&self, action: &FaultAction) {
        self.sandbox
            .strike(action)
            .expect("the fault is well formed");
    }

    fn pass_time(&self) {
        let seconds = match self.dice.below(20) {
            0 => self.dice.below(240),
            1..5 => self.dice.below(40),
            _ => self.dice.below(4),
        };
        let milliseconds = seconds * 1_000 + self.dice.below(1_000);
        self.clock
            .advance_ms(i64::try_from(milliseconds).unwrap_or(0));
        let longest = jiff::SignedDuration::from_secs(HELD_SECONDS_MAX);
        self.wire.release_before(self.clock.now() - longest);
        setup::tell_time(&self.sandbox, &self.clock);
    }

    fn crash_one(&mut self) {
        let number = self.dice.below(WORKERS);
        self.workers[number] = self.start_worker(number);
        self.told(|| format!("worker {number} crashes"));
        self.report.crashes += 1;
    }

    /// The faults stop; held requests still arrive, holds are decided, time passes.
    fn calm(&mut self) -> Result<(), Broken> {
        self.wire.set_mix(FaultMix::default());
        while self.wire.release_one() {}
        self.admin.restore(self.clock.now());
        self.settle_down(QUIET_ROUNDS)
    }

    /// Lets minutes pass until nothing has been going on for `quiet` of them.
    fn settle_down(&mut self, quiet: usize) -> Result<(), Broken> {
        let mut quiet_rounds = 0;
        let mut last = None;
        for _ in 0..CALM_ROUNDS {
            self.round()?;
            let decided = quiet > 1 && self.people.resolve_one_hold();
            let entries = self.store.inspect(self.team, |view| {
                let waiting =
                    view.intents().count() + view.links().filter(|d| d.due_at.is_some()).count();
                (view.log().len(), waiting)
            });
            let state = entries.map_err(|error| error.to_string())?;
            let same = last == Some(state) && state.1 == 0 && !decided;
            quiet_rounds = if same { quiet_rounds + 1 } else { 0 };
            if quiet_rounds >= quiet {
                return Ok(());
            }
            last = Some(state);
            self.clock.advance_ms(61_000);
            setup::tell_time(&self.sandbox, &self.clock);
        }
        Err(format!("it never comes to rest: {last:?}"))
    }

    /// Each worker works until it finds nothing to do.
    fn round(&mut self) -> Result<(), Broken> {
        for number in 0..WORKERS {
            self.workers[number].idle_turns.store(0, Ordering::Relaxed);
            let mut steps = 0;
            while self.workers[number].idle_turns.load(Ordering::Relaxed) < 2 {
                let _ = self.workers[number].task.step();
                steps += 1;
                if steps > STEPS_PER_ROUND {
                    return Err(format!("worker {number} is never idle"));
                }
            }
            self.check_step()?;
        }
        Ok(())
    }

    fn check_step(&mut self) -> Result<(), Broken> {
        if let Some(broken) = self.wire.violations().into_iter().next() {
            return Err(broken);
        }
        let progress =
            block_on(self.store.progress(self.team)).map_err(|error| error.to_string())?;
        check::watermarks(&mut self.seen, &progress)?;
        let judged = self.judged;
        let fresh: Vec<LogDraft> = self
            .store
            .inspect(self.team, |view| {
                view.log()[judged..]
                    .iter()
                    .map(|(_, entry)| entry.clone())
                    .collect()
            })
            .map_err(|error| error.to_string())?;
        self.judged += fresh.len();
        for entry in &fresh {
            self.told(|| describe(entry));
        }
        check::no_echo_wins(&mut self.displaced, &fresh)
    }

    fn finish(&mut self) -> Result<Report, Broken> {
        let org = check::org(&self.sandbox, &self.rules);
        check::at_rest(
            &self.store,
            self.team,
            &self.rules,
            &org,
            &self.people,
            self.conditional,
        )?;
        let (requests, lost) = self.wire.counts();
        self.report.requests = requests;
        self.report.lost = lost;
        let log = self.store.inspect(self.team, |view| {
            let mut hasher = DefaultHasher::new();
            for (id, entry) in view.log() {
                (id.0, format!("{entry:?}")).hash(&mut hasher);
            }
            (view.log().len() as u64, hasher.finish())
        });
        let (entries, fingerprint) = log.map_err(|error| error.to_string())?;
        self.report.entries = entries;
        self.report.fingerprint = fingerprint;
        Ok(self.report)
    }
}

fn describe(entry: &LogDraft) -> String {
    let changes: Vec<String> = entry
        .changes
        .iter()
        .map(|c| {
            format!(
                "{}: “{}” → “{}” ({:?}, lost “{}”)",
                c.workspace, c.before, c.after, c.rule, c.rejected
            )
        })
        .collect();
    format!(
        "  log {:?} {:?} {:?} link {:?} {:?}: {} [{}]",
        entry.source,
        entry.kind,
        entry.status,
        entry.link.map(|link| link.0),
        entry
            .crm
            .as_ref()
            .and_then(|(_, id)| id.as_ref().map(|id| id.0.clone())),
        entry.summary,
        changes.join("; ")
    )
}
