//! How fast the sandbox is, and how much memory its records take.
//!
//! ```text
//! cargo run --release -p tandem-sandbox --example bench [contacts]
//! ```
//!
//! An org with invented contacts is served over loopback by the real shell, and one client asks for one thing after the
//! other, as a sync does. Rates are by the clock; beside them stands the time on a core, of server and client together.
//! Where there is a least that could be done (moving the same bytes over loopback, parsing the same JSON), the last
//! column is the time on a core as a multiple of the least's; unlike a rate it says the same on any machine.

mod bulk;
mod client;
mod machine;
mod report;
mod steps;
mod watch;

use client::Client;
use report::Report;
use std::error::Error;
use tandem_sandbox::seed::SeedSize;
use tandem_sandbox::shell::{self, Running, ServeOptions};
use tandem_sandbox::{Options, Sandbox};
use tokio::runtime::Runtime;
use watch::Watch;

/// As in the server that ships the sandbox.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Contacts invented if nothing else is asked for.
const CONTACTS: usize = 100_000;
/// Contacts of one account.
const PER_ACCOUNT: usize = 20;

pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let contacts = match std::env::args().nth(1) {
        Some(number) => number.parse()?,
        None => CONTACTS,
    };
    println!("machine: {}", machine::describe());
    let mut report = Report::new();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let running = start(&runtime, contacts, &mut report)?;
    let client = Client::connect(
        running.url(),
        &running.credentials().salesforce.access_token,
    )?;
    measure(running.sandbox(), client, contacts, &mut report)?;
    runtime.block_on(running.stop())?;
    steps::state_file(options(contacts), &mut report)
}

fn options(contacts: usize) -> Options {
    let records = SeedSize {
        accounts: contacts / PER_ACCOUNT,
        contacts,
        ..SeedSize::default()
    };
    Options {
        records,
        call_limit_24h: u64::MAX,
        ..Options::default()
    }
}

fn start(runtime: &Runtime, contacts: usize, report: &mut Report) -> Outcome<Running> {
    let watch = Watch::start();
    let resident = machine::resident_bytes();
    let running = runtime.block_on(shell::serve(ServeOptions {
        org: options(contacts),
        ..ServeOptions::default()
    }))?;
    let records = contacts + contacts / PER_ACCOUNT;
    report.rate("start with invented records", records, watch.stop(), None);
    report.memory(
        "memory of the records",
        machine::resident_bytes() - resident,
        records,
    );
    report.peak("memory at most, so far", machine::peak_bytes());
    Ok(running)
}

fn measure(
    sandbox: &Sandbox,
    mut client: Client,
    contacts: usize,
    report: &mut Report,
) -> Outcome<()> {
    steps::retrieve(sandbox, &mut client, report)?;
    steps::keyset_pages(&mut client, report)?;
    steps::located_pages(&mut client, contacts, report)?;
    bulk::query(&mut client, report)?;
    steps::collections(&mut client, report)
}
