//! How Tandem runs and is seen: the inside of the `tandem` binary.
//!
//! The rooms, and who may call whom:
//! - [`config`]: what the operator decides before start. Only it reads the environment.
//! - [`app`]: one function for each thing a person can do. It knows no HTTP and no clock of its own.
//! - [`http`]: the two faces of `app`, pages and API. It decides nothing.
//! - [`runtime`]: the only loops. It calls the engine's steps until nothing is left to do.
//! - [`notify`]: carries alerts to people, by e-mail and webhook.
//! - [`vault`]: CRM tokens, encrypted, over the store.
//! - [`telemetry`]: log lines and metrics. [`cli`]: the commands. [`demo`]: the whole story at once.

pub mod app;
pub mod cli;
pub mod config;
pub mod demo;
pub mod http;
pub mod notify;
pub mod runtime;
pub mod telemetry;
pub mod vault;
