//! A seeded world: the whole engine, the real connector and the sandbox in one process, on a virtual
//! clock, with everything going wrong that can.
//!
//! A run is a function of its seed. People edit on both sides; two workers, each with its own connector,
//! take turns at random places; any of them may crash between any two awaits; requests and answers
//! get lost, held, refused and garbled; tokens expire; rows commit late; the API allowance runs out; the
//! administrator changes what comes in. Then the faults stop, and
//! [`check`] looks whether what Tandem promises is true; where the brake holds anything, once more when all of it was
//! approved.
//!
//! With a guard taken away ([`mutants`]) the same runs must find a violation: that is the proof that the
//! guard is needed and that the checks can see.

mod admin;
pub mod campaign;
pub mod check;
mod chronicle;
mod claims;
pub mod clock;
pub mod day;
pub mod executor;
pub mod mutants;
pub mod people;
mod quarrel;
pub mod setup;
mod stage;
mod stall;
mod store;
mod storm;
mod too_much;
pub mod transport;
mod written;

pub use stage::stories;

use admin::Admin;
use check::Broken;
use chronicle::Chronicle;
use claims::{Ledger, Purse};
use clock::{Clock, Dice};
use executor::{Task, block_on, pause};
use mutants::Without;
use mutants::connector::WrongFeed;
use people::People;
use quarrel::Program;
use stall::Stall;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hasher as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use store::SimStore;
use tandem_connectors::vault::MemoryVault;
use tandem_core::connector::Connector;
use tandem_core::ids::{CrmObject, LogId, TeamId};
use tandem_core::link::Lanes;
use tandem_core::schema::ObjectSchema;
use tandem_core::settings::{ConnectionState, TeamRules};
use tandem_core::store::SyncStore as _;
use tandem_core::sync_log::LogDraft;
use tandem_core::watch::FEED_EVERY_SECONDS;
use tandem_engine::{Engine, Tick, Turn};
use tandem_sandbox::Sandbox;
use tandem_store::memory::MemoryStore;
use transport::{FaultMix, Watched, Wire};

/// Workers of a run, as if in as many processes.
const WORKERS: usize = 2;
/// Rounds that everything gets to come to rest.
const CALM_ROUNDS: usize = 240;
/// Time between two rounds while something happens: more than that between two polls.
const BUSY_ROUND_MS: i64 = 61_000;
/// Time between two rounds while nothing does: less than the overlap of a poll.
const QUIET_ROUND_MS: i64 = 3 * BUSY_ROUND_MS;
/// Quiet time that counts as rest: longer than the overlap of a poll, any late row and any held request.
const QUIET_MS: i64 = 25 * BUSY_ROUND_MS;
/// Quiet time that counts as rest once no request and no row is late any more.
const CALM_MS: i64 = 120_000;
/// Times that all plans of the brake are approved: each lets a few records pass.
const PLANS_MAX: usize = 30;
/// How wrong our clock goes in a run: one of these, in seconds.
const CLOCK_STEPS_SECONDS: [i64; 5] = [-90, -7, 0, 30, 90];
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
pub fn run(seed: u64, without: impl Into<Without>) -> Result<Report, Violation> {
    Run::new(seed, without.into(), None).whole()
}

/// Runs one seed and tells what happens, line by line: what people typed, every log entry, crashes.
///
/// # Errors
/// The first broken invariant.
pub fn run_told(
    seed: u64,
    without: impl Into<Without>,
    tell: &mut dyn FnMut(String),
) -> Result<Report, Violation> {
    Run::new(seed, without.into(), Some(tell)).whole()
}

struct Run<'t> {
    seed: u64,
    /// Who listens, if anybody: nothing is put in words for nobody.
    tell: Option<&'t mut dyn FnMut(String)>,
    dice: Dice,
    clock: Clock,
    without: Without,
    /// Largest batch of updates that goes on condition; a larger one can lose an unseen edit together with the answer
    /// that would have shown it.
    conditional_most: usize,
    /// How wrong our clock goes where somebody sets it, in seconds.
    clock_step: i64,
    schemas: &'static [ObjectSchema],
    sandbox: Arc<Sandbox>,
    wire: Wire,
    vault: Arc<MemoryVault>,
    store: Arc<MemoryStore>,
    team: TeamId,
    rules: TeamRules,
    admin: Admin,
    people: People,
    program: Option<Program>,
    workers: Vec<Worker>,
    ledger: Ledger,
    chronicle: Chronicle,
    seen: BTreeMap<(CrmObject, u32), i64>,
    stall: Stall,
    displaced: check::Displaced,
    judged: usize,
    report: Report,
}

struct Worker {
    task: Task<()>,
    idle_turns: Arc<AtomicU64>,
}

impl<'t> Run<'t> {
    fn new(seed: u64, without: Without, tell: Option<&'t mut dyn FnMut(String)>) -> Self {
        let dice = Dice::new(seed);
        let clock = Clock::new(setup::START);
        let external_ids = dice.percent(50);
        let schemas = setup::schemas(external_ids);
        let sandbox = setup::sandbox(seed, external_ids, &dice);
        let chronicle = Chronicle::new(tell.is_some());
        let wire = Wire::new(sandbox.clone(), dice.clone()).told_in(chronicle.clone());
        let vault = setup::vault(&sandbox);
        let conditional_most = if dice.percent(70) {
            usize::MAX
        } else {
            dice.below(3)
        };
        let clock_step = CLOCK_STEPS_SECONDS[dice.below(CLOCK_STEPS_SECONDS.len())];
        let rules = setup::rules(schemas, &dice);
        let store = Arc::new(MemoryStore::new(without.guards));
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
        let program = Program::start(seed, &sandbox, &store, team, &clock);
        let mut run = Self {
            seed,
            tell,
            dice,
            clock,
            without,
            conditional_most,
            clock_step,
            schemas,
            sandbox,
            wire,
            vault,
            admin,
            store,
            team,
            rules,
            people,
            program,
            workers: Vec::new(),
            ledger: Ledger::default(),
            chronicle,
            seen: BTreeMap::new(),
            stall: Stall::default(),
            displaced: check::Displaced::new(),
            judged: 0,
            report: Report::default(),
        };
        run.workers = (0..WORKERS).map(|n| run.start_worker(n)).collect();
        run
    }

    /// A process that starts: its own connector, its own view of the store.
    fn start_worker(&self, number: usize) -> Worker {
        let store = SimStore {
            inner: self.store.clone(),
            dice: self.dice.clone(),
            ledger: self.ledger.clone(),
            purse: Purse::default(),
            without: self.without,
        };
        let engine = Engine {
            connector: self.connector(&store),
            store: Arc::new(store),
            team: self.team,
            clock: {
                let clock = self.clock.clone();
                Arc::new(move || clock.now())
            },
            lanes: Lanes::All,
            worker: format!("worker {number}"),
            guards: self.without.guards,
            run: None,
        };
        let (clock, dice) = (self.clock.clone(), self.dice.clone());
        let idle_turns = Arc::new(AtomicU64::new(0));
        let idle = idle_turns.clone();
        let chronicle = self.chronicle.clone();
        let task = Task::new(async move {
            loop {
                let tick = Tick {
                    now: clock.now(),
                    jitter: dice.unit(),
                };
                let turn = engine.turn(tick, &[]).await;
                chronicle.note(|| format!("worker {number}: {turn:?}"));
                match turn {
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

    /// The connector of a worker with that store.
    fn connector(&self, store: &SimStore) -> Arc<dyn Connector> {
        let wire = self.wire.of(Watched {
            store: self.store.clone(),
            team: self.team,
            purse: store.purse.clone(),
        });
        let (sandbox, vault, most) = (&self.sandbox, &self.vault, self.conditional_most);
        let inner = setup::connector(sandbox, &wire, vault, most, self.schemas);
        let mapped = self.rules.pairs.iter();
        Arc::new(mutants::connector::Mutant {
            inner,
            without: self.without,
            mapped: mapped
                .map(|pair| (pair.object.clone(), pair.crm_fields()))
                .collect(),
            named: Default::default(),
            wrong_feed: (self.seed % 16 == 9).then(|| WrongFeed::new(self.wire.clone())),
        })
    }

    fn whole(mut self) -> Result<Report, Violation> {
        let seed = self.seed;
        self.play().map_err(|what| Violation { seed, what })
    }

    fn play(&mut self) -> Result<Report, Broken> {
        self.settle_down(BUSY_ROUND_MS)?;
        self.storm()?;
        self.calm()?;
        self.judge()?;
        if self.let_everything_pass()? {
            self.judge()?;
        }
        self.finish()
    }

    fn told(&mut self, line: impl FnOnce() -> String) {
        let now = self.clock.now();
        if let Some(tell) = &mut self.tell {
            tell(format!("{now} {}", line()));
        }
    }

    /// The faults stop; held requests still arrive, holds are decided, time passes.
    fn calm(&mut self) -> Result<(), Broken> {
        self.wire.set_mix(FaultMix::default());
        self.stall.end();
        while self.wire.release_one() {}
        self.clock.set_wrong(0);
        self.admin.restore(self.clock.now());
        self.people.retry_unseen();
        self.settle_down(QUIET_MS)?;
        // What is gone for good is found when it is looked for next.
        self.clock.advance_ms(FEED_EVERY_SECONDS * 1_000);
        setup::tell_time(&self.sandbox, &self.clock);
        self.settle_down(CALM_MS)
    }

    /// A person approves what the brake holds, plan after plan: what it had stopped must come out right, too. Returns
    /// whether there was any.
    fn let_everything_pass(&mut self) -> Result<bool, Broken> {
        for number in 0..PLANS_MAX {
            if !self.admin.approve_all(self.clock.now()) {
                return Ok(number > 0);
            }
            self.settle_down(CALM_MS)?;
        }
        Err("the brake holds something again and again".to_owned())
    }

    /// Lets minutes pass until nothing has been going on for so long.
    fn settle_down(&mut self, quiet_ms: i64) -> Result<(), Broken> {
        let mut quiet_for = 0;
        let mut last = None;
        for _ in 0..CALM_ROUNDS {
            self.program_acts();
            self.round()?;
            let decided = quiet_ms > BUSY_ROUND_MS && self.people.resolve_one_hold();
            let entries = self.store.inspect(self.team, |view| {
                let waiting = view.intents().count() + check::restless(view).count();
                (view.log().len(), waiting)
            });
            let state = entries.map_err(|error| error.to_string())?;
            let same = last == Some(state) && state.1 == 0 && !decided;
            let step = if same { QUIET_ROUND_MS } else { BUSY_ROUND_MS };
            quiet_for = if same { quiet_for + step } else { 0 };
            if quiet_for >= quiet_ms {
                return Ok(());
            }
            last = Some(state);
            self.clock.advance_ms(step);
            setup::tell_time(&self.sandbox, &self.clock);
        }
        let due = self.store.inspect(self.team, |view| {
            let due = check::restless(view).next().map(|link| format!("{link:?}"));
            let intent = || view.intents().next().map(|intent| format!("{intent:?}"));
            due.or_else(intent)
        });
        Err(format!("it never comes to rest: {last:?}, {due:?}"))
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
                    self.tell_chronicle();
                    return Err(format!("worker {number} is never idle"));
                }
            }
            self.check_step()?;
        }
        Ok(())
    }

    fn tell_chronicle(&mut self) {
        // Without the time: a look at the clock moves it, and a run that is told is the same as one that is not.
        if let Some(tell) = &mut self.tell {
            self.chronicle.take().into_iter().for_each(tell);
        }
    }

    fn check_step(&mut self) -> Result<(), Broken> {
        self.tell_chronicle();
        let seen = self.wire.violation().or_else(|| self.ledger.violation());
        if let Some(broken) = seen {
            return Err(broken);
        }
        let (store, team, judged) = (self.store.clone(), self.team, self.judged);
        let checked = store.inspect(team, |view| {
            check::watermarks(&mut self.seen, view.progress())?;
            let fresh = &view.log()[judged..];
            self.judged += fresh.len();
            for (_, entry) in fresh {
                self.told(|| describe(entry));
            }
            let fresh = || fresh.iter().map(|(_, entry)| entry);
            check::no_blank_erases(&self.rules, fresh())?;
            check::no_echo_wins(&mut self.displaced, &self.people, fresh())
        });
        checked.unwrap_or_else(|error| Err(error.to_string()))
    }

    fn judge(&self) -> Result<(), Broken> {
        let org = check::org(&self.sandbox, &self.rules);
        check::at_rest(
            &self.store,
            self.team,
            &self.rules,
            &org,
            &self.people,
            self.conditional_most == usize::MAX,
        )
    }

    fn finish(&mut self) -> Result<Report, Broken> {
        let (requests, lost) = self.wire.counts();
        self.report.requests = requests;
        self.report.lost = lost;
        let log = self.store.inspect(self.team, |view| {
            (view.log().len() as u64, fingerprint(view.log()))
        });
        let (entries, fingerprint) = log.map_err(|error| error.to_string())?;
        self.report.entries = entries;
        self.report.fingerprint = fingerprint;
        Ok(self.report)
    }
}

/// Hash of everything that the log says.
fn fingerprint(log: &[(LogId, LogDraft)]) -> u64 {
    struct Hashed(DefaultHasher);
    impl std::fmt::Write for Hashed {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            self.0.write(text.as_bytes());
            Ok(())
        }
    }
    let mut hashed = Hashed(DefaultHasher::new());
    for entry in log {
        let _infallible = write!(hashed, "{entry:?}");
    }
    hashed.0.finish()
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
