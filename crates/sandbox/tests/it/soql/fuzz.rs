//! Text nobody would write: queries of the tables, broken in every way. Whatever comes, there is an answer or a refusal,
//! and it comes soon.

use std::path::Path;
use std::time::{Duration, Instant};

use tandem_sandbox::soql::{ColumnSink, QueryScope};

use super::org::Org;

const WORDS: [&str; 40] = [
    "SELECT ",
    " FROM ",
    " WHERE ",
    " GROUP BY ",
    " ORDER BY ",
    " HAVING ",
    " LIMIT ",
    " OFFSET ",
    " NOT ",
    " AND ",
    " OR ",
    " IN ",
    " LIKE ",
    "(",
    ")",
    ",",
    ".",
    "'",
    "\\",
    "\\u",
    "%",
    "_",
    "-",
    ":",
    "0",
    "99999999999999999999",
    "1e28",
    "2026-05-13",
    "2026-05-13T10:00:00Z",
    "NULL",
    "TODAY",
    "LAST_N_YEARS:9999",
    "COUNT(",
    "FORMAT(",
    "ROLLUP(",
    "FIELDS(ALL)",
    "TYPEOF ",
    "(SELECT Id FROM Contacts)",
    "é",
    "\u{0}",
];
/// Longest a query may take before it counts as a hang.
const HANG: Duration = Duration::from_secs(20);

/// A small generator of pseudo-random numbers; the same seed gives the same texts.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

#[derive(Default)]
struct Length(usize);

impl ColumnSink for Length {
    fn cell(&mut self, text: &str) {
        self.0 += text.len();
    }
}

/// Every query of the tables.
fn seeds() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tables/soql");
    let mut seeds = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the tables") {
        let text = std::fs::read_to_string(entry.expect("a table").path()).expect("a table");
        let mut template = "{}";
        for line in text.lines() {
            if let Some(new) = line.strip_prefix("template ") {
                template = new;
            } else if let Some((query, _)) = line.split_once("=>") {
                seeds.push(template.replace("{}", query.trim()));
            }
        }
    }
    seeds
}

/// One to five changes: cut, repeat, insert a word, splice with another query, change a byte.
fn broken(dice: &mut Dice, seeds: &[String]) -> String {
    let mut text = seeds[dice.below(seeds.len())].clone().into_bytes();
    for _ in 0..=dice.below(5) {
        let at = dice.below(text.len() + 1);
        let end = (at + dice.below(20)).min(text.len());
        match dice.below(5) {
            0 => drop(text.drain(at..end)),
            1 => {
                let piece = text[at..end].to_vec();
                let times = 1 + dice.below(60);
                text.splice(at..at, piece.repeat(times));
            }
            2 => drop(text.splice(at..at, WORDS[dice.below(WORDS.len())].bytes())),
            3 => {
                let other = seeds[dice.below(seeds.len())].as_bytes();
                let from = dice.below(other.len());
                text.splice(at.., other[from..].iter().copied());
            }
            _ if at < text.len() => text[at] = dice.below(256) as u8,
            _ => {}
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// Asks in every way a query can be asked.
fn ask(org: &Org, text: &str) {
    let actor = org.actor("lena");
    let _ = org.world.explain(&actor, text);
    for scope in [QueryScope::Live, QueryScope::All] {
        if let Ok(found) = org.world.query(&actor, text, scope) {
            let records = org.world.records(&found, 0..found.row_count(), "/v");
            serde_json::to_string(&records).expect("JSON");
            let columns = found.columns().count();
            let mut rows = org.world.flat_rows(&found);
            let mut length = Length::default();
            for index in 0..found.row_count() {
                assert!(rows.write(index, &mut length) || columns == 0, "{text}");
            }
        }
    }
}

fn run(seed: u64, goes_on: impl Fn(u64) -> bool) -> (u64, Duration) {
    let (org, seeds, mut dice) = (Org::new(), seeds(), Dice(seed));
    let (mut asked, mut longest) = (0, Duration::ZERO);
    while goes_on(asked) {
        let text = broken(&mut dice, &seeds);
        let start = Instant::now();
        ask(&org, &text);
        longest = longest.max(start.elapsed());
        assert!(longest < HANG, "{text}");
        asked += 1;
    }
    (asked, longest)
}

/// A few thousand texts; with `SOQL_FUZZ_SECONDS` as many as that time allows, from the seed `SOQL_FUZZ_SEED`.
#[test]
fn broken_queries_are_answered() {
    let number = |name: &str| -> Option<u64> { std::env::var(name).ok()?.parse().ok() };
    let Some(seconds) = number("SOQL_FUZZ_SECONDS") else {
        run(7, |asked| asked < 3_000);
        return;
    };
    let end = Instant::now() + Duration::from_secs(seconds);
    let seed = number("SOQL_FUZZ_SEED").unwrap_or(1).max(1);
    let (asked, longest) = run(seed, |_| Instant::now() < end);
    println!("{asked} queries, the longest took {longest:?}");
}
