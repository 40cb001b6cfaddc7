//! How reservations and the org's own counts move the API budget.

use tandem_core::Timestamp;
use tandem_core::budget::BudgetState;
use tandem_core::connector::OrgUsage;

/// How long a reservation stands when nobody settles it: longer than any request, so that one lost in
/// a crash returns by itself.
pub const RESERVATION_SECONDS: i64 = 600;

/// Whether a reservation taken at that time still counts.
pub fn reservation_stands(taken_at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(taken_at).as_secs() < RESERVATION_SECONDS
}

/// Counts calls that were made, and takes over the org's own count where it was told.
///
/// The org's count jumps back and forth by a few calls, and answers overtake one another. A lower one
/// is therefore believed only once the higher is [`RESERVATION_SECONDS`] old: until then we add up
/// ourselves, so that the budget is never exceeded by believing a late answer.
pub fn spend(state: &mut BudgetState, calls: u32, usage: Option<OrgUsage>, now: Timestamp) {
    let overtaken = |usage: OrgUsage| {
        state.org.is_some_and(|(known, at)| {
            known.max == usage.max && known.used > usage.used && reservation_stands(at, now)
        })
    };
    match usage {
        Some(usage) if !overtaken(usage) => {
            state.org = Some((usage, now));
            state.spent_since = 0;
        }
        _ => state.spent_since = state.spent_since.saturating_add(u64::from(calls)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::new(second, 0).unwrap_or_default()
    }

    #[test]
    fn a_lower_count_is_believed_only_later() {
        let usage = |used| Some(OrgUsage { used, max: 1000 });
        let mut state = BudgetState::default();
        spend(&mut state, 3, None, at(0));
        assert_eq!(state.spent_since, 3);
        spend(&mut state, 1, usage(100), at(1));
        assert_eq!(
            (state.org.map(|org| org.0), state.spent_since),
            (usage(100), 0)
        );
        spend(&mut state, 2, usage(99), at(2));
        assert_eq!(
            (state.org.map(|org| org.0), state.spent_since),
            (usage(100), 2)
        );
        spend(&mut state, 1, usage(40), at(1 + RESERVATION_SECONDS));
        assert_eq!(
            (state.org.map(|org| org.0), state.spent_since),
            (usage(40), 0)
        );
    }
}
