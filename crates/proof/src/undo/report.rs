//! The figures of an undo, and how they are told.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

/// Records that one request can write, and rows of one object that one can read: what the platform allows. Leads are read
/// with a long text (`Description`), and then it sends 1,000 at most (recorded). Where a page begins is known when the one
/// before has come, so two of them never share a request. Each row that was written is read back once, because its stamp
/// moved: that nobody else had moved it is what the read tells.
const WRITES_A_CALL: u64 = 600;
const ROWS_A_CALL: u64 = 1_000;
/// Calls beyond the least possible that are no waste, in percent of it.
const OVER_PERCENT: u64 = 1;
/// So many records let their undo's calls be judged: of fewer, the rows of the last seconds, which every read brings
/// again, weigh more than the undo.
const JUDGED_FROM: u64 = 20_000;
/// Reads of a few rows that no number of records explains: one before the first batch is written, one that begins while
/// batches are, and one that ends the last read.
const READS_AT_REST: u64 = 3;

/// Calls by kind.
type Meter = BTreeMap<String, u64>;

/// What the undo cost, by the org's meter.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Calls {
    /// Until the last value was written.
    written: u64,
    /// Until every row that was written had been read back.
    all: u64,
    by_kind: Meter,
}

impl Calls {
    /// From three looks at the meter.
    pub(super) fn between(before: &Meter, written: &Meter, all: &Meter) -> Self {
        let sum = |meter: &Meter| meter.values().sum::<u64>();
        let spent = all.iter().map(|(kind, calls)| {
            let had = before.get(kind).copied().unwrap_or_default();
            (kind.clone(), calls - had)
        });
        Self {
            written: sum(written) - sum(before),
            all: sum(all) - sum(before),
            by_kind: spent.filter(|(_, calls)| *calls > 0).collect(),
        }
    }
}

/// What happened, and what was found.
#[derive(Default)]
pub(super) struct Report {
    /// What is wrong, in words.
    pub(super) faults: Vec<String>,
    pub(super) records: u64,
    /// Records that the bad mapping changed in the CRM.
    pub(super) rewritten: u64,
    /// Records that the brake held before they were rewritten.
    pub(super) held: u64,
    pub(super) edited: u64,
    pub(super) restored: u64,
    /// Fields compared on both sides.
    pub(super) fields: u64,
    pub(super) calls: Calls,
    steps: Vec<(String, Duration)>,
    /// Faults that records have, of all.
    wrong: usize,
}

impl Report {
    /// A step came to its end.
    pub(super) fn took(&mut self, what: &str, time: Duration) {
        crate::tell(&format!("{:>8.1} s  {what}", time.as_secs_f64()));
        self.steps.push((what.to_owned(), time));
    }

    /// The fewest calls that put so many records back: their writes, and the rows that come of it.
    fn least(&self) -> u64 {
        self.restored.div_ceil(WRITES_A_CALL) + self.restored.div_ceil(ROWS_A_CALL)
    }

    /// As many calls as are no waste.
    fn most(&self) -> u64 {
        self.least() + self.least() * OVER_PERCENT / 100 + READS_AT_REST
    }

    /// What can be told from the figures alone.
    pub(super) fn judge(&mut self) {
        self.wrong = self.faults.len();
        let most = self.most();
        let spent = &self.calls;
        let checks = [
            (
                self.rewritten == self.records,
                "not every record was rewritten".to_owned(),
            ),
            (
                self.restored + self.edited == self.records,
                format!("{} records were put back", self.restored),
            ),
            (
                spent.all <= most || self.records < JUDGED_FROM,
                format!(
                    "{} calls were spent, at most {most} were due: {:?}",
                    spent.all, spent.by_kind
                ),
            ),
        ];
        let wrong = checks.into_iter().filter(|(holds, _)| !holds);
        self.faults.extend(wrong.map(|(_, text)| text));
    }

    /// Prints everything as Markdown.
    pub(super) fn print(&self, elapsed: Duration) {
        self.told(elapsed).lines().for_each(crate::print);
    }

    fn told(&self, elapsed: Duration) -> String {
        let verdict = match self.wrong {
            0 => "Exactly the rest was put back".to_owned(),
            faults => format!("**{faults} faults**"),
        };
        let mut text = format!(
            "{verdict}: **{} records** rewritten, {} edited by people since, {} put back, in {:.0} s.\n\n| | |\n|---|--:|\n",
            self.rewritten,
            self.edited,
            self.restored,
            elapsed.as_secs_f64()
        );
        let spent = &self.calls;
        let rows = [
            (
                "records that are neither as before nor as typed, or not named in the preview",
                self.wrong as u64,
            ),
            (
                "records that the brake held until they were approved",
                self.held,
            ),
            ("fields compared on both sides at the end", self.fields),
            ("API calls until everything was written", spent.written),
            ("API calls with reading back", spent.all),
            (
                "least possible: ⌈records / 600⌉ to write, ⌈records / 1,000⌉ to read back",
                self.least(),
            ),
            (
                "1 % more, and 3 reads of a few rows: as the writing begins, as it goes on, as the reading ends",
                self.most(),
            ),
        ];
        for (name, count) in rows {
            let _infallible = writeln!(text, "| {name} | {count} |");
        }
        for fault in &self.faults {
            let _infallible = writeln!(text, "\n**Does not hold:** {fault}");
        }
        text += "\n| step | seconds |\n|---|--:|\n";
        for (name, time) in &self.steps {
            let _infallible = writeln!(text, "| {name} | {:.1} |", time.as_secs_f64());
        }
        text
    }
}
