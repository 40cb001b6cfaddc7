//! What tasks and events imply: whether they are done, when they end, which account they are about.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use rust_decimal::prelude::ToPrimitive as _;

use super::Draft;
use crate::world::schema::ObjectDef;
use crate::world::{SfId, Value, World};

/// The one status that closes a task of the standard process.
const CLOSED_STATUS: &str = "Completed";
const HIGH_PRIORITY: &str = "High";
const MINUTES_PER_DAY: i64 = 24 * 60;

impl World {
    pub(super) fn derive_task(&self, def: &ObjectDef, draft: &mut Draft) {
        let is = |name, wanted| draft.named(def, name).as_text() == Some(wanted);
        let (closed, high) = (is("Status", CLOSED_STATUS), is("Priority", HIGH_PRIORITY));
        let done = match draft.named(def, "CompletedDateTime") {
            _ if !closed => Value::Null,
            Value::Null => Value::DateTime(self.now_seconds()),
            before => before,
        };
        draft.set_named(def, "CompletedDateTime", done);
        draft.set_named(def, "IsClosed", Value::Bool(closed));
        draft.set_named(def, "IsHighPriority", Value::Bool(high));
        self.derive_account(def, draft);
    }

    /// Start, end, duration and day say the same; what was set last wins over the end.
    pub(super) fn derive_event(&self, def: &ObjectDef, draft: &mut Draft) {
        let set = |name| def.field_no(name).is_some_and(|no| draft.set.contains(&no));
        let names = ["StartDateTime", "ActivityDateTime"];
        let given = names.into_iter().find(|name| set(name)).unwrap_or(names[0]);
        let all_day = draft.named(def, "IsAllDayEvent") == Value::Bool(true);
        let (by_end, by_day) = (set("EndDateTime"), set("ActivityDate") && all_day);
        let midnight = || match draft.named(def, "ActivityDate") {
            Value::Date(day) => TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok(),
            _ => None,
        };
        let instant = |name| match draft.named(def, name) {
            Value::DateTime(at) => Some(at),
            _ => None,
        };
        let start = if by_day { midnight() } else { instant(given) };
        let minutes = draft.named(def, "DurationInMinutes").as_number();
        let minutes = minutes.and_then(|minutes| minutes.to_i64());
        let end = instant("EndDateTime").filter(|_| by_end);
        if let Some(start) = start {
            let fallback = if all_day { MINUTES_PER_DAY } else { 0 };
            let end = end.or_else(|| after(start, minutes.unwrap_or(fallback)));
            set_span(def, draft, start, end.unwrap_or(start));
        }
        self.derive_account(def, draft);
    }

    /// The account of what an activity is about, else of whom.
    fn derive_account(&self, def: &ObjectDef, draft: &mut Draft) {
        let about = ["WhatId", "WhoId"].map(|name| draft.named(def, name).as_id());
        let account = about
            .into_iter()
            .flatten()
            .find_map(|id| self.account_of_record(id));
        draft.set_named(def, "AccountId", account.map_or(Value::Null, Value::Id));
    }

    /// The account itself, or the one a record belongs to.
    fn account_of_record(&self, id: SfId) -> Option<SfId> {
        let object = self.schema.prefix_no(id.key_prefix())?;
        if self.schema.at(object).name == "Account" {
            return Some(id);
        }
        let row = self.table(object).get(id)?;
        self.named_column(object, row, "AccountId").as_id()
    }
}

fn after(start: Timestamp, minutes: i64) -> Option<Timestamp> {
    start.checked_add(SignedDuration::from_mins(minutes)).ok()
}

fn set_span(def: &ObjectDef, draft: &mut Draft, start: Timestamp, end: Timestamp) {
    let day = |at: Timestamp| Value::Date(TimeZone::UTC.to_datetime(at).date());
    let minutes = end.duration_since(start).as_mins();
    let values = [
        ("StartDateTime", Value::DateTime(start)),
        ("ActivityDateTime", Value::DateTime(start)),
        ("ActivityDate", day(start)),
        ("EndDateTime", Value::DateTime(end)),
        ("EndDate", day(end)),
        ("DurationInMinutes", Value::Number(minutes.into())),
    ];
    for (name, value) in values {
        draft.set_named(def, name, value);
    }
}
