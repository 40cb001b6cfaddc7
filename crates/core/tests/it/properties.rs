//! What holds for every history: both sides come to agree, rest is rest, nothing that a person typed is
//! lost without an entry.

use crate::fixture::{cases, pair, rule};
use crate::notation::{field_type, value};
use crate::world::{Event, Fate, Quirk, World};
use proptest::prelude::*;
use tandem_core::mapping::{Direction, FieldRule, Winner};
use tandem_core::reconcile::RecordChange;
use tandem_core::value::{Value, canonical, same};

/// Types of the workspace and the CRM, and values that people type into such fields.
const KINDS: [(&str, &str, &[&str]); 6] = [
    (
        "text",
        "text",
        &[
            "null",
            r#""  ""#,
            r#""ab""#,
            r#"" abcd ""#,
            r#""abcdef""#,
            r#""x""#,
            r#""Ab""#,
        ],
    ),
    (
        "currency(18,4)",
        "currency(18,2)",
        &["null", "0", "1", "1.005", "1.01", "2.3456"],
    ),
    (
        "currency(18,2)",
        "currency(18,4)",
        &["null", "0", "1", "1.005", "1.01", "2.3456"],
    ),
    (
        "text",
        "number(3,0)",
        &[
            "null",
            r#""""#,
            r#""7""#,
            r#""many""#,
            r#""1000""#,
            "12",
            r#""12.0""#,
        ],
    ),
    ("checkbox", "checkbox", &["null", "true", "false"]),
    (
        "multi",
        "multi",
        &["{}", "{A}", "{B;A}", r#""A; B""#, "{C}"],
    ),
];

#[derive(Clone, Debug)]
struct Field {
    kind: usize,
    rule: FieldRule,
    quirk: Quirk,
}

fn a_field() -> impl Strategy<Value = Field> {
    let direction = prop_oneof![
        1 => Just(Direction::CrmToWorkspace),
        1 => Just(Direction::WorkspaceToCrm),
        4 => Just(Direction::Both),
    ];
    let winner = prop::sample::select(vec![
        Winner::Crm,
        Winner::Workspace,
        Winner::MostRecent,
        Winner::Hold,
    ]);
    let quirk = prop::sample::select(vec![Quirk::Faithful, Quirk::Cuts, Quirk::Capitals]);
    (0..KINDS.len(), direction, winner, any::<bool>(), quirk).prop_map(
        |(kind, direction, winner, never, quirk)| {
            let mut rule = rule("", winner);
            rule.mapping.direction = direction;
            rule.mapping.blank_never_erases = never;
            rule.workspace_type = field_type(KINDS[kind].0);
            rule.crm_type = field_type(KINDS[kind].1);
            Field { kind, rule, quirk }
        },
    )
}

fn an_event(kinds: Vec<usize>) -> impl Strategy<Value = Event> {
    let edit = (0..kinds.len()).prop_flat_map(move |field| {
        let values = KINDS[kinds[field]].2;
        (Just(field), prop::sample::select(values).prop_map(value))
    });
    let field = edit.clone().prop_map(|(field, _)| field);
    let fate = prop::sample::select(vec![Fate::Answered, Fate::DoneButLost, Fate::Lost]);
    prop_oneof![
        4 => edit.clone().prop_map(|(field, value)| Event::CrmEdit(field, value)),
        4 => edit.prop_map(|(field, value)| Event::WorkspaceEdit(field, value)),
        1 => (field.clone(), any::<bool>()).prop_map(|(field, on)| Event::Refuse(field, on)),
        1 => (field, any::<bool>()).prop_map(|(field, crm)| Event::Decide(field, crm)),
        1 => Just(Event::Retry),
        3 => Just(Event::Pull),
        4 => Just(Event::Reconcile),
        3 => fate.prop_map(Event::Write),
        2 => Just(Event::Resolve),
    ]
}

/// A world and what happens in it.
fn a_history() -> impl Strategy<Value = (World, Vec<Event>)> {
    let fields = prop::collection::vec(a_field(), 1..4);
    (fields, any::<(bool, bool)>()).prop_flat_map(|(mut fields, (linked, conditional))| {
        for (index, field) in fields.iter_mut().enumerate() {
            field.rule.mapping.workspace = format!("f{index}");
            field.rule.mapping.crm = format!("F{index}");
        }
        let kinds = fields.iter().map(|field| field.kind).collect();
        let quirks = fields.iter().map(|field| field.quirk).collect();
        let rules = pair(fields.into_iter().map(|field| field.rule).collect());
        let mut world = World::new(rules, quirks, linked);
        world.conditional = conditional;
        (Just(world), prop::collection::vec(an_event(kinds), 0..24))
    })
}

fn rested((mut world, events): (World, Vec<Event>)) -> World {
    for event in &events {
        world.happen(event);
    }
    world.come_to_rest();
    world
}

/// Fields for which both sides may differ at rest, and why.
fn may_differ(world: &World, rule: &FieldRule, crm: &Value, ours: &Value) -> bool {
    let name = &rule.mapping.workspace;
    let one_way = rule.mapping.direction != Direction::Both;
    let waits = world.link.held_fields.contains_key(name)
        || world.link.parked_fields.contains_key(name)
        || world.link.parked.is_some();
    let kept = rule.mapping.blank_never_erases && (crm.is_blank() || ours.is_blank());
    one_way || waits || kept
}

/// A text field that both agreed on, somebody's word on one side, then the last word on the other by a
/// rule under which it must prevail; the engine's steps run at any moment, and no answer is lost.
fn a_last_word() -> impl Strategy<Value = (World, Vec<Event>, Event)> {
    let word = |words: Vec<&'static str>| prop::sample::select(words).prop_map(Value::text);
    let steps = || {
        let step = [Event::Pull, Event::Reconcile, Event::Write(Fate::Answered)];
        prop::collection::vec(prop::sample::select(step.to_vec()), 0..6)
    };
    let quirk = prop::sample::select(vec![Quirk::Faithful, Quirk::Cuts, Quirk::Capitals]);
    let words = (
        word(vec!["first", "f", "FIRST"]),
        word(vec!["last", "l", "LAST"]),
    );
    (quirk, any::<(bool, bool)>(), words, steps(), steps()).prop_map(
        |(quirk, (crm_last, recent), (first, last), before, after)| {
            let winner = match (recent, crm_last) {
                (true, _) => Winner::MostRecent,
                (false, true) => Winner::Crm,
                (false, false) => Winner::Workspace,
            };
            let mut world = World::new(pair(vec![rule("word", winner)]), vec![quirk], true);
            world.happen(&Event::CrmEdit(0, Value::text("old")));
            world.come_to_rest();
            let (first, last) = if crm_last {
                (Event::WorkspaceEdit(0, first), Event::CrmEdit(0, last))
            } else {
                (Event::CrmEdit(0, first), Event::WorkspaceEdit(0, last))
            };
            let events = [vec![first], before, vec![last.clone()], after].concat();
            (world, events, last)
        },
    )
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn both_sides_come_to_agree(history in a_history()) {
        let world = rested(history);
        prop_assert!(world.crm.is_some(), "a record that may be created is created");
        for rule in &world.rules.fields {
            let (crm, ours) = world.both(rule);
            let ours_in_crm = same(&crm, &ours, &rule.crm_type);
            let crm_in_ours = canonical(&crm, &rule.workspace_type).is_ok_and(|crm| crm == ours);
            prop_assert!(
                ours_in_crm || crm_in_ours || may_differ(&world, rule, &crm, &ours),
                "{} is {crm:?} in the CRM and {ours:?} here", rule.mapping.workspace
            );
        }
    }

    #[test]
    fn rest_is_rest(history in a_history()) {
        let world = rested(history);
        let decision = world.decision();
        let quiet = decision.write.is_none() || world.link.parked.is_some();
        prop_assert!(quiet, "it would write again: {:?}", decision.write);
        prop_assert_eq!(decision.record, RecordChange::None);
        prop_assert_eq!(decision.log, vec![]);
        prop_assert_eq!(decision.link.base, world.link.base);
        prop_assert_eq!(decision.link.held_fields, world.link.held_fields);
        prop_assert_eq!(decision.link.parked_fields, world.link.parked_fields);
        prop_assert_eq!(world.link.put_back.len(), 0);
    }

    #[test]
    fn nothing_typed_is_lost_without_an_entry(history in a_history()) {
        let world = rested(history);
        for (side, field, typed) in world.typed.iter().filter(|(.., typed)| !typed.is_blank()) {
            let rule = &world.rules.fields[*field];
            let is_it = |value: &Value| same(value, typed, &rule.crm_type);
            let (crm, ours) = world.both(rule);
            let told = world
                .told(rule)
                .any(|change| [&change.before, &change.after, &change.rejected].into_iter().any(is_it));
            prop_assert!(
                is_it(&crm) || is_it(&ours) || told,
                "{typed:?} typed at {side:?} into {} is nowhere", rule.mapping.workspace
            );
        }
    }

    #[test]
    fn the_last_word_prevails_where_its_rule_says_so((world, events, last) in a_last_word()) {
        let world = rested((world, events));
        let (Event::CrmEdit(_, word) | Event::WorkspaceEdit(_, word)) = last else {
            unreachable!("a last word is an edit");
        };
        let kept = world.stored(0, &word);
        prop_assert_eq!(world.both(&world.rules.fields[0]), (kept.clone(), kept));
    }
}
