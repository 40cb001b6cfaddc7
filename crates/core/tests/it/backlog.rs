//! When a queue grows, as a table of looks.

use crate::fixture::at;
use crate::table::{check, expect};
use tandem_core::backlog::{Queue, Work, watch};
use tandem_core::ids::CrmObject;

const TABLE: &str = include_str!("../tables/backlog.txt");

fn queue(work: Work, waiting: u64, oldest: i64) -> Queue {
    Queue {
        object: CrmObject::new("Lead"),
        work,
        waiting,
        oldest,
    }
}

/// `second waiting oldest`.
fn look(cell: &str) -> (i64, Queue) {
    let numbers: Vec<i64> = cell
        .split_whitespace()
        .map(|word| word.parse().expect("a number"))
        .collect();
    let waiting = numbers[1].unsigned_abs();
    let oldest = numbers.get(2).copied().unwrap_or_default();
    (numbers[0], queue(Work::Write, waiting, oldest))
}

fn told(looks: &str) -> Vec<String> {
    let (mut known, mut told) = (Vec::new(), Vec::new());
    for (second, queue) in looks.split(',').map(look) {
        (known, told) = watch(&known, &[queue], at(second));
    }
    told
}

#[test]
fn a_queue_that_keeps_its_oldest_and_becomes_longer_grows() {
    check("backlog.txt", TABLE, |[looks, expected]: [&str; 2]| {
        let minutes = |line: &String| {
            let (_, rest) = line.split_once(" did ").expect("since when");
            rest.split(' ').next().unwrap_or_default().to_owned()
        };
        let found = told(looks).first().map_or_else(|| "-".to_owned(), minutes);
        expect(&expected.to_owned(), &found)
    });
}

#[test]
fn each_queue_is_told_by_itself() {
    let stuck = |waiting| [queue(Work::Decide, waiting, 1), queue(Work::Write, 7, 1)];
    let (known, _) = watch(&[], &stuck(100), at(0));
    assert_eq!(known.len(), 2);
    let (_, told) = watch(&known, &stuck(900), at(1_860));
    let line = "Lead: 900 records wait to be decided, 100 did 31 minutes ago, and the oldest is still among them";
    assert_eq!(told, [line]);
}
