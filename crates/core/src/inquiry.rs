//! What a link must see before it can be decided: a CRM record, read by its id.
//!
//! A decision asks ([`look`](crate::reconcile::Decision::look)), the store keeps the question, the engine reads, and the answer makes
//! the link due again. It lives in no watermark: a record may be needed that no pull brings any more.

use crate::ids::{CrmId, CrmObject, LinkId};
use crate::record::CrmRecord;
use jiff::Timestamp;

/// A CRM record that a link asked to see before it can be decided ([`Decision::look`](crate::reconcile::Decision::look)).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Inquiry {
    /// What it is.
    pub object: CrmObject,
    /// Which one.
    pub id: CrmId,
    /// Who asked.
    pub link: LinkId,
}

/// The answer to inquiries about records of one object.
#[derive(Clone, PartialEq, Debug)]
pub struct Answered {
    /// What was asked.
    pub inquiries: Vec<Inquiry>,
    /// Those that can be seen, deleted ones included and marked.
    pub found: Vec<CrmRecord>,
    /// Set where nobody could be asked: not again before this time.
    pub again_at: Option<Timestamp>,
    /// Our clock, after the answer.
    pub now: Timestamp,
}
