//! The comparison of both sides, against the sandbox over loopback.

use crate::story::{Houses, houses};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use tandem_core::agreement::Standing;
use tandem_core::link::Lanes;
use tandem_core::reconcile::Decision;
use tandem_core::store::{Claim, DecisionCommit, LinkWork, SyncStore as _};

const AGREEMENT: &str = "/api/admin/agreement";

impl Houses {
    async fn agreement(&self, method: Method) -> Value {
        let reply = self.call(method, AGREEMENT, Value::Null).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
        reply.json()
    }

    /// Connected and synced, the title of leads both ways.
    async fn at_rest() -> Self {
        let houses = houses().await;
        houses.connect().await;
        houses.turn_on().await;
        houses.work().await;
        let both = json!({"version": 1, "rows": [
            {"workspace": "title", "direction": "both", "winner": "workspace"}]});
        houses.edit_mapping("Lead", both).await;
        houses.work().await;
        houses
    }

    async fn type_a_title(&self) {
        let people = self
            .call(Method::GET, "/api/admin/records/person", Value::Null)
            .await
            .json();
        let mut rows = people["rows"].as_array().expect("rows").iter();
        let lead = rows.find(|row| row["object"] == "Lead").expect("a lead");
        let path = format!("/api/admin/records/person/{}", lead["id"]);
        let edit = json!({"fields": {"title": "Keeper of the keys"}});
        let reply = self.call(Method::PATCH, &path, edit).await;
        assert_eq!(reply.status, StatusCode::NO_CONTENT, "{}", reply.body);
    }

    /// Takes what is due and decides nothing about it: a lost piece of work.
    async fn forget_what_is_due(&self) {
        let (store, team) = (self.server.app.store(), self.team().await);
        let claim = Claim {
            worker: "forgetful".into(),
            now: self.server.app.now(),
            lease_seconds: 60,
            limit: 10,
            lanes: Lanes::All,
        };
        let work = store.claim_links(team, &claim).await.expect("work");
        let commits = work.iter().map(forgotten).collect();
        let report = store.commit_decisions(team, commits, claim.now).await;
        assert_eq!(report.expect("a commit").committed, 1);
    }
}

fn forgotten(work: &LinkWork) -> DecisionCommit {
    DecisionCommit {
        link: work.link.id,
        version: work.link.version,
        decision: Decision::nothing(&work.link),
        lane: work.lane,
        impacts: Default::default(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_are_compared_and_what_is_on_its_way_is_named() {
    let houses = Houses::at_rest().await;
    assert_eq!(houses.agreement(Method::GET).await, Value::Null);
    let rest = houses.agreement(Method::POST).await;
    assert!(rest["pairs"].as_u64() > Some(0), "{rest}");
    assert_eq!(rest["pairs"], rest["agreed"], "{rest}");
    assert_eq!(rest["differences"], json!([]));
    assert_eq!(houses.agreement(Method::GET).await, rest, "it is kept");

    houses.type_a_title().await;
    let moving = houses.agreement(Method::POST).await;
    assert_eq!(moving["fields"]["waiting"], 1, "{moving}");
    let difference = &moving["differences"][0];
    assert_eq!(difference["field"], "title");
    assert_eq!(difference["workspace"], "Keeper of the keys");
    houses.work().await;
    let settled = houses.agreement(Method::POST).await;
    assert_eq!(settled["differences"], json!([]), "{settled}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_difference_without_a_reason_is_told_and_decided_again() {
    let houses = Houses::at_rest().await;
    houses.type_a_title().await;
    houses.forget_what_is_due().await;
    houses.work().await;
    let lost = houses.agreement(Method::POST).await;
    assert_eq!(lost["fields"][Standing::Unexplained.as_str()], 1, "{lost}");
    let log = houses
        .call(Method::GET, "/api/admin/log?limit=1", Value::Null)
        .await
        .json();
    assert_eq!(log["rows"][0]["status"], "failed", "{log}");
    houses.work().await;
    let healed = houses.agreement(Method::POST).await;
    assert_eq!(healed["differences"], json!([]), "{healed}");
}
