//! What is decided, row by row.
mod budget;
mod compile;
mod fields;
mod fixture;
mod links;
mod matching;
mod notation;
mod retry;
mod settle;
mod table;
mod values;
