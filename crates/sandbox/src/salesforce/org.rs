//! The org as a whole: how it is set up, its clock, and what faults make of requests.
//!
//! Invariant: held requests whose time has come are applied before anything else happens at a later time.

use bytes::Bytes;
use http::{Request, StatusCode};
use jiff::{SignedDuration, Timestamp};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde::{Deserialize, Serialize};

use super::{
    Desk, Site, answer,
    auth::{App, Auth},
    bulk::{self, Jobs},
    describe::Describes,
    error::{self, ApiError},
    image::OrgFact,
    query::Cursors,
    recent::Recent,
    serve::target,
    users,
};
use crate::{
    ClockMode, Delivery, Edition, Options, Reply, console,
    faults::{self, FaultAction, FaultError, Faults},
    meter::Meter,
    seed,
    shell::SalesforceCredentials,
    world::{SfId, World, WorldOptions},
};

/// Most requests held back by faults at a time; further ones are dropped as if lost.
const MAX_HELD: usize = 10_000;

/// A request kept back by a fault.
#[derive(Debug)]
struct Held {
    request: Request<Bytes>,
    due: Option<Timestamp>,
}

/// The org.
#[derive(Debug)]
pub(crate) struct Org {
    pub(crate) world: World,
    pub(crate) auth: Auth,
    pub(crate) desk: Desk,
    pub(crate) connector: SfId,
    pub(super) refresh_token: String,
    pub(crate) origin: String,
    pub(super) clock: Clock,
    /// The real time, as far as it was told since the process began.
    real_now: Option<Timestamp>,
    /// What the org last told of itself; see `image`.
    pub(super) told: Vec<OrgFact>,
    held: Vec<Held>,
    pub(super) jitter: StdRng,
    pub(super) jitter_calls: u64,
    pub(super) edition: Edition,
    latency_millis: (u64, u64),
}

/// In real mode the org's time is the real one plus the offset; without an offset it goes on from where it is when
/// the real time is told for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Clock {
    pub(super) mode: ClockMode,
    pub(super) offset: Option<SignedDuration>,
}

impl Clock {
    fn new(mode: ClockMode) -> Self {
        Self { mode, offset: None }
    }
}

impl Org {
    /// An org with its users and invented records.
    pub(crate) fn new(options: Options) -> Self {
        let domain = seed::domain(&options.org_name);
        let (records, seed) = (options.records, options.seed);
        let mut org = Self::bare(options);
        org.world
            .set_organization_type(org.edition.organization_type());
        // A new org has no rules that could refuse its first users and records; should it, the log says so.
        match seed::staff(&mut org.world, &domain) {
            Ok(connector) => org.connector = connector,
            Err(refused) => tracing::error!(%refused, "the org starts without its users"),
        }
        org.world.begin_load();
        if let Err(refused) = seed::populate(&mut org.world, records, seed) {
            tracing::error!(%refused, "the org starts with less data");
        }
        org.world.end_load();
        org.auth.policy_mut().run_as = Some(org.connector);
        org.refresh_token = org.auth.preapprove(org.connector);
        org
    }

    /// An org without a record, to be filled with the facts of a state file.
    pub(crate) fn empty(options: Options) -> Self {
        let mut org = Self::bare(options);
        org.world.clear_rows();
        org
    }

    fn bare(options: Options) -> Self {
        let world = World::new(&WorldOptions {
            now: options.now,
            org_name: options.org_name.clone(),
            admin_username: format!("admin@{}", seed::domain(&options.org_name)),
            external_ids: options.external_ids,
        });
        let connector = world.admin_id();
        let auth = Auth::new(app(&options), world.org_id(), options.seed);
        let desk = Desk {
            faults: Faults::default(),
            meter: Meter::new(options.call_limit_24h),
            lead_assignee: None,
            jobs: Jobs::new(options.bulk),
            cursors: Cursors::default(),
            describes: Describes::default(),
            recent: Recent::default(),
        };
        Self {
            world,
            auth,
            desk,
            connector,
            refresh_token: String::new(),
            origin: options.origin,
            clock: Clock::new(options.clock),
            real_now: None,
            told: Vec::new(),
            held: Vec::new(),
            jitter: StdRng::seed_from_u64(options.seed ^ 0x6A17),
            jitter_calls: options.limit_jitter_calls,
            edition: options.edition,
            latency_millis: options.latency_millis,
        }
    }

    pub(crate) fn credentials(&mut self, url: &str) -> SalesforceCredentials {
        let now = self.world.now();
        let access_token = self.auth.log_in(self.connector, now);
        let username = users::by_id(&self.world, self.connector).map(|person| person.username);
        let app = &self.auth.app;
        SalesforceCredentials {
            url: url.to_owned(),
            org_id: self.world.org_id().to_string(),
            username: username.unwrap_or_default(),
            password: app.password.clone(),
            security_token: app.security_token.clone(),
            client_id: app.client_id.clone(),
            client_secret: app.client_secret.clone(),
            refresh_token: self.refresh_token.clone(),
            access_token,
        }
    }

    /// Serves a request, faults included.
    pub(crate) fn handle(&mut self, request: Request<Bytes>) -> Reply {
        self.release_due();
        // The console is where faults are ended: it stays up whatever happens to the org.
        if let Some(answer) = console::handle(self, &request) {
            return Reply::now(answer);
        }
        let target = target(&request);
        let now = self.world.now();
        let action = self
            .desk
            .faults
            .fire(now, request.method().as_str(), target, request.body());
        let reply = match action {
            None => Reply::now(self.serve(&request)),
            Some(action) => self.misbehave(&action, request),
        };
        self.delayed(reply)
    }

    /// An answer that would come at once takes as long as the org's answers do.
    fn delayed(&mut self, reply: Reply) -> Reply {
        let (least, most) = self.latency_millis;
        if most == 0 || reply.delivery != Delivery::Now {
            return reply;
        }
        let millis = self.jitter.random_range(least.min(most)..=most);
        Reply {
            delivery: Delivery::After(std::time::Duration::from_millis(millis)),
            ..reply
        }
    }

    fn misbehave(&mut self, action: &FaultAction, request: Request<Bytes>) -> Reply {
        use FaultAction as A;
        match action {
            A::Reject {
                status,
                error_code,
                message,
            } => Reply::now(ApiError::new(status_code(*status), error_code, message).into_answer()),
            A::RejectHtml { status } => Reply::now(error::html_page(status_code(*status))),
            A::Garbage => Reply::now(answer::html(
                StatusCode::OK,
                "<html><body>It wor".to_owned(),
            )),
            A::LoseBefore => Reply::lost(),
            A::DoThenLose => {
                self.serve(&request);
                Reply::lost()
            }
            A::DoThenFail => {
                self.serve(&request);
                Reply::now(unexpected().into_answer())
            }
            A::Hold { seconds } => {
                let due = seconds.map(|seconds| self.in_seconds(seconds));
                if self.held.len() < MAX_HELD {
                    self.held.push(Held { request, due });
                }
                Reply::lost()
            }
            A::Slow { millis } => Reply {
                response: self.serve(&request),
                delivery: Delivery::After(std::time::Duration::from_millis(*millis)),
            },
            A::LoseRows { rows, unfinished } => {
                let mut answer = self.serve(&request);
                if let Some(text) = faults::lose_rows(answer.body(), *rows, *unfinished) {
                    *answer.body_mut() = text.into();
                }
                Reply::now(answer)
            }
            state => {
                // The rule was checked when it was added.
                let _ = self.strike(state);
                Reply::now(self.serve(&request))
            }
        }
    }

    /// Starts a fault that is a state of the org.
    pub(crate) fn strike(&mut self, action: &FaultAction) -> Result<(), FaultError> {
        use FaultAction as A;
        faults::check(action)?;
        let now = self.world.now();
        match action {
            A::Throttle {
                seconds,
                concurrent,
            } => {
                self.desk
                    .faults
                    .throttle(self.in_seconds(*seconds), *concurrent);
            }
            A::Outage { seconds } => self.desk.faults.begin_outage(self.in_seconds(*seconds)),
            A::ExpireAccessTokens => self.auth.expire_sessions(),
            A::RevokeRefreshTokens => self.auth.revoke_approvals(),
            A::ExpireLocators => self.desk.cursors.clear(),
            A::LockRows { record_id, times } => self.desk.faults.lock_rows(*record_id, *times),
            A::CommitLate { changes, seconds } => {
                let delay = self.in_seconds(*seconds).duration_since(now);
                self.desk.faults.commit_late(*changes, delay);
            }
            _ => return Err(FaultError::NeedsRule),
        }
        Ok(())
    }

    fn in_seconds(&self, seconds: u64) -> Timestamp {
        let span = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
        self.world.now().checked_add(span).unwrap_or(Timestamp::MAX)
    }

    pub(crate) fn held_count(&self) -> usize {
        self.held.len()
    }

    /// Applies every held request in the order they came.
    pub(crate) fn release_held(&mut self) -> usize {
        let held = std::mem::take(&mut self.held);
        for held in &held {
            self.serve(&held.request);
        }
        held.len()
    }

    fn release_due(&mut self) {
        let now = self.world.now();
        while let Some(at) = self
            .held
            .iter()
            .position(|held| held.due.is_some_and(|due| due <= now))
        {
            let held = self.held.remove(at);
            self.serve(&held.request);
        }
    }

    /// Sets the time; held requests whose time has come are applied, and bulk jobs are done.
    pub(crate) fn set_now(&mut self, now: Timestamp) {
        self.clock.offset = self.real_now.map(|real| now.duration_since(real));
        self.world.set_now(now);
        self.release_due();
        bulk::work_off(&mut self.site());
    }

    /// Does a little of the work that waits; false when there is none.
    pub(crate) fn work(&mut self) -> bool {
        bulk::work(&mut self.site())
    }

    fn site(&mut self) -> Site<'_> {
        Site {
            world: &mut self.world,
            desk: &mut self.desk,
            origin: &self.origin,
        }
    }

    pub(crate) fn follow(&mut self, real: Timestamp) {
        if self.clock.mode != ClockMode::Real {
            return;
        }
        let behind = self.world.now().duration_since(real);
        let offset = *self.clock.offset.get_or_insert(behind);
        self.real_now = Some(real);
        let now = real.checked_add(offset).unwrap_or(Timestamp::MAX);
        self.world.set_now(now.max(self.world.now()));
        self.release_due();
    }

    pub(crate) fn clock_mode(&self) -> ClockMode {
        self.clock.mode
    }

    pub(crate) fn set_clock_mode(&mut self, mode: ClockMode) {
        (self.clock, self.real_now) = (Clock::new(mode), None);
    }
}

fn app(options: &Options) -> App {
    App {
        client_id: options.client_id.clone(),
        client_secret: options.client_secret.clone(),
        redirect_uris: options.redirect_uris.clone(),
        require_pkce: options.require_pkce,
        rotate_refresh_tokens: options.rotate_refresh_tokens,
        session_life: options.session_life,
        password: options.password.clone(),
        security_token: options.security_token.clone(),
        certificate: options.certificate.clone(),
    }
}

fn unexpected() -> ApiError {
    let message =
        "An unexpected error occurred. Please include this ErrorId if you contact support: 1-1 (1)";
    ApiError::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "UNKNOWN_EXCEPTION",
        message,
    )
}

/// Rules hold only error statuses, so the fallback is never used.
fn status_code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
