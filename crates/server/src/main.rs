//! The `tandem` binary: reads the command line, runs it, tells the shell how it ended.

use clap::Parser as _;
use std::io::Write as _;
use std::process::ExitCode;
use tandem_server::cli::{Cli, run};

/// Twice as fast at JSON as the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            return fail(
                &format!("the runtime can't start: {error}"),
                ExitCode::FAILURE,
            );
        }
    };
    match runtime.block_on(run(cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => fail(&failure.to_string(), failure.exit_code()),
    }
}

fn fail(text: &str, code: ExitCode) -> ExitCode {
    // If nobody reads it, the code still tells.
    let _unread = writeln!(std::io::stderr(), "tandem: {text}");
    code
}
