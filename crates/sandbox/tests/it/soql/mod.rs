//! SOQL against a small fixed org: tables of queries, an independent evaluator, and text nobody would write.

mod fuzz;
mod org;
mod paging;
mod shown;
mod sqlite;
mod table;
