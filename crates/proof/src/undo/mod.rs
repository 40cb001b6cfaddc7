//! A bad mapping, undone at scale.
//!
//! Titles come in from the CRM only; a program that writes its own into the workspace is refused. Then somebody maps
//! them both ways and lets the workspace win: the program gets in, and every lead's title is overwritten here and in
//! the CRM ([`story`]). People go on editing titles on both sides, before the mapping is corrected and after. Then
//! `tandem undo --object Lead --mapping N` is previewed and carried out, and both sides are compared with what they
//! were ([`judge`]): what nobody edited stands as before the mapping, what somebody edited stands as it was typed and
//! is named in the preview, and nothing else changed.
//!
//! The org's meter counts the calls, from the undo on until the last value is written and was read back.

mod judge;
mod report;
mod story;

use anyhow::{Context as _, Result, bail};
use std::path::Path;
use std::time::Instant;
use story::Story;

/// How much to undo.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many records the bad mapping rewrites.
    #[arg(long, default_value_t = 100_000)]
    records: usize,
    /// Percent of them that people edit, half of them on each side.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(0..=50))]
    edited_percent: u8,
    /// Starts all chance.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Runs it and prints the figures.
///
/// # Errors
/// Something is not as promised, or could not be tried; the text says what and where it can be looked at.
pub(crate) async fn run(tandem: &Path, dir: &Path, args: &Args) -> Result<()> {
    std::fs::create_dir_all(dir).with_context(|| dir.display().to_string())?;
    let began = Instant::now();
    let tandem = std::path::absolute(tandem)?;
    let mut story = Story::begin(&tandem, dir, args).await?;
    let report = story.tell().await;
    let report = report.with_context(|| format!("its files are in {}", dir.display()))?;
    report.print(began.elapsed());
    if report.faults.is_empty() {
        drop(story);
        std::fs::remove_dir_all(dir).with_context(|| dir.display().to_string())?;
        return Ok(());
    }
    bail!(
        "what was promised does not hold (its files are in {}):\n  {}",
        dir.display(),
        report.faults.join("\n  ")
    )
}
