//! Durable promises to write to the CRM, and what an outcome makes of them.
//!
//! A [`WriteIntent`] is stored in the transaction that decides it, before anything is sent. Whatever
//! then happens is turned by [`crate::settle`] into a [`Settlement`]: pure data that the
//! store applies in one transaction. *Unknown* is a normal outcome: it is settled by reading.

use crate::connector::WriteOp;
use crate::ids::{CrmId, CrmObject, IntentId, LinkId, RecordId};
use crate::link::{BaseVersion, Doubted, Lane, ParkedField, ParkedLink, PutBack};
use crate::record::{CrmRecord, Revision};
use crate::settings::Guards;
use crate::sync_log::{LogDraft, Rule};
use crate::value::{Fields, Value};
use crate::workspace::Kind;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One field of an intent.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct IntentField {
    /// Workspace field name.
    pub workspace: String,
    /// CRM field name.
    pub crm: String,
    /// What is sent, in the CRM's form.
    pub value: Value,
    /// The workspace's value that it stands for: becomes the workspace half of the base.
    pub workspace_value: Value,
    /// What the CRM was believed to hold when this was decided.
    pub expected: Value,
    /// What earlier writes may have put there, whose answers were lost and which nobody could look for: met
    /// there it is ours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubted: Vec<Value>,
    /// When the workspace's value was set.
    pub changed_at: Option<Timestamp>,
    /// The rule that decided.
    pub rule: Rule,
    /// The CRM's value that lost, where one did.
    pub rejected: Value,
}

/// What a decision wants written; the store makes it an intent.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct WriteDraft {
    /// Create or update.
    pub op: WriteOp,
    /// The fields.
    pub fields: Vec<IntentField>,
    /// For an update that can be made conditional: when the CRM record that this was decided on had
    /// last changed.
    #[serde(default)]
    pub unmodified_since: Option<Timestamp>,
    /// The record whose lock the CRM takes along: two batches with the same one are never under way
    /// together.
    pub lock_key: Option<String>,
}

/// How far an intent is. `Pending` is set by decisions and retries, `Sending` by a claim,
/// `Doubtful` by a settle that lost its answer. A sender whose lease ran out leaves it `Sending`,
/// which then counts as doubtful.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntentState {
    /// Not sent, or certainly without effect; may be replaced by a newer decision.
    Pending,
    /// Given to a sender.
    Sending,
    /// Perhaps done, and the log says so; must be resolved by reading. (One that is claimed to be resolved while it is
    /// still [`Sending`](Self::Sending) was left by a process that ended: nothing tells of its answer yet.)
    Doubtful,
}

/// A durable promise to write. At most one per link.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct WriteIntent {
    /// Which promise.
    pub id: IntentId,
    /// The link it is for.
    pub link: LinkId,
    /// The workspace record.
    pub kind: Kind,
    /// The workspace record.
    pub record: RecordId,
    /// The CRM object.
    pub object: CrmObject,
    /// What to do.
    pub draft: WriteDraft,
    /// Its lane.
    pub lane: Lane,
    /// How far it is.
    pub state: IntentState,
    /// Failed tries.
    pub attempts: u32,
    /// Those of them that the CRM refused in a way that only a look can settle, such as a key that it
    /// already has. That it was busy does not count.
    #[serde(default)]
    pub refusals: u32,
    /// When it was first given to a sender.
    pub sent_at: Option<Timestamp>,
    /// Until when it may have been sent last: from the claim of its sender until that one is known to have sent it or
    /// to be gone. Until the platform gives up on that request it may still be carried out.
    #[serde(default)]
    pub last_sent_at: Option<Timestamp>,
}

impl WriteIntent {
    /// The CRM fields and values to send.
    pub fn payload(&self) -> Fields {
        self.draft
            .fields
            .iter()
            .map(|f| (f.crm.clone(), f.value.clone()))
            .collect()
    }

    /// The CRM record it is about, once there is one.
    pub fn crm_id(&self) -> Option<&CrmId> {
        match &self.draft.op {
            WriteOp::Update { id } => Some(id),
            WriteOp::Create { .. } => None,
        }
    }
}

/// Changes to a link that a settle makes; everything that is not named stays as it is.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct LinkPatch {
    /// The CRM id, after a create.
    pub crm: Option<CrmId>,
    /// The revision read back.
    pub revision: Option<Revision>,
    /// Agreed fields, added to the base.
    pub agreed: BaseVersion,
    /// Fields to park.
    pub park: BTreeMap<String, ParkedField>,
    /// Edits of the CRM to put back, added to those of the link.
    pub put_back: BTreeMap<String, PutBack>,
    /// Writes that may still turn up in the CRM, added to those of the link.
    pub doubted: BTreeMap<String, Doubted>,
    /// Fields whose put-back is done.
    pub returned: Vec<String>,
    /// Parks the whole record.
    pub parked: Option<ParkedLink>,
}

/// What becomes of the intent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum IntentNext {
    /// It is finished; `recheck` makes the link due at once.
    Done {
        /// There is something new to decide.
        recheck: bool,
    },
    /// It is pending again, not before this time.
    Retry(Timestamp),
    /// It is in doubt; resolve it, not before this time.
    Resolve(Timestamp),
}

/// What an outcome means, as data for one transaction.
#[derive(Clone, PartialEq, Debug)]
pub struct Settlement {
    /// The intent.
    pub intent: IntentId,
    /// The epoch it was claimed with.
    pub epoch: i64,
    /// Changes of the link.
    pub link: LinkPatch,
    /// The CRM record as read back: the store keeps it if it is news.
    pub mirror: Option<CrmRecord>,
    /// What becomes of the intent.
    pub next: IntentNext,
    /// The try counts as one of [`WriteIntent::refusals`].
    pub refused: bool,
    /// Entries to write.
    pub log: Vec<LogDraft>,
}

/// How long after it was claimed a batch may be sent, in seconds: with this, a clock that is set wrong and the longest
/// request it is over before the claim is.
const SEND_WITHIN_SECONDS: i64 = 240;

/// Whether a batch that was claimed then may be sent now. A process that was stopped meanwhile leaves it: others may be
/// about to take it up, or have done so.
pub fn may_still_be_sent(claimed_at: Timestamp, now: Timestamp, guards: Guards) -> bool {
    let waited = now.duration_since(claimed_at).as_secs();
    waited <= SEND_WITHIN_SECONDS || !guards.in_time
}
