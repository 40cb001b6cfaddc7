//! `cargo xtask bench`: runs the programs that measure and writes what they say to `docs/benchmarks.md`.
//!
//! Each prints a line about the machine and tables in Markdown, which are taken as they are. Nothing here judges a
//! number: whoever changes something runs it before and after, on a machine that does nothing else.

use anyhow::{Context as _, Result, bail};
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use crate::run::{cargo, root};

/// A program that measures.
struct Bench {
    title: &'static str,
    package: &'static str,
    /// How many records, as its argument.
    records: String,
}

/// What was said: the machine, and lines of Markdown.
struct Told {
    machine: String,
    tables: String,
}

/// Runs everything and writes the document.
pub(crate) fn write(contacts: usize, date: Option<String>) -> Result<()> {
    let date = date.unwrap_or_else(|| jiff::Timestamp::now().strftime("%F").to_string());
    let benches = [
        Bench {
            title: "The sandbox",
            package: "tandem-sandbox",
            records: contacts.to_string(),
        },
        Bench {
            title: "The embedded database",
            package: "tandem-store",
            records: "10000".into(),
        },
    ];
    let mut machine = String::new();
    let mut sections = String::new();
    for bench in benches {
        let told = run(&bench)?;
        machine = told.machine;
        write!(sections, "\n## {}\n\n{}", bench.title, told.tables)?;
    }
    let head = format!(
        "# Benchmarks\n\nWritten by `cargo xtask bench` on {date}: {machine}, {}. Times depend on the machine and on what \
         else it does; the last column, the time as a multiple of the least that could be done, hardly does. What is \
         measured, and against what, is said in `crates/sandbox/examples/bench` and `crates/store/examples/bench`.\n",
        compiler()?
    );
    let path = root().join("docs/benchmarks.md");
    std::fs::write(&path, head + &sections).with_context(|| path.display().to_string())
}

fn run(bench: &Bench) -> Result<Told> {
    println!("==> {}, {} records", bench.title, bench.records);
    let arguments = [
        "run",
        "--locked",
        "--quiet",
        "--release",
        "-p",
        bench.package,
    ];
    let mut child = cargo()
        .args(arguments)
        .args(["--example", "bench", "--", &bench.records])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cargo does not start")?;
    let output = child.stdout.take().context("there is no output")?;
    let mut told = Told {
        machine: String::new(),
        tables: String::new(),
    };
    for line in BufReader::new(output).lines() {
        let line = line.context("the output is no text")?;
        println!("{line}");
        match line.strip_prefix("machine: ") {
            Some(machine) => told.machine = machine.to_owned(),
            None => writeln!(told.tables, "{line}")?,
        }
    }
    let status = child.wait().context("it can't be waited for")?;
    if !status.success() || told.machine.is_empty() {
        bail!("{} ended with {status}", bench.package);
    }
    Ok(told)
}

/// The compiler's name and version.
fn compiler() -> Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
