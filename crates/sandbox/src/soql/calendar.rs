//! Calendars: the user's time zone, the org's fiscal year, and the date functions.
//!
//! Zones come from the database built into the program, not from the machine, so that an answer never depends on
//! where it is given. Weeks start on Sunday; the first week of a year or month is its first seven days (documented).

use std::sync::LazyLock;

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use rust_decimal::Decimal;

use crate::world::{Actor, FieldType, SfId, Value, World};

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// How instants become days, and days become fiscal periods.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Calendar {
    zone: TimeZone,
    /// First month of the fiscal year, 1 to 12.
    fiscal_start: i8,
    /// A fiscal year is called after the year it starts in, not the year it ends in.
    named_by_start: bool,
}

impl World {
    /// The time zone of a user; UTC when it is not known.
    pub(crate) fn zone_of(&self, actor: &Actor) -> TimeZone {
        let name = self.setting("User", actor.user, "TimeZoneSidKey");
        let zone = name.as_text().and_then(|name| ZONES.get(name).ok());
        zone.unwrap_or(TimeZone::UTC)
    }

    /// The org's calendar in a time zone.
    pub(crate) fn calendar(&self, zone: TimeZone) -> Calendar {
        let org = |field| self.setting("Organization", self.org_id(), field);
        let month = org("FiscalYearStartMonth").as_number();
        let month = month.and_then(|month| i8::try_from(month).ok());
        Calendar {
            zone,
            fiscal_start: month.filter(|month| (1..=12).contains(month)).unwrap_or(1),
            named_by_start: org("UsesStartDateAsFiscalYearName") == Value::Bool(true),
        }
    }

    /// A field of one row of a setup object; null when the object or the field is missing.
    fn setting(&self, object: &str, id: SfId, field: &str) -> Value {
        let Some(object) = self.schema().object_no(object) else {
            return Value::Null;
        };
        let field = self.schema().at(object).field_no(field);
        match (self.table(object).get(id), field) {
            (Some(row), Some(field)) => self.field_value(object, row, field).into_owned(),
            _ => Value::Null,
        }
    }
}

impl Calendar {
    pub(crate) fn zone(&self) -> &TimeZone {
        &self.zone
    }

    #[cfg(test)]
    pub(crate) fn fiscal_from(month: i8) -> Calendar {
        Calendar {
            zone: TimeZone::UTC,
            fiscal_start: month,
            named_by_start: false,
        }
    }

    /// Months since the fiscal year began, 0 to 11.
    pub(crate) fn fiscal_months(&self, day: Date) -> i8 {
        (day.month() - self.fiscal_start).rem_euclid(12)
    }

    fn fiscal_year(&self, day: Date) -> i16 {
        let start = if day.month() < self.fiscal_start {
            day.year() - 1
        } else {
            day.year()
        };
        start + i16::from(self.fiscal_start > 1 && !self.named_by_start)
    }
}

/// The date functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DatePart {
    CalendarMonth,
    CalendarQuarter,
    CalendarYear,
    DayInMonth,
    DayInWeek,
    DayInYear,
    DayOnly,
    FiscalMonth,
    FiscalQuarter,
    FiscalYear,
    HourInDay,
    WeekInMonth,
    WeekInYear,
}

const DATE_PARTS: [(&str, DatePart); 13] = [
    ("CALENDAR_MONTH", DatePart::CalendarMonth),
    ("CALENDAR_QUARTER", DatePart::CalendarQuarter),
    ("CALENDAR_YEAR", DatePart::CalendarYear),
    ("DAY_IN_MONTH", DatePart::DayInMonth),
    ("DAY_IN_WEEK", DatePart::DayInWeek),
    ("DAY_IN_YEAR", DatePart::DayInYear),
    ("DAY_ONLY", DatePart::DayOnly),
    ("FISCAL_MONTH", DatePart::FiscalMonth),
    ("FISCAL_QUARTER", DatePart::FiscalQuarter),
    ("FISCAL_YEAR", DatePart::FiscalYear),
    ("HOUR_IN_DAY", DatePart::HourInDay),
    ("WEEK_IN_MONTH", DatePart::WeekInMonth),
    ("WEEK_IN_YEAR", DatePart::WeekInYear),
];

impl DatePart {
    /// The function of this upper-case name.
    pub(crate) fn named(name: &str) -> Option<DatePart> {
        let found = DATE_PARTS.iter().find(|(known, _)| *known == name);
        found.map(|(_, part)| *part)
    }

    pub(crate) fn name(self) -> &'static str {
        let found = DATE_PARTS.iter().find(|(_, part)| *part == self);
        found.map_or("", |(name, _)| name)
    }

    /// Whether it works on days; the others need an instant.
    pub(crate) fn of_days(self) -> bool {
        !matches!(self, DatePart::DayOnly | DatePart::HourInDay)
    }

    pub(crate) fn field_type(self) -> FieldType {
        if self == DatePart::DayOnly {
            FieldType::Date
        } else {
            FieldType::Int
        }
    }

    /// The part of a day or an instant; null of null.
    pub(crate) fn of(self, value: &Value, calendar: &Calendar) -> Value {
        let at: DateTime = match value {
            Value::Date(day) => (*day).into(),
            Value::DateTime(at) => calendar.zone.to_datetime(*at),
            _ => return Value::Null,
        };
        let day = at.date();
        let number: i16 = match self {
            DatePart::DayOnly => return Value::Date(day),
            DatePart::CalendarMonth => day.month().into(),
            DatePart::CalendarQuarter => i16::from(day.month() - 1) / 3 + 1,
            DatePart::CalendarYear => day.year(),
            DatePart::DayInMonth => day.day().into(),
            DatePart::DayInWeek => i16::from(day.weekday().since(Weekday::Sunday)) + 1,
            DatePart::DayInYear => day.day_of_year(),
            DatePart::FiscalMonth => i16::from(calendar.fiscal_months(day)) + 1,
            DatePart::FiscalQuarter => i16::from(calendar.fiscal_months(day)) / 3 + 1,
            DatePart::FiscalYear => calendar.fiscal_year(day),
            DatePart::HourInDay => at.hour().into(),
            DatePart::WeekInMonth => (i16::from(day.day()) - 1) / 7 + 1,
            DatePart::WeekInYear => (day.day_of_year() - 1) / 7 + 1,
        };
        Value::Number(Decimal::from(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: &str, value: &str, zone: &str, fiscal_start: i8) -> String {
        let calendar = Calendar {
            zone: ZONES.get(zone).unwrap(),
            fiscal_start,
            named_by_start: false,
        };
        let value = value
            .parse()
            .map_or_else(|_| Value::Date(value.parse().unwrap()), Value::DateTime);
        match DatePart::named(name).unwrap().of(&value, &calendar) {
            Value::Number(number) => number.to_string(),
            Value::Date(day) => day.to_string(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn parts_of_days() {
        let of = |name: &str, day: &str| part(name, day, "GMT", 7);
        assert_eq!(of("CALENDAR_QUARTER", "2026-05-13"), "2");
        assert_eq!(of("DAY_IN_WEEK", "2026-05-13"), "4");
        assert_eq!(of("DAY_IN_WEEK", "2026-05-10"), "1");
        assert_eq!(of("DAY_IN_YEAR", "2026-02-01"), "32");
        assert_eq!(of("WEEK_IN_MONTH", "2026-04-10"), "2");
        assert_eq!(of("WEEK_IN_YEAR", "2026-01-07"), "1");
        assert_eq!(of("FISCAL_QUARTER", "2026-07-15"), "1");
        assert_eq!(of("FISCAL_QUARTER", "2026-06-06"), "4");
        assert_eq!(of("FISCAL_MONTH", "2026-06-06"), "12");
        assert_eq!(of("FISCAL_YEAR", "2026-06-06"), "2026");
        assert_eq!(of("FISCAL_YEAR", "2026-07-01"), "2027");
    }

    #[test]
    fn instants_are_read_in_their_zone() {
        let at = "2026-01-01T03:30:00Z";
        assert_eq!(part("HOUR_IN_DAY", at, "GMT", 1), "3");
        assert_eq!(part("HOUR_IN_DAY", at, "America/New_York", 1), "22");
        assert_eq!(part("DAY_ONLY", at, "America/New_York", 1), "2025-12-31");
        assert_eq!(part("CALENDAR_YEAR", at, "America/New_York", 1), "2025");
    }
}
