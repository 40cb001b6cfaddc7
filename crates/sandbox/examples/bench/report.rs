//! The table the numbers are told in: one Markdown row a step, printed as soon as it is known.

use std::time::Duration;

/// See the module documentation.
pub(crate) struct Report;

impl Report {
    /// Prints the head.
    pub(crate) fn new() -> Self {
        println!("| step | rows or size | rate | × least |");
        println!("|---|---:|---:|---:|");
        Self
    }

    /// So many rows in this time, and how long the least that could be done took.
    pub(crate) fn rate(
        &mut self,
        step: &str,
        rows: usize,
        took: Duration,
        least: Option<Duration>,
    ) {
        let rate = format!("{:.0} rows/s", rows as f64 / took.as_secs_f64());
        row(step, &format!("{rows} rows"), &rate, &multiple(took, least));
    }

    /// So many bytes in this time.
    pub(crate) fn flow(
        &mut self,
        step: &str,
        bytes: usize,
        took: Duration,
        least: Option<Duration>,
    ) {
        let rate = format!("{:.0} MB/s", megabytes(bytes) / took.as_secs_f64());
        let size = format!("{:.1} MB", megabytes(bytes));
        row(step, &size, &rate, &multiple(took, least));
    }

    /// The time of one call that answers so many rows.
    pub(crate) fn call(&mut self, step: &str, rows: usize, took: Duration) {
        let micros = took.as_secs_f64() * 1e6;
        let time = if micros < 1_000.0 {
            format!("{micros:.1} µs")
        } else {
            format!("{:.2} ms", micros / 1e3)
        };
        row(step, &format!("{rows} rows"), &time, "");
    }

    /// Memory in all and for one record.
    pub(crate) fn memory(&mut self, step: &str, bytes: usize, records: usize) {
        let each = format!("{} bytes/row", bytes / records.max(1));
        row(step, &format!("{:.0} MB", megabytes(bytes)), &each, "");
    }

    /// Memory in all.
    pub(crate) fn peak(&mut self, step: &str, bytes: usize) {
        row(step, &format!("{:.0} MB", megabytes(bytes)), "", "");
    }
}

fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}

fn multiple(took: Duration, least: Option<Duration>) -> String {
    least.map_or_else(String::new, |least| {
        format!("{:.1}", took.as_secs_f64() / least.as_secs_f64())
    })
}

fn row(step: &str, size: &str, rate: &str, multiple: &str) {
    println!("| {step} | {size} | {rate} | {multiple} |");
}
