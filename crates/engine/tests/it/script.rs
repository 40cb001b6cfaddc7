//! A CRM that answers what a case told it, in order, and remembers what it was asked.

use async_trait::async_trait;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tandem_core::Timestamp;
use tandem_core::connector::{
    CallsMax, Capabilities, Connector, ConnectorError, ConnectorResult, CreateProbe, CrmUser,
    Deletions, DeletionsRequest, Failure, Lookup, OrgIdentity, OrgUsage, ProbeAnswer, PullRequest,
    Pulled, PulledPage, Reply, RollPage, RollRequest, WriteOutcome, WriteRequest,
};
use tandem_core::error::ErrorClass;
use tandem_core::ids::{CrmId, CrmObject};
use tandem_core::record::CrmRecord;
use tandem_core::schema::ObjectSchema;

/// Updates that this CRM makes conditional in one request.
pub(crate) const CONDITIONAL_RECORDS_MAX: usize = 1;
/// How long after it was sent a create may still appear here, in seconds.
pub(crate) const CREATE_HORIZON_SECONDS: u32 = 600;

/// One request that reached the CRM.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Asked {
    Pull(Vec<PullRequest>),
    Write(Vec<WriteRequest>),
    Read(Vec<CrmId>),
    Find(Vec<Lookup>),
    Probe(Vec<CreateProbe>),
    Deletions(Vec<DeletionsRequest>),
    Roll(RollRequest),
    Limits(()),
}

/// One answer that a case prepared.
#[derive(Debug)]
pub(crate) enum Answer {
    Pull(Vec<Result<PulledPage, Failure>>),
    Write(Vec<WriteOutcome>),
    Read(Vec<CrmRecord>),
    Find(Vec<CrmRecord>),
    Probe(Vec<ProbeAnswer>),
    Deletions(Vec<Result<Deletions, Failure>>),
    Roll(RollPage),
    Limits(OrgUsage),
    /// The whole request fails.
    Failure(Failure),
}

/// The scripted CRM. Asked without a prepared answer of the right kind, it panics with the question.
#[derive(Debug, Default)]
pub(crate) struct Script {
    answers: Mutex<VecDeque<Answer>>,
    schemas: Mutex<Vec<ObjectSchema>>,
    asked: Mutex<Vec<Asked>>,
}

impl Script {
    /// The next request is answered like this.
    pub(crate) fn will(&self, answer: Answer) {
        lock(&self.answers).push_back(answer);
    }

    /// The next answered pull brings these schemas along.
    pub(crate) fn will_describe(&self, schemas: Vec<ObjectSchema>) {
        *lock(&self.schemas) = schemas;
    }

    /// The next request fails for this reason.
    pub(crate) fn will_fail(&self, class: ErrorClass) {
        self.will(Answer::Failure(Failure::new(class, "the CRM's words")));
    }

    /// What it was asked since the last call.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut *lock(&self.asked))
    }

    /// Notes the request and takes the prepared answer; every request costs one call.
    fn take<T>(
        &self,
        asked: Asked,
        pick: impl FnOnce(Answer) -> Result<T, Answer>,
    ) -> ConnectorResult<T> {
        let question = format!("{asked:?}");
        lock(&self.asked).push(asked);
        let answer = lock(&self.answers).pop_front();
        let (calls, lost, usage) = (1, 0, None);
        match answer {
            Some(Answer::Failure(failure)) => Err(ConnectorError {
                lost: u32::from(failure.class == ErrorClass::AnswerLost),
                failure,
                calls,
            }),
            Some(answer) => match pick(answer) {
                Ok(value) => Ok(Reply {
                    value,
                    calls,
                    lost,
                    usage,
                }),
                Err(other) => panic!("{question} would be answered by {other:?}"),
            },
            None => panic!("nobody told what to answer to {question}"),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

macro_rules! take {
    ($script:ident, $kind:ident, $asked:expr) => {
        $script.take(Asked::$kind($asked), |answer| match answer {
            Answer::$kind(value) => Ok(value),
            other => Err(other),
        })
    };
}

#[async_trait]
impl Connector for Script {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            pull_requests_max: 5,
            write_records_max: 100,
            conditional_records_max: CONDITIONAL_RECORDS_MAX,
            read_ids_max: 100,
            deletions_requests_max: 5,
            create_horizon_seconds: CREATE_HORIZON_SECONDS,
            calls_max: CallsMax {
                identify: 1,
                users: 1,
                describe: 1,
                pull: 1,
                read: 1,
                deletions: 1,
                roll: 1,
                write: 2,
                find: 1,
                probe: 1,
                limits: 1,
            },
        }
    }

    fn label(&self) -> &'static str {
        "Script"
    }

    fn record_url(&self, object: &CrmObject, id: &CrmId) -> String {
        format!("https://crm.example/{object}/{id}")
    }

    async fn identify(&self) -> ConnectorResult<OrgIdentity> {
        panic!("no step asks who we are")
    }

    async fn users(&self) -> ConnectorResult<Vec<CrmUser>> {
        panic!("no step asks for users")
    }

    async fn describe(
        &self,
        _: &[CrmObject],
    ) -> ConnectorResult<Vec<Result<ObjectSchema, Failure>>> {
        panic!("no step reads the schema")
    }

    async fn pull(&self, requests: &[PullRequest], _: Timestamp) -> ConnectorResult<Pulled> {
        let reply = take!(self, Pull, requests.to_vec())?;
        Ok(Reply {
            value: Pulled {
                pages: reply.value,
                schemas: std::mem::take(&mut *lock(&self.schemas)),
            },
            calls: reply.calls,
            lost: reply.lost,
            usage: reply.usage,
        })
    }

    async fn read(
        &self,
        _: &CrmObject,
        ids: &[CrmId],
        _: &[String],
        _: Timestamp,
    ) -> ConnectorResult<Vec<CrmRecord>> {
        take!(self, Read, ids.to_vec())
    }

    async fn write(
        &self,
        _: &CrmObject,
        requests: &[WriteRequest],
        _: &[String],
        _: Timestamp,
    ) -> ConnectorResult<Vec<WriteOutcome>> {
        take!(self, Write, requests.to_vec())
    }

    async fn find(
        &self,
        _: &CrmObject,
        lookups: &[Lookup],
        _: &[String],
        _: Timestamp,
    ) -> ConnectorResult<Vec<CrmRecord>> {
        take!(self, Find, lookups.to_vec())
    }

    async fn probe(
        &self,
        _: &CrmObject,
        probes: &[CreateProbe],
        _: &[String],
        _: Timestamp,
    ) -> ConnectorResult<Vec<ProbeAnswer>> {
        take!(self, Probe, probes.to_vec())
    }

    async fn deletions(
        &self,
        requests: &[DeletionsRequest],
        _: Timestamp,
    ) -> ConnectorResult<Vec<Result<Deletions, Failure>>> {
        take!(self, Deletions, requests.to_vec())
    }

    async fn roll(&self, request: &RollRequest) -> ConnectorResult<RollPage> {
        take!(self, Roll, request.clone())
    }

    async fn limits(&self) -> ConnectorResult<OrgUsage> {
        take!(self, Limits, ())
    }
}
