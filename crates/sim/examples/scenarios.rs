//! `cargo run -p tandem-sim --example scenarios [-- COUNT [FROM]]`: every written story of merges, conversions, deletions
//! and undeletes, and so many random ones, each taken back at its end, as Markdown; `cargo xtask prove scenarios` writes it
//! down. Exit code 1 if anything is not as it must be.

use std::process::ExitCode;
use tandem_sim::stories::{Told, random, written};

/// Stories told of in full.
const TOLD_MAX: usize = 20;

/// Acts, and what the table calls them.
const ACTS: [(&str, &str); 6] = [
    ("merge", "merges"),
    ("convert", "conversions"),
    ("delete", "deletions"),
    ("undelete", "undeletes"),
    ("set", "edits in the CRM"),
    ("edit", "edits in the workspace"),
];

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let mut number = |usual: u64| {
        let word = words.next();
        word.and_then(|word| word.parse().ok()).unwrap_or(usual)
    };
    let (count, from) = (number(200), number(1));
    let written: Vec<Told> = written().collect();
    let random: Vec<Told> = (from..from.saturating_add(count)).map(random).collect();
    println!(
        "{} written stories and {count} random ones, from seed {from} on.\n",
        written.len()
    );
    println!("| | written | random |\n|---|--:|--:|");
    for (name, figures) in rows(&[&written, &random]) {
        println!("| {name} | {} | {} |", figures[0], figures[1]);
    }
    let wrong: Vec<&Told> = written
        .iter()
        .chain(&random)
        .filter(|s| is_wrong(s))
        .collect();
    for story in wrong.iter().take(TOLD_MAX) {
        println!("\n**{}**: {}", story.title, story.faults.join("; "));
    }
    ExitCode::from(u8::from(!wrong.is_empty()))
}

fn is_wrong(story: &Told) -> bool {
    !story.faults.is_empty()
}

fn rows(stories: &[&[Told]; 2]) -> Vec<(&'static str, [u64; 2])> {
    let count = |which: fn(&Told) -> bool| {
        stories.map(|of| of.iter().filter(|story| which(story)).count() as u64)
    };
    let sum = |figure: &dyn Fn(&Told) -> u64| stories.map(|of| of.iter().map(figure).sum());
    let acts = |word: &str| sum(&|story| story.acts.get(word).copied().unwrap_or_default());
    let mut rows = vec![("stories", count(|_| true))];
    rows.extend(ACTS.map(|(word, name)| (name, acts(word))));
    rows.extend([
        ("stories with something to undo", count(|s| s.put_back > 0)),
        ("records that the undo put back", sum(&|s| s.put_back as u64)),
        (
            "**stories with a line that is not so, a link that dangles, two links to one record, or a record that the undo did not \
             bring back to where it was**",
            count(is_wrong),
        ),
    ]);
    rows
}
