//! The budget around a request, and what a failed request means for the connection.

use crate::{Engine, StepResult, Tick};
use tandem_core::budget::Spent;
use tandem_core::connector::{ConnectorResult, Failure, OrgUsage, Reply};
use tandem_core::error::{Directive, ErrorClass};
use tandem_core::ids::ReservationId;
use tandem_core::link::Lane;
use tandem_core::record::{CrmRecord, Look};
use tandem_core::settings::ConnectionState;
use tandem_core::sync_log::{LogDraft, LogError, LogSource, LogStatus, LogType};

/// A request's answer once it is accounted for.
pub(crate) struct Accounted<T> {
    pub(crate) answer: Result<T, Failure>,
    pub(crate) receipt: Receipt,
}

/// What the books say of a request. The default is of one that was not made.
#[derive(Clone, Copy, Default)]
pub(crate) struct Receipt {
    /// API calls spent.
    pub(crate) calls: u32,
    /// When it was made, among all others: the order of whatever it showed.
    pub(crate) look: Look,
}

impl Receipt {
    /// What a request showed, with the look that showed it.
    pub(crate) fn seen(self, records: Vec<CrmRecord>) -> Vec<CrmRecord> {
        let look = self.look;
        let records = records.into_iter();
        records.map(|record| CrmRecord { look, ..record }).collect()
    }
}

impl Engine {
    /// Takes a slice of the budget, or says why not.
    pub(crate) async fn reserve(
        &self,
        calls: u32,
        lane: Lane,
        tick: Tick,
    ) -> StepResult<Result<ReservationId, String>> {
        self.store
            .reserve_calls(self.team, calls, lane, tick.now)
            .await
    }

    /// Asks the org for its own count, where what is known of it is too old to refuse upon; the calls
    /// spent, or `None` if it need not or may not be asked.
    pub(crate) async fn ask_allowance(&self, tick: Tick) -> StepResult<Option<u32>> {
        let reserved = self.store.reserve_question(self.team, tick.now).await?;
        let Some(reservation) = reserved else {
            return Ok(None);
        };
        let result = self.connector.limits().await.map(|reply| Reply {
            usage: Some(reply.value),
            ..reply
        });
        let accounted = self
            .account(reservation, result, self.answered(tick))
            .await?;
        Ok(Some(accounted.receipt.calls))
    }

    /// Accounts for a request, and closes the connection where its failure says so.
    pub(crate) async fn account<T>(
        &self,
        reservation: ReservationId,
        result: ConnectorResult<T>,
        tick: Tick,
    ) -> StepResult<Accounted<T>> {
        let (answer, spent) = spent(result);
        let last = self
            .store
            .spend_calls(self.team, reservation, spent, tick.now)
            .await?;
        if let Err(failure) = &answer
            && failure.class.directive() == Directive::PauseConnection
        {
            self.lose_connection(failure, tick).await?;
        }
        let look = Look {
            began: reservation,
            ended: last,
        };
        let calls = spent.calls;
        Ok(Accounted {
            answer,
            receipt: Receipt { calls, look },
        })
    }

    async fn lose_connection(&self, failure: &Failure, tick: Tick) -> StepResult<()> {
        let state = ConnectionState::Lost {
            code: failure.class.code().to_owned(),
            message: failure.message.clone(),
            since: tick.now,
        };
        let summary = format!("{}; everything waits in the queue", failure.class.title());
        let entry = system_entry(summary, failure, tick);
        self.store
            .set_connection_state(self.team, state, Some(entry))
            .await
    }
}

/// A result apart from what it cost.
pub fn spent<T>(result: ConnectorResult<T>) -> (Result<T, Failure>, Spent) {
    match result {
        Ok(reply) => {
            let spent = Spent {
                calls: reply.calls,
                lost: reply.lost,
                usage: reply.usage,
            };
            (Ok(reply.value), spent)
        }
        Err(error) => {
            let spent = Spent {
                calls: error.calls,
                lost: error.lost,
                usage: exhausted(&error.failure),
            };
            (Err(error.failure), spent)
        }
    }
}

/// An org that refuses for its daily limit has none left, whatever it said before.
fn exhausted(failure: &Failure) -> Option<OrgUsage> {
    (failure.class == ErrorClass::ApiLimit).then_some(OrgUsage::NONE_LEFT)
}

/// A failed entry that is about no record.
pub(crate) fn system_entry(summary: String, failure: &Failure, tick: Tick) -> LogDraft {
    let mut entry = LogDraft::new(tick.now, LogSource::Tandem, LogType::System, summary);
    entry.status = LogStatus::Failed;
    entry.error = Some(LogError {
        class: failure.class,
        code: failure.code.clone(),
        message: failure.message.clone(),
        fields: failure.fields.clone(),
    });
    entry
}
