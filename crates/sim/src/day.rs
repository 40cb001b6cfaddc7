//! A virtual day of the API budget: two processes on one store, crashes and lost answers, and far more to
//! do than the threshold allows, while people edit at a steady rate.
//!
//! Time is what requests take: every one takes longer the larger it is, and a process does nothing else
//! meanwhile. So whether a person's edit waits behind mass work shows in how long it takes from the edit
//! to the settled write. The sandbox's own meter says how many calls were made.

use crate::clock::{Clock, Dice};
use crate::executor::{Task, block_on};
use crate::setup;
use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use jiff::SignedDuration;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::task::Poll;
use tandem_connectors::http::{Transport, TransportError};
use tandem_connectors::oauth::OAuthApp;
use tandem_connectors::salesforce::{Salesforce, SalesforceConfig};
use tandem_connectors::vault::MemoryVault;
use tandem_core::Timestamp;
use tandem_core::ids::{CrmId, RecordId, TeamId, UserId};
use tandem_core::link::Lanes;
use tandem_core::mapping::{Direction, Winner};
use tandem_core::record::Origin;
use tandem_core::schema::ObjectSchema;
use tandem_core::settings::{ConnectionState, Guards};
use tandem_core::store::{SyncStore as _, WorkspaceEdit};
use tandem_core::value::{Fields, Value};
use tandem_core::workspace::Kind;
use tandem_engine::{Engine, Tick, Turn};
use tandem_sandbox::seed::SeedSize;
use tandem_sandbox::world::{Actor, DmlOptions};
use tandem_sandbox::{ClockMode, Options, Sandbox};
use tandem_store::memory::MemoryStore;

const SECOND_US: i64 = 1_000_000;
/// Longest sleep of a process that nobody wakes, as in the server.
const SLEEP_MAX_US: i64 = 30 * SECOND_US;
/// What a turn takes beside its requests.
const TURN_US: i64 = 3_000;
/// What any request takes, and what each byte of it adds.
const REQUEST_US: i64 = 120_000;
const BYTE_US: i64 = 20;
/// Percent of the answers to the processes' mass work that get lost.
const LOST_PERCENT: usize = 2;
/// A process dies so often, on average.
const CRASH_EVERY_US: i64 = 1_800 * SECOND_US;
/// Leads that only people edit; the others are flooded.
const PEOPLES_LEADS: usize = 40;
const LEADS: usize = 160;

/// What a day is like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DayPlan {
    /// Chooses who edits what, and what goes wrong.
    pub seed: u64,
    /// Calls that the org allows in 24 hours.
    pub allowance: u64,
    /// Edits of people, evenly over the day.
    pub edits: u32,
    /// Mass changes over the day, half of them on each side; each would be a call by itself.
    pub flood: u32,
}

/// How a day went.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DayReport {
    /// Calls at the threshold: no call may be beyond.
    pub threshold: u64,
    /// The most that the org's meter ever showed.
    pub most: u64,
    /// Calls of the workers for people's edits, and of the others.
    pub calls: [u64; 2],
    /// Processes that died.
    pub crashes: u32,
    /// Answers lost.
    pub lost: u64,
    /// From each settled edit of a person to its settled write, in milliseconds, in order.
    pub latencies_ms: Vec<i64>,
    /// Edits of people that were not settled at the end.
    pub unsettled: usize,
}

impl DayReport {
    /// So many percent of the settled edits took at most this long, in milliseconds.
    pub fn percentile_ms(&self, percent: usize) -> i64 {
        let rank = (self.latencies_ms.len() * percent).div_ceil(100);
        let at = rank.saturating_sub(1);
        self.latencies_ms.get(at).copied().unwrap_or_default()
    }
}

/// The row of a table: threshold, most, over, calls, crashes, lost, edits, p50, p95.
impl fmt::Display for DayReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} | {} | {} | {} | {} | {} | {} | {} | {} | {}",
            self.threshold,
            self.most,
            self.most.saturating_sub(self.threshold),
            self.calls[0],
            self.calls[1],
            self.crashes,
            self.lost,
            self.latencies_ms.len(),
            self.percentile_ms(50),
            self.percentile_ms(95)
        )
    }
}

/// Lives through a day.
///
/// # Panics
/// If the org or the store can't be set up.
pub fn live(plan: DayPlan) -> DayReport {
    let mut day = Day::new(plan);
    day.pass();
    day.report()
}

/// When a process goes on, and whether it merely rests.
#[derive(Default)]
struct Sleep {
    until_us: AtomicI64,
    resting: AtomicBool,
}

impl Sleep {
    async fn until(&self, clock: &Clock, until_us: i64, resting: bool) {
        self.until_us.store(until_us, Ordering::Relaxed);
        self.resting.store(resting, Ordering::Relaxed);
        std::future::poll_fn(|_| {
            let due = self.until_us.load(Ordering::Relaxed);
            if clock.now().as_microsecond() < due {
                return Poll::Pending;
            }
            Poll::Ready(())
        })
        .await;
        self.resting.store(false, Ordering::Relaxed);
    }

    fn wake(&self) {
        if self.resting.load(Ordering::Relaxed) {
            self.until_us.store(0, Ordering::Relaxed);
        }
    }
}

/// What all ways to the org share.
struct Line {
    sandbox: Arc<Sandbox>,
    clock: Clock,
    dice: Dice,
    most: AtomicU64,
    lost: AtomicU64,
}

/// One process's way to the org: a request takes its time there and back.
struct Way {
    line: Arc<Line>,
    sleep: Arc<Sleep>,
    lanes: Lanes,
    calls: Arc<AtomicU64>,
}

#[async_trait]
impl Transport for Way {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let line = &self.line;
        let bytes = i64::try_from(request.body().len()).unwrap_or(i64::MAX);
        let half = (REQUEST_US + bytes.saturating_mul(BYTE_US)) / 2;
        let later = || line.clock.now().as_microsecond() + half;
        self.sleep.until(&line.clock, later(), false).await;
        line.sandbox.set_now(line.clock.now());
        let before = line.sandbox.meter().total_calls;
        let reply = line.sandbox.handle(request);
        let meter = line.sandbox.meter();
        self.calls
            .fetch_add(meter.total_calls - before, Ordering::Relaxed);
        line.most.fetch_max(meter.used_calls_24h, Ordering::Relaxed);
        self.sleep.until(&line.clock, later(), false).await;
        if self.lanes != Lanes::Live && line.dice.percent(LOST_PERCENT) {
            line.lost.fetch_add(1, Ordering::Relaxed);
            return Err(TransportError::Lost("the connection broke".into()));
        }
        Ok(reply.response)
    }
}

struct Process {
    task: Task<()>,
    sleep: Arc<Sleep>,
    lanes: Lanes,
}

struct Edit {
    record: RecordId,
    text: String,
    at_us: i64,
}

struct Day {
    plan: DayPlan,
    dice: Dice,
    clock: Clock,
    line: Arc<Line>,
    vault: Arc<MemoryVault>,
    store: Arc<MemoryStore>,
    team: TeamId,
    schemas: &'static [ObjectSchema],
    calls: [Arc<AtomicU64>; 2],
    processes: Vec<Process>,
    leads: Vec<(RecordId, CrmId)>,
    open: Vec<Edit>,
    latencies_ms: Vec<i64>,
    crashes: u32,
    number: u64,
}

impl Day {
    fn new(plan: DayPlan) -> Self {
        let dice = Dice::new(plan.seed);
        let clock = Clock::new(setup::START);
        let sandbox = org(plan);
        let vault = setup::vault(&sandbox);
        let line = Arc::new(Line {
            sandbox: sandbox.clone(),
            clock: clock.clone(),
            dice: dice.clone(),
            most: AtomicU64::new(0),
            lost: AtomicU64::new(0),
        });
        let schemas = setup::schemas(true);
        let (store, team) = team(schemas, &dice);
        let mut day = Self {
            plan,
            dice,
            clock,
            line,
            vault,
            store,
            team,
            schemas,
            calls: Default::default(),
            processes: Vec::new(),
            leads: Vec::new(),
            open: Vec::new(),
            latencies_ms: Vec::new(),
            crashes: 0,
            number: 0,
        };
        for lanes in [Lanes::All, Lanes::Live, Lanes::All, Lanes::Live] {
            day.processes.push(day.start(lanes));
        }
        day
    }

    /// A process that starts.
    fn start(&self, lanes: Lanes) -> Process {
        let sleep = Arc::new(Sleep::default());
        let calls = &self.calls[usize::from(lanes != Lanes::Live)];
        let way = Way {
            line: self.line.clone(),
            sleep: sleep.clone(),
            lanes,
            calls: calls.clone(),
        };
        let connector = connector(&self.line.sandbox, Arc::new(way), &self.vault);
        let clock = self.clock.clone();
        let mut engine = Engine::new(
            self.store.clone(),
            Arc::new(connector.with_schemas(self.schemas)),
            self.team,
            "process",
            Arc::new(move || clock.now()),
        );
        engine.lanes = lanes;
        let (clock, dice, rests) = (self.clock.clone(), self.dice.clone(), sleep.clone());
        let task = Task::new(work(engine, clock, dice, rests));
        Process { task, sleep, lanes }
    }

    /// Everything that happens, in the order of time.
    fn pass(&mut self) {
        let begins = setup::START.as_microsecond() + 3_600 * SECOND_US;
        self.run_until(begins);
        self.leads = self.linked();
        let ends = begins + 86_400 * SECOND_US;
        let every = |times: u32| 86_400 * SECOND_US / i64::from(times.max(1));
        let (edits, floods) = (every(self.plan.edits), every(self.plan.flood));
        let mut next_edit = begins + edits / 2;
        let mut next_flood = if self.plan.flood == 0 { ends } else { begins };
        let mut next_crash = begins + CRASH_EVERY_US;
        while next_edit.min(next_flood).min(next_crash) < ends {
            let next = next_edit.min(next_flood).min(next_crash);
            self.run_until(next);
            if next == next_edit {
                self.edit();
                next_edit += edits;
            } else if next == next_flood {
                self.flood();
                next_flood += floods;
            } else {
                self.crash();
                next_crash += CRASH_EVERY_US / 2 + self.up_to(CRASH_EVERY_US);
            }
        }
        self.run_until(ends);
    }

    fn up_to(&self, most: i64) -> i64 {
        let seconds = usize::try_from(most / SECOND_US).unwrap_or(1);
        i64::try_from(self.dice.below(seconds)).unwrap_or(0) * SECOND_US
    }

    /// Lets the processes work until then.
    fn run_until(&mut self, until_us: i64) {
        loop {
            let due = |process: &Process| process.sleep.until_us.load(Ordering::Relaxed);
            let next = self.processes.iter().enumerate();
            let Some((index, at)) = next
                .map(|(index, process)| (index, due(process)))
                .min_by_key(|(_, at)| *at)
                .filter(|(_, at)| *at < until_us)
            else {
                break;
            };
            self.advance_to(at);
            let _ = self.processes[index].task.step();
            self.note_settled();
        }
        self.advance_to(until_us);
    }

    fn advance_to(&self, at_us: i64) {
        let ahead = at_us - self.clock.now().as_microsecond();
        self.clock.advance_ms((ahead.max(0) + 999) / 1_000);
    }

    fn crash(&mut self) {
        let index = self.dice.below(self.processes.len());
        self.processes[index] = self.start(self.processes[index].lanes);
        self.crashes += 1;
    }

    fn linked(&self) -> Vec<(RecordId, CrmId)> {
        let links = self.store.inspect(self.team, |view| {
            let leads = view
                .links()
                .filter(|due| due.link.object.as_str() == "Lead");
            let ids = leads.filter_map(|due| Some((due.link.record?, due.link.crm.clone()?)));
            ids.collect()
        });
        links.expect("the team exists")
    }

    /// A person changes a title.
    fn edit(&mut self) {
        let people = &self.leads[..PEOPLES_LEADS.min(self.leads.len())];
        let Some((record, _)) = self.dice.pick(people).cloned() else {
            return;
        };
        let text = self.change(record, Origin::User(UserId(1)));
        self.open.retain(|edit| edit.record != record);
        self.open.push(Edit {
            record,
            text,
            at_us: self.clock.now().as_microsecond(),
        });
        // The pages of the first process took it.
        for process in &self.processes[..2] {
            process.sleep.wake();
        }
    }

    fn change(&mut self, record: RecordId, origin: Origin) -> String {
        self.number += 1;
        let text = format!("w{}", self.number);
        let edit = WorkspaceEdit {
            record: Some(record),
            kind: Kind::Person,
            patch: Fields::from([("title".to_owned(), Value::text(&text))]),
            origin,
            now: self.clock.now(),
            create_as: None,
        };
        block_on(self.store.edit_record(self.team, edit)).expect("the record exists");
        text
    }

    /// A mass change arrives, here or there.
    fn flood(&mut self) {
        let others = &self.leads[PEOPLES_LEADS.min(self.leads.len())..];
        let Some((record, crm)) = self.dice.pick(others).cloned() else {
            return;
        };
        if self.dice.percent(50) {
            self.change(record, Origin::Api("import".into()));
            self.processes[0].sleep.wake();
            return;
        }
        self.number += 1;
        let title = serde_json::json!(format!("c{}", self.number));
        let fields = serde_json::Map::from_iter([("Title".to_owned(), title)]);
        self.line.sandbox.set_now(self.clock.now());
        self.line.sandbox.world(|world| {
            let actor = Actor::user(world.admin_id());
            let options = DmlOptions::default();
            world
                .update(&actor, "Lead", crm.as_str(), &fields, &options)
                .expect("the lead exists");
        });
    }

    fn note_settled(&mut self) {
        let now_us = self.clock.now().as_microsecond();
        let (store, team) = (&self.store, self.team);
        let latencies_ms = &mut self.latencies_ms;
        self.open.retain(|edit| {
            let link = block_on(store.link_of(team, edit.record)).ok().flatten();
            let agreed = link.and_then(|link| link.base.get("title").cloned());
            let settled = agreed.is_some_and(|agreed| agreed.crm == Value::text(&edit.text));
            if settled {
                latencies_ms.push((now_us - edit.at_us) / 1_000);
            }
            !settled
        });
    }

    fn report(mut self) -> DayReport {
        self.latencies_ms.sort_unstable();
        DayReport {
            threshold: self.plan.allowance * 80 / 100,
            most: self.line.most.load(Ordering::Relaxed),
            calls: self.calls.map(|calls| calls.load(Ordering::Relaxed)),
            crashes: self.crashes,
            lost: self.line.lost.load(Ordering::Relaxed),
            latencies_ms: self.latencies_ms,
            unsettled: self.open.len(),
        }
    }
}

/// The loop of a process, as the server's runtime has it.
async fn work(engine: Engine, clock: Clock, dice: Dice, sleep: Arc<Sleep>) {
    loop {
        let tick = Tick {
            now: clock.now(),
            jitter: dice.unit(),
        };
        let turn = engine.turn(tick, &[]).await;
        let now_us = clock.now().as_microsecond();
        let rests = match turn {
            Ok(Turn::Idle {
                refused: None,
                until,
            }) if engine.lanes != Lanes::Live => {
                let until = until.map_or(i64::MAX, Timestamp::as_microsecond);
                Some(until.clamp(now_us + SECOND_US / 5, now_us + SLEEP_MAX_US))
            }
            Ok(Turn::Idle { .. }) => Some(now_us + SLEEP_MAX_US),
            Ok(_) | Err(_) => None,
        };
        let until_us = rests.unwrap_or(now_us + TURN_US);
        sleep.until(&clock, until_us, rests.is_some()).await;
    }
}

fn org(plan: DayPlan) -> Arc<Sandbox> {
    Arc::new(Sandbox::new(Options {
        seed: plan.seed,
        now: setup::START,
        clock: ClockMode::Virtual,
        records: SeedSize {
            accounts: 2,
            contacts: 2,
            leads: LEADS,
            opportunities: 2,
        },
        limit_jitter_calls: 0,
        call_limit_24h: plan.allowance,
        session_life: SignedDuration::from_hours(48),
        ..Options::default()
    }))
}

fn connector(sandbox: &Sandbox, way: Arc<dyn Transport>, vault: &Arc<MemoryVault>) -> Salesforce {
    let credentials = sandbox.credentials("http://127.0.0.1");
    let secret = Some(credentials.client_secret.into());
    let app = OAuthApp::new("http://127.0.0.1", credentials.client_id, secret);
    let config = SalesforceConfig::new(app.expect("a loopback address is safe"));
    Salesforce::new(config, way, vault.clone())
}

/// The team with its rules: titles go both ways.
fn team(schemas: &[ObjectSchema], dice: &Dice) -> (Arc<MemoryStore>, TeamId) {
    let mut rules = setup::rules(schemas, dice);
    for rule in rules.pairs.iter_mut().flat_map(|pair| &mut pair.fields) {
        if rule.mapping.workspace == "title" {
            rule.mapping.direction = Direction::Both;
            rule.mapping.winner = Winner::MostRecent;
        }
    }
    let store = Arc::new(MemoryStore::new(Guards::ALL));
    let team = store.add_team(rules);
    block_on(store.set_connection_state(team, ConnectionState::Connected, None))
        .expect("the team exists");
    (store, team)
}
