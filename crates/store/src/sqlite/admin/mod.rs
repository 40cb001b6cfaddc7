//! The server's own tables: one method for each thing that the server asks for. The data is described
//! in [`crate::admin`].

mod alerts;
mod audit;
mod connections;
mod maintenance;
mod mappings;
mod sessions;
mod settings;
mod teams;
mod users;
