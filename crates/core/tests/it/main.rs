//! What is decided, row by row.
//!
//! Most of these tests are text tables in `tests/tables`: one line is one case, read by one `check`
//! per table that names the file and line of every row that is wrong. [`world`] is a tiny two-sided
//! model that carries decisions out, so that [`properties`] can say what must hold for any history.

mod agreement;
mod alerts;
mod backlog;
mod bounces;
mod brake;
mod budget;
mod case;
mod compile;
mod drift;
mod error_pages;
mod fields;
mod fixture;
mod incidents;
mod ledger;
mod links;
mod lost_answers;
mod matching;
mod merges;
mod notation;
mod pace;
mod panics;
mod places;
mod properties;
mod rehearsal;
mod retry;
mod settle;
mod symmetry;
mod table;
mod undo;
mod undo_rule;
mod value_maps;
mod values;
mod why;
mod world;
