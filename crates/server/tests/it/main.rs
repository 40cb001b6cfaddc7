//! The server from outside: requests against the whole router over a real database and, where the CRM
//! is needed, over the sandbox on loopback.

mod agreement;
mod alerts;
mod api;
mod catchers;
mod cli;
mod equal_stamps;
mod formulas;
mod harness;
mod incidents;
mod openapi;
mod plans;
mod rehearsal;
mod schemas;
mod standby;
mod story;
mod undo;
