//! A lost answer is never taken for a failure, and a probe finds what happened.

use crate::org::{Org, create, text_fields, update};
use jiff::Timestamp;
use tandem_core::connector::{
    Connector as _, ConnectorError, CreateProbe, ProbeAnswer, WriteOp, WriteOutcome, WriteRequest,
};
use tandem_core::error::ErrorClass;
use tandem_core::ids::CrmObject;
use tandem_core::value::Value;
use tandem_sandbox::faults::FaultAction;

fn probe_of(request: &WriteRequest, sent_at: Timestamp) -> CreateProbe {
    let WriteOp::Create { key } = &request.op else {
        panic!("a create");
    };
    CreateProbe {
        key: key.clone(),
        sent_at,
        fields: request.fields.clone(),
    }
}

async fn probe(org: &Org, probes: &[CreateProbe]) -> Vec<ProbeAnswer> {
    let fields = ["LastName".to_owned()];
    let lead = CrmObject::new("Lead");
    let answers = org
        .salesforce
        .probe(&lead, probes, &fields, org.now())
        .await;
    org.pay(answers).expect("an answer")
}

fn found(answer: &ProbeAnswer) -> Option<&Value> {
    match answer {
        ProbeAnswer::Found(record) => record.fields.get("LastName"),
        _ => None,
    }
}

fn failed(result: Result<Vec<WriteOutcome>, ConnectorError>) -> ErrorClass {
    result.expect_err("a failure").failure.class
}

#[tokio::test]
async fn what_may_have_been_done_is_told_from_what_was_not() {
    let reject = |status: u16, code: &str| FaultAction::Reject {
        status,
        error_code: code.into(),
        message: "x".into(),
    };
    for (action, class) in [
        (FaultAction::DoThenLose, ErrorClass::AnswerLost),
        (FaultAction::LoseBefore, ErrorClass::AnswerLost),
        (FaultAction::DoThenFail, ErrorClass::AnswerLost),
        (FaultAction::Garbage, ErrorClass::GarbledAnswer),
        (
            FaultAction::RejectHtml { status: 502 },
            ErrorClass::AnswerLost,
        ),
        (
            FaultAction::RejectHtml { status: 404 },
            ErrorClass::AnswerLost,
        ),
        (reject(503, "SERVER_UNAVAILABLE"), ErrorClass::Unavailable),
        (reject(403, "REQUEST_LIMIT_EXCEEDED"), ErrorClass::ApiLimit),
        (reject(403, "API_DISABLED_FOR_ORG"), ErrorClass::ApiDisabled),
    ] {
        let org = Org::new();
        org.break_once(action.clone());
        let result = org.write("Lead", &[create(None, "Berg")], &[]).await;
        assert_eq!(failed(result), class, "{action:?}");
    }
}

#[tokio::test]
async fn a_lost_create_is_found_by_its_key_or_by_its_values() {
    for key in [Some("t-1"), None] {
        let org = Org::new();
        // Somebody else has a lead of the same name.
        org.make(
            "Lead",
            &serde_json::json!({ "LastName": "Berg", "Company": "Halden" }),
        );
        let request = create(key, "Berg");
        let sent_at = org.now();
        org.break_once(FaultAction::DoThenLose);
        assert_eq!(
            failed(org.write("Lead", std::slice::from_ref(&request), &[]).await),
            ErrorClass::AnswerLost
        );
        org.advance(30);
        org.forget_spent();
        let answers = probe(&org, &[probe_of(&request, sent_at)]).await;
        assert_eq!(
            found(&answers[0]),
            Some(&Value::text("Berg")),
            "{key:?} {answers:?}"
        );
        assert_eq!(org.spent(), 1);
        assert_eq!(org.count("Lead"), 2);
    }
}

#[tokio::test]
async fn a_create_that_never_arrived_is_absent() {
    for key in [Some("t-1"), None] {
        let org = Org::new();
        let request = create(key, "Berg");
        org.break_once(FaultAction::LoseBefore);
        assert_eq!(
            failed(org.write("Lead", std::slice::from_ref(&request), &[]).await),
            ErrorClass::AnswerLost
        );
        let answers = probe(&org, &[probe_of(&request, org.now())]).await;
        assert_eq!(answers, [ProbeAnswer::Absent]);
    }
}

#[tokio::test]
async fn a_create_that_happens_late_is_absent_and_then_found() {
    for key in [Some("t-1"), None] {
        let org = Org::new();
        let request = create(key, "Berg");
        let sent_at = org.now();
        org.break_once(FaultAction::Hold { seconds: Some(40) });
        assert_eq!(
            failed(org.write("Lead", std::slice::from_ref(&request), &[]).await),
            ErrorClass::AnswerLost
        );
        let probes = [probe_of(&request, sent_at)];
        assert_eq!(probe(&org, &probes).await, [ProbeAnswer::Absent]);
        org.advance(60);
        assert!(found(&probe(&org, &probes).await[0]).is_some());
        let horizon = org.salesforce.capabilities().create_horizon_seconds;
        assert!(
            horizon >= 600,
            "the platform works on a request for ten minutes"
        );
    }
}

#[tokio::test]
async fn creates_that_look_the_same_are_told_apart_as_far_as_they_can_be() {
    let org = Org::new();
    let sent_at = org.now();
    let twins = [create(None, "Twin"), create(None, "Twin")];
    org.break_once(FaultAction::DoThenLose);
    assert_eq!(
        failed(org.write("Lead", &twins, &[]).await),
        ErrorClass::AnswerLost
    );
    let both: Vec<_> = twins.iter().map(|twin| probe_of(twin, sent_at)).collect();
    let answers = probe(&org, &both).await;
    let (ProbeAnswer::Found(a), ProbeAnswer::Found(b)) = (&answers[0], &answers[1]) else {
        panic!("{answers:?}");
    };
    assert_ne!(a.id, b.id);
    // Only one was asked about: nobody can say which it is.
    let answers = probe(&org, &both[..1]).await;
    assert!(
        matches!(&answers[0], ProbeAnswer::Several(ids) if ids.len() == 2),
        "{answers:?}"
    );
}

#[tokio::test]
async fn a_lost_update_shows_in_the_record() {
    let org = Org::new();
    let lead = org.leads(1).remove(0);
    org.break_once(FaultAction::DoThenLose);
    let result = org
        .write("Lead", &[update(&lead, &[("LastName", "Changed")])], &[])
        .await;
    assert_eq!(failed(result), ErrorClass::AnswerLost);
    let fields = ["LastName".to_owned()];
    let read = org
        .salesforce
        .read(&CrmObject::new("Lead"), &[lead], &fields, org.now())
        .await;
    let records = org.pay(read).expect("records");
    assert_eq!(records[0].fields, text_fields(&[("LastName", "Changed")]));
}

#[tokio::test]
async fn a_lost_second_call_costs_the_reading_back_and_nothing_else() {
    let org = Org::new();
    let rule = tandem_sandbox::faults::FaultRule {
        matcher: tandem_sandbox::faults::FaultMatcher {
            body: Some("read0".into()),
            ..Default::default()
        },
        times: Some(1),
        action: FaultAction::DoThenLose,
    };
    org.sandbox.add_fault(rule).expect("a rule");
    let outcomes = org
        .write("Lead", &[create(None, "Berg")], &[])
        .await
        .expect("an answer");
    assert!(
        matches!(outcomes[0], WriteOutcome::Applied { after: None, .. }),
        "{outcomes:?}"
    );
    assert_eq!(org.spent(), 2);
}
