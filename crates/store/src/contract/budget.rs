//! The API budget: never exceeded, and a reservation lost in a crash returns by itself.

use super::bench::Bench;
use super::samples::{at, rules};
use crate::rules::RESERVATION_SECONDS;
use tandem_core::budget::{ASK_AFTER_SECONDS, BudgetState};
use tandem_core::connector::OrgUsage;
use tandem_core::ids::ReservationId;
use tandem_core::link::Lane;

async fn reserve(b: &Bench, second: i64, calls: u32, lane: Lane) -> Result<ReservationId, String> {
    let reserved = b.store().reserve_calls(b.team, calls, lane, at(second));
    reserved.await.expect("reserve_calls")
}

async fn spend(b: &Bench, second: i64, id: ReservationId, calls: u32, used: Option<u64>) {
    let usage = used.map(|used| OrgUsage { used, max: 1000 });
    let spent = b.store().spend_calls(b.team, id, calls, usage, at(second));
    spent.await.expect("spend_calls");
}

async fn budget(b: &Bench, second: i64) -> BudgetState {
    b.store().budget(b.team, at(second)).await.expect("budget")
}

/// Tells an allowance of 1000 calls, of which so many are used.
async fn told(b: &Bench, second: i64, used: u64) {
    let id = reserve(b, second, 1, Lane::Live)
        .await
        .expect("a first call is free");
    spend(b, second, id, 1, Some(used)).await;
}

pub(super) async fn a_reservation_is_replaced_by_what_was_spent(b: &Bench) {
    let id = reserve(b, 1, 5, Lane::Normal).await.expect("reserved");
    let during = budget(b, 1).await;
    assert_eq!(
        (during.org, during.spent_since, during.reserved),
        (None, 0, 5)
    );
    spend(b, 2, id, 2, None).await;
    let after = budget(b, 2).await;
    assert_eq!((after.org, after.spent_since, after.reserved), (None, 2, 0));
    spend(b, 3, id, 2, None).await;
    assert_eq!(
        budget(b, 3).await.spent_since,
        4,
        "calls that were made count, whoever asked"
    );
    told(b, 4, 100).await;
    let org = OrgUsage {
        used: 100,
        max: 1000,
    };
    let after = budget(b, 4).await;
    assert_eq!((after.org, after.spent_since), (Some((org, at(4))), 0));
}

pub(super) async fn a_lost_reservation_returns_by_itself(b: &Bench) {
    reserve(b, 0, 40, Lane::Normal).await.expect("reserved");
    let refused = reserve(b, 1, 40, Lane::Normal).await;
    assert!(refused.is_err(), "{refused:?}");
    assert_eq!(budget(b, RESERVATION_SECONDS - 1).await.reserved, 40);
    assert_eq!(budget(b, RESERVATION_SECONDS).await.reserved, 0);
    let reserved = reserve(b, RESERVATION_SECONDS, 40, Lane::Normal).await;
    assert!(reserved.is_ok(), "{reserved:?}");
}

/// 80 % of 1000 is the threshold; a tenth of that is for people.
pub(super) async fn nothing_passes_the_threshold(b: &Bench) {
    told(b, 1, 710).await;
    assert!(
        reserve(b, 2, 11, Lane::Normal).await.is_err(),
        "the reserve is for people"
    );
    reserve(b, 2, 10, Lane::Normal)
        .await
        .expect("up to the reserve");
    assert!(reserve(b, 2, 1, Lane::Bulk).await.is_err());
    reserve(b, 2, 80, Lane::Live)
        .await
        .expect("people may use the reserve");
    let refused = reserve(b, 2, 1, Lane::Live)
        .await
        .expect_err("the threshold");
    assert!(!refused.is_empty(), "the reason is told");
    assert_eq!(budget(b, 2).await.reserved, 90, "a refusal takes nothing");
}

pub(super) async fn the_settings_set_the_threshold(b: &Bench) {
    told(b, 1, 500).await;
    let mut strict = rules();
    strict.settings.api_threshold_percent = 50;
    b.store()
        .put_rules(b.team, strict, at(2))
        .await
        .expect("put_rules");
    assert!(reserve(b, 3, 1, Lane::Live).await.is_err());
}

pub(super) async fn an_answer_that_was_overtaken_gives_nothing_back(b: &Bench) {
    told(b, 1, 700).await;
    let id = reserve(b, 2, 1, Lane::Live).await.expect("reserved");
    spend(b, 2, id, 1, Some(600)).await;
    let state = budget(b, 2).await;
    assert_eq!(state.org.map(|(org, _)| org.used), Some(700));
    assert_eq!(state.spent_since, 1);
    let id = reserve(b, 2 + RESERVATION_SECONDS, 1, Lane::Live)
        .await
        .expect("reserved");
    spend(b, 2 + RESERVATION_SECONDS, id, 1, Some(600)).await;
    let state = budget(b, 2 + RESERVATION_SECONDS).await;
    assert_eq!(
        state.org.map(|(org, _)| org.used),
        Some(600),
        "the window freed calls"
    );
}

/// While sync pauses no answer tells how the org's use falls; so it is asked, by one worker and seldom.
pub(super) async fn old_evidence_is_asked_for_anew(b: &Bench) {
    let question = async |second| {
        let reserved = b.store().reserve_question(b.team, at(second)).await;
        reserved.expect("reserve_question")
    };
    told(b, 0, 1000).await;
    assert!(reserve(b, ASK_AFTER_SECONDS, 1, Lane::Live).await.is_err());
    assert_eq!(question(ASK_AFTER_SECONDS - 1).await, None, "it was told");
    let first = question(ASK_AFTER_SECONDS)
        .await
        .expect("past the threshold");
    assert_eq!(budget(b, ASK_AFTER_SECONDS).await.reserved, 1);
    assert_eq!(
        question(ASK_AFTER_SECONDS).await,
        None,
        "somebody asks already"
    );
    spend(b, ASK_AFTER_SECONDS, first, 1, None).await;
    let failed = budget(b, ASK_AFTER_SECONDS).await;
    assert_eq!((failed.spent_since, failed.reserved), (1, 0));
    assert_eq!(
        question(2 * ASK_AFTER_SECONDS - 1).await,
        None,
        "asked in vain"
    );
    let second = question(2 * ASK_AFTER_SECONDS).await.expect("a second try");
    spend(b, 2 * ASK_AFTER_SECONDS, second, 1, Some(10)).await;
    reserve(b, 2 * ASK_AFTER_SECONDS, 1, Lane::Normal)
        .await
        .expect("the org freed calls");
}

pub(super) async fn each_team_has_its_own_budget(b: &Bench) {
    reserve(b, 1, 50, Lane::Normal).await.expect("reserved");
    let other = b.add_team(rules()).await;
    let state = b.store().budget(other, at(1)).await.expect("budget");
    assert_eq!(state, BudgetState::default());
}
