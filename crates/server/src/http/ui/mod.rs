//! Pages for people: server-rendered, readable and usable without a script.
//!
//! [`parts`] is the design system, [`pages`] the pages as pure functions, [`routes()`] the handlers that fill
//! them, [`assets`] what the browser loads. Scripts only add comfort: counts that refresh, dialogs that trap the focus, a total that
//! follows a choice. Everything that comes from a CRM is hostile and leaves through maud's escaping;
//! no page uses a style attribute or a script in place, so `default-src 'self'` holds.

pub mod assets;
pub mod pages;
pub mod parts;
mod routes;

pub use routes::{as_pages, routes};
