//! What a decision does to values that people have, and how much of that passes.

use crate::fixture::{at, fields, lead, link, pair, person, rule};
use crate::notation::{field_type, value};
use crate::table::{check, expect};
use std::collections::BTreeMap;
use tandem_core::brake::{
    Brake, BrakeSettings, Effect, Gauge, Impact, Impacts, Mark, PlanChoice, PlanState, Side,
    hour_of, measure, normal_hour, window_start,
};
use tandem_core::connector::WriteOp;
use tandem_core::ids::{PlanId, UserId};
use tandem_core::link::{Agreed, LinkState, PutBack, RecordLink};
use tandem_core::mapping::Winner;
use tandem_core::reconcile::{Decision, Input, Kin, reconcile};
use tandem_core::record::{CrmRecord, Origin, WorkspaceRecord};
use tandem_core::settings::{Guards, SyncSettings};
use tandem_core::value::Value;

const UNLINK: Impact = Impact {
    effect: Effect::Unlink,
    side: Side::Workspace,
};
const BLANK: Impact = Impact {
    effect: Effect::Blank,
    side: Side::Workspace,
};

/// One person with one field.
struct Case {
    rules: tandem_core::mapping::PairRules,
    link: RecordLink,
    crm: CrmRecord,
    ours: WorkspaceRecord,
    guards: Guards,
}

impl Case {
    fn new(field: &'static str, base: &str, theirs: &str, ours: &str, who: &str) -> Self {
        let mut rule = rule(field, Winner::Crm);
        if field == "owner" {
            rule.crm_type = field_type("ref");
            rule.workspace_type = field_type("ref");
        }
        let mut link = link();
        if base != "-" {
            let agreed = Agreed {
                crm: value(base),
                workspace: value(base),
            };
            link.base.insert(field.into(), agreed);
        }
        let mut ours = person(fields([(field, value(ours))]));
        let set_by = ours.provenance.get_mut(field).expect("a provenance");
        set_by.origin = match who {
            "person" => Origin::User(UserId(1)),
            "program" => Origin::Api("import".into()),
            _ => Origin::Crm,
        };
        let crm = rule.mapping.crm.clone();
        Self {
            rules: pair(vec![rule]),
            link,
            crm: lead([(crm, value(theirs))].into()),
            ours,
            guards: Guards::ALL,
        }
    }

    fn decided(&self) -> (Decision, Impacts) {
        let input = Input {
            rules: &self.rules,
            link: &self.link,
            crm: Some(&self.crm),
            workspace: Some(&self.ours),
            candidates: &[],
            kin: &Kin::default(),
            heir_rules: None,
            settings: &SyncSettings::default(),
            key_prefix: "test",
            now: at(20),
            guards: self.guards,
        };
        let decision = reconcile(&input);
        let impacts = measure(&input, &decision);
        (decision, impacts)
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Reference(_) => format!("@{value}"),
        other => format!("{:?}", other.to_string()),
    }
}

fn told(impacts: &Impacts) -> String {
    let one = |(impact, changes): (&Impact, &Vec<tandem_core::brake::ValueChange>)| {
        let change = &changes[0];
        format!(
            "{} {}: {}>{}",
            impact.effect.as_str(),
            impact.side.as_str(),
            shown(&change.before),
            shown(&change.after)
        )
    };
    let all: Vec<String> = impacts.iter().map(one).collect();
    if all.is_empty() {
        "nothing".into()
    } else {
        all.join(", ")
    }
}

#[test]
fn a_decision_is_measured_by_what_somebody_may_miss() {
    check(
        "impacts.txt",
        include_str!("../tables/impacts.txt"),
        |[field, base, theirs, ours, who, wanted]: [&'static str; 6]| {
            let (_, impacts) = Case::new(field, base, theirs, ours, who).decided();
            expect(&wanted.to_owned(), &told(&impacts))
        },
    );
}

#[test]
fn a_deletion_of_a_linked_record_is_an_unlinking() {
    let mut case = Case::new("title", r#""a""#, r#""a""#, r#""a""#, "person");
    case.crm.deleted = true;
    let (decision, impacts) = case.decided();
    assert_eq!(decision.link.state, LinkState::Unlinked);
    assert_eq!(impacts.keys().collect::<Vec<_>>(), [&UNLINK]);
    case.link.state = LinkState::Unlinked;
    assert_eq!(case.decided().1, Impacts::new(), "it is unlinked already");
}

#[test]
fn an_edit_that_is_put_back_is_no_loss() {
    let mut case = Case::new("title", r#""a""#, r#""b""#, r#""b""#, "program");
    let put_back = PutBack {
        value: value(r#""typed""#),
        sent: value(r#""b""#),
    };
    case.link.put_back.insert("title".into(), put_back);
    let (decision, impacts) = case.decided();
    let write = decision.write.expect("the edit is put back");
    assert!(matches!(write.op, WriteOp::Update { .. }));
    assert_eq!(impacts, Impacts::new());
}

#[test]
fn with_the_guard_off_nothing_is_measured() {
    let mut case = Case::new("title", r#""a""#, "null", r#""a""#, "program");
    case.guards.brake = false;
    assert_eq!(case.decided().1, Impacts::new());
}

#[test]
fn what_is_far_more_than_normal_is_held() {
    check(
        "brake.txt",
        include_str!("../tables/brake.txt"),
        |[passed, linked, days, wanted, expected]| {
            let number = |text: &str| text.parse::<u64>().expect("a number");
            let settings = BrakeSettings::default();
            let normal = normal_hour(busiest(days));
            let gauge = Gauge {
                passed: number(passed),
                allowed: settings.allowed(UNLINK.effect, normal, number(linked)),
                plan: None,
            };
            let mut brake = Brake::new(settings.enabled, [(UNLINK, gauge)].into());
            let rule = |_| brake.rule(&only(UNLINK), &[]).is_empty();
            let pass = (0..number(wanted)).map(rule).filter(|pass| *pass).count() as u64;
            let got = format!("{pass}, {}", number(wanted) - pass);
            assert_eq!(
                brake.passed().get(&UNLINK).map_or(0, |one| one.unasked),
                pass
            );
            expect(&expected.to_owned(), &got)
        },
    );
}

/// `15x100 12x9`: fifteen days whose busiest hour had a hundred, twelve with nine.
fn busiest(days: &str) -> Vec<u64> {
    let groups = days.split(' ').filter_map(|group| group.split_once('x'));
    let group = |(days, most): (&str, &str)| {
        let most: u64 = most.parse().expect("records");
        vec![most; days.parse().expect("days")]
    };
    groups.flat_map(group).collect()
}

fn only(impact: Impact) -> Impacts {
    [(impact, Vec::new())].into()
}

fn full(impact: Impact, plan: Option<PlanId>) -> Brake {
    let gauge = Gauge {
        passed: 50,
        allowed: 50,
        plan,
    };
    Brake::new(true, [(impact, gauge)].into())
}

#[test]
fn an_open_plan_takes_everything_up_and_other_impacts_pass() {
    let plan = PlanId(4);
    let gauge = Gauge {
        passed: 0,
        allowed: 50,
        plan: Some(plan),
    };
    let mut brake = Brake::new(true, [(UNLINK, gauge)].into());
    assert_eq!(brake.rule(&only(UNLINK), &[]), [(UNLINK, Some(plan))]);
    assert_eq!(brake.rule(&only(BLANK), &[]), []);
    let both: Impacts = [(UNLINK, Vec::new()), (BLANK, Vec::new())].into();
    assert_eq!(brake.rule(&both, &[]), [(UNLINK, Some(plan))]);
    assert_eq!(
        brake.passed()[&BLANK].unasked,
        1,
        "what is held is not counted"
    );
}

#[test]
fn the_first_that_is_too_much_opens_a_plan_and_the_rest_joins_it() {
    let mut brake = full(UNLINK, None);
    assert_eq!(brake.rule(&only(UNLINK), &[]), [(UNLINK, None)]);
    brake.opened(UNLINK, PlanId(9));
    assert_eq!(brake.rule(&only(UNLINK), &[]), [(UNLINK, Some(PlanId(9)))]);
}

#[test]
fn a_mark_decides_before_the_gauge() {
    let mark = |approved| Mark {
        plan: PlanId(1),
        impact: UNLINK,
        approved,
    };
    let mut brake = full(UNLINK, Some(PlanId(2)));
    assert_eq!(brake.rule(&only(UNLINK), &[mark(true)]), []);
    assert_eq!(brake.passed()[&UNLINK].approved, 1);
    let mut idle = Brake::new(true, BTreeMap::new());
    let held = idle.rule(&only(UNLINK), &[mark(false)]);
    assert_eq!(
        held,
        [(UNLINK, Some(PlanId(1)))],
        "declined, though little passed"
    );
}

#[test]
fn turned_off_it_counts_and_holds_nothing() {
    let gauge = Gauge::default();
    let mut brake = Brake::new(false, [(UNLINK, gauge)].into());
    assert_eq!(brake.rule(&only(UNLINK), &[]), []);
    assert_eq!(brake.passed()[&UNLINK].unasked, 1);
}

#[test]
fn a_plan_is_decided_once_but_what_was_declined_may_be_approved() {
    let by = Some(UserId(1));
    let open = PlanState::Open;
    let kept = open.chosen(PlanChoice::Keep, by, at(1)).expect("declined");
    assert_eq!(kept, PlanState::Kept { by, at: at(1) });
    assert_eq!(kept.chosen(PlanChoice::Keep, by, at(2)), None);
    let approved = kept
        .chosen(PlanChoice::Approve, by, at(3))
        .expect("approved");
    assert!(approved.is_approved());
    for over in [approved, PlanState::Dissolved { at: at(1) }] {
        assert_eq!(over.chosen(PlanChoice::Approve, by, at(4)), None);
        assert_eq!(over.chosen(PlanChoice::Keep, by, at(4)), None);
    }
}

#[test]
fn the_window_is_this_hour_and_the_one_before() {
    let noon = at(-at(0).as_second().rem_euclid(3_600));
    let later = |seconds| at(noon.as_second() - at(0).as_second() + seconds);
    assert_eq!(hour_of(later(3_599)), noon);
    assert_eq!(hour_of(later(3_600)), later(3_600));
    assert_eq!(window_start(later(3_600)), noon);
    assert_eq!(window_start(later(7_200)), later(3_600));
}
