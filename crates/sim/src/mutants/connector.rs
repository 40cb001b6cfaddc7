//! The connector without one of its guards.

use super::{Guard, Without};
use crate::transport::Wire;
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tandem_core::Timestamp;
use tandem_core::connector::{
    Capabilities, Connector, ConnectorResult, CreateProbe, CrmUser, Deletions, DeletionsRequest,
    Failure, Lookup, OrgIdentity, OrgUsage, ProbeAnswer, PullRequest, Pulled, PulledPage, RollPage,
    RollRequest, WriteOp, WriteOutcome, WriteRequest,
};
use tandem_core::ids::{CrmId, CrmObject};
use tandem_core::record::CrmRecord;
use tandem_core::schema::ObjectSchema;
use tandem_core::value::Value;

/// A connector that lacks something; with everything in place it is the one inside.
pub(crate) struct Mutant {
    pub(crate) inner: Arc<dyn Connector>,
    pub(crate) without: Without,
    /// Every field that is mapped, by object, whether a request asks for it or not.
    pub(crate) mapped: Vec<(CrmObject, Vec<String>)>,
    /// Records that the deletion feed named and nobody looked for yet.
    pub(crate) named: Mutex<BTreeSet<CrmId>>,
    /// Set where the deletion feed is wrong: it names everything that is there.
    pub(crate) wrong_feed: Option<WrongFeed>,
}

/// A deletion feed that names records which are there, as one does that remembers what came back since. It does so
/// only where a second look shows them: two that are wrong at once prove anything.
pub(crate) struct WrongFeed {
    wire: Wire,
    read: Mutex<BTreeMap<CrmObject, BTreeSet<CrmId>>>,
}

impl WrongFeed {
    pub(crate) fn new(wire: Wire) -> Self {
        Self {
            wire,
            read: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<CrmObject, BTreeSet<CrmId>>> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, page: &PulledPage) {
        let mut read = self.lock();
        for record in &page.records {
            let of_object = read.entry(record.object.clone()).or_default();
            of_object.insert(record.id.clone());
        }
    }

    fn name_all(&self, request: &DeletionsRequest, deletions: &mut Deletions) {
        if self.wire.hides_nothing() {
            let read = self.lock();
            let read = read.get(&request.object).into_iter().flatten();
            deletions.ids.extend(read.cloned());
        }
    }
}

impl Mutant {
    fn requests(&self, requests: &[WriteRequest]) -> Vec<WriteRequest> {
        let mut requests = requests.to_vec();
        for request in &mut requests {
            if self.without.is(Guard::Conditional) {
                request.unmodified_since = None;
            }
            if let (true, WriteOp::Create { key }) =
                (self.without.is(Guard::CreateKey), &mut request.op)
            {
                *key = None;
            }
        }
        requests
    }

    fn outcome(&self, outcome: &mut WriteOutcome) {
        if let (true, WriteOutcome::Applied { before, .. }) =
            (self.without.is(Guard::Capture), outcome)
        {
            *before = None;
        }
    }

    fn record(&self, record: &mut CrmRecord) {
        let mapped = self
            .mapped
            .iter()
            .filter(|(object, _)| *object == record.object);
        if self.without.is(Guard::UnseenIsNoBlank) {
            for field in mapped.flat_map(|(_, fields)| fields) {
                record.fields.entry(field.clone()).or_insert(Value::Null);
            }
        }
    }
}

#[async_trait]
impl Connector for Mutant {
    fn capabilities(&self) -> Capabilities {
        let mut capabilities = self.inner.capabilities();
        if self.without.is(Guard::CreateHorizon) {
            capabilities.create_horizon_seconds = 0;
        }
        capabilities
    }

    fn label(&self) -> &'static str {
        self.inner.label()
    }

    fn record_url(&self, object: &CrmObject, id: &CrmId) -> String {
        self.inner.record_url(object, id)
    }

    async fn identify(&self) -> ConnectorResult<OrgIdentity> {
        self.inner.identify().await
    }

    async fn users(&self) -> ConnectorResult<Vec<CrmUser>> {
        self.inner.users().await
    }

    async fn describe(
        &self,
        objects: &[CrmObject],
    ) -> ConnectorResult<Vec<Result<ObjectSchema, Failure>>> {
        self.inner.describe(objects).await
    }

    async fn pull(&self, requests: &[PullRequest], now: Timestamp) -> ConnectorResult<Pulled> {
        let mut reply = self.inner.pull(requests, now).await?;
        for page in reply.value.pages.iter_mut().flatten() {
            page.records
                .iter_mut()
                .for_each(|record| self.record(record));
            if let Some(feed) = &self.wrong_feed {
                feed.remember(page);
            }
        }
        Ok(reply)
    }

    async fn read(
        &self,
        object: &CrmObject,
        ids: &[CrmId],
        fields: &[String],
        now: Timestamp,
    ) -> ConnectorResult<Vec<CrmRecord>> {
        let mut reply = self.inner.read(object, ids, fields, now).await?;
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        reply.value.retain(|record| !named.remove(&record.id));
        Ok(reply)
    }

    async fn deletions(
        &self,
        requests: &[DeletionsRequest],
        now: Timestamp,
    ) -> ConnectorResult<Vec<Result<Deletions, Failure>>> {
        let mut reply = self.inner.deletions(requests, now).await?;
        if let Some(feed) = &self.wrong_feed {
            for (request, part) in requests.iter().zip(&mut reply.value) {
                part.iter_mut()
                    .for_each(|part| feed.name_all(request, part));
            }
        }
        if self.without.is(Guard::SecondLook) {
            let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
            let parts = reply.value.iter().flatten();
            named.extend(parts.flat_map(|part| part.ids.iter().cloned()));
        }
        Ok(reply)
    }

    async fn roll(&self, request: &RollRequest) -> ConnectorResult<RollPage> {
        self.inner.roll(request).await
    }

    async fn write(
        &self,
        object: &CrmObject,
        requests: &[WriteRequest],
        read_back: &[String],
        now: Timestamp,
    ) -> ConnectorResult<Vec<WriteOutcome>> {
        let requests = self.requests(requests);
        let mut reply = self.inner.write(object, &requests, read_back, now).await?;
        reply
            .value
            .iter_mut()
            .for_each(|outcome| self.outcome(outcome));
        Ok(reply)
    }

    async fn find(
        &self,
        object: &CrmObject,
        lookups: &[Lookup],
        fields: &[String],
        now: Timestamp,
    ) -> ConnectorResult<Vec<CrmRecord>> {
        self.inner.find(object, lookups, fields, now).await
    }

    async fn probe(
        &self,
        object: &CrmObject,
        probes: &[CreateProbe],
        fields: &[String],
        now: Timestamp,
    ) -> ConnectorResult<Vec<ProbeAnswer>> {
        let mut reply = self.inner.probe(object, probes, fields, now).await?;
        if self.without.is(Guard::Probe) {
            reply.value.fill(ProbeAnswer::Absent);
        }
        Ok(reply)
    }

    async fn limits(&self) -> ConnectorResult<OrgUsage> {
        self.inner.limits().await
    }
}
