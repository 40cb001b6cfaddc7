//! The meter as facts that can be written down and read again.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{CallKind, LOGGED_CALLS, Meter, MeteredCall, Rolling, WINDOW_MINUTES, minute};

/// Every kind of call there is; see `route::kind`.
pub(crate) const KINDS: [&str; 14] = [
    "batch",
    "bulk",
    "collections",
    "composite",
    "describe",
    "limits",
    "other",
    "query",
    "query_more",
    "record",
    "replication",
    "search",
    "soap",
    "unknown",
];

/// One fact about the meter.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MeterFact {
    Call(MeteredCall),
    Limit(u64),
    Reset,
    Whole(MeterImage),
}

/// All the meter knows.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct MeterImage {
    limit: u64,
    minutes: Vec<(i64, u64)>,
    total: u64,
    by_kind: BTreeMap<String, u64>,
    by_client: BTreeMap<String, u64>,
    log: Vec<MeteredCall>,
}

impl Meter {
    /// What happened since the last call.
    pub(crate) fn take_changes(&mut self) -> Vec<MeterFact> {
        std::mem::take(&mut self.fresh)
    }

    /// All there is at this time.
    pub(crate) fn image(&self, now: Timestamp) -> MeterFact {
        let oldest = minute(now) - WINDOW_MINUTES;
        let minutes = self.calls.minutes.iter().filter(|(at, _)| *at > oldest);
        let by_kind = self.by_kind.iter();
        MeterFact::Whole(MeterImage {
            limit: self.limit,
            minutes: minutes.copied().collect(),
            total: self.total,
            by_kind: by_kind.map(|(kind, n)| ((*kind).to_owned(), *n)).collect(),
            by_client: self.by_client.clone(),
            log: self.log.iter().cloned().collect(),
        })
    }

    pub(crate) fn apply(&mut self, fact: MeterFact) {
        match fact {
            MeterFact::Call(call) => self.count(call),
            MeterFact::Limit(limit) => self.set_limit(limit),
            MeterFact::Reset => self.reset(),
            MeterFact::Whole(image) => self.restore(image),
        }
        self.fresh.clear();
    }

    fn restore(&mut self, image: MeterImage) {
        let by_kind = image.by_kind.into_iter();
        *self = Self {
            limit: image.limit,
            calls: Rolling {
                sum: image.minutes.iter().map(|(_, calls)| calls).sum(),
                minutes: image.minutes.into(),
            },
            total: image.total,
            by_kind: by_kind.map(|(kind, n)| (kind_named(&kind), n)).collect(),
            by_client: image.by_client,
            log: image.log.into_iter().take(LOGGED_CALLS).collect(),
            fresh: Vec::new(),
        };
    }
}

/// The kind of this name.
pub(super) fn kind_named(name: &str) -> CallKind {
    let known = KINDS.into_iter().find(|kind| *kind == name);
    known.unwrap_or("unknown")
}

pub(super) fn read_kind<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<CallKind, D::Error> {
    String::deserialize(deserializer).map(|name| kind_named(&name))
}
