//! The demo's org: the sandbox behind its two ports, kept in a file of its own
//! ([`tandem_sandbox::state`]).

use crate::cli::{Failure, start_org};
use axum::http::Request;
use bytes::Bytes;
use serde_json::Value;
use std::io;
use std::path::PathBuf;
use std::time::Duration;
use tandem_core::Timestamp;
use tandem_sandbox::seed::{SeedSize, domain};
use tandem_sandbox::shell::{Running, ServeOptions};
use tandem_sandbox::{Options, control};

/// Records that the demo's org begins with.
pub(super) const RECORDS: SeedSize = SeedSize {
    leads: 3_000,
    contacts: 2_000,
    accounts: 800,
    opportunities: 400,
};

/// How long the org may take to end its requests. What takes longer (a fault can make an answer late)
/// is cut off.
const STOP_LONGEST: Duration = Duration::from_secs(2);

/// The org, running.
pub(super) struct Org(Running);

impl Org {
    /// Opens the org of a state file, or makes one, and serves it on these ports (0: a free one).
    pub(super) async fn open(
        state: PathBuf,
        port: u16,
        control_port: u16,
    ) -> Result<Self, Failure> {
        let options = ServeOptions {
            org: Options {
                state: Some(state),
                records: RECORDS,
                ..Self::options()
            },
            port,
            control_port,
        };
        start_org(options).await.map(Self)
    }

    /// Its address: log-in, API and console.
    pub(super) fn url(&self) -> &str {
        self.0.url()
    }

    /// Address of its control API.
    pub(super) fn control_url(&self) -> &str {
        self.0.control_url()
    }

    /// How to connect to it.
    pub(super) fn options() -> Options {
        Options::default()
    }

    /// The user whom the demo connects as.
    pub(super) fn connector_username() -> String {
        format!("connector@{}", domain(&Self::options().org_name))
    }

    /// API calls that the org has counted.
    pub(super) fn metered_calls(&self) -> u64 {
        self.0.sandbox().meter().total_calls
    }

    /// Does what a person or a fault inside the org would, through the control API.
    ///
    /// # Errors
    /// The refusal, in the control API's words.
    pub(super) fn steer(&self, method: &str, path: &str, body: &Value) -> io::Result<Value> {
        let body = match body {
            Value::Null => Bytes::new(),
            body => Bytes::from(body.to_string()),
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .body(body)
            .map_err(io::Error::other)?;
        self.0.sandbox().follow(Timestamp::now());
        let response = control::handle(self.0.sandbox(), &request);
        let answer: Value = serde_json::from_slice(response.body()).map_err(io::Error::other)?;
        if response.status().is_success() {
            return Ok(answer);
        }
        Err(io::Error::other(format!(
            "the org refused {method} {path}: {answer}"
        )))
    }

    /// All records of an object.
    ///
    /// # Errors
    /// As [`Org::steer`].
    pub(super) fn dump(&self, object: &str) -> Result<Vec<Value>, Failure> {
        let path = format!("/control/records/{object}?limit=10000");
        match self.steer("GET", &path, &Value::Null)?["records"].take() {
            Value::Array(records) => Ok(records),
            _ => Ok(Vec::new()),
        }
    }

    /// Ends it in good order, or at all.
    pub(super) async fn stop(self) {
        let stopped = tokio::time::timeout(STOP_LONGEST, self.0.stop()).await;
        if let Ok(Err(error)) = stopped {
            tracing::warn!(%error, "the org did not end in good order");
        }
    }
}
