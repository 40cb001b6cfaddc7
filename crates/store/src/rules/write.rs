//! What a store notes about an intent on its way.

use tandem_core::Timestamp;
use tandem_core::write::{IntentState, WriteIntent};

/// Its sender has lost the answer by now, or is gone: it may have been sent as late as this, because between the claim
/// and the request a session may have been renewed, and a process stopped.
pub fn may_have_been_sent(intent: &mut WriteIntent, now: Timestamp) {
    if intent.state == IntentState::Sending {
        intent.last_sent_at = intent.last_sent_at.max(Some(now));
    }
}
