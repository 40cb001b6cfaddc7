//! `tandem verify`.

use super::door::Door;
use super::failure::Kind;
use super::{Failure, Json, print};
use crate::config::Config;
use ::http::Method;
use serde_json::Value;

/// Compares both sides field by field; fails if a field differs without a reason.
pub(super) async fn verify(config: Config, output: Json) -> Result<(), Failure> {
    let door = Door::open(config).await?;
    let found = door
        .call(Method::POST, "/api/admin/agreement", None)
        .await?;
    if output.json {
        print(&found.to_string());
    } else {
        told(&found).iter().for_each(|line| print(line));
    }
    match found["fields"]["unexplained"].as_u64() {
        Some(0) => Ok(()),
        _ => Err(Failure::new(
            Kind::Failed,
            "fields differ without a reason; they are decided again, look at the sync log",
        )),
    }
}

fn told(found: &Value) -> Vec<String> {
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    let mut lines = vec![format!(
        "{} of {} linked records agree in every mapped field.",
        number(&found["agreed"]),
        number(&found["pairs"])
    )];
    for (standing, label) in [
        ("same", "the same on both sides"),
        ("by_rule", "different by a rule of the mapping"),
        ("waiting", "on their way"),
        ("held", "waiting for a person"),
        ("refused", "refused by the CRM"),
        ("unexplained", "different without a reason"),
    ] {
        let count = number(&found["fields"][standing]);
        lines.push(format!("{count:>10} fields {label}"));
    }
    let differences = found["differences"].as_array().into_iter().flatten();
    lines.extend(differences.map(difference));
    lines
}

fn difference(one: &Value) -> String {
    let text = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
    let what = match one["field"].as_str() {
        Some(field) => format!(
            "{field}: CRM {}, workspace {}",
            one["crm"], one["workspace"]
        ),
        None => "on one side only".to_owned(),
    };
    format!(
        "{:<11} {} {} {}: {what}",
        text("standing"),
        text("object"),
        text("crm_id"),
        text("name")
    )
}
