//! An org that outlives its process: everything it knows, in one append-only file.
//!
//! A file is a header line, then entries. An entry is one `Fact` a line and a line with a single dot, which makes it
//! count; what a killed process left after the last dot is cut off when the file is opened. The first entry is the
//! whole org, each later one what one request (or one call of a [`crate::Sandbox`] method) changed, written before its
//! answer leaves. Facts are after-images, so reading them needs no rules. When the later entries outgrow the org
//! twice, a new file with the whole org takes the place of the old one.
//!
//! Entries reach the operating system, not the disk: `kill -9` loses nothing that was answered, a power cut may lose
//! the last moments. What ends with the process: faults, held requests and query locators.

mod file;
#[cfg(test)]
mod tests;

use std::{io, path::PathBuf};

use serde::{Deserialize, Serialize};

pub(crate) use file::StateFile;

use crate::{
    ClockMode, Edition, Options,
    meter::MeterFact,
    salesforce::{AuthFact, OrgFact},
    seed::SeedSize,
    world::WorldFact,
};

/// Version of the format; a file of another one is refused.
const FORMAT: u32 = 2;

/// One thing that is so.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fact<'a> {
    Org(OrgFact),
    World(WorldFact<'a>),
    Auth(AuthFact),
    Meter(MeterFact),
}

/// The first line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Header {
    tandem_sandbox_state: u32,
    made_with: MadeWith,
}

/// The options that shape a new org; with others it would be another org.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct MadeWith {
    seed: u64,
    org_name: String,
    external_ids: bool,
    edition: Edition,
    records: SeedSize,
    call_limit_24h: u64,
    clock: ClockMode,
}

impl Header {
    pub(crate) fn of(options: &Options) -> Self {
        Self {
            tandem_sandbox_state: FORMAT,
            made_with: MadeWith {
                seed: options.seed,
                org_name: options.org_name.clone(),
                external_ids: options.external_ids,
                edition: options.edition,
                records: options.records,
                call_limit_24h: options.call_limit_24h,
                clock: options.clock,
            },
        }
    }
}

/// Why a state file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The file system says no.
    #[error("the sandbox's state file {} cannot be used: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process has it open.
    #[error("the sandbox's state file {} is in use by another process; stop that one or name another file", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// It does not begin as a state file does.
    #[error("{} is not a state file of this version of the sandbox; move it away to begin anew, or name another file", path.display())]
    NotAState {
        /// The file.
        path: PathBuf,
    },
    /// It holds an org that these options would not make.
    #[error(
        "the sandbox's state file {} was made with other options ({made_with}); start with those, move it away to begin \
         anew, or name another file",
        path.display()
    )]
    OtherOptions {
        /// The file.
        path: PathBuf,
        /// The options it was made with, as JSON.
        made_with: String,
    },
    /// A line in the middle of it makes no sense.
    #[error("the sandbox's state file {} is damaged at line {line}: {reason}; move it away to begin anew", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
}
