//! The two houses of the demo, running: the org and Tandem, and the person between them.

use super::browser::Browser;
use super::memory::Memory;
use super::org::Org;
use super::progress::Progress;
use crate::app::App;
use crate::cli::Failure;
use crate::cli::failure::Kind;
use crate::config::defaults_with;
use crate::runtime::{self, ServeError, Serving};
use secrecy::SecretString;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

/// How long to wait for the org's port: a process that was killed a moment ago may still be on its way
/// out.
const PORT_LONGEST: Duration = Duration::from_secs(5);
/// Nobody waits long for the end of a demo.
const GRACE_SECONDS: &str = "3";

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
    pub(super) async fn set(dir: &Path, port: u16, progress: &Progress) -> Result<Self, Failure> {
        // What can be refused at once, before the long work.
        let known = Memory::find(dir)?;
        let listener = take_port(port).await?;
        let resumed = known.is_some();
        progress.step(if resumed {
            "Open the sandbox org"
        } else {
            "Make a sandbox org"
        });
        let (org, memory) = match known {
            Some(memory) => (open_again(dir, &memory).await?, memory),
            None => {
                let org = Org::open(dir.join("org.state"), 0, 0).await?;
                let memory = Memory::keep(dir, &org)?;
                (org, memory)
            }
        };
        progress.step("Start Tandem");
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
        self.org.stop().await;
    }
}

/// Takes the port of Tandem's pages.
async fn take_port(port: u16) -> Result<TcpListener, Failure> {
    match runtime::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await {
        Err(ServeError::InUse(address)) => Err(Failure::new(
            Kind::PortInUse,
            format!(
                "{address} is in use by another program: stop it, or choose another port with \
                 --port (0 takes a free one)"
            ),
        )),
        other => Ok(other?),
    }
}

/// Opens the org at the address that it had.
async fn open_again(dir: &Path, memory: &Memory) -> Result<Org, Failure> {
    let deadline = Instant::now() + PORT_LONGEST;
    loop {
        let state = dir.join("org.state");
        match Org::open(state, memory.org_port, memory.control_port).await {
            Err(failure) if failure.kind() == Kind::PortInUse => {
                if Instant::now() > deadline {
                    let text = format!(
                        "the org of {} lives at the ports {} and {} of 127.0.0.1, and another \
                         program uses one of them: is the demo still running?",
                        dir.display(),
                        memory.org_port,
                        memory.control_port
                    );
                    return Err(Failure::new(Kind::PortInUse, text));
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            other => return other,
        }
    }
}

async fn open_tandem(dir: &Path, address: SocketAddr, org: &Org) -> Result<App, Failure> {
    let app = Org::options();
    let config = defaults_with(&[
        ("server.data_dir", dir.join("tandem").display().to_string()),
        ("server.listen", address.to_string()),
        ("server.shutdown_grace_seconds", GRACE_SECONDS.into()),
        ("salesforce.client_id", app.client_id),
        ("salesforce.client_secret", app.client_secret),
        ("salesforce.login_url", org.url().to_owned()),
    ]);
    let config = config.map_err(|error| Failure::new(Kind::Failed, error.to_string()))?;
    Ok(runtime::open(config, None).await?)
}
