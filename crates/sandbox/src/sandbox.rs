//! The sandbox as its users hold it: one org behind a lock.

use std::{
    io,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    edition::Edition,
    faults::{ArmedRule, FaultAction, FaultError, FaultRule},
    meter::{MeterReading, MeteredCall},
    salesforce::{AppPolicy, BulkSettings, Org, users},
    seed::SeedSize,
    shell::SalesforceCredentials,
    state::{Header, StateError, StateFile},
    world::{SfId, World},
};

/// How the org is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// Starts every generator: the same options and requests give the same answers.
    pub seed: u64,
    /// The time the org starts at.
    pub now: Timestamp,
    /// Whether the shell moves the org's clock with the real one.
    pub clock: ClockMode,
    /// Name of the company; user names end in it: `connector@<name>.example`.
    pub org_name: String,
    /// Address of the org for requests without a `Host` header, without a slash at the end.
    pub origin: String,
    /// Whether Account, Contact and Lead have the external id field `ExtId__c`.
    pub external_ids: bool,
    /// How many records to invent.
    pub records: SeedSize,
    /// What the customer bought. It does not set the next option by itself.
    pub edition: Edition,
    /// API calls allowed in 24 hours.
    pub call_limit_24h: u64,
    /// Milliseconds an answer takes, the least and the most; drawn for each request. Simulations leave it at nothing.
    pub latency_millis: (u64, u64),
    /// How far `Sforce-Limit-Info` may be off, in calls, as recorded on a real org; 0: exact.
    pub limit_jitter_calls: u64,
    /// Life of a session after its last use.
    pub session_life: SignedDuration,
    /// Refuse authorization requests without a PKCE challenge.
    pub require_pkce: bool,
    /// Give a new refresh token with every refresh and end the old one.
    pub rotate_refresh_tokens: bool,
    /// Redirect addresses of the connected app; empty: any http(s) address on a loopback host.
    pub redirect_uris: Vec<String>,
    /// Consumer key of the connected app.
    pub client_id: String,
    /// Consumer secret of the connected app.
    pub client_secret: String,
    /// PEM of the certificate whose key signs the app's assertions (JWT bearer flow), unless the control API set one.
    pub certificate: Option<String>,
    /// File that keeps the org; none: it is gone with the process. See [`Sandbox::open`].
    pub state: Option<PathBuf>,
    /// How bulk jobs are treated.
    pub bulk: BulkSettings,
    /// Password of every user.
    pub password: String,
    /// Security token of every user.
    pub security_token: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            now: Timestamp::constant(1_773_133_200, 0),
            clock: ClockMode::Real,
            org_name: "Halden Robotics".into(),
            origin: "http://127.0.0.1".into(),
            external_ids: true,
            records: SeedSize::default(),
            edition: Edition::Developer,
            call_limit_24h: Edition::Developer.call_limit_24h(),
            latency_millis: (0, 0),
            limit_jitter_calls: 15,
            session_life: SignedDuration::from_hours(2),
            require_pkce: false,
            rotate_refresh_tokens: false,
            redirect_uris: Vec::new(),
            client_id: "3MVG9sandboxConnectedApp".into(),
            client_secret: "sandbox-client-secret".into(),
            certificate: None,
            state: None,
            bulk: BulkSettings::default(),
            password: "sandbox-password-1".into(),
            security_token: "sandboxSecurityToken".into(),
        }
    }
}

/// Who moves the org's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockMode {
    /// It follows the real clock, plus whatever it was advanced by.
    Real,
    /// It stands still until it is set or advanced.
    Virtual,
}

/// An answer and what becomes of it on the way.
#[derive(Debug)]
pub struct Reply {
    /// What the org says.
    pub response: Response<Bytes>,
    /// Whether and when the client gets it.
    pub delivery: Delivery,
}

/// The way of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The client gets it at once.
    Now,
    /// The client gets it after this time; the work is done already.
    After(Duration),
    /// The client never gets it. Whether the work was done, it cannot know.
    Lost,
}

impl Reply {
    /// The answer nobody gets.
    pub(crate) fn lost() -> Self {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::GATEWAY_TIMEOUT;
        Self {
            response,
            delivery: Delivery::Lost,
        }
    }

    pub(crate) fn now(response: Response<Bytes>) -> Self {
        Self {
            response,
            delivery: Delivery::Now,
        }
    }
}

/// One Salesforce org. All methods take `&self` and may be called from any thread.
#[derive(Debug)]
pub struct Sandbox {
    kept: Mutex<Kept>,
}

/// An org and the file that keeps it.
#[derive(Debug)]
struct Kept {
    org: Org,
    file: Option<StateFile>,
}

impl Kept {
    /// Writes down what changed; the one place where anything an org did becomes lasting.
    fn save(&mut self) -> io::Result<()> {
        match &mut self.file {
            Some(file) => file.save(&mut self.org),
            None => {
                self.org.forget_changes();
                Ok(())
            }
        }
    }
}

impl Sandbox {
    /// Builds the org with its users and invented records, in memory whatever [`Options::state`] says.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self::kept(Org::new(options), None)
    }

    /// Goes on with the org of [`Options::state`], or builds a new one and keeps it there from now on. Without a file
    /// this is [`Sandbox::new`]. Of an org that exists, the options may change only what does not shape it: its
    /// address, the connected app, passwords and the rules of sessions; `now` is not looked at.
    ///
    /// # Errors
    /// The file cannot be used, or holds an org made with other options.
    pub fn open(options: Options) -> Result<Self, StateError> {
        let Some(path) = options.state.clone() else {
            return Ok(Self::new(options));
        };
        let header = Header::of(&options);
        let mut org = Org::empty(options.clone());
        if let Some(file) = StateFile::open(&path, header.clone(), &mut org)? {
            return Ok(Self::kept(org, Some(file)));
        }
        let org = Org::new(options);
        let file = StateFile::create(&path, header, &org)?;
        Ok(Self::kept(org, Some(file)))
    }

    fn kept(mut org: Org, file: Option<StateFile>) -> Self {
        // What it was made of is in the file already.
        org.forget_changes();
        Self {
            kept: Mutex::new(Kept { org, file }),
        }
    }

    /// Serves one request of the org's own origin (log-in and API). What it changed is in the state file before this
    /// returns; when it cannot be written, the client gets nothing, as from a server that died.
    pub fn handle(&self, request: Request<Bytes>) -> Reply {
        let mut kept = self.lock();
        let reply = kept.org.handle(request);
        match kept.save() {
            Ok(()) => reply,
            Err(error) => {
                tracing::error!(%error, "the sandbox cannot keep its state");
                Reply::lost()
            }
        }
    }

    /// The org's time.
    pub fn now(&self) -> Timestamp {
        self.with(|org| org.world.now())
    }

    /// Sets the org's time. In real mode this shifts the clock, which then runs on from there.
    pub fn set_now(&self, now: Timestamp) {
        self.with(|org| org.set_now(now));
    }

    /// Moves the org's time forward.
    pub fn advance(&self, by: SignedDuration) {
        self.with(|org| {
            let now = org.world.now().checked_add(by).unwrap_or(Timestamp::MAX);
            org.set_now(now);
        });
    }

    /// Tells the org the real time; it follows only in real mode.
    pub fn follow(&self, real: Timestamp) {
        self.with(|org| org.follow(real));
    }

    /// Does a little of the work that waits (bulk jobs), for who has nothing else to ask; false when there is none.
    pub fn work(&self) -> bool {
        self.with(|org| org.work())
    }

    /// How bulk jobs are treated.
    pub fn bulk_settings(&self) -> BulkSettings {
        self.with(|org| org.desk.jobs.settings)
    }

    /// Changes how bulk jobs are treated; jobs handed over before keep their time.
    pub fn set_bulk_settings(&self, settings: BulkSettings) {
        self.with(|org| org.desk.jobs.settings = settings);
    }

    /// Who moves the clock.
    pub fn clock_mode(&self) -> ClockMode {
        self.with(|org| org.clock_mode())
    }

    /// Changes who moves the clock; the time does not jump.
    pub fn set_clock_mode(&self, mode: ClockMode) {
        self.with(|org| org.set_clock_mode(mode));
    }

    /// Looks into the records or changes them, as somebody inside the org would.
    pub fn world<R>(&self, work: impl FnOnce(&mut World) -> R) -> R {
        self.with(|org| work(&mut org.world))
    }

    /// Id of the user of this name.
    pub fn user(&self, username: &str) -> Option<SfId> {
        self.with(|org| users::by_username(&org.world, username).map(|person| person.id))
    }

    /// The integration user a connector logs in as.
    pub fn connector_user(&self) -> SfId {
        self.with(|org| org.connector)
    }

    /// What a client needs to connect to this org at `url`; opens a fresh session.
    pub fn credentials(&self, url: &str) -> SalesforceCredentials {
        self.with(|org| org.credentials(url))
    }

    /// Adds a fault rule and gives its number.
    ///
    /// # Errors
    /// The rule makes no sense or there are too many.
    pub fn add_fault(&self, rule: FaultRule) -> Result<u64, FaultError> {
        self.with(|org| {
            let now = org.world.now();
            org.desk.faults.add(now, rule)
        })
    }

    /// Removes a fault rule; false when there is none of this number.
    pub fn remove_fault(&self, id: u64) -> bool {
        self.with(|org| org.desk.faults.remove(id))
    }

    /// Removes all rules and ends every outage, throttle and lock.
    pub fn clear_faults(&self) {
        self.with(|org| org.desk.faults.clear());
    }

    /// The rules with what they have seen and done.
    pub fn faults(&self) -> Vec<ArmedRule> {
        self.with(|org| org.desk.faults.rules().to_vec())
    }

    /// Starts a fault that is a state of the org, at once.
    ///
    /// # Errors
    /// The fault is about one request, or makes no sense.
    pub fn strike(&self, action: &FaultAction) -> Result<(), FaultError> {
        self.with(|org| org.strike(action))
    }

    /// Applies every request held back by a fault and says how many there were.
    pub fn release_held(&self) -> usize {
        self.with(|org| org.release_held())
    }

    /// Requests held back now.
    pub fn held(&self) -> usize {
        self.with(|org| org.held_count())
    }

    /// The meter.
    pub fn meter(&self) -> MeterReading {
        self.with(|org| {
            let now = org.world.now();
            org.desk.meter.reading(now)
        })
    }

    /// The most recent metered calls, oldest first.
    pub fn metered_calls(&self) -> Vec<MeteredCall> {
        self.with(|org| org.desk.meter.log().cloned().collect())
    }

    /// Forgets all metered calls.
    pub fn reset_meter(&self) {
        self.with(|org| org.desk.meter.reset());
    }

    /// Changes the calls allowed in 24 hours.
    pub fn set_call_limit(&self, calls_24h: u64) {
        self.with(|org| org.desk.meter.set_limit(calls_24h));
    }

    /// Ends the session or the approval a token stands for; false when it stands for none.
    pub fn revoke_token(&self, token: &str) -> bool {
        self.with(|org| org.auth.revoke(token))
    }

    /// What an administrator settled about the connected app.
    pub(crate) fn app_policy(&self) -> AppPolicy {
        self.with(|org| org.auth.policy().clone())
    }

    /// Settles it anew.
    pub(crate) fn set_app_policy(&self, policy: AppPolicy) {
        self.with(|org| *org.auth.policy_mut() = policy);
    }

    /// Makes new and changed leads of API clients belong to this user unless they send `Sforce-Auto-Assign: FALSE`;
    /// `None` switches the assignment rule off.
    pub fn set_lead_assignee(&self, owner: Option<SfId>) {
        self.with(|org| org.desk.lead_assignee = owner);
    }

    /// Whether what was done so far is kept; false once the state file could not be written.
    pub(crate) fn keeps(&self) -> bool {
        !self.lock().file.as_ref().is_some_and(StateFile::has_failed)
    }

    /// Does something with the org and writes down what it changed.
    fn with<R>(&self, work: impl FnOnce(&mut Org) -> R) -> R {
        let mut kept = self.lock();
        let outcome = work(&mut kept.org);
        if let Err(error) = kept.save() {
            tracing::error!(%error, "the sandbox cannot keep its state");
        }
        outcome
    }

    /// A panic while the lock was held (a bug in a `world` closure of a test) must not take the org down.
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
impl Sandbox {
    /// From now on the state file cannot be written.
    pub(crate) fn spoil_file(&self) {
        self.lock().file.iter_mut().for_each(StateFile::spoil);
    }

    /// Every fact about the org, to compare two.
    pub(crate) fn everything(&self) -> Vec<String> {
        let mut facts = Vec::new();
        let mut tell = |fact: crate::state::Fact<'_>| {
            facts.push(serde_json::to_string(&fact).expect("a fact can be written"));
        };
        self.lock().org.everything(&mut tell);
        facts
    }
}
