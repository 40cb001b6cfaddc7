//! What a rehearsed link adds up to, as a table, and what its examples show.

use crate::fixture::{at, fields, lead, link, pair, person, rule, text};
use crate::notation::field_type;
use crate::table::{check, expect};
use tandem_core::link::{Agreed, HeldField, Lane, LinkState};
use tandem_core::mapping::Winner;
use tandem_core::rehearsal::{Act, EXAMPLES_MAX, ObjectRehearsal, Rehearsed};
use tandem_core::settings::TeamRules;
use tandem_core::store::LinkWork;
use tandem_core::value::{Fields, Value};

const TABLE: &str = include_str!("../tables/rehearsal.txt");

/// `name, e-mail` under these field names.
fn side(cell: &str, names: [&str; 2]) -> Option<Fields> {
    let (name, email) = cell.split_once(',')?;
    Some(fields([
        (names[0], text(name)),
        (names[1], text(email.trim())),
    ]))
}

fn ours(cell: &str) -> Option<Fields> {
    side(cell, ["last_name", "email"])
}

fn rules(state: &str) -> TeamRules {
    let winner = if state == "held" {
        Winner::Hold
    } else {
        Winner::Workspace
    };
    let mut name = rule("last_name", winner);
    if state == "number" {
        name.crm_type = field_type("number(9,2)");
    }
    TeamRules {
        pairs: vec![pair(vec![name, rule("email", Winner::Crm)])],
        ..TeamRules::default()
    }
}

/// The link after the rehearsal: what the CRM was seen to hold is agreed, but for a name that goes out.
fn work(after: &str, crm: &str, state: &str) -> LinkWork {
    let mut link = link();
    let (after, crm) = (ours(after), side(crm, ["LAST_NAME", "EMAIL"]));
    link.record = link.record.filter(|_| after.is_some());
    link.crm = link.crm.filter(|_| crm.is_some());
    link.state = match state {
        "ambiguous" => LinkState::Ambiguous,
        "unlinked" => LinkState::Unlinked,
        _ => LinkState::Active,
    };
    if let (Some(ours), Some(theirs)) = (&after, &crm) {
        for name in ["last_name", "email"] {
            let theirs = theirs[&name.to_uppercase()].clone();
            let agreed = Agreed {
                workspace: theirs.clone(),
                crm: theirs,
            };
            link.base.insert(name.into(), agreed);
        }
        if state == "held" {
            let held = HeldField {
                crm: theirs["LAST_NAME"].clone(),
                workspace: ours["last_name"].clone(),
                since: at(1),
            };
            link.base.remove("last_name");
            link.held_fields.insert("last_name".into(), held);
        }
    }
    LinkWork {
        link,
        crm: crm.map(lead),
        workspace: after.map(person),
        candidates: Vec::new(),
        kin: Default::default(),
        lane: Lane::Bulk,
    }
}

fn added([before, after, crm, state]: [&str; 4], times: usize) -> ObjectRehearsal {
    let (rules, work) = (rules(state), work(after, crm, state));
    let (before, after) = (ours(before).map(person), ours(after).map(person));
    let mut sum = ObjectRehearsal::new(&rules.pairs[0]);
    for _ in 0..times {
        let link = Rehearsed {
            work: &work,
            before: before.as_ref(),
            after: before.as_ref().and(after.as_ref()),
            was_linked: state == "linked",
        };
        sum.add(&rules, link, at(20));
    }
    sum
}

fn told(sum: &ObjectRehearsal) -> String {
    let act = |act: &Act| {
        let name = act.as_str();
        Some(match (sum.count(*act), act) {
            (0, _) => return None,
            (1, Act::Link) => format!("{name} by {}", sum.keys.keys().next()?),
            (1, Act::ChangeHere) => format!("{name} {}", sum.values_here),
            (1, Act::ChangeThere) => format!("{name} {}", sum.values_there),
            (1, _) => name.to_owned(),
            (many, _) => format!("{name} {many} times"),
        })
    };
    let acts: Vec<String> = Act::ALL.iter().filter_map(act).collect();
    match acts.is_empty() {
        true => "nothing".to_owned(),
        false => acts.join(", "),
    }
}

#[test]
fn what_would_happen_to_a_record() {
    let row = |[before, after, crm, state, expected]: [&str; 5]| {
        let sum = added([before, after, crm, state], 1);
        expect(&expected.to_owned(), &told(&sum))
    };
    check("rehearsal.txt", TABLE, row);
}

#[test]
fn examples_are_few_and_short() {
    let long = format!("{}, o@x.example", "Oak".repeat(1_000));
    let sum = added([&long, "Ash, o@x.example", "Ash, o@x.example", "linked"], 9);
    assert_eq!((sum.count(Act::ChangeHere), sum.values_here), (9, 9));
    assert_eq!(sum.examples.len(), EXAMPLES_MAX);
    let change = &sum.examples[0].changes[0];
    let chars = |value: &Value| value.to_string().chars().count();
    assert_eq!((chars(&change.before), chars(&change.after)), (201, 3));
}
