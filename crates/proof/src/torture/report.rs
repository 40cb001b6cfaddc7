//! The figures of a world, of all worlds together, and how they are told.

use super::book::Fates;
use super::tidying::Tidied;
use super::weather;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;
use tandem_server::demo::compare::Comparison;

/// Faults told of one world; the figures count them all.
const TOLD_MAX: usize = 25;

/// When the server was killed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Moment {
    /// In its first start, on an empty directory.
    Empty,
    /// In the first import.
    Import,
    /// Between its start and its first answer.
    Start,
    /// At work.
    Work,
    /// Right after it said that an edit is stored.
    AfterEdit,
    /// With nothing to do.
    Rest,
}

impl Moment {
    fn name(self) -> &'static str {
        match self {
            Self::Empty => "in the first start of all (the database is made)",
            Self::Import => "in the first import",
            Self::Start => "while starting",
            Self::Work => "at work",
            Self::AfterEdit => "right after it said that an edit is stored",
            Self::Rest => "with nothing to do",
        }
    }
}

/// What happened, and what was found.
#[derive(Default)]
pub(super) struct Report {
    /// What is wrong, in words.
    pub(super) faults: Vec<String>,
    /// Each start's time to the first answer.
    pub(super) starts_millis: Vec<u64>,
    /// Edits that were told to be stored, and those whose answer never came.
    pub(super) edits_here: (u64, u64),
    pub(super) edits_there: (u64, u64),
    pub(super) tidied: Tidied,
    /// Faults of the org that struck, by kind.
    pub(super) struck: BTreeMap<String, u64>,
    /// From the last start to rest.
    pub(super) rest_seconds: f64,
    pub(super) calls_own: u64,
    pub(super) calls_metered: u64,
    pub(super) log_entries: u64,
    moments: BTreeMap<Moment, u64>,
    made_here: (u64, u64),
    made_there: (u64, u64),
    worlds: u64,
    records: u64,
    fields: u64,
    differences: u64,
    doubled: u64,
    missing: u64,
    lost: u64,
    fates: Fates,
}

impl Report {
    pub(super) fn killed(&mut self, moment: Moment) {
        *self.moments.entry(moment).or_default() += 1;
    }

    pub(super) fn kills(&self) -> u64 {
        self.moments.values().sum()
    }

    pub(super) fn made(&mut self, here: bool, told: bool) {
        let made = if here {
            &mut self.made_here
        } else {
            &mut self.made_there
        };
        match told {
            true => made.0 += 1,
            false => made.1 += 1,
        }
    }

    pub(super) fn compared(&mut self, compared: &Comparison) {
        self.worlds += 1;
        self.records += compared.records as u64;
        self.fields += compared.fields as u64;
        self.differences += compared.differences as u64;
        self.faults.extend(compared.told.iter().cloned());
        if compared.fields == 0 {
            self.fault("nothing was compared".into());
        }
    }

    pub(super) fn doubled(&mut self, text: String) {
        self.doubled += 1;
        self.fault(text);
    }

    pub(super) fn missing(&mut self, text: String) {
        self.missing += 1;
        self.fault(text);
    }

    pub(super) fn fates(&mut self, fates: Fates, lost: Vec<String>) {
        self.fates = fates;
        self.lost += lost.len() as u64;
        lost.into_iter().for_each(|text| self.fault(text));
    }

    fn fault(&mut self, text: String) {
        if self.faults.len() < TOLD_MAX {
            self.faults.push(text);
        }
    }

    /// Takes in another world's.
    pub(super) fn add(&mut self, other: Self) {
        let add = |sum: &mut (u64, u64), more: (u64, u64)| *sum = (sum.0 + more.0, sum.1 + more.1);
        self.faults.extend(other.faults);
        self.starts_millis.extend(other.starts_millis);
        add(&mut self.edits_here, other.edits_here);
        add(&mut self.edits_there, other.edits_there);
        add(&mut self.made_here, other.made_here);
        add(&mut self.made_there, other.made_there);
        self.tidied.merged += other.tidied.merged;
        self.tidied.deleted += other.tidied.deleted;
        self.tidied.brought_back += other.tidied.brought_back;
        for (name, count) in other.struck {
            *self.struck.entry(name).or_default() += count;
        }
        for (moment, count) in other.moments {
            *self.moments.entry(moment).or_default() += count;
        }
        self.rest_seconds = self.rest_seconds.max(other.rest_seconds);
        self.calls_own += other.calls_own;
        self.calls_metered += other.calls_metered;
        self.log_entries += other.log_entries;
        self.worlds += other.worlds;
        self.records += other.records;
        self.fields += other.fields;
        self.differences += other.differences;
        self.doubled += other.doubled;
        self.missing += other.missing;
        self.lost += other.lost;
        self.fates.standing += other.fates.standing;
        self.fates.logged += other.fates.logged;
        self.fates.typed_over += other.fates.typed_over;
        self.fates.same_second += other.fates.same_second;
    }

    /// A world in one line.
    pub(super) fn line(&self, number: u64, elapsed: Duration) -> String {
        let verdict = match self.faults.first() {
            None => "sound".to_owned(),
            Some(fault) => format!("NOT SOUND: {fault}"),
        };
        format!(
            "{:>6.0} s  world {number}: {} kills, {} edits, {} records compared, at rest after {:.1} s: {verdict}",
            elapsed.as_secs_f64(),
            self.kills(),
            self.edits_here.0 + self.edits_there.0,
            self.records,
            self.rest_seconds,
        )
    }

    /// Prints everything as Markdown.
    pub(super) fn print(&self, seed: u64, workers: usize, elapsed: Duration) {
        for line in self.told(seed, workers, elapsed).lines() {
            crate::print(line);
        }
    }

    fn told(&self, seed: u64, workers: usize, elapsed: Duration) -> String {
        let kills = self.kills();
        let seconds = elapsed.as_secs_f64();
        let mut text = format!(
            "**{kills} kills** in {} worlds, {workers} at a time, seed {seed}, {seconds:.0} s ({:.2} s a kill).\n\n",
            self.worlds,
            seconds / kills.max(1) as f64
        );
        text += "| what must be 0 | |\n|---|--:|\n";
        for (name, count) in [
            ("records that are there twice", self.doubled),
            ("records that one side lacks", self.missing),
            ("mapped fields that differ", self.differences),
            (
                "typed values, told to be stored, that are nowhere",
                self.lost,
            ),
            ("anything else that is wrong", self.others()),
        ] {
            let _infallible = writeln!(text, "| {name} | {count} |");
        }
        text += "\n| what happened | |\n|---|--:|\n";
        for (name, count) in self.happened() {
            let _infallible = writeln!(text, "| {name} | {count} |");
        }
        let _infallible = writeln!(
            text,
            "\nFaults were set at the start of {} % of the lives: {}.",
            weather::LIVES_PERCENT,
            weather::told()
        );
        text
    }

    fn others(&self) -> u64 {
        let known = self.doubled + self.missing + self.differences + self.lost;
        (self.faults.len() as u64).saturating_sub(known)
    }

    fn happened(&self) -> Vec<(String, String)> {
        let mut rows = Vec::new();
        let mut row = |name: &str, told: String| rows.push((name.to_owned(), told));
        for (moment, count) in &self.moments {
            row(&format!("killed {}", moment.name()), count.to_string());
        }
        let told = |counts: (u64, u64)| format!("{} (and {} unanswered)", counts.0, counts.1);
        row("edits in the workspace", told(self.edits_here));
        row("edits in the CRM", told(self.edits_there));
        row("people made in the workspace", told(self.made_here));
        row("people made in the CRM", told(self.made_there));
        row("merges in the CRM", self.tidied.merged.to_string());
        row("deletions in the CRM", self.tidied.deleted.to_string());
        row(
            "of these records brought back",
            self.tidied.brought_back.to_string(),
        );
        for (name, count) in &self.struck {
            row(&format!("fault `{name}` struck"), count.to_string());
        }
        row("records compared at the end", self.records.to_string());
        row("fields compared", self.fields.to_string());
        row(
            "typed values that stand at the end",
            self.fates.standing.to_string(),
        );
        row(
            "that lost, and are in the log",
            self.fates.logged.to_string(),
        );
        row(
            "that were typed over on their own side",
            self.fates.typed_over.to_string(),
        );
        row(
            "that a lost answer took, within the second of another change of the record (ADR 2)",
            self.fates.same_second.to_string(),
        );
        row("log entries", self.log_entries.to_string());
        let (median, late) = self.starts();
        row(
            "start to first answer, median and 99 of 100",
            format!("{median} ms, {late} ms"),
        );
        row("longest way to rest", format!("{:.1} s", self.rest_seconds));
        let calls = format!("{} and {}", self.calls_metered, self.calls_own);
        row(
            "API calls by the org's meter, and by Tandem's own count",
            calls,
        );
        rows
    }

    fn starts(&self) -> (u64, u64) {
        let mut starts = self.starts_millis.clone();
        starts.sort_unstable();
        let at = |percent: usize| starts.get(starts.len() * percent / 100).copied();
        (at(50).unwrap_or_default(), at(99).unwrap_or_default())
    }
}
