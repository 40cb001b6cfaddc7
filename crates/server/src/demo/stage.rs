//! The two houses of the demo, running: the org and Tandem, and the person between them.

use super::browser::Browser;
use super::org::Org;
use crate::app::App;
use crate::cli::Failure;
use crate::cli::failure::Kind;
use crate::config::defaults_with;
use crate::runtime::{self, Operator, ServeError, Serving};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};
use tandem_core::Timestamp;
use tokio::net::TcpListener;

/// What must be the same next time.
#[derive(Serialize, Deserialize)]
struct Memory {
    /// The org's address is part of the connection.
    org_port: u16,
    /// The org begins with records of the months before this.
    made_at: Timestamp,
    /// Of the demo's administrator.
    password: String,
}

/// Everything that runs.
pub(super) struct Stage {
    org: Org,
    app: App,
    browser: Browser,
    serving: Serving,
    password: SecretString,
    resumed: bool,
}

impl Stage {
    /// Starts org and Tandem in a directory, as they were left there, and signs in.
    pub(super) async fn set(dir: &Path, port: u16) -> Result<Self, Failure> {
        let file = dir.join("demo.json");
        let known: Option<Memory> = match std::fs::read(&file) {
            Ok(text) => Some(serde_json::from_slice(&text).map_err(std::io::Error::other)?),
            Err(_) => None,
        };
        let resumed = known.is_some();
        let org_port = known.as_ref().map_or(0, |memory| memory.org_port);
        let org_listener = bind_again(org_port).await?;
        let memory = match known {
            Some(memory) => memory,
            None => remember(&file, &org_listener)?,
        };
        let journal = dir.join("org.journal");
        let org = Org::open(&journal, org_listener, memory.made_at).await?;
        let listener = runtime::bind(local(port)).await?;
        let address = listener.local_addr()?;
        let app = open_tandem(dir, address, &org).await?;
        let serving = runtime::serve(app.clone(), listener, crate::telemetry::start_metrics())?;
        let password = SecretString::from(memory.password);
        let mut browser = Browser::new(format!("http://{address}"))?;
        browser.sign_in(&password).await?;
        Ok(Self {
            org,
            app,
            browser,
            serving,
            password,
            resumed,
        })
    }

    /// The CRM.
    pub(super) fn org(&self) -> &Org {
        &self.org
    }

    /// Tandem's inside, to look at what no API shows.
    pub(super) fn app(&self) -> &App {
        &self.app
    }

    /// The person.
    pub(super) fn browser(&self) -> &Browser {
        &self.browser
    }

    /// Tandem's address.
    pub(super) fn tandem_url(&self) -> String {
        format!("http://{}", self.serving.address())
    }

    /// Of the demo's administrator.
    pub(super) fn password(&self) -> &SecretString {
        &self.password
    }

    /// Whether somebody played here before, to whatever end.
    pub(super) fn resumed(&self) -> bool {
        self.resumed
    }

    /// Ends everything in good order.
    pub(super) async fn strike(self) {
        self.serving.stop().await;
    }
}

/// Takes the org's port. A process that was killed a moment ago may still be on its way out.
async fn bind_again(port: u16) -> Result<TcpListener, Failure> {
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        match runtime::bind(local(port)).await {
            Err(ServeError::InUse(address)) if Instant::now() > deadline => {
                let text = format!(
                    "the org of this directory lives at {address}, which another program uses: is \
                     the demo still running?"
                );
                return Err(Failure::new(Kind::PortInUse, text));
            }
            Err(ServeError::InUse(_)) => tokio::time::sleep(Duration::from_millis(100)).await,
            other => return Ok(other?),
        }
    }
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

fn remember(file: &Path, org_listener: &TcpListener) -> Result<Memory, Failure> {
    let memory = Memory {
        org_port: org_listener.local_addr()?.port(),
        made_at: Timestamp::now(),
        password: Operator::new_token()?
            .expose_secret()
            .chars()
            .take(16)
            .collect(),
    };
    let text = serde_json::to_vec(&memory).map_err(std::io::Error::other)?;
    std::fs::write(file, text)?;
    Ok(memory)
}

async fn open_tandem(dir: &Path, address: SocketAddr, org: &Org) -> Result<App, Failure> {
    let app = Org::options();
    let config = defaults_with(&[
        ("server.data_dir", dir.join("tandem").display().to_string()),
        ("server.listen", address.to_string()),
        ("salesforce.client_id", app.client_id),
        ("salesforce.client_secret", app.client_secret),
        ("salesforce.login_url", org.url().to_owned()),
    ]);
    let config = config.map_err(|error| Failure::new(Kind::Failed, error.to_string()))?;
    Ok(runtime::open(config, None).await?)
}
