//! What a store answered, in a form in which two stores can agree.

use std::collections::BTreeMap;
use std::fmt::Debug;

/// Names of numbers that each store gives out as it likes. Ids are replaced by the order in which they
/// were met, the others are blanked.
const IDS: [&str; 4] = ["LinkId(", "RecordId(", "IntentId(", "LogId("];
const BLANKED: [&str; 3] = ["version: ", "epoch: ", "contract-"];

/// The answers, line by line.
#[derive(Default)]
pub(super) struct Transcript {
    lines: Vec<String>,
    met: BTreeMap<(&'static str, String), usize>,
}

impl Transcript {
    pub(super) fn add(&mut self, what: &str, answer: &impl Debug) {
        let text = format!("{what} {answer:?}");
        let line = self.neutral(&text);
        self.lines.push(line);
    }

    pub(super) fn into_lines(self) -> Vec<String> {
        self.lines
    }

    fn neutral(&mut self, text: &str) -> String {
        let mut line = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((at, name)) = next_number(rest) {
            let (before, after) = rest.split_at(at + name.len());
            let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            line.push_str(before);
            if IDS.contains(&name) {
                let met = self.met.len();
                let key = (name, after[..digits].to_owned());
                let order = self.met.entry(key).or_insert(met);
                line.push_str(&order.to_string());
            }
            rest = &after[digits..];
        }
        line.push_str(rest);
        line
    }
}

/// Where the next such number begins, and its name.
fn next_number(text: &str) -> Option<(usize, &'static str)> {
    IDS.into_iter()
        .chain(BLANKED)
        .filter_map(|name| Some((text.find(name)?, name)))
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tandem_core::ids::{LinkId, RecordId};

    #[test]
    fn ids_are_named_by_the_order_in_which_they_are_met() {
        let mut transcript = Transcript::default();
        transcript.add("a", &(LinkId(70), RecordId(70), LinkId(3)));
        transcript.add("b", &LinkId(70));
        let expected = ["a (LinkId(0), RecordId(1), LinkId(2))", "b LinkId(0)"];
        assert_eq!(transcript.into_lines(), expected);
    }

    #[test]
    fn versions_are_blanked() {
        let mut transcript = Transcript::default();
        transcript.neutral("version: 12, attempts: 3");
        assert_eq!(
            transcript.neutral("version: 12, attempts: 3"),
            "version: , attempts: 3"
        );
    }
}
