//! Invented data.

use serde_json::Value;
use tandem_sandbox::seed::SeedSize;

use crate::client::Client;

const SIZE: SeedSize = SeedSize {
    accounts: 40,
    contacts: 120,
    leads: 200,
    opportunities: 60,
};

fn rows(client: &Client, soql: &str) -> Vec<Value> {
    client.query(soql)["records"]
        .as_array()
        .expect("records")
        .clone()
}

#[test]
fn the_org_has_what_was_asked_for_and_twelve_users() {
    let client = Client::with_records(SIZE);
    for (object, count) in [
        ("Account", 40),
        ("Contact", 120),
        ("Lead", 200),
        ("Opportunity", 60),
        ("User", 12),
    ] {
        assert_eq!(
            client.query(&format!("SELECT COUNT() FROM {object}"))["totalSize"],
            count,
            "{object}"
        );
    }
    assert_eq!(
        client.sandbox.credentials("").username,
        "connector@haldenrobotics.example"
    );
}

#[test]
fn the_same_seed_gives_the_same_records() {
    let soql = "SELECT Id, Name, Email, OwnerId, SystemModstamp FROM Lead ORDER BY Id";
    assert_eq!(
        rows(&Client::with_records(SIZE), soql),
        rows(&Client::with_records(SIZE), soql)
    );
}

#[test]
fn nobody_real_is_in_it_and_times_lie_in_the_past() {
    let client = Client::with_records(SIZE);
    let now = client.sandbox.now();
    let mut stamps = std::collections::BTreeSet::new();
    for object in ["Contact", "Lead"] {
        for row in rows(
            &client,
            &format!("SELECT Email, OwnerId, CreatedDate, SystemModstamp FROM {object}"),
        ) {
            let email = row["Email"].as_str().expect("an address");
            assert!(email.ends_with(".example") && email.is_ascii(), "{email}");
            let time = |name: &str| {
                row[name]
                    .as_str()
                    .expect("text")
                    .parse::<jiff::Timestamp>()
                    .expect("a time")
            };
            assert!(time("CreatedDate") <= time("SystemModstamp") && time("SystemModstamp") < now);
            stamps.insert(time("SystemModstamp"));
        }
    }
    let emails: std::collections::BTreeSet<String> = rows(&client, "SELECT Email FROM Lead")
        .iter()
        .map(|row| row["Email"].to_string())
        .collect();
    assert_eq!(emails.len(), 200, "addresses are unique");
    let days = (now.as_second() - stamps.first().expect("some").as_second()) / 86_400;
    assert!(
        days > 60,
        "changes are spread over months, the oldest is {days} days old"
    );
}
