//! `tandem serve` as a process that can be killed and started again on the same data directory and port.

use crate::org::Org;
use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tandem_server::demo::browser::Browser;
use tandem_server::runtime::Operator;
use tokio::time::sleep;

/// Longest time from start to the first answer.
const START_LONGEST: Duration = Duration::from_secs(60);
/// How often it is looked whether it is up.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// Ports are taken from below those that systems give to outgoing connections, or one of those could be in the way
/// when the server comes back.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// Where a server lives, whether it runs or not.
pub(crate) struct Server {
    tandem: PathBuf,
    dir: PathBuf,
    port: u16,
    environment: Vec<(&'static str, String)>,
    life: Option<Child>,
}

impl Server {
    /// A place for a server that is connected to this org; it does not run yet.
    ///
    /// # Errors
    /// No port is free.
    pub(crate) fn place(tandem: &Path, dir: &Path, org: &Org) -> Result<Self> {
        let port = free_port()?;
        let of_org = |name| org.credential(name).to_owned();
        let environment = vec![
            (
                "TANDEM_SERVER__DATA_DIR",
                dir.join("data").display().to_string(),
            ),
            ("TANDEM_SERVER__LISTEN", format!("127.0.0.1:{port}")),
            ("TANDEM_SALESFORCE__CLIENT_ID", of_org("client_id")),
            ("TANDEM_SALESFORCE__CLIENT_SECRET", of_org("client_secret")),
            ("TANDEM_SALESFORCE__LOGIN_URL", of_org("url")),
        ];
        Ok(Self {
            tandem: tandem.to_owned(),
            dir: dir.to_owned(),
            port,
            environment,
            life: None,
        })
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.tandem);
        command
            .current_dir(&self.dir)
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::null());
        command
    }

    /// Starts the process and does not wait for it.
    ///
    /// # Errors
    /// The program does not start.
    pub(crate) fn start(&mut self) -> Result<()> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.dir.join("tandem.log"))?;
        let mut command = self.command();
        command.arg("serve").stdout(log.try_clone()?).stderr(log);
        self.life = Some(command.spawn().context("the server does not start")?);
        Ok(())
    }

    /// Waits until it answers; how long that took.
    ///
    /// # Errors
    /// It ended by itself, or does not answer.
    pub(crate) async fn ready(&mut self, browser: &Browser) -> Result<Duration> {
        let began = Instant::now();
        while !self.answers(browser).await {
            self.alive()?;
            if began.elapsed() > START_LONGEST {
                bail!(
                    "the server does not answer {} s after its start",
                    START_LONGEST.as_secs()
                );
            }
            sleep(LOOK_EVERY).await;
        }
        Ok(began.elapsed())
    }

    async fn answers(&self, browser: &Browser) -> bool {
        let asked = browser.call(http::Method::GET, "/readyz", &serde_json::Value::Null);
        asked.await.is_ok()
    }

    /// Fails if the process ended by itself.
    ///
    /// # Errors
    /// It did.
    pub(crate) fn alive(&mut self) -> Result<()> {
        let ended = self.life.as_mut().map(Child::try_wait).transpose()?;
        if let Some(Some(status)) = ended {
            bail!("the server ended by itself: {status}; see tandem.log");
        }
        Ok(())
    }

    /// `kill -9`, and waits until the system has cleared it away.
    ///
    /// # Errors
    /// It had ended by itself before.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.alive()?;
        if let Some(mut life) = self.life.take() {
            life.kill().context("the server can't be killed")?;
            life.wait()?;
        }
        Ok(())
    }

    /// Asks it to end, as a service manager does, and waits.
    ///
    /// # Errors
    /// It ended with an error.
    pub(crate) fn stop(&mut self) -> Result<()> {
        let Some(mut life) = self.life.take() else {
            return Ok(());
        };
        let pid = life.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status()?;
        good("the server", life.wait()?)
    }

    /// What a command of the operator prints as JSON, while the server runs or not.
    ///
    /// # Errors
    /// It failed; in its own words.
    pub(crate) fn command_line(&self, arguments: &[&str]) -> Result<Value> {
        let output = self.command().args(arguments).arg("--json").output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        good(&format!("tandem {}", arguments.join(" ")), output.status).context(said)?;
        serde_json::from_slice(&output.stdout).context("the command did not print JSON")
    }

    /// A program that comes in as the operator does.
    ///
    /// # Errors
    /// The server left no token.
    pub(crate) fn program(&self) -> Result<Browser> {
        let operator = Operator::find(&self.dir.join("data")).context("the operator's token")?;
        Ok(Browser::operator(self.url(), &operator.token)?)
    }

    /// `tandem doctor` while the server is down: among others, whether the database is sound.
    ///
    /// # Errors
    /// Something is wrong; in the doctor's words.
    pub(crate) fn examine(&self) -> Result<()> {
        let output = self.command().args(["doctor"]).output()?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        good("the doctor", output.status).context(said)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut life) = self.life.take() {
            // It may have ended by itself.
            let _ended = life.kill();
            let _reaped = life.wait();
        }
    }
}

fn good(what: &str, status: ExitStatus) -> Result<()> {
    if status.success() {
        return Ok(());
    }
    bail!("{what} ended with {status}")
}

fn free_port() -> Result<u16> {
    for _ in 0..100 {
        let port = rand::random_range(PORTS);
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no port between {} and {} is free", PORTS.start, PORTS.end)
}
