//! What a step does to single records: pure helpers that every store calls, so that behaviour is
//! written once and the stores differ in nothing but where they keep rows.
//!
//! The helpers know no tables, no indexes and no clock. They decide nothing about the sync either:
//! what a field becomes is decided in `core`; here decisions, outcomes and edits are carried out.

mod brake;
mod hold;
mod incident;
mod link;
mod mirror;
mod news;
mod progress;
mod record;
mod restore;
mod watch;
mod write;

pub use brake::{Ruling, brake, hold, is_linked, planned};
pub use hold::resolve_hold;
pub use incident::{begin_trial, new_incident, sign, take_up};
pub use link::{
    apply_outcome, apply_patch, awaits_record, check_decision, complete_log, crm_changed,
    half_link, is_crm_half, is_owned, is_workspace_half, leave_to_owner, note_parking_entry, retry,
    rules_changed, workspace_changed,
};
pub use mirror::{
    KIN_MAX, archive, come_home, end_of_chain, let_go, looked_in_vain, must_be_current, redirect,
    revive, take_over,
};
pub use news::{Evidence, News, moved_unstamped, news, take_in};
pub use progress::{
    advance, drop_page, forget_position, late_seconds, never_read, note_failure, wants_more,
};
pub use record::{
    keys_of, lane_of, match_keys, new_record, referred_records, resolve_references, resolve_told,
    set_fields, told_records,
};
pub use restore::{restore, tell_return};
pub use watch::next_watch;
pub use write::may_have_been_sent;
