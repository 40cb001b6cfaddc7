//! The table the numbers are told in: one Markdown row a step, printed as soon as it is known.

use crate::watch::Took;
use std::time::Duration;

/// See the module documentation.
pub(crate) struct Report;

impl Report {
    /// Prints the head.
    pub(crate) fn new() -> Self {
        println!("| step | rows or size | rate | CPU | × least |");
        println!("|---|---:|---:|---:|---:|");
        Self
    }

    /// So many rows in this time, and how long the least that could be done took.
    pub(crate) fn rate(&mut self, step: &str, rows: usize, took: Took, least: Option<Took>) {
        let rate = format!("{:.0} rows/s", rows as f64 / took.wall.as_secs_f64());
        row(
            step,
            &format!("{rows} rows"),
            &rate,
            &seconds(took.cpu),
            &multiple(took, least),
        );
    }

    /// So many bytes in this time.
    pub(crate) fn flow(&mut self, step: &str, bytes: usize, took: Took, least: Option<Took>) {
        let rate = format!("{:.0} MB/s", megabytes(bytes) / took.wall.as_secs_f64());
        let size = format!("{:.1} MB", megabytes(bytes));
        row(
            step,
            &size,
            &rate,
            &seconds(took.cpu),
            &multiple(took, least),
        );
    }

    /// The time of one call that answers so many rows.
    pub(crate) fn call(&mut self, step: &str, rows: usize, took: Took) {
        let time = seconds(took.wall);
        row(step, &format!("{rows} rows"), &time, &seconds(took.cpu), "");
    }

    /// Memory in all and for one record.
    pub(crate) fn memory(&mut self, step: &str, bytes: usize, records: usize) {
        let each = format!("{} bytes/row", bytes / records.max(1));
        row(step, &format!("{:.0} MB", megabytes(bytes)), &each, "", "");
    }

    /// Memory in all.
    pub(crate) fn peak(&mut self, step: &str, bytes: usize) {
        row(step, &format!("{:.0} MB", megabytes(bytes)), "", "", "");
    }
}

fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}

fn seconds(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds < 1e-3 => format!("{:.1} µs", seconds * 1e6),
        seconds if seconds < 1.0 => format!("{:.2} ms", seconds * 1e3),
        seconds => format!("{seconds:.2} s"),
    }
}

/// Of the time on a core, which other programs change least.
fn multiple(took: Took, least: Option<Took>) -> String {
    least.map_or_else(String::new, |least| {
        format!("{:.1}", took.cpu.as_secs_f64() / least.cpu.as_secs_f64())
    })
}

fn row(step: &str, size: &str, rate: &str, cpu: &str, multiple: &str) {
    println!("| {step} | {size} | {rate} | {cpu} | {multiple} |");
}
