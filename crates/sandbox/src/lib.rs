//! A CRM to play with: an emulator of one Salesforce org.
//!
//! It answers OAuth, REST and SOQL as the vendor's documents and recordings say, keeps its records in memory (and, if
//! told to, in a file), and can be made to fail in every way a real org does. It imports nothing of the connectors, so
//! it is an independent second reading of those documents: what both agree on is probably right.
//!
//! - [`world`] holds records, metadata, rights and rules; [`soql`] queries them. Neither knows HTTP.
//! - `salesforce` turns requests into calls of the world and writes the vendor's answers.
//! - [`faults`] breaks requests on purpose, [`meter`] counts them, [`seed`] invents data.
//! - [`state`] keeps the org in a file, so that it outlives its process.
//! - `console` is the org's pages for people, on the org's own address.
//! - [`control`] is the API tests and people steer the org with; [`shell`] serves both over loopback.
//!
//! [`Sandbox::handle`] is a pure function of the org's state and one request: no clock, no network, no entropy. A
//! simulation calls it directly; the shell puts sockets around it. What it does not do: Pub/Sub.

mod console;
pub mod control;
mod edition;
pub mod faults;
pub mod meter;
mod salesforce;
mod sandbox;
pub mod seed;
pub mod shell;
pub mod soql;
pub mod state;
mod tracked;
pub mod world;

pub use edition::Edition;
pub use salesforce::BulkSettings;
pub use sandbox::{ClockMode, Delivery, Options, Reply, Sandbox};
