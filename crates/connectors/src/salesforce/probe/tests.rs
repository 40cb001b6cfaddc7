//! Probes over canned answers.

use crate::salesforce::testing::{composite, connector, json_answer};
use jiff::Timestamp;
use tandem_core::connector::{Connector as _, CreateProbe, ProbeAnswer, Reply};
use tandem_core::ids::CrmObject;
use tandem_core::value::{Fields, Value};

const USERINFO: &str = r#"{"user_id":"005000000000001AAA","organization_id":"00D000000000001",
    "preferred_username":"connector@acme.example"}"#;

fn fields(last_name: &str, email: &str) -> Fields {
    [("LastName", last_name), ("Email", email)]
        .map(|(name, value)| (name.to_owned(), Value::text(value)))
        .into()
}

fn probe(key: Option<&str>, fields: Fields) -> CreateProbe {
    CreateProbe {
        key: key.map(|key| ("ExtId__c".to_owned(), key.to_owned())),
        sent_at: "2026-03-10T08:00:09.7Z".parse().expect("a time"),
        fields,
    }
}

fn row(number: u32, deleted: bool, last_name: &str, email: &str, key: &str) -> String {
    format!(
        r#"{{"Id":"00Q{number:012}","SystemModstamp":"2026-03-10T08:00:10.000+0000","IsDeleted":{deleted},
        "CreatedDate":"2026-03-10T08:00:10.000+0000","LastName":"{last_name}","Email":"{email}","ExtId__c":"{key}"}}"#
    )
}

fn rows(done: bool, rows: &[String]) -> String {
    let total = rows.len() + usize::from(!done);
    let rows = rows.join(",");
    format!(r#"{{"totalSize":{total},"done":{done},"records":[{rows}]}}"#)
}

fn kinds(reply: &Reply<Vec<ProbeAnswer>>) -> Vec<String> {
    let kind = |answer: &ProbeAnswer| match answer {
        ProbeAnswer::Found(record) => format!("found {}", &record.id.as_str()[14..15]),
        ProbeAnswer::Absent => "absent".to_owned(),
        ProbeAnswer::Several(ids) => format!("several {}", ids.len()),
    };
    reply.value.iter().map(kind).collect()
}

#[tokio::test]
async fn keyed_creates_are_found_by_key_in_one_call() {
    let found = rows(
        true,
        &[
            row(1, false, "Berg", "", "K-1"),
            row(2, true, "Berg", "", "k-2"),
            row(3, false, "Berg", "", "k-3"),
            row(4, true, "Berg", "", "k-3"),
            row(5, false, "Berg", "", "k-5"),
            row(6, false, "Berg", "", "k-5"),
        ],
    );
    let (salesforce, script, _) = connector([composite(&[("probe0", 200, &found)])]);
    let probes: Vec<_> = ["k-1", "k-2", "k-3", "k-4", "k-5"]
        .map(|key| probe(Some(key), Fields::new()))
        .into();
    let lead = CrmObject::new("Lead");
    let reply = salesforce
        .probe(&lead, &probes, &[], Timestamp::UNIX_EPOCH)
        .await
        .expect("an answer");
    assert_eq!(
        kinds(&reply),
        ["found 1", "found 2", "found 3", "absent", "several 2"]
    );
    assert_eq!(reply.calls, 1);
    assert!(script.bodies()[0].contains("ExtId__c+IN+%28%27k-1%27%2C"));
}

#[tokio::test]
async fn bare_creates_are_found_by_who_when_and_what() {
    let created = rows(
        true,
        &[
            row(1, false, "Berg", "a@b.example", ""),
            row(2, false, "Twin", "t@b.example", ""),
            row(3, false, "Twin", "t@b.example", ""),
            row(4, false, "Many", "m@b.example", ""),
            row(5, false, "Many", "m@b.example", ""),
        ],
    );
    let (salesforce, script, _) = connector([
        Ok(json_answer(200, USERINFO)),
        composite(&[("probe0", 200, &created)]),
    ]);
    let probes = [
        probe(None, fields(" Berg ", "a@b.example")),
        probe(None, fields("Twin", "t@b.example")),
        probe(None, fields("Twin", "t@b.example")),
        probe(None, fields("Many", "m@b.example")),
        probe(None, fields("Berg", "other@b.example")),
        probe(None, Fields::new()),
    ];
    let lead = CrmObject::new("Lead");
    let reply = salesforce
        .probe(&lead, &probes, &[], Timestamp::UNIX_EPOCH)
        .await
        .expect("an answer");
    assert_eq!(
        kinds(&reply),
        [
            "found 1",
            "found 2",
            "found 3",
            "several 2",
            "absent",
            "absent"
        ]
    );
    assert_eq!(reply.calls, 1);
    let asked = &script.bodies()[1];
    assert!(
        asked.contains("CreatedById+%3D+%27005000000000001AAA%27"),
        "{asked}"
    );
    assert!(
        asked.contains("CreatedDate+%3E%3D+2026-03-10T07%3A58%3A09Z"),
        "{asked}"
    );
}

/// Of two creates that fit a record the one that says more has it, whichever is asked about first.
#[tokio::test]
async fn a_create_that_says_little_takes_what_is_left() {
    let created = rows(true, &[row(1, false, "Berg", "a@b.example", "")]);
    let (salesforce, _, _) = connector([
        Ok(json_answer(200, USERINFO)),
        composite(&[("probe0", 200, &created)]),
    ]);
    let mut little = fields("Berg", "");
    little.remove("Email");
    let probes = [
        probe(None, little),
        probe(None, fields("Berg", "a@b.example")),
    ];
    let lead = CrmObject::new("Lead");
    let reply = salesforce
        .probe(&lead, &probes, &[], Timestamp::UNIX_EPOCH)
        .await
        .expect("an answer");
    assert_eq!(kinds(&reply), ["absent", "found 1"]);
}

#[tokio::test]
async fn a_short_page_of_creations_is_followed_by_the_next() {
    let first = rows(false, &[row(1, false, "Berg", "a@b.example", "")]);
    let second = rows(true, &[row(2, false, "Lund", "l@b.example", "")]);
    let (salesforce, script, _) = connector([
        Ok(json_answer(200, USERINFO)),
        composite(&[("probe0", 200, &first)]),
        composite(&[("probe0", 200, &second)]),
    ]);
    let probes = [probe(None, fields("Lund", "l@b.example"))];
    let lead = CrmObject::new("Lead");
    let reply = salesforce
        .probe(&lead, &probes, &[], Timestamp::UNIX_EPOCH)
        .await
        .expect("an answer");
    assert_eq!(
        (kinds(&reply), reply.calls),
        (vec!["found 2".to_owned()], 2)
    );
    assert!(script.bodies()[2].contains("Id+%3E+%2700Q000000000001EAA%27"));
}

#[tokio::test]
async fn long_keys_are_spread_over_queries_that_fit() {
    let nothing = rows(true, &[]);
    let parts: Vec<_> = ["probe0", "probe1", "probe2", "probe3"]
        .map(|reference| (reference, 200, nothing.as_str()))
        .into();
    let (salesforce, script, _) = connector([composite(&parts)]);
    let probes: Vec<_> = (0..600)
        .map(|n| probe(Some(&format!("{n:0>255}")), Fields::new()))
        .collect();
    let lead = CrmObject::new("Lead");
    let reply = salesforce
        .probe(&lead, &probes, &[], Timestamp::UNIX_EPOCH)
        .await
        .expect("an answer");
    assert!(kinds(&reply).iter().all(|kind| kind == "absent"));
    assert_eq!(reply.calls, 1);
    let body = &script.bodies()[0];
    assert_eq!(body.matches("ExtId__c+IN+").count(), 4);
    assert!((0..600).all(|n| body.contains(&format!("{n:0>255}"))));
}
