//! What people typed, and what they were told about it.
//!
//! An edit is entered before it is sent. If the answer says that it is stored it is *told*: from then on it must be
//! found again. If there was no answer, it may have been stored or not. Every text is typed once only, so
//! that any place where it turns up later can be judged.

use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// Where somebody works.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Side {
    Workspace,
    Crm,
}

/// A field that somebody typed into: the side, the record, the field.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Cell {
    pub(super) side: Side,
    pub(super) record: String,
    pub(super) field: &'static str,
}

/// One text.
struct Typed {
    cell: Cell,
    text: String,
    told: bool,
    /// Its version has the stamp of the one before it.
    same_stamp: bool,
}

/// Somebody new, known by an e-mail address.
pub(super) struct Made {
    pub(super) side: Side,
    pub(super) email: String,
    pub(super) told: bool,
}

/// An entry of the book, to be told of.
#[derive(Clone, Copy)]
pub(super) enum Entry {
    Typed(usize),
    Made(usize),
}

/// Everything that was typed.
#[derive(Default)]
pub(super) struct Book {
    typed: Vec<Typed>,
    made: Vec<Made>,
    next: u32,
}

/// What became of the texts that people were told are stored.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Fates {
    /// Still there, on one side at least.
    pub(super) standing: u64,
    /// Elsewhere only in the log: it lost, with its reason.
    pub(super) logged: u64,
    /// Typed over by somebody on the same side before it was looked at.
    pub(super) typed_over: u64,
    /// Overwritten together with a lost answer, in the very second of another change of the record: the CRM's stamps
    /// have whole seconds, so no condition could tell the two versions apart (ADR 2).
    pub(super) same_second: u64,
}

impl Book {
    /// A text that nobody typed before.
    pub(super) fn word(&mut self, side: Side) -> String {
        self.next += 1;
        let letter = match side {
            Side::Workspace => 'w',
            Side::Crm => 'c',
        };
        format!("{letter}{}", self.next)
    }

    /// Somebody is about to type this.
    pub(super) fn typing(&mut self, cell: Cell, text: &str) -> Entry {
        self.typed.push(Typed {
            cell,
            text: text.to_owned(),
            told: false,
            same_stamp: false,
        });
        Entry::Typed(self.typed.len() - 1)
    }

    /// Somebody is about to make a person.
    pub(super) fn making(&mut self, side: Side, email: &str) -> Entry {
        self.made.push(Made {
            side,
            email: email.to_owned(),
            told: false,
        });
        Entry::Made(self.made.len() - 1)
    }

    /// The answer said that it is stored.
    pub(super) fn told(&mut self, entry: Entry) {
        match entry {
            Entry::Typed(at) => self.typed[at].told = true,
            Entry::Made(at) => self.made[at].told = true,
        }
    }

    /// The answer said that its version shares the stamp of the one before.
    pub(super) fn shares_its_stamp(&mut self, entry: Entry) {
        if let Entry::Typed(at) = entry {
            self.typed[at].same_stamp = true;
        }
    }

    /// Who was made.
    pub(super) fn made(&self) -> &[Made] {
        &self.made
    }

    /// Edits told of and not told of, of a side.
    pub(super) fn edits(&self, side: Side) -> (u64, u64) {
        let of_side = self.typed.iter().filter(|typed| typed.cell.side == side);
        let (told, untold): (Vec<_>, Vec<_>) = of_side.partition(|typed| typed.told);
        (told.len() as u64, untold.len() as u64)
    }

    /// What became of every text that was told of, given all texts that stand on a side and all that the log holds;
    /// what is nowhere is named.
    pub(super) fn fates(
        &self,
        standing: &HashSet<String>,
        logged: &HashSet<String>,
    ) -> (Fates, Vec<String>) {
        let mut last: HashMap<&Cell, usize> = HashMap::new();
        for (at, typed) in self.typed.iter().enumerate() {
            last.insert(&typed.cell, at);
        }
        let (mut fates, mut lost) = (Fates::default(), Vec::new());
        for (at, typed) in self.typed.iter().enumerate().filter(|(_, t)| t.told) {
            if standing.contains(&typed.text) {
                fates.standing += 1;
            } else if logged.contains(&typed.text) {
                fates.logged += 1;
            } else if last[&typed.cell] > at {
                fates.typed_over += 1;
            } else if typed.same_stamp {
                fates.same_second += 1;
            } else {
                lost.push(format!("“{}” is nowhere: {:?}", typed.text, typed.cell));
            }
        }
        (fates, lost)
    }
}

/// Every text in a piece of JSON.
pub(super) fn texts(value: &Value, found: &mut HashSet<String>) {
    match value {
        Value::String(text) => drop(found.insert(text.clone())),
        Value::Array(parts) => parts.iter().for_each(|part| texts(part, found)),
        Value::Object(parts) => parts.values().for_each(|part| texts(part, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(field: &'static str) -> Cell {
        Cell {
            side: Side::Crm,
            record: "Lead 1".into(),
            field,
        }
    }

    #[test]
    fn what_was_told_must_be_found_and_what_was_not_may_be() {
        let mut book = Book::default();
        for (text, field, told) in [
            ("stands", "a", true),
            ("lost a conflict", "a", true),
            ("covered", "b", true),
            ("never answered", "b", false),
            ("gone", "c", true),
        ] {
            let entry = book.typing(cell(field), text);
            if told {
                book.told(entry);
            }
        }
        let entry = book.typing(cell("d"), "overwritten within its second");
        book.told(entry);
        book.shares_its_stamp(entry);
        let set = |text: &str| HashSet::from([text.to_owned()]);
        let (fates, lost) = book.fates(&set("stands"), &set("lost a conflict"));
        let expected = Fates {
            standing: 1,
            logged: 1,
            typed_over: 1,
            same_second: 1,
        };
        assert_eq!(fates, expected);
        assert_eq!(lost.len(), 1);
        assert!(lost[0].contains("gone"), "{lost:?}");
        assert_eq!(book.edits(Side::Crm), (5, 1));
    }

    #[test]
    fn texts_are_found_at_any_depth() {
        let mut found = HashSet::new();
        texts(
            &serde_json::json!({"a": ["x", {"b": "y"}], "c": 1}),
            &mut found,
        );
        assert_eq!(found, HashSet::from(["x".to_owned(), "y".to_owned()]));
    }
}
