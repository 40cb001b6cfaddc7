//! Counts what a test run says, line by line.

/// Tests and seeds that passed and failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Tally {
    /// Takes in a line of `cargo test` (`test result: ok. 3 passed; 0 failed; …`) or of the simulation
    /// (`60 passed, 0 failed`). Other lines say nothing.
    pub(crate) fn read(&mut self, line: &str) {
        let summary = line.strip_prefix("test result: ").map(|rest| {
            let (_, counts) = rest.split_once(". ").unwrap_or_default();
            counts
        });
        let mut parts = summary.unwrap_or(line).split([';', ',']).map(str::trim);
        let passed = count(parts.next(), "passed");
        let failed = count(parts.next(), "failed");
        if let (Some(passed), Some(failed)) = (passed, failed) {
            self.passed += passed;
            self.failed += failed;
        }
    }
}

/// `12 passed` → 12.
fn count(part: Option<&str>, word: &str) -> Option<u64> {
    part?.strip_suffix(word)?.trim_end().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_summaries_count() {
        let mut tally = Tally::default();
        for line in [
            "running 2 tests",
            "test tally::tests::x ... ok",
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s",
            "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured",
            "60 passed, 1 failed",
            "it passed, nothing failed",
            "60 seeds from 1: 5 acts, 3 passed, 1 failed",
            "",
        ] {
            tally.read(line);
        }
        let (passed, failed) = (75, 3);
        assert_eq!(tally, Tally { passed, failed });
    }
}
