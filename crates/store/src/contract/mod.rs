//! What every store must do, as one suite of small named cases over its public face.
//!
//! A store passes if [`run`] returns. Each case gets a fresh store with one team, uses invented data
//! and a clock of its own, and looks at nothing but what [`SyncStore`] and [`Subject`] show.
//!
//! It is part of the crate, not of its tests, so that a store written elsewhere can be held to it.

mod bench;
mod brakes;
mod budget;
mod claims;
mod commits;
pub mod crash;
mod edits;
mod half_links;
mod homecoming;
mod incidents;
mod keeping;
mod mirroring;
pub mod restart;
mod restores;
mod samples;
mod settles;
mod staging;
pub mod walk;
mod watches;
mod writes;

use async_trait::async_trait;
use bench::Bench;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use tandem_core::ids::{LogId, TeamId};
use tandem_core::settings::TeamRules;
use tandem_core::store::SyncStore;
use tandem_core::sync_log::LogDraft;

/// A store under test, with what the suite needs beside [`SyncStore`].
#[async_trait]
pub trait Subject: Send + Sync {
    /// The store.
    fn store(&self) -> &dyn SyncStore;

    /// Makes a team.
    async fn add_team(&self, rules: TeamRules) -> TeamId;

    /// The team's whole sync log, oldest first.
    async fn log(&self, team: TeamId) -> Vec<(LogId, LogDraft)>;
}

type CaseFuture<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

struct Case {
    name: &'static str,
    run: fn(&Bench) -> CaseFuture<'_>,
}

macro_rules! cases {
    ($($module:ident { $($case:ident,)+ })+) => {
        const CASES: &[Case] = &[$($(Case {
            name: concat!(stringify!($module), "::", stringify!($case)),
            run: |bench| Box::pin($module::$case(bench)),
        },)+)+];
    };
}

cases! {
    staging {
        a_new_record_makes_a_half_link_that_is_due,
        the_same_page_twice_changes_nothing,
        a_page_from_elsewhere_does_not_move_progress,
        a_watermark_never_goes_back,
        progress_remembers_when_a_pull_began_and_counts_its_rows,
        a_pull_counts_as_begun_with_a_page_before_which_all_was_settled,
        a_row_that_came_late_moves_the_horizon,
        what_moved_without_its_stamp_is_named,
        a_read_has_settled_when_it_is_complete,
        a_failed_read_backs_off_until_one_succeeds,
        a_forgotten_page_begins_its_pull_again,
        only_the_page_that_failed_is_dropped,
        a_reset_reads_again_and_forgets_nothing_else,
        a_page_of_an_earlier_round_is_outrun,
        rules_that_want_more_read_again,
        nobody_waits_after_the_waits_are_ended,
        older_evidence_never_wins,
        seeing_the_same_later_outdates_an_answer_under_way,
        what_a_newer_version_does_not_show_is_not_known,
        news_makes_the_link_due_and_takes_a_refused_record_up,
        a_deletion_of_something_unknown_is_dropped,
        without_import_only_linked_records_are_kept,
        without_the_echo_guard_every_row_counts,
        the_mirror_keeps_values_as_they_are,
        an_unknown_team_is_an_error,
    }
    watches {
        a_watch_is_saved_once_by_each_who_saw_it,
        records_that_no_pull_brought_move_no_progress,
        linked_records_are_named_in_the_order_of_ids,
    }
    claims {
        best_lane_first_then_longest_due,
        a_worker_is_given_the_lanes_it_asks_for,
        nobody_gets_what_another_worker_has,
        after_the_lease_whoever_commits_first_wins,
        what_changes_under_a_lease_can_be_claimed_at_once,
        both_sides_come_as_they_stand,
        references_become_crm_ids_once_the_target_is_linked,
        a_link_without_rules_waits_for_them,
        an_unlinked_link_is_given_out_as_it_is,
        teams_do_not_see_each_other,
    }
    half_links {
        candidates_carry_a_match_key_and_no_link,
        adopting_absorbs_the_records_own_half_link,
        a_record_is_adopted_once,
        a_record_whose_create_went_out_meanwhile_is_not_adopted,
        a_new_record_cannot_be_adopted_from_nowhere,
        a_record_that_appears_meanwhile_is_not_made_twice,
        a_linked_record_of_the_same_name_is_no_obstacle,
        pulled_half_links_wait_while_a_create_is_under_way,
        what_became_of_a_create_under_way_waits_with_it,
        creates_under_way_are_listed,
        what_has_or_had_a_workspace_record_is_owned,
        updates_under_way_keep_nobody_waiting,
        a_half_link_waits_for_its_candidates_own_create,
        a_settled_create_absorbs_the_pulled_half_link,
        a_create_that_is_somebody_elses_record_waits_for_a_person,
        our_key_tells_our_record,
        our_key_tells_a_record_whose_create_was_given_up,
        our_key_comes_back_before_the_answer,
        a_new_crm_id_wakes_what_refers_to_it,
        our_key_wakes_what_refers_to_its_record,
        what_refers_elsewhere_by_now_is_not_woken,
        adopting_wakes_what_refers_to_the_record,
    }
    mirroring {
        the_end_of_a_chain_comes_with_the_work,
        a_loser_waits_until_its_survivor_s_own_return_is_decided,
        a_successor_is_kept_though_nobody_is_linked_to_it,
        a_record_goes_over_to_a_link_that_is_made,
        a_record_goes_over_to_a_half_link,
        nobody_goes_over_to_a_link_that_was_taken,
        a_record_takes_in_another_and_what_refers_to_it,
        an_archived_record_takes_nobody_in,
        the_archive_is_read_only_and_nobody_is_matched_with_it,
        a_link_asks_to_see_a_record,
        who_looked_in_vain_learns_that_it_is_gone,
        what_can_not_be_seen_sets_its_link_aside,
        in_doubt_a_deleted_record_stays_deleted,
        what_referred_to_a_moved_record_is_looked_at,
    }
    commits {
        an_outdated_decision_changes_nothing,
        a_decision_about_nothing_is_overtaken,
        a_decision_is_done_once,
        an_outdated_decision_does_not_stand_in_the_way_of_another,
        a_link_may_ask_to_be_looked_at_again,
        what_happens_before_that_time_is_due_at_once,
        a_created_record_is_linked_and_comes_from_the_crm,
        a_patch_sets_the_linked_record_and_the_new_state_of_the_link,
        an_unsent_intent_is_replaced_and_withdrawn,
        a_replaced_intent_keeps_its_tries_and_its_time,
        a_replaced_intent_keeps_its_lane_if_that_is_better,
        nothing_is_decided_while_the_intent_is_under_way,
        a_parked_record_points_to_the_entry_that_tells_it,
        a_contradictory_decision_fails_the_whole_batch,
    }
    writes {
        people_first_then_parents_before_children,
        a_worker_is_given_the_lanes_it_asks_for,
        of_one_object_the_best_lane_then_the_oldest,
        a_claimed_intent_says_what_to_send,
        an_intent_waits_while_its_link_is_due,
        two_batches_never_hold_the_same_lock,
        a_sender_that_is_given_up_leaves_a_doubt,
        a_late_sender_that_nobody_replaced_may_settle,
        doubts_are_resolved_when_due_and_by_object,
        a_doubt_that_found_nothing_is_sent_again,
        an_update_names_its_record,
    }
    settles {
        an_outcome_becomes_base_mirror_and_log,
        an_intent_is_done_once,
        a_retry_is_settled_once,
        a_doubt_is_settled_once,
        a_batch_is_settled_part_by_part,
        recheck_makes_the_link_due,
        a_retry_waits_and_counts,
        refusals_are_counted_apart_from_tries,
        edits_made_meanwhile_stay_due,
        an_older_read_back_does_not_replace_newer_news,
        refusals_are_kept_on_the_link,
    }
    restores {
        values_are_put_back_with_an_entry,
        what_moved_on_is_left_alone,
        a_record_without_a_link_is_put_back_here,
        a_restore_can_be_restored,
    }
    homecoming {
        a_record_that_went_over_goes_back,
        a_record_whose_crm_record_is_back_is_linked_again,
        a_record_that_was_taken_in_leaves_the_archive,
        nobody_goes_home_to_a_link_that_was_taken,
        a_deleted_record_leaves_the_archive,
        both_records_of_a_step_go_home_together,
    }
    edits {
        a_new_record_gets_a_half_link_where_it_shall_be_created,
        a_record_without_a_link_can_be_given_one_later,
        only_what_changed_is_a_change,
        people_go_first,
        an_edit_of_nothing_is_an_error,
        an_edit_takes_up_what_was_refused,
        retrying_takes_everything_up,
        retrying_ends_the_wait_of_an_unsent_intent,
        a_person_takes_the_crms_value,
        a_person_takes_the_workspaces_value,
        a_person_types_a_third_value,
        only_a_held_field_can_be_resolved_and_once,
        new_rules_make_the_links_of_their_pair_due,
    }
    incidents {
        failures_with_one_cause_are_one_incident,
        a_fix_is_tried_on_one_and_released_to_all,
        a_fix_that_does_not_help_leaves_the_others_alone,
        a_record_that_shows_nothing_is_passed_over,
        a_lost_answer_is_waited_for,
        skipped_records_are_left_alone_by_new_rules,
        what_is_no_longer_set_aside_no_longer_counts,
        an_incident_that_is_not_there_is_an_error,
    }
    brakes {
        what_is_too_much_is_held_and_nothing_of_it_is_done,
        an_open_plan_takes_up_what_follows,
        other_impacts_pass_meanwhile,
        what_passed_long_ago_does_not_count,
        an_approved_plan_is_carried_out,
        what_is_kept_stays_until_it_no_longer_applies,
        what_was_kept_can_still_be_approved,
        a_plan_dissolves_when_nothing_is_left_of_it,
        a_link_may_wait_in_two_plans,
        a_held_decision_takes_an_unsent_write_back,
        what_happens_every_day_is_normal,
        the_records_of_a_plan_are_listed_in_pages,
        turned_off_it_lets_everything_pass,
        only_a_plan_that_is_there_can_be_decided,
    }
    budget {
        reservations_are_numbered_in_the_order_they_are_made,
        a_reservation_is_replaced_by_what_was_spent,
        a_lost_reservation_returns_by_itself,
        nothing_passes_the_threshold,
        the_settings_set_the_threshold,
        an_answer_that_was_overtaken_gives_nothing_back,
        a_count_takes_the_place_of_what_was_over_before_it_was_asked_for,
        a_lost_answer_counts_until_it_can_not_arrive_any_more,
        the_pace_changes_once_and_is_told,
        calls_are_kept_by_the_hour,
        old_evidence_is_asked_for_anew,
        each_team_has_its_own_budget,
    }
    keeping {
        the_connection_changes_with_its_entry,
        log_entries_never_change,
        nothing_waits_at_first,
        the_backlog_follows_the_work,
        work_behind_an_intent_waits_for_it,
        the_backlog_counts_what_waits_for_people,
    }
}

/// Runs every case on a store of its own.
///
/// # Panics
/// When cases failed, with their names; the assertion of each stands before it in the output.
pub fn run<S: Subject + 'static>(make: impl Fn() -> S) {
    let failed: Vec<&str> = CASES
        .iter()
        .filter(|case| catch_unwind(AssertUnwindSafe(|| run_case(case, make()))).is_err())
        .map(|case| case.name)
        .collect();
    assert!(
        failed.is_empty(),
        "{} of {} cases failed: {failed:#?}",
        failed.len(),
        CASES.len()
    );
}

fn run_case(case: &Case, subject: impl Subject + 'static) {
    block_on(async {
        let bench = Bench::new(Arc::new(subject)).await;
        (case.run)(&bench).await;
    });
}

fn block_on(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime without drivers needs nothing that could be missing")
        .block_on(future);
}
