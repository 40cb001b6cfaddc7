//! Whatever is done to an org, the one that is opened from its file is the same.

use std::path::Path;

use bytes::Bytes;
use http::Request;
use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::StateError;
use crate::{ClockMode, Options, Sandbox, control, seed::SeedSize};

fn options(dir: &TempDir) -> Options {
    Options {
        clock: ClockMode::Virtual,
        records: SeedSize {
            accounts: 2,
            contacts: 3,
            leads: 3,
            opportunities: 1,
        },
        state: Some(dir.path().join("org.state")),
        ..Options::default()
    }
}

fn dir() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

fn open(options: &Options) -> Sandbox {
    Sandbox::open(options.clone()).expect("opens")
}

/// Shows the first difference only: an org is long.
#[track_caller]
fn assert_same(one: &[String], other: &[String]) {
    let differs = one.iter().zip(other).find(|(a, b)| a != b);
    assert_eq!((differs, one.len()), (None, other.len()));
}

/// Ends an org as a killed process does, and opens it again.
fn again(sandbox: Sandbox, options: &Options) -> Sandbox {
    drop(sandbox);
    open(options)
}

fn steer(sandbox: &Sandbox, method: &str, path: &str, body: &Value) -> Value {
    let request = Request::builder()
        .method(method)
        .uri(format!("/control/{path}"))
        .body(Bytes::from(body.to_string()))
        .expect("a request");
    serde_json::from_slice(control::handle(sandbox, &request).body()).expect("JSON")
}

fn refresh(sandbox: &Sandbox) {
    let known = sandbox.credentials("http://org.example");
    let form = format!(
        "grant_type=refresh_token&client_id={}&refresh_token={}",
        known.client_id, known.refresh_token
    );
    let request = Request::post("/services/oauth2/token").body(Bytes::from(form));
    sandbox.handle(request.expect("a request"));
}

fn create_by_api(sandbox: &Sandbox, body: &Value) {
    let token = sandbox.credentials("http://org.example").access_token;
    let request = Request::post("/services/data/v62.0/sobjects/Lead")
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .body(Bytes::from(body.to_string()));
    sandbox.handle(request.expect("a request"));
}

/// One thing done to an org; `n` picks which.
#[derive(Clone, Debug)]
enum Step {
    Contact { late_seconds: u32 },
    Change { n: usize, late_seconds: u32 },
    Delete(usize),
    Undelete(usize),
    Advance(u32),
    Lead { refused: bool },
    Refresh,
    Setup(usize),
    Tokens(usize),
    Meter(usize),
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let late = prop_oneof![Just(0_u32), 1_u32..200];
    prop_oneof![
        late.clone()
            .prop_map(|late_seconds| Step::Contact { late_seconds }),
        (any::<usize>(), late).prop_map(|(n, late_seconds)| Step::Change { n, late_seconds }),
        any::<usize>().prop_map(Step::Delete),
        any::<usize>().prop_map(Step::Undelete),
        prop_oneof![0_u32..300, 1_000_000_u32..2_000_000].prop_map(Step::Advance),
        any::<bool>().prop_map(|refused| Step::Lead { refused }),
        Just(Step::Refresh),
        (0_usize..9).prop_map(Step::Setup),
        (0_usize..2).prop_map(Step::Tokens),
        (0_usize..2).prop_map(Step::Meter),
        Just(Step::Reopen),
    ]
}

fn run(sandbox: &Sandbox, step: &Step) {
    let ids: Vec<String> =
        steer(sandbox, "GET", "records/Contact?deleted=true", &json!({}))["records"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|row| row["Id"].as_str().map(str::to_owned))
            .collect();
    let id = |n: usize| ids.get(n % ids.len().max(1)).cloned().unwrap_or_default();
    match *step {
        Step::Contact { late_seconds } => {
            let body = json!({"fields": {"LastName": "Orme", "Birthdate": "1980-02-03"}, "visible_in_seconds": late_seconds});
            steer(sandbox, "POST", "records/Contact", &body);
        }
        Step::Change { n, late_seconds } => {
            let body =
                json!({"fields": {"Title": format!("T{n}")}, "visible_in_seconds": late_seconds});
            steer(
                sandbox,
                "PATCH",
                &format!("records/Contact/{}", id(n)),
                &body,
            );
        }
        Step::Delete(n) => drop(steer(
            sandbox,
            "DELETE",
            &format!("records/Contact/{}", id(n)),
            &json!({}),
        )),
        Step::Undelete(n) => {
            let path = format!("records/Contact/{}/undelete", id(n));
            steer(sandbox, "POST", &path, &json!({}));
        }
        Step::Advance(seconds) => {
            steer(
                sandbox,
                "POST",
                "clock/advance",
                &json!({"seconds": seconds}),
            );
        }
        Step::Lead { refused } => {
            let last_name = if refused { Value::Null } else { json!("Vance") };
            let body =
                json!({"LastName": last_name, "Company": "Vance Ltd", "AnnualRevenue": 12.5});
            create_by_api(sandbox, &body);
        }
        Step::Refresh => refresh(sandbox),
        Step::Setup(n) => set_up(sandbox, n),
        Step::Tokens(n) => drop(steer(
            sandbox,
            "POST",
            ["tokens/expire", "tokens/revoke"][n],
            &json!({}),
        )),
        Step::Meter(0) => drop(steer(sandbox, "DELETE", "meter", &json!({}))),
        Step::Meter(_) => {
            drop(steer(
                sandbox,
                "PUT",
                "meter/limit",
                &json!({"calls_24h": 77}),
            ));
        }
        Step::Reopen => {}
    }
}

fn set_up(sandbox: &Sandbox, n: usize) {
    let who = "connector@haldenrobotics.example";
    let rule =
        json!({"name": "r", "object": "Contact", "refuse_when": "Title = 'T3'", "message": "no"});
    let flow = json!({"name": "f", "object": "Lead", "set": {"Title": "seen"}});
    let field =
        json!({"name": "Size__c", "label": "Size", "type": "number", "precision": 8, "scale": 2});
    let object = json!({"name": "Visit__c", "label": "Visit", "label_plural": "Visits"});
    let (method, path, body) = match n {
        0 => ("POST", "objects".to_owned(), object),
        1 => ("POST", "objects/Contact/fields".to_owned(), field),
        2 => ("PUT", "validation-rules".to_owned(), rule),
        3 => ("DELETE", "validation-rules/r".to_owned(), json!({})),
        4 => ("PUT", "automations".to_owned(), flow),
        5 => ("DELETE", "automations/f".to_owned(), json!({})),
        6 => (
            "PUT",
            format!("permissions/{who}/Lead"),
            json!({"edit": false}),
        ),
        7 => ("PUT", "lead-assignment".to_owned(), json!({"owner": who})),
        _ => (
            "PUT",
            format!("permissions/{who}/Contact/Title"),
            json!({"edit": false}),
        ),
    };
    steer(sandbox, method, &path, &body);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn an_org_that_is_opened_again_is_the_same(steps in prop::collection::vec(step(), 1..40)) {
        let dir = dir();
        let options = options(&dir);
        let mut sandbox = open(&options);
        for step in &steps {
            run(&sandbox, step);
            if let Step::Reopen = step {
                let before = sandbox.everything();
                sandbox = again(sandbox, &options);
                assert_same(&sandbox.everything(), &before);
            }
        }
        let before = sandbox.everything();
        let sandbox = again(sandbox, &options);
        assert_same(&sandbox.everything(), &before);
        sandbox.world(|world| world.assert_consistent());
    }
}

#[test]
fn whatever_is_left_of_the_last_entries_the_org_is_as_after_one_of_them() {
    let dir = dir();
    // Without invented records: the org is opened two thousand times.
    let options = Options {
        records: SeedSize::default(),
        ..options(&dir)
    };
    let path = options.state.clone().expect("a file");
    let length = |path: &Path| std::fs::metadata(path).expect("there").len() as usize;
    let sandbox = open(&options);
    let mut marks = vec![(length(&path), sandbox.everything())];
    for late_seconds in [0, 60] {
        run(&sandbox, &Step::Contact { late_seconds });
        marks.push((length(&path), sandbox.everything()));
    }
    drop(sandbox);
    let whole = std::fs::read(&path).expect("read");
    for cut in marks[0].0..=whole.len() {
        std::fs::write(&path, &whole[..cut]).expect("written");
        let before_cut = marks.iter().rev().find(|(end, _)| *end <= cut);
        let (_, expected) = before_cut.expect("the first mark is before every cut");
        let opened = open(&options);
        assert_same(&opened.everything(), expected);
        drop(opened);
        assert!(length(&path) <= cut);
    }
}

#[test]
fn a_long_file_is_written_anew_and_loses_nothing() {
    let dir = dir();
    let options = options(&dir);
    let path = options.state.clone().expect("a file");
    let sandbox = open(&options);
    let (mut longest, mut shorter) = (0, false);
    for n in 0..400 {
        let note = "n".repeat(20_000);
        let body = json!({"fields": {"LastName": format!("N{n}"), "Description": note}});
        let id = steer(&sandbox, "GET", "records/Contact?limit=1", &json!({}))["records"][0]["Id"]
            .clone();
        let path_of = format!("records/Contact/{}", id.as_str().unwrap_or_default());
        steer(&sandbox, "PATCH", &path_of, &body);
        let bytes = std::fs::metadata(&path).expect("there").len();
        shorter |= bytes < longest;
        longest = longest.max(bytes);
    }
    assert!(shorter, "never written anew in {longest} bytes");
    let before = sandbox.everything();
    assert_same(&again(sandbox, &options).everything(), &before);
}

#[test]
fn a_file_that_does_not_fit_is_refused_with_a_way_out() {
    let dir = dir();
    let options = options(&dir);
    let path = options.state.clone().expect("a file");
    let sandbox = open(&options);
    let refusal = |options: &Options| {
        let error = Sandbox::open(options.clone()).expect_err("refused");
        assert!(error.to_string().contains("org.state"), "{error}");
        error
    };
    assert!(matches!(refusal(&options), StateError::InUse { .. }));
    drop(sandbox);
    let other = Options {
        seed: 9,
        ..options.clone()
    };
    let error = refusal(&other);
    assert!(matches!(error, StateError::OtherOptions { .. }));
    assert!(error.to_string().contains("\"seed\":1"), "{error}");
    let text = std::fs::read_to_string(&path).expect("text");
    let newer = text.replacen("state\":2", "state\":3", 1);
    std::fs::write(&path, newer).expect("written");
    assert!(matches!(refusal(&options), StateError::NotAState { .. }));
    let damaged = text.replacen("{\"world\"", "{\"wurld\"", 1);
    std::fs::write(&path, damaged).expect("written");
    assert!(matches!(
        refusal(&options),
        StateError::Damaged { line: 5, .. }
    ));
    std::fs::write(&path, "").expect("written");
    assert!(matches!(refusal(&options), StateError::NotAState { .. }));
}

#[test]
fn a_real_clock_keeps_its_distance_and_late_commits_their_time() {
    let dir = dir();
    let options = Options {
        clock: ClockMode::Real,
        ..options(&dir)
    };
    let start: jiff::Timestamp = "2026-03-01T08:00:00Z".parse().expect("a time");
    let after = |seconds: i64| start + jiff::SignedDuration::from_secs(seconds);
    let sandbox = open(&options);
    sandbox.follow(start);
    sandbox.set_now(after(3_600));
    run(&sandbox, &Step::Contact { late_seconds: 600 });
    let count = |sandbox: &Sandbox| sandbox.world(|world| world.count("Contact"));
    let before = count(&sandbox);
    let sandbox = again(sandbox, &options);
    sandbox.follow(after(300));
    assert_eq!((sandbox.now(), count(&sandbox)), (after(3_900), before));
    sandbox.follow(after(601));
    assert_eq!(count(&sandbox), before + 1);
}

#[test]
fn a_torn_entry_longer_than_a_look_backwards_is_cut_off() {
    let dir = dir();
    let options = options(&dir);
    let path = options.state.clone().expect("a file");
    let sandbox = open(&options);
    let before = sandbox.everything();
    drop(sandbox);
    let whole = std::fs::read(&path).expect("read");
    // Lengths around the 65,536 bytes of one look, so that the last mark lies before, after and across the border.
    for torn_bytes in (65_530..65_542).chain([131_072, 200_000]) {
        let mut data = whole.clone();
        data.resize(whole.len() + torn_bytes, b'x');
        std::fs::write(&path, &data).expect("written");
        assert_same(&open(&options).everything(), &before);
        assert_eq!(std::fs::read(&path).expect("read"), whole);
    }
}

#[test]
fn what_cannot_be_written_is_not_answered() {
    let dir = dir();
    let options = options(&dir);
    let sandbox = open(&options);
    let before = sandbox.everything();
    sandbox.spoil_file();
    let body = json!({"fields": {"LastName": "Orme"}});
    let answer = steer(&sandbox, "POST", "records/Contact", &body);
    let sentence = answer["error"].as_str().unwrap_or_default();
    assert!(sentence.contains("cannot be written"), "{answer}");
    let request = Request::get("/services/data").body(Bytes::new());
    let reply = sandbox.handle(request.expect("a request"));
    assert_eq!(reply.delivery, crate::Delivery::Lost);
    assert_same(&again(sandbox, &options).everything(), &before);
}

#[test]
fn the_meter_keeps_every_kind_of_call() {
    let dir = dir();
    let options = options(&dir);
    let sandbox = open(&options);
    let token = sandbox.credentials("http://org.example").access_token;
    let paths = [
        "limits",
        "query?q=SELECT+Id+FROM+Contact",
        "query/0r8Td0000000001-200",
        "sobjects/Contact/describe",
        "sobjects/Contact/updated",
        "sobjects/Contact/003Td0000000001",
        "composite",
        "composite/batch",
        "composite/sobjects",
        "nothing",
    ];
    for path in paths.map(|path| format!("/services/data/v62.0/{path}")) {
        let request = Request::get(path).header("authorization", format!("Bearer {token}"));
        sandbox.handle(request.body(Bytes::new()).expect("a request"));
    }
    let before = sandbox.meter();
    assert_eq!(before.by_kind.len(), paths.len());
    assert_eq!(again(sandbox, &options).meter(), before);
}
