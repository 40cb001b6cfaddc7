//! The conformance suite of a connector: the rules of `docs/specs/connector.md`, held against the
//! sandbox in process. The sandbox is an independent reading of the vendor's documents; the connector
//! knows nothing of it. No network, no clock, no sleep.

mod absences;
mod clocks;
mod costs;
mod doubts;
mod finds;
mod notices;
mod org;
mod pulls;
mod sessions;
mod setup;
mod values;
mod writes;
