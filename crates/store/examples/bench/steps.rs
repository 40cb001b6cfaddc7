//! The steps of an import and of one edit of every record, on the clock.

use crate::world::{World, at, claim};
use crate::{Measured, Outcome};
use std::time::{Duration, Instant};
use tandem_core::connector::WriteOutcome;
use tandem_core::ids::{ReservationId, UserId};
use tandem_core::reconcile::{Input, Kin, reconcile};
use tandem_core::record::{CrmRecord, Look, Origin, Revision};
use tandem_core::settings::{Guards, SyncSettings};
use tandem_core::settle::Settling;
use tandem_core::store::{ClaimedIntent, DecisionCommit, LinkWork, SyncStore, WorkspaceEdit};
use tandem_core::value::Value;
use tandem_core::workspace::Kind;
use tandem_core::write::Settlement;
use tandem_store::views::{PageRequest, RecordFilter};

/// Rows of a pulled page.
pub(crate) const PAGE_ROWS: usize = 2_000;
/// Links decided in one step.
pub(crate) const LINKS: usize = 1_000;
/// Intents sent in one request.
pub(crate) const INTENTS: usize = 600;

/// Pulled pages in.
pub(crate) async fn stage(world: &World, records: usize) -> Outcome<Measured> {
    let mut took = Duration::ZERO;
    for from in (0..records).step_by(PAGE_ROWS) {
        let until = records.min(from + PAGE_ROWS);
        let page = world.page(from..until, until == records).await?;
        let began = Instant::now();
        world.store.stage(world.team, page).await?;
        took += began.elapsed();
    }
    Ok(Measured {
        name: "stage a first read, 2,000 a page",
        rows: records,
        took,
    })
}

/// Every half link becomes a workspace record.
pub(crate) async fn import(world: &World) -> Outcome<Measured> {
    links(world, 3, "claim and import, 1,000 a batch").await
}

/// Every edit becomes a write intent.
pub(crate) async fn decide(world: &World) -> Outcome<Measured> {
    links(world, 11, "claim and decide writes, 1,000 a batch").await
}

/// Claims and commits until nothing is due.
async fn links(world: &World, second: i64, name: &'static str) -> Outcome<Measured> {
    let (mut rows, mut took) = (0, Duration::ZERO);
    loop {
        let began = Instant::now();
        let work = world
            .store
            .claim_links(world.team, &claim(second, LINKS))
            .await?;
        took += began.elapsed();
        if work.is_empty() {
            return Ok(Measured { name, rows, took });
        }
        rows += work.len();
        let decided = work.iter().map(|work| decision(world, work, second));
        let commits = decided.collect();
        let began = Instant::now();
        world
            .store
            .commit_decisions(world.team, commits, at(second))
            .await?;
        took += began.elapsed();
    }
}

fn decision(world: &World, work: &LinkWork, second: i64) -> DecisionCommit {
    let decision = reconcile(&Input {
        rules: world.pair(),
        link: &work.link,
        crm: work.crm.as_ref(),
        workspace: work.workspace.as_ref(),
        candidates: &work.candidates,
        kin: &Kin::default(),
        heir_rules: None,
        settings: &SyncSettings::default(),
        key_prefix: &world.rules.key_prefix,
        now: at(second),
        guards: Guards::ALL,
    });
    DecisionCommit {
        link: work.link.id,
        version: work.link.version,
        decision,
        lane: work.lane,
        impacts: Default::default(),
    }
}

/// A person changes one field of every record; each edit is a transaction of its own.
pub(crate) async fn edit(world: &World, records: usize) -> Outcome<Measured> {
    let mut took = Duration::ZERO;
    let mut page = PageRequest::first(200);
    loop {
        let filter = RecordFilter::default();
        let found = world.store.records(world.team, &filter, &page).await?;
        for row in &found.rows {
            let edit = WorkspaceEdit {
                record: Some(row.id),
                kind: Kind::Person,
                patch: [("phone".to_owned(), Value::text("+44 20 7946 0000"))].into(),
                origin: Origin::User(UserId(1)),
                // The second of the import: the list by time keeps its order while it is read.
                now: at(3),
                create_as: None,
            };
            let began = Instant::now();
            world.store.edit_record(world.team, edit).await?;
            took += began.elapsed();
        }
        page.cursor = found.next;
        if page.cursor.is_none() {
            break;
        }
    }
    Ok(Measured {
        name: "edit a record, one a transaction",
        rows: records,
        took,
    })
}

/// Every intent is sent and comes back as the CRM's new version.
pub(crate) async fn send(world: &World) -> Outcome<Measured> {
    let (mut rows, mut took) = (0, Duration::ZERO);
    let object = &world.pair().object;
    loop {
        let began = Instant::now();
        let claimed = world
            .store
            .claim_intents(world.team, object, &claim(20, INTENTS))
            .await?;
        took += began.elapsed();
        if claimed.is_empty() {
            break;
        }
        rows += claimed.len();
        let mut settlements = Vec::with_capacity(claimed.len());
        for one in &claimed {
            settlements.push(outcome(world, one).await?);
        }
        let began = Instant::now();
        world.store.settle(world.team, settlements, at(21)).await?;
        took += began.elapsed();
    }
    Ok(Measured {
        name: "claim and settle writes, 600 a batch",
        rows,
        took,
    })
}

/// A look after every one that was made.
const LATER: Look = Look {
    began: ReservationId(20),
    ended: ReservationId(20),
};

async fn outcome(world: &World, claimed: &ClaimedIntent) -> Outcome<Settlement> {
    let intent = &claimed.intent;
    let id = intent.crm_id().ok_or("an update names its record")?;
    let before = world
        .store
        .mirrored(world.team, &intent.object, id)
        .await?
        .ok_or("the record was read")?;
    let mut after = CrmRecord {
        revision: Revision {
            order: 20,
            tag: "20".into(),
        },
        modified_at: at(20),
        observed_at: at(20),
        look: LATER,
        ..before.clone()
    };
    after.fields.extend(intent.payload());
    let settling = Settling {
        intent,
        epoch: claimed.epoch,
        rules: world.pair(),
        now: at(21),
        look: LATER,
        jitter: 0.5,
        calls_hundredths: 1,
        create_horizon_seconds: 600,
        guards: Guards::ALL,
    };
    Ok(settling.answered(&WriteOutcome::Applied {
        id: id.clone(),
        before: Some(before),
        after: Some(after),
    }))
}
