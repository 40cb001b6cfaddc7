//! What a person can do, one function for each thing, behind both faces: pages and API.
//!
//! Every function takes the [`Actor`] who asks, checks that they may, does it, and writes an audit
//! entry if anything changed. It knows no HTTP: addresses, cookies and forms belong to the faces. It
//! reads the time from the clock it was given, and never loops, sleeps or spawns: what takes longer
//! is made due in the store, and the runtime is woken ([`App::wake`]).

mod error;

pub mod audit;
pub mod connect;
pub mod log;
pub mod mapping;
pub mod overview;
pub mod people;
pub mod permissions;
pub mod records;
pub mod session;
pub mod settings;
pub mod setup;

pub use error::{AppError, AppResult};
pub use session::{Actor, Role};

use crate::config::Config;
use std::sync::Arc;

/// All that a person can do. Cheap to clone.
#[derive(Clone, Debug)]
pub struct App {
    config: Arc<Config>,
}

impl App {
    /// The operator's settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// While this room is being furnished.
    fn not_ready(&self) -> AppError {
        AppError::Unavailable("this part of Tandem is not built yet".into())
    }
}
