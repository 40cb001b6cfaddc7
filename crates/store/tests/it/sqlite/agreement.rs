//! What a comparison of both sides looks at.

use super::world::{World, at, commit, crm, fields, keep};
use tandem_core::agreement::{Agreement, Pairing};
use tandem_core::connector::WriteOp;
use tandem_core::ids::LinkId;
use tandem_core::record::Origin;
use tandem_core::store::{SyncStore as _, WorkspaceEdit};
use tandem_core::workspace::Kind;
use tandem_core::write::WriteDraft;

impl World {
    async fn with_leads(ids: &[&str]) -> Self {
        let world = Self::in_memory().await;
        let lead = |id: &&str| crm("Lead", id, 1, &[("LastName", "Ash")]);
        world.pull(1, "Lead", ids.iter().map(lead).collect()).await;
        world.import(2, &[("last_name", "LastName")]).await;
        world
    }

    async fn pairings(&self, after: Option<LinkId>, limit: usize) -> Vec<Pairing> {
        let found = self.store.pairings(self.team, after, limit).await;
        found.unwrap()
    }

    async fn compared(&self) -> Agreement {
        let rules = self.store.rules(self.team).await.unwrap();
        let mut found = Agreement::default();
        for pairing in self.pairings(None, 10).await {
            found.add(&rules, &pairing, at(90));
        }
        found
    }
}

#[tokio::test]
async fn every_link_comes_once_with_both_sides() {
    let world = World::with_leads(&["00Q1", "00Q2", "00Q3"]).await;
    let first = world.pairings(None, 2).await;
    let last = first.last().map(|one| one.work.link.id);
    let rest = world.pairings(last, 2).await;
    let all: Vec<&Pairing> = first.iter().chain(&rest).collect();
    assert_eq!((first.len(), rest.len()), (2, 1));
    assert!(all.is_sorted_by(|a, b| a.work.link.id < b.work.link.id));
    for one in all {
        assert!(one.work.crm.is_some() && one.work.workspace.is_some());
        assert!(!one.busy);
    }
    let found = world.compared().await;
    assert_eq!((found.pairs, found.agreed), (3, 3));
}

#[tokio::test]
async fn what_is_due_or_being_written_is_busy() {
    let world = World::with_leads(&["00Q1"]).await;
    let record = world.pairings(None, 1).await[0].work.link.record;
    let edit = WorkspaceEdit {
        record,
        kind: Kind::Person,
        patch: fields(&[("last_name", "Alder")]),
        origin: Origin::Api("test".into()),
        now: at(20),
        create_as: None,
    };
    world.store.edit_record(world.team, edit).await.unwrap();
    assert!(world.pairings(None, 1).await[0].busy);
    let work = world.claim(21).await;
    let kept = commit(&work[0], keep(&work[0].link));
    world.decide(22, vec![kept]).await;
    assert!(!world.pairings(None, 1).await[0].busy);
    world
        .create(23, Kind::Person, &fields(&[("last_name", "Fir")]))
        .await;
    let work = world.claim(24).await;
    let mut create = keep(&work[0].link);
    create.write = Some(WriteDraft {
        op: WriteOp::Create { key: None },
        fields: Vec::new(),
        lock_key: None,
        unmodified_since: None,
    });
    world.decide(25, vec![commit(&work[0], create)]).await;
    let busy: Vec<bool> = world
        .pairings(None, 9)
        .await
        .iter()
        .map(|one| one.busy)
        .collect();
    assert_eq!(busy, [false, true]);
}
