//! What was read of an object since its reading began at the beginning: the ledger that says that nothing is left out.
//!
//! The first read has no lower bound and no filter. What it brings is added up page by page; later reads only go on from where it
//! ended, so that everything between the oldest change and the watermark was read. Reading everything again begins a
//! new ledger.

use crate::record::CrmRecord;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What the read from the beginning brought, so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Coverage {
    /// Rows. One that changed while it was read counts as often as it came.
    pub rows: u64,
    /// The oldest last change among them, by the CRM's clock.
    pub oldest: Option<Timestamp>,
}

impl Coverage {
    /// Adds a page.
    pub fn add(&mut self, records: &[CrmRecord]) {
        self.rows = self.rows.saturating_add(records.len() as u64);
        let oldest = records.iter().map(|record| record.modified_at).min();
        self.oldest = self.oldest.into_iter().chain(oldest).min();
    }
}
