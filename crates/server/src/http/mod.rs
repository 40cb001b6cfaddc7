//! The two faces of [`app`](crate::app): pages for people, JSON for programs. It turns requests into
//! calls and answers into bytes, and decides nothing.

pub mod ui;
