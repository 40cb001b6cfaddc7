//! Date literals (`TODAY`, `LAST_N_DAYS:30`, `THIS_QUARTER` …) as spans of days.
//!
//! Today is a day in the user's time zone, weeks start on Sunday. `LAST_N_DAYS:n` and `LAST_90_DAYS` include today; the
//! other LAST and all NEXT spans leave the current unit out (documented).

use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan};

use super::calendar::Calendar;

/// Largest n of `LAST_N_DAYS:n` and the like.
pub(crate) const MAX_UNITS: i64 = 9_999;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Day,
    Week,
    Month,
    Quarter,
    Year,
    FiscalQuarter,
    FiscalYear,
}

/// The units `from..to`, counted from the current one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DateSpan {
    unit: Unit,
    from: i64,
    to: i64,
}

impl DateSpan {
    /// The span a word names; `n` is the number behind its colon.
    pub(crate) fn named(word: &str, n: Option<i64>) -> Option<DateSpan> {
        let word = word.to_ascii_uppercase();
        match n {
            None => fixed(&word),
            Some(n) => counted(&word, n),
        }
    }

    /// First day and the day after the last; none beyond the end of time.
    pub(crate) fn days(self, today: Date, calendar: &Calendar) -> Option<(Date, Date)> {
        let start = self.unit.start(today, calendar)?;
        let shift = |units| start.checked_add(self.unit.span(units)).ok();
        Some((shift(self.from)?, shift(self.to)?))
    }
}

impl Unit {
    /// `MONTHS` or, without the plural, `MONTH`.
    fn named(word: &str) -> Option<Unit> {
        Some(match word {
            "DAY" => Unit::Day,
            "WEEK" => Unit::Week,
            "MONTH" => Unit::Month,
            "QUARTER" => Unit::Quarter,
            "YEAR" => Unit::Year,
            "FISCAL_QUARTER" => Unit::FiscalQuarter,
            "FISCAL_YEAR" => Unit::FiscalYear,
            _ => return None,
        })
    }

    fn start(self, day: Date, calendar: &Calendar) -> Option<Date> {
        let months_back = |months: i8| {
            let start = day.first_of_month().checked_sub(i64::from(months).months());
            start.ok()
        };
        match self {
            Unit::Day => Some(day),
            Unit::Week => day
                .checked_sub(i64::from(day.weekday().since(Weekday::Sunday)).days())
                .ok(),
            Unit::Month => Some(day.first_of_month()),
            Unit::Quarter => Date::new(day.year(), (day.month() - 1) / 3 * 3 + 1, 1).ok(),
            Unit::Year => Some(day.first_of_year()),
            Unit::FiscalQuarter => months_back(calendar.fiscal_months(day) % 3),
            Unit::FiscalYear => months_back(calendar.fiscal_months(day)),
        }
    }

    fn span(self, units: i64) -> Span {
        match self {
            Unit::Day => units.days(),
            Unit::Week => units.weeks(),
            Unit::Month => units.months(),
            Unit::Quarter | Unit::FiscalQuarter => (3 * units).months(),
            Unit::Year | Unit::FiscalYear => units.years(),
        }
    }
}

fn fixed(word: &str) -> Option<DateSpan> {
    let day = |from, to| {
        Some(DateSpan {
            unit: Unit::Day,
            from,
            to,
        })
    };
    match word {
        "YESTERDAY" => return day(-1, 0),
        "TODAY" => return day(0, 1),
        "TOMORROW" => return day(1, 2),
        "LAST_90_DAYS" => return day(-90, 1),
        "NEXT_90_DAYS" => return day(1, 91),
        _ => {}
    }
    let (which, unit) = word.split_once('_')?;
    let unit = Unit::named(unit).filter(|unit| *unit != Unit::Day)?;
    let from = match which {
        "LAST" => -1,
        "THIS" => 0,
        "NEXT" => 1,
        _ => return None,
    };
    Some(DateSpan {
        unit,
        from,
        to: from + 1,
    })
}

fn counted(word: &str, n: i64) -> Option<DateSpan> {
    if !(0..=MAX_UNITS).contains(&n) {
        return None;
    }
    let unit = |plural: &str| Unit::named(plural.strip_suffix('S')?);
    if let Some(units) = word.strip_prefix("LAST_N_") {
        let unit = unit(units)?;
        let to = if unit == Unit::Day { 1 } else { 0 };
        return Some(DateSpan { unit, from: -n, to });
    }
    if let Some(units) = word.strip_prefix("NEXT_N_") {
        return Some(DateSpan {
            unit: unit(units)?,
            from: 1,
            to: n + 1,
        });
    }
    let units = word.strip_prefix("N_")?.strip_suffix("_AGO")?;
    Some(DateSpan {
        unit: unit(units)?,
        from: -n,
        to: 1 - n,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(word: &str, n: Option<i64>, wanted: &str) {
        let today: Date = "2026-05-13".parse().unwrap();
        let calendar = Calendar::fiscal_from(2);
        let shown = DateSpan::named(word, n).and_then(|span| span.days(today, &calendar));
        assert_eq!(
            shown.map_or("none".into(), |(from, to)| format!("{from}..{to}")),
            wanted,
            "{word} {n:?}"
        );
    }

    #[test]
    fn spans_of_the_vendors_table() {
        check("today", None, "2026-05-13..2026-05-14");
        check("LAST_90_DAYS", None, "2026-02-12..2026-05-14");
        check("LAST_N_DAYS", Some(3), "2026-05-10..2026-05-14");
        check("N_DAYS_AGO", Some(3), "2026-05-10..2026-05-11");
        check("NEXT_N_DAYS", Some(3), "2026-05-14..2026-05-17");
        check("THIS_WEEK", None, "2026-05-10..2026-05-17");
        check("LAST_MONTH", None, "2026-04-01..2026-05-01");
        check("LAST_N_MONTHS", Some(2), "2026-03-01..2026-05-01");
        check("NEXT_QUARTER", None, "2026-07-01..2026-10-01");
        check("THIS_FISCAL_YEAR", None, "2026-02-01..2027-02-01");
        check("LAST_FISCAL_YEAR", None, "2025-02-01..2026-02-01");
        check("THIS_FISCAL_QUARTER", None, "2026-05-01..2026-08-01");
        check("N_FISCAL_QUARTERS_AGO", Some(1), "2026-02-01..2026-05-01");
        check("NEXT_N_FISCAL_YEARS", Some(2), "2027-02-01..2029-02-01");
        check("THIS_FISCAL_WEEK", None, "none");
        check("THIS_DAY", None, "none");
        check("LAST_N_DAYS", None, "none");
        check("LAST_N_DAYS", Some(-1), "none");
        check("SOMEDAY", None, "none");
    }
}
