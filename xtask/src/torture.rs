//! `cargo xtask torture`, and what else is tried on the real program: builds `tandem` as it is released and runs
//! `tandem-proof` on it.
//!
//! What is tried, and how, is said in `crates/proof`. Its standard output is the section of `docs/proof.md`.

use anyhow::{Context as _, Result, bail};
use std::path::PathBuf;
use std::process::Stdio;

use crate::proof::{self, Stamp};
use crate::run::{cargo, root};

/// How to try.
#[derive(clap::Args)]
pub(crate) struct Trial {
    /// The build that developers have anyway, instead of the one that is released.
    #[arg(long)]
    pub(crate) debug: bool,
    /// Writes the figures to docs/proof.md, if nothing was wrong.
    #[arg(long)]
    pub(crate) record: bool,
}

/// Runs a trial with its own arguments; its figures go to the section of its name.
///
/// # Errors
/// What was tried does not hold, or it can't be tried; what is wrong is on standard error.
pub(crate) fn run(name: &str, arguments: &[String], trial: &Trial) -> Result<()> {
    build(trial)?;
    let programs = programs(trial);
    let mut proof = std::process::Command::new(programs.join("tandem-proof"));
    let output = proof
        .arg("--tandem")
        .arg(programs.join("tandem"))
        .arg(name)
        .args(arguments)
        .current_dir(root())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("tandem-proof does not start")?;
    let figures = String::from_utf8_lossy(&output.stdout);
    println!("{figures}");
    // What was found is written down, whatever it is.
    if trial.record && !figures.trim().is_empty() {
        let build = if trial.debug { "debug" } else { "release" };
        let stamp = Stamp::now()?;
        proof::replace(name, &format!("{stamp} Build: {build}.\n\n{figures}"))?;
    }
    if !output.status.success() {
        bail!("{name}: {}", output.status);
    }
    Ok(())
}

fn build(trial: &Trial) -> Result<()> {
    let mut cargo = cargo();
    cargo.args([
        "build",
        "--locked",
        "-p",
        "tandem-server",
        "-p",
        "tandem-proof",
    ]);
    if !trial.debug {
        cargo.arg("--release");
    }
    let status = cargo.status().context("cargo does not start")?;
    match status.success() {
        true => Ok(()),
        false => bail!("the build ended with {status}"),
    }
}

/// Where cargo puts programs.
fn programs(trial: &Trial) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR");
    let target = target.map_or_else(|| root().join("target"), |dir| root().join(dir));
    target.join(if trial.debug { "debug" } else { "release" })
}
