//! What the story tells at its end, for people and for programs.

use super::compare::Comparison;
use crate::cli::print;
use serde::Serialize;

/// One conflict of the story and how it ended.
#[derive(Debug, Serialize)]
pub(super) struct ConflictTold {
    /// Who.
    pub(super) record: String,
    /// The field.
    pub(super) field: String,
    /// The rule of the mapping.
    pub(super) rule: &'static str,
    /// The CRM's value.
    pub(super) crm: String,
    /// The workspace's value.
    pub(super) workspace: String,
    /// What both sides hold now.
    pub(super) outcome: String,
    /// What the rule asks for.
    pub(super) expected: String,
}

/// One act: what it cost, and what it would have cost at best.
#[derive(Debug, Serialize)]
pub(super) struct ActTold {
    /// Its name.
    pub(super) name: &'static str,
    /// API calls that the org counted.
    pub(super) calls: u64,
    /// The least that the platform allows for the same.
    pub(super) least: u64,
    /// Seconds.
    pub(super) seconds: f64,
}

/// The whole story.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    /// The acts in order.
    pub(super) acts: Vec<ActTold>,
    /// The conflicts.
    pub(super) conflicts: Vec<ConflictTold>,
    /// Log entries that failed or wait, by the end.
    pub(super) failures: usize,
    /// Records tried again by a person.
    pub(super) retries: usize,
    /// The story went on where an earlier one had ended, perhaps in the middle of a call.
    pub(super) resumed: bool,
    /// Calls by the org's meter.
    pub(super) calls_metered: u64,
    /// Calls by Tandem's own account.
    pub(super) calls_accounted: u64,
    /// Both sides.
    pub(super) comparison: Comparison,
    /// Seconds, all acts together.
    pub(super) seconds: f64,
}

impl Report {
    /// Why the story did not end well; empty if it did.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = self.comparison.told.clone();
        if !self.comparison.agree() {
            faults.push(format!(
                "{} differences between the sides",
                self.comparison.differences
            ));
        }
        let wrong = self.conflicts.iter().filter(|c| c.outcome != c.expected);
        faults.extend(wrong.map(|c| {
            format!(
                "{} {}: “{}” instead of “{}” ({})",
                c.record, c.field, c.outcome, c.expected, c.rule
            )
        }));
        // A process that died between a call and its account leaves one uncounted here.
        let lost = self.calls_metered.saturating_sub(self.calls_accounted);
        let excused = self.resumed && lost <= 3;
        if self.calls_metered != self.calls_accounted && !excused {
            faults.push(format!(
                "the org counted {} API calls, Tandem {}",
                self.calls_metered, self.calls_accounted
            ));
        }
        faults
    }

    /// Prints it for people.
    pub(super) fn print(&self) {
        print("What happened");
        for act in &self.acts {
            let line = format!(
                "  {:<52} {:>4} calls (at best {:>3})  {:>6.1} s",
                act.name, act.calls, act.least, act.seconds
            );
            print(&line);
        }
        print("Conflicts");
        for conflict in &self.conflicts {
            print(&format!(
                "  {:<12} {} {}: CRM “{}”, workspace “{}” → “{}”",
                conflict.rule,
                conflict.record,
                conflict.field,
                conflict.crm,
                conflict.workspace,
                conflict.outcome
            ));
        }
        let least: u64 = self.acts.iter().map(|act| act.least).sum();
        let compared = &self.comparison;
        print("Outcome");
        print(&format!(
            "  {} records, {} fields compared, {} differences",
            compared.records, compared.fields, compared.differences
        ));
        print(&format!(
            "  {} failures on the way, {} retries by a person",
            self.failures, self.retries
        ));
        print(&format!(
            "  {} API calls, {least} at best; {:.1} seconds",
            self.calls_metered, self.seconds
        ));
    }
}
