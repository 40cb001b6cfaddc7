//! Everything goes wrong: what may happen at any moment of a run, and how often.

use crate::quarrel::Program;
use crate::transport::FaultMix;
use crate::{Broken, Run, WORKERS, setup};
use tandem_core::write::{IntentState, WriteIntent};
use tandem_engine::LEASE_SECONDS;
use tandem_sandbox::faults::FaultAction;

/// Steps of the scheduler while things go wrong.
const STORMY_STEPS: usize = 1_500;
/// Longest time that a request is held, in seconds: the platform gives up after ten minutes.
const HELD_SECONDS_MAX: i64 = 560;

impl Run<'_> {
    /// Everything goes wrong.
    pub(super) fn storm(&mut self) -> Result<(), Broken> {
        let upto = |most| self.dice.below(most);
        self.wire.set_mix(FaultMix {
            lost_before: upto(6),
            lost_after: upto(10),
            unavailable: upto(4),
            garbage: upto(3),
            held: upto(12),
            throttled: upto(3),
            hidden: upto(30),
        });
        for _ in 0..STORMY_STEPS {
            self.something_happens();
            self.check_step()?;
        }
        Ok(())
    }

    fn something_happens(&mut self) {
        match self.dice.below(1_000) {
            0..60 => {
                let act = self.people.act();
                self.told(|| act);
                self.report.acts += 1;
            }
            60..66 => self.crash_one(),
            66..70 => self.strike(&FaultAction::ExpireAccessTokens),
            70..76 => self.strike(&FaultAction::LockRows {
                record_id: None,
                times: 1 + u32::try_from(self.dice.below(3)).unwrap_or(0),
            }),
            76..84 => {
                self.wire.release_one();
            }
            84..150 => {
                self.pass_time();
                self.program_acts();
            }
            153..156 => self.set_clock(),
            156..162 if self.seed % 16 == 10 => self.stall.announce(),
            150..153 => {
                let act = self.admin.act(self.clock.now());
                self.told(|| act);
                if self.admin.hides_accounts() {
                    self.wire.hide_accounts();
                }
            }
            _ => {
                let worker = self.dice.below(WORKERS);
                if !self.stall.holds(worker) {
                    let _ = self.workers[worker].task.step();
                    self.stop(worker);
                }
            }
        }
    }

    /// A process that writes, perhaps, is stopped until all that it claimed is over.
    fn stop(&mut self, worker: usize) {
        if !self.stall.is_near() || !self.wire.is_quiet() {
            return;
        }
        let sends = |intent: &WriteIntent| intent.state == IntentState::Sending;
        let sending = self
            .store
            .inspect(self.team, |view| view.intents().any(sends));
        if sending.unwrap_or_default() {
            self.stall.begin(&self.dice, worker);
            self.told(|| format!("worker {worker} is stopped for a while"));
            self.pass(i64::from(LEASE_SECONDS) * 1_000);
        }
    }

    /// A program of the workspace looks whether everything is as it wants it.
    pub(super) fn program_acts(&mut self) {
        if let Some(done) = self.program.as_ref().and_then(Program::act) {
            self.told(|| done);
        }
    }

    fn strike(&self, action: &FaultAction) {
        self.sandbox
            .strike(action)
            .expect("the fault is well formed");
    }

    /// Somebody sets our machines' clock wrong, or right again.
    fn set_clock(&mut self) {
        let seconds = if self.dice.percent(50) {
            0
        } else {
            self.clock_step
        };
        self.clock.set_wrong(seconds);
        self.told(|| format!("our clock is {seconds} s fast"));
    }

    fn pass_time(&self) {
        let seconds = match self.dice.below(20) {
            0 => self.dice.below(240),
            1..5 => self.dice.below(40),
            _ => self.dice.below(4),
        };
        let milliseconds = seconds * 1_000 + self.dice.below(1_000);
        self.pass(i64::try_from(milliseconds).unwrap_or(0));
    }

    fn pass(&self, milliseconds: i64) {
        self.clock.advance_ms(milliseconds);
        let longest = jiff::SignedDuration::from_secs(HELD_SECONDS_MAX);
        self.wire.release_before(self.clock.right() - longest);
        setup::tell_time(&self.sandbox, &self.clock);
    }

    fn crash_one(&mut self) {
        let number = self.dice.below(WORKERS);
        self.workers[number] = self.start_worker(number);
        self.told(|| format!("worker {number} crashes"));
        self.report.crashes += 1;
    }
}
