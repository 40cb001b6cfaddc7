//! Stories told from beginning to end, each taken back at its end: the written ones of `stories.txt`, which says how to
//! read them, and random ones.

use super::Stage;
use std::collections::BTreeMap;

const WRITTEN: &str = include_str!("stories.txt");

/// What became of a story.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Told {
    /// Its title, or its seed.
    pub title: String,
    /// What did not happen as its lines say, what dangles at its end, what its undo did not bring back.
    pub faults: Vec<String>,
    /// How often each thing was done, by the first word of its line: `merge`, `delete`, ….
    pub acts: BTreeMap<String, u64>,
    /// Records that the undo at its end put back.
    pub put_back: usize,
}

/// Tells every written story.
pub fn written() -> impl Iterator<Item = Told> {
    WRITTEN.split("\n== ").skip(1).map(|block| {
        let (title, body) = block.split_once('\n').unwrap_or((block, ""));
        let lines = body.lines().map(str::trim);
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        tell(title.to_owned(), Stage::new(1), lines)
    })
}

/// Tells the random story of a seed.
pub fn random(seed: u64) -> Told {
    let stage = Stage::new(seed);
    let lines = stage.random_story();
    tell(
        format!("seed {seed}"),
        stage,
        lines.iter().map(String::as_str),
    )
}

fn tell<'l>(title: String, mut stage: Stage, lines: impl Iterator<Item = &'l str>) -> Told {
    let mut told = Told {
        title,
        ..Told::default()
    };
    for line in lines {
        let word = line.split_whitespace().next().unwrap_or_default();
        *told.acts.entry(word.to_owned()).or_default() += 1;
        if let Err(why) = stage.play(line) {
            told.faults.push(format!("{line}: {why}"));
            break;
        }
    }
    told.faults.extend(stage.check().err());
    match stage.take_back() {
        Ok(records) => told.put_back = records,
        Err(why) => told.faults.push(format!("undone: {why}")),
    }
    told
}
