//! `docs/proof.md`: the page where Tandem proves what it promises.
//!
//! Commands that prove something write their section of it, between `<!-- begin NAME -->` and `<!-- end NAME -->`;
//! the rest of the page is written by people. A [`Stamp`] says when, of what state of the code and on what machine
//! the figures are, for a figure without those is none.

use anyhow::{Context as _, Result, bail};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::root;

/// The page, from the workspace's folder.
const PAGE: &str = "docs/proof.md";

/// Writes a section anew; the rest of the page stays.
///
/// # Errors
/// The page can't be read or written, or has no such section.
pub(crate) fn replace(section: &str, markdown: &str) -> Result<()> {
    let page = text()?;
    let page = replaced(&page, section, markdown)?;
    std::fs::write(path(), page).with_context(|| format!("{PAGE} can't be written"))
}

/// What a section holds now.
///
/// # Errors
/// As [`replace`].
pub(crate) fn section(section: &str) -> Result<String> {
    let page = text()?;
    let (begin, end) = bounds(&page, section)?;
    Ok(page[begin..end].trim().to_owned())
}

fn path() -> PathBuf {
    root().join(PAGE)
}

fn text() -> Result<String> {
    std::fs::read_to_string(path()).with_context(|| format!("{PAGE} can't be read"))
}

fn replaced(page: &str, section: &str, markdown: &str) -> Result<String> {
    let (begin, end) = bounds(page, section)?;
    let markdown = markdown.trim();
    Ok(format!("{}\n{markdown}\n{}", &page[..begin], &page[end..]))
}

/// Where a section's text begins and ends, without its marks.
fn bounds(page: &str, section: &str) -> Result<(usize, usize)> {
    let (begin, end) = (
        format!("<!-- begin {section} -->"),
        format!("<!-- end {section} -->"),
    );
    let from = page.find(&begin).map(|at| at + begin.len());
    let to = page.find(&end);
    match (from, to) {
        (Some(from), Some(to)) if from <= to => Ok((from, to)),
        _ => {
            bail!("{PAGE} has no section `{section}`: write `{begin}` and `{end}` where it belongs")
        }
    }
}

/// When, of what, and where: what makes figures comparable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Stamp {
    /// Day, as 2026-11-24.
    pub(crate) date: String,
    /// Short name of the commit; with a `+` if the code differed from it.
    pub(crate) commit: String,
    /// Cores, processor, memory, disk.
    pub(crate) machine: String,
}

impl Stamp {
    /// The present one.
    ///
    /// # Errors
    /// There is no git, or this is not a checkout.
    pub(crate) fn now() -> Result<Self> {
        let date = jiff::Timestamp::now().strftime("%F").to_string();
        let commit = git(&["rev-parse", "--short", "HEAD"])?;
        // The page itself is what a proof changes.
        let changed = git(&[
            "status",
            "--porcelain",
            "--untracked-files=no",
            "--",
            ".",
            ":!docs",
        ])?;
        let mark = if changed.is_empty() { "" } else { "+" };
        Ok(Self {
            date,
            commit: format!("{commit}{mark}"),
            machine: machine(),
        })
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            date,
            commit,
            machine,
        } = self;
        write!(f, "Run on {date} at commit `{commit}` on {machine}.")
    }
}

fn git(arguments: &[&str]) -> Result<String> {
    let mut git = Command::new("git");
    let output = git.current_dir(root()).args(arguments).output();
    let output = output.context("git does not start")?;
    if !output.status.success() {
        bail!("git {}: {}", arguments.join(" "), output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Cores, processor, memory and the disk that the repository is on, as far as the system says.
fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let name = value(&read("/proc/cpuinfo"), "model name").unwrap_or("unknown processor".into());
    let memory = value(&read("/proc/meminfo"), "MemTotal").unwrap_or_default();
    let kilobytes: u64 = memory.trim_end_matches(" kB").parse().unwrap_or_default();
    let gigabytes = kilobytes.div_ceil(1 << 20);
    let disk = disk(&read("/proc/mounts"), &root());
    format!("{cores} cores ({name}), {gigabytes} GB memory, {disk}")
}

/// `name : value` in a file of the system.
fn value(text: &str, name: &str) -> Option<String> {
    let mut lines = text.lines();
    let value = lines.find_map(|line| line.strip_prefix(name)?.split_once(':'));
    value.map(|(_, value)| value.trim().to_owned())
}

/// Kind and file system of the disk that a path is on.
fn disk(mounts: &str, path: &Path) -> String {
    let mounts = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ');
        Some((words.next()?, words.next()?, words.next()?))
    });
    let of_path = mounts.filter(|(_, at, _)| path.starts_with(at));
    let Some((device, _, system)) = of_path.max_by_key(|(_, at, _)| at.len()) else {
        return "unknown disk".into();
    };
    let name = device.rsplit('/').next().unwrap_or_default();
    let turns = ["", "../"].iter().find_map(|up| {
        let file = format!("/sys/class/block/{name}/{up}queue/rotational");
        std::fs::read_to_string(file).ok()
    });
    let kind = match turns.as_deref().map(str::trim) {
        Some("0") => "solid-state disk",
        Some("1") => "turning or virtual disk",
        _ => "disk of unknown kind",
    };
    format!("{kind} ({system})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_replaced_and_the_rest_stays() {
        let page = "a\n<!-- begin x -->\nold\n<!-- end x -->\nb\n<!-- begin y --><!-- end y -->";
        let page = replaced(page, "x", "new\n").unwrap();
        assert_eq!(
            page,
            "a\n<!-- begin x -->\nnew\n<!-- end x -->\nb\n<!-- begin y --><!-- end y -->"
        );
        assert_eq!(replaced(&page, "x", "new").unwrap(), page);
        let why = replaced(&page, "z", "new").unwrap_err().to_string();
        assert!(why.contains("<!-- begin z -->"), "{why}");
    }

    #[test]
    fn every_section_that_a_command_writes_is_there() {
        for name in [
            "torture",
            "simulation",
            "mutations",
            "budget",
            "undo",
            "scenarios",
        ] {
            section(name).unwrap();
        }
    }

    #[test]
    fn a_machine_is_read_from_what_the_system_says() {
        let memory = "MemTotal:       24576 kB\nMemFree: 1 kB";
        assert_eq!(value(memory, "MemTotal").as_deref(), Some("24576 kB"));
        let mounts = "none / overlay rw 0 0\nnone /data ext4 rw 0 0";
        let disk = disk(mounts, Path::new("/data/here"));
        assert_eq!(disk, "disk of unknown kind (ext4)");
    }
}
