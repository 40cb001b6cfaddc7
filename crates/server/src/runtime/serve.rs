//! The server: a port, the teams' loops, and the order in which they stop.

use super::run_teams;
use crate::app::App;
use crate::http;
use crate::telemetry::Metrics;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Why the server can't be reached.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The port is taken.
    #[error(
        "{0} is in use by another program: stop it, or choose another port in server.listen (or TANDEM_SERVER__LISTEN)"
    )]
    InUse(SocketAddr),
    /// The address can't be used for another reason.
    #[error("can't listen on {address}: {source}; check server.listen")]
    Listen {
        /// Which address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

/// A server that runs.
#[derive(Debug)]
pub struct Serving {
    address: SocketAddr,
    stop: CancellationToken,
    grace: Duration,
    tasks: Vec<JoinHandle<()>>,
}

/// Takes the port.
///
/// # Errors
/// See [`ServeError`].
pub async fn bind(address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => ServeError::InUse(address),
            _ => ServeError::Listen { address, source },
        })
}

/// Serves pages and API on a port already taken, and runs every team's sync.
///
/// # Errors
/// See [`ServeError`].
pub fn serve(
    app: App,
    listener: TcpListener,
    metrics: Option<Metrics>,
) -> Result<Serving, ServeError> {
    let configured = app.config().server.listen;
    let address = listener.local_addr().map_err(|source| ServeError::Listen {
        address: configured,
        source,
    })?;
    let stop = CancellationToken::new();
    let grace = Duration::from_secs(app.config().server.shutdown_grace_seconds.into());
    let router =
        http::router(app.clone(), metrics).into_make_service_with_connect_info::<SocketAddr>();
    let stopped = stop.clone().cancelled_owned();
    let web = async move {
        let served = axum::serve(listener, router).with_graceful_shutdown(stopped);
        if let Err(error) = served.await {
            tracing::error!(%error, "the web server failed");
        }
    };
    let tasks = vec![
        tokio::spawn(web),
        tokio::spawn(run_teams(app, stop.clone())),
    ];
    Ok(Serving {
        address,
        stop,
        grace,
        tasks,
    })
}

impl Serving {
    /// The address really taken.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops: no new work, a grace for work under way, then an end. True if all ended by itself.
    pub async fn stop(self) -> bool {
        self.stop.cancel();
        let deadline = tokio::time::Instant::now() + self.grace;
        let mut in_order = true;
        for mut task in self.tasks {
            if tokio::time::timeout_at(deadline, &mut task).await.is_err() {
                task.abort();
                in_order = false;
            }
        }
        if !in_order {
            tracing::warn!("work under way was dropped; it is taken up again at the next start");
        }
        in_order
    }
}
