//! What is said: subject, body and fields of a message.

use serde::Serialize;
use tandem_core::Timestamp;
use tandem_core::alert::{Alert, AlertKind, Ending, Message, REMIND_AFTER_SECONDS};

/// One message, ready to be sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    /// Names it; the same for every try to send it.
    pub id: String,
    /// `opened`, `reminder`, `recovered` or `test`.
    pub event: &'static str,
    /// The team's name.
    pub team: String,
    /// One line.
    pub subject: String,
    /// Some lines.
    pub body: String,
    /// When it is said.
    pub at: Timestamp,
    /// The Alerts page.
    pub url: String,
    /// The alert in fields; none in a test.
    pub alert: Option<AlertFields>,
}

/// An alert as programs read it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct AlertFields {
    id: i64,
    kind: AlertKind,
    title: &'static str,
    hint: &'static str,
    details: Vec<String>,
    opened_at: Timestamp,
    ended_at: Option<Timestamp>,
}

/// What a message about an alert says.
pub fn alert_note(
    alert: &Alert,
    message: Message,
    id: String,
    at: Timestamp,
    (team, url): (&str, &str),
) -> Note {
    let title = alert.kind.title();
    let (subject, body) = match message {
        Message::Opened => (title.to_owned(), lasting(alert, at)),
        Message::Reminder => (format!("Still: {title}"), lasting(alert, at)),
        Message::Recovered => (format!("Over: {title}"), over(alert)),
    };
    Note {
        alert: Some(fields(alert)),
        ..note(message.as_str(), id, at, (team, url), &subject, &body)
    }
}

/// What a test says.
pub fn test_note(id: String, at: Timestamp, place: (&str, &str)) -> Note {
    let body = "This is a test. Alerts of Tandem arrive here.";
    note("test", id, at, place, "Test of the alerts", body)
}

fn note(
    event: &'static str,
    id: String,
    at: Timestamp,
    (team, url): (&str, &str),
    subject: &str,
    body: &str,
) -> Note {
    let team: String = team.chars().filter(|c| !c.is_control()).collect();
    Note {
        id,
        event,
        subject: format!("[Tandem] {subject} ({team})"),
        body: format!("{body}\n\nAlerts: {url}\n"),
        team,
        at,
        url: url.to_owned(),
        alert: None,
    }
}

fn lasting(alert: &Alert, at: Timestamp) -> String {
    let hours = REMIND_AFTER_SECONDS / 3_600;
    let since = when(alert.opened_at);
    let since = if alert.opened_at == at {
        format!("Noticed {since}.")
    } else {
        format!("It lasts since {since}.")
    };
    format!(
        "{}.\n\n{}\n\n{}\n\n{since} The next message comes in {hours} hours, or when it is over.",
        alert.kind.title(),
        details(alert),
        alert.kind.hint(),
    )
}

fn over(alert: &Alert) -> String {
    let why = match alert.ended {
        Some((_, Ending::SyncOff)) => "Sync was turned off, so this is no longer watched.",
        _ => "This is over; nothing is left to do.",
    };
    let ended = alert.ended.map_or(alert.opened_at, |(at, _)| at);
    format!(
        "{}.\n\n{why}\n\nIt lasted from {} to {}.",
        alert.kind.title(),
        when(alert.opened_at),
        when(ended)
    )
}

fn details(alert: &Alert) -> String {
    let lines = alert.details.iter().map(|line| format!("- {line}"));
    lines.collect::<Vec<_>>().join("\n")
}

fn when(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

fn fields(alert: &Alert) -> AlertFields {
    AlertFields {
        id: alert.id.0,
        kind: alert.kind,
        title: alert.kind.title(),
        hint: alert.kind.hint(),
        details: alert.details.clone(),
        opened_at: alert.opened_at,
        ended_at: alert.ended.map(|(at, _)| at),
    }
}
