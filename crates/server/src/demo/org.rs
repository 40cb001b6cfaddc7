//! The demo's org: the sandbox behind a port, with a journal beside it.
//!
//! The sandbox keeps its records in memory, and it is a pure function of its options and the requests
//! that it gets. So every request is written to the journal before it is handled, with the time; after
//! a crash the journal is played again and the org is as it was, down to the ids and tokens. A request
//! that was written but not answered counts as done, as with any server that dies.

use super::journal::{Face, Journal, Line};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use serde_json::Value;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use tandem_core::Timestamp;
use tandem_sandbox::seed::{SeedSize, domain};
use tandem_sandbox::shell::MAX_BODY_BYTES;
use tandem_sandbox::{Delivery, Options, Reply, Sandbox, control};
use tokio::net::TcpListener;

/// Records that the demo's org begins with.
pub(super) const RECORDS: SeedSize = SeedSize {
    leads: 3_000,
    contacts: 2_000,
    accounts: 800,
    opportunities: 400,
};

/// The org. Cheap to clone.
#[derive(Clone)]
pub(super) struct Org(Arc<Inner>);

struct Inner {
    sandbox: Sandbox,
    url: String,
    /// Held while a request is written and handled: the journal's order is the order of the work.
    journal: Mutex<Journal>,
}

impl Org {
    /// Opens the org of a journal, or a new one, and serves it on `listener`.
    pub(super) async fn open(
        path: &Path,
        listener: TcpListener,
        made_at: Timestamp,
    ) -> io::Result<Self> {
        let url = format!("http://{}", listener.local_addr()?);
        let options = Options {
            now: made_at,
            records: RECORDS,
            origin: url.clone(),
            ..Options::default()
        };
        let path = path.to_owned();
        let (sandbox, journal) = tokio::task::spawn_blocking(move || {
            let sandbox = Sandbox::new(options);
            // Its clock goes with ours from here on: inventing the records took a moment.
            sandbox.follow(made_at);
            let (journal, lines) = Journal::open(&path)?;
            for line in lines {
                replay(&sandbox, line?);
            }
            io::Result::Ok((sandbox, journal))
        })
        .await
        .map_err(io::Error::other)??;
        let org = Self(Arc::new(Inner {
            sandbox,
            url,
            journal: Mutex::new(journal),
        }));
        let router = Router::new().fallback(answer).with_state(org.clone());
        tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the sandbox org failed");
            }
        });
        Ok(org)
    }

    /// Its address.
    pub(super) fn url(&self) -> &str {
        &self.0.url
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
        self.0.sandbox.meter().total_calls
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
        let request = axum::http::Request::builder()
            .method(method)
            .uri(path)
            .body(body)
            .map_err(io::Error::other)?;
        let response = if method == "GET" {
            control::handle(&self.0.sandbox, &request)
        } else {
            let mut journal = self.lock();
            let now = Timestamp::now();
            journal.append(&Line::of(Face::Control, now, &request))?;
            self.0.sandbox.follow(now);
            control::handle(&self.0.sandbox, &request)
        };
        let answer: Value = serde_json::from_slice(response.body()).map_err(io::Error::other)?;
        if response.status().is_success() {
            return Ok(answer);
        }
        Err(io::Error::other(format!(
            "the org refused {method} {path}: {answer}"
        )))
    }

    fn serve(&self, request: axum::http::Request<Bytes>) -> io::Result<Reply> {
        let mut journal = self.lock();
        let now = Timestamp::now();
        journal.append(&Line::of(Face::Org, now, &request))?;
        self.0.sandbox.follow(now);
        Ok(self.0.sandbox.handle(request))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Journal> {
        self.0
            .journal
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn replay(sandbox: &Sandbox, line: Line) {
    sandbox.follow(line.at);
    let face = line.face;
    let Ok(request) = line.request() else {
        return;
    };
    match face {
        Face::Org => drop(sandbox.handle(request)),
        Face::Control => drop(control::handle(sandbox, &request)),
    }
}

async fn answer(State(org): State<Org>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, MAX_BODY_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let served = tokio::task::spawn_blocking(move || {
        org.serve(axum::http::Request::from_parts(parts, body))
    });
    let Ok(Ok(reply)) = served.await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    match reply.delivery {
        Delivery::Now => {}
        Delivery::After(delay) => tokio::time::sleep(delay).await,
        Delivery::Lost => return cut(),
    }
    reply.response.map(Body::from)
}

/// An answer that breaks off: the client learns nothing of what was done.
fn cut() -> Response {
    let broken = futures_util::stream::once(async {
        Err::<Bytes, _>(io::Error::from(io::ErrorKind::ConnectionReset))
    });
    Response::new(Body::from_stream(broken))
}
