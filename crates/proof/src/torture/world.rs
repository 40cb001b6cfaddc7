//! One world: an org, a server on an empty data directory, people, and kills at drawn moments.

use super::book::Side;
use super::people::People;
use super::report::{Moment, Report};
use super::weather;
use crate::dice::Dice;
use crate::org::{Org, Others};
use crate::server::Server;
use anyhow::{Context as _, Result};
use http::Method;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;
use tandem_server::demo::acts;
use tandem_server::demo::browser::Browser;
use tandem_server::demo::mapping;
use tokio::time::{Instant, sleep, timeout_at};

/// Kills before anything is set up: the file is made, migrated, the key written.
const EMPTY_KILLS: usize = 3;
/// Kills from the first start with a connection on, before the first import may come to its end.
const IMPORT_KILLS: u64 = 8;
/// Longest time that the first import may take.
const IMPORT_LONGEST: Duration = Duration::from_secs(30);
/// Longest time that the server works between start and kill.
const WORK_MILLIS: usize = 350;
/// Longest time that is waited for rest before a kill at rest.
const REST_LONGEST: Duration = Duration::from_secs(3);
/// Longest pause between two acts of people.
const PAUSE_MILLIS: usize = 12;
/// After so many kills people look at the lists again.
const LOOK_AGAIN: usize = 20;

/// Everything of one world.
pub(super) struct World {
    pub(super) org: Org,
    pub(super) server: Server,
    pub(super) browser: Browser,
    pub(super) people: People,
    pub(super) report: Report,
    /// What of merges and deletions is followed here.
    mirroring: Value,
    /// How long a start took last, in milliseconds.
    start_millis: usize,
}

impl World {
    pub(super) fn make(tandem: &Path, dir: &Path, leads: usize, seed: u64) -> Result<Self> {
        let org = Org::start(tandem, dir, leads, Others::InProportion, seed)?;
        let server = Server::place(tandem, dir, &org)?;
        let browser = Browser::new(server.url())?;
        let mut dice = Dice::new(seed);
        let mirroring = json!({
            "recognize_merges": dice.percent(60),
            "recognize_deletions": dice.percent(60),
        });
        Ok(Self {
            people: People::new(dice, seed),
            org,
            server,
            browser,
            report: Report::default(),
            mirroring,
            start_millis: 50,
        })
    }

    /// Lives and is killed so many times, from the empty directory on.
    pub(super) async fn torment(&mut self, kills: usize) -> Result<()> {
        self.people.look_there(&self.org).await?;
        for _ in 0..EMPTY_KILLS.min(kills) {
            self.die_at_start(Moment::Empty).await?;
        }
        self.set_up().await?;
        let import_kills = self.report.kills() + IMPORT_KILLS;
        while self.report.kills() < kills as u64 {
            let kill = self.report.kills();
            let life = match kill == import_kills {
                true => self.import().await,
                false => self.live().await,
            };
            life.with_context(|| format!("kill {kill}"))?;
        }
        Ok(())
    }

    /// The first import comes to its end, or far: bad weather may hold a few records up for minutes.
    async fn import(&mut self) -> Result<()> {
        self.begin().await?;
        let _busy = acts::read_once(&self.browser, IMPORT_LONGEST, |_| ()).await;
        self.server.alive()?;
        self.people.look_here(&self.browser).await?;
        self.kill(Moment::Rest)
    }

    /// A person sets Tandem up, connects, maps, turns sync on, and is killed in the first import.
    async fn set_up(&mut self) -> Result<()> {
        self.begin().await?;
        self.set_up_here().await?;
        let wait = self.people.dice.below(WORK_MILLIS);
        sleep(Duration::from_millis(wait as u64)).await;
        self.kill(Moment::Import)
    }

    async fn set_up_here(&mut self) -> Result<(), tandem_server::cli::Failure> {
        let password = SecretString::from("correct-horse-battery");
        self.browser.sign_in(&password).await?;
        let (name, password) = (
            self.org.credential("username"),
            self.org.credential("password"),
        );
        self.browser.connect(name, password).await?;
        mapping::publish(&self.browser).await?;
        let every_minute = json!({"Account": 60, "Lead": 60, "Contact": 60, "Opportunity": 60});
        let put = async |path: &str, body: &Value| self.browser.call(Method::PUT, path, body).await;
        put("/api/admin/sync/frequencies", &every_minute).await?;
        put("/api/admin/sync/mirroring", &self.mirroring).await?;
        put("/api/admin/sync/enabled", &json!({"enabled": true})).await?;
        Ok(())
    }

    /// Starts the server and waits for its first answer.
    pub(super) async fn begin(&mut self) -> Result<()> {
        self.server.start()?;
        let took = self.server.ready(&self.browser).await?;
        self.start_millis = usize::try_from(took.as_millis()).unwrap_or(usize::MAX);
        self.report.starts_millis.push(took.as_millis() as u64);
        Ok(())
    }

    fn kill(&mut self, moment: Moment) -> Result<()> {
        self.server.kill()?;
        self.report.killed(moment);
        Ok(())
    }

    /// One life of the server, up to its violent end.
    async fn live(&mut self) -> Result<()> {
        weather::change(&self.org, &mut self.people.dice).await?;
        for _ in 0..self.people.dice.below(3) {
            self.people.act_there(&self.org).await?;
        }
        match self.people.dice.below(100) {
            0..25 => self.die_at_start(Moment::Start).await,
            25..65 => self.die_at_work().await,
            65..95 => self.die_after_an_edit().await,
            _ => self.die_at_rest().await,
        }
    }

    async fn die_at_start(&mut self, moment: Moment) -> Result<()> {
        let millis = self.people.dice.below(self.start_millis * 6 / 5 + 5);
        let end = Instant::now() + Duration::from_millis(millis as u64);
        self.server.start()?;
        while Instant::now() < end {
            let left = end.saturating_duration_since(Instant::now());
            sleep(left.min(Duration::from_millis(7))).await;
            if moment == Moment::Start && self.people.dice.percent(30) {
                self.people.act_there(&self.org).await?;
            }
        }
        self.kill(moment)
    }

    async fn die_at_work(&mut self) -> Result<()> {
        self.begin().await?;
        let millis = self.people.dice.below(WORK_MILLIS);
        let end = Instant::now() + Duration::from_millis(millis as u64);
        // Whatever is under way then is left in the middle.
        match timeout_at(end, self.work()).await {
            Ok(Err(error)) => Err(error),
            _ => self.kill(Moment::Work),
        }
    }

    /// People at work until the end.
    async fn work(&mut self) -> Result<()> {
        let look = self.report.kills().is_multiple_of(LOOK_AGAIN as u64);
        if look || !self.people.know_records() {
            self.people.look_there(&self.org).await?;
            // Whoever can't see the list works with the one of before.
            let _old = self.people.look_here(&self.browser).await;
        }
        if self.people.dice.percent(50) {
            self.read_now().await;
        }
        loop {
            self.people.act(&self.org, &self.browser).await?;
            let pause = self.people.dice.below(PAUSE_MILLIS);
            sleep(Duration::from_millis(pause as u64)).await;
        }
    }

    async fn read_now(&self) {
        let path = "/api/admin/sync/now";
        // A wish that is not heard is no promise.
        let _unheard = self.browser.call(Method::POST, path, &Value::Null).await;
    }

    /// The answer that an edit is stored is the last that this life gives.
    async fn die_after_an_edit(&mut self) -> Result<()> {
        self.begin().await?;
        for _ in 0..=self.people.dice.below(4) {
            self.people.act_here(&self.browser).await;
        }
        self.kill(Moment::AfterEdit)
    }

    async fn die_at_rest(&mut self) -> Result<()> {
        self.begin().await?;
        // Bad weather may keep it busy longer; then it is killed at that.
        let _busy = acts::settled(&self.browser, REST_LONGEST).await;
        self.kill(Moment::Rest)
    }

    /// Takes down what people did.
    pub(super) fn sum_up(&mut self) {
        let book = &self.people.book;
        self.report.edits_here = book.edits(Side::Workspace);
        self.report.edits_there = book.edits(Side::Crm);
        self.report.tidied = self.people.tidied;
        for made in book.made() {
            self.report.made(made.side == Side::Workspace, made.told);
        }
    }
}
