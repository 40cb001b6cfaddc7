//! Compares what real orgs answered, as recorded, with what the sandbox answers, key by key.
//!
//! `cargo xtask fidelity --fixtures DIR` looks at every file of a folder of recordings. The [`plan`] says which request
//! asks for each, or why a file is left out; a file it does not know is a fault. Each request is played against a fresh
//! sandbox ([`play`]), and the two answers are compared by their [`shape`]: sets of keys, JSON types, and for some
//! keys, such as error codes, the values. A difference is right only when the plan allows it and says why.
//!
//! The recordings are not part of this repository; the plan holds names of keys and requests with invented data only.

mod cassette;
mod plan;
mod play;
mod read;
mod shape;
mod xml;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result, bail};

use self::{
    plan::Plan,
    play::{Compared, Player},
};

fn main() -> ExitCode {
    match run() {
        Ok(0) => ExitCode::SUCCESS,
        Ok(wrong) => {
            eprintln!("{wrong} differences are neither fixed nor allowed");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("fidelity: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Compares all and gives the number of what is wrong.
fn run() -> Result<usize> {
    let fixtures = fixtures()?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fidelity");
    let plan = Plan::read(&folder)?;
    let files = files(&fixtures)?;
    let unplanned = plan.unknown_files(&files);
    for file in &unplanned {
        println!("NOT IN THE PLAN {file}");
    }
    let mut compared = Vec::new();
    for recording in plan.recordings(&files) {
        let answers = Player::new(&plan, recording).play(&fixtures);
        compared.extend(answers.unwrap_or_else(|error| vec![Compared::failed(recording, &error)]));
    }
    let mut differences = 0;
    for answer in &mut compared {
        plan.excuse(answer);
        differences += answer.differences.len();
        tell(answer);
    }
    // What is fixed since is no fault; the entry can go.
    for unused in plan.unused() {
        println!("ALLOWED BUT NOT SEEN {unused}");
    }
    let left_out = files.iter().filter(|file| plan.leaves_out(file)).count();
    summarise(&compared, (left_out, files.len()));
    Ok(differences + unplanned.len())
}

/// The folder named on the command line.
fn fixtures() -> Result<PathBuf> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.as_slice() {
        [flag, folder] if flag == "--fixtures" => Ok(folder.into()),
        _ => bail!("usage: fidelity --fixtures DIR"),
    }
}

/// Every file below the folder, by its path from there.
fn files(root: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let path = path
                    .strip_prefix(root)?
                    .to_string_lossy()
                    .replace('\\', "/");
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn tell(answer: &Compared) {
    let (left, allowed) = (answer.differences.len(), answer.allowed);
    let word = if left == 0 { "same" } else { "DIFF" };
    println!(
        "{word}  {:>6} keys {left:>4} differ {allowed:>4} allowed  {}  {}",
        answer.keys, answer.file, answer.request
    );
    for difference in &answer.differences {
        println!("        {difference}");
    }
}

fn summarise(compared: &[Compared], (left_out, files): (usize, usize)) {
    let sum = |count: fn(&Compared) -> usize| compared.iter().map(count).sum::<usize>();
    println!(
        "{} answers compared, {} keys; {} differences, {} allowed; {left_out} of {files} files left out with a reason",
        compared.len(),
        sum(|answer| answer.keys),
        sum(|answer| answer.differences.len()),
        sum(|answer| answer.allowed),
    );
}
