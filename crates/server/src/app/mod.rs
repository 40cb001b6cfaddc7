//! What a person can do, one function for each thing, behind both faces: pages and API.
//!
//! Every function takes the [`Actor`] who asks, checks that they may, does it, and writes an audit
//! entry if anything changed. It knows no HTTP: addresses, cookies and forms belong to the faces. It
//! reads the time from the clock it was given, and never loops, sleeps or spawns: what takes longer
//! is made due in the store, and the runtime is woken ([`signals`]).

mod automap;
mod error;
mod grants;
mod live;
mod parse;
mod rules;
mod schemas;
mod secret;
mod throttle;

pub mod agreement;
pub mod alerts;
pub mod audit;
pub mod connect;
pub mod connectors;
pub mod incidents;
pub mod log;
pub mod mapping;
pub mod mirroring;
pub mod overview;
pub mod people;
pub mod permissions;
pub mod plans;
pub mod records;
pub mod rehearsal;
pub mod session;
pub mod settings;
pub mod setup;
pub mod signals;
pub mod undo;
pub mod why;

pub use error::{AppError, AppResult};
pub(crate) use secret::PASSWORD_CHARS_MIN;
pub use session::{Actor, Role};

use crate::config::Config;
use crate::notify::Notifier;
use crate::vault::Sealer;
use secrecy::SecretString;
use std::sync::Arc;
use tandem_connectors::http::Transport;
use tandem_core::Timestamp;
use tandem_store::sqlite::SqliteStore;

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What [`App`] works with.
#[expect(
    missing_debug_implementations,
    reason = "a store and a network have nothing to show"
)]
pub struct Parts {
    /// The operator's settings.
    pub config: Config,
    /// The database.
    pub store: Arc<SqliteStore>,
    /// Encrypts CRM tokens.
    pub sealer: Arc<Sealer>,
    /// The way to the CRM.
    pub transport: Arc<dyn Transport>,
    /// The ways on which people are told of alerts.
    pub notifier: Notifier,
    /// Tells the time.
    pub clock: Clock,
    /// Lets the command line in, if it may come.
    pub operator_token: Option<SecretString>,
}

/// All that a person can do. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    parts: Parts,
    sign_ins: throttle::Throttle,
    flows: connect::Flows,
    live: live::LiveConnectors,
    signals: signals::Signals,
    /// Rules are read, changed and written back; one at a time.
    rules: tokio::sync::Mutex<()>,
    /// Schemas are compared with what is known and taken over; one at a time.
    schemas: tokio::sync::Mutex<()>,
    /// A rehearsal works in a place of its own; one at a time.
    rehearsals: tokio::sync::Mutex<()>,
}

impl App {
    /// Puts the room together.
    pub fn new(parts: Parts) -> Self {
        let failures_max = parts.config.security.sign_in_failures_max;
        Self(Arc::new(Inner {
            parts,
            sign_ins: throttle::Throttle::new(failures_max),
            flows: connect::Flows::default(),
            live: live::LiveConnectors::default(),
            signals: signals::Signals::default(),
            rules: tokio::sync::Mutex::default(),
            schemas: tokio::sync::Mutex::default(),
            rehearsals: tokio::sync::Mutex::default(),
        }))
    }

    /// The operator's settings.
    pub fn config(&self) -> &Config {
        &self.0.parts.config
    }

    /// The database, for the runtime.
    pub fn store(&self) -> &Arc<SqliteStore> {
        &self.0.parts.store
    }

    /// What tells the time, for the engine.
    pub fn clock(&self) -> Clock {
        Arc::clone(&self.0.parts.clock)
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        (self.0.parts.clock)()
    }

    /// Wakes the runtime, and is what it waits on.
    pub fn signals(&self) -> &signals::Signals {
        &self.0.signals
    }

    fn notifier(&self) -> &Notifier {
        &self.0.parts.notifier
    }

    fn transport(&self) -> &Arc<dyn Transport> {
        &self.0.parts.transport
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("App")
    }
}
