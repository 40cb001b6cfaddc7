//! The sandbox seen from outside: shapes, statuses and errors of the org's API, by way of `Sandbox::handle`.

mod auth;
mod bulk;
mod bulk_query;
mod client;
mod collections;
mod composite;
mod console;
mod control;
mod describe;
mod faults;
mod fuzz;
mod kill;
mod limits;
mod oauth;
mod openapi;
mod permissions;
mod query;
mod recent;
mod records;
mod replication;
mod search;
mod seed;
mod shell;
mod soap;
mod traverse;
mod trees;
