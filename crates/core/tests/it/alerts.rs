//! What is wrong, and when it is told.

use crate::fixture::at;
use tandem_core::Timestamp;
use tandem_core::alert::{
    Alert, AlertKind, BrokenRow, Change, Channel, Condition, Ending, Facts, Message,
    REMIND_AFTER_SECONDS, RefusedField, conditions, review,
};
use tandem_core::budget::BudgetState;
use tandem_core::connector::OrgUsage;
use tandem_core::error::ErrorClass;
use tandem_core::ids::{AlertId, CrmObject};
use tandem_core::mapping::{Direction, FieldMapping, FieldRule, PairRules, Winner};
use tandem_core::schema::FieldType;
use tandem_core::settings::{ConnectionState, SyncSettings, TeamRules};
use tandem_core::workspace::Kind;

const HOUR: i64 = 3_600;

fn quiet() -> Facts {
    let settings = SyncSettings {
        enabled: true,
        ..SyncSettings::default()
    };
    Facts {
        rules: TeamRules {
            settings,
            pairs: vec![pair()],
            key_prefix: String::new(),
        },
        connection: ConnectionState::Connected,
        took_over: None,
        budget: BudgetState::default(),
        refused: Vec::new(),
        plans: Vec::new(),
        broken: Vec::new(),
        growing: Vec::new(),
    }
}

/// Lead with a picklist that is free text here, and a text on both sides.
fn pair() -> PairRules {
    let rule = |workspace: &str, crm_type: FieldType| FieldRule {
        mapping: FieldMapping {
            workspace: workspace.into(),
            crm: workspace.into(),
            direction: Direction::Both,
            winner: Winner::Crm,
            blank_never_erases: false,
            value_map: Default::default(),
        },
        crm_type,
        workspace_type: FieldType::Text { max_chars: 255 },
        createable: true,
        updateable: true,
        calculated: false,
    };
    let picklist = FieldType::Picklist {
        restricted: true,
        values: Vec::new(),
    };
    PairRules {
        kind: Kind::Person,
        object: CrmObject::new("Lead"),
        version: 1,
        import: true,
        create_in_crm: false,
        external_id: None,
        fields: vec![
            rule("rating", picklist),
            rule("title", FieldType::Text { max_chars: 128 }),
        ],
    }
}

fn refused(field: &str, class: ErrorClass) -> RefusedField {
    RefusedField {
        object: CrmObject::new("Lead"),
        field: field.into(),
        class,
        records: 3,
        words: "bad  value:\nSpace Mining".into(),
    }
}

fn broken(field: &str) -> BrokenRow {
    BrokenRow {
        kind: Kind::Person,
        object: CrmObject::new("Lead"),
        field: field.into(),
        reason: "the field is gone".into(),
    }
}

fn found(facts: &Facts) -> Vec<(AlertKind, Vec<String>)> {
    let found = conditions(facts).expect("sync is on").into_iter();
    found.map(|one| (one.kind, one.details)).collect()
}

fn line(kind: AlertKind, text: &str) -> Vec<(AlertKind, Vec<String>)> {
    vec![(kind, vec![text.to_owned()])]
}

#[test]
fn a_quiet_team_has_no_conditions_and_one_without_sync_none_at_all() {
    assert_eq!(found(&quiet()), []);
    let mut off = quiet();
    off.rules.settings.enabled = false;
    off.refused
        .push(refused("rating", ErrorClass::PicklistRefused));
    assert_eq!(conditions(&off), None);
}

#[test]
fn a_lost_connection_is_told_in_the_crms_words() {
    let mut facts = quiet();
    facts.connection = ConnectionState::Lost {
        code: "connection-revoked".into(),
        message: "expired access/refresh token".into(),
        since: at(1),
    };
    let said = "The CRM said: expired access/refresh token";
    assert_eq!(found(&facts), line(AlertKind::ConnectorLost, said));
}

#[test]
fn the_threshold_counts_only_where_the_org_told_its_allowance() {
    let mut facts = quiet();
    facts.budget.spent_since = 1_000;
    assert_eq!(found(&facts), [], "nobody told an allowance");
    let (used, max) = (683, 1_000);
    facts.budget.spent_since = 0;
    facts.budget.org = Some((OrgUsage { used, max }, at(0)));
    assert_eq!(found(&facts), [], "one call is left");
    facts.budget.spent_since = 1;
    let kinds: Vec<_> = found(&facts).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, [AlertKind::ApiThreshold]);
}

#[test]
fn picklists_have_two_kinds_of_trouble_and_other_fields_one() {
    let of = |refused: Vec<RefusedField>, broken: Vec<BrokenRow>| {
        found(&Facts {
            refused,
            broken,
            ..quiet()
        })
    };
    let words = "Lead rating: 3 records, for example: bad value: Space Mining";
    for (class, kind) in [
        (ErrorClass::PicklistRefused, AlertKind::PicklistValue),
        (ErrorClass::FieldNotWritable, AlertKind::PicklistField),
    ] {
        assert_eq!(
            of(vec![refused("rating", class)], Vec::new()),
            line(kind, words)
        );
    }
    let too_long = refused("title", ErrorClass::TooLong);
    assert_eq!(of(vec![too_long], Vec::new()), []);
    assert_eq!(
        of(Vec::new(), vec![broken("title")]),
        line(AlertKind::MappedField, "Lead title: the field is gone")
    );
    assert_eq!(
        of(Vec::new(), vec![broken("industry")]),
        line(AlertKind::PicklistField, "Lead industry: the field is gone")
    );
}

#[test]
fn a_queue_that_grows_is_told_unless_everything_waits_for_a_reason_that_is_told() {
    let mut facts = quiet();
    facts.growing = vec!["Lead: 900 writes wait".into()];
    let told = line(AlertKind::BacklogGrowing, "Lead: 900 writes wait");
    assert_eq!(found(&facts), told);
    facts.connection = ConnectionState::Lost {
        code: "connection-revoked".into(),
        message: "expired".into(),
        since: at(1),
    };
    let kinds: Vec<_> = found(&facts).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, [AlertKind::ConnectorLost]);
}

#[test]
fn a_long_list_is_cut() {
    let many = (0..25).map(|n| refused(&format!("f{n}"), ErrorClass::PicklistRefused));
    let facts = Facts {
        refused: many.collect(),
        ..quiet()
    };
    let details = &found(&facts)[0].1;
    assert_eq!(details.len(), 11);
    assert_eq!(details[10], "and 15 more");
}

fn condition(kind: AlertKind) -> Condition {
    Condition {
        kind,
        details: vec!["so it is".into()],
    }
}

fn opened(kind: AlertKind) -> Alert {
    Alert::open(AlertId(7), condition(kind), at(0))
}

fn reviewed(alert: &Alert, seen: Option<&[Condition]>, now: Timestamp) -> Alert {
    match review(std::slice::from_ref(alert), seen, now).pop() {
        Some(Change::Update(alert)) => alert,
        None => alert.clone(),
        Some(Change::Open(new)) => panic!("opened {new:?}"),
    }
}

#[test]
fn an_alert_is_opened_once_and_ends_with_its_condition() {
    let lost = condition(AlertKind::ConnectorLost);
    let seen = std::slice::from_ref(&lost);
    assert_eq!(review(&[], Some(seen), at(0)), [Change::Open(lost.clone())]);
    let alert = opened(AlertKind::ConnectorLost);
    assert_eq!(review(std::slice::from_ref(&alert), Some(seen), at(9)), []);
    let over = reviewed(&alert, Some(&[]), at(9));
    assert_eq!(over.ended, Some((at(9), Ending::Resolved)));
    let off = reviewed(&alert, None, at(9));
    assert_eq!(off.ended, Some((at(9), Ending::SyncOff)));
}

/// As the allowance's window moves a paused sync goes on for a moment and pauses again: one alert.
#[test]
fn the_threshold_is_over_after_an_hour_below_it() {
    let alert = opened(AlertKind::ApiThreshold);
    let below = reviewed(&alert, Some(&[]), at(100));
    assert_eq!((below.gone_since, below.ended), (Some(at(100)), None));
    let reached = [condition(AlertKind::ApiThreshold)];
    let again = reviewed(&below, Some(&reached), at(1_000));
    assert_eq!(again.gone_since, None);
    let below = reviewed(&again, Some(&[]), at(2_000));
    let almost = reviewed(&below, Some(&[]), at(2_000 + HOUR - 1));
    assert_eq!(almost.ended, None);
    let over = reviewed(&below, Some(&[]), at(2_000 + HOUR));
    assert_eq!(over.ended, Some((at(2_000 + HOUR), Ending::Resolved)));
}

#[test]
fn it_is_told_at_once_then_every_48_hours_and_once_when_it_is_over() {
    let mut alert = opened(AlertKind::ConnectorLost);
    let next = |alert: &Alert| alert.next_message(Channel::Mail);
    let sent = |alert: &mut Alert, message, second| {
        alert.note(
            Channel::Mail,
            message,
            Ok("ana@acme.example".into()),
            at(second),
        );
    };
    assert_eq!(next(&alert), Some((Message::Opened, at(0))));
    sent(&mut alert, Message::Opened, 5);
    let first = 5 + REMIND_AFTER_SECONDS;
    assert_eq!(next(&alert), Some((Message::Reminder, at(first))));
    sent(&mut alert, Message::Reminder, first);
    let second = first + REMIND_AFTER_SECONDS;
    assert_eq!(next(&alert), Some((Message::Reminder, at(second))));
    let mut over = reviewed(&alert, Some(&[]), at(first + 60));
    assert_eq!(next(&over), Some((Message::Recovered, at(first + 60))));
    sent(&mut over, Message::Recovered, first + 61);
    assert_eq!(next(&over), None);
    assert_eq!(over.deliveries[&Channel::Mail].count, 3);
    let untold = over.next_message(Channel::Webhook);
    assert_eq!(untold, None, "who knows of no beginning needs no end");
}

#[test]
fn what_can_t_be_sent_is_tried_again_ever_later_under_the_same_id() {
    let mut alert = opened(AlertKind::ConnectorLost);
    let id = alert.message_id(Channel::Mail);
    let mut now = 0;
    let waits = [60, 300, 900, 1_800, 3_600, 3_600];
    for wait in waits {
        let failed = Err("no route".to_owned());
        alert.note(Channel::Mail, Message::Opened, failed, at(now));
        let (message, next) = alert.next_message(Channel::Mail).expect("a message");
        assert_eq!((message, next), (Message::Opened, at(now + wait)));
        now += wait;
    }
    assert_eq!(alert.deliveries[&Channel::Mail].failures, 6);
    assert_eq!(alert.message_id(Channel::Mail), id);
    alert.note(Channel::Mail, Message::Opened, Ok("a".into()), at(now));
    let delivery = &alert.deliveries[&Channel::Mail];
    assert_eq!((delivery.failures, &delivery.error), (0, &None));
    assert_ne!(alert.message_id(Channel::Mail), id);
}
