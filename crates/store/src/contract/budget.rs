//! The API budget: never exceeded, and a reservation lost in a crash returns by itself.

use super::bench::Bench;
use super::samples::{at, entry, rules};
use tandem_core::budget::{
    BELIEF_SECONDS, BudgetState, HourCalls, LOST_SECONDS, Pace, RESERVATION_SECONDS, Spent,
};
use tandem_core::connector::OrgUsage;
use tandem_core::ids::ReservationId;
use tandem_core::link::Lane;

async fn reserve(b: &Bench, second: i64, calls: u32, lane: Lane) -> Result<ReservationId, String> {
    let reserved = b.store().reserve_calls(b.team, calls, lane, at(second));
    reserved.await.expect("reserve_calls")
}

async fn spend(b: &Bench, second: i64, id: ReservationId, calls: u32, used: Option<u64>) {
    let usage = used.map(|used| OrgUsage { used, max: 1000 });
    let spent = Spent {
        calls,
        lost: 0,
        usage,
    };
    settle(b, second, id, spent).await;
}

async fn settle(b: &Bench, second: i64, id: ReservationId, spent: Spent) -> ReservationId {
    let settled = b.store().spend_calls(b.team, id, spent, at(second));
    settled.await.expect("spend_calls")
}

/// The org's count, and what of ours stands beside it: spent, and reserved.
async fn books(b: &Bench, second: i64) -> (Option<u64>, u64, u64) {
    let state = budget(b, second).await;
    let told = state.org.map(|(org, _)| org.used);
    (told, state.spent_since, state.reserved)
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

/// The order of looks: whichever process reserves, and wherever its clock stands.
pub(super) async fn reservations_are_numbered_in_the_order_they_are_made(b: &Bench) {
    let first = reserve(b, 100, 1, Lane::Normal).await.expect("reserved");
    let second = reserve(b, 10, 1, Lane::Normal).await.expect("reserved");
    assert!(second > first, "the clock was set back");
    let ended = |id, at_second| settle(b, at_second, id, Spent::default());
    assert_eq!(ended(first, 5).await, second, "they overlap");
    let third = reserve(b, 1, 1, Lane::Bulk).await.expect("reserved");
    assert!(third > second, "it began when the first one was over");
    assert_eq!(ended(second, 300).await, third);
    assert_eq!(ended(third, 2).await, third, "nobody came after it");
    assert_eq!(ended(ReservationId(0), 2).await, third);
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

/// Nobody knows whether its process sent before it died, so it stands until the org has counted.
pub(super) async fn a_lost_reservation_returns_by_itself(b: &Bench) {
    told(b, 0, 100).await;
    reserve(b, 0, 40, Lane::Normal).await.expect("reserved");
    assert_eq!(books(b, RESERVATION_SECONDS - 1).await, (Some(100), 0, 40));
    assert_eq!(books(b, RESERVATION_SECONDS).await, (Some(100), 40, 0));
    told(b, RESERVATION_SECONDS, 110).await;
    assert_eq!(
        books(b, RESERVATION_SECONDS).await,
        (Some(110), 0, 0),
        "ten of them were sent"
    );
}

/// 80 % of 1000 less what questions may take is 760; a tenth of that is for people.
pub(super) async fn nothing_passes_the_threshold(b: &Bench) {
    told(b, 1, 674).await;
    assert!(
        reserve(b, 2, 11, Lane::Normal).await.is_err(),
        "the reserve is for people"
    );
    reserve(b, 2, 10, Lane::Normal)
        .await
        .expect("up to the reserve");
    assert!(reserve(b, 2, 1, Lane::Bulk).await.is_err());
    reserve(b, 2, 76, Lane::Live)
        .await
        .expect("people may use the reserve");
    let refused = reserve(b, 2, 1, Lane::Live)
        .await
        .expect_err("the threshold");
    assert!(!refused.is_empty(), "the reason is told");
    assert_eq!(budget(b, 2).await.reserved, 86, "a refusal takes nothing");
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
    assert_eq!(books(b, 2).await, (Some(700), 1, 0), "low by chance");
    let later = 2 + BELIEF_SECONDS;
    let id = reserve(b, later, 1, Lane::Live).await.expect("reserved");
    spend(b, later, id, 1, Some(600)).await;
    assert_eq!(books(b, later).await, (Some(600), 0, 0), "its window moved");
    let slow = reserve(b, later, 1, Lane::Live).await.expect("reserved");
    let fast = reserve(b, later, 1, Lane::Live).await.expect("reserved");
    spend(b, later + 1, fast, 1, Some(602)).await;
    spend(b, later + 2, slow, 1, Some(601)).await;
    assert_eq!(
        books(b, later + 2).await,
        (Some(602), 1, 0),
        "nobody knows whether the other answer counted it"
    );
}

/// An answer's reservation says how old its count is at least.
pub(super) async fn a_count_takes_the_place_of_what_was_over_before_it_was_asked_for(b: &Bench) {
    told(b, 1, 100).await;
    let over = reserve(b, 2, 1, Lane::Live).await.expect("reserved");
    spend(b, 2, over, 1, None).await;
    let asks = reserve(b, 3, 1, Lane::Live).await.expect("reserved");
    let beside = reserve(b, 3, 1, Lane::Live).await.expect("reserved");
    spend(b, 4, beside, 1, None).await;
    let under_way = reserve(b, 5, 2, Lane::Live).await.expect("reserved");
    spend(b, 6, asks, 1, Some(102)).await;
    assert_eq!(books(b, 6).await, (Some(102), 1, 2));
    spend(b, 7, under_way, 2, Some(105)).await;
    assert_eq!(
        books(b, 7).await,
        (Some(105), 0, 0),
        "both were over when it was reserved, or are its own"
    );
}

pub(super) async fn a_lost_answer_counts_until_it_can_not_arrive_any_more(b: &Bench) {
    told(b, 1, 100).await;
    let id = reserve(b, 2, 1, Lane::Live).await.expect("reserved");
    let lost = Spent {
        calls: 1,
        lost: 1,
        usage: None,
    };
    settle(b, 2, id, lost).await;
    told(b, 1 + LOST_SECONDS, 101).await;
    assert_eq!(
        books(b, 1 + LOST_SECONDS).await,
        (Some(101), 0, 1),
        "it may arrive after that count"
    );
    told(b, 2 + LOST_SECONDS, 103).await;
    assert_eq!(books(b, 2 + LOST_SECONDS).await, (Some(103), 0, 0));
}

/// While sync pauses no answer tells how the org's use falls; so it is asked, by one worker and seldom.
pub(super) async fn old_evidence_is_asked_for_anew(b: &Bench) {
    // 40 questions a day are set aside of 1000 calls at 80 %.
    let between = 86_400 / 40;
    let question = async |second| {
        let reserved = b.store().reserve_question(b.team, at(second)).await;
        reserved.expect("reserve_question")
    };
    told(b, 0, 999).await;
    assert!(reserve(b, 900, 1, Lane::Live).await.is_err());
    assert_eq!(question(899).await, None, "it was told");
    let first = question(900).await.expect("past the threshold");
    assert_eq!(budget(b, 900).await.reserved, 1);
    assert_eq!(question(900).await, None, "somebody asks already");
    spend(b, 900, first, 1, None).await;
    assert_eq!(books(b, 900).await, (Some(999), 1, 0));
    assert_eq!(question(899 + between).await, None, "asked in vain");
    let second = question(900 + between).await.expect("a second try");
    spend(b, 900 + between, second, 1, Some(10)).await;
    reserve(b, 900 + between, 1, Lane::Normal)
        .await
        .expect("the org freed calls");
}

pub(super) async fn the_pace_changes_once_and_is_told(b: &Bench) {
    let change = async |from, to, second| {
        let told = entry("slower");
        let changed = b.store().set_pace(b.team, from, to, told, at(second));
        changed.await.expect("set_pace")
    };
    assert!(change(Pace::Full, Pace::Quarter, 5).await);
    assert!(
        !change(Pace::Full, Pace::Quarter, 6).await,
        "a second worker found the same"
    );
    let state = budget(b, 7).await;
    assert_eq!((state.pace, state.pace_since), (Pace::Quarter, Some(at(5))));
    assert_eq!(b.log().await.len(), 1);
    told(b, 8, 100).await;
    assert_eq!(
        budget(b, 8).await.pace,
        Pace::Quarter,
        "it has nothing to do with calls"
    );
}

pub(super) async fn calls_are_kept_by_the_hour(b: &Bench) {
    let begins = at(0).as_second().rem_euclid(3_600);
    for (second, calls) in [(0, 2), (1, 1), (3_600 - begins, 4)] {
        let id = reserve(b, second, calls, Lane::Live)
            .await
            .expect("reserved");
        spend(b, second, id, calls, None).await;
    }
    let hours = async |second| {
        let hours = b.store().calls_by_hour(b.team, at(second)).await;
        hours.expect("calls_by_hour")
    };
    let hour = |second: i64, calls| HourCalls {
        hour: at(second - begins),
        calls,
    };
    assert_eq!(hours(3_600).await, [hour(0, 3), hour(3_600, 4)]);
    assert_eq!(
        hours(25 * 3_600 - begins).await,
        [hour(3_600, 4)],
        "a day on"
    );
}

pub(super) async fn each_team_has_its_own_budget(b: &Bench) {
    reserve(b, 1, 50, Lane::Normal).await.expect("reserved");
    let other = b.add_team(rules()).await;
    let state = b.store().budget(other, at(1)).await.expect("budget");
    assert_eq!(state, BudgetState::default());
}
