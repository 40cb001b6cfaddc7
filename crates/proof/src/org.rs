//! The sandbox org as a process of its own, which is never killed while somebody works with it.

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use http::Request;
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tandem_connectors::http::{HttpLimits, ReqwestTransport, Transport as _};
use tandem_server::cli::Failure;

/// Records of one page of a dump.
const DUMPED: usize = 5_000;

/// Records of an org beside its leads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Others {
    /// As many as an org of that size has.
    InProportion,
    /// One of each.
    Few,
}

/// An org that runs.
pub(crate) struct Org {
    process: Child,
    credentials: Value,
    http: ReqwestTransport,
}

impl Org {
    /// Starts one that has invented so many leads; its log goes to the directory.
    ///
    /// # Errors
    /// The program does not start, or says something else than an org does.
    pub(crate) fn start(
        tandem: &Path,
        dir: &Path,
        leads: usize,
        others: Others,
        seed: u64,
    ) -> Result<Self> {
        let log = File::create(dir.join("org.log")).context("the log of the org")?;
        let mut command = Command::new(tandem);
        // The budget is proved elsewhere; here nothing may wait for the next day.
        command.args(["sandbox", "--json", "--call-limit", "100000000"]);
        command.args(["--seed-size", &leads.to_string()]);
        command.args(["--seed", &seed.to_string()]);
        if others == Others::Few {
            command.args(["--contacts", "1", "--accounts", "1", "--opportunities", "1"]);
        }
        let process = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .with_context(|| format!("{} does not start", tandem.display()))?;
        let mut org = Self {
            process,
            credentials: Value::Null,
            http: ReqwestTransport::new(HttpLimits::default())?,
        };
        let output = org.process.stdout.take().context("no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        org.credentials = serde_json::from_str(&line).context("the org did not start")?;
        Ok(org)
    }

    /// `url`, `username`, `password`, `client_id`, `client_secret`.
    pub(crate) fn credential(&self, name: &str) -> &str {
        let found = self.credentials["salesforce"][name].as_str();
        found.unwrap_or_default()
    }

    /// Does what a person or a fault inside the org would, through its control API.
    ///
    /// # Errors
    /// The refusal, in the control API's words.
    pub(crate) async fn steer(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let base = self.credentials["control"]["url"].as_str();
        let body = match body {
            Value::Null => Bytes::new(),
            body => Bytes::from(body.to_string()),
        };
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", base.unwrap_or_default()))
            .body(body)?;
        let answer = self.http.send(request).await?;
        let said: Value = serde_json::from_slice(answer.body())?;
        if !answer.status().is_success() {
            bail!("the org refused {method} {path}: {said}");
        }
        Ok(said)
    }

    /// All records of an object, in the order of their ids.
    ///
    /// # Errors
    /// As [`Org::steer`].
    pub(crate) async fn dump(&self, object: &str) -> Result<Vec<Value>, Failure> {
        self.records(object, "").await
    }

    /// The records of an object that are in the recycle bin.
    ///
    /// # Errors
    /// As [`Org::steer`].
    pub(crate) async fn bin(&self, object: &str) -> Result<Vec<Value>, Failure> {
        let mut all = self.records(object, "&deleted=true").await?;
        all.retain(|record| record["IsDeleted"] == true);
        Ok(all)
    }

    async fn records(&self, object: &str, which: &str) -> Result<Vec<Value>, Failure> {
        let mut records: Vec<Value> = Vec::new();
        loop {
            let last = records.last().and_then(|record| record["Id"].as_str());
            let after = last.map_or_else(String::new, |id| format!("&after={id}"));
            let path = format!("/control/records/{object}?limit={DUMPED}{which}{after}");
            let dump = self.steer("GET", &path, &Value::Null).await;
            let mut dump = dump.map_err(std::io::Error::other)?;
            let Value::Array(page) = dump["records"].take() else {
                return Ok(records);
            };
            let last = page.len() < DUMPED;
            records.extend(page);
            if last {
                return Ok(records);
            }
        }
    }
}

impl Drop for Org {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.process.kill();
        let _reaped = self.process.wait();
    }
}
