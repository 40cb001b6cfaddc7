//! The network around the sandbox: two HTTP servers on loopback that only move bytes.
//!
//! One port is the org (log-in and API on one origin), the other the control API. Before each request the shell tells
//! the sandbox the time, so that an org in real mode lives in the present; everything else is decided in
//! [`crate::Sandbox`]. An answer that must be late waits here, and one that must be lost ends here: the connection is
//! cut without a byte.

use std::{io, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, DefaultBodyLimit, Request, State},
    response::Response,
};
use bytes::Bytes;
use http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use tokio::{
    net::TcpListener,
    sync::watch,
    task::{JoinError, JoinHandle},
};

mod cut;

use crate::{ClockMode, Delivery, Options, Sandbox, control, state::StateError};
use cut::{CutListener, Cutter};

/// Largest request body taken, in bytes: an upload of Bulk 2.0. What is too large for REST the org says itself.
pub const MAX_BODY_BYTES: usize = 150 * 1024 * 1024;
/// Pause between looking for work when there was none, and between two steps of it.
const IDLE_PAUSE: Duration = Duration::from_millis(50);
const STEP_PAUSE: Duration = Duration::from_millis(1);

/// Where to listen and what org to keep.
#[derive(Clone, Debug, Default)]
pub struct ServeOptions {
    /// The org.
    pub org: Options,
    /// Port of the org on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// Port of the control API on 127.0.0.1; 0 takes a free one.
    pub control_port: u16,
}

/// A sandbox being served. Dropping it leaves the servers running; [`Running::stop`] ends them.
#[derive(Debug)]
pub struct Running {
    sandbox: Arc<Sandbox>,
    url: String,
    control_url: String,
    stop: watch::Sender<bool>,
    servers: Vec<JoinHandle<io::Result<()>>>,
}

/// All a client needs to connect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Credentials {
    /// The org.
    pub salesforce: SalesforceCredentials,
    /// The control API.
    pub control: ControlCredentials,
}

/// How to connect to the org.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SalesforceCredentials {
    /// Log-in and instance address.
    pub url: String,
    /// 18 characters.
    pub org_id: String,
    /// The connector user.
    pub username: String,
    /// Good for every user.
    pub password: String,
    /// Appended to the password by clients outside trusted networks.
    pub security_token: String,
    /// Of the connected app.
    pub client_id: String,
    /// Of the connected app.
    pub client_secret: String,
    /// Good until it is revoked.
    pub refresh_token: String,
    /// Good for the life of a session.
    pub access_token: String,
}

/// How to reach the control API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ControlCredentials {
    /// Its address; the routes are in [`crate::control`].
    pub url: String,
}

/// Builds the org and serves it on 127.0.0.1.
///
/// # Errors
/// When a port cannot be bound, or the state file cannot be used (a [`StateError`] inside).
pub async fn serve(options: ServeOptions) -> io::Result<Running> {
    let listener = TcpListener::bind(("127.0.0.1", options.port)).await?;
    let control_listener = TcpListener::bind(("127.0.0.1", options.control_port)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let control_url = format!("http://{}", control_listener.local_addr()?);
    let org = Options {
        origin: url.clone(),
        ..options.org
    };
    let sandbox = tokio::task::spawn_blocking(|| open(org))
        .await
        .map_err(io::Error::other)?
        .map_err(io::Error::other)?;
    let sandbox = Arc::new(sandbox);
    let (stop, stopped) = watch::channel(false);
    let servers = vec![
        spawn(listener, org_router(Arc::clone(&sandbox)), stopped.clone()),
        spawn(
            control_listener,
            control_router(Arc::clone(&sandbox)),
            stopped.clone(),
        ),
        tokio::spawn(work(Arc::clone(&sandbox), stopped)),
    ];
    Ok(Running {
        sandbox,
        url,
        control_url,
        stop,
        servers,
    })
}

/// A new org in real mode lives in the present from its first record on.
fn open(mut org: Options) -> Result<Sandbox, StateError> {
    let known = org.state.as_ref().is_some_and(|path| path.exists());
    let born_now = org.clock == ClockMode::Real && !known;
    if born_now {
        org.now = Timestamp::now();
    }
    let sandbox = Sandbox::open(org)?;
    if born_now {
        // Inventing many records takes a while.
        sandbox.set_now(Timestamp::now());
    }
    Ok(sandbox)
}

impl Running {
    /// The org itself, to look into or to change while it is served.
    #[must_use]
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// Address of the org, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Address of the control API, without a slash at the end.
    #[must_use]
    pub fn control_url(&self) -> &str {
        &self.control_url
    }

    /// What a client needs; opens a fresh session.
    #[must_use]
    pub fn credentials(&self) -> Credentials {
        self.sandbox.follow(Timestamp::now());
        Credentials {
            salesforce: self.sandbox.credentials(&self.url),
            control: ControlCredentials {
                url: self.control_url.clone(),
            },
        }
    }

    /// Stops taking connections, lets running requests end, and waits for both servers.
    ///
    /// # Errors
    /// When a server had ended with an error.
    pub async fn stop(self) -> io::Result<()> {
        self.stop.send_replace(true);
        for server in self.servers {
            server
                .await
                .map_err(|error: JoinError| io::Error::other(error))??;
        }
        Ok(())
    }
}

fn org_router(sandbox: Arc<Sandbox>) -> Router {
    Router::new()
        .fallback(serve_org)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(sandbox)
}

fn control_router(sandbox: Arc<Sandbox>) -> Router {
    Router::new()
        .fallback(serve_control)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(sandbox)
}

fn spawn(
    listener: TcpListener,
    router: Router,
    mut stopped: watch::Receiver<bool>,
) -> JoinHandle<io::Result<()>> {
    let service = router.into_make_service_with_connect_info::<Cutter>();
    let wait = async move {
        // An error means that `Running` is gone without `stop`; the servers then run as long as the runtime.
        if stopped.wait_for(|stop| *stop).await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::spawn(async move {
        axum::serve(CutListener::new(listener), service)
            .with_graceful_shutdown(wait)
            .await
    })
}

/// Does the work that waits in the org in small steps, while the real clock moves it; a clock that is set by hand does
/// the work itself.
async fn work(sandbox: Arc<Sandbox>, stopped: watch::Receiver<bool>) -> io::Result<()> {
    let mut pause = IDLE_PAUSE;
    while !*stopped.borrow() {
        tokio::time::sleep(pause).await;
        let org = Arc::clone(&sandbox);
        let step = move || {
            org.follow(Timestamp::now());
            org.clock_mode() == ClockMode::Real && org.work()
        };
        let worked = tokio::task::spawn_blocking(step)
            .await
            .map_err(io::Error::other)?;
        pause = if worked { STEP_PAUSE } else { IDLE_PAUSE };
    }
    Ok(())
}

async fn serve_org(
    State(sandbox): State<Arc<Sandbox>>,
    ConnectInfo(cutter): ConnectInfo<Cutter>,
    request: Request,
) -> Response {
    let Ok(request) = read(request).await else {
        return too_large();
    };
    sandbox.follow(Timestamp::now());
    let reply = sandbox.handle(request);
    match reply.delivery {
        Delivery::Now => {}
        Delivery::After(delay) => tokio::time::sleep(delay).await,
        Delivery::Lost => cutter.cut(),
    }
    reply.response.map(Body::from)
}

async fn serve_control(State(sandbox): State<Arc<Sandbox>>, request: Request) -> Response {
    let Ok(request) = read(request).await else {
        return too_large();
    };
    sandbox.follow(Timestamp::now());
    control::handle(&sandbox, &request).map(Body::from)
}

async fn read(request: Request) -> Result<http::Request<Bytes>, axum::Error> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, MAX_BODY_BYTES).await?;
    Ok(http::Request::from_parts(parts, body))
}

fn too_large() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
    response
}
