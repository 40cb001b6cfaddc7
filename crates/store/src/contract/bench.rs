//! A store with one team and short words for the steps, so that a case reads as a story.

use super::Subject;
use super::samples::{at, create, fields, keep, object, rules, user};
use std::collections::BTreeMap;
use std::sync::Arc;
use tandem_core::Timestamp;
use tandem_core::connector::{Next, PageToken, Watermark};
use tandem_core::ids::{CrmId, IntentId, LinkId, LogId, RecordId, TeamId};
use tandem_core::link::{Lane, Lanes, RecordLink};
use tandem_core::mapping::PairRules;
use tandem_core::reconcile::{Decision, external_key};
use tandem_core::record::{CrmRecord, Origin, WorkspaceRecord};
use tandem_core::settings::TeamRules;
use tandem_core::store::{
    Claim, ClaimedIntent, CommitReport, DecisionCommit, LinkWork, ObjectProgress, PullPosition,
    StagePage, StageReport, SyncStore, WorkspaceEdit,
};
use tandem_core::sync_log::LogDraft;
use tandem_core::value::Fields;
use tandem_core::workspace::Kind;
use tandem_core::write::{IntentNext, LinkPatch, Settlement, WriteDraft};

/// How long claims of the cases last, in seconds.
pub(super) const LEASE_SECONDS: u32 = 60;

pub(super) struct Bench {
    subject: Arc<dyn Subject>,
    pub(super) team: TeamId,
}

impl Bench {
    pub(super) async fn new(subject: Arc<dyn Subject>) -> Self {
        let team = subject.add_team(rules()).await;
        Self { subject, team }
    }

    /// On a team that is there already.
    pub(super) fn of(subject: Arc<dyn Subject>, team: TeamId) -> Self {
        Self { subject, team }
    }

    pub(super) fn store(&self) -> &dyn SyncStore {
        self.subject.store()
    }

    pub(super) async fn add_team(&self, rules: TeamRules) -> TeamId {
        self.subject.add_team(rules).await
    }

    pub(super) async fn log(&self) -> Vec<(LogId, LogDraft)> {
        self.subject.log(self.team).await
    }

    pub(super) async fn position(&self, name: &str) -> PullPosition {
        self.progress(name).await.position
    }

    pub(super) async fn progress(&self, name: &str) -> ObjectProgress {
        let progress = self.store().progress(self.team).await.expect("progress");
        let found = progress.into_iter().find(|p| p.object == object(name));
        found.unwrap_or_else(|| crate::rules::never_read(object(name)))
    }

    /// A page asked from where the object stands, with a watermark of that second behind it.
    pub(super) async fn page(&self, second: i64, name: &str, records: Vec<CrmRecord>) -> StagePage {
        let pair = self.pair(name).await;
        StagePage {
            object: object(name),
            kind: pair.kind,
            import: pair.import,
            external_id: pair.external_id,
            records,
            from: self.position(name).await,
            next: done(second),
            behind_seconds: BTreeMap::new(),
            begins: false,
            settling: false,
            lane: Lane::Normal,
            now: at(second),
            echo_guard: true,
        }
    }

    pub(super) async fn stage(&self, page: StagePage) -> StageReport {
        self.store().stage(self.team, page).await.expect("stage")
    }

    /// Stages one complete pull of one record.
    pub(super) async fn pull(&self, second: i64, record: CrmRecord) -> StageReport {
        let name = record.object.0.clone();
        let page = self.page(second, &name, vec![record]).await;
        self.stage(page).await
    }

    pub(super) fn claim_of(&self, worker: &str, second: i64) -> Claim {
        Claim {
            worker: worker.into(),
            now: at(second),
            lease_seconds: LEASE_SECONDS,
            limit: 100,
            lanes: Lanes::All,
        }
    }

    pub(super) async fn claim(&self, second: i64) -> Vec<LinkWork> {
        let claim = self.claim_of("one", second);
        let claimed = self.store().claim_links(self.team, &claim).await;
        claimed.expect("claim_links")
    }

    /// Claims, and expects exactly one link.
    pub(super) async fn claim_one(&self, second: i64) -> LinkWork {
        let mut work = self.claim(second).await;
        assert_eq!(work.len(), 1, "exactly one link is due: {work:#?}");
        work.remove(0)
    }

    pub(super) async fn commit(
        &self,
        second: i64,
        work: &LinkWork,
        decision: Decision,
    ) -> CommitReport {
        let commit = DecisionCommit {
            link: work.link.id,
            version: work.link.version,
            decision,
            lane: work.lane,
            impacts: Default::default(),
        };
        let commits = self
            .store()
            .commit_decisions(self.team, vec![commit], at(second));
        commits.await.expect("commit_decisions")
    }

    /// Looks at everything that is due and changes nothing.
    pub(super) async fn settle_down(&self, second: i64) {
        for work in self.claim(second).await {
            self.commit(second, &work, keep(&work.link)).await;
        }
    }

    /// Claims the one due link and decides that this is written.
    pub(super) async fn decide_write(&self, second: i64, draft: WriteDraft) -> LinkWork {
        let work = self.claim_one(second).await;
        let mut decision = keep(&work.link);
        decision.write = Some(draft);
        let report = self.commit(second, &work, decision).await;
        assert_eq!((report.committed, report.intents), (1, 1));
        work
    }

    /// Decides the create of a new account with our key, which it returns.
    pub(super) async fn decide_create(&self, second: i64, record: RecordId) -> String {
        let link = self.link(record).await.id;
        let key = external_key("contract", link);
        self.decide_write(second, create(Some(&key), "Name", "Acme"))
            .await;
        key
    }

    pub(super) async fn edit(
        &self,
        second: i64,
        kind: Kind,
        record: RecordId,
        patch: Fields,
    ) -> RecordId {
        let edit = WorkspaceEdit {
            record: Some(record),
            kind,
            patch,
            origin: user(),
            now: at(second),
            create_as: None,
        };
        let edited = self.store().edit_record(self.team, edit).await;
        edited.expect("edit_record")
    }

    /// A new workspace record, with a half link where it is to be created in the CRM.
    pub(super) async fn add(
        &self,
        second: i64,
        kind: Kind,
        create_as: Option<&str>,
        patch: Fields,
    ) -> RecordId {
        let edit = WorkspaceEdit {
            record: None,
            kind,
            patch,
            origin: Origin::Api("contract".into()),
            now: at(second),
            create_as: create_as.map(object),
        };
        let added = self.store().edit_record(self.team, edit).await;
        added.expect("edit_record")
    }

    /// A workspace record that was created in the CRM as this record; nothing is due afterwards.
    pub(super) async fn linked(&self, second: i64, record: CrmRecord) -> RecordLink {
        let name = record.object.0.clone();
        let kind = self.pair(&name).await.kind;
        let ours = fields(&[("name", "Amber Mill"), ("phone", "100")]);
        let id = self.add(second, kind, Some(&name), ours).await;
        self.decide_write(second, create(None, "Name", "Amber Mill"))
            .await;
        let claimed = self.send_one(second, &name).await;
        self.settle(second, created(&claimed, record)).await;
        self.link(id).await
    }

    async fn pair(&self, name: &str) -> PairRules {
        let rules = self.store().rules(self.team).await.expect("rules");
        rules.pair(&object(name)).expect("a mapped object").clone()
    }

    pub(super) async fn link(&self, record: RecordId) -> RecordLink {
        let link = self.find_link(record).await;
        link.expect("the record is linked")
    }

    pub(super) async fn find_link(&self, record: RecordId) -> Option<RecordLink> {
        let link = self.store().link_of(self.team, record).await;
        link.expect("link_of")
    }

    pub(super) async fn record(&self, id: RecordId) -> WorkspaceRecord {
        let record = self.store().record(self.team, id).await.expect("record");
        record.expect("the record is there")
    }

    pub(super) async fn mirrored(&self, name: &str, id: &str) -> Option<CrmRecord> {
        let (object, id) = (object(name), CrmId::new(id));
        let mirrored = self.store().mirrored(self.team, &object, &id).await;
        mirrored.expect("mirrored")
    }

    pub(super) async fn send(&self, second: i64, name: &str) -> Vec<ClaimedIntent> {
        let claim = self.claim_of("sender", second);
        let object = object(name);
        let claimed = self.store().claim_intents(self.team, &object, &claim);
        claimed.await.expect("claim_intents")
    }

    /// Claims, and expects exactly one intent.
    pub(super) async fn send_one(&self, second: i64, name: &str) -> ClaimedIntent {
        let mut claimed = self.send(second, name).await;
        assert_eq!(
            claimed.len(),
            1,
            "exactly one intent can be sent: {claimed:#?}"
        );
        claimed.remove(0)
    }

    pub(super) async fn doubtful(&self, second: i64) -> Vec<ClaimedIntent> {
        let claim = self.claim_of("resolver", second);
        let claimed = self.store().claim_doubtful(self.team, &claim).await;
        claimed.expect("claim_doubtful")
    }

    pub(super) async fn settle(&self, second: i64, settlement: Settlement) -> u32 {
        let settled = self.store().settle(self.team, vec![settlement], at(second));
        settled.await.expect("settle")
    }

    /// The links that are due and could be claimed, without keeping them.
    pub(super) async fn due(&self, second: i64) -> Vec<LinkId> {
        let claim = Claim {
            lease_seconds: 0,
            ..self.claim_of("onlooker", second)
        };
        let claimed = self.store().claim_links(self.team, &claim).await;
        let claimed = claimed.expect("claim_links");
        claimed.iter().map(|work| work.link.id).collect()
    }

    /// The oldest intent of an object that could be sent, by its id.
    pub(super) async fn sendable(&self, now: Timestamp) -> Vec<(String, Lane)> {
        let objects = self
            .store()
            .sendable_objects(self.team, Lanes::All, now)
            .await;
        let objects = objects.expect("sendable_objects");
        objects.into_iter().map(|s| (s.object.0, s.lane)).collect()
    }
}

/// The end of a pull, with a watermark of that second.
pub(super) fn done(second: i64) -> Option<Next> {
    Some(Next::Done(Watermark {
        order: second,
        token: format!("w{second}"),
    }))
}

pub(super) fn more(token: &str) -> Option<Next> {
    Some(Next::Page(PageToken(token.into())))
}

/// A settlement that finishes a claimed intent without anything new.
pub(super) fn finished(claimed: &ClaimedIntent) -> Settlement {
    ended(
        claimed.intent.id,
        claimed.epoch,
        IntentNext::Done { recheck: false },
    )
}

pub(super) fn ended(intent: IntentId, epoch: i64, next: IntentNext) -> Settlement {
    Settlement {
        intent,
        epoch,
        link: LinkPatch::default(),
        mirror: None,
        next,
        refused: false,
        log: Vec::new(),
    }
}

/// A settlement of a create that made this record.
pub(super) fn created(claimed: &ClaimedIntent, record: CrmRecord) -> Settlement {
    let mut settlement = finished(claimed);
    settlement.link.crm = Some(record.id.clone());
    settlement.link.revision = Some(record.revision.clone());
    settlement.mirror = Some(record);
    settlement
}
