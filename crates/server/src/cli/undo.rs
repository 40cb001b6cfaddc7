//! `tandem undo` and `tandem why`.

use super::door::Door;
use super::failure::Kind;
use super::{Failure, Json, print};
use crate::config::Config;
use ::http::Method;
use clap::Args;
use serde_json::{Value, json};

/// What to undo.
#[derive(Debug, Args)]
pub(super) struct UndoArgs {
    /// The number of one log entry.
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["record", "since", "until", "source", "object", "mapping", "run"])]
    entry: Option<i64>,
    /// Only of this workspace record.
    #[arg(long, value_name = "NUMBER")]
    record: Option<i64>,
    /// From this instant on, such as 2026-01-31T09:30:00Z.
    #[arg(long, value_name = "TIME", required_unless_present_any = ["entry", "record", "mapping", "run"])]
    since: Option<String>,
    /// Before this instant; without it, up to now.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Only what came from there: crm, workspace or tandem.
    #[arg(long, value_name = "SIDE")]
    source: Option<String>,
    /// Only of this CRM object.
    #[arg(long, value_name = "OBJECT")]
    object: Option<String>,
    /// Only what this version of the object's mapping moved.
    #[arg(long, value_name = "VERSION", requires = "object")]
    mapping: Option<u32>,
    /// Only what this run did, by its number on the page of one of its log entries.
    #[arg(long, value_name = "NUMBER")]
    run: Option<i64>,
    /// Show what would be put back and change nothing; this is what happens without --yes.
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// Put the values back.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    output: Json,
}

/// Which field of which record.
#[derive(Debug, Args)]
pub(super) struct WhyArgs {
    /// The record's number, or its id in the CRM.
    record: String,
    /// The field's name, in the workspace or in the CRM.
    field: String,
    #[command(flatten)]
    output: Json,
}

/// Shows what would be put back or puts it back, window by window until every record was looked at.
pub(super) async fn undo(config: Config, args: UndoArgs) -> Result<(), Failure> {
    let door = Door::open(config).await?;
    let mut body = json!({
        "entry": args.entry, "record": args.record, "since": args.since, "until": args.until,
        "source": args.source, "object": args.object, "mapping": args.mapping, "run": args.run,
        "apply": args.yes,
    });
    let mut whole = Value::Null;
    loop {
        let answer = door
            .call(Method::POST, "/api/admin/log/undo", Some(body.clone()))
            .await?;
        if !args.output.json {
            lines(&answer).for_each(|line| print(&line));
        }
        body["until"] = answer["until"].clone();
        body["after"] = answer["next"].clone();
        body["continues"] = answer["run"].clone();
        whole = joined(whole, answer);
        if body["after"].is_null() {
            break;
        }
    }
    if args.output.json {
        print(&whole.to_string());
        return Ok(());
    }
    print(&sums(&whole));
    match (args.yes, whole["records_restored"].as_u64()) {
        (false, Some(1..)) => print("Nothing was changed. Say --yes to put the values back."),
        (true, Some(0) | None) => {
            return Err(Failure::new(Kind::NotNow, "nothing was put back"));
        }
        _ => {}
    }
    Ok(())
}

/// Two answers as one: numbers are added up, reasons by their words, lines listed one after the other.
fn joined(before: Value, next: Value) -> Value {
    let (Value::Object(mut whole), Value::Object(next)) = (before, next.clone()) else {
        return next;
    };
    for (name, value) in next {
        let known = whole.entry(name.clone()).or_insert(Value::Null);
        *known = match (known.take(), value) {
            (Value::Number(a), Value::Number(b)) if name != "next" && name != "run" => {
                json!(a.as_u64().unwrap_or(0) + b.as_u64().unwrap_or(0))
            }
            (Value::Array(a), Value::Array(b)) if name != "lines" => reasons(a, b),
            (Value::Array(mut a), Value::Array(b)) => {
                a.extend(b);
                a.into()
            }
            (_, value) => value,
        };
    }
    Value::Object(whole)
}

fn reasons(mut known: Vec<Value>, more: Vec<Value>) -> Value {
    for reason in more {
        match known
            .iter_mut()
            .find(|one| one["reason"] == reason["reason"])
        {
            Some(one) => {
                let count = |value: &Value| value["count"].as_u64().unwrap_or(0);
                one["count"] = json!(count(one) + count(&reason));
            }
            None => known.push(reason),
        }
    }
    known.into()
}

fn lines(answer: &Value) -> impl Iterator<Item = String> {
    let done = answer["applied"] == json!(true);
    let lines = answer["lines"].as_array().into_iter().flatten();
    lines.map(move |line| {
        let about = format!(
            "{} {} {}: {}",
            text(&line["kind"]),
            line["record"],
            text(&line["name"]),
            text(&line["field"])
        );
        match line["verdict"].as_str() {
            Some("restore" | "return") => format!(
                "{:<14} {about}  “{}” → “{}”{}",
                if done { "put back" } else { "would put back" },
                text(&line["now"]),
                text(&line["value"]),
                if line["to_crm"] == json!(true) {
                    ", also in the CRM"
                } else {
                    ""
                }
            ),
            Some("kept") => format!("{:<14} {about}: {}", "left alone", text(&line["reason"])),
            _ => format!("{:<14} {about}: {}", "can't undo", text(&line["reason"])),
        }
    })
}

fn sums(whole: &Value) -> String {
    let verb = if whole["applied"] == json!(true) {
        "Put back"
    } else {
        "Would put back"
    };
    let calls = match whole["api_calls"].as_u64() {
        Some(calls) => format!("at least {calls} API calls"),
        None => "API calls unknown while nobody is connected".into(),
    };
    let mut sums = format!(
        "{verb} {} fields of {} records, {} of them also in the CRM ({calls}).",
        whole["restored"], whole["records_restored"], whole["to_crm"]
    );
    if whole["returned"].as_u64().unwrap_or(0) > 0 {
        sums += &format!(
            "\n{} records go back to where they belonged.",
            whole["returned"]
        );
    }
    for (what, name) in [("Left alone", "kept"), ("Can't be undone", "cannot")] {
        for reason in whole[name].as_array().into_iter().flatten() {
            sums += &format!(
                "\n{what}, {}: {}.",
                reason["count"],
                text(&reason["reason"])
            );
        }
    }
    if whole["left_out"].as_u64().unwrap_or(0) > 0 {
        sums += &format!("\n{} more fields are not listed.", whole["left_out"]);
    }
    if whole["overtaken"].as_u64().unwrap_or(0) > 0 {
        sums += &format!(
            "\n{} records changed at this moment and are as they were; look again.",
            whole["overtaken"]
        );
    }
    sums
}

/// Tells why a field holds its value.
pub(super) async fn why(config: Config, args: WhyArgs) -> Result<(), Failure> {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("record", &args.record);
    query.append_pair("field", &args.field);
    let path = format!("/api/admin/why?{}", query.finish());
    let door = Door::open(config).await?;
    let answer = door.call(Method::GET, &path, None).await?;
    print(&if args.output.json {
        answer.to_string()
    } else {
        told(&answer)
    });
    Ok(())
}

fn told(why: &Value) -> String {
    let mut told = format!(
        "{} {} {}: {}\n  workspace   “{}”\n  CRM         “{}”{}",
        text(&why["kind"]),
        why["record"],
        text(&why["name"]),
        text(&why["field"]),
        text(&why["workspace"]),
        text(&why["crm"]),
        why["crm_field"]
            .as_str()
            .map_or_else(String::new, |name| format!("  ({name})"))
    );
    if let (Some(who), Some(at)) = (why["set_by"].as_str(), why["set_at"].as_str()) {
        told += &format!("\n  set by      {who}, {at}");
    }
    if let Some(entry) = why["entry"].as_i64() {
        told += &format!("\n  entry       #{entry}");
    }
    told += "\nBefore";
    for moved in why["past"].as_array().into_iter().flatten() {
        told += &past(moved);
    }
    let next = &why["next"];
    told += "\nNext change";
    if let Some(stopped) = next["stopped"].as_str() {
        told += &format!("\n  now         {stopped}");
    }
    for (what, name) in [
        ("CRM", "crm_changes"),
        ("workspace", "workspace_changes"),
        ("both", "both_change"),
    ] {
        told += &format!("\n  {what:<11} {}", text(&next[name]));
    }
    told
}

fn past(moved: &Value) -> String {
    let lost = match &moved["rejected"] {
        Value::Null => String::new(),
        lost => format!("; “{}” lost", text(lost)),
    };
    let by = moved["by"]
        .as_str()
        .map_or_else(String::new, |by| format!(", {by}"));
    format!(
        "\n  #{:<10} {}  {:<9} “{}” → “{}”  {}{lost}{by}",
        moved["entry"].to_string(),
        text(&moved["at"]),
        text(&moved["side"]),
        text(&moved["before"]),
        text(&moved["after"]),
        text(&moved["rule"]),
    )
}

/// A value as people read it.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(choices) => choices.iter().map(text).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_several_calls_add_up() {
        let page = |fields: u64, next: Value| {
            json!({"restored": fields, "kept": [{"reason": "so", "count": 2}],
                "lines": [{"field": fields}], "next": next})
        };
        let whole = joined(joined(Value::Null, page(1, json!(7))), page(2, Value::Null));
        assert_eq!(
            whole,
            json!({"restored": 3, "kept": [{"reason": "so", "count": 4}],
                "lines": [{"field": 1}, {"field": 2}], "next": null})
        );
    }
}
